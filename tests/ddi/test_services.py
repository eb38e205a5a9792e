#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The services of one member with the files of `dnsvnf ddi`, in namespaces: Knot, Unbound and Kea on one side, and on the other a
relay with clients, and the rest of the DNS, by a Knot that has a signed root of its own. Argument: the program. Needs root."""
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import guest
from guest import wait

DNSVNF = os.path.abspath(sys.argv.pop(1))
ROOT_SERVERS = ["198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241", "192.112.36.4",
                "198.97.190.53", "192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42", "202.12.27.33", "199.9.14.201"]
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
KEY = f"hmac-sha256:xfr:{SECRET}"
RELAYED = 200  # 4-way exchanges of each family
PLAN = f"""
version: 1
members:
  dns1: {{auth: 172.16.1.10, auth6: "2001:db8:101::10", cache: 172.16.1.20, cache6: "2001:db8:101::20"}}
keys:
  xfr: {{algorithm: hmac-sha256, secret: {SECRET}}}
  d2: {{algorithm: hmac-sha256, secret: {SECRET}}}
zones:
- name: example.test
  dnssec: ecdsap256sha256
  records: example.test.records
- {{name: dyn.example.test, dynamic: true}}
networks:
- prefix: 10.64.0.0/16
  gateway: 10.64.0.1
  relay: [10.64.0.2]
  pools: [10.64.1.0-10.64.2.255]
  exclude: [10.64.1.0/28]
  domain: dyn.example.test
  resolvers: [cache]
  reserve:
  - {{mac: "02:00:00:00:00:99", address: 10.64.0.10, name: cmts1}}
  hosts:
  - {{address: 10.64.0.1, name: gw.example.test}}
- prefix: 2001:db8:64::/48
  relay: ["2001:db8:64::2"]
  pools: ["2001:db8:64:1::/64"]
  delegate: {{prefix: "2001:db8:6400::/40", length: 56}}
  domain: dyn.example.test
  resolvers: [cache]
- prefix: 172.16.1.0/24
- prefix: 2001:db8:101::/64
reverse: auto
cache:
  clients: [10.64.0.0/16, "2001:db8:64::/48"]
  forward: {{corp.example: [192.0.2.1]}}
  dns64: "64:ff9b::/96"
  rpz: [{{zone: block.rpz.example, from: 192.0.2.9}}, {{zone: keyed.rpz.example, from: 192.0.2.9, key: xfr}}]
  serve_expired: 86400
rrl: {{per_second: 20, slip: 2}}
"""
RECORDS = "www A 192.0.2.80\n"
# The rest of the DNS. The root is signed; names that the RPZs block exist in it.
WORLD = f"""
server:
    rundir: /run/knot
    user: knot:knot
    listen: [ {", ".join(f"{a}@53" for a in ROOT_SERVERS)}, 192.0.2.1@53, 192.0.2.9@53 ]
database:
    storage: /var/lib/knot
key:
  - id: xfr
    algorithm: hmac-sha256
    secret: {SECRET}
acl:
  - id: open
    address: 172.16.1.0/24
    action: transfer
  - id: keyed
    key: xfr
    action: transfer
template:
  - id: default
    storage: /var/lib/knot
    file: "%s.zone"
zone:
  - domain: .
    file: root.zone
    dnssec-signing: on
    zonefile-sync: -1
  - domain: corp.example.
  - domain: block.rpz.example.
    acl: open
  - domain: keyed.rpz.example.
    acl: keyed
"""
SOA = "@ 60 SOA ns.world. root.world. 1 3600 600 86400 60\n@ 60 NS ns.world.\n"
ZONES = {"root": SOA + "ns.world. 60 A 198.41.0.4\n" + "".join(f"{n}.world. 60 A 192.0.2.7{i}\n" for i, n in enumerate(("www", "bad", "worse"))),
         "corp.example": SOA + "intra 60 A 192.0.2.90\n",
         "block.rpz.example": SOA + "bad.world 60 CNAME .\n",
         "keyed.rpz.example": SOA + "worse.world 60 CNAME .\n"}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Services(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.top)
        write(f"{cls.top}/ddi.yaml", PLAN)
        write(f"{cls.top}/example.test.records", RECORDS)
        subprocess.run([DNSVNF, "ddi", "--folder", f"{cls.top}/out", f"{cls.top}/ddi.yaml"], check=True, stdout=subprocess.DEVNULL)
        cls.world, cls.vnf = guest.Guest(cls.top), guest.Guest(cls.top)
        cls.addClassCleanup(cls.world.close)
        cls.addClassCleanup(cls.vnf.close)
        cls.world.link(cls.vnf, "wire", "bond0")
        cls.world.addresses("wire", "172.16.1.1/24", "2001:db8:101::1/64", "10.64.0.2/16", "2001:db8:64::2/48")
        cls.world.addresses("lo", *(f"{a}/32" for a in ROOT_SERVERS), "192.0.2.1/32", "192.0.2.9/32")
        cls.vnf.addresses("bond0", "172.16.1.10/24", "172.16.1.20/24", "2001:db8:101::10/64", "2001:db8:101::20/64")
        cls.vnf.script("ip route add default via 172.16.1.1; ip -6 route add default via 2001:db8:101::1")
        cls.start_world()
        cls.start_vnf()

    @classmethod
    def start_world(cls):
        write(f"{cls.top}/world/etc/knot/knot.conf", WORLD)
        for name, text in ZONES.items():
            write(f"{cls.top}/world/var/lib/knot/{name}.zone", text)
        cls.world.put(f"{cls.top}/world")
        cls.world.start("knotd", "-c", "/etc/knot/knot.conf")
        wait("the signed root", lambda: "RRSIG" in cls.world.run("kdig", "@198.41.0.4", "+dnssec", "+time=1", ".", "SOA", check=False))

    @classmethod
    def start_vnf(cls):
        anchor = cls.world.run("kdig", "@198.41.0.4", "+noall", "+answer", ".", "DNSKEY")
        write(f"{cls.top}/out/dns1/var/lib/unbound/root.key", "".join(line + "\n" for line in anchor.splitlines() if "257" in line.split()))
        cls.vnf.put(f"{cls.top}/out/dns1")
        cls.vnf.start("knotd", "-c", "/etc/knot/knot.conf")
        cls.vnf.start("unbound", "-d", "-p", "-c", "/etc/unbound/unbound.conf")
        cls.vnf.start("kea-dhcp-ddns", "-c", "/etc/kea/kea-dhcp-ddns.conf")
        for version in "46":
            cls.vnf.start(f"kea-dhcp{version}", "-c", f"/etc/kea/kea-dhcp{version}.conf")
        wait("Knot", lambda: "SOA" in cls.query("172.16.1.10", "example.test", "SOA"))
        wait("Unbound", lambda: "SOA" in cls.query("172.16.1.20", "example.test", "SOA"))
        for version in "46":
            wait(f"kea-dhcp{version}", lambda v=version: "DHCP" + v + "_STARTED" in cls.vnf.said(f"kea-dhcp{v}"))

    @classmethod
    def query(cls, server, *arguments):
        return cls.world.run("kdig", f"@{server}", "-b", "10.64.0.2", "+time=2", "+retry=0", *arguments, check=False)

    def short(self, server, *arguments):
        return self.query(server, "+short", *arguments).split()

    # ---- authoritative ----

    def test_authoritative(self):
        answer = self.query("172.16.1.10", "+dnssec", "www.example.test")
        self.assertIn("Flags: qr aa", answer)
        self.assertIn("RRSIG", answer, "the zone is signed")
        self.assertEqual(self.short("172.16.1.10", "gw.example.test"), ["10.64.0.1"])
        self.assertEqual(self.short("172.16.1.10", "-x", "10.64.0.1"), ["gw.example.test."])
        self.assertEqual(self.short("172.16.1.10", "-x", "2001:db8:101::10"), ["dns1.example.test."])
        self.assertEqual(self.short("172.16.1.10", "NS", "dyn.example.test"), ["dns1.example.test."])

    def test_transfer_needs_the_key(self):
        for zone in ("example.test", "64.10.in-addr.arpa"):
            whole = self.query("172.16.1.10", "+tcp", "-y", KEY, zone, "AXFR")
            self.assertEqual(len(re.findall(r"\sIN\s+SOA\s", whole)), 2, whole)
            refused = self.query("172.16.1.10", "+tcp", zone, "AXFR")
            self.assertIn("NOTAUTH", refused)

    def test_signatures_are_valid(self):
        path = f"{self.top}/transferred"
        write(path, self.query("172.16.1.10", "+tcp", "+noall", "+answer", "-y", KEY, "example.test", "AXFR"))
        done = subprocess.run(["ldns-verify-zone", path], capture_output=True, text=True, check=False)
        self.assertIn("Zone is verified and complete", done.stdout + done.stderr)

    def test_updates_need_the_key(self):
        send = "server 172.16.1.10\nzone dyn.example.test.\nadd manual.dyn.example.test. 60 {}\nsend\n"
        refused = self.world.run("knsupdate", input=send.format("A 10.64.0.99"), check=False)
        self.assertRegex(refused, "NOTAUTH|REFUSED")
        other = self.world.run("knsupdate", "-y", f"hmac-sha256:d2:{SECRET}", input=send.format("TXT no"), check=False)
        self.assertRegex(other, "NOTAUTH|BADKEY|REFUSED", "only what DHCP enters")
        self.world.run("knsupdate", "-y", f"hmac-sha256:d2:{SECRET}", input=send.format("A 10.64.0.99"))
        self.assertEqual(self.short("172.16.1.10", "manual.dyn.example.test"), ["10.64.0.99"])

    def test_response_rate_limit(self):
        """Of 400 equal questions at once: some are answered, some are cut short, some are dropped."""
        question = bytes.fromhex("123401000001000000000000") + b"\3www\7example\4test\0" + struct.pack("!HH", 1, 1)
        script = ("import socket,sys,time\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\ns.bind(('10.64.0.2',0))\ns.settimeout(3)\n"
                  f"q={question!r}\n"
                  "for i in range(400): s.sendto(q,('172.16.1.10',53))\n"
                  "n=t=0\n"
                  "try:\n  while True:\n    a=s.recv(4096); n+=1; t+=a[2]>>1&1\n"
                  "except TimeoutError: print(n,t)\n")
        done = subprocess.run(self.world.command(["python3", "-c", script], chroot=False), capture_output=True, text=True, check=True)
        answers, truncated = map(int, done.stdout.split())
        self.assertTrue(0 < truncated < answers < 400, (answers, truncated))

    # ---- caching ----

    def test_validates(self):
        answer = self.query("172.16.1.20", "+dnssec", "www.world")
        self.assertIn(" ad", answer.split("Flags:")[1].split(";")[0])
        self.assertIn("192.0.2.70", answer)

    def test_own_zones(self):
        """Through the stub zones: names of "test" and private addresses, which Unbound else answers itself."""
        self.assertEqual(self.short("172.16.1.20", "www.example.test"), ["192.0.2.80"])
        self.assertEqual(self.short("172.16.1.20", "-x", "10.64.0.1"), ["gw.example.test."])
        self.assertEqual(self.short("172.16.1.20", "-x", "2001:db8:101::10"), ["dns1.example.test."])

    def test_forwards(self):
        self.assertEqual(self.short("172.16.1.20", "intra.corp.example"), ["192.0.2.90"])

    def test_dns64(self):
        self.assertEqual(self.short("172.16.1.20", "AAAA", "www.world"), ["64:ff9b::c000:246"])

    def test_policy_zones(self):
        for name in ("bad.world", "worse.world"):
            wait(f"{name} is blocked", lambda n=name: "NXDOMAIN" in self.query("172.16.1.20", n))
            self.assertEqual(len(self.short("198.41.0.4", name)), 1, "it exists elsewhere")

    def test_strangers_are_refused(self):
        answer = self.world.run("kdig", "@172.16.1.20", "-b", "172.16.1.1", "www.example.test", check=False)
        self.assertIn("REFUSED", answer)

    # ---- DHCP ----

    def lease(self, version, *arguments):
        """All clients of perfdhcp have had their 4-way exchange; again if the machine was too busy for some."""
        command = ["perfdhcp", f"-{version}", "-r", "50", "-R", str(RELAYED), "-n", str(RELAYED), "-W", "20000000", "-d", "60", *arguments]
        wait("all exchanges", lambda: re.findall(r"received packets: (\d+)", self.world.run(*command, check=False)) == [str(RELAYED)] * 2, 300)

    def leases(self, version):
        command = json.dumps({"command": f"lease{version}-get-all"})
        script = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\n"
                  f"s.connect('{guest.ROOT}/run/kea/kea{version}-ctrl-socket')\ns.sendall({command!r}.encode())\n"
                  "while True:\n  b=s.recv(65536)\n  if not b: break\n  sys.stdout.buffer.write(b)\n")
        done = subprocess.run(self.vnf.command(["python3", "-c", script], chroot=False), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["arguments"]["leases"]

    def in_dns(self, lease):
        """The name of a lease and its PTR record, when both are there."""
        name, address = lease["hostname"].rstrip("."), lease["ip-address"]
        kind = "AAAA" if ":" in address else "A"
        wait(f"{name} {kind}", lambda: self.short("172.16.1.10", kind, name) == [address])
        wait(f"PTR of {address}", lambda: self.short("172.16.1.10", "-x", address) == [name + "."])
        self.assertTrue(name.endswith(".dyn.example.test"), name)
        self.assertEqual(self.short("172.16.1.20", "-x", address), [name + "."], "by the cache, too")

    def test_dhcpv4(self):
        self.lease(4, "-l", "10.64.0.2", "172.16.1.10")
        leases = self.leases(4)
        self.assertEqual(len({lease["ip-address"] for lease in leases}), RELAYED)
        for lease in leases:
            third, fourth = map(int, lease["ip-address"].split(".")[2:])
            self.assertTrue(third == 1 and fourth >= 16 or third == 2, f"outside the pools: {lease}")
        for lease in leases[:3] + leases[-3:]:
            self.in_dns(lease)

    def test_reservation(self):
        self.world.run("perfdhcp", "-4", "-l", "10.64.0.2", "-b", "mac=02:00:00:00:00:99", "-R", "1", "-n", "1", "-r", "1", "-W", "20000000",
                       "172.16.1.10", check=False)
        lease, = (lease for lease in self.leases(4) if lease["ip-address"] == "10.64.0.10")
        self.assertEqual(lease["hw-address"], "02:00:00:00:00:99")
        self.assertEqual(lease["hostname"], "cmts1.dyn.example.test")
        self.in_dns(lease)

    def test_dhcpv6_with_prefixes(self):
        self.lease(6, "-A", "1", "-e", "address-and-prefix", "-l", "2001:db8:64::2", "2001:db8:101::10")
        leases = self.leases(6)
        prefixes = {(lease["ip-address"], lease["prefix-len"]) for lease in leases if lease["type"] == "IA_PD"}
        addresses = [lease for lease in leases if lease["type"] == "IA_NA"]
        # each run of perfdhcp has clients of its own
        self.assertGreaterEqual(len(addresses), RELAYED)
        self.assertEqual((len(prefixes), len({lease["ip-address"] for lease in addresses})), (len(leases) // 2, len(addresses)))
        self.assertTrue(all(length == 56 and prefix.startswith("2001:db8:64") for prefix, length in prefixes), prefixes)
        self.assertTrue(all(lease["ip-address"].startswith("2001:db8:64:1:") for lease in addresses))
        self.in_dns(addresses[0])
        self.in_dns(addresses[-1])

    def test_log(self):
        """No server complains about its configuration."""
        for daemon in ("knotd", "unbound"):
            self.assertNotRegex(self.vnf.said(daemon), r"(?i)\berror: (?!notify)", daemon)


if __name__ == "__main__":
    unittest.main(verbosity=2)
