# SPDX-License-Identifier: Apache-2.0
"""The hardware that a host.json of the test cloud describes (fake_compute.py tells its keys)."""
HOSTNAME = "compute-1"


def vf_addresses(pf):
    """As an X710 numbers them: the VFs of function F begin at device 2 + 4 F."""
    bus, function = pf["address"].rsplit(":", 1)[0], int(pf["address"][-1])
    for number in range(pf["num_vfs"]):
        device, vf_function = divmod(16 + 32 * function + number, 8)
        yield f"{bus}:{device:02x}.{vf_function}"


def as_compute_host(description):
    """The same, empty of servers, in the format of doc/placement.md. nova.conf of the cloud has ratios of 1."""
    return {
        "hostname": HOSTNAME, "cpu_allocation_ratio": 1.0, "ram_allocation_ratio": 1.0, "reserved_memory_mb": 0,
        "disk_gb": description["local_gb"],
        "numa_nodes": [
            {"id": number, "socket": cell.get("socket", number), "memory_mb": cell["memory_mb"],
             "shared_cpus": cell["cpus"], "dedicated_cpus": cell["pcpus"], "siblings": cell.get("siblings", []),
             "huge_pages": [{"size_kb": int(size), "total": total} for size, total in cell["pages"].items()]}
            for number, cell in enumerate(description["cells"])],
        "nics": [
            {"name": pf["ifname"], "numa_node": pf["numa_node"], "physnet": pf["physnet"],
             "vfs": [{"pci_address": address} for address in vf_addresses(pf)]}
            for pf in description["pfs"]],
    }
