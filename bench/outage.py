#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long DNS is gone when a leg of the VNF's bond fails, by what watches the legs and how they fail.

Deploys the example in a local VM (root, the image, apt for what the image lacks), asks it 1,000 times a second from
the service network, breaks the active leg and takes the longest gap between answers. For the cable of a PF there is
a second VM, whose legs are real VFs. Each run is a line of JSON in the results file: a run that was stopped goes on
where it was, and the cells take turns in a shuffled order, so that what is there is a fair sample at any time.
--table prints what is there, --svg draws it."""
import argparse
import collections
import json
import os
import random
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time

import outage_report

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HERE = os.path.join(TOP, "bench")
DNSVNF = os.environ.get("DNSVNF_PROGRAM") or os.path.join(TOP, "build", "dnsvnf")
EXAMPLE = os.path.join(TOP, "examples", "technote", "corrected")
WORK = os.path.join(TOP, "build", "bench-outage")
IMAGE = os.path.join(WORK, "image")
TENANT = "bench-outage"
SERVER, MANAGEMENT, GATEWAY, CLIENT, SECOND = "172.16.1.10", "10.10.10.10", "172.16.1.1", "172.16.1.7", "172.16.1.2"
QPS, BEFORE_S, FAIL_S, FLAPS, AFTER_S = 1000, 0.05, 1.0, 20, 0.25
COST_S = 30
TRIES = 3  # of a run in which the machine itself was disturbed
VF_ROUNDS = 5  # in one: there is one failure only


def mii(ms):
    return {"bondd": False, "bond": {"miimon": str(ms)}}


def arp(ms, *targets):
    return {"bondd": False,
            "bond": {"arp_interval": str(ms), "arp_validate": "all", "arp_ip_target": ",".join(targets)}}


PING = {"name": "arp_ping", "interval": 20, "missed_max": 3, "target_host": GATEWAY, "send_always": True}

# What watches the legs.
MECHANISMS = {
    "miimon=1000": mii(1000),
    "miimon=100": mii(100),
    "miimon=10": mii(10),
    "arp_interval=100": arp(100, GATEWAY),
    "arp_interval=20": arp(20, GATEWAY),
    "arp_interval=100, 2 targets": arp(100, GATEWAY, SECOND),
    "arp_interval=20, 2 targets": arp(20, GATEWAY, SECOND),
    "teamd arp_ping=20": {"team": PING},
    "teamd ethtool + arp_ping=20": {"team": [{"name": "ethtool"}, PING]},
    "bondd + miimon=100": {"bondd": True, "bond": {"miimon": "100"}},
}
COSTS = ("bondd + miimon=100", "teamd arp_ping=20")
FRAMES = {"a frame over each leg, nothing else": True, "the ticks alone": False}  # what any prober has to spend


class Broken(Exception):
    """The VM does not do what it did before."""


class Child:
    """A process in the namespace that answers lines with lines."""

    def __init__(self, netns, *command):
        self.process = subprocess.Popen(["ip", "netns", "exec", netns, *command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def tell(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except OSError as e:
            raise Broken(f"{self.process.args[4]}: {e}") from e

    def hear(self):
        line = self.process.stdout.readline()
        if not line:
            raise Broken(f"{self.process.args[4]} has ended")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Vm:
    """The deployed VNF and its namespace."""

    def __init__(self):
        names = [n for n in os.listdir("/run/netns") if n.startswith(f"dnsvnf-{TENANT}-")]
        if len(names) != 1:
            raise RuntimeError(f"namespaces of {TENANT}: {names}")
        self.netns = names[0]
        folder = os.path.join(WORK, "local", TENANT, "cpnr-dns")
        self.qmp_path = next(os.path.join(folder, n) for n in os.listdir(folder) if n.endswith(".qmp"))
        self.kept_qmp = self.shell = self.agent = self.load = None
        self.resting = False

    def keep(self, vfs):
        """For many runs: a shell in the namespace, the monitor of QEMU, the load, and a hand in the guest."""
        self.shell = Child(self.netns, "sh")
        self.kept_qmp = self.open_qmp()
        self.load = Child(self.netns, sys.executable, os.path.join(HERE, "outage_load.py"), SERVER, CLIENT, str(QPS))
        self.load.hear()
        with open(os.path.join(HERE, "outage_agent.py"), encoding="utf-8") as agent:
            self.agent = Child(self.netns, *self.ssh(), f"root@{MANAGEMENT}",
                               f"exec python3 -u -c {shlex.quote(agent.read())}")
        self.agent.hear()
        return self.ask("setup", vfs=vfs)

    def close(self):
        for child in (self.agent, self.load, self.shell):
            if child:
                child.close()
        if self.kept_qmp:
            self.kept_qmp.close()
        self.kept_qmp = self.shell = self.agent = self.load = None

    def tell(self, what, **arguments):
        """The hand in the guest."""
        self.agent.tell(json.dumps({"do": what, **arguments}))

    def ask(self, what, **arguments):
        self.tell(what, **arguments)
        return self.hear(what)

    def hear(self, what):
        answer = self.agent.hear()
        if "error" in answer:
            raise Broken(f"in the guest: {what}: {answer['error']}")
        return answer

    def host(self, command, check=True):
        if self.shell:
            self.shell.tell(f"said=$({{ {command}\n}} 2>&1); echo \"$?\"; [ -z \"$said\" ] || echo \"$said\" >&2")
            if self.shell.hear() != 0 and check:
                raise RuntimeError(f"in the namespace: {command}")
            return ""
        return subprocess.run(["ip", "netns", "exec", self.netns, "sh", "-c", command], check=check,
                              capture_output=True, text=True, timeout=60).stdout

    @staticmethod
    def ssh():
        return ["ssh", "-i", os.path.join(WORK, "key"), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=60",
                "-o", "ServerAliveInterval=15"]

    def install(self, path, target):
        """A program into the guest."""
        with open(path, "rb") as program:
            subprocess.run(["ip", "netns", "exec", self.netns, *self.ssh(), f"root@{MANAGEMENT}",
                            f"cat > {target} && chmod +x {target}"], stdin=program, check=True)

    def guest(self, command):
        done = subprocess.run(
            ["ip", "netns", "exec", self.netns, *self.ssh(), "-o", "ControlMaster=auto",
             "-o", f"ControlPath={WORK}/ssh", "-o", "ControlPersist=yes",
             f"root@{MANAGEMENT}", command], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"in the guest: {command}: {done.stdout}{done.stderr}")
        return done.stdout

    def hang_up(self):
        """The guest's end of the connection is about to go."""
        subprocess.run(["ssh", "-O", "exit", "-o", f"ControlPath={WORK}/ssh", f"root@{MANAGEMENT}"], check=True,
                       capture_output=True)

    def open_qmp(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.qmp_path)
            lines = s.makefile("rw")  # which keeps the connection
        lines.readline()
        self.say_qmp(lines, "qmp_capabilities")
        return lines

    @staticmethod
    def say_qmp(lines, command, **arguments):
        lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        lines.flush()
        while "event" in (answer := json.loads(lines.readline())):
            pass
        if "error" in answer:
            raise RuntimeError(f"QMP {command}: {answer['error']['desc']}")

    def qmp(self, command, **arguments):
        if self.kept_qmp:
            self.say_qmp(self.kept_qmp, command, **arguments)
            return
        with self.open_qmp() as lines:
            self.say_qmp(lines, command, **arguments)

    def active(self):
        return self.guest("cat /sys/class/net/bond0/bonding/active_slave").strip()

    @staticmethod
    def links(leg):
        """QEMU's name of a leg, and the fabric's uplink: legs are named by slot, from 6, or are numbers from 0."""
        number = leg if isinstance(leg, int) else int(re.fullmatch(r"ens(\d+)", leg).group(1)) - 6
        return f"nic{number + 2}", f"up-sriov{number}.101"


def cut(vm, leg, **rules):
    _, uplink = vm.links(leg)
    vm.host("nft '" + "; ".join(
        ["add table netdev cut"] +
        [f"add chain netdev cut {hook} {{ type filter hook {hook} device {uplink} priority 0; }}; "
         f"add rule netdev cut {hook} {rule}" for hook, rule in rules.items()]) + "'")


def mend(vm, _leg):
    vm.host("nft delete table netdev cut", check=False)


def set_link(vm, leg, up):
    vm.qmp("set_link", name=vm.links(leg)[0], up=up)


def pull(vm, leg):
    set_link(vm, leg, False)


def plug(vm, leg):
    set_link(vm, leg, True)


def silent(vm, leg):
    cut(vm, leg, ingress="drop", egress="drop")


def flap(vm, leg):
    """1 Hz, and ends with the link up."""
    start = time.monotonic()
    for half in range(2 * FLAPS):
        set_link(vm, leg, half % 2 == 1)
        time.sleep(max(0.0, start + (half + 1) / 2 - time.monotonic()))


# The uplink's egress is what leaves the fabric of the leg: what comes from the guest.
FAILURES = {
    "carrier": (pull, plug),
    "silent": (silent, mend),
    "one way, from the guest": (lambda vm, leg: cut(vm, leg, egress="drop"), mend),
    "one way, to the guest": (lambda vm, leg: cut(vm, leg, ingress="drop"), mend),
    "30 % loss": (lambda vm, leg: cut(vm, leg, egress="numgen random mod 100 < 30 drop"), mend),
    "flapping": (flap, plug),
    "gateway dead": (lambda vm, leg: vm.host(f"ip address del {GATEWAY}/24 dev vlan101"),
                     lambda vm, leg: vm.host(f"ip address add {GATEWAY}/24 dev vlan101", check=False)),
    "cable of a PF": (pull, plug),
}
OF_VFS = {"cable of a PF"}


class Load:
    """The load for a test: QPS queries a second for so long."""

    def __init__(self, vm, seconds):
        self.child = Child(vm.netns, sys.executable, os.path.join(HERE, "outage_load.py"), SERVER, CLIENT, str(QPS))
        self.child.hear()
        self.child.tell(str(seconds))
        self.child.hear()

    def finish(self):
        try:
            return self.child.hear()
        finally:
            self.child.close()


def build_image():
    """The VNF's image and teamd, which the VNF does not have."""
    debs, mine = os.path.join(TOP, "build", "image", "debs"), os.path.join(IMAGE, "debs")
    if os.path.isdir(debs) and not os.path.isdir(mine):  # what is there need not be downloaded
        shutil.copytree(debs, mine)
    subprocess.run([os.path.join(TOP, "image", "build.sh"), "--with", "libteam-utils", IMAGE,
                    os.path.join(TOP, "build", "bondd")], check=True)


def path_with_igb():
    """A PATH whose QEMU has the igb NIC."""
    qemu = subprocess.run([os.path.join(TOP, "tests", "vm", "get-qemu.sh"), os.path.join(TOP, "build", "qemu")],
                          check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    root = qemu.removesuffix("/usr/bin/qemu-system-x86_64")
    folder = os.path.join(WORK, "bin")
    if root:  # unpacked: its firmware and modules are here, and those of the machine's own QEMU must not be seen
        os.makedirs(folder, exist_ok=True)
        wrapper = os.path.join(folder, os.path.basename(qemu))
        modules = "usr/lib/x86_64-linux-gnu/qemu"
        with open(wrapper, "w", encoding="utf-8") as out:
            out.write(f"#!/bin/sh\nexport QEMU_MODULE_DIR='{root}/{modules}'\n"
                      f"set -- '{qemu}' -L '{root}/usr/share/qemu' -L '{root}/usr/share/seabios' \"$@\"\n"
                      f"[ -d /{modules} ] || exec \"$@\"\n"
                      f"exec unshare -m sh -c 'mount --bind \"$QEMU_MODULE_DIR\" /{modules} && exec \"$@\"' "
                      "qemu \"$@\"\n")
        os.chmod(wrapper, 0o755)
    return f"{folder}:{os.environ['PATH']}" if root else os.environ["PATH"]


def deploy(verbose, vfs=False, edits=(), **environment):
    """edits: (file of the design, old, new)."""
    shutil.rmtree(os.path.join(WORK, "design"), ignore_errors=True)
    shutil.copytree(EXAMPLE, os.path.join(WORK, "design"))
    key = os.path.join(WORK, "key")
    if not os.path.exists(key):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    with open(key + ".pub", encoding="utf-8") as public:
        users = f"disable_root: false\nusers:\n - name: root\n   ssh_authorized_keys: [ '{public.read().strip()}' ]\n"
    edits = [*edits, ("dep.xml", "test-tenant", TENANT), ("day0.cfg", "hostname: cpnr\n", "hostname: cpnr\n" + users)]
    if vfs:  # with memory above 4 GB the firmware puts the VFs' registers there, and QEMU 10 does not find them again
        edits.append(("dep.xml", "<memory_mb>8192<", "<memory_mb>2048<"))
    for name, old, new in edits:
        path = os.path.join(WORK, "design", name)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        with open(path, "w", encoding="utf-8") as target:
            target.write(text.replace(old, new))
    done = subprocess.run([DNSVNF, "deploy", "--yes", os.path.join(WORK, "design", "dep.xml")], check=False, text=True,
                          stdout=subprocess.DEVNULL, stderr=None if verbose else subprocess.PIPE,
                          env={**os.environ, **environment})
    if done.returncode != 0:
        raise RuntimeError(f"dnsvnf deploy: exit {done.returncode}\n{done.stderr or ''}")
    vm = Vm()
    # Or the others of its subnet would go with the gateway's address.
    vm.host("echo 1 >/proc/sys/net/ipv4/conf/all/promote_secondaries")
    for address in (CLIENT, SECOND):
        vm.host(f"ip address add {address}/24 dev vlan101", check=False)
    return vm


def undeploy():
    subprocess.run([DNSVNF, "undeploy", "--yes", os.path.join(WORK, "design", "dep.xml")], check=False,
                   stderr=subprocess.DEVNULL)


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


def run(vm, mechanism, failure, last):
    """One failure. Unless it is the last one, the guest comes to rest while the load waits for its answers."""
    fail, restore = FAILURES[failure]
    # miimon=1000 may see a carrier after a second.
    lasts = 1.5 if mechanism == "miimon=1000" and fail is pull else FAIL_S
    # The failure comes at any moment of the interval in which somebody looks.
    before = BEFORE_S + random.uniform(0, 1 if mechanism == "miimon=1000" else 0.1)
    began = time.monotonic()
    rest = vm.hear("rest") if vm.resting else vm.ask("rest")
    vm.resting = False
    rested = time.monotonic()
    # Whatever the run before has left: an outage in it must not go on in this one.
    vm.host(f"ip neighbour flush to {SERVER} dev vlan101")
    vm.load.tell(str(before + (FLAPS if failure == "flapping" else lasts) + AFTER_S))
    warm = vm.load.hear()
    start = time.monotonic()
    idle = vm.ask("moves")
    idle_s = time.monotonic() - rested
    leg = idle["leg"]
    time.sleep(max(0.0, start + before - time.monotonic()))
    try:
        fail(vm, leg)
        if failure != "flapping":  # which is over with its last flap
            time.sleep(lasts)
    finally:
        restore(vm, leg)
    time.sleep(AFTER_S)
    moves = vm.ask("moves")["moves"]
    if not last:
        vm.tell("rest")
        vm.resting = True
    result = vm.load.hear()
    if not warm["answered"] and not rest["deaths"]:
        raise Broken("DNS does not answer while nothing is broken")
    return {**result, "moves": moves - idle["moves"], "idle_moves": idle["moves"], "idle_s": round(idle_s, 2),
            "restless": rest["restless"] or not warm["warm"], "deaths": rest["deaths"], "rest_s": rest["rest_s"],
            "took_s": round(time.monotonic() - began, 2)}


def read_results(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


class Bench:
    def __init__(self, options):
        self.path = options.results
        self.wanted = options.runs or (3 if options.quick else 20)
        self.only = options.only
        self.keep_vm = options.keep
        self.began = time.monotonic()
        self.done = 0

    def keep(self, **result):
        with open(self.path, "a", encoding="utf-8") as out:
            out.write(json.dumps(result) + "\n")
        self.done += 1

    def say(self, text):
        print(f"[{time.monotonic() - self.began:5.0f} s] {text}", file=sys.stderr, flush=True)

    def wanted_of(self, failure):
        """Flapping takes 20 s each time by what it is."""
        return -(-self.wanted // 10) if failure == "flapping" else self.wanted

    def blocks(self, vfs):
        """What is left to do: (mechanism, failures), both shuffled, in rounds, for it takes a while to set a
        mechanism; longest to change from the bond to teamd, so that those of teamd follow each other."""
        have = collections.Counter((r["failure"], r["mechanism"]) for r in read_results(self.path)
                                   if outage_report.is_sound(r))
        rounds = collections.defaultdict(list)
        for failure in FAILURES:
            for mechanism in MECHANISMS:
                missing = self.wanted_of(failure) - have[failure, mechanism]
                if (failure in OF_VFS) == vfs and missing > 0 and re.search(self.only, f"{failure}/{mechanism}"):
                    for number in random.sample(range(self.wanted), missing):
                        rounds[number // VF_ROUNDS if vfs else number, mechanism].append(failure)
        place = {(number, team): random.random() for number in range(self.wanted) for team in (False, True)}

        def order(key):
            number, mechanism = key
            team = "team" in MECHANISMS[mechanism]
            return number, place[number, True] if team else random.random(), random.random()

        for failures in rounds.values():
            random.shuffle(failures)
        return [(mechanism, rounds[number, mechanism]) for number, mechanism in sorted(rounds, key=order)]

    def costs(self, vfs):
        have = {r["cost"] for r in read_results(self.path) if "cost" in r}
        return [] if vfs else [name for name in (*COSTS, *FRAMES) if name not in have and re.search(self.only, f"cost/{name}")]

    def measure(self, vm, blocks, costs):
        for name in costs:
            seconds = min(COST_S, 10 * self.wanted)
            if name in FRAMES:
                vm.install(os.path.join(TOP, "build", "bench", "outage_frames"), "/run/outage_frames")
                vm.ask("mechanism", mechanism=MECHANISMS["miimon=100"])
                cost = vm.ask("cost_of_frames", legs=FRAMES[name], seconds=seconds)
            else:
                vm.ask("mechanism", mechanism={**MECHANISMS[name], "quiet": True})
                vm.ask("rest")
                cost = vm.ask("cost", seconds=seconds)
            self.keep(cost=name, **cost)
            self.say(f"cost of {name}: {cost['cpu_percent']:.2f} % of a CPU, {cost['rss_kb']} kB")
        left = sum(len(failures) for _, failures in blocks)
        for mechanism, failures in blocks:
            vm.ask("mechanism", mechanism=MECHANISMS[mechanism])
            for number, failure in enumerate(failures):
                left -= 1
                for _ in range(TRIES):
                    result = run(vm, mechanism, failure, number == len(failures) - 1)
                    result |= {"failure": failure, "mechanism": mechanism}
                    self.keep(**result)
                    self.say(f"{left} left: {failure}, {mechanism}: longest gap {result['gap_ms']:.0f} ms, "
                             f"{result['lost']} lost, {result['moves']} moves")
                    if outage_report.is_sound(result):
                        break

    def run(self, vfs):
        """Everything in one kind of VM; in a new one where the old one did not go on."""
        idle = 0
        while idle < 3 and (left := (self.blocks(vfs), self.costs(vfs))) != ([], []):
            before = self.done
            self.say("deploying " + ("with real VFs" if vfs else "with virtio-net legs"))
            vm = deploy(sys.stderr.isatty(), vfs, DNSVNF_IMAGE_DIR=IMAGE,
                        PATH=path_with_igb() if vfs else os.environ["PATH"])
            keep = False
            try:
                vm.keep(vfs)
                self.say("measuring")
                self.measure(vm, *left)
                keep = self.keep_vm
            except Broken as e:
                self.say(f"{e}: begins anew")
            finally:
                vm.close()
                if not keep:
                    undeploy()
            idle = 0 if self.done > before else idle + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="3 runs a cell instead of 20")
    parser.add_argument("--runs", type=int, help="runs a cell")
    parser.add_argument("--results", default=os.path.join(WORK, "runs.jsonl"))
    parser.add_argument("--only", default="", help="cells whose 'failure/mechanism' matches this regular expression")
    parser.add_argument("--table", action="store_true", help="print the table of what is there, and end")
    parser.add_argument("--keep", action="store_true", help="leave the VM for the next time")
    parser.add_argument("--svg", metavar="FILE", help="draw what is there")
    options = parser.parse_args()
    if not options.table:
        os.makedirs(WORK, exist_ok=True)
        os.environ["DNSVNF_LOCAL_DIR"] = os.path.join(WORK, "local")
        bench = Bench(options)
        build_image()
        for vfs in (False, True):
            bench.run(vfs)
    results = read_results(options.results)
    outage_report.table(results, list(FAILURES), list(MECHANISMS))
    if options.svg:
        outage_report.draw(results, list(FAILURES), list(MECHANISMS), options.svg)


if __name__ == "__main__":
    main()
