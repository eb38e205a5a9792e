// SPDX-License-Identifier: Apache-2.0
#include "deploy/draft.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "deploy/draft_day0.h"
#include "esc/esc.h"
#include "model/model.h"

enum { MANAGEMENT, FIRST_LEG }; /* nicids */

struct drafter {
	const struct draft *draft;
	struct deployment *deployment;
	struct vm_group *group; /* the current one */
	struct draft_files *files;
};

static void add_property(struct properties *p, const char *name, const char *value)
{
	*array_push(p->v, p->n) = (struct property){.name = xstrdup(name), .value = xstrdup(value)};
}

static unsigned last_nic(const struct draft *d)
{
	return d->legs < DRAFT_LEGS_MAX ? d->legs : DRAFT_LEGS_MAX;
}

static const char *network_name(const struct draft *d, unsigned nic)
{
	static const char *const own[] = {"management-network", "service-1", "service-2"};

	return d->networks[0] ? d->networks[nic] : own[nic];
}

/* "service-1-v4" */
static char *subnet_name(const struct draft *d, unsigned nic, int version)
{
	return d->networks[0] ? NULL : xasprintf("%s-v%d", network_name(d, nic), version);
}

static void add_subnet(const struct draft *d, struct network *network, unsigned nic,
		       const struct draft_net *net)
{
	if (!net->address.addr.version)
		return;
	struct ip_addr first = ip_prefix_first(&net->address);
	*array_push(network->subnets, network->n_subnets) = (struct subnet){
		.name = subnet_name(d, nic, net->address.addr.version),
		.ip_version = net->address.addr.version,
		.address = ip_to_str(&first),
		.prefix = net->address.len,
		.gateway = net->gateway.version ? ip_to_str(&net->gateway) : NULL,
		.no_gateway = !net->gateway.version,
	};
}

static void add_networks(struct drafter *p)
{
	const struct draft *d = p->draft;

	if (d->networks[0])
		return;
	for (unsigned nic = 0; nic <= last_nic(d); nic++) {
		struct network *n = array_push(p->deployment->networks, p->deployment->n_networks);
		n->name = xstrdup(network_name(d, nic));
		if (nic == MANAGEMENT) {
			n->provider_network_type = xstrdup("vxlan");
			add_subnet(d, n, nic, &d->management);
			continue;
		}
		n->provider_network_type = xstrdup(d->vlan ? "vlan" : "flat");
		n->provider_physical_network = xstrdup(d->physnets[nic - FIRST_LEG]);
		n->provider_segmentation_id = d->vlan;
		add_subnet(d, n, nic, &d->service);
		add_subnet(d, n, nic, &d->service6);
	}
}

/* The networks exist, and those of the legs are one segment. */
static void add_options(struct drafter *p)
{
	const struct draft *d = p->draft;
	struct extension *e = array_push(p->deployment->extensions, p->deployment->n_extensions);
	cleanup_strbuf struct strbuf existing = {0}, segment = {0};
	cleanup_free char *query = xasprintf("www.%s", d->zone);

	e->name = xstrdup("dnsvnf");
	add_property(&e->properties, "dns_query", query);
	if (!d->networks[0])
		return;
	for (unsigned nic = 0; nic <= last_nic(d); nic++) {
		strbuf_addf(&existing, "%s%s", nic ? " " : "", d->networks[nic]);
		if (nic >= FIRST_LEG)
			strbuf_addf(&segment, "%s%s", nic > FIRST_LEG ? " " : "", d->networks[nic]);
	}
	add_property(&e->properties, "existing_networks", existing.s);
	if (d->legs > 1)
		add_property(&e->properties, "same_segment", segment.s);
}

/* One NUMA cell for each leg's NIC, pinned CPUs, huge pages. */
static void add_flavor(const struct draft *d, struct model *model)
{
	struct flavor *f = array_push(model->flavors, model->n_flavors);

	f->name = xstrdup(d->flavor);
	f->vcpus = 2 * d->legs;
	f->memory_mb = 4096 * d->legs;
	f->root_disk_mb = 40960;
	add_property(&f->properties, "hw:numa_nodes", d->legs > 1 ? "2" : "1");
	add_property(&f->properties, "hw:cpu_policy", "dedicated");
	add_property(&f->properties, "hw:mem_page_size", "large");
}

static void add_image(const struct draft *d, struct model *model)
{
	struct image *image = array_push(model->images, model->n_images);

	image->name = xstrdup(d->image);
	image->disk_format = xstrdup("qcow2");
	image->container_format = xstrdup("bare");
}

static void add_address(const struct draft *d, struct interface *i, const struct ip_prefix *p)
{
	if (!p->addr.version)
		return;
	struct address *a = array_push(i->addresses, i->n_addresses);
	a->id = (unsigned)i->n_addresses - 1;
	a->subnet = subnet_name(d, i->nicid, p->addr.version);
	a->ip_address = ip_to_str(&p->addr);
}

static void add_interfaces(struct drafter *p, const struct draft_vm *vm)
{
	const struct draft *d = p->draft;

	for (unsigned nic = 0; nic <= last_nic(d); nic++) {
		struct interface *i = array_push(p->group->interfaces, p->group->n_interfaces);
		i->nicid = nic;
		i->network = xstrdup(network_name(d, nic));
		i->mac_address = xstrdup(vm->macs[nic]);
		i->admin_state_up = true;
		i->port_security_enabled = TRI_UNKNOWN;
		if (nic == MANAGEMENT) {
			i->ip_address = ip_to_str(&vm->management.addr);
			continue;
		}
		i->type = PORT_DIRECT;
		i->port_security_enabled = TRI_NO;
		add_address(d, i, &vm->service);
		add_address(d, i, &vm->service6);
	}
}

void draft_monitoring(struct vm_group *g, int nicid)
{
	static const char *const actions[] = {"ALWAYS log", "TRUE esc_vm_alive_notification",
					      "FALSE recover autohealing"};
	struct rule *rule = array_push(g->rules, g->n_rules);

	*array_push(g->kpis, g->n_kpis) = (struct kpi){
		.event_name = xstrdup("VM_ALIVE"),
		.metric_value = xstrdup("1"),
		.metric_cond = xstrdup("GT"),
		.metric_type = xstrdup("UINT32"),
		.metric_occurrences_true = 1,
		.metric_occurrences_false = 5,
		.collector_type = xstrdup("ICMPPing"),
		.collector_nicid = nicid,
		.poll_frequency = 3,
		.polling_unit = xstrdup("seconds"),
	};
	rule->event_name = xstrdup("VM_ALIVE");
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		strv_add(&rule->actions, actions[i]);
}

/* Takes ownership of path and content. A path that is there already is the same file. */
static void put_file(void *data, const char *dst, char *path, char *content)
{
	struct drafter *p = data;
	struct configuration *c = array_push(p->group->configurations, p->group->n_configurations);

	c->dst = xstrdup(dst);
	c->file = xstrdup(path);
	if (!array_find(p->files->v, p->files->n, streq(it->path, path))) {
		*array_push(p->files->v, p->files->n) =
			(struct draft_file){path, content, strlen(content)};
		return;
	}
	free_all(path, content);
}

static struct ip_prefix address_of(const struct draft_net *net, unsigned vm)
{
	struct ip_prefix p = net->address;

	if (p.addr.version)
		ip_add(&p.addr, vm);
	return p;
}

static void add_records(struct strbuf *b, const char *name, const struct draft_net *net,
			unsigned vm)
{
	char text[IP_TEXT_SIZE];
	struct ip_prefix p = address_of(net, vm);

	if (p.addr.version)
		strbuf_addf(b, "%s\t%s\t%s\n", name, p.addr.version == 6 ? "AAAA" : "A",
			    ip_format(&p.addr, text));
}

static char *zone_file(const struct draft *d)
{
	struct strbuf b = {0};

	strbuf_addf(&b,
		    "$ORIGIN %s.\n$TTL 300\n"
		    "@\tSOA\tns1.%s. hostmaster.%s. 1 3600 600 86400 300\n",
		    d->zone, d->zone, d->zone);
	for (unsigned vm = 0; vm < d->vms; vm++)
		strbuf_addf(&b, "@\tNS\tns%u.%s.\n", vm + 1, d->zone);
	for (unsigned vm = 0; vm < d->vms; vm++) {
		cleanup_free char *name = xasprintf("ns%u", vm + 1);
		add_records(&b, name, &d->service, vm);
		add_records(&b, name, &d->service6, vm);
	}
	add_records(&b, "www", &d->service, 0);
	add_records(&b, "www", &d->service6, 0);
	return strbuf_steal(&b);
}

static char *knot_conf(const struct draft *d)
{
	return xasprintf("server:\n"
			 "    rundir: \"/run/knot\"\n"
			 "    user: knot:knot\n"
			 "    listen: [ 0.0.0.0@53, ::@53 ]\n\n"
			 "log:\n  - target: stdout\n    any: info\n\n"
			 "database:\n    storage: \"/var/lib/knot\"\n\n"
			 "template:\n  - id: default\n    storage: \"/var/lib/knot\"\n"
			 "    file: \"%%s.zone\"\n\n"
			 "zone:\n  - domain: %s\n",
			 d->zone);
}

static void add_dns(struct drafter *p)
{
	const struct draft *d = p->draft;
	cleanup_free char *zone = xasprintf("/var/lib/knot/%s.zone", d->zone);

	put_file(p, "/etc/knot/knot.conf", xstrdup("knot.conf"), knot_conf(d));
	put_file(p, zone, xasprintf("%s.zone", d->zone), zone_file(d));
}

static void add_group(struct drafter *p, unsigned index)
{
	const struct draft *d = p->draft;
	cleanup_free char *key = xasprintf("%s/%s", d->tenant, d->name);
	uint64_t hash = hash64(key, strlen(key));
	cleanup_free char *name =
		d->vms > 1 ? xasprintf("%s-%u", d->name, index + 1) : xstrdup(d->name);
	cleanup_free char *suffix = d->vms > 1 ? xasprintf("-%u", index + 1) : xstrdup("");
	struct draft_vm vm = {
		.draft = d,
		.name = name,
		.suffix = suffix,
		.management = address_of(&d->management, index),
		.service = address_of(&d->service, index),
		.service6 = address_of(&d->service6, index),
	};
	char *macs[1 + DRAFT_LEGS_MAX];

	for (unsigned nic = 0; nic < ARRAY_SIZE(macs); nic++)
		vm.macs[nic] = macs[nic] =
			xasprintf("fa:16:3e:%02x:%02x:%02x", (unsigned)(hash & 0xff),
				  (unsigned)(hash >> 8 & 0xff), index * 4 + nic);
	p->group = array_push(p->deployment->vm_groups, p->deployment->n_vm_groups);
	p->group->name = xstrdup(name);
	p->group->image = xstrdup(d->image);
	p->group->flavor = xstrdup(d->flavor);
	p->group->bootup_time = 300;
	p->group->reboot_time = -1;
	p->group->recovery_wait_time = 30;
	p->group->action_on_recovery = RECOVERY_REBOOT_THEN_REDEPLOY;
	p->group->scaling = (struct scaling){.min_active = 1, .max_active = 1};
	add_interfaces(p, &vm);
	draft_monitoring(p->group, MANAGEMENT);
	draft_day0(&vm, put_file, p);
	add_dns(p);
	for (unsigned nic = 0; nic < ARRAY_SIZE(macs); nic++)
		free(macs[nic]);
}

/* Two name servers on one host are lost with it. */
static void add_placement(struct drafter *p)
{
	struct deployment *d = p->deployment;

	if (d->n_vm_groups < 2)
		return;
	struct placement_group *g = array_push(d->placement_groups, d->n_placement_groups);
	g->name = xstrdup("apart");
	g->type = xstrdup("anti_affinity");
	g->enforcement = xstrdup("strict");
	for (size_t i = 0; i < d->n_vm_groups; i++)
		strv_add(&g->vm_groups, d->vm_groups[i].name);
}

struct model *draft_make(const struct draft *draft, struct draft_files *ret_files)
{
	struct model *model = model_new(NULL);
	struct tenant *tenant = array_push(model->tenants, model->n_tenants);
	struct draft_files files = {0};
	struct drafter p = {.draft = draft, .files = &files};

	tenant->name = xstrdup(draft->tenant);
	tenant->vim_mapping = true;
	p.deployment = array_push(tenant->deployments, tenant->n_deployments);
	p.deployment->name = xstrdup(draft->name);
	add_image(draft, model);
	add_flavor(draft, model);
	add_networks(&p);
	for (unsigned i = 0; i < draft->vms; i++)
		add_group(&p, i);
	add_placement(&p);
	add_options(&p);
	*ret_files = files;
	return model;
}

/* An existing file is not replaced. */
static int write_new(const char *folder, const char *name, const char *content, size_t len,
		     unsigned mode, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return err_errno(err, errno, "cannot create %s", path);
	int r = write_all(fd, content, len);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		(void)unlink(path); /* no half file */
	return r < 0 ? err_errno(err, -r, "cannot write %s", path) : 0;
}

static void remove_new(const char *folder, const char *name)
{
	cleanup_free char *path = xasprintf("%s/%s", folder, name);

	(void)unlink(path);
}

static int write_design(const char *folder, const struct strbuf *xml,
			const struct draft_files *files, unsigned mode, struct err *err)
{
	int r = dir_make(folder, err);

	for (size_t i = 0; i < files->n && r == 0; i++) {
		cleanup_free char *path = xasprintf("%s/%s", folder, files->v[i].path);
		if (file_exists(path))
			r = err_errno(err, EEXIST, "cannot create %s", path);
	}
	/* The descriptor is created first, so one of two concurrent runs fails there. */
	if (r == 0)
		r = write_new(folder, "dep.xml", xml->s, xml->len, 0644, err);
	if (r < 0)
		return r;
	size_t written = 0;
	for (; written < files->n && r == 0; written += r == 0)
		r = write_new(folder, files->v[written].path, files->v[written].content,
			      files->v[written].len, mode, err);
	if (r < 0) { /* a part of a design keeps the next run from writing it */
		remove_new(folder, "dep.xml");
		while (written > 0)
			remove_new(folder, files->v[--written].path);
	}
	return r;
}

int draft_write(const char *folder, const struct model *model, const char *comment,
		const struct draft_files *files, unsigned mode, struct err *err)
{
	cleanup_strbuf struct strbuf xml = {0};
	sigset_t all, before;

	esc_write(model, comment, &xml);
	/* A signal would leave a part. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	int r = write_design(folder, &xml, files, mode, err);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

static void draft_file_clear(struct draft_file *file)
{
	free_all(file->path, file->content);
}

void draft_files_clear(struct draft_files *files)
{
	array_free(files->v, files->n, draft_file_clear);
	*files = (struct draft_files){0};
}
