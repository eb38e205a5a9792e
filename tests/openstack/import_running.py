#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""import: what runs becomes a descriptor for which check finds no error and plan nothing to do."""
import os
import shutil
import sys
import tempfile

import cloud
import product

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import answers  # noqa: E402

DESIGNS = os.path.join(product.TOP, "examples", "designs")


class Import(product.ProductTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="dnsvnf-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        host = cloud.host()
        self.addCleanup(cloud.set_host, host)
        # Threads, which the design dpdk requires: two neighbours are one core.
        cells = [{**cell, "memory_mb": 131072, "pages": {**cell["pages"], "2048": 32768, "1048576": 16},
                  "siblings": [list(pair) for cpus in (cell["cpus"], cell["pcpus"]) for pair in zip(cpus[::2], cpus[1::2])]}
                 for cell in host["cells"]]
        cloud.set_host({**host, "cells": cells, "pfs": [{**pf, "num_vfs": 16} for pf in host["pfs"]]})
        quota = f"/os-quota-sets/{self.api.project_id}"
        self.api.put("compute", quota, {"quota_set": {"cores": -1, "ram": -1}})
        self.addCleanup(self.api.delete, "compute", quota)

    def image(self, name):
        image = self.api.post("image", "/images", {"name": name, "disk_format": "raw", "container_format": "bare"})
        self.api.call("PUT", "image", f"/images/{image['id']}/file", b"x" * 512, "application/octet-stream")

    def network(self, name, kind, cidr, physnet=None, segment=None):
        body = {"name": name, "provider:network_type": kind}
        if physnet:
            body.update({"provider:physical_network": physnet, "provider:segmentation_id": segment})
        network = self.api.post("network", "/networks", {"network": body})["network"]["id"]
        self.api.post("network", "/subnets", {"subnet": {"network_id": network, "cidr": cidr, "ip_version": 4,
                                                         "name": name + "-subnet", "enable_dhcp": False}})

    def servers(self):
        return sorted(s["name"] for s in self.api.get("compute", "/servers/detail")["servers"])

    def imported(self, *servers, vim="admin"):
        """The folder, and the answer."""
        folder = os.path.join(self.folder, "imported")
        shutil.rmtree(folder, ignore_errors=True)
        done = product.run("import", "-o", "json", "--folder", folder, *servers, vim=vim)
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
        return folder, answers.answer("import", done.stdout)

    def plan(self, path, vim="admin"):
        done = product.run("plan", "-o", "json", path, vim=vim)
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
        return answers.deployment("plan", done.stdout)["steps"]

    def problems(self, path):
        """What check --vim says of the design, but for notes."""
        done = product.run("check", "-o", "json", path, vim="admin")
        found = answers.answer("check", done.stdout)["findings"]
        return sorted((f["rule"], f["text"]) for f in found if f["severity"] != "note")

    def assert_nothing_to_do(self, original, *servers):
        """Of the copy; and check --vim finds in it what it finds in the original."""
        folder, answer = self.imported(*servers)
        self.assertEqual(answer["errors"], 0, answer["findings"])
        path = os.path.join(folder, "dep.xml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        to_do = [f"{s['action']} {s['kind']} {s['name']}: {s.get('why')}" for s in self.plan(path)
                 if s["action"] not in ("keep", "use")]
        self.assertEqual(to_do, [], text)
        problems = self.problems(path)
        self.assertEqual(problems, self.problems(original))
        return answer, text, problems

    def deployed(self, path):
        done = product.run("deploy", path)
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")

    def test_corrected_example(self):
        """With an image of its own."""
        design = self.design()
        self.deployed(design.path)
        answer, text, problems = self.assert_nothing_to_do(design.path, "cpnr-dns_cpnr_0")
        self.assertEqual((answer["notes"], problems), ([], []))
        self.assertIn("<src>image.raw</src>", text)
        self.assertIn("<dst>/etc/knot/knot.conf</dst>", text)
        self.assertNotIn("guest_agent", text)
        with open(os.path.join(self.folder, "imported", "day0.cfg"), encoding="utf-8") as mine:
            with open(os.path.join(design.folder, "day0.cfg"), encoding="utf-8") as theirs:
                self.assertEqual(mine.read(), theirs.read())

    def test_example_designs(self):
        self.image("dns-vnf")
        self.image("knot-dns-3")
        self.network("ops-management", "vxlan", "10.20.0.0/24")
        self.network("dns-fabric-a", "vlan", "172.16.1.0/24", "sriov0", 210)
        self.network("dns-fabric-b", "vlan", "172.16.1.0/24", "sriov1", 210)
        flavor = self.api.post("compute", "/flavors", {"flavor": {
            "name": "m1.dns-cross-numa", "vcpus": 4, "ram": 8192, "disk": 40}})["flavor"]["id"]
        self.api.post("compute", f"/flavors/{flavor}/os-extra_specs", {"extra_specs": {
            "hw:numa_nodes": "2", "hw:cpu_policy": "dedicated", "hw:mem_page_size": "large"}})
        names = sorted(n for n in os.listdir(DESIGNS) if os.path.isdir(os.path.join(DESIGNS, n)))
        self.assertEqual(len(names), 10)
        for name in names:
            with self.subTest(name):
                folder = os.path.join(self.folder, name)
                shutil.copytree(os.path.join(DESIGNS, name), folder)
                path = os.path.join(folder, "dep.xml")
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                with open(path, "w", encoding="utf-8") as file:
                    # The only project of the test cloud; one host does not keep two servers apart.
                    file.write(text.replace("<tenant>\n      <name>dns</name>", "<tenant>\n      <name>test-tenant</name>")
                               .replace("<type>anti_affinity</type>", "<type>affinity</type>"))
                self.deployed(path)
                try:
                    problems = self.assert_nothing_to_do(path, self.servers()[0])[2]
                    # Networks of the test cloud have an MTU of 1500, and this design wants 9000.
                    self.assertEqual([rule for rule, _ in problems], ["mtu-network"] * 2 if name == "netplan" else [])
                finally:
                    product.run("undeploy", path)

    def test_servers_of_others(self):
        """Not dnsvnf's: read as far as they are shown; plan would make new ones beside them."""
        self.image("dns-vnf")
        self.network("a", "vxlan", "10.20.0.0/24")
        network = next(n for n in self.api.get("network", "/networks")["networks"] if n["name"] == "a")
        port = self.api.post("network", "/ports", {"port": {
            "network_id": network["id"], "name": "theirs", "port_security_enabled": False}})["port"]
        flavor = self.api.post("compute", "/flavors", {"flavor": {"name": "small", "vcpus": 1, "ram": 64, "disk": 1}})
        image = self.api.get("image", "/images?name=dns-vnf")["images"][0]["id"]
        self.api.post("compute", "/servers", {"server": {
            "name": "web", "imageRef": image, "flavorRef": flavor["flavor"]["id"], "networks": [{"port": port["id"]}],
            "user_data": "I2Nsb3VkLWNvbmZpZwpob3N0bmFtZTogd2ViCg=="}})
        cloud.wait_for(lambda: self.api.get("compute", "/servers/detail")["servers"][0]["status"] == "ACTIVE", "ACTIVE")
        folder, answer = self.imported("web")
        with open(os.path.join(folder, "dep.xml"), encoding="utf-8") as file:
            text = file.read()
        for part in ("<flavor>small</flavor>", "<image>dns-vnf</image>", port["mac_address"],
                     port["fixed_ips"][0]["ip_address"], "<value>a</value>", "<vim_vm_name>web<"):
            self.assertIn(part, text)
        with open(os.path.join(folder, "day0.cfg"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "#cloud-config\nhostname: web\n")
        member, notes = self.imported("web", vim="tenant")
        self.assertIn("visible to the role admin only", " ".join(notes["notes"]))
        self.assertFalse(os.path.exists(os.path.join(member, "day0.cfg")))

    def test_what_is_wrong_is_named(self):
        done = product.run("import", "--folder", os.path.join(self.folder, "x"), "no-such-server")
        self.assertEqual(done.returncode, 1)
        self.assertIn('no server "no-such-server" in this project', done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "x")))


if __name__ == "__main__":
    cloud.main()
