#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""import of what deploy made, on a cloud in this process: plan has nothing to do. Usage: test_import.py DNSVNF"""
import base64
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path += [TESTS, os.path.dirname(os.path.abspath(__file__))]
import answers  # noqa: E402
import fake_cloud  # noqa: E402

DNSVNF = os.path.abspath(sys.argv.pop(1))
TOP = os.path.dirname(TESTS)


class Cloud(fake_cloud.Cloud):
    """Shows servers as Nova does: image, flavor, user data; and their ports as theirs."""

    def make(self, kind, given):
        new = super().make(kind, given)
        if kind == "servers":
            flavor = self.there["flavors"][given["flavorRef"]]
            new.update({"image": {"id": given["imageRef"]}, "flavor": {"original_name": flavor["name"]},
                        "OS-EXT-SRV-ATTR:user_data": given.get("user_data")})
            for network in given["networks"]:
                self.there["ports"][network["port"]]["device_id"] = new["id"]
        if kind == "ports":
            for one in new.get("fixed_ips", []):
                one.setdefault("subnet_id", None)
            network = self.there["networks"][new["network_id"]]
            new.setdefault("port_security_enabled", network.get("port_security_enabled", True))
        return new

    def do(self, method, words, body):
        if words[0] == "images" and len(words) == 2:
            return 200, self.there["images"][words[1]]
        status, answer = super().do(method, words, body)
        group = (body or {}).get("os:scheduler_hints", {}).get("group")
        if group:
            self.there["server_groups"][group].setdefault("members", []).append(answer["server"]["id"])
        return status, answer


class Import(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dnsvnf-import-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.cloud = Cloud()
        self.addCleanup(self.cloud.close)
        with open(os.path.join(self.folder, "clouds.yaml"), "w", encoding="utf-8") as out:
            json.dump({"clouds": {"one": {"auth": {"auth_url": self.cloud.url + "/identity/v3", "username": "u",
                                                   "password": "p", "project_name": "test-tenant"}}}}, out)

    def run_dnsvnf(self, *arguments, cwd=None):
        return subprocess.run([DNSVNF, arguments[0], "--vim", "one", *arguments[1:]], capture_output=True, text=True,
                              timeout=60, stdin=subprocess.DEVNULL, cwd=cwd,
                              env={**os.environ, "OS_CLIENT_CONFIG_FILE": os.path.join(self.folder, "clouds.yaml")})

    def dnsvnf(self, *arguments):
        done = self.run_dnsvnf(*arguments)
        self.assertEqual(done.returncode, 0, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def round_trip(self, path, *edits):
        """Deploys the design, with (old, new) replaced in its descriptor; import of it and plan of that find nothing to do."""
        name = os.path.basename(path.rstrip("/"))
        design = os.path.join(self.folder, name)
        shutil.copytree(os.path.join(TOP, path), design)
        with open(os.path.join(design, "dep.xml"), encoding="utf-8") as file:
            text = file.read()
        for old, new in (("<bootup_time>300<", "<bootup_time>-1<"), *edits):
            self.assertIn(old, text)
            text = text.replace(old, new)
        with open(os.path.join(design, "dep.xml"), "w", encoding="utf-8") as file:
            file.write(text.replace("<tenant>\n      <name>dns<", "<tenant>\n      <name>test-tenant<"))
        self.dnsvnf("deploy", "--yes", os.path.join(design, "dep.xml"))
        server = next(iter(self.cloud.there["servers"].values()))["name"]
        copy = os.path.join(self.folder, "copy-" + name)
        answer = answers.answer("import", self.dnsvnf("import", "-o", "json", "--folder", copy, server))
        self.assertEqual((answer["errors"], answer["notes"]), (0, []), answer["findings"])
        plan = answers.deployment("plan", self.dnsvnf("plan", "-o", "json", os.path.join(copy, "dep.xml")))
        with open(os.path.join(copy, "dep.xml"), encoding="utf-8") as file:
            text = file.read()
        self.assertEqual([(s["action"], s["name"], s.get("why")) for s in plan["steps"]
                          if s["action"] not in ("keep", "use")], [], text)
        self.dnsvnf("undeploy", "--yes", os.path.join(design, "dep.xml"))

    def test_designs(self):
        """The spelling of each port, network and subnet is found by its digest."""
        for path in ["examples/technote/corrected", *sorted(glob.glob("examples/designs/*/"))]:
            name = os.path.basename(path.rstrip("/"))
            if name == "existing-networks":
                continue  # needs networks that this cloud has not
            with self.subTest(name):
                self.round_trip(path)

    def test_port_security_of_the_network(self):
        """That the ports have none is not said of them."""
        self.round_trip("examples/designs/bond-vlan", ("<port_security_enabled>false</port_security_enabled>", ""))

    def test_while_it_is_built(self):
        """Not all ports are attached yet: no design is made of what is there so far."""
        self.cloud.make("servers", {"name": "early", "metadata": {}, "flavorRef": self.cloud.make(
            "flavors", {"name": "f"})["id"], "imageRef": "image-1", "networks": []})
        for state in ("BUILD", "ACTIVE"):
            self.cloud.there["servers"]["servers-0"]["status"] = state
            folder = os.path.join(self.folder, "early")
            done = self.run_dnsvnf("import", "-o", "json", "--folder", folder, "early")
            self.assertEqual((done.returncode == 1, os.path.exists(folder)), (state == "BUILD", state != "BUILD"), done.stdout)
            if state == "BUILD":
                error = json.loads(done.stdout)["error"]
                self.assertEqual(error["kind"], "busy")
                self.assertIn('server "early" is being built', error["text"])

    def test_a_name_in_the_cloud_is_no_path(self):
        inner = os.path.join(self.folder, "a", "b")
        os.makedirs(inner)
        for mark in ("test-tenant/..", "test-tenant/", "test-tenant/.", None):
            server = self.cloud.make("servers", {"name": "../../up", "networks": [], "imageRef": "image-1", "flavorRef": self.cloud.make(
                "flavors", {"name": "f"})["id"], "metadata": {"dnsvnf_owner": f"dnsvnf:{mark}/server/x"} if mark else {}})
            done = self.run_dnsvnf("import", "../../up", cwd=inner)
            self.assertEqual(1, done.returncode, done.stdout)
            self.assertRegex(done.stderr, 'name "[^"]*" cannot name a folder: give --folder')
            self.assertEqual([[], ["b"]], [os.listdir(inner), os.listdir(os.path.dirname(inner))])
            del self.cloud.there["servers"][server["id"]]

    def test_day0_is_for_its_owner_only(self):
        """It may have passwords."""
        self.cloud.make("servers", {"name": "s", "networks": [], "imageRef": "image-1", "metadata": {}, "user_data": base64.b64encode(
            b"#cloud-config\nchpasswd: {list: 'root:secret'}\n").decode(), "flavorRef": self.cloud.make("flavors", {"name": "f"})["id"]})
        self.run_dnsvnf("import", "--folder", os.path.join(self.folder, "s"), "s")
        modes = {name: os.stat(os.path.join(self.folder, "s", name)).st_mode & 0o777 for name in os.listdir(os.path.join(self.folder, "s"))}
        self.assertEqual({"dep.xml": 0o644, "day0.cfg": 0o600}, modes)


if __name__ == "__main__":
    unittest.main()
