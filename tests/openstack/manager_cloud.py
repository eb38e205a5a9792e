#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dnsvnfd and a real control plane: guests, servers, the compute host and the cloud's services fail; what is done, and what is
said. A suite of its own (make test-manager), for its time. The last thing it does is the table of all cases.

Two guests that stand in for the real ones answer echo and DNS as the compute host runs their servers. What dnsvnfd asks of
Nova goes through the fault proxy, so its acts are known by their requests; what became of the guests is known by the compute
host, so that there were never two with one address is seen there.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import cloud
import product
import proxy
import test_update

sys.path.insert(0, os.path.dirname(cloud.HERE))
import manager_case  # noqa: E402
import manager_report  # noqa: E402

VM, OTHER = "two-vnfs_dns-a_0", "two-vnfs_dns-b_0"
GROUPS = {VM: "a", OTHER: "b"}
CONTROL = "10.10.10.254"
NETWORK = "test-tenant/two-vnfs/management-network"
LOOK_EVERY = 0.1


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, timeout=30)


class Guest(test_update.Guest):
    """Answers echo, DNS and bondd's status while its server runs and it is not broken."""

    def __init__(self, name):
        super().__init__(GROUPS[name])
        self.broken_until = ()  # what of its server ends the fault; None: mended by hand
        self.runs = self.reachable = True
        self._lock = threading.Lock()

    def break_until(self, *ends):
        self.broken_until = ends or None
        self.update()

    def mend(self):
        self.broken_until = ()
        self.update()

    def happened(self, what):
        """To its server."""
        self.runs = what != "ends"
        if self.broken_until is not None and what in self.broken_until:
            self.broken_until = ()
        self.update()

    def update(self):
        with self._lock:
            reachable = self.runs and self.broken_until == ()
            if reachable != self.reachable:
                for address in test_update.VNFS[self.name]:
                    ip("address", "add" if reachable else "del", f"{address}/32", "dev", "lo")
            self.reachable = reachable

    def __exit__(self, *_):
        self.runs = True
        self.mend()
        super().__exit__()


class Host:
    """The compute host's account of its guests (fake_compute.py)."""

    def __init__(self, guests):
        self.guests = guests
        self.account = []
        self._offset = 0
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self):
        list(self._read())  # what was before
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _read(self):
        with contextlib.suppress(FileNotFoundError), open(os.path.join(cloud.DIR, "run", "guests"), encoding="ascii") as source:
            source.seek(self._offset)
            for line in iter(source.readline, ""):
                if line.endswith("\n"):
                    self._offset += len(line)
                    yield json.loads(line)

    def _follow(self):
        names = {}
        while not self._end.wait(LOOK_EVERY):
            for one in self._read():
                names.setdefault(one["server"], one["name"])
                with self._lock:
                    self.account.append(one)
                if names[one["server"]] in self.guests:
                    self.guests[names[one["server"]]].happened(one["what"])

    def most_with_one_address(self):
        """How many guests had one address at once, at most."""
        addresses, running, most = {}, set(), 0
        with self._lock:
            account = list(self.account)
        for one in account:
            addresses.setdefault(one["server"], one["addresses"])
            (running.discard if one["what"] == "ends" else running.add)(one["server"])
            all_addresses = [address for server in running for address in addresses[server]]
            # The two legs of a bond have the same ones.
            held = {address: sum(address in addresses[server] for server in running) for address in all_addresses}
            most = max(most, *held.values(), 0)
        return most

    @staticmethod
    def powers_off(server):
        with open(os.path.join(cloud.DIR, "run", "off", server), "w", encoding="ascii"):
            pass

    @staticmethod
    @contextlib.contextmanager
    def stopped():
        """nova-compute does not run: neither the cloud nor its API knows why."""
        own = os.readlink("/proc/self/ns/net")
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", encoding="utf-8") as source:
                if "/test/fake_compute.py" in source.read().split("\0") and os.readlink(f"/proc/{pid}/ns/net") == own:
                    found.append(int(pid))
        assert found, "nova-compute does not run"
        for pid in found:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in found:
                os.kill(pid, signal.SIGCONT)


class Case(manager_case.Case):
    def __init__(self, test, what):
        super().__init__(test, what)
        self.servers = {test.server(test.VM)["id"]}

    def acts(self):
        """What dnsvnfd asked Nova to do with the VM's servers: (when, what), in that order."""
        requests = {entry["request_id"] for entry in self.test.proxy.log}
        self.servers.add(self.test.server(self.test.VM)["id"])
        found = [(manager_case.seconds(action["start_time"]), action["action"]) for server in self.servers
                 for action in self.test.actions(server) if action["request_id"] in requests]
        return sorted(one for one in found if one[0] > self.begin - 1)  # Nova's times are whole seconds


class ManagerOnCloud(manager_case.ManagerTest):
    VM = VM
    rows = {}

    @classmethod
    def setUpClass(cls):
        cls.api = cloud.Api()
        cls.api.get("network", "/security-groups")
        before = cloud.inventory(cls.api)
        cls.addClassCleanup(cloud.wipe, cls.api, before)
        # What has no address here gets no answer.
        for network in ("10.10.10.0/24", "172.16.1.0/24"):
            ip("route", "replace", network, "dev", "lo")
        ip("address", "replace", f"{CONTROL}/32", "dev", "lo")
        cls.addClassCleanup(ip, "address", "del", f"{CONTROL}/32", "dev", "lo")
        cls.design = test_update.TwoVnfs()
        cls.addClassCleanup(cls.design.remove)
        cls.design.edit(("<bootup_time>120</bootup_time>", "<bootup_time>600</bootup_time>\n<reboot_time>60</reboot_time>"), ("<recovery_wait_time>30<", "<recovery_wait_time>10<"),
                        ("<poll_frequency>3<", "<poll_frequency>1<"))
        cls.guests = {name: cls.enterClassContext(Guest(name)) for name in (VM, OTHER)}
        cls.host = cls.enterClassContext(Host(cls.guests))
        cls.proxy = cls.enterClassContext(proxy.FaultProxy())
        done = product.run("deploy", cls.design.path)
        assert done.returncode == 0, done.stdout + done.stderr
        cls.addClassCleanup(cls.publish)

    @classmethod
    def publish(cls):
        most = cls.host.most_with_one_address()
        manager_report.publish(
            "manager-cloud.md", "# dnsvnfd and a real control plane",
            "Made by `make test-manager` (tests/openstack/manager_cloud.py): the example of two VNFs on the [test cloud](test-cloud.md). "
            "REBOOT_THEN_REDEPLOY, VM_ALIVE of 5 echoes a second apart, recovery_wait_time and settle at their least (10 s, 5 s), "
            "a list of the servers each 2 s; the guests are stand-ins. Times are from the fault.",
            f"{manager_report.where()}. The compute host never ran more than {most} guest{'' if most == 1 else 's'} with one "
            "address. No act ever concerned the other VM.",
            manager_report.table(("fault", "what dnsvnfd said", "what it did", "alive again"), cls.rows.values()))

    def setUp(self):
        self.proxy.reset()
        for guest in self.guests.values():
            self.addCleanup(guest.mend)
        folder = tempfile.mkdtemp(prefix="dnsvnfd.")
        self.addCleanup(shutil.rmtree, folder)
        self.begin(self.design.path, "test", {"OS_CLIENT_CONFIG_FILE": product.clouds_file(folder, self.proxy.auth_url)},
                   settle="5", look="2", control=f"{NETWORK} {CONTROL}")
        self.other_before = self.actions(self.server(OTHER)["id"])
        self.ports_before = self.ports()

    def new_case(self, what):
        return Case(self, what)

    def as_before(self, case):
        self.assertEqual(1, self.host.most_with_one_address())
        self.assertEqual(self.other_before, self.actions(self.server(OTHER)["id"]))
        self.assertEqual(self.ports_before, self.ports())

    def row(self, case):
        acts = [f"{name} after {at - case.begin:.0f} s" for at, name in case.acts()]
        alive = case.alive_after()
        return case.what, case.told(), ", ".join(acts) or "nothing", "-" if alive is None else f"{alive:.0f} s"

    def server(self, name):
        found = self.api.get("compute", f"/servers/detail?name=^{name}$")["servers"]
        self.assertEqual(1, len(found), found)
        return found[0]

    def actions(self, server):
        return self.api.get("compute", f"/servers/{server}/os-instance-actions")["instanceActions"]

    def ports(self):
        return {port["name"]: (port["id"], port["mac_address"], port["fixed_ips"])
                for port in self.api.get("network", "/ports")["ports"]}

    def ask(self, action, api=None):
        (api or self.api).post("compute", f"/servers/{self.server(VM)['id']}/action", action)

    def did(self, case, *acts):
        self.assertEqual(list(acts), [name for _, name in case.acts()])

    # ---- guests and their servers ----

    def test_dead(self):
        with self.case("the guest is dead; Nova says ACTIVE, running") as case:
            self.guests[VM].break_until("boots", "starts")
            self.healed(case)
            self.did(case, "reboot")

    def test_hung_for_good(self):
        server = self.server(VM)["id"]
        with self.case("the guest hangs, and hangs again after a reboot (its disk is bad)") as case:
            self.guests[VM].break_until("starts")
            self.healed(case)
            self.did(case, "reboot", "rebuild")
        self.assertEqual(server, self.server(VM)["id"])

    def test_off_by_itself(self):
        with self.case("the guest ends; Nova's power sync stops its server") as case:
            self.host.powers_off(self.server(VM)["id"])
            self.healed(case)
            self.did(case, "start")

    def test_off_by_a_person(self):
        with self.case("`openstack server stop` by a user, then `start`") as case:
            person = cloud.Api("tenant-user", "tenant")
            self.ask({"os-stop": None}, person)
            self.held(case, "wanted", "somebody")
            self.did(case)
            self.ask({"os-start": None}, person)

    def test_locked(self):
        with self.case("the guest is dead, its server locked; then unlocked") as case:
            self.ask({"lock": {"locked_reason": "its disk is being looked at"}})
            self.addCleanup(self.ask, {"unlock": None})
            self.guests[VM].break_until("boots", "starts")
            self.held(case, "locked", "openstack server unlock")
            self.did(case)
            self.ask({"unlock": None})
            self.healed(case)
            self.did(case, "reboot")

    def test_deleted(self):
        with self.case("`openstack server delete` by hand") as case:
            server = self.server(VM)["id"]
            self.api.delete("compute", f"/servers/{server}")
            self.healed(case)
            self.assertNotEqual(server, self.server(VM)["id"])
            self.did(case, "create")

    def test_migrating(self):
        self.api.post("compute", f"/servers/{self.server(VM)['id']}/metadata", {"metadata": {"fault": "migrate:40"}})
        self.addCleanup(lambda: self.api.delete("compute", f"/servers/{self.server(VM)['id']}/metadata/fault"))
        flavor = self.other_flavor()
        with self.case("a cold migration (resize) moves the guest's disk for 40 s; then it is reverted") as case:
            self.ask({"resize": {"flavorRef": flavor}})
            self.held(case, "task", "the VIM is working on it")
            self.did(case)
            cloud.wait_for(lambda: self.server(VM)["status"] == "VERIFY_RESIZE", "the end of the resize", 300)
            self.ask({"revertResize": None})
            cloud.wait_for(lambda: self.server(VM)["status"] == "ACTIVE", "the end of the revert", 300)
            self.did(case)

    def other_flavor(self):
        """As the server's, with less memory."""
        old = self.server(VM)["flavor"]
        made = self.api.post("compute", "/flavors", {"flavor": {
            "name": "other", "ram": old["ram"] // 2, "vcpus": old["vcpus"], "disk": old["disk"]}})["flavor"]["id"]
        self.addCleanup(self.api.delete, "compute", f"/flavors/{made}")
        self.api.post("compute", f"/flavors/{made}/os-extra_specs", {"extra_specs": old["extra_specs"]})
        return made

    # ---- the cloud ----

    def test_host_down(self):
        with self.case("the compute host is lost with both guests: nova-compute does not report; then it is back") as case:
            for guest in self.guests.values():
                guest.break_until()
            with self.host.stopped():
                self.held(case, "many", "2 of 2 VMs")
                self.held(case, "host", "the cloud must evacuate it")
            for guest in self.guests.values():
                guest.mend()
            self.did(case)

    def test_host_forced_down(self):
        service, = self.api.get("compute", "/os-services?binary=nova-compute")["services"]

        def force(down):
            self.api.put("compute", f"/os-services/{service['id']}", {"forced_down": down})

        with self.case("the guest is dead, its compute host forced down (fenced); then the host is back") as case:
            self.addCleanup(force, False)
            force(True)
            self.guests[VM].break_until("boots", "starts")
            self.held(case, "host", "the cloud must evacuate it")
            self.did(case)
            force(False)
            self.healed(case)
            self.did(case, "reboot")

    def test_api_away(self):
        with self.case("the guest is dead, every API answers 503; then the APIs are back") as case:
            self.proxy.spoil("503")
            self.guests[VM].break_until("boots", "starts")
            self.held(case, "vim", "the VIM does not answer")
            self.did(case)
            self.proxy.mend()
            self.healed(case)
            self.did(case, "reboot")

    def test_api_hangs(self):
        with self.case("the guest is dead, no API ever answers; then the guest is back by itself") as case:
            self.proxy.spoil("stall")
            self.guests[VM].break_until()
            self.held(case, "vim", "the VIM does not answer")
            self.guests[VM].mend()
            self.all_alive()
            self.proxy.mend()
            self.did(case)

    def test_token_expired(self):
        with self.case("the guest is dead; the token of its reboot has expired (401)") as case:
            self.proxy.spoil("401", method="POST", service="compute", path="/action$", count=1)
            self.guests[VM].break_until("boots", "starts")
            self.healed(case)
            self.did(case, "reboot")
            self.assertEqual([401, 202], [entry["status"] for entry in self.proxy.log
                                          if entry["method"] == "POST" and entry["path"].endswith("/action")])

    def test_credentials_refused(self):
        with self.case("the guest is dead, Keystone refuses the password; then it takes it again") as case:
            self.proxy.spoil("401", service="identity")
            self.guests[VM].break_until("boots", "starts")
            self.held(case, "vim", "the VIM does not answer")
            self.did(case)
            self.proxy.mend()
            self.healed(case)
            self.did(case, "reboot")

    def test_cell_down(self):
        # Nova lists a cell that is away as such only where its API has a database apart from the cell's; here it is 500.
        with self.case("the guest is dead, the database of its Nova cell is away; then it is back") as case:
            self.addCleanup(cloud.set_cell, True)
            cloud.set_cell(False)
            self.guests[VM].break_until("boots", "starts")
            self.held(case, "vim", "the VIM does not answer")
            cloud.set_cell(True)
            self.healed(case)
            self.did(case, "reboot")


if __name__ == "__main__":
    cloud.main()
