# SPDX-License-Identifier: Apache-2.0
"""The hand of outage.py inside the guest: sets what watches the legs, waits until it is at rest, counts its moves.

Runs for the whole benchmark on one ssh session, for each new command costs an emulated guest half a second: a line of
JSON in, a line of JSON out. It works only when it is asked."""
import json
import os
import re
import socket
import subprocess
import sys
import time

BOND = "/sys/class/net/bond0/bonding"
REPORT = "/run/bondd/watch.json"
# teamd 1.31 dies of two VFs: what it reads from here of their PFs, to warn of VFs of one PF, overflows its stack.
HIDE_PHYSFN = 'mount -t tmpfs none /sys/class/net && exec "$@"'
TEAMD_LOG = "/run/outage-teamd.log"
LOOK_S, QUIET_S, REST_S, START_S, STARTS = 0.02, 0.2, 5.0, 5.0, 3


def read(path):
    with open(path, encoding="utf-8") as source:
        return source.read().strip()


def write(path, text):
    with open(path, "w", encoding="utf-8") as target:
        target.write(text)


def run(*command, check=True, stdin=None):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def ip(*lines):
    run("ip", "-batch", "-", stdin="".join(line + "\n" for line in lines))


def wait(wanted, seconds, what):
    end = time.monotonic() + seconds
    while not (value := wanted()):
        if time.monotonic() > end:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(LOOK_S)
    return value


class Kmsg:
    """Moves by the bond's own word in the log of the kernel."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)
        self.count = 0

    def moves(self):
        while True:
            try:
                line = os.read(self.fd, 8192)
            except BlockingIOError:
                return self.count
            except BrokenPipeError:  # overwritten meanwhile: goes on with the oldest there is
                continue
            if re.search(rb"bond0: .*making interface the new active one", line):
                self.count += 1


class Bond:
    """The kernel's bond, with bondd or without."""

    def __init__(self, legs, give):
        self.legs = legs
        self.give = give
        self.kmsg = Kmsg()
        self.bondd = None
        self.moved_at_start = 0

    def take(self):
        """The legs, and with them the addresses."""
        for leg in read(f"{BOND}/slaves").split():
            write(f"{BOND}/slaves", f"-{leg}")
        ip(*(f"link set {leg} down" for leg in self.legs), *(f"link set {leg} master bond0" for leg in self.legs),
           "link set bond0 up")
        self.give("bond0")

    def release(self):
        self.stop()
        for leg in read(f"{BOND}/slaves").split():
            write(f"{BOND}/slaves", f"-{leg}")
        ip("address flush dev bond0 scope global", "link set bond0 down")

    def set(self, mechanism):
        self.stop()
        options = mechanism["bond"]
        # A monitor off turns on none, and the ARP monitor forgets its targets only by name.
        write(f"{BOND}/arp_interval", "0")
        for target in read(f"{BOND}/arp_ip_target").split():
            write(f"{BOND}/arp_ip_target", f"-{target}")
        write(f"{BOND}/miimon", "10")  # both legs are up again at once
        wait(lambda: all(self.up(leg) for leg in self.legs), 20, "both legs are up")
        if "arp_interval" in options:
            write(f"{BOND}/miimon", "0")
            for target in options["arp_ip_target"].split(","):
                write(f"{BOND}/arp_ip_target", f"+{target}")
            write(f"{BOND}/arp_interval", options["arp_interval"])
            write(f"{BOND}/arp_validate", options["arp_validate"])
        else:
            write(f"{BOND}/miimon", options["miimon"])
        if mechanism["bondd"]:
            self.start()

    def start(self):
        """bondd as its unit has it, but without systemd, to which a start is seconds in an emulated guest."""
        os.makedirs("/run/bondd", exist_ok=True)
        self.bondd = subprocess.Popen(["chrt", "-r", "10", "bondd", "watch"], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.moved_at_start = self.moves()

    def stop(self):
        if self.bondd:
            self.bondd.terminate()
            self.bondd.wait(20)
            self.bondd = None
            os.remove(REPORT)

    def fresh(self):
        """bondd moves no more than a few times a minute: once it has moved it starts anew for the next run."""
        if self.bondd and self.moves() != self.moved_at_start:
            self.stop()
            self.start()

    def up(self, leg):
        return read(f"/sys/class/net/{leg}/bonding_slave/mii_status") == "up"

    def state(self):
        """The active leg, or None while it is not at rest."""
        active = read(f"{BOND}/active_slave")
        if not active or not all(self.up(leg) for leg in self.legs):
            return None
        if self.bondd:
            try:
                report = json.loads(read(REPORT))
            except (OSError, ValueError):
                return None
            legs = [leg for bond in report["bonds"] if bond["name"] == "bond0" for leg in bond["legs"]]
            if len(legs) != 2 or any(leg["watch"]["path"] != "proven" for leg in legs):
                return None
        return active

    def active(self):
        return read(f"{BOND}/active_slave")

    def moves(self):
        return self.kmsg.moves()

    def pid(self):
        return self.bondd.pid


class Team:
    """teamd's activebackup runner."""

    def __init__(self, legs, give):
        self.legs = legs
        self.give = give
        self.teamd = self.socket = self.mechanism = None
        self.deaths = 0

    def take(self):
        pass

    def set(self, mechanism):
        """Tried again when it dies, and left dead when it always does."""
        self.mechanism = mechanism
        for _ in range(STARTS):
            self.start()
            end = time.monotonic() + START_S
            while self.alive() and time.monotonic() < end:
                if self.state():
                    return
                time.sleep(LOOK_S)
            if self.teamd.poll() is None:  # not at rest, and will be counted so
                return

    def start(self):
        config = {"device": "team0", "runner": {"name": "activebackup", "hwaddr_policy": "by_active"},
                  "notify_peers": {"count": 1},
                  "ports": {leg: {"link_watch": self.mechanism["team"]} for leg in self.legs}}
        self.release()
        for leg in read(f"{BOND}/slaves").split():
            write(f"{BOND}/slaves", f"-{leg}")
        ip(*(f"link set {leg} down" for leg in self.legs))
        with open(TEAMD_LOG, "wb") as log:
            # At the priority of bondd's unit. Its moves it tells only with -g.
            self.teamd = subprocess.Popen(["unshare", "-m", "sh", "-c", HIDE_PHYSFN, "sh", "chrt", "-r", "10", "teamd",
                                           "-U", "-c", json.dumps(config),
                                           *([] if self.mechanism.get("quiet") else ["-g"])],
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait(lambda: self.teamd.poll() is not None or self.connect(), 30, "teamd answers")
        if self.teamd.poll() is None:
            ip("link set team0 up")
            self.give("team0")

    def alive(self):
        if self.teamd.poll() is None:
            return True
        self.deaths += 1
        return False

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.socket.connect("/run/teamd/team0.sock")
        except OSError:
            self.socket.close()
            return False
        return True

    def release(self):
        if not self.teamd:
            return
        if self.socket:
            self.socket.close()
        self.teamd.terminate()
        self.teamd.wait(30)
        self.teamd = None
        if os.path.exists("/sys/class/net/team0"):  # it died, and the kernel goes on
            run("ip", "link", "del", "team0")
        wait(lambda: not os.path.exists("/sys/class/net/team0"), 20, "team0 is gone")

    def fresh(self):
        if self.teamd.poll() is not None:
            self.set(self.mechanism)

    def dump(self):
        try:
            self.socket.settimeout(5)
            self.socket.send(b"REQUEST\nStateDump\n")
            return json.loads(self.socket.recv(1 << 20).split(b"\n", 1)[1])
        except (OSError, ValueError, IndexError):  # dead or busy
            return {"ports": {}, "runner": {"active_port": ""}}

    def state(self):
        dump = self.dump()
        ports = dump["ports"]
        up = all(ports.get(leg, {}).get("link_watches", {}).get("up") for leg in self.legs)
        # With several watchers a port is up when one of them says so: at rest, all do.
        up = up and all(watch["up"] for port in ports.values() for watch in port["link_watches"]["list"].values())
        return dump["runner"]["active_port"] or None if up else None

    def active(self):
        return self.dump()["runner"]["active_port"]

    def moves(self):
        with open(TEAMD_LOG, "rb") as log:
            return log.read().count(b"Changed active port to")

    def pid(self):
        return self.teamd.pid


class Agent:
    def __init__(self):
        self.legs = read(f"{BOND}/slaves").split()
        self.addresses, self.routes = [], []
        self.bond = self.team = self.watch = None
        self.moved = 0

    def setup(self, vfs):
        """NetworkManager goes, for it would have a say in what is changed here; the network stays as it made it."""
        for family in ("-4", "-6"):
            for link in json.loads(run("ip", family, "-j", "address", "show", "dev", "bond0", "scope", "global")):
                self.addresses += [f"{a['local']}/{a['prefixlen']}" for a in link.get("addr_info", []) if a]
            self.routes += [f"{family} route replace default via {route['gateway']} dev"
                            for route in json.loads(run("ip", family, "-j", "route", "show", "default"))
                            if route.get("dev") == "bond0" and "gateway" in route]
        run("systemctl", "stop", "NetworkManager", "bondd", "bondd-status")
        if vfs and not os.path.exists(f"/sys/class/net/{self.legs[0]}/device/physfn"):
            self.make_vfs()
        self.bond, self.team = Bond(self.legs, self.give), Team(self.legs, self.give)
        return {"legs": self.legs, "kernel": os.uname().release, "addresses": self.addresses}

    def make_vfs(self):
        """One VF of each PF, its MAC set by the host, as Nova has it; they take the PFs' place in the bond."""
        for leg in self.legs:
            write(f"{BOND}/slaves", f"-{leg}")
        run("modprobe", "igbvf")
        vfs = []
        for number, pf in enumerate(self.legs):
            device = f"/sys/class/net/{pf}/device"
            ip(f"link set {pf} up")
            write(f"{device}/sriov_drivers_autoprobe", "0")
            write(f"{device}/sriov_numvfs", "1")
            ip(f"link set {pf} vf 0 mac 52:54:00:cc:00:0{number + 1}")
            write(f"{device}/virtfn0/driver_override", "igbvf")
            write("/sys/bus/pci/drivers/igbvf/bind", os.path.basename(os.path.realpath(f"{device}/virtfn0")))
            wait(lambda folder=f"{device}/virtfn0/net": os.path.isdir(folder) and os.listdir(folder), 20, f"VF of {pf}")
            run("udevadm", "settle")  # it gives the name
            name = os.listdir(f"{device}/virtfn0/net")[0]
            vfs.append(f"vf{number}")
            ip(f"link set {name} down", f"link set {name} name {vfs[-1]}")
        self.legs = vfs

    def mechanism(self, mechanism):
        """What watches from now on, and has the legs and the addresses."""
        wanted = self.team if "team" in mechanism else self.bond
        if self.watch is not wanted:
            if self.watch:
                self.watch.release()
            wanted.take()
        self.watch = wanted
        wanted.set(mechanism)
        return {}

    def give(self, device):
        """The network's addresses and ways, to bond0 or team0."""
        ip(*(f"address replace {address} dev {device}{' nodad' if ':' in address else ''}"
             for address in self.addresses))
        for route in self.routes:
            run("ip", *route.split(), device)

    def rest(self):
        """Until what watches them takes both legs for good, and nothing has moved for a while."""
        start = time.monotonic()
        self.watch.fresh()
        since, active, quiet = None, None, False
        while not quiet and time.monotonic() < start + REST_S:
            now = time.monotonic()
            state = self.watch.state()
            if state is None or state != active:
                active, since = state, now
            quiet = state is not None and now - since >= QUIET_S
            if not quiet:
                time.sleep(LOOK_S)
        self.moved = self.watch.moves()
        deaths, self.team.deaths = self.team.deaths, 0
        return {"restless": not quiet, "deaths": deaths, "rest_s": round(time.monotonic() - start, 2)}

    def moves(self):
        """Since it was at rest, and the active leg."""
        active = self.watch.active()
        return {"moves": self.watch.moves() - self.moved, "leg": self.legs.index(active) if active in self.legs else 0}

    def cost(self, seconds):
        """Of the daemon, while nothing happens: percent of one CPU, memory in kB."""
        return self.cost_of(self.watch.pid(), seconds)

    def cost_of_frames(self, legs, seconds):
        """Of outage_frames, at the same interval and priority."""
        command = ["chrt", "--rr", "10", "/run/outage_frames", "20", *(self.legs if legs else ())]
        with subprocess.Popen(command) as process:
            time.sleep(1)
            try:
                return self.cost_of(process.pid, seconds)
            finally:
                process.kill()

    def cost_of(self, pid, seconds):
        before, start = self.spent(pid), time.monotonic()
        time.sleep(seconds)
        spent, took = self.spent(pid) - before, time.monotonic() - start
        kb = int(re.search(r"VmRSS:\s*(\d+)", read(f"/proc/{pid}/status")).group(1))
        return {"cpu_percent": round(100 * spent / took, 3), "rss_kb": kb, "seconds": round(took, 1)}

    @staticmethod
    def spent(pid):
        return sum(int(read(f"/proc/{pid}/task/{task}/schedstat").split()[0])
                   for task in os.listdir(f"/proc/{pid}/task")) / 1e9


def main():
    agent = Agent()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(agent, request.pop("do"))(**request)
        except (RuntimeError, OSError, ValueError, KeyError, subprocess.SubprocessError) as e:
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), flush=True)
    if agent.watch:  # the session has ended: what stays is a bond
        agent.mechanism({"bondd": False, "bond": {"miimon": "100"}})


main()
