#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dnsvnf check on zones and on the configuration of name servers: for each rule a file that breaks it alone, and the nearest
that does not."""
import concurrent.futures
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

DNSVNF = os.path.abspath(sys.argv.pop(1))
DESIGN = "examples/technote/corrected"
ZONE, KNOT, DEP = "example.test.zone", "knot.conf", "dep.xml"
SOA = "@\tSOA\tns.example.test. hostmaster.example.test. 1 3600 600 86400 300\n"
NS = "@\tNS\tns.example.test.\n"
RULES = ("zone-", "dns-")
# A checker that says what the server's own says about lines with the word WRONG.
CHECKERS = {
    "knotc": "grep -n WRONG \"$2\" | sed \"s/^\\([0-9]*\\):.*/error: config, file '$2', line \\1, item 'WRONG' (invalid item)/\"",
    "unbound-checkconf": "grep -n WRONG \"$1\" | sed \"s/^\\([0-9]*\\):.*/$1:\\1: error: unknown keyword 'WRONG'/\"",
    "nsd-checkconf": "grep -n WRONG \"$1\" | sed \"s/^\\([0-9]*\\):.*/$1:\\1: error: syntax error/\"",
    "named-checkconf": "grep -n WRONG \"$1\" | sed \"s/^\\([0-9]*\\):.*/$1:\\1: unknown option 'WRONG'/\"",
    "named-checkzone": "exit 0",
}
UNBOUND = "server:\n  interface: 0.0.0.0\n  access-control: {} allow\n"
NAMED = "options {{\n  {}\n}};\n"


def record(line):
    return [(ZONE, "www\tA", f"{line}\nwww\tA")]


def option(name, value):
    """An option of the extension dnsvnf in place of what the design has."""
    return [(DEP, "<config_data>", "<extensions><extension><name>dnsvnf</name><properties><property>"
             f"<name>{name}</name><value>{value}</value></property></properties></extension></extensions><config_data>")]


def conf(path, text):
    """One more configuration, inline."""
    return [(DEP, "</config_data>", f"<configuration><dst>{path}</dst><data>{text}</data></configuration></config_data>")]


def unbound(text):
    return conf("/etc/unbound/unbound.conf", text)


def named(text):
    return conf("/etc/bind/named.conf.options", NAMED.format(text))


# (rule, edits that break it, edits that come nearest to it)
CASES = [
    ("zone-syntax", record("garbage here"), record("; garbage here")),
    ("zone-syntax", record("a A 192.0.2.256"), record("a A 192.0.2.255")),
    ("zone-syntax", record("a FOO bar"), record("a TYPE65280 \\# 1 00")),
    ("zone-syntax", record("a TXT ( \"(\""), record("a TXT ( \"(\" )")),
    ("zone-syntax", record("a A"), record("a\tIN 600 A 192.0.2.1 ; class before TTL")),
    ("zone-soa", [(ZONE, SOA, "")], [(ZONE, "@\tSOA", "example.test. 1h IN SOA")]),
    ("zone-soa", [(ZONE, SOA, SOA + SOA.replace(" 1 ", " 2 "))], [(ZONE, " 1 3600", " ( 1 ; serial\n 3600"), (ZONE, "86400 300", "86400 300 )")]),
    ("zone-soa", [(ZONE, "@\tSOA", "sub\tSOA")], [(ZONE, SOA, "$ORIGIN test.\n" + SOA.replace("@", "example")), (ZONE, NS, "$origin example.test.\n" + NS)]),
    ("zone-ns", [(ZONE, NS, "")], [(ZONE, NS, "\tNS\tns\n")]),
    ("zone-glue", [(ZONE, "@\tNS\tns.example.test.", "@\tNS\tns.example.test")], [(ZONE, "@\tNS\tns.example.test.", "@\tNS\tns")]),
    ("zone-glue", record("@ NS ns2"), record("@ NS ns2.example.org.")),
    ("zone-glue", record("@ DNAME example.org."), record("x DNAME example.org.")),
    ("zone-ns", record("*.w NS ns"), record("w NS ns")),
    ("zone-syntax", record("a A 192.0.2.1 )"), record("a A ( 192.0.2.1 )")),
    ("zone-syntax", record("$TTL"), record("$TTL 1h ; one hour")),
    ("zone-glue", record("sub NS ns.sub"), record("sub NS ns.sub\nns.sub A 192.0.2.5")),
    ("zone-glue", record("@ NS alias\nalias CNAME ns"), record("alias CNAME ns")),
    ("zone-glue", record("@ MX 10 mail"), record("@ MX 10 mail\n* A 192.0.2.1")),
    ("zone-cname", record("www CNAME ns"), record("web CNAME www")),
    ("zone-cname", record("@ CNAME ns"), record("x CNAME @")),
    ("zone-cname", record("a CNAME ns\na CNAME www"), record("a CNAME ns\nb CNAME ns")),
    ("zone-serial", [(ZONE, " 1 3600", " 20260101001 3600")], [(ZONE, " 1 3600", " 4294967295 3600")]),
    ("zone-serial", [(ZONE, " 1 3600", " ( ; SOA 1 2 3\n4294967296 3600"), (ZONE, "86400 300", "86400 300 )")],
     [(ZONE, " 1 3600", " ( ; SOA 1 2 4294967296\n1 3600"), (ZONE, "86400 300", "86400 300 )")]),
    ("zone-outside", record("www.example.org. A 192.0.2.1"), record("www.example.test. A 192.0.2.1")),
    ("zone-outside", record("xexample.test. A 192.0.2.1"), record("x.example.test. A 192.0.2.1")),
    ("zone-syntax", record("$GENERATE 1-9 h$ A 192.0.2.$"), record("h1 A 192.0.2.1")),
    ("zone-syntax", record("$ORIGIN sub\n$ORIGIN example.test."), record("$ORIGIN sub.example.test.\n$ORIGIN example.test.")),
    ("zone-syntax", record("a A 192.0.2.1\r"), record("a A 192.0.2.1 ; \r")),
    ("zone-syntax", record("a+b A 192.0.2.1"), record("a\\+b A 192.0.2.1")),
    ("zone-syntax", record("a\\300 A 192.0.2.1"), record("a\\044 A 192.0.2.1 ; \\300")),
    ("zone-syntax", record("a CNAME a\\256b"), record("a CNAME a\\255b")),
    ("zone-syntax", record("a TXT \";\"\n$ORIGIN a\\999"), record("a TXT \"\\\\300\"")),
    ("zone-syntax", record("a A \\# 3 c00002"), record("a A \\# 4 c0000201")),
    ("zone-unread", record("a NULL x"), record("a TYPE10 \\# 1 00")),
    ("zone-unread", record("$INCLUDE more.zone"), record("; $INCLUDE more.zone")),
    ("zone-unread", record("${NAME} A 192.0.2.1"), record("$TTL 600")),
    ("zone-query", option("dns_query", "web.example.test"), option("dns_query", "WWW.example.test.")),
    ("zone-query", option("dns_query", "a.example.test") + record("b.a.sub A 192.0.2.1"),
     option("dns_query", "a.example.test") + record("b.a A 192.0.2.1")),
    ("zone-query", option("dns_query", "a.b.example.test"), option("dns_query", "a.b.example.test") + record("* A 192.0.2.1")),
    ("zone-query", option("dns_query", "www.example.org"), option("dns_query", "www.example.org") + [(KNOT, "zone:\n", "zone:\n  - domain: example.org\n")]),
    ("zone-ttl", option("max_outage_ms", 2000) + [(ZONE, "www\tA", "www\t2\tA")], option("max_outage_ms", 2000) + [(ZONE, "www\tA", "www\t3\tA")]),
    ("dns-listen", [(KNOT, "0.0.0.0@53", "172.16.1.11@53")], [(KNOT, "0.0.0.0@53", "172.16.1.10@53")]),
    ("dns-listen", [(KNOT, "[ 0.0.0.0@53, ::@53 ]", "\n      - 2001:db8:101::11@53")], [(KNOT, "[ 0.0.0.0@53, ::@53 ]", "\n      - 2001:db8:101::10@53")]),
    ("dns-listen", unbound("server:\n  interface: 172.16.1.11\n"), unbound("server:\n  interface: 172.16.1.11\n  ip-freebind: yes\n")),
    ("dns-listen", named("listen-on port 53 { 172.16.1.11; };"), named("listen-on port 53 { 172.16.1.10; 127.0.0.1; };")),
    ("dns-open-resolver", unbound(UNBOUND.format("0.0.0.0/0")), unbound(UNBOUND.format("172.16.0.0/12"))),
    ("dns-open-resolver", unbound(UNBOUND.format("::/0")), unbound(UNBOUND.format("::/0").replace("0.0.0.0", "127.0.0.1"))),
    ("dns-open-resolver", named("allow-recursion { any; };"), named("allow-recursion { any; }; recursion no;")),
    ("dns-open-resolver", named("allow-query { any; };"), named("allow-query { any; }; allow-recursion { localnets; };")),
    ("dns-open-resolver", named("/* recursion no; */ allow-query-cache { 10.0.0.0/8; any; };"), named("# allow-query-cache { any; };")),
    ("dns-conf", [(KNOT, "any: info", "any: info\n    WRONG: 1")], [(KNOT, "any: info", "any: info")]),
    ("dns-conf", unbound("server:\n  WRONG: yes\n"), unbound("server:\n  do-ip6: yes\n")),
    ("dns-conf", conf("/etc/nsd/nsd.conf", "server:\n  WRONG: yes\n"), conf("/etc/nsd/nsd.conf", "server:\n  do-ip6: yes\n")),
    ("dns-conf", named("WRONG yes;"), named("recursion no;")),
]


def read(path):
    """The file's text, or None."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None


def wait_for(get, what):
    """What get returns once it is not empty."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if value := get():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited 60 s for {what}")


def end(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Zones(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="zones-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.chmod(self.folder, 0o755)
        self.programs = os.path.join(self.folder, "programs")
        os.mkdir(self.programs)
        for name, body in CHECKERS.items():
            self.program(name, f"{body}\n! grep -q WRONG f* 2>/dev/null\n")

    def program(self, name, body):
        path = os.path.join(self.programs, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(f"#!/bin/sh\n{body}")
        os.chmod(path, stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)

    def check(self, edits):
        """The findings about name servers."""
        design = tempfile.mkdtemp(dir=self.folder)
        shutil.copytree(DESIGN, design, dirs_exist_ok=True)
        for name, old, new in edits:
            with open(f"{design}/{name}", encoding="utf-8") as source:
                text = source.read()
            self.assertIn(old, text)
            with open(f"{design}/{name}", "w", encoding="utf-8") as out:
                out.write(text.replace(old, new, 1))
        done = subprocess.run([DNSVNF, "check", "-o", "json", f"{design}/dep.xml"], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}"}, check=False)
        return [f for f in json.loads(done.stdout)["findings"] if f["rule"].startswith(RULES)]

    def test_each_rule_has_a_case(self):
        done = subprocess.run([DNSVNF, "check", "--list", "-o", "json"], capture_output=True, text=True, check=True, timeout=30)
        rules = {rule["rule"] for rule in json.loads(done.stdout)["rules"] if rule["rule"].startswith(RULES)}
        self.assertEqual(rules, {rule for rule, _, _ in CASES} | {"dns-conf-unread"})

    def test_rules(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            broken = list(pool.map(lambda case: {f["rule"] for f in self.check(case[1])}, CASES))
            nearest = list(pool.map(lambda case: self.check(case[2]), CASES))
        for (rule, breaks, comes_near), found, near in zip(CASES, broken, nearest):
            with self.subTest(rule, edits=breaks):
                self.assertEqual({rule}, found)
            with self.subTest(rule, nearest=comes_near):
                self.assertEqual([], near)

    def test_the_line_is_that_of_the_file(self):
        for edits, name, line in ((record("garbage here"), ZONE, 7), ([(KNOT, "any: info", "any: info\n    WRONG: 1")], KNOT, 9),
                                  ([(KNOT, "0.0.0.0@53", "172.16.1.11@53")], KNOT, 4)):
            finding, = self.check(edits)
            self.assertEqual((name, line), (os.path.basename(finding["file"]), finding["line"]))

    def check_other(self, records):
        """The findings about a zone in the cloud-config whose server is not known."""
        text = (" - nmcli con up eth0\n", " - nmcli con up eth0\nwrite_files:\n - path: /srv/example.org.zone\n   content: |\n"
                f"    @ SOA ns.example.net. a. 1 2 3 4 5\n    @ NS ns.example.net.\n    {records}\n")
        return self.check([("day0.cfg", *text)])

    def test_a_zone_in_a_cloud_config(self):
        finding, = self.check_other("x A 1.2.3")
        self.assertEqual(("zone-syntax", "day0.cfg"), (finding["rule"], os.path.basename(finding["file"])))

    def test_what_only_knot_refuses_is_unknown_or_accepted_where_the_server_is_unknown(self):
        for records in ("$GENERATE 1-9 h$ A 192.0.2.$", "a+b A 192.0.2.1", "x TXT gr\u00fcn", "x A ( ( 192.0.2.1 ) )"):
            with self.subTest(records):
                finding, = self.check_other(records)
                self.assertEqual(("zone-unread", "note"), (finding["rule"], finding["severity"]))
        self.assertEqual([], self.check_other("$ORIGIN sub\n    x A 192.0.2.1"))

    def test_named_checkzone_is_for_bind_and_unknown_servers(self):
        self.program("named-checkzone", "echo 'zonefile:3: BIND refuses it'; exit 1\n")
        self.assertEqual([], self.check([]))
        finding, = self.check_other("x A 192.0.2.1")
        self.assertIn("named-checkzone: BIND refuses it", finding["text"])

    def test_an_include_opens_no_file(self):
        fifo = os.path.join(self.folder, "fifo")  # to open it for reading would not return
        os.mkfifo(fifo)
        finding, = self.check(record(f"$INCLUDE {fifo}"))
        self.assertEqual("zone-unread", finding["rule"])

    def test_all_that_is_wrong_is_said_up_to_a_limit(self):
        findings = self.check(record("\n".join(f"x{i} NONSENSE y" for i in range(1000))))
        self.assertEqual(20, len(findings))

    def test_a_checker_that_hangs_is_stopped_and_leaves_it_unknown(self):
        self.program("knotc", "sleep 1000\n")
        finding, = self.check([])
        self.assertEqual(("dns-conf-unread", "note"), (finding["rule"], finding["severity"]))

    def test_a_checker_ends_with_dnsvnf(self):
        """Also as another user, which it becomes if dnsvnf is root."""
        folder = os.path.join(self.folder, "pid")
        os.mkdir(folder)
        os.chmod(folder, 0o777)
        self.program("knotc", f"echo $$ >{folder}/new && mv {folder}/new {folder}/pid && exec sleep 1000\n")
        with subprocess.Popen([DNSVNF, "check", f"{DESIGN}/dep.xml"], stdout=subprocess.DEVNULL,
                              env={**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}"}) as check:
            pid = int(wait_for(lambda: read(f"{folder}/pid"), "the checker to start"))
            self.addCleanup(end, pid)
            check.kill()
        wait_for(lambda: (read(f"/proc/{pid}/stat") or "x) Z").rsplit(")", 1)[1].split()[0] in "ZX", "the checker to end")

    def test_a_killed_check_leaves_no_folder(self):
        copies = os.path.join(self.folder, "copies")
        os.mkdir(copies, 0o711)
        os.chmod(self.folder, 0o711)
        self.program("knotc", "exec sleep 1000\n")
        for kill in (os.kill, os.killpg):
            with subprocess.Popen([DNSVNF, "check", f"{DESIGN}/dep.xml"], stdout=subprocess.DEVNULL, start_new_session=True, env={
                    **os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}", "TMPDIR": copies}) as check:
                wait_for(lambda: os.listdir(copies), "the folder of the copies")
                kill(check.pid, signal.SIGKILL)
            wait_for(lambda: not os.listdir(copies), "the folder to go")

    def test_the_checker_reads_no_other_file(self):
        """Its messages would quote it: a statement that is not the first of its line is not taken out of the copy."""
        for name in CHECKERS:
            self.program(name, "cat f*; echo READ; exit 1\n")
        for edits in (named("recursion no; include \"/etc/shadow\";"), named("/* */ Include \"/etc/shadow\";"),
                      named("recursion no; }};\ninclude\n\"/etc/shadow\"; options {{"), unbound("server: include: /etc/shadow\n"),
                      unbound("server:\ninclude-toplevel: /etc/shadow\n"), unbound("server:root-hints:/etc/shadow\n"), unbound("server:\nroot-hints: /etc/shadow\n"),
                      conf("/etc/nsd/nsd.conf", "server: include: /etc/shadow\n"), [(KNOT, "any: info", "any: info include: /etc/shadow")]):
            found = self.check(edits)
            unread = [f["text"] for f in found if f["rule"] == "dns-conf-unread" and "other files of this machine" in f["text"]]
            self.assertEqual(1, len(unread), (edits, found))
            self.assertRegex(unread[0], "line [0-9]+ of /etc/")
        for edits in (named("recursion no;\n# include \"/etc/shadow\";\n"), unbound("server:\n  include: /etc/shadow\n")):
            texts = [f["text"] for f in self.check(edits)]
            self.assertFalse(any("other files" in text or "/etc/shadow" in text for text in texts), texts)

    def test_a_comment_stays_in_the_copy(self):
        """It may end one of several lines, and what is none for this server is its checker's to refuse."""
        for name in CHECKERS:
            self.program(name, "grep -hE '^(# [*]/|// x)' f* && exit 1\n")
        for edits, copied in ((named("/* a\n# */\nrecursion no;"), "# */"), (unbound("// x\n"), "// x")):
            self.assertTrue(any(copied in f["text"] for f in self.check(edits)), edits)

    def test_what_the_checker_says_of_this_machine_is_no_error(self):
        self.program("knotc", "echo \"error: config, file '$2', line 3, item 'user' (user does not exist)\"; exit 1\n")
        finding, = self.check([])
        self.assertEqual("dns-conf-unread", finding["rule"])

    def test_a_checker_has_no_privileges_and_only_its_copy(self):
        report = os.path.join(self.folder, "report")
        self.program("knotc", "id -u; id -G; env; ls; pwd; cat \"$2\"; exit 1\n")
        os.makedirs(report)
        os.chmod(self.folder, 0o711)
        with unittest.mock.patch.dict(os.environ, TMPDIR=report):
            os.chmod(report, 0o711)
            finding, = self.check([])
        self.assertEqual("dns-conf-unread", finding["rule"])
        if os.geteuid() == 0:
            self.assertIn("knotc says: 65534", finding["text"])
        self.assertEqual([], os.listdir(report))

    def test_a_name_that_only_contains_the_copys_is_another(self):
        self.program("knotc", "echo \"error: in /tmp/x${2}y, 12 of them, and in ${2}7\"; exit 1\n")
        finding, = self.check([])
        self.assertEqual("dns-conf-unread", finding["rule"])

    def test_paths_of_the_guest_are_taken_out_of_the_copy(self):
        self.program("knotc", "grep -nE '^ *(user|rundir|include)' \"$2\" && exit 1; [ $(wc -l <\"$2\") -ge 16 ]\n")
        self.assertEqual([], self.check([]))

    def test_without_the_checker_it_is_unknown(self):
        os.remove(os.path.join(self.programs, "knotc"))
        installed = shutil.which("knotc", path=f"{os.environ['PATH']}:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin")
        findings = [(f["rule"], f["severity"]) for f in self.check([])]
        self.assertEqual([] if installed else [("dns-conf-unread", "note")], findings)


if __name__ == "__main__":
    unittest.main()
