// SPDX-License-Identifier: Apache-2.0
/*
 * For the tests against the programs that read day-0 files in the guest. Prints what dnsvnf reads,
 * a line of JSON for each input: day0_guest FILE ...           the guest's network and the findings
 * of a document with the members
 *                                 {"PATH IN THE GUEST": "content"}; "--user-data" is a path, too
 *   day0_guest --merged FILE ...  the cloud-config merged of all parts of each file of user data
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/json_write.h"
#include "base/str.h"
#include "base/text.h"
#include "day0/link.h"
#include "day0/merge.h"
#include "day0/mime.h"
#include "day0/readers.h"
#include "model/guest.h"

static void put_addresses(struct json_writer *w, const struct guest_addresses *a)
{
	json_put_texts(w, "addresses", a->v, a->n);
	json_put_text_opt(w, "gateway4", a->gateway4);
	json_put_text_opt(w, "gateway6", a->gateway6);
	json_put_bool(w, "dhcp4", a->dhcp4);
	json_put_bool(w, "dhcp6", a->dhcp6);
	json_put_bool(w, "on_link", a->on_link);
}

static void put_option(struct json_writer *w, const char *name, int value)
{
	if (value >= 0)
		json_put_int64(w, name, value);
}

static void put_bond(struct json_writer *w, const struct bond *b)
{
	json_open_object(w, NULL);
	json_put_text(w, "name", b->name);
	json_put_text(w, "mode", bond_mode_name(b->mode));
	put_option(w, "miimon", b->miimon);
	put_option(w, "downdelay", b->downdelay);
	put_option(w, "arp_interval", b->arp_interval);
	put_option(w, "num_grat_arp", b->num_grat_arp);
	json_put_texts(w, "arp_ip_target", b->arp_ip_targets.v, b->arp_ip_targets.n);
	json_put_text_opt(w, "arp_validate", b->arp_validate);
	json_put_text(w, "fail_over_mac", fail_over_mac_name(b->fail_over_mac));
	json_put_text_opt(w, "primary", b->primary);
	json_put_text_opt(w, "primary_reselect", b->primary_reselect);
	json_open_array(w, "legs");
	for (size_t i = 0; i < b->n_legs; i++) {
		json_open_object(w, NULL);
		json_put_text_opt(w, "name", b->legs[i].name);
		json_put_text_opt(w, "mac", b->legs[i].mac);
		json_close(w);
	}
	json_close(w);
	json_open_array(w, "vlans");
	for (size_t i = 0; i < b->n_vlans; i++) {
		json_open_object(w, NULL);
		json_put_text(w, "name", b->vlans[i].name);
		json_put_int64(w, "id", b->vlans[i].id);
		put_addresses(w, &b->vlans[i].addresses);
		json_close(w);
	}
	json_close(w);
	put_addresses(w, &b->addresses);
	json_close(w);
}

static void put_guest(struct json_writer *w, const struct guest_network *g)
{
	json_open_array(w, "bonds");
	for (size_t i = 0; i < g->n_bonds; i++)
		put_bond(w, &g->bonds[i]);
	json_close(w);
	json_open_array(w, "nics");
	for (size_t i = 0; i < g->n_nics; i++) {
		json_open_object(w, NULL);
		json_put_text_opt(w, "name", g->nics[i].name);
		json_put_text_opt(w, "mac", g->nics[i].mac);
		put_addresses(w, &g->nics[i].addresses);
		json_close(w);
	}
	json_close(w);
	json_put_texts(w, "local", g->local.v, g->local.n);
}

static void put_findings(struct json_writer *w, const struct findings *findings)
{
	json_open_array(w, "findings");
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->v[i];
		json_open_object(w, NULL);
		json_put_text(w, "severity", severity_name(f->severity));
		json_put_text(w, "rule", f->rule);
		json_put_uint64(w, "line", f->line);
		json_put_text(w, "text", f->text);
		json_close(w);
	}
	json_close(w);
}

static int print(struct json_writer *w, struct err *err)
{
	return json_write_file(w, stdout, JSON_COMPACT, err);
}

static int print_guest(const char *data, size_t len, struct err *err)
{
	cleanup_findings struct findings findings = {0};
	cleanup_json_writer struct json_writer w = {0};
	struct guest_network guest = {0};
	struct guest_links links = {0};
	json_error_t error;
	json_t *files = json_loadb(data, len, 0, &error), *value;
	const char *path;

	if (!files)
		return err_set(err, INVALID, "%s", error.text);
	json_object_foreach (files, path, value) {
		cleanup_text struct text text = {0};
		text_init(&text, path, json_string_value(value), json_string_length(value), 1);
		if (streq(path, "--user-data"))
			user_data_read(&text, &links, &findings);
		else
			configuration_read(path, &text, &links, &findings);
	}
	links_resolve(&links, &guest, &findings);
	links_clear(&links);
	findings_sort(&findings);
	json_open_object(&w, NULL);
	put_guest(&w, &guest);
	put_findings(&w, &findings);
	json_close(&w);
	guest_network_clear(&guest);
	json_decref(files);
	return print(&w, err);
}

static json_t *as_json(struct yaml *y, yaml_node_t *n)
{
	json_t *j = yaml_is_map(n) ? json_object() : yaml_is_list(n) ? json_array() : NULL;

	if (!j)
		return yaml_is_null(n) ? json_null() : json_string(yaml_str(n));
	for (size_t i = 0; i < yaml_len(n); i++)
		json_array_append_new(j, as_json(y, yaml_item(y, n, i)));
	for (size_t i = 0; i < yaml_pairs(n); i++) {
		yaml_node_t *key, *value;
		yaml_pair(y, n, i, &key, &value);
		json_object_set_new(j, yaml_str(key), as_json(y, value));
	}
	return j;
}

static int print_merged(const char *path, const char *data, size_t len, struct err *err)
{
	cleanup_findings struct findings findings = {0};
	cleanup_json_writer struct json_writer w = {0};
	cleanup_cloud_configs struct cloud_configs configs = {0};
	cleanup_parts struct mime_parts parts = {0};
	cleanup_text struct text text = {0};
	struct guest_links links = {0};

	text_init(&text, path, data, len, 1);
	mime_read(&text, &parts, &findings);
	for (size_t i = 0; i < parts.n; i++)
		if (streq(parts.v[i].type, "text/cloud-config"))
			cloud_config_add(&configs, &parts.v[i].text, parts.v[i].merge_type, &links,
					 &findings);
	struct yaml *merged = cloud_configs_merge(&configs, &findings);
	json_t *j = merged ? as_json(merged, yaml_root(merged)) : json_object();
	json_open_object(&w, NULL);
	json_put_json(&w, "merged", j);
	put_findings(&w, &findings);
	json_close(&w);
	json_decref(j);
	links_clear(&links);
	return print(&w, err);
}

int main(int argc, char **argv)
{
	bool merged = argc > 1 && streq(argv[1], "--merged");

	for (int i = 1 + merged; i < argc; i++) {
		cleanup_err struct err err = ERR_INIT;
		cleanup_free char *data = NULL;
		size_t len;
		int r = file_read(argv[i], 8 << 20, &data, &len, &err);
		if (r == 0)
			r = merged ? print_merged(argv[i], data, len, &err)
				   : print_guest(data, len, &err);
		if (r < 0) {
			fprintf(stderr, "day0_guest: %s: %s\n", argv[i], err.text);
			return 1;
		}
	}
	return 0;
}
