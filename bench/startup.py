#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long `dnsvnf --help` and `dnsvnf check` take, and their memory; beside them `/bin/true`, in the same run.

Peak memory of a child is never told below what this script itself has (about 11 MB): that is the figure of /bin/true."""
import os
import statistics
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DNSVNF = os.path.join(TOP, "build", "dnsvnf")
RUNS = 50
COMMANDS = {
    "/bin/true": ["/bin/true"],
    "dnsvnf --help": [DNSVNF, "--help"],
    "dnsvnf check corrected/dep.xml": [DNSVNF, "check", os.path.join(TOP, "examples/technote/corrected/dep.xml")],
}


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
    base = statistics.median(ms for ms, _ in samples["/bin/true"])
    print(f"{'':32}{'median':>9}{'p95':>9}{'memory':>9}{'to true':>9}   of {RUNS} runs in turns")
    for name, runs in samples.items():
        times = sorted(ms for ms, _ in runs)
        print(f"{name:32}{statistics.median(times):6.1f} ms{times[int(RUNS * .95) - 1]:6.1f} ms"
              f"{max(mb for _, mb in runs):6.1f} MB{statistics.median(times) / base:8.1f}x")


if __name__ == "__main__":
    main()
