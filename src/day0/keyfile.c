// SPDX-License-Identifier: Apache-2.0
/* NetworkManager's keyfiles: nm-settings-keyfile(5). */
#include "base/alloc.h"
#include "base/str.h"
#include "day0/ini.h"
#include "day0/nm.h"
#include "day0/readers.h"

enum { REPEATED_MAX = 1000 }; /* entries between two of the same key */

/* "10.0.0.0/8,192.0.2.1,100" */
static void add_route(struct nm *n, bool v6, const char *value)
{
	cleanup_free char *words = xstrdup(value);

	for (char *p = words; *p; p++)
		if (*p == ',' || *p == ';')
			*p = ' ';
	nm_set(n, v6 ? "+ipv6.routes" : "+ipv4.routes", words);
}

/* The characters at *s that are of these, up to a separator or the end; NULL: another one follows.
 * Moves *s past the separator. (read_field() of nm-keyfile.c) */
static char *take_field(char **s, const char *of)
{
	char *start = *s;
	size_t n = strspn(start, of);

	if (!*start || (start[n] && !strchr("/;,", start[n])))
		return NULL;
	*s = start + n + (start[n] != 0);
	start[n] = 0;
	return start;
}

/* "ADDRESS/LENGTH,GATEWAY": "/", "," and ";" are the same. */
static void set_address(struct nm *n, const char *section, const char *value, bool of_gateway)
{
	static const char of_address[] = "0123456789abcdefABCDEF:.%";
	bool v6 = streq(section, "ipv6");
	cleanup_free char *copy = xstrdup(value), *add = xasprintf("+%s.addresses", section);
	cleanup_free char *key = xasprintf("%s.gateway", section), *q = quotable(value);
	char *rest = copy;

	if (has_variable(value) || is_placeholder(value)) {
		nm_set(n, add, value);
		return;
	}
	const char *address = take_field(&rest, of_address);
	const char *length = address ? take_field(&rest, "0123456789") : NULL;
	const char *gateway = address ? take_field(&rest, of_address) : NULL;
	if (!address || *rest) {
		report(n->findings, n->text, n->line, SEVERITY_ERROR, "day0-address",
		       "NetworkManager ignores \"%s\": write ADDRESS/LENGTH, and each address with "
		       "a key of its own (address1, address2)",
		       q);
		return;
	}
	int64_t bits;
	if (!length || str_to_int(length, 0, v6 ? 128 : 32, &bits) < 0)
		bits = v6 ? 64 : 24;
	cleanup_free char *whole = xasprintf("%s/%d", address, (int)bits);
	nm_set(n, add, whole);
	/* NetworkManager writes 0.0.0.0 and "::" for none. */
	if (of_gateway && gateway && *gateway && !streq(gateway, "0.0.0.0") &&
	    !streq(gateway, "::"))
		nm_set(n, key, gateway);
}

static void set_addresses(struct nm *n, const char *section, const char *value)
{
	const struct guest_addresses *a = &n->link->addresses;

	set_address(n, section, value, streq(section, "ipv6") ? !a->gateway6 : !a->gateway4);
}

/* keyfile_check() reports one that there is not. */
static void set_method(struct nm *n, bool v6, const char *section, const char *value)
{
	n->method4 |= !v6;
	if (keyfile_has_method(section, value) || has_variable(value))
		nm_set(n, v6 ? "ipv6.method" : "ipv4.method", value);
}

static void set_ip(struct nm *n, const struct ini_entry *e)
{
	bool v6 = streq(e->section, "ipv6");

	if (keyfile_is_numbered(e->key, "address"))
		set_addresses(n, e->section, e->value);
	else if (keyfile_is_numbered(e->key, "route"))
		add_route(n, v6, e->value);
	else if (keyfile_is_numbered(e->key, "routing-rule"))
		n->link->addresses.routes = true;
	else if (streq(e->key, "gateway"))
		nm_set(n, v6 ? "ipv6.gateway" : "ipv4.gateway", e->value);
	else if (streq(e->key, "method"))
		set_method(n, v6, e->section, e->value);
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
	/* In the section bond before NetworkManager 1.0. */
	if (str_in_words("bond vlan bridge", e->section) && streq(e->key, "interface-name")) {
		string_set(&l->name, e->value);
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

/* A key that follows again in the section: the last one counts. */
static bool is_repeated(const struct ini *ini, size_t i)
{
	for (size_t k = i + 1; k < ini->n && k < i + REPEATED_MAX; k++)
		if (streq(ini->v[k].section, ini->v[i].section) &&
		    streq(ini->v[k].key, ini->v[i].key))
			return true;
	return false;
}

/* A section stands for the type. */
static void infer_type(struct nm *n, const struct ini *ini)
{
	static const char *const sections[] = {"bond", "bridge", "vlan", "ethernet",
					       "802-3-ethernet"};

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (array_find(ini->v, ini->n, streq(it->section, sections[i]))) {
			nm_set(n, "connection.type", sections[i]);
			return;
		}
}

void keyfile_read(const char *path, const struct text *text, struct guest_links *links,
		  struct findings *findings)
{
	cleanup_ini struct ini ini = {0};
	struct nm n = {.text = text, .links = links, .findings = findings};

	ini_parse(text, "#", &ini);
	n.link = link_add(links, LINK_OTHER, DIALECT_NMCLI, text, 0);
	keyfile_check(&ini, text, findings);
	for (size_t i = 0; i < ini.n; i++)
		if (!is_repeated(&ini, i) && !streq(ini.v[i].key, "gateway"))
			set_entry(&n, &ini.v[i]);
	for (size_t i = 0; i < ini.n; i++) /* rather than that of an address */
		if (!is_repeated(&ini, i) && streq(ini.v[i].key, "gateway"))
			set_entry(&n, &ini.v[i]);
	struct guest_link *l = n.link;
	if (!ini_get(&ini, "connection", "type"))
		infer_type(&n, &ini);
	if (!l->id)
		l->id = name_of(path);
	const char *method6 = ini_get(&ini, "ipv6", "method");
	l->addresses.dhcp6 = streq(method6, "dhcp");
	nm_finish(&n);
	/* A connection for any interface of a pattern: [match] interface-name */
	const char *value = ini_get(&ini, "match", "interface-name");
	cleanup_free char *pattern = xstrdup(value);
	if (pattern && str_ends(pattern, ";"))
		pattern[strlen(pattern) - 1] = 0;
	if (pattern && !l->name) {
		if (strpbrk(pattern, "*?[!|&;"))
			l->several = true;
		else
			l->name = xstrdup(pattern);
	}
}
