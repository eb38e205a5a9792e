#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""power: what is asked of Nova, what is refused before anything is, and what is said."""
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import fake_cloud

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import answers  # noqa: E402

DNSVNF = sys.argv.pop(1)
DESIGN = "examples/technote/corrected/dep.xml"
FIRST, SECOND = "cpnr-dns_cpnr_0", "cpnr-dns_cpnr_1"
LOCKED = {"locked": True, "locked_reason": "it is being moved"}


class Power(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        shutil.copytree(os.path.dirname(DESIGN), folder.name, dirs_exist_ok=True)
        self.design = os.path.join(folder.name, "dep.xml")
        self.cloud = fake_cloud.Cloud()
        self.addCleanup(self.cloud.close)
        clouds = os.path.join(folder.name, "clouds.yaml")
        with open(clouds, "w", encoding="utf-8") as out:
            out.write(f"clouds: {{test: {{region_name: R, auth: {{auth_url: '{self.cloud.url}/identity/v3', username: u, "
                      "password: p, project_name: test-tenant, user_domain_id: default, project_domain_id: default}}}\n")
        self.environment = {"PATH": os.environ["PATH"], "OS_CLIENT_CONFIG_FILE": clouds, "XDG_RUNTIME_DIR": folder.name}
        self.servers = {name: self.cloud.make("servers", {
            "name": name, "host_status": "UP", "OS-EXT-STS:task_state": None, "locked": False, "updated": "before",
            "metadata": {"dnsvnf_owner": f"dnsvnf:test-tenant/cpnr-dns/server/{name}"}}) for name in (FIRST, SECOND)}
        self.cloud.make("servers", {"name": "of-others"})

    def power(self, what, *arguments, yes=True):
        done = subprocess.run([DNSVNF, "power", "--vim", "test", *(["--yes"] if yes else []), what, *arguments], text=True,
                              capture_output=True, timeout=30, check=False, stdin=subprocess.DEVNULL, env=self.environment)
        return done.returncode, done.stdout, done.stderr

    def asked(self):
        """What was sent to Nova since the last call: server and action."""
        sent = [(path.split("/")[-2], body) for method, path, body in self.cloud.requests
                if method == "POST" and path.endswith("/action")]
        self.cloud.requests.clear()
        names = {server["id"]: name for name, server in self.servers.items()}
        return [(names[server], body) for server, body in sent]

    def test_actions(self):
        rows = (("stop", {"os-stop": None}, "SHUTOFF"), ("start", {"os-start": None}, "ACTIVE"),
                ("reboot", {"reboot": {"type": "HARD"}}, "ACTIVE"))
        for what, action, status in rows:
            code, _, text = self.power(what, self.design, SECOND, FIRST)
            self.assertEqual(0, code, text)
            self.assertTrue(text.startswith("VIM test, region R, project test-tenant, user u\n"), text)
            self.assertEqual([(SECOND, action), (FIRST, action)], self.asked())
            self.assertEqual([status] * 2, [server["status"] for server in self.servers.values()])

    def test_what_is_so_already_is_not_asked_for(self):
        self.servers[FIRST]["status"] = "SHUTOFF"
        code, out, _ = self.power("stop", "-o", "json", self.design, FIRST, SECOND)
        self.assertEqual((0, [(SECOND, {"os-stop": None})]), (code, self.asked()))
        events, answer = answers.stream("power", out)
        self.assertEqual([("VM_STOPPED", "STARTED", SECOND), ("VM_STOPPED", "SUCCESS", SECOND)],
                         [(e["type"], e["status"], e["object"]) for e in events])
        self.assertEqual([{"server": FIRST, "state_before": "SHUTOFF", "changed": False},
                          {"server": SECOND, "state_before": "ACTIVE", "changed": True}], answer["deployments"][0]["servers"])

    def test_nothing_is_done_if_one_is_refused(self):
        rows = (({"OS-EXT-STS:task_state": "migrating"}, "has the task migrating: try again when it is over"),
                (LOCKED, f"is locked (it is being moved): 'openstack server unlock {self.servers[SECOND]['id']}'"),
                ({"host_status": "DOWN"}, "the compute service of its host is down (host_status DOWN): "),
                ({"host_status": "UNKNOWN"}, "the compute service of its host is down (host_status UNKNOWN): "))
        usual = dict(self.servers[SECOND])
        for given, words in rows:
            with self.subTest(given):
                self.servers[SECOND].update(usual, **given)
                code, _, text = self.power("reboot", self.design, FIRST, SECOND)
                self.assertEqual((1, []), (code, self.asked()), text)
                self.assertIn(f'server "{SECOND}"', text)
                self.assertIn(words, text)
                code, _, text = self.power("reboot", "--force", self.design, SECOND)
                self.assertEqual(0 if "host_status" in given else 1, code, text)
                self.asked()
        self.servers[SECOND].update(usual)
        for name in ("of-others", "cpnr-dns_cpnr_7"):
            code, _, text = self.power("reboot", self.design, FIRST, name)
            self.assertEqual((1, []), (code, self.asked()), text)
            self.assertIn(f'no server "{name}" is deployed by', text)

    def test_a_role_that_cannot_see_the_compute_service_goes_on(self):
        del self.servers[FIRST]["host_status"]
        code, _, text = self.power("reboot", self.design, FIRST)
        self.assertEqual((0, [(FIRST, {"reboot": {"type": "HARD"}})]), (code, self.asked()), text)
        self.assertIn(f"server {FIRST}: not known whether the compute service of its host is up", text)

    def status(self, *arguments):
        return subprocess.run([DNSVNF, "status", "--vim", "test", *arguments, self.design], text=True, capture_output=True,
                              timeout=30, check=True, env=self.environment).stdout

    def test_status_tells_why_it_is_off_or_locked(self):
        def facts():
            server = answers.deployment("status", self.status("-o", "json"))["servers"][0]
            return {key: server[key] for key in ("task", "locked", "locked_reason", "host_status", "last_action")}

        last = {"action": "stop", "user_id": "user-7", "start_time": "2026-01-02T03:04:05.000000", "message": None}
        actions = [last, {**last, "action": "create", "user_id": "user-1"}]
        self.servers[FIRST].update(LOCKED, **{"status": "SHUTOFF", "host_status": "DOWN"})
        self.cloud.spoiled = [("GET", "/os-instance-actions$", (200, {"instanceActions": actions}))]
        self.assertEqual({"task": None, "locked": True, "locked_reason": "it is being moved", "host_status": "DOWN",
                          "last_action": {"action": "stop", "user": "user-7", "at": last["start_time"]}}, facts())
        text = self.status()
        self.assertIn("SHUTOFF; locked (it is being moved); compute service DOWN; last action: stop by user-7 at 2026-01-02T03:04:05",
                      text)
        self.assertEqual(1, text.count("last action"))  # of one that runs it says nothing
        last["user_id"] = None
        self.servers[FIRST]["OS-EXT-STS:task_state"] = "powering-on"
        self.assertIn("; task powering-on; ", self.status())
        self.assertIn("last action: stop by no user", self.status())
        # What the role cannot see is unknown.
        self.cloud.spoiled = [("GET", "/os-instance-actions$", (403, {"forbidden": {"message": "Policy"}}))]
        for key in ("locked", "locked_reason", "host_status"):
            del self.servers[FIRST][key]
        self.assertEqual({"task": "powering-on", **dict.fromkeys(("locked", "locked_reason", "host_status", "last_action"))}, facts())

    def test_asks(self):
        for what, code in (("stop", 2), ("reboot", 2), ("start", 0)):
            got, _, text = self.power(what, self.design, FIRST, yes=False)
            self.assertEqual((code, []), (got, self.asked()), text)
            self.assertEqual(code == 2, "there is no terminal for the confirmation: give --yes" in text, text)

    def test_twice_within_a_second(self):
        """Nova's time of the last change has seconds only."""
        self.cloud.times = itertools.repeat("before")
        code, _, text = self.power("reboot", self.design, FIRST)
        self.assertEqual(0, code, text)

    def test_a_lost_reply_is_no_success(self):
        """The reboot did not arrive: Nova's time of the last change tells."""
        self.cloud.spoil("POST", "/action$", 500, "a wheel came off")
        code, _, text = self.power("reboot", self.design, FIRST)
        self.assertEqual(1, code)
        self.assertIn(f'reboot server "{FIRST}": Nova did not carry out the reboot', text)
        code, _, text = self.power("stop", self.design, FIRST)
        self.assertEqual(1, code)
        self.assertIn(f'stop server "{FIRST}": stop: the server is ACTIVE', text)

    def test_first_failure_ends_it(self):
        self.cloud.fails = ["the disk is on fire"]
        code, out, _ = self.power("reboot", "-o", "json", self.design, FIRST, SECOND)
        self.assertEqual((1, [FIRST]), (code, [name for name, _ in self.asked()]))
        events, answer = answers.stream("power", out)
        self.assertEqual(["STARTED", "FAILURE"], [event["status"] for event in events])
        self.assertEqual("failed", answer["error"]["kind"])
        self.assertEqual([False, False], [server["changed"] for server in answer["deployments"][0]["servers"]])


if __name__ == "__main__":
    unittest.main()
