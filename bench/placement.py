#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One placement decision over 10,000 hosts and its explanation, on one core; then the same cases decided by Nova's
numa_fit_instance_to_host and by dnsvnf, in turns in one run. The second part needs a root folder with python3-nova."""
import argparse
import json
import os
import statistics
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TESTS = os.path.join(TOP, "tests/placement")
sys.path.insert(0, TESTS)
import cases  # noqa: E402
import differential  # noqa: E402

ROUNDS = {"nova": 5, "dnsvnf": 2000}


def numa_cases(ask, count):
    """Cases that reach numa_fit_instance_to_host: no errors, cells asked."""
    found = []
    seed = 1
    while len(found) < count:
        line = json.dumps(cases.make_case(seed))
        if "hw:numa_nodes" in line and "error" not in ask([line])[0]:
            found.append(line)
        seed += 1
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--root", default=os.environ.get("NOVA_ROOT", os.path.join(TOP, "build/openstack/root")))
    args = parser.parse_args()
    subprocess.run(["taskset", "-c", "0", os.path.join(TOP, "build/bench/bench_placement"), "10000", "11"], check=True)
    decide = os.path.join(TOP, "build/tests/placement/decide")
    lines = numa_cases(differential.Child([decide]).ask, args.cases)
    ours = differential.Child([decide, "--time", str(ROUNDS["dnsvnf"])])
    nova = differential.Child(differential.nova_command(args.root, str(ROUNDS["nova"])))
    times = []
    for first in range(0, len(lines), 50):  # in turns, so that a busy moment falls on both
        batch = lines[first:first + 50]
        times += [(theirs, *mine) for theirs, mine in zip(nova.ask(batch), ours.ask(batch))]
    print(f"{len(times)} cases, each decided {ROUNDS['nova']} times by Nova and {ROUNDS['dnsvnf']} times by dnsvnf:")
    for name, values in zip(("numa_fit_instance_to_host", "dnsvnf, verdict", "dnsvnf, with place or reasons"), zip(*times)):
        print(f"  {name:30} median {statistics.median(values) / 1000:9.2f} us, sum {sum(values) / 1e6:9.3f} ms")
    for name, column in (("verdict", 1), ("with place or reasons", 2)):
        total = sum(t[0] for t in times) / sum(t[column] for t in times)
        print(f"  Nova takes {statistics.median(t[0] / t[column] for t in times):.0f} times as long in the median, "
              f"{total:.0f} in sum ({name})")


if __name__ == "__main__":
    main()
