#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `make install` puts where, and the completion that it installs."""
import os
import subprocess
import sys
import tempfile
import unittest

BUILD = os.path.dirname(os.path.abspath(sys.argv.pop(1)))


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", folder.name], check=True,
                       capture_output=True)
        prefix = subprocess.run(["find", folder.name, "-name", "bin"], capture_output=True, text=True, check=True).stdout
        cls.prefix = os.path.dirname(prefix.strip())
        cls.real_prefix = cls.prefix[len(folder.name):]

    def path(self, *parts):
        return os.path.join(self.prefix, *parts)

    def test_programs(self):
        self.assertEqual(["dnsvnf"], os.listdir(self.path("bin")))
        self.assertEqual(["bondd", "dnsvnfd"], sorted(os.listdir(self.path("sbin"))))
        done = subprocess.run([self.path("bin", "dnsvnf"), "plan", "/nonexistent"], capture_output=True, text=True,
                              check=False)  # the module is found
        self.assertEqual("dnsvnf plan: cannot open /nonexistent: No such file or directory\n", done.stderr)

    def test_documents(self):
        doc = self.path("share", "doc", "dnsvnf")
        for file in ("README.md", "LICENSE", "doc/json.md", "doc/schema/verify.json", "doc/topology.svg",
                     "examples/technote/corrected/dep.xml"):
            self.assertTrue(os.path.isfile(os.path.join(doc, file)), file)
        example = os.path.join(doc, "examples/technote/corrected/dep.xml")
        subprocess.run([self.path("bin", "dnsvnf"), "check", example], check=True, capture_output=True)
        for page in ("man8/dnsvnf.8", "man8/bondd.8", "man8/dnsvnfd.8", "man5/dnsvnfd.conf.5"):
            self.assertTrue(os.path.isfile(self.path("share", "man", page)))
        self.assertTrue(os.path.isfile(self.path("share", "dnsvnf", "dnsvnfd.rules.yml")))

    def test_units_start_the_installed_program(self):
        for unit in ("bondd.service", "bondd-relay.service", "bondd-status.service"):
            with open(self.path("lib", "systemd", "system", unit), encoding="utf-8") as file:
                self.assertRegex(file.read(), f"(?m)^ExecStart={self.real_prefix}/sbin/bondd ")
        with open(self.path("lib", "systemd", "system", "dnsvnfd.service"), encoding="utf-8") as file:
            self.assertRegex(file.read(), f"(?m)^ExecStart={self.real_prefix}/sbin/dnsvnfd$")

    def complete(self, *words, **environment):
        completion = self.path("share", "bash-completion", "completions", "dnsvnf.bash")
        script = (f"source {completion}; COMP_WORDS=(dnsvnf {' '.join(words)} ''); COMP_CWORD={len(words) + 1}; _dnsvnf; "
                  "printf '%s\\n' \"${COMPREPLY[@]}\"")
        environment = {"PATH": self.path("bin") + ":" + os.environ["PATH"], "HOME": "/nonexistent", **environment}
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env=environment, cwd="/")
        self.assertEqual("", done.stderr)
        return done.stdout.split()

    def test_completion_of_rules(self):
        rules = self.complete("check", "--explain")
        self.assertIn("legs-segment", rules)
        self.assertNotIn("RULE", rules)

    def test_completion_of_clouds(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as clouds:
            clouds.write("cache:\n  other: {}\nclouds:\n  first:\n    auth:\n      x: y\n  # no: \n  second:\n    region_name: R\n"
                         "more:\n  third:\n")
            clouds.flush()
            names = self.complete("plan", "--vim", OS_CLIENT_CONFIG_FILE=clouds.name)
        self.assertEqual(["local", "envvars", "first", "second"], names)

    def test_completion_of_formats(self):
        self.assertEqual(["svg", "json"], self.complete("draw", "-o"))


if __name__ == "__main__":
    unittest.main()
