#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check --vim: what exists in the cloud is taken from it, and faults planted there are found."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import cloud
import product

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import answers  # noqa: E402

NETWORKS = os.path.join(product.TOP, "examples", "designs", "existing-networks")
SPECS = {"hw:numa_nodes": "2", "hw:cpu_policy": "dedicated", "hw:mem_page_size": "large",
         "hw:pci_numa_affinity_policy": "required", "hw:emulator_threads_policy": "share"}


class CheckVim(product.ProductTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="dnsvnf-test-")
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "design", "dep.xml")
        shutil.copytree(NETWORKS, os.path.dirname(self.path))
        # The test cloud has no project "dns".
        self.replace("<tenant>\n      <name>dns</name>", "<tenant>\n      <name>test-tenant</name>")

    def network(self, name, kind, cidr, physnet=None, segment=None, mtu=None, dhcp=False):
        body = {"name": name, "provider:network_type": kind}
        if physnet:
            body["provider:physical_network"] = physnet
        if segment:
            body["provider:segmentation_id"] = segment
        if mtu:
            body["mtu"] = mtu
        network = self.api.post("network", "/networks", {"network": body})["network"]["id"]
        if cidr:
            self.api.post("network", "/subnets", {"subnet": {"network_id": network, "cidr": cidr, "ip_version": 4,
                                                             "name": name + "-subnet", "enable_dhcp": dhcp}})

    def existing(self, second=None, specs=None):
        """What the design existing-networks needs; second: other attributes of the second leg's network."""
        self.network("ops-management", "vxlan", "10.20.0.0/24")
        self.network("dns-fabric-a", "vlan", "172.16.1.0/24", "sriov0", 210)
        self.network("dns-fabric-b", **{"kind": "vlan", "cidr": "172.16.1.0/24", "physnet": "sriov1", "segment": 210,
                                        **(second or {})})
        flavor = self.api.post("compute", "/flavors", {"flavor": {
            "name": "m1.dns-cross-numa", "vcpus": 4, "ram": 8192, "disk": 40}})["flavor"]["id"]
        specs = {**SPECS, **(specs or {})}
        self.api.post("compute", f"/flavors/{flavor}/os-extra_specs",
                      {"extra_specs": {k: v for k, v in specs.items() if v is not None}})

    def check(self, code=0, vim="admin", path=None):
        done = product.run("check", "-o", "json", path or self.path, vim=vim)
        self.assertEqual(done.returncode, code, f"{done.stdout}\n{done.stderr}")
        return answers.answer("check", done.stdout)["findings"]

    def rules(self, *severities, **how):
        return {f["rule"] for f in self.check(**how) if f["severity"] in severities}

    def replace(self, old, new):
        with open(self.path, encoding="utf-8") as source:
            text = source.read()
        self.assertIn(old, text)
        with open(self.path, "w", encoding="utf-8") as target:
            target.write(text.replace(old, new))

    def test_nothing_is_wrong(self):
        self.existing()
        self.assertEqual(self.rules("error", "warning"), set())
        # The segment need not be declared: it is seen.
        self.replace("<name>same_segment</name>", "<name>waive.none-such</name>")
        self.replace("<name>waive.none-such</name>\n                  <value>dns-fabric-a dns-fabric-b</value>",
                     "<name>dns_query</name>\n                  <value>.</value>")
        self.assertEqual(self.rules("error", "warning"), set())
        alone = subprocess.run([product.DNSVNF, "check", "-o", "json", self.path], stdout=subprocess.PIPE, text=True)
        self.assertIn("legs-segment-unknown", {f["rule"] for f in json.loads(alone.stdout)["findings"]})

    def test_another_segment(self):
        """Although same_segment says otherwise."""
        self.existing({"segment": 211})
        self.assertEqual(self.rules("error", code=1), {"legs-segment"})

    def test_smaller_mtu(self):
        self.existing({"mtu": 1400})
        found = [f for f in self.check(code=1) if f["rule"] == "mtu-network"]
        self.assertIn('"bond0" has MTU 1500, but network "dns-fabric-b"', found[0]["text"])

    def test_another_subnet(self):
        self.existing({"cidr": "172.16.2.0/24"})
        self.assertIn("address-outside-subnet", self.rules("error", code=1))

    def test_no_subnet(self):
        """Neutron then refuses the port with an address that deploy would ask for."""
        self.existing({"cidr": None})
        found = [(f["severity"], f["rule"]) for f in self.check(code=1) if f["severity"] != "note"]
        self.assertEqual(sorted(found), [("error", "address-no-subnet"), ("warning", "vim-network")])
        network = self.api.get("network", "/networks?name=dns-fabric-b")["networks"][0]["id"]
        with self.assertRaises(cloud.ApiError):
            self.api.post("network", "/ports", {"port": {"network_id": network, "fixed_ips": [{"ip_address": "172.16.1.11"}]}})

    def test_extra_specs(self):
        self.existing(specs={"hw:numa_nodes": "3"})
        self.assertEqual(self.rules("error", code=1), {"numa-uneven"})

    def test_extra_spec_that_may_be_wrong(self):
        """The finding is on the line that names the flavor: the descriptor has no other of it."""
        self.existing(specs={"hw:numa_nodes": "1"})
        warning, = [f for f in self.check() if f["severity"] == "warning"]
        self.assertEqual(warning["rule"], "numa-one-cell")
        with open(self.path, encoding="utf-8") as source:
            self.assertIn("<vm_group>", source.read().splitlines()[warning["line"] - 1])

    def test_quota(self):
        """deploy creates 3 ports, and one is there."""
        self.existing()
        network = self.api.get("network", "/networks?name=ops-management")["networks"][0]["id"]
        self.api.post("network", "/ports", {"port": {"network_id": network}})
        path = f"/quotas/{self.api.project_id}"
        self.addCleanup(self.api.delete, "network", path)
        self.api.put("network", path, {"quota": {"port": 4}})
        self.assertEqual(self.rules("error"), set())
        self.api.put("network", path, {"quota": {"port": 3}})
        found = [f["text"] for f in self.check(code=1) if f["severity"] == "error"]
        self.assertEqual(found, ["the project's quota is 3 ports, of which 1 are in use, and deploy creates 3: raise it"])

    def test_defined_but_there_already(self):
        """deploy would use the cloud's network and flavor, which are others than the descriptor's."""
        design = self.design()
        self.network("sriov-network-2", "vlan", "172.16.1.0/24", "sriov1", 333)
        flavor = self.api.post("compute", "/flavors", {"flavor": {"name": "cross-numa-flavor", "vcpus": 4, "ram": 8192,
                                                                  "disk": 40}})["flavor"]["id"]
        self.api.post("compute", f"/flavors/{flavor}/os-extra_specs",
                      {"extra_specs": {**SPECS, "hw:numa_nodes": "1"}})
        found = self.check(code=1, path=design.path)
        errors = [f"{f['rule']}: {f['text']}" for f in found if f["severity"] == "error"]
        used = "exists in the VIM and is used as it is:"
        for expected in (f'vim-network: network "sriov-network-2" {used} it is vlan 333 on sriov1 there, not vlan 101 on sriov1:',
                         f'vim-network: network "sriov-network-2" {used} it has no subnet 2001:db8:101::/64 there',
                         f'vim-flavor: flavor "cross-numa-flavor" {used} hw:numa_nodes is 1 there, not 2:',
                         "legs-segment: "):
            self.assertEqual(len([e for e in errors if e.startswith(expected)]), 1, (expected, errors))

    def test_what_a_member_cannot_see(self):
        self.existing({"segment": 211})
        found = self.check(vim="tenant")
        self.assertIn("vim-unknown", {f["rule"] for f in found})
        self.assertNotIn("error", {f["severity"] for f in found})


if __name__ == "__main__":
    cloud.main()
