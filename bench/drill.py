#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does a drill measure the failover, or how busy this machine is?

Drills the example in the local VM (root, the image) while the machine is idle and again at a load of 6. Passes if their
medians differ by less than a quarter or the series under load says that it is inconclusive, and if no drill counts
a gap as the failover that did not begin at the failure."""
import argparse
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DNSVNF = os.path.join(TOP, "build", "dnsvnf")
DEP = os.path.join(TOP, "examples", "technote", "corrected", "dep.xml")
BUSY = 6
INCONCLUSIVE = 5
NOTICED_MS = 250  # the latest start of a gap: in a busy guest a lost carrier is noticed that late


def drills(count):
    done = subprocess.run([DNSVNF, "drill", "--repeat", str(count), "-o", "json", DEP], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1, INCONCLUSIVE):
        sys.exit(f"drill.py: drill exited with {done.returncode}: {done.stderr}")
    answer = json.loads(done.stdout)["deployments"][0]
    if len(answer["drills"]) != count:
        sys.exit(f"drill.py: {len(answer['drills'])} of {count} drills reported: {done.stderr}")
    return answer


def away(drill):
    """Milliseconds between the failure and the gap that is said to be its failover; 0 without a gap."""
    gap = drill["failover"]
    return gap["start_ms"] - drill["link_down_ms"] if gap["outage_ms"] else 0


def summary(name, answer):
    for d in answer["drills"]:
        gap = d["failover"]
        print(f"  {d['verdict']}: outage {gap['outage_ms']:.0f} ms, {away(d):+.0f} ms from the failure, noise "
              f"{gap['noise_ms']:.0f} ms ({gap['noise']}), {d['qps']} queries a second")
    s = answer["summaries"][0]
    print(f"{name}: {s['verdict']}; {s['measured']} of {s['drills']} measured"
          + (f", median {s['median_ms']:.0f} ms, at most {s['max_ms']:.0f} ms" if s["measured"] else ""), flush=True)
    return s


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=20, help="drills idle, and as many under load (default 20)")
    count = parser.parse_args().repeat
    subprocess.run([DNSVNF, "deploy", "--yes", DEP], stdout=subprocess.DEVNULL, check=True)
    busy = []
    try:
        idle = drills(count)
        quiet = summary("idle", idle)
        busy = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(BUSY)]
        loaded = drills(count)
        full = summary(f"at a load of {BUSY}", loaded)
    finally:
        for process in busy:
            process.kill()
            process.wait()
        subprocess.run([DNSVNF, "undeploy", "--yes", DEP], stdout=subprocess.DEVNULL, check=True)
    late = [d for d in idle["drills"] + loaded["drills"] if abs(away(d)) > NOTICED_MS]
    if late:
        sys.exit(f"drill.py: {len(late)} drills count a gap that is not at the failure")
    if quiet["verdict"] != "pass":
        sys.exit(f"drill.py: the drills of the idle machine: {quiet['verdict']}")
    if full["verdict"] == "inconclusive":
        print("under load the drills say that they are inconclusive")
        return
    ratio = full["median_ms"] / quiet["median_ms"]
    print(f"the median under load is {ratio:.2f} times the idle one")
    if not 0.75 <= ratio <= 1.25:
        sys.exit(1)


if __name__ == "__main__":
    main()
