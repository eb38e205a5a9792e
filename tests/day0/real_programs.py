#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The programs that read day-0 in the guest, from Debian's packages: unpacked, not installed.

  real_programs.py BUILD_FOLDER     prints the folder into which they are unpacked
"""
import fcntl
import glob
import os
import subprocess
import sys

PACKAGES = ["cloud-init", "netplan.io", "libnetplan0|libnetplan1", "network-manager", "libnm0", "ifupdown"]


def choose(entry):
    """The first of "a|b" that apt knows."""
    for name in entry.split("|"):
        policy = subprocess.run(["apt-cache", "policy", name], capture_output=True, text=True).stdout
        if "Candidate:" in policy and "Candidate: (none)" not in policy:
            return name
    return entry.split("|")[0]


def download(folder):
    names = [choose(entry) for entry in PACKAGES]
    return subprocess.run(["apt-get", "download", "-q", *names], cwd=folder, capture_output=True, text=True)


def unpack(build):
    """Unpacks the packages once; returns the folder."""
    root = os.path.join(build, "real-programs")
    os.makedirs(root, exist_ok=True)
    with open(os.path.join(root, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = os.path.join(root, "done")
        if os.path.exists(done):
            return root
        if os.getuid() == 0:
            subprocess.run(["chown", "_apt", root], check=False)
        got = download(root)
        if got.returncode:  # the lists may be old, or not there at all
            subprocess.run(["apt-get", "update", "-qq"], capture_output=True)
            got = download(root)
        if got.returncode:
            sys.exit("apt cannot get the packages %s (apt-get update first?): %s" % (PACKAGES, got.stderr))
        for package in glob.glob(os.path.join(root, "*.deb")):
            subprocess.run(["dpkg", "-x", package, root], check=True)
        open(done, "w").close()
    return root


if __name__ == "__main__":
    print(unpack(sys.argv[1]))
