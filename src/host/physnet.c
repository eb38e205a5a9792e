// SPDX-License-Identifier: Apache-2.0
/*
 * Which functions Nova gives to guests, by its PCI device specs, and the physnet of each NIC: from
 * the SR-IOV agent's mappings, else from the specs.
 */
#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "base/utf8.h"
#include "host/devspec.h"
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

#define NOVA_PCI "Nova, configuration option [pci] device_spec"

static void refuse(struct host *host, const struct oslo_value *value, const struct err *why)
{
	cleanup_free char *at = xasprintf("/%s:%u", value->file, value->line);

	lint_add(host, SEVERITY_ERROR, "device-spec-refused", at, NOVA_PCI,
		 "Nova refuses this %s, and nova-compute does not start with it: %s", value->key,
		 why->text);
}

static void lint_tags(struct host *host, const struct oslo_value *value, const struct devspec *spec)
{
	cleanup_free char *at = xasprintf("/%s:%u", value->file, value->line);

	if (spec->trusted_odd)
		lint_add(host, SEVERITY_WARNING, "device-spec-trusted", at, NOVA_PCI,
			 "trusted is a JSON boolean, but Nova's claim compares texts, so a trusted "
			 "port gets none of these devices: write \"trusted\": \"true\"");
	for (size_t i = 0; i < ADDRESS_FIELDS; i++)
		if (spec->address[i].is_regex && !spec->address[i].compiled)
			lint_add(host, SEVERITY_NOTE, "device-spec-unknown", at, NOVA_PCI,
				 "the expression \"%.64s\" has more than is compared here, so "
				 "which devices it matches is unknown",
				 spec->address[i].text);
}

/* Later names of a list option come first (oslo.config, _get_file_value). */
static const struct oslo_key spec_keys[] = {
	{"DEFAULT", "pci_passthrough_whitelist"},
	{"pci", "passthrough_whitelist"},
	{"pci", "device_spec"},
};

/* False: Nova refuses one, so it does not start. */
static bool read_specs(const struct oslo_conf *nova, struct host *host, struct devspecs *specs)
{
	bool right = true;

	for (size_t k = 0; k < ARRAY_SIZE(spec_keys); k++)
		for (size_t i = 0; i < nova->n; i++) {
			cleanup_err struct err why = ERR_INIT;
			size_t before = specs->n;

			if (!streq(nova->v[i].section, spec_keys[k].section) ||
			    !streq(nova->v[i].key, spec_keys[k].key))
				continue;
			if (devspecs_add(specs, nova->v[i].value, host, &why) < 0) {
				refuse(host, &nova->v[i], &why);
				right = false;
				continue;
			}
			for (size_t s = before; s < specs->n; s++)
				lint_tags(host, &nova->v[i], &specs->v[s]);
		}
	return right;
}

struct grant {
	int64_t assignable, trusted;
	const char *physnet;
};

/*
 * The first spec that matches counts (Whitelist.get_devspec). What is managed remotely is not for
 * ordinary ports; without a serial number in its VPD, which is not read here, Nova goes on to the
 * next spec.
 */
static struct grant grant_of(const struct devspecs *specs, const struct host *host,
			     const struct pci_function *f)
{
	const struct grant unknown = {HOST_UNKNOWN, HOST_UNKNOWN, NULL};
	bool remote = false;

	for (size_t i = 0; i < specs->n; i++) {
		const struct devspec *s = &specs->v[i];
		enum tristate match = devspec_match(s, host, f);

		if (match == TRI_NO)
			continue;
		if (match == TRI_UNKNOWN || (remote && !s->remote_managed))
			return unknown;
		remote |= s->remote_managed;
		if (!remote)
			return (struct grant){s->physnet != NULL, s->trusted, s->physnet};
	}
	return (struct grant){0, 0, NULL};
}

/* Vendor and product of "8086:154c"; the caller frees. */
static char *half(const char *id, bool vendor)
{
	return !id ? NULL : vendor ? xstrndup(id, 4) : xstrdup(id + 5);
}

static void grant_nic(const struct devspecs *specs, const struct host *host, struct host_nic *nic)
{
	cleanup_free char *vendor = half(nic->pci_id, true);
	cleanup_free char *product = half(nic->pci_id, false);
	cleanup_free char *of_vfs = half(nic->vf_pci_id, false);
	const struct pci_function pf = {nic->pci_address, NULL, vendor, product};
	struct grant g = grant_of(specs, host, &pf);
	const char *physnet = g.physnet;

	nic->assignable = g.assignable;
	nic->trusted = g.trusted;
	for (size_t i = 0; i < nic->n_vfs; i++) {
		struct host_vf *vf = &nic->vfs[i];
		const struct pci_function f = {vf->pci_address, nic->pci_address, vendor, of_vfs};

		g = grant_of(specs, host, &f);
		vf->assignable = g.assignable;
		vf->trusted = g.trusted;
		vf->physnet = xstrdup(g.physnet);
		if (vf->physnet)
			utf8_make_printable(vf->physnet, "");
		if (g.physnet)
			physnet = g.physnet;
	}
	if (physnet)
		set_physnet(nic, physnet);
}

static void grant_nothing(struct host *host)
{
	for (size_t i = 0; i < host->n_nics; i++) {
		struct host_nic *nic = &host->nics[i];

		nic->assignable = nic->trusted = 0;
		for (size_t v = 0; v < nic->n_vfs; v++)
			nic->vfs[v].assignable = nic->vfs[v].trusted = 0;
	}
}

/* Of a NIC that Nova or Neutron's agent is told about. */
static void lint_vfs(struct host *host, const struct host_nic *nic)
{
	const struct host_vf *granted = array_find(nic->vfs, nic->n_vfs, it->assignable != 0);
	const struct host_vf *differs =
		array_find(nic->vfs, nic->n_vfs, it->physnet && !streq(it->physnet, nic->physnet));
	const char *vf_id = nic->vf_pci_id ? nic->vf_pci_id + 5 : "unknown";

	if (nic->n_vfs == 0 || !nic->physnet)
		return;
	if (!granted && nic->assignable == 1)
		lint_add(host, SEVERITY_WARNING, "device-spec-no-vf", nic_label(nic), NOVA_PCI,
			 "a device_spec matches the PF, but none matches one of its %zu VFs "
			 "(product_id %s), so Nova gives no port of type direct a device of it: "
			 "leave product_id out, or give that of the VFs",
			 nic->n_vfs, vf_id);
	else if (!granted)
		lint_add(host, SEVERITY_WARNING, "device-spec-no-vf", nic_label(nic), NOVA_PCI,
			 "no device_spec with a physical_network matches one of its %zu VFs "
			 "(product_id %s), so Nova gives no port a device of it",
			 nic->n_vfs, vf_id);
	if (differs)
		lint_add(host, SEVERITY_WARNING, "physnet-differs", nic_label(nic), NOVA_PCI,
			 "device_spec puts VF %u on physnet %s, but the SR-IOV agent's "
			 "physical_device_mappings have %s for the NIC: a port is bound only where "
			 "both agree",
			 differs->index, differs->physnet, nic->physnet);
}

static void apply_specs(const struct oslo_conf *nova, struct host *host)
{
	cleanup_devspecs struct devspecs specs = {0};
	bool starts = read_specs(nova, host, &specs);

	for (size_t i = 0; starts && i < host->n_nics; i++) {
		grant_nic(&specs, host, &host->nics[i]);
		lint_vfs(host, &host->nics[i]);
	}
	if (!starts)
		grant_nothing(host);
}

void physnets_apply(const struct oslo_conf *nova, const struct oslo_conf *agent, struct host *host)
{
	const char *mappings =
		agent ? oslo_get(agent, "sriov_nic", "physical_device_mappings") : NULL;

	if (mappings)
		apply_mappings(mappings, host);
	if (nova)
		apply_specs(nova, host);
}
