#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long `dnsvnf host` takes on a host with 256 VFs: two nodes of 64 CPUs, four XL710 ports with 64 VFs each.

The host is a made tree of files, as --capture writes one; `/bin/true` beside it, in the same run."""
import os
import statistics
import struct
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DNSVNF = os.path.join(TOP, "build", "dnsvnf")
RUNS = 50
NODES, CPUS, PFS, VFS = 2, 128, 4, 64


def attribute(kind, payload):
    data = struct.pack("HH", 4 + len(payload), kind) + payload
    return data + bytes(-len(data) % 4)


def link_message(name):
    """RTM_NEWLINK with IFLA_VFINFO_LIST, as linux/if_link.h has it."""
    infos = b""
    for vf in range(VFS):
        mac = struct.pack("I32s", vf, bytes([0x52, 0x54, 0, 0, 1, vf]))
        infos += attribute(1, attribute(1, mac) + attribute(2, struct.pack("III", vf, 101, 0)) +
                           attribute(4, struct.pack("II", vf, 1)) + attribute(9, struct.pack("II", vf, 0)) +
                           attribute(5, struct.pack("II", vf, 0)))
    body = bytes(16) + attribute(3, name.encode() + b"\0") + attribute(22, infos)
    return struct.pack("IHHII", 16 + len(body), 16, 0, 1, 0) + body


class Tree:
    def __init__(self, root):
        self.root = root

    def file(self, path, content):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content if isinstance(content, bytes) else f"{content}\n".encode())

    def link(self, path, target):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(target, path)

    def nodes(self):
        self.file("sys/devices/system/cpu/online", f"0-{CPUS - 1}")
        self.file("sys/devices/system/cpu/isolated", f"8-{CPUS - 1}")
        for node in range(NODES):
            first, size = node * CPUS // NODES, CPUS // NODES
            folder = f"sys/devices/system/node/node{node}"
            self.file(f"{folder}/cpulist", f"{first}-{first + size - 1}")
            self.file(f"{folder}/meminfo", f"Node {node} MemTotal: 197787468 kB\nNode {node} MemFree: 1000 kB")
            for pages in ("nr", "free"):
                self.file(f"{folder}/hugepages/hugepages-1048576kB/{pages}_hugepages", 128)
            for cpu in range(first, first + size):
                topology = f"sys/devices/system/cpu/cpu{cpu}/topology"
                self.file(f"{topology}/physical_package_id", node)
                self.file(f"{topology}/thread_siblings_list", f"{cpu & ~1}-{cpu | 1}")

    def nic(self, number):
        bus = 0x18 + number
        devices, pf, name = "sys/bus/pci/devices", f"0000:{bus:02x}:00.0", f"ens{number}f0"
        for key, value in (("class", "0x020000"), ("vendor", "0x8086"), ("device", "0x1583"),
                           ("numa_node", number % NODES), ("sriov_totalvfs", VFS), ("sriov_numvfs", VFS)):
            self.file(f"{devices}/{pf}/{key}", value)
        self.link(f"{devices}/{pf}/driver", "i40e")
        self.file(f"ethtool/{name}", "driver: i40e\nversion: 2.13.10\nfirmware-version: 8.30 0x8000a4ae 1.2926.0")
        for key, value in (("address", "3c:fd:fe:00:00:01"), ("carrier", 1), ("speed", 40000)):
            self.file(f"{devices}/{pf}/net/{name}/{key}", value)
        for vf in range(VFS):
            address = f"0000:{bus:02x}:{2 + vf // 8:02x}.{vf % 8}"
            self.link(f"{devices}/{pf}/virtfn{vf}", address)
            self.file(f"{devices}/{address}/class", "0x020000")
            self.link(f"{devices}/{address}/physfn", pf)
            self.link(f"{devices}/{address}/iommu_group", str(100 * number + vf))
            if vf % 2:
                self.link(f"{devices}/{address}/driver", "vfio-pci")
                self.file(f"{devices}/{address}/enable", vf % 4 // 2)
            else:
                self.link(f"{devices}/{address}/driver", "iavf")
                self.file(f"{devices}/{address}/net/{name}v{vf}/flags", "0x1003")
            os.makedirs(f"{self.root}/sys/kernel/iommu_groups/{100 * number + vf}")
        return link_message(name)


def run(command):
    """Wall and CPU time in ms."""
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    status, usage = os.wait4(pid, 0)[1:]
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    return (time.perf_counter() - start) * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def main():
    with tempfile.TemporaryDirectory(prefix="bench-host-") as root:
        tree = Tree(root)
        tree.nodes()
        tree.file("netlink/link.dump", b"".join(tree.nic(number) for number in range(PFS)))
        commands = {"/bin/true": ["/bin/true"], "dnsvnf --version": [DNSVNF, "--version"],
                    "dnsvnf host": [DNSVNF, "host", "--root", root],
                    "dnsvnf host -o json": [DNSVNF, "host", "-o", "json", "--root", root]}
        samples = {name: [] for name in commands}
        for _ in range(RUNS):  # in turns, so that a busy moment falls on all of them
            for name, command in commands.items():
                samples[name].append(run(command))
    print(f"{PFS * VFS} VFs{'':12}{'median':>9}{'best':>9}{'CPU':>9}   of {RUNS} runs in turns")
    for name, runs in samples.items():
        print(f"{name:20}{statistics.median(ms for ms, _ in runs):6.1f} ms{min(ms for ms, _ in runs):6.1f} ms"
              f"{statistics.median(cpu for _, cpu in runs):6.1f} ms")


if __name__ == "__main__":
    main()
