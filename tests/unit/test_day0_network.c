// SPDX-License-Identifier: Apache-2.0
#include "day0_network.h"

static void test_nmcli_forms(void **state)
{
	(void)state;
	static const struct {
		const char *commands, *network;
	} cases[] = {
		/* bond.options, and options by their own names */
		{"nmcli con add type bond con-name b0 ifname bond0 bond.options "
		 "\"mode=active-backup,miimon=100,fail_over_mac=1\"\n",
		 "2 nmcli bond0 mode active-backup miimon 100 arp -1 mac active dhcp4\n"},
		{"nmcli connection add type bond ifname bond0 mode active-backup miimon 50 primary "
		 "ens6 ip4 192.0.2.1/24 gw4 192.0.2.254 ip6 2001:db8::1/64 gw6 2001:db8::fe\n",
		 "2 nmcli bond0 mode active-backup miimon 50 arp -1 mac unset primary ens6 "
		 "192.0.2.1/24 2001:db8::1/64 gw4 192.0.2.254 gw6 2001:db8::fe\n"},
		/* abbreviations, nmcli's own options, the path, sudo, any order */
		{"sudo /usr/bin/nmcli -t -f NAME c a ifname bond0 type bond +bond.opt mode=1 "
		 "ipv4.addr '192.0.2.1/24, 192.0.2.2/24' ipv4.meth manual\n",
		 "2 nmcli bond0 mode active-backup miimon -1 arp -1 mac unset 192.0.2.1/24 "
		 "192.0.2.2/24\n"},
		{"nmcli c a type bond ifname bond0 arp-interval 100 arp-ip-target "
		 "192.0.2.1,192.0.2.2 ipv4.method disabled ipv6.method auto\n",
		 "2 nmcli bond0 mode unset miimon -1 arp 100 mac unset target 192.0.2.1 target "
		 "192.0.2.2 dhcp6\n"},
		/* the four ways to make a leg */
		{"nmcli c a type bond ifname bond0 con-name up ip4 192.0.2.1/24\n"
		 "nmcli c a type ethernet ifname ens3 master bond0\n"
		 "nmcli c a type bond-slave ifname ens4 master bond0\n"
		 "nmcli c a type ethernet ifname ens5 controller up port-type bond\n"
		 "nmcli c a type ethernet ifname ens6 connection.master bond0 "
		 "connection.slave-type bond 802-3-ethernet.mac-address fa:16:3e:00:00:01\n",
		 "2 nmcli bond0 mode unset miimon -1 arp -1 mac unset 192.0.2.1/24\n"
		 "  3 leg ens3 -\n  4 leg ens4 -\n  5 leg ens5 -\n"
		 "  6 leg ens6 fa:16:3e:00:00:01\n"},
		/* by MAC only */
		{"nmcli c a type bond ifname bond0 ip4 192.0.2.1/24\n"
		 "nmcli c a type ethernet con-name l ifname '*' mac fa:16:3e:00:00:01 master "
		 "bond0\n",
		 "2 nmcli bond0 mode unset miimon -1 arp -1 mac unset 192.0.2.1/24\n"
		 "  3 leg - fa:16:3e:00:00:01\n"},
		/* what comes later changes it */
		{"nmcli c a type bond con-name b0 ifname bond0 ip4 192.0.2.1/24\n"
		 "nmcli con modify b0 +ipv4.addresses 192.0.2.2/24 ipv4.gateway 192.0.2.254 "
		 "+bond.options miimon=10\n"
		 "nmcli con mod id b0 -ipv4.addresses 192.0.2.1/24\n"
		 "nmcli c a type ethernet ifname eth5\nnmcli con del ethernet-eth5\n",
		 "2 nmcli bond0 mode unset miimon 10 arp -1 mac unset 192.0.2.2/24 gw4 "
		 "192.0.2.254\n"},
		/* VLANs on the bond */
		{"nmcli c a type bond con-name b0 ifname bond0 ipv4.method disabled\n"
		 "nmcli c a type vlan ifname bond0.10 dev bond0 id 10 ip4 192.0.2.1/24\n"
		 "nmcli c a type vlan con-name v20 vlan.parent bond0 vlan.id 20 ipv4.method auto\n",
		 "2 nmcli bond0 mode unset miimon -1 arp -1 mac unset\n"
		 "  3 vlan bond0.10 id 10 192.0.2.1/24\n  4 vlan v20 id 20 dhcp4\n"},
		/* a line continued, a pipe, a loop whose variable nobody knows here */
		{"nmcli c a type bond \\\n  ifname bond0 \\\n  ip4 192.0.2.1/24 | tee log && nmcli "
		 "c a "
		 "type ethernet ifname e1 ip4 \"$IP\"/24; sh -c 'nmcli c a type ethernet ifname "
		 "e2'\n",
		 "2 nmcli bond0 mode unset miimon -1 arp -1 mac unset 192.0.2.1/24\n"
		 "4 nic e1 - $IP/24\n4 nic e2 - dhcp4\n"},
		{"nmcli device status\nnmcli con up bond0\nnmcli\nnmcli con\n", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *script = xasprintf("#!/bin/sh\n%s", cases[i].commands);
		expect(script, cases[i].network, "");
	}
}

static void test_nmcli_findings(void **state)
{
	(void)state;
	static const struct {
		const char *words, *finding, *text;
	} cases[] = {
		{"type bond ifname bond0 mode active", "error day0-bond",
		 "the bonding driver has no mode \"active\""},
		{"type bond ifname b bond.options mode=1,miimon=fast", "error day0-bond",
		 "miimon=fast must be a number of milliseconds"},
		{"type bond ifname b bond.options fail_over_mac=yes", "error day0-bond",
		 "fail_over_mac=yes must be none, active or follow"},
		{"type bond ifname b bond.options mimon=100", "error day0-bond",
		 "the bonding driver has no option \"mimon\""},
		{"type bond ifname b bond.options active-backup", "error day0-bond",
		 "\"active-backup\" must have the form option=value"},
		{"type bond ifname b bond.options primary_reselect=sometimes", "error day0-bond",
		 "primary_reselect=sometimes must be always, better or failure"},
		{"type ethernet ifname e ip4", "error day0-nmcli", "nmcli: \"ip4\" has no value"},
		{"type ethernet ifname e ipv4.method static", "error day0-nmcli",
		 "NetworkManager has no method \"static\""},
		{"type ethernet ifname e ip4 192.0.2.256/24", "error day0-address",
		 "\"192.0.2.256/24\" is not an IPv4 address"},
		{"type ethernet ifname e ip4 192.0.2.1/33", "error day0-address",
		 "\"192.0.2.1/33\" has no valid prefix length"},
		{"type ethernet ifname e ip4 2001:db8::1/64", "error day0-address",
		 "\"2001:db8::1/64\" is not an IPv4 address"},
		{"type ethernet ifname e ip6 2001:db8::g/64", "error day0-address",
		 "\"2001:db8::g/64\" is not an IPv6 address"},
		{"type ethernet ifname e ip4 192.0.2.1/24 gw4 192.0.2.254/24", "error day0-address",
		 "\"192.0.2.254/24\" has a prefix length: give an address without one"},
		{"type ethernet ifname e ip4 192.0.2.1", "warning day0-address",
		 "\"192.0.2.1\" has no prefix length, so it is read as /32 and no neighbour is "
		 "on-link: add one"},
		{"type ethernet ifname e ip4 '<address>'", "error day0-placeholder",
		 "\"<address>\" is a placeholder, not an address: replace it"},
		{"type ethernet ifname e ip4 10.0.0.x/24", "error day0-placeholder",
		 "\"10.0.0.x/24\" is a placeholder, not an address: replace it"},
		{"type ethernet ifname e mac fa:16:3e:xx:xx:xx", "error day0-placeholder",
		 "\"fa:16:3e:xx:xx:xx\" is a placeholder, not a MAC address: replace it"},
		{"type ethernet ifname e mac fa:16:3e", "error day0-address",
		 "\"fa:16:3e\" is not a MAC address"},
		{"type vlan ifname v dev bond0 id 4095", "error day0-vlan",
		 "VLAN id \"4095\" must be from 0 to 4094"},
		{"type ethernet ifname e master bond7", "warning day0-bond",
		 "e is a leg of \"bond7\", which no day-0 file defines: define the bond"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_fixture struct fixture f = {0};
		cleanup_free char *s =
			xasprintf("#cloud-config\nruncmd:\n- nmcli con add %s\n", cases[i].words);
		cleanup_free char *expected = xasprintf("3 %s\n", cases[i].finding);
		fixture_user_data(&f, s);
		cleanup_free char *found = fixture_findings(&f);
		assert_string_equal(found, expected);
		assert_string_equal(f.findings.v[0].text, cases[i].text);
	}
}

static void test_ifcfg_in_write_files(void **state)
{
	(void)state;
	expect("#cloud-config\n"
	       "write_files:\n"
	       "- path: /etc/sysconfig/network-scripts/ifcfg-bond0\n"
	       "  content: |\n"
	       "    DEVICE=bond0\n"
	       "    # the service address\n"
	       "    IPADDR=172.16.1.10\n"
	       "    NETMASK=255.255.255.0\n"
	       "    IPADDR1=172.16.2.10\n"
	       "    PREFIX1=24\n"
	       "    GATEWAY=172.16.1.1\n"
	       "    IPV6ADDR=2001:db8::10/64\n"
	       "    IPV6_DEFAULTGW=2001:db8::1\n"
	       "    BONDING_OPTS=\"mode=active-backup miimon=100\"\n"
	       "    TYPE=Bond\n"
	       "- path: /etc/sysconfig/network-scripts/ifcfg-eth2\n"
	       "  content: |\n"
	       "    DEVICE=eth2\n"
	       "    HWADDR=fa:16:3e:00:00:01\n"
	       "    MASTER=bond0\n"
	       "    SLAVE=yes\n"
	       "- path: /etc/sysconfig/network-scripts/ifcfg-bond0.10\n"
	       "  content: \"VLAN=yes\\nIPADDR=10.0.0.1\\nPREFIX=24\\n\"\n"
	       "- path: /etc/sysconfig/network-scripts/ifcfg-eth0\n"
	       "  content: BOOTPROTO=dhcp\n"
	       "- path: /etc/sysconfig/network-scripts/ifcfg-lo\n"
	       "  content: DEVICE=lo\n"
	       "runcmd:\n"
	       "- nmcli connection reload\n",
	       "5 ifcfg bond0 mode active-backup miimon 100 arp -1 mac unset 172.16.1.10/24 "
	       "172.16.2.10/24 2001:db8::10/64 gw4 172.16.1.1 gw6 2001:db8::1\n"
	       "  18 leg eth2 fa:16:3e:00:00:01\n"
	       "  23 vlan bond0.10 id 10 10.0.0.1/24\n"
	       "25 nic eth0 - dhcp4\n",
	       "5 note day0-ifcfg\n18 note day0-ifcfg\n23 note day0-ifcfg\n25 note day0-ifcfg\n");
}

static void test_ifcfg_in_heredocs(void **state)
{
	(void)state;
	expect("#!/bin/bash\n"
	       "cat > /etc/sysconfig/network-scripts/ifcfg-bond0 <<'EOF'\n"
	       "DEVICE=bond0\n"
	       "BONDING_MASTER=yes\n"
	       "BONDING_OPTS='mode=1 miimon=x'\n"
	       "IPADDR=xx.xx.xx.xx\n"
	       "PREFIX=24\n"
	       "EOF\n"
	       "cat <<-E >/etc/sysconfig/network-scripts/ifcfg-eth2\n"
	       "\tDEVICE=eth2\n"
	       "\tMASTER=bond0\n"
	       "\tE\n"
	       "tee /etc/sysconfig/network-scripts/ifcfg-eth3 <<E\n"
	       "DEVICE=eth3\n"
	       "MASTER=bond0\n"
	       "E\n"
	       "nmcli connection reload\n",
	       "3 ifcfg bond0 mode active-backup miimon -1 arp -1 mac unset options? "
	       "xx.xx.xx.xx/24\n"
	       "  10 leg eth2 -\n  14 leg eth3 -\n",
	       "3 note day0-ifcfg\n5 error day0-bond\n6 error day0-placeholder\n"
	       "10 note day0-ifcfg\n14 note day0-ifcfg\n");
}

static void test_netplan(void **state)
{
	(void)state;
	expect("#cloud-config\n"
	       "write_files:\n"
	       "- path: /etc/netplan/60-bond.yaml\n"
	       "  permissions: '0600'\n"
	       "  content: |\n"
	       "    network:\n"
	       "      version: 2\n"
	       "      ethernets:\n"
	       "        eth0: {dhcp4: true}\n"
	       "        leg0:\n"
	       "          match: {macaddress: 'fa:16:3e:00:00:01'}\n"
	       "          set-name: ens6\n"
	       "        leg1: {match: {macaddress: 'fa:16:3e:00:00:02'}}\n"
	       "      bonds:\n"
	       "        bond0:\n"
	       "          interfaces: [leg0, leg1, ens8]\n"
	       "          addresses: [172.16.1.10/24, '2001:db8::10/64']\n"
	       "          routes:\n"
	       "          - {to: default, via: 172.16.1.1}\n"
	       "          - {to: '::/0', via: '2001:db8::1'}\n"
	       "          parameters:\n"
	       "            mode: active-backup\n"
	       "            mii-monitor-interval: 1s\n"
	       "            fail-over-mac-policy: active\n"
	       "            primary: leg0\n"
	       "            primary-reselect-policy: always\n"
	       "      vlans:\n"
	       "        bond0.10: {id: 10, link: bond0, addresses: [10.0.0.1/24]}\n"
	       "runcmd:\n"
	       "- netplan apply\n",
	       "15 netplan bond0 mode active-backup miimon 1000 arp -1 mac active primary ens6 "
	       "reselect always 172.16.1.10/24 2001:db8::10/64 gw4 172.16.1.1 gw6 2001:db8::1\n"
	       "  10 leg ens6 fa:16:3e:00:00:01\n"
	       "  13 leg - fa:16:3e:00:00:02\n"
	       "  16 leg ens8 -\n"
	       "  28 vlan bond0.10 id 10 10.0.0.1/24\n"
	       "9 nic eth0 - dhcp4\n",
	       "");
}

static void test_netplan_findings(void **state)
{
	(void)state;
	expect("#cloud-config\n"
	       "write_files:\n"
	       "- path: /etc/netplan/60-bond.yaml\n"
	       "  content: |\n"
	       "    network:\n"
	       "      bonds:\n"
	       "        bond0:\n"
	       "          addresses: [<address>/24]\n"
	       "          gateway4: 10.0.0.\n"
	       "          parameters: {mode: fast, arp-interval: 100ms}\n"
	       "      vlans:\n"
	       "        v: {link: bond0, id: x}\n"
	       "runcmd:\n"
	       "- netplan apply\n",
	       "7 netplan bond0 mode unset miimon -1 arp 100 mac unset options? <address>/24 gw4 "
	       "10.0.0.\n"
	       "  12 vlan v id 0\n",
	       "8 error day0-placeholder\n9 error day0-address\n"
	       "10 error day0-bond\n12 error day0-vlan\n");
}

static void test_cloud_init_v1(void **state)
{
	(void)state;
	expect("#cloud-config\n"
	       "write_files:\n"
	       "- path: /etc/cloud/cloud.cfg.d/60-net.cfg\n"
	       "  content: |\n"
	       "    network:\n"
	       "      version: 1\n"
	       "      config:\n"
	       "      - type: bond\n"
	       "        name: bond0\n"
	       "        bond_interfaces: [ens6, ens7]\n"
	       "        params: {bond-mode: active-backup, bond_miimon: 100, bond-fail_over_mac: "
	       "1}\n"
	       "        subnets:\n"
	       "        - {type: static, address: 172.16.1.10, netmask: 255.255.255.0, "
	       "gateway: 172.16.1.1}\n"
	       "        - {type: static6, address: '2001:db8::10/64', gateway: '2001:db8::1'}\n"
	       "      - {type: physical, name: ens6, mac_address: 'fa:16:3e:00:00:01'}\n"
	       "      - {type: physical, name: eth0, subnets: [{type: dhcp}]}\n"
	       "      - {type: vlan, name: bond0.10, vlan_link: bond0, vlan_id: 10}\n"
	       "      - {type: nameserver, address: 192.0.2.53}\n",
	       "8 cloud-init network config version 1 bond0 mode active-backup miimon 100 arp -1 "
	       "mac "
	       "active 172.16.1.10/24 2001:db8::10/64 gw4 172.16.1.1 gw6 2001:db8::1\n"
	       "  10 leg ens6 fa:16:3e:00:00:01\n"
	       "  10 leg ens7 -\n"
	       "  17 vlan bond0.10 id 10\n"
	       "16 nic eth0 - dhcp4\n",
	       "5 warning day0-unapplied\n");
}

static void test_cloud_init_network_key_is_not_taken(void **state)
{
	(void)state;
	expect("#cloud-config\n"
	       "network:\n"
	       "  version: 2\n"
	       "  bonds:\n"
	       "    bond0: {interfaces: [ens6], parameters: {mode: active-backup}}\n",
	       "5 cloud-init network config version 2 bond0 mode active-backup miimon -1 arp -1 "
	       "mac "
	       "unset\n"
	       "  5 leg ens6 -\n",
	       "2 warning day0-network\n");
}

static void test_two_dialects_that_disagree(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_user_data(&f, "#cloud-config\n"
			      "write_files:\n"
			      "- path: /etc/sysconfig/network-scripts/ifcfg-bond0\n"
			      "  content: |\n"
			      "    BONDING_OPTS=\"mode=active-backup miimon=100\"\n"
			      "runcmd:\n"
			      "- nmcli con add type bond ifname bond0 ipv4.method disabled "
			      "bond.options mode=active-backup,miimon=1000,fail_over_mac=1\n"
			      "- nmcli connection reload\n");
	cleanup_free char *text = network_text(&f.group->guest);
	assert_string_equal(text,
			    "7 nmcli bond0 mode active-backup miimon 1000 arp -1 mac active\n");
	cleanup_free char *found = fixture_findings(&f);
	assert_string_equal(found, "5 note day0-ifcfg\n"
				   "5 warning day0-contradiction\n"
				   "5 warning day0-contradiction\n");
	assert_string_equal(
		f.findings.v[1].text,
		"bond0: miimon is 100 here (ifcfg) but 1000 in line 7 (nmcli): use one value");
	assert_string_equal(f.findings.v[2].text, "bond0: fail_over_mac is unset here (ifcfg) but "
						  "active in line 7 (nmcli): use one value");
}

static void test_mtu_and_routes(void **state)
{
	(void)state;
	expect("#!/bin/sh\n"
	       "nmcli c a type bond ifname bond0 ipv4.method disabled 802-3-ethernet.mtu 9000 "
	       "bond.options mode=1,miimon=100,downdelay=200,num_unsol_na=3,arp_validate=3,"
	       "all_slaves_active=delivered\n"
	       "nmcli c a type ethernet ifname e1 mtu 1500 master bond0\n"
	       "nmcli c a type vlan ifname v7 dev bond0 id 7 ethernet.mtu 1400 ipv4.method "
	       "disabled\n"
	       "nmcli c a type ethernet ifname e2 ip4 192.0.2.1/24 ipv4.routes "
	       "'198.51.100.0/24 192.0.2.2'\n"
	       "nmcli c a type ethernet ifname e3 ip4 192.0.2.3/24\n"
	       "ip route add default via 192.0.2.2 dev e3\n"
	       "nmcli c a type ethernet ifname e4 ip4 192.0.2.4/24\n"
	       "ip route add 198.51.100.0/24 via 192.0.2.2 dev e4\n",
	       "2 nmcli bond0 mode active-backup miimon 100 arp -1 mac unset downdelay 200 "
	       "validate all grat_arp 3 all_active mtu 9000\n"
	       "  3 leg e1 - mtu 1500\n"
	       "  4 vlan v7 id 7 mtu 1400\n"
	       "5 nic e2 - 192.0.2.1/24 routes\n"
	       "6 nic e3 - 192.0.2.3/24 gw4 192.0.2.2\n"
	       "8 nic e4 - 192.0.2.4/24 routes\n",
	       "");
	expect("#cloud-config\n"
	       "write_files:\n"
	       "- path: /etc/netplan/60.yaml\n"
	       "  content: |\n"
	       "    network:\n"
	       "      version: 2\n"
	       "      ethernets:\n"
	       "        a: {mtu: 1400, addresses: [192.0.2.1/24], routes: [{to: 198.51.100.0/24, "
	       "via: 192.0.2.2}]}\n"
	       "        b: {addresses: [192.0.2.3/24], routes: [{to: default, via: 192.0.2.2}]}\n"
	       "        c: {addresses: [192.0.2.4/24], routing-policy: [{from: 192.0.2.4, table: "
	       "7}]}\n"
	       "runcmd:\n"
	       "- netplan apply\n",
	       "8 nic a - mtu 1400 192.0.2.1/24 routes\n"
	       "9 nic b - 192.0.2.3/24 gw4 192.0.2.2\n"
	       "10 nic c - 192.0.2.4/24 routes\n",
	       "");
}

static void test_files_beside_the_user_data_are_read(void **state)
{
	(void)state;
	static const char folder[] = "/etc/sysconfig/network-scripts/";
	cleanup_fixture struct fixture f = {0};
	cleanup_free char *bond = xasprintf("%sifcfg-bond0", folder);
	cleanup_free char *leg = xasprintf("%sifcfg-e1", folder);
	cleanup_free char *route = xasprintf("%sroute-e0", folder);

	fixture_init(&f, "dep.xml");
	fixture_add(&f, "--user-data",
		    "#!/bin/sh\nnmcli c a type ethernet ifname e0 ip4 192.0.2.1/24\n", NULL);
	fixture_add(&f, bond, "TYPE=Bond\nMTU=9000\nBONDING_OPTS=\"mode=1 miimon=100\"\n", NULL);
	fixture_add(&f, leg, "DEVICE=e1\nMASTER=bond0\n", NULL);
	fixture_add(&f, route, "198.51.100.0/24 via 192.0.2.2\n", NULL);
	fixture_add(&f, "/root/x.sh", "#!/bin/sh\nsystemctl restart network\n", NULL);
	fixture_add(&f, "/root/y.sh", "#!/bin/sh\nnmcli con reload\n", NULL);
	fixture_add(&f, "/root/x.txt", "systemctl restart network\n", NULL);
	fixture_load(&f);
	cleanup_free char *text = network_text(&f.group->guest);
	assert_string_equal(text,
			    "1 ifcfg bond0 mode active-backup miimon 100 arp -1 mac unset mtu "
			    "9000\n"
			    "  1 leg e1 -\n"
			    "2 nic e0 - 192.0.2.1/24 routes\n");
	cleanup_free char *found = fixture_findings(&f);
	assert_string_equal(found, "1 note day0-ifcfg\n"
				   "1 note day0-ifcfg\n"
				   "2 warning day0-network-service\n");
}

/* A netplan file and its command. */
static void expect_netplan(const char *network, const char *expected, const char *findings)
{
	cleanup_strbuf struct strbuf b = {0};
	cleanup_free char *copy = xstrdup(network);
	char *rest = copy, *line;

	strbuf_adds(&b, "#cloud-config\nruncmd: [netplan apply]\nwrite_files:\n"
			"- path: /etc/netplan/60.yaml\n  content: |\n    network:\n");
	while ((line = strsep(&rest, "\n")))
		strbuf_addf(&b, "      %s\n", line);
	expect(b.s, expected, findings);
}

static void test_netplan_units_of_delays(void **state)
{
	(void)state;
	static const struct {
		const char *delay;
		int ms;
	} cases[] = {{"100", 100},  {"100ms", 100},  {"1s", 1000},       {"0.2s", 200},
		     {"1500us", 1}, {"1min", 60000}, {"1s 500ms", 1500}, {"2 seconds", 2000}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *network =
			xasprintf("bonds:\n  b: {parameters: {mode: active-backup, "
				  "mii-monitor-interval: '%s', "
				  "down-delay: '%s', up-delay: '%s'}}",
				  cases[i].delay, cases[i].delay, cases[i].delay);
		cleanup_free char *expected = xasprintf(
			"8 netplan b mode active-backup miimon %d arp -1 mac unset downdelay %d\n",
			cases[i].ms, cases[i].ms);
		expect_netplan(network, expected, "");
	}
	expect_netplan(
		"bonds:\n  b: {parameters: {mode: active-backup, down-delay: 100m5}}",
		"8 netplan b mode active-backup miimon -1 arp -1 mac unset downdelay 6000005\n",
		"");
	expect_netplan("bonds:\n  b: {parameters: {mode: active-backup, down-delay: 1 fortnight}}",
		       "8 netplan b mode active-backup miimon -1 arp -1 mac unset options?\n",
		       "8 error day0-bond\n");
}

static void test_netplan_writes_no_zero(void **state)
{
	(void)state;
	expect_netplan("bonds:\n  b: {parameters: {mode: active-backup, gratuitous-arp: 0}}",
		       "8 netplan b mode active-backup miimon -1 arp -1 mac unset\n", "");
	expect_netplan("bonds:\n  b: {parameters: {mode: active-backup, gratuitous-arp: 2}}",
		       "8 netplan b mode active-backup miimon -1 arp -1 mac unset grat_arp 2\n",
		       "");
}

static void test_netplan_open_vswitch(void **state)
{
	(void)state;
	expect_netplan(
		"bonds:\n  b: {interfaces: [a], openvswitch: {lacp: active}, parameters: {mode: "
		"balance-tcp}}\nethernets: {a: {match: {macaddress: "
		"'00:11:22:33:44:55:66:77:88:99:00:11:22:33:44:55:66:77:88:99'}}}",
		"9 nic - 00:11:22:33:44:55:66:77:88:99:00:11:22:33:44:55:66:77:88:99\n"
		"8 unread b\n",
		"");
}

static void test_netplan_version(void **state)
{
	(void)state;
	expect_netplan("ethernets: {a: {dhcp4: true}}", "7 nic a - dhcp4\n", "");
	expect_netplan("version: 2\nethernets: {a: {dhcp4: true}}", "8 nic a - dhcp4\n", "");
	expect_netplan("version: 3\nethernets: {a: {dhcp4: true}}", "8 nic a - dhcp4\n",
		       "7 error day0-network\n");
}

static void test_netplan_routes(void **state)
{
	(void)state;
	expect_netplan(
		"ethernets:\n"
		"  a: {addresses: [192.0.2.1/24], routes: [{to: 0/0, via: 9.9.9.9, on-link: "
		"true}]}\n"
		"  b: {addresses: [192.0.2.2/32], routes: [{to: default, via: 9.9.9.9}, {to: "
		"9.9.9.9, scope: link}]}\n"
		"  c: {addresses: [192.0.2.3/24], routes: [{to: default, via: 9.9.9.9, table: "
		"7}]}\n"
		"  d: {addresses: [192.0.2.4]}",
		"8 nic a - 192.0.2.1/24 gw4 9.9.9.9 onlink\n"
		"9 nic b - 192.0.2.2/32 gw4 9.9.9.9 routes onlink\n"
		"10 nic c - 192.0.2.3/24 routes\n"
		"11 nic d - 192.0.2.4\n",
		"11 error day0-address\n");
}

static void test_what_is_above_a_bond(void **state)
{
	(void)state;
	static const char bond[] =
		"bonds: {b: {interfaces: [a], parameters: {mode: active-backup}}}\n";
	cleanup_free char *bridge =
		xasprintf("%sbridges: {br0: {interfaces: [b], addresses: [192.0.2.1/24], gateway4: "
			  "192.0.2.9}}\n"
			  "vlans: {v: {id: 7, link: br0, addresses: [192.0.2.2/24]}}",
			  bond);
	cleanup_free char *above = xasprintf(
		"%svlans: {v: {id: 7, link: b}}\nbridges: {br0: {interfaces: [v, x], addresses: "
		"[192.0.2.1/24]}}",
		bond);

	expect_netplan(bridge,
		       "7 netplan b mode active-backup miimon -1 arp -1 mac unset 192.0.2.1/24 gw4 "
		       "192.0.2.9\n  7 leg a -\n  9 vlan v id 7 192.0.2.2/24\n",
		       "");
	expect_netplan(above,
		       "7 netplan b mode active-backup miimon -1 arp -1 mac unset\n  7 leg a -\n"
		       "  8 vlan v id 7 192.0.2.1/24\n",
		       "");
	expect("#!/bin/sh\n"
	       "nmcli c a type bridge ifname br0 con-name br0 ip4 192.0.2.1/24\n"
	       "nmcli c a type bond ifname bond0 mode 1 master br0 slave-type bridge\n"
	       "nmcli c a type ethernet ifname e1 master bond0\n"
	       "nmcli c a type macvlan ifname m dev bond0 mode bridge ip4 192.0.2.2/24\n"
	       "nmcli c a type ethernet ifname e2 master br9 slave-type bridge\n"
	       "nmcli c a type dummy ifname dns ip4 203.0.113.53/32\n",
	       "3 nmcli bond0 mode active-backup miimon -1 arp -1 mac unset 192.0.2.1/24 "
	       "192.0.2.2/24\n  4 leg e1 -\n6 nic e2 -\nlocal 203.0.113.53/32\n",
	       "");
}

static void test_loopback_is_no_nic(void **state)
{
	(void)state;
	expect_netplan("ethernets:\n  lo: {addresses: [203.0.113.53/32, '2001:db8::53/128']}\n"
		       "dummy-devices:\n  dm0: {addresses: [203.0.113.54/32]}",
		       "local 203.0.113.53/32 2001:db8::53/128 203.0.113.54/32\n", "");
}

/* An ifcfg file of that name, beside ifcfg-bond0 and ifcfg-e1. */
static void expect_ifcfg(const char *name, const char *content, const char *expected)
{
	static const char folder[] = "/etc/sysconfig/network-scripts";
	cleanup_fixture struct fixture f = {0};
	cleanup_free char *bond = xasprintf("%s/ifcfg-bond0", folder);
	cleanup_free char *leg = xasprintf("%s/ifcfg-e1", folder);
	cleanup_free char *path = xasprintf("%s/ifcfg-%s", folder, name);

	fixture_init(&f, "dep.xml");
	fixture_add(&f, bond, "TYPE=Bond\nBONDING_OPTS=mode=1\n", NULL);
	fixture_add(&f, leg, "MASTER=bond0\n", NULL);
	fixture_add(&f, path, content, NULL);
	fixture_load(&f);
	cleanup_free char *text = network_text(&f.group->guest);
	cleanup_free char *whole = xasprintf(
		"1 ifcfg bond0 mode active-backup miimon -1 arp -1 mac unset%s", expected);
	assert_string_equal(text, whole);
	assert_int_equal(findings_count(&f.findings, SEVERITY_ERROR), 0);
}

static void test_ifcfg_forms(void **state)
{
	(void)state;
	expect_ifcfg("bond0:1", "IPADDR=198.51.100.10\nPREFIX=24\n",
		     " 198.51.100.10/24\n  1 leg e1 -\n");
	expect_ifcfg("x", "DEVICE=bond0:5\nIPADDR=198.51.100.10\n",
		     " 198.51.100.10/24\n  1 leg e1 -\n");
	expect_ifcfg("bond0-range0", "IPADDR_START=10.0.0.254\nIPADDR_END=10.0.0.255\nPREFIX=16\n",
		     " 10.0.0.254/16 10.0.0.255/16\n  1 leg e1 -\n");
	expect_ifcfg("lo:1", "DEVICE=lo:1\nIPADDR=203.0.113.53\nPREFIX=32\n",
		     "\n  1 leg e1 -\nlocal 203.0.113.53/32\n");
	expect_ifcfg("vlan310", "VLAN=yes\nPHYSDEV=bond0\nIPADDR=172.16.0.1\n",
		     "\n  1 leg e1 -\n  1 vlan vlan310 id 310 172.16.0.1/16\n");
	expect_ifcfg("bond0.7", "VLAN=yes\nIPV6ADDR=2001:db8::1\n",
		     "\n  1 leg e1 -\n  1 vlan bond0.7 id 7 2001:db8::1/64\n");
	expect_ifcfg("e2", "IPADDR=10.1.2.3\nGATEWAY=10.0.0.1\nDEFROUTE=no\n",
		     "\n  1 leg e1 -\n1 nic e2 - 10.1.2.3/8\n");
	expect_ifcfg("br0", "TYPE=Bridge\nIPADDR=10.0.0.1\nPREFIX=24\n", "\n  1 leg e1 -\n");
}

static void test_cloud_init_prefixes(void **state)
{
	(void)state;
	expect("#cloud-config\n"
	       "write_files:\n"
	       "- path: /etc/cloud/cloud.cfg.d/1.cfg\n"
	       "  content: |\n"
	       "    network:\n"
	       "      version: 1\n"
	       "      config:\n"
	       "      - {type: physical, name: a, subnets: [{address: 10.0.0.1}]}\n"
	       "      - {type: physical, name: b, subnets: [{address: '2001:db8::1'}]}\n"
	       "      - {type: physical, name: c, subnets: [{address: 10.0.0.1/255.255.0.0}]}\n"
	       "      - {type: physical, name: d, subnets: [{address: 10.0.0.1, prefix: 20}]}\n"
	       "      - {type: physical, name: e, subnets: [{address: 10.0.0.1, netmask: "
	       "255.255.255.252, routes: [{network: 0.0.0.0, netmask: 0.0.0.0, gateway: "
	       "10.0.0.2}]}]}\n"
	       "      - {type: loopback, name: lo, subnets: [{address: 203.0.113.53/32}]}\n",
	       "8 nic a - 10.0.0.1/24\n9 nic b - 2001:db8::1/64\n10 nic c - 10.0.0.1/16\n"
	       "11 nic d - 10.0.0.1/20\n12 nic e - 10.0.0.1/30 gw4 10.0.0.2\n"
	       "local 203.0.113.53/32\n",
	       "5 warning day0-unapplied\n");
	expect("#cloud-config\n"
	       "write_files:\n"
	       "- path: /etc/cloud/cloud.cfg.d/99-off.cfg\n"
	       "  content: 'network: {config: disabled}'\n",
	       "", "");
	expect("#cloud-config\n"
	       "write_files:\n"
	       "- path: /etc/cloud/cloud.cfg.d/99-on.cfg\n"
	       "  content: 'network: {config: enabled}'\n",
	       "", "4 error day0-network\n4 warning day0-unapplied\n");
}

static void test_what_applies_a_file(void **state)
{
	(void)state;
	static const struct {
		const char *path, *command;
		bool applied;
	} cases[] = {
		{"netplan/60.yaml", "netplan apply", true},
		{"netplan/60.yaml", "netplan generate", false},
		{"netplan/60.yaml", "netplan --debug apply", true},
		{"netplan/60.yaml", "nmcli connection reload", false},
		{"netplan/60.yaml", "reboot", true},
		{"netplan/60.yaml", "shutdown -r now", true},
		{"netplan/60.yaml", "shutdown -h now", false},
		{"netplan/60.yaml", "systemctl reboot", true},
		{"netplan/60.yaml", "systemctl restart knot", false},
		{"netplan/60.yaml", "systemctl restart systemd-networkd.service", true},
		{"sysconfig/network-scripts/ifcfg-e0", "nmcli con reload", true},
		{"sysconfig/network-scripts/ifcfg-e0", "nmcli con up e0", false},
		{"sysconfig/network-scripts/ifcfg-e0", "systemctl restart NetworkManager", true},
		{"sysconfig/network-scripts/ifcfg-e0", "service NetworkManager restart", true},
		{"sysconfig/network-scripts/ifcfg-e0", "ifup e0", true},
		{"sysconfig/network-scripts/ifcfg-e0", "netplan apply", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_fixture struct fixture f = {0};
		cleanup_free char *data = xasprintf("#cloud-config\nwrite_files:\n- path: /etc/%s\n"
						    "  content: ''\nruncmd:\n- %s\n",
						    cases[i].path, cases[i].command);
		fixture_user_data(&f, data);
		bool reported =
			array_find(f.findings.v, f.findings.n, streq(it->rule, "day0-unapplied"));
		assert_int_equal(reported, !cases[i].applied);
	}
}

static void test_what_comes_before_a_file_does_not_apply_it(void **state)
{
	(void)state;
	static const char file[] = "- path: /etc/netplan/60.yaml\n  content: ''\n";
	cleanup_free char *boot =
		xasprintf("#cloud-config\nwrite_files:\n%sbootcmd: [netplan apply]\n", file);
	cleanup_free char *late =
		xasprintf("#cloud-config\nruncmd: [netplan apply]\nwrite_files:\n%s", file);
	cleanup_free char *power =
		xasprintf("#cloud-config\npower_state: {mode: reboot}\nwrite_files:\n%s", file);

	expect(boot, "", "4 warning day0-unapplied\n");
	expect(late, "", "");
	expect(power, "", "");
	expect("#!/bin/sh\nnetplan apply\ncat >/etc/netplan/6.yaml <<E\nnetwork: {}\nE\n", "",
	       "4 warning day0-unapplied\n");
	expect("#!/bin/sh\ncat >/etc/netplan/6.yaml <<E\nnetwork: {}\nE\nnetplan apply\n", "", "");
}

static void test_fail_over_mac_of_version_2(void **state)
{
	(void)state;
	expect("#cloud-config\n"
	       "write_files:\n"
	       "- path: /etc/cloud/cloud.cfg.d/1.cfg\n"
	       "  content: |\n"
	       "    network:\n"
	       "      version: 2\n"
	       "      bonds:\n"
	       "        b: {interfaces: [a], parameters: {fail-over-mac-policy: active}}\n",
	       "8 cloud-init network config version 2 b mode unset miimon -1 arp -1 mac active\n"
	       "  8 leg a -\n",
	       "5 warning day0-unapplied\n8 warning day0-v2-dropped\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nmcli_forms),
		cmocka_unit_test(test_nmcli_findings),
		cmocka_unit_test(test_ifcfg_in_write_files),
		cmocka_unit_test(test_ifcfg_in_heredocs),
		cmocka_unit_test(test_netplan),
		cmocka_unit_test(test_netplan_findings),
		cmocka_unit_test(test_cloud_init_v1),
		cmocka_unit_test(test_cloud_init_network_key_is_not_taken),
		cmocka_unit_test(test_two_dialects_that_disagree),
		cmocka_unit_test(test_mtu_and_routes),
		cmocka_unit_test(test_files_beside_the_user_data_are_read),
		cmocka_unit_test(test_netplan_units_of_delays),
		cmocka_unit_test(test_netplan_writes_no_zero),
		cmocka_unit_test(test_netplan_open_vswitch),
		cmocka_unit_test(test_netplan_version),
		cmocka_unit_test(test_netplan_routes),
		cmocka_unit_test(test_what_is_above_a_bond),
		cmocka_unit_test(test_loopback_is_no_nic),
		cmocka_unit_test(test_ifcfg_forms),
		cmocka_unit_test(test_cloud_init_prefixes),
		cmocka_unit_test(test_what_applies_a_file),
		cmocka_unit_test(test_what_comes_before_a_file_does_not_apply_it),
		cmocka_unit_test(test_fail_over_mac_of_version_2),
	};

	return cmocka_run_group_tests_name("day0_network", tests, NULL, NULL);
}
