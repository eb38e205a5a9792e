// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/cloud_settings.h"

#include <ctype.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/clouds.h"

static const struct yaml_reader sdk = {"openstacksdk", "file", "clouds-yaml", "clouds-yaml-key"};

static const char *const key_names[CLOUD_KEY_COUNT] = {
	[CLOUD_KEY_API_VERSION] = "api_version",
	[CLOUD_KEY_APPLICATION_CREDENTIAL_ID] = "application_credential_id",
	[CLOUD_KEY_APPLICATION_CREDENTIAL_NAME] = "application_credential_name",
	[CLOUD_KEY_APPLICATION_CREDENTIAL_SECRET] = "application_credential_secret",
	[CLOUD_KEY_AUTH_PLUGIN] = "auth_plugin",
	[CLOUD_KEY_AUTH_TOKEN] = "auth_token",
	[CLOUD_KEY_AUTH_TYPE] = "auth_type",
	[CLOUD_KEY_AUTH_URL] = "auth_url",
	[CLOUD_KEY_CACERT] = "cacert",
	[CLOUD_KEY_CERT] = "cert",
	[CLOUD_KEY_CLOUD] = "cloud",
	[CLOUD_KEY_DEFAULT_DOMAIN] = "default_domain",
	[CLOUD_KEY_DEFAULT_DOMAIN_ID] = "default_domain_id",
	[CLOUD_KEY_DEFAULT_DOMAIN_NAME] = "default_domain_name",
	[CLOUD_KEY_DOMAIN_ID] = "domain_id",
	[CLOUD_KEY_DOMAIN_NAME] = "domain_name",
	[CLOUD_KEY_ENDPOINT] = "endpoint",
	[CLOUD_KEY_ENDPOINT_OVERRIDE] = "endpoint_override",
	[CLOUD_KEY_ENDPOINT_TYPE] = "endpoint_type",
	[CLOUD_KEY_INSECURE] = "insecure",
	[CLOUD_KEY_INTERFACE] = "interface",
	[CLOUD_KEY_KEY] = "key",
	[CLOUD_KEY_PASSWORD] = "password",
	[CLOUD_KEY_PROFILE] = "profile",
	[CLOUD_KEY_PROJECT_DOMAIN_ID] = "project_domain_id",
	[CLOUD_KEY_PROJECT_DOMAIN_NAME] = "project_domain_name",
	[CLOUD_KEY_PROJECT_ID] = "project_id",
	[CLOUD_KEY_PROJECT_NAME] = "project_name",
	[CLOUD_KEY_REGIONS] = "regions",
	[CLOUD_KEY_REGION_NAME] = "region_name",
	[CLOUD_KEY_SERVICE_NAME] = "service_name",
	[CLOUD_KEY_SERVICE_TYPE] = "service_type",
	[CLOUD_KEY_SYSTEM_SCOPE] = "system_scope",
	[CLOUD_KEY_TENANT_ID] = "tenant_id",
	[CLOUD_KEY_TENANT_NAME] = "tenant_name",
	[CLOUD_KEY_TOKEN] = "token",
	[CLOUD_KEY_TRUST_ID] = "trust_id",
	[CLOUD_KEY_USERNAME] = "username",
	[CLOUD_KEY_USER_DOMAIN_ID] = "user_domain_id",
	[CLOUD_KEY_USER_DOMAIN_NAME] = "user_domain_name",
	[CLOUD_KEY_USER_ID] = "user_id",
	[CLOUD_KEY_USER_NAME] = "user_name",
	[CLOUD_KEY_VERIFY] = "verify",
};

static const char *const service_names[SERVICES] = {
	[SERVICE_IDENTITY] = "identity",
	[SERVICE_IMAGE] = "image",
	[SERVICE_NETWORK] = "network",
	[SERVICE_COMPUTE] = "compute",
};

const char *cloud_service_name(enum service service)
{
	return service_names[service];
}

const char *cloud_key_name(enum cloud_key key)
{
	return key_names[key];
}

int cloud_document_load(struct cloud_document *d, const struct cloud_file *file, struct err *err)
{
	cleanup_findings struct findings findings = {0};

	*d = (struct cloud_document){.path = file->path};
	if (!file->path)
		return 0;
	text_init(&d->text, file->path, file->text, file->len, 1);
	bool ok = yaml_load(&d->yaml, &d->text, &sdk, &findings);
	for (size_t i = 0; i < findings.n; i++) {
		const struct finding *f = &findings.v[i];
		/* A setting is not passed over: openstacksdk takes the last of equal keys. */
		if (f->severity == SEVERITY_ERROR || streq(f->rule, sdk.key_rule))
			return err_set(err, INVALID, "%s:%u: %s", f->file, f->line, f->text);
	}
	if (!ok)
		return err_set(err, INVALID, "%s is not YAML", file->path);
	yaml_node_t *root = yaml_root(&d->yaml);
	if (!yaml_is_null(root) && !yaml_is_map(root))
		return cloud_node_wrong(d, root, err, "expected a mapping such as \"clouds:\"");
	return 0;
}

void cloud_document_clear(struct cloud_document *d)
{
	yaml_clear(&d->yaml);
	text_clear(&d->text);
	*d = (struct cloud_document){0};
}

unsigned cloud_document_line(const struct cloud_document *d, const yaml_node_t *n)
{
	return text_line(&d->text, yaml_line(n));
}

int cloud_document_find(struct cloud_document *d, const char *section, const char *name,
			yaml_node_t **ret_key, yaml_node_t **ret_value, struct err *err)
{
	yaml_node_t *map = d->path ? yaml_get(&d->yaml, yaml_root(&d->yaml), section) : NULL;

	*ret_key = *ret_value = NULL;
	if (yaml_is_null(map))
		return 0;
	if (!yaml_is_map(map))
		return cloud_node_wrong(d, map, err, "%s must be a mapping of names", section);
	yaml_node_t *key = yaml_key(&d->yaml, map, name);
	yaml_node_t *value = yaml_get(&d->yaml, map, name);
	if (key && !yaml_is_null(value) && !yaml_is_map(value)) {
		cleanup_free char *q = quotable(name);
		return cloud_node_wrong(d, key, err, "'%s' must be a mapping of settings", q);
	}
	*ret_key = key;
	*ret_value = value;
	return 0;
}

static int wrong_at(const char *place, struct err *err, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static int wrong_at(const char *place, struct err *err, const char *fmt, va_list ap)
{
	cleanup_free char *text = xvasprintf(fmt, ap);

	return err_set(err, INVALID, "%s: %s", place, text);
}

int cloud_node_wrong(const struct cloud_document *d, const yaml_node_t *n, struct err *err,
		     const char *fmt, ...)
{
	cleanup_free char *place = xasprintf("%s:%u", d->path, cloud_document_line(d, n));
	va_list ap;

	va_start(ap, fmt);
	int r = wrong_at(place, err, fmt, ap);
	va_end(ap);
	return r;
}

int cloud_setting_wrong(const struct cloud_setting *s, struct err *err, const char *fmt, ...)
{
	cleanup_free char *place =
		s->doc ? xasprintf("%s:%u", s->doc->path, cloud_document_line(s->doc, s->node))
		       : xstrndup(s->variable, strcspn(s->variable, "="));
	va_list ap;

	va_start(ap, fmt);
	int r = wrong_at(place, err, fmt, ap);
	va_end(ap);
	return r;
}

/* Whether s, as written in a file or, in capitals, in the environment, is or begins with the name;
 * returns its length. */
static size_t match_name(const char *s, size_t len, const char *name)
{
	size_t i = 0;

	while (i < len && name[i] && (s[i] == '-' ? '_' : s[i]) == name[i])
		i++;
	return name[i] ? 0 : i;
}

/* false: not a known key. */
static bool find_key(const char *s, size_t len, enum cloud_key *ret)
{
	for (size_t key = 0; key < CLOUD_KEY_COUNT; key++) {
		if (match_name(s, len, key_names[key]) == len) {
			*ret = (enum cloud_key)key;
			return true;
		}
	}
	return false;
}

/* "compute_interface": moves section to that of the service. */
static bool find_service_key(const char *s, size_t len, size_t *section, enum cloud_key *ret)
{
	static const enum cloud_key keys[] = {
		CLOUD_KEY_API_VERSION,   CLOUD_KEY_ENDPOINT,     CLOUD_KEY_ENDPOINT_OVERRIDE,
		CLOUD_KEY_ENDPOINT_TYPE, CLOUD_KEY_INTERFACE,    CLOUD_KEY_REGION_NAME,
		CLOUD_KEY_SERVICE_NAME,  CLOUD_KEY_SERVICE_TYPE,
	};

	for (size_t i = 0; i < SERVICES; i++) {
		size_t n = match_name(s, len, service_names[i]);
		if (n == 0 || n == len || (s[n] != '_' && s[n] != '-'))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			if (match_name(s + n + 1, len - n - 1, key_names[keys[k]]) == len - n - 1) {
				*section = CLOUD_SECTION_SERVICE + i;
				*ret = keys[k];
				return true;
			}
	}
	return false;
}

/* Where the setting of that name is kept, or NULL: it is not a known key. */
static struct cloud_setting *find_setting(struct cloud_settings *settings, size_t section,
					  const char *s, size_t len)
{
	enum cloud_key key;

	if (find_key(s, len, &key) ||
	    (section == CLOUD_SECTION_TOP && find_service_key(s, len, &section, &key)))
		return &settings->v[section][key];
	return NULL;
}

struct layer {
	struct cloud_settings *settings;
	struct cloud_document *doc;
	enum cloud_section section;
	bool nulls;
};

/* The mapping's own keys override those of "<<", whose first mapping overrides the others. */
static void add_map(const struct layer *l, yaml_node_t *map)
{
	struct yaml *y = &l->doc->yaml;
	yaml_node_t *k, *v;

	for (size_t i = 0; i < yaml_pairs(map); i++) {
		yaml_pair(y, map, i, &k, &v);
		if (!streq(yaml_str(k), "<<"))
			continue;
		add_map(l, v);
		for (size_t j = yaml_len(v); j-- > 0;)
			add_map(l, yaml_item(y, v, j));
	}
	for (size_t i = 0; i < yaml_pairs(map); i++) {
		yaml_pair(y, map, i, &k, &v);
		const char *name = yaml_str(k);
		struct cloud_setting *setting =
			name ? find_setting(l->settings, l->section, name, strlen(name)) : NULL;
		if (!setting || (!l->nulls && yaml_is_null(v)))
			continue;
		*setting = (struct cloud_setting){
			.present = true,
			.text = yaml_is_null(v) ? NULL : yaml_str(v),
			.doc = l->doc,
			.node = v,
		};
	}
}

int cloud_settings_add(struct cloud_settings *s, struct cloud_document *d, yaml_node_t *map,
		       bool nulls, struct err *err)
{
	yaml_node_t *auth = yaml_get(&d->yaml, map, "auth");

	if (!yaml_is_null(auth) && !yaml_is_map(auth))
		return cloud_node_wrong(d, auth, err, "auth must be a mapping");
	add_map(&(struct layer){s, d, CLOUD_SECTION_TOP, nulls}, map);
	add_map(&(struct layer){s, d, CLOUD_SECTION_AUTH, nulls}, auth);
	return 0;
}

void cloud_settings_add_environment(struct cloud_settings *s, const char *const *environment)
{
	for (const char *const *e = environment; *e; e++) {
		const char *equals = strchr(*e, '=');
		char name[64];
		size_t len = 0;

		if (!str_starts(*e, "OS_") || !equals)
			continue;
		for (const char *p = *e + 3; p < equals && len < sizeof(name); p++)
			name[len++] = (char)tolower((unsigned char)*p);
		struct cloud_setting *setting = find_setting(s, CLOUD_SECTION_TOP, name, len);
		/* OS_CLOUD does not select a profile, and there is no variable for a list of
		 * regions. */
		if (!setting || setting == &s->v[CLOUD_SECTION_TOP][CLOUD_KEY_CLOUD] ||
		    setting == &s->v[CLOUD_SECTION_TOP][CLOUD_KEY_REGIONS])
			continue;
		*setting = (struct cloud_setting){
			.present = true,
			.text = equals + 1,
			.variable = *e,
		};
	}
}

void cloud_settings_overlay(struct cloud_settings *s, const struct cloud_settings *over)
{
	for (size_t i = 0; i < CLOUD_SECTION_COUNT; i++)
		for (size_t key = 0; key < CLOUD_KEY_COUNT; key++)
			if (over->v[i][key].present)
				s->v[i][key] = over->v[i][key];
}

static bool empty(const struct cloud_setting *s)
{
	if (!s->present)
		return true;
	return s->text ? !*s->text : !yaml_is_map(s->node) && !yaml_is_list(s->node);
}

const struct cloud_setting *cloud_settings_get(const struct cloud_settings *s, enum cloud_key key)
{
	const struct cloud_setting *auth = &s->v[CLOUD_SECTION_AUTH][key];
	const struct cloud_setting *top = &s->v[CLOUD_SECTION_TOP][key];

	return !empty(auth) ? auth : !empty(top) ? top : NULL;
}

const struct cloud_setting *cloud_settings_of(const struct cloud_settings *s, enum service service,
					      enum cloud_key key)
{
	const struct cloud_setting *setting = &s->v[CLOUD_SECTION_SERVICE + service][key];

	return empty(setting) ? NULL : setting;
}
