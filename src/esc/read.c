// SPDX-License-Identifier: Apache-2.0

#include <strings.h>

#include "base/alloc.h"
#include "base/str.h"
#include "esc/element.h"
#include "esc/internal.h"
#include "model/model.h"

enum { VMS_MAX = 1000 }; /* per group; limits the time to plan each VM */

/* The next valid child of that name, starting at *i, or NULL. e may be NULL. Marks it as used. */
static struct element *next_child(struct element *e, const char *name, size_t *i)
{
	while (e && *i < e->n_children) {
		struct element *child = e->children[(*i)++];

		if (!child->invalid && streq(child->name, name)) {
			child->used = true;
			return child;
		}
	}
	return NULL;
}

static struct element *child_named(struct element *e, const char *name)
{
	size_t i = 0;

	return next_child(e, name, &i);
}

struct iterator {
	struct element *e;
	size_t i;
};

/* Iterates over the valid children of that name. parent may be NULL. */
#define for_each_child(child, parent, name_)                                                \
	for (struct iterator it_##child = {(parent), 0}; it_##child.e; it_##child.e = NULL) \
		for (struct element * child;                                                \
		     (child = next_child(it_##child.e, name_, &it_##child.i));)

/* Key of an entry; never NULL, because entries without a key are not read. */
static char *key_of(struct element *e, const char *name)
{
	return xstrdup(element_text(child_named(e, name)));
}

static char *leaf(struct element *e, const char *name)
{
	struct element *child = child_named(e, name);

	return child ? xstrdup(element_text(child)) : NULL;
}

static int64_t leaf_int(struct element *e, const char *name, int64_t absent)
{
	struct element *child = child_named(e, name);
	int64_t value;

	return child && str_to_int(element_text(child), INT32_MIN, UINT32_MAX, &value) == 0
		       ? value
		       : absent;
}

static unsigned leaf_uint(struct element *e, const char *name, unsigned absent)
{
	return (unsigned)leaf_int(e, name, absent);
}

static bool leaf_bool(struct element *e, const char *name, bool absent)
{
	struct element *child = child_named(e, name);

	return child ? streq(element_text(child), "true") : absent;
}

static struct strv leaf_list(struct element *e, const char *name)
{
	struct strv list = {0};

	for_each_child (child, e, name)
		strv_add(&list, element_text(child));
	return list;
}

/* The leaf if it is an address of that version (any if 0). NULL otherwise, with a finding. */
static char *leaf_ip(struct esc_reading *r, struct element *e, const char *name, int version)
{
	struct element *child = child_named(e, name);
	char buffer[64];
	int is;

	if (!child)
		return NULL;
	is = ip_version_of(element_text(child));
	if (is == 0)
		report(r, SEVERITY_ERROR, "descriptor-value", child,
		       "%s \"%s\" is not an IPv4 or IPv6 address", name,
		       shown(element_text(child), buffer));
	else if (version != 0 && is != version)
		report(r, SEVERITY_ERROR, "descriptor-value", child,
		       "%s \"%s\" is an IPv%d address, but the address next to it is IPv%d", name,
		       shown(element_text(child), buffer), is, version);
	else
		return xstrdup(element_text(child));
	return NULL;
}

/* Prefix length of the netmask for that IP version, or -1 with a finding. */
static int leaf_netmask(struct esc_reading *r, struct element *e, int version)
{
	struct element *child = child_named(e, "netmask");
	char buffer[64];
	int prefix;

	if (!child || version == 0)
		return -1;
	prefix = ip_netmask_parse(element_text(child), version);
	if (prefix < 0)
		report(r, SEVERITY_ERROR, "descriptor-value", child,
		       version == 4 ? "netmask \"%s\" must be an IPv4 netmask such as "
				      "255.255.255.0 or a prefix length from 0 to 32"
				    : "netmask \"%s\" must be a prefix length from 0 to 128 or an "
				      "IPv6 netmask",
		       shown(element_text(child), buffer));
	return prefix;
}

static struct properties read_properties(struct element *e)
{
	struct properties properties = {0};

	for_each_child (property, child_named(e, "properties"), "property") {
		struct property *one = array_push(properties.v, properties.n);

		one->name = key_of(property, "name");
		one->value = leaf(property, "value");
		one->line = property->line;
		child_named(property, "type");
	}
	return properties;
}

static void read_extensions(struct element *e, struct extension **v, size_t *n)
{
	for_each_child (extension, child_named(e, "extensions"), "extension") {
		struct extension *one = array_push(*v, *n);

		one->name = key_of(extension, "name");
		one->line = extension->line;
		one->properties = read_properties(extension);
	}
}

static struct locator read_locator(struct element *e)
{
	struct element *locator = child_named(e, "locator");

	return (struct locator){
		.vim_id = leaf(locator, "vim_id"),
		.vim_project = leaf(locator, "vim_project"),
		.vim_region = leaf(locator, "vim_region"),
		.line = locator ? locator->line : 0,
	};
}

/* Reads address and netmask, which must match each other and ipversion. */
static void read_subnet_address(struct esc_reading *r, struct element *e, struct subnet *subnet)
{
	struct element *ipversion = child_named(e, "ipversion");
	struct element *address = child_named(e, "address");
	struct ip_prefix net;
	char text[IP_TEXT_SIZE];
	int prefix;

	if (ipversion)
		subnet->ip_version = streq(element_text(ipversion), "ipv6") ? 6 : 4;
	subnet->address = leaf_ip(r, e, "address", 0);
	if (subnet->address) {
		int version = ip_version_of(subnet->address);

		if (ipversion && version != subnet->ip_version) {
			child_named(e, "netmask");
			return report(r, SEVERITY_ERROR, "descriptor-value", ipversion,
				      "ipversion is %s, but address %s is IPv%d",
				      element_text(ipversion), subnet->address, version);
		}
		subnet->ip_version = version;
	}
	if (subnet->ip_version == 0)
		subnet->ip_version = 4;
	prefix = leaf_netmask(r, e, subnet->ip_version);
	if (prefix < 0)
		return;
	subnet->prefix = (unsigned)prefix;
	if (!subnet_prefix(subnet, &net))
		return;

	struct ip_addr first = ip_prefix_first(&net);
	if (!ip_equal(&first, &net.addr))
		report(r, SEVERITY_ERROR, "descriptor-value", address,
		       "address %s is not the network address of a /%u: use %s", subnet->address,
		       subnet->prefix, ip_format(&first, text));
}

static void read_subnet(struct esc_reading *r, struct element *e, struct subnet *subnet)
{
	struct element *gateway = child_named(e, "gateway");

	subnet->name = key_of(e, "name");
	subnet->line = e->line;
	subnet->dhcp = leaf_bool(e, "dhcp", true);
	subnet->no_gateway = leaf_bool(e, "no_gateway", false);
	read_subnet_address(r, e, subnet);
	subnet->gateway = leaf_ip(r, e, "gateway", subnet->address ? subnet->ip_version : 0);
	if (subnet->gateway && subnet->no_gateway)
		report(r, SEVERITY_ERROR, "descriptor-value", gateway,
		       "gateway %s conflicts with no_gateway: remove one of the two",
		       subnet->gateway);
}

static void read_networks(struct esc_reading *r, struct element *parent, struct network **v,
			  size_t *n)
{
	for_each_child (e, child_named(parent, "networks"), "network") {
		struct network *network = array_push(*v, *n);

		network->name = key_of(e, "name");
		network->line = e->line;
		network->shared = leaf_bool(e, "shared", false);
		network->provider_network_type = leaf(e, "provider_network_type");
		network->provider_physical_network = leaf(e, "provider_physical_network");
		network->provider_segmentation_id = leaf_uint(e, "provider_segmentation_id", 0);
		for_each_child (subnet, e, "subnet") {
			struct subnet *one = array_push(network->subnets, network->n_subnets);

			read_subnet(r, subnet, one);
		}
	}
}

/* "N/A" in the place of a file stands for none, as in ESC's own samples. */
static bool is_not_applicable(const struct element *e)
{
	return e && strcasecmp(element_text(e), "N/A") == 0;
}

static void read_images(struct element *root, struct model *model)
{
	for_each_child (e, child_named(root, "images"), "image") {
		struct image *image = array_push(model->images, model->n_images);

		image->name = key_of(e, "name");
		image->line = e->line;
		image->src = is_not_applicable(child_named(e, "src")) ? NULL : leaf(e, "src");
		image->disk_format = leaf(e, "disk_format");
		image->container_format = leaf(e, "container_format");
		image->disk_bus = leaf(e, "disk_bus");
		image->properties = read_properties(e);
	}
}

static void read_flavors(struct element *root, struct model *model)
{
	for_each_child (e, child_named(root, "flavors"), "flavor") {
		struct flavor *flavor = array_push(model->flavors, model->n_flavors);

		flavor->name = key_of(e, "name");
		flavor->line = e->line;
		flavor->vcpus = leaf_uint(e, "vcpus", 0);
		flavor->memory_mb = leaf_uint(e, "memory_mb", 0);
		flavor->root_disk_mb = leaf_uint(e, "root_disk_mb", 0);
		flavor->ephemeral_disk_mb = leaf_uint(e, "ephemeral_disk_mb", 0);
		flavor->swap_disk_mb = leaf_uint(e, "swap_disk_mb", 0);
		flavor->description = leaf(e, "description");
		flavor->properties = read_properties(e);
	}
}

static struct address_pair *read_pairs(struct esc_reading *r, struct element *e, size_t *n)
{
	struct address_pair *v = NULL;

	for_each_child (pair, child_named(e, "allowed_address_pairs"), "address") {
		struct address_pair *one = array_push(v, *n);
		int prefix;

		one->line = pair->line;
		one->ip_address = leaf_ip(r, pair, "ip_address", 0);
		prefix =
			leaf_netmask(r, pair, one->ip_address ? ip_version_of(one->ip_address) : 0);
		if (prefix >= 0)
			one->netmask = leaf(pair, "netmask");
	}
	return v;
}

static enum port_type read_port_type(struct element *e)
{
	struct element *type = child_named(e, "type");

	for (enum port_type t = PORT_VIRTUAL; type && t <= PORT_MACVTAP; t++)
		if (streq(element_text(type), port_type_name(t)))
			return t;
	return PORT_VIRTUAL;
}

static void read_interface(struct esc_reading *r, struct element *e, struct interface *interface)
{
	interface->nicid = leaf_uint(e, "nicid", 0);
	interface->line = e->line;
	interface->type = read_port_type(e);
	interface->network = leaf(e, "network");
	interface->subnet = leaf(e, "subnet");
	interface->ip_address = leaf_ip(r, e, "ip_address", 0);
	interface->mac_address = leaf(e, "mac_address");
	interface->model = leaf(e, "model");
	interface->vim_interface_name = leaf(e, "vim_interface_name");
	for_each_child (address, child_named(e, "addresses"), "address") {
		struct address *one = array_push(interface->addresses, interface->n_addresses);

		one->id = leaf_uint(address, "address_id", 0);
		one->line = address->line;
		one->subnet = leaf(address, "subnet");
		one->ip_address = leaf_ip(r, address, "ip_address", 0);
	}
	interface->allowed_address_pairs = read_pairs(r, e, &interface->n_allowed_address_pairs);
	interface->security_groups = leaf_list(child_named(e, "security_groups"), "security_group");
	interface->port_security_enabled = child_named(e, "port_security_enabled")
						   ? leaf_bool(e, "port_security_enabled", false)
						   : TRI_UNKNOWN;
	interface->admin_state_up = leaf_bool(e, "admin_state_up", true);
}

static int by_nicid(const void *a, const void *b)
{
	const struct interface *x = a, *y = b;

	return x->nicid < y->nicid ? -1 : x->nicid > y->nicid;
}

static void read_interfaces(struct esc_reading *r, struct element *e, struct vm_group *group)
{
	for_each_child (interface, child_named(e, "interfaces"), "interface") {
		struct interface *one = array_push(group->interfaces, group->n_interfaces);

		read_interface(r, interface, one);
	}
	if (group->n_interfaces > 1)
		qsort(group->interfaces, group->n_interfaces, sizeof(*group->interfaces), by_nicid);
}

static void read_kpis(struct element *e, struct vm_group *group)
{
	for_each_child (kpi, child_named(e, "kpi_data"), "kpi") {
		struct element *collector = child_named(kpi, "metric_collector");
		struct kpi *one = array_push(group->kpis, group->n_kpis);

		one->event_name = key_of(kpi, "event_name");
		one->line = kpi->line;
		one->metric_value = leaf(kpi, "metric_value");
		one->metric_cond = leaf(kpi, "metric_cond");
		one->metric_type = leaf(kpi, "metric_type");
		one->metric_occurrences_true = leaf_uint(kpi, "metric_occurrences_true", 1);
		one->metric_occurrences_false = leaf_uint(kpi, "metric_occurrences_false", 5);
		one->collector_type = leaf(collector, "type");
		one->collector_nicid = (int)leaf_int(collector, "nicid", -1);
		one->poll_frequency = leaf_uint(collector, "poll_frequency", 3);
		one->polling_unit = leaf(collector, "polling_unit");
		one->continuous_alarm = leaf_bool(collector, "continuous_alarm", false);
	}
}

/* Whether it is a condition and a verb: "ALWAYS log", "TRUE esc_vm_alive_notification". */
static bool is_action(const char *s)
{
	size_t word = strcspn(s, " ");
	bool known = (word == 6 && str_starts(s, "ALWAYS")) ||
		     (word == 4 && str_starts(s, "TRUE")) || (word == 5 && str_starts(s, "FALSE"));

	return known && s[word] && s[word + strspn(s + word, " ")];
}

static void read_rules(struct esc_reading *r, struct element *e, struct vm_group *group)
{
	for_each_child (rule, child_named(child_named(e, "rules"), "admin_rules"), "rule") {
		struct rule *one = array_push(group->rules, group->n_rules);
		char buffer[64];

		one->event_name = key_of(rule, "event_name");
		one->line = rule->line;
		one->actions = leaf_list(rule, "action");
		for_each_child (action, rule, "action")
			if (!is_action(element_text(action)))
				report(r, SEVERITY_WARNING, "descriptor-value", action,
				       "action \"%s\" must be ALWAYS, TRUE or FALSE and a verb, "
				       "for example \"ALWAYS log\"",
				       shown(element_text(action), buffer));
	}
}

static void read_pool(struct esc_reading *r, struct element *e, struct address_pool *pool)
{
	struct element *range = child_named(e, "ip_address_range");
	int version;

	pool->network = key_of(e, "network");
	pool->line = e->line;
	pool->range_start = leaf_ip(r, range, "start", 0);
	version = pool->range_start ? ip_version_of(pool->range_start) : 0;
	pool->range_end = leaf_ip(r, range, "end", version);
	pool->gateway = leaf_ip(r, e, "gateway", version);
	if (leaf_netmask(r, e, version) >= 0)
		pool->netmask = leaf(e, "netmask");
}

static void read_scaling(struct esc_reading *r, struct element *e, struct scaling *scaling)
{
	struct element *s = child_named(e, "scaling");
	struct element *max = child_named(s, "max_active");

	scaling->line = s ? s->line : 0;
	scaling->min_active = leaf_uint(s, "min_active", 1);
	scaling->max_active = leaf_uint(s, "max_active", scaling->min_active);
	scaling->elastic = leaf_bool(s, "elastic", false);
	if (scaling->min_active > VMS_MAX) {
		report(r, SEVERITY_ERROR, "descriptor-value", child_named(s, "min_active"),
		       "min_active is %u, but a vm_group has at most %d VMs", scaling->min_active,
		       VMS_MAX);
		scaling->min_active = 1;
	}
	if (scaling->max_active < scaling->min_active)
		report(r, SEVERITY_ERROR, "descriptor-value", max,
		       "max_active %u is less than min_active %u", scaling->max_active,
		       scaling->min_active);
	for_each_child (pool, s, "static_ip_address_pool") {
		struct address_pool *one = array_push(scaling->pools, scaling->n_pools);

		read_pool(r, pool, one);
	}
}

static void read_placements(struct element *e, struct vm_group *group)
{
	for_each_child (placement, e, "placement") {
		struct placement *one = array_push(group->placements, group->n_placements);

		one->type = key_of(placement, "type");
		one->line = placement->line;
		one->enforcement = leaf(placement, "enforcement");
		if (!one->enforcement)
			one->enforcement = xstrdup("strict");
		one->zone = leaf(placement, "zone");
		one->host = leaf(placement, "host");
		one->vm_group_refs = leaf_list(placement, "vm_group_ref");
	}
}

/* The content has exactly one source, and dnsvnf must support it. False: it has none on purpose. */
static bool read_source(struct esc_reading *r, struct element *e, struct configuration *c)
{
	static const char *const sources[] = {"file", "data", "encrypted_data", "file_locators",
					      "file_locator_name"};
	struct element *first = NULL, *none = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		struct element *source = child_named(e, sources[i]);

		if (i == 0 && is_not_applicable(source)) {
			none = source;
			continue;
		}
		if (source && first)
			report(r, SEVERITY_ERROR, "descriptor-value", source,
			       "%s and %s are both set for dst \"%s\": remove one", first->name,
			       source->name, c->dst);
		else if (source && i >= 2)
			report(r, SEVERITY_ERROR, "descriptor-unsupported", source,
			       "%s is not supported: give the content of dst \"%s\" as file or "
			       "data",
			       source->name, c->dst);
		if (source && !first)
			first = source;
	}
	if (first && streq(first->name, "file")) {
		c->file = xstrdup(element_text(first));
		c->source_line = first->line;
	} else if (first && streq(first->name, "data")) {
		c->data = xstrdup(element_text(first));
		c->source_line = first->text_line ? first->text_line : first->line;
	}
	/* An element that was rejected is not missing. */
	for (size_t i = 0; !first && !none && i < e->n_children; i++)
		for (size_t j = 0; j < ARRAY_SIZE(sources) && !first; j++)
			if (streq(e->children[i]->name, sources[j]) && e->children[i]->schema)
				first = e->children[i];
	if (!first && none)
		report(r, SEVERITY_NOTE, "descriptor-unsupported", none,
		       "the file of dst \"%s\" is \"%s\": the guest gets none", c->dst,
		       element_text(none));
	else if (!first)
		report(r, SEVERITY_ERROR, "descriptor-missing", e,
		       "the configuration of dst \"%s\" has no content: add file or data", c->dst);
	return first || !none;
}

static void read_configurations(struct esc_reading *r, struct element *e, struct vm_group *group)
{
	for_each_child (configuration, child_named(e, "config_data"), "configuration") {
		struct configuration one = {.dst = key_of(configuration, "dst"),
					    .line = configuration->line};
		bool has_content = read_source(r, configuration, &one);

		for_each_child (variable, configuration, "variable") {
			struct variable *v = array_push(one.variables, one.n_variables);

			v->name = key_of(variable, "name");
			v->line = variable->line;
			v->values = leaf_list(variable, "val");
		}
		if (has_content)
			*array_push(group->configurations, group->n_configurations) = one;
		else
			configuration_clear(&one);
	}
}

static void read_recovery(struct element *e, struct vm_group *group)
{
	struct element *policy = child_named(e, "recovery_policy");
	struct element *action = child_named(policy, "action_on_recovery");
	struct element *type = child_named(policy, "recovery_type");

	group->recovery_manual = type && streq(element_text(type), "MANUAL");
	group->action_on_recovery = RECOVERY_REBOOT_THEN_REDEPLOY;
	if (action && streq(element_text(action), "REBOOT_ONLY"))
		group->action_on_recovery = RECOVERY_REBOOT_ONLY;
	else if (action && streq(element_text(action), "REDEPLOY_ONLY"))
		group->action_on_recovery = RECOVERY_REDEPLOY_ONLY;
}

static void read_vm_group(struct esc_reading *r, struct element *e, struct vm_group *group)
{
	group->name = key_of(e, "name");
	group->line = e->line;
	group->locator = read_locator(e);
	group->image = leaf(e, "image");
	group->flavor = leaf(e, "flavor");
	group->vim_vm_name = leaf(e, "vim_vm_name");
	group->bootup_time = (int)leaf_int(e, "bootup_time", -1);
	group->reboot_time = (int)leaf_int(e, "reboot_time", -1);
	group->recovery_wait_time = (int)leaf_int(e, "recovery_wait_time", 0);
	read_recovery(e, group);
	read_interfaces(r, e, group);
	read_kpis(e, group);
	read_rules(r, e, group);
	read_scaling(r, e, &group->scaling);
	for (size_t i = 0; i < group->scaling.n_pools; i++)
		pool_share_out(group, &group->scaling.pools[i]);
	read_placements(e, group);
	read_configurations(r, e, group);
	read_extensions(e, &group->extensions, &group->n_extensions);
}

static void read_placement_groups(struct element *e, struct deployment *deployment)
{
	for_each_child (placement, e, "placement_group") {
		struct placement_group *one =
			array_push(deployment->placement_groups, deployment->n_placement_groups);

		one->name = key_of(placement, "name");
		one->line = placement->line;
		one->type = leaf(placement, "type");
		one->enforcement = leaf(placement, "enforcement");
		if (!one->enforcement)
			one->enforcement = xstrdup("strict");
		one->vm_groups = leaf_list(placement, "vm_group");
	}
}

static void read_deployment(struct esc_reading *r, struct element *e, struct deployment *deployment)
{
	deployment->name = key_of(e, "name");
	deployment->line = e->line;
	deployment->locator = read_locator(e);
	read_networks(r, e, &deployment->networks, &deployment->n_networks);
	for_each_child (group, e, "vm_group") {
		struct vm_group *one = array_push(deployment->vm_groups, deployment->n_vm_groups);

		read_vm_group(r, group, one);
	}
	read_placement_groups(e, deployment);
	read_placement_groups(child_named(e, "policies"), deployment);
	read_extensions(e, &deployment->extensions, &deployment->n_extensions);
}

/* Of ESC 1.x. Without anything else to deploy, the descriptor would deploy nothing. */
static void read_services(struct esc_reading *r, struct element *e, bool others)
{
	for_each_child (services, e, "services")
		report(r, others ? SEVERITY_WARNING : SEVERITY_ERROR, "descriptor-unsupported",
		       services,
		       "'services' is the form of ESC 1.x and is not read%s: write its VMs as "
		       "vm_groups of tenants/tenant/deployments/deployment",
		       others ? "" : ", so there is nothing to deploy here");
}

static void read_tenants(struct esc_reading *r, struct element *root, struct model *model)
{
	for_each_child (e, child_named(root, "tenants"), "tenant") {
		struct tenant *tenant = array_push(model->tenants, model->n_tenants);

		tenant->name = key_of(e, "name");
		tenant->line = e->line;
		tenant->managed_resource = leaf_bool(e, "managed_resource", true);
		tenant->vim_mapping = leaf_bool(e, "vim_mapping", true);
		for_each_child (deployment, child_named(e, "deployments"), "deployment") {
			struct deployment *one =
				array_push(tenant->deployments, tenant->n_deployments);

			read_deployment(r, deployment, one);
		}
		read_extensions(e, &tenant->extensions, &tenant->n_extensions);
		read_services(r, e, tenant->n_deployments > 0);
	}
	read_services(r, root, model->n_tenants > 0);
}

/* Reports elements that are in the data model but not used. */
static void report_unused(struct esc_reading *r, const struct element *e)
{
	for (size_t i = 0; i < e->n_children; i++) {
		const struct element *child = e->children[i];

		if (child->invalid || !child->schema) /* reported, or inside an anydata */
			continue;
		if (child->used)
			report_unused(r, child);
		else
			report(r, SEVERITY_WARNING, "descriptor-unsupported", child,
			       "'%s' has no effect: dnsvnf does not support it", child->name);
	}
}

void model_build(struct esc_reading *r, struct element *root, struct model *model)
{
	read_tenants(r, root, model);
	read_networks(r, root, &model->networks, &model->n_networks);
	read_images(root, model);
	read_flavors(root, model);
	report_unused(r, root);
	if (root->n_children == 0)
		report(r, SEVERITY_ERROR, "descriptor-missing", root,
		       "<" ESC_ROOT "> is empty and has no deployment: add tenants with a tenant "
		       "and its deployment");
}
