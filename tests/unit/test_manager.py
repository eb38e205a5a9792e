#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dnsvnfd and its verbs, with a cloud in this process and guests on addresses of a network namespace."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

import site_case
import manager_site
from site_case import Case, DNSVNF
from manager_site import CONTROL, FIRST, SECOND, ip


class Watching(Case):
    def test_watches_and_does_nothing(self):
        del self.site.settings["heal"]  # the default
        self.managed()
        self.site.guest(FIRST, False)
        held = self.wait("HEALING_HELD", vm=FIRST, hold="watch-only")
        self.assertRegex(held["details"], r"echo silent \(\d+ misses.*the VIM says ACTIVE.*it would reboot it now")
        self.assertEqual([], self.acts())
        # A person may ask for it all the same, but not while another forbids it.
        until = self.json("hold", "vm", FIRST, "--why", "its disk is being looked at", "--minutes", "5")["until"]
        self.assertAlmostEqual(time.time() + 300, until, delta=60)
        self.assertIn(f"hold on vm {FIRST} by ", self.verb("status", "--watch"))
        self.site.until(lambda: self.hold_of(FIRST) in ("watch-only", "operator"))
        self.json("heal", FIRST)
        self.wait("HEALING_HELD", vm=FIRST, hold="operator")
        self.assertEqual([], self.acts())
        self.json("release", "vm", FIRST)
        self.wait("VM_RECOVERY_INIT", vm=FIRST)
        self.wait("VM_RECOVERY_REBOOT", vm=FIRST, status="SUCCESS")
        self.assertEqual([(FIRST, "reboot")], self.acts())
        self.site.guest(FIRST, True)
        self.wait("VM_RECOVERY_COMPLETE", vm=FIRST, status="SUCCESS")
        self.assertEqual([], self.events("VM_RECOVERY_INIT"))

    def test_a_service_that_is_silent(self):
        """Alive by its KPI: an event, and no act."""
        self.managed()
        service = [[f"{address}/{128 if ':' in address else 32}", "dev", "lo"] for address in manager_site.ADDRESSES[FIRST][1:]]
        for words in service:
            ip("address", "del", *words)
            self.addCleanup(ip, "address", "add", *words, check=False)
        silent = self.wait("SERVICE_SILENT", vm=FIRST)
        self.assertRegex(silent["details"], "echo answers, DNS silent.*so nothing is done: repair its name server")
        for words in service:
            ip("address", "add", *words, *(["nodad"] if ":" in words[0] else []))
        self.assertRegex(self.wait("SERVICE_ANSWERS", vm=FIRST)["details"], "echo answers, DNS answers")
        self.assertEqual(([], "alive"), (self.acts(), self.site.vms(DNSVNF)[FIRST]["state"]))


class Healing(Case):
    def test_heals_what_is_silent_and_what_is_off(self):
        self.managed()
        self.site.guest(FIRST, False)
        init = self.wait("VM_RECOVERY_INIT", vm=FIRST)
        self.assertEqual(self.site.server(FIRST)["id"], init["vm_id"])
        self.wait("VM_REBOOTED", status="SUCCESS")
        self.site.guest(FIRST, True)
        self.wait("VM_RECOVERY_COMPLETE", vm=FIRST, status="SUCCESS")
        self.assertEqual([(FIRST, "reboot")], self.acts())
        # Off, and no person stopped it: Nova's power sync did.
        self.site.cloud.spoiled = [("GET", "/os-instance-actions$", (200, {"instanceActions": [
            {"action": "stop", "user_id": None, "start_time": "2026-01-02T03:04:05.000000", "message": None}]}))]
        self.site.cloud.requests.clear()
        self.site.server(SECOND).update({"status": "SHUTOFF", "OS-EXT-STS:power_state": 4, "updated": "later"})
        self.site.guest(SECOND, False)
        self.wait("VM_RECOVERY_INIT", vm=SECOND)
        self.wait("VM_RECOVERY_REBOOT", vm=SECOND, status="SUCCESS")
        self.assertEqual([(SECOND, "start")], self.acts())
        self.site.server(SECOND)["OS-EXT-STS:power_state"] = 1
        self.site.guest(SECOND, True)
        self.wait("VM_RECOVERY_COMPLETE", vm=SECOND, status="SUCCESS")

    def test_redeploys_after_a_reboot_that_did_not_help(self):
        self.site.change({"<bootup_time>300<": "<bootup_time>20<"})
        self.managed()
        self.site.guest(FIRST, False)
        self.wait("VM_RECOVERY_REBOOT", vm=FIRST, status="SUCCESS")
        # Nova makes its disk anew, and the guest comes up.
        threading.Thread(target=lambda: (self.site.until(lambda: len(self.acts()) > 1), self.site.guest(FIRST, True))).start()
        # It answers while deploy still looks at it; that comes after deploy's own event.
        self.wait("VM_RECOVERY_DEPLOYED", vm=FIRST, status="SUCCESS")
        self.wait("VM_RECOVERY_COMPLETE", vm=FIRST, status="SUCCESS", state="alive")
        self.assertEqual([(FIRST, "reboot"), (FIRST, "rebuild")], self.acts())
        self.assertEqual(1, len([event for event in self.site.events(DNSVNF) if event["type"] == "VM_RECOVERY_COMPLETE"]))


class Holding(Case):
    def test_says_why_it_does_not_heal(self):
        self.managed()
        rows = (("locked", {"locked": True, "locked_reason": "it is being moved"}, "openstack server unlock"),
                ("task", {"OS-EXT-STS:task_state": "migrating"}, "the VIM is working on it"),
                ("wanted", {"status": "PAUSED"}, "a person paused"),
                ("host", {"host_status": "DOWN"}, "the cloud must evacuate it"))
        usual = dict(self.site.server(FIRST))
        self.site.guest(FIRST, False)
        for hold, given, words in rows:
            self.site.server(FIRST).update({**usual, **given})
            self.assertIn(words, self.wait("HEALING_HELD", vm=FIRST, hold=hold)["details"])
        # The way to it is not proven: its control is silent, too.
        ip("address", "del", f"{CONTROL}/32", "dev", "lo")
        self.wait("VM_STATE", vm=FIRST, state="unknown")
        self.site.server(FIRST).update(usual)
        self.site.guest(SECOND, False)
        self.assertIn("nothing proves that the way to it works", self.wait("VM_STATE", vm=SECOND, state="unknown")["details"])
        # The way is, and all of the network are silent: one common fault.
        ip("address", "add", f"{CONTROL}/32", "dev", "lo")
        self.assertIn("2 of 2 VMs", self.wait("HEALING_HELD", hold="many")["details"])
        self.site.guest(SECOND, True)
        # A service that answers where echo does not.
        ip("address", "add", f"{manager_site.ADDRESSES[FIRST][1]}/32", "dev", "lo")
        self.addCleanup(ip, "address", "del", f"{manager_site.ADDRESSES[FIRST][1]}/32", "dev", "lo", check=False)
        self.wait("VM_STATE", vm=FIRST, state="partial")
        self.assertEqual([], self.acts())

    def test_an_api_that_is_away_heals_nothing(self):
        self.managed()
        self.site.cloud.spoil("GET", "/servers/detail", 503)
        self.site.guest(FIRST, False)
        self.wait("HEALING_HELD", vm=FIRST, hold="vim")
        self.assertEqual([], self.acts())
        self.assertIn("the VIM does not answer", self.verb("status", "--watch"))


class Surviving(Case):
    def test_a_killed_deploy_is_finished(self):
        for name in (FIRST, SECOND):
            self.site.guest(name, True)
        self.start()
        self.site.cloud.delay("POST", "/servers$")
        self.verb("manage", "--vim", "test", self.site.design)
        self.assertTrue(self.site.cloud.delayed.wait(240))
        before = self.site.events(DNSVNF)
        self.site.kill()
        self.site.cloud.over.set()
        self.site.cloud.spoiled.clear()
        self.start()
        self.assertEqual(before, self.site.events(DNSVNF)[:len(before)])
        self.after = before[-1]["seq"]
        self.wait("JOB_DONE")
        self.assertEqual([FIRST, SECOND], sorted(server["name"] for server in self.site.cloud.there["servers"].values()))

    def test_a_killed_act_is_not_repeated(self):
        self.managed()
        self.site.cloud.delay("POST", "/action$")
        self.site.guest(FIRST, False)
        self.assertTrue(self.site.cloud.delayed.wait(240))
        init = self.wait("VM_RECOVERY_INIT", vm=FIRST)
        self.site.kill()
        self.site.cloud.spoiled.clear()
        self.start()
        self.assertEqual("recovering", self.site.vms(DNSVNF)[FIRST]["state"])
        # The reboot was carried out, and the guest comes up in its time.
        self.site.until(lambda: self.site.vms(DNSVNF)[SECOND]["state"] == "alive")
        self.site.guest(FIRST, True)
        self.wait("VM_RECOVERY_COMPLETE", vm=FIRST, status="SUCCESS")
        self.assertEqual([(FIRST, "reboot")], self.acts())
        self.assertEqual(1, len([event for event in self.site.events(DNSVNF) if event["type"] == "VM_RECOVERY_INIT"]))
        self.assertIn(init, self.site.events(DNSVNF))

    def test_a_full_disk_ends_healing_not_watching(self):
        os.mkdir(self.site.store)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M,mode=755", "store", self.site.store], check=True, timeout=30)
        self.addCleanup(subprocess.run, ["umount", "-l", self.site.store], check=True, timeout=30)
        self.managed()
        before = self.site.events(DNSVNF)
        with open(f"{self.site.store}/filler", "wb", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        self.site.guest(FIRST, False)
        self.seen_and_not_healed("No space left on device")
        os.unlink(f"{self.site.store}/filler")
        self.wait("VM_RECOVERY_INIT", vm=FIRST)
        self.assertEqual(before, self.site.events(DNSVNF)[:len(before)])
        self.assertIn("VM_STATE", [event["type"] for event in self.site.events(DNSVNF)[len(before):]])

    def seen_and_not_healed(self, why):
        """The store cannot be written: what happens is seen, nothing is done, and what is asked for is refused."""
        self.site.until(lambda: self.site.vms(DNSVNF)[FIRST]["state"] in ("waiting", "held"))
        self.site.until(lambda: "nothing is healed" in self.verb("status", "--watch"))
        self.site.until(lambda: "watching goes on, but nothing is healed or deployed" in self.site.said())
        for words in (("manager", "undeploy", "test-tenant/two-vnfs"), ("hold", "vm", FIRST, "--why", "x"),
                      ("release", "vm", SECOND), ("heal", FIRST), ("manage", "--vim", "test", self.site.design)):
            refused = self.verb(*words, code=1)
            self.assertIn(why, refused)
            self.assertIn("the request is refused", refused)
        self.assertEqual([], self.acts())

    def test_errors_of_the_disk_end_healing_not_watching(self):
        self.managed()
        self.verb("hold", "vm", SECOND, "--why", "to be released")
        before = self.site.events(DNSVNF)
        for code, why in (("EIO", "Input/output error"), ("EROFS", "Read-only file system")):
            broken = subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-p", str(self.site.daemon.pid),
                                       "-e", "trace=fsync,ftruncate,renameat", "-e", f"inject=fsync,ftruncate,renameat:error={code}"])
            try:
                self.site.guest(FIRST, False)
                self.seen_and_not_healed(why)
            finally:
                broken.terminate()  # it lets go of the daemon
                broken.wait(60)
            # Nothing of what was refused is done or shown; what was seen is kept.
            self.site.until(lambda: "nothing is healed" not in self.verb("status", "--watch"))
            self.assertIn(f"hold on vm {SECOND} by ", self.verb("status", "--watch"))
            self.assertNotIn(f"hold on vm {FIRST} by ", self.verb("status", "--watch"))
            self.site.guest(FIRST, True)
            self.site.until(lambda: self.site.vms(DNSVNF)[FIRST]["state"] == "alive")
            shown = self.site.events(DNSVNF)
            self.assertEqual(before, shown[:len(before)])
            types = {event["type"] for event in shown[len(before):]}
            self.assertIn("VM_STATE", types)
            self.assertFalse(types & {"HOLD_SET", "HOLD_RELEASED", "HEAL_REQUESTED", "UNDEPLOY_ACCEPTED", "CONFIG_ACCEPTED"}, types)
            before = shown


class Verbs(Case):
    def test_generations(self):
        self.managed()
        name = "test-tenant/two-vnfs"
        self.site.change({"<recovery_wait_time>1<": "<recovery_wait_time>17<"})
        again, = self.json("manage", "--vim", "test", self.site.design)["deployments"]
        self.assertEqual({"tenant": "test-tenant", "deployment": "two-vnfs", "generation": 2}, again)
        self.wait("JOB_DONE")
        self.assertEqual([1, 2], [one["generation"] for one in self.json("manager", "list", name)["generations"]])
        self.assertEqual(["1", "2"], [line.split()[0] for line in self.verb("manager", "list", name).splitlines()])
        self.assertRegex(self.verb("manager", "diff", name, "1", "2"), r"(?s)-.*recovery_wait_time>1<.*\+.*recovery_wait_time>17<")
        self.assertEqual(3, self.json("manager", "rollback", name, "1")["generation"])
        self.assertIn("generation 3, a copy of 1", self.wait("CONFIG_ACCEPTED")["details"])
        self.wait("JOB_DONE")
        self.assertIn("has no generation 9", self.verb("manager", "diff", name, "1", "9", code=1))
        # An undeploy that fails is still wanted.
        self.site.cloud.spoil("DELETE", "/servers/", 500, "not today")
        self.verb("manager", "undeploy", name)
        self.wait("JOB_FAILED")
        self.site.cloud.spoiled.clear()
        self.site.kill()
        self.start()
        self.wait("CONFIG_REMOVED")
        self.assertEqual({}, self.site.cloud.there["servers"])
        self.assertIn("0 deployments", self.verb("status", "--watch"))

    def test_events_follow_and_metrics(self):
        self.start()
        with subprocess.Popen([DNSVNF, "events", "--follow", "-o", "json"], stdout=subprocess.PIPE, text=True,
                              env=self.site.environment) as follower:
            started = json.loads(follower.stdout.readline())
            self.assertEqual("MANAGER_STARTED", started["type"])
            for name in (FIRST, SECOND):
                self.site.guest(name, True)
            self.verb("manage", "--vim", "test", self.site.design)
            seen = {}
            while seen.get("type") != "JOB_DONE":
                following = json.loads(follower.stdout.readline())
                self.assertEqual(seen.get("seq", started["seq"]) + 1, following["seq"])
                seen = following
            follower.terminate()
        later = self.verb("events", "--since", seen["time"])
        self.assertEqual(str(seen["seq"]), later.split()[0])
        self.assertEqual(later, self.verb("events", "--since", str(seen["seq"])))
        with urllib.request.urlopen("http://127.0.0.1:9781/metrics", timeout=60) as answer:
            metrics = answer.read().decode()
        self.assertRegex(metrics, rf'(?m)^dnsvnf_vm_state{{tenant="test-tenant",deployment="two-vnfs",vm_group="dns-a",vm="{FIRST}",'
                                  r'state="\w+"} 1$')
        self.assertRegex(metrics, r"(?m)^dnsvnf_deployments 1$")
        done = subprocess.run(["promtool", "check", "metrics"], input=metrics, text=True, capture_output=True, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr))

    def test_drift_is_reported(self):
        self.managed(settle="5")
        port = next(iter(self.site.cloud.there["ports"].values()))
        self.site.cloud.there["ports"].pop(port["id"])
        self.site.kill()
        self.start()
        self.assertIn("create port", self.wait("DRIFT")["details"])
        self.assertEqual([], [one for one in self.site.cloud.requests if one[0] not in ("GET", "POST")])

    def test_what_is_not_managed(self):
        self.assertEqual("unreachable", self.json("status", "--watch", code=3)["error"]["kind"])
        self.start()
        self.assertEqual("not_found", self.json("heal", "x", code=1)["error"]["kind"])
        self.assertIn("no VM 'x' is managed", self.verb("heal", "x", code=1))
        self.assertIn("is not managed", self.verb("manager", "list", "a/b", code=1))
        self.verb("release", "vm", "x", code=1)
        self.assertIn("--why is required", self.verb("hold", "vm", "x", code=2))
        self.assertTrue(re.search("must be vm, deployment, network, host or cloud", self.verb("hold", "pod", "x", "--why", "y", code=1)))


class Many(Case):
    def test_all_at_once(self):
        """More events in a second than wait for a full disk, and their memories: none is lost, and the probes keep time."""
        policy = {"watched": True, "period_ms": 3000, "n_true": 1, "n_false": 5, "bootup_ms": 300000, "reboot_ms": -1000,
                  "wait_ms": 30000, "action": "REBOOT_ONLY", "max_retries": 3}
        for number in range(3):
            vms = [{"name": f"vm-{number}-{i}", "group": "dns", "network": "n", "policy": policy,
                    "management": f"127.{1 + number}.{i // 250}.{i % 250 + 1}"} for i in range(1000)]
            folder = f"{self.site.store}/tenants/many/d{number}"
            os.makedirs(f"{folder}/1")
            os.symlink("1", f"{folder}/current")
            with open(f"{folder}/1/watch.json", "w", encoding="utf-8") as out:
                json.dump({"tenant": "many", "deployment": f"d{number}", "cloud": "test", "vms": vms}, out)
        self.start()
        self.site.until(lambda: len(self.events("VM_ALIVE")) == 3000)
        self.assertEqual([], self.events("EVENTS_LOST"))
        self.assertEqual({"alive"}, {vm["state"] for vm in self.site.vms(DNSVNF).values()})
        with urllib.request.urlopen("http://127.0.0.1:9781/metrics", timeout=60) as answer:
            metrics = answer.read().decode()
        self.assertRegex(metrics, "(?m)^dnsvnf_events_dropped_total 0$")
        # What is remembered is found again.
        self.site.kill()
        self.start()
        self.assertEqual(3000, len(self.site.vms(DNSVNF)))


class Rules(unittest.TestCase):
    def test_rules(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy("manager/dnsvnfd.rules.yml", folder)
            shutil.copy("tests/unit/data/dnsvnfd.rules.test.yml", folder)
            for words in (("check", "rules", "dnsvnfd.rules.yml"), ("test", "rules", "dnsvnfd.rules.test.yml")):
                done = subprocess.run(["promtool", *words], cwd=folder, text=True, capture_output=True, check=False)
                self.assertEqual(0, done.returncode, done.stdout + done.stderr)


if __name__ == "__main__":
    site_case.main()
