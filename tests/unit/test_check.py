#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dnsvnf check: for each design rule a design that breaks it alone, and the nearest that does not."""
import fcntl
import functools
import glob
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

DNSVNF = sys.argv.pop(1)
DESIGNS = "examples/designs"
TECHNOTE = "examples/technote"


def dnsvnf(*arguments):
    return subprocess.run([DNSVNF, *arguments], capture_output=True, text=True, timeout=30)


def check(descriptor):
    return json.loads(dnsvnf("check", "-o", "json", descriptor).stdout)["findings"]


# An edit is (FILE, OLD, NEW): the first OLD in FILE becomes NEW.

def dep(old, new):
    return ("dep.xml", old, new)


def day0(old, new):
    return ("day0.cfg", old, new)


def netplan(old, new):
    return ("60-dns.yaml", old, new)


def leaf(name, old, new):
    return dep(f"<{name}>{old}</{name}>", f"<{name}>{new}</{name}>")


def options(**values):
    """Properties of the group's extension dnsvnf; "__" in a name stands for ".", "_1_" for "-"."""
    inside = "".join(f"<property><name>{name.replace('__', '.').replace('_1_', '-')}</name>"
                     f"<value>{value}</value></property>" for name, value in values.items())
    return dep("</config_data>", f"</config_data><extensions><extension><name>dnsvnf</name><properties>{inside}"
               "</properties></extension></extensions>")


def spec(name, value):
    """One more extra spec of the flavor."""
    end = "</properties>\n    </flavor>"
    return dep(end, f"<property><name>{name}</name><value>{value}</value></property>{end}")


def image(name, value):
    """The image with that property."""
    end = "</container_format>"
    return dep(end, f"{end}<properties><property><name>{name}</name><value>{value}</value></property></properties>")


def respec(name, old, new):
    between = "</name>\n          <value>"
    return dep(f"{name}{between}{old}<", f"{name}{between}{new}<")


def cpu_policy(name, value):
    """Another extra spec in place of the flavor's hw:cpu_policy=dedicated."""
    between = "</name>\n          <value>"
    return dep(f"hw:cpu_policy{between}dedicated<", f"{name}{between}{value}<")


def port(nicid, element):
    """One more element of the interface."""
    return dep(f"<nicid>{nicid}</nicid>", f"<nicid>{nicid}</nicid>{element}")


def physnet(name, vlan):
    """The network on that physnet with a VLAN id."""
    end = f"{name}</provider_physical_network>"
    return dep(end, f"{end}<provider_segmentation_id>{vlan}</provider_segmentation_id>")


def without_v6(n):
    """The port of leg n without its IPv6 address."""
    return dep(f"<subnet>service-{n}-v6</subnet>\n                    <ip_address>2001:db8:101::10</ip_address>", "")


LEG1 = "con-name leg1 ifname ens4 802-3-ethernet.mac-address fa:16:3e:10:00:01 master bond0"
LEG2 = "con-name leg2 ifname ens5 802-3-ethernet.mac-address fa:16:3e:10:00:02 master bond0"
UNKNOWN_IMAGE = dep("<name>dns-vnf</name>", "<name>another</name>")
NO_CPU_POLICY = cpu_policy("hw:cpu_sockets", 1)
NO_EMULATOR = dep("hw:emulator_threads_policy</name>\n          <value>share", "hw:cpu_threads</name>\n          <value>1")
SECURE = dep("<port_security_enabled>false", "<port_security_enabled>true")
VIRTUAL = [leaf("type", "direct", "virtual")] * 2
ARP_TARGETS = "arp_ip_target=172.16.1.1 172.16.1.2,"
ARP = f"arp_interval=50,{ARP_TARGETS}arp_validate=all,"
NO_SUBNET = [dep("<network>\n              <name>service-1<", "<network>\n              <name>unused</name>\n"
                 "              <provider_network_type>flat</provider_network_type>\n"
                 "            </network>\n            <network>\n              <name>service-1<")]
SAME_MANAGEMENT = [leaf("ip_address", "10.10.10.11", "10.10.10.10"), leaf("val", "10.10.10.11", "10.10.10.10")]
SCALE = leaf("max_active", 1, 2)
SPREAD = dep("<config_data>", "<placement><type>anti_affinity</type></placement><config_data>")
SECOND_POOL = "<static_ip_address_pool><network>management-network</network><ip_address_range>" \
              "<start>10.10.10.10</start><end>10.10.10.{}</end></ip_address_range></static_ip_address_pool>"

# (rule, design, or (design, edits) to begin with, edits that break it, edits that come nearest to it)
CASES = [
    ("legs-segment", "netplan", [leaf("provider_segmentation_id", 101, 102)],
     [leaf("provider_segmentation_id", 101, 102), options(same_segment="service-1 service-2")]),
    ("legs-segment-unknown", "existing-networks",
     [dep("<name>same_segment</name>\n                  <value>dns-fabric-a dns-fabric-b",
          "<name>same_segment</name>\n                  <value>dns-fabric-a")], []),
    ("legs-physnet", "netplan", [leaf("provider_physical_network", "sriov1", "sriov0")],
     [leaf("provider_physical_network", "sriov1", "sriov2")]),
    ("direct-network", "dpdk", [leaf("provider_network_type", "vlan", "geneve")],
     [leaf("provider_network_type", "vlan", "flat")]),
    ("vlan-in-vlan", "bond-vlan",
     [leaf("provider_network_type", "flat", "vlan")] * 2 + [physnet("sriov0", 7), physnet("sriov1", 7)], []),
    ("mtu-legs", "netplan", [netplan("set-name: leg1", "mtu: 1500")], [netplan("set-name: leg1", "mtu: 9000")]),
    ("mtu-tunnel", "flat", [day0("con-name mgmt", "con-name mgmt mtu 1451")],
     [day0("con-name mgmt", "con-name mgmt mtu 1450")]),
    ("mtu-ipv6", "netplan", [netplan("mtu: 9000", "mtu: 1279")], [netplan("mtu: 9000", "mtu: 1280")]),

    ("bond-no-legs", "bond-vlan", [day0(f"  - nmcli connection add type ethernet {LEG1}\n", ""),
                                   day0(f"  - nmcli connection add type ethernet {LEG2}\n", "")], []),
    ("bond-one-leg", "bond-vlan", [day0(f"  - nmcli connection add type ethernet {LEG2}\n", "")],
     [day0("con-name leg2", "con-name second")]),
    ("bond-mode", "flat", [day0("mode=active-backup", "mode=802.3ad")], [day0("mode=active-backup", "mode=1")]),
    ("bond-mode-balance", "flat", [day0("mode=active-backup", "mode=balance-alb")],
     [day0("mode=active-backup", "mode=1")]),
    ("bond-mac-policy", "flat", [day0(",fail_over_mac=active", "")], [day0("fail_over_mac=active", "fail_over_mac=1")]),
    ("bond-mac-trusted", "flat", [day0(",fail_over_mac=active", ""), options(trusted="true")],
     [options(trusted="true")]),
    ("bond-grat-arp", "flat", [day0("=active\"", "=active,num_grat_arp=0\"")],
     [day0("=active\"", "=active,num_grat_arp=1\"")]),
    ("bond-primary", "netplan", [netplan("primary: leg1", "primary: leg3")],
     [netplan("primary: leg1", "primary: leg2")]),
    ("bond-failback", "netplan", [netplan("-policy: failure", "-policy: always")],
     [netplan("-policy: failure", "-policy: better")]),
    ("bond-reselect", "netplan", [netplan("        primary: leg1\n", "")], []),
    ("bond-dhcp", "bond-vlan", [day0("ipv4.method disabled", "ipv4.method auto")], []),
    ("bond-ipv6-dad", "flat", [day0("=active\"", "=active,all_slaves_active=1\"")],
     [day0("=active\"", "=active,all_slaves_active=0\"")]),

    ("bond-monitor-none", "netplan", [netplan("-interval: 50ms", "-interval: 0")],
     [netplan("-interval: 50ms", "-interval: 1")]),
    ("bond-monitor-both", "arp-monitor", [day0(ARP, ARP + "miimon=100,")], [day0(ARP, ARP + "miimon=0,")]),
    ("bond-monitor-slow", "flat", [options(max_outage_ms=99)], [options(max_outage_ms=100)]),
    ("bond-monitor-slow", "arp-monitor", [day0("arp_interval=50", "arp_interval=67")],
     [day0("arp_interval=50", "arp_interval=66")]),
    ("bond-monitor-blind", "arp-monitor", [day0(ARP, "miimon=100,")], []),
    ("bond-uplink-status", "flat", [options(propagate_uplink_status__2="false")],
     [options(propagate_uplink_status__0="false")]),
    ("bond-arp-target", "arp-monitor", [day0(ARP_TARGETS, "")], []),
    ("bond-arp-one-target", "arp-monitor", [day0(ARP_TARGETS, "arp_ip_target=172.16.1.1,")], []),
    ("bond-arp-offlink", "arp-monitor", [day0("172.16.1.2,", "172.16.2.2,")], [day0("172.16.1.2,", "172.16.1.254,")]),
    ("bond-arp-validate", "arp-monitor", [day0("arp_validate=all", "arp_validate=none")],
     [day0("arp_validate=all", "arp_validate=active")]),
    ("bond-delay", "flat", [day0("miimon=100", "miimon=100,downdelay=150")],
     [day0("miimon=100", "miimon=100,downdelay=200")]),

    ("address-no-subnet", "single-leg", NO_SUBNET + [port(1, ""), leaf("network", "service-1", "unused"),
                                                     dep("<subnet>service-1-v4</subnet>", "")],
     NO_SUBNET + [dep("<subnet>service-1-v4</subnet>", "")]),
    ("address-outside-subnet", "dpdk", [leaf("ip_address", "172.16.1.10", "172.16.3.10")],
     [leaf("ip_address", "172.16.1.10", "172.16.1.254")]),
    ("address-gateway", "dpdk", [leaf("ip_address", "172.16.1.10", "172.16.1.1")],
     [leaf("ip_address", "172.16.1.10", "172.16.1.2")]),
    ("address-reserved", "dpdk", [leaf("ip_address", "172.16.1.10", "172.16.1.255")],
     [leaf("ip_address", "172.16.1.10", "172.16.1.254")]),
    ("address-twice", "two-vnfs", SAME_MANAGEMENT, []),
    ("bond-address-filtered", ("flat", VIRTUAL + [SECURE, SECURE]), [without_v6(1)],
     [without_v6(1), port(1, "<allowed_address_pairs><address><ip_address>2001:db8:101::</ip_address>"
                          "<netmask>64</netmask></address></allowed_address_pairs>")]),
    ("bond-address-unowned", "flat", [without_v6(1), without_v6(2)], [without_v6(1)]),
    ("leg-address-unused", "existing-networks", [leaf("ip_address", "172.16.1.10", "172.16.1.11")], []),
    ("bond-address-subnet", "flat", [
        dep("<name>service-2-v6</name>\n                <ipversion>ipv6</ipversion>\n                <dhcp>false</dhcp>\n"
            "                <address>2001:db8:101::", "<name>service-2-v6</name>\n                <ipversion>ipv6"
            "</ipversion>\n                <dhcp>false</dhcp>\n                <address>2001:db8:102::"),
        without_v6(2)], [without_v6(2)]),
    ("guest-address", "flat", [day0("10.10.10.10/24", "10.10.10.11/24")],
     [day0("10.10.10.10/24", "10.10.10.11/24"), leaf("ip_address", "10.10.10.10", "10.10.10.11")]),
    ("address-prefix", "flat", [day0("172.16.1.10/24", "172.16.1.10/28")], [day0("172.16.1.10/24", "172.16.1.10/24,172.16.1.53/32")]),
    ("subnets-overlap", "dpdk", [leaf("address", "172.16.2.0", "172.16.0.0"),
                                 dep("<address>172.16.0.0</address>\n                <netmask>24",
                                     "<address>172.16.0.0</address>\n                <netmask>22")], []),

    ("gateway-offlink", "netplan", [netplan("via: 172.16.1.1", "via: 172.16.2.1")],
     [netplan("via: 172.16.1.1", "via: 172.16.2.1, on-link: true")]),
    ("gateway-offlink", "netplan", [netplan("via: 172.16.1.1", "via: 172.16.2.1, on-link: false")],
     [netplan("via: 172.16.1.1", "via: 172.16.2.1}\n        - {to: 172.16.2.1/32, scope: link")]),
    ("gateway-on-link", "existing-networks", [day0("gateway 172.16.1.1", "gateway 172.16.2.1")],
     [day0("gateway 172.16.1.1", "gateway 172.16.1.254")]),
    ("gateway-differs", "flat", [day0("gateway 172.16.1.1", "gateway 172.16.1.254")], []),
    ("gateways-two", "existing-networks", [day0(" ipv4.routes \"10.0.0.0/8 10.20.0.1\"", " gw4 10.20.0.1")], []),
    ("route-asymmetric", "flat", [leaf("no_gateway", "true", "false")],
     [leaf("no_gateway", "true", "false"), day0("10.10.10.10/24", "10.10.10.10/24 ipv4.routes \"10.0.0.0/8 10.10.10.1\"")]),

    ("numa-uneven", "flat", [leaf("vcpus", 4, 5)], [leaf("vcpus", 4, 6)]),
    ("numa-map", "flat", [spec("hw:numa_cpus.0", "0-2"), spec("hw:numa_cpus.1", "2-3"),
                          spec("hw:numa_mem.0", 6144), spec("hw:numa_mem.1", 2048)],
     [spec("hw:numa_cpus.0", "0-2"), spec("hw:numa_cpus.1", "3"),
      spec("hw:numa_mem.0", 6144), spec("hw:numa_mem.1", 2048)]),
    ("numa-page-size", "dpdk", [leaf("memory_mb", 16384, 17408)], [leaf("memory_mb", 16384, 18432)]),
    ("numa-one-cell", "flat", [respec("hw:numa_nodes", 2, 1)],
     [respec("hw:numa_nodes", 2, 1), options(numa_affinity_policy__2="preferred")]),
    ("numa-needs", "single-leg", [respec("hw:numa_nodes", 1, 2), spec("hw:pci_numa_affinity_policy", "legacy")], []),
    ("numa-pci-policy", "flat", [dep("hw:pci_numa_affinity_policy</name>\n          <value>required",
                                     "hw:cpu_threads</name>\n          <value>1")], []),
    ("cpu-shared", "flat", [respec("hw:cpu_policy", "dedicated", "shared")], []),
    ("cpu-shared", "flat", [cpu_policy("resources:VCPU", 4)], [cpu_policy("resources1:PCPU", 4)]),
    ("cpu-shared", "flat", [dep("hw:cpu_policy</name>\n          <value>dedicated</value>", "resources:PCPU</name>")], []),
    ("cpu-shared", "flat", [NO_CPU_POLICY], [NO_CPU_POLICY, image("hw_cpu_policy", "dedicated")]),
    ("cpu-shared", "flat", [NO_CPU_POLICY, image("hw_cpu_policy", "shared")], [NO_CPU_POLICY, UNKNOWN_IMAGE]),
    ("cpu-emulator", "flat", [NO_EMULATOR], []),
    ("cpu-emulator", ("flat", [cpu_policy("resources:PCPU", 4)]), [NO_EMULATOR], []),
    ("cpu-emulator", ("flat", [NO_CPU_POLICY, image("hw_cpu_policy", "dedicated")]), [NO_EMULATOR],
     [NO_EMULATOR, dep("<value>dedicated", "<value>shared")]),
    ("cpu-conflict", "flat", [spec("hw:cpu_dedicated_mask", "0-1")],
     [spec("hw:cpu_dedicated_mask", "0-1"), respec("hw:cpu_policy", "dedicated", "mixed")]),
    ("cpu-conflict", ("flat", [respec("hw:cpu_policy", "dedicated", "shared")]), [spec("hw:cpu_thread_policy", "require")],
     [dep("hw:cpu_policy</name>\n          <value>shared", "resources:PCPU</name>\n          <value>4"),
      spec("hw:cpu_thread_policy", "require")]),
    ("cpu-conflict", ("flat", [respec("hw:cpu_policy", "dedicated", "shared")]), [image("hw_cpu_policy", "dedicated")],
     [image("hw_cpu_policy", "shared")]),
    ("cpu-conflict", ("flat", [respec("hw:cpu_policy", "dedicated", "mixed"), spec("hw:cpu_dedicated_mask", "0-1")]),
     [image("hw_cpu_policy", "dedicated")], [image("hw_cpu_policy", "mixed")]),
    ("cpu-conflict", ("flat", [respec("hw:cpu_policy", "dedicated", "shared")]), [image("hw_cpu_thread_policy", "require")],
     [respec("hw:cpu_policy", "shared", "dedicated"), image("hw_cpu_thread_policy", "require")]),
    ("cpu-conflict", "flat", [spec("resources:PCPU", 4)], [spec("resources:PCPU", "x")]),
    ("cpu-conflict", ("flat", [NO_EMULATOR]), [spec("hw:cpu_realtime", "yes")],
     [spec("hw:cpu_realtime", "yes"), image("hw_cpu_realtime_mask", "^0")]),
    ("cpu-conflict", ("flat", [NO_EMULATOR]), [spec("hw:cpu_realtime", "yes"), spec("hw:cpu_realtime_mask", "0-3")],
     [spec("hw:cpu_realtime", "yes"), spec("hw:cpu_realtime_mask", "0-2")]),
    ("cpu-conflict", "flat", [spec("hw:cpu_realtime", "yes"), spec("hw:cpu_realtime_mask", "1-4")],
     [spec("hw:cpu_realtime", "yes"), spec("hw:cpu_realtime_mask", "1-3")]),
    ("cpu-conflict", ("flat", [NO_EMULATOR, UNKNOWN_IMAGE]), [spec("hw:cpu_dedicated_mask", "0-1")],
     [spec("hw:cpu_realtime", "yes")]),
    ("cpu-conflict", ("flat", [cpu_policy("resources:PCPU", 4), UNKNOWN_IMAGE]), [spec("resources:VCPU", 4)],
     [NO_EMULATOR, spec("hw:cpu_realtime", "yes")]),
    ("cpu-conflict", ("flat", [NO_CPU_POLICY, UNKNOWN_IMAGE]), [spec("hw:cpu_dedicated_mask", "0-3")],
     [spec("hw:cpu_dedicated_mask", "0-1"), spec("hw:cpu_thread_policy", "require")]),
    ("extra-spec-name", "flat", [spec("hw:cpu_polcy", "dedicated")], [spec("aggregate:zone", "dedicated"), spec("quota:vif_outbound_peak", 1000)]),
    ("extra-spec-value", "flat", [respec("hw:mem_page_size", "large", "huge")],
     [respec("hw:mem_page_size", "large", "2048")]),
    ("extra-spec-value", "flat", [respec("hw:mem_page_size", "large", "2M")],
     [respec("hw:mem_page_size", "large", "2MB")]),

    ("interface-count", "existing-networks",
     [day0("con-name mgmt ifname", "con-name x ifname ens2 ipv4.method disabled\n"
           "  - nmcli connection add type ethernet con-name mgmt ifname")], []),
    ("guest-mac", "dpdk", [day0("10:00:00", "10:00:0f")], []),
    ("guest-unread", "flat", [day0("runcmd:\n", "runcmd:\n  - nmstatectl apply /root/net.yml\n")],
     [day0("runcmd:\n", "runcmd:\n  - /opt/dns/start\n")]),
    ("legs-unknown", "netplan", [netplan("interfaces: [leg1, leg2]", "interfaces: [leg1, leg2, legs]"),
                                 netplan("    leg1:\n", "    legs: {match: {name: 'ens*'}}\n    leg1:\n")],
     [netplan("set-name: leg1", "set-name: leg1\n      dhcp4: false")]),
    ("guest-names", "dpdk", [day0("802-3-ethernet.mac-address fa:16:3e:10:00:00 ", "")], []),
    # A virtual port, a virtio disk, two VFs: in this order, behind video and USB where the host has a console.
    ("guest-names-nova", "flat", [image("hw_machine_type", "pc-q35-7.2")],
     [image("hw_machine_type", "pc-q35-7.2"), day0("ifname ens3", "ifname enp3s0"), day0("ifname ens4", "ifname enp5s0"),
      day0("ifname ens5", "ifname enp6s0")]),
    ("guest-names-nova", "flat", [image("hw_machine_type", "q35"), day0("ifname ens3", "ifname enp1s0"),
                                  day0("ifname ens4", "ifname enp3s0"), day0("ifname ens5", "ifname enp5s0")],
     [image("hw_machine_type", "q35"), day0("ifname ens3", "ifname enp1s0"), day0("ifname ens4", "ifname enp3s0"),
      day0("ifname ens5", "ifname enp4s0")]),
    ("guest-names-nova", "flat", [image("hw_machine_type", "pc")],
     [image("hw_machine_type", "pc"), day0("ifname ens4", "ifname ens6")]),
    ("guest-names-nova", "flat", [image("hw_machine_type", "pc")],
     [image("hw_machine_type", "pc"), day0("ifname ens3", "ifname ens2")]),
    ("guest-names-nova", "flat", [image("hw_machine_type", "pc")],
     [image("hw_machine_type", "pc"), day0("ifname ens3", "ifname '*'"), day0("ifname ens4", "ifname '*'"),
      day0("ifname ens5", "ifname '*'")]),
    ("leg-down", "flat", [port(2, "<admin_state_up>false</admin_state_up>")],
     [port(2, "<admin_state_up>true</admin_state_up>")]),
    ("security-group-direct", "flat", [SECURE, port(1, "<security_groups><security_group>dns</security_group></security_groups>")],
     [port(0, "<security_groups><security_group>dns</security_group></security_groups>")]),
    ("security-group-refused", "flat",
     [port(1, "<allowed_address_pairs><address><ip_address>172.16.1.9</ip_address></address></allowed_address_pairs>")],
     [SECURE, port(1, "<allowed_address_pairs><address><ip_address>172.16.1.9</ip_address></address></allowed_address_pairs>")]),
    ("port-security-unsaid", "flat", [dep("<port_security_enabled>false</port_security_enabled>", "")],
     [SECURE]),
    ("conntrack", "single-leg", [leaf("type", "direct", "virtual"), SECURE], [leaf("type", "direct", "virtual")]),
    ("network-stacks", "ifcfg", [day0("nmcli connection reload", "nmcli connection reload; nmcli connection add type ethernet "
                                      "con-name x ifname ens3 mac fa:16:3e:10:00:00 ip4 10.10.10.10/24")], []),

    ("managed-project", "flat", [leaf("managed_resource", "false", "true")], []),
    ("vm-alive-never", "flat", [dep("TRUE esc_vm_alive_notification", "TRUE log")],
     [dep("TRUE esc_vm_alive_notification", "TRUE servicebooted.sh")]),
    ("vm-alive-late", "flat", [leaf("metric_occurrences_true", 1, 101)], [leaf("metric_occurrences_true", 1, 100)]),
    ("bootup-unset", "flat", [dep("<bootup_time>300</bootup_time>", "")], []),
    ("kpi-on-leg", "flat", [dep("<metric_collector>\n                  <nicid>0", "<metric_collector>\n                  <nicid>1")], []),
    ("recovery-never", "flat", [dep("FALSE recover autohealing", "FALSE log")],
     [dep("FALSE recover autohealing", "FALSE log"), dep("<recovery_policy>", "<recovery_policy><recovery_type>MANUAL</recovery_type>")]),
    ("recovery-reboot", "flat", [leaf("action_on_recovery", "REBOOT_THEN_REDEPLOY", "REBOOT_ONLY")],
     [leaf("action_on_recovery", "REBOOT_THEN_REDEPLOY", "REDEPLOY_ONLY")]),
    ("scaling-fixed", "existing-networks", [SCALE, SPREAD], [SPREAD]),
    ("scaling-pool", "flat", [dep("<elastic>", SECOND_POOL.format(9) + "<elastic>")],
     [dep("<elastic>", SECOND_POOL.format(10) + "<elastic>")]),
    ("anti-affinity", "two-vnfs", [dep("<vm_group>dns-b</vm_group>", "")], []),
    ("placement-conflict", "two-vnfs",
     [dep("<config_data>", "<placement><type>affinity</type><vm_group_ref>dns-b</vm_group_ref></placement><config_data>")],
     [dep("<config_data>", "<placement><type>anti_affinity</type><vm_group_ref>dns-b</vm_group_ref></placement><config_data>")]),
    ("name-mismatch", "single-leg", [leaf("flavor", "dns-one-node", "dns-node")], []),

    ("option-name", "flat", [options(same_segmnt="service-1 service-2")], [options(same_segment="service-1 service-2")]),
    ("option-name", "flat", [options(trusted__3="true")], [options(trusted__2="true")]),
    ("option-value", "flat", [options(trusted="yes")], [options(trusted="true")]),
    ("option-value", "flat", [options(guest_agent="bond")], [options(guest_agent="none")]),
    ("waiver", "flat", [options(waive__no_1_such="because")], [options(waive__conntrack="because")]),
]


def edited(folder, base, edits):
    """A copy of the design with the edits; its descriptor's path."""
    shutil.copytree(os.path.join(DESIGNS, base), folder, dirs_exist_ok=True)
    for name, old, new in edits:
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if old not in text:
            raise AssertionError(f"{base}/{name} has no {old!r}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new, 1))
    return os.path.join(folder, "dep.xml")


@functools.lru_cache(maxsize=None)
def found(base, edits):
    """The rules that the edits of the design break."""
    with tempfile.TemporaryDirectory() as folder:
        return {finding["rule"] for finding in check(edited(folder, base, edits))}


# Not rules of a design: the readers' findings, and what only a VIM shows (tests/openstack/check_vim.py).
READERS = ("day0-", "descriptor-", "dns-", "zone-", "vim-", "ddi-", "mtu-network")


class Rules(unittest.TestCase):
    """CASES"""

    def test_each_rule_has_a_case(self):
        design_rules = {rule["rule"] for rule in json.loads(dnsvnf("check", "--list", "-o", "json").stdout)["rules"]
                        if not rule["rule"].startswith(READERS)}
        self.assertEqual(design_rules, {case[0] for case in CASES})

    def test_what_no_bondd_sees_is_left_to_the_arp_monitor(self):
        with tempfile.TemporaryDirectory() as folder:
            text, = (finding["text"] for finding in check(edited(folder, "flat", [options(guest_agent="none")]))
                     if finding["rule"] == "bond-monitor-blind")
        self.assertIn("as guest_agent is none, nothing else does, so use the ARP monitor", text)


def add_case(number, rule, design, breaking, nearest):
    base, given = design if isinstance(design, tuple) else (design, [])

    def test(self):
        before = found(base, tuple(given))
        self.assertNotIn(rule, before)
        self.assertEqual({rule}, found(base, tuple(given + breaking)) - before)
        self.assertNotIn(rule, found(base, tuple(given + nearest)))
    setattr(Rules, f"test_{number:02}_{rule.replace('-', '_')}", test)


for index, case in enumerate(CASES):
    add_case(index, *case)


# Row of the list of what is wrong in the TechNote: where it shows, by which rule, in which words.
ROWS = [
    ("1: the legs' VLANs 101 and 102", "steps", "legs-segment", "vlan 101 on sriov0"),
    ("1: the same, where the VLANs are not told", "published", "legs-segment-unknown", "sriov-net-2"),
    ("2: no port owns the bond's address", "published", "leg-address-unused", "10.10.20.10"),
    ("3: subnets that nobody creates", "steps", "descriptor-reference", "sriov-subnet-1"),
    ("3: addresses without a subnet", "steps", "address-no-subnet", "10.10.20.10"),
    ("4: names that disagree", "published", "descriptor-reference", "mgmt-net"),
    ("5: 192.168.10.101 in no subnet", "steps", "address-outside-subnet", "192.168.10.101"),
    ("5: 10.10.10.10 in the management subnet", "steps", "address-no-subnet", "management-subnet"),
    ("6: three interfaces, four wanted", "published", "interface-count", "3 interfaces"),
    ("7: guest names", "published", "guest-names", "ens6"),
    ("8: fail_over_mac 1 and absent", "steps", "day0-contradiction", "fail_over_mac is unset here"),
    ("8: miimon 1000 and 100", "steps", "day0-contradiction", "miimon is 100 here"),
    ("9: ARP monitoring that is not there", "published", "bond-monitor-blind", "miimon"),
    ("10: link state forced up", "steps", "bond-uplink-status", "pulled cable"),
    ("11: nothing said of trust and spoof checking", "published", "port-security-unsaid", "spoof checking"),
    ("12: what each host node needs", "steps", "numa-needs", "2 free dedicated CPUs and 4096 MB"),
    ("13: no PCI NUMA policy", "steps", "numa-pci-policy", "legacy"),
    ("14: the stray backtick", "published", "day0-mime-version", "1.0`"),
    ("14: no closing delimiter", "published", "day0-mime-delimiter", "last delimiter"),
    ("15: file://tmp", "published", "day0-file-url", "RFC 8089"),
    ("16: bootup_time without kpi and rules", "published", "vm-alive-never", "bootup_time 300"),
    ("17: the project is managed", "published", "managed-project", "test-tenant"),
    ("18: a literal password", "published", "day0-password", "in plain text"),
    ("18: cloud.cfg replaced", "published", "day0-cloud-cfg", "/etc/cloud/cloud.cfg"),
    ("19: nova show | grep numa", "steps", "day0-nova-numa", "topology"),
    ("20: two network stacks", "steps", "network-stacks", "with nmcli and with ifcfg"),
    ("20: systemctl restart network", "steps", "day0-network-service", "RHEL 9"),
    ("21: placeholders", "published", "day0-placeholder", "2402:xxxx"),
    ("22: only bond0 has a gateway", "published", "route-asymmetric", "eth1"),
    ("23: keys without data", "published", "day0-ssh-key", "no key data"),
]


class TechNote(unittest.TestCase):
    def test_every_row_is_found_by_its_rule(self):
        self.assertEqual(set(range(1, 24)), {int(row[0].split(":")[0]) for row in ROWS})
        findings = {design: check(f"{TECHNOTE}/{design}/dep.xml") for design in ("published", "steps")}
        for row, design, rule, words in ROWS:
            with self.subTest(row):
                self.assertTrue([f for f in findings[design] if f["rule"] == rule and words in f["text"]])

    def test_the_published_sample_is_an_error(self):
        self.assertEqual(1, dnsvnf("check", f"{TECHNOTE}/published/dep.xml").returncode)


class NoFalseAlarm(unittest.TestCase):
    def test_designs_that_are_right_have_notes_at_most(self):
        designs = sorted(glob.glob(f"{DESIGNS}/*/dep.xml"))
        self.assertEqual(10, len(designs))
        for design in [*designs, f"{TECHNOTE}/corrected/dep.xml"]:
            with self.subTest(design):
                self.assertEqual([], [f for f in check(design) if f["severity"] != "note"])
                self.assertEqual(0, dnsvnf("check", design).returncode)


class OneFault(unittest.TestCase):
    def test_an_address_of_many_is_a_finding_for_each_but_the_first(self):
        with tempfile.TemporaryDirectory() as top:
            descriptor = edited(top, "flat", [])
            with open(descriptor, encoding="utf-8") as file:
                text = file.read()
            group = text[text.index("<vm_group>"):text.index("</vm_group>") + len("</vm_group>")]
            others = (re.sub("<name>[^<]*", f"<name>g{i}", group, count=1) for i in range(3))
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text.replace(group, group + "".join(others)))
            lines = [f["line"] for f in check(descriptor) if f["rule"] == "address-twice"]
        self.assertTrue(lines)
        self.assertEqual(sorted(set(lines)), sorted(lines))


class StrangeNames(unittest.TestCase):
    """A name is any bytes; JSON is UTF-8. No finding may be lost for that."""

    def findings_in(self, folder, descriptor):
        """What the text output counts, and what JSON and SARIF list."""
        text = subprocess.run([DNSVNF, "check", descriptor], capture_output=True, timeout=30)
        counts = re.search(rb"(\d+) errors?, (\d+) warnings?, (\d+) notes?\s*$", text.stdout)
        listed = subprocess.run([DNSVNF, "check", "-o", "json", descriptor], capture_output=True, timeout=30)
        sarif = subprocess.run([DNSVNF, "check", "-o", "sarif", descriptor], capture_output=True, timeout=30)
        self.assertEqual((text.returncode, b""), (listed.returncode, listed.stderr))
        findings = json.loads(listed.stdout.decode("utf-8"))["findings"]
        self.assertEqual(sum(map(int, counts.groups())), len(findings))
        results = json.loads(sarif.stdout.decode("utf-8"))["runs"][0]["results"]
        self.assertEqual(len(findings), len(results))
        return findings, results

    def test_a_folder_whose_name_is_not_utf8(self):
        with tempfile.TemporaryDirectory() as top:
            folder = os.path.join(os.fsencode(top), b"a\xffb")
            shutil.copytree(os.fsencode(f"{TECHNOTE}/published"), folder)
            findings, results = self.findings_in(folder, os.path.join(folder, b"dep.xml"))
            self.assertIn(f"{top}/a?b/dep.xml", {finding["file"] for finding in findings})
            self.assertIn(f"file://{top}/a%FFb/dep.xml", {
                result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results})

    def test_a_file_url_whose_path_is_not_utf8(self):
        with tempfile.TemporaryDirectory() as top:
            descriptor = edited(top, "flat", [dep("<file>day0.cfg</file>", f"<file>file://{top}/%ff.cfg</file>")])
            os.rename(f"{top}/day0.cfg", os.fsencode(top) + b"/\xff.cfg")
            with open(os.fsencode(top) + b"/\xff.cfg", "a", encoding="utf-8") as file:
                file.write("\n\tnot: yaml\n")
            findings, _ = self.findings_in(top, descriptor)
            self.assertIn(f"{top}/?.cfg", {finding["file"] for finding in findings})


class Catalogue(unittest.TestCase):
    def setUp(self):
        self.rules = json.loads(dnsvnf("check", "--list", "-o", "json").stdout)["rules"]

    def test_every_id_that_the_readers_print_is_listed_and_none_besides(self):
        printed = set()
        for path in [*glob.glob("src/day0/*.c"), *glob.glob("src/esc/*.c"), *glob.glob("src/dns/*.c"), "src/check/refs.c"]:
            with open(path, encoding="utf-8") as file:
                printed.update(re.findall(r'"((?:day0|descriptor|zone|dns)-[a-z0-9-]+)"', file.read()))
        listed = {rule["rule"] for rule in self.rules}
        self.assertEqual(printed, {rule for rule in listed if rule.startswith(READERS[:4])})

    def test_ids_are_unique_and_every_rule_is_explained(self):
        self.assertEqual(len(self.rules), len({rule["rule"] for rule in self.rules}))
        for rule in self.rules:
            self.assertNotIn("", rule.values())
            done = dnsvnf("check", "--explain", rule["rule"])
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertTrue(done.stdout.startswith(f"{rule['rule']} ({rule['severity']}): {rule['title']}\n"))
            self.assertLessEqual(max(map(len, done.stdout.splitlines()[1:])), 80)

    def test_the_document_has_each_row_with_its_severity(self):
        rows = {}
        for path in glob.glob("src/check/*.c"):
            with open(path, encoding="utf-8") as file:
                rows.update((rule, severity.lower()) for rule, severity
                            in re.findall(r'\t\{"([a-z0-9-]+)",\s*SEVERITY_([A-Z]+),', file.read()))
        listed = {rule["rule"]: rule["severity"] for rule in self.rules}
        self.assertGreater(len(rows), 70)
        self.assertEqual(rows, {rule: severity for rule, severity in listed.items()
                                if rule in rows or not rule.startswith(READERS[:6])})

    def test_an_unknown_rule_is_a_usage_error(self):
        done = dnsvnf("check", "--explain", "no-such-rule")
        self.assertEqual((2, ""), (done.returncode, done.stdout))
        self.assertIn("no-such-rule", done.stderr)


class Waivers(unittest.TestCase):
    def waived(self, edits):
        with tempfile.TemporaryDirectory() as folder:
            descriptor = edited(folder, "flat", [leaf("provider_network_type", "flat", "vlan"), physnet("sriov0", 101),
                                                      leaf("provider_network_type", "flat", "vlan"), physnet("sriov1", 102),
                                                      *edits])
            return dnsvnf("check", descriptor), [f for f in check(descriptor) if f["rule"] == "legs-segment"]

    def test_a_waived_finding_is_shown_and_does_not_count(self):
        done, (finding,) = self.waived([])
        self.assertEqual((1, "error"), (done.returncode, finding["severity"]))
        done, (finding,) = self.waived([options(waive__legs_1_segment="joined by the fabric")])
        self.assertEqual((0, "note", "joined by the fabric"), (done.returncode, finding["severity"], finding["waived"]))
        self.assertIn("; waived: joined by the fabric (see ", done.stdout)
        self.assertIn(": 0 errors, 0 warnings, ", done.stdout)

    def test_a_waiver_without_a_reason_waives_nothing(self):
        done, (finding,) = self.waived([options(waive__legs_1_segment="")])
        self.assertEqual((1, "error"), (done.returncode, finding["severity"]))
        self.assertIn("[waiver]", done.stdout)

    def test_the_deployment_waives_for_its_groups_and_a_group_for_itself_alone(self):
        one = "<extensions><extension><name>dnsvnf</name><properties><property><name>waive.guest-names</name>" \
              "<value>the image is ours</value></property></properties></extension></extensions>"
        with tempfile.TemporaryDirectory() as folder:
            descriptor = edited(folder, "two-vnfs", [dep("</config_data>", "</config_data>" + one)])
            names = [f for f in check(descriptor) if f["rule"] == "guest-names"]
            self.assertEqual([True, False], sorted(("waived" in f for f in names), reverse=True))
        with tempfile.TemporaryDirectory() as folder:
            descriptor = edited(folder, "two-vnfs", [dep("</deployment>", one + "</deployment>")])
            names = [f for f in check(descriptor) if f["rule"] == "guest-names"]
            self.assertEqual([True], ["waived" in f for f in names])


class Places(unittest.TestCase):
    def test_a_contradiction_points_to_both_places(self):
        for f in check(f"{TECHNOTE}/steps/dep.xml"):
            if f["rule"] in ("legs-segment", "day0-contradiction", "interface-count", "network-stacks"):
                with open(f["see"]["file"], encoding="utf-8") as file:
                    self.assertLessEqual(1, f["see"]["line"])
                    self.assertLessEqual(f["see"]["line"], len(file.readlines()))

    def test_the_line_is_that_of_the_thing(self):
        with open(f"{TECHNOTE}/steps/dep.xml", encoding="utf-8") as file:
            lines = file.readlines()
        (finding,) = [f for f in check(f"{TECHNOTE}/steps/dep.xml") if f["rule"] == "legs-segment"]
        self.assertIn("sriov-network-2", lines[finding["line"]])
        self.assertIn("sriov-network-1", lines[finding["see"]["line"]])


class Printed(unittest.TestCase):
    """Findings on a terminal and elsewhere."""

    def on_terminal(self, *arguments, columns=100, **environment):
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | environment
        with subprocess.Popen([DNSVNF, "check", *arguments], stdout=child, env=environment) as process:
            os.close(child)
            text = b""
            while True:
                try:
                    text += os.read(parent, 65536)
                except OSError:
                    break
            process.wait(timeout=30)
        os.close(parent)
        return text.decode("utf-8").replace("\r\n", "\n")

    def test_lines_are_as_wide_as_the_terminal(self):
        plain = self.on_terminal(f"{TECHNOTE}/published/dep.xml", NO_COLOR="1")
        self.assertNotIn("\033", plain)
        self.assertEqual([], [line for line in plain.splitlines() if len(line) > 100])
        whole = dnsvnf("check", f"{TECHNOTE}/published/dep.xml").stdout
        self.assertEqual(" ".join(whole.split()), " ".join(plain.split()))
        self.assertGreater(len(self.on_terminal(f"{TECHNOTE}/published/dep.xml", columns=60).splitlines()),
                           len(plain.splitlines()))

    def test_severities_have_colors(self):
        text = self.on_terminal(f"{TECHNOTE}/published/dep.xml")
        for color, severity in ((31, "error"), (35, "warning"), (34, "note")):
            self.assertIn(f": \033[1;{color}m{severity}:\033[0m ", text)

    def test_one_line_each_sorted_and_without_xpaths_elsewhere(self):
        done = dnsvnf("check", f"{TECHNOTE}/published/dep.xml").stdout.splitlines()[:-1]
        places = [re.match(r"(.*?):(\d+): (?:error|warning|note): .* \[\S+\]$", line) for line in done]
        self.assertTrue(all(places), done)
        self.assertNotIn("esc_datamodel/", "".join(done))
        files = [place.group(1) for place in places]
        self.assertEqual(len(set(files)), sum(a != b for a, b in zip(files, ["", *files])))
        for a, b in zip(places, places[1:]):
            self.assertTrue(a.group(1) != b.group(1) or int(a.group(2)) <= int(b.group(2)))
        self.assertTrue(any("path" in finding for finding in check(f"{TECHNOTE}/published/dep.xml")))

    def test_a_missing_file_hides_what_would_follow_from_it(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(f"{TECHNOTE}/corrected", folder, dirs_exist_ok=True)
            os.remove(f"{folder}/day0.cfg")
            found = check(f"{folder}/dep.xml")
        self.assertEqual(["day0-file"], [f["rule"] for f in found if f["severity"] == "error"])

    def test_an_existing_network_is_not_to_be_changed(self):
        """route-asymmetric proposes no_gateway only where the descriptor has the subnet."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(f"{TECHNOTE}/corrected", folder, dirs_exist_ok=True)
            with open(f"{folder}/dep.xml", encoding="utf-8") as source:
                text = source.read()
            texts = []
            for change in (lambda t: t, lambda t: t.replace("<network>management-network<", "<network>theirs<")):
                with open(f"{folder}/dep.xml", "w", encoding="utf-8") as out:
                    out.write(re.sub(r"<no_gateway>true</no_gateway>", "", change(text)))
                texts.append([f["text"] for f in check(f"{folder}/dep.xml")
                              if f["rule"] == "route-asymmetric" and '"fa:16:3e:10:00:01"' in f["text"]])
        self.assertIn("set no_gateway", texts[0][0])
        self.assertNotIn("no_gateway", texts[1][0])


class Sarif(unittest.TestCase):
    """The properties that SARIF 2.1.0 (OASIS) requires, and those that CI systems read."""

    def log(self, descriptor):
        done = dnsvnf("check", "-o", "sarif", descriptor)
        self.assertEqual("", done.stderr)
        return json.loads(done.stdout)

    def test_log(self):
        log = self.log(f"{TECHNOTE}/steps/dep.xml")
        self.assertEqual("2.1.0", log["version"])
        (run,) = log["runs"]
        driver = run["tool"]["driver"]
        self.assertEqual("dnsvnf", driver["name"])
        levels = {"error", "warning", "note"}
        for rule in driver["rules"]:
            for text in (rule["shortDescription"], rule["fullDescription"], rule["help"]):
                self.assertTrue(text["text"])
            self.assertIn(rule["defaultConfiguration"]["level"], levels)
        findings = check(f"{TECHNOTE}/steps/dep.xml")
        self.assertEqual(len(findings), len(run["results"]))
        for finding, result in zip(findings, run["results"]):
            self.assertEqual(finding["rule"], result["ruleId"])
            self.assertEqual(result["ruleId"], driver["rules"][result["ruleIndex"]]["id"])
            self.assertEqual((finding["severity"], finding["text"]), (result["level"], result["message"]["text"]))
            (location,) = result["locations"]
            self.assertEqual(finding["line"], location["physicalLocation"]["region"]["startLine"])
            self.assertTrue(os.path.exists(location["physicalLocation"]["artifactLocation"]["uri"]))
            self.assertEqual("see" in finding, "relatedLocations" in result)

    def test_paths_are_relative_to_the_folder_and_encoded(self):
        log = self.log(os.path.abspath(f"{TECHNOTE}/steps/dep.xml"))
        uri = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        self.assertEqual(f"{TECHNOTE}/steps/dep.xml", uri)
        with tempfile.TemporaryDirectory(suffix=" 100%") as folder:
            shutil.copy(f"{TECHNOTE}/steps/dep.xml", folder)
            log = self.log(f"{folder}/dep.xml")
            uri = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            self.assertEqual(f"file://{folder}/dep.xml".replace("%", "%25").replace(" ", "%20"), uri)

    def test_what_is_waived_is_suppressed_with_its_reason(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{TECHNOTE}/corrected/dep.xml", encoding="utf-8") as file:
                text = file.read()
            shutil.copytree(f"{TECHNOTE}/corrected", folder, dirs_exist_ok=True)
            with open(f"{folder}/dep.xml", "w", encoding="utf-8") as file:
                file.write(text.replace("<name>dns_query</name>", "<name>waive.recovery-reboot</name>"))
            results = self.log(f"{folder}/dep.xml")["runs"][0]["results"]
        for result in results:
            waived = [{"kind": "inSource", "justification": "www.example.test"}]
            self.assertEqual(waived if result["ruleId"] == "recovery-reboot" else None, result.get("suppressions"))


if __name__ == "__main__":
    unittest.main()
