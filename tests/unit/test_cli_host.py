#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`dnsvnf host` as a user types it, on this machine and on made trees."""
import gzip
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest

DNSVNF = sys.argv.pop(1)
MOVING = {"memory_free_mb", "count", "free", "drop", "early_drop", "insert_failed", "carrier", "speed", "in_use"}


def host(*arguments):
    return subprocess.run([DNSVNF, "host", *arguments], capture_output=True, text=True, timeout=30, check=False)


def write(root, files):
    for path, text in files.items():
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)


def without_what_moves(value):
    if isinstance(value, dict):
        return {key: without_what_moves(entry) for key, entry in value.items() if key not in MOVING}
    return [without_what_moves(entry) for entry in value] if isinstance(value, list) else value


class Host(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cli-host-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_this_machine_and_its_capture_are_the_same(self):
        archive = os.path.join(self.folder, "capture.tar.gz")
        here = host("-o", "json")
        self.assertIn(here.returncode, (0, 1))
        done = host("--capture", archive)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(0o600, os.stat(archive).st_mode & 0o777)
        with tarfile.open(archive) as tar:
            tar.extractall(self.folder)
        again = host("--root", f"{self.folder}/host", "-o", "json")
        here, again = json.loads(here.stdout), json.loads(again.stdout)
        self.assertEqual(os.uname().release, here["kernel"])
        here["findings"] = again["findings"] = []  # some follow what moves
        self.assertEqual(without_what_moves(here), without_what_moves(again))
        packed = json.loads(host("--root", archive, "-o", "json").stdout)
        packed["findings"] = []
        self.assertEqual(again, packed)

    def test_a_capture_replaces_no_device(self):
        """It is written to: the archive and nothing else."""
        out = os.path.join(self.folder, "out")
        os.symlink("/dev/stdout", out)
        done = subprocess.run([DNSVNF, "host", "--capture", out], capture_output=True, timeout=30, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue(os.path.islink(out))
        self.assertTrue(gzip.decompress(done.stdout))
        self.assertIn(b"read it with", done.stderr)
        os.unlink(out)
        os.symlink("/dev/full", out)
        done = host("--capture", out)
        self.assertEqual((1, f"dnsvnf host: cannot write {out}: No space left on device\n"), (done.returncode, done.stderr))

    def test_exit_code_1_when_there_is_an_error(self):
        nic = "sys/bus/pci/devices/0000:18:00.0"
        write(self.folder, {f"{nic}/class": "0x020000\n", f"{nic}/sriov_totalvfs": "0\n"})
        done = host("--root", self.folder)
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stdout, r"(?m)^error: 0000:18:00\.0: .*enable SR-IOV in BIOS/UEFI.* \[sriov-off\]$")

    def test_a_tree_with_nothing_in_it_is_unknown_not_wrong(self):
        os.mkdir(os.path.join(self.folder, "sys"))
        done = host("--root", self.folder)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertIn("Host unknown", done.stdout)
        self.assertIn("IOMMU: unknown", done.stdout)
        self.assertNotIn("Findings", done.stdout)

    def test_what_is_no_capture_is_an_error(self):
        write(self.folder, {"text": "no archive", "empty/nothing": ""})
        with tarfile.open(os.path.join(self.folder, "other.tar.gz"), "w:gz") as tar:
            tar.add(os.path.join(self.folder, "text"), "other/text")
        for path in ("", "empty", "text", "other.tar.gz"):
            done = host("--root", os.path.join(self.folder, path))
            self.assertEqual((1, ""), (done.returncode, done.stdout), path)
            self.assertIn("capture", done.stderr)

    def test_tune_prints_a_file_that_sysctl_takes_and_changes_nothing(self):
        write(self.folder, {"proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
                            "proc/sys/net/netfilter/nf_conntrack_udp_timeout": "30\n"})
        done = host("--root", self.folder, "--tune")
        self.assertEqual(0, done.returncode)
        settings = dict(line.split(" = ") for line in done.stdout.splitlines() if not line.startswith("#"))
        self.assertEqual("262144", settings["net.netfilter.nf_conntrack_max"])
        self.assertEqual(3, len(settings))
        self.assertIn("2184 now, 26214 then", done.stdout)
        self.assertEqual(["proc"], os.listdir(self.folder))

    def test_options_that_do_not_go_together(self):
        for message, *arguments in (("--apply needs --tune", "--apply"),
                                    ("--root reads the files of another", "--root", "/", "--tune", "--apply"),
                                    ("--capture cannot be combined with other options", "--capture", "x", "--root", "/"),
                                    ("unexpected operand 'dep.xml'", "dep.xml")):
            done = host(*arguments)
            self.assertEqual((2, ""), (done.returncode, done.stdout))
            self.assertIn(message, done.stderr)
        done = host("--root", f"{self.folder}/missing")
        self.assertEqual(1, done.returncode)
        self.assertIn("missing: No such file or directory", done.stderr)


if __name__ == "__main__":
    unittest.main()
