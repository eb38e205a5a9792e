#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""power, servers and deploy --replace on a real control plane: what Nova did, what of a server stayed, what is refused."""
import os
import sys

import cloud
import product

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import answers  # noqa: E402

SERVER = "cpnr-dns_cpnr_0"
STATE = {"tenant": "test-tenant", "deployment": "cpnr-dns", "server": SERVER, "task": None, "locked": False, "locked_reason": None,
         "fault": None, "host": "compute-1", "host_status": "UP", "deleted": False}


class OneServer(product.ProductTest):
    """All of it with one server, as each deployment takes its time. Its guest is out of reach, so nothing waits for DNS."""

    small = True

    def test_power_and_replace(self):
        self.vnf = self.design()
        self.dnsvnf("deploy", self.vnf)
        self.kept = self.identities()
        self.stopped_started_rebooted()
        self.refused()
        self.made_anew()

    def identities(self):
        """Of the ports: ids, MACs and addresses."""
        return {name: (port["id"], port["mac_address"], port["fixed_ips"]) for name, port in self.ports().items()}

    def assert_kept(self, server, status="ACTIVE"):
        """It is the server of this id, with no task and the ports of the beginning."""
        now = self.server()
        self.assertEqual((now["id"], now["status"], now["OS-EXT-STS:task_state"]), (server, status, None))
        self.assertEqual(self.identities(), self.kept)
        self.assertEqual({port["device_id"] for name, port in self.ports().items() if name.startswith(SERVER)}, {server})

    def actions(self):
        """What Nova was asked to do with the server, the last first."""
        answer = self.api.get("compute", f"/servers/{self.server()['id']}/os-instance-actions")
        return [action["action"] for action in answer["instanceActions"]]

    def power(self, what, *options, code=0, **how):
        done = product.run("power", "--yes", *options, what, self.vnf.path, SERVER, **how)
        self.assertEqual(done.returncode, code, f"{done.stdout}\n{done.stderr}")
        return done

    def listed(self, *options, **how):
        done = product.run("servers", "-o", "json", *options, **how)
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
        project, = answers.answer("servers", done.stdout)["projects"]
        return project

    def stopped_started_rebooted(self):
        server = self.server()["id"]
        for what, status, power_state in (("stop", "SHUTOFF", "shutdown"), ("start", "ACTIVE", "running"),
                                          ("reboot", "ACTIVE", "running")):
            before = self.actions()
            self.power(what)
            self.assertEqual(self.actions(), [what, *before])
            self.assert_kept(server, status)
            if what == "start":
                continue
            project = self.listed()
            self.assertEqual((project["partial"], project["why"]), (False, None))
            row, = project["servers"]
            self.assertEqual({key: row[key] for key in row if key != "updated"},
                             {**STATE, "id": server, "state": status, "power_state": power_state})
            self.assertEqual(row["updated"], self.server()["updated"])
            if what == "stop":
                shown, = answers.deployment("status", self.dnsvnf("status", self.vnf, "-o", "json").stdout)["servers"]
                self.assertEqual((shown["state"], shown["last_action"]["action"]), ("SHUTOFF", "stop"))
                answer = answers.stream("power", self.power("stop", "-o", "json").stdout)[1]
                self.assertEqual(answer["deployments"][0]["servers"],
                                 [{"server": SERVER, "state_before": "SHUTOFF", "changed": False}])
                self.assertEqual(self.actions(), [what, *before])
        # It is as deploy made it.
        self.assertIn("0 objects created, 0 changed", self.dnsvnf("deploy", self.vnf).stdout)

    def refused(self):
        """What Nova would do for an admin, or when the service is back."""
        server = self.server()["id"]

        def reboot(words):
            before = self.actions()
            self.assertIn(words, self.power("reboot", code=1).stderr)
            self.assertEqual(self.actions(), before)
            row, = self.listed()["servers"]
            return row

        self.api.post("compute", f"/servers/{server}/action", {"lock": {"locked_reason": "it is being moved"}})
        row = reboot(f"is locked (it is being moved): 'openstack server unlock {server}'")
        self.assertEqual((row["locked"], row["locked_reason"]), (True, "it is being moved"))
        self.api.post("compute", f"/servers/{server}/action", {"unlock": None})

        service, = self.api.get("compute", "/os-services?binary=nova-compute")["services"]
        self.addCleanup(self.api.put, "compute", f"/os-services/{service['id']}", {"forced_down": False})
        self.api.put("compute", f"/os-services/{service['id']}", {"forced_down": True})
        row = reboot("the compute service of its host compute-1 is forced down")
        self.assertEqual(row["host_status"], "DOWN")
        self.api.put("compute", f"/os-services/{service['id']}", {"forced_down": False})

        # A role that may not see the service is told so, and goes on.
        row, = self.listed(vim="tenant")["servers"]
        self.assertEqual((row["state"], row["host"], row["host_status"]), ("ACTIVE", None, None))
        self.assertIn("not known whether the compute service of its host is up", self.power("reboot", vim="tenant").stderr)
        self.assertEqual(self.actions()[0], "reboot")

    def made_anew(self):
        first = self.server()["id"]
        plan = answers.deployment("plan", self.dnsvnf("plan", self.vnf, "--replace", SERVER, "-o", "json").stdout)
        self.assertEqual([(step["action"], step["name"]) for step in plan["steps"] if step["action"] not in ("keep", "use")],
                         [("change", SERVER)])
        self.dnsvnf("deploy", self.vnf, "--replace", SERVER)
        self.assertEqual(self.actions()[0], "rebuild")
        self.assert_kept(first)

        # One that is off: a rebuild would leave it off, so it is deleted and created.
        self.power("stop")
        self.dnsvnf("deploy", self.vnf, "--replace", SERVER)
        second = self.server()["id"]
        self.assertNotEqual(second, first)
        self.assert_kept(second)
        self.assertEqual(self.surplus(), product.MADE_SMALL)
        self.assertIn("0 objects created, 0 changed", self.dnsvnf("deploy", self.vnf).stdout)

        # Nova still lists the deleted one, without the mark that it had.
        project = self.listed("--since", "2020-01-01T00:00:00Z")
        self.assertTrue(project["partial"])
        self.assertIn("only changes were asked for", project["why"])
        rows = {row["id"]: (row["state"], row["deleted"], row["deployment"]) for row in project["servers"]}
        self.assertEqual((rows[first], rows[second]), (("DELETED", True, None), ("ACTIVE", False, "cpnr-dns")))
        self.assertEqual(self.listed("--since", "2999-01-01T00:00:00Z")["servers"], [])


if __name__ == "__main__":
    cloud.main()
