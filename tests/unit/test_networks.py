#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Existing networks on which Neutron or Nova will refuse the design's ports: plan, check --vim and deploy warn before anything is
made."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import fake_cloud

DNSVNF = os.path.abspath(sys.argv.pop(1))
DESIGN = "examples/designs/existing-networks"
CIDRS = {"ops-management": "10.20.0.0/24", "dns-fabric-a": "172.16.1.0/24", "dns-fabric-b": "172.16.1.0/24"}
UNFILTERED = "<port_security_enabled>false</port_security_enabled>"
ADDRESS = ("<addresses>", "</addresses>")


class Networks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        shutil.copytree(DESIGN, f"{folder.name}/design")
        self.design = f"{folder.name}/design/dep.xml"
        self.edit(lambda text: text.replace("<name>dns</name>", "<name>test-tenant</name>", 1))
        self.cloud = fake_cloud.Cloud()
        self.cloud.make("images", {"name": "knot-dns-3", "status": "active"})
        self.addCleanup(self.cloud.close)
        self.cloud.make("flavors", {"name": "m1.dns-cross-numa", "vcpus": 4, "ram": 8192, "disk": 40, "extra_specs": {
            "hw:numa_nodes": "2", "hw:cpu_policy": "dedicated", "hw:mem_page_size": "large"}})
        self.networks = {name: self.cloud.make("networks", {"name": name}) for name in CIDRS}
        self.subnets = {name: self.cloud.make("subnets", {"name": name, "network_id": self.networks[name]["id"], "cidr": cidr,
                                                          "ip_version": 4, "enable_dhcp": False})
                        for name, cidr in CIDRS.items()}
        self.environment = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": folder.name, "OS_USERNAME": "u", "OS_PASSWORD": "p",
                            "OS_AUTH_URL": f"{self.cloud.url}/identity/v3", "OS_PROJECT_NAME": "test-tenant"}

    def edit(self, change):
        with open(self.design, encoding="utf-8") as source:
            text = source.read()
        with open(self.design, "w", encoding="utf-8") as target:
            target.write(change(text))

    def without_addresses(self):
        self.edit(lambda text: "".join(part.split(ADDRESS[1])[-1] for part in text.split(ADDRESS[0])))

    def run_verb(self, verb, *options):
        return subprocess.run([DNSVNF, verb, "--vim", "envvars", *options, self.design], env=self.environment, text=True,
                              capture_output=True, timeout=60, check=False)

    def warnings(self):
        done = self.run_verb("plan", "-o", "json")
        steps = json.loads(done.stdout)["deployments"][0].get("steps")
        self.assertIsNotNone(steps, done.stderr)
        return {step["name"]: step["warning"] for step in steps if "warning" in step}

    def warning(self, network):
        """The plan's for this network, which must be the only one."""
        warnings = self.warnings()
        self.assertLessEqual(set(warnings), {network})
        return warnings.get(network)

    def test_a_plan_must_not_lease_where_the_network_does(self):
        self.edit(lambda text: text.replace("<config_data>", "<config_data><configuration><dst>ddi.yaml</dst><file>ddi.yaml</file>"
                                                             "</configuration>", 1))
        with open(f"{os.path.dirname(self.design)}/ddi.yaml", "w", encoding="utf-8") as file:
            file.write("version: 1\nmembers: {dns: {auth: 172.16.1.10}}\nnetworks:\n"
                       "- {prefix: 172.16.1.0/24, pools: [172.16.1.100-172.16.1.110]}\n")
        for dhcp in (False, True):
            self.subnets["dns-fabric-a"]["enable_dhcp"] = dhcp
            findings = json.loads(self.run_verb("check", "-o", "json").stdout)["findings"]
            with self.subTest(dhcp):
                self.assertEqual(dhcp, "ddi-dhcp-vim" in {f["rule"] for f in findings}, findings)

    def test_nothing_is_wrong(self):
        self.assertIsNone(self.warning("dns-fabric-a"))

    def test_address_without_subnet(self):
        del self.cloud.there["subnets"][self.subnets["dns-fabric-a"]["id"]]
        self.assertIn("no subnet, so Neutron will refuse the address 172.16.1.10 of port", self.warning("dns-fabric-a"))
        said = 'network "dns-fabric-a" exists in the VIM: it has no subnet'
        self.assertIn(said, self.run_verb("plan").stdout)
        findings = json.loads(self.run_verb("check", "-o", "json").stdout)["findings"]
        found, = [f for f in findings if f["rule"] == "vim-network"]
        self.assertEqual("warning", found["severity"])
        self.assertIn('network "dns-fabric-a" exists in the VIM and is used as it is: it has no subnet', found["text"])
        with open(self.design, encoding="utf-8") as source:
            self.assertIn("<network>dns-fabric-a", "".join(source.read().splitlines()[found["line"] - 1:][:4]))
        self.cloud.spoil("POST", "/ports$", 400, "no subnet")
        before = len(self.cloud.requests)
        done = self.run_verb("deploy", "--yes")
        self.assertIn("warning: " + said, done.stderr)
        self.assertLess(done.stderr.index("warning: "), done.stderr.index("no subnet (req"))
        self.assertIn("POST", [method for method, path, _ in self.cloud.requests[before:] if path.endswith("/ports")])

    def test_no_address_and_no_subnet(self):
        self.without_addresses()
        for name in ("dns-fabric-a", "dns-fabric-b"):
            del self.cloud.there["subnets"][self.subnets[name]["id"]]
        self.networks["dns-fabric-a"]["port_security_enabled"] = False
        self.networks["dns-fabric-b"]["port_security_enabled"] = False
        warnings = self.warnings()
        self.assertEqual({"dns-fabric-a", "dns-fabric-b"}, set(warnings))
        self.assertIn("service plugin segments", warnings["dns-fabric-a"])
        self.networks["dns-fabric-a"]["port_security_enabled"] = True
        self.assertIn("'openstack network set --disable-port-security dns-fabric-a'", self.warnings()["dns-fabric-a"])

    def test_pairs_without_port_security(self):
        pairs = "<allowed_address_pairs><address><ip_address>172.16.1.9</ip_address></address></allowed_address_pairs>"
        self.networks["dns-fabric-a"]["port_security_enabled"] = False
        self.assertIsNone(self.warning("dns-fabric-a"))
        self.edit(lambda text: text.replace(UNFILTERED, pairs, 1))
        self.assertIn("no port security, so Neutron will refuse the allowed_address_pairs", self.warning("dns-fabric-a"))
        self.networks["dns-fabric-a"]["port_security_enabled"] = True
        self.assertIsNone(self.warning("dns-fabric-a"))

    def test_port_security_of_others(self):
        """Only the network's owner and admins may make ports without it."""
        self.networks["dns-fabric-a"]["project_id"] = "project-2"
        self.assertIsNone(self.warning("dns-fabric-a"))
        token = self.cloud.token()
        token["token"]["roles"] = [{"id": "role-2", "name": "member"}]
        self.cloud.token = lambda: token
        self.assertIn("belongs to another project", self.warning("dns-fabric-a"))
        self.networks["dns-fabric-a"]["port_security_enabled"] = False
        self.assertIsNone(self.warning("dns-fabric-a"))


if __name__ == "__main__":
    unittest.main()
