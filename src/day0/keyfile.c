// SPDX-License-Identifier: Apache-2.0
/* NetworkManager's keyfiles: nm-settings-keyfile(5). */
#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"
#include "day0/ini.h"
#include "day0/nm.h"
#include "day0/readers.h"

/* "address1", "addresses", "route2" without the number and the plural. */
static bool is_numbered(const char *key, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(key, name, len) != 0)
		return false;
	key += len;
	if (str_starts(key, "es") || streq(key, "s"))
		key += str_starts(key, "es") ? 2 : 1;
	return strspn(key, "0123456789") == strlen(key);
}

/* "10.0.0.0/8,192.0.2.1,100" */
static void add_route(struct nm *n, bool v6, const char *value)
{
	cleanup_free char *words = xstrdup(value);

	for (char *p = words; *p; p++)
		if (*p == ',' || *p == ';')
			*p = ' ';
	nm_set(n, v6 ? "+ipv6.routes" : "+ipv4.routes", words);
}

/* "ADDRESS/PREFIX,GATEWAY", several of them separated by ";" */
static void set_addresses(struct nm *n, const char *section, const char *value)
{
	cleanup_free char *copy = xstrdup(value), *add = xasprintf("+%s.addresses", section);
	cleanup_free char *of_gateway = xasprintf("%s.gateway", section);
	char *save = NULL;

	for (char *s = strtok_r(copy, ";", &save); s; s = strtok_r(NULL, ";", &save)) {
		char *gateway = strchr(s, ',');
		if (gateway)
			*gateway++ = 0;
		nm_set(n, add, s);
		/* NetworkManager writes 0.0.0.0 and "::" for none. */
		if (gateway && *gateway && !streq(gateway, "0.0.0.0") && !streq(gateway, "::"))
			nm_set(n, of_gateway, gateway);
	}
}

static void set_ip(struct nm *n, const struct ini_entry *e)
{
	bool v6 = streq(e->section, "ipv6");

	if (is_numbered(e->key, "address"))
		set_addresses(n, e->section, e->value);
	else if (is_numbered(e->key, "route"))
		add_route(n, v6, e->value);
	else if (is_numbered(e->key, "routing-rule"))
		n->link->addresses.routes = true;
	else if (streq(e->key, "gateway"))
		nm_set(n, v6 ? "ipv6.gateway" : "ipv4.gateway", e->value);
	else if (streq(e->key, "method"))
		nm_set(n, v6 ? "ipv6.method" : "ipv4.method", e->value);
}

/* "2;0;0;0;0;1;", as NetworkManager wrote a MAC address before 1.0. NULL: it is not that. */
static char *mac_of_bytes(const char *value)
{
	unsigned b[6];
	int n = 0;

	if (sscanf(value, "%3u;%3u;%3u;%3u;%3u;%3u%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &n) != 6 ||
	    n == 0)
		return NULL;
	return xasprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
}

/* Router advertisements come with "auto" unless the method is "dhcp". */
static void set_entry(struct nm *n, const struct ini_entry *e)
{
	struct guest_link *l = n->link;

	n->line = e->line;
	if (streq(e->section, "bond") && streq(e->key, "interface-name")) {
		string_set(&l->name, e->value); /* before NetworkManager 1.0 */
	} else if (streq(e->section, "bond")) {
		bond_option(&l->bond, e->key, e->value, n->text, e->line, n->findings);
	} else if (streq(e->section, "ipv4") || streq(e->section, "ipv6")) {
		set_ip(n, e);
	} else {
		cleanup_free char *word = xasprintf("%s.%s", e->section, e->key);
		cleanup_free char *mac =
			streq(e->key, "mac-address") ? mac_of_bytes(e->value) : NULL;
		nm_set(n, word, mac ? mac : e->value);
	}
	if (streq(e->section, "connection") && streq(e->key, "interface-name"))
		l->line = text_line(n->text, e->line);
}

/* The file's name without its folder and ".nmconnection". */
static char *name_of(const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	size_t len = strlen(base);

	return xstrndup(base,
			str_ends(base, ".nmconnection") ? len - strlen(".nmconnection") : len);
}

void keyfile_read(const char *path, const struct text *text, struct guest_links *links,
		  struct findings *findings)
{
	cleanup_ini struct ini ini = {0};
	struct nm n = {.text = text, .links = links, .findings = findings};

	ini_parse(text, "#", &ini);
	n.link = link_add(links, LINK_OTHER, DIALECT_NMCLI, text, 0);
	for (size_t i = 0; i < ini.n; i++)
		set_entry(&n, &ini.v[i]);
	struct guest_link *l = n.link;
	if (!l->id)
		l->id = name_of(path);
	const char *method6 = ini_get(&ini, "ipv6", "method");
	l->addresses.dhcp6 = streq(method6, "dhcp");
	nm_finish(&n);
	/* A connection for any interface of a pattern: [match] interface-name */
	const char *pattern = ini_get(&ini, "match", "interface-name");
	if (pattern && !l->name) {
		if (strpbrk(pattern, "*?[!|&;"))
			l->several = true;
		else
			l->name = xstrdup(pattern);
	}
}
