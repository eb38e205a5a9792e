// SPDX-License-Identifier: Apache-2.0
/* What deploy would send to an empty VIM. Contacts no VIM. */

#include "base/alloc.h"
#include "base/base64.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"
#include "base/utf8.h"
#include "check/port.h"
#include "cli/common.h"
#include "cli/verb.h"
#include "deploy/plan.h"
#include "vim/local/configdrive.h"
#include "vim/request.h"

/* In place of ids and MAC addresses that are not yet known. */
#define CHOSEN "(chosen by the VIM)"

/* The port's addresses in the descriptor, for network_data.json. */
static void add_addresses(const struct vim_request *request, struct configdrive_port *port)
{
	struct configdrive_address *addresses = NULL;
	const struct network *network = request->port.network;
	struct fixed_address fixed;
	struct ip_prefix prefix;
	struct ip_addr ip;

	for (size_t i = 0; port_address(request->port.interface, i, &fixed); i++)
		for (size_t s = 0; network && s < network->n_subnets; s++) {
			const struct subnet *subnet = &network->subnets[s];
			if (!ip_parse(fixed.text, &ip) || !subnet_prefix(subnet, &prefix) ||
			    !ip_prefix_contains(&prefix, &ip))
				continue;
			*array_push(addresses, port->n_addresses) = (struct configdrive_address){
				.ip_version = subnet->ip_version,
				.ip_address = fixed.text,
				.prefix = subnet->prefix,
				.gateway = subnet->no_gateway ? NULL : subnet->gateway,
				.dhcp = subnet->dhcp,
			};
		}
	port->addresses = addresses;
}

static bool is_port_of(const struct step *port, const struct step *server)
{
	return port->request.kind == VIM_PORT && port->group == server->group &&
	       port->index == server->index;
}

static bool is_text(const char *s, size_t len)
{
	for (size_t i = 0, n; i < len; i += n)
		if (!s[i] || !(n = utf8_length(s + i, len - i)))
			return false;
	return true;
}

/* As text, or in base64 as KEY_base64. */
static void put_data(struct json_writer *w, const char *key, const char *data, size_t len)
{
	if (is_text(data, len))
		return json_put_textn(w, key, data, len);
	cleanup_free char *text = base64_encode(data, len);
	cleanup_free char *coded = xasprintf("%s_base64", key);
	json_put_text(w, coded, text);
}

static void put_files(struct json_writer *w, const struct step *server)
{
	for (size_t i = 0; i < server->n_files; i++) {
		cleanup_free char *path = xasprintf("openstack/content/%04zu", i);
		put_data(w, path, server->files[i].content, server->files[i].len);
	}
}

/* Members by path. */
static void put_config_drive(struct json_writer *w, const struct plan *plan,
			     const struct step *server)
{
	struct configdrive_port *ports = NULL;
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (!is_port_of(s, server))
			continue;
		struct configdrive_port *port = array_push(ports, n);
		*port = (struct configdrive_port){
			.id = s->name,
			.network_id = s->request.port.network_name,
			.mac_address =
				s->request.port.mac_address ? s->request.port.mac_address : CHOSEN,
			.vif_type =
				s->request.port.interface->type == PORT_VIRTUAL ? "ovs" : "hw_veb",
		};
		add_addresses(&s->request, port);
	}
	const struct configdrive drive = {
		.uuid = CHOSEN,
		.name = server->name,
		.project_id = CHOSEN,
		.flavor = server->request.server.flavor_name,
		.ports = ports,
		.n_ports = n,
		.files = server->files,
		.n_files = server->n_files,
	};
	configdrive_put(w, &drive);
	put_files(w, server);
	for (size_t i = 0; i < n; i++)
		free((void *)ports[i].addresses);
	free(ports);
}

static void put_requests(struct json_writer *w, const struct plan *plan)
{
	json_open_array(w, "requests");
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (!step_makes(s))
			continue;
		json_t *request = vim_request_json(&s->request);
		json_open_object(w, NULL);
		json_put_text(w, "kind", vim_kind_name(s->request.kind));
		json_put_text(w, "name", s->name);
		json_put_text(w, "owner", s->owner);
		json_put_json(w, "request", request);
		json_close(w);
		json_decref(request);
	}
	json_close(w);
}

static void put_servers(struct json_writer *w, const struct plan *plan)
{
	json_open_array(w, "servers");
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (s->request.kind != VIM_SERVER)
			continue;
		json_open_object(w, NULL);
		json_put_text(w, "server", s->name);
		if (s->user_data)
			put_data(w, "user_data", s->user_data, s->request.server.user_data_len);
		json_open_object(w, "config_drive");
		put_config_drive(w, plan, s);
		json_close(w);
		json_close(w);
	}
	json_close(w);
}

/* The same as text, with headings and unescaped user data. */
static int print_text(const struct plan *plan, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};
	json_t *all = NULL, *file;
	const char *path;

	json_open_object(&w, NULL);
	put_servers(&w, plan);
	put_requests(&w, plan);
	json_close(&w);
	int r = json_write_json(&w, &all, err);
	if (r < 0)
		return r;
	json_for_each (entry, json_object_get(all, "servers")) {
		const char *name = json_string_value(json_object_get(entry, "server"));
		const char *text = json_string_value(json_object_get(entry, "user_data"));
		if (!text)
			text = json_string_value(json_object_get(entry, "user_data_base64"));
		printf("==> %s: openstack/latest/user_data\n%s\n", name, text ? text : "(none)");
		json_object_foreach (json_object_get(entry, "config_drive"), path, file) {
			printf("==> %s: %s\n", name, path);
			if (json_is_string(file))
				fputs(json_string_value(file), stdout);
			else
				json_dumpf(file, stdout, JSON_INDENT(2));
			puts("\n");
		}
	}
	json_for_each (entry, json_object_get(all, "requests")) {
		printf("==> create %s %s\n", json_string_value(json_object_get(entry, "kind")),
		       json_string_value(json_object_get(entry, "name")));
		json_dumpf(json_object_get(entry, "request"), stdout, JSON_INDENT(2));
		puts("\n");
	}
	json_decref(all);
	return 0;
}

static int render_one(const struct options *options, const struct model *model,
		      const struct tenant *tenant, const struct deployment *deployment,
		      struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_plan struct plan *plan = NULL;
	cleanup_inventory struct vim_inventory inventory = {0};

	(void)vim;
	if (plan_make(model, tenant, deployment, &inventory, NULL, &plan, &err) < 0)
		return cli_fail("render", &err);
	if (options->json) {
		put_servers(options->json, plan);
		put_requests(options->json, plan);
	} else if (print_text(plan, &err) < 0) {
		return cli_fail("render", &err);
	}
	return EXIT_DONE;
}

int verb_render(const struct verb *verb, const void *options)
{
	return cli_each_deployment(verb, options, render_one);
}
