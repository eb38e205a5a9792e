# SPDX-License-Identifier: Apache-2.0
"""Random hosts and requests for the placement code, near the edge where they just fit or just do not."""
import random

PHYSNETS = ["sriov0", "sriov1", "Sriov0", "sriov2"]
AFFINITIES = ["legacy", "required", "preferred", "socket"]
# Values that Nova refuses, or reads in its own way.
ODD = {
    "hw:numa_nodes": ["0", "-1", "two", "1.0", "02", " 1", "64", "3"],
    "hw:cpu_policy": ["pinned", "mixed", "shared"],
    "hw:cpu_thread_policy": ["avoid", "isolate", "require"],
    "hw:emulator_threads_policy": ["isolate", "share", "float"],
    "hw:mem_page_size": ["huge", "2MB", "1GB", "2048", "2048KB", "2M", "1.5GB", "0", "8192Kb", "-1KB", "any", "1GiB"],
    "hw:cpu_dedicated_mask": ["0", "^0", "0-99", "1-", "0-1,^1", "^0-1", "x", "", "0,,1"],
    "hw:cpu_realtime": ["yes", "no", "1"],
    "hw:cpu_realtime_mask": ["^0", "0-99", "1"],
    "hw:numa_cpus.0": ["0", "0-1", "0-3", "a", "0-99"],
    "hw:numa_mem.0": ["512", "1024", "x", "-1"],
    "hw:pci_numa_affinity_policy": ["strict", "socket", "preferred"],
    "hw:locked_memory": ["true", "false"],
    "resources:PCPU": ["1", "2", "4", "x"],
    "resources1:VCPU": ["2", "4"],
    "trait:HW_CPU_HYPERTHREADING": ["required", "forbidden"],
}
ODD_IMAGE = {
    "hw_numa_nodes": ["1", "2"],
    "hw_cpu_policy": ["dedicated", "shared", "mixed"],
    "hw_cpu_thread_policy": ["prefer", "isolate", "require"],
    "hw_mem_page_size": ["2048", "large", "bogus"],
    "hw_numa_cpus.0": ["0-1"],
    "hw_numa_mem.0": ["1024"],
    "hw_pci_numa_affinity_policy": ["required", "preferred"],
    "hw_cpu_realtime_mask": ["^0"],
    "hw_locked_memory": ["true", "false"],
    "trait:HW_CPU_HYPERTHREADING": ["required"],
}


def chance(rng, p):
    return rng.random() < p


def some(rng, items, share):
    return [i for i in items if rng.random() < share]


def cores_of(rng, first, n_cores, threads, step):
    """Thread siblings of a node: CPU c and those step, 2 * step ... above it."""
    return [[first + i + t * step for t in range(threads)] for i in range(n_cores)]


def cpu_sets(rng, kind, cores):
    cpus = [c for core in cores for c in core]
    if chance(rng, 0.1):
        kind = rng.choice(["legacy", "shared", "dedicated", "split", "mixed"])
    if kind == "legacy":  # vcpu_pin_set
        return list(cpus), list(cpus)
    if kind == "shared":
        return list(cpus), []
    if kind == "dedicated":
        return [], list(cpus)
    if kind == "split":  # through cores
        shared = some(rng, cpus, 0.4)
    else:
        shared = [c for core in cores[:rng.randint(1, max(1, len(cores) // 2))] for c in core]
    return shared, [c for c in cpus if c not in shared]


def pages_of(rng, sizes, memory_mb):
    pages = []
    left = memory_mb * 1024
    for size in sizes:
        if chance(rng, 0.92):
            total = rng.randint(left // size // 4, left // size * 3 // 4)
            left -= total * size
            reserved = rng.choice([0, 0, min(total, 2)])
            free = total - reserved if chance(rng, 0.6) else rng.randint(0, total)
            pages.append({"size_kb": size, "total": total, "reserved": reserved, "free": free})
    total = left // 4
    pages.append({"size_kb": 4, "total": total, "reserved": 0,
                  "free": total if chance(rng, 0.6) else rng.randint(0, total)})
    rng.shuffle(pages)
    return pages


def node_of(rng, number, cores, host):
    """One node; host holds what its nodes mostly have in common."""
    shared, dedicated = cpu_sets(rng, host["sets"], cores)
    usable = set(shared) | set(dedicated)
    busy = host["busy"]
    memory = rng.choice([8192, 16384, 32768])
    node = {"id": number, "socket": host["sockets"][number], "memory_mb": memory,
            "memory_used_mb": rng.randint(0, memory) if busy and chance(rng, 0.4) else 0,
            "shared_cpus": shared, "dedicated_cpus": dedicated,
            "pinned_cpus": some(rng, dedicated, rng.choice([0.2, 0.5, 0.8])) if busy and chance(rng, 0.5) else [],
            "shared_cpu_usage": rng.randint(0, 2 * len(shared) + 2) if busy and chance(rng, 0.5) else 0,
            "siblings": [[c for c in core if c in usable] for core in cores]}
    if host["sizes"] is not None:
        node["huge_pages"] = pages_of(rng, host["sizes"], memory)
    return node


def nic_of(rng, number, n_nodes):
    nic = {"name": f"nic{number}", "numa_node": rng.choice([None] + 6 * list(range(n_nodes))),
           "physnet": PHYSNETS[number % 2] if chance(rng, 0.7) else rng.choice(PHYSNETS), "in_use": chance(rng, 0.3),
           "trusted": chance(rng, 0.5), "vfs": []}
    if chance(rng, 0.85):
        nic["vfs"] = [{"index": i, "in_use": chance(rng, 0.4)} for i in range(rng.randint(1, 4))]
    return nic


def make_host(rng):
    n_nodes = rng.choice([1, 2, 2, 2, 2, 4, 4, 8])
    threads = rng.choice([1, 2, 2, 2, 4])
    n_cores = rng.randint(2, 8)
    per_socket = rng.choice([1, 1, 2, n_nodes])
    common = {"sets": rng.choice(["dedicated", "dedicated", "mixed", "mixed", "mixed", "split", "legacy", "shared"]),
              "sizes": rng.choice([None, [], [2048], [2048], [1048576, 2048], [1048576]]), "busy": chance(rng, 0.7),
              "sockets": [i // per_socket for i in range(n_nodes)]}
    if chance(rng, 0.05):
        common["sockets"][rng.randrange(n_nodes)] = None
    side_by_side = chance(rng, 0.5)  # or siblings a whole range apart
    nodes = []
    for i in range(n_nodes):
        if side_by_side:
            cores = [[(i * n_cores + c) * threads + t for t in range(threads)] for c in range(n_cores)]
        else:
            cores = cores_of(rng, i * n_cores * threads, n_cores, threads, n_cores)
        nodes.append(node_of(rng, i, cores, common))
    if chance(rng, 0.1):
        rng.shuffle(nodes)
    return {"hostname": "h", "cpu_allocation_ratio": rng.choice([1.0, 1.5, 2.0, 16.0]),
            "ram_allocation_ratio": rng.choice([1.0, 1.0, 1.5]), "numa_nodes": nodes,
            "nics": [nic_of(rng, i, n_nodes) for i in range(rng.randint(0, 4))]}


def mask_of(rng, vcpus, cells):
    """Pinned vCPUs of a mixed guest; mostly some in every cell."""
    if chance(rng, 0.2):
        return str(rng.randrange(vcpus))
    per_cell = vcpus // cells
    pinned = [c for cell in range(cells) for c in range(cell * per_cell, (cell + 1) * per_cell - 1)]
    return ",".join(map(str, pinned or [0]))


def spread_by_hand(rng, specs, vcpus, memory, cells):
    cpus = list(range(vcpus))
    rng.shuffle(cpus)
    left = memory
    for i in range(cells):
        n = len(cpus) if i == cells - 1 else rng.randint(0 if chance(rng, 0.05) else 1, max(1, len(cpus) - cells + i))
        mb = left if i == cells - 1 else left // 2
        specs[f"hw:numa_cpus.{i}"] = ",".join(map(str, sorted(cpus[:n])))
        specs[f"hw:numa_mem.{i}"] = str(mb)
        cpus, left = cpus[n:], left - mb
    if chance(rng, 0.05):
        specs[f"hw:numa_mem.{cells - 1}"] = "1"


def policy_of(rng, nodes, vcpus):
    """A CPU policy for which most nodes have CPUs."""
    dedicated = sum(bool(n["dedicated_cpus"]) for n in nodes) * 2 >= len(nodes)
    shared = sum(bool(n["shared_cpus"]) for n in nodes) * 2 >= len(nodes)
    policies = (3 * ["dedicated"] if dedicated else []) + (["shared", None] if shared else [])
    if dedicated and shared and vcpus > 1:
        policies += ["mixed"]
    if chance(rng, 0.05):
        return rng.choice(["dedicated", "shared", None])
    return rng.choice(policies or [None])


def page_size_of(rng, nodes):
    sizes = {p["size_kb"] for n in nodes for p in n.get("huge_pages", [])}
    if not sizes:
        return rng.choice(["small", "any"])
    names = ["any", "small"] + (3 * ["large"] if len(sizes) > 1 else [])
    names += (["2048", "2MB"] if 2048 in sizes else []) + (["1048576", "1GB"] if 1048576 in sizes else [])
    return rng.choice(names if chance(rng, 0.95) else ["large", "2048", "1GB", "16384"])


def cpu_specs(rng, host, specs, vcpus, cells):
    nodes = host["numa_nodes"]
    policy = policy_of(rng, nodes, vcpus)
    threads = any(len(s) > 1 for n in nodes for s in n["siblings"])
    legacy = all(n["shared_cpus"] == n["dedicated_cpus"] for n in nodes)
    if policy:
        specs["hw:cpu_policy"] = policy
    if policy == "mixed":
        specs["hw:cpu_dedicated_mask"] = mask_of(rng, vcpus, cells)
    if policy in ("dedicated", "mixed"):
        if chance(rng, 0.5):
            policies = ["prefer"] + (["require", "require"] if threads else ["isolate"]) + (["isolate"] if legacy else [])
            specs["hw:cpu_thread_policy"] = rng.choice(policies if chance(rng, 0.9) else ["isolate", "require"])
        if chance(rng, 0.25):
            specs["hw:emulator_threads_policy"] = rng.choice(["isolate", "isolate", "share"])


def make_flavor(rng, host):
    nodes = host["numa_nodes"]
    cells = min(rng.choice([1, 1, 1, 2, 2, 2, 3, 4]), len(nodes) + chance(rng, 0.05))
    if len(nodes) == 8 and chance(rng, 0.1):
        cells = rng.choice([5, 8])
    room = sorted(len(set(n["dedicated_cpus"]) - set(n["pinned_cpus"])) or len(n["shared_cpus"]) for n in nodes)
    per_cell = max(1, min(8, rng.choice([1, 1, 2, 2, room[0], room[-1], room[-1] // 2, room[len(room) // 2]])))
    vcpus = per_cell * cells
    memory = rng.choice([256, 512, 1024, 1024, 2048, 2048, 4096, 1000]) * cells
    specs = {}
    if cells > 1 or chance(rng, 0.5):
        specs["hw:numa_nodes"] = str(cells)
    cpu_specs(rng, host, specs, vcpus, cells)
    if chance(rng, 0.5):
        specs["hw:mem_page_size"] = page_size_of(rng, nodes)
    if cells > 1 and chance(rng, 0.25):
        spread_by_hand(rng, specs, vcpus, memory, cells)
    if chance(rng, 0.2):
        specs["hw:pci_numa_affinity_policy"] = rng.choice(AFFINITIES)
    return {"vcpus": vcpus, "memory_mb": memory, "extra_specs": specs}


def make_ports(rng, host):
    free = []
    for nic in host["nics"]:
        kind = "direct" if nic["vfs"] else "passthru"
        free += [(kind, nic["physnet"].lower(), nic["trusted"])] * (
            sum(not v["in_use"] for v in nic["vfs"]) or (not nic["in_use"]))
    rng.shuffle(free)
    ports = []
    for _ in range(rng.choice([0, 1, 2, 2, 2, 3])):
        if free and chance(rng, 0.95):
            kind, physnet, trusted = free.pop()
        elif chance(rng, 0.2):
            kind, physnet, trusted = "direct", rng.choice(PHYSNETS + [None]), False
        else:
            continue
        ports.append({"physnet": physnet, "type": kind, "trusted": chance(rng, 0.5) and (trusted or chance(rng, 0.1)),
                      "policy": rng.choice(AFFINITIES) if chance(rng, 0.5) else None})
    return ports


def make_case(seed):
    """The case of that seed, always the same."""
    rng = random.Random(seed)
    host = make_host(rng)
    case = {"host": host, "flavor": make_flavor(rng, host), "image": {}, "ports": make_ports(rng, host)}
    if chance(rng, 0.08):
        for key in rng.sample(sorted(ODD), rng.choice([1, 1, 2])):
            case["flavor"]["extra_specs"][key] = rng.choice(ODD[key])
    if chance(rng, 0.08):
        for key in rng.sample(sorted(ODD_IMAGE), rng.choice([1, 1, 2])):
            case["image"][key] = rng.choice(ODD_IMAGE[key])
    return case
