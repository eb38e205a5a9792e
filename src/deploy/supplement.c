// SPDX-License-Identifier: Apache-2.0
#include "deploy/supplement.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/str.h"
#include "deploy/apply.h"
#include "deploy/plan.h"
#include "placement/facts.h"
#include "vim/vim.h"

struct supplement {
	struct vim *vim;
	struct model *model;
	const struct tenant *tenant;
	struct deployment *deployment;
	struct findings *findings;
	struct cloud_facts facts;
	struct strv used; /* "KIND NAME" of what deploy uses as it is */
};

static void report(const struct supplement *s, enum severity severity, const char *rule,
		   unsigned line, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void report(const struct supplement *s, enum severity severity, const char *rule,
		   unsigned line, const char *fmt, ...)
{
	cleanup_free char *path = xasprintf(
		"/esc_datamodel/tenants/tenant[name='%s']/deployments/deployment[name='%s']",
		s->tenant->name, s->deployment->name);
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	findings_add(s->findings, severity, rule, s->model->file, line, path, "%s", text);
}

static bool is_used(const struct supplement *s, enum vim_kind kind, const char *name)
{
	cleanup_free char *key = xasprintf("%s %s", vim_kind_name(kind), name);

	return strv_contains(&s->used, key);
}

/* "vlan 101 on sriov0" */
static char *segment_text(const struct network *n)
{
	cleanup_strbuf struct strbuf b = {0};

	strbuf_adds(&b,
		    n->provider_network_type ? n->provider_network_type : "of the default type");
	if (n->provider_segmentation_id)
		strbuf_addf(&b, " %u", n->provider_segmentation_id);
	if (n->provider_physical_network)
		strbuf_addf(&b, " on %s", n->provider_physical_network);
	return strbuf_steal(&b);
}

/* Whether what the descriptor says, as far as it says it, is what the VIM shows. */
static bool same_segment(const struct network *said, const struct network *shown)
{
	return (!said->provider_network_type ||
		streq(said->provider_network_type, shown->provider_network_type)) &&
	       (!said->provider_physical_network ||
		streq(said->provider_physical_network, shown->provider_physical_network)) &&
	       (!said->provider_segmentation_id ||
		said->provider_segmentation_id == shown->provider_segmentation_id);
}

/* The subnet of the VIM that the descriptor's would have to be, or NULL. */
static const struct subnet *find_subnet(const struct network *shown, const struct subnet *said)
{
	return array_find(shown->subnets, shown->n_subnets,
			  streq(it->address, said->address) && it->prefix == said->prefix);
}

static void compare_network(const struct supplement *s, const struct network *said,
			    const struct network *shown)
{
	cleanup_free char *a = segment_text(said), *b = segment_text(shown);

	if (shown->provider_network_type && !same_segment(said, shown))
		report(s, SEVERITY_ERROR, "vim-network", said->line,
		       "network \"%s\" exists in the VIM and is used as it is: it is %s there, not "
		       "%s: correct the descriptor, or give the network another name",
		       said->name, b, a);
	for (size_t i = 0; i < said->n_subnets; i++) {
		const struct subnet *mine = &said->subnets[i], *theirs = find_subnet(shown, mine);
		if (!theirs)
			report(s, SEVERITY_ERROR, "vim-network", mine->line,
			       "network \"%s\" exists in the VIM and is used as it is: it has no "
			       "subnet %s/%u there",
			       said->name, mine->address, mine->prefix);
		else if (theirs->dhcp != mine->dhcp)
			report(s, SEVERITY_WARNING, "vim-network", mine->line,
			       "subnet %s/%u of network \"%s\" exists in the VIM %s DHCP",
			       mine->address, mine->prefix, said->name,
			       theirs->dhcp ? "with" : "without");
	}
}

static void take_text(char **to, const char *from)
{
	free(*to);
	*to = xstrdup(from);
}

/* The descriptor's network gets the attributes that the VIM shows. */
static void overlay_network(struct network *n, const struct network *shown)
{
	n->mtu = shown->mtu;
	if (!shown->provider_network_type)
		return;
	n->in_vim = true;
	take_text(&n->provider_network_type, shown->provider_network_type);
	take_text(&n->provider_physical_network, shown->provider_physical_network);
	n->provider_segmentation_id = shown->provider_segmentation_id;
}

static void copy_network(struct network *to, const struct network *from, unsigned line)
{
	*to = (struct network){
		.name = xstrdup(from->name),
		.line = line,
		.shared = from->shared,
		.provider_network_type = xstrdup(from->provider_network_type),
		.provider_physical_network = xstrdup(from->provider_physical_network),
		.provider_segmentation_id = from->provider_segmentation_id,
		.mtu = from->mtu,
		.in_vim = true,
	};
	for (size_t i = 0; i < from->n_subnets; i++) {
		const struct subnet *subnet = &from->subnets[i];
		*array_push(to->subnets, to->n_subnets) = (struct subnet){
			.name = xstrdup(subnet->name),
			.line = line,
			.ip_version = subnet->ip_version,
			.dhcp = subnet->dhcp,
			.address = xstrdup(subnet->address),
			.prefix = subnet->prefix,
			.gateway = xstrdup(subnet->gateway),
			.no_gateway = subnet->no_gateway,
		};
	}
}

static void add_network(struct supplement *s, const struct interface *interface)
{
	static const struct deployment none = {0};
	const char *name = interface->network;
	const struct network *shown = model_network(s->facts.known, &none, name);
	struct network *own = (struct network *)model_network(s->model, s->deployment, name);

	if (!shown || (own && own->mtu))
		return; /* not there yet, or done for another interface */
	if (!own) {
		own = array_push(s->deployment->networks, s->deployment->n_networks);
		return copy_network(own, shown, interface->line);
	}
	if (is_used(s, VIM_NETWORK, name))
		compare_network(s, own, shown);
	overlay_network(own, shown);
}

/* Properties that the descriptor sets and the VIM has otherwise; "a=1, not 2, ..." or NULL. */
static char *differing(const struct properties *said, const struct properties *shown)
{
	struct strbuf b = {0};

	for (size_t i = 0; i < said->n; i++) {
		const char *value = property_get(shown, said->v[i].name);
		if (!streq(value, said->v[i].value))
			strbuf_addf(&b, "%s%s is %s there, not %s", b.len ? ", " : "",
				    said->v[i].name, value ? value : "not set",
				    said->v[i].value ? said->v[i].value : "empty");
	}
	return b.len ? strbuf_steal(&b) : NULL;
}

/* line: that of the flavor or image, for the properties that only the VIM has. */
static void copy_properties(struct properties *to, const struct properties *from, unsigned line)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct property *p = &from->v[i];
		struct property *there = array_find(to->v, to->n, streq(it->name, p->name));

		if (there)
			take_text(&there->value, p->value);
		else
			*array_push(to->v, to->n) = (struct property){
				.name = xstrdup(p->name), .value = xstrdup(p->value), .line = line};
	}
}

static void compare_flavor(const struct supplement *s, const struct flavor *said,
			   const struct flavor *shown)
{
	cleanup_free char *specs = differing(&said->properties, &shown->properties);

	if (said->vcpus != shown->vcpus || said->memory_mb != shown->memory_mb)
		report(s, SEVERITY_ERROR, "vim-flavor", said->line,
		       "flavor \"%s\" exists in the VIM and is used as it is: it has %u vCPU and "
		       "%u "
		       "MB there, not %u and %u",
		       said->name, shown->vcpus, shown->memory_mb, said->vcpus, said->memory_mb);
	if (specs)
		report(s, SEVERITY_ERROR, "vim-flavor", said->line,
		       "flavor \"%s\" exists in the VIM and is used as it is: %s: correct the "
		       "descriptor, or give the flavor another name",
		       said->name, specs);
}

static void add_flavor(struct supplement *s, const struct vm_group *group)
{
	const struct flavor *shown = model_flavor(s->facts.known, group->flavor);
	struct flavor *own = (struct flavor *)model_flavor(s->model, group->flavor);

	if (!shown || (own && !is_used(s, VIM_FLAVOR, group->flavor)))
		return;
	if (own)
		compare_flavor(s, own, shown);
	else
		own = array_push(s->model->flavors, s->model->n_flavors);
	if (!own->name)
		*own = (struct flavor){.name = xstrdup(shown->name), .line = group->line};
	own->vcpus = shown->vcpus;
	own->memory_mb = shown->memory_mb;
	own->root_disk_mb = shown->root_disk_mb;
	copy_properties(&own->properties, &shown->properties, own->line);
}

static void add_image(struct supplement *s, const struct vm_group *group)
{
	const struct image *shown = model_image(s->facts.known, group->image);
	struct image *own = (struct image *)model_image(s->model, group->image);

	if (!shown || (own && !is_used(s, VIM_IMAGE, group->image)))
		return;
	cleanup_free char *differs = own ? differing(&own->properties, &shown->properties) : NULL;
	if (differs)
		report(s, SEVERITY_WARNING, "vim-image", own->line,
		       "image \"%s\" exists in the VIM and is used as it is: %s", own->name,
		       differs);
	if (!own) {
		own = array_push(s->model->images, s->model->n_images);
		*own = (struct image){.name = xstrdup(shown->name), .line = group->line};
	}
	copy_properties(&own->properties, &shown->properties, own->line);
}

/* What the plan creates, by quota. */
static void count_wanted(const struct plan *plan, int64_t wanted[static VIM_QUOTAS])
{
	static const int quota_of[] = {
		[VIM_IMAGE] = -1,
		[VIM_FLAVOR] = -1,
		[VIM_SERVER_GROUP] = VIM_QUOTA_SERVER_GROUPS,
		[VIM_NETWORK] = VIM_QUOTA_NETWORKS,
		[VIM_SUBNET] = VIM_QUOTA_SUBNETS,
		[VIM_PORT] = VIM_QUOTA_PORTS,
		[VIM_SERVER] = VIM_QUOTA_SERVERS,
	};

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *step = &plan->v[i];
		int quota = quota_of[step->request.kind];
		if (step->action != ACTION_CREATE || quota < 0)
			continue;
		wanted[quota]++;
		const struct flavor *flavor =
			step->request.kind == VIM_SERVER ? step->request.server.flavor : NULL;
		if (!flavor)
			continue;
		wanted[VIM_QUOTA_CORES] += flavor->vcpus;
		wanted[VIM_QUOTA_MEMORY_MB] += flavor->memory_mb;
	}
}

/* A flavor of the VIM is known only now. */
static void count_existing_flavors(const struct supplement *s, const struct plan *plan,
				   int64_t wanted[static VIM_QUOTAS])
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *step = &plan->v[i];
		bool counts = step->action == ACTION_CREATE && step->request.kind == VIM_SERVER &&
			      !step->request.server.flavor;
		const struct flavor *flavor =
			counts ? model_flavor(s->facts.known, step->request.server.flavor_name)
			       : NULL;
		wanted[VIM_QUOTA_CORES] += flavor ? flavor->vcpus : 0;
		wanted[VIM_QUOTA_MEMORY_MB] += flavor ? flavor->memory_mb : 0;
	}
}

static int check_quotas(const struct supplement *s, const struct plan *plan, struct err *err)
{
	static const char *const names[VIM_QUOTAS] = {
		[VIM_QUOTA_SERVERS] = "servers",
		[VIM_QUOTA_CORES] = "cores",
		[VIM_QUOTA_MEMORY_MB] = "MB of memory",
		[VIM_QUOTA_SERVER_GROUPS] = "server groups",
		[VIM_QUOTA_NETWORKS] = "networks",
		[VIM_QUOTA_SUBNETS] = "subnets",
		[VIM_QUOTA_PORTS] = "ports",
	};
	int64_t wanted[VIM_QUOTAS] = {0};
	struct vim_quota quotas[VIM_QUOTAS];

	if (!s->vim->ops->quotas)
		return 0;
	int r = s->vim->ops->quotas(s->vim, quotas, err);
	if (r < 0)
		return r;
	count_wanted(plan, wanted);
	count_existing_flavors(s, plan, wanted);
	for (size_t i = 0; i < VIM_QUOTAS; i++)
		if (quotas[i].limit >= 0 && wanted[i] > quotas[i].limit - quotas[i].used &&
		    wanted[i] > 0)
			report(s, SEVERITY_ERROR, "vim-quota", s->deployment->line,
			       "the project's quota is %lld %s, of which %lld are in use, and "
			       "deploy "
			       "creates %lld: raise it",
			       (long long)quotas[i].limit, names[i], (long long)quotas[i].used,
			       (long long)wanted[i]);
	return 0;
}

/* The line of the first interface on the network of step i. */
static unsigned line_of_network(const struct plan *plan, size_t i)
{
	const struct step *port = array_find(plan->v, plan->n, it->interface && step_needs(it, i));

	return port ? port->interface->line : plan->deployment->line;
}

/* Keeps of the plan what must be known after it; the plan refers to the model, which changes. */
static int look(struct supplement *s, struct err *err)
{
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_plan struct plan *plan = NULL;
	cleanup_free struct vim_request *requests = NULL;
	size_t n = 0;
	int r = apply_prepare(s->vim, s->model, s->tenant, s->deployment, NULL, &inventory, &plan,
			      err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *step = &plan->v[i];
		if (step->action == ACTION_USE)
			strv_take(&s->used, xasprintf("%s %s", vim_kind_name(step->request.kind),
						      step->name));
		if (step->warning)
			report(s, SEVERITY_WARNING, "vim-network", line_of_network(plan, i),
			       "network \"%s\" exists in the VIM and is used as it is: %s",
			       step->name, step->warning);
		if (step->action != ACTION_DELETE && step->action != ACTION_USE)
			*array_push(requests, n) = step->request;
	}
	r = s->vim->ops->facts(s->vim, requests, n, &s->facts, err);
	return r < 0 ? r : check_quotas(s, plan, err);
}

int supplement(struct vim *vim, struct model *model, const struct tenant *tenant,
	       struct deployment *deployment, struct findings *findings, struct err *err)
{
	struct supplement s = {.vim = vim,
			       .model = model,
			       .tenant = tenant,
			       .deployment = deployment,
			       .findings = findings};
	int r = look(&s, err);

	if (r == 0 && s.facts.unseen)
		report(&s, SEVERITY_NOTE, "vim-unknown", deployment->line,
		       "not all is seen in the VIM: %s", s.facts.unseen);
	for (size_t g = 0; g < deployment->n_vm_groups && r == 0 && s.facts.known; g++) {
		const struct vm_group *group = &deployment->vm_groups[g];
		for (size_t i = 0; i < group->n_interfaces; i++)
			add_network(&s, &group->interfaces[i]);
		add_flavor(&s, group);
		add_image(&s, group);
	}
	facts_clear(&s.facts);
	strv_clear(&s.used);
	return r;
}
