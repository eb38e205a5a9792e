#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What init writes, in the local VIM: a bond in a real guest that answers DNS. One test for each dialect that our
image can apply (ifcfg files need the plugin ifcfg-rh, which Debian's NetworkManager has not). A suite of its own, for its time."""
import os
import unittest

import test_local
from test_local import Leaves, answers, dnsvnf


class InitDeploys(Leaves):
    def deploys(self, dialect, *options):
        design = os.path.join(self.folder, dialect)
        written = dnsvnf("init", "-o", "json", "--dialect", dialect, "--tenant", "test-tenant", "--name", "fresh",
                         "--service6", "2001:db8:101::10/64", *options, design)
        self.assertEqual(answers.answer("init", written.stdout)["findings"], [])
        path = os.path.join(design, "dep.xml")
        self.assertIn("0 errors, 0 warnings", dnsvnf("check", path).stdout)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("<bootup_time>300<", text)
        with open(path, "w", encoding="utf-8") as file:  # a guest under emulation, on a machine that does other work
            file.write(text.replace("<bootup_time>300<", "<bootup_time>600<"))
        self.deploy(path)
        checks = answers.deployment("verify", dnsvnf("verify", "-o", "json", path).stdout)["checks"]
        self.assertEqual([c for c in checks if c["result"] != "pass"], [])
        self.assertLessEqual({"address", "bond-up", "bond-active-leg", "legs-apart", "cloud-init", "dns-udp", "dns-tcp"},
                             {c["check"] for c in checks})
        for address in ("172.16.1.10", "2001:db8:101::10"):
            self.assertEqual(test_local.kdig(f"@{address}", "www.example.test", "A", deployment="fresh"), ["172.16.1.10"])

    def test_keyfile(self):
        self.deploys("keyfile")

    def test_netplan(self):
        self.deploys("netplan")

    def test_nmcli(self):
        self.deploys("nmcli")


if __name__ == "__main__":
    unittest.main()
