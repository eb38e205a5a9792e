// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/clouds.h"

#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "vim/openstack/cloud_settings.h"

enum {
	FILE_BYTES_MAX = 1024 * 1024,
	NAMES_SHOWN = 20,
};

/* State of cloud_parse. */
struct parser {
	const struct cloud_sources *sources;
	struct cloud_document clouds, secure, public, profiles;
	struct err *err;
};

static void parser_clear(struct parser *p)
{
	cloud_document_clear(&p->clouds);
	cloud_document_clear(&p->secure);
	cloud_document_clear(&p->public);
	cloud_document_clear(&p->profiles);
}

/* Value of the variable; NULL: not set, or empty. */
static const char *variable(const char *const *environment, const char *name)
{
	size_t len = strlen(name);

	for (const char *const *e = environment; *e; e++)
		if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
			return (*e)[len + 1] ? *e + len + 1 : NULL;
	return NULL;
}

/* The name of the cloud in the OS_* variables. */
static const char *environment_cloud(const char *const *environment)
{
	const char *name = variable(environment, "OS_CLOUD_NAME");

	return name ? name : "envvars";
}

/* Whether a variable defines a cloud: openstacksdk's OpenStackConfig._get_os_environ. */
static bool environment_has_cloud(const char *const *environment)
{
	static const char *const selectors[] = {
		"OS_CLOUD=",
		"OS_REGION_NAME=",
		"OS_CLIENT_CONFIG_FILE=",
		"OS_CLIENT_SECURE_FILE=",
		"OS_CLOUD_NAME=",
		"OS_TEST",
		"OS_STD",
		"OS_LOG",
	};

	for (const char *const *e = environment; *e; e++) {
		bool selector = !str_starts(*e, "OS_");
		for (size_t i = 0; i < ARRAY_SIZE(selectors); i++)
			selector = selector || str_starts(*e, selectors[i]);
		if (!selector)
			return true;
	}
	return false;
}

/* Appends the names of the document's clouds, except those in `but`, to the first n, up to a limit;
 * returns how many it added. */
static size_t list_names(struct cloud_document *d, struct cloud_document *but, struct strbuf *names,
			 size_t n, const char **ret_last)
{
	yaml_node_t *map = d->path ? yaml_get(&d->yaml, yaml_root(&d->yaml), "clouds") : NULL;
	yaml_node_t *hidden =
		but && but->path ? yaml_get(&but->yaml, yaml_root(&but->yaml), "clouds") : NULL;
	size_t added = 0;

	for (size_t i = 0; i < yaml_pairs(map) && n + added <= NAMES_SHOWN; i++) {
		yaml_node_t *key, *value;
		yaml_pair(&d->yaml, map, i, &key, &value);
		const char *name = yaml_str(key);
		if (!name || streq(name, "<<") || (hidden && yaml_get(&but->yaml, hidden, name)))
			continue;
		*ret_last = name;
		if (n + added < NAMES_SHOWN) {
			cleanup_free char *q = quotable(name);
			strbuf_addf(names, "%s%s", n + added ? ", " : "", q);
		} else {
			strbuf_adds(names, " ...");
		}
		added++;
	}
	return added;
}

/* The file with the clouds, for messages. */
static const char *files(const struct parser *p)
{
	return p->clouds.path ? p->clouds.path : p->secure.path;
}

/* name NULL: selects the only cloud. The returned name lives as long as the parser. */
static int choose(struct parser *p, const char *name, const char **ret_name, struct err *err)
{
	cleanup_strbuf struct strbuf names = {0};
	const char *last = NULL;
	size_t n = list_names(&p->clouds, NULL, &names, 0, &last);

	n += list_names(&p->secure, &p->clouds, &names, n, &last);
	if (!name && n == 1) {
		*ret_name = last;
		return 0;
	}
	if (!files(p)) {
		const char *given = p->sources->looked_at,
			   *looked_at = given ? given : "clouds.yaml";
		enum err_kind kind = p->sources->denied ? ERR_LOCAL : ERR_NOT_FOUND;
		int code = p->sources->denied ? EACCES : ENOENT;
		if (!name)
			return err_set_kind(err, kind, code,
					    "no cloud is selected, and there is no %s: set "
					    "OS_CLOUD, or OS_AUTH_URL and the other OS_* variables",
					    looked_at);
		cleanup_free char *q = quotable(name);
		return err_set_kind(err, kind, code, "cloud \"%s\" not found: there is no %s", q,
				    looked_at);
	}
	if (!name)
		return err_set(err, NOT_FOUND,
			       "no cloud is selected: set OS_CLOUD to one of those in %s: %s",
			       files(p), n ? names.s : "none");
	cleanup_free char *q = quotable(name);
	return err_set(err, NOT_FOUND, "cloud \"%s\" is not in %s, which defines %s", q, files(p),
		       n ? names.s : "none");
}

/* Reads both files; settings in secure.yaml override those in clouds.yaml. */
static int read_cloud(struct parser *p, const char *name, struct cloud *cloud,
		      struct cloud_settings *s)
{
	struct cloud_document *docs[] = {&p->clouds, &p->secure};
	const struct cloud_file *from[] = {&p->sources->clouds, &p->sources->secure};
	yaml_node_t *key, *map;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(docs) && r == 0; i++)
		r = cloud_document_load(docs[i], from[i], p->err);
	if (r == 0 && !name)
		r = choose(p, NULL, &name, p->err);
	for (size_t i = 0; i < ARRAY_SIZE(docs) && r == 0; i++) {
		r = cloud_document_find(docs[i], "clouds", name, &key, &map, p->err);
		if (r < 0 || !key)
			continue;
		if (!cloud->where)
			cloud->where = xasprintf("%s:%u", docs[i]->path,
						 cloud_document_line(docs[i], key));
		r = cloud_settings_add(s, docs[i], map, true, p->err);
	}
	if (r == 0 && !cloud->where)
		r = choose(p, name, &name, p->err);
	if (r == 0)
		cloud->name = xstrdup(name);
	return r;
}

/* The profile of that name in the document; *ret_found: it is there. */
static int find_profile(struct parser *p, struct cloud_document *d, const struct cloud_file *file,
			const char *name, struct cloud_settings *ret, bool *ret_found)
{
	yaml_node_t *key = NULL, *map = NULL;
	int r = cloud_document_load(d, file, p->err);

	if (r == 0)
		r = cloud_document_find(d, "public-clouds", name, &key, &map, p->err);
	*ret_found = r == 0 && key;
	return *ret_found ? cloud_settings_add(ret, d, map, true, p->err) : r;
}

/* The profile of the cloud: that of clouds-public.yaml, else one that openstacksdk ships. */
static int read_profile(struct parser *p, const struct cloud *cloud,
			const struct cloud_settings *own, struct cloud_settings *ret)
{
	static const char shipped[] =
#include "cloud-profiles.yaml.inc"
		;
	static const struct cloud_file built_in = {"the profiles of openstacksdk", shipped,
						   sizeof(shipped) - 1};
	const struct cloud_setting *s = cloud_settings_get(own, CLOUD_KEY_PROFILE);
	bool found;

	if (!s)
		s = cloud_settings_get(own, CLOUD_KEY_CLOUD); /* the old name */
	if (!s || streq(s->text, environment_cloud(p->sources->environment)))
		return 0;
	if (!s->text)
		return cloud_setting_wrong(s, p->err, "profile must be a name");
	int r = find_profile(p, &p->public, &p->sources->public, s->text, ret, &found);
	if (r < 0 || found)
		return r;
	r = find_profile(p, &p->profiles, &built_in, s->text, ret, &found);
	const struct cloud_setting *nested = cloud_settings_get(ret, CLOUD_KEY_PROFILE);
	if (r < 0 || (found && !nested))
		return r;
	cleanup_free char *q = quotable(s->text);
	if (nested || strstr(s->text, "://"))
		return cloud_setting_wrong(
			s, p->err,
			"cloud '%s' has the profile '%s', which openstacksdk fetches from a web "
			"server; dnsvnf does not: set auth_url and regions in the cloud",
			cloud->name, q);
	const char *path = p->public.path;
	return cloud_setting_wrong(
		s, p->err,
		"cloud '%s' has the profile '%s', which is not in %s, and openstacksdk ships none "
		"of this name: correct it, or set auth_url and regions in the cloud",
		cloud->name, q, path ? path : "a clouds-public.yaml");
}

static int region_wrong(const struct cloud_setting *s, const char *wanted, struct err *err)
{
	return cloud_setting_wrong(
		s, err,
		"the cloud has no region \"%s\", which the descriptor's vim_region names: add it "
		"to the cloud's \"regions\", or correct "
		"vim_region",
		wanted);
}

/* The wanted one (NULL: the first) of a list of regions: a name, or a mapping of name and
 * values. */
static int pick_region(const struct cloud_setting *s, const char *wanted, char **ret_name,
		       struct cloud_settings *ret_values, struct err *err)
{
	yaml_node_t *list = s->node;

	for (size_t i = 0; i < yaml_len(list); i++) {
		yaml_node_t *region = yaml_item(&s->doc->yaml, list, i);
		yaml_node_t *name =
			yaml_is_map(region) ? yaml_get(&s->doc->yaml, region, "name") : region;
		if (!yaml_str(name))
			return cloud_node_wrong(
				s->doc, region, err,
				"a region must be a name, or a mapping with name and values");
		if (wanted && !streq(yaml_str(name), wanted))
			continue;
		*ret_name = xstrdup(yaml_str(name));
		yaml_node_t *values = yaml_get(&s->doc->yaml, region, "values");
		if (yaml_is_null(values))
			return 0;
		if (!yaml_is_map(values))
			return cloud_node_wrong(s->doc, values, err, "values must be a mapping");
		return cloud_settings_add(ret_values, s->doc, values, false, err);
	}
	return wanted ? region_wrong(s, wanted, err) : 0;
}

/* Is it one of "A,B,C"? */
static bool is_listed(const char *list, const char *wanted)
{
	size_t len = strlen(wanted);

	for (const char *p = list;; p += strcspn(p, ",") + 1) {
		if (strcspn(p, ",") == len && strncmp(p, wanted, len) == 0)
			return true;
		if (!p[strcspn(p, ",")])
			return false;
	}
}

/* false: these settings have no regions. */
static bool find_region(const struct cloud_settings *s, const char *wanted, char **ret_name,
			struct cloud_settings *ret_values, struct err *err, int *ret_code)
{
	const struct cloud_setting *regions = cloud_settings_get(s, CLOUD_KEY_REGIONS);
	const struct cloud_setting *name = cloud_settings_get(s, CLOUD_KEY_REGION_NAME);

	*ret_code = 0;
	if (!regions && !name)
		return false;
	if (regions && (regions->text || !yaml_is_list(regions->node)))
		*ret_code = cloud_setting_wrong(regions, err, "regions must be a list");
	else if (regions || !name->text)
		*ret_code =
			pick_region(regions ? regions : name, wanted, ret_name, ret_values, err);
	else if (wanted && *name->text && !is_listed(name->text, wanted))
		*ret_code = region_wrong(name, wanted, err);
	else if (wanted)
		*ret_name = xstrdup(wanted);
	else
		*ret_name = xstrndup(name->text, strcspn(name->text, ","));
	return true;
}

static int parse(struct parser *p, const char *name, struct cloud *cloud)
{
	const char *const *environment = p->sources->environment;
	struct cloud_settings own = {0}, all = {0}, region = {0};
	int r = 0;

	if (!name || !*name)
		name = variable(environment, "OS_CLOUD");
	const char *in_environment = environment_cloud(environment);
	if (environment_has_cloud(environment) && (!name || streq(name, in_environment))) {
		cloud->name = xstrdup(in_environment);
		cloud->where = xstrdup(CLOUD_WHERE_ENVIRONMENT);
		cloud_settings_add_environment(&own, environment);
	} else {
		r = read_cloud(p, name, cloud, &own);
	}
	if (r == 0)
		r = read_profile(p, cloud, &own, &all);
	if (r < 0)
		return r;
	const char *wanted = p->sources->region;
	if (!find_region(&own, wanted, &cloud->region, &region, p->err, &r))
		find_region(&all, wanted, &cloud->region, &region, p->err, &r);
	if (r < 0)
		return r;
	if (cloud->region && !*cloud->region) {
		free(cloud->region);
		cloud->region = NULL;
	}
	if (!cloud->region)
		cloud->region = xstrdup(wanted);
	cloud_settings_overlay(&all, &own);
	cloud_settings_overlay(&all, &region);
	return cloud_resolve(&all, variable(environment, "HOME"), cloud, p->err);
}

int cloud_parse(const struct cloud_sources *sources, const char *name, struct cloud *ret,
		struct err *err)
{
	struct parser p = {.sources = sources, .err = err};
	cleanup_cloud struct cloud cloud = {0};
	int r = parse(&p, name, &cloud);

	parser_clear(&p);
	if (r < 0)
		return r;
	*ret = steal(cloud);
	return 0;
}

struct folders {
	char **v;
	size_t n;
};

static void folders_clear(struct folders *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i]);
	free(f->v);
}

static void find_folders(struct folders *f, const char *const *variables)
{
	const char *config = variable(variables, "XDG_CONFIG_HOME"),
		   *home = variable(variables, "HOME"),
		   *site = variable(variables, "XDG_CONFIG_DIRS");
	char *here = get_current_dir_name();

	*array_push(f->v, f->n) = here ? here : xstrdup(".");
	if (config)
		*array_push(f->v, f->n) = xasprintf("%s/openstack", config);
	if (home)
		*array_push(f->v, f->n) = xasprintf("%s/.config/openstack", home);
	*array_push(f->v, f->n) = xasprintf("%s/openstack", site ? site : "/etc/xdg");
	*array_push(f->v, f->n) = xstrdup("/etc/openstack");
}

/* 1: read. A missing or unreadable file is skipped, as in the SDK. */
static int try_file(const char *path, struct cloud_file *ret, struct strbuf *denied,
		    struct err *err)
{
	cleanup_err struct err why = ERR_INIT;
	char *text;
	size_t len;
	int r = file_read(path, FILE_BYTES_MAX, &text, &len, &why);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r == -EACCES) {
		strbuf_addf(denied, "; permission denied: %s", path);
		return 0;
	}
	if (r < 0)
		return err_copy(err, &why);
	*ret = (struct cloud_file){xstrdup(path), text, len};
	return 1;
}

/* NAME.yaml, .yml, .json of each folder; *ret is owned and empty when there is none. */
static int find_file(const struct folders *folders, const char *first, const char *name,
		     struct cloud_file *ret, struct strbuf *denied, struct err *err)
{
	static const char *const suffixes[] = {"yaml", "yml", "json"};
	int r = first ? try_file(first, ret, denied, err) : 0;

	for (size_t i = 0; i < folders->n && r == 0; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(suffixes) && r == 0; j++) {
			cleanup_free char *path =
				xasprintf("%s/%s.%s", folders->v[i], name, suffixes[j]);
			r = try_file(path, ret, denied, err);
		}
	}
	return r < 0 ? r : 0;
}

static char *describe_search(const struct folders *folders, const char *first, const char *denied)
{
	struct strbuf b = {0};

	if (first)
		strbuf_addf(&b, "%s and no ", first);
	strbuf_adds(&b, "clouds.yaml, .yml or .json in ");
	for (size_t i = 0; i < folders->n; i++)
		strbuf_addf(&b, "%s%s",
			    i == 0               ? ""
			    : i + 1 < folders->n ? ", "
						 : " or ",
			    folders->v[i]);
	strbuf_adds(&b, denied ? denied : "");
	return strbuf_steal(&b);
}

int cloud_load(const char *name, const char *region, struct cloud *ret, struct err *err)
{
	__attribute__((__cleanup__(folders_clear))) struct folders folders = {0};
	cleanup_strbuf struct strbuf denied = {0};
	const char *const *variables = (const char *const *)environ;
	const char *first = variable(variables, "OS_CLIENT_CONFIG_FILE");
	const char *secure = variable(variables, "OS_CLIENT_SECURE_FILE");
	struct cloud_sources s = {.environment = variables, .region = region};

	find_folders(&folders, variables);
	int r = find_file(&folders, first, "clouds", &s.clouds, &denied, err);
	cleanup_free char *looked_at = describe_search(&folders, first, denied.s);
	s.looked_at = looked_at;
	s.denied = denied.len > 0;
	if (r == 0)
		r = find_file(&folders, secure, "secure", &s.secure, &denied, err);
	if (r == 0)
		r = find_file(&folders, NULL, "clouds-public", &s.public, &denied, err);
	if (r == 0)
		r = cloud_parse(&s, name, ret, err);
	const struct cloud_file *read[] = {&s.clouds, &s.secure, &s.public};
	for (size_t i = 0; i < ARRAY_SIZE(read); i++) {
		free_all((char *)read[i]->path, (char *)read[i]->text);
	}
	return r;
}

static void free_secret(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void cloud_clear(struct cloud *c)
{
	free_secret(c->password);
	free_secret(c->application_credential_secret);
	free_secret(c->token);
	free_all(c->name, c->where, c->auth_url, c->user_id, c->user_name, c->user_domain_id,
		 c->user_domain_name, c->project_id, c->project_name, c->project_domain_id,
		 c->project_domain_name, c->application_credential_id,
		 c->application_credential_name, c->region, c->cacert, c->cert, c->key);
	for (size_t i = 0; i < SERVICES; i++) {
		struct cloud_service *service = &c->services[i];
		free_all(service->override, service->region, service->type, service->name);
		strv_clear(&service->interfaces);
	}
	*c = (struct cloud){0};
}
