#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans as people mistype them, and as an attacker writes them: the finding, its line, and an end."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

DNSVNF = sys.argv.pop(1)
HEAD = "version: 1\nmembers: {dns1: {auth: 172.16.1.10}}\n"
RELAYED = "relay: ['2001:db8::1'], "


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def check(self, text):
        """The findings as (line, rule, text); the exit code is 1 if one is an error."""
        path = f"{self.folder}/ddi.yaml"
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        done = subprocess.run([DNSVNF, "check", "-o", "json", path], capture_output=True, timeout=300, check=False)
        findings = json.loads(done.stdout)["findings"]
        self.assertEqual(int(any(f["severity"] == "error" for f in findings)), done.returncode, done.stderr)
        return [(f["line"], f["rule"], f["text"]) for f in findings]

    def only(self, text, line, rule, words=""):
        found = self.check(text)
        self.assertEqual([(line, rule)], [f[:2] for f in found], found)
        self.assertIn(words, found[0][2])


class Text(Case):
    def test_bytes_that_are_not_utf_8_are_found_in_their_line(self):
        for bad, words in ((b"M\xfcnchen", "0xfc"), (b"a\0b", "control characters")):
            with self.subTest(words):
                self.only(HEAD.encode() + b"networks:\n- prefix: 10.0.0.0/24\n  name: " + bad + b"\n" * 9000, 5, "ddi-yaml", words)

    def test_a_byte_order_mark_is_no_error(self):
        self.assertEqual([], self.check(b"\xef\xbb\xbf" + HEAD.encode()))

    def test_the_version_is_required(self):
        self.only("members: {dns1: {auth: 172.16.1.10}}\n", 1, "ddi-key", "version")

    def test_a_key_has_no_variable_and_a_bounded_length(self):
        self.only("version: 1\nmembers: {\"${X}\": {auth: 172.16.1.10}}\n", 2, "ddi-key", "variable")
        self.only(f"version: 1\nmembers:\n  ? {'m' * 256}\n  : {{auth: 172.16.1.10}}\n", 3, "ddi-key", "255")
        self.assertEqual([], self.check(f"version: 1\nmembers:\n  ? {'m' * 255}\n  : {{auth: 172.16.1.10}}\n"))

    def test_escape_sequences_do_not_reach_the_terminal(self):
        path = f"{self.folder}/ddi.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write('version: 1\nmembers: {"\\e[31mX": {auth: 172.16.1.10}}\nnetworks: [{prefix: 10.0.0.1/24, name: "\\e]0;x\\a"}]\n')
        for verb in ("check", "ipam"):
            with self.subTest(verb):
                done = subprocess.run([DNSVNF, verb, path], capture_output=True, timeout=300, check=False)
                self.assertNotIn(b"\x1b", done.stdout + done.stderr)

    def test_nothing_is_read_after_200_errors(self):
        found = self.check(HEAD + "networks:\n" + "- x\n" * 100000)
        self.assertEqual(201, len(found))
        self.assertIn("the rest is not read", found[-1][2])

    def test_many_tag_directives_are_refused(self):
        self.only("".join(f"%TAG !a{i}! tag:x\n" for i in range(100000)) + "---\n" + HEAD, 1, "ddi-limit", "%TAG")


class Records(Case):
    ZONE = HEAD + "zones:\n- name: example.test\n  records: "

    def test_folded_text_is_no_path(self):
        self.only(self.ZONE + ">\n    a A 192.0.2.1\n    b A 192.0.2.2\n", 5, "ddi-value", '"|"')

    def test_special_files_are_not_read(self):
        os.mkfifo(f"{self.folder}/fifo")
        os.symlink("/dev/zero", f"{self.folder}/zero")
        for name in ("fifo", "zero", "."):
            with self.subTest(name):
                self.only(self.ZONE + name + "\n", 5, "ddi-records", "not a regular file")

    def test_a_large_file_is_not_read(self):
        with open(f"{self.folder}/large", "wb") as file:
            file.truncate((64 << 20) + 1)
        self.only(self.ZONE + "large\n", 5, "ddi-records", "is larger than")


class Rules(Case):
    def network(self, *items):
        return HEAD + "networks:\n" + "".join(f"- {{{item}}}\n" for item in items)

    def test_a_pool_with_both_edges_is_one_finding(self):
        self.only(self.network("prefix: 10.0.0.0/24, relay: [10.0.0.1], exclude: [10.0.0.1], pools: [10.0.0.0/24]"), 4, "ddi-pool-edge",
                  "10.0.0.0 and 10.0.0.255")

    def test_an_exclusion_of_the_other_family_is_one_finding(self):
        self.only(self.network("prefix: 10.0.0.0/24, relay: [10.0.0.1], pools: [10.0.0.2-10.0.0.9], exclude: ['2001:db8::1']"),
                  4, "ddi-family")

    def test_prefixes_are_delegated_over_a_link_of_two_addresses(self):
        link = f"prefix: '2001:db8::/127', {RELAYED}delegate: {{prefix: '2001:db8:100::/40', length: 56}}"
        self.assertEqual([], self.check(self.network(link)))
        self.only(self.network(link + ", pools: ['2001:db8::']"), 4, "ddi-prefix-size")

    def test_keys_have_one_name_in_any_case(self):
        keys = HEAD + "keys: {Rpz: {algorithm: hmac-sha256, secret: '${A}'}}\n" \
            "cache: {clients: [10.0.0.0/8], rpz: [{zone: a.example, from: 192.0.2.1, key: RPZ}]}\n"
        self.assertEqual([], self.check(keys))

    def test_local_ipv6_clients_make_no_open_resolver(self):
        cache = "cache: {{clients: ['{}']}}\n"
        for prefix in ("fc00::/7", "fe80::/10"):
            self.assertEqual([], self.check(HEAD + cache.format(prefix)))
        for prefix in ("fc00::/6", "2000::/3", "::/0"):
            self.only(HEAD + cache.format(prefix), 3, "ddi-cache-open")

    def test_the_prefix_of_dns64(self):
        cache = "cache: {{clients: [10.0.0.0/8], dns64: '{}'}}\n"
        for prefix, words in (("64:ff9b::1/96", "host bits"), ("64:ff9b::/64", "64:ff9b::/96")):
            self.only(HEAD + cache.format(prefix), 3, "ddi-dns64", words)
        self.assertEqual([], self.check(HEAD + cache.format("64:ff9b:1::/48")))

    def test_a_hybrid_cache_is_not_asked_by_itself(self):
        cache = "cache: {{hybrid: {}, clients: [10.0.0.0/8], forward: {{corp.example: [172.16.1.10]}}}}\n"
        self.only(HEAD + cache.format("true"), 3, "ddi-forward-loop")
        self.assertEqual([], self.check(HEAD + cache.format("false")))


if __name__ == "__main__":
    unittest.main(verbosity=2)
