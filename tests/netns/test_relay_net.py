#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`bondd relay` between two veths as PFs and a target in another namespace. A veth has no VFs, so the PF itself is set
down (means = pf). As root, in namespaces of its own."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

BONDD = os.path.abspath(sys.argv.pop(1))
RECORD = "/run/bondd-relay/held.json"
CONF = """pf = pf0
pf = pf1
targets = 172.16.1.1
means = pf
hold_down = {hold_down}
"""


def run(command):
    subprocess.run(command, shell=True, check=True)


def is_up(pf):
    with open(f"/sys/class/net/{pf}/flags", encoding="ascii") as file:
        return int(file.read(), 16) & 1 == 1


def cut(*ports):
    for port in ports:
        run(f"ip netns exec peer nft 'add table netdev {port}; add chain netdev {port} c "
            f"{{ type filter hook ingress device {port} priority 0; policy drop; }}'")


def join(*ports):
    for port in ports:
        run(f"ip netns exec peer nft delete table netdev {port}")


class Relay(unittest.TestCase):
    def setUp(self):
        run("ip netns add peer")
        self.addCleanup(subprocess.run, "ip netns del peer; ip link del pf0 2>/dev/null; ip link del pf1 2>/dev/null; "
                        "rm -rf /run/bondd-relay", shell=True, check=False)
        run("ip -n peer link add br0 type bridge forward_delay 0 mcast_snooping 0 && ip -n peer link set br0 up && "
            "ip -n peer address add 172.16.1.1/24 dev br0")
        for i in range(2):
            run(f"ip link add pf{i} type veth peer name port{i} netns peer && ip link set pf{i} up && "
                f"ip -n peer link set port{i} master br0 up")
        self.processes = []
        self.addCleanup(self.end)

    def end(self):
        for process, log in self.processes:
            process.kill()
            process.wait()
            log.close()

    def start(self, hold_down=300):
        """Returns when both paths that work are proven. hold_down: seconds; the default outlasts a test."""
        with open("/run/relay.conf", "w", encoding="ascii") as file:
            file.write(CONF.format(hold_down=hold_down))
        log = tempfile.TemporaryFile("w+")
        process = subprocess.Popen([BONDD, "relay", "-c", "/run/relay.conf"], stderr=log)
        self.processes.append((process, log))
        return process

    def start_proven(self, *paths, hold_down=300):
        process = self.start(hold_down)
        self.wait(lambda: all(self.path(pf) == "proven" for pf in paths or ("pf0", "pf1")), "proven paths")
        return process

    @staticmethod
    def path(pf):
        """The state of its path, by the report."""
        try:
            with open("/run/bondd-relay/relay.json", encoding="ascii") as file:
                found = re.search(f'"name":"{pf}","watch":{{"probed":true,"path":"([a-z]+)"', file.read())
        except FileNotFoundError:
            return None
        return found and found[1]

    def said(self):
        text = ""
        for _, log in self.processes:
            log.seek(0)
            text += log.read()
        return text

    def wait(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                self.fail(f"no {what} within {seconds} s; it said:\n{self.said()}")
            time.sleep(0.05)

    def wait_said(self, pattern):
        self.wait(lambda: re.search(pattern, self.said()), f"sentence '{pattern}'")

    def hold(self):
        """With pf0 held."""
        cut("port0")
        self.wait(lambda: not is_up("pf0"), "pf0 down")
        self.assertTrue(is_up("pf1"))
        self.assertTrue(os.path.exists(RECORD))

    def test_a_dead_path_takes_the_link_until_it_works(self):
        self.start_proven(hold_down=1)
        self.hold()
        self.wait_said(r"pf0: pf0 lost \d of \d probes to 172.16.1.1 with carrier up, pf1 is proven good: set it down "
                       r"after \d+ ms")
        self.wait(lambda: is_up("pf0"), "trial")
        self.wait_said("pf0: set it up again after 1 s, to see whether its path works")
        self.wait(lambda: not os.path.exists(RECORD), "end of the record")
        self.wait(lambda: not is_up("pf0"), "second hold: the path is still dead")
        join("port0")
        self.wait(lambda: is_up("pf0") and self.path("pf0") == "proven", "path that works again")
        time.sleep(6)  # longer than the pause after a trial
        self.assertTrue(is_up("pf0") and is_up("pf1"))

    def test_nothing_is_done_if_all_are_dead(self):
        self.start_proven()
        run("ip -n peer link set br0 down")
        self.wait_said("no PF gets a reply from 172.16.1.1: the target is down, nothing is done")
        self.assertTrue(is_up("pf0") and is_up("pf1"))
        self.assertFalse(os.path.exists(RECORD))
        run("ip -n peer link set br0 up")
        self.wait_said("all PFs get replies again")

    def test_the_link_comes_back_if_the_other_path_dies(self):
        self.start_proven()
        self.hold()
        cut("port1")
        self.wait(lambda: is_up("pf0"), "pf0 up")
        self.wait_said("pf0: no PF gets replies any more, so nothing is known: set it up again")
        self.assertTrue(is_up("pf1"))

    def test_a_path_that_was_never_proven_is_unknown(self):
        cut("port0")
        self.start_proven("pf1")
        self.wait_said("pf0: it has not been proven since the start")
        self.assertTrue(is_up("pf0"))

    def test_killed_and_started_again(self):
        relay = self.start_proven()
        self.hold()
        relay.send_signal(signal.SIGKILL)
        relay.wait()
        self.assertFalse(is_up("pf0"))
        self.start()
        self.wait(lambda: is_up("pf0"), "pf0 up")
        self.wait_said("pf0: restored what an earlier run had changed")
        self.wait(lambda: not os.path.exists(RECORD), "end of the record")

    def test_killed_and_restored_by_the_verb(self):
        relay = self.start_proven()
        self.hold()
        self.assertEqual(subprocess.run([BONDD, "relay", "--restore"], stderr=subprocess.PIPE, text=True,
                                        check=False).stderr, "bondd: another bondd relay is running\n")
        self.assertFalse(is_up("pf0"))
        relay.send_signal(signal.SIGKILL)
        relay.wait()
        subprocess.run([BONDD, "relay", "--restore"], check=True)
        self.assertTrue(is_up("pf0"))
        self.assertFalse(os.path.exists(RECORD))
        subprocess.run([BONDD, "relay", "--restore"], check=True)  # nothing is left

    def test_stopped(self):
        relay = self.start_proven()
        self.hold()
        relay.send_signal(signal.SIGTERM)
        self.assertEqual(relay.wait(), 0)
        self.assertTrue(is_up("pf0"))
        self.assertFalse(os.path.exists(RECORD))

    def test_somebody_else_sets_it_up(self):
        self.start_proven()
        self.hold()
        run("ip link set pf0 up")
        self.wait_said("pf0: somebody else set it up: left so")
        self.wait(lambda: not os.path.exists(RECORD), "end of the record")
        self.assertTrue(is_up("pf0"))

    def test_a_held_pf_is_removed(self):
        relay = self.start_proven()
        self.hold()
        run("ip link del pf0")
        self.wait_said("pf0: it is gone, so there is nothing to restore")
        self.assertFalse(os.path.exists(RECORD))
        self.assertIsNone(relay.poll())

    def test_a_broken_record_is_said(self):
        os.makedirs(os.path.dirname(RECORD))
        with open(RECORD, "w", encoding="ascii") as file:
            file.write('{"version":1,"pf":"pf1","index":')
        run("ip link set pf1 down")
        self.start_proven("pf0")
        self.assertIn("cannot read what an earlier run changed", self.said())
        self.assertFalse(is_up("pf1"))  # in doubt, nothing

    def test_metrics(self):
        self.start_proven()
        self.hold()
        log = tempfile.TemporaryFile("w+")
        self.processes.append((subprocess.Popen([BONDD, "serve", "-l", "127.0.0.1:9780"], stderr=log), log))
        metrics = ""

        def held():
            nonlocal metrics
            try:
                with urllib.request.urlopen("http://127.0.0.1:9780/metrics", timeout=5) as answer:
                    metrics = answer.read().decode()
            except OSError:
                return False
            return 'bondd_relay_held{pf="pf0"} 1\n' in metrics

        self.wait(held, "metric")
        for line in ('bondd_relay_held{pf="pf1"} 0', 'bondd_relay_holds_total{pf="pf0"} 1',
                     'bondd_relay_path_proven{pf="pf0"} 0', 'bondd_relay_path_proven{pf="pf1"} 1'):
            self.assertIn(line + "\n", metrics)


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("FAILED: it makes network namespaces: run it as root (sudo)")
    if "RELAY_PRIVATE" not in os.environ:
        os.environ["RELAY_PRIVATE"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "sh", "-c",
                              'mount -t tmpfs none /run && mount -t sysfs none /sys && ip link set lo up && exec "$@"', "sh",
                              sys.executable, __file__, BONDD] + sys.argv[1:])
    unittest.main(verbosity=2)
