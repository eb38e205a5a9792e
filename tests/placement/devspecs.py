#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The device specs of nova.conf against Nova's own whitelist, on random hosts and specs: the same are refused, and each
function of the host has the same first spec, with the same tags. Needs what differential.py needs."""
import argparse
import json
import os
import random
import sys
import time

import differential

TOP = differential.TOP
BATCH = 200
PRODUCTS = [("8086:158b", "8086:154c"), ("8086:10fb", "8086:10ed"), ("15b3:1017", "15b3:1018"), ("8086:1521", "8086:1521")]
ODD_IDS = ["*", " * ", "8086 ", "0x8086", "0X154C", "158B", "intel", "", "10000", "-1", "+158b", "80_86", "8086_", "__", "0x", 5516, None,
           True, ["8086"]]
EXPRESSIONS = [".*", "", ".", "0.", "0[0-9a-f]", "[0-2]", "[^0]", "0{2}", "0{1,4}", "(00|3b)", "(?:3b)", "3b|af", "^3b$", "\\d+", "\\w",
               "[0-9]{2}", "0*", "0+?", "0*?b?", "3[ab]", "(3|a)(b|f)"]
ODD_EXPRESSIONS = ["*", "+", "?", "(", ")", "[", "[]", "[]0]", "[b-a]", "\\", "a**", "a*?*", "a+*", "0{2,1}", "0{3}{2}", "^*", "$?", "|*", "(*)",
                   "(?P<n>3b)", "(?=3b)", "(3)\\1", "[\\d]", "{", "a{", "a{,2}", "{2}", "x}", "]", "()*", "(|3b)", "0++", "0{99}", "\\q", "\\Z",
                   "\u00e9", None, 3, ["0"]]


def chance(rng, p):
    return rng.random() < p


def make_pf(rng, number):
    domain = "10000" if chance(rng, 0.02) else rng.choice(["0000", "0000", "0001"])
    bus, slot, function = rng.choice(["3b", "af", "02", "11"]), rng.choice(["00", "01", "1f"]), rng.randrange(4)
    pci_id, vf_id = rng.choice(PRODUCTS)
    pf = {"address": f"{domain}:{bus}:{slot}.{function}", "name": f"ens{number}f{function}", "id": pci_id, "vf_id": vf_id,
          "total": rng.choice([0, 8, 64, 64]), "vfs": []}
    first = rng.choice(["02", "0a", "10"])
    for i in range(rng.randrange(4) if pf["total"] else 0):
        pf["vfs"].append({"address": f"{domain}:{bus}:{first}.{i + number % 2 * 4}", "name": f"{pf['name']}v{i}" if chance(rng, 0.5) else None})
    return pf


def make_host(rng):
    """No two functions at one address, as in /sys."""
    pfs, seen = [], set()
    for number in range(rng.randint(1, 4)):
        pf = make_pf(rng, number)
        addresses = {pf["address"], *(vf["address"] for vf in pf["vfs"])}
        if not addresses & seen:
            pfs.append(pf)
            seen |= addresses
    return pfs


def field(rng, text):
    """A field of a glob: the right one mostly."""
    kinds = [text, text, text, "*", "*", "", f"0x{text}", text.upper(), f" {text}", text.lstrip("0")]
    odd = ["0*", "?", "g", "fffff", "100", "20", "8", "-0", "-1", "+1", "0_1", "1__0", "_1", "0x", "**", "[0-9]", " "]
    return rng.choice(odd if chance(rng, 0.06) else kinds)


def glob(rng, address):
    domain, bus, rest = address.split(":")
    slot, function = rest.split(".")
    if chance(rng, 0.35):
        return address
    parts = [field(rng, p) for p in (domain, bus, slot)][rng.choice([0, 0, 0, 1, 2]):]
    if chance(rng, 0.03):
        parts = ["0"] + parts
    return ":".join(parts) + ("" if chance(rng, 0.15) else "." + field(rng, function))


def expressions(rng, address):
    domain, bus, rest = address.split(":")
    slot, function = rest.split(".")
    result = {}
    for key, text in zip(("domain", "bus", "slot", "function"), (domain, bus, slot, function)):
        if chance(rng, 0.25):
            continue
        source = ODD_EXPRESSIONS if chance(rng, 0.08) else EXPRESSIONS if chance(rng, 0.5) else [text]
        result[key] = rng.choice(source)
    if chance(rng, 0.05):
        result["vf"] = "1"
    return result


def make_spec(rng, pfs):
    pf = rng.choice(pfs)
    function = rng.choice([pf] + pf["vfs"])
    spec = {}
    if chance(rng, 0.35):
        spec["vendor_id"] = rng.choice(ODD_IDS) if chance(rng, 0.15) else pf["id"][:4]
    if chance(rng, 0.4):
        spec["product_id"] = rng.choice(ODD_IDS) if chance(rng, 0.15) else rng.choice([pf["id"], pf["vf_id"], pf["vf_id"]])[5:]
    kind = rng.choice(["devname", "address", "address", "regex", "none", "both"] if chance(rng, 0.2) else
                      ["devname", "address", "address", "regex", "none"])
    if kind in ("devname", "both"):
        spec["devname"] = rng.choice([function["name"], pf["name"], pf["name"], "ens9", "", None, 5])
    if kind in ("address", "both"):
        spec["address"] = glob(rng, function["address"])
    if kind == "regex":
        spec["address"] = expressions(rng, function["address"])
    if kind == "none" and chance(rng, 0.2):
        spec["address"] = rng.choice(["", None, {}, [], False, 7, ["0000:3b:00.0"], "*", ".", ":", "*:*:*.*"])
    return {**spec, **make_tags(rng)}


def make_tags(rng):
    tags = {}
    if chance(rng, 0.8):
        tags["physical_network"] = rng.choice(["sriov0", "sriov1", "physnet", None, 5])
    if chance(rng, 0.3):
        tags["trusted"] = rng.choice(["true", "True", "false", "yes", True, False, 1, None])
    if chance(rng, 0.12):
        tags["remote_managed"] = rng.choice(["true", "True", "yes", " on ", "1", 1, True, "false", "no", 0, None, "2"])
    return tags


def make_case(seed):
    """The case of that seed, always the same."""
    rng = random.Random(seed)
    pfs = make_host(rng)
    values = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        value = make_spec(rng, pfs)
        if chance(rng, 0.15):
            value = [value] + [make_spec(rng, pfs) for _ in range(rng.randrange(3))]
        if chance(rng, 0.02):
            value = rng.choice([7, "ens1f0", None, [], ["ens1f0"], [[value]]])
        text = json.dumps(value)
        if chance(rng, 0.02):
            text = text[:rng.randrange(len(text))] + rng.choice(["", "}", "'", ","])
        values.append(text)
    return {"pfs": pfs, "values": values}


def differences(ours, nova):
    """What is not the same, as words; "unknown" is no difference, nor is a refusal of an expression that is not understood."""
    if ("refused" in ours) != ("refused" in nova):
        if not ours.get("doubt"):
            yield "refused"
        return
    if "refused" in ours:
        return
    if ours["tags"] != nova["tags"]:
        yield "tags"
    for address, spec in nova["functions"].items():
        if ours["functions"][address] not in ("unknown", spec):
            yield f"spec of {address}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1, help="of the first case; each next one has the next")
    parser.add_argument("--root", default=os.environ.get("NOVA_ROOT", os.path.join(TOP, "build/openstack/root")))
    parser.add_argument("--match", default=os.path.join(TOP, "build/tests/placement/match"))
    args = parser.parse_args()
    nova = differential.Child(differential.nova_command(args.root, script="nova_devspec.py"))
    ours = differential.Child([args.match])
    start = time.monotonic()
    refused = matched = functions = doubts = unknown = bad = 0
    for first in range(args.seed, args.seed + args.count, BATCH):
        seeds = range(first, min(first + BATCH, args.seed + args.count))
        lines = [json.dumps(make_case(seed)) for seed in seeds]
        for seed, line, mine, theirs in zip(seeds, lines, ours.ask(lines), nova.ask(lines)):
            wrong = sorted(set(differences(mine, theirs)))
            refused += "refused" in theirs
            functions += len(theirs.get("functions", ()))
            matched += sum(spec is not None for spec in theirs.get("functions", {}).values())
            doubts += mine.get("doubt", False)
            unknown += sum(spec == "unknown" for spec in mine.get("functions", {}).values())
            bad += bool(wrong)
            if wrong and bad <= 10:
                print(f"seed {seed}: {', '.join(wrong)}\n  case {line}\n  ours {json.dumps(mine)}\n  nova {json.dumps(theirs)}")
    print(f"device specs: {args.count} cases from seed {args.seed}: {refused} refused; {functions} functions, {matched} matched, "
          f"{unknown} unknown here, as {doubts} cases have an expression that is not understood; {bad} differ; {time.monotonic() - start:.0f} s")
    sys.exit(bad > 0 or unknown * 20 > functions or doubts * 20 > args.count)


if __name__ == "__main__":
    main()
