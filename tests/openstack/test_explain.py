#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each refusal of Nova's: `explain` names its cause before and after, and what it offers instead becomes ACTIVE."""
import json
import os
import re
import sys
import tempfile

import cloud
import hardware
import product

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import answers  # noqa: E402

NUMA = "hw:numa_nodes"
FILTERED = "No valid host was found. There are not enough hosts available."
RETRIES = "Exceeded maximum number of retries"


class Explanations(product.ProductTest):
    small = True

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.hosts = folder.name
        self.write_host(cloud.host())

    def lift_quota(self):
        """That would refuse the largest servers before any host is looked at."""
        path = f"/os-quota-sets/{self.api.project_id}"
        self.api.put("compute", path, {"quota_set": {"cores": -1, "ram": -1}})
        self.addCleanup(self.api.delete, "compute", path)

    def write_host(self, description):
        path = os.path.join(self.hosts, hardware.HOSTNAME + ".json")
        with open(path, "w", encoding="utf-8") as target:
            json.dump(hardware.as_compute_host(description), target)

    def set_host(self, description):
        self.addCleanup(cloud.set_host, cloud.host())
        cloud.set_host(description)
        self.write_host(description)

    def explain(self, design, code, *arguments, **how):
        done = self.dnsvnf("explain", design, "--hosts", self.hosts, "-o", "json", *arguments, code=code, **how)
        whole = answers.deployment("explain", done.stdout)
        self.assertEqual(len(whole["servers"]), 1)
        return {**whole["servers"][0], "notes": "\n".join(whole["notes"])}

    def cause(self, explained):
        return " ".join([explained.get("why", ""), *("; ".join(host["reasons"]) for host in explained["hosts"])])

    def refused(self, design, cause, fault):
        """Returns what explain offers before the server is asked for; the server is left in ERROR."""
        before = self.explain(design, 1)
        self.assertEqual(before["verdict"], "nowhere")
        self.assertRegex(self.cause(before), cause)
        self.assertNotIn("status", before)

        done = self.dnsvnf("deploy", design, "--keep-failed", "--hosts", self.hosts, code=1)
        self.assertIn(fault, done.stderr)
        self.assertRegex(done.stderr, cause)

        after = self.explain(design, 1)
        self.assertEqual((after["status"], after["verdict"]), ("ERROR", "nowhere"))
        self.assertIn(fault, after["fault"])
        self.assertEqual(self.cause(after), self.cause(before))
        self.assertEqual(after.get("counterfactuals"), before.get("counterfactuals"))
        return before.get("counterfactuals", [])

    def becomes_active(self, design):
        self.assertEqual(self.explain(design, 1)["verdict"], "fits")  # 1: the server is still in ERROR
        self.dnsvnf("deploy", design)
        self.assertEqual(self.server()["status"], "ACTIVE")

    @staticmethod
    def waive(design, *rules):
        """`check` sees these before any cloud does."""
        for rule in rules:
            design.option(f"waive.{rule}", "what Nova says of it is wanted")
        return design

    @staticmethod
    def apply(design, counterfactual):
        for change in counterfactual["changes"]:
            if change["nicid"] is not None:
                design.option(f"{change['property']}.{change['nicid']}", change["value"])
            elif change["property"] in ("vcpus", "ram"):
                tag = {"vcpus": "vcpus", "ram": "memory_mb"}[change["property"]]
                with open(design.path, encoding="utf-8") as source:
                    old = re.search(f"<{tag}>.*?</{tag}>", source.read()).group()
                design.edit((old, f"<{tag}>{change['value']}</{tag}>"))
            else:
                design.flavor_property(change["property"], change["value"])

    def each_becomes_active(self, make_design, offered, expected):
        self.assertEqual([c["text"] for c in offered], expected)
        for number, counterfactual in enumerate(offered):
            with self.subTest(counterfactual["text"]):
                design = make_design()
                if number:  # a resize would need room for the old and the new
                    self.dnsvnf("undeploy", design)
                self.apply(design, counterfactual)
                self.dnsvnf("deploy", design)
                self.assertEqual(self.server()["status"], "ACTIVE")

    def test_vf_of_another_node(self):
        def make_design():
            design = self.design()
            design.flavor_property(NUMA, "1")
            return design
        offered = self.refused(make_design(), "port 3 .* VF of sriov1 .*free on node 1.*guest would be on node 0",
                               FILTERED)
        self.each_becomes_active(make_design, offered, ["fits with hw:numa_nodes=2",
                                                        "fits with numa_affinity_policy preferred on port 2",
                                                        "fits with numa_affinity_policy preferred on port 3"])

    def test_more_pinned_cpus_than_a_node_has(self):
        def make_design():
            design = self.design(("<vcpus>4", "<vcpus>10"))
            design.flavor_property(NUMA, "1")
            design.flavor_property("hw:pci_numa_affinity_policy", "preferred")
            return design
        offered = self.refused(make_design(), "dedicated CPUs: 10 requested, the node has 8", FILTERED)
        self.each_becomes_active(make_design, offered, ["fits with hw:numa_nodes=2",
                                                        "fits with 8 vCPUs instead of 10"])

    def test_more_memory_than_any_host(self):
        self.lift_quota()

        def make_design():
            return self.design(("<memory_mb>8192", "<memory_mb>8192000"))
        offered = self.refused(make_design(), "MEMORY_MB: 8192000 requested, 65536 free", "No valid host was found.")
        self.each_becomes_active(make_design, offered, ["fits with 32768 MB of memory instead of 8192000"])

    def test_more_cpus_than_any_host(self):
        self.lift_quota()

        def make_design():
            return self.design(("<vcpus>4", "<vcpus>64"))
        offered = self.refused(make_design(), "PCPU: 64 requested, 16 free", "No valid host was found.")
        self.each_becomes_active(make_design, offered, ["fits with 16 vCPUs instead of 64"])

    def test_too_few_pages(self):
        host = cloud.host()
        full = host["cells"][1]
        few = {**full, "pages": {"4": full["pages"]["4"] + 7168 * 512, "2048": 1024}}
        self.set_host({**host, "cells": [host["cells"][0], few]})
        offered = self.refused(self.design(), "node 1: pages of 2 MiB: 2048 requested, 1024 free", FILTERED)
        self.assertEqual(offered[0]["text"], "fits on compute-1 with 1024 more 2 MiB pages on node 1")
        self.each_becomes_active(self.design, offered[1:], ["fits with hw:mem_page_size=any",
                                                            "fits with hw:mem_page_size=small",
                                                            "fits with 4096 MB of memory instead of 8192"])
        design = self.design()
        self.dnsvnf("undeploy", design)
        more = {**full, "pages": {"4": full["pages"]["4"] + 6144 * 512, "2048": 2048}}
        self.set_host({**host, "cells": [host["cells"][0], more]})
        self.dnsvnf("deploy", design)
        self.assertEqual(self.server()["status"], "ACTIVE")

    def test_vfs_used_up(self):
        host = cloud.host()
        self.set_host({**host, "pfs": [host["pfs"][0], {**host["pfs"][1], "num_vfs": 1}]})
        first = self.design(("<provider_segmentation_id>101", "<provider_segmentation_id>102"), name="first")
        self.dnsvnf("deploy", first)

        # The file knows nothing of the first server: Neutron and Nova do.
        design = self.design()
        self.assertEqual(self.explain(design, 0, vim=None)["verdict"], "fits")
        notes = self.explain(design, 1)["notes"]
        self.assertIn("compute-1: 2 more VFs in use", notes)
        self.assertIn("compute-1: 4 more CPUs pinned", notes)
        capacity = answers.deployment("plan", self.dnsvnf("plan", design, "--hosts", self.hosts, "--count", "1", "-o",
                                                          "json", code=1).stdout)["capacity"]
        self.assertEqual(capacity["deployments"], 0)

        offered = self.refused(design, "port 3 requests a VF of sriov1: 0 of 1 free", FILTERED)
        self.assertEqual([c["text"] for c in offered],
                         ["fits on compute-1 after 1 VF of sriov1 on ens2f0 is freed"])
        self.dnsvnf("undeploy", first)
        self.becomes_active(design)

    def test_no_vf_of_that_physnet(self):
        host = cloud.host()
        self.set_host({**host, "pfs": [host["pfs"][0], {**host["pfs"][1], "num_vfs": 0}]})
        design = self.design()
        self.assertEqual(self.refused(design, "port 3 requests a VF of sriov1: ens2f0 serves it, but has no VFs",
                                      FILTERED), [])
        self.set_host(host)
        self.becomes_active(design)

    def test_direct_port_on_a_network_without_a_physical_one(self):
        design = self.design(
            ("""<provider_network_type>vlan</provider_network_type>
              <provider_physical_network>sriov1</provider_physical_network>
              <provider_segmentation_id>101</provider_segmentation_id>""",
             "<provider_network_type>vxlan</provider_network_type>"))
        self.waive(design, "legs-segment", "direct-network")
        self.assertEqual(self.refused(design, "port 3 is of type direct and its network sriov-network-2 has no "
                                      "physical network, being vxlan", FILTERED), [])

    def test_virtual_port_without_a_bridge(self):
        design = self.design(("<network>management-network</network>", "<network>sriov-network-1</network>"),
                             ("<ip_address>10.10.10.10</ip_address>", "<ip_address>172.16.1.99</ip_address>"))
        self.waive(design, "guest-address", "subnets-overlap")
        self.assertEqual(self.refused(design, "port 1 is virtual and its network sriov-network-1 is on physnet sriov0, "
                                      "for which no Open vSwitch agent has a bridge mapping", RETRIES), [])

    def test_hypervisor_that_refuses(self):
        design = self.design(("<image>dns-vnf</image>",
                              "<image>dns-vnf</image>\n<vim_vm_name>fault-spawn</vim_vm_name>"))
        self.assertEqual(self.explain(design, 0)["verdict"], "fits")
        done = self.dnsvnf("deploy", design, "--keep-failed", "--hosts", self.hosts, code=1)
        self.assertIn(RETRIES, done.stderr)
        after = self.explain(design, 1)
        self.assertEqual((after["status"], after["verdict"]), ("ERROR", "fits"))
        self.assertIn("the hypervisor refused to start it", after["conclusion"])

    def test_without_files_and_without_the_role(self):
        design = self.design()
        done = self.dnsvnf("explain", design)
        self.assertIn("unknown: no compute host is described", done.stdout)
        self.assertIn("to --hosts", done.stderr)
        self.assertIn("visible to the role admin only", self.explain(design, 0, vim="tenant")["notes"])


if __name__ == "__main__":
    cloud.main()
