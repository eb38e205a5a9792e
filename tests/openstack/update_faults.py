#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""More updates without an outage, and those whose second step fails: a suite of its own (make test-update), for its time."""
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
        for name in VNFS:
            self.api.post("compute", f"/servers/{self.one(name)['id']}/metadata", {"metadata": {"fault": "audit"}})
        self.design.edit(("<memory_mb>8192", "<memory_mb>4096"))
        done, _ = self.changed_twice()
        self.assertIn("it runs with its new flavor, so it is set to ACTIVE", done.stderr)

    def test_killed_while_nova_audits(self):
        """Nova cannot confirm the resize on deleting, and ignores another DELETE of the server in ERROR."""
        server = self.one("b")["id"]
        self.api.post("compute", f"/servers/{server}/metadata", {"metadata": {"fault": "audit"}})
        self.design.edit(("<memory_mb>8192", "<memory_mb>4096"))
        with product.start("deploy", self.design.path) as process:
            cloud.wait_for(lambda: process.poll() is not None or self.one("b")["status"] == "VERIFY_RESIZE",
                           "the resize of the second", 120)
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
                               "the change of the second", 120)
                process.send_signal(signal.SIGKILL)
                process.communicate()
            self.assertEqual(load.lost, 0)
            self.changed_twice()


if __name__ == "__main__":
    cloud.main()
