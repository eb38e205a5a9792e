#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dnsvnfd, the child that acts for it, or both, killed at each request of a heal: each act is carried out once, none is lost, and
no event is lost that a client has read. With TORTURE=whole at each request, else at a few that a seed spreads (TORTURE_SEED)."""
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import unittest

import site_case
from site_case import Case, DNSVNF, DNSVNFD
from manager_daemon import end_with_this_process
from manager_site import FIRST, SECOND

WHO = ("dnsvnfd", "child", "both")
WHOLE = os.environ.get("TORTURE") == "whole"
SEED = int(os.environ.get("TORTURE_SEED") or random.SystemRandom().randrange(1, 1_000_000))
LATER_S = 1200  # longer than any act may take
# Its own requests reach the cloud as what http_proxy names; and it leaves its number.
CHILD = """#!/bin/sh
case $1 in
power | deploy) export http_proxy={acts} ;;
servers) export http_proxy={looks} ;;
esac
[ -z "$http_proxy" ] || echo $$ > {folder}/pid-${{http_proxy##*:}}
exec {dnsvnf} "$@"
"""


class Kill:
    """At a request of those that go through a proxy. Counts them."""

    def __init__(self, site, proxy):
        self.site, self.proxy = site, proxy
        self.lock = threading.Lock()
        self.arm(None)
        proxy.moment = self.reach

    def arm(self, who, number=0, moment="before"):
        with self.lock:
            self.count, self.who, self.at, self.done = 0, who, (number, moment), threading.Event()

    def child(self):
        with open(f"{self.site.folder}/pid-{self.proxy.server_port}", encoding="utf-8") as file:
            return int(file.read())

    def reach(self, moment, _handler):
        with self.lock:
            self.count += moment == "before"
            if self.who is None or self.done.is_set() or (self.count, moment) != self.at:
                return None
            if self.who != "child":
                os.kill(self.site.daemon.pid, signal.SIGKILL)
            if self.who != "dnsvnfd":
                os.kill(self.child(), signal.SIGKILL)
            self.done.set()
            return "lost" if self.who != "dnsvnfd" else None


class Killed(Case):
    def setUp(self):
        super().setUp()
        self.at_act, self.at_look = (Kill(self.site, self.site.cloud.proxy()) for _ in range(2))
        self.program = f"{self.site.folder}/dnsvnf"
        with open(self.program, "w", encoding="utf-8") as out:
            out.write(CHILD.format(folder=self.site.folder, dnsvnf=os.path.abspath(DNSVNF),
                                   **{name: f"http://127.0.0.1:{kill.proxy.server_port}"
                                      for name, kill in (("acts", self.at_act), ("looks", self.at_look))}))
        os.chmod(self.program, 0o755)
        self.done = []  # what Nova has carried out
        self.revive = True  # what it reboots or makes anew comes up
        act = self.site.cloud.act

        def act_and_revive(server, action, arguments):
            act(server, action, arguments)
            if action in site_case.ACTIONS:
                self.done.append((server["name"], site_case.ACTIONS[action]))
                if self.revive:
                    self.site.guest(server["name"], True)
        self.site.cloud.act = act_and_revive

    def start(self, **settings):
        self.site.start(DNSVNFD, self.program, **settings)

    def restart(self, later=0):
        self.site.kill()
        self.site.later += later
        self.start()

    def follow(self):
        """A client that reads events as they come."""
        path = f"{self.site.folder}/followed"
        with open(path, "w", encoding="utf-8") as out:
            follower = subprocess.Popen([DNSVNF, "events", "--follow", "-o", "json"], stdout=out, stderr=subprocess.DEVNULL,
                                        env=self.site.environment, preexec_fn=end_with_this_process)
        self.addCleanup(follower.wait, 60)
        self.addCleanup(follower.kill)
        return path

    def is_gone(self, pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                return stat.read().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    def heal(self, act, kill, who, number, moment):
        """A guest hangs; the kill comes at that request of its heal."""
        self.after = self.site.events(DNSVNF)[-1]["seq"]
        followed = self.follow()
        self.done.clear()
        claimed = kill is self.at_act  # else it is not begun yet, and may be begun at any time
        self.revive = not claimed
        if claimed:
            kill.arm(who, number, moment)
        self.site.guest(FIRST, False)
        # As a person asks for it, there is no recovery_wait_time, and no limit of episodes.
        self.verb("heal", FIRST)
        if not claimed:
            kill.arm(who, number, moment)
        self.assertTrue(kill.done.wait(240))
        if claimed or who != "child":
            self.site.until(lambda: self.is_gone(kill.child()))
        if who != "child":
            self.site.daemon.wait(60)
        if claimed and who == "child":
            self.wait({"reboot": "VM_RECOVERY_REBOOT", "rebuild": "VM_RECOVERY_DEPLOYED"}[act], vm=FIRST, status="FAILURE")
        self.restart()
        with open(followed, encoding="utf-8") as lines:
            read = [json.loads(line) for line in lines if line.endswith("\n") and '"seq"' in line]
        shown = {event["seq"]: event for event in self.site.events(DNSVNF)}
        self.assertTrue(read)
        self.assertEqual([], [event for event in read if event != shown.get(event["seq"])])
        if claimed:
            # It is remembered, and its time runs: nothing is done a second time.
            self.assertEqual("recovering", self.site.vms(DNSVNF)[FIRST]["state"])
            self.site.until(lambda: self.site.vms(DNSVNF)[SECOND]["state"] == "alive")
            self.assertLessEqual(len(self.done), 1, self.done)
        self.revive = True
        if claimed and self.done:
            self.site.guest(FIRST, True)
        elif claimed:
            self.restart(later=LATER_S)
        self.wait("VM_RECOVERY_COMPLETE", vm=FIRST, status="SUCCESS")
        self.assertEqual([(FIRST, act)], self.done)

    def unharmed(self, act):
        """How many requests the child makes of one act."""
        self.after = self.site.events(DNSVNF)[-1]["seq"]
        self.at_act.arm(None)
        self.site.guest(FIRST, False)
        self.verb("heal", FIRST)
        self.wait("VM_RECOVERY_COMPLETE", vm=FIRST, status="SUCCESS")
        self.assertEqual([(FIRST, act)], self.done)
        return self.at_act.count

    def each(self, act, kill, requests):
        """Killed at each of these, or at a sample: each kind of kill once."""
        kinds = list(itertools.product(WHO, ("before", "after")))
        cases = [(number, *kind) for number in requests for kind in kinds]
        if not WHOLE:
            spread = random.Random(SEED)
            print(f"TORTURE_SEED={SEED}", file=sys.stderr)
            cases = [(spread.choice(requests), *kind) for kind in spread.sample(kinds, 3)]
        for number, who, moment in cases:
            print(f"{act}: {who} killed {moment} request {number} of {requests[-1]}", file=sys.stderr, flush=True)
            with self.subTest(request=number, who=who, moment=moment):
                self.heal(act, kill, who, number, moment)

    def test_at_requests_of_a_reboot(self):
        self.site.change({"REBOOT_THEN_REDEPLOY": "REBOOT_ONLY"})
        self.managed()
        requests = self.unharmed("reboot")
        self.assertGreater(requests, 4)
        self.each("reboot", self.at_act, range(1, requests + 1))

    def test_at_requests_of_a_redeploy(self):
        self.site.change({"REBOOT_THEN_REDEPLOY": "REDEPLOY_ONLY"})
        self.managed()
        requests = self.unharmed("rebuild")
        self.assertGreater(requests, 10)
        self.each("rebuild", self.at_act, range(1, requests + 1))

    def test_at_looks_before_an_act(self):
        """Of the lists that are asked from the heal's being asked for to its beginning: 5 s and 3 requests each."""
        self.site.change({"REBOOT_THEN_REDEPLOY": "REBOOT_ONLY"})
        self.managed()
        self.each("reboot", self.at_look, range(1, 13))

    def test_of_a_heal_that_was_acknowledged(self):
        """With heal = watch only the person's request makes it act."""
        self.managed(heal="watch")
        self.site.guest(FIRST, False)
        self.wait("HEALING_HELD", vm=FIRST, hold="watch-only")
        self.site.cloud.delay("GET", "/servers/detail")  # so that it is not begun
        self.verb("heal", FIRST)
        self.site.kill()
        self.site.cloud.spoiled.clear()
        self.start()
        self.wait("VM_RECOVERY_COMPLETE", vm=FIRST, status="SUCCESS")
        self.assertEqual([(FIRST, "reboot")], self.done)


if __name__ == "__main__":
    site_case.main()
