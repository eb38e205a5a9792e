#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bondd's tarball in guests that are not ours: Debian 11, 12 and 13 with their own kernel, systemd and libraries.

Each is made by mmdebstrap, without cloud-init, NetworkManager and any library of bondd's, gets the tarball by its own
install.sh, and is booted with a bond of two NICs, where bondd has to see a dead path and a lost carrier. Needs root.
DNSVNF_TEST_SUITES="bullseye ..." chooses.
"""
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DIST = os.path.join(TOP, "build", "dist")
SUITES = os.environ.get("DNSVNF_TEST_SUITES", "bullseye bookworm trixie").split()
PACKAGES = "linux-image-cloud-amd64,systemd-sysv,udev,iproute2"
NETWORK = {
    "10-bond0.netdev": "[NetDev]\nName=bond0\nKind=bond\n[Bond]\nMode=active-backup\nMIIMonitorSec=100ms\n"
                       "FailOverMACPolicy=active\n",
    "20-leg.network": "[Match]\nName=eth1 eth2\n[Network]\nBond=bond0\n",
    "30-bond0.network": "[Match]\nName=bond0\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n",
    "40-mgmt.network": "[Match]\nName=eth0\n[Network]\nAddress=10.0.3.15/24\n",
}
NICS = {"eth1": "a", "eth2": "b"}
BOOT_S, MOVE_S = 600, 120  # emulated: a /dev/kvm may exist and not work


def say(text):
    print(f"    {text}", file=sys.stderr, flush=True)


def run(*command, **how):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **how)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def mirror():
    """DEBIAN_MIRROR, or the Debian archive of this machine's apt."""
    uris = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian").split()
    archive = os.environ.get("DEBIAN_MIRROR") or next(iter(uris), None)
    if not archive:
        raise AssertionError("this machine's apt knows no Debian archive: set DEBIAN_MIRROR to the URL of one")
    return archive


def make_tree(suite):
    """The release's root, made once."""
    tree = os.path.join(DIST, "guests", suite)
    if not os.path.exists(tree):
        os.makedirs(os.path.dirname(tree), exist_ok=True)
        run("unshare", "--mount", "mmdebstrap", "--mode=root", "--variant=minbase", f"--include={PACKAGES}",
            '--aptopt=APT::Install-Recommends "false"',
            "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
            suite, tree + ".new", mirror(), timeout=1800)
        os.rename(tree + ".new", tree)
    return tree


def chroot(tree, *command):
    """As in an installer: with the kernel's file systems, and systemd not running."""
    script = 'mount --rbind /proc "$0/proc" && mount --rbind /sys "$0/sys" && exec chroot "$0" "$@"'
    return run("unshare", "--mount", "sh", "-c", script, tree, *command)


class Qmp:
    def __init__(self, path, case):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        case.addCleanup(self.socket.close)
        self.lines = self.socket.makefile("rw")
        self.lines.readline()
        self.run("qmp_capabilities")

    def run(self, command, **arguments):
        self.lines.write(json.dumps({"execute": command, "arguments": arguments}))
        self.lines.flush()
        while "return" not in (answer := json.loads(self.lines.readline())):
            if "error" in answer:
                raise AssertionError(f"{command}: {answer['error']}")

    def hold(self, nic, on):
        """Keeps the packets of the NIC, whose carrier stays."""
        self.run("qom-set", path=f"/objects/hold-{NICS[nic]}", property="status", value="on" if on else "off")

    def set_link(self, nic, up):
        self.run("set_link", name=f"nic-{NICS[nic]}", up=up)


class Guest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bondd-dist-")
        self.addCleanup(shutil.rmtree, self.folder)
        tarball, = glob.glob(os.path.join(DIST, "bondd-*.tar.gz"))
        self.tarball = tarball

    def install(self, tree):
        """By the guest's own tools; what it says of units and configuration."""
        home = os.path.join(tree, "root")
        run("tar", "-xzf", self.tarball, "-C", home, "--no-same-owner")
        name = os.path.basename(self.tarball)[:-len(".tar.gz")]
        chroot(tree, f"/root/{name}/install.sh")
        self.assertRegex(chroot(tree, "/usr/local/sbin/bondd", "--version"), r"^bondd \d")
        self.assertEqual("", chroot(tree, "systemd-analyze", "verify", "--man=no", "/etc/systemd/system/bondd.service",
                                    "/etc/systemd/system/bondd-status.service"))
        with open(os.path.join(tree, "etc", "bondd.conf"), "a", encoding="utf-8") as conf:
            conf.write("listen = 10.0.3.15:9780\n")
        self.assertEqual("", chroot(tree, "/usr/local/sbin/bondd", "check-config"))

    def configure(self, tree):
        for name, text in NETWORK.items():
            with open(os.path.join(tree, "etc", "systemd", "network", name), "w", encoding="utf-8") as target:
                target.write(text)
        run("systemctl", f"--root={tree}", "enable", "systemd-networkd")

    def boot(self, tree):
        """A disk of the tree, and QEMU with it: its QMP, and the port of its status service."""
        disk = os.path.join(self.folder, "root.img")
        run("mkfs.ext4", "-q", "-d", tree, disk, "1500M")
        kernel, = glob.glob(os.path.join(tree, "boot", "vmlinuz-*"))
        initrd, = glob.glob(os.path.join(tree, "boot", "initrd.img-*"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        legs = [text for name in NICS.values() for text in (
            "-netdev", f"user,id={name},net=10.0.2.0/24,restrict=on",
            "-device", f"virtio-net-pci,netdev={name},id=nic-{name}",
            "-object", f"filter-buffer,id=hold-{name},netdev={name},interval=4000000000,status=off")]
        qmp = os.path.join(self.folder, "qmp")
        with open(os.path.join(self.folder, "console"), "wb") as console:
            qemu = subprocess.Popen([  # pylint: disable=consider-using-with
                "qemu-system-x86_64", "-machine", "q35,hpet=off", "-accel", "tcg,thread=multi", "-cpu", "max",
                "-m", "512", "-smp", "2", "-nodefaults", "-display", "none", "-serial", "stdio",
                "-qmp", f"unix:{qmp},server=on,wait=off", "-kernel", kernel, "-initrd", initrd,
                "-append", "root=/dev/vda rw console=ttyS0 net.ifnames=0 panic=-1",
                "-drive", f"file={disk},format=raw,if=virtio,cache=unsafe",
                "-netdev", f"user,id=mgmt,net=10.0.3.0/24,restrict=on,hostfwd=tcp:127.0.0.1:{port}-10.0.3.15:9780",
                "-device", "virtio-net-pci,netdev=mgmt", *legs],
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)
        self.addCleanup(qemu.wait)
        self.addCleanup(qemu.kill)
        self.port = port
        end = time.monotonic() + 60
        while not os.path.exists(qmp) and time.monotonic() < end:
            time.sleep(0.1)
        return Qmp(qmp, self)

    def bond(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status", timeout=5) as answer:
                return next(iter(json.load(answer)["bonds"]), None)
        except OSError:
            return None

    def wait(self, what, wanted, seconds):
        end = time.monotonic() + seconds
        while not ((bond := self.bond()) and bond["watch"] and wanted(bond)):
            if time.monotonic() > end:
                with open(os.path.join(self.folder, "console"), encoding="utf-8", errors="replace") as console:
                    self.fail(f"{what}: not within {seconds} s\n{json.dumps(bond)}\n{console.read()[-3000:]}")
            time.sleep(0.5)
        return bond

    def both_proven(self, seconds):
        return self.wait("both legs proven", lambda bond: [leg["watch"] and leg["watch"]["path"]
                                                           for leg in bond["legs"]] == ["proven"] * 2, seconds)

    def in_release(self, suite):
        tree = os.path.join(self.folder, "tree")
        run("cp", "-a", make_tree(suite), tree)
        self.install(tree)
        self.configure(tree)
        start = time.monotonic()
        qmp = self.boot(tree)
        leg = self.both_proven(BOOT_S)["active_leg"]
        say(f"{suite}: both legs proven {time.monotonic() - start:.0f} s after QEMU's start")
        for cause, fail, words in (("silent", lambda on: qmp.hold(leg, on), "with carrier up"),
                                   ("carrier", lambda on: qmp.set_link(leg, not on), "lost its carrier")):
            leg = self.both_proven(MOVE_S)["active_leg"]
            fail(True)
            bond = self.wait(f"a move: {cause}", lambda b: b["active_leg"] != leg and b["watch"]["moves"][cause], MOVE_S)
            say(f"{suite}: {bond['watch']['sentence']}")
            self.assertRegex(bond["watch"]["sentence"], rf"^{leg} .*{words}: moved to eth\d after \d+ ms")
            fail(False)


for each in SUITES:
    setattr(Guest, f"test_{each}", lambda self, suite=each: self.in_release(suite))

if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("tests/dist needs root: sudo make test-bondd-dist")
    unittest.main(verbosity=2)
