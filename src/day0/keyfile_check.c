// SPDX-License-Identifier: Apache-2.0
/*
 * What NetworkManager refuses in a keyfile: syntax that GLib's GKeyFile does not take, and
 * connections that nm_connection_normalize() does not (nm-setting-connection.c, nm-setting-ip*.c,
 * nm-setting-bond.c of NetworkManager 1.42 to 1.52).
 */
#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"
#include "day0/ini.h"
#include "day0/readers.h"

enum { NAME_MAX_LEN = 15 }; /* IFNAMSIZ - 1 */

struct keyfile {
	const struct ini *ini;
	const struct text *text;
	struct findings *findings;
	size_t ipv4, ipv6; /* 1 + the line of the section, or 0 */
};

#define refuse(k, line, ...) \
	report((k)->findings, (k)->text, line, SEVERITY_ERROR, "day0-keyfile", __VA_ARGS__)

bool keyfile_is_numbered(const char *key, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(key, name, len) != 0)
		return false;
	key += len;
	key += str_starts(key, "es") ? 2 : str_starts(key, "s");
	return strspn(key, "0123456789") == strlen(key) && (*key != '0' || !key[1]);
}

static const struct ini_entry *entry(const struct keyfile *k, const char *section, const char *key)
{
	for (size_t i = k->ini->n; i-- > 0;)
		if (streq(k->ini->v[i].section, section) && streq(k->ini->v[i].key, key))
			return &k->ini->v[i];
	return NULL;
}

static bool has_section(const struct keyfile *k, const char *section)
{
	return array_find(k->ini->v, k->ini->n, streq(it->section, section)) != NULL;
}

/* GKeyFile keeps blanks at the end, and only numbers may have them. */
static void check_end(const struct keyfile *k, const char *section, char *s, size_t line)
{
	static const char keys[] = "type interface-name master controller slave-type port-type "
				   "mac-address method gateway parent";
	size_t len = strlen(s);

	len -= len > 0 && s[len - 1] == '\r';
	if (len == 0 || !isblank((unsigned char)s[len - 1]))
		return;
	cleanup_free char *key = xstrndup(s, strcspn(s, "="));
	const char *name = str_trim(key);
	cleanup_free char *q = quotable(str_trim(s));
	bool address = keyfile_is_numbered(name, "address");
	if (address || streq(section, "bond") || (!strchr(name, ' ') && str_in_words(keys, name)))
		report(k->findings, k->text, line, SEVERITY_ERROR,
		       address ? "day0-address" : "day0-keyfile",
		       "the value of \"%s\" ends with a blank, which NetworkManager does not "
		       "remove, so it does not know the value: remove the blank",
		       q);
}

static void check_syntax(struct keyfile *k)
{
	cleanup_free char *copy = xstrdup(k->text->s);
	char *rest = copy, *s;
	const char *section = "";
	bool group = false;

	for (size_t line = 0; (s = strsep(&rest, "\n")); line++) {
		if (strchr(s, '=') && s[strspn(s, " \t")] != '#')
			check_end(k, section, s, line);
		s = str_trim(s);
		if (!*s || *s == '#')
			continue;
		cleanup_free char *q = quotable(s);
		size_t len = strlen(s);
		const char *sign = strchr(s, '=');
		if (*s == '[' && s[len - 1] == ']') {
			group = true;
			s[len - 1] = 0;
			section = s + 1;
			k->ipv4 = streq(section, "ipv4") && !k->ipv4 ? line + 1 : k->ipv4;
			k->ipv6 = streq(section, "ipv6") && !k->ipv6 ? line + 1 : k->ipv6;
		} else if (*s == '[' || !sign || sign == s) {
			refuse(k, line,
			       "NetworkManager refuses the file, because \"%s\" is neither "
			       "[section], key=value nor a comment (#)",
			       q);
		} else if (!group) {
			refuse(k, line,
			       "NetworkManager refuses the file, because \"%s\" is in no section",
			       q);
		}
	}
}

static void check_name(const struct keyfile *k, bool needed)
{
	const struct ini_entry *e = entry(k, "connection", "interface-name");

	if (!e || !*e->value) {
		if (needed && !entry(k, "bond", "interface-name"))
			refuse(k, 0,
			       "NetworkManager refuses a bond or bridge without interface-name: "
			       "add it to [connection]");
		return;
	}
	cleanup_free char *q = quotable(e->value);
	bool bad = strpbrk(e->value, " \t/:") || strlen(e->value) > NAME_MAX_LEN;
	if (bad && !has_variable(e->value) && !is_placeholder(e->value))
		refuse(k, e->line,
		       "NetworkManager refuses \"%s\": the name of an interface has at most %d "
		       "characters, without blanks, \"/\" and \":\"",
		       q, NAME_MAX_LEN);
}

/* A port needs both; a section of the port's own type stands for the second. */
static void check_port(const struct keyfile *k)
{
	const struct ini_entry *master = entry(k, "connection", "controller");
	const struct ini_entry *type = entry(k, "connection", "port-type");

	master = master ? master : entry(k, "connection", "master");
	type = type ? type : entry(k, "connection", "slave-type");
	bool has_master = master && *master->value, has_type = type && *type->value;
	has_type |= has_section(k, "bond-port") || has_section(k, "bridge-port") ||
		    has_section(k, "team-port");
	if (has_master && !has_type)
		refuse(k, master->line,
		       "NetworkManager refuses \"%s\" without port-type (slave-type before 1.46): "
		       "add port-type=bond",
		       master->key);
}

static const char *check_type(const struct keyfile *k)
{
	static const char types[] =
		"6lowpan 802-11-olpc-mesh 802-11-wireless 802-3-ethernet adsl bluetooth bond "
		"bridge "
		"cdma dummy ethernet generic geneve gsm hsr infiniband ip-tunnel ipvlan loopback "
		"macsec macvlan olpc-mesh ovs-bridge ovs-dpdk ovs-interface ovs-patch ovs-port "
		"pppoe "
		"team tun veth vlan vpn vrf vxlan wifi wifi-p2p wimax wireguard wpan xfrm";
	static const char *const sections[] = {"bond", "bridge", "vlan", "team"};
	const struct ini_entry *e = entry(k, "connection", "type");

	if (!e) {
		for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
			if (has_section(k, sections[i]))
				return sections[i];
		if (!has_section(k, "ethernet") && !has_section(k, "802-3-ethernet"))
			refuse(k, 0,
			       "NetworkManager refuses a connection without type: add it to "
			       "[connection]");
		return "";
	}
	cleanup_free char *q = quotable(e->value);
	bool known = !strchr(e->value, ' ') && str_in_words(types, e->value);
	if (!known && !has_variable(e->value) && !is_placeholder(e->value))
		refuse(k, e->line, "NetworkManager has no connection type \"%s\"", q);
	return e->value;
}

static const char *methods(const char *section)
{
	return streq(section, "ipv6") ? "auto dhcp disabled ignore link-local manual shared"
				      : "auto disabled link-local manual shared";
}

bool keyfile_has_method(const char *section, const char *s)
{
	return *s && !strchr(s, ' ') && str_in_words(methods(section), s);
}

static void check_method(const struct keyfile *k, const char *section)
{
	bool v6 = streq(section, "ipv6");
	const struct ini_entry *method = entry(k, section, "method");
	size_t first = v6 ? k->ipv6 : k->ipv4;
	const struct ini_entry *gateway = entry(k, section, "gateway");
	const struct ini_entry *address =
		array_find(k->ini->v, k->ini->n,
			   streq(it->section, section) && keyfile_is_numbered(it->key, "address"));

	if (!first || (method && has_variable(method->value)))
		return;
	if (!method) {
		refuse(k, first - 1,
		       "NetworkManager refuses [%s] without method: add method=manual for static "
		       "addresses, auto for DHCP or disabled",
		       section);
		return;
	}
	const char *s = method->value;
	cleanup_free char *q = quotable(s);
	if (!keyfile_has_method(section, s))
		refuse(k, method->line, "NetworkManager has no method \"%s\" in [%s]: %s", q,
		       section, methods(section));
	else if (streq(s, "manual") && !address)
		refuse(k, method->line,
		       "NetworkManager refuses method=manual without an address: add "
		       "address1=ADDRESS/LENGTH");
	else if (address && str_in_words("disabled ignore link-local", s))
		refuse(k, address->line, "NetworkManager refuses an address with method=%s in [%s]",
		       s, section);
	else if (gateway && *gateway->value && !address)
		refuse(k, gateway->line,
		       "NetworkManager refuses a gateway without an address in [%s]", section);
}

void keyfile_check(const struct ini *ini, const struct text *text, struct findings *findings)
{
	struct keyfile k = {.ini = ini, .text = text, .findings = findings};

	check_syntax(&k);
	const char *type = check_type(&k);
	check_name(&k, str_in_words("bond bridge team dummy", *type ? type : "-"));
	check_port(&k);
	check_method(&k, "ipv4");
	check_method(&k, "ipv6");
}
