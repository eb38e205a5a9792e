#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dnsvnf killed, and the cloud's answers spoiled, at every request of a deploy, an update and an undeploy.

By default a sample that is spread over the whole run by a seed, which is printed and differs each time (TORTURE_SEED
sets it); with TORTURE=whole every point (hours). A whole run notes each point in TORTURE_LOG
(build/torture.log), goes on from there when it is started again, and writes doc/torture.md when it is complete.

A point is a kind of fault at a numbered request. It is tried when the fault happened: a run that ends before the
request counts as not tried. What costs no new answer is not built anew:
- a kill before anything was created leaves an empty cloud, and the next deploy would be any first one;
- after a kill before anything was deleted, the next kill of an undeploy finds the same deployment;
- requests that a deploy with nothing to do also makes (login, lists, looks at the server) are spoiled in one;
- what an update asks before it changes something is what a deploy with nothing to do asks;
- of requests that are repeated while waiting the first, the middle and the last are taken.
"""
import base64
import collections
import datetime
import itertools
import os
import random
import re
import subprocess
import sys
import time
import unittest

import cloud
import product
import proxy
from product import MADE_SMALL

WHOLE = os.environ.get("TORTURE") == "whole"
LOG = os.environ.get("TORTURE_LOG", os.path.join(product.TOP, "build", "torture.log"))
TABLE = os.path.join(product.TOP, "doc", "torture.md")
SEED = int(os.environ.get("TORTURE_SEED") or random.SystemRandom().randrange(1, 1_000_000))
KILLS = ("kill-before", "kill-after")
FAULTS = tuple(kind for kind in proxy.FAULTS if kind not in KILLS)
SAMPLE = 3  # points of each series
SAMPLE_UPDATE = 2  # which take longer
# Memory in the flavor, host name in day-0, and the image's file with its size: an update changes all of them.
VERSIONS = (("8192", "cpnr", "image.raw"), ("4096", "other", "other.raw"))
SIZES = {"image.raw": product.IMAGE_SIZE, "other.raw": product.IMAGE_SIZE + 1}
SERIES = {
    "killed-deploy-finished": "deploy killed, then deploy: all is there",
    "killed-undeploy-finished": "undeploy killed, then undeploy: nothing is left",
    "killed-deploy-undone": "deploy killed, then undeploy: nothing is left",
    "killed-update-finished": "update killed, then deploy: server and ports are the same, changed as wanted",
    "killed-update-undone": "update killed, then undeploy: nothing is left",
    "fault-in-update": "update: succeeds; or the server runs as before or as wanted, or the error says what to run; "
                       "the next deploy finishes it",
    "fault-in-deploy": "deploy from nothing: succeeds, or names the request and leaves nothing",
    "fault-in-unchanged-deploy": "deploy with nothing to do: succeeds, or names the request and changes nothing",
}


def say(text):
    print(f"    {text}", file=sys.stderr, flush=True)


class NotTried(Exception):
    """The run ended before the request that was to be spoiled."""


def read_log():
    """Points of a whole run so far: {(series, kind, number): (outcome, seconds)}; the last one of a point counts."""
    if not WHOLE or not os.path.exists(LOG):
        return {}
    with open(LOG, encoding="utf-8") as log:
        lines = [line.split() for line in log]
    return {(series, kind, int(number)): (outcome, float(seconds))
            for series, kind, number, outcome, seconds in (line for line in lines if len(line) == 5)}


def write_table(points):
    """doc/torture.md from the log of a whole run."""
    commit = subprocess.run(["git", "-C", product.TOP, "describe", "--always", "--dirty"], text=True,
                            stdout=subprocess.PIPE, check=False).stdout.strip() or "unknown"
    rows = collections.defaultdict(collections.Counter)
    for (series, kind, _), (outcome, seconds) in points.items():
        rows[series, kind][outcome] += 1
        rows[series, kind]["seconds"] += seconds
    total = sum(rows.values(), collections.Counter())
    with open(TABLE, "w", encoding="utf-8") as out:
        out.write("# Torture\n\nWritten by `make torture`: dnsvnf is killed, and the cloud's answers are spoiled, at every "
                  "request\n([how](../tests/openstack/test_torture.py), [kinds](../tests/openstack/proxy.py)).\n\n"
                  f"{datetime.date.today()}, commit {commit}, seed {SEED}: {total['held'] + total['failed']} points tried, "
                  f"{total['held']} held, {total['not-tried']} not tried (the run ended before the request), "
                  f"{total['seconds'] / 60:.0f} minutes.\n\n")
        out.write("| series | kind | tried | held | not tried | s a point |\n|---|---|---|---|---|---|\n")
        for (series, kind), row in sorted(rows.items()):
            count = row["held"] + row["failed"]
            out.write(f"| {series} | {kind} | {count} | {row['held']} | {row['not-tried']} | "
                      f"{row['seconds'] / max(1, count + row['not-tried']):.1f} |\n")
        out.write("\n| series | what is done, and what has to hold |\n|---|---|\n")
        for series, text in SERIES.items():
            out.write(f"| {series} | {text} |\n")


class Torture(product.ProductTest):
    small = True
    requests = {}     # of a verb: the log of an undisturbed run
    complete = set()  # series of which every point was tried

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy = proxy.FaultProxy().start()
        cls.addClassCleanup(cls.proxy.stop)
        cls.random = random.Random(SEED)
        say(f"TORTURE_SEED={SEED}")

    @classmethod
    def tearDownClass(cls):
        if WHOLE and cls.complete == set(SERIES):
            write_table(read_log())
            say(f"wrote {TABLE}")

    def setUp(self):
        super().setUp()
        self.target = self.design()
        for file, size in SIZES.items():
            self.target.image(file, size)
        self.wanted = VERSIONS[0]
        self.clouds = product.clouds_file(self.target.folder, self.proxy.auth_url)
        if not Torture.requests:
            for name in ("deploy", "unchanged", "update", "undeploy"):
                if name == "update":
                    self.change()
                code, err = self.through_proxy("undeploy" if name == "undeploy" else "deploy")
                self.assertEqual(code, 0, err)
                Torture.requests[name] = list(self.proxy.log)
            say("requests: " + ", ".join(f"{name} {len(log)}" for name, log in Torture.requests.items()))

    def through_proxy(self, verb, kind=None, number=0):
        """Runs the verb with one fault; returns (exit code, stderr). A killed one has a negative code."""
        self.proxy.reset()
        if kind:
            self.proxy.fault(kind, number)
        process = product.start(verb, self.target.path, vim="test", clouds=self.clouds, DNSVNF_HTTP_TIMEOUT="3")
        self.proxy.client(process.pid)
        _, err = process.communicate(timeout=240)
        self.proxy.settle()
        if kind and len(self.proxy.log) < number:
            self.assertEqual(process.returncode, 0, err)
            raise NotTried
        return process.returncode, err

    def numbers(self, name, first=1):
        """Of requests that are the same several times in a row the first, the middle and the last."""
        numbers = []
        indexed = enumerate(self.requests[name], 1)
        for _, group in itertools.groupby(indexed, lambda item: (item[1]["method"], item[1]["path"])):
            same = [number for number, _ in group]
            numbers += sorted({same[0], same[len(same) // 2], same[-1]})
        return [number for number in numbers if number >= first]

    def points(self, series, kinds, numbers, sample=SAMPLE):
        """Those to try: all that are not in the log, or a sample that is spread over the run."""
        everything = [(kind, number) for number in numbers for kind in kinds]
        if WHOLE:
            done = read_log()
            return [point for point in everything if done.get((series, *point), ("",))[0] not in ("held", "not-tried")]
        step = len(everything) / sample
        return [everything[min(len(everything) - 1, int(step * (i + self.random.random())))] for i in range(sample)]

    def attempt(self, series, point, check):
        """Counts what came of one point; wipes the cloud when it did not hold."""
        start = time.monotonic()
        outcome = "held"
        try:
            check(*point)
        except NotTried:
            outcome = "not-tried"
        except AssertionError as error:
            outcome = "failed"
            self.failed.append(f"{series}: {point[0]} at request {point[1]}: {error}")
            say(f"FAILED: {self.failed[-1]}")
            cloud.wipe(self.api, self.before)
        seconds = time.monotonic() - start
        self.outcomes[series][outcome] += 1
        self.outcomes[series]["seconds"] += seconds
        if WHOLE:
            with open(LOG, "a", encoding="utf-8") as log:
                log.write(f"{series} {point[0]} {point[1]} {outcome} {seconds:.1f}\n")

    def run_series(self, todo, body):
        """todo: {series: its points}; body tries them."""
        self.failed, self.outcomes = [], collections.defaultdict(collections.Counter)
        body()
        for series, points in todo.items():
            row = self.outcomes[series]
            say(f"{series}: {row['held'] + row['failed']} points tried, {row['held']} held, {row['not-tried']} not tried, "
                f"{row['seconds'] / max(1, len(points)):.1f} s each")
        self.assertEqual(self.failed, [])
        Torture.complete.update(todo)

    def assert_deployed(self):
        self.assertEqual(self.server()["status"], "ACTIVE")
        self.assertEqual(self.surplus(), MADE_SMALL)

    def kill(self, verb, kind, number):
        code, err = self.through_proxy(verb, kind, number)
        self.assertEqual(code, -9, err)

    def finish_deploy(self, kind, number):
        self.kill("deploy", kind, number)
        if self.surplus():
            self.dnsvnf("deploy", self.target)
            self.assert_deployed()

    def finish_undeploy(self, kind, number):
        self.kill("undeploy", kind, number)
        if self.surplus() != MADE_SMALL or self.server()["status"] != "ACTIVE":
            self.dnsvnf("undeploy", self.target, code=0 if self.surplus() else 1)  # killed after the last request
            self.assert_nothing_left()

    def test_killed_and_finished(self):
        deploys = self.points("killed-deploy-finished", KILLS, self.numbers("deploy"))
        undeploys = self.points("killed-undeploy-finished", KILLS, self.numbers("undeploy"))
        todo = {"killed-deploy-finished": list(deploys), "killed-undeploy-finished": list(undeploys)}

        def body():
            while deploys or undeploys:
                if deploys:
                    self.attempt("killed-deploy-finished", deploys.pop(0), self.finish_deploy)
                else:
                    self.dnsvnf("deploy", self.target)
                # Until one of them deletes something.
                while undeploys and self.surplus() == MADE_SMALL:
                    self.attempt("killed-undeploy-finished", undeploys.pop(0), self.finish_undeploy)
                if self.surplus():
                    self.dnsvnf("undeploy", self.target)
                    self.assert_nothing_left()

        self.run_series(todo, body)

    def test_killed_and_undone(self):
        series = "killed-deploy-undone"
        points = self.points(series, KILLS, self.numbers("deploy"))

        def check(kind, number):
            try:
                self.kill("deploy", kind, number)
            finally:  # also when the deploy came to its end
                if self.surplus():
                    self.dnsvnf("undeploy", self.target)
            self.assert_nothing_left()

        self.run_series({series: points}, lambda: [self.attempt(series, point, check) for point in points])

    def assert_explained(self, code, err):
        self.assertIn(code, (1, 3), err)
        message = [line for line in err.splitlines() if line.startswith("dnsvnf deploy: ")]
        self.assertEqual(len(message), 1, err)
        self.assertRegex(message[0], r"req-|no request id")

    def test_faults_in_a_deploy(self):
        series = "fault-in-deploy"
        log = self.requests["deploy"]
        # After the lists, which the unchanged deploy has too, and up to the last look at a server that builds.
        first = next(entry["number"] for entry in log if entry["path"].startswith("/v2.0/extensions"))
        last = max(entry["number"] for entry in log if "status=BUILD" in entry["path"])
        points = self.points(series, FAULTS, [n for n in self.numbers("deploy", first) if n <= last])

        def check(kind, number):
            try:
                code, err = self.through_proxy("deploy", kind, number)
            except NotTried:
                self.dnsvnf("undeploy", self.target)
                raise
            if code == 0:
                self.assert_deployed()
                self.dnsvnf("undeploy", self.target)
            else:
                self.assert_explained(code, err)
            self.assert_nothing_left()

        self.run_series({series: points}, lambda: [self.attempt(series, point, check) for point in points])

    def test_faults_in_an_unchanged_deploy(self):
        series = "fault-in-unchanged-deploy"
        points = self.points(series, FAULTS, self.numbers("unchanged"))

        def check(kind, number):
            if not self.surplus():  # the first one, or one that failed before
                self.dnsvnf("deploy", self.target)
            code, err = self.through_proxy("deploy", kind, number)
            if code != 0:
                self.assert_explained(code, err)
            self.assert_deployed()

        self.run_series({series: points}, lambda: [self.attempt(series, point, check) for point in points])

    # ---- updates: rebuild and resize of one server ----

    def change(self):
        """The descriptor and its day-0 become the other version."""
        old, self.wanted = self.wanted, VERSIONS[1 - VERSIONS.index(self.wanted)]
        self.target.edit((f"<memory_mb>{old[0]}<", f"<memory_mb>{self.wanted[0]}<"))
        self.target.edit((f"\nhostname: {old[1]}\n", f"\nhostname: {self.wanted[1]}\n"), file="day0.cfg")
        self.target.edit((f"<src>{old[2]}<", f"<src>{self.wanted[2]}<"))

    def version(self):
        server = self.server()
        day0 = base64.b64decode(server["OS-EXT-SRV-ATTR:user_data"]).decode()
        size = self.api.get("image", f"/images/{server['image']['id']}")["size"]
        return (str(server["flavor"]["ram"]), re.search(r"^hostname: (\w+)$", day0, re.M).group(1),
                next(file for file in SIZES if SIZES[file] == size))

    def identities(self):
        return self.server()["id"], {name: port["id"] for name, port in self.ports().items()}

    def begin_update(self):
        if not self.surplus():  # the first one, or one that failed before
            self.dnsvnf("deploy", self.target)
        self.change()
        return self.identities()

    def assert_updated(self, identities):
        self.assert_deployed()
        self.assertEqual((self.version(), self.identities()), (self.wanted, identities))
        self.dnsvnf("plan", self.target, "--exit-code")

    def update_points(self, series, kinds):
        log = self.requests["update"]
        first = next(entry["number"] for entry in log if entry["method"] != "GET" and "/auth/" not in entry["path"])
        return self.points(series, kinds, self.numbers("update", first), SAMPLE_UPDATE)

    def test_killed_updates(self):
        def finish(kind, number):
            identities = self.begin_update()
            self.kill("deploy", kind, number)
            self.dnsvnf("deploy", self.target)
            self.assert_updated(identities)

        def undo(kind, number):
            self.begin_update()
            try:
                self.kill("deploy", kind, number)
            finally:
                self.dnsvnf("undeploy", self.target)
            self.assert_nothing_left()

        checks = {"killed-update-finished": finish, "killed-update-undone": undo}
        todo = {series: self.update_points(series, KILLS) for series in checks}
        self.run_series(todo, lambda: [self.attempt(series, point, checks[series])
                                       for series, points in todo.items() for point in points])

    def test_faults_in_an_update(self):
        series = "fault-in-update"
        points = self.update_points(series, FAULTS)

        def check(kind, number):
            identities = self.begin_update()
            before = VERSIONS[1 - VERSIONS.index(self.wanted)]
            code, err = self.through_proxy("deploy", kind, number)
            if code != 0:
                self.assertIn(code, (1, 3), err)
                message = [line for line in err.splitlines() if line.startswith("dnsvnf deploy: ")]
                self.assertEqual(len(message), 1, err)
                if "run 'dnsvnf deploy'" not in message[0]:
                    self.assertEqual(self.server()["status"], "ACTIVE", err)
                    self.assertIn(self.version(), (before, self.wanted), err)
                self.dnsvnf("deploy", self.target)
            self.assert_updated(identities)

        self.run_series({series: points}, lambda: [self.attempt(series, point, check) for point in points])


if __name__ == "__main__":
    cloud.main()
