// SPDX-License-Identifier: Apache-2.0
#include "ddi/generate.h"

#include "base/alloc.h"
#include "base/err.h"
#include "ddi/derive.h"
#include "ddi/plan.h"

static void add_file(struct ddi_files *files, char *path, char *text, bool secret)
{
	*array_push(files->v, files->n) = (struct ddi_file){path, text, secret};
}

static void add_zone_files(struct ddi_files *files, const struct ddi_derived *d,
			   const struct ddi_member *member)
{
	for (size_t i = 0; i < d->n_zones; i++)
		if (d->zones[i].primary == member)
			add_file(files, xasprintf("/var/lib/knot/%s.zone", d->zones[i].name),
				 ddi_zone_text(d, &d->zones[i]), false);
}

static int add_kea(struct ddi_files *files, const struct ddi_derived *d,
		   const struct ddi_member *member, const char *interface, int version,
		   struct err *err)
{
	const struct ddi_plan *plan = d->plan;
	char *text;
	int r;

	if (!array_find(plan->networks, plan->n_networks,
			it->prefix.addr.version == version && ddi_network_serves(it)))
		return 0;
	r = ddi_kea_dhcp(d, member, interface, version, &text, err);
	if (r < 0)
		return r;
	add_file(files, xasprintf("/etc/kea/kea-dhcp%d.conf", version), text, false);
	return 0;
}

static int add_dhcp(struct ddi_files *files, const struct ddi_derived *d,
		    const struct ddi_member *member, const char *interface, struct err *err)
{
	char *text;
	int r = add_kea(files, d, member, interface, 4, err);

	if (r == 0)
		r = add_kea(files, d, member, interface, 6, err);
	if (r < 0 || !array_find(d->zones, d->n_zones, it->dynamic && it->primary))
		return r;
	r = ddi_kea_ddns(d, &text, err);
	if (r == 0)
		add_file(files, xstrdup("/etc/kea/kea-dhcp-ddns.conf"), text, true);
	return r;
}

int ddi_generate(const struct ddi_derived *derived, const struct ddi_member *member,
		 const char *interface, struct ddi_files *ret, struct err *err)
{
	cleanup_ddi_files struct ddi_files files = {0};
	char *text;
	int r = 0;

	if (ddi_has_auth(member)) {
		r = ddi_knot_conf(derived, member, &text, err);
		if (r < 0)
			return r;
		add_file(&files, xstrdup("/etc/knot/knot.conf"), text, true);
		add_zone_files(&files, derived, member);
	}
	if (ddi_has_cache(derived->plan, member)) {
		r = ddi_unbound_conf(derived, member, &text, err);
		if (r < 0)
			return r;
		add_file(&files, xstrdup("/etc/unbound/unbound.conf"), text, false);
	}
	if (ddi_has_dhcp(derived->plan, member))
		r = add_dhcp(&files, derived, member, interface, err);
	if (r == 0)
		*ret = steal(files);
	return r;
}

static void file_clear(struct ddi_file *file)
{
	free_all(file->path, file->text);
}

void ddi_files_clear(struct ddi_files *files)
{
	array_free(files->v, files->n, file_clear);
	*files = (struct ddi_files){0};
}
