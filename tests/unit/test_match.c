// SPDX-License-Identifier: Apache-2.0
/* Which port of the descriptor is which interface of the guest. */
#include "day0_util.h"

#include "base/alloc.h"
#include "check/match.h"

/* Ports by nicid: "v" or "d" (virtual, direct), with "mac=..." or "ip=..." behind. */
static void add_ports(struct vm_group *group, const char *ports)
{
	cleanup_free char *copy = xstrdup(ports);
	char *save = NULL;

	for (char *s = strtok_r(copy, " ", &save); s; s = strtok_r(NULL, " ", &save)) {
		struct interface *port;
		if (str_starts(s, "mac=") || str_starts(s, "ip=")) {
			port = &group->interfaces[group->n_interfaces - 1];
			*(*s == 'm' ? &port->mac_address : &port->ip_address) =
				xstrdup(strchr(s, '=') + 1);
			continue;
		}
		port = array_push(group->interfaces, group->n_interfaces);
		port->nicid = (unsigned)group->n_interfaces - 1;
		port->type = *s == 'd' ? PORT_DIRECT : PORT_VIRTUAL;
	}
}

static void add_port_text(struct strbuf *b, const char *name, const struct interface *port)
{
	if (port)
		strbuf_addf(b, "%s=%u ", name ? name : "?", port->nicid);
	else
		strbuf_addf(b, "%s=- ", name ? name : "?");
}

static void test_match(void **state)
{
	(void)state;
#define ADD  "nmcli c a type ethernet ipv4.method disabled ifname "
#define BOND "nmcli c a type bond ifname b0 ipv4.method disabled\n"
	static const struct {
		const char *ports, *commands, *expected;
	} cases[] = {
		/* legs: the direct ports, by nicid, whatever stands between */
		{"v d v d", BOND ADD "e0\n" ADD "e1 master b0\n" ADD "e2 master b0\n" ADD "e3\n",
		 "e1=1 e2=3 e0=0 e3=2 "},
		/* two bonds one after the other */
		{"d d d d",
		 BOND "nmcli c a type bond ifname b1 ipv4.method disabled\n" ADD
		      "e1 master b0\n" ADD "e2 master b1\n" ADD "e3 master b0\n" ADD
		      "e4 master b1\n",
		 "e1=0 e3=1 e2=2 e4=3 "},
		/* MAC before order; its case and separator do not matter */
		{"d mac=fa:16:3e:00:00:01 d mac=fa:16:3e:00:00:02",
		 BOND ADD "e1 mac FA-16-3E-00-00-02 master b0\n" ADD
			  "e2 mac fa:16:3e:00:00:01 master b0\n",
		 "e1=1 e2=0 "},
		/* a MAC that no port has is no port's, and does not take another's place */
		{"d d", BOND ADD "e1 mac fa:16:3e:00:00:09 master b0\n" ADD "e2 master b0\n",
		 "e1=- e2=0 "},
		/* the address before order */
		{"v ip=192.0.2.1 v ip=192.0.2.2",
		 "nmcli c a type ethernet ifname e0 ip4 192.0.2.2/24\n"
		 "nmcli c a type ethernet ifname e1 ip4 192.0.2.9/24\n",
		 "e0=1 e1=0 "},
		/* legs are virtual ports where there is no other; NICs come after them */
		{"v ip=192.0.2.1 v v v",
		 BOND ADD "e1 master b0\n" ADD "e2 master b0\n"
			  "nmcli c a type ethernet ifname e0 ip4 192.0.2.1/24\n" ADD "e3\n",
		 "e1=1 e2=2 e0=0 e3=3 "},
		/* too few ports */
		{"v d", BOND ADD "e0\n" ADD "e1 master b0\n" ADD "e2 master b0\n" ADD "e3\n",
		 "e1=1 e2=- e0=0 e3=- "},
		/* a connection of the image takes no port by order */
		{"v v", "nmcli c mod image ipv4.method disabled\n" ADD "e1\n", "?=- e1=0 "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_fixture struct fixture f = {0};
		cleanup_free char *script = xasprintf("#!/bin/sh\n%s", cases[i].commands);
		cleanup_strbuf struct strbuf b = {0};
		struct guest_match m;

		fixture_user_data(&f, script);
		add_ports(f.group, cases[i].ports);
		guest_match(f.group, &m);
		for (size_t k = 0; k < m.n_legs; k++)
			add_port_text(&b, m.legs[k].leg->name, m.legs[k].port);
		for (size_t k = 0; k < m.n_nics; k++)
			add_port_text(&b, m.nics[k].nic->name, m.nics[k].port);
		guest_match_clear(&m);
		assert_string_equal(b.s, cases[i].expected);
	}
}

static void test_bond_of_a_port(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};
	struct guest_match m;

	fixture_user_data(&f, "#!/bin/sh\n" BOND ADD "e1 master b0\n" ADD "e2 master b0\n");
	add_ports(f.group, "v d d");
	guest_match(f.group, &m);
	assert_null(guest_match_bond(&m, &f.group->interfaces[0]));
	assert_ptr_equal(guest_match_bond(&m, &f.group->interfaces[2]), &f.group->guest.bonds[0]);
	assert_ptr_equal(guest_match_leg(&m, &f.group->guest.bonds[0], 1), &f.group->interfaces[2]);
	guest_match_clear(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_bond_of_a_port),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
