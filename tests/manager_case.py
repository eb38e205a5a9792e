# SPDX-License-Identifier: Apache-2.0
"""Faults under dnsvnfd, one a test: what it said of one VM and what it did, as a row of a table."""
import contextlib
import datetime
import os
import re
import shutil
import sys
import tempfile
import time
import unittest

import manager_daemon

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DNSVNF = os.environ.get("DNSVNF_PROGRAM") or os.path.join(TOP, "build", "dnsvnf")
DNSVNFD = os.path.join(os.path.dirname(DNSVNF), "dnsvnfd")
# What of the events of a VM is a row of the table; of a change of state the two that are not told otherwise.
TOLD = ("HEALING_HELD", "VM_RECOVERY_INIT", "VM_STATE", "SERVICE_SILENT")
STATES = ("unknown", "partial")


def seconds(text):
    """Of an event's time, or Nova's."""
    when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (when if when.tzinfo else when.replace(tzinfo=datetime.timezone.utc)).timestamp()


class Case:
    """From a fault of a VM until it is alive again."""

    def __init__(self, test, what):
        self.test, self.what = test, what
        self.seen = test.events()[-1]["seq"]
        self.begin = time.time()

    def events(self, *types):
        return [event for event in self.test.events() if event["seq"] > self.seen and event.get("vm") == self.test.VM
                and (not types or event["type"] in types)]

    def after(self, event):
        return seconds(event["time"]) - self.begin

    def first(self, *types, **members):
        """Seconds from the fault to the first such event, or None."""
        found = [self.after(event) for event in self.events(*types) if all(event.get(key) == value for key, value in members.items())]
        return found[0] if found else None

    def alive_after(self):
        """Seconds from the fault until it was last alive again, or None: it never was anything else."""
        found = [self.after(event) for event in self.events("VM_ALIVE", "VM_RECOVERY_COMPLETE")]
        return found[-1] if found else None

    def told(self):
        lines = []
        for event in self.events(*TOLD):
            if event["type"] == "VM_STATE" and event["state"] not in STATES:
                continue
            what = f"held ({event['hold']})" if event["type"] == "HEALING_HELD" else event.get("state") or event["type"]
            details = re.sub(r' of network "[^"]*"', "", event["details"])  # there is one
            lines.append(f"{self.after(event):.0f} s, {what}: {details}")
        return "\n".join(lines) or "nothing"


class ManagerTest(unittest.TestCase):
    """Each test begins under a dnsvnfd that remembers no healing of the tests before, with all VMs alive."""

    VM = None  # whose faults they are
    rows = None  # of the table: by fault
    folder = None  # of dnsvnfd's files

    def begin(self, design, vim, environment, **settings):
        first = self.folder is None
        if first:
            type(self).folder = tempfile.mkdtemp(prefix="dnsvnfd.")
            self.addClassCleanup(shutil.rmtree, self.folder)
        # Or the fourth episode in 24 hours would not be begun.
        shutil.rmtree(os.path.join(self.folder, "store", "memory"), ignore_errors=True)
        self.daemon = manager_daemon.Daemon(self.folder, environment, heal="on", listen="none", **settings)
        self.daemon.start(DNSVNFD, DNSVNF)
        self.addCleanup(self.daemon.stop)
        self.addCleanup(self.tell)
        if first:
            self.daemon.verb(DNSVNF, "manage", "--vim", vim, design)
            self.wait("JOB_DONE", self.events)
        self.all_alive()

    def tell(self):
        if self._outcome.result.failures or self._outcome.result.errors:
            sys.stderr.write(self.daemon.verb(DNSVNF, "events", check=False)[1] + self.daemon.said())

    def events(self, *types):
        return [event for event in self.daemon.events(DNSVNF) if not types or event["type"] in types]

    def all_alive(self, seconds_left=1200):
        self.daemon.until(lambda: {vm["state"] for vm in self.daemon.vms(DNSVNF).values()} == {"alive"}, seconds_left)

    def wait(self, kind, events, seconds_left=1200, **members):
        """The first such event of `events`, a function of the type."""
        def found():
            return [event for event in events(kind) if all(event.get(key) == value for key, value in members.items())]

        try:
            return self.daemon.until(found, seconds_left)[0]
        except AssertionError:
            self.fail(f"no {kind} {members}")

    @contextlib.contextmanager
    def case(self, what):
        """A fault and what follows, until all VMs are alive and self.as_before()."""
        case = self.new_case(what)
        yield case
        self.all_alive()
        self.as_before(case)
        self.rows[what] = self.row(case)
        print("\n    " + " | ".join(self.rows[what]), file=sys.stderr, flush=True)

    def new_case(self, what):
        return Case(self, what)

    def as_before(self, case):
        """Asserts what must not have changed."""

    def row(self, case):
        raise NotImplementedError

    def healed(self, case):
        self.wait("VM_RECOVERY_COMPLETE", case.events, status="SUCCESS")

    def held(self, case, hold, words):
        self.assertIn(words, self.wait("HEALING_HELD", case.events, hold=hold)["details"])
