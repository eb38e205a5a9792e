#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The plan of DNS, DHCP and addresses: for each rule a plan that breaks it, and the nearest that does not."""
import csv
import functools
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import answers  # pylint: disable=wrong-import-position

DNSVNF = sys.argv.pop(1)
PAIR, ONE = "examples/ddi-pair", "examples/ddi"


def dnsvnf(*arguments, **options):
    return subprocess.run([DNSVNF, *arguments], capture_output=True, text=True, timeout=120, check=False, **options)


def check(path):
    return json.loads(dnsvnf("check", "-o", "json", path).stdout)["findings"]


# An edit is (FILE, OLD, NEW): the first OLD in FILE becomes NEW.

def plan(old, new):
    return ("ddi.yaml", old, new)


def dep(old, new):
    return ("dep.xml", old, new)


def zone(old, new):
    return ("zones/example.test", old, new)


def network(text):
    """One more network."""
    return plan("reverse: auto", f"- {text}\nreverse: auto")


def edited(folder, base, edits):
    shutil.copytree(base, folder, dirs_exist_ok=True)
    for name, old, new in edits:
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if old not in text:
            raise AssertionError(f"{base}/{name} has no {old!r}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new, 1))
    return os.path.join(folder, "dep.xml")


@functools.lru_cache(None)
def found(base, edits):
    """The rules with findings, without those about the size of a config drive."""
    with tempfile.TemporaryDirectory() as folder:
        return {finding["rule"] for finding in check(edited(folder, base, edits))} - {"day0-drive"}


POOL = "10.64.1.0-10.64.200.255"
RESERVED = '{mac: "00:0c:01:02:03:04", address: 10.64.0.10, name: cmts1}'
TRANSFER = "transfer: [198.51.100.53]"
HA = "dhcp: {mode: hot-standby, primary: dns1}"
RELAYS = "relay: [10.64.0.2, 10.64.0.3]"
SECRET = "{algorithm: hmac-sha256, secret: ${D2_KEY}}"
SECOND = '\n  dns2: {auth: 172.16.1.11, auth6: "2001:db8:101::11", cache: 172.16.1.21, cache6: "2001:db8:101::21"}'
CLIENTS = "clients: [10.64.0.0/16, "
RPZ = "{zone: a.rpz.example, from: 192.0.2.9}, {zone: b.rpz.example, from: 192.0.2.9}, " \
      "{zone: c.rpz.example, from: 192.0.2.9}"


def reserve(*more):
    return plan(f"- {RESERVED}", "\n  - ".join([f"- {RESERVED}", *more]))


def delegated(*prefixes):
    """Reserved prefixes."""
    items = ", ".join(f'{{duid: "00:03:00:01:00:0c:01:02:03:{i:02}", prefix: "{prefix}"}}' for i, prefix in enumerate(prefixes))
    return plan('relay: ["2001:db8:64::2"]', f'relay: ["2001:db8:64::2"]\n  reserve: [{items}]')


def dhcp(text):
    return plan(HA, f"dhcp: {{mode: hot-standby, primary: dns1, {text}}}")


# (rule, example, edits that break it, edits that come nearest to it[, rules that follow from the first])
CASES = [
    ("ddi-yaml", PAIR, [plan("version: 1", "version: [1")], [plan("version: 1", 'version: "1"')], {"ddi-value"}),
    ("ddi-yaml", PAIR, [plan("10.64.0.1\n", "&gw 10.64.0.1\n"), plan("10.64.0.1,", "*gw ,")],
     [plan("10.64.0.1\n", "&gw 10.64.0.1\n")]),
    ("ddi-key", PAIR, [plan("  gateway:", "  gatway:")], [plan("  gateway:", '  "gateway":')]),
    ("ddi-key", PAIR, [plan("  lease: 3600", "  lease: 3600\n  lease: 3600")], []),
    ("ddi-key", PAIR, [plan("  d2: ", "  xfr: {algorithm: hmac-sha256, secret: ${D2_KEY}}\n  d2: ")], []),
    ("ddi-key", PAIR, [reserve("{address: 10.64.0.11}")], [reserve('{mac: "00:0c:01:02:03:05", address: 10.64.0.11}')]),
    ("ddi-value", PAIR, [plan("gateway: 10.64.0.1", "gateway: 10.64.0.256")], [plan("gateway: 10.64.0.1", "gateway: 10.64.0.254")]),
    ("ddi-value", PAIR, [plan("lease: 3600", "lease: 1h")], [plan("lease: 3600", "lease: 60000")]),
    ("ddi-value", PAIR, [plan(POOL, "10.64.200.255-10.64.1.0")], [plan(POOL, "10.64.1.0 - 10.64.200.255")]),
    ("ddi-variable", PAIR, [plan("${D2_KEY}", "${D2_KEYS}")], [], {"day0-variable"}),
    ("ddi-records", PAIR, [plan("records: zones/example.test", "records: zones/example.com")],
     [plan("records: zones/example.test", "records: |\n    www A 172.16.1.80\n  ")]),
    ("ddi-limit", PAIR, [plan(SECOND, SECOND + "".join(f"\n  m{i}: {{auth: 172.16.1.{i}}}" for i in range(100, 115)))],
     [plan("subscribers-a", "s" * 1000)]),
    ("ddi-plan-differs", PAIR, [dep(f"<val>{'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='}</val>",
                                    "<val>MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ==</val>")], [], {"ddi-key-short"}),

    ("ddi-prefix-host-bits", PAIR, [plan("prefix: 10.64.0.0/16", "prefix: 10.64.0.1/16")], []),
    ("ddi-prefix-overlap", PAIR, [network("prefix: 10.64.201.0/24")], [network("prefix: 10.65.0.0/24")]),
    ("ddi-prefix-vim", PAIR, [plan("prefix: 172.16.1.0/24", "prefix: 172.16.0.0/23")], [], {"ddi-reverse-boundary"}),
    ("ddi-prefix-size", PAIR, [network("{prefix: 10.9.0.0/31, relay: [10.9.0.0], reserve: "
                                       "[{mac: 00:00:00:00:00:01, address: 10.9.0.1}]}")],
     [network("{prefix: 10.9.0.0/30, relay: [10.9.0.1], reserve: [{mac: 00:00:00:00:00:01, address: 10.9.0.2}]}")]),
    ("ddi-family", PAIR, [plan("exclude: [10.64.10.0/24]", 'exclude: [10.64.10.0/24, "2001:db8::/64"]')],
     [plan("exclude: [10.64.10.0/24]", "exclude: [10.64.10.0/24, 10.64.11.0/24]")]),
    ("ddi-gateway", PAIR, [plan("  gateway: 10.64.0.1", "  gateway: 10.65.0.1")], [plan("  gateway: 10.64.0.1", "  gateway: 10.64.0.2")]),
    ("ddi-gateway", PAIR, [plan('relay: ["2001:db8:64::2"]', 'relay: ["2001:db8:64::2"]\n  gateway: "2001:db8:65::1"')],
     [plan('relay: ["2001:db8:64::2"]', 'relay: ["2001:db8:64::2"]\n  gateway: "fe80::1"')]),
    ("ddi-relay-outside", PAIR, [plan("10.64.0.3]", "10.65.0.3]")], [plan("10.64.0.3]", "10.64.0.4]")]),
    ("ddi-relay-twice", PAIR, [network("{prefix: 10.65.0.0/16, name: b, relay: [10.64.0.2]}")],
     [network("{prefix: 10.65.0.0/16, name: subscribers-a, relay: [10.64.0.2]}")], {"ddi-relay-outside"}),
    ("ddi-delegate-length", PAIR, [plan("length: 56", "length: 65")], [plan("length: 56", "length: 64")]),
    ("ddi-delegate-length", PAIR, [plan("length: 56", "length: 39")], [plan("length: 56", "length: 40")]),
    ("ddi-delegate-overlap", PAIR, [plan('"2001:db8:6400::/40", length: 56', '"2001:db8::/40", length: 56')],
     [plan('"2001:db8:6400::/40", length: 56', '"2001:db8:200::/40", length: 56')]),

    ("ddi-pool-outside", PAIR, [plan(POOL, "10.64.1.0-10.65.0.9")], [plan(POOL, "10.64.1.0-10.64.255.254")]),
    ("ddi-pool-overlap", PAIR, [plan(POOL, f"{POOL}, 10.64.200.255-10.64.201.9")], [plan(POOL, f"{POOL}, 10.64.201.0-10.64.201.9")]),
    ("ddi-pool-edge", PAIR, [plan(POOL, "10.64.1.0-10.64.255.255")],
     [plan(POOL, "10.64.1.0-10.64.255.255"), plan("exclude: [", "exclude: [10.64.255.255, ")]),
    ("ddi-pool-taken", PAIR, [plan(POOL, "10.64.0.3-10.64.0.9, " + POOL)], [plan(POOL, "10.64.0.4-10.64.0.9, " + POOL)]),
    ("ddi-pool-taken", PAIR, [plan("{address: 10.64.0.1, name", "{address: 10.64.11.1, name")],
     [plan("{address: 10.64.0.1, name", "{address: 10.64.10.1, name")]),
    ("ddi-pool-size", PAIR, [plan("expect: 40000", "expect: 50946")], [plan("expect: 40000", "expect: 50945")]),
    ("ddi-exclude-unused", PAIR, [plan("10.64.10.0/24", "10.64.201.0/24")], [plan("10.64.10.0/24", "10.64.200.255-10.64.201.5")]),
    ("ddi-reservation-in-pool", PAIR, [plan("address: 10.64.0.10", "address: 10.64.1.0")],
     [plan("address: 10.64.0.10", "address: 10.64.10.10")]),
    ("ddi-reservation-outside", PAIR, [plan("address: 10.64.0.10", "address: 10.65.0.10")], []),
    ("ddi-reservation-outside", PAIR, [plan("address: 10.64.0.10", "address: 10.64.255.255")],
     [plan("address: 10.64.0.10", "address: 10.64.255.254")]),
    ("ddi-host-outside", PAIR, [plan("address: 172.16.1.80", "address: 172.16.2.80")], []),
    ("ddi-address-twice", PAIR, [reserve('{mac: "00:0c:01:02:03:05", address: 10.64.0.10}')],
     [reserve('{mac: "00:0c:01:02:03:05", address: 10.64.0.11}')]),
    ("ddi-address-twice", PAIR, [plan("address: 10.64.0.10", "address: 10.64.0.2")], []),
    ("ddi-client-twice", PAIR, [reserve('{mac: "00:0C:01:02:03:04", address: 10.64.0.11}')],
     [network('{prefix: 10.65.0.0/16, relay: [10.65.0.1], reserve: [{mac: "00:0c:01:02:03:04", address: 10.65.0.9}]}')]),
    ("ddi-reserved-prefix", PAIR, [delegated("2001:db8:6500::/56", "2001:db8:6500::/60")],
     [delegated("2001:db8:6500::/56", "2001:db8:6500:100::/56")]),
    ("ddi-name-domain", PAIR, [network('{prefix: 10.65.0.0/16, relay: [10.65.0.1], reserve: [{mac: "00:0c:01:02:03:04", '
                                       'address: 10.65.0.9, name: x}]}')],
     [network('{prefix: 10.65.0.0/16, relay: [10.65.0.1], reserve: [{mac: "00:0c:01:02:03:04", address: 10.65.0.9, '
              'name: x.example.test}]}')]),

    ("ddi-zone-twice", PAIR, [plan("networks:", "- name: Example.TEST.\nnetworks:")], [plan("networks:", "- name: b.test\nnetworks:")]),
    ("ddi-serial-dynamic", PAIR, [plan("dynamic: true", "dynamic: true\n  serial: dateserial")],
     [plan("dynamic: true", "dynamic: true\n  serial: increment")]),
    ("ddi-domain-dynamic", PAIR, [plan("domain: dyn.example.test ", "domain: example.test ")], []),
    ("ddi-domain-dynamic", PAIR, [plan("domain: dyn.example.test ", "domain: dhcp.example.test ")],
     [plan("domain: dyn.example.test ", "domain: A.DYN.example.test. ")]),

    ("ddi-zone-occluded", PAIR, [zone("mail CNAME", "a.dyn A 192.0.2.1\nmail CNAME")],
     [zone("mail CNAME", "dyn NS a.dyn\na.dyn A 192.0.2.1\nmail CNAME")]),
    ("ddi-ptr-twice", PAIR, [plan("{address: 172.16.1.80, name: www.example.test}",
                                  "{address: 172.16.1.80, name: www.example.test}\n  - {address: 172.16.1.80, name: web.example.test}")],
     [plan("{address: 172.16.1.80, name: www.example.test}",
           "{address: 172.16.1.80, name: www.example.test}\n  - {address: 172.16.1.81, name: www.example.test}")]),
    ("ddi-ptr-no-forward", PAIR, [plan("networks:", "- name: 2.0.192.in-addr.arpa\n  records: ['1 PTR ftp.example.test.']\nnetworks:")],
     [plan("networks:", "- name: 2.0.192.in-addr.arpa\n  records: ['1 PTR ftp.example.test.']\nnetworks:"),
      zone("mail CNAME", "ftp A 192.0.2.1\nmail CNAME")]),
    ("ddi-forward-no-ptr", PAIR, [zone("mail CNAME", "ftp A 172.16.1.81\nmail CNAME")], [zone("mail CNAME", "ftp A 172.16.2.81\nmail CNAME")]),
    ("ddi-reverse-missing", PAIR, [plan("reverse: auto", "reverse: none")],
     [plan("reverse: auto", "reverse: none"), plan("networks:", "".join(f"- {{name: {name}, dynamic: true}}\n" for name in (
         "64.10.in-addr.arpa", "16.172.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")) + "networks:")]),
    ("ddi-reverse-static", PAIR, [plan("networks:", "- name: 10.in-addr.arpa\nnetworks:")],
     [plan("networks:", "- {name: 10.in-addr.arpa, dynamic: true}\nnetworks:")]),
    ("ddi-reverse-cut", PAIR, [plan("networks:", "- {name: 5.64.10.in-addr.arpa, dynamic: true}\nnetworks:")],
     [plan("networks:", "- {name: 64.10.in-addr.arpa, dynamic: true}\nnetworks:")]),
    ("ddi-reverse-boundary", PAIR, [network("prefix: 198.51.100.0/25")], [network("prefix: 198.51.100.0/24")]),
    ("ddi-reverse-boundary", PAIR, [network("prefix: 10.72.0.0/15")], [network("prefix: 10.72.0.0/16")]),

    ("ddi-key-unknown", PAIR, [plan("serve_expired", "rpz: [{zone: a.example, from: 192.0.2.9, key: rpz}]\n  serve_expired")],
     [plan("serve_expired", "rpz: [{zone: a.example, from: 192.0.2.9, key: xfr}]\n  serve_expired")]),
    ("ddi-key-missing", PAIR, [plan("  xfr: ", "  other: ")], [], {"ddi-key-unused"}),
    ("ddi-key-unused", ONE, [plan("  d2: ", "  xfr: {algorithm: hmac-sha256, secret: ${D2_KEY}}\n  d2: ")],
     [plan("  d2: ", "  xfr: {algorithm: hmac-sha256, secret: ${D2_KEY}}\n  d2: "),
      plan("records:", "transfer: [192.0.2.1]\n  records:")]),
    ("ddi-key-short", PAIR, [plan(SECRET, SECRET.replace("sha256", "sha384"))], [plan(SECRET, SECRET.replace("sha256", "sha224"))]),
    ("ddi-key-literal", PAIR, [plan("${D2_KEY}", "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=")], [], {"day0-variable"}),
    ("ddi-key-weak", PAIR, [plan(SECRET, SECRET.replace("sha256", "sha1"))], [plan(SECRET, SECRET.replace("sha256", "sha224"))]),
    ("ddi-cache-open", PAIR, [plan(CLIENTS, "clients: [0.0.0.0/0, ")], [plan(CLIENTS, "clients: [10.0.0.0/8, ")]),
    ("ddi-cache-clients", PAIR, [plan(CLIENTS, "clients: [10.64.0.0/17, ")],
     [plan(CLIENTS, "clients: [10.64.0.0/17, 10.64.128.0/17, ")]),
    ("ddi-cache-missing", ONE, [plan(', cache6: "2001:db8:101::20"', "")], [plan(", cache: 172.16.1.20", ""),
                                                                           plan("resolvers: [cache]", "resolvers: [192.0.2.1]")]),
    ("ddi-cache-address", ONE, [plan("cache: 172.16.1.20", "cache: 172.16.1.10")],
     [plan("cache: 172.16.1.20", "cache: 172.16.1.10"), plan("serve_expired", "hybrid: true\n  serve_expired")]),
    ("ddi-dns64", PAIR, [plan("64:ff9b::/96", "64:ff9b::/95")], [plan("64:ff9b::/96", "64:ff9b:1::/64")]),
    ("ddi-dns64", PAIR, [plan("64:ff9b::/96", "64:ff9b:0:0:0100::/96")], [plan("64:ff9b::/96", "64:ff9b:0:0:0001::/96")]),
    ("ddi-rpz-count", PAIR, [plan("serve_expired", f"rpz: [{RPZ}, {{zone: d.example, from: 192.0.2.9}}]\n  serve_expired")],
     [plan("serve_expired", f"rpz: [{RPZ}]\n  serve_expired")]),
    ("ddi-forward-own", PAIR, [plan("corp.example:", "example.test:")], [plan("corp.example:", "corp.example.test:")]),
    ("ddi-forward-loop", PAIR, [plan("192.0.2.2]", "172.16.1.21]")], [plan("192.0.2.2]", "172.16.1.11]")]),
    ("ddi-tls", PAIR, [plan("serve_expired", "tls: {doh: true}\n  serve_expired")],
     [plan("serve_expired", "tls: {doh: true, certificate: /etc/ssl/dns.pem, key: /etc/ssl/dns.key}\n  serve_expired")]),
    ("ddi-edns-buffer", PAIR, [plan("serve_expired", "edns_buffer: 1233\n  serve_expired")],
     [plan("serve_expired", "edns_buffer: 1232\n  serve_expired")]),

    ("ddi-member", PAIR, [plan('auth: 172.16.1.11, auth6: "2001:db8:101::11", cache: 172.16.1.21, cache6: "2001:db8:101::21"', "")],
     [plan('auth: 172.16.1.11, auth6: "2001:db8:101::11", cache: 172.16.1.21, cache6: "2001:db8:101::21"', "auth: 172.16.1.11")],
     {"ddi-ha-members"}),
    ("ddi-member-family", ONE, [plan('cache6: "2001:db8:101::20"', "cache6: 172.16.1.20")], []),
    ("ddi-primary", PAIR, [plan("primary: dns1\n  dynamic", "primary: dns3\n  dynamic")], [plan("primary: dns1\n  dynamic", "primary: dns2\n  dynamic")]),
    ("ddi-primary", PAIR, [plan(HA, HA.replace("dns1", "dns3"))], [plan(HA, HA.replace("dns1", "dns2"))]),
    ("ddi-pair-address", PAIR, [plan("auth: 172.16.1.11", "auth: 172.16.1.10")], [], {"ddi-member-address"}),
    ("ddi-pair-segment", PAIR, [plan(RELAYS, "relay: []")], [plan("gateway: 172.16.1.1", "gateway: 172.16.1.1\n  pools: [172.16.1.100-172.16.1.110]")]),
    ("ddi-ha-missing", PAIR, [plan(HA, "dhcp: {mode: none}")], [plan(HA, HA.replace("hot-standby", "load-balancing"))]),
    ("ddi-ha-members", ONE, [plan("rrl:", "dhcp: {mode: hot-standby}\nrrl:")], [plan("rrl:", "dhcp: {mode: none}\nrrl:")]),
    ("ddi-ha-unacked", PAIR, [dhcp("max_unacked_clients: 0")], [dhcp("max_unacked_clients: 1")]),
    ("ddi-lease-short", PAIR, [plan("lease: 3600", "lease: 33")], [plan("lease: 3600", "lease: 34")]),

    ("ddi-member-server", PAIR, [plan("  dns2: {auth", "  dns3: {auth")], [plan("  dns2: {auth", "  ddi-pair_dns2_0: {auth")]),
    ("ddi-member-address", PAIR, [plan("cache: 172.16.1.21", "cache: 172.16.1.22")], []),
    ("ddi-pair-host", PAIR, [dep("<type>anti_affinity</type>", "<type>affinity</type>")], []),
    ("ddi-ha-management", PAIR, [plan("dns1: {auth", "dns1: {dhcp: 10.10.10.10, auth")], [plan("dns1: {auth", "dns1: {dhcp: 172.16.1.20, auth")]),
    ("ddi-ha-clock", PAIR, [("day0.cfg", "ntp:\n  servers: [10.10.10.1]\n", "")], []),
    ("ddi-dhcp-vim", PAIR, [plan("gateway: 172.16.1.1", "gateway: 172.16.1.1\n  pools: [172.16.1.100-172.16.1.110]"),
                            dep("<name>service-1-v4</name>\n                <ipversion>ipv4</ipversion>\n                <dhcp>false",
                                "<name>service-1-v4</name>\n                <ipversion>ipv4</ipversion>\n                <dhcp>true")],
     [plan("gateway: 172.16.1.1", "gateway: 172.16.1.1\n  pools: [172.16.1.100-172.16.1.110]")]),
    ("ddi-keys-lost", PAIR, [dep("REBOOT_ONLY", "REBOOT_THEN_REDEPLOY")],
     [dep("REBOOT_ONLY", "REBOOT_THEN_REDEPLOY"), plan("primary: dns1\n  records", "primary: dns2\n  records")]),
]



class Rules(unittest.TestCase):
    """CASES"""

    def test_each_rule_has_a_case(self):
        rules = {rule["rule"] for rule in json.loads(dnsvnf("check", "--list", "-o", "json").stdout)["rules"]
                 if rule["rule"].startswith("ddi-")}
        self.assertEqual(rules, {case[0] for case in CASES} | {"ddi-prefix-deployment", "ddi-subnet-id"})


def add_case(number, rule, base, breaking, nearest, follows=frozenset()):
    def test(self):
        before = found(base, ())
        self.assertNotIn(rule, before)
        self.assertEqual({rule}, found(base, tuple(breaking)) - before - follows)
        self.assertNotIn(rule, found(base, tuple(nearest)))
    setattr(Rules, f"test_{number:02}_{rule.replace('-', '_')}", test)


for index, case in enumerate(CASES):
    add_case(index, *case)


class Examples(unittest.TestCase):
    def test_they_have_notes_at_most(self):
        for example in (ONE, PAIR):
            with self.subTest(example):
                self.assertEqual([], [f for f in check(f"{example}/dep.xml") if f["severity"] != "note"
                                      and f["rule"] != "day0-drive"])
                self.assertEqual(0, dnsvnf("check", f"{example}/dep.xml").returncode)

    def test_zone_files_are_checked_with_what_the_plan_adds(self):
        for old, new, rule, line in (("mail CNAME www", "mail CNAME www\nmail A 192.0.2.1", "zone-cname", 6),
                                     ("NS  dns1", "NS  dns3", "zone-glue", 4),
                                     ("mail CNAME www", "dns1 CNAME www", "zone-cname", 6),
                                     ("mail CNAME www", "mail CNAM www", "zone-syntax", 6),
                                     ("mail CNAME www", "a.test. A 192.0.2.1", "zone-outside", 6)):
            with self.subTest(new), tempfile.TemporaryDirectory() as folder:
                findings = [f for f in check(edited(folder, PAIR, [zone(old, new)])) if f["rule"] == rule]
                self.assertIn((f"{folder}/zones/example.test", line), [(f["file"], f["line"]) for f in findings])

    def test_the_plan_alone_is_checked_without_its_variables(self):
        self.assertEqual([], [f for f in check(f"{PAIR}/ddi.yaml") if f["severity"] != "note"])


class Place(unittest.TestCase):
    def test_findings_have_the_line_of_the_plan(self):
        with tempfile.TemporaryDirectory() as folder:
            path = edited(folder, PAIR, [plan("gateway: 10.64.0.1", "gateway: 10.65.0.1")])
            finding, = (f for f in check(path) if f["rule"] == "ddi-gateway")
            with open(f"{folder}/ddi.yaml", encoding="utf-8") as file:
                lines = file.read().splitlines()
        self.assertEqual(f"{folder}/ddi.yaml", finding["file"])
        self.assertIn("10.65.0.1", lines[finding["line"] - 1])

    def test_a_secret_is_in_no_output(self):
        secret = "bm90YXNlY3JldDEyMw=="
        with tempfile.TemporaryDirectory() as folder:
            path = edited(folder, PAIR, [plan("${D2_KEY}", secret)])
            for arguments in (["check", path], ["check", "-o", "json", path], ["check", f"{folder}/ddi.yaml"]):
                done = dnsvnf(*arguments)
                self.assertNotIn(secret, done.stdout + done.stderr)

    def test_a_finding_is_waived_by_the_descriptor(self):
        waiver = "<extensions><extension><name>dnsvnf</name><properties><property><name>waive.ddi-edns-buffer</name>" \
                 "<value>the path has jumbo frames</value></property></properties></extension></extensions>"
        with tempfile.TemporaryDirectory() as folder:
            path = edited(folder, PAIR, [plan("serve_expired", "edns_buffer: 4096\n  serve_expired"),
                                         dep("</vm_group>\n        </deployment>", f"</vm_group>{waiver}\n        </deployment>")])
            finding, = (f for f in check(path) if f["rule"] == "ddi-edns-buffer")
        self.assertEqual("note", finding["severity"])

    def test_networks_of_two_deployments_overlap(self):
        with tempfile.TemporaryDirectory() as folder:
            path = edited(folder, ONE, [])
            with open(path, encoding="utf-8") as file:
                text = file.read()
            start, end = text.index("        <deployment>"), text.index("        </deployment>\n") + len("        </deployment>\n")
            other = text[start:end].replace("<name>ddi</name>", "<name>other</name>").replace("ddi.yaml</file>", "b.yaml</file>")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text[:end] + other + text[end:])
            with open(f"{folder}/ddi.yaml", encoding="utf-8") as file:
                given = file.read()
            for gateway, wanted in (("10.64.0.0/16", True), ("10.65.0.0/16", False)):
                with open(f"{folder}/b.yaml", "w", encoding="utf-8") as file:
                    file.write(given[:given.index("networks:")] + f"networks:\n- prefix: {gateway}\n")
                with self.subTest(gateway):
                    found_rules = {f["rule"] for f in check(path)}
                    self.assertEqual(wanted, "ddi-prefix-deployment" in found_rules)

    def test_a_second_plan_in_a_group_that_is_no_member(self):
        """Its networks and zones would not be read."""
        with tempfile.TemporaryDirectory() as folder:
            path = edited(folder, PAIR, [plan(SECOND, ""), plan(HA, "")])
            self.assertNotIn("ddi-plan-differs", {f["rule"] for f in check(path)})
            with open(f"{folder}/ddi.yaml", encoding="utf-8") as file:
                text = file.read()
            with open(f"{folder}/b.yaml", "w", encoding="utf-8") as file:
                file.write(text.replace("dns1", "dns2"))
            with open(path, encoding="utf-8") as file:
                first, second = file.read().rsplit(">ddi.yaml</file>", 1)
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"{first}>b.yaml</file>{second}")
            self.assertEqual(1, len([f for f in check(path) if f["rule"] == "ddi-plan-differs"]))

    def test_a_record_is_found_in_its_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/ddi.yaml"
            with open(path, "w", encoding="utf-8") as file:
                file.write("version: 1\nmembers: {dns1: {auth: 172.16.1.10}}\nzones:\n- name: example.test\n"
                           "  records: ../../etc/passwd\n")
            finding, = (f for f in check(path) if f["rule"] == "ddi-records")
        self.assertEqual(5, finding["line"])
        self.assertIn("not below the folder", finding["text"])


class Ipam(unittest.TestCase):
    def ipam(self, *arguments):
        done = dnsvnf("ipam", *arguments)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout

    def test_free_is_what_no_exclusion_and_no_reservation_takes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = edited(folder, PAIR, [plan("10.64.10.0/24", "10.64.0.0-10.64.1.9, 10.64.10.0/24, 10.64.10.128-10.64.11.0, 10.64.200.255"),
                                         reserve('{mac: "00:0c:01:02:03:05", address: 10.64.1.20}',
                                                 '{mac: "00:0c:01:02:03:06", address: 10.64.10.1}')])
            network_, *_ = answers.answer("ipam", self.ipam("-o", "json", path))["plans"][0]["networks"]
        pool, = network_["pools"]
        self.assertEqual((51200, 10 + 257 + 1, 1), (pool["size"], pool["excluded"], pool["reserved"]))
        self.assertEqual(51200 - 268 - 1, pool["free"])
        self.assertEqual((65536, 3, pool["free"], None), tuple(network_[key] for key in ("size", "reserved", "free", "used")))
        self.assertEqual((["dns1", "dns2"], "64.10.in-addr.arpa"), (network_["served_by"], network_["reverse_zone"]))

    def test_counts_of_ipv6(self):
        plans = answers.answer("ipam", self.ipam("-o", "json", f"{ONE}/ddi.yaml"))["plans"]
        network_ = plans[0]["networks"][1]
        self.assertEqual((None, None), (network_["size"], network_["pools"][0]["free"]))
        self.assertEqual({"prefix": "2001:db8:6400::/40", "length": 56, "size": 65536, "used": None}, network_["delegated"])

    def test_the_table_has_each_network_and_pool(self):
        text = self.ipam(f"{PAIR}/dep.xml")
        for words in ("dns/ddi-pair", "10.64.0.0/16", "10.64.1.0-10.64.200.255", "2001:db8:6400::/40 /56", "64.10.in-addr.arpa"):
            self.assertIn(words, text)

    def rows(self, kind, path=f"{PAIR}/ddi.yaml"):
        return list(csv.DictReader(io.StringIO(self.ipam("--csv", kind, path))))

    def test_csv_has_the_columns_of_netbox(self):
        prefixes = self.rows("prefixes")
        self.assertEqual(["prefix", "status", "is_pool", "description"], list(prefixes[0]))
        self.assertEqual(["10.64.0.0/16", "2001:db8:64::/48", "2001:db8:6400::/40", "172.16.1.0/24", "2001:db8:101::/64"],
                         [row["prefix"] for row in prefixes])
        addresses = {row["address"]: row for row in self.rows("addresses")}
        self.assertEqual("gw.example.test", addresses["10.64.0.1/16"]["dns_name"])
        self.assertEqual("dns1.example.test", addresses["172.16.1.10/24"]["dns_name"])
        self.assertEqual([{"address": "10.64.0.10/16", "status": "reserved", "dns_name": "cmts1.dyn.example.test",
                           "description": "DHCP: MAC 00:0c:01:02:03:04"}], self.rows("reservations"))

    def test_csv_quotes_what_a_name_may_have(self):
        with tempfile.TemporaryDirectory() as folder:
            edited(folder, PAIR, [plan("name: subscribers-a", "name: 'a, \"b\"'")])
            self.assertEqual('a, "b"', self.rows("prefixes", f"{folder}/ddi.yaml")[0]["description"])

    def test_an_error_in_the_plan_is_shown_and_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            edited(folder, PAIR, [plan("  gateway:", "  gatway:")])
            done = dnsvnf("ipam", f"{folder}/ddi.yaml")
        self.assertEqual((1, ""), (done.returncode, done.stdout))
        self.assertIn("gatway", done.stderr)

    def test_a_descriptor_without_a_plan(self):
        done = dnsvnf("ipam", "examples/designs/flat/dep.xml")
        self.assertEqual(1, done.returncode)
        self.assertIn("ddi.yaml", done.stderr)


class Bounds(unittest.TestCase):
    def check_text(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/ddi.yaml"
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return check(path)

    def test_deep_nesting_is_an_error(self):
        findings = self.check_text("version: 1\nx: " + "[" * 100000)
        self.assertIn("ddi-yaml", {f["rule"] for f in findings})

    def test_many_errors_are_counted_not_printed(self):
        findings = self.check_text("version: 1\n" + "".join(f"x{i}: 1\n" for i in range(5000)))
        self.assertLess(len(findings), 300)
        self.assertIn("the rest is not read", findings[-2]["text"] + findings[-1]["text"])

    def test_two_networks_with_one_subnet_identifier(self):
        """10.0.0.0/8 has two /24 whose CRC-32 is the same; they are computed, as there is no other way to find them."""
        import zlib
        seen = {}
        for i in range(1 << 20):
            text = f"10.{i >> 12}.{i >> 4 & 255}.{(i & 15) << 4}/28"
            crc = zlib.crc32(text.encode()) % 4294967294
            if crc in seen:
                break
            seen[crc] = text
        base = "version: 1\nmembers: {dns1: {auth: 172.16.1.10}}\nnetworks:\n- prefix: "
        rules = {f["rule"] for f in self.check_text(f"{base}{text}\n- prefix: {seen[crc]}\n")}
        self.assertEqual({"ddi-subnet-id"}, rules)
        self.assertEqual(set(), {f["rule"] for f in self.check_text(f"{base}{text}\n- prefix: 10.255.255.0/28\n")})


if __name__ == "__main__":
    unittest.main(verbosity=2)
