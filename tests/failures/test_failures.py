#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Failures in turn: in each run of a command one thing goes wrong, in the next run the next thing.

    system calls   each fails once, with an error that its manual page has (strace)
    allocations    malloc, calloc or realloc returns NULL once, by each call path to it (LD_PRELOAD)
    answers        each answer of a cloud comes slowly, never, is huge, or has values of other types

The command has to end as if undisturbed, with the same output, files and objects in the cloud; or with another exit
code than 0 and a reason on stderr, or with a finding or an "unknown" that is the reason; each file as it was or as it should be. By default a sample, which a seed
spreads (it is printed; FAILURES_SEED sets it); with FAILURES=whole (`make failures`) every point, or at most FAILURES_POINTS of a
command and series, and doc/failures.md.
"""
import collections
import concurrent.futures
import contextlib
import datetime
import difflib
import io
import json
import os
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest

import commands
from commands import TOP

sys.path.append(os.path.join(TOP, "tests", "unit"))
import fake_cloud  # noqa: E402

DNSVNF, BONDD, LIBRARY = (os.path.abspath(sys.argv.pop(1)) for _ in range(3))
WHOLE = os.environ.get("FAILURES") == "whole"
SEED = int(os.environ.get("FAILURES_SEED") or random.SystemRandom().randrange(1, 1_000_000))
POINTS = int(os.environ.get("FAILURES_POINTS", "0"))
TABLE = os.path.join(TOP, "doc", "failures.md")
SAMPLE = {"system calls": 8, "allocations": 12, "answers": 3}  # points of each of so many commands:
SAMPLE_COMMANDS = 3
TIMEOUT = 120
CHANGING = re.compile(r"\[ *\d+\.\d+ s\]|\(\d+\.\d s\)|\b\d+ ms\b")  # times
IGNORED = re.compile(r"(^|/)lock$|^trace$|^count$|^clouds.yaml$|^run/")  # a lock has the pid in it
REASON = re.compile(r"Input/output error|Cannot allocate memory|Too many open files|[Oo]ut of memory")
NOTES = re.compile(r"(\d+) notes not drawn")
COLUMNS = ("points", "tried", "signal", "hang", "half file", "wrong exit 0", "no reason")

# These cannot fail (their manual pages have no errors, or only for wrong arguments), or not return.
NEVER_FAIL = {"exit", "exit_group", "rt_sigreturn", "restart_syscall", "getpid", "gettid", "getppid", "getuid", "geteuid",
              "getgid", "getegid", "umask", "set_tid_address", "arch_prctl", "sched_yield", "execve", "futex",
              "rt_sigaction", "rt_sigprocmask",
              "close"}  # Linux closes the file whatever it returns; strace can only leave it open
LOADER = [("mmap", "error=ENOMEM", 1)]  # of the loader's own memory: glibc dies of it before the program begins
MEMORY = {"mmap", "mremap", "mprotect", "munmap", "madvise", "clone", "clone3", "poll", "ppoll", "select", "pselect6"}
FILES = {"open", "openat", "openat2", "socket", "pipe", "pipe2", "dup", "dup3", "epoll_create1", "eventfd2", "timerfd_create",
         "socketpair", "memfd_create"}
INTERRUPTED = {"getrandom", "nanosleep", "clock_nanosleep", "epoll_wait", "epoll_pwait"}


def errors_of(call):
    """What strace does to the call."""
    if call == "brk":
        return ["retval=0"]  # how the kernel refuses
    if call in INTERRUPTED:
        return ["error=EINTR"]
    if call in MEMORY:
        return ["error=ENOMEM"]
    return ["error=EIO"] + (["error=EMFILE"] if call in FILES else [])


# ---- one run ----

class Result:
    """What a run left: exit code (negative: a signal; None: it hung), outputs, files, objects in its cloud."""

    def __init__(self, command, code, out, err, files, objects):
        self.code, self.err, self.files, self.objects = code, err, files, objects
        self.out = CHANGING.sub("TIME", out)
        if command.live:  # how much memory is free, and how wide that makes the columns
            self.out = re.sub(r" +", " ", re.sub(r"\d+", "N", out))

    def what(self):
        return self.out, self.files, self.objects

    def __str__(self):
        return f"{self.code}, {self.err[-400:]!r}"


def files_below(folder):
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.relpath(os.path.join(at, name), folder)
            if not IGNORED.search(path) and os.path.isfile(os.path.join(at, name)):
                with open(os.path.join(at, name), "rb") as file:
                    found[path] = names_in(file.read())
    return found


def names_in(content):
    """Of a captured machine, whose files change, the names."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            return archive.getnames()
    except (tarfile.TarError, EOFError) as error:
        return f"broken: {error}"


def cloud_of(command):
    """With a server whose boot fails, or one that is there."""
    cloud = fake_cloud.Cloud()
    cloud.new_server = {"status": "ERROR", "fault": {"message": "the disk is on fire"}}
    if command.arguments[0] != "deploy":
        mark = "dnsvnf:test-tenant/cpnr-dns"
        cloud.make("networks", {"name": "net-a", "description": f"{mark}/network/net-a"})
    return cloud


def write_clouds(folder, cloud):
    commands.write(folder, "clouds.yaml", json.dumps({"clouds": {"test": {"region_name": "R", "auth": {
        "auth_url": f"{cloud.url}/identity/v3", "username": "u", "password": "p", "project_name": "test-tenant",
        "user_domain_id": "default", "project_domain_id": "default"}}}}))


class Run:
    """A command in a new folder; wrap comes before it, bent spoils answers of its cloud."""

    def __init__(self, command, wrap=(), bent=None, read=None, **environment):
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dnsvnf-failures-"))
            os.chmod(folder, 0o711)  # the checkers of name servers run as nobody
            os.mkdir(f"{folder}/run", 0o711)
            command.prepare(folder)
            cloud = None
            if command.on_cloud:
                cloud = cloud_of(command)
                stack.callback(cloud.close)
                cloud.bent = bent or {}
                write_clouds(folder, cloud)
            self.before = files_below(folder)
            self.result = self.run(command, folder, wrap, environment, cloud)
            self.requests = len(cloud.requests) if cloud else 0
            self.text = None
            if read and os.path.exists(f"{folder}/{read}"):
                with open(f"{folder}/{read}", encoding="utf-8", errors="replace") as file:
                    self.text = file.read()

    @staticmethod
    def run(command, folder, wrap, environment, cloud):
        program = BONDD if command.bondd else DNSVNF
        process = subprocess.Popen(
            [*wrap, program, *command.arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
            env={"PATH": os.environ["PATH"], "DNSVNF_LOCAL_DIR": "local", "XDG_RUNTIME_DIR": f"{folder}/run",
                 "TMPDIR": f"{folder}/run",
                 "OS_CLIENT_CONFIG_FILE": f"{folder}/clouds.yaml", **environment})
        try:
            out, err = process.communicate(timeout=TIMEOUT)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            out, err = process.communicate()
            code = None
        objects = {kind: sorted(thing.get("name", "") for thing in things.values())
                   for kind, things in cloud.there.items()} if cloud else None
        return Result(command, code, out, err, files_below(folder), objects)


def is_whole(content):
    """A picture with a finding, which is another one."""
    return isinstance(content, bytes) and content.startswith(b"<svg") and content.endswith(b"</svg>\n")


def notes(result):
    """How many a picture says that it leaves out: one more if a name server's checker has failed."""
    found = NOTES.search(str(result.what()))
    return int(found[1]) if found else 0


class Undisturbed:
    """What has to come of a command."""

    def __init__(self, command):
        run = Run(command)
        self.before, self.result, self.requests = run.before, run.result, run.requests

    def judge(self, got):
        """Which column a disturbed run counts in, or None."""
        if got.code is None:
            return "hang"
        if got.code < 0:
            return "signal"
        for path, content in got.files.items():
            if content not in (self.before.get(path), self.result.files.get(path)) and not is_whole(content):
                return "half file"
        says_so = REASON.search(str(got.what())) or got.out.count("unknown") > self.result.out.count("unknown") \
            or notes(got) > notes(self.result)
        if (got.code, got.what()) == (self.result.code, self.result.what()) or says_so:
            return None  # as undisturbed, or the result itself says what it lacks: a finding, an unknown
        if got.code == 0:
            return "wrong exit 0"
        return "no reason" if got.err == self.result.err else None


# ---- the series ----

class SystemCalls:
    name = "system calls"
    commands = commands.OFFLINE + commands.CLOUD

    @staticmethod
    def points(command, _):
        """(call, how it fails, number), of the thread that makes most of them. That libraries are loaded is the same in
        every command of a program: only one of them tries it."""
        run = Run(command, ("strace", "-f", "-qq", "-o", "trace"), read="trace")
        counts = collections.defaultdict(collections.Counter)
        loading = collections.Counter()
        for line in (run.text or "").splitlines():
            match = re.match(r"(\d+) +(\w+)\((.*)", line)
            if match:
                counts[match[2]][match[1]] += 1
                if match[2] == "openat" and re.search(r'\.so[.0-9]*"', match[3]) and not command.loads:
                    loading.update({call: max(threads.values()) - loading[call] for call, threads in counts.items()})
        return [(call, error, number) for call, threads in counts.items() if call not in NEVER_FAIL
                for error in errors_of(call) for number in range(loading[call] + 1, max(threads.values()) + 1)
                if (call, error, number) not in LOADER]

    @staticmethod
    def disturb(command, point):
        call, error, number = point
        run = Run(command, ("strace", "-f", "-qq", "-o", "trace", "--seccomp-bpf", "-e", f"trace={call}",
                            "-e", f"inject={call}:{error}:when={number}"), read="trace")
        return run.result if run.text and "(INJECTED)" in run.text else None


class Allocations:
    name = "allocations"
    commands = commands.OFFLINE + commands.CLOUD

    @staticmethod
    def points(command, _):
        run = Run(command, LD_PRELOAD=LIBRARY, FAIL_COUNT="count", read="count")
        return sorted(int(number) for number in run.text.split())

    @staticmethod
    def disturb(command, point):
        return Run(command, LD_PRELOAD=LIBRARY, FAIL_AT=str(point)).result


class Answers:
    name = "answers"
    commands = commands.CLOUD

    @staticmethod
    def points(_, undisturbed):
        return [(number, kind) for number in range(1, undisturbed.requests + 1) for kind in fake_cloud.BENDS if kind]

    @staticmethod
    def disturb(command, point):
        return Run(command, bent=dict([point]), DNSVNF_HTTP_TIMEOUT="2").result


SERIES = (SystemCalls, Allocations, Answers)


class Table:
    def __init__(self):
        self.lock = threading.Lock()
        self.rows = collections.defaultdict(collections.Counter)
        self.failed = []

    def add(self, series, command, point, column, got, undisturbed):
        with self.lock:
            row = self.rows[series.name, str(command)]
            row["tried"] += 1
            if column:
                row[column] += 1
                other = [line for line in difflib.ndiff(undisturbed.result.out.splitlines(), got.out.splitlines())
                         if line[0] in "+-"] + sorted(set(got.files) ^ set(undisturbed.result.files))
                self.failed.append(f"{series.name}: {command}: {point}: {column}: {got}: {'; '.join(other[:6])}")
                print(self.failed[-1], file=sys.stderr, flush=True)

    def text(self):
        lines = ["| series | command | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
        total = collections.Counter()
        for (series, command), row in self.rows.items():
            lines.append(f"| {series} | `{command}` | " + " | ".join(str(row[column]) for column in COLUMNS) + " |")
            total += row
        return "\n".join(lines + ["| **all** | | " + " | ".join(str(total[column]) for column in COLUMNS) + " |"])


def write_document(table, seconds):
    commit = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"], text=True, stdout=subprocess.PIPE,
                            check=False).stdout.strip() or "unknown"
    with open(TABLE, "w", encoding="utf-8") as out:
        out.write("# Failures in turn\n\nWritten by `make failures` ([how](../tests/failures/test_failures.py)): in each run of a "
                  "command one system call, one\nallocation or one answer of the cloud fails, and the run has to end as if "
                  "undisturbed, or with an error.\n\n"
                  f"{datetime.date.today()}, commit {commit}, {seconds / 60:.0f} minutes.\n\n{table.text()}\n")


class Failures(unittest.TestCase):
    table = Table()

    def run_series(self, series):
        rng = random.Random(SEED)
        wanted = os.environ.get("FAILURES_COMMAND", "")

        def attempt(command, undisturbed, point):
            got = series.disturb(command, point)
            if got and got.code is None:  # a machine that does too much else is slow, but not twice
                got = series.disturb(command, point)
            if got:
                self.table.add(series, command, point, undisturbed.judge(got), got, undisturbed)

        with concurrent.futures.ThreadPoolExecutor(16 if series is Answers else 3) as pool:
            jobs = []
            chosen = [command for command in series.commands if wanted in str(command)]
            if not WHOLE:
                chosen = rng.sample(chosen, min(len(chosen), SAMPLE_COMMANDS))
            for command in chosen:
                undisturbed = Undisturbed(command)
                again = Run(command).result
                self.assertEqual((undisturbed.result.code, undisturbed.result.what()), (again.code, again.what()), command)
                points = series.points(command, undisturbed)
                self.assertTrue(points, command)
                self.table.rows[series.name, str(command)]["points"] = len(points)
                if not WHOLE or POINTS:
                    points = rng.sample(points, min(len(points), POINTS or SAMPLE[series.name]))
                jobs += [pool.submit(attempt, command, undisturbed, point) for point in points]
            for job in jobs:
                job.result()
        self.assertEqual([], [line for line in self.table.failed if line.startswith(series.name)])

    def test_system_calls(self):
        self.run_series(SystemCalls)

    def test_allocations(self):
        self.run_series(Allocations)

    def test_answers(self):
        self.run_series(Answers)


if __name__ == "__main__":
    print(f"FAILURES_SEED={SEED}", file=sys.stderr)
    start = time.monotonic()
    done = unittest.main(exit=False, verbosity=2).result
    print(Failures.table.text())
    if WHOLE and len(sys.argv) == 1 and not os.environ.get("FAILURES_COMMAND"):
        write_document(Failures.table, time.monotonic() - start)
    sys.exit(not done.wasSuccessful())
