#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Day-0 against the programs that read it in the guest: cloud-init, netplan, NetworkManager, ifupdown.

  test_real.py BUILD_FOLDER DAY0_GUEST

Each test asks the program and dnsvnf the same, and prints the number of inputs and of differences.
"""
import configparser
import email.mime.multipart
import email.mime.text
import glob
import gzip
import io
import itertools
import json
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

import real_programs

ROOT = real_programs.unpack(sys.argv.pop(1))
GUEST = sys.argv.pop(1)
sys.path.insert(0, os.path.join(ROOT, "usr/lib/python3/dist-packages"))
sys.dont_write_bytecode = True

from cloudinit import handlers, user_data, util  # noqa: E402
from cloudinit.config import cc_write_files  # noqa: E402
from cloudinit.handlers.cloud_config import CloudConfigPartHandler  # noqa: E402
from cloudinit.net import eni, network_manager, network_state, sysconfig  # noqa: E402

ENVIRONMENT = dict(os.environ, LD_LIBRARY_PATH=":".join(glob.glob(os.path.join(ROOT, "usr/lib/*-linux-gnu*"))))
NETPLAN = next(p for p in (os.path.join(ROOT, "usr/libexec/netplan/generate"), os.path.join(ROOT, "lib/netplan/generate"))
               if os.path.exists(p))
NMCLI = os.path.join(ROOT, "usr/bin/nmcli")
MODES = ["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"]


def guests(inputs):
    """What dnsvnf reads of each input, a dictionary from paths in the guest to contents."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, files in enumerate(inputs):
            paths.append(os.path.join(folder, "%d" % number))
            with open(paths[-1], "w") as file:
                json.dump(files, file)
        out = subprocess.run([GUEST, *paths], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def errors(guest):
    return [f for f in guest["findings"] if f["severity"] == "error"]


def addresses(v=(), gateway4=None, gateway6=None, dhcp4=False, dhcp6=False):
    return {"addresses": sorted(v), "gateway4": gateway4, "gateway6": gateway6, "dhcp4": dhcp4, "dhcp6": dhcp6}


def whole(address):
    """An address without a length is one alone."""
    return address if "/" in address else address + ("/128" if ":" in address else "/32")


def own_addresses(o):
    return addresses(map(whole, o["addresses"]), o.get("gateway4"), o.get("gateway6"), o["dhcp4"], o["dhcp6"])


OPTIONS = ("mode", "miimon", "downdelay", "arp_interval", "num_grat_arp", "fail_over_mac", "primary", "primary_reselect")


def options_of(b):
    """Of a bond, as text; what is not set is left out."""
    values = {name: str(b[name]) for name in OPTIONS if b.get(name) is not None and b[name] != "unset"}
    if b.get("arp_ip_target"):
        values["arp_ip_target"] = sorted(b["arp_ip_target"])
    return values


def own(guest, with_gateways=True):
    """dnsvnf's guest in the form in which the programs' results are brought."""
    network = {"bonds": {}, "nics": {}, "local": sorted(guest["local"])}
    for b in guest["bonds"]:
        network["bonds"][b["name"]] = {
            "options": options_of(b), "legs": sorted(leg.get("name") or leg["mac"] for leg in b["legs"]),
            "addresses": own_addresses(b), "vlans": {v["name"]: [v["id"], own_addresses(v)] for v in b["vlans"]}}
    for n in guest["nics"]:
        network["nics"][n.get("name") or n.get("mac")] = own_addresses(n)
    return network


def merged_addresses(one, other):
    return addresses(one["addresses"] + other["addresses"], one["gateway4"] or other["gateway4"],
                     one["gateway6"] or other["gateway6"], one["dhcp4"] or other["dhcp4"], one["dhcp6"] or other["dhcp6"])


def settle(interfaces):
    """From interfaces of a program to a network.

    An interface: kind, name, options, master (bond), bridge, parent, id, addresses.
    """
    network = {"bonds": {}, "nics": {}, "local": []}

    def below(name):
        """The bond, VLAN or NIC below a bridge."""
        ports = [n for n, i in interfaces.items() if i.get("bridge") == name]
        ports = [p for q in ports for p in (below(q) if interfaces[q]["kind"] == "bridge" else [q])]
        return sorted(ports, key=lambda p: ["bond", "vlan", "ethernet"].index(interfaces[p]["kind"]))

    for name, i in interfaces.items():
        if i["kind"] == "bridge" and below(name):
            port = interfaces[below(name)[0]]
            port["addresses"] = merged_addresses(port["addresses"], i["addresses"])
    for name, i in interfaces.items():
        if i["kind"] == "bond":
            network["bonds"][name] = {"options": i["options"], "legs": [], "vlans": {}, "addresses": i["addresses"]}
    for name, i in interfaces.items():
        if i["kind"] == "ethernet" and i.get("master"):
            network["bonds"][i["master"]]["legs"].append(name)
        elif i["kind"] == "ethernet":
            network["nics"][name] = i["addresses"]
        elif i["kind"] == "local":
            network["local"] += i["addresses"]["addresses"]
        elif i["kind"] == "vlan":
            parent = i["parent"]
            while parent in interfaces and interfaces[parent]["kind"] == "bridge" and below(parent):
                parent = below(parent)[0]
            if parent in network["bonds"]:
                network["bonds"][parent]["vlans"][name] = [i["id"], i["addresses"]]
    for bond in network["bonds"].values():
        bond["legs"].sort()
    network["local"].sort()
    return network


# netplan: what it makes systemd-networkd do.

def sections(path):
    """[(section, [(key, value)])] of a file of systemd, in which keys repeat."""
    found = []
    with open(path) as file:
        for line in file:
            line = line.strip()
            if line.startswith("["):
                found.append((line.strip("[]"), []))
            elif "=" in line and not line.startswith("#"):
                found[-1][1].append(tuple(line.split("=", 1)))
    return found


def values(file, section, key):
    return [v for s, pairs in file for k, v in pairs if s == section and k == key]


def value(file, section, key):
    found = values(file, section, key)
    return found[-1] if found else None


def milliseconds(text):
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(float(number) * {"ms": 1, "s": 1000, "us": 0.001, "min": 60000, "": 1000}[text[len(number):]] + 1e-6)


def networkd_addresses(file):
    a = addresses(values(file, "Network", "Address") + values(file, "Address", "Address"))
    dhcp = value(file, "Network", "DHCP")
    a["dhcp4"], a["dhcp6"] = dhcp in ("yes", "ipv4"), dhcp in ("yes", "ipv6")
    gateways = values(file, "Network", "Gateway")
    for section, pairs in file:
        pairs = dict(pairs)
        if section == "Route" and pairs.get("Destination", "default") in ("0.0.0.0/0", "::/0", "default") \
                and "Gateway" in pairs and pairs.get("Table", "254") == "254":
            gateways.append(pairs["Gateway"])
    for gateway in gateways:
        a["gateway6" if ":" in gateway else "gateway4"] = gateway
    return a


BOND_KEYS = {"Mode": "mode", "MIIMonitorSec": "miimon", "DownDelaySec": "downdelay", "ARPIntervalSec": "arp_interval",
             "FailOverMACPolicy": "fail_over_mac", "PrimaryReselectPolicy": "primary_reselect",
             "GratuitousARP": "num_grat_arp"}


def networkd_bond(netdev):
    found = {}
    for key, name in BOND_KEYS.items():
        v = value(netdev, "Bond", key)
        if v is not None:
            found[name] = str(milliseconds(v)) if key.endswith("Sec") else v
    targets = (value(netdev, "Bond", "ARPIPTargets") or "").replace(",", " ").split()
    if targets:
        found["arp_ip_target"] = sorted(targets)
    return found


def networkd_network(folder):
    """What files of networkd in a folder set up."""
    interfaces, vlans = {}, {}
    for path in sorted(glob.glob(os.path.join(folder, "*.netdev"))):
        file = sections(path)
        name, kind = value(file, "NetDev", "Name"), value(file, "NetDev", "Kind")
        kind = {"dummy": "local"}.get(kind, kind)
        interfaces[name] = {"kind": kind, "addresses": addresses(), "options": networkd_bond(file)}
        if kind == "vlan":
            interfaces[name]["id"] = int(value(file, "VLAN", "Id"))
    for path in sorted(glob.glob(os.path.join(folder, "*.network"))):
        file = sections(path)
        name = value(file, "Match", "Name") or value(file, "Match", "PermanentMACAddress") or \
            value(file, "Match", "MACAddress") or value(file, "Match", "Driver")
        i = interfaces.setdefault(name, {"kind": "local" if name == "lo" else "ethernet", "addresses": addresses()})
        i["addresses"] = networkd_addresses(file)
        i["master"], i["bridge"] = value(file, "Network", "Bond"), value(file, "Network", "Bridge")
        for vlan in values(file, "Network", "VLAN"):
            vlans[vlan] = name
        if value(file, "Network", "PrimarySlave") == "true":
            interfaces[i["master"]]["options"]["primary"] = name
    for vlan, parent in vlans.items():
        interfaces[vlan]["parent"] = parent
    return settle(interfaces)


def ask_netplan(text):
    """The network that netplan makes of the file and its files for networkd; None, None: it refuses it."""
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "etc/netplan"))
        with open(os.path.join(folder, "etc/netplan/60-dns.yaml"), "w") as file:
            file.write(text)
        os.chmod(file.name, 0o600)
        run = subprocess.run([NETPLAN, "--root-dir", folder], capture_output=True, text=True, env=ENVIRONMENT)
        if run.returncode:
            return None, None
        made = os.path.join(folder, "run/systemd/network")
        files = {}
        for path in sorted(glob.glob(os.path.join(made, "*"))):
            with open(path) as file:
                files["/etc/systemd/network/" + os.path.basename(path)] = file.read()
        return networkd_network(made), files


class Inputs:
    """Random networks, the same in each run."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def maybe(self, share=0.5):
        return self.random.random() < share

    def one(self, *of):
        return self.random.choice(of)

    def delay(self):
        return self.one(100, 50, "100", "100ms", "1s", "0.2s", "1500us", "200 ms", "1min")

    def ip(self, v6=False):
        return "2001:db8::%x/64" % self.random.randrange(2, 999) if v6 else \
            "198.51.100.%d/%d" % (self.random.randrange(2, 250), self.one(24, 25, 28))

    def netplan_addresses(self):
        found = {}
        if self.maybe(0.7):
            found["addresses"] = [self.ip(self.maybe(0.3)) for _ in range(self.one(1, 1, 2))]
        if self.maybe(0.2):
            found["dhcp4"] = self.one(True, False, "yes")
        if self.maybe(0.2):
            found["gateway4"] = "198.51.100.1"
        elif self.maybe():
            route = {"to": self.one("default", "0.0.0.0/0"), "via": self.one("198.51.100.1", "203.0.113.1")}
            route.update(self.one({}, {}, {"on-link": True}, {"metric": 100}, {"table": 7}))
            found["routes"] = [route] + self.one([], [{"to": "10.0.0.0/8", "via": "198.51.100.2"}])
        return found

    def netplan_bond(self):
        bond = {"mode": self.one(*MODES[1:2] * 5 + MODES)}
        if self.maybe(0.8):
            bond["mii-monitor-interval"] = self.delay()
        if self.maybe():
            bond["down-delay"] = self.delay()
            bond["up-delay"] = self.delay()
        if self.maybe(0.2) and bond["mode"] == "active-backup":
            bond["arp-interval"] = self.delay()
            bond["arp-ip-targets"] = ["198.51.100.1", "198.51.100.2"]
        if self.maybe():
            bond["fail-over-mac-policy"] = self.one("none", "active", "follow")
        if self.maybe(0.3) and bond["mode"] == "active-backup":
            bond["primary"] = "leg1"
            bond["primary-reselect-policy"] = self.one("always", "better", "failure")
        if self.maybe(0.2):
            bond["gratuitous-arp"] = self.one(0, 1, 5)
        return bond

    def netplan(self):
        leg1 = self.one({}, {"match": {"macaddress": "02:00:00:00:00:01"}, "set-name": "leg1"})
        network = {"ethernets": {"mgmt": self.netplan_addresses(), "leg1": leg1, "leg2": {}},
                   "bonds": {"bond0": dict(self.netplan_addresses(), interfaces=["leg1", "leg2"],
                                           parameters=self.netplan_bond())}}
        if self.maybe(0.7):
            network["version"] = 2
        if self.maybe(0.3):
            network["ethernets"]["lo"] = {"addresses": ["203.0.113.53/32"]}
        if self.maybe(0.3):
            network["bridges"] = {"br0": dict(self.netplan_addresses(), interfaces=self.one(["bond0"], ["mgmt"], ["bond0", "mgmt"]))}
        if self.maybe(0.4):
            network["vlans"] = {"v10": dict(self.netplan_addresses(), id=10, link=self.one("bond0", "mgmt"))}
        return yaml.safe_dump({"network": network})


class Test(unittest.TestCase):
    def compare(self, dialect, inputs, theirs, ours):
        """Fails with the first differences; prints how many of each."""
        different = [n for n in range(len(inputs)) if theirs[n] != ours[n]]
        print("%s: %d inputs, %d differences" % (dialect, len(inputs), len(different)), flush=True)
        for n in different[:3]:
            print("--- %s\ntheirs: %s\nours:   %s" % (inputs[n], json.dumps(theirs[n], sort_keys=True),
                                                      json.dumps(ours[n], sort_keys=True)), flush=True)
        self.assertEqual(len(different), 0)


REFUSED_BY_NETPLAN = [
    "network: {ethernets: {a: {addresses: [192.0.2.1]}}}",
    "network: {version: 1, ethernets: {a: {addresses: [192.0.2.1/24]}}}",
    "network: {ethernets: {a: {addresses: [192.0.2.300/24]}}}",
    "network: {ethernets: {a: {addresses: [192.0.2.1/33]}}}",
    "network: {ethernets: {a: {}, b: {}}, bonds: {bond0: {interfaces: [a, b], parameters: {mode: fast}}}}",
    "network: {ethernets: {a: {}}, vlans: {v: {link: a, id: 4095}}}",
    "network: {etherets: {a: {}}}",
    "network: {renderer: ifupdown, ethernets: {a: {}}}",
    "network: {renderer: networkmanager}",
    "network: {ethernets: }",
    "network: {ethernets: {a: }}",
    "network: {ethernets: {a: {adresses: [192.0.2.1/24]}}}",
    "network: {ethernets: {a: {addresses: 192.0.2.1/24}}}",
    "network: {ethernets: {a: {interfaces: []}}}",
    "network: {ethernets: {a: {dhcp4: maybe}}}",
    "network: {ethernets: {a: {dhcp6: 0}}}",
    "network: {ethernets: {a: {mtu: big}}}",
    "network: {ethernets: {a: {set-name: b}}}",
    "network: {ethernets: {a: {match: {mac: '02:00:00:00:00:01'}}}}",
    "network: {ethernets: {a: {match: {macaddress: 02-00-00-00-00-01}}}}",
    "network: {ethernets: {a: {nameservers: [192.0.2.53]}}}",
    "network: {ethernets: {a: {nameservers: {addresses: 192.0.2.53}}}}",
    "network: {ethernets: {a: {routes: {to: 198.51.100.0/24, via: 192.0.2.1}}}}",
    "network: {ethernets: {a: {routes: [{to: 198.51.100.0/24, gateway: 192.0.2.1}]}}}",
    "network: {ethernets: {a: {routes: [{to: 198.51.100.0/24, via: 192.0.2.1, table: main}]}}}",
    "network: {ethernets: {a: {}, b: {}}, bonds: {bond0: {interfaces: [a, b], parameters: {mode: 1}}}}",
    "network: {ethernets: {a: {}, b: {}}, bonds: {bond0: {interfaces: [a, b], parameters: {miimon: 100}}}}",
    "network: {ethernets: {a: {}, b: {}}, bonds: {bond0: {interfaces: [a, b], paramaters: {mode: active-backup}}}}",
    "network: {ethernets: {a: {}, b: {}}, bonds: {bond0: {interfaces: [a, b], parameters: {arp-ip-targets: 192.0.2.1}}}}",
    "network: {ethernets: {a: {}, b: {}}, bonds: {bond0: {interfaces: [a, b], parameters: }}}",
    "network: {ethernets: {a: {}}, bonds: {bond0: {interfaces: a}}}",
    "network: {ethernets: {a: {}}, vlans: {v: {link: a, id: 5, parameters: {}}}}",
    "ethernets: {a: {dhcp4: true}}",
]
# Forms that are less usual, and right.
TAKEN_BY_NETPLAN = [
    "network: {ethernets: {renderer: networkd, a: {dhcp4: 'Yes', optional: on, critical: off, wakeonlan: n}}}",
    "network: {vlans: {}, ethernets: {a: {dhcp4: true}}}",
    "network: {ethernets: {a: {accept-ra: no, link-local: [], emit-lldp: yes, dhcp4-overrides: {use-dns: false}, dhcp4: true}}}",
    "network: {ethernets: {a: {match: {driver: [iavf, ixgbevf], macaddress: '02:00:00:00:00:01'}, dhcp4: true}}}",
    "network: {ethernets: {a: {addresses: [192.0.2.1/24: {label: 'a:1', lifetime: 0}]}}}",
    "network: {ethernets: {a: {routing-policy: [{from: 192.0.2.1, table: 5}], addresses: [192.0.2.1/24]}}}",
    "network: {ethernets: {a: {optional-addresses: [ipv4-ll], dhcp-identifier: mac, dhcp4: true, activation-mode: manual}}}",
]


class Netplan(Test):
    def test_what_networkd_is_told(self):
        inputs = [Inputs(seed).netplan() for seed in range(100)] + REFUSED_BY_NETPLAN + TAKEN_BY_NETPLAN
        asked = [ask_netplan(text) for text in inputs]
        read = guests([{"/etc/netplan/60-dns.yaml": text} for text in inputs])
        self.compare("netplan", inputs, [network for network, _ in asked], [None if errors(g) else own(g) for g in read])

        inputs = [files for _, files in asked if files]
        self.compare("networkd", inputs, [network for network, _ in asked if network],
                     [{"errors": errors(g)} if errors(g) else own(g) for g in guests(inputs)])


# cloud-init's network config: what it understands, and the files that it writes of it.

def from_state(state):
    interfaces = {}
    for i in state.iter_interfaces():
        kind = {"physical": "ethernet", "loopback": "local"}.get(i["type"], i["type"])
        a = addresses()
        for s in i["subnets"]:
            if "address" in s:
                a["addresses"].append("%s/%s" % (s["address"], s["prefix"]))
            if s["type"] in ("dhcp", "dhcp4"):
                a["dhcp4"] = True
            if s["type"] == "dhcp6":
                a["dhcp6"] = True
            gateways = [s["gateway"]] if s.get("gateway") else []
            gateways += [r["gateway"] for r in s["routes"] if str(r["prefix"]) == "0"]
            for gateway in gateways:
                a["gateway6" if ":" in gateway else "gateway4"] = gateway
        a["addresses"].sort()
        name = i["name"]
        bond = {k.replace("bond-", "").replace("bond_", "").replace("-", "_"): v for k, v in i.items() if k.startswith("bond")}
        if isinstance(bond.get("arp_ip_target"), str):
            bond["arp_ip_target"] = [bond["arp_ip_target"]]
        interfaces[name] = {"kind": kind, "addresses": a, "options": options_of(bond), "master": i.get("bond-master"),
                            "parent": i.get("vlan-raw-device"), "id": i.get("vlan_id")}
    for i in state.iter_interfaces():
        for port in i.get("bridge_ports") or []:
            interfaces[port]["bridge"] = i["name"]
    return settle(interfaces)


class V1(Inputs):
    def subnets(self):
        found = []
        for _ in range(self.one(0, 1, 1, 2)):
            form = self.one("cidr", "bare", "netmask", "mask", "v6", "dhcp")
            host = self.random.randrange(2, 250)
            subnet = {"type": "static", "address": "198.51.100.%d" % host}
            if form == "cidr":
                subnet["address"] += "/26"
            elif form == "netmask":
                subnet["netmask"] = "255.255.255.128"
            elif form == "mask":
                subnet["address"] += "/255.255.0.0"
            elif form == "v6":
                subnet = {"type": "static6", "address": "2001:db8::%x%s" % (host, self.one("", "/56"))}
            elif form == "dhcp":
                subnet = {"type": self.one("dhcp", "dhcp4")}
            if form in ("cidr", "bare") and self.maybe():
                subnet["gateway"] = "198.51.100.1"
            elif form == "bare" and self.maybe():
                subnet["routes"] = [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "198.51.100.1"}]
            found.append(subnet)
        return found

    def config(self):
        params = {"bond-mode": self.one("active-backup", "802.3ad")}
        if self.maybe(0.8):
            params["bond-miimon"] = self.one(100, 50)
        if self.maybe():
            params[self.one("bond-fail-over-mac", "bond_fail_over_mac")] = self.one("none", "active")
        if self.maybe(0.3):
            params["bond-downdelay"] = 200
        if self.maybe(0.3):
            params["bond-primary"] = "leg1"
        config = [{"type": "physical", "name": "mgmt", "mac_address": "02:00:00:00:00:00", "subnets": self.subnets()},
                  {"type": "physical", "name": "leg1", "mac_address": "02:00:00:00:00:01"},
                  {"type": "physical", "name": "leg2", "mac_address": "02:00:00:00:00:02"},
                  {"type": "bond", "name": "bond0", "bond_interfaces": ["leg1", "leg2"], "params": params,
                   "subnets": self.subnets()}]
        if self.maybe(0.4):
            config.append({"type": "vlan", "name": "bond0.10", "vlan_link": "bond0", "vlan_id": 10, "subnets": self.subnets()})
        if self.maybe(0.3):
            config.append({"type": "loopback", "name": "lo", "subnets": [{"type": "static", "address": "203.0.113.53/32"}]})
        if self.maybe(0.3):
            config.append({"type": "bridge", "name": "br0", "bridge_interfaces": ["mgmt"], "subnets": self.subnets()})
        return {"version": 1, "config": config}


class V2(Inputs):
    def config(self):
        network = yaml.safe_load(self.netplan())["network"]
        network["version"] = 2
        parameters = network["bonds"]["bond0"]["parameters"]
        for name in ("arp-interval", "arp-ip-targets"):  # cloud-init 22.4 stops at these
            parameters.pop(name, None)
        for name in ("mii-monitor-interval", "down-delay", "up-delay"):
            if name in parameters:
                parameters[name] = 100
        network["ethernets"].pop("lo", None)
        for i in itertools.chain(*(network.get(s, {}).values() for s in ("ethernets", "bonds", "bridges", "vlans"))):
            i["routes"] = [r for r in i.get("routes", []) if "table" not in r]
            for route in i["routes"]:  # cloud-init 22.4 does not know "default"
                route["to"] = route["to"].replace("default", "0.0.0.0/0")
            i["addresses"] = [a.split("/")[0] if self.maybe(0.2) else a for a in i.get("addresses", [])]
            if not any("." in a for a in i["addresses"]):  # then cloud-init 22.4 forgets a gateway
                i["routes"] = []
                i.pop("gateway4", None)
        return network


def state_of(config):
    return network_state.parse_net_config_data(config)


class CloudInit(Test):
    def network_config(self, dialect, configs):
        theirs = [from_state(state_of(c)) for c in configs]
        read = guests([{"/etc/cloud/cloud.cfg.d/90-net.cfg": yaml.safe_dump({"network": c})} for c in configs])
        self.compare(dialect, configs, theirs, [{"errors": errors(g)} if errors(g) else own(g) for g in read])

    def test_version_1(self):
        self.network_config("cloud-init version 1", [V1(seed).config() for seed in range(200)])

    def test_version_2(self):
        self.network_config("cloud-init version 2", [V2(seed).config() for seed in range(200)])

    def rendered(self, dialect, files_of, forget=lambda network: network):
        """cloud-init writes the files, dnsvnf reads them: compared with what cloud-init understood."""
        states = [state_of(V1(seed).config()) for seed in range(200)]
        inputs = [files_of(state) for state in states]
        read = guests(inputs)
        self.compare(dialect, inputs, [forget(from_state(state)) for state in states],
                     [{"errors": errors(g)} if errors(g) else forget(own(g)) for g in read])

    def test_keyfile(self):
        def forget(network):
            """cloud-init 22.4 writes neither miimon nor, of bond_fail_over_mac, anything, and no lo; DHCP is NetworkManager's default."""
            network["local"] = []
            network["nics"] = sorted(network["nics"].values(), key=str)
            for bond in network["bonds"].values():
                bond["options"].pop("miimon", None)
                bond["options"].pop("fail_over_mac", None)
                bond["legs"] = len(bond["legs"])
                for a in [bond["addresses"]] + [a for _, a in bond["vlans"].values()]:
                    a.pop("dhcp4", None)
            for a in network["nics"]:
                a.pop("dhcp4", None)
            return network

        self.rendered("keyfiles of cloud-init", lambda state: render(network_manager.Renderer(), state, "system-connections"), forget)

    def test_ifupdown(self):
        def forget(network):
            """cloud-init 22.4 sets a gateway by a command, and lets each leg name the bond's options."""
            for bond in network["bonds"].values():
                for a in [bond["addresses"]] + [a for _, a in bond["vlans"].values()]:
                    a.pop("gateway4", None)
            for a in network["nics"].values():
                a.pop("gateway4", None)
            return network

        self.rendered("ifupdown of cloud-init", lambda state: render(eni.Renderer(), state, "network/interfaces"), forget)

    def test_ifcfg(self):
        self.rendered("ifcfg", lambda state: render(sysconfig.Renderer(SYSCONFIG), state, "ifcfg-"), without_lo)


SYSCONFIG = {"iface_templates": "%(base)s/network-scripts/ifcfg-%(name)s",
             "route_templates": {"ipv4": "%(base)s/network-scripts/route-%(name)s",
                                 "ipv6": "%(base)s/network-scripts/route6-%(name)s"}}


def render(renderer, state, wanted):
    """The files that a renderer of cloud-init writes, by their paths, if these contain the word."""
    with tempfile.TemporaryDirectory() as folder:
        renderer.render_network_state(state, target=folder)
        files = {}
        for path in glob.glob(folder + "/**", recursive=True):
            if os.path.isfile(path) and wanted in path:
                with open(path) as file:
                    files[path[len(folder):]] = file.read()
    return files


def without_lo(network):
    """sysconfig writes no lo."""
    network["local"] = []
    return network


# Several parts of user data: what is left of them.

HOWS = ["", "list(append)+dict(no_replace,recurse_list)+str()", "list(append)+dict(recurse_array)+str()",
        "dict(replace)+list()+str()", "list(prepend)+dict(recurse_list)", "dict()", "list(append)", "dict(recurse_list)+list()",
        "dict(recurse_list)+list(recurse_dict)", "dict(recurse_list)+list(no_replace)", "dict(no_replace,recurse_str)+str(append)",
        "dict(recurse_list,allow_delete)+list(append)", "m_dict(recurse-list) + m_list(Append)", "dict", "set()", "dict()+set()",
        "list(replace,append)+dict(recurse_list)", "dict(recurse_list)+list(recurse_str)+str(append)",
        [["dict", "recurse_list"], ["list", "append"]], [{"name": "list", "settings": ["append"]}, {"name": "dict", "settings":
                                                                                               ["recurse_list"]}]]


class Parts(Inputs):
    def value(self, depth=0):
        kind = self.one("text", "text", "list", "dict", "null") if depth < 3 else "text"
        if kind == "list":
            return [self.value(depth + 1) for _ in range(self.one(0, 1, 2, 3))]
        if kind == "dict":
            return {key: self.value(depth + 1) for key in self.random.sample(["a", "b", "c"], self.one(1, 2))}
        return None if kind == "null" else self.one("x", "y y", "z: z")

    def part(self):
        config = {key: self.value() for key in self.random.sample(["runcmd", "write_files", "hostname", "users"], self.one(1, 2, 3))}
        how = self.one(*HOWS)
        header = isinstance(how, str) and self.maybe(0.2)
        if how and not header:
            config[self.one("merge_how", "merge_type")] = how
        return config, how if header else None

    def message(self):
        message = email.mime.multipart.MIMEMultipart()
        for config, header in [self.part() for _ in range(self.one(1, 2, 2, 3))]:
            part = email.mime.text.MIMEText("#cloud-config\n" + yaml.safe_dump(config, sort_keys=False), "cloud-config", "us-ascii")
            if header:
                part["Merge-Type"] = header
            message.attach(part)
        return message.as_string()


class Paths:
    """As much of cloudinit.helpers.Paths as the reader of user data needs."""

    run_dir = "/nonexistent"

    def __init__(self, config):
        self.config = config

    def get_ipath(self, _name=None):
        return self.config

    get_ipath_cur = get_cpath = get_ipath


def merged_by_cloud_init(text):
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths(os.path.join(folder, "config"))
        merger = CloudConfigPartHandler(paths)
        merger.handle_part(None, handlers.CONTENT_START, None, None, None, {})

        def part(_data, filename, payload, headers):
            merger.handle_part(None, headers["Content-Type"], filename, payload, None, headers)

        handlers.walk(user_data.UserDataProcessor(paths).process(text.encode()), part, None)
        merger.handle_part(None, handlers.CONTENT_END, None, None, None, {})
        with open(paths.config) as file:
            return yaml.safe_load(file) or {}


def without_how(config):
    """The keys that tell how to merge are not of the result."""
    return {key: v for key, v in config.items() if key not in ("merge_how", "merge_type")}


class Merge(Test):
    def test_parts(self):
        inputs = [Parts(seed).message() for seed in range(600)]
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for number, text in enumerate(inputs):
                paths.append(os.path.join(folder, "%d" % number))
                with open(paths[-1], "w") as file:
                    file.write(text)
            out = subprocess.run([GUEST, "--merged", *paths], capture_output=True, text=True, check=True).stdout
        ours = [without_how(json.loads(line)["merged"]) for line in out.splitlines()]
        self.compare("merging of parts", inputs, [without_how(merged_by_cloud_init(text)) for text in inputs], ours)


# write_files

PERMISSIONS = ["0644", "'0644'", "'644'", "0o600", "'0o600'", "0O755", '"00644"', "0x1A4", "420", "384", "0b110000000", "' 0644 '",
               "'+0644'", "'0_644'", "~", "''", "7", "0o7777", "'0648'", "0648", "rw-r--r--", "u=rw", "'0x1A4'", "'0b11'", "'06 44'",
               "0_644", "'0o_644'", "'0__644'", "'_0644'", "'0644_'", "0644 # a comment", "'0o'", "08", "00", "0o0", "'9'", "0777"]


class WriteFiles(Test):
    def test_permissions(self):
        theirs = []
        for text in PERMISSIONS:
            permissions = yaml.safe_load(text)
            mode = cc_write_files.decode_perms(permissions, "undecodable")
            theirs.append(permissions is None or (mode != "undecodable" and mode >= 0))
        read = guests([{"--user-data": "#cloud-config\nwrite_files:\n- path: /a\n  permissions: %s\n" % text} for text in PERMISSIONS])
        self.compare("permissions", PERMISSIONS, theirs, [not errors(g) for g in read])

    def test_encodings(self):
        """Files of netplan in all encodings, also such as do not fit: the address that the guest gets of it."""
        names = ["b64", "B64", "base64", " Base64 ", "gz", "GZIP", "gz+b64", "gz+base64", "gzip+b64", "Gzip+Base64", "text/plain", "", None]
        content = b"network: {ethernets: {a: {addresses: [192.0.2.%d/24]}}}\n"
        inputs, theirs = [], []
        for number, name in enumerate(names * 2):
            binary = number >= len(names)
            data = content % (number + 1)
            kind = (name or "").strip().lower()
            if kind.startswith("gz"):
                data = gzip.compress(data, mtime=0)
            if "64" in kind:
                data = util.b64e(data)
            elif not binary and kind.startswith("gz"):
                continue  # bytes that are no text cannot stand in YAML
            if isinstance(data, bytes) and not binary:
                data = data.decode()
            elif isinstance(data, str) and binary:
                data = data.encode()
            item = {"path": "/etc/netplan/60.yaml", "content": data}
            if name is not None:
                item["encoding"] = name
            text = yaml.safe_dump({"write_files": [item], "runcmd": ["netplan apply"]})
            read = yaml.safe_load(text)["write_files"][0]
            written = cc_write_files.extract_contents(read["content"], cc_write_files.canonicalize_extraction(read.get("encoding")))
            network = yaml.safe_load(written)
            inputs.append("#cloud-config\n" + text)
            theirs.append(network["network"]["ethernets"]["a"]["addresses"])
        ours = [errors(g) or g["nics"][0]["addresses"] for g in guests([{"--user-data": text} for text in inputs])]
        self.compare("encodings of write_files", inputs, theirs, ours)


# nmcli: the profile that "connection add" makes.

class Nmcli(Inputs):
    def connection(self):
        kind = self.one("bond", "bond", "ethernet", "vlan")
        words = ["type", kind]
        if kind == "vlan":
            words += ["ifname", "v10", self.one("dev", "vlan.parent"), "bond0", self.one("id", "vlan.id"), "10"]
        else:
            words += ["ifname", "if0"]
        if kind == "bond":
            options = ["mode=" + self.one("active-backup", "1", "802.3ad")]
            if self.maybe(0.7):
                options.append("miimon=%d" % self.one(100, 50))
            if self.maybe(0.3) and "miimon" in options[-1]:
                options.append("downdelay=200")
            if "active" in options[0] and self.maybe():
                options += ["fail_over_mac=" + self.one("none", "active", "1"), "primary=e1", "primary_reselect=failure"]
            if self.maybe(0.3) and len(options) == 1 and "active" in options[0]:
                options += ["arp_interval=100", "arp_ip_target=198.51.100.1 198.51.100.2"]
            words += [self.one("bond.options", "+bond.options"), ",".join(options)]
        if kind == "ethernet" and self.maybe(0.3):
            words += ["mac", "02:00:00:00:00:01"]
        for family, number in (("ipv4", 4), ("ipv6", 6)):
            address = "198.51.100.10%s" % self.one("/24", "", "/25") if number == 4 else "2001:db8::10%s" % self.one("/64", "")
            gateway = "198.51.100.1" if number == 4 else "2001:db8::1"
            form = self.one("alias", "property", "two", "auto", "none")
            if form == "alias":
                words += ["ip%d" % number, address] + self.one([], ["gw%d" % number, gateway])
            elif form == "property":
                words += [family + ".method", "manual", family + "." + self.one("addresses", "addresse"), address] + \
                    self.one([], [family + ".gateway", gateway])
            elif form == "two":
                words += [family + ".addresses", address + "," + address.replace("10", "11", 1).replace("198.51.1101", "198.51.100"),
                          family + ".method", "manual"] if number == 4 else []
            elif form == "auto":
                words += [family + ".method", "auto"]
        return words


def keyfile_network(text):
    file = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    file.optionxform = str
    file.read_string(text)
    a = addresses()
    for family, number in (("ipv4", 4), ("ipv6", 6)):
        for key, v in file[family].items() if family in file else ():
            if key.startswith("address") and key[7:].isdigit():
                address, _, gateway = v.partition(",")
                a["addresses"].append(address)
                a["gateway%d" % number] = gateway or a["gateway%d" % number]
            elif key == "gateway":
                a["gateway%d" % number] = v
        if family in file and number == 4:
            a["dhcp4"] = file[family].get("method") == "auto"
    a["addresses"].sort()
    connection = file["connection"]
    kind = connection["type"]
    if kind == "bond":
        bond = dict(file["bond"])
        if "arp_ip_target" in bond:
            bond["arp_ip_target"] = bond["arp_ip_target"].replace(",", " ").split()
        return ["bond", connection["interface-name"], options_of(bond), a]
    if kind == "vlan":
        return ["vlan", connection.get("interface-name", connection["id"]), file["vlan"]["id"], a]
    return ["ethernet", connection.get("interface-name"), file["ethernet"].get("mac-address", "") if "ethernet" in file else "", a]


NUMBERS = {"0": "balance-rr", "1": "active-backup"}


def by_name(options):
    """NetworkManager keeps numbers, dnsvnf names."""
    named = dict(options)
    named["mode"] = NUMBERS.get(named["mode"], named["mode"])
    if named.get("fail_over_mac") == "1":
        named["fail_over_mac"] = "active"
    return named


def own_connection(guest):
    """"auto" of IPv6 is SLAAC or DHCP, as the router says."""
    def static(o):
        return dict(own_addresses(o), dhcp6=False)

    if errors(guest):
        return errors(guest)
    if guest["bonds"]:
        bond, = guest["bonds"]
        if bond["vlans"]:
            vlan, = bond["vlans"]
            return ["vlan", vlan["name"], str(vlan["id"]), static(vlan)]
        return ["bond", bond["name"], options_of(bond), static(bond)]
    nic, = guest["nics"]
    return ["ethernet", nic.get("name"), nic.get("mac") or "", static(nic)]


# ifupdown: what ifquery says of each interface.

class Interfaces(Inputs):
    def address(self):
        form = self.one("cidr", "netmask", "bits", "class")
        host = self.random.randrange(2, 250)
        lines = {"cidr": ["address 198.51.100.%d/25" % host], "netmask": ["address 10.1.2.%d" % host, "netmask 255.255.0.0"],
                 "bits": ["address 172.16.2.%d" % host, "netmask 20"],
                 "class": ["address %s.%d" % (self.one("10.1.2", "172.16.3", "198.51.100"), host)]}[form]
        return lines + self.one([], ["gateway 198.51.100.1"], ["mtu 9000"])

    def stanza(self, name, more):
        method = self.one("static", "static", "dhcp", "manual")
        lines = self.address() if method == "static" else []
        return "auto %s\niface %s inet %s\n" % (name, name, method) + "".join("    %s\n" % line for line in lines + more)

    def text(self):
        bond = ["bond-slaves e1 e2", self.one("bond-mode active-backup", "bond_mode 1"), "bond-miimon 100"] + \
            self.one([], ["bond-fail-over-mac active"], ["bond-downdelay 200", "bond-primary e1"])
        return "auto lo\niface lo inet loopback\n" + self.stanza("e0", []) + self.stanza("bond0", bond) + \
            self.one("", self.stanza("bond0.10", [])) + self.one("", "iface bond0 inet6 static\n    address 2001:db8::10/64\n") + \
            self.one("", self.stanza("br0", ["bridge_ports e0"]))


def ask_ifquery(text):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()

        def ask(*words):
            return subprocess.run([os.path.join(ROOT, "sbin/ifquery"), "-i", file.name, *words], capture_output=True, text=True,
                                  check=True).stdout

        interfaces = {}
        for name in ask("-l").split():
            if name == "lo":
                continue
            found = [line.split(": ", 1) for line in ask(name).splitlines() if ": " in line]
            a, last, bond = addresses(), None, {}
            kind = "bridge" if name.startswith("br") else "vlan" if "." in name else "ethernet"
            i = interfaces[name] = {"kind": kind, "addresses": a, "options": bond}
            for key, v in found:
                if key == "address":
                    a["addresses"].append(v)
                elif key == "netmask" and "/" not in a["addresses"][-1]:
                    a["addresses"][-1] += "/%d" % (sum(bin(int(b)).count("1") for b in v.split(".")) if "." in v else int(v))
                elif key == "gateway":
                    a["gateway4"] = v
                elif key in ("bond-slaves", "bond_slaves"):
                    i["kind"] = "bond"
                    for leg in v.split():
                        interfaces[leg] = {"kind": "ethernet", "addresses": addresses(), "master": name}
                elif key.startswith("bond"):
                    bond[key[5:].replace("-", "_")] = {"1": "active-backup"}.get(v, v) if key.endswith("mode") else v
                elif key == "bridge_ports":
                    i["ports"] = v.split()
            if kind == "vlan":
                i["parent"], i["id"] = name.split(".")[0], int(name.split(".")[1])
            a["dhcp4"] = "iface %s inet dhcp" % name in text
            a["addresses"].sort()
        for name, i in list(interfaces.items()):
            for port in i.get("ports", []):
                interfaces[port]["bridge"] = name
        return settle(interfaces)


class Ifupdown(Test):
    def test_ifquery(self):
        inputs = [Interfaces(seed).text() for seed in range(150)]
        read = guests([{"/etc/network/interfaces": text} for text in inputs])
        self.compare("ifupdown", inputs, [ask_ifquery(text) for text in inputs],
                     [{"errors": errors(g)} if errors(g) else own(g) for g in read])


class Keyfiles(Inputs):
    """As people write them; about every third has an error."""
    def address(self, v6):
        length = self.one("64", "64", "129", "") if v6 else self.one("24", "24", "25", "33", "")
        sign = self.one("/", "/", "/", ";", ",")
        ip = "2001:db8::%d" % self.random.randrange(1, 9) if v6 else "198.51.100.%d" % self.random.randrange(2, 258)
        gateway = self.one("", "", "2001:db8::99" if v6 else "198.51.100.1")
        text = ip + (sign + length if length else "") + (self.one(",", ";") + gateway if gateway else "")
        return text + self.one("", "", "", ";", ";" + ip + "/24", " ")

    def ip(self, v6):
        lines = ["[ipv6]" if v6 else "[ipv4]",
                 self.one(*["method=manual"] * 9, None, "method=Manual", "method=auto", "method=disabled", "method=ignore")]
        keys = self.one(["address1"], ["address1", "address2"], ["addresses"], ["address"], ["addresses1"], ["address01"], ["address1", "address1"],
                        ["address2", "address1"], [], ["address-data"])
        lines += ["%s=%s" % (key, self.address(v6)) for key in keys]
        if self.maybe(0.2):
            lines.insert(self.random.randrange(1, len(lines) + 1), "gateway=" + ("2001:db8::77" if v6 else "198.51.100.7"))
        return [line for line in lines if line]

    def text(self):
        kind = self.one("bond", "bond", "ethernet", "port", "vlan")
        lines = ["[connection]", "id=x"]
        lines.append(self.one(*["type=" + {"port": "ethernet"}.get(kind, kind)] * 8, None, "type=Bond"))
        lines.append(self.one(*["interface-name=" + {"bond": "bond0", "vlan": "bond0.5"}.get(kind, "e1")] * 8, None, "interface-name=a-name-too-long-by-far"))
        if kind == "port":
            lines += self.one(["master=bond0", "slave-type=bond"], ["slave-type=bond", "master=bond0"], ["master=bond0"])
        if kind == "bond":
            lines += ["[bond]", self.one("mode=active-backup", "mode=1"), self.one("miimon=100", "fail_over_mac=active", "")]
        if kind == "vlan":
            lines += ["[vlan]", "id=5", "parent=bond0"]
        if kind in ("ethernet", "port") and self.maybe():
            lines += ["[ethernet]", "mac-address=02:00:00:00:00:01"]
        if self.maybe(0.8):
            lines += self.ip(False)
        if self.maybe(0.5):
            lines += self.ip(True)
        lines.insert(self.random.randrange(len(lines) + 1), self.one("", "", "# comment", "# a = b", "", *[self.one("; comment", "no sign", "[group] # c")] * self.maybe(0.2)))
        return "\n".join(line for line in lines if line is not None) + "\n"


def ask_nmcli(text):
    """The connection that NetworkManager makes of a keyfile; None: it refuses it."""
    run = subprocess.run([NMCLI, "--offline", "connection", "modify", "connection.id", "x"], input=text, capture_output=True, text=True,
                         env=ENVIRONMENT)
    return keyfile_network(run.stdout) if run.returncode == 0 and run.stdout.strip() else None


class NetworkManager(Test):
    def test_keyfiles(self):
        inputs = [Keyfiles(seed).text() for seed in range(400)]
        theirs = []
        for text in inputs:
            network = ask_nmcli(text)
            if network and network[0] == "bond":
                network[2] = by_name(network[2])
            theirs.append(network)
        bond = "[connection]\nid=b\ntype=bond\ninterface-name=bond0\n[bond]\nmode=1\n[ipv4]\nmethod=disabled\n"
        path = "/etc/NetworkManager/system-connections/%s.nmconnection"
        read = guests([dict({path % "x": text}, **({path % "b": bond} if "parent=" in text or "master=" in text else {}))
                       for text in inputs])
        ours = []
        for network, guest in zip(theirs, read):
            refused = [f for f in errors(guest) if f["rule"] == "day0-keyfile"]
            ignored = [f for f in errors(guest) if f["rule"] == "day0-address"]
            if refused or ignored:  # what is ignored is left out in their network
                ours.append(network if ignored else None)
                continue
            guest["findings"] = []
            if guest["bonds"] and guest["bonds"][0]["legs"]:
                leg, = guest["bonds"][0]["legs"]
                ours.append(["ethernet", leg.get("name"), leg.get("mac") or "", addresses()])
            else:
                ours.append(own_connection(guest))
        self.compare("keyfiles by hand", inputs, theirs, ours)

    def test_connection_add(self):
        inputs, theirs, keyfiles = [], [], []
        for seed in range(150):
            words = Nmcli(seed).connection()
            run = subprocess.run([NMCLI, "--offline", "connection", "add", *words], capture_output=True, text=True, env=ENVIRONMENT)
            if run.returncode:
                self.fail("nmcli refuses %s: %s" % (words, run.stderr))
            network = keyfile_network(run.stdout)
            if network[0] == "bond":
                network[2] = by_name(network[2])
            theirs.append(network)
            inputs.append(words)
            keyfiles.append(run.stdout)
        bond = "- nmcli c a type bond ifname bond0 ipv4.method disabled mode 1\n"
        read = guests([{"--user-data": "#cloud-config\nruncmd:\n%s- %s\n" % (
            bond if "vlan" in words else "", json.dumps(["nmcli", "connection", "add", *words]))} for words in inputs])
        self.compare("nmcli", inputs, theirs, [own_connection(g) for g in read])

        bond = "[connection]\nid=b\ntype=bond\ninterface-name=bond0\n[bond]\nmode=1\n[ipv4]\nmethod=disabled\n"
        read = guests([dict({"/etc/NetworkManager/system-connections/x.nmconnection": text}, **(
            {"/etc/NetworkManager/system-connections/b.nmconnection": bond} if "vlan" in words else {}))
            for words, text in zip(inputs, keyfiles)])
        self.compare("keyfiles of nmcli", inputs, theirs, [own_connection(g) for g in read])


# The shell: which commands it runs, of scripts whose values are all known.

class Scripts:
    """Random scripts of "ip address add" in loops, functions and decisions. Each address is another."""
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.number, self.functions, self.n_loops = 0, [], 0

    def add(self):
        self.number += 1
        return 'ip address add 10.%d.%d.1/24 dev "n$V$I"' % divmod(self.number, 256)

    def value(self):
        return self.random.choice(["a", "b", "c"])

    def condition(self):
        r = self.random
        return r.choice([
            lambda: '[ "$V" = %s ]' % self.value(), lambda: "[ $V != %s ]" % self.value(), lambda: '[ "$V$I" = "%s1" ]' % self.value(),
            lambda: "[ -n \"$V\" ]", lambda: "test -z \"$E\"", lambda: "! [ $V = %s ]" % self.value(), lambda: "true", lambda: "false",
            lambda: "[ $I -%s %d ]" % (r.choice(["eq", "ne", "lt", "le", "gt", "ge"]), r.randrange(4))])()

    def commands(self, depth, loop):
        return "\n".join(self.command(depth, loop) for _ in range(self.random.randrange(1, 4)))

    def simple(self, loop):
        jumps = ["continue", "break"] if loop else []
        return self.random.choice([self.add()] * 6 + jumps + ["exit 0", "V=%s" % self.value(), ":"] + self.functions)

    def group(self, loop):
        command = "%s; %s" % (self.add(), self.simple(loop))
        return self.random.choice(["{ %s; }" % command, self.simple(loop), "( %s; %s )" % (self.add(), self.add())])

    def command(self, depth, loop):
        r = self.random
        kind = r.choice(["simple", "list", "if", "case", "for", "function", "part"] if depth < 3 else ["simple", "list", "part"])
        if kind == "list":
            conditions = "".join(" %s %s" % (r.choice(["&&", "||"]), self.condition()) for _ in range(r.randrange(2)))
            return "%s%s %s %s" % (self.condition(), conditions, r.choice(["&&", "||"]), self.group(loop))
        if kind == "if":
            text = "if %s; then\n%s\n" % (self.condition(), self.commands(depth + 1, loop))
            for _ in range(r.randrange(3)):
                text += "elif %s; then\n%s\n" % (self.condition(), self.commands(depth + 1, loop))
            return text + r.choice(["", "else\n%s\n" % self.commands(depth + 1, loop)]) + "fi"
        if kind == "case":
            return 'case "$V" in\n' + "".join("%s)\n%s\n;;\n" % (r.choice(["a", "b|c", "[ab]", '"c"', "x*"]), self.commands(depth + 1, loop))
                                             for _ in range(r.randrange(1, 4))) + r.choice(["", "*) %s ;;\n" % self.add()]) + "esac"
        if kind == "for":
            return "for %s in %s; do\n%s\ndone" % (r.choice(["V", "I"]), r.choice(["a b", "1 2 3", "$V", "$V c"]), self.commands(depth + 1, True))
        if kind == "function" and depth == 0:
            name = "f%d" % len(self.functions)
            text = "%s() {\n%s\n%s\n}" % (name, self.commands(1, False), r.choice(["return", self.add()]))
            self.functions.append(name)
            return text
        if kind == "part":
            return r.choice(["V=x/y/%s; V=${V##*/}", "V=x/%s; V=${V#*/}", "V=%s.d.e; V=${V%%%%.*}", "V=%s.d; V=${V%%.d}",
                             "V=--%s-; V=${V//-/}", "V=e%s; V=${V/e/}"]) % self.value()
        return self.simple(loop)

    def text(self):
        return "V=a I=1 E=\n" + "\n".join(self.command(0, False) for _ in range(5)) + "\n"


class Shell(Test):
    def test_which_commands_are_run(self):
        inputs = [Scripts(seed).text() for seed in range(600)]
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "ip"), "w") as file:
                file.write('#!/bin/sh\necho "$3 $5"\n')
            os.chmod(os.path.join(folder, "ip"), 0o755)
            environment = dict(os.environ, PATH=folder + ":/usr/bin:/bin")
            theirs = []
            for text in inputs:
                out = subprocess.run(["bash", "-c", text], capture_output=True, text=True, env=environment, timeout=60).stdout
                theirs.append(sorted({line for line in out.splitlines()}))
        read = guests([{"--user-data": "#!/bin/bash\n" + text} for text in inputs])
        ours = [sorted({"%s %s" % (a, n.get("name", "?")) for n in g["nics"] for a in n["addresses"]}) for g in read]
        self.compare("shell", inputs, theirs, ours)


# The examples of the programs' own packages.

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "examples.txt")


def example_files():
    """(name, files in the guest) of each example of cloud-init and netplan."""
    found = []
    for path in sorted(glob.glob(ROOT + "/usr/share/doc/cloud-init/examples/**", recursive=True)):
        if os.path.isfile(path):
            with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
                text = file.read().decode()
            found.append(("cloud-init/" + os.path.basename(path).replace(".gz", ""), {"--user-data": text}))
    for path in sorted(glob.glob(ROOT + "/usr/share/doc/netplan*/examples/*.yaml")):
        with open(path) as file:
            found.append(("netplan/" + os.path.basename(path), {"/etc/netplan/60.yaml": file.read(),
                                                                "--user-data": "#cloud-config\nruncmd: [netplan apply]\n"}))
    return found


class Examples(Test):
    def test_what_is_said_of_them(self):
        """examples.txt is of the packages in its first line; with others, no more errors are allowed than it has."""
        examples = example_files()
        packages = "# " + " ".join(sorted(os.path.basename(p) for p in glob.glob(ROOT + "/*.deb") if "/cloud-init_" in p or "/netplan" in p))
        with open(EXAMPLES) as file:
            same = file.readline().strip() == packages
            expected = file.read().splitlines()
        said = []
        for (name, _), guest in zip(examples, guests([files for _, files in examples])):
            said.append(name + ":")
            said += ["  %s %s [%s]: %s" % (f["line"], f["severity"], f["rule"], f["text"]) for f in guest["findings"]]
        found = sum(line.startswith("  ") for line in said)
        print("examples: %d files, %d findings, %d of them errors" % (len(examples), found, sum(" error [" in x for x in said)), flush=True)
        if os.environ.get("DAY0_EXAMPLES"):
            with open(os.environ["DAY0_EXAMPLES"], "w") as file:
                file.write("\n".join([packages] + said) + "\n")
        self.maxDiff = None
        if same:
            self.assertEqual(said, expected)
        texts = {line.split(" ", 3)[3] for line in expected if " error [" in line}
        self.assertEqual([line for line in said if " error [" in line and line.split(" ", 3)[3] not in texts], [])


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    logging.disable(logging.CRITICAL)
    unittest.main()
