// SPDX-License-Identifier: Apache-2.0
#include "cli/target.h"

#include "base/alloc.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/verb.h"

/* The value of one source: "--vim", or a locator's line. */
struct choice {
	const char *value; /* NULL: no source sets it */
	char *source;
	bool in_descriptor;
};

/* Takes ownership of source. Two that disagree are an error. */
static int choose(const struct verb *verb, struct choice *c, const char *value, char *source,
		  bool in_descriptor)
{
	cleanup_free char *owned = source;

	if (!value || streq(value, c->value))
		return EXIT_DONE;
	if (!c->value) {
		*c = (struct choice){value, steal_ptr(owned), in_descriptor};
		return EXIT_DONE;
	}
	cleanup_err struct err err = ERR_INIT;
	err_set(&err, INVALID,
		"%s is \"%s\" and %s is \"%s\": nothing was changed; omit one of them, or set both "
		"to the same value",
		c->source, c->value, owned, value);
	cli_fail(verb->name, &err);
	return c->in_descriptor && in_descriptor ? EXIT_NOT_RIGHT : EXIT_USAGE;
}

/* leaf: the offset of a string in struct locator, and its name in ESC. */
static int choose_in_descriptor(const struct verb *verb, const struct options *options,
				const struct deployment *deployment, size_t offset,
				const char *leaf, struct choice *c)
{
	int r = EXIT_DONE;

	for (size_t i = 0; deployment && r == EXIT_DONE && i <= deployment->n_vm_groups; i++) {
		const struct locator *l = i < deployment->n_vm_groups
						  ? &deployment->vm_groups[i].locator
						  : &deployment->locator;
		const char *value = *(char *const *)((const char *)l + offset);
		r = choose(verb, c, value && *value ? value : NULL,
			   xasprintf("%s in %s:%u", leaf, options->operand, l->line), true);
	}
	return r;
}

static int choose_vim(const struct verb *verb, const struct options *options,
		      const struct deployment *deployment, struct choice *c)
{
	const char *environment = getenv("OS_CLOUD");

	if (environment && !*environment)
		environment = NULL;
	int r = choose(verb, c, options->vim, xstrdup("--vim"), false);
	if (r == EXIT_DONE)
		r = choose(verb, c, options->os_cloud, xstrdup("--os-cloud"), false);
	if (r == EXIT_DONE)
		r = choose(verb, c, environment, xstrdup("OS_CLOUD"), false);
	return r != EXIT_DONE ? r
			      : choose_in_descriptor(verb, options, deployment,
						     offsetof(struct locator, vim_id), "vim_id", c);
}

/* vim_project, else the one named like the tenant, as in ESC; NULL if vim_mapping is false: the
 * one of the credentials. */
static const char *project_of(const struct tenant *tenant, const struct choice *project)
{
	if (project->value)
		return project->value;
	return tenant && tenant->vim_mapping ? tenant->name : NULL;
}

static void add_part(struct strbuf *line, const char *name, const char *value)
{
	strbuf_addf(line, ", %s %s", name, value ? value : "-");
}

static void print_identity(const struct vim_identity *identity)
{
	static char *last;
	struct strbuf line = {0};

	strbuf_addf(&line, "VIM %s", identity->vim);
	add_part(&line, "region", identity->region);
	add_part(&line, "project", identity->project);
	if (identity->no_project)
		strbuf_adds(&line, " (does not exist yet)");
	add_part(&line, "user", identity->user);
	if (!streq(last, line.s))
		fprintf(stderr, "%s\n", line.s);
	free(last);
	last = strbuf_steal(&line);
}

static int open_and_login(const struct verb *verb, const struct vim_target *target,
			  const struct run_ctx *run, struct vim **ret_vim)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_vim struct vim *vim = NULL;

	if (vim_ops_for(target->vim_name)->open(target, run, &vim, &err) < 0)
		return cli_fail(verb->name, &err);
	int r = vim->ops->login ? vim->ops->login(vim, &err) : 0;
	print_identity(&vim->identity);
	if (r < 0)
		return cli_fail(verb->name, &err);
	*ret_vim = steal_ptr(vim);
	return EXIT_DONE;
}

struct choices {
	struct choice vim, region, project;
};

static void choices_clear(struct choices *c)
{
	free_all(c->vim.source, c->region.source, c->project.source);
}

#define cleanup_choices __attribute__((__cleanup__(choices_clear)))

static int choose_all(const struct verb *verb, const struct options *options,
		      const struct deployment *deployment, struct choices *c)
{
	int r = choose_vim(verb, options, deployment, &c->vim);

	if (r == EXIT_DONE)
		r = choose_in_descriptor(verb, options, deployment,
					 offsetof(struct locator, vim_region), "vim_region",
					 &c->region);
	if (r == EXIT_DONE)
		r = choose_in_descriptor(verb, options, deployment,
					 offsetof(struct locator, vim_project), "vim_project",
					 &c->project);
	return r;
}

int target_check(const struct verb *verb, const struct options *options, const struct model *model)
{
	int r = EXIT_DONE;

	for (size_t t = 0; t < model->n_tenants && r == EXIT_DONE; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments && r == EXIT_DONE; d++) {
			cleanup_choices struct choices c = {0};
			r = choose_all(verb, options, &model->tenants[t].deployments[d], &c);
		}
	return r;
}

int target_open(const struct verb *verb, const struct options *options, const struct tenant *tenant,
		const struct deployment *deployment, const struct run_ctx *run,
		struct vim **ret_vim)
{
	cleanup_choices struct choices c = {0};
	int r = choose_all(verb, options, deployment, &c);

	if (r != EXIT_DONE)
		return r;
	vim_show_timings(options->timings);
	const struct vim_target target = {
		.vim_name = c.vim.value ? c.vim.value : "local",
		.region = c.region.value,
		.project = project_of(tenant, &c.project),
		.make_project = tenant && tenant->managed_resource && tenant->vim_mapping,
		.tenant = tenant ? tenant->name : "",
		.deployment = deployment ? deployment->name : "",
		/* A deploy would set up the link that a drill holds down. */
		.change = (verb->policy & VERB_CHANGES) != 0,
	};
	return open_and_login(verb, &target, run, ret_vim);
}

static void add_word(struct strbuf *b, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "%+,-./:=@_";

	if (*word && !word[strspn(word, plain)]) {
		strbuf_addf(b, " %s", word);
		return;
	}
	strbuf_adds(b, " '");
	for (; *word; word++)
		if (*word == '\'')
			strbuf_adds(b, "'\\''");
		else
			strbuf_add(b, word, 1);
	strbuf_adds(b, "'");
}

char *target_command(const char *verb, const struct options *options, const struct vim *vim)
{
	struct strbuf b = {0};

	strbuf_addf(&b, "dnsvnf %s --vim", verb);
	add_word(&b, vim->identity.vim);
	for (size_t i = 0; options->files[i]; i++) {
		strbuf_adds(&b, " --files");
		add_word(&b, options->files[i]);
	}
	if (*options->operand == '-')
		strbuf_adds(&b, " --");
	add_word(&b, options->operand);
	return strbuf_steal(&b);
}
