// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "vim/openstack/clouds.h"

/* Stands for every password, token and secret: no error may have it in it. */
#define SECRET "S3CRET"

#define AUTH                                                                         \
	"    auth: {auth_url: https://keystone.example.test:5000/v3, username: dns," \
	" password: " SECRET ", project_name: edge}\n"

/* NULL: no such file. env: up to 15 variables, NULL at the end. */
struct sources {
	const char *clouds, *secure, *public;
	const char *env[16];
};

static struct cloud_file file(const char *path, const char *text)
{
	return text ? (struct cloud_file){path, text, strlen(text)} : (struct cloud_file){0};
}

static int parse(const struct sources *s, const char *name, struct cloud *ret, struct err *err)
{
	struct cloud_sources sources = {
		.clouds = file("clouds.yaml", s->clouds),
		.secure = file("secure.yaml", s->secure),
		.public = file("clouds-public.yaml", s->public),
		.looked_at = "clouds.yaml in /nowhere",
		.environment = s->env,
	};

	return cloud_parse(&sources, name, ret, err);
}

static void load(const struct sources *s, const char *name, struct cloud *ret)
{
	cleanup_err struct err err = ERR_INIT;

	if (parse(s, name, ret, &err) < 0)
		fail_msg("%s", err.text);
}

static void load_yaml(const char *yaml, struct cloud *ret)
{
	load(&(struct sources){.clouds = yaml}, "a", ret);
}

static void assert_refused(const struct sources *s, const char *name, int code, const char *text)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_cloud struct cloud cloud = {0};

	assert_int_equal(parse(s, name, &cloud, &err), code);
	assert_string_equal(err.text, text);
	assert_null(strstr(err.text, SECRET));
	assert_null(cloud.name);
}

/* The interface that is used for compute, when it is the only one. */
static const char *interface_of(const struct cloud *c)
{
	const struct strv *interfaces = &c->services[SERVICE_COMPUTE].interfaces;

	return interfaces->n == 1 ? interfaces->v[0] : "(several)";
}

static void test_password_and_defaults(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0};

	load_yaml("clouds:\n  a:\n" AUTH, &c);
	assert_string_equal(c.name, "a");
	assert_string_equal(c.where, "clouds.yaml:2");
	assert_int_equal(c.auth, CLOUD_AUTH_PASSWORD);
	assert_string_equal(c.auth_url, "https://keystone.example.test:5000/v3");
	assert_string_equal(c.user_name, "dns");
	assert_null(c.user_id);
	assert_string_equal(c.password, SECRET);
	assert_string_equal(c.project_name, "edge");
	assert_string_equal(c.user_domain_id, "default");
	assert_string_equal(c.project_domain_id, "default");
	assert_null(c.user_domain_name);
	assert_string_equal(interface_of(&c), "public");
	assert_null(c.region);
	assert_null(c.cacert);
	assert_true(c.verify);
}

static void test_values_are_taken_as_written(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0}, quoted = {0};

	load_yaml("clouds:\n  a:\n    auth:\n      auth_url: http://h\n      username: 42\n"
		  "      password: 12345\n      project_name: 007\n      user_domain_name: no\n"
		  "    region_name: 1.50\n",
		  &c);
	assert_string_equal(c.user_name, "42");
	assert_string_equal(c.password, "12345");
	assert_string_equal(c.project_name, "007");
	assert_string_equal(c.user_domain_name, "no");
	assert_string_equal(c.region, "1.50");
	load_yaml("clouds:\n  a:\n    auth: {auth_url: http://h, username: \"null\", "
		  "password: \"yes\", project_name: ~}\n",
		  &quoted);
	assert_string_equal(quoted.user_name, "null");
	assert_string_equal(quoted.password, "yes");
	assert_null(quoted.project_name);
}

static void test_ids_go_before_names(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0}, general = {0};

	load_yaml("clouds:\n  a:\n    auth: {auth_url: http://h, username: u, user_id: uid,"
		  " password: p, project_name: p, project_id: pid, user_domain_id: udid,"
		  " project_domain_name: pdn, user_domain_name: udn}\n",
		  &c);
	assert_string_equal(c.user_id, "uid");
	assert_null(c.user_name);
	assert_string_equal(c.project_id, "pid");
	assert_null(c.project_name);
	assert_string_equal(c.user_domain_id, "udid");
	assert_null(c.user_domain_name);
	assert_string_equal(c.project_domain_name, "pdn");
	assert_null(c.project_domain_id);
	load_yaml("clouds:\n  a:\n    auth: {auth_url: http://h, username: u, password: p,"
		  " user_domain_name: udn, domain_id: did}\n    default_domain: d\n",
		  &general);
	assert_string_equal(general.user_domain_id, "did");
	assert_null(general.user_domain_name);
}

static void test_old_and_dashed_keys_beside_auth(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0};

	load_yaml("clouds:\n  a:\n    auth: {auth-url: http://h/, user-name: u, tenant_name: t}\n"
		  "    password: p\n    username: beaten-by-auth\n    domain-name: d\n"
		  "    endpoint_type: adminURL\n    interface: public\n    insecure: yes\n",
		  &c);
	assert_string_equal(c.auth_url, "http://h");
	assert_string_equal(c.password, "p");
	assert_string_equal(c.project_name, "t");
	assert_string_equal(c.user_domain_name, "d");
	assert_string_equal(c.project_domain_name, "d");
	assert_string_equal(interface_of(&c), "admin");
	assert_false(c.verify);
}

static void test_tls(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0}, d = {0};
	struct sources s = {.clouds = "clouds:\n  a:\n" AUTH "    cacert: ~/ca.pem\n"
				      "    cert: /c.pem\n    key: ~k.pem\n    verify: true\n"
				      "    insecure: \"False\"\n",
			    .env = {"HOME=/home/dns"}};

	load(&s, "a", &c);
	assert_string_equal(c.cacert, "/home/dns/ca.pem");
	assert_string_equal(c.cert, "/c.pem");
	assert_string_equal(c.key, "~k.pem");
	assert_true(c.verify);
	load_yaml("clouds:\n  a:\n" AUTH "    verify: off\n", &d);
	assert_false(d.verify);
}

static void test_application_credential(void **state)
{
	(void)state;
	cleanup_cloud struct cloud by_id = {0}, by_name = {0};

	load_yaml("clouds:\n  a:\n    auth_type: v3applicationcredential\n    auth:\n"
		  "      auth_url: http://h\n      application_credential_id: i\n"
		  "      application_credential_secret: s\n      project_name: ignored\n",
		  &by_id);
	assert_int_equal(by_id.auth, CLOUD_AUTH_APPLICATION_CREDENTIAL);
	assert_string_equal(by_id.application_credential_id, "i");
	assert_string_equal(by_id.application_credential_secret, "s");
	assert_null(by_id.application_credential_name);
	assert_null(by_id.project_name);
	load_yaml("clouds:\n  a:\n    auth: {auth_url: http://h, application_credential_name: n,"
		  " application_credential_secret: s, username: u, user_domain_id: d}\n",
		  &by_name);
	assert_int_equal(by_name.auth, CLOUD_AUTH_APPLICATION_CREDENTIAL);
	assert_string_equal(by_name.application_credential_name, "n");
	assert_string_equal(by_name.user_name, "u");
	assert_string_equal(by_name.user_domain_id, "d");
}

static void test_token(void **state)
{
	(void)state;
	static const char *const types[] = {"token", "v3token"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		cleanup_cloud struct cloud c = {0};
		cleanup_free char *yaml = xasprintf("clouds:\n  a:\n    auth_type: %s\n    auth: "
						    "{auth_url: http://h, token: t, password: p}\n",
						    types[i]);
		load_yaml(yaml, &c);
		assert_int_equal(c.auth, CLOUD_AUTH_TOKEN);
		assert_string_equal(c.token, "t");
		assert_null(c.password);
	}
}

static void test_secure_lies_over_clouds(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0}, alone = {0};
	struct sources s = {
		.clouds = "clouds:\n  a:\n    region_name: r\n    auth: {auth_url: http://h, "
			  "username: u, password: old}\n",
		.secure = "clouds:\n  a: {auth: {password: new}, region_name: }\n"
			  "  b: {auth: {auth_url: http://b, username: u, password: p}}\n",
	};

	load(&s, "a", &c);
	assert_string_equal(c.password, "new");
	assert_string_equal(c.user_name, "u");
	assert_null(c.region);
	load(&s, "b", &alone);
	assert_string_equal(alone.where, "secure.yaml:3");
	assert_string_equal(alone.auth_url, "http://b");
}

static void test_profile_lies_under_the_cloud(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0};
	struct sources s = {
		.clouds =
			"clouds:\n  a:\n    profile: vendor\n    auth: {username: u, password: p}\n"
			"    interface: internal\n",
		.public = "public-clouds:\n  vendor:\n    auth: {auth_url: \"https://iam."
			  "{region_name}.example.test/v3\", username: v}\n    interface: admin\n"
			  "    regions: [north, south]\n    cacert: /ca\n",
	};

	load(&s, "a", &c);
	assert_string_equal(c.auth_url, "https://iam.north.example.test/v3");
	assert_string_equal(c.user_name, "u");
	assert_string_equal(interface_of(&c), "internal");
	assert_string_equal(c.region, "north");
	assert_string_equal(c.cacert, "/ca");
}

static void test_first_region_counts(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0}, list = {0}, commas = {0};

	load_yaml("clouds:\n  a:\n" AUTH "    region_name: beaten\n    interface: admin\n"
		  "    regions:\n    - name: north\n      values: {interface: internal, cacert: ,"
		  " auth: {project_name: n}}\n    - south\n    cacert: /ca\n",
		  &c);
	assert_string_equal(c.region, "north");
	assert_string_equal(interface_of(&c), "internal");
	assert_string_equal(c.project_name, "n");
	assert_string_equal(c.user_name, "dns");
	assert_string_equal(c.cacert, "/ca");
	load_yaml("clouds:\n  a:\n" AUTH "    region_name: [one, two]\n", &list);
	assert_string_equal(list.region, "one");
	load_yaml("clouds:\n  a:\n" AUTH "    region_name: one,two\n", &commas);
	assert_string_equal(commas.region, "one");
}

/* The descriptor's vim_region is one of the cloud's, or refused by name. */
static void test_wanted_region(void **state)
{
	(void)state;
	static const struct {
		const char *regions, *wanted;
		bool refused;
	} cases[] = {
		{"", "south", false},
		{"    region_name: south\n", "south", false},
		{"    region_name: north\n", "south", true},
		{"    region_name: north,south\n", "south", false},
		{"    region_name: north,southern\n", "south", true},
		{"    region_name: [north, south]\n", "south", false},
		{"    regions: [north, {name: south, values: {interface: admin}}]\n", "south",
		 false},
		{"    regions: [north, east]\n", "south", true},
		{"    regions: []\n", "south", true},
	};

	static const char *const no_variables[] = {NULL};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_err struct err err = ERR_INIT;
		cleanup_cloud struct cloud c = {0};
		cleanup_free char *yaml = xasprintf("clouds:\n  a:\n" AUTH "%s", cases[i].regions);
		const struct cloud_sources sources = {.clouds = {"clouds.yaml", yaml, strlen(yaml)},
						      .region = cases[i].wanted,
						      .environment = no_variables};
		int r = cloud_parse(&sources, "a", &c, &err);
		if (cases[i].refused) {
			assert_int_equal(r, -EINVAL);
			assert_non_null(strstr(err.text, "no region \"south\""));
		} else {
			assert_int_equal(r, 0);
			assert_string_equal(c.region, "south");
			assert_string_equal(interface_of(&c),
					    strstr(yaml, "admin") ? "admin" : "public");
		}
	}
}

/* Settings of one service; those without a prefix are of all. */
static void test_services(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0}, env = {0};

	load_yaml("clouds:\n  a:\n" AUTH
		  "    region_name: r\n    interface: [internal, publicURL]\n"
		  "    network_endpoint_override: http://{region_name}.h/n/\n"
		  "    network_endpoint: http://lost\n    image-endpoint: http://h/i\n"
		  "    compute_endpoint_type: adminURL\n    compute_interface: public\n"
		  "    compute_region_name: r2\n    compute_service_type: legacy\n"
		  "    compute_service_name: nova2\n    image_api_version: 2\n"
		  "    identity_api_version: v3\n    compute_api_version: '2.latest'\n",
		  &c);
	const struct cloud_service *v = c.services;
	assert_string_equal(v[SERVICE_NETWORK].override, "http://r.h/n");
	assert_string_equal(v[SERVICE_IMAGE].override, "http://h/i");
	assert_null(v[SERVICE_COMPUTE].override);
	assert_int_equal(v[SERVICE_IMAGE].interfaces.n, 2);
	assert_string_equal(v[SERVICE_IMAGE].interfaces.v[0], "internal");
	assert_string_equal(v[SERVICE_IMAGE].interfaces.v[1], "public");
	assert_string_equal(interface_of(&c), "admin");
	assert_string_equal(v[SERVICE_COMPUTE].region, "r2");
	assert_string_equal(v[SERVICE_COMPUTE].type, "legacy");
	assert_string_equal(v[SERVICE_COMPUTE].name, "nova2");
	assert_int_equal(v[SERVICE_IDENTITY].interfaces.n, 0); /* at auth_url */
	load(&(struct sources){.env = {"OS_AUTH_URL=http://h", "OS_USERNAME=u", "OS_PASSWORD=p",
				       "OS_COMPUTE_ENDPOINT_OVERRIDE=http://h/%(project_id)s",
				       "OS_IDENTITY_INTERFACE=internal", "OS_CLOUD_NAME=mine"}},
	     "mine", &env);
	assert_string_equal(env.name, "mine");
	assert_string_equal(env.services[SERVICE_COMPUTE].override, "http://h/%(project_id)s");
	assert_int_equal(env.services[SERVICE_IDENTITY].interfaces.n, 1);
	cleanup_free char *url = cloud_expand_override("a%%/%(tenant_id)s/%(user_id)s", "p", "u");
	assert_string_equal(url, "a%/p/u");
}

static void test_shipped_profiles(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0}, own = {0};

	load_yaml("clouds:\n  a: {profile: otc, auth: {username: u, password: p},"
		  " region_name: eu-nl}\n",
		  &c);
	assert_string_equal(c.auth_url, "https://iam.eu-nl.otc.t-systems.com/v3");
	load(
		&(struct sources){
			.clouds =
				"clouds:\n  a: {profile: otc, auth: {username: u, password: p}}\n",
			.public = "public-clouds: {otc: {auth: {auth_url: http://h}}}\n"},
		"a", &own);
	assert_string_equal(own.auth_url, "http://h");
}

static void test_merge_keys(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0};

	load_yaml("x: &x {interface: internal, region_name: x, auth: {username: lost}}\n"
		  "y: &y {interface: admin, cacert: /y}\n"
		  "clouds:\n  a:\n    <<: [*x, *y]\n    region_name: own\n" AUTH,
		  &c);
	assert_string_equal(interface_of(&c), "internal");
	assert_string_equal(c.region, "own");
	assert_string_equal(c.cacert, "/y");
	assert_string_equal(c.user_name, "dns");
}

static void test_json_and_windows_line_ends(void **state)
{
	(void)state;
	cleanup_cloud struct cloud json = {0}, crlf = {0};

	load_yaml("{\n\t\"clouds\": {\n\t\t\"a\":{\"auth\":{\"auth_url\":\"http:\\/\\/h\","
		  "\"username\":\"u\",\"password\":\"p\\u00e9\"},\"verify\":false}}\n}\n",
		  &json);
	assert_string_equal(json.auth_url, "http://h");
	assert_string_equal(json.password, "p\xc3\xa9");
	assert_false(json.verify);
	load_yaml("\xef\xbb\xbf"
		  "clouds:\r\n  a:\r\n    auth:\r\n      auth_url: http://h\r\n"
		  "      username: u\r\n      password: p\r\n",
		  &crlf);
	assert_string_equal(crlf.password, "p");
}

static void test_environment(void **state)
{
	(void)state;
	cleanup_cloud struct cloud c = {0}, legacy = {0}, ids = {0};
	struct sources s = {
		.clouds = "clouds: {a: , b: }\n",
		.env = {"HOME=/home/dns", "OS_AUTH_URL=http://h/v3/", "OS_USERNAME=u",
			"OS_PASSWORD=p=q", "OS_PROJECT_NAME=p", "OS_USER_DOMAIN_NAME=ud",
			"OS_PROJECT_DOMAIN_ID=pd", "OS_REGION_NAME=r", "OS_INTERFACE=internal",
			"OS_CACERT=~/ca", "OS_INSECURE=True", "OS_CERT=c", "OS_KEY=k"},
	};

	load(&s, NULL, &c);
	assert_string_equal(c.name, "envvars");
	assert_string_equal(c.auth_url, "http://h/v3");
	assert_string_equal(c.password, "p=q");
	assert_string_equal(c.project_name, "p");
	assert_string_equal(c.user_domain_name, "ud");
	assert_string_equal(c.project_domain_id, "pd");
	assert_string_equal(c.region, "r");
	assert_string_equal(interface_of(&c), "internal");
	assert_string_equal(c.cacert, "/home/dns/ca");
	assert_string_equal(c.cert, "c");
	assert_string_equal(c.key, "k");
	assert_false(c.verify);
	load(&(struct sources){.env = {"OS_AUTH_URL=http://h", "OS_USERNAME=u", "OS_PASSWORD=p",
				       "OS_TENANT_NAME=t", "OS_ENDPOINT_TYPE=publicURL",
				       "OS_DEFAULT_DOMAIN=d", "OS_REGION_NAME="}},
	     "envvars", &legacy);
	assert_string_equal(legacy.project_name, "t");
	assert_string_equal(interface_of(&legacy), "public");
	assert_string_equal(legacy.user_domain_id, "d");
	assert_null(legacy.region);
	load(&(struct sources){.env = {"OS_AUTH_URL=http://h", "OS_TOKEN=t", "OS_AUTH_TYPE=v3token",
				       "OS_TENANT_ID=t", "OS_DEFAULT_DOMAIN_NAME=d"}},
	     NULL, &ids);
	assert_int_equal(ids.auth, CLOUD_AUTH_TOKEN);
	assert_string_equal(ids.project_id, "t");
	assert_string_equal(ids.project_domain_name, "d");
}

static void test_which_cloud(void **state)
{
	(void)state;
	cleanup_cloud struct cloud named = {0}, by_variable = {0}, only = {0};
	struct sources s = {
		.clouds = "clouds:\n  a:\n" AUTH "  b:\n" AUTH,
		.env = {"OS_CLOUD=b", "OS_PASSWORD=of another", "OS_REGION_NAME=other",
			"OS_PROJECT_NAME=other"},
	};

	load(&s, "a", &named);
	assert_string_equal(named.name, "a");
	load(&s, NULL, &by_variable);
	assert_string_equal(by_variable.name, "b");
	assert_string_equal(by_variable.password, SECRET);
	assert_string_equal(by_variable.project_name, "edge");
	assert_null(by_variable.region);
	load(&(struct sources){.clouds = "clouds:\n  one:\n" AUTH,
			       .env = {"OS_CLOUD=", "OS_REGION_NAME=r"}},
	     NULL, &only);
	assert_string_equal(only.name, "one");
	assert_null(only.region);
}

static void test_no_such_cloud(void **state)
{
	(void)state;
	struct sources s = {.clouds = "clouds:\n  admin:\n" AUTH "  tenant:\n" AUTH,
			    .secure =
				    "clouds: {tenant: , hidden: {auth: {password: " SECRET "}}}\n"};

	assert_refused(&s, "foo", -ENOENT,
		       "cloud \"foo\" is not in clouds.yaml, which defines admin, tenant, hidden");
	assert_refused(&s, NULL, -ENOENT,
		       "no cloud is selected: set OS_CLOUD to one of those in clouds.yaml: admin, "
		       "tenant, hidden");
	assert_refused(&(struct sources){.clouds = "# nothing\n"}, "foo", -ENOENT,
		       "cloud \"foo\" is not in clouds.yaml, which defines none");
	assert_refused(&(struct sources){0}, "foo", -ENOENT,
		       "cloud \"foo\" not found: there is no clouds.yaml in /nowhere");
	assert_refused(
		&(struct sources){0}, NULL, -ENOENT,
		"no cloud is selected, and there is no clouds.yaml in /nowhere: set OS_CLOUD, or "
		"OS_AUTH_URL and the other OS_* variables");
}

static void test_what_is_missing_or_wrong_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *cloud, *text;
	} cases[] = {
		{"    auth: {username: u, password: " SECRET "}\n",
		 "cloud \"a\" in clouds.yaml:2 has no auth_url"},
		{"    auth: {auth_url: http://h, password: " SECRET "}\n",
		 "cloud \"a\" in clouds.yaml:2 has no username"},
		{"    auth: {auth_url: http://h, username: u, password: ''}\n",
		 "cloud \"a\" in clouds.yaml:2 has no password"},
		{"    auth_type: token\n    auth: {auth_url: http://h, password: " SECRET "}\n",
		 "cloud \"a\" in clouds.yaml:2 has no token"},
		{"    auth: {auth_url: http://h, application_credential_secret: " SECRET "}\n",
		 "cloud \"a\" in clouds.yaml:2 has no application_credential_id or "
		 "application_credential_name"},
		{"    auth: {auth_url: http://h, application_credential_secret: " SECRET
		 ", application_credential_name: n}\n",
		 "cloud \"a\" in clouds.yaml:2 has no username or user_id"},
		{"    auth_type: v3oidcpassword\n" AUTH,
		 "clouds.yaml:3: auth_type 'v3oidcpassword' is not supported: use password, token "
		 "or v3applicationcredential"},
		{"    auth_type: none\n" AUTH,
		 "clouds.yaml:3: auth_type 'none' is not supported: use password, token or "
		 "v3applicationcredential"},
		{AUTH "    trust_id: t\n", "clouds.yaml:4: trust_id is not supported: set "
					   "project_name instead"},
		{AUTH "    interface: private\n",
		 "clouds.yaml:4: interface must be public, internal or admin"},
		{AUTH "    verify: maybe\n", "clouds.yaml:4: verify must be true or false; set the "
					     "file of CA certificates with cacert"},
		{AUTH "    insecure: \"yes\"\n", "clouds.yaml:4: insecure must be true or false"},
		{AUTH "    regions: north\n", "clouds.yaml:4: regions must be a list"},
		{AUTH "    regions:\n    - values: {}\n",
		 "clouds.yaml:5: a region must be a name, or a mapping with name and values"},
		{"    auth: {auth_url: http://h, username: u, password: [" SECRET "]}\n",
		 "clouds.yaml:3: password must be a single value, not a list or mapping"},
		{"    auth: {auth_url: http://h, username: u, password: \"" SECRET "\\0\"}\n",
		 "clouds.yaml:3: password contains a zero byte"},
		{"    auth: " SECRET "\n", "clouds.yaml:3: auth must be a mapping"},
		{"    auth:\n      auth_url: https://u:" SECRET "@h\n",
		 "clouds.yaml:4: auth_url must be a URL such as "
		 "https://cloud.example.test:5000/v3"},
		{"    auth:\n      auth_url: \"https://h/\\r\\nX: " SECRET "\"\n",
		 "clouds.yaml:4: auth_url must be a URL such as "
		 "https://cloud.example.test:5000/v3"},
		{"    auth:\n      auth_url: https://{region_name}.h\n",
		 "clouds.yaml:4: auth_url contains {region_name}, but the cloud has no region"},
		{"    auth:\n      auth_url: https://{password}.h\n      password: " SECRET "\n",
		 "clouds.yaml:4: auth_url contains a placeholder other than {region_name}"},
		{"    profile: oVh\n" AUTH,
		 "clouds.yaml:3: cloud 'a' has the profile 'oVh', which is not in a "
		 "clouds-public.yaml, and openstacksdk ships none of this name: correct it, or "
		 "set auth_url and regions in the cloud"},
		{"    profile: vexxhost\n" AUTH,
		 "clouds.yaml:3: cloud 'a' has the profile 'vexxhost', which openstacksdk fetches "
		 "from a web server; dnsvnf does not: set auth_url and regions in the cloud"},
		{"    cloud: https://vendor.example.test\n" AUTH,
		 "clouds.yaml:3: cloud 'a' has the profile 'https://vendor.example.test', which "
		 "openstacksdk fetches from a web server; dnsvnf does not: set auth_url and "
		 "regions in the cloud"},
		{"    auth: {auth_url: http://h/v2.0/, username: u, password: " SECRET "}\n",
		 "clouds.yaml:3: auth_url ends with /v2.0, and dnsvnf speaks v3 of Keystone: "
		 "write /v3 if the cloud has it"},
		{AUTH "    identity_api_version: 2.0\n",
		 "clouds.yaml:4: identity_api_version must be 3, the version that dnsvnf speaks: "
		 "remove it"},
		{AUTH "    image_api_version: '1'\n",
		 "clouds.yaml:4: image_api_version must be 2, the version that dnsvnf speaks: "
		 "remove it"},
		{AUTH "    network_endpoint_override: tunnel\n",
		 "clouds.yaml:4: network_endpoint_override must be a URL such as "
		 "https://cloud.example.test:9696"},
		{AUTH "    compute-endpoint-override: http://u:" SECRET "@h/\n",
		 "clouds.yaml:4: compute_endpoint_override must be a URL such as "
		 "https://cloud.example.test:9696"},
		{AUTH "    compute_endpoint: http://h/%(project_name)s\n",
		 "clouds.yaml:4: compute_endpoint contains a placeholder other than "
		 "%(project_id)s, %(tenant_id)s and %(user_id)s; a % itself is written %%"},
		{AUTH "    image_endpoint_override: http://{region_name}.h\n",
		 "clouds.yaml:4: image_endpoint_override contains {region_name}, but the cloud "
		 "has no region"},
		{AUTH "    image_interface: [internal, secret]\n",
		 "clouds.yaml:4: image_interface must be public, internal or admin"},
		{AUTH "    interface: {internal: 1}\n",
		 "clouds.yaml:4: interface must be public, internal or admin"},
		{"    auth_plugin: v3totp\n" AUTH,
		 "clouds.yaml:3: auth_type 'v3totp' is not supported: use password, token or "
		 "v3applicationcredential"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *yaml = xasprintf("clouds:\n  a:\n%s", cases[i].cloud);
		assert_refused(&(struct sources){.clouds = yaml}, "a", -EINVAL, cases[i].text);
	}
	assert_refused(&(struct sources){.env = {"OS_USERNAME=u", "OS_PASSWORD=" SECRET}}, NULL,
		       -EINVAL, "cloud \"envvars\" in the OS_* variables has no OS_AUTH_URL");
	assert_refused(&(struct sources){.env = {"OS_AUTH_URL=http://h", "OS_TOKEN=" SECRET,
						 "OS_INSECURE=1"}},
		       NULL, -EINVAL, "OS_INSECURE: insecure must be true or false");
}

static void test_broken_files(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *text;
	} cases[] = {
		{"clouds:\n  a:\n    auth:\n      password: \"" SECRET "\n",
		 "clouds.yaml:5: not valid YAML: found unexpected end of stream, while scanning a "
		 "quoted scalar that begins in line 4"},
		{"clouds:\n  a:\n    password: @" SECRET "\n",
		 "clouds.yaml:3: not valid YAML: found character that cannot start any token, "
		 "while scanning for the next token: indent by spaces; quote a value that begins "
		 "with @, ` or %"},
		{"clouds: {}\n--- " SECRET "\n",
		 "clouds.yaml:2: a second YAML document begins here, but openstacksdk accepts only "
		 "one and rejects the file: remove the \"---\""},
		{"- " SECRET "\n", "clouds.yaml:1: expected a mapping such as \"clouds:\""},
		{"clouds:\n- a: " SECRET "\n", "clouds.yaml:2: clouds must be a mapping of names"},
		{"clouds:\n  a: " SECRET "\n", "clouds.yaml:2: 'a' must be a mapping of settings"},
		{"clouds:\n  a:\n" AUTH "  b: {}\n  a: {password: " SECRET "}\n",
		 "clouds.yaml:2: \"a\" is repeated in line 5, and only the last one counts: "
		 "merge them"},
		{"a: &a [1]\nclouds:\n  a: &b\n    auth: *b\n",
		 "clouds.yaml:1: this YAML is nested deeper than 64 levels or its aliases expand "
		 "too far: it is not read"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(&(struct sources){.clouds = cases[i].yaml}, "a", -EINVAL,
			       cases[i].text);
	assert_refused(&(struct sources){.clouds = "clouds:\n  a:\n" AUTH,
					 .secure = "clouds:\n  a: {auth: " SECRET "}\n"},
		       "a", -EINVAL, "secure.yaml:2: auth must be a mapping");
}

/* A home of its own, and a current folder that is it. */
struct home {
	char path[64], *before;
};

static void home_enter(struct home *h)
{
	static const char *const unset[] = {"OS_CLOUD", "OS_CLIENT_CONFIG_FILE",
					    "OS_CLIENT_SECURE_FILE", "XDG_CONFIG_HOME"};

	strcpy(h->path, "/tmp/dnsvnf-clouds-XXXXXX");
	assert_non_null(mkdtemp(h->path));
	h->before = get_current_dir_name();
	assert_int_equal(chdir(h->path), 0);
	setenv("HOME", h->path, 1);
	for (size_t i = 0; i < ARRAY_SIZE(unset); i++)
		unsetenv(unset[i]);
}

static void home_leave(struct home *h)
{
	assert_int_equal(chdir(h->before), 0);
	assert_int_equal(dir_remove(h->path, NULL), 0);
	free(h->before);
}

static void put(const char *path, const char *text)
{
	cleanup_free char *folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));

	assert_int_equal(dir_make(folder, NULL), 0);
	assert_int_equal(file_write_at(AT_FDCWD, path, text, strlen(text), 0600, NULL), 0);
}

/* A clouds.yaml whose cloud "a" has this region. */
static void put_region(const char *path, const char *region)
{
	cleanup_free char *yaml = xasprintf("clouds:\n  a:\n" AUTH "    region_name: %s\n", region);

	put(path, yaml);
}

static void assert_region(const char *region)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_cloud struct cloud c = {0};

	if (cloud_load("a", NULL, &c, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(c.region, region);
}

static void test_search_path(void **state)
{
	(void)state;
	struct home h;

	home_enter(&h);
	put_region("./.config/openstack/clouds.json", "home-json");
	assert_region("home-json");
	put_region("./.config/openstack/clouds.yml", "home-yml");
	assert_region("home-yml");
	put_region("./.config/openstack/clouds.yaml", "home");
	assert_region("home");
	put_region("./xdg/openstack/clouds.yml", "xdg");
	setenv("XDG_CONFIG_HOME", "xdg", 1);
	assert_region("xdg");
	put_region("./clouds.yaml", "here");
	assert_region("here");
	put_region("./my.yaml", "mine");
	setenv("OS_CLIENT_CONFIG_FILE", "my.yaml", 1);
	assert_region("mine");
	setenv("OS_CLIENT_CONFIG_FILE", "gone.yaml", 1);
	assert_region("here");
	put("./.config/openstack/secure.yaml", "clouds: {a: {region_name: secure}}\n");
	assert_region("secure");
	put("./my-secure.yaml", "clouds: {a: {region_name: my-secure}}\n");
	setenv("OS_CLIENT_SECURE_FILE", "my-secure.yaml", 1);
	assert_region("my-secure");
	home_leave(&h);
}

static void test_files_looked_at_are_listed(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT, big = ERR_INIT;
	cleanup_cloud struct cloud c = {0};
	cleanup_free char *many = xcalloc(1, 1024 * 1024 + 2);
	struct home h;

	home_enter(&h);
	setenv("OS_CLIENT_CONFIG_FILE", "/gone.yaml", 1);
	cleanup_free char *text =
		xasprintf("cloud \"foo\" not found: there is no /gone.yaml and no clouds.yaml, "
			  ".yml or .json in %s, %s/.config/openstack, /etc/xdg/openstack or "
			  "/etc/openstack",
			  h.path, h.path);
	assert_int_equal(cloud_load("foo", NULL, &c, &err), -ENOENT);
	assert_string_equal(err.text, text);
	memset(many, '#', 1024 * 1024 + 1);
	put("./clouds.yaml", many);
	assert_int_equal(cloud_load("foo", NULL, &c, &big), -EFBIG);
	assert_non_null(strstr(big.text, "/clouds.yaml is larger than 1048576 bytes"));
	home_leave(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_password_and_defaults),
		cmocka_unit_test(test_values_are_taken_as_written),
		cmocka_unit_test(test_ids_go_before_names),
		cmocka_unit_test(test_old_and_dashed_keys_beside_auth),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_application_credential),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_secure_lies_over_clouds),
		cmocka_unit_test(test_profile_lies_under_the_cloud),
		cmocka_unit_test(test_first_region_counts),
		cmocka_unit_test(test_wanted_region),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_shipped_profiles),
		cmocka_unit_test(test_merge_keys),
		cmocka_unit_test(test_json_and_windows_line_ends),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_which_cloud),
		cmocka_unit_test(test_no_such_cloud),
		cmocka_unit_test(test_what_is_missing_or_wrong_is_named),
		cmocka_unit_test(test_broken_files),
		cmocka_unit_test(test_search_path),
		cmocka_unit_test(test_files_looked_at_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
