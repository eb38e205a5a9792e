#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy --replace: one server is made anew with its ports, and nothing else is changed."""
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
DESIGN = "examples/designs/two-vnfs"
FIRST, SECOND = "two-vnfs_dns-a_0", "two-vnfs_dns-b_0"
KEPT = ("id", "mac_address", "fixed_ips", "network_id", "description")


class Replace(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.design = os.path.join(folder.name, "design", "dep.xml")
        shutil.copytree(DESIGN, os.path.dirname(self.design))
        with open(f"{DESIGN}/dep.xml", encoding="utf-8") as source, open(self.design, "w", encoding="utf-8") as out:
            # there is no guest to wait for
            out.write(source.read().replace("<bootup_time>300<", "<bootup_time>-1<").replace("<name>dns</name>", "<name>test-tenant</name>"))
        self.cloud = fake_cloud.Cloud()
        self.addCleanup(self.cloud.close)
        self.cloud.new_server = {"status": "ACTIVE", "OS-EXT-STS:task_state": None, "host_status": "UP",
                                 "updated": "2026-11-29T07:00:00Z"}
        clouds = os.path.join(folder.name, "clouds.yaml")
        with open(clouds, "w", encoding="utf-8") as out:
            out.write(f"clouds: {{test: {{region_name: R, auth: {{auth_url: '{self.cloud.url}/identity/v3', username: u, "
                      "password: p, project_name: test-tenant, user_domain_id: default, project_domain_id: default}}}\n")
        self.environment = {"PATH": os.environ["PATH"], "OS_CLIENT_CONFIG_FILE": clouds, "XDG_RUNTIME_DIR": folder.name}
        self.deploy()
        self.before = {name: self.server(name)["id"] for name in (FIRST, SECOND)}
        self.ports = self.ports_now()
        # An ordinary deploy would change it.
        self.server(SECOND)["metadata"]["dnsvnf_digest"] = "0123456789abcdef:0123456789abcdef"
        self.cloud.requests.clear()

    def deploy(self, *options, verb="deploy", yes=True, code=0):
        yes = ["--yes"] if yes and verb == "deploy" else []
        done = subprocess.run([DNSVNF, verb, "--vim", "test", *yes, *options, self.design], text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False, env=self.environment)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout if "json" in options else done.stdout + done.stderr

    def server(self, name):
        server, = (one for one in self.cloud.there["servers"].values() if one["name"] == name)
        return server

    def ports_now(self):
        return {port["name"]: {key: port.get(key) for key in KEPT} for port in self.cloud.there["ports"].values()}

    def changes(self):
        """What was changed since the last call: of a server an action, of others the method and the kind."""
        sent = [next(iter(body)) if path.endswith("/action") else f"{method} {path.split('/v2')[-1].split('/')[1]}"
                for method, path, body in self.cloud.requests if method != "GET" and "/identity/" not in path]
        self.cloud.requests.clear()
        return sent

    def assert_others_kept(self):
        self.assertEqual(self.ports, self.ports_now())
        self.assertEqual(self.before[SECOND], self.server(SECOND)["id"])

    def test_rebuilt_where_it_runs(self):
        plan = self.deploy("--replace", FIRST, verb="plan")
        self.assertRegex(plan, f"~ change +server +{FIRST} .* ~ disk \\(made anew, as requested with --replace\\)\n")
        self.assertRegex(plan, "rebuilt \\(its host, ports and addresses stay\\).*two-vnfs_dns-b_0 serves meanwhile")
        self.assertIn("no rollback if it fails: its old disk is not kept", plan)
        steps = answers.deployment("plan", self.deploy("--replace", FIRST, "-o", "json", verb="plan"))["steps"]
        self.assertEqual([("change", FIRST)], [(s["action"], s["name"]) for s in steps if s["action"] not in ("keep", "use")])
        self.assertEqual([], self.changes())
        answer = answers.stream("deploy", self.deploy("--replace", FIRST, "-o", "json"))[1]
        self.assertEqual((0, 1), tuple(answer["deployments"][0][key] for key in ("created", "changed")))
        self.assertEqual(["rebuild"], self.changes())
        self.assertEqual(self.before[FIRST], self.server(FIRST)["id"])
        self.assert_others_kept()

    def test_deleted_and_created_where_nova_cannot_rebuild(self):
        """The other one is off as well, and stays so."""
        self.server(FIRST).update({"status": "ERROR", "fault": {"message": "the disk is on fire"}})
        self.server(SECOND)["status"] = "SHUTOFF"
        self.deploy("--replace", FIRST)
        self.assertEqual(["DELETE servers", "POST servers"], [c for c in self.changes() if "servers" in c])
        self.assertNotEqual(self.before[FIRST], self.server(FIRST)["id"])
        self.assertEqual("SHUTOFF", self.server(SECOND)["status"])
        self.assert_others_kept()

    def test_refused(self):
        for verb in ("plan", "deploy"):
            text = self.deploy("--replace", "of-others", verb=verb, code=1)
            self.assertIn("deployment \"two-vnfs\" has no server \"of-others\": 'dnsvnf status' lists them", text)
        self.assertIn("give --yes", self.deploy("--replace", FIRST, yes=False, code=2))
        self.server(FIRST)["host_status"] = "DOWN"
        self.assertIn("the compute service of its host is down", self.deploy("--replace", FIRST, code=1))
        self.assertEqual([], self.changes())
        self.deploy("--replace", FIRST, "--force")
        self.assertEqual(["rebuild"], self.changes())

    def test_a_rebuild_that_fails(self):
        """There is no way back; the next run deletes and creates it."""
        self.cloud.fails = ["no space left on the host"]
        text = self.deploy("--replace", FIRST, code=1)
        self.assertIn(f'server "{FIRST}" is left as it is, because its old disk is not kept', text)
        self.assertIn("no space left on the host", text)
        self.assertEqual(["rebuild"], self.changes())
        self.deploy("--replace", FIRST)
        self.assertEqual(["DELETE servers", "POST servers"], [c for c in self.changes() if "servers" in c])
        self.assert_others_kept()

    def test_a_rebuild_that_did_not_arrive(self):
        """Nothing of the request differs: Nova's time of the last change tells."""
        self.cloud.spoil("POST", "/action$", 500, "a wheel came off")
        self.assertIn("Nova did not carry out the rebuild", self.deploy("--replace", FIRST, code=1))

    def test_a_creation_that_fails_is_completed(self):
        self.server(FIRST)["status"] = "SHUTOFF"
        self.cloud.spoil("POST", "/servers$", 403, "Quota exceeded for instances")
        self.assertIn("Quota exceeded", self.deploy("--replace", FIRST, code=1))
        self.cloud.spoiled.clear()
        self.assertEqual([SECOND], [one["name"] for one in self.cloud.there["servers"].values()])
        self.deploy("--replace", FIRST)
        self.assertEqual("ACTIVE", self.server(FIRST)["status"])
        self.assert_others_kept()


if __name__ == "__main__":
    unittest.main()
