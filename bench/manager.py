#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dnsvnfd as a whole with 100, 1,000 and 10,000 VMs on loopback, in a network namespace: echo and DNS of each at 1 Hz, their servers
listed every 10 s, assessment and decision every second. The kernel answers the echoes, at dnsvnfd's expense; a responder answers DNS,
and a script stands for `dnsvnf servers`: their CPU is not counted. As root."""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RESPONDER = os.path.join(TOP, "build/bench/bench_manager_probes")
DNSVNFD = os.path.join(TOP, "build/dnsvnfd")
CPU_LIMIT, RSS_LIMIT_MB = 0.35, 100  # with 10,000 VMs
SIZES = (100, 1000, 10000)
LISTEN = "127.0.0.1:9781"
POLICY = {"watched": True, "period_ms": 3000, "n_true": 1, "n_false": 5, "bootup_ms": 300000, "reboot_ms": -1000, "wait_ms": 30000,
          "action": "REBOOT_ONLY", "max_retries": 3}


def address(i):
    return f"127.{1 + i // 62500}.{i // 250 % 250}.{i % 250 + 1}"


def make_store(folder, n, per_deployment):
    """Accepted deployments, and what `dnsvnf servers` says of them."""
    servers = []
    for first in range(0, n, per_deployment):
        name = f"dep-{first // per_deployment}"
        vms = [{"name": f"{name}_dns_{i - first}", "group": "dns", "image": "dns-vnf", "network": f"bench/{name}/management",
                "management": address(i), "service": [address(i)], "query": ".", "policy": POLICY}
               for i in range(first, min(n, first + per_deployment))]
        generation = f"{folder}/store/tenants/bench/{name}/1"
        os.makedirs(generation)
        os.symlink("1", f"{folder}/store/tenants/bench/{name}/current")
        for file, text in (("descriptor", ""), ("resolved.xml", ""), ("meta.json", "{}"),
                           ("watch.json", json.dumps({"tenant": "bench", "deployment": name, "cloud": "bench", "vms": vms}))):
            with open(f"{generation}/{file}", "w", encoding="utf-8") as out:
                out.write(text)
        servers += [{"tenant": "bench", "deployment": name, "server": vm["name"], "id": f"{len(servers) + i:036x}", "state": "ACTIVE",
                     "host": f"compute-{(first + i) // 20}", "host_status": "UP", "power_state": "running", "task": None,
                     "locked": False, "updated": "2026-12-01T00:00:00Z", "deleted": False} for i, vm in enumerate(vms)]
    with open(f"{folder}/servers.json", "w", encoding="utf-8") as out:
        json.dump({"format_version": 1, "projects": [{"partial": False, "servers": servers}]}, out)
    with open(f"{folder}/dnsvnf", "w", encoding="utf-8") as out:
        out.write(f"#!/bin/sh\n[ $1 = servers ] && exec cat {folder}/servers.json\necho '{{\"deployments\":[]}}'\n")
    os.chmod(f"{folder}/dnsvnf", 0o755)
    with open(f"{folder}/conf", "w", encoding="utf-8") as out:
        out.write(f"store = {folder}/store\nsocket = {folder}/sock\ndnsvnf = {folder}/dnsvnf\nheal = on\nlisten = {LISTEN}\n"
                  "drift_minutes = 1440\n")


def cpu_s(pid):
    """Of the process itself, without its children."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def most_memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) / 1024


def metrics():
    with urllib.request.urlopen(f"http://{LISTEN}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    states = re.findall(r'^dnsvnf_vm_state{.*state="(\w+)"', text, re.M)
    return {"alive": states.count("alive"), **{name: float(value) for name, value in re.findall(r"^dnsvnf_(\w+) (\S+)$", text, re.M)}}


def wait_alive(n, seconds=600):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if metrics()["alive"] == n:
                return
        except OSError:
            pass
        time.sleep(2)
    sys.exit(f"the {n} VMs did not become alive: {metrics()}")


def measure(n, per_deployment, seconds):
    with tempfile.TemporaryDirectory(prefix="dnsvnfd-bench.") as folder:
        make_store(folder, n, per_deployment)
        begun = time.monotonic()
        with subprocess.Popen([DNSVNFD, "--config", f"{folder}/conf"]) as daemon:
            try:
                wait_alive(n)
                row = {"start_s": time.monotonic() - begun}
                before, cpu, begun = metrics(), cpu_s(daemon.pid), time.monotonic()
                late = []
                for _ in range(max(1, seconds // 10)):
                    time.sleep(10)
                    late.append(metrics())
                elapsed = time.monotonic() - begun
                row |= {"cpu": (cpu_s(daemon.pid) - cpu) / elapsed, "rss_mb": most_memory_mb(daemon.pid), "alive": late[-1]["alive"],
                        "sent_per_s": (late[-1]["probes_sent_total"] - before["probes_sent_total"]) / elapsed,
                        "dropped": late[-1]["events_dropped_total"],
                        "missed": late[-1]["probes_missed_total"] - before["probes_missed_total"],
                        "p99_ms": 1e3 * sorted(one["probes_late_seconds_p99"] for one in late)[len(late) // 2],
                        "max_ms": 1e3 * max(one["probes_late_seconds_max"] for one in late)}
                return row
            finally:
                daemon.terminate()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="of each size")
    parser.add_argument("--per-deployment", type=int, default=2, help="VMs of a deployment")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    if "--inside" not in sys.argv:
        os.execvp("unshare", ["unshare", "--net", sys.executable, __file__, *sys.argv[1:], "--inside"])
    sys.argv.remove("--inside")
    args = parser.parse_args()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(f"{'VMs':>6}  {'alive':>6}  {'CPU':>7}  {'us a probe':>10}  {'memory':>8}  {'missed':>6}  {'late p99':>9}  {'max':>9}  "
          f"{'started in':>10}  load")
    too_much = False
    with subprocess.Popen([RESPONDER, "respond"], stdout=subprocess.PIPE) as responder:
        try:
            responder.stdout.readline()
            for n in args.sizes:
                r = measure(n, args.per_deployment, args.seconds)
                print(f"{n:6}  {r['alive']:6}  {100 * r['cpu']:6.2f}%  {1e6 * r['cpu'] / r['sent_per_s']:10.2f}  {r['rss_mb']:5.1f} MB  "
                      f"{r['missed']:6.0f}  {r['p99_ms']:6.2f} ms  {r['max_ms']:6.2f} ms  {r['start_s']:8.1f} s  {os.getloadavg()[0]:.1f}",
                      flush=True)
                if r["dropped"]:
                    sys.exit(f"{r['dropped']:.0f} events were lost")
                too_much |= n <= SIZES[-1] and (r["cpu"] > CPU_LIMIT or r["rss_mb"] > RSS_LIMIT_MB)
        finally:
            responder.terminate()
    if too_much:
        sys.exit(f"{SIZES[-1]} VMs must need at most {100 * CPU_LIMIT:.0f} % of a core and {RSS_LIMIT_MB} MB")


if __name__ == "__main__":
    main()
