# SPDX-License-Identifier: Apache-2.0
"""Nova's own answers to placement cases, one JSON object a line; runs inside the root that holds Debian's python3-nova.

The filters are called as the scheduler calls them, on objects built as its host manager builds them."""
import copy
import json
import logging
import sys
import time
from types import SimpleNamespace

logging.disable(logging.CRITICAL)

import nova.conf  # noqa: E402
from nova import exception, objects  # noqa: E402
from nova.objects import pci_device_pool  # noqa: E402
from nova.pci import stats  # noqa: E402
from nova.scheduler.filters import numa_topology_filter, pci_passthrough_filter  # noqa: E402
from nova.virt import hardware  # noqa: E402

nova.conf.CONF([], project="nova", default_config_files=[])
objects.register_all()
NUMA_FILTER = numa_topology_filter.NUMATopologyFilter()
PCI_FILTER = pci_passthrough_filter.PciPassthroughFilter()


def host_pages(node):
    if "huge_pages" not in node:
        return []
    return [objects.NUMAPagesTopology(size_kb=p["size_kb"], total=p["total"], reserved=p["reserved"],
                                      used=max(0, p["total"] - p["free"] - p["reserved"]))
            for p in node["huge_pages"]]


def host_topology(host):
    cells = []
    for node in host["numa_nodes"]:
        usable = set(node["shared_cpus"]) | set(node["dedicated_cpus"])
        cells.append(objects.NUMACell(
            id=node["id"], socket=node["socket"], cpuset=set(node["shared_cpus"]), pcpuset=set(node["dedicated_cpus"]),
            pinned_cpus=set(node["pinned_cpus"]), cpu_usage=node["shared_cpu_usage"], memory=node["memory_mb"],
            memory_usage=node["memory_used_mb"], mempages=host_pages(node),
            siblings=[set(s) & usable for s in node["siblings"] if set(s) & usable]))
    return objects.NUMATopology(cells=cells)


def host_pools(host):
    pools = []
    for nic in host["nics"]:
        pool = {"product_id": "154c", "vendor_id": "8086", "numa_node": nic["numa_node"],
                "physical_network": nic["physnet"], "remote_managed": "false"}
        if nic["trusted"]:
            pool["trusted"] = "true"
        if nic["vfs"]:
            pool.update(dev_type="type-VF", parent_ifname=nic["name"], count=sum(not v["in_use"] for v in nic["vfs"]))
        else:
            pool.update(dev_type="type-PF", pf=nic["name"], count=int(not nic["in_use"]))
        if pool["count"]:
            pools.append(pool)
    return pci_device_pool.from_pci_stats(pools)


def pci_requests(ports, affinity):
    requests = []
    for port in ports:
        spec = {"physical_network": port["physnet"], "remote_managed": "False"}
        if port["type"] == "passthru":
            spec["dev_type"] = "type-PF"
        if port["trusted"]:
            spec["trusted"] = "True"
        request = objects.InstancePCIRequest(count=1, spec=[spec])
        if port["policy"] or affinity:
            request.numa_policy = port["policy"] or affinity
        requests.append(request)
    return requests


class Case:
    """Host and request as the scheduler holds them; raises what Nova's API raises."""

    def __init__(self, case):
        asked = case["flavor"]
        flavor = objects.Flavor(name="f", vcpus=asked["vcpus"], memory_mb=asked["memory_mb"],
                                extra_specs=asked["extra_specs"])
        image = objects.ImageMeta.from_dict({"properties": dict(case["image"])})
        self.topology = hardware.numa_get_constraints(flavor, image)
        affinity = hardware.get_pci_numa_policy_constraint(flavor, image)
        self.requests = pci_requests(case["ports"], affinity)
        self.host_topology = host_topology(case["host"])
        self.stats = stats.PciDeviceStats(self.host_topology, stats=host_pools(case["host"]))
        self.ratios = {"cpu_allocation_ratio": case["host"]["cpu_allocation_ratio"],
                       "ram_allocation_ratio": case["host"]["ram_allocation_ratio"]}
        self.spec = objects.RequestSpec(
            flavor=flavor, image=image, numa_topology=self.topology, instance_uuid="3d1ed4a4-5c0e-4fa5-8a35-7a5f6b1b1f4e",
            pci_requests=objects.InstancePCIRequests(requests=self.requests))

    def passes(self):
        state = SimpleNamespace(numa_topology=self.host_topology, pci_stats=self.stats, limits={}, host="h",
                                nodename="h", **self.ratios)
        return NUMA_FILTER.host_passes(state, self.spec) and PCI_FILTER.host_passes(state, self.spec)

    def fit(self, topology):
        limits = objects.NUMATopologyLimits(**self.ratios)
        return hardware.numa_fit_instance_to_host(self.host_topology, topology, limits=limits,
                                                  pci_requests=self.requests, pci_stats=self.stats)


def ascending(sets):
    return all(list(s) == sorted(s) for s in sets)


def pins_of(cell, host_cell):
    """The pinning, or None where Nova's depends on the order of a Python set."""
    return sorted((cell.cpu_pinning or {}).items()) if ascending(host_cell.free_siblings) else None


def has_room(case, cell, number, host_cell):
    """Nova's memory of what fits lets cells pass that it never tested: would this one, now?"""
    limits = objects.NUMATopologyLimits(**case.ratios)
    reserved = int(case.topology.emulator_threads_isolated and number == 0)
    try:
        return hardware._numa_fit_instance_cell(host_cell, cell.obj_clone(), limits, reserved) is not None
    except exception.MemoryPageSizeNotSupported:
        return False


def claim_succeeds(case, fitted, by_id):
    """The claim on the host takes these CPUs, which may be those of the node that Nova tried last for the cell."""
    for number, cell in enumerate(fitted.cells):
        pinned = set((cell.cpu_pinning or {}).values()) | (cell.cpuset_reserved or set())
        if not has_room(case, cell, number, by_id[cell.id]):
            return False
        if cell.pcpuset and (not cell.cpu_pinning or not pinned <= by_id[cell.id].free_pcpus):
            return False
    return True


def usage(case, fitted):
    after = hardware.numa_usage_from_instance_numa(case.host_topology, fitted)
    return [{"memory": c.memory_usage, "shared": c.cpu_usage, "pinned": len(c.pinned_cpus),
             "pages": [p.used for p in sorted(c.mempages, key=lambda p: -p.size_kb)]} for c in after.cells]


def pool_use(case, cells):
    """How many devices of which NIC the ports take."""
    before = {p.get("parent_ifname") or p["pf"]: p["count"] for p in case.stats.pools}
    after = copy.deepcopy(case.stats)
    after.apply_requests(case.requests, cells)
    for pool in after.pools:
        before[pool.get("parent_ifname") or pool["pf"]] -= pool["count"]
    return {name: n for name, n in before.items() if n}


def answer(line):
    try:
        case = Case(line)
        # PciDeviceStats copies itself with the host's topology at every question, and only reads it
        case.host_topology.__deepcopy__ = lambda memo: case.host_topology
    except exception.NovaException as e:
        return {"error": e.format_message()}
    except (ValueError, TypeError) as e:
        return {"error": None, "text": str(e)}
    if not case.passes():
        return {"verdict": 0}
    result = {"verdict": 1, "cells": [], "pools": pool_use(case, None)}
    if case.topology:
        fitted = case.fit(case.topology)
        by_id = {c.id: c for c in case.host_topology.cells}
        if not claim_succeeds(case, fitted, by_id):
            return {"verdict": 0, "mistaken": True}
        result["pools"] = pool_use(case, fitted.cells)
        for cell in fitted.cells:
            result["cells"].append({"node": cell.id, "page_kb": cell.pagesize, "pins": pins_of(cell, by_id[cell.id])})
        # its count of usage fails on a host without pages
        if case.host_topology.cells[0].mempages:
            result["usage"] = usage(case, fitted)
    return result


def time_fit(line, rounds):
    """Mean ns of CPU time of numa_fit_instance_to_host alone; the request is made anew outside, for Nova writes into it."""
    case = Case(line)
    total = 0
    for _ in range(rounds):
        topology = case.topology.obj_clone()
        start = time.thread_time_ns()
        case.fit(topology)
        total += time.thread_time_ns() - start
    return total / rounds


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    for line in sys.stdin:
        case = json.loads(line)
        print(json.dumps(time_fit(case, rounds) if rounds else answer(case)), flush=True)


main()
