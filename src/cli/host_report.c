// SPDX-License-Identifier: Apache-2.0
#include "cli/forecast.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/str.h"
#include "cli/common.h"
#include "host/host.h"

#define UNKNOWN "unknown"

static void add(struct table *table, const char *text)
{
	table_add(table, text ? text : UNKNOWN);
}

static void add_number(struct table *table, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, n);
	table_add(table, n < 0 ? UNKNOWN : text);
}

static const char *word(int64_t n, const char *yes, const char *no)
{
	return n < 0 ? UNKNOWN : n ? yes : no;
}

static void add_cpus(struct table *table, const struct cpuset *cpus)
{
	cleanup_free char *text = cpuset_format(cpus);

	table_add(table, !text ? UNKNOWN : *text ? text : "none");
}

/* "64K", "2M" and "1G", as on the kernel's command line. */
static void size_text(int64_t kb, char *text, size_t len)
{
	if (kb % (1024 * 1024) == 0)
		snprintf(text, len, "%" PRId64 "G", kb / 1024 / 1024);
	else if (kb % 1024 == 0)
		snprintf(text, len, "%" PRId64 "M", kb / 1024);
	else
		snprintf(text, len, "%" PRId64 "K", kb);
}

static void report_nodes(FILE *out, const struct host *host)
{
	static const char *const heads[] = {"NODE",    "SOCKET",    "MEMORY MB",
					    "FREE MB", "CPUS",      "ISOLATED",
					    "SHARED",  "DEDICATED", "HUGE PAGES free/total"};
	struct table table;

	fputs("\nNUMA nodes\n", out);
	if (host->n_nodes == 0) {
		fputs("unknown: /sys/devices/system/node does not exist\n", out);
		return;
	}
	table_init(&table, ARRAY_SIZE(heads), heads);
	for (size_t i = 0; i < host->n_nodes; i++) {
		const struct host_node *n = &host->nodes[i];
		cleanup_strbuf struct strbuf pages = {0};
		char size[24];

		for (size_t p = 0; p < n->n_pages; p++) {
			size_text(n->pages[p].size_kb, size, sizeof(size));
			strbuf_addf(&pages, "%s%s ", p ? ", " : "", size);
			if (n->pages[p].total < 0 || n->pages[p].free < 0)
				strbuf_adds(&pages, UNKNOWN);
			else
				strbuf_addf(&pages, "%" PRId64 "/%" PRId64, n->pages[p].free,
					    n->pages[p].total);
		}
		add_number(&table, n->id);
		add_number(&table, n->socket);
		add_number(&table, n->memory_mb);
		add_number(&table, n->memory_free_mb);
		add_cpus(&table, &n->cpus);
		add_cpus(&table, &n->isolated);
		add_cpus(&table, &n->shared);
		add_cpus(&table, &n->dedicated);
		table_add(&table, pages.s);
	}
	table_print(out, &table);
}

static void add_sriov(struct table *table, const struct host_nic *nic)
{
	cleanup_free char *text = NULL;
	cleanup_free char *unused =
		nic->vfs_free < 0 ? xstrdup(UNKNOWN) : xasprintf("%" PRId64, nic->vfs_free);

	switch (nic->sriov_obstacle) {
	case SRIOV_OFF:
		table_add(table, "disabled in firmware");
		return;
	case SRIOV_NO_ROOM:
		table_add(table, "no address space");
		return;
	case SRIOV_CLEAR:
		break;
	}
	if (nic->sriov_capable == 1 && nic->vfs_configured >= 0)
		text = xasprintf("%" PRId64 " of %" PRId64 " VFs, %s free", nic->vfs_configured,
				 nic->vfs_total, unused);
	table_add(table, text ? text : word(nic->sriov_capable, UNKNOWN, "none"));
}

static void report_nics(FILE *out, const struct host *host)
{
	static const char *const heads[] = {"NIC",     "PCI",      "MODEL", "DRIVER",
					    "VERSION", "FIRMWARE", "NODE",  "CARRIER",
					    "MBIT/S",  "PHYSNET",  "SR-IOV"};
	struct table table;

	fputs("\nNICs\n", out);
	if (host->n_nics == 0) {
		fputs("no PCI network devices found\n", out);
		return;
	}
	table_init(&table, ARRAY_SIZE(heads), heads);
	for (size_t i = 0; i < host->n_nics; i++) {
		const struct host_nic *n = &host->nics[i];

		table_add(&table, n->name);
		table_add(&table, n->pci_address);
		add(&table, n->model ? n->model : n->pci_id);
		table_add(&table, n->driver);
		add(&table, n->driver_version);
		add(&table, n->firmware);
		add_number(&table, n->numa_node);
		table_add(&table, word(n->carrier, "up", "down"));
		add_number(&table, n->speed);
		add(&table, n->physnet);
		add_sriov(&table, n);
	}
	table_print(out, &table);
}

static void report_vfs(FILE *out, const struct host *host)
{
	static const char *const heads[] = {"PF",     "VF",    "PCI",         "MAC",
					    "VLAN",   "TRUST", "SPOOF CHECK", "LINK STATE",
					    "DRIVER", "NAME",  "IOMMU GROUP", "USED"};
	struct table table;
	size_t vfs = 0;

	for (size_t i = 0; i < host->n_nics; i++)
		vfs += host->nics[i].n_vfs;
	if (vfs == 0)
		return;
	fputs("\nVirtual functions\n", out);
	table_init(&table, ARRAY_SIZE(heads), heads);
	for (size_t i = 0; i < host->n_nics; i++)
		for (size_t k = 0; k < host->nics[i].n_vfs; k++) {
			const struct host_nic *n = &host->nics[i];
			const struct host_vf *v = &n->vfs[k];

			table_add(&table, n->name ? n->name : n->pci_address);
			add_number(&table, v->index);
			table_add(&table, v->pci_address);
			add(&table, v->mac);
			add_number(&table, v->vlan);
			table_add(&table, word(v->trust, "on", "off"));
			table_add(&table, word(v->spoof_check, "on", "off"));
			add(&table, v->link_state);
			table_add(&table, v->driver);
			table_add(&table, v->name);
			add_number(&table, v->iommu_group);
			table_add(&table, word(v->in_use, "yes", "no"));
		}
	table_print(out, &table);
}

static void report_kernel(FILE *out, const struct host *host)
{
	const struct host_iommu *i = &host->iommu;

	fprintf(out, "\nIOMMU and kernel\nIOMMU: %s", word(i->on, "on", "off"));
	if (i->groups >= 0)
		fprintf(out, ", %" PRId64 " %s", i->groups,
			plural((uint64_t)i->groups, "group", "groups"));
	for (size_t n = 0; n < i->n_units; n++)
		fprintf(out, "%s%s", n ? " " : ", ", i->units[n]);
	fprintf(out, "; DMAR or IVRS table of the firmware: %s\n",
		word(i->firmware, "there", "not there"));
	fprintf(out, "kernel %s, command line (relevant options): %s\n",
		host->kernel ? host->kernel : UNKNOWN,
		!host->cmdline   ? UNKNOWN
		: *host->cmdline ? host->cmdline
				 : "nothing");
	for (size_t m = 0; m < host->n_modules; m++)
		fprintf(out, "%s%s %s", m ? ", " : "modules: ", host->modules[m].name,
			host->modules[m].state ? host->modules[m].state : UNKNOWN);
	fputc('\n', out);
}

static void print_number(FILE *out, const char *label, int64_t n)
{
	if (n < 0)
		fprintf(out, "%s " UNKNOWN, label);
	else
		fprintf(out, "%s %" PRId64, label, n);
}

static void report_conntrack(FILE *out, const struct host *host)
{
	const struct host_conntrack *c = &host->conntrack;

	fprintf(out, "\nConntrack (OVS ports; direct ports are not affected): %s\n",
		c->verdict ? c->verdict : UNKNOWN);
	if (c->loaded != 1)
		return;
	print_number(out, "entries", c->count);
	print_number(out, " of", c->max);
	print_number(out, ", buckets", c->buckets);
	print_number(out, ", dropped", c->drop);
	print_number(out, ", dropped early", c->early_drop);
	print_number(out, ", inserts failed", c->insert_failed);
	fputc('\n', out);
	if (c->new_flows_per_s >= 0)
		fprintf(out,
			"%" PRId64 " entries / %" PRId64 " s = %" PRId64
			" new UDP flows per second fill the table\n",
			c->max, c->udp_timeout, c->new_flows_per_s);
}

static void report_findings(FILE *out, const struct host *host)
{
	if (host->n_findings > 0)
		fputs("\nFindings\n", out);
	for (size_t i = 0; i < host->n_findings; i++) {
		const struct host_finding *f = &host->findings[i];

		fprintf(out, "%s: %s%s%s [%s]\n", severity_name(f->severity),
			f->object ? f->object : "", f->object ? ": " : "", f->text, f->rule);
	}
}

void host_report(FILE *out, const struct host *host)
{
	fprintf(out, "Host %s\n", host->hostname ? host->hostname : UNKNOWN);
	report_nodes(out, host);
	report_nics(out, host);
	report_vfs(out, host);
	report_kernel(out, host);
	report_conntrack(out, host);
	report_findings(out, host);
}
