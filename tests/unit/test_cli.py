#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line as a user types it; no VIM is asked."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import fake_cloud

DNSVNF, BONDD = sys.argv.pop(1), sys.argv.pop(1)
DESIGN = "examples/technote/corrected/dep.xml"
HOSTS = "tests/unit/data/hosts"
EMPTY = '<esc_datamodel xmlns="http://www.cisco.com/esc/esc"/>\n'


def dnsvnf(*arguments, **options):
    return subprocess.run([DNSVNF, *arguments], capture_output=True, text=True, timeout=30, **options)


class Options(unittest.TestCase):
    def refused(self, message, *arguments):
        done = dnsvnf(*arguments)
        self.assertEqual((2, ""), (done.returncode, done.stdout))
        self.assertIn(f": {message}; see 'dnsvnf ", done.stderr)

    def test_the_wrong_word_is_named(self):
        self.refused("missing command")
        self.refused("unknown option '-x'", "check", "-x", DESIGN)
        self.refused("unknown option '-x'", "check", "-xv", DESIGN)
        self.refused("unknown option '-x'", "check", DESIGN, "-vx")
        self.refused("unknown option '--wrong'", "check", "--wrong", DESIGN)
        self.refused("unknown option '--qps'", "check", "--qps", "5", DESIGN)
        self.refused("unknown option '--hots' (did you mean '--hosts'?)", "deploy", "--hots=x", DESIGN)
        self.refused("unknown option '--wrong'", "--wrong")
        self.refused("option '--keep-failed' takes no value", "deploy", "--keep-failed=yes", DESIGN)
        self.refused("option '--qps' needs a value", "drill", DESIGN, "--qps")
        self.refused("--vim is 'one' and 'two'", "undeploy", "--vim", "one", "--yes", DESIGN, "--vim=two")
        self.refused("--failure is 'silent' and 'carrier'", "drill", "--failure", "silent", "--failure=silent", DESIGN, "--failure=carrier")
        self.refused("--output must be text, json or sarif, not 'xml'", "check", "-o", "xml", DESIGN)
        self.refused("--output must be text or json, not 'sarif'", "plan", "-o", "sarif", DESIGN)
        for qps in ("1k", "0", "20001", "-1", "", "99999999999999999999"):
            self.refused(f"--qps must be an integer from 1 to 20000, not '{qps}'", "drill", f"--qps={qps}", DESIGN)
        self.refused("--leg and --port exclude each other: use one of them", "drill", "--leg", "ens6", "--port", "p", DESIGN)
        self.refused("--repeat must be an integer from 1 to 1000, not '0'", "drill", "--repeat", "0", DESIGN)
        self.refused("--failure must be carrier or silent, not 'noisy'", "drill", "--failure", "noisy", DESIGN)
        self.refused("unexpected operand 'second'", "check", DESIGN, "second")
        self.refused("unexpected operand 'first'", "host", "first")
        self.refused("--count must be an integer from 1 to 4096, not '0'", "plan", "--hosts", HOSTS, "--count", "0",
                     DESIGN)
        self.refused("--replace cannot be combined with --undeploy", "plan", "--replace", "x", "--undeploy", DESIGN)
        self.refused("--count needs --hosts", "plan", "--count", "2", DESIGN)
        self.refused("--apply needs --tune", "host", "--apply")
        self.refused("missing operand DEP.xml", "deploy")
        self.refused("missing operand start|stop|reboot DEP.xml SERVER...", "power")
        self.refused("missing operand DEP.xml", "power", "stop")
        self.refused("missing operand SERVER", "power", "stop", DESIGN)
        self.refused("the first operand must be start, stop or reboot, not 'halt'", "power", "halt", DESIGN, "s")

    def test_a_verb_that_may_be_meant_is_named(self):
        self.refused("unknown verb 'chek' (did you mean 'check'?)", "chek")
        self.refused("unknown verb 'dploy' (did you mean 'deploy'?)", "help", "dploy")
        self.refused("unknown verb 'xyzzy'", "xyzzy")
        self.refused("unknown verb ''", "")
        for word, verb in (("apply", "deploy"), ("create", "deploy"), ("destroy", "undeploy"), ("delete", "undeploy"),
                           ("show", "status"), ("list", "status"), ("validate", "check"), ("lint", "check"),
                           ("test", "verify"), ("stop", "power")):
            done = dnsvnf(word, DESIGN)
            self.assertEqual((2, "", f"dnsvnf has no '{word}'; use '{verb}'\n"),
                             (done.returncode, done.stdout, done.stderr))

    def test_help_of_every_verb_has_an_example(self):
        for verb in ("check", "draw", "render", "plan", "explain", "deploy", "verify", "drill", "status", "servers", "power", "undeploy", "host"):
            done = dnsvnf(verb, "--help")
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertIn(f"dnsvnf {verb}", done.stdout.split("Example:")[1])
            self.assertEqual(done.stdout, dnsvnf("help", verb).stdout)
            self.assertTrue(dnsvnf("help", verb).stdout.startswith(f"usage: dnsvnf {verb} "))
            self.assertIn(f"\n  {verb} ", dnsvnf("help").stdout)

    def test_help_tells_values_range_and_default(self):
        help_of_drill = " ".join(dnsvnf("drill", "--help").stdout.split())
        for text in ("-o, --output text|json ", "--qps N queries per second, at most; ", "1 to 20000 (default 1000)",
                     "--max-outage MS ", "--repeat N ", "1 to 1000 (default 1)",
                     "--failure carrier|silent "):
            self.assertIn(text, help_of_drill)


class Module(unittest.TestCase):
    """Help and check load only what they need; the other verbs are in a module beside the program."""

    def test_check_needs_no_module_and_one_that_is_missing_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            alone = shutil.copy(DNSVNF, folder)
            self.assertEqual(0, subprocess.run([alone, "check", DESIGN], capture_output=True, timeout=30).returncode)
            self.assertEqual(0, subprocess.run([alone, "help", "plan"], capture_output=True, timeout=30).returncode)
            with open(os.path.join(folder, "dnsvnf-verbs.so"), "w", encoding="utf-8"):
                pass
            done = subprocess.run([alone, "plan", DESIGN], capture_output=True, text=True, timeout=30)
        self.assertEqual((1, ""), (done.returncode, done.stdout))
        self.assertRegex(done.stderr, "^dnsvnf plan: cannot load dnsvnf-verbs.so: .*/dnsvnf-verbs.so: ")

    def test_libraries_of_the_program(self):
        needed = subprocess.run(["readelf", "-d", DNSVNF], capture_output=True, text=True, check=True).stdout
        for library in ("curl", "archive", "ldns", "pci", "crypto"):
            self.assertNotIn(f"[lib{library}.", needed)


class Bondd(unittest.TestCase):
    """Its command line is a table of the same kind."""

    def bondd(self, *arguments):
        done = subprocess.run([BONDD, *arguments], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout, done.stderr

    def test_the_wrong_word_is_named(self):
        for message, *arguments in (("bondd: missing command; see 'bondd --help'",),
                                    ("bondd: unknown verb 'wach' (did you mean 'watch'?); see 'bondd --help'", "wach"),
                                    ("bondd has no 'validate'; use 'check-config'", "validate"),
                                    ("bondd status: --output must be text or json, not 'xml'; "
                                     "see 'bondd status --help'", "status", "-o", "xml"),
                                    ("bondd watch: unexpected operand 'now'; see 'bondd watch --help'", "watch", "now"),
                                    ("bondd watch: unknown option '-l'; see 'bondd watch --help'", "watch", "-l", "x")):
            self.assertEqual((2, "", message + "\n"), self.bondd(*arguments))

    def test_help_and_presets(self):
        self.assertIn("bondd serve -l ", self.bondd("serve", "--help")[1].split("Example:")[1])
        self.assertIn("(default /etc/bondd.conf)", " ".join(self.bondd("help", "watch")[1].split()))
        with tempfile.TemporaryDirectory() as folder:
            text, json_text = (self.bondd("status", "--root", folder, *form) for form in ((), ("-o", "json")))
        self.assertEqual((0, 0, ""), (text[0], json_text[0], text[2] + json_text[2]))
        self.assertEqual([], json.loads(json_text[1])["bonds"])

    def test_a_root_that_is_no_folder_is_an_error(self):
        """It is not a machine without bonds."""
        with tempfile.NamedTemporaryFile("w") as file:
            for root, why in (("/nonexistent", "cannot open /nonexistent: No such file or directory"),
                              (file.name, f"cannot read {file.name}: Not a directory")):
                for arguments in (("status",), ("status", "-o", "json"), ("serve", "-l", "127.0.0.1:9")):
                    self.assertEqual((1, "", f"bondd: {why}\n"), self.bondd(*arguments, "--root", root))

    def test_zero_bytes_in_the_configuration(self):
        """What a crash may leave of a file is not a configuration without settings."""
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
            conf.write("\0" * 512)
            conf.flush()
            for verb, code in (("check-config", 1), ("watch", 78), ("serve", 78)):
                self.assertEqual((code, "", f"bondd: {conf.name}: contains a zero byte\n"), self.bondd(verb, "-c", conf.name))

    def test_check_config(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
            conf.write("interval = fast\n")
            conf.flush()
            code, out, message = self.bondd("check-config", "-c", conf.name)
        self.assertEqual((1, ""), (code, out))
        self.assertIn(f"{conf.name}:1", message)

    def test_check_config_tells_everything_and_misses_no_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
            conf.write("interval = fast\n# fine\nfall = 3\nwrong = 1\nrubbish\n")
            conf.flush()
            code, out, message = self.bondd("check-config", "-c", conf.name)
        self.assertEqual((1, ""), (code, out))
        self.assertEqual([f"bondd: {conf.name}:{line}" for line in (1, 4, 5)],
                         [line[:line.index(": ", 7)] for line in message.splitlines()])

    def test_a_configuration_with_a_name_exists(self):
        """The defaults are not what a typing error asks for."""
        for verb, code in (("check-config", 1), ("watch", 78), ("serve", 78), ("relay", 78)):
            self.assertEqual((code, "", "bondd: cannot open /nonexistent: No such file or directory\n"),
                             self.bondd(verb, "-c", "/nonexistent"))

    def test_a_format_that_it_has_not_is_refused(self):
        code, out, message = self.bondd("status", "-o", "yaml")
        self.assertEqual((2, ""), (code, out))
        self.assertIn("--output must be text or json, not 'yaml'", message)


class Check(unittest.TestCase):
    def test_json_has_the_findings(self):
        done = dnsvnf("check", "-o", "json", "examples/technote/published/dep.xml")
        self.assertEqual(1, done.returncode)
        findings = json.loads(done.stdout)["findings"]
        self.assertGreater(len(findings), 2)
        for finding in findings:
            self.assertLessEqual({"severity", "rule", "file", "line", "text"}, set(finding))

    def test_list_and_explain_need_no_descriptor(self):
        self.assertIn("\nlegs-segment ", dnsvnf("check", "--list").stdout)
        self.assertIn("Remedy", dnsvnf("check", "--explain", "legs-segment").stdout)
        done = dnsvnf("check")
        self.assertEqual(2, done.returncode)
        self.assertIn("missing operand DEP.xml", done.stderr)

    def test_a_reader_that_has_read_enough_is_no_failure(self):
        for arguments in (["--list"], ["-o", "json", "--list"]):
            check = subprocess.Popen([DNSVNF, "check", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            check.stdout.close()
            self.assertEqual((b"", 0), (check.stderr.read(), check.wait(timeout=30)))
            check.stderr.close()
        done = subprocess.run(["sh", "-c", f"{DNSVNF} check --list | head -n 1"], capture_output=True, text=True, timeout=30)
        self.assertEqual("", done.stderr)

    def test_a_full_disk_is_a_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for command in ([DNSVNF, "check", "--list"], [DNSVNF, "--version"], [DNSVNF, "check", "--help"],
                            [BONDD, "status"], [BONDD, "status", "-o", "json"], [BONDD, "--version"], [BONDD, "--help"]):
                with self.subTest(command=command):
                    done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
                    self.assertEqual(1, done.returncode)
                    self.assertIn("cannot write the result: No space left", done.stderr)

    def test_notes_are_no_news_to_other_verbs(self):
        done = dnsvnf("plan", "--vim", "nowhere", DESIGN)
        self.assertNotIn(": note: ", done.stderr)

    def test_an_empty_descriptor_is_an_error(self):
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as design:
            design.write(EMPTY)
            design.flush()
            done = dnsvnf("check", design.name)
        self.assertEqual(1, done.returncode)
        self.assertIn("error: <esc_datamodel> is empty", done.stdout)

    def test_missing_file(self):
        done = dnsvnf("check", "/nonexistent.xml")
        self.assertEqual(1, done.returncode)
        self.assertIn("/nonexistent.xml: No such file", done.stderr)


class Explain(unittest.TestCase):
    """From files alone: the descriptor's VIM is not asked."""

    def edited(self, *edits):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        shutil.copytree(os.path.dirname(DESIGN), folder.name, dirs_exist_ok=True)
        path = os.path.join(folder.name, "dep.xml")
        with open(path, encoding="utf-8") as source:
            text = source.read()
        for old, new in (("<image>dns-vnf</image>\n            <flavor>",
                          "<locator><vim_id>a cloud that is nowhere</vim_id></locator><image>dns-vnf</image>\n<flavor>"), *edits):
            self.assertIn(old, text)
            text = text.replace(old, new)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def test_place(self):
        done = dnsvnf("explain", "--hosts", HOSTS, self.edited())
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertIn("server cpnr-dns_cpnr_0 fits on compute-1: cell 0 on node 0 (2 MiB pages, ", done.stdout)
        self.assertIn("; port 3 on a VF of sriov1 (ens2f0) on node 1", done.stdout)

    def test_one_that_fits_nowhere_does_not_hide_the_next(self):
        design = self.edited(("<name>hw:numa_nodes</name>\n          <value>2</value>",
                              "<name>hw:numa_nodes</name>\n          <value>1</value>"))
        with open(design, encoding="utf-8") as source:
            text = source.read()
        begin, end = text.index("<deployment>"), text.index("</deployment>") + len("</deployment>")
        other = text[begin:end].replace("<name>cpnr-dns</name>", "<name>second</name>")
        with open(design, "w", encoding="utf-8") as out:
            out.write(text[:end] + other + text[end:])
        done = dnsvnf("explain", "--hosts", HOSTS, design)
        self.assertEqual(1, done.returncode, done.stderr)
        for server in ("cpnr-dns_cpnr_0", "second_cpnr_0"):
            self.assertIn(f"server {server} ", done.stdout)

    def test_reasons_the_nearest_host_first(self):
        design = self.edited(("<name>hw:numa_nodes</name>\n          <value>2</value>",
                              "<name>hw:numa_nodes</name>\n          <value>1</value>"))
        done = dnsvnf("explain", "--hosts", HOSTS, design)
        self.assertEqual(1, done.returncode)
        lines = done.stdout.splitlines()
        self.assertEqual("server cpnr-dns_cpnr_0 fits on no host", lines[0])
        self.assertRegex(lines[1], "^  compute-1: port 3 .* free on node 1, but the guest would be on node 0")
        self.assertRegex(lines[2], "^  compute-2: ")
        self.assertIn("  it fits with hw:numa_nodes=2, on compute-1", lines)

    def test_json(self):
        design = self.edited(("<vcpus>4", "<vcpus>64"))
        deployment, = json.loads(dnsvnf("explain", "-o", "json", "--hosts", HOSTS, design).stdout)["deployments"]
        server, = deployment["servers"]
        self.assertEqual(("nowhere", "compute-1"), (server["verdict"], server["nearest"]))
        self.assertEqual(["compute-1", "compute-2"], [host["host"] for host in server["hosts"]])
        offered, = server["counterfactuals"]
        self.assertEqual([{"property": "vcpus", "value": "16", "nicid": None}], offered["changes"])

    def test_the_embedded_host_tells_of_itself(self):
        design = self.edited(("a cloud that is nowhere", "local"),
                             ("<provider_physical_network>sriov1", "<provider_physical_network>sriov0"),
                             ("<provider_segmentation_id>101", "<provider_segmentation_id>102"))
        with tempfile.TemporaryDirectory() as empty:
            done = dnsvnf("explain", "--vim", "local", design, env={**os.environ, "DNSVNF_LOCAL_DIR": empty})
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stdout, "fits on the embedded host: .*port 2 .* on node 0; port 3 .* on node 0")

    def test_no_host_files(self):
        with tempfile.TemporaryDirectory() as empty:
            done = dnsvnf("explain", "--hosts", empty, DESIGN)
        self.assertEqual(1, done.returncode)
        self.assertIn(".json", done.stderr)


class Drill(unittest.TestCase):
    def test_silent_is_refused_on_a_cloud_before_it_is_asked(self):
        there = fake_cloud.Cloud()
        self.addCleanup(there.close)
        cloud = {"AUTH_URL": f"{there.url}/identity/v3", "USERNAME": "u", "PASSWORD": "p", "PROJECT_NAME": "p"}
        done = dnsvnf("drill", "--failure", "silent", "--vim", "envvars", DESIGN,
                      env={**os.environ, **{f"OS_{name}": value for name, value in cloud.items()}})
        self.assertEqual((1, ""), (done.returncode, done.stdout))
        self.assertEqual(["/identity/v3/auth/tokens"], [path for _, path, _ in there.requests])
        self.assertIn("a tenant of openstack cannot cut a path and keep its carrier: use --failure carrier", done.stderr)


class Interrupt(unittest.TestCase):
    def test_a_verb_that_changes_nothing_just_ends(self):
        with tempfile.TemporaryDirectory() as folder:
            pipe = os.path.join(folder, "pipe")
            os.mkfifo(pipe)
            check = subprocess.Popen([DNSVNF, "check", pipe])
            with open(pipe, "w", encoding="utf-8"):  # opened once check reads
                check.terminate()
                self.assertEqual(4, check.wait(timeout=10))


class NothingToDo(unittest.TestCase):
    def test_descriptor_without_a_deployment_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            design = os.path.join(folder, "dep.xml")
            with open(design, "w", encoding="utf-8") as out:
                out.write(EMPTY)
            for verb in ("plan", "deploy", "verify", "drill", "undeploy"):
                done = dnsvnf(verb, design)
                self.assertEqual(1, done.returncode, verb)
                self.assertIn("has no deployment", done.stderr)


if __name__ == "__main__":
    unittest.main()
