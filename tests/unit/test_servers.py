#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""servers: what is asked of Nova, which servers are listed, and when an absence means something."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

import fake_cloud

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import answers  # noqa: E402

DNSVNF = sys.argv.pop(1)
DESIGN = "examples/technote/corrected/dep.xml"
SHOWN = {"host_status": "UP", "OS-EXT-STS:task_state": None, "OS-EXT-STS:power_state": 1, "locked": False, "locked_reason": None,
         "OS-EXT-SRV-ATTR:host": "compute-1", "updated": "2026-11-29T07:00:00Z"}


class Servers(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.cloud = fake_cloud.Cloud()
        self.addCleanup(self.cloud.close)
        clouds = os.path.join(folder.name, "clouds.yaml")
        with open(clouds, "w", encoding="utf-8") as out:
            out.write(f"clouds: {{test: {{region_name: R, auth: {{auth_url: '{self.cloud.url}/identity/v3', username: u, "
                      "password: p, project_name: test-tenant, user_domain_id: default, project_domain_id: default}}}\n")
        self.environment = {"PATH": os.environ["PATH"], "OS_CLIENT_CONFIG_FILE": clouds, "XDG_RUNTIME_DIR": folder.name,
                            "DNSVNF_LOCAL_DIR": os.path.join(folder.name, "local")}

    def make(self, deployment, name, **attributes):
        metadata = {"dnsvnf_owner": f"dnsvnf:test-tenant/{deployment}/server/{name}"} if deployment else {}
        return self.cloud.make("servers", {"name": name, **SHOWN, "metadata": metadata, **attributes})

    def run_verb(self, *arguments, vim="test", code=0):
        done = subprocess.run([DNSVNF, "servers", "--vim", vim, *arguments], text=True, capture_output=True, timeout=30,
                              check=False, env=self.environment)
        self.assertEqual(code, done.returncode, done.stderr)
        return done

    def list(self, *arguments, **options):
        project, = answers.answer("servers", self.run_verb("-o", "json", *arguments, **options).stdout)["projects"]
        return project

    def sent(self):
        sent = [(method, path.partition("/v2.1")[2] or path) for method, path, _ in self.cloud.requests]
        self.cloud.requests.clear()
        return sent

    def test_one_request_for_all_deployments(self):
        one = self.make("cpnr-dns", "one")
        two = self.make("other", "two", status="SHUTOFF", locked=True, locked_reason="it is being moved",
                        **{"OS-EXT-STS:power_state": 4, "OS-EXT-STS:task_state": "powering-on", "host_status": "DOWN"})
        self.make(None, "of others")
        project = self.list()
        self.assertEqual([("POST", "/identity/v3/auth/tokens"), ("GET", "/servers/detail")], self.sent())
        self.assertEqual(("test", "R", "test-tenant", False, None),
                         tuple(project[key] for key in ("vim", "region", "project", "partial", "why")))
        common = {"tenant": "test-tenant", "host": "compute-1", "updated": SHOWN["updated"], "fault": None, "deleted": False}
        self.assertEqual([
            {**common, "deployment": "cpnr-dns", "server": "one", "id": one["id"], "state": "ACTIVE", "power_state": "running",
             "task": None, "locked": False, "locked_reason": None, "host_status": "UP"},
            {**common, "deployment": "other", "server": "two", "id": two["id"], "state": "SHUTOFF", "power_state": "shutdown",
             "task": "powering-on", "locked": True, "locked_reason": "it is being moved", "host_status": "DOWN"},
        ], project["servers"])
        text = self.run_verb().stdout
        self.assertRegex(text, "two +servers-1 +SHUTOFF +shutdown +powering-on +yes +compute-1 +DOWN")
        self.assertNotIn("partial", text)

    def test_what_is_not_shown_is_unknown(self):
        server = self.make("cpnr-dns", "one")
        for key in SHOWN:
            del server[key]
        row, = self.list()["servers"]
        unknown = ("power_state", "task", "locked", "locked_reason", "host", "host_status", "updated")
        self.assertEqual(dict.fromkeys(unknown), {key: row[key] for key in unknown})

    def test_a_cell_that_does_not_answer(self):
        one, two = self.make("cpnr-dns", "one"), self.make("cpnr-dns", "two")
        self.cloud.down = (one["id"],)
        project = self.list()
        self.assertTrue(project["partial"])
        self.assertIn("a cell of Nova does not answer: of 1 server only the id is known", project["why"])
        self.assertEqual([(one["id"], "UNKNOWN", None, None, False), (two["id"], "ACTIVE", "cpnr-dns", "two", False)],
                         [tuple(row[key] for key in ("id", "state", "deployment", "server", "deleted"))
                          for row in project["servers"]])
        self.assertIn("This list is partial: a cell of Nova", self.run_verb().stdout)

    def test_an_old_nova_leaves_them_out(self):
        """It is asked once which microversions it knows."""
        one, two = self.make("cpnr-dns", "one"), self.make("cpnr-dns", "two")
        self.cloud.nova_most, self.cloud.down = 68, (one["id"],)
        project = self.list()
        self.assertEqual([("POST", "/identity/v3/auth/tokens"), ("GET", "/servers/detail"), ("GET", "/"), ("GET", "/servers/detail")],
                         self.sent())
        self.assertEqual([two["id"]], [row["id"] for row in project["servers"]])
        self.assertTrue(project["partial"])
        self.assertIn("this Nova (microversion 2.68) leaves out the servers of a cell that does not answer", project["why"])
        self.cloud.nova_most = 69
        self.assertEqual([one["id"], two["id"]], [row["id"] for row in self.list()["servers"]])

    def test_pages(self):
        """On the second page Nova leaves out the servers of a cell that does not answer."""
        servers = [self.make("cpnr-dns", f"vm{i}") for i in range(5)]
        self.cloud.page = 2
        self.cloud.down = (servers[4]["id"],)
        project = self.list()
        self.assertEqual([server["id"] for server in servers[:4]], [row["id"] for row in project["servers"]])
        self.assertTrue(project["partial"])
        self.assertIn("the list has 3 pages", project["why"])

    def test_since(self):
        old, new = self.make("cpnr-dns", "old"), self.make("cpnr-dns", "new", updated="2026-11-29T08:00:00Z")
        gone = self.make("cpnr-dns", "gone", updated="2026-11-29T08:00:01Z")
        self.cloud.do("DELETE", ["servers", gone["id"]], None)
        self.cloud.down = (old["id"],)
        project = self.list("--since", "2026-11-29T07:30:00Z")
        self.assertEqual([(new["id"], "ACTIVE", "cpnr-dns", False), (gone["id"], "DELETED", None, True)],
                         [tuple(row[key] for key in ("id", "state", "deployment", "deleted")) for row in project["servers"]])
        self.assertTrue(project["partial"])
        self.assertIn("only changes were asked for", project["why"])
        self.cloud.down = ()
        self.assertEqual([old["id"], new["id"]], [row["id"] for row in self.list()["servers"]])
        for wrong in ("yesterday", "2026-11-29", "2026-11-29T07:30:00", "2026-11-29T07:30:00Z "):
            done = self.run_verb("-o", "json", "--since", wrong, code=2)
            self.assertIn(f"not '{wrong}'", done.stderr)
            self.assertEqual("usage", answers.answer("servers", done.stdout)["error"]["kind"])

    def test_refused(self):
        self.cloud.spoil("GET", "/servers/detail$", 403, "Policy does not allow it")
        done = self.run_verb("-o", "json", code=1)
        answer = answers.answer("servers", done.stdout)
        self.assertEqual("refused", answer["error"]["kind"])
        self.assertNotIn("projects", answer)

    def test_projects_of_a_descriptor(self):
        """Those of its deployments, each once; all of dnsvnf's servers in them."""
        self.make("other", "two")
        row, = self.list(DESIGN)["servers"]
        self.assertEqual("other", row["deployment"])
        self.assertEqual(1, self.sent().count(("GET", "/servers/detail")))

    def make_local(self, tenant, deployment, made):
        """A server in the embedded VIM's store, without its QEMU. Returns the deployment's folder."""
        folder = os.path.join(self.environment["DNSVNF_LOCAL_DIR"], tenant, deployment)
        os.makedirs(folder, mode=0o700)
        server = f"00000000-0000-4000-8000-00000000000{deployment}"
        with open(os.path.join(folder, f"{server}.json"), "w", encoding="utf-8") as out:
            json.dump({"kind": "server", "seq": 1, "id": server, "name": f"vm-{deployment}", "digest": "0",
                       "owner": f"dnsvnf:{tenant}/{deployment}/server/g/0", "done": True, "spec": {}, "made": made}, out)
        return folder

    def test_who_stopped_it_in_the_embedded_vim(self):
        """An interrupted start or reboot is no stop that somebody wanted."""
        rows = (("a", {"stopped": "stop"}, "SHUTOFF", "stop"), ("b", {"stopped": "reboot"}, "SHUTOFF", "reboot"),
                ("c", {"stopped": True}, "SHUTOFF", "stop"), ("d", {}, "ERROR", None))
        for deployment, made, *_ in rows:
            self.make_local("t1", deployment, made)
        done = subprocess.run([DNSVNF, "status", "-o", "json"], text=True, capture_output=True, timeout=30, check=False,
                              env=self.environment)
        for deployment, _, state, action in rows:
            shown, = [one for one in answers.answer("status", done.stdout)["deployments"] if one["deployment"] == deployment]
            server, = shown["servers"]
            last = {"action": action, "user": "dnsvnf", "at": None} if action else None
            self.assertEqual((state, last), (server["state"], server["last_action"]), deployment)
        self.assertIn("its start was interrupted", done.stdout)

    def test_embedded_vim(self):
        self.assertEqual((False, []), tuple(self.list(vim="local")[key] for key in ("partial", "servers")))
        for tenant, deployment, made in (("t1", "a", {"stopped": "stop"}), ("t1", "b", {}), ("test-tenant", "c", {})):
            folder = self.make_local(tenant, deployment, made)
        rows = self.list("--since", "2026-11-29T07:30:00Z", vim="local")["servers"]
        self.assertEqual({("t1", "a", "vm-a", "SHUTOFF", "shutdown"), ("t1", "b", "vm-b", "ERROR", "shutdown"),
                          ("test-tenant", "c", "vm-c", "ERROR", "shutdown")},
                         {tuple(row[key] for key in ("tenant", "deployment", "server", "state", "power_state")) for row in rows})
        self.assertEqual(["c"], [row["deployment"] for row in self.list(DESIGN, vim="local")["servers"]])
        with open(os.path.join(folder, "x.json"), "w", encoding="utf-8") as out:
            out.write("{")
        project = self.list(DESIGN, vim="local")
        self.assertEqual((True, ["c"]), (project["partial"], [row["deployment"] for row in project["servers"]]))
        self.assertIn("x.json", project["why"])


if __name__ == "__main__":
    unittest.main()
