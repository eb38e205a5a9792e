// SPDX-License-Identifier: Apache-2.0
#include "check/extra_spec.h"

#include <strings.h>

#include "base/alloc.h"
#include "base/str.h"
#include "model/model.h"

enum kind { BOOLEAN, NUMBER, WORDS, CPUS, PAGES, ANY };

/* From nova/api/validation/extra_specs/ of Nova 26 (Zed). '#' matches a number. */
static const struct spec {
	const char *name;
	enum kind kind;
	int least;         /* NUMBER */
	const char *words; /* WORDS */
} table[] = {
	{"hw:boot_menu", BOOLEAN, 0, NULL},
	{"hw:cpu_cores", NUMBER, 1, NULL},
	{"hw:cpu_dedicated_mask", CPUS, 0, NULL},
	{"hw:cpu_policy", WORDS, 0, "dedicated shared mixed"},
	{"hw:cpu_realtime", BOOLEAN, 0, NULL},
	{"hw:cpu_realtime_mask", CPUS, 0, NULL},
	{"hw:cpu_sockets", NUMBER, 1, NULL},
	{"hw:cpu_thread_policy", WORDS, 0, "prefer isolate require"},
	{"hw:cpu_threads", NUMBER, 1, NULL},
	{"hw:emulator_threads_policy", WORDS, 0, "isolate share"},
	{"hw:ephemeral_encryption", BOOLEAN, 0, NULL},
	{"hw:ephemeral_encryption_format", WORDS, 0, "plain luks luksv2"},
	{"hw:hide_hypervisor_id", BOOLEAN, 0, NULL},
	{"hw:locked_memory", BOOLEAN, 0, NULL},
	{"hw:max_cpu_cores", NUMBER, 1, NULL},
	{"hw:max_cpu_sockets", NUMBER, 1, NULL},
	{"hw:max_cpu_threads", NUMBER, 1, NULL},
	{"hw:mem_encryption", BOOLEAN, 0, NULL},
	{"hw:mem_page_size", PAGES, 0, NULL},
	{"hw:numa_cpus.#", CPUS, 0, NULL},
	{"hw:numa_mem.#", NUMBER, 1, NULL},
	{"hw:numa_nodes", NUMBER, 1, NULL},
	{"hw:pci_numa_affinity_policy", WORDS, 0, "required preferred legacy socket"},
	{"hw:pmem", ANY, 0, NULL},
	{"hw:pmu", BOOLEAN, 0, NULL},
	{"hw:serial_port_count", NUMBER, 0, NULL},
	{"hw:tpm_model", WORDS, 0, "tpm-tis tpm-crb"},
	{"hw:tpm_version", WORDS, 0, "1.2 2.0"},
	{"hw:vif_multiqueue_enabled", BOOLEAN, 0, NULL},
	{"hw:viommu_model", WORDS, 0, "intel smmuv3 virtio auto"},
	{"hw:watchdog_action", WORDS, 0, "none pause poweroff reset disabled"},
	{"hw_rng:allowed", BOOLEAN, 0, NULL},
	{"hw_rng:rate_bytes", NUMBER, 0, NULL},
	{"hw_rng:rate_period", NUMBER, 0, NULL},
	{"hw_video:ram_max_mb", NUMBER, 0, NULL},
	{"os:monitors", NUMBER, 1, NULL},
	{"os:resolution", WORDS, 0, "1024x768 1280x1024 1600x1200 1920x1200 2560x1600 3840x2160"},
	{"os:secure_boot", WORDS, 0, "disabled required"},
	{"os:vram", WORDS, 0, "64 128 256 512 1024"},
	{"pci_passthrough:alias", ANY, 0, NULL},
	{"quota:cpu_limit", NUMBER, 0, NULL},
	{"quota:cpu_period", NUMBER, 0, NULL},
	{"quota:cpu_quota", ANY, 0, NULL},
	{"quota:cpu_reservation", ANY, 0, NULL},
	{"quota:cpu_shares", NUMBER, 0, NULL},
	{"quota:cpu_shares_level", WORDS, 0, "custom high normal low"},
	{"quota:cpu_shares_share", NUMBER, 0, NULL},
	{"quota:disk_io_limit", NUMBER, 0, NULL},
	{"quota:disk_io_reservation", ANY, 0, NULL},
	{"quota:disk_io_shares_level", WORDS, 0, "custom high normal low"},
	{"quota:disk_io_shares_share", NUMBER, 0, NULL},
	{"quota:disk_read_bytes_sec", NUMBER, 0, NULL},
	{"quota:disk_read_iops_sec", NUMBER, 0, NULL},
	{"quota:disk_total_bytes_sec", NUMBER, 0, NULL},
	{"quota:disk_total_iops_sec", NUMBER, 0, NULL},
	{"quota:disk_write_bytes_sec", NUMBER, 0, NULL},
	{"quota:disk_write_iops_sec", NUMBER, 0, NULL},
	{"quota:memory_limit", NUMBER, 0, NULL},
	{"quota:memory_reservation", ANY, 0, NULL},
	{"quota:memory_shares_level", WORDS, 0, "custom high normal low"},
	{"quota:memory_shares_share", NUMBER, 0, NULL},
	{"quota:vif_inbound_average", NUMBER, 0, NULL},
	{"quota:vif_inbound_burst", NUMBER, 0, NULL},
	{"quota:vif_inbound_peak", NUMBER, 0, NULL},
	{"quota:vif_limit", NUMBER, 0, NULL},
	{"quota:vif_outbound_average", NUMBER, 0, NULL},
	{"quota:vif_outbound_burst", NUMBER, 0, NULL},
	{"quota:vif_outbound_peak", NUMBER, 0, NULL},
	{"quota:vif_reservation", ANY, 0, NULL},
	{"quota:vif_shares_level", WORDS, 0, "custom high normal low"},
	{"quota:vif_shares_share", NUMBER, 0, NULL},
};

/* Whether s is the name; '#' in the name matches any number. */
static bool is_name(const char *s, const char *name)
{
	size_t len = strcspn(name, "#");

	if (!name[len])
		return streq(s, name);
	size_t digits = strncmp(s, name, len) == 0 ? strspn(s + len, "0123456789") : 0;
	return digits > 0 && !s[len + digits];
}

static const struct spec *find(const char *name)
{
	return array_find(table, ARRAY_SIZE(table), is_name(name, it->name));
}

static bool starts_like(const char *name, const char *namespace)
{
	return strncmp(name, namespace, strcspn(namespace, ":") + 1) == 0;
}

bool extra_spec_known(const char *name, const char **ret_near)
{
	bool validated = false;
	size_t half = strlen(name) / 2;
	struct guess guess = {.word = name, .limit = half < 8 ? half : 8};

	*ret_near = NULL;
	if (find(name))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		validated = validated || starts_like(name, table[i].name);
		guess_try(&guess, table[i].name);
	}
	*ret_near = guess.best;
	/* "hw.numa_nodes" and "hw_numa_nodes" are in no namespace, but the intent is clear. */
	return !validated && !(*ret_near && guess.limit <= 2);
}

/* oslo.utils, bool_from_string() */
static bool is_boolean(const char *s)
{
	static const char *const booleans[] = {
		"true", "yes", "on", "t", "y", "1", "false", "no", "off", "f", "n", "0",
	};

	return array_find(booleans, ARRAY_SIZE(booleans), strcasecmp(s, *it) == 0) != NULL;
}

static bool is_page_size(const char *s)
{
	return str_in_words("large small any", s) || extra_spec_page_kb(s) > 0;
}

bool extra_spec_takes(const char *name, const char *value, const char **ret_wants)
{
	const struct spec *k = find(name);
	bool cpus[EXTRA_SPEC_CPUS_MAX];
	int64_t n;

	if (!k)
		return true;
	switch (k->kind) {
	case ANY:
		return true;
	case BOOLEAN:
		*ret_wants = "true or false";
		return is_boolean(value);
	case NUMBER:
		*ret_wants = k->least ? "an integer of at least 1" : "a number";
		return str_to_int(value, k->least, INT32_MAX, &n) == 0;
	case WORDS:
		*ret_wants = k->words;
		return *value && str_in_words(k->words, value);
	case CPUS:
		*ret_wants = "CPU numbers such as 0-3 or ^0";
		return extra_spec_cpus(value, cpus);
	case PAGES:
		*ret_wants = "large, small, any, or a size such as 2MB, 1GB or 2048 (KiB)";
		return is_page_size(value);
	}
	return true;
}

const char *extra_spec(const struct flavor *flavor, const char *name)
{
	return property_get(&flavor->properties, name);
}

uint64_t extra_spec_page_kb(const char *value)
{
	static const char units[] = "kMGT";
	size_t digits = strspn(value, "0123456789");
	const char *rest = value + digits;
	uint64_t n = digits && digits < 10 ? strtoull(value, NULL, 10) : 0;

	if (!*rest)
		return n;
	const char *unit = *rest == 'K' ? units : strchr(units, *rest);
	if (!unit)
		return streq(rest, "B") || streq(rest, "b") ? n / 1024 : 0;
	rest++;
	if (*rest == 'i')
		rest++;
	if (!streq(rest, "b") && !streq(rest, "bit") && !streq(rest, "B"))
		return 0;
	n <<= 10 * (unit - units);
	return streq(rest, "b") || streq(rest, "bit") ? n / 8 : n;
}

/* "7" or "0-3" */
static bool parse_range(const char *s, unsigned *first, unsigned *last)
{
	cleanup_free char *copy = xstrdup(s);
	char *dash = strchr(copy, '-');
	int64_t a, b;

	if (dash)
		*dash++ = 0;
	if (str_to_int(copy, 0, EXTRA_SPEC_CPUS_MAX - 1, &a) < 0 ||
	    str_to_int(dash ? dash : copy, a, EXTRA_SPEC_CPUS_MAX - 1, &b) < 0)
		return false;
	*first = (unsigned)a;
	*last = (unsigned)b;
	return true;
}

bool extra_spec_cpus(const char *value, bool cpus[static EXTRA_SPEC_CPUS_MAX])
{
	cleanup_free char *copy = xstrdup(value);
	cleanup_free char *without = xcalloc(EXTRA_SPEC_CPUS_MAX, 1);
	char *save = NULL;
	bool any = false;

	memset(cpus, 0, EXTRA_SPEC_CPUS_MAX * sizeof(*cpus));
	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		unsigned first, last;
		if (!parse_range(s + (*s == '^'), &first, &last))
			return false;
		any = true;
		for (unsigned i = first; i <= last; i++) {
			if (*s == '^')
				without[i] = 1;
			else
				cpus[i] = true;
		}
	}
	for (unsigned i = 0; i < EXTRA_SPEC_CPUS_MAX; i++)
		cpus[i] = cpus[i] && !without[i];
	return any;
}
