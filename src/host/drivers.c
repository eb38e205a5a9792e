// SPDX-License-Identifier: Apache-2.0
/* Known defects of drivers and firmware, from data/nic-drivers.json. */
#include <ctype.h>

#include "base/alloc.h"
#include "base/json_read.h"
#include "base/str.h"
#include "host/host.h"
#include "host/read.h"

static const char table_text[] =
#include "nic-drivers.json.inc"
	;

/* Whether version a is lower than b, number by number. Text after the numbers is ignored. */
static bool version_below(const char *a, const char *b, int base)
{
	while (isxdigit((unsigned char)*b)) {
		char *end_a, *end_b;
		unsigned long x = strtoul(a, &end_a, base), y = strtoul(b, &end_b, base);

		if (x != y)
			return x < y;
		a = *end_a == '.' ? end_a + 1 : "";
		b = *end_b == '.' ? end_b + 1 : "";
	}
	return false;
}

/*
 * i40e and ice print the NVM's version as "%x.%02x" ("8.15 0x8000af31 1.2877.0"; i40e_adminq.c,
 * ice_ethtool.c): two digits of 4 bits, so 8.15 comes before 8.20. With three numbers it is the
 * version of a vendor who sells the card, which says nothing about the NVM.
 */
static bool is_nvm_version(const char *s)
{
	size_t major = strspn(s, "0123456789abcdef");
	const char *minor = s + major + 1;

	return major > 0 && s[major] == '.' && strspn(minor, "0123456789abcdef") == 2 &&
	       (!minor[2] || minor[2] == ' ');
}

static bool firmware_is_below(const struct host_nic *nic, const char *limit)
{
	const char *s = nic->firmware;

	if (!s || !isdigit((unsigned char)*s))
		return false;
	if (streq(nic->driver, "i40e") || streq(nic->driver, "ice"))
		return is_nvm_version(s) && version_below(s, limit, 16);
	return version_below(s, limit, 10);
}

/* In-tree drivers report the kernel's version, or, up to Linux 5.10, a version that ends with "-k".
 * Neither can be compared with the vendor's releases. */
static bool driver_is_below(const struct host *host, const struct host_nic *nic, const char *limit)
{
	return nic->driver_version && isdigit((unsigned char)nic->driver_version[0]) &&
	       !str_ends(nic->driver_version, "-k") &&
	       !(host->kernel && str_starts(host->kernel, nic->driver_version)) &&
	       version_below(nic->driver_version, limit, 10);
}

static bool holds(const struct host_nic *nic, const char *when)
{
	if (streq(when, "sriov"))
		return nic->sriov_capable == 1 && nic->sriov_obstacle == SRIOV_CLEAR;
	if (streq(when, "sriov-off"))
		return nic->sriov_obstacle == SRIOV_OFF;
	for (size_t i = 0; i < nic->n_vfs; i++)
		if (vf_is_untrusted(&nic->vfs[i]) == 1)
			return streq(when, "untrusted-vf");
	return false;
}

static bool has_vf_of(const struct host_nic *nic, const char *driver)
{
	return array_find(nic->vfs, nic->n_vfs, streq(it->driver, driver)) != NULL;
}

static const char *field(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

static bool applies(const json_t *row, const struct host *host, const struct host_nic *nic)
{
	const char *driver = field(row, "driver");
	const char *vf_driver = field(row, "vf_driver");
	const char *driver_below = field(row, "driver_below");
	const char *firmware_below = field(row, "firmware_below");
	const char *when = field(row, "when");

	if (driver && !streq(driver, nic->driver))
		return false;
	if (vf_driver && !has_vf_of(nic, vf_driver))
		return false;
	if (driver_below && !driver_is_below(host, nic, driver_below))
		return false;
	if (firmware_below && !firmware_is_below(nic, firmware_below))
		return false;
	return !when || holds(nic, when);
}

static enum severity severity_of(const char *name)
{
	if (streq(name, severity_name(SEVERITY_ERROR)))
		return SEVERITY_ERROR;
	return streq(name, severity_name(SEVERITY_WARNING)) ? SEVERITY_WARNING : SEVERITY_NOTE;
}

void lint_drivers(struct host *host)
{
	json_t *table = json_loads(table_text, 0, NULL);

	json_for_each (row, table) {
		for (size_t i = 0; i < host->n_nics; i++)
			if (applies(row, host, &host->nics[i]))
				lint_add(host, severity_of(field(row, "severity")),
					 field(row, "rule"), nic_label(&host->nics[i]),
					 field(row, "source"), "%s", field(row, "text"));
	}
	json_decref(table);
}
