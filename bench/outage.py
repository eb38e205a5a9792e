#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long DNS is gone when a leg of the VNF's bond fails, by what watches the bond and how it fails.

Deploys the example in a local VM (root, the image), asks it 1,000 times a second from the service network, breaks
the active leg and takes the longest gap between answers. Each run is a line of JSON in the results file: a run that
was stopped goes on where it was, and the cells take turns in a shuffled order, so that what is there is a fair
sample at any time. --table prints what is there."""
import argparse
import collections
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DNSVNF = os.path.join(TOP, "build", "dnsvnf")
EXAMPLE = os.path.join(TOP, "examples", "technote", "corrected")
WORK = os.path.join(TOP, "build", "bench-outage")
TENANT = "bench-outage"
SERVER, MANAGEMENT, GATEWAY, CLIENT, SECOND = "172.16.1.10", "10.10.10.10", "172.16.1.1", "172.16.1.7", "172.16.1.2"
QPS, BEFORE_S, FAIL_S, AFTER_S = 1000, 1.0, 3.0, 1.0
# A query for www.example.test A, without its id.
QUERY = b"\x01\0\0\1\0\0\0\0\0\0\3www\7example\4test\0\0\1\0\1"

# How the bond is watched: bondd or not, and the bond's options.
MECHANISMS = {
    "miimon=1000": (False, "miimon 1000"),
    "miimon=100": (False, "miimon 100"),
    "miimon=10": (False, "miimon 10"),
    "arp_interval=100": (False, f"arp_interval 100 arp_validate all arp_ip_target {GATEWAY}"),
    "arp_interval=20": (False, f"arp_interval 20 arp_validate all arp_ip_target {GATEWAY}"),
    "arp_interval=100, 2 targets": (False, f"arp_interval 100 arp_validate all arp_ip_target {GATEWAY},{SECOND}"),
    "arp_interval=20, 2 targets": (False, f"arp_interval 20 arp_validate all arp_ip_target {GATEWAY},{SECOND}"),
    "bondd + miimon=100": (True, "miimon 100"),
}


class Vm:
    """The deployed VNF and its namespace."""

    def __init__(self):
        names = [n for n in os.listdir("/run/netns") if n.startswith(f"dnsvnf-{TENANT}-")]
        if len(names) != 1:
            raise RuntimeError(f"namespaces of {TENANT}: {names}")
        self.netns = names[0]
        folder = os.path.join(WORK, "local", TENANT, "cpnr-dns")
        self.qmp_path = next(os.path.join(folder, n) for n in os.listdir(folder) if n.endswith(".qmp"))
        self.uplinks = {}

    def host(self, command, check=True):
        return subprocess.run(["ip", "netns", "exec", self.netns, "sh", "-c", command], check=check,
                              capture_output=True, text=True, timeout=60).stdout

    def guest(self, command):
        done = subprocess.run(
            ["ip", "netns", "exec", self.netns, "ssh", "-i", os.path.join(WORK, "key"), "-o", "BatchMode=yes",
             "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
             "-o", "ControlMaster=auto", "-o", f"ControlPath={WORK}/ssh", "-o", "ControlPersist=yes",
             f"root@{MANAGEMENT}", command], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"in the guest: {command}: {done.stdout}{done.stderr}")
        return done.stdout

    def qmp(self, command, **arguments):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.qmp_path)
            lines = s.makefile("rw")
            lines.readline()
            for line in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                lines.write(json.dumps(line) + "\n")
                lines.flush()
                while "event" in (answer := json.loads(lines.readline())):
                    pass
            if "error" in answer:
                raise RuntimeError(f"QMP {command}: {answer['error']['desc']}")

    def active(self):
        return self.guest("cat /sys/class/net/bond0/bonding/active_slave").strip()

    def moves(self):
        """Changes of the active leg, by the bond's own count in the journal of the kernel."""
        return int(self.guest("dmesg | grep -c 'bond0: .*making interface the new active one' || true"))

    def links(self, leg):
        """QEMU's name of a leg, its tap, and the fabric's uplink: legs are named by slot, from 6."""
        number = int(re.fullmatch(r"ens(\d+)", leg).group(1)) - 6
        return f"nic{number + 2}", f"up-sriov{number}"


def cut(vm, leg, rule, hook):
    _, uplink = vm.links(leg)
    vm.host(f"nft 'add table netdev cut; add chain netdev cut {hook} {{ type filter hook {hook} device {uplink} "
            f"priority 0; }}; add rule netdev cut {hook} {rule}'")


def mend(vm, _leg):
    vm.host("nft delete table netdev cut", check=False)


def set_link(vm, leg, up):
    vm.qmp("set_link", name=vm.links(leg)[0], up=up)


def silent(vm, leg):
    cut(vm, leg, "drop", "ingress")
    cut(vm, leg, "drop", "egress")


def flap(vm, leg):
    """1 Hz until mended."""
    for _ in range(int(FAIL_S)):
        set_link(vm, leg, False)
        time.sleep(0.5)
        set_link(vm, leg, True)
        time.sleep(0.5)


# The uplink's ingress is what comes from the fabric of the leg: from the guest.
FAILURES = {
    "carrier": (lambda vm, leg: set_link(vm, leg, False), lambda vm, leg: set_link(vm, leg, True)),
    "silent": (silent, mend),
    "one way, from the guest": (lambda vm, leg: cut(vm, leg, "drop", "egress"), mend),
    "one way, to the guest": (lambda vm, leg: cut(vm, leg, "drop", "ingress"), mend),
    "30 % loss": (lambda vm, leg: cut(vm, leg, "numgen random mod 100 < 30 drop", "ingress"), mend),
    "flapping": (flap, lambda vm, leg: set_link(vm, leg, True)),
    "gateway dead": (lambda vm, leg: vm.host(f"ip address del {GATEWAY}/24 dev vlan101"),
                     lambda vm, leg: vm.host(f"ip address add {GATEWAY}/24 dev vlan101")),
}


class Load:
    """QPS queries a second in the namespace; the time of each and of its answer."""

    def __init__(self, vm, seconds):
        self.total = int(QPS * seconds)
        self.sent = [0.0] * self.total
        self.answered = [0.0] * self.total
        self.socket = self.open(vm)
        self.threads = [threading.Thread(target=self.send), threading.Thread(target=self.receive)]
        self.start = time.monotonic()
        for thread in self.threads:
            thread.start()

    @staticmethod
    def open(vm):
        """A socket of the namespace: made by a child that is there."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        code = ("import socket;c=socket.socket(fileno=0);s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
                f"s.setsockopt(socket.SOL_SOCKET,socket.SO_RCVBUF,4<<20);s.bind(('{CLIENT}',0));"
                f"s.connect(('{SERVER}',53));socket.send_fds(c,[b'x'],[s.fileno()])")
        with ours, theirs:
            subprocess.run(["ip", "netns", "exec", vm.netns, sys.executable, "-c", code], stdin=theirs, check=True)
            return socket.socket(fileno=socket.recv_fds(ours, 1, 1)[1][0])

    def send(self):
        for n in range(self.total):
            wait = self.start + n / QPS - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self.sent[n] = time.monotonic()
            try:
                self.socket.send((n & 0xffff).to_bytes(2, "big") + QUERY)
            except OSError:
                pass

    def receive(self):
        end = self.start + self.total / QPS + 0.5
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                answer = self.socket.recv(512)
            except OSError:
                continue
            n = int.from_bytes(answer[:2], "big")
            if n < self.total and not self.answered[n]:
                self.answered[n] = time.monotonic()

    def finish(self):
        for thread in self.threads:
            thread.join()
        self.socket.close()
        lost = [n for n in range(self.total) if not self.answered[n]]
        longest = first = None
        gap = 0.0
        for n in lost:
            if first is None or n != longest + 1:
                first = n
            longest = n
            end = self.sent[n + 1] if n + 1 < self.total else self.sent[n]
            gap = max(gap, end - self.sent[first])
        return {"lost": len(lost), "gap_ms": round(gap * 1000, 1), "sent": self.total}


def deploy(verbose):
    shutil.rmtree(os.path.join(WORK, "design"), ignore_errors=True)
    shutil.copytree(EXAMPLE, os.path.join(WORK, "design"))
    key = os.path.join(WORK, "key")
    if not os.path.exists(key):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    with open(key + ".pub", encoding="utf-8") as public:
        users = f"disable_root: false\nusers:\n - name: root\n   ssh_authorized_keys: [ '{public.read().strip()}' ]\n"
    for name, old, new in (("dep.xml", "test-tenant", TENANT), ("day0.cfg", "hostname: cpnr\n",
                                                               "hostname: cpnr\n" + users)):
        path = os.path.join(WORK, "design", name)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        with open(path, "w", encoding="utf-8") as target:
            target.write(text.replace(old, new))
    done = subprocess.run([DNSVNF, "deploy", os.path.join(WORK, "design", "dep.xml")], check=False, text=True,
                          stdout=subprocess.DEVNULL, stderr=None if verbose else subprocess.PIPE)
    if done.returncode != 0:
        raise RuntimeError(f"dnsvnf deploy: exit {done.returncode}\n{done.stderr or ''}")
    vm = Vm()
    # Or the others of its subnet would go with the gateway's address.
    vm.host("echo 1 >/proc/sys/net/ipv4/conf/all/promote_secondaries")
    for address in (CLIENT, SECOND):
        vm.host(f"ip address add {address}/24 dev vlan101", check=False)
    return vm


def set_mechanism(vm, name):
    bondd, options = MECHANISMS[name]
    vm.guest("systemctl stop bondd; ip link set bond0 type bond "
             + ("miimon 0 && ip link set bond0 type bond " if options.startswith("arp") else "") + options)
    if bondd:
        vm.guest("systemctl start bondd")


def settle(vm, bondd):
    """Until both legs are up, and proven where somebody proves them."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        status = json.loads(vm.guest("bondd status -o json"))
        legs = status["bonds"][0]["legs"]
        if all(leg["mii_status"] == "up" and (not bondd or (leg["watch"] or {}).get("path") == "proven")
               for leg in legs) and status["bonds"][0]["active_leg"]:
            return
        time.sleep(0.2)
    raise RuntimeError("the bond did not come to rest within 120 s")


def run(vm, mechanism, failure):
    fail, restore = FAILURES[failure]
    settle(vm, MECHANISMS[mechanism][0])
    leg = vm.active()
    before = vm.moves()
    load = Load(vm, BEFORE_S + FAIL_S + AFTER_S)
    time.sleep(BEFORE_S)
    try:
        start = time.monotonic()
        fail(vm, leg)
        time.sleep(max(0.0, FAIL_S - (time.monotonic() - start)))
    finally:
        restore(vm, leg)
    result = load.finish()
    result["moves"] = vm.moves() - before
    return result


def read_results(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


def table(results):
    cells = collections.defaultdict(list)
    for r in results:
        cells[r["failure"], r["mechanism"]].append(r)
    print("| failure | watched by | runs | longest gap, ms: median | p95 | max | lost: median | max | moves: max |")
    print("|---|---|---|---|---|---|---|---|---|")
    for failure in FAILURES:
        for mechanism in MECHANISMS:
            runs = cells.get((failure, mechanism))
            if not runs:
                continue
            gaps = sorted(r["gap_ms"] for r in runs)
            lost = sorted(r["lost"] for r in runs)
            print(f"| {failure} | {mechanism} | {len(runs)} | {statistics.median(gaps):.0f} "
                  f"| {gaps[min(len(gaps) - 1, int(len(gaps) * .95))]:.0f} | {gaps[-1]:.0f} "
                  f"| {statistics.median(lost):.0f} | {lost[-1]} | {max(r['moves'] for r in runs)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="3 runs a cell instead of 20")
    parser.add_argument("--runs", type=int, help="runs a cell")
    parser.add_argument("--results", default=os.path.join(WORK, "results.jsonl"))
    parser.add_argument("--only", default="", help="cells whose 'failure/mechanism' matches this regular expression")
    parser.add_argument("--table", action="store_true", help="print the table of what is there, and end")
    parser.add_argument("--keep", action="store_true", help="leave the VM for the next time")
    options = parser.parse_args()
    wanted = options.runs or (3 if options.quick else 20)
    results = read_results(options.results)
    if options.table:
        table(results)
        return
    os.makedirs(WORK, exist_ok=True)
    os.environ["DNSVNF_LOCAL_DIR"] = os.path.join(WORK, "local")
    have = collections.Counter((r["failure"], r["mechanism"]) for r in results)
    todo = [(f, m) for f in FAILURES for m in MECHANISMS if re.search(options.only, f"{f}/{m}")
            for _ in range(max(0, wanted - have[f, m]))]
    if todo:
        vm = deploy(sys.stderr.isatty())
        try:
            measure(vm, todo, options.results)
        finally:
            if not options.keep:
                subprocess.run([DNSVNF, "undeploy", os.path.join(WORK, "design", "dep.xml")], check=False,
                               stderr=subprocess.DEVNULL)
    table(read_results(options.results))


def measure(vm, todo, path):
    """By mechanism, for it takes a while to set one; mechanisms and failures shuffled, in rounds."""
    random.shuffle(todo)
    rounds = collections.defaultdict(list)
    seen = collections.Counter()
    for failure, mechanism in todo:
        rounds[seen[failure, mechanism], mechanism].append(failure)
        seen[failure, mechanism] += 1
    keys = sorted(rounds, key=lambda key: (key[0], random.random()))
    with open(path, "a", encoding="utf-8") as out:
        for number, mechanism in keys:
            set_mechanism(vm, mechanism)
            for failure in rounds[number, mechanism]:
                result = {"failure": failure, "mechanism": mechanism, **run(vm, mechanism, failure)}
                out.write(json.dumps(result) + "\n")
                out.flush()
                print(f"round {number + 1}: {failure}, {mechanism}: longest gap {result['gap_ms']:.0f} ms, "
                      f"{result['lost']} lost, {result['moves']} moves", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
