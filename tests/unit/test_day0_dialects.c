// SPDX-License-Identifier: Apache-2.0
/* Dialects of a guest's network: keyfiles, networkd, ifupdown, SUSE, ip commands; and scripts. */
#include "day0_network.h"

#define BOND "mode active-backup miimon 100 arp -1 mac active"

/* Files that write_files has, from line 3 on; then runcmd. */
static char *cloud_config(const char *const (*files)[2], const char *runcmd)
{
	struct strbuf b = {0};

	strbuf_adds(&b, "#cloud-config\nwrite_files:\n");
	for (; (*files)[0]; files++) {
		cleanup_free char *copy = xstrdup((*files)[1]);
		char *rest = copy, *line;
		strbuf_addf(&b, "- path: %s\n  content: |\n", (*files)[0]);
		while ((line = strsep(&rest, "\n")))
			strbuf_addf(&b, "    %s\n", line);
	}
	if (runcmd)
		strbuf_addf(&b, "runcmd:\n- %s\n", runcmd);
	return strbuf_steal(&b);
}

static void expect_files(const char *const (*files)[2], const char *runcmd, const char *network)
{
	cleanup_free char *data = cloud_config(files, runcmd);

	expect(data, network, "");
}

static void test_keyfiles(void **state)
{
	(void)state;
#define KEYFILES "/etc/NetworkManager/system-connections/"
	static const char *const bond[][2] = {
		{KEYFILES "bond0.nmconnection",
		 "[connection]\nid=service\nuuid=6f1c-1\ntype=bond\ninterface-name=bond0\n"
		 "# a comment\n[bond]\nmode=active-backup\nmiimon=100\nfail_over_mac=active\n"
		 "arp_validate=none\n[ipv4]\nmethod=manual\n"
		 "address1=192.0.2.10/24,192.0.2.1\naddress2=192.0.2.11/24\nroute1=10.0.0.0/"
		 "8,192.0.2.2\n"
		 "[ipv6]\nmethod=auto\naddr-gen-mode=default"},
		{KEYFILES "leg1.nmconnection",
		 "[connection]\ntype=ethernet\nmaster=6f1c-1\nslave-type=bond\n[ethernet]\n"
		 "mac-address=02:00:00:00:00:01\nmtu=9000"},
		{KEYFILES "leg2.nmconnection",
		 "[connection]\ntype=802-3-ethernet\ninterface-name=ens5\ncontroller=service\n"
		 "port-type=bond"},
		{KEYFILES "vlan.nmconnection",
		 "[connection]\ntype=vlan\ninterface-name=bond0.7\n[vlan]\nid=7\nparent=bond0\n"
		 "[ipv6]\nmethod=manual\naddress1=2001:db8::5/64;\naddresses2=2001:db8::6;64\n"
		 "gateway=2001:db8::1\n[ipv4]\nmethod=disabled"},
		{KEYFILES "mgmt.nmconnection", "[connection]\ntype=ethernet\ninterface-name=ens3"},
		{NULL, NULL},
	};
	static const char *const other[][2] = {
		{KEYFILES "any", "[connection]\ntype=bond\ninterface-name=b\n[bond]\nmode=1"},
		{KEYFILES "ports", "[connection]\ntype=ethernet\nmaster=b\nslave-type=bond\n"
				   "[match]\ninterface-name=ens*"},
		{KEYFILES ".hidden", "[connection]\ntype=ethernet\ninterface-name=ens9"},
		{NULL, NULL},
	};

	expect_files(bond, "chmod 600 " KEYFILES "*; nmcli connection reload",
		     "9 nmcli bond0 " BOND
		     " validate none 192.0.2.10/24 192.0.2.11/24 gw4 192.0.2.1 "
		     "routes\n"
		     "  26 leg - 02:00:00:00:00:01 mtu 9000\n"
		     "  37 leg ens5 -\n"
		     "  44 vlan bond0.7 id 7 2001:db8::5/64 2001:db8::6/64 gw6 2001:db8::1\n"
		     "59 nic ens3 - dhcp4\n");
	expect_files(other, NULL,
		     "7 nmcli b mode active-backup miimon -1 arp -1 mac unset dhcp4\n  legs?\n"
		     "20 unread " KEYFILES ".hidden\n");
}

static void test_networkd(void **state)
{
	(void)state;
#define NETWORKD "/etc/systemd/network/"
	static const char *const bond[][2] = {
		{NETWORKD "10-bond0.netdev",
		 "[NetDev]\nName=bond0\nKind=bond\nMTUBytes=9000\n[Bond]\nMode=active-backup\n"
		 "MIIMonitorSec=100ms\nDownDelaySec=0.2\nFailOverMACPolicy=active\n"
		 "PrimaryReselectPolicy=failure"},
		{NETWORKD "10-leg1.link",
		 "[Match]\nMACAddress=02:00:00:00:00:01\n[Link]\nName=leg1"},
		{NETWORKD "20-leg1.network",
		 "[Match]\nName=leg1\n[Network]\nBond=bond0\nPrimarySlave=true"},
		{NETWORKD "20-leg2.network",
		 "[Match]\nMACAddress=02:00:00:00:00:02\n[Network]\nBond=bond0"},
		{NETWORKD "30-bond0.network",
		 "[Match]\nName=bond0\n; a comment\n[Network]\nVLAN=v7\nAddress=192.0.2.10/24\n"
		 "Gateway=192.0.2.1\n[Address]\nAddress=2001:db8::5/64\n[Route]\n"
		 "Destination=10.0.0.0/8\nGateway=192.0.2.2\n[Route]\nGateway=2001:db8::1"},
		{NETWORKD "v7.netdev", "[NetDev]\nName=v7\nKind=vlan\n[VLAN]\nId=7"},
		{NETWORKD "mgmt.network", "[Match]\nName=ens3\n[Network]\nDHCP=ipv4"},
		{NULL, NULL},
	};
	static const char *const other[][2] = {
		{NETWORKD "b.netdev", "[NetDev]\nName=b\nKind=bond\n[Bond]\nARPIntervalSec=1s\n"
				      "ARPIPTargets=192.0.2.1 192.0.2.2"},
		{NETWORKD "legs.network", "[Match]\nName=ens4 ens5\n[Network]\nBond=b"},
		{NETWORKD "all.network", "[Match]\nName=en*\n[Network]\nDHCP=yes"},
		{NETWORKD "vf.network", "[Match]\nDriver=iavf\n[Network]\nBond=b"},
		{NETWORKD "b.network.d/mtu.conf", "[Link]\nMTUBytes=1500"},
		{NULL, NULL},
	};

	expect_files(bond, "networkctl reload",
		     "6 systemd-networkd bond0 " BOND
		     " downdelay 200 mtu 9000 primary leg1 reselect "
		     "failure 192.0.2.10/24 2001:db8::5/64 gw4 192.0.2.1 gw6 2001:db8::1 routes\n"
		     "  24 leg leg1 02:00:00:00:00:01\n"
		     "  31 leg - 02:00:00:00:00:02\n"
		     "  53 vlan v7 id 7\n"
		     "60 nic ens3 - dhcp4\n");
	expect_files(
		other, NULL,
		"6 systemd-networkd b mode unset miimon -1 arp 1000 mac unset target 192.0.2.1 "
		"target 192.0.2.2\n"
		"  14 leg ens4 -\n  14 leg ens5 -\n  legs?\n"
		"31 unread /etc/systemd/network/b.network.d/mtu.conf\n");
}

static void test_ifupdown(void **state)
{
	(void)state;
	static const char *const of_bond[][2] = {
		{"/etc/network/interfaces",
		 "source /etc/network/interfaces.d/*\nauto lo\niface lo inet loopback\n"
		 "# management\nallow-hotplug ens3\niface ens3 inet dhcp\n"
		 "auto bond0 bond0.7\niface bond0 inet static\n  address 192.0.2.10\n"
		 "  netmask 255.255.255.0\n  gateway 192.0.2.1\n  bond-slaves ens4 \\\n    ens5\n"
		 "  bond-mode active-backup\n  bond_miimon 100\n  bond-fail-over-mac active\n"
		 "  bond-primary ens4\n  mtu 9000\n  up ip route add 10.0.0.0/8 via 192.0.2.2 dev "
		 "$IFACE\n"
		 "iface bond0 inet6 static\n  address 2001:db8::5/64\n"
		 "iface bond0.7 inet static\n  address 198.51.100.5/24"},
		{NULL, NULL},
	};
	static const char *const of_legs[][2] = {
		{"/etc/network/interfaces.d/60-dns",
		 "auto ens4\niface ens4 inet manual\n  bond-master bond0\n  bond-primary ens4 "
		 "ens5\n"
		 "iface ens5 inet manual\n  bond_master bond0\n"
		 "iface bond0 inet manual\n  bond-slaves none\n  bond-mode 1\n"
		 "iface vlan9 inet static\n  vlan-raw-device bond0\n  address 192.0.2.7/24\n"
		 "iface bond0:1 inet static\n  address 192.0.2.8/24"},
		{NULL, NULL},
	};

	expect_files(of_bond, "ifup bond0",
		     "12 ifupdown bond0 " BOND
		     " mtu 9000 primary ens4 192.0.2.10/24 2001:db8::5/64 "
		     "gw4 192.0.2.1 routes\n"
		     "  16 leg ens4 -\n  16 leg ens5 -\n"
		     "  26 vlan bond0.7 id 7 198.51.100.5/24\n"
		     "10 nic ens3 - dhcp4\n");
	expect_files(
		of_legs, "ifup -a",
		"11 ifupdown bond0 mode active-backup miimon -1 arp -1 mac unset 192.0.2.8/24\n"
		"  6 leg ens4 -\n  9 leg ens5 -\n"
		"  14 vlan vlan9 id 9 192.0.2.7/24\n");
}

/* As cloud-init writes them: each leg names the bond's options. */
static void test_ifupdown_options_of_legs(void **state)
{
	(void)state;
	static const char *const files[][2] = {
		{"/etc/network/interfaces",
		 "auto e1\niface e1 inet manual\n  bond-mode active-backup\n  bond-master bond0\n"
		 "  bond-miimon 100\n  bond-fail-over-mac active\n"
		 "iface e2 inet manual\n  bond-master bond0\n"
		 "iface bond0 inet static\n  bond-slaves none\n  address 10.1.2.3"},
		{NULL, NULL},
	};

	expect_files(files, "ifup -a",
		     "13 ifupdown bond0 " BOND " 10.1.2.3/8\n  6 leg e1 -\n  11 leg e2 -\n");
}

static void test_routes_of_networkd(void **state)
{
	(void)state;
	static const char *const files[][2] = {
		{"/etc/systemd/network/a.network",
		 "[Match]\nName=e1\n[Network]\nAddress=192.0.2.10/24\n[Route]\nGateway=9.9.9.9\n"
		 "GatewayOnLink=yes\n[Route]\nDestination=0.0.0.0/0\nGateway=192.0.2.7\nTable=7"},
		{NULL, NULL},
	};

	expect_files(files, "networkctl reload",
		     "6 nic e1 - 192.0.2.10/24 gw4 9.9.9.9 routes onlink\n");
}

static void test_default_route_of_a_keyfile(void **state)
{
	(void)state;
	static const char *const files[][2] = {
		{"/etc/NetworkManager/system-connections/a.nmconnection",
		 "[connection]\nid=a\ntype=ethernet\ninterface-name=e1\n[ipv4]\nmethod=manual\n"
		 "address1=192.0.2.10/24\nroute1=0.0.0.0/0,192.0.2.1\nroute2=10.0.0.0/"
		 "8,192.0.2.2,5"},
		{NULL, NULL},
	};

	expect_files(files, "chmod 600 " KEYFILES "*; nmcli con reload",
		     "8 nic e1 - 192.0.2.10/24 gw4 192.0.2.1 routes\n");
}

static void test_suse(void **state)
{
	(void)state;
#define SUSE "/etc/sysconfig/network/"
	static const char *const files[][2] = {
		{SUSE "ifcfg-ens4", "BOOTPROTO='none'\nMTU='9000'"},
		{SUSE "ifcfg-bond0",
		 "STARTMODE='auto'\nIPADDR='192.0.2.10/24'\nIPADDR_1='192.0.2.11'\n"
		 "PREFIXLEN_1='25'\nIPADDR_v6='2001:db8::5/64'\nBONDING_MASTER='yes'\n"
		 "BONDING_SLAVE_0='ens4'\nBONDING_SLAVE_1='ens5'\n"
		 "BONDING_MODULE_OPTS='mode=active-backup miimon=100 fail_over_mac=active'"},
		{SUSE "ifcfg-vlan7", "ETHERDEVICE='bond0'\nIPADDR='198.51.100.5'\n"
				     "NETMASK='255.255.255.0'"},
		{SUSE "ifcfg-ens3", "BOOTPROTO='dhcp4'\nLLADDR='02:00:00:00:00:09'"},
		{SUSE "ifcfg-lo", "IPADDR='127.0.0.1/8'"},
		{SUSE "ifroute-bond0", "default 192.0.2.1 - bond0\n10.0.0.0/8 192.0.2.2 - -"},
		{SUSE "routes", "default 2001:db8::1 - -\n# none"},
		{NULL, NULL},
	};

	expect_files(files, "wicked ifreload all",
		     "9 ifcfg bond0 " BOND " 192.0.2.10/24 192.0.2.11/25 2001:db8::5/64 gw4 "
		     "192.0.2.1 gw6 2001:db8::1 routes\n"
		     "  5 leg ens4 - mtu 9000\n  16 leg ens5 -\n"
		     "  20 vlan vlan7 id 7 198.51.100.5/24\n"
		     "25 nic ens3 - dhcp4\n");
}

static void test_ip_commands(void **state)
{
	(void)state;
	static const struct {
		const char *commands, *network;
	} cases[] = {
		{"modprobe bonding\n"
		 "ip link add bond0 type bond mode active-backup miimon 100 fail_over_mac active\n"
		 "ip link set ens4 down\nip link set dev ens4 master bond0\n"
		 "/sbin/ip link set ens5 master bond0\nip link set bond0 mtu 9000 up\n"
		 "ip -4 addr add 192.0.2.10/24 dev bond0\nip a a 2001:db8::5/64 dev bond0\n"
		 "ip route add default via 192.0.2.1\nip -6 r replace default via 2001:db8::1 dev "
		 "bond0\n"
		 "ip link add link bond0 name bond0.7 type vlan id 7\n"
		 "ip addr add 198.51.100.5/24 brd + dev bond0.7 label bond0.7\n",
		 "3 ip commands bond0 " BOND
		 " mtu 9000 192.0.2.10/24 2001:db8::5/64 gw4 192.0.2.1 gw6 "
		 "2001:db8::1\n  5 leg ens4 -\n  6 leg ens5 -\n"
		 "  12 vlan bond0.7 id 7 198.51.100.5/24\n"},
		{"echo +bond0 > /sys/class/net/bonding_masters\n"
		 "echo active-backup > /sys/class/net/bond0/bonding/mode\n"
		 "echo 100 > /sys/class/net/bond0/bonding/miimon\n"
		 "echo +ens4 > /sys/class/net/bond0/bonding/slaves\n"
		 "echo +ens5 > /sys/class/net/bond0/bonding/slaves\n",
		 "2 ip commands bond0 mode active-backup miimon 100 arp -1 mac unset\n"
		 "  5 leg ens4 -\n  6 leg ens5 -\n"},
		{"ip link add b type bond\nip link set b type bond mode 1\nifenslave b ens4 ens5\n"
		 "ip link set ens5 nomaster\nip netns exec x ip link set ens5 master b\n",
		 "2 ip commands b mode active-backup miimon -1 arp -1 mac unset\n  4 leg ens4 -\n"
		 "4 nic ens5 -\n"},
		/* an interface of another dialect, by the kernel's name */
		{"nmcli c a type bond ifname bond0 con-name b0 ipv4.method disabled\n"
		 "ip link set ens4 master bond0\nip addr add 192.0.2.10/24 dev bond0\n",
		 "2 nmcli bond0 mode unset miimon -1 arp -1 mac unset 192.0.2.10/24\n"
		 "  3 leg ens4 -\n"},
		{"ip -batch /root/net\nip route add 10.0.0.0/8 via 192.0.2.2 dev ens9\nip link "
		 "show\n",
		 "2 unread ip -batch\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *script = xasprintf("#!/bin/sh\n%s", cases[i].commands);
		expect(script, cases[i].network, "");
	}
}

/* Each makes a bond of ens4 and ens5. */
static void test_scripts_are_evaluated(void **state)
{
	(void)state;
#define ADD  "nmcli c a type bond ifname bond0 ipv4.method disabled\n"
#define LEGS " master bond0\n"
	static const char *const scripts[] = {
		ADD "for i in ens4 ens5; do nmcli c a type ethernet ifname $i" LEGS "done\n",
		ADD "for i in 4 5\ndo\n nmcli c a type ethernet ifname \"ens${i}\"" LEGS "done\n",
		ADD "for i in ens{4,5}; do nmcli c a type ethernet ifname $i" LEGS "done\n",
		ADD "for i in $(seq 4 5); do nmcli c a type ethernet ifname ens$i" LEGS "done\n",
		ADD "L=\"ens4 ens5\"\nfor i in $L; do nmcli c a type ethernet ifname $i" LEGS
		    "done\n",
		ADD
		"L=(ens4\n ens5)\nfor i in \"${L[@]}\"; do nmcli c a type ethernet ifname $i" LEGS
		"done\n",
		ADD
		"leg() { nmcli c a type ethernet ifname $1 master $2; }\nleg ens4 bond0\nleg ens5 "
		"bond0\n",
		ADD "function leg {\n local n=\"$1\"\n nmcli c a type ethernet ifname ${n} master "
		    "bond0\n}\nif true; then leg ens4; fi\nleg ens5 && echo done\n",
		ADD "legs() {\n for i in \"$@\"; do nmcli c a type ethernet ifname $i" LEGS
		    " done\n}\nlegs ens4 ens5\n",
		"B=bond0\nM=${MODE:-active-backup}\nnmcli c a type bond ifname $B ipv4.method "
		"disabled\nset -- ens4 ens5\nwhile [ $# -gt 0 ]; do true; done\n"
		"nmcli c a type ethernet ifname $1 master $B\nshift\n"
		"nmcli c a type ethernet ifname $1 master ${B}\n",
		"case $1 in\n start|'') " ADD " ;;\n *) echo usage ;;\nesac\n"
		"sh -xc 'nmcli c a type ethernet ifname ens4 master bond0'\n"
		"bash -euo pipefail -c \"nmcli c a type ethernet ifname ens5 master bond0\"\n",
		"sudo -n env A=b " ADD "timeout -k 5 60 nmcli c a type ethernet ifname ens4" LEGS
		"nice -n 5 nohup cloud-init-per once leg nmcli c a type ethernet ifname ens5" LEGS,
		"cat > /root/n.sh << 'E'\n" ADD
		"nmcli c a type ethernet ifname $1 master bond0\nE\nchmod +x /root/n.sh\n"
		"/root/n.sh ens4\neval \"nmcli c a type ethernet\" ifname ens5 master bond0\n",
		"bash -s << E\n" ADD "nmcli c a type ethernet ifname ens4" LEGS
		"E\nsu - root -c 'nmcli c a type ethernet ifname ens5 master bond0'\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		cleanup_fixture struct fixture f = {0};
		cleanup_free char *script = xasprintf("#!/bin/bash\n%s", scripts[i]);
		fixture_user_data(&f, script);
		const struct guest_network *g = &f.group->guest;
		cleanup_free char *text = network_text(g);
		if (g->n_bonds != 1 || g->n_unread || g->bonds[0].n_legs != 2 ||
		    g->bonds[0].legs_unknown || !streq(g->bonds[0].legs[0].name, "ens4") ||
		    !streq(g->bonds[0].legs[1].name, "ens5"))
			fail_msg("%s%s", scripts[i], text);
	}
}

static void test_what_is_not_known_is_unknown(void **state)
{
	(void)state;
	static const struct {
		const char *data, *network;
	} cases[] = {
		{"#!/bin/sh\nfor i in $(ls /sys/class/net); do\n nmcli c a type ethernet ifname $i "
		 "master bond0\ndone\n" ADD,
		 "5 nmcli bond0 mode unset miimon -1 arp -1 mac unset\n  legs?\n"},
		{"#!/bin/sh\nnmcli c a type bond ifname bond0 bond.options $OPTIONS ipv4.method "
		 "disabled\n",
		 "2 nmcli bond0 mode unset miimon -1 arp -1 mac unset options?\n"},
		{"#!/bin/sh\nnmcli c a $ALL\n", "2 unread nmcli\n"},
		{"#!/bin/sh\nif [ -e /x ]; then L=ens4; else L=ens5; fi\n" ADD
		 "nmcli c a type ethernet ifname $L master bond0\n",
		 "3 nmcli bond0 mode unset miimon -1 arp -1 mac unset\n  legs?\n"},
		{"#!/usr/bin/python3\nprint('hello')\n", "1 unread the script, maybe\n"},
		{"#!/usr/bin/python3\nrun('nmcli con add')\n", "1 unread the script\n"},
		{"#!/bin/sh\ncurl http://192.0.2.1/setup.sh | bash\n", "2 unread bash, maybe\n"},
		{"#!/bin/sh\n/opt/vendor/setup\n", "2 unread /opt/vendor/setup, maybe\n"},
		{"#!/bin/sh\nansible-pull -U https://example.test/r.git\n",
		 "2 unread ansible-pull, maybe\n"},
		{"#cloud-boothook\n#!/bin/sh\nnmstatectl apply /root/x.yml\n",
		 "3 unread nmstatectl\n"},
		{"#cloud-config\nansible: {install_method: pip}\n", "2 unread ansible, maybe\n"},
		{"#cloud-config\nwrite_files:\n- {path: /etc/dhcpcd.conf, content: 'interface "
		 "eth0'}\n",
		 "3 unread /etc/dhcpcd.conf\n"},
		{"#!/bin/sh\nsed -i s/a/b/ /etc/netplan/50-cloud-init.yaml\ncp /opt/n.yaml "
		 "/etc/netplan/\n",
		 "2 unread /etc/netplan/50-cloud-init.yaml\n3 unread /etc/netplan/\n"},
		/* programs that have nothing to do with the network */
		{"#!/bin/bash\nset -e\nyum -y install knot && systemctl enable --now knot\n"
		 "[ -f /etc/x ] || touch /etc/x\nfor ((i=0;i<3;i++)); do sleep 1; done\n"
		 "case $1 in a) ls ;; b|c) ls ;; esac\ncat << E > /etc/motd\nhello\nE\n",
		 ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_fixture struct fixture f = {0};
		fixture_user_data(&f, cases[i].data);
		cleanup_free char *text = network_text(&f.group->guest);
		assert_string_equal(text, cases[i].network);
	}
}

static void test_archive(void **state)
{
	(void)state;
	expect("#cloud-config-archive\n"
	       "- type: text/cloud-config\n"
	       "  content: |\n"
	       "    runcmd:\n"
	       "    - nmcli c a type bond ifname bond0 ipv4.method disabled\n"
	       "- content: |\n"
	       "    #!/bin/sh\n"
	       "    nmcli c a type ethernet ifname ens4 master bond0\n"
	       "- |\n"
	       "  #cloud-config\n"
	       "  bootcmd:\n"
	       "  - [nmcli, c, a, type, ethernet, ifname, ens5, master, bond0]\n",
	       "5 nmcli bond0 mode unset miimon -1 arp -1 mac unset\n  12 leg ens5 -\n  8 leg ens4 "
	       "-\n",
	       "");
}

/* After "#cloud-config": commands with what the template knows. */
static void test_jinja(void **state)
{
	(void)state;
	static const struct {
		const char *template, *network, *findings;
	} cases[] = {
		{"hostname: {{ v1.local_hostname }}\nruncmd:\n{# legs #}\n"
		 "- nmcli c a type bond ifname bond0 ipv4.method disabled\n"
		 "{% for i in ['ens4', \"ens5\"] %}\n"
		 "- nmcli c a type ethernet ifname {{ i }} master bond0\n{% endfor %}\n",
		 "6 nmcli bond0 mode unset miimon -1 arp -1 mac unset\n  8 leg ens4 -\n  8 leg "
		 "ens5 -\n",
		 ""},
		{"{% set n = 'bond0' -%}\n{%- set legs = range(4, 6) %}\nruncmd:\n"
		 "- nmcli c a type bond ifname {{ n }} ip4 {{ ds.meta_data.ip }}/24\n"
		 "{% for i in legs %}{% if i == 4 %}\n"
		 "- nmcli c a type ethernet ifname ens{{ i }} master bond0\n{% else %}\n"
		 "- nmcli c a type ethernet ifname eth{{ i }} master bond0\n{% endif %}{% endfor "
		 "%}\n",
		 "6 nmcli bond0 mode unset miimon -1 arp -1 mac unset $JINJA/24\n  8 leg ens4 -\n"
		 "  10 leg eth5 -\n",
		 ""},
		{"{% raw %}\nruncmd:\n- nmcli c a type ethernet ifname '{{ x }}'\n{% endraw %}\n",
		 "5 nic - - dhcp4\n", ""},
		/* what depends on the guest is not known, also if it looks wrong */
		{"{% if v1.distro == 'debian' %}\nruncmd: [nmcli c a type bond ifname b]\n{% endif "
		 "%}\n",
		 "1 unread the jinja template\n", "1 note day0-unread\n"},
		{"runcmd: {{ nmcli }}\n", "1 unread the jinja template\n", "1 note day0-unread\n"},
		{"{% for i in legs %}x{% endfor %}\n", "1 unread the jinja template, maybe\n",
		 "1 note day0-unread\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *data =
			xasprintf("## template: jinja\n#cloud-config\n%s", cases[i].template);
		expect(data, cases[i].network, cases[i].findings);
	}
}

static void add_subnet(struct network *n, const char *name, int version, const char *address,
		       unsigned prefix, const char *gateway)
{
	struct subnet *s = array_push(n->subnets, n->n_subnets);

	s->name = xstrdup(name);
	s->ip_version = version;
	s->address = xstrdup(address);
	s->prefix = prefix;
	s->gateway = xstrdup(gateway);
}

/* nicid 0 has two addresses, nicid 1 none. */
static void tokens_fixture(struct fixture *f, const char *data)
{
	fixture_init(f, "dep.xml");
	struct deployment *d = f->model->tenants[0].deployments;
	struct network *n = array_push(d->networks, d->n_networks);
	n->name = xstrdup("net");
	add_subnet(n, "v4", 4, "192.0.2.0", 25, NULL);
	add_subnet(n, "v6", 6, "2001:db8::", 64, "2001:db8::fe");
	struct interface *port = array_push(f->group->interfaces, f->group->n_interfaces);
	port->network = xstrdup("net");
	port->mac_address = xstrdup("02:00:00:00:00:01");
	port->ip_address = xstrdup("192.0.2.10");
	port->type = PORT_DIRECT;
	struct address *a = array_push(port->addresses, port->n_addresses);
	a->id = 1;
	a->ip_address = xstrdup("2001:db8::10");
	port = array_push(f->group->interfaces, f->group->n_interfaces);
	port->nicid = 1;
	port->network = xstrdup("net");
	fixture_add(f, "--user-data", data, NULL);
	fixture_load(f);
}

static void test_tokens_of_esc(void **state)
{
	(void)state;
	static const char data[] =
		"#!/bin/sh\n"
		"nmcli c a type ethernet ifname e mac ${NICID_0_MAC_ADDRESS} ip4 "
		"${NICID_0_IP_ADDRESS}/${NICID_0_CIDR_PREFIX} gw4 ${NICID_0_GATEWAY} ip6 "
		"${NICID_0_1_IP_ADDRESS}/${NICID_0_1_CIDR_PREFIX} gw6 ${NICID_0_1_GATEWAY}\n"
		"# ${NICID_0_NETMASK} ${NICID_0_CIDR_ADDRESS} ${NICID_0_IPV4_OCTETS} "
		"${NICID_0_NIC_TYPE} ${NICID_1_IP_ALLOCATION_TYPE} ${NICID_X} ${OTHER}\n";
	cleanup_fixture struct fixture f = {0};
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *composed = NULL;
	size_t len;

	tokens_fixture(&f, data);
	cleanup_free char *text = network_text(&f.group->guest);
	cleanup_free char *found = fixture_findings(&f);
	assert_string_equal(text, "2 nic e 02:00:00:00:00:01 192.0.2.10/25 2001:db8::10/64 gw4 "
				  "192.0.2.1 gw6 2001:db8::fe\n");
	assert_string_equal(found, "");
	assert_int_equal(day0_compose(f.group, 0, NULL, 0, &composed, &len, &err), 0);
	assert_non_null(strstr(composed, "\n# 255.255.255.128 192.0.2.0 2.10 PASSTHRU DHCP "
					 "${NICID_X} ${OTHER}\n"));
}

static void test_tokens_that_only_the_vim_knows(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	tokens_fixture(&f, "#!/bin/sh\necho ${NICID_1_MAC_ADDRESS}\necho ${NICID_7_IP_ADDRESS}\n"
			   "echo ${NICID_0_NETWORK_ID} $NICID_0_IP_ADDRESS\n");
	cleanup_free char *found = fixture_findings(&f);
	assert_string_equal(found, "2 error day0-token\n3 error day0-token\n4 error day0-token\n"
				   "4 error day0-token\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keyfiles),
		cmocka_unit_test(test_networkd),
		cmocka_unit_test(test_ifupdown),
		cmocka_unit_test(test_ifupdown_options_of_legs),
		cmocka_unit_test(test_routes_of_networkd),
		cmocka_unit_test(test_default_route_of_a_keyfile),
		cmocka_unit_test(test_suse),
		cmocka_unit_test(test_ip_commands),
		cmocka_unit_test(test_scripts_are_evaluated),
		cmocka_unit_test(test_what_is_not_known_is_unknown),
		cmocka_unit_test(test_archive),
		cmocka_unit_test(test_jinja),
		cmocka_unit_test(test_tokens_of_esc),
		cmocka_unit_test(test_tokens_that_only_the_vim_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
