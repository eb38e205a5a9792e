#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans of 100, 1,000 and 10,000 networks with ten reservations each, read and checked (dnsvnf check ddi.yaml), shown
(dnsvnf ipam), and read and generated (dnsvnf ddi): CPU time (median of the runs) and memory, without those of the program's start. "growth" is the cost of
one network relative to that in the next smaller plan: 1 if the cost is linear."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DNSVNF = os.path.join(TOP, "build/dnsvnf")
CPU_LIMIT_S, RSS_LIMIT_MB, GROWTH_LIMIT = 2.0, 300, 2.0
SIZES = [100, 1000, 10000]
RESERVATIONS = 10  # in each network
HEAD = """version: 1
members:
  dns1: {auth: 192.0.2.10, cache: 192.0.2.11}
keys:
  d2: {algorithm: hmac-sha256, secret: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=}
zones:
- {name: example.test, records: ["@ NS ns.example.net."]}
- {name: dyn.example.test, dynamic: true}
reverse: auto
cache: {clients: [10.0.0.0/8]}
networks:
"""


def write_plan(path, networks):
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEAD)
        for i in range(networks):
            net = f"10.{i >> 8}.{i & 255}"
            file.write(f"- prefix: {net}.0/24\n  name: net{i}\n  gateway: {net}.1\n  relay: [{net}.2, {net}.3]\n"
                       f"  pools: [{net}.100-{net}.250]\n  exclude: [{net}.200-{net}.209]\n  lease: 3600\n"
                       f"  domain: dyn.example.test\n  resolvers: [cache]\n"
                       f"  hosts:\n  - {{address: {net}.1, name: gw{i}.example.test}}\n  reserve:\n")
            file.writelines(f'  - {{mac: "00:0c:{i >> 8:02x}:{i & 255:02x}:00:{k:02x}", address: {net}.{10 + k}, name: cm{i}-{k}}}\n'
                            for k in range(RESERVATIONS))


def run(*command):
    """CPU seconds and MB of one run, which must succeed."""
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: exit status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(runs, *command):
    results = [run(*command) for _ in range(runs)]
    return statistics.median(cpu for cpu, _ in results), max(rss for _, rss in results)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    failed = []
    start, _ = measure(args.runs, DNSVNF, "--version")
    print(f"{'verb':6}  {'networks':>8}  {'reservations':>12}  {'file':>8}  {'CPU':>8}  {'a network':>9}  {'growth':>6}  {'RSS':>7}")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/ddi.yaml"
        for verb in ("check", "ipam", "ddi"):
            before = None
            for size in SIZES:
                write_plan(path, size)
                cpu, rss = measure(args.runs, DNSVNF, verb, path)
                each = max(cpu - start, 1e-6) / size
                growth = each / before if before else 1
                before = each
                print(f"{verb:6}  {size:8}  {size * RESERVATIONS:12}  {os.path.getsize(path) / 1e6:5.2f} MB  {cpu:6.3f} s  "
                      f"{1e6 * each:6.1f} us  {growth:6.2f}  {rss:4.0f} MB")
                if cpu > CPU_LIMIT_S or rss > RSS_LIMIT_MB or growth > GROWTH_LIMIT:
                    failed.append(f"{verb} of {size} networks")
    if failed:
        sys.exit(f"{', '.join(failed)}: at most {CPU_LIMIT_S} s, {RSS_LIMIT_MB} MB, growth {GROWTH_LIMIT}")


if __name__ == "__main__":
    main()
