#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The local VIM from end to end: real guest, real cloud-init, real bond, real DNS. Needs root and the image."""
import ctypes
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import answers  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DNSVNF = os.environ.get("DNSVNF_PROGRAM") or os.path.join(TOP, "build", "dnsvnf")
DESIGN = os.path.join(TOP, "examples", "technote", "corrected", "dep.xml")


def say(text):
    print(f"    {text}", file=sys.stderr, flush=True)


def dnsvnf(*arguments, check=True, timeout=400):
    """Runs dnsvnf; its progress goes to our stderr only when it fails."""
    yes = ["--yes"] if arguments[0] in ("deploy", "undeploy") else []
    done = subprocess.run([DNSVNF, *arguments, *yes], capture_output=True, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise AssertionError(f"dnsvnf {' '.join(arguments)}: exit {done.returncode}\n"
                             f"{done.stdout}\n{done.stderr}")
    return done


PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # what outlives its parent becomes our child: see processes()


def processes():
    """All that descend from this test, also those whose parent has ended."""
    parents, names = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                name, state, parent = re.match(r"\d+ \((.*)\) (\S) (\d+)", stat.read()).groups()
        except OSError:
            continue
        if state != "Z":
            parents[pid], names[pid] = parent, name
    ours = {str(os.getpid())}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return {f"{pid} {name}" for pid, name in names.items() if pid in ours}


def traces():
    """Everything that a deployment could leave on this machine."""
    namespaces = set(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else None
    with open("/proc/self/mountinfo", encoding="utf-8") as mountinfo:
        mounts = sorted(line.split()[4] for line in mountinfo if "netns" in line)
    files = sorted(os.path.join(folder, name) for top in ("/var/lib/dnsvnf", "/run/dnsvnf")
                   for folder, folders, names in os.walk(top) for name in folders + names)
    return {
        "processes": processes(),
        "namespaces": namespaces,
        "links": sorted(os.listdir("/sys/class/net")),
        "mounts": mounts,
        "files": files,
        "folders": [os.path.exists(top) for top in ("/var/lib/dnsvnf", "/run/dnsvnf")],
    }


def variant(folder, replace=(), day0=()):
    """A copy of the example in folder, with (old, new) replaced in the descriptor and the day-0 file."""
    shutil.copytree(os.path.dirname(DESIGN), folder, dirs_exist_ok=True)
    for name, pairs in (("dep.xml", replace), ("day0.cfg", day0)):
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        for old, new in pairs:
            if old not in text:
                raise AssertionError(f"{old!r} is not in {name}")
            text = text.replace(old, new)
        with open(path, "w", encoding="utf-8") as target:
            target.write(text)
    return os.path.join(folder, "dep.xml")


def namespace(deployment="cpnr-dns"):
    """Of a deployment of test-tenant: its name may end with a hash."""
    names = [name for name in os.listdir("/run/netns")
             if re.fullmatch(rf"dnsvnf-test-tenant-{deployment}(~[0-9a-f]+)?", name)]
    if len(names) != 1:
        raise AssertionError(f"namespaces of {deployment}: {names}")
    return names[0]


def kdig(*arguments, deployment="cpnr-dns"):
    done = subprocess.run(["ip", "netns", "exec", namespace(deployment), "kdig", "+short", "+time=2", *arguments],
                          capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise AssertionError(f"kdig {' '.join(arguments)}: {done.stderr}")
    return done.stdout.split()


def guest_status():
    fetch = "import urllib.request as r; print(r.urlopen('http://10.10.10.10:9780/status').read().decode())"
    return subprocess.run(["ip", "netns", "exec", namespace(), sys.executable, "-c", fetch],
                          capture_output=True, text=True, timeout=20).stdout


def leg_paths():
    """What bondd thinks of the paths behind the bond's legs."""
    return [(leg["watch"] or {}).get("path") for leg in json.loads(guest_status())["bonds"][0]["legs"]]


class Leaves(unittest.TestCase):
    """Whatever a test does, undeploy must leave the machine as it was."""

    def setUp(self):
        self.before = traces()
        self.folder = tempfile.mkdtemp(prefix="vm-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.designs = []

    def deploy(self, design, *options):
        self.designs.append(design)
        start = time.monotonic()
        done = dnsvnf("deploy", *options, design, timeout=700)
        answered = re.search(r"first answers ([0-9.]+) s", done.stderr)
        say(f"deploy {os.path.basename(os.path.dirname(design))}: {time.monotonic() - start:.0f} s, "
            f"first DNS answers on the bond after {answered.group(1)} s")
        return done

    def drill(self, *options):
        """One drill's JSON. On a busy machine it may be inconclusive, but not a failure."""
        done = dnsvnf("drill", "-o", "json", *options, check=False)
        self.assertIn(done.returncode, (0, 5), done.stderr + done.stdout[:2000])
        result, = answers.deployment("drill", done.stdout)["drills"]
        say(f"drill: outage {result['longest_gap_ms']:.0f} ms, noise {result['failover']['noise_ms']:.0f} ms, "
            f"{result['qps']} queries/s, {result['elsewhere']['lost']} lost elsewhere; {result['verdict_text']}")
        self.assertEqual(5 if result["verdict"] == "inconclusive" else 0, done.returncode)
        self.gap_is_at_the_failure(result)
        return result

    def gap_is_at_the_failure(self, result):
        if result["verdict"] != "inconclusive":
            self.assertLess(abs(result["failover"]["start_ms"] - result["link_down_ms"]), 200)

    def tearDown(self):
        for design in self.designs:
            done = dnsvnf("undeploy", design, check=False)
            self.assertTrue(done.returncode == 0 or "nothing of" in done.stderr, done.stderr)
        self.assertEqual(self.before, traces(), "undeploy left something behind")


class EndToEnd(Leaves):
    def test_deployed_proven_broken_and_removed(self):
        early = dnsvnf("drill", DESIGN, check=False)
        self.assertEqual((1, ""), (early.returncode, early.stdout))
        self.assertIn('deployment "cpnr-dns" has no server "cpnr-dns_cpnr_0": run \'dnsvnf deploy\' first', early.stderr)
        self.assertNotIn("namespace", early.stderr)
        self.deploy(DESIGN)

        # Deployed again, there is nothing to do.
        self.assertIn("0 objects created", dnsvnf("deploy", DESIGN).stdout)

        checks = answers.deployment("verify", dnsvnf("verify", "-o", "json", DESIGN).stdout)["checks"]
        self.assertEqual([], [c for c in checks if c["result"] != "pass"])
        self.assertGreater(len(checks), 15)
        legs = [c["evidence"] for c in checks if c["check"] == "leg-numa"]
        self.assertEqual(2, len(legs))
        self.assertIn("node 0", legs[0])
        self.assertIn("node 1", legs[1])

        for address in ("172.16.1.10", "2001:db8:101::10"):
            for transport in ("+notcp", "+tcp"):
                self.assertEqual(["192.0.2.80"],
                                 kdig(transport, f"@{address}", "www.example.test", "A"))
                self.assertEqual(["2001:db8::80"],
                                 kdig(transport, f"@{address}", "www.example.test", "AAAA"))

        proc = guest_status()
        for line in ("fault-tolerance (active-backup) (fail_over_mac active)",
                     "Slave Interface: ens6", "Slave Interface: ens7"):
            self.assertIn(line, proc)
        guest = answers.answer("bondd-status", proc)
        self.assertEqual("done", guest["cloud_init"]["status"])
        self.assertEqual([], guest["cloud_init"]["errors"])

        picture, queries = os.path.join(self.folder, "outage.svg"), os.path.join(self.folder, "queries.csv")
        drill = self.drill("--qps", "1000", "--svg", picture, "--csv", queries, DESIGN)
        self.assertTrue(drill["failed_over"])
        if drill["failover"]["measured"]:
            self.assertLess(drill["longest_gap_ms"], 300)
        with open(picture, encoding="utf-8") as svg:
            self.assertIn("<svg", svg.read())
        with open(queries, encoding="utf-8") as lines:
            self.assertEqual("run,probe,sent_ms,latency_ms\n", lines.readline())
            lines = [line.strip().split(",") for line in lines]
        self.assertEqual((drill["sent"], drill["lost"]), (sum(line[1] == "dns" for line in lines),
                                                          sum(line[1] == "dns" and line[3] == "" for line in lines)))
        self.assertTrue(any(line[1] == "echo" and line[3] for line in lines))
        self.assertEqual(drill["answered"], sum(drill["series"]["answered"]))

        self.assertRegex(drill["bondd"]["sentence"], rf"\b{drill['leg_before']}\b")

        # Overload does not shorten an outage: within this limit it passes on any machine.
        several = answers.deployment("drill", dnsvnf("drill", "-o", "json", "--qps", "200", "--repeat", "2",
                                                     "--max-outage", "3900", DESIGN).stdout)
        summary, = several["summaries"]
        self.assertEqual((2, 2, 0, "pass"), (len(several["drills"]), summary["drills"], summary["failed"],
                                             summary["verdict"]))
        for run in several["drills"]:
            self.gap_is_at_the_failure(run)

        # The standby leg, by its port: the bond stays.
        ports = {"ens6": "cpnr-dns_cpnr_0_2", "ens7": "cpnr-dns_cpnr_0_3"}
        standby = "ens7" if several["drills"][1]["leg_end"] == "ens6" else "ens6"
        other = self.drill("--qps", "200", "--port", ports[standby], DESIGN)
        if other["leg_before"] != standby:  # it moved by itself meanwhile, on a busy machine
            self.assertEqual((standby, False), (other["leg"], other["failed_over"]))

        # The path dies and no carrier goes: bondd sees it, says so, and both legs' paths are whole again afterwards.
        silent = self.drill("--qps", "200", "--failure", "silent", DESIGN)
        say(f"bondd: {silent['bondd']}")
        self.assertEqual("silent", silent["failure"])
        self.assertTrue(silent["failed_over"])
        self.assertRegex(silent["bondd"]["sentence"], rf"^{silent['leg_before']} lost .* with carrier up: moved to "
                                                      rf"{silent['leg_after']} after ")
        self.assertGreater(silent["bondd"]["outage_ms"], 0)
        self.assertLess(silent["longest_gap_ms"], 3000)
        self.assertEqual(["192.0.2.80"], kdig("@172.16.1.10", "www.example.test", "A"))
        self.until_both_paths_are_proven()
        self.killed_drill_is_mended_by_deploy()

        status = answers.deployment("status", dnsvnf("status", "-o", "json").stdout)
        server, = status["servers"]
        self.assertEqual(("deployed", "ACTIVE"), (status["state"], server["state"]))
        self.assertEqual([True, True], [leg["up"] for leg in server["bonds"][0]["legs"]])
        self.assertGreater(server["uptime"], 5)
        status = dnsvnf("status").stdout
        self.assertRegex(status, r"cpnr-dns .*active-backup.*172\.16\.1\.10")

        # A changed day-0 rebuilds the server: with miimon=1000 and without bondd the outage is visibly longer.
        # Its new file on the config drive is found there, and where cloud-init copies it.
        slow = variant(os.path.join(self.folder, "slow"), replace=[
            ("<config_data>", "<config_data><configuration><dst>drive/name</dst><data>from-the-drive</data></configuration>")],
            day0=[("miimon=100,", "miimon=1000,"),
                  ("runcmd:\n", "runcmd:\n - systemctl disable --now bondd.service\n"
                                " - mount -r /dev/disk/by-label/config-2 /mnt\n"),
                  ("- hostnamectl set-hostname CPNRDNS01CO", "- cmp /mnt/openstack/content/0000 /drive/name &&"
                                                             " hostnamectl set-hostname $(cat /drive/name)")])
        plan = " ".join(dnsvnf("plan", slow).stdout.split())
        self.assertRegex(plan, r"change server .*user_data \(day0.cfg: 4 lines differ\), "
                               r"~ files on the config drive \(drive/name\)")
        self.assertNotRegex(plan, r"(replace|change) +(network|port)")
        self.deploy(slow)
        self.assertEqual("from-the-drive", json.loads(guest_status())["hostname"])
        # Where in the monitor's period of 1 s the failure falls is chance: 8 times under 0.3 s is 1 in 15,000.
        gaps = []
        while len(gaps) < 8 and max(gaps, default=0) <= 300:
            slow_drill = self.drill(slow)
            self.assertEqual(1000, slow_drill["miimon"])
            gaps.append(slow_drill["longest_gap_ms"])
        say("drill, miimon=1000: longest gaps " + ", ".join(f"{gap:.0f}" for gap in gaps) + " ms")
        self.assertGreater(max(gaps), 300)
        if drill["failover"]["measured"]:
            self.assertGreater(max(gaps), drill["longest_gap_ms"])

        # A cut path and nobody to see it: no failover, and the drill says why.
        blind = dnsvnf("drill", "--qps", "200", "--failure", "silent", slow, check=False)
        self.assertEqual(1, blind.returncode, blind.stderr)
        self.assertIn("did NOT fail over", blind.stdout)
        self.assertIn("miimon=1000 monitors only the carrier, which stayed up", blind.stdout)
        self.assertIn("is not running in the guest", blind.stdout)

    def until_both_paths_are_proven(self):
        end = time.monotonic() + 30
        while (paths := leg_paths()) != ["proven", "proven"]:
            self.assertLess(time.monotonic(), end, f"the legs' paths are {paths}")
            time.sleep(0.5)

    def killed_drill_is_mended_by_deploy(self):
        drill = subprocess.Popen([DNSVNF, "drill", "--qps", "200", DESIGN], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while '"mii_status": "down"' not in json.dumps(json.loads(guest_status())):
            self.assertLess(time.monotonic(), end, "no leg went down")
            time.sleep(0.1)
        drill.kill()
        drill.wait()
        self.assertRegex(dnsvnf("plan", DESIGN).stdout, "update +port .*its link is down")
        self.assertIn("0 objects created, 1 changed", dnsvnf("deploy", DESIGN).stdout)
        self.until_both_paths_are_proven()


class WithoutBondd(Leaves):
    """guest_agent none, and an image that has no bondd: all that is known is seen from outside."""

    BONDD = ("/usr/sbin/bondd", *(f"{folder}/{unit}.service" for unit in ("bondd", "bondd-status") for folder in (
        "/usr/lib/systemd/system", "/etc/systemd/system/multi-user.target.wants")))
    LEGS = ["cpnr-dns_cpnr_0_2", "cpnr-dns_cpnr_0_3"]  # bound by MAC, so known by their ports

    def image_without_bondd(self):
        """Our image less bondd; the folder that has it. Its file system begins at 1 MiB (image/build.sh)."""
        ours = os.environ.get("DNSVNF_IMAGE_DIR") or os.path.join(TOP, "build", "image")
        folder = os.path.join(self.folder, "image")
        os.mkdir(folder)
        disk = os.path.join(folder, "dns-vnf.raw")
        subprocess.run(["qemu-img", "convert", "-O", "raw", os.path.join(ours, "dns-vnf.qcow2"), disk], check=True)
        for ending in ("vmlinux", "initrd"):
            os.symlink(os.path.join(ours, f"dns-vnf.{ending}"), os.path.join(folder, f"dns-vnf.{ending}"))
        commands = "".join(f"rm {path}\n" for path in self.BONDD) + "".join(f"stat {path}\n" for path in self.BONDD)
        done = subprocess.run(["debugfs", "-w", "-f", "-", f"{disk}?offset={1 << 20}"], input=commands, text=True,
                              capture_output=True, check=True)
        self.assertEqual(len(self.BONDD), done.stderr.count("File not found by ext2_lookup"), done.stderr)
        return folder

    def test_deployed_verified_and_drilled(self):
        image = unittest.mock.patch.dict(os.environ, DNSVNF_IMAGE_DIR=self.image_without_bondd())
        image.start()
        self.addCleanup(image.stop)
        design = variant(os.path.join(self.folder, "without-bondd"), replace=[
            ("<name>dns_query</name>",
             "<name>guest_agent</name><value>none</value></property><property><name>dns_query</name>")])
        self.assertNotIn("bondd", dnsvnf("render", design).stdout)
        self.assertIn("cloud-init is done, by the console", self.deploy(design).stderr)
        self.assertEqual("", guest_status())  # nothing listens

        checks = answers.deployment("verify", dnsvnf("verify", "-o", "json", design).stdout)["checks"]
        self.assertEqual([("guest-status", "unknown")],
                         [(c["check"], c["result"]) for c in checks if c["result"] != "pass"], checks)
        self.assertLessEqual({"address", "bond-up", "bond-active-leg", "legs-apart", "cloud-init", "management-echo",
                              "dns-udp", "dns-tcp", "console"}, {c["check"] for c in checks})
        evidence, = (c["evidence"] for c in checks if c["check"] == "bond-active-leg")
        active = re.fullmatch("port (.*), by its MAC [0-9a-f:]{17}", evidence).group(1)

        drill = self.drill("--qps", "200", "--port", active, design)
        self.assertEqual(("mac", active, active, 100, None), (
            drill["legs_known_by"], drill["port"], drill["leg"], drill["miimon"], drill["bondd"]))
        legs = [drill["leg_before"], drill["leg_after"]]
        self.assertEqual(self.LEGS, sorted(legs))
        self.assertEqual((active, True), (legs[0], drill["failed_over"]))

        # Neither port nor leg given: the active one is found.
        again = self.drill("--qps", "200", design)
        self.assertEqual((drill["leg_end"], drill["leg_end"], True), (again["leg"], again["leg_before"],
                                                                      again["failed_over"]))

        # miimon moved it: what it does not see moves nothing.
        blind = dnsvnf("drill", "--qps", "200", "--failure", "silent", design, check=False)
        self.assertEqual(1, blind.returncode, blind.stderr)
        self.assertIn("did NOT fail over", blind.stdout)
        self.assertIn("miimon=100 monitors only the carrier, which stayed up, and bondd is not running: use the ARP monitor", blind.stdout)
        self.assertIn("known by:    the port whose MAC answers for 172.16.1.10", blind.stdout)


class Killed(Leaves):
    def test_undeploy_cleans_up_after_kill_at_random_moments(self):
        seed = int(os.environ.get("DNSVNF_TEST_SEED", random.randrange(1 << 30)))
        say(f"DNSVNF_TEST_SEED={seed}")
        moments = random.Random(seed)
        # The making takes less than a second from the first object on, the boot the rest: moments in both.
        for delay in [moments.uniform(0, 0.8) for _ in range(4)] + [moments.uniform(2, 40)]:
            self.kill_deploy(delay)
            dnsvnf("undeploy", DESIGN)
            self.assertEqual(self.before, traces(), f"killed after {delay:.2f} s")
            say(f"killed {delay:.2f} s after the first object: nothing left")

    def kill_deploy(self, delay, after="CREATE_NETWORK"):
        """As long after the first line that tells of it."""
        with subprocess.Popen([DNSVNF, "deploy", DESIGN], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) as deploy:
            while after not in (line := deploy.stderr.readline()):
                self.assertTrue(line, "deploy ended")
            time.sleep(delay)
            deploy.kill()

    def test_lost_records_and_lost_networks_are_told(self):
        self.designs.append(DESIGN)
        self.kill_deploy(0, after="CREATE_PORT")
        subprocess.run(["ip", "netns", "delete", namespace()], check=True)
        self.assertRegex(dnsvnf("plan", DESIGN).stdout, r"replace +network.* no longer on this machine, as after a restart")
        dnsvnf("undeploy", DESIGN)

        self.kill_deploy(0, after="CREATE_PORT")
        shutil.rmtree("/var/lib/dnsvnf/test-tenant/cpnr-dns")
        self.assertRegex(dnsvnf("status").stdout,
                         r"test-tenant +cpnr-dns .*empty remains of a deployment: undeploy removes them")

    def test_interrupted_deploy_names_what_is_left(self):
        self.designs.append(DESIGN)
        deploy = subprocess.Popen([DNSVNF, "deploy", DESIGN], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
        time.sleep(4)
        deploy.send_signal(signal.SIGINT)
        errors = deploy.communicate(timeout=30)[1]
        self.assertEqual(4, deploy.returncode, errors)
        self.assertIn("undeploy", errors)


class Refused(Leaves):
    def test_one_cell_cannot_hold_vfs_of_both_nodes(self):
        design = variant(os.path.join(self.folder, "one-cell"),
                         replace=[("<value>2</value>", "<value>1</value>")])
        done = dnsvnf("deploy", design, check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn("No valid host was found", done.stderr)
        self.assertIn("hw:numa_nodes=2", done.stderr)

    def test_missing_image(self):
        design = variant(os.path.join(self.folder, "no-image"),
                         replace=[("<image>dns-vnf</image>", "<image>nowhere</image>")])
        done = dnsvnf("deploy", design, check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn("nowhere", done.stderr)
        self.assertIn("make image", done.stderr)

    def test_killed_qemu_is_told(self):
        self.designs.append(DESIGN)
        deploy = subprocess.Popen([DNSVNF, "deploy", "--keep-failed", DESIGN],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        killed = False
        for _ in range(200):
            time.sleep(0.1)
            try:
                name = namespace()
            except (AssertionError, FileNotFoundError):
                continue
            pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True,
                                  text=True).stdout.split()
            qemus = [p for p in pids if p != str(deploy.pid)]
            if qemus:
                time.sleep(3)
                os.kill(int(qemus[0]), signal.SIGKILL)
                killed = True
                break
        self.assertTrue(killed)
        errors = deploy.communicate(timeout=60)[1]
        self.assertEqual(1, deploy.returncode)
        self.assertIn("QEMU", errors)


class SideBySide(Leaves):
    def test_next_deploy_finishes_what_was_killed_and_another_stands_beside_it(self):
        deploy = subprocess.Popen([DNSVNF, "deploy", DESIGN], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        time.sleep(5)
        deploy.send_signal(signal.SIGKILL)
        deploy.wait()
        self.deploy(DESIGN)
        self.assertEqual(["192.0.2.80"], kdig("@172.16.1.10", "www.example.test", "A"))

        other = variant(os.path.join(self.folder, "other"),
                        replace=[("<name>cpnr-dns</name>", "<name>cpnr-dns-2</name>")])
        self.deploy(other)
        status = dnsvnf("status").stdout
        self.assertRegex(status, r"(?m)\bcpnr-dns ")
        self.assertRegex(status, r"(?m)\bcpnr-dns-2 ")
        dnsvnf("undeploy", DESIGN)
        self.assertEqual(["192.0.2.80"], kdig("@172.16.1.10", "www.example.test", "A",
                                              deployment="cpnr-dns-2"))


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("tests/vm needs root: sudo make test")
    unittest.main(verbosity=2)
