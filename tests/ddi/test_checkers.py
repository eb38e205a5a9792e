#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `dnsvnf ddi` writes, judged by the servers' own checkers: of the examples, and of random plans. Arguments: the program,
how many plans (default 100), the first seed (default 1). Needs root, and knot, unbound, kea and bind9-utils."""
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
import time

import guest
import plans

DNSVNF = os.path.abspath(sys.argv[1])
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 100
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
EXAMPLES = ["examples/ddi/dep.xml", "examples/ddi-pair/dep.xml"]
MEMBERS = [f"172.16.1.{a}/24" for a in (10, 11, 12, 20, 21, 22)] + [f"2001:db8:101::{a}/64" for a in (10, 11, 12, 20, 21, 22)]
ANCHOR = ". IN DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d"
# Each of a member's files by its server's checker; a line for each that is refused. named-checkzone also finds NS and MX records
# without an address.
CHECK = """
r={root}
check() {{ name=$1; shift; out=$({chroot} "$@" 2>&1) || printf '%s: %s\\n' "$name" "$out"; }}
[ ! -e $r/etc/knot/knot.conf ] || check knot knotc conf-check
[ ! -e $r/etc/unbound/unbound.conf ] || check unbound unbound-checkconf /etc/unbound/unbound.conf
for v in 4 6 -ddns; do [ ! -e $r/etc/kea/kea-dhcp$v.conf ] || check kea-dhcp$v kea-dhcp$v -t /etc/kea/kea-dhcp$v.conf; done
for z in $r/var/lib/knot/*.zone; do
	[ ! -e "$z" ] || {{ n=${{z##*/}}; check "$n" named-checkzone -i full -n fail "${{n%.zone}}" "/var/lib/knot/$n"; }}
done
"""


def generate(source, folder):
    return subprocess.run([DNSVNF, "ddi", "--folder", folder, source], capture_output=True, text=True, timeout=120, check=False)


def same(a, b):
    """Whether two folders have the same files."""
    files = [sorted(os.path.relpath(os.path.join(d, n), top) for d, _, names in os.walk(top) for n in names) for top in (a, b)]
    return files[0] == files[1] and filecmp.cmpfiles(a, b, files[0], shallow=False)[0] == files[0]


def judge(machine, folder):
    """What the checkers say of each member's files."""
    said = []
    for member in sorted(os.listdir(folder)):
        machine.script(f"cd {guest.ROOT}/; rm -rf etc/knot/* etc/unbound/* etc/kea/* var/lib/knot/*")
        machine.put(os.path.join(folder, member))
        script = CHECK.format(root=guest.ROOT or "''", chroot=f"chroot {guest.ROOT}" if guest.ROOT else "")
        done = subprocess.run(machine.command(["sh", "-c", script], chroot=False), capture_output=True, text=True, timeout=300,
                              env=guest.ENVIRONMENT, check=False)
        said += [f"{member}: {text}" for text in (done.stdout + done.stderr).splitlines()]
    return said


def main():
    start, bad, refused, members = time.monotonic(), 0, 0, 0
    print(f"plans of seeds {SEED} to {SEED + COUNT - 1}, and {len(EXAMPLES)} examples", flush=True)
    with tempfile.TemporaryDirectory() as top:
        with open(os.path.join(top, "records"), "w", encoding="utf-8") as file:
            file.write(plans.RECORDS)
        machine = guest.Guest(top)
        machine.script("ip link add bond0 type bridge")
        machine.addresses("bond0", *MEMBERS)
        machine.script(f"echo '{ANCHOR}' > {guest.ROOT}/var/lib/unbound/root.key")
        for source in EXAMPLES + list(range(SEED, SEED + COUNT)):
            path = source
            if isinstance(source, int):
                path = os.path.join(top, "ddi.yaml")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(plans.make_plan(source))
            folders = [os.path.join(top, name) for name in ("out", "again")]
            done = [generate(path, folder) for folder in folders][0]
            if done.returncode != 0:
                refused += 1
                wrong = [] if isinstance(source, int) and "[ddi-" in done.stderr else [done.stdout + done.stderr]
                print(f"{source}: refused by the rules: {done.stderr.splitlines()[:2]}")
            else:
                members += len(os.listdir(folders[0]))
                wrong = judge(machine, folders[0]) + ([] if same(*folders) else ["a second run writes other bytes"])
            bad += bool(wrong)
            for line in wrong[:10]:
                print(f"{source}: {line}")
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
        machine.close()
    good = len(EXAMPLES) + COUNT - bad - refused
    print(f"ddi: files of {members} members of {good + bad} plans; {refused} refused by the rules; {bad} plans with files that a "
          f"checker refuses; {time.monotonic() - start:.0f} s")
    sys.exit(bad > 0 or refused > COUNT // 4)


if __name__ == "__main__":
    main()
