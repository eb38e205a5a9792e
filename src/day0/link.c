// SPDX-License-Identifier: Apache-2.0
#include "day0/link.h"

#include <limits.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/ip.h"

enum { LINKS_MAX = 1024, UNREAD_MAX = 64, SCRIPTS_MAX = 256 };

void string_set(char **p, const char *s)
{
	char *copy = xstrdup(s);

	free(*p);
	*p = copy;
}

struct guest_link *link_add(struct guest_links *links, enum link_kind kind, enum dialect dialect,
			    const struct text *text, size_t line)
{
	if (links->n == LINKS_MAX)
		link_remove(links, &links->v[LINKS_MAX - 1]);
	struct guest_link *l = array_push(links->v, links->n);

	l->kind = kind;
	l->dialect = dialect;
	l->file = text->file;
	l->line = text_line(text, line);
	l->of_ifupdown = links->of_ifupdown;
	l->bond.miimon = -1;
	l->bond.downdelay = -1;
	l->bond.num_grat_arp = -1;
	l->bond.arp_interval = -1;
	return l;
}

void links_unread(struct guest_links *links, const struct text *text, size_t line, bool likely,
		  const char *what, const char *why)
{
	if (links->n_unread == UNREAD_MAX)
		return;
	struct guest_unread *u = array_push(links->unread, links->n_unread);

	*u = (struct guest_unread){.what = quotable(what),
				   .why = xstrdup(why),
				   .file = xstrdup(text->file),
				   .line = text_line(text, line),
				   .likely = likely};
}

void links_defer_script(struct guest_links *links, const struct text *text, size_t line,
			const char *s, bool of_ifupdown)
{
	if (links->n_scripts == SCRIPTS_MAX)
		return;
	struct deferred_script *script = array_push(links->scripts, links->n_scripts);
	script->of_ifupdown = of_ifupdown;
	text_init_at(&script->text, text, line, s, strlen(s));
}

int mtu_parse(const char *s)
{
	int64_t n;

	return str_to_int(s, 0, 65535, &n) == 0 ? (int)n : 0;
}

void vlan_id_read(const char *s, const struct text *text, size_t line, struct findings *findings,
		  int *ret)
{
	cleanup_free char *q = quotable(s);
	int64_t id;

	if (str_to_int(s, 0, 4094, &id) == 0)
		*ret = (int)id;
	else if (!strpbrk(s, "$`"))
		report(findings, text, line, SEVERITY_ERROR, "day0-vlan",
		       "VLAN id \"%s\" must be from 0 to 4094", q);
}

struct guest_link *link_find(struct guest_links *links, enum dialect dialect, const char *id)
{
	struct guest_link *l =
		array_find(links->v, links->n,
			   it->dialect == dialect && (streq(it->id, id) || streq(it->uuid, id)));

	if (l)
		return l;
	return array_find(links->v, links->n, it->dialect == dialect && streq(it->name, id));
}

struct guest_link *link_towards(struct guest_links *links, const char *gateway)
{
	struct ip_addr to;
	struct ip_prefix own;

	for (size_t i = 0; ip_parse(gateway, &to) && i < links->n; i++)
		for (size_t k = 0; k < links->v[i].addresses.n; k++)
			if (ip_prefix_parse(links->v[i].addresses.v[k], &own) &&
			    ip_prefix_contains(&own, &to))
				return &links->v[i];
	return NULL;
}

static void link_clear(struct guest_link *l)
{
	free_all(l->id, l->uuid, l->name, l->mac, l->master, l->parent);
	strv_clear(&l->ports);
	guest_addresses_clear(&l->addresses);
	strv_clear(&l->bond.arp_ip_targets);
	free_all(l->bond.arp_validate, l->bond.primary, l->bond.primary_reselect);
}

void link_remove(struct guest_links *links, struct guest_link *link)
{
	size_t i = (size_t)(link - links->v);

	link_clear(link);
	memmove(link, link + 1, (links->n - i - 1) * sizeof(*link));
	links->n--;
}

static bool is_in(const struct text *text, const char *file, unsigned line)
{
	return streq(file, text->file) && line >= text_line(text, 0) &&
	       line <= text_line(text, text->n_lines);
}

void links_forget(struct guest_links *links, const struct text *text, struct findings *findings)
{
	for (size_t i = links->n; i-- > 0;)
		if (is_in(text, links->v[i].file, links->v[i].line))
			link_remove(links, &links->v[i]);
	for (size_t i = findings->n; i-- > 0;)
		if (str_starts(findings->v[i].rule, "day0-") &&
		    is_in(text, findings->v[i].file, findings->v[i].line))
			findings_remove(findings, i);
}

static void script_text_clear(struct deferred_script *s)
{
	text_clear(&s->text);
}

static void written_clear(struct network_file *f)
{
	free(f->path);
}

static void file_clear(struct guest_file *f)
{
	free(f->path);
	text_clear(&f->text);
}

void links_clear(struct guest_links *links)
{
	array_free(links->v, links->n, link_clear);
	array_free(links->unread, links->n_unread, guest_unread_clear);
	array_free(links->files, links->n_files, file_clear);
	array_free(links->scripts, links->n_scripts, script_text_clear);
	array_free(links->written, links->n_written, written_clear);
	*links = (struct guest_links){0};
}

/* Valid options of the driver that no check needs (bonding.rst, "Bonding Driver Options"). */
static const char *const other_options[] = {
	"active_slave",     "ad_actor_sys_prio", "ad_actor_system",  "ad_select",
	"ad_user_port_key", "arp_all_targets",   "arp_missed_max",   "lacp_active",
	"lacp_rate",        "lp_interval",       "max_bonds",        "min_links",
	"ns_ip6_target",    "packets_per_slave", "peer_notif_delay", "resend_igmp",
	"tlb_dynamic_lb",   "updelay",           "use_carrier",      "xmit_hash_policy",
	"balance_slb",      "vlan_srcmac",
};

static bool number(int *ret, int max, const char *what, const char *name, const char *value,
		   const struct text *text, size_t line, struct findings *findings)
{
	int64_t n;

	if (str_to_int(value, 0, max, &n) < 0) {
		cleanup_free char *q = quotable(value);
		report(findings, text, line, SEVERITY_ERROR, "day0-bond", "%s=%s must be %s", name,
		       q, what);
		return false;
	}
	*ret = (int)n;
	return true;
}

/* By name or by the driver's number, which is the index in names. Leaves *ret unchanged otherwise.
 */
static bool choice(const char *value, const char *const *names, size_t n, char **ret)
{
	for (size_t i = 0; i < n; i++) {
		const char digit[] = {(char)('0' + i), 0};
		if (streq(value, names[i]) || streq(value, digit)) {
			string_set(ret, names[i]);
			return true;
		}
	}
	return false;
}

/* Numeric options. False if the option is not numeric. */
static bool number_option(struct bond *bond, const char *key, const char *value,
			  const struct text *text, size_t line, struct findings *findings)
{
	static const char *const ms = "a number of milliseconds", *const count = "0 to 255";

	int *const of = streq(key, "miimon")         ? &bond->miimon
			: streq(key, "arp_interval") ? &bond->arp_interval
			: streq(key, "downdelay")    ? &bond->downdelay
						     : NULL;
	if (!of && !streq(key, "num_grat_arp") && !streq(key, "num_unsol_na"))
		return false;
	if (!(of ? number(of, INT_MAX, ms, key, value, text, line, findings)
		 : number(&bond->num_grat_arp, 255, count, key, value, text, line, findings)))
		bond->options_unknown = true;
	return true;
}

void bond_option(struct bond *bond, const char *name, const char *value, const struct text *text,
		 size_t line, struct findings *findings)
{
	cleanup_free char *key = xstrdup(name);
	cleanup_free char *q = quotable(value);

	for (char *p = key; *p; p++)
		if (*p == '-')
			*p = '_';
	if (has_variable(value)) {
		bond->options_unknown = true;
		return;
	}
	if (streq(key, "mode")) {
		if (bond_mode_parse(value, &bond->mode) < 0) {
			bond->options_unknown = true;
			report(findings, text, line, SEVERITY_ERROR, "day0-bond",
			       "the bonding driver has no mode \"%s\"", q);
		}
	} else if (number_option(bond, key, value, text, line, findings)) {
		return;
	} else if (streq(key, "all_slaves_active")) {
		bond->all_slaves_active =
			streq(value, "1") || streq(value, "true") || streq(value, "delivered");
	} else if (streq(key, "arp_validate")) {
		static const char *const names[] = {"none",         "active", "backup",
						    "all",          "filter", "filter_active",
						    "filter_backup"};
		if (!choice(value, names, ARRAY_SIZE(names), &bond->arp_validate))
			report(findings, text, line, SEVERITY_ERROR, "day0-bond",
			       "arp_validate=%s must be none, active, backup, all, filter, "
			       "filter_active or filter_backup",
			       q);
	} else if (streq(key, "fail_over_mac")) {
		if (fail_over_mac_parse(value, &bond->fail_over_mac) < 0) {
			bond->options_unknown = true;
			report(findings, text, line, SEVERITY_ERROR, "day0-bond",
			       "fail_over_mac=%s must be none, active or follow", q);
		}
	} else if (streq(key, "primary")) {
		string_set(&bond->primary, value);
	} else if (streq(key, "primary_reselect")) {
		static const char *const names[] = {"always", "better", "failure"};
		if (!choice(value, names, ARRAY_SIZE(names), &bond->primary_reselect))
			report(findings, text, line, SEVERITY_ERROR, "day0-bond",
			       "primary_reselect=%s must be always, better or failure", q);
	} else if (streq(key, "arp_ip_target")) {
		cleanup_free char *copy = xstrdup(value);
		char *save = NULL;
		for (char *s = strtok_r(copy, ", ;", &save); s; s = strtok_r(NULL, ", ;", &save)) {
			address_check(s, 4, ADDRESS_ALONE, text, line, findings);
			strv_add(&bond->arp_ip_targets, s);
		}
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(other_options); i++)
			if (streq(key, other_options[i]))
				return;
		cleanup_free char *k = quotable(name);
		report(findings, text, line, SEVERITY_ERROR, "day0-bond",
		       "the bonding driver has no option \"%s\"", k);
		bond->options_unknown = true; /* meant for one that the bond now lacks */
	}
}

void bond_options(struct bond *bond, const char *options, const char *separators,
		  const struct text *text, size_t line, struct findings *findings)
{
	cleanup_free char *copy = xstrdup(options);
	char *save = NULL;

	for (char *s = strtok_r(copy, separators, &save); s;
	     s = strtok_r(NULL, separators, &save)) {
		s += strspn(s, " \t");
		char *value = strchr(s, '=');
		if (!value && has_variable(s)) {
			bond->options_unknown = true;
			continue;
		}
		if (!value) {
			cleanup_free char *q = quotable(s);
			report(findings, text, line, SEVERITY_ERROR, "day0-bond",
			       "\"%s\" must have the form option=value", q);
			bond->options_unknown = true;
			continue;
		}
		*value++ = 0;
		bond_option(bond, s, value, text, line, findings);
	}
}
