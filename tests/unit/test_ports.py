#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is asked of Nova and Neutron when the ports of a server change, in a cloud in this process."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

import fake_cloud

DNSVNF = os.path.abspath(sys.argv.pop(1))
DESIGN = "examples/technote/corrected"
SERVER = "cpnr-dns_cpnr_0"


class Cloud(fake_cloud.Cloud):
    """Its server has ports in the order in which they were attached; `done` has what was done with it."""

    def __init__(self):
        super().__init__()
        self.new_server = {"status": "ACTIVE", "OS-EXT-STS:task_state": None, "OS-EXT-SRV-ATTR:user_data": ""}
        self.order, self.done, self.refused = [], [], None
        self.spoiled = [("GET", "/ports$", self.list_ports), ("POST", "/servers$", self.create),
                        ("POST", "/action$", self.act), ("POST", "/metadata$", self.mark),
                        ("POST", "/os-interface$", self.attach), ("DELETE", "/os-interface/", self.detach), ("GET", "/os-instance-actions", self.actions),
                        ("GET", "/extensions", (200, {"extensions": [{"alias": "uplink-status-propagation"}]}))]
        self.looks = 2

    @property
    def vm(self):
        return next(iter(self.there["servers"].values()))

    @property
    def names(self):
        return [self.there["ports"][port]["name"][-1] for port in self.order]

    def list_ports(self, handler):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(handler.path).query)
        device = query.get("device_id", [None])[0]
        ports = [port for port in self.there["ports"].values() if device is None or port.get("device_id") == device]
        handler.answer(200, {"ports": ports[::-1]})  # in no order that means anything

    def create(self, handler):
        given = self.requests[-1][2]["server"]
        server = self.make("servers", {**given, "image": {"id": given["imageRef"]}})
        for network in given["networks"]:
            self.plug(network["port"])
        handler.answer(202, {"server": server})

    def plug(self, port):
        self.order.append(port)
        self.there["ports"][port]["device_id"] = self.vm["id"]

    def act(self, handler):
        (action, body), = self.requests[-1][2].items()
        if action == self.refused:
            return handler.answer(400, {"badRequest": {"message": "not here"}})
        self.done.append(action)
        if action in ("os-stop", "os-start"):
            self.vm["status"] = "SHUTOFF" if action == "os-stop" else "ACTIVE"
        if action == "rebuild":
            self.vm.update(metadata=body["metadata"])
        return handler.answer(202)

    def mark(self, handler):
        self.vm["metadata"].update(self.requests[-1][2]["metadata"])
        handler.answer(200, {"metadata": self.vm["metadata"]})

    def attach(self, handler):
        wanted = self.requests[-1][2]["interfaceAttachment"]
        assert self.vm["status"] == "SHUTOFF"
        assert self.looks >= 2
        if self.refused == "attach" and self.names:
            self.refused = None
            return handler.answer(400, {"badRequest": {"message": "no VF is free"}})
        self.plug(wanted["port_id"])
        self.done.append(f"attach {self.names[-1]} as {wanted['tag']}")
        return handler.answer(200, {"interfaceAttachment": {}})

    def actions(self, handler):
        """Nova unbinds a port at once, and gives its VF back a while later."""
        if "?" in handler.path:
            return handler.answer(200, {"instanceActions": [{"action": "detach_interface", "request_id": "req-9"}]})
        assert handler.path.endswith("/req-9")
        self.looks += 1
        events = ([], [{"finish_time": None}], [{"finish_time": "2026-01-02T03:04:05.0", "result": "Success"}])
        return handler.answer(200, {"instanceAction": {"events": events[min(self.looks, 2)]}})

    def detach(self, handler):
        port = handler.path.split("/")[-1]
        assert self.vm["status"] == "SHUTOFF"
        assert self.looks >= 2  # what was detached before is over
        self.looks = 0
        self.done.append(f"detach {self.there['ports'][port]['name'][-1]}")
        self.order.remove(port)
        self.there["ports"][port]["device_id"] = ""
        handler.answer(202)


class Ports(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(DESIGN, f"{self.folder}/design")
        self.path = f"{self.folder}/design/dep.xml"
        self.edit("<bootup_time>300", "<bootup_time>-1")  # there is no guest to wait for
        self.cloud = Cloud()
        self.addCleanup(self.cloud.close)
        with open(f"{self.folder}/clouds.yaml", "w", encoding="utf-8") as out:
            out.write(f"clouds: {{one: {{region_name: R, auth: {{auth_url: '{self.cloud.url}/identity/v3', username: u, "
                      "password: p, project_name: p, user_domain_id: default, project_domain_id: default}}}\n")
        self.deploy()
        self.first = {port["name"]: dict(port) for port in self.cloud.there["ports"].values()}
        self.digest = self.cloud.vm["metadata"]["dnsvnf_digest"]
        self.server = self.cloud.vm["id"]

    def edit(self, old, new, file="dep.xml"):
        path = f"{self.folder}/design/{file}"
        with open(path, encoding="utf-8") as source:
            text = source.read()
        self.assertIn(old, text)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text.replace(old, new))

    def option(self, name, value):
        self.edit("<name>dns_query</name>", f"<name>{name}</name><value>{value}</value></property><property>"
                                            "<name>dns_query</name>")

    def deploy(self, code=0, verb="deploy"):
        done = subprocess.run([DNSVNF, verb, "--vim", "one", *(["--yes"] if verb == "deploy" else []), self.path], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
                              env={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": self.folder,
                                   "OS_CLIENT_CONFIG_FILE": f"{self.folder}/clouds.yaml"})
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def assert_done(self, *expected):
        self.assertEqual(list(expected), self.cloud.done)
        self.assertEqual(self.server, self.cloud.vm["id"])
        self.assertEqual(["0", "1", "2", "3"], self.cloud.names)
        self.assertIn("0 objects created", self.deploy())

    def ports(self):
        return {port["name"]: port for port in self.cloud.there["ports"].values()}

    def test_another_binding(self):
        """All ports from the first new one on are attached again: the guest finds them in the descriptor's order."""
        self.option("trusted.2", "true")
        plan = self.deploy(verb="plan")
        self.assertRegex(plan, f"~ change +port +{SERVER}_2")
        self.assertRegex(plan, f"~ change +server +{SERVER} .* ~ port {SERVER}_2\n")
        self.deploy()
        now = self.ports()
        self.assertNotEqual(self.first[f"{SERVER}_2"]["id"], now[f"{SERVER}_2"]["id"])
        self.assertEqual("true", now[f"{SERVER}_2"]["binding:profile"]["trusted"])
        self.assertEqual(self.first[f"{SERVER}_3"]["id"], now[f"{SERVER}_3"]["id"])
        self.assert_done("os-stop", "detach 2", "detach 3", "attach 2 as nic2", "attach 3 as nic3", "os-start", "rebuild")

    def test_link_that_does_not_follow(self):
        """Neutron's default is to follow, so that what shall not has to say so."""
        self.option("waive.bond-uplink-status", "bondd probes the path")
        self.option("propagate_uplink_status.3", "false")
        self.deploy()
        self.assertEqual([True, True, True, False], [port["propagate_uplink_status"] for _, port in sorted(self.ports().items())])
        self.assert_done("os-stop", "detach 3", "attach 3 as nic3", "os-start", "rebuild")

    def test_another_address(self):
        for file in ("dep.xml", "day0.cfg"):
            self.edit("10.10.10.10", "10.10.10.77", file)
        self.deploy()
        now = self.ports()
        self.assertEqual({name: port["id"] for name, port in self.first.items()}, {n: port["id"] for n, port in now.items()})
        self.assertIn("10.10.10.77", [a["ip_address"] for a in now[f"{SERVER}_1"]["fixed_ips"]])
        self.assert_done("rebuild")

    def test_refused_rebuild(self):
        """Ports are again what they were, and the old disk is still there."""
        self.option("trusted.2", "true")
        self.cloud.refused = "rebuild"
        self.assertIn(f'server "{SERVER}" was rolled back and serves', self.deploy(1))
        self.assert_back("os-stop", "detach 2", "detach 3", "attach 2 as nic2", "attach 3 as nic3", "os-start",
                         "os-stop", "detach 2", "detach 3", "attach 2 as nic2", "attach 3 as nic3", "os-start")

    def test_refused_attachment(self):
        self.option("trusted.2", "true")
        self.cloud.refused = "attach"
        text = self.deploy(1)
        self.assertIn("no VF is free", text)
        self.assertIn(f'server "{SERVER}" was rolled back and serves', text)
        self.assert_back("os-stop", "detach 2", "detach 3", "attach 2 as nic2", "attach 3 as nic3", "os-start")

    def assert_back(self, *expected):
        self.assertEqual(list(expected), self.cloud.done)
        self.assertEqual(["0", "1", "2", "3"], self.cloud.names)
        self.assertEqual(self.digest, self.cloud.vm["metadata"]["dnsvnf_digest"])
        self.assertEqual("ACTIVE", self.cloud.vm["status"])
        for name, port in self.ports().items():
            old = self.first[name]
            self.assertEqual([old.get(key) for key in ("mac_address", "fixed_ips", "description", "binding:vnic_type")],
                             [port.get(key) for key in ("mac_address", "fixed_ips", "description", "binding:vnic_type")])
            self.assertNotIn("binding:profile", port)

    def test_one_less_and_one_more(self):
        for rule in ("guest-mac", "interface-count"):
            self.option(f"waive.{rule}", "the guest does without it for a while")
        with open(self.path, encoding="utf-8") as source:
            whole = source.read()
        port = re.search(r"<interface>\s*<nicid>0</nicid>.*?</interface>", whole, re.S).group()
        self.edit(port, "")
        self.assertIn(f"- port {SERVER}_0", self.deploy(verb="plan"))
        self.deploy()
        self.assertEqual(["1", "2", "3"], self.cloud.names)
        self.edit("<interfaces>", f"<interfaces>{port}")
        self.cloud.done.clear()
        self.deploy()
        self.assert_done("os-stop", "detach 1", "detach 2", "detach 3", "attach 0 as nic0", "attach 1 as nic1",
                         "attach 2 as nic2", "attach 3 as nic3", "os-start", "rebuild")


if __name__ == "__main__":
    unittest.main()
