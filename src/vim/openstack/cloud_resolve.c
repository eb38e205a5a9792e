// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/cloud_settings.h"

#include <ctype.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/clouds.h"

/* Keeps the first error; later calls do nothing. */
struct resolver {
	const struct cloud_settings *settings;
	struct cloud *cloud;
	struct err *err;
	int code;
};

static const struct cloud_setting *get(const struct resolver *r, enum cloud_key key)
{
	return cloud_settings_get(r->settings, key);
}

static bool has(const struct resolver *r, enum cloud_key key)
{
	return get(r, key) != NULL;
}

static void take_setting(struct resolver *r, char **ret, const struct cloud_setting *s,
			 const char *name)
{
	if (!s || r->code < 0)
		return;
	if (!s->text) {
		r->code = cloud_setting_wrong(
			s, r->err, "%s must be a single value, not a list or mapping", name);
	} else if (s->node && s->node->data.scalar.length != strlen(s->text)) {
		r->code = cloud_setting_wrong(s, r->err, "%s contains a zero byte", name);
	} else {
		free(*ret);
		*ret = xstrdup(s->text);
	}
}

static void take(struct resolver *r, char **ret, enum cloud_key key)
{
	take_setting(r, ret, get(r, key), cloud_key_name(key));
}

static void take_either(struct resolver *r, char **ret, enum cloud_key key, enum cloud_key old_key)
{
	take(r, ret, has(r, key) ? key : old_key);
}

/* "auth_url" in a file, "OS_AUTH_URL" in the environment. */
static void add_key(const struct resolver *r, struct strbuf *b, enum cloud_key key)
{
	const char *name = cloud_key_name(key);

	if (!streq(r->cloud->where, CLOUD_WHERE_ENVIRONMENT)) {
		strbuf_adds(b, name);
		return;
	}
	strbuf_adds(b, "OS_");
	for (const char *p = name; *p; p++) {
		char c = (char)toupper((unsigned char)*p);
		strbuf_add(b, &c, 1);
	}
}

static void missing(struct resolver *r, enum cloud_key key, enum cloud_key or_key)
{
	cleanup_strbuf struct strbuf what = {0};

	if (r->code < 0)
		return;
	add_key(r, &what, key);
	if (or_key != key) {
		strbuf_adds(&what, " or ");
		add_key(r, &what, or_key);
	}
	r->code = err_set(r->err, INVALID, "cloud \"%s\" in %s has no %s", r->cloud->name,
			  r->cloud->where, what.s);
}

static void require(struct resolver *r, const char *value, enum cloud_key key)
{
	if (!value)
		missing(r, key, key);
}

static void take_user(struct resolver *r)
{
	struct cloud *c = r->cloud;

	take(r, &c->user_id, CLOUD_KEY_USER_ID);
	if (!c->user_id)
		take_either(r, &c->user_name, CLOUD_KEY_USERNAME, CLOUD_KEY_USER_NAME);
}

static void take_project(struct resolver *r)
{
	struct cloud *c = r->cloud;

	take_either(r, &c->project_id, CLOUD_KEY_PROJECT_ID, CLOUD_KEY_TENANT_ID);
	if (!c->project_id)
		take_either(r, &c->project_name, CLOUD_KEY_PROJECT_NAME, CLOUD_KEY_TENANT_NAME);
}

/* Keystone's clients prefer an id over a name, even that of a more general setting; default_domain
 * is an id, but comes last. */
static void take_domain(struct resolver *r, enum cloud_key id, enum cloud_key name, char **ret_id,
			char **ret_name)
{
	const struct {
		enum cloud_key key;
		char **ret;
	} order[] = {
		{id, ret_id},
		{CLOUD_KEY_DOMAIN_ID, ret_id},
		{CLOUD_KEY_DEFAULT_DOMAIN_ID, ret_id},
		{name, ret_name},
		{CLOUD_KEY_DOMAIN_NAME, ret_name},
		{CLOUD_KEY_DEFAULT_DOMAIN_NAME, ret_name},
		{CLOUD_KEY_DEFAULT_DOMAIN, ret_id},
	};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (has(r, order[i].key)) {
			take(r, order[i].ret, order[i].key);
			return;
		}
	}
	*ret_id = xstrdup("default");
}

/* Requires a host, no characters that break a request line, and no "user:password@". */
static bool is_url(const char *s)
{
	const char *host = str_starts(s, "https://")  ? s + strlen("https://")
			   : str_starts(s, "http://") ? s + strlen("http://")
						      : "";
	size_t len = strcspn(host, "/?#");

	for (const char *p = s; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return len > 0 && !memchr(host, '@', len);
}

/* As Python's str.format with the region. Messages omit the value, which may contain a password. */
static char *expand_region(struct resolver *r, const struct cloud_setting *s, const char *name,
			   const char *url)
{
	static const char placeholder[] = "{region_name}";
	struct strbuf b = {0};

	for (const char *p = url; *p && r->code == 0; p++) {
		if (str_starts(p, "{{") || str_starts(p, "}}")) {
			strbuf_add(&b, p++, 1);
		} else if (str_starts(p, placeholder) && r->cloud->region) {
			strbuf_adds(&b, r->cloud->region);
			p += sizeof(placeholder) - 2;
		} else if (str_starts(p, placeholder)) {
			r->code = cloud_setting_wrong(
				s, r->err, "%s contains {region_name}, but the cloud has no region",
				name);
		} else if (*p == '{' || *p == '}') {
			r->code = cloud_setting_wrong(
				s, r->err, "%s contains a placeholder other than {region_name}",
				name);
		} else {
			strbuf_add(&b, p, 1);
		}
	}
	return strbuf_steal(&b);
}

/* A URL with the region in it, without a slash at the end. */
static char *take_url(struct resolver *r, const struct cloud_setting *s, const char *name,
		      const char *example)
{
	cleanup_free char *written = NULL;

	take_setting(r, &written, s, name);
	if (r->code < 0 || !written)
		return NULL;
	cleanup_free char *url = expand_region(r, s, name, written);
	if (r->code == 0 && !is_url(url))
		r->code = cloud_setting_wrong(s, r->err, "%s must be a URL such as %s", name,
					      example);
	for (size_t len = strlen(url); len > 0 && url[len - 1] == '/'; len--)
		url[len - 1] = 0;
	return steal_ptr(url);
}

static void take_auth_url(struct resolver *r)
{
	const struct cloud_setting *s = get(r, CLOUD_KEY_AUTH_URL);

	r->cloud->auth_url = take_url(r, s, cloud_key_name(CLOUD_KEY_AUTH_URL),
				      "https://cloud.example.test:5000/v3");
	require(r, r->cloud->auth_url, CLOUD_KEY_AUTH_URL);
	if (r->code == 0 && str_ends(r->cloud->auth_url, "/v2.0"))
		r->code = cloud_setting_wrong(s, r->err,
					      "auth_url ends with /v2.0, and dnsvnf speaks v3 of "
					      "Keystone: write /v3 if the cloud has it");
}

static void add_interface(struct resolver *r, const struct cloud_setting *s, const char *name,
			  const char *word, struct strv *ret)
{
	static const char *const known[] = {"public", "internal", "admin"};
	size_t len = word ? strlen(word) : 0;

	if (word && str_ends(word, "URL")) /* "publicURL", the old form */
		len -= strlen("URL");
	for (size_t i = 0; i < ARRAY_SIZE(known) && r->code == 0; i++)
		if (word && strncmp(word, known[i], len) == 0 && !known[i][len])
			return strv_add(ret, known[i]);
	if (r->code == 0)
		r->code = cloud_setting_wrong(s, r->err, "%s must be public, internal or admin",
					      name);
}

/* A word, or a list of them in order of preference. */
static void take_interfaces(struct resolver *r, const struct cloud_setting *s, const char *name,
			    struct strv *ret)
{
	if (!s || r->code < 0)
		return;
	if (s->text || !yaml_is_list(s->node))
		return add_interface(r, s, name, s->text, ret);
	for (size_t i = 0; i < yaml_len(s->node); i++)
		add_interface(r, s, name, yaml_str(yaml_item(&s->doc->yaml, s->node, i)), ret);
}

/* Versions that this client speaks: "2", "v2", "2.1". */
static void check_version(struct resolver *r, const struct cloud_setting *s, const char *name,
			  enum service service)
{
	cleanup_free char *version = NULL;
	char spoken = service == SERVICE_IDENTITY ? '3' : '2';

	take_setting(r, &version, s, name);
	if (r->code < 0 || !version)
		return;
	const char *number = version + (version[0] == 'v');
	if (number[0] != spoken || (number[1] && number[1] != '.'))
		r->code = cloud_setting_wrong(
			s, r->err, "%s must be %c, the version that dnsvnf speaks: remove it", name,
			spoken);
}

char *cloud_expand_override(const char *url, const char *project_id, const char *user_id)
{
	const struct {
		const char *name, *value;
	} parts[] = {
		{"%(project_id)s", project_id},
		{"%(tenant_id)s", project_id},
		{"%(user_id)s", user_id},
		{"%%", "%"},
	};
	cleanup_strbuf struct strbuf b = {0};

	while (*url) {
		size_t i = 0, n = strcspn(url, "%");

		strbuf_add(&b, url, n);
		url += n;
		if (!*url)
			break;
		while (i < ARRAY_SIZE(parts) && !str_starts(url, parts[i].name))
			i++;
		if (i == ARRAY_SIZE(parts))
			return NULL;
		strbuf_adds(&b, parts[i].value ? parts[i].value : "");
		url += strlen(parts[i].name);
	}
	return strbuf_steal(&b);
}

static void check_override(struct resolver *r, const struct cloud_setting *s, const char *name,
			   const char *url)
{
	cleanup_free char *expanded = url ? cloud_expand_override(url, "", "") : NULL;

	if (url && !expanded && r->code == 0)
		r->code = cloud_setting_wrong(
			s, r->err,
			"%s contains a placeholder other than %%(project_id)s, %%(tenant_id)s and "
			"%%(user_id)s; a %% itself is written %%%%",
			name);
}

static void take_service(struct resolver *r, enum service service)
{
	struct cloud_service *ret = &r->cloud->services[service];
	const struct cloud_setting *v[CLOUD_KEY_COUNT];
	char *names[CLOUD_KEY_COUNT];

	for (size_t key = 0; key < CLOUD_KEY_COUNT; key++) {
		v[key] = cloud_settings_of(r->settings, service, (enum cloud_key)key);
		names[key] = xasprintf("%s_%s", cloud_service_name(service),
				       cloud_key_name((enum cloud_key)key));
	}
	enum cloud_key url =
		v[CLOUD_KEY_ENDPOINT_OVERRIDE] ? CLOUD_KEY_ENDPOINT_OVERRIDE : CLOUD_KEY_ENDPOINT;
	ret->override = take_url(r, v[url], names[url], "https://cloud.example.test:9696");
	check_override(r, v[url], names[url], ret->override);
	enum cloud_key interface =
		v[CLOUD_KEY_ENDPOINT_TYPE] ? CLOUD_KEY_ENDPOINT_TYPE : CLOUD_KEY_INTERFACE;
	take_interfaces(r, v[interface], names[interface], &ret->interfaces);
	take_setting(r, &ret->region, v[CLOUD_KEY_REGION_NAME], names[CLOUD_KEY_REGION_NAME]);
	take_setting(r, &ret->type, v[CLOUD_KEY_SERVICE_TYPE], names[CLOUD_KEY_SERVICE_TYPE]);
	take_setting(r, &ret->name, v[CLOUD_KEY_SERVICE_NAME], names[CLOUD_KEY_SERVICE_NAME]);
	check_version(r, v[CLOUD_KEY_API_VERSION], names[CLOUD_KEY_API_VERSION], service);
	for (size_t key = 0; key < CLOUD_KEY_COUNT; key++)
		free(names[key]);
}

static void take_services(struct resolver *r)
{
	enum cloud_key key =
		has(r, CLOUD_KEY_ENDPOINT_TYPE) ? CLOUD_KEY_ENDPOINT_TYPE : CLOUD_KEY_INTERFACE;
	cleanup_strv struct strv common = {0};

	take_interfaces(r, get(r, key), cloud_key_name(key), &common);
	if (common.n == 0)
		strv_add(&common, "public");
	for (size_t i = 0; i < SERVICES; i++) {
		struct cloud_service *service = &r->cloud->services[i];

		take_service(r, (enum service)i);
		bool at_auth_url = i == SERVICE_IDENTITY && !service->region && !service->type &&
				   !service->name;
		if (at_auth_url || service->interfaces.n > 0)
			continue;
		for (size_t k = 0; k < common.n; k++)
			strv_add(&service->interfaces, common.v[k]);
	}
}

/* YAML 1.1's booleans; quoted or in a variable, only true and false (any case). */
static void take_bool(struct resolver *r, bool *ret, enum cloud_key key)
{
	static const struct {
		const char *word;
		bool value, plain_only;
	} words[] = {
		{"true", true, false}, {"false", false, false}, {"yes", true, true},
		{"no", false, true},   {"on", true, true},      {"off", false, true},
	};
	const struct cloud_setting *s = r->code < 0 ? NULL : get(r, key);

	if (!s)
		return;
	for (size_t i = 0; s->text && i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(s->text, words[i].word) == 0 &&
		    (!words[i].plain_only || (s->node && yaml_plain(s->node)))) {
			*ret = words[i].value;
			return;
		}
	}
	r->code = cloud_setting_wrong(
		s, r->err, "%s must be true or false%s", cloud_key_name(key),
		key == CLOUD_KEY_VERIFY ? "; set the file of CA certificates with cacert" : "");
}

static void take_path(struct resolver *r, const char *home, char **ret, enum cloud_key key)
{
	take(r, ret, key);
	if (*ret && home && (*ret)[0] == '~' && ((*ret)[1] == '/' || !(*ret)[1])) {
		char *path = xasprintf("%s%s", home, *ret + 1);
		free(*ret);
		*ret = path;
	}
}

static void take_tls(struct resolver *r, const char *home)
{
	struct cloud *c = r->cloud;
	bool insecure = false;

	c->verify = true;
	take_bool(r, &c->verify, CLOUD_KEY_VERIFY);
	take_bool(r, &insecure, CLOUD_KEY_INSECURE);
	c->verify = c->verify && !insecure;
	take_path(r, home, &c->cacert, CLOUD_KEY_CACERT);
	take_path(r, home, &c->cert, CLOUD_KEY_CERT);
	if (c->cert)
		take_path(r, home, &c->key, CLOUD_KEY_KEY);
}

/* Without auth_type the SDK assumes a password; here an unambiguous token or application
 * credential is accepted too. */
static enum cloud_auth guess_auth(const struct resolver *r)
{
	if (has(r, CLOUD_KEY_PASSWORD))
		return CLOUD_AUTH_PASSWORD;
	if (has(r, CLOUD_KEY_APPLICATION_CREDENTIAL_SECRET))
		return CLOUD_AUTH_APPLICATION_CREDENTIAL;
	if (has(r, CLOUD_KEY_TOKEN) || has(r, CLOUD_KEY_AUTH_TOKEN))
		return CLOUD_AUTH_TOKEN;
	return CLOUD_AUTH_PASSWORD;
}

static void take_auth_type(struct resolver *r)
{
	static const struct {
		const char *name;
		enum cloud_auth auth;
	} types[] = {
		{"password", CLOUD_AUTH_PASSWORD},
		{"v3password", CLOUD_AUTH_PASSWORD},
		{"token", CLOUD_AUTH_TOKEN},
		{"v3token", CLOUD_AUTH_TOKEN},
		{"v3applicationcredential", CLOUD_AUTH_APPLICATION_CREDENTIAL},
	};
	cleanup_free char *name = NULL;

	take_either(r, &name, CLOUD_KEY_AUTH_TYPE, CLOUD_KEY_AUTH_PLUGIN);
	if (!name) {
		r->cloud->auth = guess_auth(r);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (streq(name, types[i].name)) {
			r->cloud->auth = types[i].auth;
			return;
		}
	}
	cleanup_free char *q = quotable(name);
	r->code = cloud_setting_wrong(
		get(r, has(r, CLOUD_KEY_AUTH_TYPE) ? CLOUD_KEY_AUTH_TYPE : CLOUD_KEY_AUTH_PLUGIN),
		r->err,
		"auth_type '%s' is not supported: use password, token or v3applicationcredential",
		q);
}

/* A setting that would change the token's scope must not be ignored. */
static void refuse(struct resolver *r, enum cloud_key key)
{
	const struct cloud_setting *s = r->code < 0 ? NULL : get(r, key);

	if (s)
		r->code = cloud_setting_wrong(s, r->err,
					      "%s is not supported: set project_name instead",
					      cloud_key_name(key));
}

static void take_secrets(struct resolver *r)
{
	struct cloud *c = r->cloud;

	switch (c->auth) {
	case CLOUD_AUTH_PASSWORD:
		take_user(r);
		take(r, &c->password, CLOUD_KEY_PASSWORD);
		if (!c->user_id)
			require(r, c->user_name, CLOUD_KEY_USERNAME);
		require(r, c->password, CLOUD_KEY_PASSWORD);
		return;
	case CLOUD_AUTH_TOKEN:
		take_either(r, &c->token, CLOUD_KEY_TOKEN, CLOUD_KEY_AUTH_TOKEN);
		require(r, c->token, CLOUD_KEY_TOKEN);
		return;
	case CLOUD_AUTH_APPLICATION_CREDENTIAL:
		take(r, &c->application_credential_secret, CLOUD_KEY_APPLICATION_CREDENTIAL_SECRET);
		require(r, c->application_credential_secret,
			CLOUD_KEY_APPLICATION_CREDENTIAL_SECRET);
		take(r, &c->application_credential_id, CLOUD_KEY_APPLICATION_CREDENTIAL_ID);
		if (c->application_credential_id)
			return;
		take(r, &c->application_credential_name, CLOUD_KEY_APPLICATION_CREDENTIAL_NAME);
		if (!c->application_credential_name)
			missing(r, CLOUD_KEY_APPLICATION_CREDENTIAL_ID,
				CLOUD_KEY_APPLICATION_CREDENTIAL_NAME);
		take_user(r);
		if (!c->user_id && !c->user_name)
			missing(r, CLOUD_KEY_USERNAME, CLOUD_KEY_USER_ID);
		return;
	}
}

int cloud_resolve(const struct cloud_settings *settings, const char *home, struct cloud *cloud,
		  struct err *err)
{
	struct resolver r = {settings, cloud, err, 0};

	take_auth_url(&r);
	take_auth_type(&r);
	if (r.code == 0)
		take_secrets(&r);
	take_domain(&r, CLOUD_KEY_USER_DOMAIN_ID, CLOUD_KEY_USER_DOMAIN_NAME,
		    &cloud->user_domain_id, &cloud->user_domain_name);
	take_domain(&r, CLOUD_KEY_PROJECT_DOMAIN_ID, CLOUD_KEY_PROJECT_DOMAIN_NAME,
		    &cloud->project_domain_id, &cloud->project_domain_name);
	/* Keystone ties an application credential to its project and refuses a scope. */
	if (cloud->auth != CLOUD_AUTH_APPLICATION_CREDENTIAL)
		take_project(&r);
	refuse(&r, CLOUD_KEY_TRUST_ID);
	refuse(&r, CLOUD_KEY_SYSTEM_SCOPE);
	take_services(&r);
	take_tls(&r, home);
	return r.code;
}
