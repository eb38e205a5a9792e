/* SPDX-License-Identifier: Apache-2.0 */
/* A group whose configurations are given as strings, loaded, for the tests of src/day0. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/str.h"
#include "day0/day0.h"
#include "model/model.h"

struct fixture {
	struct model *model;
	struct vm_group *group;
	struct findings findings;
};

static inline struct configuration *fixture_add(struct fixture *f, const char *dst,
						const char *data, const char *file)
{
	struct configuration *c = array_push(f->group->configurations, f->group->n_configurations);

	c->dst = xstrdup(dst);
	c->line = 10;
	c->data = xstrdup(data);
	c->source_line = file ? 11 : 1;
	c->file = xstrdup(file);
	return c;
}

static inline void fixture_variable(struct configuration *c, const char *name, const char *value1,
				    const char *value2)
{
	struct variable *v = array_push(c->variables, c->n_variables);

	v->name = xstrdup(name);
	v->line = 20;
	if (value1)
		strv_add(&v->values, value1);
	if (value2)
		strv_add(&v->values, value2);
}

static inline void fixture_init(struct fixture *f, const char *descriptor)
{
	struct tenant *tenant;
	struct deployment *deployment;

	*f = (struct fixture){.model = model_new(descriptor)};
	tenant = array_push(f->model->tenants, f->model->n_tenants);
	deployment = array_push(tenant->deployments, tenant->n_deployments);
	f->group = array_push(deployment->vm_groups, deployment->n_vm_groups);
	f->group->name = xstrdup("group");
	f->group->scaling.min_active = f->group->scaling.max_active = 1;
}

static inline void fixture_load(struct fixture *f)
{
	day0_load(f->model, f->group, &f->findings);
	findings_sort(&f->findings);
}

/* A group with that user data inline, loaded. */
static inline void fixture_user_data(struct fixture *f, const char *data)
{
	fixture_init(f, "dep.xml");
	fixture_add(f, "--user-data", data, NULL);
	fixture_load(f);
}

static inline void fixture_clear(struct fixture *f)
{
	model_free(f->model);
	findings_clear(&f->findings);
}

/* "LINE SEVERITY RULE" of each finding, a line each. */
static inline char *fixture_findings(const struct fixture *f)
{
	struct strbuf b = {0};

	for (size_t i = 0; i < f->findings.n; i++)
		strbuf_addf(&b, "%u %s %s\n", f->findings.v[i].line,
			    severity_name(f->findings.v[i].severity), f->findings.v[i].rule);
	return strbuf_steal(&b);
}

#define cleanup_fixture __attribute__((__cleanup__(fixture_clear)))
