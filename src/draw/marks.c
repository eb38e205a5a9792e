// SPDX-License-Identifier: Apache-2.0
#include "draw/marks.h"

#include "base/alloc.h"
#include "base/str.h"
#include "model/model.h"

/*
 * Where an element begins in a file. A finding in the descriptor belongs to the last element before
 * it; a finding in a day-0 file belongs to an element on the same line, else to the VMs that use
 * the file.
 */
struct anchor {
	const char *file;
	unsigned line;
	const void *element;
	bool shared;     /* also for other elements on the same line */
	bool whole_file; /* the element gets all findings of the file that no other element has */
};

struct anchors {
	struct anchor *v;
	size_t n;
};

static void add(struct anchors *a, const char *file, unsigned line, const void *element)
{
	if (line > 0)
		*array_push(a->v, a->n) =
			(struct anchor){.file = file, .line = line, .element = element};
}

/* Flavors and day-0 files may belong to several VMs. */
static void add_shared(struct anchors *a, const char *file, unsigned line, const void *element)
{
	if (line > 0)
		*array_push(a->v, a->n) = (struct anchor){
			.file = file, .line = line, .element = element, .shared = true};
}

static void add_whole(struct anchors *a, const char *file, const void *element)
{
	if (file)
		*array_push(a->v, a->n) =
			(struct anchor){.file = file, .element = element, .whole_file = true};
}

static void add_networks(struct anchors *a, const char *file, const struct network *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add(a, file, v[i].line, &v[i]);
		for (size_t k = 0; k < v[i].n_subnets; k++)
			add(a, file, v[i].subnets[k].line, &v[i]);
	}
}

static void add_interface(struct anchors *a, const char *file, const struct interface *i)
{
	add(a, file, i->line, i);
	for (size_t k = 0; k < i->n_addresses; k++)
		add(a, file, i->addresses[k].line, i);
	for (size_t k = 0; k < i->n_allowed_address_pairs; k++)
		add(a, file, i->allowed_address_pairs[k].line, i);
}

static void add_guest(struct anchors *a, const struct vm_group *group)
{
	const struct guest_network *g = &group->guest;

	for (size_t i = 0; i < g->n_bonds; i++) {
		const struct bond *b = &g->bonds[i];
		add_shared(a, b->file, b->line, b);
		add_whole(a, b->file, group);
		for (size_t k = 0; k < b->n_legs; k++) {
			add_shared(a, b->legs[k].file, b->legs[k].line, &b->legs[k]);
			add_whole(a, b->legs[k].file, group);
		}
		for (size_t k = 0; k < b->n_vlans; k++)
			add_shared(a, b->vlans[k].file, b->vlans[k].line, b);
	}
	for (size_t i = 0; i < g->n_nics; i++) {
		add_shared(a, g->nics[i].file, g->nics[i].line, &g->nics[i]);
		add_whole(a, g->nics[i].file, group);
	}
}

static void add_group(struct anchors *a, const struct model *model, const struct vm_group *group)
{
	const char *file = model->file;
	const struct flavor *flavor = model_flavor(model, group->flavor);
	const struct image *image = model_image(model, group->image);

	add(a, file, group->line, group);
	if (flavor)
		add_shared(a, file, flavor->line, group);
	for (size_t i = 0; flavor && i < flavor->properties.n; i++)
		add_shared(a, file, flavor->properties.v[i].line, group);
	if (image)
		add_shared(a, file, image->line, group);
	for (size_t i = 0; i < group->n_interfaces; i++)
		add_interface(a, file, &group->interfaces[i]);
	for (size_t i = 0; i < group->n_kpis; i++)
		add(a, file, group->kpis[i].line, group);
	for (size_t i = 0; i < group->n_rules; i++)
		add(a, file, group->rules[i].line, group);
	add(a, file, group->scaling.line, group);
	for (size_t i = 0; i < group->n_placements; i++)
		add(a, file, group->placements[i].line, group);
	for (size_t i = 0; i < group->n_extensions; i++)
		add(a, file, group->extensions[i].line, group);
	for (size_t i = 0; i < group->n_configurations; i++) {
		add(a, file, group->configurations[i].line, group);
		add_whole(a, group->configurations[i].path, group);
	}
	add_guest(a, group);
}

static void add_deployment(struct anchors *a, const struct model *model,
			   const struct tenant *tenant, const struct deployment *d)
{
	add(a, model->file, tenant->line, d);
	add(a, model->file, d->line, d);
	add_networks(a, model->file, d->networks, d->n_networks);
	for (size_t i = 0; i < d->n_placement_groups; i++)
		add(a, model->file, d->placement_groups[i].line, d);
	for (size_t i = 0; i < d->n_extensions; i++)
		add(a, model->file, d->extensions[i].line, d);
	for (size_t i = 0; i < d->n_vm_groups; i++)
		add_group(a, model, &d->vm_groups[i]);
}

static void find_anchors(const struct model *model, struct anchors *a)
{
	add_networks(a, model->file, model->networks, model->n_networks);
	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments; d++)
			add_deployment(a, model, &model->tenants[t],
				       &model->tenants[t].deployments[d]);
}

/* An element has one mark per rule. */
static void mark_element(struct marks *m, const void *element, const struct finding *f)
{
	struct mark *mark = NULL;
	size_t number = m->n_findings;

	for (size_t i = 0; i < m->n && !mark; i++)
		if (m->v[i].element == element && streq(m->v[i].rule, f->rule))
			mark = &m->v[i];
	if (!mark) {
		mark = array_push(m->v, m->n);
		*mark = (struct mark){.element = element, .rule = f->rule, .severity = f->severity};
	}
	/* Two anchors on the finding's line may be the same element. */
	if (mark->n_numbers && mark->numbers[mark->n_numbers - 1] == number)
		return;
	*array_push(mark->numbers, mark->n_numbers) = number;
	if (f->severity < mark->severity)
		mark->severity = f->severity;
	char *hint = mark->hint ? xasprintf("%s; %s", mark->hint, f->text) : xstrdup(f->text);
	free(mark->hint);
	mark->hint = hint;
}

/* Three or more consecutive numbers are written as a range. */
static char *mark_label(const struct mark *mark)
{
	struct strbuf b = {0};

	for (size_t i = 0; i < mark->n_numbers; i++) {
		size_t last = i;
		while (last + 1 < mark->n_numbers &&
		       mark->numbers[last + 1] == mark->numbers[last] + 1)
			last++;
		strbuf_addf(&b, "%s%zu", i ? "," : "", mark->numbers[i]);
		if (last >= i + 2) {
			strbuf_addf(&b, "-%zu", mark->numbers[last]);
			i = last;
		}
	}
	strbuf_addf(&b, " %s", mark->rule);
	return strbuf_steal(&b);
}

static void mark_finding(struct marks *m, const struct anchors *a, const char *descriptor,
			 const struct finding *f)
{
	const struct anchor *before = NULL;
	bool found = false;

	for (size_t i = 0; i < a->n; i++) {
		const struct anchor *at = &a->v[i];
		if (at->whole_file || !streq(at->file, f->file))
			continue;
		if (at->line == f->line) {
			if (found && !at->shared)
				continue;
			mark_element(m, at->element, f);
			found = true;
		} else if (at->line < f->line && (!before || at->line > before->line)) {
			before = at;
		}
	}
	if (found)
		return;
	if (streq(f->file, descriptor)) {
		mark_element(m, before ? before->element : NULL, f);
		return;
	}
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].whole_file && streq(a->v[i].file, f->file)) {
			mark_element(m, a->v[i].element, f);
			found = true;
		}
	if (!found)
		mark_element(m, NULL, f);
}

void marks_make(const struct model *model, const struct findings *findings, struct marks *ret)
{
	struct marks m = {0};
	struct anchors anchors = {0};

	find_anchors(model, &anchors);
	for (size_t i = 0; i < findings->n; i++) {
		if (findings->v[i].severity == SEVERITY_NOTE)
			continue;
		*array_push(m.findings, m.n_findings) = &findings->v[i];
		mark_finding(&m, &anchors, model->file, &findings->v[i]);
	}
	for (size_t i = 0; i < m.n; i++)
		m.v[i].label = mark_label(&m.v[i]);
	free(anchors.v);
	*ret = m;
}

void marks_clear(struct marks *marks)
{
	for (size_t i = 0; i < marks->n; i++) {
		free_all(marks->v[i].numbers, marks->v[i].label, marks->v[i].hint);
	}
	free_all(marks->v, marks->findings);
	*marks = (struct marks){0};
}
