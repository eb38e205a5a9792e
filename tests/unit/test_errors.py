#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every kind of error (base/err.h) by every verb: its exit code, what the message names, and the answer for programs."""
import concurrent.futures
import contextlib
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import fake_cloud

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import answers  # noqa: E402

DNSVNF = sys.argv.pop(1)
DESIGN = "examples/technote/corrected"
HOSTS = "tests/unit/data/hosts"
NOBODY = 65534
NAMES = ("not found", "refused", "unreachable", "no capacity", "busy", "interrupted", "local", "invalid", "failed", "bug")
VIM_VERBS = ("draw", "explain", "plan", "deploy", "verify", "drill", "status", "servers", "power", "undeploy")
VERBS = ("check", "render", *VIM_VERBS, "host")
CHANGE = ("deploy", "drill", "power", "undeploy")
STREAMS = ("deploy", "power", "undeploy")
SERVER = "cpnr-dns_cpnr_0"
LOOK = tuple(verb for verb in VIM_VERBS if verb not in CHANGE)
FAULT = {"status": "ERROR", "fault": {"message": "No valid host was found. There are not enough hosts available."}}
OTHER_FAULT = {"status": "ERROR", "fault": {"message": "the disk is on fire"}}


class Run:
    """One run of the program: its folder, its cloud, and how it ended."""

    def __init__(self, verb, cleanups):
        self.verb = verb
        self.folder = tempfile.mkdtemp()
        cleanups.callback(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        shutil.copytree(DESIGN, f"{self.folder}/design")
        self.design = f"{self.folder}/design/dep.xml"
        self.hosts = f"{self.folder}/hosts"
        shutil.copytree(HOSTS, self.hosts)
        self.cloud = fake_cloud.Cloud()
        cleanups.callback(self.cloud.close)
        self.write_clouds(self.cloud.url)
        # Where everybody may run it.
        # By another process: a copy that is open here while another thread forks is "text file busy".
        subprocess.run(["cp", DNSVNF, self.folder], check=True)
        self.program = f"{self.folder}/{os.path.basename(DNSVNF)}"
        for part in glob.glob(f"{os.path.dirname(DNSVNF)}/dnsvnf-*.so"):
            shutil.copy(part, self.folder)

    def replace(self, old, new):
        with open(self.design, encoding="utf-8") as source:
            text = source.read()
        assert old in text, old
        with open(self.design, "w", encoding="utf-8") as out:
            out.write(text.replace(old, new))

    def write_clouds(self, url):
        with open(f"{self.folder}/clouds.yaml", "w", encoding="utf-8") as out:
            out.write(f"clouds: {{test: {{region_name: R, auth: {{auth_url: '{url}/identity/v3', username: u, "
                      "password: p, project_name: test-tenant, user_domain_id: default, project_domain_id: default}}}\n")

    def start(self, *options, vim="test", nobody=False):
        operand = {"host": [], "power": ["reboot", self.design, SERVER]}.get(self.verb, [self.design])
        self.json = "--capture" not in options  # which is no answer
        form = ["-o", "json"] if self.json else []
        form += ["--yes"] if self.verb in STREAMS else []
        vim = ["--vim", vim] if vim and self.verb in VIM_VERBS else []
        drop = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if nobody and os.geteuid() == 0 else {}
        environment = {"PATH": os.environ["PATH"], "OS_CLIENT_CONFIG_FILE": f"{self.folder}/clouds.yaml",
                       "XDG_RUNTIME_DIR": self.folder, "DNSVNF_LOCAL_DIR": f"{self.folder}/local"}
        self.process = subprocess.Popen([self.program, self.verb, *form, *vim, *options, *operand], env=environment, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **drop)
        return self

    def end(self, signal_=None):
        if signal_:
            self.process.send_signal(signal_)
        self.out, self.errors = self.process.communicate(timeout=20)
        return self.process.returncode, self.errors + self.out

    def error(self):
        """Of the answer, which must be what its schema says."""
        if not self.json:
            return None
        read = answers.stream if self.verb in STREAMS else lambda *a: (None, answers.answer(*a))
        return read(self.verb, self.out)[1].get("error")

    def run(self, *options, **how):
        return self.start(*options, **how).end()


def not_found_cloud(run):
    return run.run(vim="nowhere")


def refused(run):
    run.cloud.spoil("GET", "/networks$|/servers", 403, "Policy does not allow it")
    return run.run()


def unreachable(run):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        run.write_clouds(f"http://127.0.0.1:{free.getsockname()[1]}")
        return run.run()


def not_let_in(run):
    run.cloud.spoil("POST", "/auth/tokens", 401, "The request you have made requires authentication")
    return run.run()


def let_out(run):
    """A service refuses the new token, too."""
    run.cloud.spoil("GET", "/networks$|/servers", 401, "The request you have made requires authentication")
    return run.run()


def no_host(run):
    run.cloud.new_server = FAULT
    return run.run("--hosts", run.hosts)


def other_fault(run):
    run.cloud.new_server = OTHER_FAULT
    return run.run()


def stays(run):
    deployed = Run.run
    run.cloud.new_server = {**OTHER_FAULT, "stays": True, "OS-EXT-STS:task_state": None}
    verb, run.verb = run.verb, "deploy"
    deployed(run, "--keep-failed")
    run.verb = verb
    return run.run()


def busy(run):
    other = Run.__new__(Run)
    other.__dict__.update(run.__dict__, verb="deploy")
    run.cloud.delay("GET", "/networks")
    other.start()
    assert run.cloud.delayed.wait(5)
    try:
        return run.run()
    finally:
        other.end(signal.SIGINT)


def interrupted(run):
    run.cloud.delay("GET", "/networks|/servers")
    run.start()
    assert run.cloud.delayed.wait(5), run.end(signal.SIGKILL)
    return run.end(signal.SIGINT)


def catches(pid, number):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        caught = next(line for line in status if line.startswith("SigCgt:"))
    return int(caught.split()[1], 16) >> (number - 1) & 1


def interrupted_reading(run):
    """The descriptor is a pipe into which nobody writes."""
    os.remove(run.design)
    os.mkfifo(run.design)
    run.start()
    while not catches(run.process.pid, signal.SIGINT):
        time.sleep(0.01)
    return run.end(signal.SIGINT)


def guest_on_loopback(run):
    for folder, _, files in os.walk(f"{run.folder}/design"):
        for file in files:
            with open(f"{folder}/{file}", "r+", encoding="utf-8") as f:
                text = f.read().replace("10.10.10.", "127.10.10.")
                f.seek(0)
                f.write(text)


def serving(run, **attributes):
    """A server of the design that is there, and its guest's addresses on loopback."""
    run.cloud.make("servers", {"name": SERVER, "metadata": {"dnsvnf_owner": f"dnsvnf:test-tenant/cpnr-dns/server/{SERVER}"},
                               **attributes})
    guest_on_loopback(run)


def no_guest(run):
    serving(run)
    return run.run()


def not_deployed(run):
    return run.run()


def interrupted_guest(run):
    serving(run)
    with socket.create_server(("127.10.10.10", 9780)) as guest:
        run.start()
        guest.settimeout(5)
        with guest.accept()[0]:
            return run.end(signal.SIGINT)


def does_not_start(run):
    serving(run, host_status="UP")
    run.cloud.fails = ["the disk is on fire"]
    return run.run()


def locked(run):
    serving(run, host_status="UP", locked=True, locked_reason="it is being moved")
    return run.run()


def migrating(run):
    serving(run, **{"host_status": "UP", "OS-EXT-STS:task_state": "migrating"})
    return run.run()


def unreadable_design(run):
    os.chmod(run.design, 0)
    return run.run(nobody=True)


def unreadable_hosts(run):
    os.chmod(run.hosts, 0)
    return run.run("--hosts", run.hosts, vim=None, nobody=True)


def unwritable_picture(run):
    return run.run("--svg", "/etc/x.svg", vim=None, nobody=True)


def unreadable_clouds(run):
    os.chmod(f"{run.folder}/clouds.yaml", 0)
    return run.run(nobody=True)


def local_vim_needs_root(run):
    return run.run(vim="local", nobody=True)


def unreadable_tree(run):
    os.mkdir(f"{run.folder}/tree", 0)
    return run.run("--root", f"{run.folder}/tree", nobody=True)


def unwritable_capture(run):
    return run.run("--capture", "/etc/x.tar", nobody=True)


def no_xml(run):
    run.replace("</esc_datamodel>", "")
    return run.run()


def no_yaml(run):
    with open(f"{run.folder}/clouds.yaml", "a", encoding="utf-8") as out:
        out.write("]")
    return run.run()


def no_host_json(run):
    with open(f"{run.hosts}/compute-1.json", "w", encoding="utf-8") as out:
        out.write('{"hostname": 7}')
    return run.run("--hosts", run.hosts, vim=None)


# (kind, verbs, exit code, what the message names, how it is brought about)
CASES = (
    ("not found", VIM_VERBS, 1, "nowhere", not_found_cloud),
    ("not found", ("drill",), 1, 'deployment "cpnr-dns" has no server "cpnr-dns_cpnr_0": run \'dnsvnf deploy\' first',
     not_deployed),
    ("refused", VIM_VERBS, 1, "HTTP 403: Policy does not allow it (req-1)", refused),
    ("unreachable", VIM_VERBS, 3, "Keystone: POST", unreachable),
    ("refused", VIM_VERBS, 1, "HTTP 401: The request you have made requires authentication (req-1); check the credentials",
     not_let_in),
    ("refused", VIM_VERBS, 1, "HTTP 401", let_out),
    ("unreachable", ("drill",), 3, "bondd at http://127.10.10.10:9780/status: connection refused", no_guest),
    ("no capacity", ("deploy",), 1, "server cpnr-dns_cpnr_0 fits on compute-1", no_host),
    ("busy", CHANGE, 1, "is working on", busy),
    ("interrupted", ("check", "render"), 4, "", interrupted_reading),
    ("interrupted", VIM_VERBS, 4, "", interrupted),
    ("interrupted", ("drill",), 4, "interrupted", interrupted_guest),
    ("local", ("check", "render", *VIM_VERBS), 1, "dep.xml: Permission denied", unreadable_design),
    ("local", VIM_VERBS, 1, "permission denied: ", unreadable_clouds),
    ("local", ("draw", "explain"), 1, "hosts: Permission denied", unreadable_hosts),
    ("local", ("draw",), 1, "/etc/x.svg", unwritable_picture),
    ("local", ("undeploy",), 1, "root", local_vim_needs_root),
    ("local", ("host",), 1, "tree: Permission denied", unreadable_tree),
    ("local", ("host",), 1, "/etc/x.tar", unwritable_capture),
    ("invalid", ("check", "render", *VIM_VERBS), 1, "dep.xml", no_xml),
    ("invalid", VIM_VERBS, 1, "clouds.yaml:", no_yaml),
    ("invalid", ("draw", "explain"), 1, "compute-1.json: ", no_host_json),
    ("failed", ("deploy",), 1, "the disk is on fire", other_fault),
    ("failed", ("undeploy",), 1, "the disk is on fire", stays),
    ("failed", ("power",), 1, "reboot: the server is in ERROR: the disk is on fire", does_not_start),
    ("not found", ("power",), 1, f'no server "{SERVER}" is deployed by', not_deployed),
    ("refused", ("power",), 1, f'server "{SERVER}" is locked (it is being moved)', locked),
    ("busy", ("power",), 1, f'server "{SERVER}" has the task migrating', migrating),
)

FILES_ONLY = "reads files of this machine only"
STARTS_NONE = "does not start a server"
IMPOSSIBLE = {
    "not found": {"check": FILES_ONLY + ": one that is missing is local", "host": "a machine lacks nothing it needs"},
    "refused": {"check": FILES_ONLY, "host": FILES_ONLY},
    "unreachable": {"check": FILES_ONLY, "host": FILES_ONLY},
    "no capacity": {"check": FILES_ONLY, "host": FILES_ONLY, "undeploy": STARTS_NONE, "verify": STARTS_NONE,
                    "status": STARTS_NONE, "servers": STARTS_NONE, "drill": STARTS_NONE,
                    "power": "a server starts again on the host that it has",
                    **dict.fromkeys(("draw", "explain", "plan"), "that nothing fits is its result, no error")},
    "busy": dict.fromkeys(("check", *LOOK, "host"), "takes no lock: it changes nothing"),
    "interrupted": {"host": "waits for nothing: it is over before a signal could come"},
    "invalid": {"host": "reads no input: what is wrong in sysfs is unknown, no error"},
    "failed": {"check": FILES_ONLY, "host": FILES_ONLY,
               "drill": "what a drill breaks and cannot mend is refused or unreachable",
               **dict.fromkeys(LOOK, "asks for nothing that could fail later: a server in ERROR is its result")},
    "bug": dict.fromkeys(VERBS, "no input is known that shows one"),
}


for kind in ("not found", "refused", "unreachable", "no capacity", "failed"):
    IMPOSSIBLE[kind]["render"] = FILES_ONLY
IMPOSSIBLE["busy"]["render"] = "takes no lock: it changes nothing"


class Errors(unittest.TestCase):
    def test_every_kind_and_verb_has_a_case_or_a_reason(self):
        cases = {(kind, verb) for kind, verbs, *_ in CASES for verb in verbs}
        reasons = {(kind, verb) for kind, verbs in IMPOSSIBLE.items() for verb in verbs}
        self.assertEqual(set(), cases & reasons)
        self.assertEqual({(kind, verb) for kind in NAMES for verb in VERBS}, cases | reasons)

    def test_kinds_are_those_of_the_header(self):
        with open("src/base/err.h", encoding="utf-8") as header:
            kinds = [line.split()[0][4:-1].lower().replace("_", " ") for line in header
                     if line.startswith("\tERR_") and not line.startswith("\tERR_NONE")]
        self.assertEqual(sorted(NAMES), sorted(kinds))

    def test_no_local_error_is_left_on_the_disk(self):
        for path in ("/etc/x.svg", "/etc/x.tar"):
            self.assertFalse(os.path.exists(path))


def bring_about(verb, how):
    with contextlib.ExitStack() as cleanups:
        run = Run(verb, cleanups)
        return (*how(run), run)


def add_case(executor, kind, verb, code, words, how):
    result = executor.submit(bring_about, verb, how)

    def test(self):
        got, text, run = result.result()
        self.assertEqual(code, got, text)
        self.assertIn(words, text)
        if (kind, verb) == ("invalid", "check"):  # that is what was asked
            self.assertEqual(1, answers.answer(verb, run.out)["errors"])
        elif run.json:
            error = run.error()
            self.assertEqual(kind.replace(" ", "_"), error["kind"])
            self.assertTrue(error["text"] == "interrupted" or error["text"] in run.errors, (error, text))
    setattr(Errors, f"test_{kind.replace(' ', '_')}_{verb}_{how.__name__}", test)


if __name__ == "__main__":
    # Most of them wait: for a repeated request, or for a signal.
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        for row in CASES:
            for one in row[1]:
                add_case(pool, row[0], one, *row[2:])
        unittest.main()
