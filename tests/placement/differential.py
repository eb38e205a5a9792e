#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The placement code against Nova's own, on random cases: same verdict and same errors in every one, and the same nodes,
page sizes, CPUs and NICs where Nova's choice does not depend on the order of a Python set.

Needs a root folder with Debian's python3-nova, by default the one that the OpenStack tests unpack; as another user than
root it enters it through a user namespace."""
import argparse
import json
import os
import subprocess
import sys
import time

import cases

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BATCH = 200


class Child:
    """A process that answers JSON lines with JSON lines."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, lines):
        """Answers in order. The batch goes in whole before answers are read, so it must fit into a pipe's buffer or be
        read as it comes: a feeder process does the writing."""
        feeder = os.fork()
        if feeder == 0:
            try:
                self.process.stdin.write("".join(line + "\n" for line in lines))
                self.process.stdin.flush()
            finally:
                os._exit(0)
        answers = [self.process.stdout.readline() for _ in lines]
        os.waitpid(feeder, 0)
        if not answers[-1]:
            sys.exit(f"{self.process.args[0]} ended with {self.process.wait()}")
        return [json.loads(a) for a in answers]


def nova_command(root, *args, script="nova_fit.py"):
    if not os.path.exists(os.path.join(root, "usr/lib/python3/dist-packages/nova/virt/hardware.py")):
        sys.exit(f"{root} holds no python3-nova: run the OpenStack tests first, which unpack it there, or name a root folder "
                 "that has it (debootstrap bookworm, then apt-get install python3-nova) by --root or NOVA_ROOT")
    with open(os.path.join(HERE, script), encoding="utf-8") as f:
        source = f.read()
    enter = [] if os.geteuid() == 0 else ["unshare", "-r"]
    return enter + ["chroot", root, "/usr/bin/python3", "-c", source, *args]


def differences(ours, nova):
    """What is not the same, as words."""
    if "error" in nova or "error" in ours:
        if ("error" in nova) != ("error" in ours):
            yield "error"
        elif nova["error"] is not None and not ours["error"].endswith(nova["error"]):
            yield "error text"
        return
    if not ours["sound"]:
        yield "fit_host with and without result, or no reason"
    if ours["verdict"] != nova["verdict"]:
        yield "verdict"
        return
    if not nova["verdict"]:
        if nova.get("mistaken", False) != any("by mistake" in r for r in ours["reasons"]):
            yield "mistaken"
        return
    for mine, theirs in zip(ours["cells"], nova["cells"]):
        if mine["node"] != theirs["node"]:
            yield "node"
        if theirs["page_kb"] and mine["page_kb"] != theirs["page_kb"]:
            yield "page size"
        if theirs["pins"] is not None and mine["pins"] != theirs["pins"]:
            yield "pins"
    if {p: ours["pools"].count(p) for p in ours["pools"]} != nova["pools"]:
        yield "pools"
    if "usage" in nova and ours["usage"] != nova["usage"]:
        yield "usage"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1, help="of the first case; each next one has the next")
    parser.add_argument("--root", default=os.environ.get("NOVA_ROOT", os.path.join(TOP, "build/openstack/root")))
    parser.add_argument("--decide", default=os.path.join(TOP, "build/tests/placement/decide"))
    parser.add_argument("--show", action="store_true", help="print each case and both answers")
    args = parser.parse_args()
    nova = Child(nova_command(args.root))
    ours = Child([args.decide])
    start = time.monotonic()
    fits = refusals = errors = placed = mistaken = bad = 0
    for first in range(args.seed, args.seed + args.count, BATCH):
        seeds = range(first, min(first + BATCH, args.seed + args.count))
        lines = [json.dumps(cases.make_case(seed)) for seed in seeds]
        for seed, line, mine, theirs in zip(seeds, lines, ours.ask(lines), nova.ask(lines)):
            wrong = sorted(set(differences(mine, theirs)))
            errors += "error" in theirs
            fits += theirs.get("verdict") == 1
            refusals += theirs.get("verdict") == 0
            placed += bool(theirs.get("cells")) and all(c["pins"] is not None for c in theirs["cells"])
            mistaken += theirs.get("mistaken", False)
            bad += bool(wrong)
            if args.show or (wrong and bad <= 10):
                print(f"seed {seed}: {', '.join(wrong) or 'same'}\n  case {line}\n  ours {json.dumps(mine)}\n"
                      f"  nova {json.dumps(theirs)}")
    print(f"{args.count} cases from seed {args.seed}: {fits} fit, {refusals} do not (in {mistaken} of them Nova's filters "
          f"pass and its claim fails), {errors} are errors; CPUs compared in {placed}; {bad} differ; "
          f"{time.monotonic() - start:.0f} s")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
