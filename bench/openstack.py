#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long the TechNote's steps take by the openstack client, and how long dnsvnf deploy takes, on one cloud.

Both make the same objects, those of the TechNote (the example without its IPv6 subnets), one after the other on an
idle machine, three times in turn; the medians count.
"""
import os
import re
import statistics
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests", "openstack"))

import cloud  # noqa: E402  pylint: disable=wrong-import-position
import product  # noqa: E402  pylint: disable=wrong-import-position

RUNS = 3
# Each needs the answer to the one before it.
UNAVOIDABLE = r"\+ *([\d.]+) s +(?:Keystone POST +/v3/auth/tokens|Neutron +POST +/v2.0/(?:networks|subnets|ports)) "
STEPS = """
network create --provider-network-type vxlan orchestration-network
subnet create --network orchestration-network --subnet-range 192.168.100.0/24 --no-dhcp --gateway none orchestration-subnet
network create --provider-network-type vxlan management-network
subnet create --network management-network --subnet-range 10.10.10.0/24 --no-dhcp --gateway none management-subnet
network create --provider-network-type vlan --provider-physical-network sriov0 --provider-segment 101 sriov-network-1
subnet create --network sriov-network-1 --subnet-range 172.16.1.0/24 --no-dhcp --gateway 172.16.1.1 sriov-subnet-1
network create --provider-network-type vlan --provider-physical-network sriov1 --provider-segment 101 sriov-network-2
subnet create --network sriov-network-2 --subnet-range 172.16.1.0/24 --no-dhcp --gateway 172.16.1.1 sriov-subnet-2
flavor create --vcpus 4 --ram 8192 --disk 40 cross-numa-flavor
flavor set --property hw:numa_nodes=2 --property hw:cpu_policy=dedicated --property hw:mem_page_size=large cross-numa-flavor
image create --disk-format raw --container-format bare --file /cloud/bench.raw dns-vnf
port create --network orchestration-network --fixed-ip ip-address=192.168.100.10 port-0
port create --network management-network --fixed-ip ip-address=10.10.10.10 port-1
port create --network sriov-network-1 --vnic-type direct --disable-port-security --no-security-group port-2
port create --network sriov-network-2 --vnic-type direct --disable-port-security --no-security-group port-3
""".strip().splitlines()
SERVER = ("server create --wait --flavor cross-numa-flavor --image dns-vnf --nic port-id=port-0 --nic port-id=port-1 "
          "--nic port-id=port-2 --nic port-id=port-3 cpnr-instance")


def client(arguments):
    subprocess.run([cloud.CLOUD_SH, "cli", *arguments.split()], check=True, stdout=subprocess.DEVNULL)


def by_client(api, before):
    start = time.monotonic()
    for step in STEPS:
        client(step)
    prepared = time.monotonic() - start
    client(SERVER)
    whole = time.monotonic() - start
    cloud.wipe(api, before)
    return prepared, whole


def by_dnsvnf(api, before):
    design = product.Design()
    design.drop_ipv6()
    start = time.monotonic()
    done = product.run("deploy", "--timings", design.path)
    whole = time.monotonic() - start
    design.remove()
    if done.returncode:
        raise SystemExit(done.stderr)
    cloud.wipe(api, before)
    prepared = float(re.search(r"timings: +([\d.]+) s \+ *[\d.]+ s +Nova +POST +/v2.1/servers ", done.stderr)[1])
    busy, cpu, memory = re.search(r"([\d.]+) % of it not waiting.*CPU time ([\d.]+) s, peak memory ([\d.]+) MB",
                                  done.stderr).groups()
    unavoidable = sum(map(float, re.findall(UNAVOIDABLE, done.stderr)))
    return prepared, whole, float(busy), float(cpu), float(memory), unavoidable


def main():
    api = cloud.Api()
    api.get("network", "/security-groups")
    before = cloud.inventory(api)
    with open(os.path.join(cloud.DIR, "bench.raw"), "wb") as image:
        image.write(os.urandom(product.IMAGE_SIZE))
    client_runs, dnsvnf_runs = [], []
    for i in range(RUNS):
        client_runs.append(by_client(api, before))
        dnsvnf_runs.append(by_dnsvnf(api, before))
        print(f"run {i + 1}: openstack {client_runs[-1][0]:.1f} s before the server, {client_runs[-1][1]:.1f} s in all; "
              f"dnsvnf {dnsvnf_runs[-1][0]:.2f} s, {dnsvnf_runs[-1][1]:.1f} s", flush=True)
    client_median = [statistics.median(column) for column in zip(*client_runs)]
    dnsvnf_median = [statistics.median(column) for column in zip(*dnsvnf_runs)]
    print(f"openstack client, {len(STEPS) + 1} calls: {client_median[0]:.1f} s before the server, "
          f"{client_median[1]:.1f} s in all")
    print(f"dnsvnf deploy: {dnsvnf_median[0]:.2f} s before the server, {dnsvnf_median[1]:.1f} s in all")
    print(f"ratio: {client_median[0] / dnsvnf_median[0]:.1f} before the server (wanted: 12), "
          f"{client_median[1] / dnsvnf_median[1]:.1f} in all (wanted: 4)")
    print(f"of the {dnsvnf_median[0]:.2f} s before the server {dnsvnf_median[5]:.2f} are four requests that follow from "
          f"each other: token, networks, subnets, ports. With these alone: {client_median[0] / dnsvnf_median[5]:.1f}")
    print(f"dnsvnf: {dnsvnf_median[2]:.1f} % of its time not waiting for an answer (wanted: under 5), "
          f"CPU {dnsvnf_median[3]:.3f} s (0.15), peak memory {dnsvnf_median[4]:.1f} MB (25)")


if __name__ == "__main__":
    if cloud.DIR:
        main()
    else:
        up = os.spawnve(os.P_WAIT, cloud.CLOUD_SH, [cloud.CLOUD_SH, "up"], {**os.environ, "FRESH": "1"})
        code = up or subprocess.call([cloud.CLOUD_SH, "run", sys.executable, *sys.argv])
        subprocess.call([cloud.CLOUD_SH, "down"])
        sys.exit(code)
