#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""More updates without an outage, and those whose second step fails: a suite of its own (make test-update), for its time."""
import os
import signal

import cloud
import product
from test_update import VNFS, Load, UpdateTest


class MoreUpdates(UpdateTest):
    def test_image_of_another_name(self):
        self.design.image("new.raw")
        self.design.edit(("image.raw", "new.raw"), (">dns-vnf<", ">dns-vnf-2<"))
        self.assertIn("image dns-vnf -> dns-vnf-2", self.dnsvnf("plan", self.design).stdout)
        self.changed_twice()
        self.assertEqual(self.surplus()["images"], 1)

    def test_flavor(self):
        self.design.edit(("<memory_mb>8192", "<memory_mb>4096"))
        self.changed_twice()
        self.assertEqual({self.one(name)["flavor"]["ram"] for name in VNFS}, {4096})

    def test_flavor_while_nova_audits(self):
        """Zed forgets the pinned CPUs then; its confirmation fails, and the server that runs is in ERROR."""
        self.addCleanup(cloud.audit)
        for name in VNFS:
            self.api.post("compute", f"/servers/{self.one(name)['id']}/metadata", {"metadata": {"fault": "audit"}})
        self.design.edit(("<memory_mb>8192", "<memory_mb>4096"))
        done, _ = self.changed_twice()
        self.assertIn("it runs with its new flavor, so it is set to ACTIVE", done.stderr)

    def test_killed_while_nova_audits(self):
        """Nova cannot confirm the resize on deleting, and ignores another DELETE of the server in ERROR."""
        self.addCleanup(cloud.audit)
        server = self.one("b")["id"]
        self.api.post("compute", f"/servers/{server}/metadata", {"metadata": {"fault": "audit"}})
        self.design.edit(("<memory_mb>8192", "<memory_mb>4096"))
        with product.start("deploy", self.design.path) as process:
            cloud.wait_for(lambda: process.poll() is not None or self.one("b")["status"] == "VERIFY_RESIZE",
                           "the resize of the second", 600)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        done = self.dnsvnf("undeploy", self.design)
        self.assertIn("its state is reset, then it is deleted again", done.stderr)
        self.assert_nothing_left()

    def test_flavor_and_day0(self):
        self.design.edit(("<memory_mb>8192", "<memory_mb>4096"))
        self.design.edit(("hostname: ${NAME}", "hostname: new-${NAME}"), file="day0.cfg")
        self.changed_twice()

    # ---- the second step fails ----

    def back(self, done, before):
        """The first is changed, the second is as it was and serves; one line says so."""
        self.assertIn('server "two-vnfs_dns-b_0" was rolled back and serves', done.stderr)
        self.assertIn("1 of 2 servers changed", done.stderr)
        self.assertEqual(self.state()["b"], before["b"])
        self.assertEqual(self.identities(), self.kept)

    def test_boots_but_does_not_serve(self):
        before = self.state()
        self.design.edit(("<bootup_time>120", "<bootup_time>40"))
        self.design.edit(("hostname: ${NAME}", "# not-on-b\nhostname: ${NAME}"), file="day0.cfg")
        done, _ = self.update(1)
        self.assertIn("timed out waiting for DNS", done.stderr)
        self.back(done, before)
        self.design.edit(("# not-on-b\n", ""), file="day0.cfg")
        self.changed_twice()

    def test_spawn_fails(self):
        before = self.state()
        self.api.post("compute", f"/servers/{self.one('b')['id']}/metadata", {"metadata": {"fault": "spawn:1"}})
        self.design.edit(("hostname: ${NAME}", "hostname: new-${NAME}"), file="day0.cfg")
        done, _ = self.update(1)
        self.back(done, before)
        self.changed_twice()

    def test_image_refused(self):
        """Nova lets no rebuild change the NUMA topology."""
        self.design.image("b.raw")
        with open(self.design.path, encoding="utf-8") as source:
            text = source.read()
        at = text.index("<name>dns-b</name>")
        text = text[:at] + text[at:].replace("<image>dns-vnf<", "<image>dns-vnf-b<", 1)
        text = text.replace("</image>\n", "</image>\n<image><name>dns-vnf-b</name><src>b.raw</src><disk_format>raw"
                            "</disk_format><container_format>bare</container_format><properties><property>"
                            "<name>hw_numa_nodes</name><value>1</value></property></properties></image>\n", 1)
        with open(self.design.path, "w", encoding="utf-8") as target:
            target.write(text)
        self.design.edit(("hostname: ${NAME}", "hostname: new-${NAME}"), file="day0.cfg")
        before = self.state()
        done, _ = self.update(1)
        self.back(done, before)
        self.assertEqual(self.surplus()["images"], 1)

    def test_host_full(self):
        before = self.state()
        self.design.edit(("<vcpus>4", "<vcpus>8"))
        done, _ = self.update(1)
        self.assertIn("no host accepts it", done.stderr)
        self.back(done, before)
        self.assertEqual([self.one(name)["flavor"]["vcpus"] for name in VNFS], [8, 4])

    def test_killed(self):
        for edit in ((("hostname: ${NAME}", "hostname: new-${NAME}"), "day0.cfg"),
                     (("<memory_mb>8192", "<memory_mb>4096"), "dep.xml")):
            self.design.edit(edit[0], file=edit[1])
            first = self.one("b")["updated"]
            with Load() as load, product.start("deploy", self.design.path) as process:
                cloud.wait_for(lambda: process.poll() is not None or self.one("b")["updated"] != first,
                               "the change of the second", 600)
                process.send_signal(signal.SIGKILL)
                process.communicate()
            self.assertEqual(load.lost, 0)
            self.changed_twice()


class Ports(UpdateTest):
    """Ports that change: under the server where Neutron can, else detached, made anew and attached in their place."""

    def port(self, name, nicid):
        return self.ports()[f"two-vnfs_dns-{name}_0_{nicid}"]

    def assert_order(self, name, count=3):
        """The guest finds them in the order of the descriptor."""
        with open(os.path.join(cloud.DIR, "run", "ports", self.one(name)["id"]), encoding="ascii") as source:
            found = source.read().split()
        self.assertEqual(found, [self.port(name, nicid)["id"] for nicid in range(count)])

    def assert_same(self, *changed):
        """All but the changed ports have the same ids, MACs and addresses; servers and hosts are the same."""
        servers, ports = self.identities()
        self.assertEqual(servers, self.kept[0])
        for name, port in self.kept[1].items():
            (self.assertNotEqual if name[-1] in changed else self.assertEqual)(port, ports[name])
        self.assertEqual([self.one(name)["status"] for name in VNFS], ["ACTIVE", "ACTIVE"])

    def test_binding(self):
        self.design.option("trusted.1", "true")
        plan = self.dnsvnf("plan", self.design).stdout
        self.assertIn("~ port two-vnfs_dns-b_0_1", plan)
        self.assertIn("its ports are changed, in the order of the descriptor, then it is rebuilt", plan)
        done, _ = self.update()
        self.assertIn("server two-vnfs_dns-b_0: 2 ports are detached, 2 attached", done.stderr)
        self.assert_same("1")
        for name in VNFS:
            self.assert_order(name)
            self.assertEqual(self.port(name, 1)["binding:profile"]["trusted"], "true")
            self.assertEqual(self.port(name, 1)["fixed_ips"][0]["ip_address"], VNFS[name][1])
        self.assertIn("0 objects", self.dnsvnf("deploy", self.design).stdout)

    def test_binding_goes_back(self):
        """The second does not serve with it: its port is again what it was, with its MAC and address."""
        before = self.state()
        self.design.option("trusted.1", "true")
        self.design.edit(("<bootup_time>120", "<bootup_time>40"))
        self.design.edit(("hostname: ${NAME}", "# not-on-b\nhostname: ${NAME}"), file="day0.cfg")
        done, _ = self.update(1)
        self.assertIn('server "two-vnfs_dns-b_0" was rolled back and serves', done.stderr)
        self.assertEqual(self.state()["b"], before["b"])
        now = self.identities()[1]["two-vnfs_dns-b_0_1"]
        self.assertEqual(now[1:], self.kept[1]["two-vnfs_dns-b_0_1"][1:])
        self.assertNotIn("trusted", self.port("b", 1)["binding:profile"])
        self.assert_order("b")
        self.design.edit(("# not-on-b\n", ""), file="day0.cfg")
        self.update()
        self.assert_same("1")
        self.assertIn("0 objects", self.dnsvnf("deploy", self.design).stdout)

    def test_address(self):
        """Under the server; it is rebuilt for the guest to learn of it."""
        for name, address in (("a", "10.10.10.20"), ("b", "10.10.10.21")):
            management = VNFS[name][0]
            self.design.edit((f"<ip_address>{management}</ip_address>",
                              f"<ip_address>{management}</ip_address><addresses><address><address_id>0</address_id>"
                              f"<subnet>management-subnet</subnet><ip_address>{address}</ip_address></address></addresses>"))
        done, _ = self.update()
        self.assertNotIn("detached", done.stderr)
        self.assert_same("0")
        for name, address in (("a", "10.10.10.20"), ("b", "10.10.10.21")):
            self.assertEqual({fixed["ip_address"] for fixed in self.port(name, 0)["fixed_ips"]}, {VNFS[name][0], address})
            self.assertEqual(self.port(name, 0)["id"], self.kept[1][f"two-vnfs_dns-{name}_0_0"][0])

    def test_one_more_and_one_less(self):
        more = ("<interface>\n<nicid>3</nicid>\n<network>management-network</network>\n</interface>\n"
                "</interfaces>")
        self.design.edit(("</interfaces>", more))
        self.assertIn("+ port two-vnfs_dns-a_0_3", self.dnsvnf("plan", self.design).stdout)
        done, _ = self.update()
        self.assertIn("server two-vnfs_dns-a_0: 0 ports are detached, 1 attached", done.stderr)
        self.assert_same()
        for name in VNFS:
            self.assert_order(name, 4)
        self.design.edit((more, "</interfaces>"))
        self.update()
        self.assert_same()
        self.assertEqual(self.surplus()["ports"], 6)

    def test_killed(self):
        """What a killed change of ports left is created again, whenever it was killed."""
        for option in ("trusted.1", "trusted.2"):
            self.design.option(option, "true")
            wanted = "SHUTOFF" if option == "trusted.1" else "REBUILD"
            with Load() as load, product.start("deploy", self.design.path) as process:
                cloud.wait_for(lambda: process.poll() is not None or self.one("b")["status"] == wanted,  # pylint: disable=cell-var-from-loop
                               "the change of the second", 600)
                process.send_signal(signal.SIGKILL)
                process.communicate()
            self.assertEqual(load.lost, 0)
            self.update()
            self.assertEqual(self.surplus()["ports"], 6)
            self.assertIn("0 objects", self.dnsvnf("deploy", self.design).stdout)


if __name__ == "__main__":
    cloud.main()
