// SPDX-License-Identifier: Apache-2.0
/* Kernel command line, IOMMU and modules. */

#include "base/alloc.h"
#include "base/str.h"
#include "host/host.h"
#include "host/read.h"
#include "host/tree.h"

/* Relevant parameters. Others may be confidential and are not kept. */
static const char *const words[] = {
	"intel_iommu",
	"amd_iommu",
	"iommu",
	"iommu.passthrough",
	"isolcpus",
	"nohz_full",
	"rcu_nocbs",
	"default_hugepagesz",
	"hugepagesz",
	"hugepages",
	"pci",
	"numa",
	"transparent_hugepage",
	"kthread_cpus",
};

static bool is_wanted(const char *word)
{
	size_t len = strcspn(word, "=");

	return array_find(words, ARRAY_SIZE(words),
			  len == strlen(*it) && strncmp(word, *it, len) == 0) != NULL;
}

void cmdline_read(struct tree *tree, struct host *host)
{
	size_t len;
	cleanup_free char *text = tree_peek(tree, "proc/cmdline", &len);
	struct strbuf kept = {0};
	char *rest = text, *word;

	if (!text)
		return;
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = ' ';
	while ((word = strsep(&rest, " ")))
		if (is_wanted(word))
			strbuf_addf(&kept, "%s%s", kept.len ? " " : "", word);
	host->cmdline = strbuf_steal(&kept);
	tree_put(tree, "proc/cmdline", host->cmdline, strlen(host->cmdline));
}

static int64_t firmware_table(struct tree *tree)
{
	if (tree_exists(tree, "sys/firmware/acpi/tables/DMAR") ||
	    tree_exists(tree, "sys/firmware/acpi/tables/IVRS"))
		return 1;
	return tree_exists(tree, "sys/firmware/acpi/tables") ? 0 : HOST_UNKNOWN;
}

void iommu_read(struct tree *tree, struct host *host)
{
	cleanup_tree_names struct tree_names groups = {0}, units = {0};
	struct host_iommu *iommu = &host->iommu;

	tree_list(tree, &groups, "", "sys/kernel/iommu_groups");
	tree_list(tree, &units, "", "sys/class/iommu");
	*iommu = (struct host_iommu){
		.on = groups.known ? groups.n > 0 : HOST_UNKNOWN,
		.groups = groups.known ? (int64_t)groups.n : HOST_UNKNOWN,
		.firmware = firmware_table(tree),
		.units = units.v,
		.n_units = units.n,
	};
	units = (struct tree_names){0};
}

/* Modules that the compute host or the guest needs for this design. */
static const char *const modules[] = {
	"vfio-pci", "bonding", "8021q", "nf_conntrack", "openvswitch", "vhost_net", "i40e",
	"ice",      "iavf",    "ixgbe", "ixgbevf",      "igb",         "igbvf",     "mlx5_core",
};

/* Compares module names; '-' and '_' are equal. */
static bool same_module(const char *s, size_t len, const char *module)
{
	if (strlen(module) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((s[i] == '-' ? '_' : s[i]) != (module[i] == '-' ? '_' : module[i]))
			return false;
	return true;
}

/* Which of our modules is in "kernel/drivers/net/bonding/bonding.ko.xz: ..." or "bonding 196608 0 -
 * Live". */
static size_t module_of_line(const char *line)
{
	size_t len = strcspn(line, " :\n");
	const char *name = line;

	for (size_t i = 0; i < len; i++)
		if (line[i] == '/')
			name = line + i + 1;
	len -= (size_t)(name - line);
	for (size_t i = 0; i + 2 < len; i++)
		if (strncmp(name + i, ".ko", 3) == 0)
			len = i;
	for (size_t m = 0; m < ARRAY_SIZE(modules); m++)
		if (same_module(name, len, modules[m]))
			return m;
	return ARRAY_SIZE(modules);
}

/* Sets the state of modules listed in the file, unless already set. */
static bool apply_list(struct tree *tree, const char *path, const char *state, struct host *host)
{
	size_t len;
	cleanup_free char *text = tree_peek(tree, path, &len);
	cleanup_strbuf struct strbuf kept = {0};
	char *rest = text, *line;

	if (!text)
		return false;
	while ((line = strsep(&rest, "\n"))) {
		size_t m = module_of_line(line);

		if (m == ARRAY_SIZE(modules))
			continue;
		if (!host->modules[m].state)
			host->modules[m].state = state;
		strbuf_addf(&kept, "%.*s:\n", (int)strcspn(line, " :"), line);
	}
	tree_put(tree, path, kept.s ? kept.s : "", kept.len);
	return true;
}

void modules_read(struct tree *tree, struct host *host)
{
	for (size_t m = 0; m < ARRAY_SIZE(modules); m++)
		array_push(host->modules, host->n_modules)->name = modules[m];

	bool listed = apply_list(tree, "proc/modules", "loaded", host);

	if (!host->kernel || strchr(host->kernel, '/') || host->kernel[0] == '.')
		return;

	cleanup_free char *builtin = xasprintf("lib/modules/%s/modules.builtin", host->kernel);
	cleanup_free char *dep = xasprintf("lib/modules/%s/modules.dep", host->kernel);

	listed &= apply_list(tree, builtin, "builtin", host);
	listed &= apply_list(tree, dep, "available", host);
	for (size_t m = 0; listed && m < host->n_modules; m++)
		if (!host->modules[m].state)
			host->modules[m].state = "absent";
}
