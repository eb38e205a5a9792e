// SPDX-License-Identifier: Apache-2.0
/* The physnet of each NIC: from the SR-IOV agent's mappings, else from Nova's PCI device specs. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/json_read.h"
#include "base/str.h"
#include "base/utf8.h"
#include "host/host.h"
#include "host/oslo.h"
#include "host/read.h"

/* The first matching spec wins. */
static void set_physnet(struct host_nic *nic, const char *name)
{
	if (nic->physnet)
		return;
	nic->physnet = xstrdup(name);
	utf8_make_printable(nic->physnet, "");
}

/* "physnet1:ens1f0,physnet2:ens2f0" */
static void apply_mappings(const char *mappings, struct host *host)
{
	cleanup_free char *copy = xstrdup(mappings);
	char *rest = copy, *pair;

	while ((pair = strsep(&rest, ", \t"))) {
		char *colon = strchr(pair, ':');

		if (!colon)
			continue;
		*colon = 0;
		for (size_t i = 0; i < host->n_nics; i++)
			if (streq(host->nics[i].name, colon + 1))
				set_physnet(&host->nics[i], pair);
	}
}

/* One field of an address: '*', or an equal hexadecimal number. */
static bool field_matches(const char *spec, const char *field)
{
	char *end_spec, *end_field;

	if (!*spec || streq(spec, "*"))
		return true;

	unsigned long a = strtoul(spec, &end_spec, 16), b = strtoul(field, &end_field, 16);

	return !*end_spec && !*end_field && a == b;
}

/*
 * "*:81:02.*" or "0000:81:00.0"; fields on the left may be missing
 * (nova.pci.devspec.PciAddressGlobSpec).
 */
static bool address_matches(const char *spec, const char *address)
{
	cleanup_free char *s = xstrdup(spec), *a = xstrdup(address);
	char *spec_dot = strchr(s, '.'), *dot = strchr(a, '.');

	if (!dot)
		return false;
	*dot = 0;
	if (spec_dot) {
		*spec_dot = 0;
		if (!field_matches(spec_dot + 1, dot + 1))
			return false;
	}
	for (int i = 0; i < 3; i++) { /* slot, bus, domain */
		char *spec_colon = strrchr(s, ':'), *colon = strrchr(a, ':');

		if (!field_matches(spec_colon ? spec_colon + 1 : s, colon ? colon + 1 : a))
			return false;
		if (!spec_colon || !colon)
			return true;
		*spec_colon = *colon = 0;
	}
	return true;
}

/* Whether "8086:1583" has the vendor or device of a spec, with or without leading zeroes. */
static bool id_matches(const char *spec, const char *id, bool vendor)
{
	if (!spec || streq(spec, "*"))
		return true;
	if (!id)
		return false;

	cleanup_free char *field = vendor ? xstrndup(id, 4) : xstrdup(id + 5);

	return field_matches(spec, field);
}

/*
 * Whether the device spec matches the NIC or one of its VFs (nova.pci.devspec.PciDeviceSpec.match).
 * Addresses given as a JSON object of regular expressions are not supported; such a NIC has no
 * physnet.
 */
static bool spec_matches(const json_t *spec, const struct host_nic *nic)
{
	const char *devname = json_string_value(json_object_get(spec, "devname"));
	const json_t *address = json_object_get(spec, "address");
	const char *vendor = json_string_value(json_object_get(spec, "vendor_id"));
	const char *product = json_string_value(json_object_get(spec, "product_id"));

	if (!id_matches(vendor, nic->pci_id, true) || (!id_matches(product, nic->pci_id, false) &&
						       !id_matches(product, nic->vf_pci_id, false)))
		return false;
	if (devname)
		return streq(devname, nic->name);
	if (!address)
		return true;
	if (!json_is_string(address))
		return false;
	if (address_matches(json_string_value(address), nic->pci_address))
		return true;
	return array_find(nic->vfs, nic->n_vfs,
			  address_matches(json_string_value(address), it->pci_address)) != NULL;
}

static void apply_spec(const json_t *spec, struct host *host)
{
	const char *physnet = json_string_value(json_object_get(spec, "physical_network"));

	for (size_t i = 0; physnet && i < host->n_nics; i++)
		if (spec_matches(spec, &host->nics[i]))
			set_physnet(&host->nics[i], physnet);
}

static void apply_specs(const char *value, struct host *host)
{
	json_t *specs = json_loads(value, 0, NULL);

	if (json_is_object(specs))
		apply_spec(specs, host);
	json_for_each (spec, specs) {
		apply_spec(spec, host);
	}
	json_decref(specs);
}

void physnets_apply(const struct oslo_conf *nova, const struct oslo_conf *agent, struct host *host)
{
	const char *mappings =
		agent ? oslo_get(agent, "sriov_nic", "physical_device_mappings") : NULL;

	if (mappings)
		apply_mappings(mappings, host);
	for (size_t i = 0; nova && i < nova->n; i++)
		if (streq(nova->v[i].section, "pci"))
			apply_specs(nova->v[i].value, host);
}
