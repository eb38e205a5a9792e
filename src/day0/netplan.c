// SPDX-License-Identifier: Apache-2.0
/*
 * What netplan's parser (src/parse.c) refuses: then it applies none of its files. The keys are
 * those of netplan 0.106 to 1.1 (netplan-yaml of its manual). Kinds of interfaces that no rule is
 * about, and values that are read elsewhere, are not checked.
 */
#include <ctype.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/yaml_tree.h"
#include "day0/netplan.h"

enum place {
	PLACE_NETWORK,
	PLACE_ANY, /* a definition of any kind */
	PLACE_ETHERNET,
	PLACE_BOND,
	PLACE_BRIDGE,
	PLACE_VLAN,
	PLACE_DUMMY,
	PLACE_MATCH,
	PLACE_BOND_PARAMETERS,
	PLACE_NAMESERVERS,
	PLACE_ROUTE,
	N_PLACES,
};

enum form {
	FORM_OTHER, /* not checked */
	FORM_MAP,
	FORM_LIST,
	FORM_BOOL,
	FORM_NUMBER,
	FORM_MODE,
	FORM_RENDERER,
};

static const struct key {
	enum place place;
	enum form form;
	const char *names;
} keys[] = {
	{PLACE_NETWORK, FORM_OTHER, "version"},
	{PLACE_NETWORK, FORM_RENDERER, "renderer"},
	{PLACE_NETWORK, FORM_MAP,
	 "bonds bridges dummy-devices ethernets modems nm-devices openvswitch tunnels "
	 "virtual-ethernets vlans vrfs wifis"},
	{PLACE_ANY, FORM_RENDERER, "renderer"},
	{PLACE_ANY, FORM_BOOL,
	 "accept-ra critical dhcp4 dhcp6 hairpin ignore-carrier ipv6-privacy neigh-suppress "
	 "optional "
	 "port-mac-learning"},
	{PLACE_ANY, FORM_NUMBER, "ipv6-mtu mtu"},
	{PLACE_ANY, FORM_LIST, "addresses link-local optional-addresses routes routing-policy"},
	{PLACE_ANY, FORM_MAP, "dhcp4-overrides dhcp6-overrides nameservers"},
	{PLACE_ANY, FORM_OTHER,
	 "activation-mode dhcp-identifier gateway4 gateway6 ipv6-address-generation "
	 "ipv6-address-token macaddress networkmanager openvswitch ra-overrides"},
	{PLACE_ETHERNET, FORM_MAP, "match"},
	{PLACE_ETHERNET, FORM_BOOL, "delay-virtual-functions-rebind emit-lldp wakeonlan"},
	{PLACE_ETHERNET, FORM_OTHER,
	 "auth embedded-switch-mode generic-receive-offload generic-segmentation-offload "
	 "infiniband-mode large-receive-offload link receive-checksum-offload set-name "
	 "tcp-segmentation-offload tcp6-segmentation-offload transmit-checksum-offload "
	 "virtual-function-count wakeonwlan"},
	{PLACE_BOND, FORM_LIST, "interfaces"},
	{PLACE_BOND, FORM_MAP, "parameters"},
	{PLACE_BRIDGE, FORM_LIST, "interfaces"},
	{PLACE_BRIDGE, FORM_MAP, "parameters"},
	{PLACE_VLAN, FORM_OTHER, "id link"},
	{PLACE_MATCH, FORM_OTHER, "driver macaddress name"},
	{PLACE_BOND_PARAMETERS, FORM_MODE, "mode"},
	{PLACE_BOND_PARAMETERS, FORM_LIST, "arp-ip-targets"},
	{PLACE_BOND_PARAMETERS, FORM_BOOL, "all-members-active all-slaves-active"},
	{PLACE_BOND_PARAMETERS, FORM_OTHER,
	 "ad-select arp-all-targets arp-interval arp-validate down-delay fail-over-mac-policy "
	 "gratuitious-arp gratuitous-arp lacp-rate learn-packet-interval mii-monitor-interval "
	 "min-links packets-per-member packets-per-slave primary primary-reselect-policy "
	 "resend-igmp transmit-hash-policy up-delay"},
	{PLACE_NAMESERVERS, FORM_LIST, "addresses search"},
	{PLACE_ROUTE, FORM_BOOL, "on-link"},
	{PLACE_ROUTE, FORM_NUMBER,
	 "advertised-mss advertised-receive-window congestion-window metric mtu table"},
	{PLACE_ROUTE, FORM_OTHER, "from scope to type via"},
};

struct netplan {
	struct yaml *y;
	struct findings *findings;
	bool ok;
};

#define refuse(n, node, ...)                                                         \
	do {                                                                         \
		(n)->ok = false;                                                     \
		report((n)->findings, (n)->y->text, yaml_line(node), SEVERITY_ERROR, \
		       "day0-netplan", __VA_ARGS__);                                 \
	} while (0)

/* Common keys belong to definitions of each kind. */
static bool is_of(const struct key *k, enum place place)
{
	return k->place == place ||
	       (k->place == PLACE_ANY && place >= PLACE_ETHERNET && place <= PLACE_DUMMY);
}

static const struct key *find(enum place place, const char *name)
{
	return array_find(keys, ARRAY_SIZE(keys),
			  is_of(it, place) && !strchr(name, ' ') && str_in_words(it->names, name));
}

static void unknown_key(struct netplan *n, enum place place, const yaml_node_t *key)
{
	struct guess guess = {.word = yaml_str(key), .limit = 4};
	cleanup_free char *q = quotable(yaml_str(key)), *hint = NULL;
	cleanup_strv struct strv names = {0};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		cleanup_free char *copy = xstrdup(keys[i].names);
		char *save = NULL;
		for (char *s = strtok_r(copy, " ", &save); s && is_of(&keys[i], place);
		     s = strtok_r(NULL, " ", &save))
			strv_add(&names, s);
	}
	for (size_t i = 0; i < names.n; i++)
		guess_try(&guess, names.v[i]);
	hint = guess.best ? xasprintf(" (did you mean \"%s\"?)", guess.best) : xstrdup("");
	refuse(n, key, "netplan has no key \"%s\" here, so it refuses the whole file%s", q, hint);
}

static bool is_bool(const char *s)
{
	static const char *const words[] = {"true", "on", "yes", "y", "false", "off", "no", "n"};

	return s && array_find(words, ARRAY_SIZE(words), strcasecmp(*it, s) == 0);
}

/* What is wrong with the value's form, or NULL. */
static const char *fault(enum form form, const yaml_node_t *value)
{
	const char *s = yaml_str(value);

	switch (form) {
	case FORM_MAP:
		return yaml_is_map(value) ? NULL : "must be a mapping (key: value)";
	case FORM_LIST:
		return yaml_is_list(value) ? NULL : "must be a list";
	case FORM_BOOL:
		return is_bool(s) ? NULL : "must be true or false";
	case FORM_NUMBER:
		return s && *s && strspn(s, "0123456789") == strlen(s) ? NULL : "must be a number";
	case FORM_MODE: /* other wrong ones are refused by the driver, too: day0-bond */
		return s && isdigit((unsigned char)s[0]) && !s[1]
			       ? "must be a mode by its name, such as active-backup"
			       : NULL;
	case FORM_RENDERER:
		return s && str_in_words("networkd NetworkManager sriov", s)
			       ? NULL
			       : "must be networkd or NetworkManager";
	case FORM_OTHER:
		break;
	}
	return NULL;
}

/* The keys of a mapping and the form of their values. */
static void check_map(struct netplan *n, enum place place, yaml_node_t *map)
{
	for (size_t i = 0; i < yaml_pairs(map); i++) {
		yaml_node_t *key, *value;
		yaml_pair(n->y, map, i, &key, &value);
		if (!yaml_str(key))
			continue;
		const struct key *k = find(place, yaml_str(key));
		const char *why = k ? fault(k->form, value) : NULL;
		if (!k)
			unknown_key(n, place, key);
		else if (why)
			refuse(n, key, "\"%s\" %s, so netplan refuses the whole file",
			       yaml_str(key), why);
	}
}

static void check_mac(struct netplan *n, const yaml_node_t *value)
{
	const char *s = yaml_str(value);

	if (s && strlen(s) == strlen("00-00-00-00-00-00") && strchr(s, '-'))
		refuse(n, value,
		       "netplan takes a MAC address with colons only, and refuses the "
		       "whole file: write \":\" for \"-\"");
}

bool netplan_check_definition(struct yaml *y, enum link_kind kind, void *definition,
			      struct findings *findings)
{
	static const enum place places[] = {
		[LINK_ETHERNET] = PLACE_ETHERNET, [LINK_BOND] = PLACE_BOND,
		[LINK_VLAN] = PLACE_VLAN,         [LINK_UPPER] = PLACE_BRIDGE,
		[LINK_LOCAL] = PLACE_DUMMY,
	};
	struct netplan n = {y, findings, true};
	yaml_node_t *map = definition, *match = yaml_get(y, map, "match");
	yaml_node_t *routes = yaml_get(y, map, "routes");

	check_map(&n, places[kind], map);
	check_map(&n, PLACE_MATCH, match);
	check_map(&n, PLACE_NAMESERVERS, yaml_get(y, map, "nameservers"));
	if (kind == LINK_BOND)
		check_map(&n, PLACE_BOND_PARAMETERS, yaml_get(y, map, "parameters"));
	for (size_t i = 0; i < yaml_len(routes); i++)
		check_map(&n, PLACE_ROUTE, yaml_item(y, routes, i));
	check_mac(&n, yaml_get(y, match, "macaddress"));
	check_mac(&n, yaml_get(y, map, "macaddress"));
	yaml_node_t *set_name = yaml_get(y, map, "set-name");
	if (set_name && !match && kind == LINK_ETHERNET)
		refuse(&n, set_name,
		       "set-name needs match, so netplan refuses the whole file: name the "
		       "interface's "
		       "MAC address there");
	return n.ok;
}

void netplan_check_network(struct yaml *y, void *network, struct findings *findings)
{
	struct netplan n = {y, findings, true};

	check_map(&n, PLACE_NETWORK, network);
}

void netplan_check_section(struct yaml *y, void *key, void *value, struct findings *findings)
{
	struct netplan n = {y, findings, true};
	cleanup_free char *q = quotable(yaml_str(key));

	if (!yaml_is_map(value) && !streq(yaml_str(key), "renderer"))
		refuse(&n, key,
		       "\"%s\" must be a mapping (%s: {}), so netplan refuses the whole file", q,
		       q);
}
