#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dnsvnf on a real control plane: the whole life of a deployment, and each way in which it is refused."""
import json
import os
import re
import signal
import sys
import tempfile

import cloud
import fake_guest
import product
from product import MADE

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import answers  # noqa: E402

NUMA = "hw:numa_nodes"
POLICY = "hw:pci_numa_affinity_policy"
GUEST_CHECKS = {"management-echo", "guest-status", "cloud-init", "address", "bond-up", "bond-active-leg", "dns-udp",
                "dns-tcp"}


class Life(product.ProductTest):
    def test_from_nothing_to_nothing(self):
        design = self.design()
        self.dnsvnf("deploy", design)
        self.assertEqual(self.server()["status"], "ACTIVE")
        self.assertEqual(self.surplus(), MADE)

        checks = answers.deployment("verify", self.dnsvnf("verify", design, "-o", "json").stdout)["checks"]
        self.assertEqual([c for c in checks if c["result"] == "fail"], [])
        # The compute host is fake: there is no guest to ask, and nothing else that is not known.
        self.assertEqual({c["check"] for c in checks if c["result"] == "unknown"}, GUEST_CHECKS)
        passed = {c["check"]: c["evidence"] for c in checks if c["result"] == "pass"}
        self.assertIn("PF ens1f0", passed["ports-apart"])
        self.assertIn("PF ens2f0", passed["ports-apart"])
        self.assertIn("auto", passed["leg-link-state"])
        self.assertRegex(passed["server-pinning"], "cell 0 on host node [01].*cell 1 on host node [01]")

        again = self.dnsvnf("deploy", design)
        self.assertIn("0 objects created, 0 changed, 17 unchanged", again.stdout)
        self.assertIn("cpnr-dns_cpnr_0", self.dnsvnf("status", design).stdout)
        answers.deployment("status", self.dnsvnf("status", design, "-o", "json").stdout)
        self.assertEqual(self.surplus(), MADE)

        answers.stream("undeploy", self.dnsvnf("undeploy", design, "-o", "json").stdout)
        self.assert_nothing_left()
        nothing = self.dnsvnf("undeploy", design, code=1).stderr
        self.assertIn("nothing of cpnr-dns is deployed in VIM admin, project test-tenant", nothing)

    def test_what_a_tenant_may_not_see_is_unknown(self):
        design = self.design()
        self.dnsvnf("deploy", design)
        checks = answers.deployment("verify", self.dnsvnf("verify", design, "-o", "json", vim="tenant").stdout)["checks"]
        unknown = {c["check"]: c["evidence"] for c in checks if c["result"] == "unknown"}
        self.assertEqual(set(unknown), GUEST_CHECKS | {"port-binding", "ports-apart", "server-pinning", "legs-apart"})
        for check in ("port-binding", "ports-apart", "server-pinning"):
            self.assertIn("role admin", unknown[check])

    def test_compute_service_down(self):
        """Nova would delete the record of the server only, and the guest would go on running."""
        design = self.design()
        self.dnsvnf("deploy", design)
        design.edit(("hostname: cpnr", "hostname: other"), file="day0.cfg")
        service, = self.api.get("compute", "/os-services?binary=nova-compute")["services"]
        self.addCleanup(cloud.audit)  # what was deleted meanwhile holds nothing
        self.addCleanup(self.api.put, "compute", f"/os-services/{service['id']}", {"forced_down": False})
        self.api.put("compute", f"/os-services/{service['id']}", {"forced_down": True, "status": "disabled"})
        self.addCleanup(self.api.put, "compute", f"/os-services/{service['id']}", {"status": "enabled"})
        self.assertEqual(self.server()["host_status"], "DOWN")
        for verb, options in (("plan", ()), ("plan", ("--undeploy",)), ("deploy", ()), ("undeploy", ())):
            done = self.dnsvnf(verb, design, *options, code=1)
            self.assertRegex(done.stderr, 'server "cpnr-dns_cpnr_0": the compute service of its host compute-1 is forced down')
            self.assertIn("give --force", done.stderr)
        self.assertEqual(self.surplus(), MADE)
        # A role that may not see it is told so, and goes on.
        done = self.dnsvnf("plan", design, "--undeploy", vim="tenant")
        self.assertIn("not known whether the compute service of its host is up", done.stderr)
        done = self.dnsvnf("undeploy", design, "--force")
        self.assertIn("is forced down (--force)", done.stderr)
        self.assert_nothing_left()

    def test_application_credential(self):
        design = self.design()
        self.dnsvnf("deploy", design, vim="appcred")
        self.dnsvnf("undeploy", design, vim="appcred")
        self.assert_nothing_left()

    def test_project_of_the_tenant_is_made_and_deleted(self):
        design = self.design(("<managed_resource>false", "<managed_resource>true"),
                             ("<name>test-tenant</name>", "<name>made-tenant</name>"))
        done = self.dnsvnf("deploy", design)
        self.assertIn("CREATE_TENANT made-tenant", done.stderr)
        names = [p["name"] for p in self.api.get("identity", "/projects")["projects"]]
        self.assertIn("made-tenant", names)
        self.assertIn("0 objects created", self.dnsvnf("deploy", design).stdout)
        self.assertIn("DELETE_TENANT made-tenant", self.dnsvnf("undeploy", design).stderr)
        self.assert_nothing_left()

    def test_project_that_others_made_stays(self):
        """managed_resource is true by default, in ESC too; a plain member may not even list projects."""
        self.api.post("compute", "/flavors", {"flavor": {
            "name": "cross-numa-flavor", "ram": 512, "vcpus": 1, "disk": 1}})
        design = self.design(("<managed_resource>false</managed_resource>", ""),
                             ("<provider_network_type>vlan</provider_network_type>", ""),
                             ("<provider_network_type>vxlan</provider_network_type>", ""),
                             ("<provider_physical_network>sriov0</provider_physical_network>", ""),
                             ("<provider_physical_network>sriov1</provider_physical_network>", ""),
                             ("<provider_segmentation_id>101</provider_segmentation_id>", ""),
                             ("<type>direct</type>", ""))
        before = self.surplus()
        product.run("deploy", design.path, vim="tenant")  # whatever comes of it
        self.dnsvnf("undeploy", design, vim="tenant")
        self.assertEqual(self.surplus(), before)

    def test_several_vms_share_a_server_group(self):
        design = self.design(("<min_active>1", "<min_active>2"), ("<max_active>1", "<max_active>2"),
                             ("<vcpus>4", "<vcpus>2"), ("<memory_mb>8192", "<memory_mb>2048"))
        design.option("waive.scaling-fixed", "the second VM takes what Neutron gives it")
        self.dnsvnf("deploy", design)
        groups = self.api.get("compute", "/os-server-groups?all_projects=True")["server_groups"]
        self.assertEqual([(g["policy"], len(g["members"])) for g in groups], [("soft-anti-affinity", 2)])
        self.dnsvnf("undeploy", design)
        self.assert_nothing_left()

    def test_files_on_the_config_drive(self):
        design = self.design(small=True, name="with-files")
        design.file("cpnr/licence.txt", b"INCREMENT base\n")
        design.file("key.bin", b"\0\xff")
        self.assertNotIn("is not delivered", self.dnsvnf("deploy", design).stderr)
        first = self.server("with-files_cpnr_0")["id"]
        drive = os.path.join(cloud.DIR, "run", "drives", first, "openstack")
        with open(os.path.join(drive, "latest", "meta_data.json"), encoding="utf-8") as source:
            files = {file["path"]: file["content_path"] for file in json.load(source)["files"]}
        self.assertEqual(set(files), {"cpnr/licence.txt", "key.bin"})
        for path, content in (("cpnr/licence.txt", b"INCREMENT base\n"), ("key.bin", b"\0\xff")):
            with open(drive + files[path], "rb") as source:
                self.assertEqual(source.read(), content)
        self.assertIn("0 objects created", self.dnsvnf("deploy", design).stdout)

        # A rebuild and a resize would lose them, whatever it is that changed.
        design.edit(("hostname: ", "hostname: other-"), file="day0.cfg")
        plan = self.dnsvnf("plan", design).stdout
        self.assertRegex(plan, r"replace +server .*user_data")
        self.assertIn("would lose the files on the config drive", " ".join(plan.split()))
        self.dnsvnf("deploy", design)
        second = self.server("with-files_cpnr_0")["id"]
        self.assertNotEqual(first, second)
        self.assertTrue(os.path.exists(drive.replace(first, second) + files["key.bin"]))

    def test_what_is_not_ours_is_used_and_stays(self):
        network = self.api.post("network", "/networks", {"network": {"name": "management-network"}})["network"]
        self.api.post("network", "/subnets", {"subnet": {
            "network_id": network["id"], "name": "management-subnet", "ip_version": 4, "cidr": "10.10.10.0/24"}})
        design = self.design()
        plan = self.dnsvnf("plan", design).stdout
        self.assertRegex(plan, r"use +network +management-network .*not created by dnsvnf")
        self.dnsvnf("deploy", design)
        self.assertEqual(self.ports()["cpnr-dns_cpnr_0_1"]["network_id"], network["id"])
        self.dnsvnf("undeploy", design)
        self.assertEqual(self.surplus(), {"networks": 1, "subnets": 1})

        other = self.api.post("network", "/networks", {"network": {"name": "management-network"}})["network"]
        done = self.dnsvnf("deploy", design, code=1)
        self.assertIn(network["id"], done.stderr)
        self.assertIn(other["id"], done.stderr)
        self.assertEqual(self.surplus(), {"networks": 2, "subnets": 1})

    def test_network_that_others_use_stays_with_a_word(self):
        design = self.design()
        self.dnsvnf("deploy", design)
        network = next(n for n in self.api.get("network", "/networks")["networks"]
                       if n["name"] == "management-network")
        port = self.api.post("network", "/ports", {"port": {"network_id": network["id"], "name": "theirs"}})["port"]
        done = self.dnsvnf("undeploy", design)
        self.assertIn("management-network", done.stderr)
        self.assertIn(port["id"], done.stderr)
        self.assertEqual(self.surplus(), {"networks": 1, "subnets": 1, "ports": 1})
        self.api.delete("network", f"/ports/{port['id']}")
        self.dnsvnf("undeploy", design)
        self.assert_nothing_left()


class Changes(product.ProductTest):
    def test_each_change_with_the_least_interruption(self):
        design = self.design()
        self.dnsvnf("deploy", design)
        server = self.server()["id"]

        design.edit(("<no_gateway>true</no_gateway>", "<gateway>10.10.10.1</gateway>"))
        design.edit(("<address>192.168.100.0</address>\n                <netmask>255.255.255.0</netmask>\n"
                     "                <gateway>10.10.10.1</gateway>",
                     "<address>192.168.100.0</address>\n                <netmask>255.255.255.0</netmask>\n"
                     "                <no_gateway>true</no_gateway>"))
        plan = self.dnsvnf("plan", design).stdout
        self.assertIn("1 to update, 0 to change", plan)
        self.assertNotIn("interrupted", plan)
        self.dnsvnf("deploy", design)
        gateways = {s["name"]: s["gateway_ip"] for s in self.api.get("network", "/subnets")["subnets"]}
        self.assertEqual(gateways["management-subnet"], "10.10.10.1")
        self.assertEqual(self.server()["id"], server)

        # As a drill leaves it that is killed.
        leg = self.ports()["cpnr-dns_cpnr_0_2"]["id"]
        self.api.put("network", f"/ports/{leg}", {"port": {"admin_state_up": False}})
        self.assertRegex(self.dnsvnf("plan", design).stdout, "update +port +cpnr-dns_cpnr_0_2 .*its link is down")
        self.assertIn("0 objects created, 1 changed", self.dnsvnf("deploy", design).stdout)
        self.assertTrue(all(port["admin_state_up"] for port in self.ports().values()))
        self.assertEqual(self.server()["id"], server)

        design.edit(("hostname: cpnr\n", "hostname: other\n"), file="day0.cfg")
        plan = self.dnsvnf("plan", design).stdout
        self.assertIn("the service of server cpnr-dns_cpnr_0 is interrupted", plan)
        self.assertIn("0 to update, 1 to change, 0 to replace", plan)
        before = self.ports()
        self.dnsvnf("deploy", design)
        self.assertEqual(self.server()["id"], server)
        self.assertEqual({n: p["id"] for n, p in self.ports().items()}, {n: p["id"] for n, p in before.items()})
        self.dnsvnf("undeploy", design)
        self.assert_nothing_left()

    def test_keep_failed_keeps_and_the_next_deploy_mends(self):
        design = self.design()
        design.flavor_property(NUMA, "1")
        self.dnsvnf("deploy", design, "--keep-failed", code=1)
        self.assertEqual(self.surplus(), MADE)
        design.flavor_property(NUMA, "2")
        self.dnsvnf("deploy", design)
        self.assertEqual(self.server()["status"], "ACTIVE")
        self.assertEqual(self.surplus(), MADE)


class DocumentsClaim(product.ProductTest):
    """Two legs need a flavor of two NUMA nodes: each row of the TechNote's reasoning, and what gets round it."""

    small = True

    def outcome(self, cells, legs=2, flavor_policy=None, port_policies=None):
        design = self.design()
        design.flavor_property(NUMA, cells)
        if legs == 1:
            design.drop_interface(3)
            for rule in ("interface-count", "guest-mac"):
                design.option(f"waive.{rule}", "the day-0 of two legs serves one here")
        if flavor_policy:
            design.flavor_property(POLICY, flavor_policy)
        for nicid, policy in (port_policies or {}).items():
            design.option(f"numa_affinity_policy.{nicid}", policy)
        done = product.run("deploy", design.path)
        if done.returncode == 0:
            self.assertEqual(self.server()["status"], "ACTIVE")
            self.dnsvnf("undeploy", design)
        else:
            self.assertEqual(done.returncode, 1)
            self.assertIn("No valid host was found. There are not enough hosts available.", done.stderr)
            self.assertIn("NUMA node", done.stderr)
        self.assert_nothing_left()
        return done.returncode == 0

    def test_two_cells_two_legs(self):
        self.assertTrue(self.outcome("2"))

    def test_one_cell_two_legs(self):
        self.assertFalse(self.outcome("1"))

    def test_one_cell_one_leg(self):
        self.assertTrue(self.outcome("1", legs=1))

    def test_one_cell_policy_preferred_in_the_flavor(self):
        self.assertTrue(self.outcome("1", flavor_policy="preferred"))

    def test_one_cell_policy_preferred_on_ports(self):
        self.assertTrue(self.outcome("1", port_policies={3: "preferred"}))
        self.assertTrue(self.outcome("1", port_policies={2: "preferred", 3: "preferred"}))

    def test_two_cells_both_ports_required(self):
        self.assertTrue(self.outcome("2", port_policies={2: "required", 3: "required"}))


class Refusals(product.ProductTest):
    """Each ends with exit 1, a message that names the object and the way out, and nothing left behind."""

    small = True

    def refused(self, design, *words, vim="admin", before=None):
        done = self.dnsvnf("deploy", design, code=1, vim=vim)
        message = next(line for line in done.stderr.splitlines() if line.startswith("dnsvnf deploy: "))
        message = message.replace('"', "")  # around names
        for word in words:
            self.assertIn(word, message)
        self.assertEqual(self.surplus(), before or {})
        return message

    def quota(self, service, path, body, default):
        project = next(p["id"] for p in self.api.get("identity", "/projects")["projects"]
                       if p["name"] == "test-tenant")
        self.api.put(service, f"{path}/{project}", body)
        self.addCleanup(self.api.put, service, f"{path}/{project}", default)

    def test_quota_of_ports(self):
        self.quota("network", "/quotas", {"quota": {"port": 2}}, {"quota": {"port": 500}})
        self.refused(self.design(), "port cpnr-dns_cpnr_0_", "uota", "raise the project's quota of ports", "req-")

    def test_quota_of_instances(self):
        self.quota("compute", "/os-quota-sets", {"quota_set": {"instances": 0}}, {"quota_set": {"instances": 10}})
        self.refused(self.design(), "server cpnr-dns_cpnr_0", "uota", "raise the project's quota", "req-")

    def test_quotas_of_files_on_the_config_drive(self):
        design = self.design(small=True, name="too-many")
        for name in "abcdef":
            design.file(name, b"x")
        self.refused(design, "server too-many_cpnr_0", "6 configurations are files", "quota is 5 (injected_files)")
        self.quota("compute-2.56", "/os-quota-sets", {"quota_set": {"injected_files": 6}},
                   {"quota_set": {"injected_files": 5}})
        self.dnsvnf("deploy", design)
        self.dnsvnf("undeploy", design)
        design.file("f", b"x" * 7681)
        self.refused(design, "f on the config drive has 7681 bytes, 10244 in base64", "quota is 10240")
        self.quota("compute-2.56", "/os-quota-sets", {"quota_set": {"injected_file_content_bytes": -1}},
                   {"quota_set": {"injected_file_content_bytes": 10240}})
        self.dnsvnf("deploy", design)

    def test_vlan_taken(self):
        self.api.post("network", "/networks", {"network": {
            "name": "theirs", "provider:network_type": "vlan", "provider:physical_network": "sriov1",
            "provider:segmentation_id": 101}})
        self.refused(self.design(), "network sriov-network-2", "VLAN 101", "sriov1",
                     "another provider_segmentation_id", "req-", before={"networks": 1})

    def test_unknown_physical_network(self):
        design = self.design(("<provider_physical_network>sriov1", "<provider_physical_network>sriov9"))
        self.refused(design, "network sriov-network-2", "sriov9", "network_vlan_ranges", "req-")

    def test_wrong_image(self):
        design = self.design()
        os.unlink(os.path.join(design.folder, "image.raw"))
        self.refused(design, "image dns-vnf", "image.raw", "No such file")
        design.edit(("<src>image.raw</src>", ""))
        self.refused(design, "image dns-vnf", "is not in Glance", "<src>")

    def test_no_right_to_provider_networks(self):
        # Flavor and networks are asked for side by side; whichever is refused first is told.
        message = self.refused(self.design(), "the role admin", "req-", vim="tenant")
        self.assertRegex(message, "network sriov-network-[12].*existing_networks|"
                                  "flavor cross-numa-flavor.*remove its definition from the descriptor")

    def test_vfs_used_up(self):
        host = cloud.host()
        self.addCleanup(cloud.set_host, host)
        cloud.set_host({**host, "pfs": [host["pfs"][0], {**host["pfs"][1], "num_vfs": 0}]})
        self.refused(self.design(), "server cpnr-dns_cpnr_0", "No valid host", "no free VF")

    def test_more_disk_than_any_host(self):
        design = self.design(("<root_disk_mb>40960", "<root_disk_mb>4096000"))
        self.refused(design, "server cpnr-dns_cpnr_0", "No valid host", "Placement found no host")

    def test_port_that_cannot_be_bound(self):
        # No Open vSwitch agent has a bridge for this physical network.
        design = self.design(("<network>management-network</network>", "<network>sriov-network-1</network>"),
                             ("<ip_address>10.10.10.10</ip_address>", "<ip_address>172.16.1.99</ip_address>"))
        for rule in ("guest-address", "subnets-overlap"):
            design.option(f"waive.{rule}", "the management port is on a leg's network here, on purpose")
        self.refused(design, "server cpnr-dns_cpnr_0", "Exceeded maximum number of retries", "bridge mapping")

    def test_server_that_cannot_be_started(self):
        design = self.design(("<image>dns-vnf</image>", "<image>dns-vnf</image>\n<vim_vm_name>fault-spawn</vim_vm_name>"))
        self.refused(design, "server fault-spawn", "Exceeded maximum number of retries", "nova-compute's log")

    def test_vcpus_that_do_not_divide(self):
        design = self.design(("<vcpus>4", "<vcpus>5"))
        design.option("waive.numa-uneven", "what Nova says of it is wanted")
        self.refused(design, "server cpnr-dns_cpnr_0", "evenly", "hw:numa_cpus", "req-")

    def test_wrong_password(self):
        with tempfile.TemporaryDirectory() as folder:
            clouds = product.clouds_file(folder, "http://127.0.0.1:5000/v3", password="no such")
            done = product.run("deploy", self.design().path, vim="test", clouds=clouds)
        self.assertEqual(done.returncode, 1)
        self.assertIn("401", done.stderr)

    def test_no_cloud_there(self):
        with tempfile.TemporaryDirectory() as folder:
            clouds = product.clouds_file(folder, "http://127.0.0.1:1/v3")
            done = product.run("deploy", self.design().path, vim="test", clouds=clouds)
        self.assertEqual(done.returncode, 3)
        self.assertIn("Keystone", done.stderr)


class AtOnce(product.ProductTest):
    def finish(self, *processes):
        ends = []
        for process in processes:
            out, err = process.communicate(timeout=240)
            ends.append((process.returncode, out + err))
        return ends

    def test_two_deployments(self):
        one = self.design()
        two = self.design(("<provider_segmentation_id>101", "<provider_segmentation_id>102"), name="second")
        ends = self.finish(product.start("deploy", one.path), product.start("deploy", two.path))
        self.assertEqual([code for code, _ in ends], [0, 0], ends)
        self.assertEqual(self.surplus(), {**{kind: 2 * n for kind, n in MADE.items()}, "flavors": 1})
        ends = self.finish(product.start("undeploy", one.path), product.start("undeploy", two.path))
        self.assertEqual([code for code, _ in ends], [0, 0], ends)
        self.assert_nothing_left()

    def test_the_same_one_twice(self):
        design = self.design()
        ends = self.finish(*(product.start("deploy", design.path) for _ in range(2)))
        self.assertEqual(sorted(code for code, _ in ends), [0, 1], ends)
        self.assertRegex(next(text for code, text in ends if code), r"another dnsvnf.* is working on deployment")
        self.assertEqual(self.surplus(), MADE)

    def test_the_same_one_from_two_machines(self):
        """There are never two of it. That one of them succeeds is not promised: if Neutron's times, which are whole
        seconds, do not tell who was first, both give way. Then the first to give way may have taken the flavor along
        that the second one uses, and has left nothing that the second one could name."""
        self.assertEqual(os.geteuid(), 0, "needs root, to hide the lock of one machine from the other")
        design = self.design()
        other = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh")
        ends = self.finish(product.start("deploy", design.path), product.start("deploy", design.path, wrap=other))
        codes = sorted(code for code, _ in ends)
        self.assertIn(codes, ([0, 1], [1, 1]), ends)
        self.assertEqual(self.surplus(), MADE if 0 in codes else {}, ends)
        for code, text in ends:
            if code:
                gone = codes == [1, 1] and re.search(r"Flavor \S+ could not be found", text)
                self.assertTrue(gone or "another dnsvnf is creating deployment" in text, text)
        self.dnsvnf("deploy", design)
        self.assertEqual(self.surplus(), MADE)
        self.dnsvnf("undeploy", design)
        self.assert_nothing_left()


class Secrets(product.ProductTest):
    PASSWORD = "S3cr3t-of-the-t3st"

    def test_no_output_and_no_argument_holds_a_secret(self):
        user = self.api.post("identity", "/users", {"user": {"name": "secretive", "password": self.PASSWORD}})["user"]
        project = next(p["id"] for p in self.api.get("identity", "/projects")["projects"]
                       if p["name"] == "test-tenant")
        role = next(r["id"] for r in self.api.get("identity", "/roles")["roles"] if r["name"] == "admin")
        self.api.put("identity", f"/projects/{project}/users/{user['id']}/roles/{role}", None)
        design = self.design()
        seen, arguments = "", ""
        with tempfile.TemporaryDirectory() as folder:
            how = {"vim": "test", "clouds": product.clouds_file(
                folder, "http://127.0.0.1:5000/v3", user="secretive", password=self.PASSWORD)}
            wrong = {"vim": "test", "clouds": product.clouds_file(
                tempfile.mkdtemp(dir=folder), "http://127.0.0.1:5000/v3", password=self.PASSWORD)}
            for verb, options in (("plan", how), ("deploy", how), ("verify", how), ("drill", how), ("status", how),
                                  ("undeploy", how), ("deploy", wrong)):
                for output in ("text", "json"):
                    process = product.start(verb, "-v", "-v", "--timings", "-o", output, design.path, **options)
                    while process.poll() is None:
                        with open(f"/proc/{process.pid}/cmdline", encoding="utf-8") as cmdline:
                            arguments += cmdline.read()
                        try:
                            out, err = process.communicate(timeout=0.5)
                            seen += out + err
                        except Exception:  # pylint: disable=broad-except
                            continue
        self.assertIn("/v3/auth/tokens", seen)
        self.assertNotIn(self.PASSWORD, seen)
        self.assertNotIn("gAAAA", seen)  # how a Fernet token begins
        self.assertNotIn(self.PASSWORD, arguments)


class Drill(product.ProductTest):
    """The guest is a stand-in (fake_guest.py), since the compute host is; ports and links are Neutron's.

    Shown: dnsvnf sets the active leg's port down and up again in Neutron, also when it is interrupted, and reports what
    the guest answers. Not shown: that a guest fails over, since the stand-in moves its bond itself; that is what the
    suites vm and bondd-vm show, with a kernel's bond."""

    def setUp(self):
        self.assertEqual(os.geteuid(), 0, "needs root, to give the guest's addresses to lo")
        super().setUp()

    def test_link_goes_down_and_comes_back(self):
        design = self.design()
        self.dnsvnf("deploy", design)
        for _ in range(3):
            with fake_guest.FakeGuest(self.api) as guest:
                process = product.start("drill", "--qps", "200", "-o", "json", design.path)
                out, errors = process.communicate(timeout=120)
            if guest.slowest < 1:  # else the stand-in saw too late that its leg's link went down
                break
        self.assertEqual(guest.links_seen, [(True, True), (False, True), (True, True)])
        self.assertIn(process.returncode, (0, 5), errors)  # 5: this machine is busy
        result, = answers.deployment("drill", out)["drills"]
        self.assertTrue(result["failed_over"], errors)  # as the stand-in did: reported, not proven
        self.assertGreater(result["failover"]["lost"], 0)  # though the link goes down some time after it was asked for
        self.assertEqual("pass" if process.returncode == 0 else "inconclusive", result["verdict"])
        self.assertTrue(all(port["admin_state_up"] for port in self.ports().values()))

    def test_not_deployed_is_said(self):
        process = product.start("drill", self.design().path)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertIn("run 'dnsvnf deploy' first", errors)

    def test_interrupted_puts_the_link_back(self):
        design = self.design()
        self.dnsvnf("deploy", design)
        with fake_guest.FakeGuest(self.api) as guest:
            process = product.start("drill", "--qps", "200", design.path)
            cloud.wait_for(lambda: (False, True) in guest.links_seen, "the leg's link to go down")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        self.assertEqual(process.returncode, 4)
        self.assertTrue(all(port["admin_state_up"] for port in self.ports().values()))


if __name__ == "__main__":
    cloud.main()
