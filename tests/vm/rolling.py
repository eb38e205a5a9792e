#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two VNFs in the local VIM are updated one after the other. A suite of its own, for its time: two guests under emulation."""
import json
import os
import shutil
import subprocess
import sys
import unittest

from test_local import TOP, Leaves, dnsvnf, namespace, say

# Sends each query to both servers, as a resolver does: again each second until one answers. It is lost when neither
# answers within the 5 s of a stub resolver.
ASK_BOTH = """
import contextlib, json, select, socket, sys, time
query = bytes.fromhex("12340100000100000000000003777777076578616d706c6504746573740000010001")
addresses, asked, neither, missed = sys.argv[1:], 0, 0, {a: 0 for a in sys.argv[1:]}
again, begin = [], time.monotonic()
def who_answers():
    with contextlib.ExitStack() as stack:
        clients = {stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)): a for a in addresses}
        for client, a in clients.items():
            client.connect((a, 53))
        start, got, sent = time.monotonic(), set(), 0
        while len(got) < len(addresses) and (left := start + (1 if got else 5) - time.monotonic()) > 0:
            if not got and time.monotonic() >= start + sent:
                sent += 1
                for client in clients:
                    with contextlib.suppress(OSError):
                        client.send(query)
            until = left if got else max(0, start + sent - time.monotonic())
            for client in select.select(list(clients), [], [], until)[0]:
                with contextlib.suppress(OSError):
                    client.recv(2048)
                    got.add(clients[client])
        if sent > 1:
            again.append([round(start - begin, 1), sent])
        return got
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.05)[0]:
    got = who_answers()
    asked += 1
    neither += not got
    for a in addresses:
        missed[a] += a not in got
print(json.dumps({"asked": asked, "neither": neither, "missed": missed, "again": again}))
"""


class Rolling(Leaves):
    """Two VNFs that stand in for each other change one after the other, with a client that asks both."""

    ADDRESSES = ("172.16.1.10", "172.16.1.11")

    def two_vnfs(self):
        folder = os.path.join(self.folder, "two")
        shutil.copytree(os.path.join(TOP, "examples", "designs", "two-vnfs"), folder)
        self.edit(folder, "dep.xml", ("<name>dns</name>", "<name>test-tenant</name>"),
                  ("<memory_mb>8192", "<memory_mb>1024"), ("<vcpus>4", "<vcpus>2"),
                  ("<bootup_time>300", "<bootup_time>600"))
        self.edit(folder, "day0.cfg", ("ens3", "eth0"), ("ens4", "ens6"), ("ens5", "ens7"))
        return os.path.join(folder, "dep.xml")

    @staticmethod
    def edit(folder, name, *pairs):
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        for old, new in pairs:
            if old not in text:
                raise AssertionError(f"{old!r} is not in {name}")
            text = text.replace(old, new)
        with open(path, "w", encoding="utf-8") as target:
            target.write(text)

    def update(self, design):
        """Deploys while a client asks both; what it saw."""
        with subprocess.Popen(["ip", "netns", "exec", namespace("two-vnfs"), sys.executable, "-c", ASK_BOTH,
                               *self.ADDRESSES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            client.stdout.readline()
            done = dnsvnf("deploy", design, check=False, timeout=2500)
            seen = json.loads(client.communicate("end\n")[0])
        say(f"asked {seen['asked']} times, unanswered by {seen['missed']}, by both {seen['neither']}, repeated (after s, times) {seen['again']}")
        self.assertGreater(seen["asked"], 20)
        self.assertEqual(seen["neither"], 0, done.stderr)
        return done, seen

    def new_mac(self, folder, mac):
        """The management port of the first gets another MAC."""
        self.edit(folder, "dep.xml", ("<nicid>0</nicid>\n                <network>management-network</network>\n"
                                      "                <ip_address>10.10.10.10<",
                                      "<nicid>0</nicid>\n                <network>management-network</network>\n"
                                      f"                <mac_address>{mac}</mac_address>\n"
                                      "                <ip_address>10.10.10.10<"))

    def macs(self):
        links = subprocess.run(["ip", "-n", namespace("two-vnfs"), "-o", "neigh"], capture_output=True, text=True,
                               check=True).stdout
        return {line.split()[0]: line.split()[4] for line in links.splitlines()
                if "lladdr" in line and line.startswith("10.")}

    def test_day0_then_one_that_does_not_serve(self):
        design = self.two_vnfs()
        folder = os.path.dirname(design)
        self.deploy(design)
        before = self.macs()

        self.edit(folder, "day0.cfg", ("runcmd:\n", "runcmd:\n  - touch /run/changed\n"))
        self.new_mac(folder, "52:54:00:00:00:0a")
        plan = dnsvnf("plan", "--exit-code", design, check=False)
        self.assertEqual(1, plan.returncode)
        self.assertIn("two-vnfs_dns-b_0 serves meanwhile", plan.stdout)
        self.assertIn("~ port two-vnfs_dns-a_0_0", plan.stdout)
        done, seen = self.update(design)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue(all(seen["missed"].values()))
        changed = self.macs()
        self.assertEqual("52:54:00:00:00:0a", changed["10.10.10.10"])
        self.assertEqual(before["10.10.10.11"], changed["10.10.10.11"])
        self.assertEqual(0, dnsvnf("plan", "--exit-code", design).returncode)

        # The DNS server of the first never comes up: it goes back, and the second is not touched.
        self.edit(folder, "day0.cfg", ("  - nmcli connection up bond0\n", "  - systemctl mask --now knot\n"))
        self.edit(folder, "dep.xml", ("52:54:00:00:00:0a", "52:54:00:00:00:0b"))
        done, seen = self.update(design)
        self.assertEqual(1, done.returncode)
        self.assertIn("two-vnfs_dns-a_0\" was rolled back and serves", done.stderr)
        self.assertEqual(0, seen["missed"][self.ADDRESSES[1]])
        self.assertEqual(changed, self.macs())


if __name__ == "__main__":
    unittest.main(verbosity=2)
