/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of one cloud, in layers, each with the file and line it was read from. */
#pragma once

#include "base/text.h"
#include "base/yaml_tree.h"
#include "vim/openstack/clouds.h"

struct err;

struct cloud_document {
	const char *path; /* NULL: no such file, empty */
	struct text text;
	struct yaml yaml;
};

/* A file that is not YAML, or not a mapping, is -EINVAL with file and line. */
int cloud_document_load(struct cloud_document *d, const struct cloud_file *file, struct err *err);
void cloud_document_clear(struct cloud_document *d);

/* The entry of that name in the mapping `section` of the document; *ret_key NULL: there is none.
 * -EINVAL: the section or the entry is not a mapping. */
int cloud_document_find(struct cloud_document *d, const char *section, const char *name,
			yaml_node_t **ret_key, yaml_node_t **ret_value, struct err *err);

/* Line in the file, from 1. */
unsigned cloud_document_line(const struct cloud_document *d, const yaml_node_t *n);

enum cloud_key {
	CLOUD_KEY_API_VERSION, /* of a service only */
	CLOUD_KEY_APPLICATION_CREDENTIAL_ID,
	CLOUD_KEY_APPLICATION_CREDENTIAL_NAME,
	CLOUD_KEY_APPLICATION_CREDENTIAL_SECRET,
	CLOUD_KEY_AUTH_PLUGIN,
	CLOUD_KEY_AUTH_TOKEN,
	CLOUD_KEY_AUTH_TYPE,
	CLOUD_KEY_AUTH_URL,
	CLOUD_KEY_CACERT,
	CLOUD_KEY_CERT,
	CLOUD_KEY_CLOUD,
	CLOUD_KEY_DEFAULT_DOMAIN,
	CLOUD_KEY_DEFAULT_DOMAIN_ID,
	CLOUD_KEY_DEFAULT_DOMAIN_NAME,
	CLOUD_KEY_DOMAIN_ID,
	CLOUD_KEY_DOMAIN_NAME,
	CLOUD_KEY_ENDPOINT,          /* of a service only */
	CLOUD_KEY_ENDPOINT_OVERRIDE, /* of a service only */
	CLOUD_KEY_ENDPOINT_TYPE,
	CLOUD_KEY_INSECURE,
	CLOUD_KEY_INTERFACE,
	CLOUD_KEY_KEY,
	CLOUD_KEY_PASSWORD,
	CLOUD_KEY_PROFILE,
	CLOUD_KEY_PROJECT_DOMAIN_ID,
	CLOUD_KEY_PROJECT_DOMAIN_NAME,
	CLOUD_KEY_PROJECT_ID,
	CLOUD_KEY_PROJECT_NAME,
	CLOUD_KEY_REGIONS,
	CLOUD_KEY_REGION_NAME,
	CLOUD_KEY_SERVICE_NAME, /* of a service only */
	CLOUD_KEY_SERVICE_TYPE, /* of a service only */
	CLOUD_KEY_SYSTEM_SCOPE,
	CLOUD_KEY_TENANT_ID,
	CLOUD_KEY_TENANT_NAME,
	CLOUD_KEY_TOKEN,
	CLOUD_KEY_TRUST_ID,
	CLOUD_KEY_USERNAME,
	CLOUD_KEY_USER_DOMAIN_ID,
	CLOUD_KEY_USER_DOMAIN_NAME,
	CLOUD_KEY_USER_ID,
	CLOUD_KEY_USER_NAME,
	CLOUD_KEY_VERIFY,
	CLOUD_KEY_COUNT,
};

const char *cloud_key_name(enum cloud_key key); /* "auth_url" */

/* Points into the document or environment. */
struct cloud_setting {
	bool present;
	const char *text;           /* NULL: null, a list or a mapping */
	struct cloud_document *doc; /* NULL: from the environment */
	yaml_node_t *node;
	const char *variable; /* "OS_PASSWORD=..." */
};

/* The keys of a service are those at the top with its name in front: "compute_interface". */
enum cloud_section {
	CLOUD_SECTION_TOP,
	CLOUD_SECTION_AUTH,
	CLOUD_SECTION_SERVICE, /* and one for each other enum service */
	CLOUD_SECTION_COUNT = CLOUD_SECTION_SERVICE + SERVICES,
};

struct cloud_settings {
	struct cloud_setting v[CLOUD_SECTION_COUNT][CLOUD_KEY_COUNT];
};

/*
 * Overrides the settings with a mapping of the document. A null removes a setting, unless nulls is
 * false, as for the values of a region. Keys that are not in enum cloud_key are ignored.
 */
int cloud_settings_add(struct cloud_settings *s, struct cloud_document *d, yaml_node_t *map,
		       bool nulls, struct err *err);

/* Overrides the settings with the OS_* variables. */
void cloud_settings_add_environment(struct cloud_settings *s, const char *const *environment);

/* Overrides settings with those of another layer. */
void cloud_settings_overlay(struct cloud_settings *s, const struct cloud_settings *over);

/* The effective setting of that key: "auth" before the top level; NULL: none, or empty. */
const struct cloud_setting *cloud_settings_get(const struct cloud_settings *s, enum cloud_key key);

/* The setting of a service; NULL: none, or empty. */
const struct cloud_setting *cloud_settings_of(const struct cloud_settings *s, enum service service,
					      enum cloud_key key);

const char *cloud_service_name(enum service service); /* "compute" */

/* Sets -EINVAL with the place of the setting in front: "FILE:LINE: ..." or "OS_NAME: ...". */
int cloud_setting_wrong(const struct cloud_setting *s, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As cloud_setting_wrong, about any node. */
int cloud_node_wrong(const struct cloud_document *d, const yaml_node_t *n, struct err *err,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* cloud.where of a cloud that comes from the environment. */
#define CLOUD_WHERE_ENVIRONMENT "the OS_* variables"

/*
 * Converts settings to what a client needs: aliases, defaults, completeness. Fills *cloud, whose
 * name, where and region are already set; on an error it may be partly filled. home: what "~"
 * stands for in paths, or NULL.
 */
int cloud_resolve(const struct cloud_settings *settings, const char *home, struct cloud *cloud,
		  struct err *err);
