# SPDX-License-Identifier: Apache-2.0
"""dnsvnfd as a test runs it, with a store and a socket of its own, and the verbs that talk to it."""
import ctypes
import json
import os
import signal
import subprocess
import time

import answers


def end_with_this_process():
    """In a child: a test that is killed leaves none."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Daemon:
    """folder: of its files; environment: of its jobs, too; settings: its configuration."""

    def __init__(self, folder, environment, **settings):
        self.folder = folder
        self.store = os.path.join(folder, "store")
        self.socket = os.path.join(folder, "manager.sock")
        self.environment = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": folder, "DNSVNF_MANAGER": self.socket, **environment}
        self.settings = settings
        self.daemon = self.log = None
        self.later = 0  # s by which the daemon's clocks are ahead, as if it had not run for so long

    # ---- the daemon ----

    def start(self, dnsvnfd, dnsvnf, **settings):
        self.settings |= {"store": self.store, "socket": self.socket, "dnsvnf": dnsvnf, **settings}
        conf = os.path.join(self.folder, "dnsvnfd.conf")
        with open(conf, "w", encoding="utf-8") as out:
            out.writelines(f"{name} = {value}\n" for name, value in self.settings.items())
        self.log = open(os.path.join(self.folder, "log"), "a+", encoding="utf-8")  # pylint: disable=consider-using-with
        words = ["unshare", "--time", "--boottime", str(self.later), "--monotonic", str(self.later)] if self.later else []
        self.daemon = subprocess.Popen([*words, dnsvnfd, "--config", conf], stderr=self.log, env=self.environment,
                                       preexec_fn=end_with_this_process)
        self.until(lambda: os.path.exists(self.socket) and self.verb(dnsvnf, "status", "--watch", check=False)[0] == 0, 120)

    def kill(self):
        self.daemon.kill()
        self.daemon.wait(120)
        self.daemon = None
        self.log.close()

    def stop(self):
        self.daemon.terminate()
        code = self.daemon.wait(120)
        self.daemon = None
        self.log.close()
        return code

    def said(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
            return log.read()

    # ---- the verbs ----

    def verb(self, dnsvnf, *words, check=True):
        done = subprocess.run([dnsvnf, *words], text=True, capture_output=True, timeout=240, check=False, stdin=subprocess.DEVNULL,
                              env=self.environment)
        if check and done.returncode:
            raise AssertionError(f"{words}: {done.returncode}: {done.stdout}{done.stderr}")
        return done.returncode, done.stdout, done.stderr

    def events(self, dnsvnf, since=0):
        _, out, _ = self.verb(dnsvnf, "events", "-o", "json", *(["--since", str(since)] if since else []))
        *lines, last = out.splitlines()
        answers.answer("events", last)
        return [answers.validate(json.loads(line), "manager-event") for line in lines]

    def vms(self, dnsvnf):
        _, out, _ = self.verb(dnsvnf, "status", "--watch", "-o", "json")
        return {vm["vm"]: vm for vm in answers.answer("status", out)["watch"].get("vms", [])}

    @staticmethod
    def until(holds, seconds=240):
        """Waits; a busy machine takes long."""
        end = time.monotonic() + seconds
        while not (result := holds()):
            if time.monotonic() > end:
                raise AssertionError("it did not come to be")
            time.sleep(0.2)
        return result
