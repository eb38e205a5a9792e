#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bondd against the kernel's bond, in the local VM. Needs root, the image, ssh and nft."""
import json
import os
import subprocess
import sys
import time
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "bench"))
import outage  # noqa: E402 the VM, its load and its failures are the bench's

outage.TENANT = "test-bondd"  # beside a bench, not in it
outage.WORK = os.path.join(TOP, "build", "test-bondd")
FLAPS = int(os.environ.get("DNSVNF_TEST_FLAPS", "1000"))


def say(text):
    print(f"    {text}", file=sys.stderr, flush=True)


class Bondd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.makedirs(outage.WORK, exist_ok=True)
        os.environ["DNSVNF_LOCAL_DIR"] = os.path.join(outage.WORK, "local")
        cls.addClassCleanup(subprocess.run,
                            [outage.DNSVNF, "undeploy", "--yes", os.path.join(outage.WORK, "design", "dep.xml")],
                            check=False, capture_output=True)
        cls.vm = outage.deploy(False)

    def setUp(self):
        outage.settle(self.vm, True)

    def bond(self):
        return json.loads(self.vm.guest("bondd status -o json"))["bonds"][0]

    def wait(self, wanted, seconds=60):
        end = time.monotonic() + seconds
        while not wanted(bond := self.bond()):
            if time.monotonic() > end:
                self.fail(f"not within {seconds} s: {json.dumps(bond['watch'])}, active {bond['active_leg']}")
            time.sleep(0.2)
        return bond

    def pid(self):
        return self.vm.guest("systemctl show -P MainPID bondd").strip()

    def rss(self):
        """kB of the monitor."""
        return int(self.vm.guest(f"grep VmRSS /proc/{self.pid()}/status").split()[1])

    def moves(self):
        return sum(self.bond()["watch"]["moves"].values())

    def test_silent_path(self):
        """Carrier up, path dead: moved, said so, and stayed when it came back."""
        leg = self.vm.active()
        before = self.bond()["watch"]["moves"]["silent"]
        outage.silent(self.vm, leg)
        try:
            bond = self.wait(lambda b: b["active_leg"] != leg and b["watch"]["moves"]["silent"] == before + 1)
        finally:
            outage.mend(self.vm, leg)
        say(bond["watch"]["sentence"])
        self.assertRegex(bond["watch"]["sentence"],
                         rf"^{leg} lost (\d+) of \1 probes(?: of a burst)? to 172\.16\.1\.1 with carrier up: moved to ens\d after \d+ ms")
        outage.settle(self.vm, True)
        self.assertNotEqual(self.vm.active(), leg)

    def test_carrier(self):
        leg = self.vm.active()
        before = self.bond()["watch"]["moves"]["carrier"]
        outage.set_link(self.vm, leg, False)
        try:
            bond = self.wait(lambda b: b["watch"]["moves"]["carrier"] == before + 1)
        finally:
            outage.set_link(self.vm, leg, True)
        say(bond["watch"]["sentence"])
        self.assertRegex(bond["watch"]["sentence"], rf"^{leg} lost its carrier: moved to ens\d after \d+ ms")
        self.assertNotEqual(bond["active_leg"], leg)

    def test_dead_gateway_moves_nothing(self):
        leg, moves = self.vm.active(), self.bond()["watch"]["moves"]
        kill, revive = outage.FAILURES["gateway dead"]
        kill(self.vm, leg)
        try:
            bond = self.wait(lambda b: b["watch"]["state"] == "targets-gone")
            time.sleep(3)
            self.assertEqual(self.vm.active(), leg)
        finally:
            revive(self.vm, leg)
        outage.settle(self.vm, True)
        self.assertEqual(self.bond()["watch"]["moves"], moves)
        self.assertEqual(self.vm.active(), leg)
        say(bond["watch"]["sentence"] or "")

    def test_killed(self):
        """Nothing is left down, the kernel's monitor goes on, and a new bondd adopts the bond as it is."""
        leg, pid = self.vm.active(), self.pid()
        self.vm.guest(f"kill -9 {pid}")
        bond = json.loads(self.vm.guest("bondd status -o json"))["bonds"][0]
        self.assertEqual([l["mii_status"] for l in bond["legs"]], ["up", "up"])
        self.assertEqual(bond["active_leg"], leg)
        self.wait(lambda b: b["watch"] and self.pid() != pid and self.pid() != "0")
        outage.settle(self.vm, True)
        self.assertEqual(self.vm.active(), leg)
        self.assertEqual(set(self.bond()["watch"]["moves"].values()), {0})

    def test_stopped_the_kernel_goes_on(self):
        leg = self.vm.active()
        self.vm.guest("systemctl stop bondd")
        try:
            outage.set_link(self.vm, leg, False)
            self.wait(lambda b: b["active_leg"] != leg)
        finally:
            outage.set_link(self.vm, leg, True)
            self.vm.guest("systemctl start bondd")

    def test_wrong_configuration(self):
        """Said once, with the line, instead of being tried again and again; the bond goes on by itself."""
        self.vm.guest("cp /etc/bondd.conf /tmp/bondd.conf; echo interval=0 >> /etc/bondd.conf;"
                      "systemctl restart bondd bondd-status; true")
        try:
            time.sleep(2)
            for unit in "bondd", "bondd-status":
                self.assertEqual(self.vm.guest(f"systemctl show -P ActiveState {unit}").strip(), "failed", unit)
                self.assertEqual(self.vm.guest(f"systemctl show -P NRestarts {unit}").strip(), "0", unit)
                log = self.vm.guest(f"journalctl -u {unit} -n 20 -o cat")
                self.assertRegex(log, r"bondd: /etc/bondd\.conf:\d+: interval: '0' must be an integer from 5 to 1000")
        finally:
            self.vm.guest("mv /tmp/bondd.conf /etc/bondd.conf; systemctl restart bondd bondd-status")
        self.wait(lambda b: b["watch"] and b["watch"]["state"] == "healthy")

    def test_ninth_bond(self):
        """However many there are, each is watched, and reported."""
        names = [f"more{n}" for n in range(1, 9)]
        self.vm.guest("; ".join(f"ip link add {name} type bond mode active-backup miimon 100" for name in names))
        try:
            end = time.monotonic() + 30
            while True:
                bonds = json.loads(self.vm.guest("bondd status -o json"))["bonds"]
                watched = sorted(b["name"] for b in bonds if b["watch"])
                if watched == sorted(["bond0", *names]):
                    break
                self.assertLess(time.monotonic(), end, watched)
                time.sleep(0.5)
        finally:
            self.vm.guest("; ".join(f"ip link del {name}" for name in names))

    def test_crash(self):
        """A guest whose kernel crashes starts again by itself; one that is emulated also when it stalls."""
        boot = self.vm.guest("cat /proc/sys/kernel/random/boot_id")
        if "oops=panic" in self.vm.guest("cat /proc/cmdline"):  # emulated
            self.assertEqual(self.vm.guest("cat /proc/sys/kernel/panic_on_rcu_stall").strip(), "1")
        self.vm.guest("systemd-run sh -c 'sleep 1; echo c > /proc/sysrq-trigger'")
        self.vm.hang_up()
        end = time.monotonic() + 200
        while True:
            try:
                if self.vm.guest("cat /proc/sys/kernel/random/boot_id; bondd status >/dev/null").strip() != boot.strip():
                    break
            except (RuntimeError, subprocess.TimeoutExpired):
                pass
            self.assertLess(time.monotonic(), end, "the guest did not come back")
            time.sleep(1)
        self.wait(lambda b: b["watch"] and b["watch"]["state"] == "healthy")
        end = time.monotonic() + 120  # the name server may start after bondd
        while (load := outage.Load(self.vm, 0.5).finish())["lost"] == load["sent"]:
            self.assertLess(time.monotonic(), end, "DNS does not answer after the crash")

    def test_flaps(self):
        """Links that come and go: bondd moves at most once a loss, at the end DNS answers, and the monitor is no
        larger."""
        legs = [l["name"] for l in self.bond()["legs"]]
        for n in range(20):  # what is allocated once, is
            outage.set_link(self.vm, legs[n % 2], False)
            outage.set_link(self.vm, legs[n % 2], True)
        outage.settle(self.vm, True)
        before, pid = self.rss(), self.pid()
        moves = self.moves()
        for n in range(FLAPS):
            outage.set_link(self.vm, legs[n // 2 % 2], False)
            time.sleep(0.02)
            outage.set_link(self.vm, legs[n // 2 % 2], True)
            time.sleep(0.02)
        outage.settle(self.vm, True)
        after = self.rss()
        moves = self.moves() - moves
        say(f"{FLAPS} flaps: {before} kB before, {after} kB after; {moves} moves: {self.bond()['watch']['moves']}")
        self.assertEqual(self.pid(), pid, "bondd was started anew")
        self.assertLessEqual(after, before + 128)
        self.assertLess(after, 6000)
        self.assertTrue(0 < moves <= FLAPS, f"{moves} moves")
        load = outage.Load(self.vm, 1.0).finish()
        self.assertGreater(load["sent"] - load["lost"], load["sent"] / 2)  # one leg in two would lose that, the machine less


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("tests/vm needs root: sudo make test")
    unittest.main(verbosity=2)
