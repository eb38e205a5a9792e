// SPDX-License-Identifier: Apache-2.0
/* The content of the boxes of the picture. */

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "check/match.h"
#include "check/rule.h"
#include "draw/internal.h"
#include "draw/place.h"
#include "model/service.h"
#include "placement/request.h"

static const struct draw_place *find_place(const struct drawing *d, const struct vm_group *group,
					   unsigned index)
{
	return array_find(d->places, d->n_places, it->group == group && it->index == index);
}

/* ---- networks ---- */

static void describe_network(struct build *b, const char *name, struct box *box)
{
	const struct network *n = model_network(b->drawing->model, b->deployment, name);
	const struct vm_group *group = b->view ? b->view->group : NULL;

	box_add(box, SVG_TITLE, "%s", name);
	if (!n) {
		box->look = "box unknown";
		box_add(box, SVG_TEXT, "%s",
			str_in_words(model_option(b->deployment, group, "existing_networks"), name)
				? "exists in the VIM"
				: "not in the descriptor");
		return;
	}
	bool physical = n->provider_physical_network != NULL;
	const char *type = n->provider_network_type ? n->provider_network_type : "VIM's own type";
	bool vlan = streq(type, "vlan");
	cleanup_free char *id = n->provider_segmentation_id
					? xasprintf(" %u", n->provider_segmentation_id)
					: xstrdup("");
	box->look = physical ? "box vf" : "box virtual";
	box_add(box, SVG_TEXT, "%s%s%s%s", vlan ? "VLAN" : type, id, physical ? " on " : "",
		physical ? n->provider_physical_network : "");
	for (size_t i = 0; i < n->n_subnets; i++) {
		const struct subnet *s = &n->subnets[i];
		if (s->address)
			box_add(box, SVG_TEXT, "%s/%u%s", s->address, s->prefix,
				s->dhcp ? ", DHCP" : "");
		if (s->gateway)
			box_add(box, SVG_FAINT, "gateway %s", s->gateway);
	}
	box_take_marks(box, b->marks, n);
}

static size_t network_of(struct build *b, const char *name)
{
	struct layout_deployment *d = b->out;

	for (size_t i = 0; i < d->n_networks; i++)
		if (streq(d->networks[i].name, name))
			return i;
	struct layout_network *n = array_push(d->networks, d->n_networks);
	n->name = name;
	n->box.w = NETWORK_W;
	describe_network(b, name, &n->box);
	return d->n_networks - 1;
}

/* ---- ports ---- */

static size_t node_of(struct layout_vm *g, const char *title, bool virtual)
{
	for (size_t i = 0; i < g->n_nodes; i++)
		if (streq(g->nodes[i].frame.lines[0].text, title))
			return i;
	struct layout_node *node = array_push(g->nodes, g->n_nodes);
	node->virtual = virtual;
	node->frame.look = "node";
	node->frame.w = NODE_W;
	box_add(&node->frame, SVG_SMALL, "%s", title);
	return g->n_nodes - 1;
}

static size_t nic_of(struct layout_vm *g, size_t node, const char *title, const char *about)
{
	cleanup_free char *key = xasprintf("%s %s", title, about);

	for (size_t i = 0; i < g->n_nics; i++)
		if (g->nics[i].node == node && streq(g->nics[i].key, key))
			return i;
	struct layout_nic *nic = array_push(g->nics, g->n_nics);
	nic->node = node;
	nic->key = steal_ptr(key);
	nic->box.look = g->nodes[node].virtual ? "box virtual" : "box vf";
	nic->box.w = NIC_W;
	nic->box.centred = true;
	box_add(&nic->box, SVG_TITLE, "%s", title);
	box_add(&nic->box, SVG_TEXT, "%s", about);
	return g->n_nics - 1;
}

/* With the cells of the guest that are on it. */
static char *node_title(const struct draw_place *place, int node)
{
	struct strbuf title = {0};
	unsigned n = 0;

	strbuf_addf(&title, "NUMA node %d", node);
	for (size_t i = 0; i < place->n_cells; i++)
		if (place->cells[i].node == node)
			strbuf_addf(&title, "%s cell %zu", n++ ? "," : ":", i);
	return strbuf_steal(&title);
}

/* Without information from a VIM: OpenStack's default. */
static size_t nic_of_virtual(struct layout_vm *g, const struct draw_port_place *at)
{
	size_t node = node_of(g, "virtual switch", true);

	if (!at || streq(at->vif, "ovs"))
		return nic_of(g, node, "OVS", "br-int");
	return nic_of(g, node, at->vif ? at->vif : "switch", "of the VIM");
}

static size_t nic_of_port(struct build *b, const struct interface *port)
{
	struct layout_vm *g = b->view;
	const struct draw_port_place *at = draw_place_port(b->place, port->nicid);

	if (port->type == PORT_VIRTUAL)
		return nic_of_virtual(g, at);
	const struct network *n = model_network(b->drawing->model, b->deployment, port->network);
	const char *physnet = n ? n->provider_physical_network : NULL;
	cleanup_free char *unknown = xasprintf("physnet of %s unknown", port->network);
	cleanup_free char *node = at && at->node >= 0 ? node_title(b->place, at->node)
				  : at || !physnet    ? xstrdup("NUMA node unknown")
						      : xasprintf("NUMA node of %s", physnet);
	size_t index = node_of(g, node, false);
	if (!at || !at->pf)
		return nic_of(g, index, "PF", physnet ? physnet : unknown);
	cleanup_free char *about = xasprintf("PF, %s", physnet ? physnet : unknown);
	return nic_of(g, index, at->pf, about);
}

static const char *port_kind(enum port_type type)
{
	static const char *const names[] = {
		[PORT_VIRTUAL] = "port",
		[PORT_PASSTHRU] = "whole PF",
		[PORT_DIRECT] = "VF",
		[PORT_MACVTAP] = "VF, macvtap",
	};

	return names[type];
}

static void describe_port(struct build *b, const struct interface *port, struct box *box)
{
	const struct draw_port_place *at = draw_place_port(b->place, port->nicid);
	struct fixed_address fixed;
	struct interface own;

	interface_of_vm(port, b->view->index, &own);
	box->look = port->type == PORT_VIRTUAL ? "box virtual" : "box vf";
	box_add(box, SVG_TITLE, "nicid %u: %s", port->nicid, port_kind(port->type));
	if (at && at->device)
		box_add(box, SVG_TEXT, "%s", at->device);
	if (own.mac_address)
		box_add(box, SVG_SMALL, "%s", own.mac_address);
	for (size_t i = 0; port_address(&own, i, &fixed); i++)
		box_add(box, SVG_SMALL, "%s", fixed.text);
	for (size_t i = 0; i < port->n_allowed_address_pairs; i++)
		if (port->allowed_address_pairs[i].ip_address)
			box_add(box, SVG_FAINT, "allows %s",
				port->allowed_address_pairs[i].ip_address);
	bool trusted =
		streq(model_port_option(b->deployment, b->view->group, port, "trusted"), "true");
	if (port->port_security_enabled == TRI_NO || trusted)
		box_add(box, SVG_FAINT, "%s%s%s",
			port->port_security_enabled == TRI_NO ? "no port security" : "",
			port->port_security_enabled == TRI_NO && trusted ? ", " : "",
			trusted ? "trusted" : "");
	box_take_marks(box, b->marks, port);
}

/* ---- rows ---- */

static struct layout_row *new_row(struct build *b)
{
	struct layout_row *row = array_push(b->view->rows, b->view->n_rows);

	row->port.w = PORT_W;
	row->guest.w = GUEST_W;
	return row;
}

static void add_port_row(struct build *b, const struct guest_match *match,
			 const struct interface *port)
{
	size_t network = network_of(b, port->network ? port->network : "?");
	size_t nic = nic_of_port(b, port);
	struct layout_row *row = new_row(b);

	b->out->networks[network].n_rows++;
	row->has_port = row->has_guest = true;
	row->virtual = port->type == PORT_VIRTUAL;
	row->network = network;
	row->nic = nic;
	describe_port(b, port, &row->port);
	for (size_t i = 0; i < match->n_legs; i++)
		if (match->legs[i].port == port) {
			row->bond = match->legs[i].bond;
			build_leg(b, &match->legs[i], &row->guest);
			return;
		}
	for (size_t i = 0; i < match->n_nics; i++)
		if (match->nics[i].port == port) {
			build_nic(b, &match->nics[i], &row->guest);
			return;
		}
	row->guest.look = "box unknown";
	box_add(&row->guest, SVG_FAINT, "not configured by day-0");
}

static int by_nic(const void *a, const void *b)
{
	const struct layout_row *x = a, *y = b;

	if (x->virtual != y->virtual)
		return x->virtual ? -1 : 1;
	return (x->nic > y->nic) - (x->nic < y->nic);
}

/* qsort(3) of the C library is not stable by contract; there are few rows. */
static void sort_rows(struct layout_vm *g)
{
	for (size_t i = 1; i < g->n_rows; i++)
		for (size_t k = i; k > 0 && by_nic(&g->rows[k - 1], &g->rows[k]) > 0; k--) {
			struct layout_row swap = g->rows[k];
			g->rows[k] = g->rows[k - 1];
			g->rows[k - 1] = swap;
		}
}

/* The virtual switch is above the nodes; NICs are numbered node by node. */
static void add_ports(struct build *b, const struct guest_match *match)
{
	const struct vm_group *group = b->view->group;

	for (int virtual = 1; virtual >= 0; virtual --)
		for (size_t i = 0; i < group->n_interfaces; i++)
			if ((group->interfaces[i].type == PORT_VIRTUAL) == virtual)
				add_port_row(b, match, &group->interfaces[i]);
	struct layout_vm *g = b->view;
	struct layout_nic *nics = xcalloc(g->n_nics + 1, sizeof(*nics));
	size_t *place = xcalloc(g->n_nics + 1, sizeof(*place));
	size_t n = 0;
	for (size_t node = 0; node < g->n_nodes; node++)
		for (size_t i = 0; i < g->n_nics; i++)
			if (g->nics[i].node == node) {
				nics[n] = g->nics[i];
				place[i] = n++;
			}
	for (size_t i = 0; i < g->n_rows; i++)
		g->rows[i].nic = place[g->rows[i].nic];
	free_all(g->nics, place);
	g->nics = nics;
	sort_rows(g);
}

/* Nodes with a cell but without a NIC of the VM. */
static void add_nodes_of_cells(struct build *b)
{
	for (size_t i = 0; b->place && i < b->place->n_cells; i++) {
		cleanup_free char *title = node_title(b->place, b->place->cells[i].node);
		node_of(b->view, title, false);
	}
}

static void add_portless(struct build *b, const struct guest_match *match)
{
	for (size_t i = 0; i < match->n_nics; i++) {
		const struct guest_nic *nic = match->nics[i].nic;
		if (match->nics[i].port || (!nic->name && !nic->mac))
			continue;
		struct layout_row *row = new_row(b);
		row->has_guest = true;
		build_nic(b, &match->nics[i], &row->guest);
	}
	for (size_t i = 0; i < match->n_legs; i++) {
		if (match->legs[i].port)
			continue;
		struct layout_row *row = new_row(b);
		row->has_guest = true;
		row->bond = match->legs[i].bond;
		build_leg(b, &match->legs[i], &row->guest);
	}
}

static void add_service(struct build *b)
{
	struct layout_vm *g = b->view;
	struct box *box = &g->service;
	const char *query = service_query_name(b->deployment, g->group);

	box->look = "box service";
	box->w = SERVICE_W;
	box_add(box, SVG_TITLE, "DNS");
	box_add(box, SVG_TEXT, "port %d", DNS_PORT);
	if (!streq(query, "."))
		box_add(box, SVG_SMALL, "%s", query);
}

/* Without a bond: the ports that own the addresses at which DNS must answer. */
static void find_serving(struct build *b)
{
	struct layout_vm *g = b->view;
	cleanup_strv struct strv addresses = {0};

	if (service_bond(g->group))
		return;
	service_addresses(g->group, g->index, &addresses);
	for (size_t a = 0; a < addresses.n; a++)
		for (size_t i = 0; i < g->n_rows; i++)
			for (size_t l = 0; l < g->rows[i].port.n_lines; l++)
				if (streq(g->rows[i].port.lines[l].text, addresses.v[a]))
					g->rows[i].serves = true;
}

/* ---- VM and host ---- */

static void add_cell(struct build *b, const struct fit_request *r, size_t i)
{
	struct box *box = array_push(b->view->cells, b->view->n_cells);
	struct cpuset vcpus = cpuset_or(&r->cells[i].shared, &r->cells[i].dedicated);
	cleanup_free char *list = cpuset_format(&vcpus);
	const struct draw_place *place = b->place;

	box->look = "box cell";
	box_add(box, SVG_TITLE, "NUMA cell %zu", i);
	box_add(box, SVG_TEXT, "vCPU %s%s", list, r->cells[i].n_dedicated ? ", pinned" : "");
	box_add(box, SVG_TEXT, "%lld MB", (long long)r->cells[i].memory_mb);
	if (!place || !place->host)
		box_add(box, SVG_FAINT, "on a separate host node");
	else if (i < place->n_cells)
		box_add(box, SVG_TEXT, "on node %d%s%s", place->cells[i].node,
			place->cells[i].cpus ? ", CPU " : "",
			place->cells[i].cpus ? place->cells[i].cpus : "");
}

/* The flavor's requests; ports have separate boxes. */
static int vm_request(const struct model *model, const struct vm_group *group,
		      struct fit_request *ret, struct err *err)
{
	const struct flavor *flavor = model_flavor(model, group->flavor);

	if (!flavor)
		return err_set(
			err, NOT_FOUND,
			"flavor \"%s\" is not in the descriptor, so its requests are unknown",
			group->flavor);
	return fit_request_from_flavor(flavor, model_image(model, group->image), ret, err);
}

static void add_cells(struct build *b)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_fit_request struct fit_request r = {0};
	struct box *box;

	if (vm_request(b->drawing->model, b->view->group, &r, &err) < 0) {
		box = array_push(b->view->cells, b->view->n_cells);
		box->look = "box unknown";
		box_add(box, SVG_TITLE, "NUMA cells unknown");
		box_add(box, SVG_FAINT, "%s", err.text);
		return;
	}
	for (size_t i = 0; i < r.n_cells; i++)
		add_cell(b, &r, i);
	if (r.n_cells > 0)
		return;
	box = array_push(b->view->cells, b->view->n_cells);
	box->look = "box cell";
	box_add(box, SVG_TITLE, "no NUMA cells");
	box_add(box, SVG_FAINT, "vCPUs and memory are not bound to a host node");
}

static void describe_vm(struct build *b)
{
	const struct vm_group *group = b->view->group;
	const struct flavor *flavor = model_flavor(b->drawing->model, group->flavor);
	struct box *box = &b->view->vm;
	cleanup_strbuf struct strbuf specs = {0};

	box->look = "vm";
	box->w = VM_W;
	if (group->scaling.min_active > 1)
		box_add(box, SVG_TITLE, "VM %s, %u of %u", group->name, b->view->index + 1,
			group->scaling.min_active);
	else
		box_add(box, SVG_TITLE, "VM %s", group->name);
	strbuf_addf(&specs, "image %s, flavor %s", group->image ? group->image : "not given",
		    group->flavor ? group->flavor : "not given");
	if (flavor)
		strbuf_addf(&specs, ": %u %s, %u MB", flavor->vcpus,
			    plural(flavor->vcpus, "vCPU", "vCPUs"), flavor->memory_mb);
	for (size_t i = 0; flavor && i < flavor->properties.n; i++)
		strbuf_addf(&specs, ", %s=%s", flavor->properties.v[i].name,
			    flavor->properties.v[i].value);
	box_add_wrapped(box, SVG_SMALL, NULL, specs.s);
}

static void describe_host(struct build *b)
{
	struct box *box = &b->view->host;
	const struct draw_place *place = b->place;

	box->w = NODE_W + 2 * HOST_PAD; /* of its text; the VM is beside it */
	cleanup_free char *title = xasprintf("host %s", place && place->host ? place->host : "");
	box_add_wrapped(box, SVG_TITLE, NULL, title);
	if (!place)
		box_add(box, SVG_FAINT, "chosen by Nova");
	else
		box_add_wrapped(box, SVG_SMALL, place->host ? NULL : "error", place->about);
}

static void find_links(struct build *b, const struct guest_match *match)
{
	struct rule_ctx ctx = {
		.model = b->drawing->model,
		.deployment = b->deployment,
		.group = b->view->group,
	};
	static const enum layout_link_kind kinds[] = {
		[SEGMENT_SAME] = LINK_SAME,
		[SEGMENT_DIFFERENT] = LINK_DIFFERENT,
		[SEGMENT_UNKNOWN] = LINK_UNKNOWN,
	};

	for (size_t i = 1; i < match->n_legs; i++) {
		const struct leg_match *x = &match->legs[i - 1], *y = &match->legs[i];
		bool seen = false;
		if (x->bond != y->bond || !x->port || !y->port || !x->port->network ||
		    !y->port->network || streq(x->port->network, y->port->network))
			continue;
		struct layout_link link = {
			network_of(b, x->port->network), network_of(b, y->port->network),
			kinds[rule_segment(&ctx, x->port->network, y->port->network)]};
		for (size_t k = 0; k < b->out->n_links; k++)
			seen |= b->out->links[k].a == link.a && b->out->links[k].b == link.b;
		if (!seen)
			*array_push(b->out->links, b->out->n_links) = link;
	}
}

static void build_vm(struct build *b, const struct vm_group *group, unsigned index)
{
	struct guest_match match;

	b->view = array_push(b->out->vms, b->out->n_vms);
	b->view->group = group;
	b->view->index = index;
	b->place = find_place(b->drawing, group, index);
	guest_match(group, &match);
	describe_host(b);
	describe_vm(b);
	add_ports(b, &match);
	add_nodes_of_cells(b);
	add_portless(b, &match);
	for (size_t i = 0; i < group->guest.n_bonds; i++)
		build_bond(b, &group->guest.bonds[i]);
	add_service(b);
	find_serving(b);
	add_cells(b);
	b->view->notes.w = VM_W - 2 * VM_PAD + 2 * BOX_PAD;
	box_take_marks(&b->view->notes, b->marks, group);
	find_links(b, &match);
	guest_match_clear(&match);
}

static void add_idle_networks(struct build *b)
{
	for (size_t i = 0; i < b->deployment->n_networks; i++) {
		size_t index = network_of(b, b->deployment->networks[i].name);
		struct layout_network *n = &b->out->networks[index];
		if (n->n_rows == 0)
			box_add(&n->box, SVG_FAINT, "no port uses it");
	}
}

static void describe_deployment(struct build *b, const struct tenant *tenant)
{
	struct box *box = &b->out->head;
	const char *file = strrchr(b->drawing->model->file, '/');
	const struct deployment *d = b->deployment;

	box->w = NETWORK_W + HOST_W;
	box_add(box, SVG_HEADING, "%s", d->name);
	box_add(box, SVG_TEXT, "tenant %s, from %s", tenant->name,
		file ? file + 1 : b->drawing->model->file);
	for (size_t i = 0; i < d->n_placement_groups; i++) {
		const struct placement_group *p = &d->placement_groups[i];
		cleanup_strbuf struct strbuf names = {0};
		for (size_t k = 0; k < p->vm_groups.n; k++)
			strbuf_addf(&names, "%s%s", k ? ", " : "", p->vm_groups.v[k]);
		box_add(box, SVG_TEXT, "%s: %s on %s%s", p->name ? p->name : "placement group",
			names.s ? names.s : "nothing",
			streq(p->type, "anti_affinity") ? "different hosts" : "one host",
			streq(p->enforcement, "strict") ? " (strict)" : "");
	}
	box_take_marks(box, b->marks, d);
}

void layout_build(const struct drawing *drawing, struct layout *ret)
{
	struct layout s = {0};
	const struct model *model = drawing->model;

	marks_make(model, drawing->findings, &s.marks);
	s.n_notes = findings_count(drawing->findings, SEVERITY_NOTE);
	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t i = 0; i < model->tenants[t].n_deployments; i++) {
			const struct deployment *d = &model->tenants[t].deployments[i];
			struct build b = {
				.drawing = drawing,
				.deployment = d,
				.marks = &s.marks,
				.out = array_push(s.v, s.n),
			};
			describe_deployment(&b, &model->tenants[t]);
			for (size_t g = 0; g < d->n_vm_groups; g++)
				for (unsigned vm = 0; vm < d->vm_groups[g].scaling.min_active; vm++)
					build_vm(&b, &d->vm_groups[g], vm);
			b.view = NULL;
			add_idle_networks(&b);
		}
	if (s.n > 0)
		box_take_marks(&s.v[0].head, &s.marks, NULL);
	*ret = s;
}

static void clear_vm(struct layout_vm *g)
{
	for (size_t i = 0; i < g->n_nodes; i++)
		box_clear(&g->nodes[i].frame);
	for (size_t i = 0; i < g->n_nics; i++) {
		free(g->nics[i].key);
		box_clear(&g->nics[i].box);
	}
	for (size_t i = 0; i < g->n_rows; i++) {
		box_clear(&g->rows[i].port);
		box_clear(&g->rows[i].guest);
	}
	for (size_t i = 0; i < g->n_bonds; i++)
		box_clear(&g->bonds[i].box);
	for (size_t i = 0; i < g->n_cells; i++)
		box_clear(&g->cells[i]);
	free_all(g->nodes, g->nics, g->rows, g->bonds, g->cells);
	box_clear(&g->host);
	box_clear(&g->vm);
	box_clear(&g->service);
	box_clear(&g->notes);
}

void layout_clear(struct layout *layout)
{
	for (size_t i = 0; i < layout->n; i++) {
		struct layout_deployment *d = &layout->v[i];
		for (size_t k = 0; k < d->n_networks; k++)
			box_clear(&d->networks[k].box);
		for (size_t k = 0; k < d->n_vms; k++)
			clear_vm(&d->vms[k]);
		box_clear(&d->head);
		free_all(d->networks, d->vms, d->links);
	}
	free(layout->v);
	marks_clear(&layout->marks);
	*layout = (struct layout){0};
}
