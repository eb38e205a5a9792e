// SPDX-License-Identifier: Apache-2.0
/* The arranged picture as SVG. */
#include <string.h>

#include "base/alloc.h"
#include "draw/layout.h"

static const char style[] = ".faint { fill: #6b7280; }\n"
			    "rect { stroke-width: 1.2; }\n"
			    ".host { fill: #f6f7f9; stroke: #9aa3af; }\n"
			    ".node { fill: #eceff3; stroke: #c3c9d2; }\n"
			    ".vm { fill: #ffffff; stroke: #374151; stroke-width: 1.6; }\n"
			    ".box { fill: #ffffff; stroke: #6b7280; }\n"
			    ".virtual { fill: #edf2fa; stroke: #4a6fa5; }\n"
			    ".vf { fill: #eaf5ee; stroke: #2e7d4f; }\n"
			    ".bond { fill: #fff7e3; stroke: #b7791f; }\n"
			    ".service { fill: #f3eefb; stroke: #6b4fa0; }\n"
			    ".cell { fill: #f8fafc; stroke: #94a3b8; }\n"
			    ".unknown { fill: #ffffff; stroke: #8b93a1; stroke-dasharray: 4 3; }\n"
			    ".missing { fill: #fff6f5; stroke: #c62828; stroke-dasharray: 4 3; }\n"
			    "line { stroke-width: 2; }\n"
			    "line.wire-virtual { stroke: #4a6fa5; }\n"
			    "line.wire-vf { stroke: #2e7d4f; }\n"
			    "line.wire-service { stroke: #b7791f; }\n"
			    "line.halo { stroke: #ffffff; stroke-width: 7; }\n"
			    "line.rule { stroke: #d6dae0; stroke-width: 1; }\n"
			    "circle.wire-virtual { fill: #4a6fa5; }\n"
			    "circle.wire-vf { fill: #2e7d4f; }\n"
			    "line.same, line.different, line.maybe { stroke-width: 1.4; }\n"
			    "line.same { stroke: #2e7d4f; }\n"
			    "line.different { stroke: #c62828; stroke-dasharray: 4 3; }\n"
			    "line.maybe { stroke: #c77700; stroke-dasharray: 4 3; }\n"
			    "text.same { fill: #2e7d4f; }\n"
			    "text.different { fill: #c62828; }\n"
			    "text.maybe { fill: #9a5b00; }\n"
			    ".mark { stroke-width: 1; }\n"
			    "rect.error { fill: #fdeceb; stroke: #c62828; }\n"
			    "rect.warning { fill: #fff3dd; stroke: #d98a16; }\n"
			    "text.error { fill: #a31515; }\n"
			    "text.warning { fill: #8a4f00; }\n";

static const char *wire(const struct layout_row *r)
{
	return r->virtual ? "wire-virtual" : "wire-vf";
}

static int lane_x(const struct layout *s, const struct layout_network *n)
{
	return s->net_x + NETWORK_W + GUTTER / 2 + n->lane * LANE;
}

/* A network with several ports has its own lane in the gutter. */
static void draw_lanes(struct strbuf *out, const struct layout *s,
		       const struct layout_deployment *d)
{
	for (size_t g = 0; g < d->n_vms; g++)
		for (size_t i = 0; i < d->vms[g].n_rows; i++) {
			const struct layout_row *r = &d->vms[g].rows[i];
			const struct layout_network *n = &d->networks[r->network];
			int y = box_middle(&r->guest);
			if (r->has_port && n->n_rows > 1 && y == n->top)
				svg_line(out, wire(r), lane_x(s, n), n->top, lane_x(s, n), n->last);
		}
}

static void draw_row_wires(struct strbuf *out, const struct layout *s,
			   const struct layout_deployment *d, const struct layout_vm *g,
			   const struct layout_row *r)
{
	const struct layout_network *n = &d->networks[r->network];
	const struct box *nic = &g->nics[r->nic].box;
	int y = box_middle(&r->port);
	int x = y == n->top ? n->box.x + n->box.w : lane_x(s, n);

	svg_line(out, "halo", x, y, s->host_x - 1, y);
	svg_line(out, wire(r), x, y, nic->x, y);
	if (n->n_rows > 1)
		svg_dot(out, wire(r), lane_x(s, n), y, 3);
	svg_line(out, wire(r), nic->x + nic->w, y, r->port.x, y);
	svg_line(out, wire(r), r->port.x + r->port.w, y, r->guest.x, y);
}

/* A wire from the right of a box to the left of another, straight if possible. */
static void draw_joint(struct strbuf *out, const char *class, const struct box *from,
		       const struct box *to, int lane)
{
	enum { INSET = 10 };
	int x = from->x + from->w, y = box_middle(from);
	int end = y < to->y + INSET            ? to->y + INSET
		  : y > box_bottom(to) - INSET ? box_bottom(to) - INSET
					       : y;

	if (end == y) {
		svg_line(out, class, x, y, to->x, y);
		return;
	}
	svg_line(out, class, x, y, lane, y);
	svg_line(out, class, lane, y, lane, end);
	svg_line(out, class, lane, end, to->x, end);
}

static void draw_guest_wires(struct strbuf *out, const struct layout *s, const struct layout_vm *g)
{
	int right = s->guest_x + GUEST_W;

	for (size_t i = 0; i < g->n_rows; i++) {
		const struct layout_row *r = &g->rows[i];
		for (size_t b = 0; b < g->n_bonds; b++)
			if (r->bond == g->bonds[b].bond && r->bond)
				draw_joint(out, wire(r), &r->guest, &g->bonds[b].box,
					   right + BOND_GAP * (int)(b + 1) / (int)(g->n_bonds + 1));
		if (r->serves)
			draw_joint(out, wire(r), &r->guest, &g->service, right + BOND_GAP / 2);
	}
	if (g->n_bonds > 0)
		draw_joint(out, "wire-service", &g->bonds[0].box, &g->service,
			   s->service_x - SERVICE_GAP / 2);
}

static void draw_vm(struct strbuf *out, const struct layout *s, const struct layout_deployment *d,
		    const struct layout_vm *g)
{
	svg_rect(out, "host", g->host.x, g->host.y, HOST_W, g->host.h, 8);
	box_draw(out, &g->host);
	for (size_t i = 0; i < g->n_nodes; i++)
		box_draw(out, &g->nodes[i].frame);
	box_draw(out, &g->vm);
	for (size_t i = 0; i < g->n_rows; i++)
		if (g->rows[i].has_port)
			draw_row_wires(out, s, d, g, &g->rows[i]);
	draw_guest_wires(out, s, g);
	for (size_t i = 0; i < g->n_nics; i++)
		box_draw(out, &g->nics[i].box);
	for (size_t i = 0; i < g->n_rows; i++) {
		if (g->rows[i].has_port)
			box_draw(out, &g->rows[i].port);
		box_draw(out, &g->rows[i].guest);
	}
	for (size_t i = 0; i < g->n_bonds; i++)
		box_draw(out, &g->bonds[i].box);
	box_draw(out, &g->service);
	for (size_t i = 0; i < g->n_cells; i++)
		box_draw(out, &g->cells[i]);
	box_draw(out, &g->notes);
}

/* A bracket next to two networks: whether they are one segment, as failover requires. */
static void draw_link(struct strbuf *out, const struct layout *s, const struct layout_deployment *d,
		      size_t i)
{
	static const struct {
		const char *class, *text;
	} kinds[] = {
		[LINK_SAME] = {"same", "one segment"},
		[LINK_DIFFERENT] = {"different", "two segments"},
		[LINK_UNKNOWN] = {"maybe", "one segment?"},
	};
	const char *class = kinds[d->links[i].kind].class;
	const struct box *a = &d->networks[d->links[i].a].box, *b = &d->networks[d->links[i].b].box;
	int x = s->net_x - 6 - LINK_W * (int)i, top = box_middle(a), bottom = box_middle(b);
	int high = top < bottom ? bottom - top : top - bottom;

	svg_line(out, class, s->net_x, top, x, top);
	svg_line(out, class, s->net_x, bottom, x, bottom);
	svg_line(out, class, x, top, x, bottom);
	svg_text(out, SVG_SMALL, class, SVG_UP, x - 4, (top + bottom) / 2, high,
		 kinds[d->links[i].kind].text);
}

static void draw_deployment(struct strbuf *out, const struct layout *s,
			    const struct layout_deployment *d)
{
	box_draw(out, &d->head);
	svg_text(out, SVG_TITLE, NULL, SVG_START, s->net_x + BOX_PAD, d->y + 17, NETWORK_W,
		 "networks");
	for (size_t i = 0; i < d->n_links; i++)
		draw_link(out, s, d, i);
	draw_lanes(out, s, d);
	for (size_t i = 0; i < d->n_vms; i++)
		draw_vm(out, s, d, &d->vms[i]);
	for (size_t i = 0; i < d->n_networks; i++)
		box_draw(out, &d->networks[i].box);
}

/* ---- legend ---- */

static void draw_key(struct strbuf *out, int y)
{
	static const struct {
		const char *class, *text;
	} entries[] = {
		{"box virtual", "virtual port, network of the VIM"},
		{"box vf", "SR-IOV, network on a NIC"},
		{"box guest", "interface in the guest"},
		{"box bond", "bond"},
		{"box service", "service"},
		{"mark error", "error"},
		{"mark warning", "warning"},
	};
	int x = MARGIN;

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		svg_rect(out, entries[i].class, x, y, 18, 11, 3);
		svg_text(out, SVG_FAINT, NULL, SVG_START, x + 24, y + 9, 240, entries[i].text);
		x += 24 + svg_text_width(SVG_FAINT, entries[i].text) + 22;
	}
}

static char *count_text(size_t n, const char *one, const char *many)
{
	return xasprintf("%zu %s", n, plural(n, one, many));
}

static void draw_summary(struct strbuf *out, const struct layout *s, int y)
{
	size_t errors = 0;

	for (size_t i = 0; i < s->marks.n_findings; i++)
		errors += s->marks.findings[i]->severity == SEVERITY_ERROR;
	cleanup_free char *e = count_text(errors, "error", "errors");
	cleanup_free char *w = count_text(s->marks.n_findings - errors, "warning", "warnings");
	cleanup_free char *n = count_text(s->n_notes, "note", "notes");
	cleanup_free char *text =
		xasprintf("dnsvnf check: %s, %s%s%s%s", e, w, s->n_notes ? "; " : "",
			  s->n_notes ? n : "", s->n_notes ? " not drawn" : "");
	svg_text(out, SVG_TITLE, NULL, SVG_START, MARGIN, y, s->width - 2 * MARGIN, text);
}

static void draw_finding(struct strbuf *out, const struct layout *s, size_t i, int y)
{
	enum { RULE_X = MARGIN + 38, RULE_W = 150, PLACE_X = RULE_X + RULE_W + 8, PLACE_W = 130 };
	enum { TEXT_X = PLACE_X + PLACE_W + 8 };
	const struct finding *f = s->marks.findings[i];
	const char *file = strrchr(f->file, '/');
	cleanup_free char *number = xasprintf("%zu", i + 1);
	cleanup_free char *place = xasprintf("%s:%u", file ? file + 1 : f->file, f->line);
	const char *class = f->severity == SEVERITY_ERROR ? "error" : "warning";

	svg_group_begin(out, f->text);
	mark_draw(out, f->severity, MARGIN, y, number);
	svg_text(out, SVG_SMALL, class, SVG_START, RULE_X, y + 11, RULE_W, f->rule);
	svg_text(out, SVG_FAINT, NULL, SVG_START, PLACE_X, y + 11, PLACE_W, place);
	svg_text(out, SVG_SMALL, NULL, SVG_START, TEXT_X, y + 11, s->width - MARGIN - TEXT_X,
		 f->text);
	svg_group_end(out);
}

static void draw_legend(struct strbuf *out, const struct layout *s)
{
	int y = s->legend_y;

	draw_key(out, y);
	svg_line(out, "rule", MARGIN, y + 22, s->width - MARGIN, y + 22);
	draw_summary(out, s, y + 42);
	for (size_t i = 0; i < s->marks.n_findings; i++)
		draw_finding(out, s, i, y + 54 + 18 * (int)i);
}

char *layout_paint(const struct layout *s, const char *title)
{
	struct strbuf out = {0};

	svg_begin(&out, s->width, s->height, title, style);
	for (size_t i = 0; i < s->n; i++)
		draw_deployment(&out, s, &s->v[i]);
	draw_legend(&out, s);
	svg_end(&out);
	return strbuf_steal(&out);
}
