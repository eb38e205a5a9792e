// SPDX-License-Identifier: Apache-2.0
#include "model/guest.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static const char *const dialect_names[] = {
	[DIALECT_NMCLI] = "nmcli",
	[DIALECT_IFCFG] = "ifcfg",
	[DIALECT_NETPLAN] = "netplan",
	[DIALECT_CLOUD_INIT_V1] = "cloud-init network config version 1",
	[DIALECT_CLOUD_INIT_V2] = "cloud-init network config version 2",
	[DIALECT_NETWORKD] = "systemd-networkd",
	[DIALECT_IFUPDOWN] = "ifupdown",
	[DIALECT_IPROUTE] = "ip commands",
};

/* In the driver's numbering, plus one: Documentation/networking/bonding.rst, "mode". */
static const char *const mode_names[] = {
	[BOND_MODE_UNSET] = "unset",
	[BOND_MODE_BALANCE_RR] = "balance-rr",
	[BOND_MODE_ACTIVE_BACKUP] = "active-backup",
	[BOND_MODE_BALANCE_XOR] = "balance-xor",
	[BOND_MODE_BROADCAST] = "broadcast",
	[BOND_MODE_8023AD] = "802.3ad",
	[BOND_MODE_BALANCE_TLB] = "balance-tlb",
	[BOND_MODE_BALANCE_ALB] = "balance-alb",
};

static const char *const fail_over_mac_names[] = {
	[FAIL_OVER_MAC_UNSET] = "unset",
	[FAIL_OVER_MAC_NONE] = "none",
	[FAIL_OVER_MAC_ACTIVE] = "active",
	[FAIL_OVER_MAC_FOLLOW] = "follow",
};

const char *dialect_name(enum dialect dialect)
{
	return dialect_names[dialect];
}

const char *bond_mode_name(enum bond_mode mode)
{
	return mode_names[mode];
}

const char *fail_over_mac_name(enum fail_over_mac policy)
{
	return fail_over_mac_names[policy];
}

/* Index of s in names (from 1; 0 is "unset"), by name or by the driver's number. -EINVAL if
 * unknown. */
static int option_parse(const char *s, const char *const *names, size_t n)
{
	if (s[0] >= '0' && s[0] <= '9' && s[1] == 0) {
		size_t number = (size_t)(s[0] - '0') + 1;
		return number < n ? (int)number : -EINVAL;
	}
	for (size_t i = 1; i < n; i++)
		if (strcmp(s, names[i]) == 0)
			return (int)i;
	return -EINVAL;
}

int bond_mode_parse(const char *s, enum bond_mode *ret)
{
	int i = option_parse(s, mode_names, ARRAY_SIZE(mode_names));

	if (i < 0)
		return i;
	*ret = (enum bond_mode)i;
	return 0;
}

int fail_over_mac_parse(const char *s, enum fail_over_mac *ret)
{
	int i = option_parse(s, fail_over_mac_names, ARRAY_SIZE(fail_over_mac_names));

	if (i < 0)
		return i;
	*ret = (enum fail_over_mac)i;
	return 0;
}

bool guest_is_partial(const struct guest_network *g)
{
	return g->incomplete || array_find(g->unread, g->n_unread, it->likely);
}

bool guest_may_have_bond(const struct guest_network *g)
{
	bool whole = g->n_bonds && !array_find(g->bonds, g->n_bonds, it->n_legs < 2);

	return guest_is_partial(g) || (g->n_unread > 0 && !whole);
}

bool has_variable(const char *s)
{
	return strpbrk(s, "$`") || strstr(s, "{{");
}

void guest_unread_clear(struct guest_unread *u)
{
	free_all(u->what, u->why, u->file);
}

void guest_addresses_clear(struct guest_addresses *a)
{
	strv_clear(&(struct strv){a->v, a->n});
	free_all(a->gateway4, a->gateway6);
}

static void bond_clear(struct bond *b)
{
	free_all(b->name, b->file, b->arp_validate);
	strv_clear(&b->arp_ip_targets);
	free_all(b->primary, b->primary_reselect);
	for (size_t i = 0; i < b->n_legs; i++) {
		free_all(b->legs[i].name, b->legs[i].mac, b->legs[i].file);
	}
	free(b->legs);
	guest_addresses_clear(&b->addresses);
	for (size_t i = 0; i < b->n_vlans; i++) {
		free_all(b->vlans[i].name, b->vlans[i].file);
		guest_addresses_clear(&b->vlans[i].addresses);
	}
	free(b->vlans);
}

void written_file_clear(struct written_file *file)
{
	free(file->path);
	if (file->text)
		text_clear(file->text);
	free(file->text);
}

const struct written_file *guest_written_find(const struct guest_network *g, const char *path)
{
	return array_find(g->written, g->n_written, strcmp(it->path, path) == 0);
}

void guest_network_clear(struct guest_network *g)
{
	array_free(g->bonds, g->n_bonds, bond_clear);
	for (size_t i = 0; i < g->n_nics; i++) {
		free_all(g->nics[i].name, g->nics[i].mac, g->nics[i].file);
		guest_addresses_clear(&g->nics[i].addresses);
	}
	free(g->nics);
	guest_addresses_clear(&g->local);
	for (size_t i = 0; i < g->n_dialects; i++)
		free(g->dialects[i].file);
	free(g->dialects);
	array_free(g->unread, g->n_unread, guest_unread_clear);
	array_free(g->written, g->n_written, written_file_clear);
	*g = (struct guest_network){0};
}
