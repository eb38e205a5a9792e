#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random zones, mostly right, judged by this code and by BIND's named-checkzone: the same are refused. Needs Debian's
bind9-utils. What is unknown here (zone-unread) is counted and not compared."""
import argparse
import concurrent.futures
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATH = os.environ["PATH"] + ":/usr/sbin:/usr/bin"
NAMES = ["www", "a", "b.c", "c", "*", "*.w", "_sip._tcp", "xn--bcher-kva", "@", "ns1", "ns2", "mail", "sub", "ns.sub", "1", "A",
         "a\\.b", "a\\046b", "\\097", "\\@", "in", "300", "under_score", "a/b", "WWW"]
RECORDS = ["A 192.0.2.1", "AAAA 2001:db8::1", "TXT \"v=spf1; -all\"", "TXT a b \"c d\"", "MX 10 mail", "MX 10 ns1.example.test.",
           "SRV 0 5 5060 ns1", "CNAME www", "CNAME ns1.example.org.", "NS ns1", "NS ns.sub", "NS ns.example.org.", "PTR www",
           "CAA 0 issue \"ca.example\"", "SSHFP 1 1 0123456789abcdef0123456789abcdef01234567", "TYPE65280 \\# 2 abcd",
           "NAPTR 100 10 \"S\" \"SIP+D2U\" \"\" _sip._udp", "LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
           "HINFO \"a\" b", "TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "DNAME x",
           "URI 10 1 \"ftp://a/\"", "TXT ( a\n ; comment\n \"b\" )", "RP a b", "a 192.0.2.7", "A \\# 4 c0000207", "A \\# ( 4 c000\n 0207 )",
           "MX \\# 5 000a 016100", "TXT \\# 3 026162", "TXT a\\;b \"\\\"\" \"\\065\"", "TXT (\n\"a\"\n\"(\"\n)",
           "CNAME a\\.b", "MX 10 a\\.b", "SVCB 1 . alpn=h2", "HTTPS 1 www port=443", "TXT \"\"", "TYPE1 \\# 4 c0000208", "TYPE16 a"]
ODD_RECORDS = ["A 192.0.2.256", "A 1.2.3", "A", "AAAA ::1::", "AAAA 192.0.2.1", "MX mail", "MX x mail", "FOO bar", "garbage", "here", "TXT",
               "CNAME", "CNAME a b", "NS", "SRV 0 5 sip", "A 192.0.2.1 192.0.2.2", "TXT \"unclosed", "TXT ( a", "A 192.0.2.1 )",
               "SOA ns1 a 1 2 3 4 5", "MX 70000 mail", "CAA 0 issue", "SVCB 1 .", "HTTPS 1 . alpn=h2", "TYPE65280 \\# 3 abcd", "A \\# 3 c00002",
               "AAAA \\# 4 c0000201", "NS \\# 3 016100 00", "MX \\# 2 000a", "TXT \\# 0", "TXT \"a\nb\"", "TXT ( \"a\nb\" )", "TXT a\\", "TXT \"\\300\"",
               "A ( ( 192.0.2.1 ) )", "TXT a\"b\"", "TXT gr\u00fcn", "CNAME a+b", "CNAME a\\300b", "TXT a ; \\300", "TXT (\n A 192.0.2.1", "A 192.0.2.1 (\n)", "TYPE70000 \\# 1 00",
               "DS 1 8 2 zz", "CAA 256 issue \"a\"", "SSHFP 1 1 012", "TLSA 3 1 1 0"]
ODD_LINES = ["listn: 1", "$GENERATE 1-3 h$ A 192.0.2.$", "$TTL", "$TTL x", "$ORIGIN", "other.example. A 192.0.2.1", "# comment", "  ; comment",
             "\\", "<<<<<<< HEAD", "zone:", "a..b A 192.0.2.1", "x" * 64 + " A 192.0.2.1", "$FOO bar",
             "a+b A 192.0.2.1", "a\\300 A 192.0.2.1", "a\\255 A 192.0.2.1", "$ORIGIN a\\256", "; \\300", "$ORIGIN a+b", "$ORIGIN a..b", "$INCLUDE /etc/hostname", "$TTL 4294967296", "$ttl 5m", "$TTL 5x", "a 4294967296 A 192.0.2.1",
             "a IN IN A 192.0.2.1", "a 1 2 A 192.0.2.1", "a CH A 192.0.2.1", "a\\", ")", "(", "( a A 192.0.2.1 )", "a\rb", "\x00", "@@ A 192.0.2.1", "&amp; x"]
TTLS = ["", "", "", "300", "1h", "1h30m", "2w", "0", "1W2D3H4M5S"]


def chance(rng, p):
    return rng.random() < p


def make_record(rng, odd):
    name = rng.choice(NAMES)
    head = [name, *rng.choice([[rng.choice(TTLS), "IN"], ["IN", rng.choice(TTLS)], [rng.choice(TTLS)], []])]
    record = rng.choice(ODD_RECORDS if chance(rng, odd) else RECORDS)
    return rng.choice([" ", "\t"]).join(w for w in head if w) + " " + record


def make_zone(seed):
    """The zone of that seed, always the same."""
    rng = random.Random(seed)
    odd = rng.choice([0, 0, 0, 0.05, 0.2])
    lines = [] if chance(rng, 0.3) else [rng.choice(["$TTL 1h", "$TTL 3600 ; an hour", "$TTL\t1d12h", "$ttl 0"])]
    serial = rng.choice(["1", "2026010100", "4294967295"] + (["4294967296", "20260101001"] if odd else []))
    times = rng.choice(["3600 600 86400 300", "1h 10m 1d 5m"])
    soa = rng.choice([f"ns1 admin {serial} {times}", f"ns1 admin (\n {serial} ; serial\n {times} )", f"ns1.example.test. a.b. {serial} {times}"])
    lines += [] if odd and chance(rng, 0.1) else [rng.choice(["@", "@ IN", "@ 600 IN", "example.test.", "@ IN 600"]) + " SOA " + soa]
    lines += [] if odd and chance(rng, 0.1) else [rng.choice(["@ NS ns1", "\tNS\tns1.example.test.", " IN NS ns1"])]
    lines += [] if odd and chance(rng, 0.1) else ["ns1 A 192.0.2.53"]
    for _ in range(rng.randrange(8)):
        lines.append(rng.choice(ODD_LINES) if chance(rng, odd / 2) else make_record(rng, odd))
        if chance(rng, 0.05):
            lines.append(rng.choice(["$ORIGIN sub.example.test.", "$ORIGIN sub", "$TTL 600", "", "; x", "$ORIGIN example.test.", "$ORIGIN @", " \t"]))
    return rng.choice(["\n", "\n", "\n", "\r\n"]).join(lines) + "\n"


def named(folder, seed, zone):
    """Whether BIND refuses it, and what it says."""
    path = os.path.join(folder, str(seed))
    with open(path, "w", encoding="utf-8", newline="") as out:
        out.write(zone)
    done = subprocess.run([shutil.which("named-checkzone", path=PATH), "-i", "local", "-k", "ignore", "example.test", path],
                          capture_output=True, text=True, timeout=60, check=False)
    os.remove(path)
    return done.returncode != 0, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--zones", default=os.path.join(TOP, "build/tests/dns/zones"))
    args = parser.parse_args()
    if not shutil.which("named-checkzone", path=PATH):
        sys.exit("named-checkzone is not installed: run scripts/install-deps.sh test")
    start = time.monotonic()
    seeds = range(args.seed, args.seed + args.count)
    zones = [make_zone(seed) for seed in seeds]
    done = subprocess.run([args.zones], input="".join(json.dumps(z) + "\n" for z in zones), capture_output=True, text=True, check=True)
    ours = [json.loads(line) for line in done.stdout.splitlines()]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(8) as pool:
        theirs = list(pool.map(lambda seed, zone: named(folder, seed, zone), seeds, zones))
    refused = unknown = bad = 0
    for seed, zone, findings, (wrong, said) in zip(seeds, zones, ours, theirs):
        refused += wrong
        mine = any(severity == "error" for severity, _, _ in findings)
        if not mine and any(rule == "zone-unread" for _, _, rule in findings):
            unknown += 1
        elif mine != wrong:
            bad += 1
            if bad <= 10:
                print(f"seed {seed}: here {findings}, BIND {'refuses' if wrong else 'accepts'} it:\n{zone}\n{said}")
    print(f"zones: {args.count} from seed {args.seed}: BIND refuses {refused}; {unknown} unknown here; {bad} differ; "
          f"{time.monotonic() - start:.0f} s")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
