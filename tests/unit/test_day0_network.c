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
	       "  content: DEVICE=lo\n",
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
	       "E\n",
	       "3 ifcfg bond0 mode active-backup miimon -1 arp -1 mac unset xx.xx.xx.xx/24\n"
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
	       "        bond0.10: {id: 10, link: bond0, addresses: [10.0.0.1/24]}\n",
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
	       "        v: {link: bond0, id: x}\n",
	       "7 netplan bond0 mode unset miimon -1 arp 100 mac unset <address>/24 gw4 10.0.0.\n"
	       "  12 vlan v id 0\n",
	       "6 error day0-network\n8 error day0-placeholder\n9 error day0-address\n"
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
	       "");
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
			      "bond.options mode=active-backup,miimon=1000,fail_over_mac=1\n");
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
	       "7}]}\n",
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
	};

	return cmocka_run_group_tests_name("day0_network", tests, NULL, NULL);
}
