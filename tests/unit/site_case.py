# SPDX-License-Identifier: Apache-2.0
"""What the tests of dnsvnfd have in common: a site, the daemon that watches it, and its events."""
import sys
import time
import unittest

import manager_site
from manager_site import answers, FIRST, SECOND

DNSVNF, DNSVNFD = sys.argv[1:3]
ACTIONS = {"os-start": "start", "reboot": "reboot", "rebuild": "rebuild"}


class Case(unittest.TestCase):
    def setUp(self):
        self.site = manager_site.Site()
        self.addCleanup(self.site.close)
        self.addCleanup(self.tell)
        self.after = 0  # events up to this number were seen

    def tell(self):
        if self._outcome.result.failures or self._outcome.result.errors:
            sys.stderr.write(self.site.said())

    def start(self, **settings):
        self.site.start(DNSVNFD, DNSVNF, **settings)

    def json(self, name, *words, code=0):
        done, out, err = self.site.verb(DNSVNF, name, "-o", "json", *words, check=False)
        self.assertEqual(code, done, out + err)
        return answers.answer(name, out)

    def verb(self, *words, code=0):
        done, out, err = self.site.verb(DNSVNF, *words, check=False)
        self.assertEqual(code, done, out + err)
        return out + err

    def managed(self, **settings):
        """The daemon, with the deployment deployed and both guests alive."""
        for name in (FIRST, SECOND):
            self.site.guest(name, True)
        self.start(**settings)
        self.verb("manage", "--vim", "test", self.site.design)
        self.wait("JOB_DONE")
        self.site.until(lambda: {vm["state"] for vm in self.site.vms(DNSVNF).values()} == {"alive"})
        self.site.cloud.requests.clear()

    def events(self, *types):
        return [event for event in self.site.events(DNSVNF) if event["seq"] > self.after and (not types or event["type"] in types)]

    def wait(self, kind, seconds=240, **members):
        """The first such event that was not waited for before."""
        def found():
            return [event for event in self.events(kind) if all(event.get(key) == value for key, value in members.items())]

        try:
            event = self.site.until(found, seconds)[0]
        except AssertionError:
            self.fail(f"no {kind} {members}:\n" + self.verb("events") + self.verb("status", "--watch"))
        self.after = event["seq"]
        return event

    def acts(self):
        """What was asked of Nova: (server, what)."""
        names = {server["id"]: name for name in (FIRST, SECOND) for server in [self.site.server(name)] if server}
        asked = [(path.split("/")[-2], next(iter(body))) for method, path, body in list(self.site.cloud.requests)
                 if method == "POST" and path.endswith("/action")]
        return [(names.get(server), ACTIONS[action]) for server, action in asked if action in ACTIONS]

    def hold_of(self, name):
        return self.site.vms(DNSVNF)[name]["hold"]


def main():
    """The classes that the arguments after the programs name; all without."""
    manager_site.enter_namespace()
    sys.argv[1:3] = []
    manager_site.serve_guests()
    unittest.main()
