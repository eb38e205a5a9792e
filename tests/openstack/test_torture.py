#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dnsvnf killed, and the cloud's answers spoiled, at every request of a deploy and of an undeploy.

By default a sample that is spread over the whole run; with TORTURE=whole every point, which takes hours. A whole
run writes each point that held into TORTURE_LOG (build/torture.log) and, begun again, goes on from there.
"""
import os
import random
import sys
import unittest

import cloud
import product
import proxy
from product import MADE, MADE_SMALL

WHOLE = os.environ.get("TORTURE") == "whole"
LOG = os.environ.get("TORTURE_LOG", os.path.join(product.TOP, "build", "torture.log"))
SEED = int(os.environ.get("TORTURE_SEED", "1"))  # of the sample, which is the same every time
KILLS = ("kill-before", "kill-after")
FAULTS = tuple(kind for kind in proxy.FAULTS if kind not in KILLS)
SAMPLE_OF_KILLS_TO_FINISH = 6  # each kills a deploy and, after it is finished, an undeploy
SAMPLE_OF_KILLS_TO_UNDO = 6
SAMPLE_OF_FAULTS = 10


def say(text):
    print(f"    {text}", file=sys.stderr, flush=True)


class Torture(product.ProductTest):
    counted = []

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy = proxy.FaultProxy().start()
        cls.addClassCleanup(cls.proxy.stop)
        say(f"TORTURE_SEED={SEED}")

    def setUp(self):
        super().setUp()
        self.target = self.design()
        self.clouds = product.clouds_file(self.target.folder, self.proxy.auth_url)
        self.random = random.Random(SEED)

    def through_proxy(self, verb, kind=None, number=0, hit=True):
        """Runs the verb with one fault; returns (exit code, stderr). A killed one has a negative code."""
        self.proxy.reset()
        if kind:
            self.proxy.fault(kind, number)
        process = product.start(verb, self.target.path, vim="test", clouds=self.clouds, DNSVNF_HTTP_TIMEOUT="3")
        self.proxy.client(process.pid)
        _, err = process.communicate(timeout=240)
        self.proxy.settle()
        if kind and hit:
            self.assertGreaterEqual(len(self.proxy.log), number, f"{verb} did not get to request {number}")
        return process.returncode, err

    def requests(self):
        """How many a deploy makes, and an undeploy."""
        if not Torture.counted:
            for verb in ("deploy", "undeploy"):
                code, err = self.through_proxy(verb)
                self.assertEqual(code, 0, err)
                Torture.counted.append(len(self.proxy.log))
            say(f"{Torture.counted[0]} requests of a deploy, {Torture.counted[1]} of an undeploy")
        return Torture.counted

    def points(self, kinds, count, sample):
        """(kind, number) pairs: all of them, or so many, spread over the run."""
        everything = [(kind, number) for number in range(1, count + 1) for kind in kinds]
        if WHOLE:
            return everything
        step = len(everything) / sample
        return [everything[min(len(everything) - 1, int(step * (i + self.random.random())))] for i in range(sample)]

    def held(self, series):
        """Points that held in an earlier, interrupted whole run."""
        if not WHOLE or not os.path.exists(LOG):
            return set()
        with open(LOG, encoding="utf-8") as log:
            return {tuple(line.split()[1:3]) for line in log if line.split()[0] == series}

    def each(self, series, kinds, count, sample, check):
        before, points = self.held(series), self.points(kinds, count, sample)
        failed = []
        for kind, number in points:
            if (kind, str(number)) in before:
                continue
            try:
                check(kind, number)
            except AssertionError as error:
                failed.append(f"{kind} at request {number}: {error}")
                say(f"{series}: FAILED: {failed[-1]}")
                cloud.wipe(self.api, self.before)
                continue
            if WHOLE:
                with open(LOG, "a", encoding="utf-8") as log:
                    log.write(f"{series} {kind} {number}\n")
        say(f"{series}: {len(points)} points of {count} requests tried, {len(points) - len(failed)} held")
        self.assertEqual(failed, [])

    def assert_deployed(self, made=MADE):
        self.assertEqual(self.server()["status"], "ACTIVE")
        self.assertEqual(self.surplus(), made)

    def kill(self, verb, kind, number):
        code, err = self.through_proxy(verb, kind, number, hit=False)
        # The last looks at a server may be fewer than when they were counted.
        self.assertIn(code, (-9, 0), err)

    def test_killed_deploy_is_finished_and_killed_undeploy_too(self):
        of_deploy, of_undeploy = self.requests()
        count = max(of_deploy, of_undeploy)

        def check(kind, number):
            self.kill("deploy", kind, 1 + (number - 1) * of_deploy // count)
            self.dnsvnf("deploy", self.target)
            self.assert_deployed()
            self.kill("undeploy", kind, 1 + (number - 1) * of_undeploy // count)
            self.dnsvnf("undeploy", self.target)
            self.assert_nothing_left()

        self.each("killed-deploy-then-deploy", KILLS, count, SAMPLE_OF_KILLS_TO_FINISH, check)

    def test_killed_deploy_is_undone(self):
        count, _ = self.requests()

        def check(kind, number):
            self.kill("deploy", kind, number)
            self.dnsvnf("undeploy", self.target)
            self.assert_nothing_left()

        self.each("killed-deploy-then-undeploy", KILLS, count, SAMPLE_OF_KILLS_TO_UNDO, check)

    def test_faults(self):
        # Of each kind there are fewer, which are asked for together: the same requests in half of the time.
        self.target = self.design(small=True)
        code, err = self.through_proxy("deploy")
        self.assertEqual(code, 0, err)
        count = len(self.proxy.log)
        self.dnsvnf("undeploy", self.target)
        outcomes = {0: 0, 1: 0, 3: 0}

        def check(kind, number):
            code, err = self.through_proxy("deploy", kind, number, hit=False)
            self.assertIn(code, outcomes, err)
            outcomes[code] += 1
            if code == 0:
                self.assert_deployed(MADE_SMALL)
                self.dnsvnf("undeploy", self.target)
            else:
                message = [line for line in err.splitlines() if line.startswith("dnsvnf deploy: ")]
                self.assertEqual(len(message), 1, err)
                self.assertRegex(message[0], r"req-|no request id")
            self.assert_nothing_left()

        self.each("faults", FAULTS, count, SAMPLE_OF_FAULTS, check)
        say(f"faults: {outcomes[0]} succeeded all the same, {outcomes[1]} ended with exit 1, {outcomes[3]} with 3")


if __name__ == "__main__":
    cloud.main()
