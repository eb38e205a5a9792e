#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Allocations that fail, one at a time: the same result, or an error, or the end that base/alloc.h describes."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest

import fake_cloud

DNSVNF, LIBRARY = map(os.path.abspath, (sys.argv.pop(1), sys.argv.pop(1)))
POINTS = int(os.environ.get("DNSVNF_TEST_POINTS", 40))  # of each command
JSON = {"esc:esc_datamodel": {"tenants": {"tenant": [{"name": "t", "deployments": {"deployment": [{"name": "d"}]}}]}}}


class Memory(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_verb(self, *arguments, **environment):
        return subprocess.run([DNSVNF, *arguments], capture_output=True, text=True, check=False, timeout=60, env={
            "LD_PRELOAD": LIBRARY, "PATH": os.environ["PATH"], "DNSVNF_LOCAL_DIR": f"{self.folder}/local",
            "XDG_RUNTIME_DIR": self.folder, "OS_CLIENT_CONFIG_FILE": f"{self.folder}/clouds.yaml", **environment})

    def fail_in_turn(self, *arguments):
        whole = self.run_verb(*arguments, FAIL_COUNT=f"{self.folder}/count")
        with open(f"{self.folder}/count", encoding="ascii") as count:
            total = int(count.read())
        self.assertGreater(total, 100)
        for point in range(1, total + 1, max(1, total // POINTS)):
            done = self.run_verb(*arguments, FAIL_AT=str(point))
            what = f"allocation {point} of {total}: {done.returncode}, {done.stderr[-300:]}"
            if done.returncode < 0:
                self.assertEqual(-signal.SIGABRT, done.returncode, what)
                self.assertIn("out of memory", done.stderr, what)
            elif (done.returncode, done.stdout) != (whole.returncode, whole.stdout):
                self.assertNotEqual(0, done.returncode, what)
                self.assertTrue(re.search("[Mm]emory|loading shared libraries|cannot load", done.stderr + done.stdout), what)

    def test_check(self):
        self.fail_in_turn("check", "-o", "json", "examples/technote/published/dep.xml")
        self.fail_in_turn("check", "examples/designs/netplan/dep.xml")

    def test_check_json(self):
        with open(f"{self.folder}/dep.json", "w", encoding="utf-8") as out:
            json.dump(JSON, out)
        self.fail_in_turn("check", f"{self.folder}/dep.json")

    def test_cloud(self):
        cloud = fake_cloud.Cloud()
        self.addCleanup(cloud.close)
        with open(f"{self.folder}/clouds.yaml", "w", encoding="utf-8") as out:
            json.dump({"clouds": {"test": {"region_name": "R", "auth": {
                "auth_url": f"{cloud.url}/identity/v3", "username": "u", "password": "p", "project_name": "p"}}}}, out)
        self.fail_in_turn("plan", "--vim", "test", "examples/technote/corrected/dep.xml")


if __name__ == "__main__":
    unittest.main()
