#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`dnsvnf host` on a machine with real PFs and VFs: a VM with two igb NICs on two NUMA nodes, whose kernel says by
`ip link` and sysfs what must come out. Needs the image, mke2fs, and QEMU 8 or newer (get-qemu.sh); no root."""
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import answers  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(TOP, "tests", "vm")
BUILD = os.path.join(TOP, "build")
DNSVNF = os.path.join(BUILD, "dnsvnf")
MODULE = os.path.join(BUILD, "dnsvnf-verbs.so")
IMAGE = os.environ.get("DNSVNF_IMAGE_DIR", os.path.join(BUILD, "image"))
EXAMPLE = os.path.join(TOP, "examples", "technote", "corrected")
BOOT_SECONDS = 400

# Bonds of two VFs whose MAC the host has set: are the ports trusted, and the option that the design's day-0 gives.
DESIGNS = {"none": (False, ""), "active": (False, ",fail_over_mac=1"), "trusted": (True, "")}

INIT = b"""#!/bin/sh
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
exec >/dev/ttyS0 2>&1
while read -r module; do insmod "$module"; done </modules
until [ -b /dev/vda1 ] && [ -b /dev/vdb ]; do sleep 0.1; done
mount -t ext4 /dev/vda1 /root
mount -t ext4 -o ro /dev/vdb /root/mnt
for dir in dev proc sys; do mount -o bind "/$dir" "/root/$dir"; done
busybox mount -t tmpfs tmp /root/tmp
busybox chroot /root /bin/sh /mnt/host_guest.sh
busybox poweroff -f
"""


def cpio(entries):
    """An initramfs to be put behind another: the kernel unpacks both."""
    out = b""
    for number, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")]):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + "".join(f"{field:08X}" for field in fields).encode() + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out


def libraries(program):
    """What it is linked with; the C library is the guest's own."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    paths = re.findall(r"=> (/\S+)", listed)
    return [path for path in paths if not re.match(r"lib(c|m|pthread|dl|rt|resolv)\.so", os.path.basename(path))]


def make_design(folder, trusted, option):
    """The corrected example with another bond; returns its descriptor's path and the bond's options for `ip link add`."""
    shutil.copytree(EXAMPLE, folder)
    path = os.path.join(folder, "dep.xml")
    with open(os.path.join(folder, "day0.cfg"), "r+", encoding="utf-8") as file:
        text = file.read().replace(",fail_over_mac=1", option)
        file.seek(0)
        file.truncate()
        file.write(text)
    with open(path, "r+", encoding="utf-8") as file:
        descriptor = file.read()
        if trusted:
            descriptor = descriptor.replace("<property>\n                  <name>dns_query", "<property><name>trusted</name>"
                                            "<value>true</value></property>\n<property>\n<name>dns_query")
        file.seek(0)
        file.write(descriptor)
    return path, re.search(r'bond\.options "([^"]+)"', text)[1].replace(",", " ").replace("=", " ")


def make_disk(folder):
    tree = os.path.join(folder, "disk")
    os.makedirs(os.path.join(tree, "lib"))
    shutil.copy(os.path.join(HERE, "host_guest.sh"), tree)
    shutil.copy(DNSVNF, tree)
    shutil.copy(MODULE, tree)
    for name, design in DESIGNS.items():
        _, options = make_design(f"{folder}/{name}", *design)
        with open(f"{tree}/bond-{name}", "w", encoding="utf-8") as file:
            file.write(options)
    for path in libraries(MODULE):
        shutil.copy(path, os.path.join(tree, "lib"))
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, f"{folder}/disk.raw", "160M"], check=True,
                   stdout=subprocess.DEVNULL)


def qemu_command(folder):
    qemu = subprocess.run([f"{HERE}/get-qemu.sh", f"{BUILD}/qemu"], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()
    root = qemu.removesuffix("/usr/bin/qemu-system-x86_64")
    if root:  # unpacked: it looks for its firmware and modules here
        os.environ["QEMU_MODULE_DIR"] = f"{root}/usr/lib/x86_64-linux-gnu/qemu"
    command = [qemu, "-L", f"{root}/usr/share/qemu", "-L", f"{root}/usr/share/seabios", "-nodefaults",
               "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
               # One thread: with several, some guests hang (qemu_argv.c), and this one is no slower.
               "-machine", "q35,hpet=off,kernel-irqchip=split", "-accel", "tcg,thread=single,tb-size=256",
               "-cpu", "max", "-smp", "4", "-m", "1G", "-device", "intel-iommu,intremap=on,caching-mode=on",
               "-kernel", f"{IMAGE}/dns-vnf.vmlinux", "-initrd", f"{folder}/initrd", "-append",
               "console=ttyS0 loglevel=0 mitigations=off tsc=reliable panic=-1 random.trust_cpu=on apparmor=0 "
               "audit=0 intel_iommu=on iommu=pt isolcpus=3 hugepages=16",
               "-drive", f"file={IMAGE}/dns-vnf.qcow2,if=none,id=root,format=qcow2,snapshot=on",
               "-device", "virtio-blk-pci,drive=root,bus=pcie.0,addr=3",
               "-drive", f"file={folder}/disk.raw,if=none,id=disk,format=raw,read-only=on",
               "-device", "virtio-blk-pci,drive=disk,bus=pcie.0,addr=4"]
    for node in (0, 1):
        command += ["-object", f"memory-backend-ram,id=m{node},size=512M",
                    "-numa", f"node,nodeid={node},cpus={2 * node}-{2 * node + 1},memdev=m{node}",
                    "-device", f"pxb-pcie,id=pxb{node},bus_nr={32 + 32 * node},bus=pcie.0,numa_node={node}",
                    "-device", f"pcie-root-port,id=rp{node},bus=pxb{node},chassis={node + 1},slot=0",
                    "-netdev", f"hubport,id=net{node},hubid={node}",
                    "-device", f"igb,netdev=net{node},id=pf{node},mac=52:54:00:bb:00:0{node + 1},bus=rp{node},romfile="]
    return command


def run_guest():
    """What host_guest.sh said: name -> (text, exit code)."""
    with tempfile.TemporaryDirectory(prefix="host-vm-") as folder:
        make_disk(folder)
        with open(f"{IMAGE}/dns-vnf.initrd", "rb") as initrd, open(f"{folder}/initrd", "wb") as both:
            data = initrd.read()
            both.write(data + bytes(-len(data) % 512) + cpio([("init", 0o100755, INIT)]))
        done = subprocess.run(qemu_command(folder), stdin=subprocess.DEVNULL, capture_output=True, timeout=BOOT_SECONDS)
    serial = done.stdout.decode(errors="replace").replace("\r", "")
    if "== all done" not in serial:
        raise AssertionError(f"the guest did not finish:\n{serial[-4000:]}\n{done.stderr.decode()}")
    found = re.findall(r"^== (\w+)\n(.*?)^exit (\d+)\n== end$", serial, re.DOTALL | re.MULTILINE)
    return {name: (text, int(code)) for name, text, code in found}


class Host(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.said = run_guest()
        cls.host = answers.answer("host", cls.said["host"][0])
        cls.ip = {link["ifname"]: link for link in json.loads(cls.said["ip"][0])}
        cls.nics = {nic["name"]: nic for nic in cls.host["nics"]}

    def lines(self, name):
        return [line.split() for line in self.said[name][0].splitlines()]

    def rules(self, name):
        return {(finding["rule"], finding["object"]) for finding in json.loads(self.said[name][0])["findings"]}

    def test_pfs_are_as_sysfs_shows_them(self):
        pfs = self.lines("pfs")
        self.assertEqual(2, len(pfs))
        self.assertEqual({pf[0] for pf in pfs}, set(self.nics))  # VFs are not NICs of their own
        for name, address, node, total, configured in pfs:
            nic = self.nics[name]
            self.assertEqual((address, int(node)), (nic["pci_address"], nic["numa_node"]))
            self.assertEqual((int(total), int(configured)), (nic["sriov"]["total"], nic["sriov"]["configured"]))
            self.assertEqual(("igb", True, "8086:10c9"), (nic["driver"], nic["sriov"]["capable"], nic["pci_id"]))
            self.assertEqual(self.ip[name]["address"], nic["mac"])
            self.assertEqual(self.host["kernel"], nic["driver_version"])  # the kernel's own driver
        self.assertEqual({0, 1}, {nic["numa_node"] for nic in self.nics.values()})

    def test_vfs_are_as_ip_link_shows_them(self):
        compared = 0
        for name, nic in self.nics.items():
            self.assertEqual(2, len(nic["vfs"]))
            for vf, shown in zip(nic["vfs"], self.ip[name]["vfinfo_list"]):
                self.assertEqual(shown["vf"], vf["index"])
                self.assertEqual(shown["address"], vf["mac"])
                vlans = shown.get("vlan_list", [])
                self.assertEqual(vlans[0].get("vlan", 0) if vlans else 0, vf["vlan"])
                self.assertEqual(shown["spoofchk"], vf["spoof_check"])
                self.assertEqual(shown["trust"], vf["trust"])
                self.assertEqual(shown["link_state"], vf["link_state"])
                compared += 1
            self.assertEqual([101, 0], [vf["vlan"] for vf in nic["vfs"]])
            self.assertEqual([False, True], [vf["trust"] for vf in nic["vfs"]])
            self.assertEqual([True, False], [vf["spoof_check"] for vf in nic["vfs"]])
        self.assertEqual(4, compared)

    def test_vfs_are_as_sysfs_shows_them(self):
        for pf, link, address, node, group, name in self.lines("vfs"):
            vf = self.nics[pf]["vfs"][int(link.removeprefix("virtfn"))]
            self.assertEqual((address, int(group), name, "igbvf"),
                             (vf["pci_address"], vf["iommu_group"], vf["name"], vf["driver"]))
            self.assertEqual(int(node), self.nics[pf]["numa_node"])
            self.assertIs(False, vf["in_use"])
        self.assertEqual([2, 2], [nic["sriov"]["free"] for nic in self.nics.values()])

    def test_nodes_iommu_and_kernel(self):
        self.assertEqual([[0, 1], [2, 3]], [node["cpus"] for node in self.host["numa_nodes"]])
        self.assertEqual([[], [3]], [node["isolated_cpus"] for node in self.host["numa_nodes"]])
        pages = [pages["total"] for node in self.host["numa_nodes"] for pages in node["huge_pages"]
                 if pages["size_kb"] == 2048]
        self.assertEqual(16, sum(pages))
        self.assertEqual((True, True), (self.host["iommu"]["on"], self.host["iommu"]["firmware_table"]))
        self.assertGreaterEqual(self.host["iommu"]["groups"], 6)
        self.assertEqual("intel_iommu=on iommu=pt isolcpus=3 hugepages=16", self.host["cmdline"])
        self.assertEqual({"igb": "loaded", "igbvf": "loaded", "bonding": "loaded", "iavf": "available"},
                         {name: self.host["modules"][name] for name in ("igb", "igbvf", "bonding", "iavf")})

    def test_before_any_vf(self):
        for name in self.nics:
            self.assertIn(("sriov-no-vfs", name), self.rules("before"))
            self.assertNotIn(("sriov-no-vfs", name), self.rules("host"))

    def test_a_bond_of_untrusted_vfs_is_refused_as_foretold(self):
        text, code = self.said["none"]
        self.assertEqual(1, code)
        self.assertIn("Cannot assign requested address", text)
        self.assertIn("Error -99 calling set_mac_address", self.said["messages"][0])
        for name in self.nics:
            self.assertIn(("vf-untrusted", name), self.rules("host"))

    def test_check_foretells_which_bonds_are_refused(self):
        refused = {}
        for name, design in DESIGNS.items():
            with tempfile.TemporaryDirectory(prefix="host-vm-") as folder:
                path, _ = make_design(f"{folder}/design", *design)
                done = subprocess.run([DNSVNF, "check", "-o", "json", path], capture_output=True, text=True, check=False)
            errors = {finding["rule"] for finding in json.loads(done.stdout)["findings"] if finding["severity"] == "error"}
            self.assertIn((done.returncode, errors), ((0, set()), (1, {"bond-mac-policy"})), done.stdout)
            refused[name] = done.returncode != 0
        self.assertEqual({"none": True, "active": False, "trusted": False}, refused)
        # And so says the kernel of the same bonds; the other two are the remedies that the finding names.
        self.assertEqual(refused, {name: self.said[name][1] != 0 for name in DESIGNS}, self.said)

    def test_a_vf_in_a_bond_of_the_host_is_in_use(self):
        used = answers.answer("host", self.said["used"][0])
        first = next(nic for nic in used["nics"] if nic["sriov"]["free"] == 1)
        self.assertEqual([False, True], [vf["in_use"] for vf in first["vfs"]])

    def test_tuned_conntrack_is_set_and_written_for_the_next_start(self):
        text, code = self.said["refused"]
        self.assertEqual(1, code)
        self.assertIn("Permission denied", text)
        text, code = self.said["tuned"]
        self.assertEqual(0, code, text)
        maximum, buckets, timeout = map(int, self.said["sysctl"][0].split())
        self.assertEqual((262144, 10), (maximum, timeout))
        self.assertGreaterEqual(buckets, 65536)
        for line in ("wrote /etc/sysctl.d/60-dnsvnf-conntrack.conf", "set net.netfilter.nf_conntrack_max = 262144"):
            self.assertIn(f"dnsvnf host: {line}\n", text)  # never silently
        for line in ("net.netfilter.nf_conntrack_max = 262144", "net.netfilter.nf_conntrack_udp_timeout = 10",
                     "nf_conntrack"):
            self.assertIn(f"\n{line}\n", self.said["reboot"][0])
        after = json.loads(self.said["after"][0])["conntrack"]
        self.assertEqual((262144, 26214, "ok"), (after["max"], after["new_flows_per_s"], after["verdict"]))

    def test_without_privileges_nothing_is_guessed(self):
        plain = answers.answer("host", self.said["unprivileged"][0])
        for mine, roots in zip(plain["nics"], self.host["nics"]):
            self.assertEqual(roots, mine)  # what a NIC and its VFs have is for all to read
        self.assertEqual(self.host["iommu"], plain["iommu"])

    def test_the_capture_gives_the_same_elsewhere(self):
        with tempfile.TemporaryDirectory(prefix="host-vm-") as folder:
            archive = os.path.join(folder, "capture.tar.gz")
            with open(archive, "wb") as out:
                out.write(base64.b64decode(self.said["archive"][0]))
            if "KEEP_CAPTURE" in os.environ:
                shutil.copy(archive, os.environ["KEEP_CAPTURE"])
            subprocess.run(["tar", "-C", folder, "-xzf", archive], check=True)
            again = json.loads(subprocess.run([DNSVNF, "host", "-o", "json", "--root", f"{folder}/host"],
                                              capture_output=True, text=True, check=False).stdout)
        for document in (again, self.host):  # the memory moves; model names are this machine's pci.ids
            for node in document["numa_nodes"]:
                node["memory_free_mb"] = None
            for nic in document["nics"]:
                nic["model"] = None
        self.assertEqual(self.host, again)

    def test_the_report_has_it_all(self):
        text = self.said["report"][0]
        for name in self.nics:
            self.assertRegex(text, rf"(?m)^{name} .*igb .*2 of 7 VFs, 2 free$")
        self.assertRegex(text, r"(?m)^\S+ +0 +\S+ +52:54:00:cc:00:01 +101 +off +on +auto +igbvf")


if __name__ == "__main__":
    print(f"boots one guest, up to {BOOT_SECONDS} s", file=sys.stderr)
    unittest.main(verbosity=2)
