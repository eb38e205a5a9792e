#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The TechNote on a real compute host: deploy, verify, each kind of failure, conntrack, update, undeploy.

Each step appends rows to a table: what the TechNote says, what was done, what was seen, and whether it is true. The run
fails if a row is FALSE: not as it must be here. `proof.py --write` writes doc/proof.md.
"""
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import typing

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "openstack"))
import cloud  # noqa: E402
import product  # noqa: E402
import ready  # noqa: E402
from host import SERVICE_GATEWAY, TOP, ComputeHost, command  # noqa: E402

IMAGE = os.path.join(TOP, "build", "image")
LOAD = os.path.join(TOP, "bench", "outage_load.py")
SERVER = "cpnr-dns_cpnr_0"
MANAGEMENT, SERVICE = "10.10.10.10", "172.16.1.10"
CLIENT = "10.10.10.254"  # of this machine, on the management network
LEGS = {"pf0": "fa:16:3e:10:00:02", "pf1": "fa:16:3e:10:00:03"}
AGENTS = ("neutron-openvswitch-agent", "neutron-sriov-agent", "nova-compute")
QPS = 200
DEPLOY_SECONDS = 1500
UDP_TIMEOUT = 10  # s that host --tune recommends
DOCUMENT = os.path.join(TOP, "doc", "proof.md")


class Row(typing.NamedTuple):
    chapter: str
    claim: str
    done: str
    seen: str
    verdict: str  # true, false, depends, not measurable here; FALSE: not what this run must show


class Proof:
    def __init__(self):
        self.api = cloud.Api()
        self.host = ComputeHost()
        self.begin = time.monotonic()
        self.rows, self.design, self.key = [], None, None

    def say(self, text):
        print(f"[{time.monotonic() - self.begin:4.0f} s] proof: {text}", file=sys.stderr, flush=True)

    def row(self, chapter, claim, done, seen, verdict):
        self.say(f"{chapter}: {claim}: {verdict}: {seen}")
        self.rows.append(Row(chapter, claim, done, seen, verdict))

    def holds(self, chapter, claim, done, seen, true):
        self.row(chapter, claim, done, seen, "true" if true else "FALSE")

    # ---- helpers ----

    def guest(self, line, check=True):
        """What the shell's line prints in the guest, as root."""
        done = subprocess.run(["ssh", "-q", "-i", f"{self.host.image}/key", "-o", "StrictHostKeyChecking=no", "-o",
                               "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=60", "-o", "ControlMaster=auto", "-o",
                               f"ControlPath={self.host.run}/guest", "-o", "ControlPersist=600", f"debian@{MANAGEMENT}",
                               f"sudo -n sh -c '{line}'"], capture_output=True, text=True, timeout=300, check=False)
        if check and done.returncode:
            raise AssertionError(f"in the guest: {line}: {done.stdout}{done.stderr}")
        return done.stdout

    def active_leg(self):
        """(name in the guest, PF)"""
        name = self.guest("cat /sys/class/net/bond0/bonding/active_slave").strip()
        mac = self.guest(f"cat /sys/class/net/bond0/lower_{name}/bonding_slave/perm_hwaddr").strip()
        return name, next(pf for pf, leg in LEGS.items() if leg == mac)

    def dnsvnf(self, verb, *arguments, expect=(0,), **how):
        done = product.run(verb, self.design.path, *arguments, timeout=DEPLOY_SECONDS + 300, **how)
        if done.returncode not in expect:
            raise AssertionError(f"dnsvnf {verb}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    @staticmethod
    def wait_for(true, seconds):
        end = time.monotonic() + seconds
        while not true() and time.monotonic() < end:
            time.sleep(0.5)
        return true()

    def server(self):
        found = self.api.get("compute", f"/servers/detail?name={SERVER}")["servers"]
        return found[0] if found else None


class Load:
    """DNS queries to the VNF's service address from the fabric, while something happens."""

    def __init__(self, seconds, qps=QPS):
        self._process = subprocess.Popen([sys.executable, LOAD, SERVICE, SERVICE_GATEWAY, str(qps)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        self._process.stdout.readline()
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        warm = json.loads(self._process.stdout.readline())
        if not warm["answered"]:
            self._process.kill()
            raise AssertionError("the VNF answers no query before the failure")

    def result(self):
        self._process.stdin.close()
        result = json.loads(self._process.stdout.readline())
        self._process.wait()
        self._process.stdout.close()
        return result


# ---- the steps ----

def start_host(p):
    p.say("starting the compute host")
    p.host.start()
    p.say(f"it can be logged in to after {time.monotonic() - p.host.started:.0f} s; starting its services")
    begin = time.monotonic()
    p.host.ssh(f"systemctl start --no-block {' '.join(AGENTS)}")
    for file in ("dnsvnf", "dnsvnf-verbs.so", "bondd"):
        p.host.put(os.path.join(TOP, "build", file), f"/opt/dnsvnf/{file}")
    lacking = None
    while (now := ready.missing(cloud.Api(project="admin"))) and time.monotonic() < begin + 900:
        if now != lacking:
            lacking = now
            p.say(f"waiting for {', '.join(sorted(lacking))}")
        time.sleep(2)
    if now:
        raise AssertionError(f"the compute host's services are not there: {lacking}")
    p.say(f"all services after {time.monotonic() - begin:.0f} s")


def make_design(p):
    """The corrected example, small enough for the host; its image boots by kernel, which is twice as fast."""
    design = product.Design(("<memory_mb>8192", "<memory_mb>1024"), ("<root_disk_mb>40960", "<root_disk_mb>3072"),
                            ("<vcpus>4", "<vcpus>2"), ("<bootup_time>300", "<bootup_time>1200"))
    shutil.copy(f"{IMAGE}/dns-vnf.qcow2", design.folder)
    properties = {"os_command_line": "root=/dev/vda1 console=ttyS0 quiet mitigations=off random.trust_cpu=on "
                                     "systemd.show_status=false"}
    for name, kind, suffix in (("kernel_id", "aki", "vmlinux"), ("ramdisk_id", "ari", "initrd")):
        image = p.api.post("image", "/images", {"name": f"dns-vnf-{suffix}", "disk_format": kind, "container_format": kind})
        with open(f"{IMAGE}/dns-vnf.{suffix}", "rb") as file:
            p.api.call("PUT", "image", f"/images/{image['id']}/file", file.read(), "application/octet-stream")
        properties[name] = image["id"]
    text = "".join(f"<property><name>{name}</name><value>{value}</value></property>" for name, value in properties.items())
    design.edit(("<src>image.raw</src>\n      <disk_format>raw", "<src>dns-vnf.qcow2</src>\n      <disk_format>qcow2"),
                ("<container_format>bare</container_format>",
                 f"<container_format>bare</container_format><properties>{text}</properties>"))
    with open(f"{p.host.image}/key.pub", encoding="ascii") as key:
        design.edit(("hostname: cpnr\n", f"hostname: cpnr\nssh_authorized_keys:\n - {key.read().strip()}\n"), file="day0.cfg")
    p.design = design


def client_on_management(p):
    """This machine gets a port of the management network, as any guest's: security groups and all."""
    network = p.api.get("network", "/networks?name=management-network")["networks"][0]
    port = p.api.post("network", "/ports", {"port": {
        "network_id": network["id"], "name": "client", "fixed_ips": [{"ip_address": CLIENT}],
        "device_owner": "compute:client", "binding:host_id": "compute-1"}})["port"]
    p.host.ssh("ip address flush dev clients; ip address replace 10.99.0.2/24 dev br-ex; "
               "ovs-vsctl --if-exists del-port br-int clients -- add-port br-int clients -- "
               f"set interface clients external_ids:iface-id={port['id']} external_ids:attached-mac={port['mac_address']} "
               "external_ids:iface-status=active")
    for words in (("address", "flush", "dev", "clients"), ("link", "set", "clients", "down"),
                  ("link", "set", "clients", "address", port["mac_address"], "mtu", str(network["mtu"])),
                  ("link", "set", "clients", "up"), ("address", "add", f"{CLIENT}/24", "dev", "clients")):
        subprocess.run(["ip", *words], check=True)


def hardware(p):
    chapter = "Hardware and drivers"
    lspci = p.host.ssh("lspci | grep -i ethernet")
    p.holds(chapter, "`lspci \\| grep -i ethernet` shows the NICs", "on the host",
            f"{lspci.count('82576')} of the 82576 (igb), PFs and VFs", lspci.count("82576") == 10)
    driver = p.host.ssh("ethtool -i pf0; ethtool -i pf1").count("driver: igb\n")
    p.holds(chapter, "`ethtool -i` names the driver of each PF", "on the host", f"igb on {driver} of 2 PFs", driver == 2)
    nodes = p.host.ssh("cat /sys/class/net/pf0/device/numa_node /sys/class/net/pf1/device/numa_node").split()
    p.holds(chapter, "sriov0 is on NUMA node 0, sriov1 on node 1", "`numa_node` of the PFs", f"nodes {' and '.join(nodes)}",
            nodes == ["0", "1"])
    dmesg = p.host.ssh("dmesg | grep -i SR-IOV", check=False).strip()
    p.row(chapter, "`dmesg \\| grep -i \"SR-IOV\"` tells whether the BIOS has it enabled", "on the host, with VFs in use",
          f"{len(dmesg.splitlines())} lines" if dmesg else "no line, though 8 VFs are there",
          "true" if dmesg else "false")
    iommu = p.host.ssh("ls /sys/kernel/iommu_groups | wc -l").strip()
    p.holds(chapter, "VT-d must be enabled", "groups of the vIOMMU", f"{iommu} groups", int(iommu) >= 10)
    p.row(chapter, "XL710 and E810 at 40 and 100 GbE", "-", "the NICs are emulated 82576", "not measurable here")
    p.row(chapter, "BIOS/UEFI settings", "-", "the host is a VM", "not measurable here")


def deploy(p):
    chapter = "Deployment"
    make_design(p)
    p.say("deploy")
    begin = time.monotonic()
    with product.start("deploy", p.design.path) as process:
        log, client = [], False
        for line in process.stderr:
            log.append(line)
            p.say(line.rstrip())
            if "SUCCESS CREATE_PORT" in line and not client:
                client = True
                client_on_management(p)
    took = time.monotonic() - begin
    seen = f"exit {process.returncode} after {took:.0f} s"
    p.holds(chapter, "One command deploys networks, flavor, image, ports and the VNF", "`dnsvnf deploy`", seen,
            process.returncode == 0)
    if process.returncode:
        raise AssertionError("".join(log))


def verify(p):
    done = json.loads(p.dnsvnf("verify", "-o", "json", expect=(0, 1)).stdout)["deployments"][0]
    unknown = [check["check"] for check in done["checks"] if check["result"] == "unknown"]
    failed = [check["check"] for check in done["checks"] if check["result"] == "fail"]
    p.holds("Verification", "All checks of `dnsvnf verify`", "on the running VNF",
            f"{done['passed']} passed, {done['failed']} failed{' (' + ', '.join(failed) + ')' if failed else ''}, "
            f"{done['unknown']} unknown{' (' + ', '.join(unknown) + ')' if unknown else ''}", not failed)
    return done


def verification_commands(p):
    chapter = "Verification"
    server = p.server()
    p.holds(chapter, "`openstack server show`: ACTIVE", "the API's answer", server["status"], server["status"] == "ACTIVE")
    topology = p.api.get("compute", f"/servers/{server['id']}/topology")
    shown = cli("server", "show", SERVER, "-f", "value")
    numa = [line for line in shown.splitlines() if re.search(r"\bnuma_node\b|'nodes'", line)]
    nodes = sorted(node["host_node"] for node in topology["nodes"])
    p.row(chapter, "`nova show --human \\| grep numa` shows the placement on both nodes",
          "`openstack server show`, then GET /servers/ID/topology",
          f"the first shows {len(numa)} lines of placement; the second host nodes {nodes}", "false" if not numa else "true")
    p.holds(chapter, "The VNF uses resources of both NUMA nodes", "topology, and `virsh dumpxml` on the host",
            f"host nodes {nodes}; {pinning(p)}", nodes == [0, 1])
    bond = p.guest("cat /proc/net/bonding/bond0")
    legs = re.findall(r"Slave Interface: (\S+)", bond)
    p.holds(chapter, "`cat /proc/net/bonding/bond0`: an active slave, and both slaves", "in the guest",
            f"active {re.search(r'Currently Active Slave: (.*)', bond)[1]}, slaves {', '.join(legs)}", len(legs) == 2)
    addresses = p.guest("ip -brief address show")
    p.holds(chapter, "`ip addr show`: the right addresses", "in the guest",
            re.sub(r"\s+", " ", next(line for line in addresses.splitlines() if line.startswith("bond0"))),
            f"{SERVICE}/24" in addresses)
    pings = [target for target in (MANAGEMENT, SERVICE) if subprocess.run(
        ["ping", "-q", "-c", "3", target], stdout=subprocess.DEVNULL, check=False).returncode == 0]
    p.holds(chapter, "`ping` over each network", "from the management network and from the fabric", " and ".join(pings),
            len(pings) == 2)
    flavor = cli("flavor", "show", "cross-numa-flavor", "-f", "value", "-c", "properties")
    p.holds("Troubleshooting", "`openstack flavor show` shows the NUMA properties", "-", flavor.strip(), "hw:numa_nodes" in flavor)
    ports = cli("port", "list", "--server", SERVER, "-f", "value", "-c", "Status").split()
    p.holds("Troubleshooting", "`openstack port list --server`: the ports are bound", "-",
            f"{ports.count('ACTIVE')} of {len(ports)} ACTIVE", ports.count("ACTIVE") == 4)
    drivers = p.guest("for leg in /sys/class/net/bond0/lower_*; do basename $(readlink $leg/device/driver); done").split()
    p.holds("Deployment", "The legs are VFs, driven by the guest", "driver of each leg in the guest", ", ".join(drivers),
            drivers == ["igbvf", "igbvf"])
    nics = p.guest("ls /sys/class/net").split()
    p.row("Deployment", "The legs are eth2 and eth3 (text), ens6 and ens7 (day-0)", "`ls /sys/class/net` in the guest",
          f"{', '.join(legs)} of {', '.join(nics)}", "true" if {"eth2", "eth3"} & set(legs) else "depends")


def best_practices(p):
    chapter = "Best practices"
    link = p.host.ssh("ip link show pf0; ip link show pf1")
    vfs = [line for line in link.splitlines() if any(mac in line for mac in LEGS.values())]
    p.holds(chapter, "Tenants are kept apart", "`ip link show` of the PFs: the VNF's VFs",
            "; ".join(re.sub(r"\s+", " ", line.strip()) for line in vfs), len(vfs) == 2 and all("vlan 101" in vf for vf in vfs))
    totals = p.host.ssh("cat /sys/class/net/pf0/device/sriov_totalvfs /sys/class/net/pf0/device/sriov_numvfs").split()
    p.holds(chapter, "The number of VFs is limited by the NIC", "`sriov_totalvfs` of a PF", f"{totals[0]}, of which "
            f"{totals[1]} are made", int(totals[0]) >= int(totals[1]) > 0)
    counted = p.host.ssh("ip -s link show pf0").count("RX: bytes")
    p.row(chapter, "SR-IOV interfaces are monitored by the usual tools", "`ip -s link show PF` on the host",
          f"counters of {counted - 1} of {totals[1]} VFs" if counted > 1 else "counters of the PF, none of its VFs",
          "true" if counted > 1 else "depends: on the driver of the PF")
    restart = p.guest("systemctl restart network 2>&1", check=False).strip().splitlines()
    p.row("Troubleshooting", "`systemctl restart network` restarts the network", "in the guest, Debian with NetworkManager",
          restart[0] if restart else "done", "depends: on the guest's network scripts" if restart else "true")
    state = p.guest("nmcli -g GENERAL.STATE connection show bond0").strip()
    p.holds("Deployment", "The bond by nmcli, from day-0", "`nmcli connection show bond0` in the guest", state, state == "activated")
    p.row("Deployment", "The bond by ifcfg files", "-", "a guest of Red Hat's cannot be had here", "not measurable here")


def pinning(p):
    xml = p.host.ssh("virsh dumpxml $(virsh list --name | head -n 1)")
    pins = re.findall(r"<vcpupin vcpu='\d+' cpuset='([\d,-]+)'", xml)
    memory = re.findall(r"<memnode [^>]*nodeset='(\d+)'", xml)
    return f"vCPUs on CPUs {' and '.join(pins)}, memory of nodes {' and '.join(memory)}"


def cli(*words):
    return subprocess.run([cloud.CLOUD_SH, "cli", *words], capture_output=True, text=True, check=True,
                          env={**os.environ, "CLOUD_DIR": cloud.DIR}).stdout


def failure(p, claim, what, fail, mend, seconds=8.0):
    """One row: what a client loses when the active leg's path fails, and when it comes back."""
    _, pf = p.active_leg()
    load = Load(seconds)
    time.sleep(1.5)
    fail(pf)
    first = load.result()
    moved = p.active_leg()[1] != pf
    load = Load(seconds)
    time.sleep(1.5)
    mend(pf)
    second = load.result()
    back = p.active_leg()[1] == pf
    p.holds("Failover", claim, what,
            f"outage {first['gap_ms']:.0f} ms ({first['lost']} of {first['sent']} lost), the bond "
            f"{'moved' if moved else 'did NOT move'}; back: {second['gap_ms']:.0f} ms, {second['lost']} lost, "
            f"the bond {'moved back' if back else 'stayed'}", moved and second["lost"] < second["sent"] / 10)
    return first


def failures(p):
    host = p.host
    failure(p, "A pulled cable", "the carrier of the active leg's PF goes (QEMU set_link)",
            lambda pf: host.cable(pf, False), lambda pf: host.cable(pf, True))
    failure(p, "A path that dies in silence", "the fabric drops the VLAN of that PF",
            host.fabric.cut, host.fabric.join)
    failure(p, "The PF is set down", "`ip link set PF down` on the host",
            lambda pf: host.ssh(f"ip link set {pf} down"), lambda pf: host.ssh(f"ip link set {pf} up"))


RELAY_CONF = """\
pf = pf0 pf0.101
pf = pf1 pf1.101
targets = 172.16.1.1
means = pf
hold_down = 20
"""


def relay(p):
    """A guest without bondd, as vendors' are: only its miimon. igb cannot set the link of a VF: by the opt-in means."""
    chapter, host = "bondd relay, a guest without bondd", p.host
    p.guest("systemctl stop bondd")
    for pf in LEGS:
        host.ssh(f"ip link show {pf}.101 >/dev/null 2>&1 || ip link add link {pf} name {pf}.101 type vlan id 101; "
                 f"ip link set {pf}.101 up")
    host.put(os.path.join(TOP, "build", "bondd"), "/usr/sbin/bondd")
    host.put(os.path.join(TOP, "image", "bondd-relay.service"), "/etc/systemd/system/bondd-relay.service")
    host.ssh("cat >/etc/bondd-relay.conf", data=RELAY_CONF)
    try:
        silence(p, chapter, "without relay", moves=False)
        host.ssh("systemctl daemon-reload; systemctl start bondd-relay")
        time.sleep(5)  # until the paths are proven
        silence(p, chapter, "with relay", moves=True)
        time.sleep(30)
        both_cut(p, chapter)
        flapping(p, chapter)
        killed(p, chapter)
    finally:
        for pf in LEGS:
            host.fabric.join(pf)
        host.ssh("systemctl stop bondd-relay", check=False)
        p.guest("systemctl start bondd", check=False)


def pf_is_up(p, pf):
    return "state UP" in p.host.ssh(f"ip link show {pf}")


def silence(p, chapter, what, moves):
    _, pf = p.active_leg()
    load = Load(10)
    time.sleep(1)
    p.host.fabric.cut(pf)
    result = load.result()
    moved = p.active_leg()[1] != pf
    p.host.fabric.join(pf)
    p.holds(chapter, f"The fabric of one PF dies in silence, {what}", "VLAN cut for 9 s of queries",
            f"outage {result['gap_ms']:.0f} ms ({result['lost']} of {result['sent']} lost), the bond "
            f"{'moved' if moved else 'did not move'}", moved == moves)
    p.say(p.host.ssh("journalctl -u bondd-relay --no-pager -o cat -n 6", check=False))


def both_cut(p, chapter):
    for pf in LEGS:
        p.host.fabric.cut(pf)
    time.sleep(8)
    up = [pf for pf in LEGS if pf_is_up(p, pf)]
    for pf in LEGS:
        p.host.fabric.join(pf)
    p.holds(chapter, "Both fabrics die", "both VLANs cut for 8 s", f"{len(up)} of 2 PFs are up", len(up) == 2)
    time.sleep(5)


def flapping(p, chapter):
    """The path comes and goes every 4 s: a PF that was set down stays so for hold_down at least."""
    _, pf = p.active_leg()
    downs, was_up, end, cut = 0, True, time.monotonic() + 40, False
    changes = 0
    while time.monotonic() < end:
        cut = not cut
        changes += 1
        (p.host.fabric.cut if cut else p.host.fabric.join)(pf)
        until = time.monotonic() + 4
        while time.monotonic() < until:
            up = pf_is_up(p, pf)
            downs += was_up and not up
            was_up = up
            time.sleep(0.3)
    p.host.fabric.join(pf)
    restored = p.wait_for(lambda: pf_is_up(p, pf), 60)
    p.holds(chapter, "A path that flaps", f"VLAN cut and joined, {changes} changes in 40 s, hold_down 20 s",
            f"{pf} was set down {downs} times, at the end it was {'up' if restored else 'down'}", 1 <= downs <= 2 and restored)
    time.sleep(5)


def killed(p, chapter):
    _, pf = p.active_leg()
    p.host.fabric.cut(pf)
    held = p.wait_for(lambda: not pf_is_up(p, pf), 10)
    p.host.fabric.join(pf)
    p.host.ssh("systemctl mask --runtime bondd-relay; systemctl kill -s KILL bondd-relay")
    restored = p.wait_for(lambda: pf_is_up(p, pf), 30)
    p.host.ssh("systemctl unmask --runtime bondd-relay")
    p.holds(chapter, "Killed while it holds a PF", "SIGKILL, and no new start",
            f"{pf} was {'down' if held else 'up'}, after the kill {'up' if restored else 'down'}", held and restored)


def drill(p):
    """By the port's admin state, which igb cannot hand on to a VF: said, not measured."""
    done = p.dnsvnf("drill", expect=(0, 1, 5))
    link = p.host.ssh("ip link show pf0; ip link show pf1")
    report = re.findall(r"(?m)^(?:verdict|because): +(.*)", done.stdout)
    p.row("Failover", "A port whose admin state goes down", "`dnsvnf drill`",
          f"exit {done.returncode}: {'; '.join(report)}; link state of the VFs: "
          f"{', '.join(sorted(set(re.findall('link-state [a-z]+', link))))}",
          "depends: on the driver of the PF" if done.returncode == 5 else "true" if done.returncode == 0 else "FALSE")


def update(p):
    """The zone changes: the same ports and addresses, and how long nobody answers."""
    before = {port["id"] for port in p.api.get("network", "/ports")["ports"]}
    p.design.edit(("192.0.2.80", "192.0.2.81"), file="example.test.zone")
    begin = time.monotonic()
    done = p.dnsvnf("deploy", expect=(0, 1))
    took = time.monotonic() - begin
    after = {port["id"] for port in p.api.get("network", "/ports")["ports"]}
    answer = command("kdig", "+short", "+time=2", f"@{SERVICE}", "www.example.test").strip()
    p.holds("Update", "A changed zone", "`dnsvnf deploy` again", f"exit {done.returncode} after {took:.0f} s; "
            f"{len(before & after)} of {len(before)} ports are the same; the answer is {answer}",
            done.returncode == 0 and before == after and answer == "192.0.2.81")
    if done.returncode:
        p.say(done.stderr)


def conntrack(p):
    chapter, small, default = "Conntrack", 600, 262144
    for file in ("flows.py", "conntrack.sh"):
        p.host.put(os.path.join(os.path.dirname(os.path.abspath(__file__)), file), f"/opt/dnsvnf/{file}")
    out = p.host.ssh(f"/opt/dnsvnf/conntrack.sh /opt/dnsvnf/dnsvnf /opt/dnsvnf/flows.py pf0 60 20 {small} {default}")
    runs = [json.loads(line) for line in out.splitlines()]
    for run in runs:
        load = run["load"]
        lost = f"{load['lost']} of {load['sent']} lost"
        if load["lost"]:
            lost += f", the first after {load['first_lost_s']} s"
        p.row(chapter, f"{run['path']}, limit {run['limit']}", f"{run['qps']} new DNS flows a second for 20 s",
              f"{lost}; {run['entries']} entries at most, {run['drops']} drops, median {load['median_ms']} ms", "measured")
    with_default, with_small, vf, plain, tuned = (run["load"]["lost"] for run in runs)
    full = runs[1]["load"]["first_lost_s"]
    p.holds(chapter, "The table is full after limit / new flows a second, as `check` and `host --tune` reckon",
            f"{small} / {runs[1]['qps']}", f"the first loss after {full} s",
            full is not None and abs(full - small / runs[1]["qps"]) < 3)
    p.holds(chapter, "After `host --tune --apply` it does not fill", f"flows are kept for {UDP_TIMEOUT} s",
            f"{tuned} lost, {runs[4]['live']} of {runs[4]['limit']} entries at the end that have not expired",
            tuned == 0 and runs[4]["live"] < 1.2 * UDP_TIMEOUT * runs[4]["qps"])
    p.holds(chapter, "A full table drops new connections", "the two limits compared", f"{with_default} and {with_small} lost",
            with_default == 0 and with_small > 100)
    p.holds(chapter, "SR-IOV does not depend on the table", "VFs at the small limit", f"{vf} lost", vf == 0)
    p.row(chapter, "OVS ports depend on it", "an OVS port whose flows have no conntrack", f"{plain} lost",
          "depends: on the security groups' flows, not on OVS" if plain == 0 else "true")
    entries = int(p.host.ssh("sysctl -n net.netfilter.nf_conntrack_max"))
    p.row(chapter, "By default the table has 65,536 entries", "`sysctl net.netfilter.nf_conntrack_max` on Debian 12",
          f"{entries:,}", "true" if entries == 65536 else "false")


def undeploy(p):
    p.host.ssh("ovs-vsctl --if-exists del-port br-int clients", check=False)
    for port in p.api.get("network", "/ports?name=client")["ports"]:
        p.api.delete("network", f"/ports/{port['id']}")
    begin = time.monotonic()
    p.dnsvnf("undeploy")
    took = time.monotonic() - begin
    left = {kind: len(made(p.api)) for kind, made in cloud.KINDS.items() if kind in ("servers", "ports", "networks", "flavors")}
    domains = p.host.ssh("virsh list --all --name").split()
    macs = p.host.ssh("ip link show pf0; ip link show pf1")
    used = [mac for mac in LEGS.values() if mac in macs]
    p.holds("Undeployment", "Nothing is left", "`dnsvnf undeploy`, then the API, `virsh list --all` and `ip link` on the host",
            f"{took:.0f} s; {', '.join(f'{n} {kind}' for kind, n in left.items())}; {len(domains)} domains; "
            f"{len(used)} VFs with a MAC of the VNF", not any(left.values()) and not domains and not used)


STEPS = (start_host, hardware, deploy, verify, verification_commands, best_practices, failures, drill, relay, conntrack, update,
         verify, undeploy)


def git(*words):
    return subprocess.run(["git", "-c", "safe.directory=*", *words], cwd=TOP, capture_output=True, text=True, check=True).stdout.strip()


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as source:
        model = re.search(r"model name\s*: (.*)", source.read())
    return f"{os.cpu_count()} cores of {model[1] if model else platform.machine()}"


def document(p):
    """doc/proof.md: a table for each chapter, in the order in which they came up."""
    text = ["# The TechNote, claim by claim", "",
            "Made by `sudo make proof`: the corrected example, deployed by dnsvnf on a real Nova compute host with Open vSwitch,",
            "the SR-IOV agent and VFs of emulated NICs, in a VM ([test-cloud.md](test-cloud.md)). Times are of guests that are",
            "emulated.", "",
            f"{time.strftime('%Y-%m-%d')}, commit `{git('rev-parse', '--short=12', 'HEAD')}`, {machine()}, "
            f"{(time.monotonic() - p.begin) / 60:.0f} minutes.", ""]
    for chapter in dict.fromkeys(row.chapter for row in p.rows):
        text += [f"## {chapter}", "", "| the TechNote | what was done | what was seen | verdict |", "|---|---|---|---|"]
        text += [f"| {row.claim} | {row.done} | {row.seen} | {row.verdict} |" for row in p.rows if row.chapter == chapter]
        text.append("")
    return "\n".join(text)


def run_step(p, step):
    """Without a host or a VNF there is nothing to be seen; another step that breaks off is one row that is wrong."""
    name = step.__name__.replace("_", " ")
    p.say(name)
    try:
        step(p)
    except Exception as error:
        if step in (start_host, deploy):
            raise
        p.row("Steps that broke off", name, "-", re.sub(r"\s+", " ", repr(error))[:300], "FALSE")


def main():
    p = Proof()
    try:
        for step in STEPS:
            run_step(p, step)
    finally:
        p.host.stop()
    text = document(p)
    if "--write" in sys.argv:
        with open(DOCUMENT, "w", encoding="utf-8") as target:
            target.write(text)
    else:
        print(text)
    wrong = [row for row in p.rows if row.verdict == "FALSE"]
    for row in wrong:
        p.say(f"NOT as it must be: {row.chapter}: {row.claim}: {row.seen}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
