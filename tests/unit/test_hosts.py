#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compute hosts as they are: `dnsvnf host` on one's files, and `dnsvnf explain` on what it printed."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

DNSVNF = os.path.abspath(sys.argv.pop(1))
DESIGN = "examples/technote/corrected/dep.xml"
GOOD = "tests/unit/data/hosts/compute-1.json"
PFS = (("0000:3b:00.0", 0, "ens1f0"), ("0000:af:00.0", 1, "ens2f0"))
CPUS = "[compute]\ncpu_dedicated_set = 2-7,10-15\ncpu_shared_set = 0-1,8-9\n"


class Machine:
    """Two nodes with 8 CPUs and a NIC with two VFs each, as a folder of /sys, /proc and /etc."""

    def __init__(self, folder):
        self.root = os.path.join(folder, "root")
        self.hosts = os.path.join(folder, "hosts")
        os.mkdir(self.hosts)
        self.write({"proc/sys/kernel/hostname": "compute-9", "proc/cmdline": "intel_iommu=on iommu=pt",
                    "sys/devices/system/cpu/online": "0-15", "sys/devices/system/cpu/isolated": "",
                    "sys/kernel/iommu_groups/0/type": "DMA"})
        for node in (0, 1):
            self.write({f"sys/devices/system/node/node{node}/cpulist": f"{8 * node}-{8 * node + 7}",
                        f"sys/devices/system/node/node{node}/meminfo": f"Node {node} MemTotal: 67108864 kB"})
            self.pages(node, 2048, 16384)
        for address, node, name in PFS:
            self.nic(address, node, name)

    def write(self, files):
        for path, text in files.items():
            path = os.path.join(self.root, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as out:
                out.write(text + "\n")

    def pages(self, node, size_kb, total):
        folder = f"sys/devices/system/node/node{node}/hugepages/hugepages-{size_kb}kB"
        self.write({f"{folder}/nr_hugepages": str(total), f"{folder}/free_hugepages": str(total)})

    def link(self, path, target):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(target, path)

    def nic(self, address, node, name):
        pci = f"sys/bus/pci/devices/{address}"
        common = {"class": "0x020000", "vendor": "0x8086", "numa_node": str(node)}
        self.write({f"{pci}/{key}": value for key, value in {
            **common, "device": "0x158b", "sriov_vf_device": "154c", "sriov_totalvfs": "64", "sriov_numvfs": "2",
            f"net/{name}/address": "02:00:00:00:01:00", f"net/{name}/carrier": "1"}.items()})
        self.link(f"{pci}/driver", "../../../bus/pci/drivers/i40e")
        for i in (0, 1):
            vf = f"{address[:8]}02.{i}"
            self.write({f"sys/bus/pci/devices/{vf}/{key}": value
                        for key, value in {**common, "device": "0x154c", "enable": "0"}.items()})
            self.link(f"sys/bus/pci/devices/{vf}/driver", "../../../bus/pci/drivers/vfio-pci")
            self.link(f"sys/bus/pci/devices/{vf}/physfn", f"../{address}")
            self.link(f"{pci}/virtfn{i}", f"../{vf}")

    def nova(self, *specs, path="etc/nova/nova.conf"):
        self.write({path: CPUS + "[pci]\n" + "".join(f"device_spec = {json.dumps(spec)}\n" for spec in specs)})

    def host(self, *arguments):
        return subprocess.run([DNSVNF, "host", "--root", self.root, *arguments], capture_output=True, text=True,
                              timeout=30, check=False)

    def keep(self):
        with open(os.path.join(self.hosts, "compute-9.json"), "w", encoding="utf-8") as out:
            out.write(self.host("-o", "json").stdout)


def specs(**more):
    return [{"devname": name, "physical_network": f"sriov{node}", **more} for _, node, name in PFS]


class Hosts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hosts-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.machine = Machine(self.folder)

    def explain(self, trusted=False, edit=None):
        with open(DESIGN, encoding="utf-8") as source:
            text = source.read().replace("<image>dns-vnf</image>\n            <flavor>",
                                         "<locator><vim_id>nowhere</vim_id></locator><image>dns-vnf</image>\n<flavor>")
        if trusted:
            option = "<property><name>trusted</name><value>true</value></property>"
            text, n = re.subn("(<extension>\\s*<name>dnsvnf</name>\\s*<properties>)", r"\1" + option, text)
            self.assertEqual(1, n)
        for old, new in edit or ():
            self.assertIn(old, text)
            text = text.replace(old, new)
        folder = os.path.join(self.folder, "design")
        shutil.copytree(os.path.dirname(DESIGN), folder, dirs_exist_ok=True)
        with open(f"{folder}/dep.xml", "w", encoding="utf-8") as out:
            out.write(text)
        return subprocess.run([DNSVNF, "explain", "--hosts", self.machine.hosts, f"{folder}/dep.xml"], text=True,
                              capture_output=True, timeout=30, check=False)

    def findings(self):
        done = self.machine.host()
        return done.returncode, done.stdout[done.stdout.find("\nFindings\n"):]

    def test_the_vfs_of_device_spec(self):
        self.machine.nova(*specs())
        self.machine.keep()
        self.assertIn("fits on compute-9: ", self.explain().stdout)

    def test_ids_of_the_pf_give_no_vf(self):
        self.machine.nova(*[{"vendor_id": "8086", "product_id": "158b", "address": address,
                             "physical_network": f"sriov{node}"} for address, node, _ in PFS])
        code, findings = self.findings()
        self.assertEqual(0, code)
        for name in ("ens1f0", "ens2f0"):
            self.assertRegex(findings, f"(?m)^warning: {name}: a device_spec matches the PF, but none .* 2 VFs "
                                       r"\(product_id 154c\).* \[device-spec-no-vf\]$")
        self.machine.keep()
        done = self.explain()
        self.assertEqual(1, done.returncode)
        self.assertIn("fits on no host", done.stdout)
        self.assertIn("a VF of sriov0: 0 of 2 free, 2 matched by no device_spec of Nova", done.stdout)

    def test_a_spec_that_nova_refuses(self):
        self.machine.nova({"address": "0000:3b:0*.*", "physical_network": "sriov0"}, path="etc/kolla/nova-compute/nova.conf")
        code, findings = self.findings()
        self.assertEqual(1, code)
        self.assertRegex(findings, r"(?m)^error: /etc/kolla/nova-compute/nova\.conf:5: Nova refuses this device_spec, and "
                                   r"nova-compute does not start with it: property slot \('0\*'\) .* "
                                   r"\[device-spec-refused\]$")
        self.machine.keep()
        self.assertIn("fits on no host", self.explain().stdout)

    def test_trusted_ports_need_trusted_specs(self):
        for tags, verdict in (({"trusted": "true"}, "fits on compute-9: "), ({}, "fits on no host")):
            self.machine.nova(*specs(**tags))
            self.machine.keep()
            self.assertIn(verdict, self.explain(trusted=True).stdout)
            self.assertIn("fits on compute-9: ", self.explain().stdout)

    def test_a_file_that_does_not_say_trusted_leaves_it_unknown(self):
        shutil.copy(GOOD, self.machine.hosts)
        self.assertIn("fits on compute-1: ", self.explain().stdout)
        done = self.explain(trusted=True)
        self.assertIn("server cpnr-dns_cpnr_0: unknown: whether compute-1 can take it cannot be told", done.stdout)
        self.assertIn('say whether their device_spec has "trusted": "true"', done.stdout)
        self.assertNotIn("fits", done.stdout)
        with open(GOOD, encoding="utf-8") as source:
            host = json.load(source)
        for nic in host["nics"]:
            nic["trusted"] = True
        with open(f"{self.machine.hosts}/compute-1.json", "w", encoding="utf-8") as out:
            json.dump(host, out)
        self.assertIn("fits on compute-1: ", self.explain(trusted=True).stdout)

    def test_nodes_that_share_cpus_make_that_host_unknown(self):
        for node in (0, 1):
            self.machine.write({f"sys/devices/system/node/node{node}/cpulist": "0-15"})
        code, findings = self.findings()
        self.assertEqual(0, code)
        self.assertRegex(findings, r"(?m)^warning: node 1: CPUs 0-15 are in node 0, too: .* \[numa-cpus-shared\]$")
        self.machine.keep()
        done = self.explain()
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("unknown: whether compute-9 can take it cannot be told from its file", done.stdout)
        self.assertRegex(done.stdout, r"compute-9: unknown, since its file contradicts itself: \S+/compute-9.json: "
                                      r"CPU 0 is in node 1 and in another")
        shutil.copy(GOOD, self.machine.hosts)
        done = self.explain()
        self.assertIn("fits on compute-1: ", done.stdout)
        self.assertRegex(done.stdout, r"unknown: host compute-9 is left out: \S+/compute-9.json: CPU 0 is in node 1")
        # also where both are of one host: what contradicts itself says nothing about it
        with open(f"{self.machine.hosts}/compute-9.json", encoding="utf-8") as file:
            document = file.read()
        self.assertIn('"compute-9"', document)
        with open(f"{self.machine.hosts}/compute-9.json", "w", encoding="utf-8") as file:
            file.write(document.replace('"compute-9"', '"compute-1"'))
        self.assertIn("fits on compute-1: ", self.explain().stdout)

    def test_sizes_of_pages(self):
        for size_kb in (64, 32768, 1048576, 16777216):
            self.machine.pages(0, size_kb, 16)
        self.assertIn(" 64K 16/16, 2M 16384/16384, 32M 16/16, 1G 16/16, 16G 16/16\n", self.machine.host().stdout)

    def test_a_misspelt_physnet(self):
        shutil.copy(GOOD, self.machine.hosts)
        done = self.explain(edit=[("<provider_physical_network>sriov1", "<provider_physical_network>sirov1")])
        self.assertIn("no NIC of the host serves it (they serve sriov0, sriov1); is sriov1 meant?", done.stdout)


if __name__ == "__main__":
    unittest.main()
