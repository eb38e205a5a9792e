#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dnsvnf init: whatever is chosen, the design checks clean and is what was asked for. Usage: test_init.py DNSVNF"""
import contextlib
import functools
import itertools
import os
import pty
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ET

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(TESTS)
import answers  # noqa: E402

DNSVNF = sys.argv.pop(1)
ESC = "{http://www.cisco.com/esc/esc}"


def init(folder, *options, **more):
    return subprocess.run([DNSVNF, "init", *options, folder], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, **more)


def texts(path, tag):
    return [e.text for e in ET.parse(path).iter(ESC + tag)]


class Init(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="dnsvnf-init-")
        self.addCleanup(self.folder.cleanup)

    def path(self, name="design"):
        return os.path.join(self.folder.name, name)

    def test_an_interrupt_leaves_no_part(self):
        """The second file is made slowly; the interrupt comes when there is the first."""
        folder = self.path()
        with subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-P", f"{folder}/day0.cfg", "-e", "inject=openat:delay_enter=2000000",
                               DNSVNF, "init", folder], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as strace:
            end = time.monotonic() + 30
            while not os.path.exists(f"{folder}/dep.xml") and time.monotonic() < end:
                time.sleep(0.01)
            with open(f"/proc/{strace.pid}/task/{strace.pid}/children", encoding="ascii") as children:
                os.kill(int(children.read()), signal.SIGINT)
        self.assertEqual(["day0.cfg", "dep.xml", "example.test.zone", "knot.conf"], sorted(os.listdir(folder)))

    def test_every_combination_checks_clean(self):
        key = self.path("key.pub")
        with open(key, "w", encoding="utf-8") as out:
            out.write("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f "
                      "operator@example.test\n")
        networks = {"1": "mgmt,fabric-a", "2": "mgmt,fabric-a,fabric-b"}
        n = 0
        for dialect, legs, family, new in itertools.product(("nmcli", "keyfile", "netplan", "ifcfg"), "12", "46x", (0, 1)):
            vms = "13"[n // 2 % 2]
            options = ["--dialect", dialect, "--legs", legs, "--vms", vms, "--ssh-key", key]
            options += {"4": [], "6": ["--management", "2001:db8:10::10/64", "--service", "none", "--service6", "2001:db8:101::10/64"],
                        "x": ["--service6", "2001:db8:101::10/64"]}[family]
            options += ["--vlan", "0"] if new else ["--networks", networks[legs]]
            folder = self.path(f"{n}")
            with self.subTest(options=options):
                run = init(folder, "-o", "json", *options)
                answer = answers.answer("init", run.stdout)
                self.assertEqual((answer["errors"], answer["findings"], run.returncode), (0, [], 0))
            n += 1
        check = subprocess.run([DNSVNF, "check", os.path.join(folder, "dep.xml")], capture_output=True, text=True,
                               timeout=60)
        self.assertIn(": 0 errors, 0 warnings,", check.stdout)
        self.assertEqual(n, 48)

    def test_what_is_asked_for(self):
        run = init(self.path(), "--name", "edge", "--tenant", "t", "--vms", "2", "--management", "192.0.2.20/24",
                   "--management-gateway", "192.0.2.254", "--service", "198.51.100.4/24", "--vlan", "310",
                   "--physnets", "left,right", "--zone", "zone.example.", "--image", "img", "--flavor", "big")
        self.assertEqual(run.returncode, 0, run.stderr)
        xml = self.path("design/dep.xml")
        self.assertEqual(texts(xml, "provider_physical_network"), ["left", "right"])
        self.assertEqual(set(texts(xml, "provider_segmentation_id")), {"310"})
        self.assertEqual(set(texts(xml, "ip_address")), {"192.0.2.20", "192.0.2.21", "198.51.100.4", "198.51.100.5"})
        self.assertEqual(set(texts(xml, "gateway")), {"192.0.2.254", "198.51.100.1"})
        self.assertEqual(texts(xml, "image"), ["\n      ", "img", "img"])
        macs = texts(xml, "mac_address")
        self.assertEqual(len(set(macs)), 6)
        with open(self.path("design/day0-2.cfg"), encoding="utf-8") as day0:
            self.assertIn("hostname: edge-2\n", day0.read())
        with open(self.path("design/zone.example.zone"), encoding="utf-8") as zone:
            self.assertIn("ns2\tA\t198.51.100.5\n", zone.read())
        # Another deployment has other MAC addresses.
        init(self.path("other"), "--name", "core", "--vms", "2")
        self.assertFalse(set(macs) & set(texts(self.path("other/dep.xml"), "mac_address")))

    def test_nothing_is_replaced(self):
        os.mkdir(self.path())
        with open(self.path("design/knot.conf"), "w", encoding="utf-8") as out:
            out.write("mine")
        run = init(self.path())
        self.assertEqual(run.returncode, 1)
        self.assertIn("knot.conf: File exists", run.stderr)
        self.assertEqual(os.listdir(self.path()), ["knot.conf"])
        self.assertEqual(init(self.path("twice")).returncode, 0)
        self.assertEqual(init(self.path("twice")).returncode, 1)

    def test_what_cannot_be_written_leaves_nothing(self):
        """A part of a design would keep the next run from writing it."""
        with open(self.path("key.pub"), "w", encoding="ascii") as out:
            out.write(f"ssh-rsa {'A' * 8000} me")  # day-0 is larger than the descriptor

        def limit(size):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # as a full disk

        for size in (100, 7500):
            run = init(self.path(), "--ssh-key", self.path("key.pub"), preexec_fn=functools.partial(limit, size))
            self.assertEqual(run.returncode, 1, run.stderr)
            self.assertIn(": File too large", run.stderr)
            self.assertEqual(os.listdir(self.path()), [])
        self.assertEqual(init(self.path()).returncode, 0)

    def test_wrong_answers_are_named(self):
        for options, why in ((["--vms", "17"], "--vms '17': it must be from 1 to 16"),
                             (["--name", "Dns_1"], "--name 'Dns_1': it must be lower-case letters"),
                             (["--dialect", "wicked"], "--dialect 'wicked': it must be nmcli, keyfile, netplan or ifcfg"),
                             (["--service", "172.16.1.10"], "such as 172.16.1.10/24"),
                             (["--service", "172.16.1.254/24", "--vms", "2"], "host addresses of this network"),
                             (["--service", "2001:db8::1/64"], "it must be an IPv4 address, or none"),
                             (["--gateway", "192.0.2.1"], "an address of this network"),
                             (["--gateway", "172.16.1.10"], "it is the address of a VM"),
                             (["--service", "none"], "--service or --service6 must be an address"),
                             (["--management", "none"], "--management: VM_ALIVE needs an address"),
                             (["--physnets", "a,a"], "on two physical networks"),
                             (["--networks", "mgmt,leg"], "one for each leg"),
                             (["--zone", "a..b"], "a domain name"),
                             (["--ssh-key", "/dev/null"], "public key")):
            run = init(self.path(), *options)
            self.assertEqual(run.returncode, 2, options)
            self.assertIn(why, run.stderr)
        self.assertFalse(os.path.exists(self.path()))

    def test_questions(self):
        """On a terminal: an empty line is the default, and a wrong answer is asked for again."""
        outside, inside = pty.openpty()
        run = subprocess.Popen([DNSVNF, "init", "--tenant", "t", self.path()], stdin=inside, stderr=inside,
                               stdout=subprocess.PIPE, text=True)
        os.close(inside)
        os.write(outside, b"Dns\nedge\n\n1\n\n\nleft\n" + b"\n" * 4 + b"none\n\nnetplan\n\n\n\n")
        self.assertIn("check: 0 errors, 0 warnings", run.communicate(timeout=60)[0])
        asked = ""
        with contextlib.suppress(OSError):  # EIO: all is read
            while chunk := os.read(outside, 1 << 16).decode():
                asked += chunk
        os.close(outside)
        self.assertIn("it must be lower-case letters", asked)
        self.assertIn("physical network of each leg [sriov0]: ", asked)
        self.assertNotIn("tenant", asked)
        self.assertEqual(texts(self.path("design/dep.xml"), "provider_physical_network"), ["left"])
        self.assertTrue(os.path.exists(self.path("design/60-dns.yaml")))


if __name__ == "__main__":
    unittest.main()
