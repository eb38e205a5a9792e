#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What descriptors, day-0 files, hosts' files and clouds cannot do (SECURITY.md)."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import fake_cloud

DNSVNF = os.path.abspath(sys.argv.pop(1))
DESIGN = "examples/technote/corrected"
EVIL = "\033]0;owned\007\033[2J\u009b31m\rok"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"


class Trust(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(DESIGN, f"{self.folder}/design")
        self.design = f"{self.folder}/design/dep.xml"

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w", encoding="utf-8") as out:
            out.write(text)
        return f"{self.folder}/{name}"

    def edit(self, old, new):
        with open(self.design, encoding="utf-8") as source:
            text = source.read()
        self.assertIn(old, text)
        self.write("design/dep.xml", text.replace(old, new))

    def run_verb(self, *arguments, **environment):
        return subprocess.run([DNSVNF, *arguments], capture_output=True, timeout=60, check=False,
                              env={"PATH": os.environ["PATH"], "DNSVNF_LOCAL_DIR": f"{self.folder}/local", **environment})

    def start_cloud(self, **entry):
        cloud = fake_cloud.Cloud()
        self.addCleanup(cloud.close)
        self.write("clouds.yaml", json.dumps({"clouds": {"test": {"region_name": "R", **entry, "auth": {
            "auth_url": f"{cloud.url}/identity/v3", "username": "u", "password": "p", "project_name": "p",
            "user_domain_id": "default", "project_domain_id": "default"}}}}))
        return cloud

    def on_cloud(self, verb, *arguments, **environment):
        return self.run_verb(verb, "--vim", "test", *arguments, self.design, XDG_RUNTIME_DIR=self.folder,
                             OS_CLIENT_CONFIG_FILE=f"{self.folder}/clouds.yaml", **environment)


class Terminal(Trust):
    def assert_clean(self, done):
        text = (done.stdout + done.stderr).decode("utf-8")
        self.assertNotRegex(text, CONTROL)
        return text

    def test_file_name_and_option(self):
        self.assertIn("?]0;owned?", self.assert_clean(self.run_verb("check", EVIL)))
        self.assert_clean(self.run_verb("check", f"--{EVIL}", "x"))
        self.assert_clean(self.run_verb(EVIL))

    def test_file_url(self):
        self.edit("<file>day0.cfg</file>", "<file>file:///%1b%5d0;owned%07%c2%9b.cfg</file>")
        self.assertIn("?]0;owned?", self.assert_clean(self.run_verb("check", self.design)))
        self.assert_clean(self.run_verb("check", "-o", "sarif", self.design))

    def test_names_are_refused(self):
        for name in ("&#x9b;2J", "&#x7f;", "a&#x0a;b"):
            shutil.copy(f"{DESIGN}/dep.xml", self.design)
            self.edit("<name>cpnr-dns</name>", f"<name>{name}</name>")
            done = self.run_verb("check", self.design)
            self.assertEqual(1, done.returncode)
            self.assertIn("contains a control character", self.assert_clean(done))
        design = self.write("dep.json", json.dumps({"esc:esc_datamodel": {"tenants": {"tenant": [{"name": "a\u009bb"}]}}}))
        self.assertIn("contains a control character", self.assert_clean(self.run_verb("check", design)))

    def test_cloud(self):
        cloud = self.start_cloud()
        cloud.spoiled.append(("GET", "networks", (403, {"error": {"message": EVIL}}, {"x-openstack-request-id": EVIL[:-3]})))
        done = self.on_cloud("plan")
        self.assertEqual(1, done.returncode)
        self.assertIn("?]0;owned?", self.assert_clean(done))

    def test_host_file(self):
        os.mkdir(f"{self.folder}/hosts")
        with open("tests/unit/data/hosts/" + os.listdir("tests/unit/data/hosts")[0], encoding="utf-8") as source:
            host = json.load(source)
        self.write(f"hosts/{EVIL.replace('/', '')}.json", json.dumps(host)[:-10])
        self.assertIn("?]0;owned?", self.assert_clean(self.run_verb("explain", "--hosts", f"{self.folder}/hosts", self.design)))


class Day0(Trust):
    def found(self, *options):
        done = self.run_verb("check", "-o", "json", *options, self.design)
        return done.stdout.decode(), {finding["rule"]: finding for finding in json.loads(done.stdout)["findings"]}

    def test_other_folders_need_the_option(self):
        os.mkdir(f"{self.folder}/files")
        shutil.copy(f"{DESIGN}/day0.cfg", f"{self.folder}/files/other.cfg")
        os.symlink("../files/other.cfg", f"{self.folder}/design/link.cfg")
        os.symlink("day0.cfg", f"{self.folder}/design/inside.cfg")
        for file in (f"file://{self.folder}/files/other.cfg", "../files/other.cfg", "link.cfg", "/proc/self/environ"):
            shutil.copy(f"{DESIGN}/dep.xml", self.design)
            self.edit("<file>day0.cfg</file>", f"<file>{file}</file>")
            text, found = self.found()
            self.assertIn("is outside the descriptor's folder", found["day0-file"]["text"], text)
            self.assertIn("--files", found["day0-file"]["text"])
            permitted = self.found("--files", "/usr", "--files", f"{self.folder}/files")[1]
            self.assertEqual(file == "/proc/self/environ", "day0-file" in permitted, permitted)
        shutil.copy(f"{DESIGN}/dep.xml", self.design)
        self.edit("<file>day0.cfg</file>", "<file>inside.cfg</file>")
        self.assertNotIn("day0-file", self.found()[1])

    def test_every_verb_that_reads_day0_has_the_option(self):
        for verb in ("check", "draw", "plan", "render", "explain", "deploy", "verify", "drill", "status", "undeploy"):
            self.assertIn(b"--files FOLDER", self.run_verb("help", verb).stdout)

    def test_no_line_of_an_unknown_file_is_quoted(self):
        for text in ("PASSWORD=s3cret\n", "Content-Type: text/plain\nPASSWORD=s3cret\nx: y\n", " s3cret: x\n", ": s3cret\n",
                     "#cloud-config\nssh_authorized_keys: [s3cret]\n", KEY):
            self.write("design/day0.cfg", text)
            for verb, *options in (("check",), ("check", "-o", "json"), ("check", "-o", "sarif"), ("draw",)):
                done = self.run_verb(verb, *options, self.design)
                for secret in (b"s3cret", b"b3BlbnNz"):
                    self.assertNotIn(secret, done.stdout + done.stderr)

    def test_private_keys_are_reported(self):
        indented = "    " + KEY.replace("\n", "\n    ").rstrip() + "\n"
        for text in (KEY, KEY.replace("OPENSSH ", ""), KEY.replace("OPENSSH", "RSA"),
                     f"#cloud-config\nwrite_files:\n- path: /a\n  content: |\n{indented}"):
            self.write("design/day0.cfg", text)
            self.assertIn("day0-private-key", self.found()[1], text)
        self.write("design/day0.cfg", "#cloud-config\n# -----BEGIN PUBLIC KEY-----\n")
        self.assertNotIn("day0-private-key", self.found()[1])


if __name__ == "__main__":
    unittest.main()
