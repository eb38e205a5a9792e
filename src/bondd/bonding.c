// SPDX-License-Identifier: Apache-2.0
#include "bondd/status.h"

#include "base/alloc.h"
#include "base/str.h"

enum { MAX_LEGS = 64, MAX_TARGETS = 32 };

/* The driver's mode names in this file differ from those of its options. */
static const struct {
	const char *words, *name;
} modes[] = {
	{"load balancing (round-robin)", "balance-rr"},
	{"fault-tolerance (active-backup)", "active-backup"},
	{"load balancing (xor)", "balance-xor"},
	{"fault-tolerance (broadcast)", "broadcast"},
	{"IEEE 802.3ad Dynamic link aggregation", "802.3ad"},
	{"transmit load balancing", "balance-tlb"},
	{"adaptive load balancing", "balance-alb"},
};

/*
 * Takes ownership of value. The driver does not write a key twice; if a key repeats, the last one
 * counts.
 */
static void take(char **field, char *value)
{
	free(*field);
	*field = value;
}

/* "None" means no leg. */
static char *leg_name(const char *value, size_t len)
{
	return len == 0 || (len == 4 && memcmp(value, "None", 4) == 0) ? NULL
								       : xstrndup(value, len);
}

static int64_t number(const char *value)
{
	int64_t n;

	return str_to_int(value, 0, INT32_MAX, &n) == 0 ? n : -1;
}

/* Finds "(KEY VALUE)" at the end of value, cuts it off and returns VALUE; or NULL. */
static char *take_suffix(char *value, const char *key)
{
	cleanup_free char *mark = xasprintf(" (%s ", key);
	char *at = strstr(value, mark);

	if (!at)
		return NULL;
	char *word = at + strlen(mark);
	char *close = strchr(word, ')');
	char *found = close ? xstrndup(word, (size_t)(close - word)) : NULL;
	*at = 0;
	return found;
}

static void parse_mode(char *value, struct guest_bond *b)
{
	cleanup_free char *fail_over_mac = take_suffix(value, "fail_over_mac");

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!streq(value, modes[i].words))
			continue;
		take(&b->mode, xstrdup(modes[i].name));
		/* The driver omits "none". */
		take(&b->fail_over_mac, fail_over_mac ? steal_ptr(fail_over_mac) : xstrdup("none"));
		return;
	}
	take(&b->mode, xstrdup(value));
}

static void parse_targets(char *value, struct guest_bond *b)
{
	char *rest = NULL;

	for (char *t = strtok_r(value, ", ", &rest); t && b->arp_ip_targets.n < MAX_TARGETS;
	     t = strtok_r(NULL, ", ", &rest))
		strv_add(&b->arp_ip_targets, t);
}

static void parse_bond_line(const char *key, char *value, struct guest_bond *b)
{
	if (streq(key, "Bonding Mode")) {
		parse_mode(value, b);
	} else if (streq(key, "Primary Slave")) {
		take(&b->primary_reselect, take_suffix(value, "primary_reselect"));
		take(&b->primary, leg_name(value, strlen(value)));
	} else if (streq(key, "Currently Active Slave")) {
		take(&b->active_leg, leg_name(value, strlen(value)));
	} else if (streq(key, "MII Status")) {
		take(&b->mii_status, xstrdup(value));
	} else if (streq(key, "MII Polling Interval (ms)")) {
		b->miimon = number(value);
		/* The driver omits the ARP monitor if it is off. */
		if (b->arp_interval < 0)
			b->arp_interval = 0;
	} else if (streq(key, "ARP Polling Interval (ms)")) {
		b->arp_interval = number(value);
	} else if (streq(key, "ARP IP target/s (n.n.n.n form)")) {
		parse_targets(value, b);
	}
}

static void parse_leg_line(const char *key, char *value, struct guest_leg *l)
{
	if (streq(key, "MII Status")) {
		take(&l->mii_status, xstrdup(value));
	} else if (streq(key, "Speed")) {
		if (str_ends(value, " Mbps"))
			value[strlen(value) - strlen(" Mbps")] = 0;
		l->speed = number(value); /* "Unknown" is -1 */
	} else if (streq(key, "Link Failure Count")) {
		l->link_failures = number(value);
	} else if (streq(key, "Permanent HW addr")) {
		take(&l->permanent_mac, xstrdup(value));
	}
}

static struct guest_leg *add_leg(struct guest_bond *b, const char *name)
{
	struct guest_leg *l = array_push(b->legs, b->n_legs);

	*l = (struct guest_leg){
		.name = xstrdup(name),
		.carrier = TRI_UNKNOWN,
		.speed = -1,
		.link_failures = -1,
		.numa_node = -1,
	};
	return l;
}

void bonding_parse(const char *text, size_t len, struct guest_bond *ret_bond)
{
	struct guest_bond b = {.miimon = -1, .arp_interval = -1};
	struct guest_leg *leg = NULL;
	cleanup_free char *copy = xstrndup(text, len);
	char *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		/* Lines with a leading tab or space are details of 802.3ad, with other keys. */
		char *colon = strchr(line, ':');
		if (!colon || line[0] == ' ' || line[0] == '\t')
			continue;
		*colon = 0;
		char *value = colon + 1 + strspn(colon + 1, " ");
		if (streq(line, "Slave Interface")) {
			if (b.n_legs == MAX_LEGS)
				break;
			leg = add_leg(&b, value);
		} else if (leg) {
			parse_leg_line(line, value, leg);
		} else {
			parse_bond_line(line, value, &b);
		}
	}
	*ret_bond = b;
}
