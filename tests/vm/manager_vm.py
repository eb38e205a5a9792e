#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""dnsvnfd and a guest that panics, hangs, is killed, is cut off, or answers echo without its name server: in the local VM, beside
the simple rule "N lost echoes: reboot", which only says what it would do. A suite of its own (make test-manager), for its time.
Needs root, the image, ssh.

A guest that hangs: its vCPUs are stopped one by one as a debugger does it (ptrace). QEMU itself goes on, and its monitor says
"running"; the monitor's own command "stop" would be a pause, which somebody wanted."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests"), os.path.join(TOP, "bench")]
import manager_case  # noqa: E402
import manager_report  # noqa: E402
import outage  # noqa: E402 the VM and a shell in it are the bench's

outage.TENANT = "test-manager"
outage.WORK = os.path.join(TOP, "build", "test-manager")
LOCAL = os.path.join(outage.WORK, "local")
FOLDER = os.path.join(LOCAL, outage.TENANT, "cpnr-dns")
CONTROL = "10.10.10.200"
# Of the example.
PERIOD, MISSES, WAIT = 3, 5, 30
CUT_S = 90  # longer than the rule's time to act

# Stops threads, says so, and reaps them when they are killed.
STOP_THREADS = """
import ctypes, os, sys
SEIZE, INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000
ptrace = ctypes.CDLL(None, use_errno=True).ptrace
ptrace.argtypes = [ctypes.c_long] * 4
for thread in map(int, sys.argv[1:]):
    for request in SEIZE, INTERRUPT:
        if ptrace(request, thread, 0, 0) < 0:
            sys.exit(os.strerror(ctypes.get_errno()))
stopped = set()
while len(stopped) < len(sys.argv) - 1:
    stopped.add(os.waitpid(-1, WALL)[0])
print("stopped", flush=True)
try:
    while True:
        os.waitpid(-1, WALL)
except ChildProcessError:
    pass
"""


class Rule:
    """N echoes in a row that are not answered within their period. Would reboot WAIT seconds later."""

    def __init__(self, netns):
        self.fires_at = None
        self._ask = ["ip", "netns", "exec", netns, "ping", "-q", "-n", "-c", "1", "-W", str(PERIOD), outage.MANAGEMENT]
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _run(self):
        misses, due = 0, time.monotonic()
        while not self._end.wait(max(0.0, due - time.monotonic())):
            due = max(due + PERIOD, time.monotonic())
            answered = subprocess.run(self._ask, check=False, capture_output=True).returncode == 0
            misses = 0 if answered else misses + 1
            if misses == MISSES and not self.fires_at:
                self._end.wait(max(0.0, due - time.monotonic()))  # one that cannot even be sent is a miss no earlier
                self.fires_at = time.time()


def qemus():
    """The processes that are guests of the deployment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/cwd") == FOLDER and "qemu-system" in os.readlink(f"/proc/{pid}/exe"):
                found.append(int(pid))
    return found


class Count:
    """How many guests there were at once, at most: looked at twice a second."""

    def __enter__(self):
        self.most = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _run(self):
        while not self._end.wait(0.5):
            self.most = max(self.most, len(qemus()))


class Case(manager_case.Case):
    rule = None

    def starts_now(self):
        """The fault."""
        self.begin = time.time()

    def acts(self):
        return [(self.after(event), event["details"].split(":")[0]) for event in self.events("VM_RECOVERY_INIT")]

    def noticed_after(self):
        """Until a state that says that something is wrong."""
        found = [self.after(event) for event in self.events()
                 if event.get("state") in ("waiting", "held", "partial", "unknown")]
        return found[0] if found else None


def text(value):
    return "-" if value is None else f"{value:.0f} s"


class ManagerVm(manager_case.ManagerTest):
    VM = "cpnr-dns_cpnr_0"
    rows = {}

    @classmethod
    def setUpClass(cls):
        os.makedirs(outage.WORK, exist_ok=True)
        os.environ["DNSVNF_LOCAL_DIR"] = LOCAL
        cls.design = os.path.join(outage.WORK, "design", "dep.xml")
        cls.addClassCleanup(subprocess.run, [outage.DNSVNF, "undeploy", "--yes", cls.design], check=False, capture_output=True)
        # On a busy machine an emulated guest boots for longer than the example gives it.
        cls.vm = outage.deploy(False, edits=[("dep.xml", "<bootup_time>300<", "<bootup_time>1200<")])
        cls.control()
        cls.count = cls.enterClassContext(Count())
        cls.addClassCleanup(cls.publish)

    @classmethod
    def control(cls):
        """A machine on the management network, whose answers prove the way to it."""
        links = json.loads(cls.vm.host("ip -json address"))
        cls.bridge, = (link["ifname"] for link in links for address in link["addr_info"]
                       if address["local"].startswith("10.10.10."))
        machine = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        cls.addClassCleanup(machine.wait)
        cls.addClassCleanup(machine.kill)
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{machine.pid}/ns/net") == own:
            time.sleep(0.05)
        cls.vm.host(f"ip link add control type veth peer name eth0 netns {machine.pid} &&"
                    f" ip link set control master {cls.bridge} up")
        for words in (f"address add {CONTROL}/24 dev eth0", "link set eth0 up"):
            subprocess.run(["nsenter", "--net", "--target", str(machine.pid), "ip", *words.split()], check=True)

    @classmethod
    def publish(cls):
        manager_report.publish(
            "manager-vm.md", "# dnsvnfd and a guest in the local VM",
            "Made by `make test-manager` (tests/vm/manager_vm.py): the example under QEMU's emulation (TCG), with its own KPI and "
            f"recovery_wait_time. The rule, as ESC's VM_ALIVE has it, ran beside it: an echo each {PERIOD} s, {MISSES} lost, then "
            f"recovery_wait_time ({WAIT} s), then reboot. Times are from the fault; the ratio is dnsvnfd's time to its act by the "
            "rule's. What comes after the act is the guest's boot.",
            f"{manager_report.where()}. There was never more than {cls.count.most} QEMU of the deployment.",
            manager_report.table(("fault", "the rule would reboot", "dnsvnfd noticed", "it did", "ratio", "echo answers again",
                                  "what dnsvnfd said"), cls.rows.values()))

    def setUp(self):
        self.begin(self.design, "local", {"DNSVNF_LOCAL_DIR": LOCAL}, settle="10", look="2",
                   control=f"{outage.TENANT}/cpnr-dns/management-network {CONTROL}")
        self.at_rest()

    def at_rest(self):
        """Booted, and in service."""
        end = time.monotonic() + 1200
        while True:
            with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
                outage.settle(self.vm, True)
                self.vm.host(f"kdig +time=2 +retry=0 @{outage.SERVER} www.example.test | grep -q NOERROR")
                break
            self.assertLess(time.monotonic(), end, "the guest is not in service")
            time.sleep(1)

    def new_case(self, what):
        return Case(self, what)

    @contextlib.contextmanager
    def case(self, what):
        with Rule(self.vm.netns) as rule, super().case(what) as case:
            case.rule = rule
            yield case

    def as_before(self, case):
        self.at_rest()
        self.assertEqual(1, len(qemus()))
        self.assertEqual(1, self.count.most)

    def row(self, case):
        fires = case.rule.fires_at
        rule = fires - case.begin + WAIT if fires else None
        acts = case.acts()
        did = ", ".join(f"{name} after {after:.0f} s" for after, name in acts) or "nothing"
        ratio = f"{acts[0][0] / rule:.2f}" if acts and rule else "-"
        return (case.what, f"after {rule:.0f} s" if rule else "never", text(case.noticed_after()), did, ratio,
                text(case.alive_after()), case.told())

    def crash(self, case, prepare="true"):
        self.vm.guest(f"{prepare}; systemd-run sh -c 'sleep 1; echo c > /proc/sysrq-trigger'")
        self.vm.hang_up()
        case.begin = time.time() + 1

    def did(self, case, *acts):
        self.assertEqual(list(acts), [name for _, name in case.acts()])

    def pid(self):
        pid, = qemus()
        return pid

    def test_panic_that_stays(self):
        with self.case("kernel panic (sysrq c, panic=0): the guest stays dead") as case:
            self.crash(case, "sysctl -q kernel.panic=0")
            self.healed(case)
            self.did(case, "reboot")

    def test_panic_that_reboots(self):
        with self.case("kernel panic (sysrq c, panic=-1): the guest reboots by itself") as case:
            self.crash(case)
            self.wait("VM_STATE", case.events, state="suspect")
        self.assertIn([name for _, name in case.acts()], ([], ["reboot"]))  # emulated, its boot may take longer than the wait

    def test_hang(self):
        with self.case("the guest hangs: its vCPUs stop, QEMU says running") as case:
            threads = [str(thread["thread-id"]) for thread in self.ask_qemu("query-cpus-fast")]
            self.vm.hang_up()
            with subprocess.Popen([sys.executable, "-c", STOP_THREADS, *threads], stdout=subprocess.PIPE, text=True) as stopper:
                self.assertEqual("stopped\n", stopper.stdout.readline())
                case.starts_now()
                self.assertEqual("running", self.ask_qemu("query-status")["status"])
                self.healed(case)
                self.did(case, "reboot")
                self.assertEqual(0, stopper.wait(60))

    def ask_qemu(self, command):
        with self.vm.open_qmp() as lines:
            lines.write(json.dumps({"execute": command}) + "\n")
            lines.flush()
            while "return" not in (answer := json.loads(lines.readline())):
                self.assertIn("event", answer)
            return answer["return"]

    def test_qemu_killed(self):
        with self.case("QEMU is killed") as case:
            self.vm.hang_up()
            case.starts_now()
            os.kill(self.pid(), signal.SIGKILL)
            self.healed(case)
            self.did(case, "start")

    def test_qemu_stopped(self):
        with self.case(f"QEMU itself hangs (SIGSTOP) for {CUT_S} s, its monitor does not answer") as case:
            pid = self.pid()
            case.starts_now()
            os.kill(pid, signal.SIGSTOP)
            try:
                time.sleep(CUT_S)
                self.did(case)
            finally:
                os.kill(pid, signal.SIGCONT)

    def test_management_cut(self):
        with self.case(f"the management network is cut for {CUT_S} s: guest and control are silent, DNS answers") as case:
            case.starts_now()
            self.vm.host(f"ip link set {self.bridge} down")
            try:
                time.sleep(CUT_S)
                self.did(case)
            finally:
                self.vm.host(f"ip link set {self.bridge} up")

    def test_management_port_cut(self):
        with self.case(f"the guest's management port is cut for {CUT_S} s: the control answers, DNS answers") as case:
            case.starts_now()
            self.vm.qmp("set_link", name="nic1", up=False)
            try:
                time.sleep(CUT_S)
                self.did(case)
            finally:
                self.vm.qmp("set_link", name="nic1", up=True)

    def test_service_dead(self):
        with self.case(f"the name server hangs (knotd stopped) for {CUT_S} s, echo answers") as case:
            self.vm.guest("pkill -STOP knotd")
            case.starts_now()
            try:
                self.wait("SERVICE_SILENT", case.events)
                time.sleep(max(0.0, case.begin + CUT_S - time.time()))
                self.did(case)
            finally:
                self.vm.guest("pkill -CONT knotd")


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("tests/vm needs root: sudo make test-manager")
    unittest.main(verbosity=2)
