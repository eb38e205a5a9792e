#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which VIM a verb talks to: two clouds in this process, and what each was asked."""
import concurrent.futures
import itertools
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import fake_cloud

DNSVNF = os.path.abspath(sys.argv.pop(1))
DESIGN = "examples/technote/corrected"
VERBS = ("explain", "plan", "deploy", "verify", "drill", "status", "servers", "undeploy")
FAULT = {"status": "ERROR", "fault": {"message": "the disk is on fire"}}
NAMES = (None, "one", "two", "local")
SOURCES = ("--vim", "--os-cloud", "OS_CLOUD", "vim_id")


class Place:
    """A folder with designs, and a clouds.yaml of the clouds "one" and "two"."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.clouds = {name: fake_cloud.Cloud() for name in ("one", "two")}
        for cloud in self.clouds.values():
            cloud.new_server = FAULT
        lines = [f"  {name}: {{region_name: R, auth: {{auth_url: '{cloud.url}/identity/v3', username: u, password: p, "
                 "project_name: p, user_domain_id: default, project_domain_id: default}}\n"
                 for name, cloud in self.clouds.items()]
        with open(f"{self.folder}/clouds.yaml", "w", encoding="utf-8") as out:
            out.write("clouds:\n" + "".join(lines))

    def close(self):
        for cloud in self.clouds.values():
            cloud.close()
        shutil.rmtree(self.folder)

    def design(self, locator="", group_locator="", name="design"):
        folder = f"{self.folder}/{name}"
        shutil.copytree(DESIGN, folder, dirs_exist_ok=True)
        with open(f"{DESIGN}/dep.xml", encoding="utf-8") as source:
            text = source.read()
        for after, leaves in (("<name>cpnr-dns</name>", locator), ("<name>cpnr</name>", group_locator)):
            assert text.count(after) == 1
            if leaves:
                text = text.replace(after, f"{after}<locator>{leaves}</locator>")
        with open(f"{folder}/dep.xml", "w", encoding="utf-8") as out:
            out.write(text)
        return f"{folder}/dep.xml"

    def run(self, *arguments, **environment):
        known = {"PATH": os.environ["PATH"], "OS_CLIENT_CONFIG_FILE": f"{self.folder}/clouds.yaml",
                 "DNSVNF_LOCAL_DIR": f"{self.folder}/local", "XDG_RUNTIME_DIR": self.folder}
        return subprocess.run([DNSVNF, *arguments], env={**known, **environment}, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=30, check=False)

    def asked(self):
        return {name for name, cloud in self.clouds.items() if cloud.requests}


def run_case(verb, given):
    """given: what each of SOURCES says, or None."""
    vim, os_cloud, environment, vim_id = given
    place = Place()
    try:
        design = place.design(vim_id and f"<vim_id>{vim_id}</vim_id>")
        options = [*(("--vim", vim) if vim else ()), *(("--os-cloud", os_cloud) if os_cloud else ())]
        done = place.run(verb, *options, design, **({} if environment is None else {"OS_CLOUD": environment}))
        return done, place.asked()
    finally:
        place.close()


class Target(unittest.TestCase):
    def check(self, verb, given, done, asked):
        said = {name for name in given if name}
        if len(said) > 1:
            self.assertEqual((2, ""), (done.returncode, done.stdout), done.stderr)
            self.assertEqual(set(), asked)
            first = next(i for i, name in enumerate(given) if name)
            other = next(i for i, name in enumerate(given) if name and name != given[first])
            for i in (first, other):
                self.assertIn(f'{SOURCES[i]}', done.stderr)
                self.assertIn(f'is "{given[i]}"', done.stderr)
            self.assertNotIn("VIM ", done.stderr)
            return
        vim = said.pop() if said else "local"
        self.assertEqual(set() if vim == "local" else {vim}, asked)
        who = "user root" if os.geteuid() == 0 else f"user uid {os.geteuid()}"
        line = f"VIM local, region -, project test-tenant, {who}" if vim == "local" \
            else f"VIM {vim}, region R, project test-tenant, user u"
        self.assertEqual(line, done.stderr.splitlines()[0], verb)
        self.assertEqual(1, sum(line.startswith("VIM ") for line in done.stderr.splitlines()))

    def run_table(self, rows):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for (verb, given), (done, asked) in zip(rows, pool.map(lambda row: run_case(*row), rows)):
                with self.subTest(verb=verb, given=given):
                    self.check(verb, given, done, asked)

    def test_every_combination(self):
        self.run_table([("status", given) for given in itertools.product(NAMES, repeat=4)])

    def test_every_verb(self):
        cases = ((None, None, "one", None), (None, None, "", "one"), (None, None, "two", "one"),
                 ("two", None, "one", None))
        self.run_table([(verb, given) for verb in VERBS for given in cases])

    def test_draw_asks_only_when_told_to(self):
        for given, asked in (((None, None, "one", "one"), set()), (("one", None, None, None), {"one"}),
                             ((None, "one", None, None), {"one"}), (("one", None, "two", None), set()),
                             ((None, "two", None, "one"), set())):
            with self.subTest(given=given):
                self.assertEqual(asked, run_case("draw", given)[1])

    def test_status_without_descriptor(self):
        place = Place()
        self.addCleanup(place.close)
        done = place.run("status", OS_CLOUD="two")
        self.assertEqual((0, {"two"}), (done.returncode, place.asked()), done.stderr)
        self.assertEqual("VIM two, region R, project test-tenant, user u\n", done.stderr)
        self.assertEqual(2, place.run("status", "--vim", "one", OS_CLOUD="two").returncode)

    def test_locators_of_a_deployment_agree(self):
        place = Place()
        self.addCleanup(place.close)
        for leaf in ("vim_id", "vim_region", "vim_project"):
            design = place.design(f"<{leaf}>one</{leaf}>", f"<{leaf}>two</{leaf}>")
            done = place.run("status", design)
            self.assertEqual((1, set()), (done.returncode, place.asked()), done.stderr)
            self.assertRegex(done.stderr, f'{leaf} in .*dep.xml:[0-9]+ is "two" and {leaf} in .*dep.xml:[0-9]+ is "one"')

    def test_one_that_disagrees_stops_all(self):
        """The second deployment names another VIM than the command line: nor is the first undeployed."""
        place = Place()
        self.addCleanup(place.close)
        path = place.design("<vim_id>one</vim_id>")
        with open(path, encoding="utf-8") as source:
            text = source.read()
        begin, end = text.index("<deployment>"), text.index("</deployment>") + len("</deployment>")
        other = text[begin:end].replace("<name>cpnr-dns</name>", "<name>second</name>").replace("one", "two")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text[:end] + other + text[end:])
        for verb in ("undeploy", "status"):
            done = place.run(verb, "--vim", "one", path)
            self.assertEqual((2, set()), (done.returncode, place.asked()), done.stderr)

    def test_region(self):
        place = Place()
        self.addCleanup(place.close)
        done = place.run("status", "--vim", "one", place.design("<vim_region>R</vim_region>"))
        self.assertEqual(0, done.returncode, done.stderr)
        for vim, words in (("one", 'no region "S"'), ("local", "has no regions")):
            done = place.run("status", "--vim", vim, place.design("<vim_region>S</vim_region>"))
            self.assertEqual(1, done.returncode)
            self.assertIn(words, done.stderr)

    def test_project(self):
        """vim_project is what the token is asked for."""
        place = Place()
        self.addCleanup(place.close)
        place.run("status", "--vim", "one", place.design("<vim_project>edge</vim_project>"))
        body = place.clouds["one"].requests[0][2]
        self.assertEqual("edge", body["auth"]["scope"]["project"]["name"])


class Confirm(unittest.TestCase):
    """What deletes or replaces asks on a terminal, and without one refuses, unless --yes is given."""

    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.path = self.place.design()
        self.cloud = self.place.clouds["one"]

    def run_verb(self, verb, *options):
        done = self.place.run(verb, "--vim", "one", *options, self.path)
        return done.returncode, done.stderr

    def on_terminal(self, verb, answer):
        terminal, theirs = pty.openpty()
        environment = {"PATH": os.environ["PATH"], "OS_CLIENT_CONFIG_FILE": f"{self.place.folder}/clouds.yaml",
                       "XDG_RUNTIME_DIR": self.place.folder}
        with subprocess.Popen([DNSVNF, verb, "--vim", "one", self.path], env=environment, stdin=theirs, stderr=theirs,
                              stdout=subprocess.DEVNULL) as process:
            os.close(theirs)
            text = b""
            while b"[y/N]" not in text:
                text += os.read(terminal, 4096)
            if answer is None:
                process.send_signal(signal.SIGINT)
            else:
                os.write(terminal, answer)
            try:
                while data := os.read(terminal, 4096):
                    text += data
            except OSError:  # the other end is closed
                pass
            process.wait(30)
        os.close(terminal)
        return process.returncode, text.decode()

    def deletes(self):
        return [path for method, path, _ in self.cloud.requests if method == "DELETE"]

    def test_nothing_there(self):
        self.assertEqual(1, self.run_verb("undeploy")[0])
        self.assertIn("nothing of cpnr-dns is deployed in VIM one, project test-tenant\n", self.run_verb("undeploy")[1])
        self.assertIn("nothing of cpnr-dns is deployed in VIM local, project test-tenant\n",
                      self.place.run("undeploy", "--yes", self.path).stderr)

    def test_refused_without_terminal(self):
        """A new deployment asks nothing; its server fails, so the next deploy replaces it."""
        self.assertEqual(1, self.run_verb("deploy", "--keep-failed")[0])
        for verb in ("undeploy", "deploy"):
            before = len(self.cloud.requests)
            code, text = self.run_verb(verb)
            self.assertEqual(2, code, text)
            self.assertIn("give --yes", text)
            self.assertRegex(text, "(delete|replace) +server +cpnr-dns_cpnr_0")
            self.assertEqual({"GET"}, {m for m, path, _ in self.cloud.requests[before:] if "/auth/" not in path})
        self.assertEqual([], self.deletes())
        self.assertEqual(0, self.run_verb("undeploy", "--yes")[0])
        self.assertEqual(1, self.run_verb("undeploy")[0])

    def deployed(self, **server):
        """What deploy made, with these attributes of the server."""
        self.run_verb("deploy", "--keep-failed")
        next(iter(self.cloud.there["servers"].values())).update(server)

    def test_what_to_do_next_names_the_vim(self):
        """Also where the file's name is no word for a shell."""
        path = self.place.design(name="it's mine")
        done = self.place.run("deploy", "--keep-failed", path, OS_CLOUD="one")
        self.assertEqual(1, done.returncode, done.stderr)
        commands = re.search("to complete it: (.*); to remove it: (.*)", done.stderr).groups()
        for verb, command in zip(("deploy", "undeploy"), commands):
            self.assertEqual(["dnsvnf", verb, "--vim", "one", path], shlex.split(command))
        self.cloud.spoil("DELETE", "/ports/", 403, "not yours")
        done = self.place.run(*shlex.split(commands[1])[1:], "--yes")
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn(f"; to continue: {commands[1]}\n", done.stderr)

    def test_server_being_deleted_is_made_anew(self):
        self.deployed(**{"OS-EXT-STS:task_state": "deleting", "status": "ACTIVE"})
        self.assertRegex(self.place.run("plan", "--vim", "one", self.path).stdout,
                         "-\\+ replace +server +cpnr-dns_cpnr_0 .* it is being deleted\n")
        self.assertIn("DELETING", self.place.run("status", "--vim", "one", self.path).stdout)

    def test_deletion_that_came_to_nothing(self):
        """Nova ignores another DELETE of a server whose task is deleting: its state is reset first, by an admin."""
        self.deployed(**{"OS-EXT-STS:task_state": "deleting", "status": "ERROR", "stays": True,
                         "fault": {"message": "CPU set to unpin [1] must be a subset of pinned CPU set [2]"}})
        server = next(iter(self.cloud.there["servers"].values()))
        self.cloud.spoil("POST", "/action$", 403, "Policy does not allow os-resetState")
        code, text = self.run_verb("undeploy", "--yes")
        self.assertEqual(1, code, text)
        self.assertIn("Nova's task deleting failed (CPU set to unpin [1] must be", text)
        self.assertIn(f"openstack server set --state error {server['id']}, by the role admin, then run the command again", text)

        def reset(handler):
            self.assertEqual({"os-resetState": {"state": "error"}}, self.cloud.requests[-1][2])
            server.update({"OS-EXT-STS:task_state": None}, stays=False)
            handler.answer(202)

        self.cloud.spoiled = [("POST", "/action$", reset)]
        code, text = self.run_verb("undeploy", "--yes")
        self.assertEqual(0, code, text)
        self.assertIn("its state is reset, then it is deleted again (1 of 3)", text)
        self.assertEqual({}, self.cloud.there["servers"])

    def test_compute_service(self):
        """A server is not touched while the compute service of its host is down, unless --force is given."""
        self.deployed()
        server = next(iter(self.cloud.there["servers"].values()))
        up = {"host": "compute-1", "state": "up", "forced_down": False, "updated_at": "2026-01-02T03:04:05.0"}
        down, forced = {**up, "state": "down"}, {**up, "forced_down": True}
        rows = (  # the services as shown, the server's host_status, what is said of it
            ([up], "UP", None), ([up], "UNKNOWN", None), ([down], "UNKNOWN", "down since 2026-01-02T03:04:05.0"),
            ([forced], "MAINTENANCE", "forced down"), ([], "", "its host compute-1 has no compute service"),
            (None, "UP", None), (None, "DOWN", "down (host_status DOWN)"), (None, "UNKNOWN", "down (host_status UNKNOWN)"),
            (None, "MAINTENANCE", "not known"), (None, None, "not known"))
        for services, status, words in rows:
            with self.subTest(services=services, status=status):
                server.pop("host_status", None)
                server.update({} if status is None else {"host_status": status},
                              **{"OS-EXT-SRV-ATTR:host": None if services is None else "compute-1"})
                self.cloud.spoiled = [("GET", "/os-services$", (403, {"forbidden": {"message": "Policy"}})
                                       if services is None else (200, {"services": services}))]
                refused = words is not None and words != "not known"
                for verb, options in (("undeploy", ()), ("deploy", ()), ("plan", ("--undeploy",))):
                    code, text = self.run_verb(verb, *options)
                    self.assertEqual(1 if refused else 0 if verb == "plan" else 2, code, text)  # 2: no terminal to ask on
                    self.assertIn(words or "", text)
                    self.assertEqual(refused, "give --force" in text, text)
                    self.assertEqual("compute service" in text, words is not None)
                if refused:
                    code, text = self.run_verb("undeploy", "--force")
                    self.assertEqual(2, code, text)
                    self.assertIn(words, text)
        self.assertEqual([], self.deletes())
        self.assertEqual(0, self.run_verb("undeploy", "--yes")[0])

    def test_asks_on_a_terminal(self):
        self.run_verb("deploy", "--keep-failed")
        for answer in (b"n\n", b"\n", b"yess\n", b"\x04"):
            code, text = self.on_terminal("undeploy", answer)
            self.assertEqual((1, []), (code, self.deletes()), text)
            self.assertIn("nothing was changed", text)
        code, text = self.on_terminal("undeploy", None)
        self.assertEqual((4, []), (code, self.deletes()), text)
        code, text = self.on_terminal("undeploy", b"y\n")
        self.assertEqual(0, code, text)
        self.assertNotEqual([], self.deletes())


if __name__ == "__main__":
    unittest.main()
