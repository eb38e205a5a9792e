#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long `dnsvnf --help` and `dnsvnf check` take, and their memory; beside them `/bin/true`, in the same run.

Exit code 3 when one takes more times as long as `/bin/true` than its limit, by the shortest run of each: that one a busy
machine disturbs least. Peak memory of a child is never reported below that of this script (about 11 MB)."""
import os
import statistics
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DNSVNF = os.path.join(TOP, "build", "dnsvnf")
RUNS = 50
OVER_LIMIT = 3
COMMANDS = {
    "/bin/true": ["/bin/true"],
    "dnsvnf --help": [DNSVNF, "--help"],
    "dnsvnf check corrected/dep.xml": [DNSVNF, "check", os.path.join(TOP, "examples/technote/corrected/dep.xml")],
}
LIMITS = {"dnsvnf --help": 3, "dnsvnf check corrected/dep.xml": 6}  # times /bin/true


def run(command):
    """Wall time in ms and peak memory in MB of one run."""
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    status, usage = os.wait4(pid, 0)[1:]
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    return (time.perf_counter() - start) * 1000, usage.ru_maxrss / 1000


def main():
    samples = {name: [] for name in COMMANDS}
    for _ in range(RUNS):  # in turns, so that a busy moment falls on all of them
        for name, command in COMMANDS.items():
            samples[name].append(run(command))
    shortest = {name: min(ms for ms, _ in runs) for name, runs in samples.items()}
    print(f"{'':32}{'median':>9}{'p95':>9}{'shortest':>10}{'to true':>9}{'limit':>7}{'memory':>9}   of {RUNS} runs in turns")
    over = []
    for name, runs in samples.items():
        times = sorted(ms for ms, _ in runs)
        ratio, limit = shortest[name] / shortest["/bin/true"], LIMITS.get(name)
        print(f"{name:32}{statistics.median(times):6.1f} ms{times[int(RUNS * .95) - 1]:6.1f} ms{times[0]:7.2f} ms"
              f"{ratio:8.1f}x{f'{limit}x' if limit else '':>7}{max(mb for _, mb in runs):6.1f} MB")
        if limit and ratio > limit:
            over.append(f"{name} takes {ratio:.1f} times as long as /bin/true; its limit is {limit}")
    if over:
        print("\n".join(over), file=sys.stderr)
        sys.exit(OVER_LIMIT)


if __name__ == "__main__":
    main()
