/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which OpenStack to talk to and as whom, from clouds.yaml or the OS_* variables, as openstacksdk
 * takes them (https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html and
 * openstack/config/loader.py).
 *
 * Which cloud: the given name, else OS_CLOUD, else the OS_* variables if any is set besides
 * OS_CLOUD, OS_CLIENT_* and OS_REGION_NAME, else the only cloud of clouds.yaml. The name "envvars"
 * means the OS_* variables (OS_CLOUD_NAME is another name for it). For a cloud of clouds.yaml, only
 * OS_CLIENT_CONFIG_FILE and OS_CLIENT_SECURE_FILE are read from the environment: no OS_PASSWORD or
 * OS_REGION_NAME of another cloud is mixed in. (The openstack command mixes them; the SDK does
 * not.)
 *
 * Files: $OS_CLIENT_CONFIG_FILE, then clouds.yaml, clouds.yml, clouds.json of the current folder,
 * $XDG_CONFIG_HOME/openstack, ~/.config/openstack, $XDG_CONFIG_DIRS/openstack (/etc/xdg),
 * /etc/openstack. Only the
 * first readable one is used. The same for secure.yaml ($OS_CLIENT_SECURE_FILE), whose settings
 * override those of clouds.yaml, and for clouds-public.yaml, whose profiles are overridden by them.
 * JSON is read as YAML.
 *
 * Values: a key beside "auth" is used if "auth" does not have it; '-' and '_' in keys are the same;
 * an empty value is ignored. Of "regions" the first is used, and its values override the cloud's.
 * Values are used as written: `project_name: 007` is "007" and `password: yes` is "yes", while the
 * SDK applies YAML's types (7, true). insecure and verify must be booleans.
 *
 * Settings of one service (SERVICE_ is identity_, image_, network_ or compute_): endpoint_override,
 * endpoint, interface, endpoint_type, region_name, service_type, service_name. interface may be a
 * list, in order of preference. An endpoint_override may have {region_name}, and what keystoneauth
 * replaces: %(project_id)s, %(tenant_id)s, %(user_id)s.
 *
 * Profiles: those of clouds-public.yaml, else those that openstacksdk ships
 * (data/cloud-profiles.yaml).
 *
 * Read, but refused: auth_types other than those below, trust_id, system_scope, profiles that are
 * unknown or a URL, Keystone before v3, SERVICE_api_version that this client does not speak,
 * placeholders other than the above. Not read: the scope "domain", timeouts, settings of other
 * services, has_SERVICE, microversions, vendor_hook.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct err;

/* The services that this client uses. */
enum service { SERVICE_IDENTITY, SERVICE_IMAGE, SERVICE_NETWORK, SERVICE_COMPUTE };
enum { SERVICES = SERVICE_COMPUTE + 1 };

/* Where the requests to one service go. */
struct cloud_service {
	char *override;         /* URL in place of the catalog's, or NULL */
	struct strv interfaces; /* of the catalog, in order of preference; see cloud_resolve.c */
	char *region;           /* NULL: that of the cloud */
	char *type, *name;      /* in the catalog; NULL: the usual type, any name */
};

enum cloud_auth {
	CLOUD_AUTH_PASSWORD,               /* auth_type password, v3password */
	CLOUD_AUTH_TOKEN,                  /* token, v3token */
	CLOUD_AUTH_APPLICATION_CREDENTIAL, /* v3applicationcredential */
};

/*
 * At most one of id and name of the same object is set; an id has precedence over a name. A domain
 * is always set: by default the one with id "default", as in the openstack command. Strings are
 * owned.
 */
struct cloud {
	char *name;  /* in clouds.yaml, or "envvars" */
	char *where; /* for messages: "/etc/openstack/clouds.yaml:7", "the OS_* variables" */
	enum cloud_auth auth;
	char *auth_url; /* http:// or https://, with or without /v3, no slash at the end */

	/* CLOUD_AUTH_PASSWORD, and CLOUD_AUTH_APPLICATION_CREDENTIAL by name: one is set. */
	char *user_id, *user_name;
	char *user_domain_id, *user_domain_name;
	char *password; /* set for CLOUD_AUTH_PASSWORD */

	/* Both may be missing: the user's default project, or the token's project. */
	char *project_id, *project_name;
	char *project_domain_id, *project_domain_name;

	char *application_credential_id, *application_credential_name;
	char *application_credential_secret;
	char *token; /* set for CLOUD_AUTH_TOKEN */

	char *region; /* NULL: any */
	/* Identity without override, interfaces, region, type and name of its own is at auth_url.
	 */
	struct cloud_service services[SERVICES];

	/* Paths with ~ replaced, or NULL. */
	char *cacert, *cert, *key; /* key NULL: it is in cert */
	bool verify;               /* the server's certificate */
};

/*
 * Finds and reads the files. name may be NULL. region (may be NULL) has to be one of the cloud's,
 * or the cloud names none. -ENOENT: no such cloud, and the text says which ones
 * there are and where they were looked for; -EINVAL: what was found cannot be used; -EFBIG: a file
 * over 1 MiB. No error's text has a password, token or secret in it.
 */
int cloud_load(const char *name, const char *region, struct cloud *ret, struct err *err);

/* An endpoint_override with its %(...)s replaced; NULL: it has an unknown one. The caller frees. */
char *cloud_expand_override(const char *url, const char *project_id, const char *user_id);

/* Overwrites password, token and secret before they are freed. */
void cloud_clear(struct cloud *cloud);

#define cleanup_cloud __attribute__((__cleanup__(cloud_clear)))

/* Like cloud_load, without I/O. */
struct cloud_file {
	const char *path; /* for messages; NULL: there is no such file */
	const char *text;
	size_t len;
};

struct cloud_sources {
	struct cloud_file clouds, secure, public;
	const char *looked_at;          /* for the error when there is no clouds.yaml */
	bool denied;                    /* permission, for a file that was looked at */
	const char *region;             /* the wanted one, or NULL: the first of the cloud's */
	const char *const *environment; /* "NAME=value", NULL at the end, as environ(7) */
};

int cloud_parse(const struct cloud_sources *sources, const char *name, struct cloud *ret,
		struct err *err);
