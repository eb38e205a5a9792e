// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "ddi/derive.h"
#include "ddi/generate.h"
#include "ddi/generate_internal.h"
#include "ddi/kea_internal.h"
#include "ddi/plan.h"

static int add_key(struct json_writer *w, const struct ddi_key *key, struct err *err)
{
	cleanup_free char *algorithm = xstrdup(tsig_name(key));
	int r = key_check(key, err);

	if (r < 0)
		return r;
	for (char *c = algorithm; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	json_open_object(w, NULL);
	json_put_string(w, "name", key->name);
	json_put_text(w, "algorithm", algorithm);
	json_put_string(w, "secret", key->secret);
	json_close(w);
	return 0;
}

static void add_server(struct json_writer *w, const struct ip_addr *ip, unsigned port)
{
	char text[IP_TEXT_SIZE];

	if (!ip->version)
		return;
	json_open_object(w, NULL);
	json_put_text(w, "ip-address", ip_format(ip, text));
	json_put_int64(w, "port", port);
	json_close(w);
}

static void add_domain(struct json_writer *w, const struct ddi_plan *plan,
		       const struct ddi_auth_zone *z)
{
	cleanup_free char *name = xasprintf("%s.", z->name);
	const struct ddi_key *key = update_key(plan);

	json_open_object(w, NULL);
	json_put_string(w, "name", name);
	if (key)
		json_put_string(w, "key-name", key->name);
	json_open_array(w, "dns-servers");
	add_server(w, &z->primary->auth, auth_port(plan));
	add_server(w, &z->primary->auth6, auth_port(plan));
	json_close(w);
	json_close(w);
}

static void add_domains(struct json_writer *w, const struct ddi_derived *d, const char *key,
			bool reverse)
{
	json_open_object(w, key);
	json_open_array(w, "ddns-domains");
	for (size_t i = 0; i < d->n_zones; i++) {
		const struct ddi_auth_zone *z = &d->zones[i];

		if (z->dynamic && z->primary && (z->part.addr.version != 0) == reverse)
			add_domain(w, d->plan, z);
	}
	json_close(w);
	json_close(w);
}

int ddi_kea_ddns(const struct ddi_derived *derived, char **ret, struct err *err)
{
	const struct ddi_key *key = update_key(derived->plan);
	cleanup_json_writer struct json_writer w = {0};
	int r = 0;

	json_open_object(&w, NULL);
	json_open_object(&w, "DhcpDdns");
	json_put_text(&w, "ip-address", "127.0.0.1");
	json_put_int64(&w, "port", 53001);
	kea_control_socket(&w, "/run/kea/kea-ddns-ctrl-socket");
	json_open_array(&w, "tsig-keys");
	if (key)
		r = add_key(&w, key, err);
	if (r < 0)
		return r;
	json_close(&w);
	add_domains(&w, derived, "forward-ddns", false);
	add_domains(&w, derived, "reverse-ddns", true);
	kea_loggers(&w, "kea-dhcp-ddns");
	json_close(&w);
	json_close(&w);
	char *text = kea_text(&w, err);
	if (!text)
		return -EINVAL;
	*ret = text;
	return 0;
}
