// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "ddi/derive.h"
#include "ddi/generate.h"
#include "ddi/generate_internal.h"
#include "ddi/kea_internal.h"
#include "ddi/plan.h"

/* The folder of Kea's hooks on amd64: Kea before 2.7 wants the whole path. */
#define HOOKS "/usr/lib/x86_64-linux-gnu/kea/hooks/"

/* Seconds that the service waits for its addresses, one try a second. */
enum { SOCKET_RETRIES = 600, SOCKET_RETRY_MS = 1000, LFC_INTERVAL_S = 3600 };

void kea_loggers(struct json_writer *w, const char *name)
{
	json_open_array(w, "loggers");
	json_open_object(w, NULL);
	json_put_text(w, "name", name);
	json_put_text(w, "severity", "INFO");
	/* 2.7 names it output-options, and knows the old name */
	json_open_array(w, "output_options");
	json_open_object(w, NULL);
	json_put_text(w, "output", "stdout");
	json_close(w);
	json_close(w);
	json_close(w);
	json_close(w);
}

void kea_control_socket(struct json_writer *w, const char *path)
{
	json_open_object(w, "control-socket");
	json_put_text(w, "socket-type", "unix");
	json_put_text(w, "socket-name", path);
	json_close(w);
}

char *kea_text(struct json_writer *w, struct err *err)
{
	return json_write_text(w, JSON_INDENT(1), err);
}

/* ---- the server ---- */

static bool serves(const struct kea *k, const struct ddi_network *n)
{
	return n->prefix.addr.version == k->version && ddi_network_serves(n);
}

/* Clients without a relay are on the interface itself: DHCPv4 then needs raw sockets. */
static bool has_segment(const struct kea *k)
{
	return array_find(k->plan->networks, k->plan->n_networks, serves(k, it) && !it->relay.n);
}

/* The address that relays send to: of the authoritative service, else of the caching one. */
static const struct ip_addr *service_address(const struct kea *k)
{
	const struct ddi_member *m = k->member;

	if (k->version == 4)
		return m->auth.version ? &m->auth : &m->cache;
	return m->auth6.version ? &m->auth6 : &m->cache6;
}

/* The service's addresses may come after Kea, which without this would serve nothing. */
static void add_interfaces(struct kea *k)
{
	const struct ip_addr *ip = service_address(k);
	char text[IP_TEXT_SIZE];
	cleanup_free char *where = ip->version
					   ? xasprintf("%s/%s", k->interface, ip_format(ip, text))
					   : xstrdup(k->interface);

	json_open_object(&k->w, "interfaces-config");
	json_open_array(&k->w, "interfaces");
	json_put_string(&k->w, NULL, where);
	json_close(&k->w);
	if (k->version == 4)
		json_put_text(&k->w, "dhcp-socket-type", has_segment(k) ? "raw" : "udp");
	json_put_bool(&k->w, "service-sockets-require-all", true);
	json_put_int64(&k->w, "service-sockets-max-retries", SOCKET_RETRIES);
	json_put_int64(&k->w, "service-sockets-retry-wait-time", SOCKET_RETRY_MS);
	json_close(&k->w);
}

static void add_leases(struct kea *k)
{
	cleanup_free char *name = xasprintf("/var/lib/kea/kea-leases%d.csv", k->version);

	json_open_object(&k->w, "lease-database");
	json_put_text(&k->w, "type", "memfile");
	json_put_bool(&k->w, "persist", true);
	json_put_text(&k->w, "name", name);
	json_put_int64(&k->w, "lfc-interval", LFC_INTERVAL_S);
	json_close(&k->w);
}

/* Which kinds of reservations there are, in the order in which Kea looks for them. */
static void add_identifiers(struct kea *k)
{
	bool duid = false, mac = false;

	for (size_t i = 0; i < k->plan->n_reservations; i++) {
		const struct ddi_reservation *r = &k->plan->reservations[i];

		if (serves(k, &k->plan->networks[r->network])) {
			duid |= r->duid != NULL;
			mac |= r->has_mac;
		}
	}
	json_open_array(&k->w, "host-reservation-identifiers");
	if (mac || !duid)
		json_put_text(&k->w, NULL, "hw-address");
	if (duid)
		json_put_text(&k->w, NULL, "duid");
	json_close(&k->w);
}

/* Reserved addresses are in no pool, so Kea need not search reservations for each new lease. */
static void add_reservation_modes(struct kea *k)
{
	add_identifiers(k);
	json_put_bool(&k->w, "reservations-global", false);
	json_put_bool(&k->w, "reservations-in-subnet", true);
	json_put_bool(&k->w, "reservations-out-of-pool", true);
}

static bool has_updates(const struct kea *k)
{
	return array_find(k->plan->networks, k->plan->n_networks,
			  serves(k, it) && ddi_network_updates(k->d, it));
}

/* Where Kea's three programs listen for each other, by default. */
static void add_updates(struct kea *k)
{
	json_open_object(&k->w, "dhcp-ddns");
	json_put_bool(&k->w, "enable-updates", has_updates(k));
	json_put_text(&k->w, "server-ip", "127.0.0.1");
	json_put_int64(&k->w, "server-port", 53001);
	json_close(&k->w);
	/* Every lease gets a name: the client's, else one of its address. */
	json_put_bool(&k->w, "ddns-send-updates", false);
	json_put_text(&k->w, "ddns-replace-client-name", "when-not-present");
	json_put_text(&k->w, "ddns-generated-prefix", "host");
	json_put_bool(&k->w, "ddns-override-client-update", true);
	json_put_bool(&k->w, "ddns-override-no-update", true);
	json_put_text(&k->w, "hostname-char-set", "[^A-Za-z0-9.-]");
	json_put_text(&k->w, "hostname-char-replacement", "-");
}

/* ---- the pair ---- */

static void add_peer(struct kea *k, const struct ddi_member *m, const char *role)
{
	const struct ip_addr *ip = m->dhcp.version   ? &m->dhcp
				   : m->auth.version ? &m->auth
						     : &m->auth6;
	char text[IP_TEXT_SIZE];
	cleanup_free char *url = xasprintf(ip->version == 4 ? "http://%s:%d/" : "http://[%s]:%d/",
					   ip_format(ip, text), k->version == 4 ? 8001 : 8002);

	json_open_object(&k->w, NULL);
	json_put_string(&k->w, "name", m->name);
	json_put_text(&k->w, "url", url);
	json_put_text(&k->w, "role", role);
	json_put_bool(&k->w, "auto-failover", true);
	json_close(&k->w);
}

static void add_ha_timers(struct kea *k)
{
	const struct ddi_dhcp *dhcp = &k->plan->dhcp;

	json_put_int64(&k->w, "heartbeat-delay", dhcp->heartbeat_delay);
	json_put_int64(&k->w, "max-response-delay", dhcp->max_response_delay);
	json_put_int64(&k->w, "max-ack-delay", dhcp->max_ack_delay);
	json_put_int64(&k->w, "max-unacked-clients", dhcp->max_unacked_clients);
}

/* With a listener of its own, so that no control agent is needed. */
static void add_ha_threads(struct kea *k)
{
	json_open_object(&k->w, "multi-threading");
	json_put_bool(&k->w, "enable-multi-threading", true);
	json_put_bool(&k->w, "http-dedicated-listener", true);
	json_put_int64(&k->w, "http-listener-threads", 0);
	json_put_int64(&k->w, "http-client-threads", 0);
	json_close(&k->w);
}

static void add_ha(struct kea *k, const struct ddi_member *standby)
{
	bool both = k->plan->dhcp.mode == DDI_HA_LOAD_BALANCING;

	json_open_object(&k->w, NULL);
	json_put_text(&k->w, "library", HOOKS "libdhcp_ha.so");
	json_open_object(&k->w, "parameters");
	json_open_array(&k->w, "high-availability");
	json_open_object(&k->w, NULL);
	json_put_string(&k->w, "this-server-name", k->member->name);
	json_put_text(&k->w, "mode", both ? "load-balancing" : "hot-standby");
	add_ha_timers(k);
	add_ha_threads(k);
	json_open_array(&k->w, "peers");
	add_peer(k, ddi_dhcp_primary(k->plan), "primary");
	add_peer(k, standby, both ? "secondary" : "standby");
	for (int i = 0; i < 5; i++)
		json_close(&k->w);
}

static void add_hooks(struct kea *k)
{
	static const char *const libraries[] = {HOOKS "libdhcp_lease_cmds.so",
						HOOKS "libdhcp_stat_cmds.so"};
	const struct ddi_member *standby = ddi_dhcp_standby(k->plan);

	json_open_array(&k->w, "hooks-libraries");
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		json_open_object(&k->w, NULL);
		json_put_text(&k->w, "library", libraries[i]);
		json_close(&k->w);
	}
	if (standby)
		add_ha(k, standby);
	json_close(&k->w);
}

static void add_threads(struct kea *k)
{
	json_open_object(&k->w, "multi-threading");
	json_put_bool(&k->w, "enable-multi-threading", true);
	json_close(&k->w);
}

/* ---- subnets by relay ---- */

static int compare_relays(const struct ddi_plan *plan, const struct ddi_network *a,
			  const struct ddi_network *b)
{
	int order = (a->relay.n > b->relay.n) - (a->relay.n < b->relay.n);

	for (uint32_t i = 0; !order && i < a->relay.n; i++)
		order = ip_compare(&plan->relays[a->relay.first + i].ip,
				   &plan->relays[b->relay.first + i].ip);
	return order;
}

static int compare_networks(const void *a, const void *b, void *plan)
{
	const struct ddi_network *const *x = a, *const *y = b;
	int order = compare_relays(plan, *x, *y);

	return order ? order : (*x > *y) - (*x < *y);
}

/* The networks of this version, those with the same relays together, else in the plan's order. */
static const struct ddi_network **networks_by_relay(const struct kea *k, size_t *ret_n)
{
	const struct ddi_network **v = xcalloc(k->plan->n_networks + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < k->plan->n_networks; i++)
		if (serves(k, &k->plan->networks[i]))
			v[n++] = &k->plan->networks[i];
	/* qsort_r takes what it hands to the comparison without const */
	qsort_r(v, n, sizeof(*v), compare_networks, k->d->plan);
	*ret_n = n;
	return v;
}

static size_t group_end(const struct kea *k, const struct ddi_network **v, size_t n, size_t i)
{
	size_t end = i + 1;

	while (end < n && compare_relays(k->plan, v[i], v[end]) == 0)
		end++;
	return end;
}

static void add_shared_network(struct kea *k, const struct ddi_network **v, size_t n)
{
	cleanup_free char *prefix = ip_prefix_to_str(&v[0]->prefix);
	cleanup_free char *name =
		xasprintf("%s %s", v[0]->relay.n ? "relay of" : "segment of", prefix);

	json_open_object(&k->w, NULL);
	json_put_text(&k->w, "name", name);
	json_open_array(&k->w, k->version == 4 ? "subnet4" : "subnet6");
	for (size_t i = 0; i < n; i++)
		kea_subnet(k, v[i]);
	json_close(&k->w);
	json_close(&k->w);
}

static void add_subnets(struct kea *k)
{
	size_t n;
	cleanup_free const struct ddi_network **v = networks_by_relay(k, &n);

	json_open_array(&k->w, k->version == 4 ? "subnet4" : "subnet6");
	for (size_t i = 0, end; i < n; i = end) {
		end = group_end(k, v, n, i);
		if (end == i + 1)
			kea_subnet(k, v[i]);
	}
	json_close(&k->w);
	json_open_array(&k->w, "shared-networks");
	for (size_t i = 0, end; i < n; i = end) {
		end = group_end(k, v, n, i);
		if (end > i + 1)
			add_shared_network(k, v + i, end - i);
	}
	json_close(&k->w);
}

int ddi_kea_dhcp(const struct ddi_derived *derived, const struct ddi_member *member,
		 const char *interface, int version, char **ret, struct err *err)
{
	struct kea k = {.d = derived,
			.plan = derived->plan,
			.member = member,
			.interface = interface,
			.version = version};
	cleanup_free char *socket = xasprintf("/run/kea/kea%d-ctrl-socket", version);
	cleanup_free char *logger = xasprintf("kea-dhcp%d", version);
	char *text;

	json_open_object(&k.w, NULL);
	json_open_object(&k.w, version == 4 ? "Dhcp4" : "Dhcp6");
	add_interfaces(&k);
	kea_control_socket(&k.w, socket);
	add_leases(&k);
	add_threads(&k);
	json_put_bool(&k.w, "calculate-tee-times", true);
	add_reservation_modes(&k);
	add_updates(&k);
	add_hooks(&k);
	kea_loggers(&k.w, logger);
	add_subnets(&k);
	json_close(&k.w);
	json_close(&k.w);
	text = kea_text(&k.w, err);
	json_writer_clear(&k.w);
	if (!text)
		return -EINVAL;
	*ret = text;
	return 0;
}
