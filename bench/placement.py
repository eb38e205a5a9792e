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
    """Cases that reach numa_fit_instance_to_host: no errors, cells asked; and whether each fits."""
    found = []
    seed = 1
    while len(found) < count:
        line = json.dumps(cases.make_case(seed))
        if "hw:numa_nodes" in line and "error" not in (answer := ask([line])[0]):
            found.append((line, answer["verdict"] == 1))
        seed += 1
    return zip(*found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--root", default=os.environ.get("NOVA_ROOT", os.path.join(TOP, "build/openstack/root")))
    args = parser.parse_args()
    subprocess.run(["taskset", "-c", "0", os.path.join(TOP, "build/bench/bench_placement"), "10000", "11"], check=True)
    decide = os.path.join(TOP, "build/tests/placement/decide")
    lines, fits = numa_cases(differential.Child([decide]).ask, args.cases)
    ours = differential.Child([decide, "--time", str(ROUNDS["dnsvnf"])])
    nova = differential.Child(differential.nova_command(args.root, str(ROUNDS["nova"])))
    times = []
    for first in range(0, len(lines), 50):  # in turns, so that a busy moment falls on both
        batch = lines[first:first + 50]
        times += [(theirs, *mine) for theirs, mine in zip(nova.ask(batch), ours.ask(batch))]
    # Nova answers the place of a guest that fits, and None for one that does not: the reasons are ours alone.
    columns = {
        "numa_fit_instance_to_host": [t[0] for t in times],
        "dnsvnf, the same answer": [t[2] if fit else t[1] for t, fit in zip(times, fits)],
        "dnsvnf, verdict alone": [t[1] for t in times],
        "dnsvnf, place or reasons": [t[2] for t in times],
    }
    print(f"{len(times)} cases, of which {sum(fits)} fit, each decided {ROUNDS['nova']} times by Nova and "
          f"{ROUNDS['dnsvnf']} times by dnsvnf:")
    nova_times = columns["numa_fit_instance_to_host"]
    for name, values in columns.items():
        ratio = statistics.median(theirs / mine for theirs, mine in zip(nova_times, values))
        print(f"  {name:26} median {statistics.median(values) / 1000:9.2f} us, sum {sum(values) / 1e6:9.3f} ms; "
              f"Nova takes {ratio:.0f} times as long in the median, {sum(nova_times) / sum(values):.0f} in sum")


if __name__ == "__main__":
    main()
