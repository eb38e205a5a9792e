# SPDX-License-Identifier: Apache-2.0
"""A guest without a VM: namespaces of mounts, network and processes, in which the folders of Knot, Unbound and Kea are empty
and in memory, so that the files of `dnsvnf ddi` are used as they are, at their paths. Needs root. DNSVNF_TEST_ROOT: a
folder with another Debian, whose programs are used (default: this machine's)."""
import os
import subprocess
import time

ROOT = os.environ.get("DNSVNF_TEST_ROOT", "")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
FOLDERS = ("etc/knot", "etc/unbound", "etc/kea", "var/lib/knot", "var/lib/kea", "var/lib/unbound", "run")
SETUP = f"""set -e
for d in {' '.join(FOLDERS)}; do mkdir -p {ROOT}/$d; mount -t tmpfs none {ROOT}/$d; done
[ -z '{ROOT}' ] || {{ mount -t proc none {ROOT}/proc; mount --bind /dev {ROOT}/dev; }}
mkdir -p -m 755 {ROOT}/run/knot
mkdir -p -m 750 {ROOT}/run/kea
ip link set lo up
echo ready
read end || true
"""
ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C", "KEA_LOCKFILE_DIR": "/run/kea", "KEA_PIDFILE_DIR": "/run/kea"}


def wait(what, condition, seconds=120):
    """The first true result of condition()."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.2)


class Guest:
    """All that runs in it ends with it, and with this process."""

    def __init__(self, log):
        self.log = log  # folder for what its daemons print
        self.daemons = {}
        self.holder = subprocess.Popen(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", SETUP],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        if self.holder.stdout.readline() != "ready\n":
            raise AssertionError("no namespaces: this needs root")
        with open(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children", encoding="ascii") as file:
            self.pid = int(file.read())

    def command(self, arguments, chroot=True):
        inside = ["chroot", ROOT, *arguments] if ROOT and chroot else list(arguments)
        return ["nsenter", "-t", str(self.pid), "-m", "-n", "-p", *inside]

    def run(self, *arguments, check=True, **options):
        done = subprocess.run(self.command(arguments), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                              env=ENVIRONMENT, check=False, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(arguments)}: {done.returncode}: {done.stdout}")
        return done.stdout

    def script(self, text):
        """A shell script of this machine; files of the guest are below ROOT."""
        subprocess.run(self.command(["sh", "-ec", text], chroot=False), check=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL)

    def put(self, folder):
        """The files of a member; the servers' users own their state."""
        self.script(f"cp -r {folder}/. {ROOT}/")
        self.run("chown", "-R", "knot:knot", "/var/lib/knot", "/run/knot", "/etc/knot")
        self.run("chown", "-R", "unbound:unbound", "/var/lib/unbound")

    def start(self, *arguments):
        path = os.path.join(self.log, f"{self.pid}-{os.path.basename(arguments[0])}.log")
        with open(path, "w", encoding="utf-8") as log:
            self.daemons[arguments[0]] = subprocess.Popen(self.command(arguments), stdin=subprocess.DEVNULL, stdout=log,
                                                          stderr=log, env=ENVIRONMENT)

    def said(self, daemon):
        with open(os.path.join(self.log, f"{self.pid}-{daemon}.log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    def link(self, other, name, other_name):
        """A cable to another guest."""
        subprocess.run(["nsenter", "-t", str(self.pid), "-n", "ip", "link", "add", name, "type", "veth", "peer", "name", other_name,
                        "netns", str(other.pid)], check=True)

    def addresses(self, interface, *addresses):
        self.script(f"ip link set {interface} up; " + "".join(
            f"ip addr add {a} dev {interface}{' nodad' if ':' in a else ''}; " for a in addresses))

    def close(self):
        self.holder.communicate("", timeout=60)
        for daemon in self.daemons.values():
            daemon.wait(60)
