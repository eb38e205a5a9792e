# SPDX-License-Identifier: Apache-2.0
"""The commands that are disturbed, each in a folder of its own with all that it needs."""
import json
import os
import shutil

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

CORRECTED = "design/dep.xml"
PUBLISHED = f"{TOP}/examples/technote/published/dep.xml"
NETPLAN = f"{TOP}/examples/designs/netplan/dep.xml"
HOSTS = f"{TOP}/tests/unit/data/hosts"
JSON = {"esc:esc_datamodel": {"tenants": {"tenant": [{"name": "t", "deployments": {"deployment": [{"name": "d"}]}}]}}}
OLD = "what was there before\n"


def corrected(folder):
    shutil.copytree(f"{TOP}/examples/technote/corrected", f"{folder}/design")


def described_in_json(folder):
    write(folder, "dep.json", json.dumps(JSON))


def old_file(folder):
    corrected(folder)
    write(folder, "out", OLD)


def records(folder):
    """A deployment of the embedded VIM of which no server is left."""
    corrected(folder)
    for kind in ("flavor", "image"):
        write(folder, f"local/test-tenant/cpnr-dns/{kind}-1.json", json.dumps({
            "kind": kind, "seq": 1, "id": f"{kind}-1", "name": kind, "done": True, "spec": {}, "made": {},
            "owner": f"dnsvnf:test-tenant/cpnr-dns/{kind}/{kind}", "digest": "0"}))


def machine(folder):
    """A host with one NIC of two VFs, as a captured tree."""
    device = "sys/bus/pci/devices/0000:3b:00.0"
    for path, text in {
            "proc/sys/kernel/hostname": "compute-1", "proc/sys/kernel/osrelease": "6.1.0-1", "proc/modules": "bonding 1 0 - Live 0\n",
            "proc/cmdline": "intel_iommu=on", "lib/modules/6.1.0-1/modules.builtin": "", "lib/modules/6.1.0-1/modules.dep": "",
            "sys/kernel/iommu_groups/1/type": "DMA", "sys/class/iommu/dmar0/x": "", "sys/firmware/acpi/tables/DMAR": "x",
            "etc/nova/nova.conf": "[compute]\ncpu_dedicated_set = 1\n[pci]\ndevice_spec = {\"physical_network\": \"sriov1\"}\n",
            "sys/devices/system/cpu/online": "0-1", "sys/devices/system/node/online": "0",
            "sys/devices/system/node/node0/cpulist": "0-1", "sys/devices/system/node/node0/meminfo": "Node 0 MemTotal: 4096 kB\n",
            "sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages": "8",
            "sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages": "8",
            "sys/devices/system/cpu/cpu0/topology/physical_package_id": "0",
            "sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0",
            "sys/devices/system/cpu/cpu1/topology/physical_package_id": "0",
            "sys/devices/system/cpu/cpu1/topology/thread_siblings_list": "1",
            "proc/sys/net/netfilter/nf_conntrack_max": "65536", "proc/sys/net/netfilter/nf_conntrack_count": "7",
            f"{device}/class": "0x020000", f"{device}/vendor": "0x8086", f"{device}/device": "0x1572",
            f"{device}/numa_node": "0", f"{device}/sriov_totalvfs": "64", f"{device}/sriov_numvfs": "1",
            f"{device}/net/ens1/address": "02:00:00:00:00:01", f"{device}/net/ens1/carrier": "1",
            f"{device}/net/ens1/speed": "10000", f"{device}/net/ens1/flags": "0x1003",
            "sys/bus/pci/devices/0000:3b:02.0/class": "0x020000"}.items():
        write(folder, f"host/{path}", text)
    os.symlink("../0000:3b:02.0", f"{folder}/host/{device}/virtfn0")
    os.symlink("../0000:3b:00.0", f"{folder}/host/sys/bus/pci/devices/0000:3b:02.0/physfn")
    os.symlink("../../drivers/i40e", f"{folder}/host/{device}/driver")


def guest(folder):
    """A guest with a bond of two legs, as a captured tree."""
    shutil.copytree(f"{TOP}/tests/unit/data/bondd/active-backup", f"{folder}/guest", symlinks=True)


def bondd_conf(folder):
    write(folder, "bondd.conf", "[monitor]\nwrong = 1\n")


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def nothing(_):
    pass


class Command:
    """One command line: prepare makes the files that it finds; on_cloud: it talks to a cloud of its own;
    live: it reads this machine; loads: the loading of its libraries is disturbed, too."""

    def __init__(self, *arguments, prepare=nothing, bondd=False, on_cloud=False, live=False, loads=False):
        self.arguments, self.prepare, self.bondd, self.on_cloud, self.live, self.loads = \
            arguments, prepare, bondd, on_cloud, live, loads

    def __str__(self):
        words = ["bondd" if self.bondd else "dnsvnf", *self.arguments]
        return " ".join(os.path.relpath(word, TOP) if word.startswith(TOP) else word for word in words)


OFFLINE = [
    Command("--version"),
    Command("check", PUBLISHED, loads=True),
    Command("check", "-o", "json", PUBLISHED),
    Command("check", "-o", "sarif", NETPLAN),
    Command("check", "dep.json", prepare=described_in_json),
    Command("check", "--list"),
    Command("draw", "--hosts", HOSTS, CORRECTED, prepare=corrected, loads=True),
    Command("draw", "--svg", "out", CORRECTED, prepare=old_file),
    Command("render", CORRECTED, prepare=corrected),
    Command("render", "-o", "json", CORRECTED, prepare=corrected),
    Command("explain", "--hosts", HOSTS, CORRECTED, prepare=corrected),
    Command("plan", "--hosts", HOSTS, "--count", "2", CORRECTED, prepare=corrected),
    Command("plan", CORRECTED, prepare=records),
    Command("verify", CORRECTED, prepare=records),
    Command("status", prepare=records),
    Command("status", "-o", "json", CORRECTED, prepare=records),
    Command("undeploy", "--yes", CORRECTED, prepare=records),
    Command("host", "--root", "host", prepare=machine),
    Command("host", "-o", "json", "--root", "host", prepare=machine),
    Command("host", "--root", "host", "--tune", prepare=machine),
    Command("host", live=True),
    Command("host", "--capture", "out", live=True),
    Command("status", "--root", "guest", prepare=guest, bondd=True, loads=True),
    Command("status", "-o", "json", "--root", "guest", prepare=guest, bondd=True),
    Command("status", bondd=True, live=True),
    Command("check-config", "-c", "bondd.conf", prepare=bondd_conf, bondd=True),
]
CLOUD = [
    Command("plan", "--vim", "test", CORRECTED, prepare=corrected, on_cloud=True),
    Command("explain", "--vim", "test", CORRECTED, prepare=corrected, on_cloud=True),
    Command("draw", "--vim", "test", CORRECTED, prepare=corrected, on_cloud=True),
    Command("status", "--vim", "test", on_cloud=True),
    Command("verify", "--vim", "test", CORRECTED, prepare=corrected, on_cloud=True),
    Command("deploy", "--yes", "--vim", "test", CORRECTED, prepare=corrected, on_cloud=True),
    Command("undeploy", "--yes", "--vim", "test", CORRECTED, prepare=corrected, on_cloud=True),
]
