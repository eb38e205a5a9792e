#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manager's probes, echo and DNS at 1 Hz, of 100, 1,000 and 10,000 addresses on loopback, in a network namespace.
The kernel answers the echoes, at the prober's expense; a responder, whose CPU is not counted, answers DNS. "bare" sends
and reads as many packets with one system call each and keeps no books. As root."""
import argparse
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(TOP, "build/bench/bench_manager_probes")
CPU_LIMIT, RSS_LIMIT_MB = 0.35, 100  # with 10,000 targets
KINDS = {"ed": "echo and DNS", "e": "echo", "d": "DNS"}
CASES = [(100, "ed"), (1000, "ed"), (10000, "ed"), (10000, "e"), (10000, "d")]


def run(*args):
    return json.loads(subprocess.run([PROGRAM, *map(str, args)], check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=15, help="of each case")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.inside:
        os.execvp("unshare", ["unshare", "--net", sys.executable, __file__, "--inside", "--seconds", str(args.seconds)])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with subprocess.Popen([PROGRAM, "respond"], stdout=subprocess.PIPE) as responder:
        try:
            responder.stdout.readline()
            rows = [(n, kinds, run("probe", n, kinds, args.seconds)) for n, kinds in CASES]
            bare = {kinds: run("bare", 10000, kinds, args.seconds)["cpu"] for kinds in KINDS}
        finally:
            responder.terminate()
    print(f"{'targets':>7}  {'probes':12}  {'CPU':>6}  {'us a probe':>10}  {'to bare':>7}  {'RSS':>7}  {'answered':>9}  "
          f"{'missed':>6}  {'void':>6}  {'gaps':>4}  {'late p99':>8}  {'max':>8}")
    for n, kinds, r in rows:
        ratio = f"{r['cpu'] / bare[kinds]:.2f}" if n == 10000 else ""
        print(f"{n:7}  {KINDS[kinds]:12}  {100 * r['cpu']:5.2f}%  {1e6 * r['cpu'] / r['sent_per_s']:10.2f}  {ratio:>7}  "
              f"{r['rss_mb']:4.1f} MB  {100 * r['answered'] / r['sent']:8.3f}%  {r['missed']:6}  {r['voided']:6}  "
              f"{r['gaps']:4}  {r['late_p99_ms']:5.2f} ms  {r['late_max_ms']:5.2f} ms")
    most = next(r for n, kinds, r in rows if (n, kinds) == (10000, "ed"))
    if most["cpu"] > CPU_LIMIT or most["rss_mb"] > RSS_LIMIT_MB:
        sys.exit(f"10,000 targets must need at most {100 * CPU_LIMIT:.0f} % of a core and {RSS_LIMIT_MB} MB")


if __name__ == "__main__":
    main()
