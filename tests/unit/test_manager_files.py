#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manager's store and event log: what is kept, and what a kill or a full disk at each system call leaves."""
import collections
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

FILES = os.path.abspath(sys.argv.pop(1))
WRITING = "write,fsync,ftruncate,renameat,mkdirat,symlinkat,unlinkat,rmdir"


def run(*arguments, wrap=()):
    """The sanitizers' search for leaks works only without strace."""
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"} if wrap else None
    return subprocess.run([*wrap, FILES, *arguments], capture_output=True, text=True, check=False, timeout=60, env=environment)


def output(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def points(folder, *arguments):
    """[(call, number)...] of the calls that write."""
    trace, counted = f"{folder}/trace", collections.Counter()
    assert run(*arguments, wrap=["strace", "-qq", "-o", trace, "-e", f"trace={WRITING}"]).returncode == 0
    found = []
    with open(trace, encoding="utf-8", errors="replace") as lines:
        for call in re.findall(r"^(\w+)\(", lines.read(), re.M):
            counted[call] += 1
            found.append((call, counted[call]))
    return found


def spoiled(what, call, number):
    return ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={number}"]


class Folder(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="dnsvnf-manager-")
        self.addCleanup(holder.cleanup)
        self.folder = holder.name
        self.store = f"{self.folder}/store"
        self.events = f"{self.folder}/events"


class Store(Folder):
    def show(self):
        return output("show", self.store).splitlines()

    def test_three_generations_are_kept(self):
        for text in "abcde":
            output("put", self.store, "t", "d", text)
        self.assertEqual(["t/d 3:c:c 4:d:d 5:e:e"], self.show())
        self.assertEqual("6\n", output("rollback", self.store, "t", "d", "4"))
        self.assertEqual(["t/d 4:d:d 5:e:e 6:d:d"], self.show())

    def test_rollback_of_a_generation_that_is_not_there(self):
        output("put", self.store, "t", "d", "a")
        done = run("rollback", self.store, "t", "d", "7")
        self.assertEqual(1, done.returncode)
        self.assertIn("t/d has no generation 7", done.stderr)

    def test_undeployed_is_wanted_until_it_is_done(self):
        output("put", self.store, "t", "d", "a")
        output("gone", self.store, "t", "d")
        self.assertEqual(["t/d gone 1:a:a"], self.show())
        output("put", self.store, "t", "d", "b")
        self.assertEqual(["t/d 1:a:a 2:b:b"], self.show())
        output("gone", self.store, "t", "d")
        output("remove", self.store, "t", "d")
        self.assertEqual([], self.show())

    def test_no_name_leads_out(self):
        for tenant, name in (("..", "d"), ("t", "../../x"), ("t", "."), ("t/u", "d"), ("", "d"), ("t", "a\nb"), (".git", "d")):
            done = run("put", self.store, tenant, name, "a")
            self.assertEqual(1, done.returncode, (tenant, name))
            self.assertIn("the name of the", done.stderr)
        self.assertEqual([], self.show())
        self.assertEqual(["store"], os.listdir(self.folder))

    def test_no_link_is_followed(self):
        output("put", self.store, "t", "d", "a")
        os.rename(f"{self.store}/tenants/t", f"{self.folder}/precious")
        os.symlink(f"{self.folder}/precious", f"{self.store}/tenants/t")
        self.assertEqual(1, run("put", self.store, "t", "d", "b").returncode)
        self.assertEqual(["1", "current"], sorted(os.listdir(f"{self.folder}/precious/d")))

    def test_one_process(self):
        output("put", self.store, "t", "d", "a")
        with subprocess.Popen(["flock", f"{self.store}/lock", "sleep", "60"]) as holder:
            while run("show", self.store).returncode == 0:
                pass
            self.assertIn("in use by another dnsvnfd", run("show", self.store).stderr)
            holder.kill()

    def last(self):
        return self.show()[0].split()[-1]

    def puts(self, *whats):
        """Puts that go wrong at each call in turn: what must be current before, what may be after."""
        output("put", self.store, "t", "d", "old")
        found = points(self.folder, "put", self.store, "t", "d", "x")
        self.assertGreater(len(found), 15)
        for what, (call, number) in zip(itertools.cycle(whats), found):
            text, before = f"{call}-{number}", self.last()
            done = run("put", self.store, "t", "d", text, wrap=spoiled(what, call, number))
            yield done, before, f"{int(before.split(':')[0]) + 1}:{text}:{text}", self.last()

    def test_killed_at_each_call(self):
        for done, before, new, after in self.puts("signal=KILL"):
            self.assertEqual(-9, done.returncode)
            self.assertIn(after, (before, new))

    def test_refused_at_each_call(self):
        for done, before, new, after in self.puts("error=ENOSPC", "error=EIO", "error=EROFS"):
            self.assertIn(after, (new,) if done.returncode == 0 else (before, new))
            self.assertTrue(done.returncode == 0 or done.stderr, new)

    def test_removal_killed_at_each_call(self):
        output("put", self.store, "t", "d", "a")
        found = points(self.folder, "remove", self.store, "t", "d")
        self.assertGreater(len(found), 4)
        for call, number in found:
            output("put", self.store, "t", "d", "a")
            run("remove", self.store, "t", "d", wrap=spoiled("signal=KILL", call, number))
            self.assertIn(self.show(), ([], ["t/d 1:a:a"]), (call, number))
            run("remove", self.store, "t", "d")


class Events(Folder):
    def shown(self, *since):
        return [json.loads(line) for line in output("events", self.events, *since).splitlines()]

    def test_numbers_and_times(self):
        output("add", self.events, "a", "b")
        output("add", self.events, "c")
        shown = self.shown()
        self.assertEqual([(1, "a"), (2, "b"), (3, "c")], [(e["seq"], e["details"]) for e in shown])
        self.assertRegex(shown[0]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual([2, 3], [e["seq"] for e in self.shown("2")])
        self.assertEqual([2, 3], [e["seq"] for e in self.shown(shown[1]["time"])][-2:])
        self.assertEqual([], self.shown("2999-01-01"))
        self.assertEqual([1, 2, 3], [e["seq"] for e in self.shown("1999-01-01")])

    def test_torn_last_line_is_cut_off(self):
        output("add", self.events, "a", "b")
        name, = os.listdir(self.events)
        path = f"{self.events}/{name}"
        with open(path, "rb") as file:
            whole = file.read()
        for torn in (whole[:-1], whole[:-20], whole + b"\0" * 100, whole + b'{"seq":3,"ti', whole + b'{"seq":3,\n'):
            with open(path, "wb") as file:
                file.write(torn)
            output("add", self.events, "new")
            seqs = [e["seq"] for e in self.shown()]
            self.assertEqual(list(range(1, len(seqs) + 1)), seqs)
            self.assertEqual("new", self.shown()[-1]["details"])

    def test_damage_in_the_middle_costs_one_event(self):
        output("add", self.events, "a", "b", "c")
        path = f"{self.events}/{os.listdir(self.events)[0]}"
        with open(path, "rb") as file:
            lines = file.read().splitlines(keepends=True)
        with open(path, "wb") as file:
            file.write(lines[0] + b"\xff" * (len(lines[1]) - 1) + b"\n" + lines[2])
        self.assertEqual([1, 3], [e["seq"] for e in self.shown()])
        self.assertEqual("4\n", output("add", self.events, "d"))

    def test_segments(self):
        first, after = map(int, output("fill", self.events, "1500").split())
        self.assertEqual((1, 1501), (first, after))
        self.assertEqual(3, len(os.listdir(self.events)))
        self.assertLess(max(os.path.getsize(f"{self.events}/{n}") for n in os.listdir(self.events)), (8 << 20) + (16 << 10))
        shown = self.shown()
        self.assertEqual(list(range(1, 1501)), [e["seq"] for e in shown])
        self.assertEqual(list(range(1200, 1501)), [e["seq"] for e in self.shown("1200")])
        after_time = [e["seq"] for e in self.shown(shown[1300]["time"])]
        self.assertEqual(1500, after_time[-1])
        self.assertTrue(shown[after_time[0] - 1]["time"] == shown[1300]["time"])

    def test_killed_at_each_call(self):
        acknowledged = []
        for call, number in points(self.folder, "add", f"{self.events}-traced", "a", "b"):
            done = run("add", self.events, "a", "b", wrap=spoiled("signal=KILL", call, number))
            self.assertIn(done.returncode, (-9, 0))  # 0: a later run has fewer of this call
            acknowledged += [int(n) for n in done.stdout.split()]
            shown = [e["seq"] for e in self.shown()]
            self.assertEqual(list(range(1, len(shown) + 1)), shown)
            self.assertEqual(len(set(acknowledged)), len(acknowledged))
            self.assertTrue(set(acknowledged) <= set(shown), (call, number))
        self.assertGreater(len(acknowledged), 3)

    def test_refused_at_each_call(self):
        """It is said, and what waited is written when the disk takes it again."""
        said = 0
        output("add", self.events, "a", "b")
        found = [p for p in points(self.folder, "add", self.events, "a", "b") if p[0] != "write"] + [("write", 1)]
        for code, (call, number) in zip(itertools.cycle(("ENOSPC", "EIO", "EROFS")), found):
            before = len(self.shown())
            done = run("add", self.events, f"a-{call}-{number}", "b", wrap=spoiled(f"error={code}", call, number))
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertIn("event log: cannot write an event", done.stderr)
            said += 1
            texts = [e["details"] for e in self.shown()]
            self.assertEqual([f"a-{call}-{number}", "b"], texts[before:])
        self.assertGreater(said, 3)


if __name__ == "__main__":
    unittest.main()
