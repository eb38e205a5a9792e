#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The test cloud itself: a server with two legs starts, and each fault of the proxy is what it says."""
import copy
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import unittest

import cloud
import proxy

TWO_CELLS = {"hw:cpu_policy": "dedicated", "hw:numa_nodes": "2", "hw:mem_page_size": "2048"}


def leg(api, physnet, vlan):
    """A direct port on a VLAN of its own on this physical network."""
    network = api.post("network", "/networks", {"network": {
        "name": physnet, "provider:network_type": "vlan", "provider:physical_network": physnet,
        "provider:segmentation_id": vlan, "port_security_enabled": False}})["network"]["id"]
    api.post("network", "/subnets", {"subnet": {"network_id": network, "ip_version": 4, "cidr": "172.16.1.0/24"}})
    return api.post("network", "/ports", {"port": {
        "network_id": network, "binding:vnic_type": "direct", "propagate_uplink_status": True,
        "numa_affinity_policy": "required"}})["port"]


def image(api, content=b"\0" * 4096):
    made = api.post("image", "/images", {"name": "empty", "disk_format": "raw", "container_format": "bare"})["id"]
    api.call("PUT", "image", f"/images/{made}/file", content, "application/octet-stream")
    return made


def flavor(api, name):
    made = api.post("compute", "/flavors", {"flavor": {
        "name": name, "ram": 2048, "vcpus": 4, "disk": 0}})["flavor"]["id"]
    api.post("compute", f"/flavors/{made}/os-extra_specs", {"extra_specs": TWO_CELLS})
    return made


def server(api, ports, name="two-legs", **attributes):
    """Its final state."""
    made = api.post("compute", "/servers", {"server": {
        "name": name, "imageRef": image(api), "flavorRef": flavor(api, name),
        "networks": [{"port": port} for port in ports], **attributes}})["server"]["id"]

    def settled():
        found = api.get("compute", f"/servers/{made}")["server"]
        return found if found["status"] in ("ACTIVE", "ERROR") else None
    return cloud.wait_for(settled, "ACTIVE or ERROR")


class CloudTest(unittest.TestCase):
    """Leaves the cloud as it was."""

    def setUp(self):
        self.api = cloud.Api()
        self.addCleanup(cloud.wipe, self.api, cloud.inventory(self.api))


class Server(CloudTest):
    def test_two_legs_on_two_nodes(self):
        ports = [leg(self.api, physnet, 101) for physnet in ("sriov0", "sriov1")]
        self.assertEqual([True, True], [port["propagate_uplink_status"] for port in ports])
        self.assertEqual(["required"] * 2, [port["numa_affinity_policy"] for port in ports])
        made = server(self.api, [port["id"] for port in ports])
        self.assertEqual("ACTIVE", made["status"], made.get("fault"))

        nodes = self.api.get("compute", f"/servers/{made['id']}/topology")["nodes"]
        self.assertEqual([0, 1], sorted(node["host_node"] for node in nodes))

        def wired():
            found = [self.api.get("network", f"/ports/{port['id']}")["port"] for port in ports]
            return found if all(port["status"] == "ACTIVE" for port in found) else None
        slots = [port["binding:profile"]["pci_slot"] for port in cloud.wait_for(wired, "the ports to be ACTIVE")]
        self.assertRegex(slots[0], r"^0000:3b:")
        self.assertRegex(slots[1], r"^0000:af:")

        # The admin state of a port is the state of its link, as the real agent makes it.
        self.api.put("network", f"/ports/{ports[0]['id']}", {"port": {"admin_state_up": False}})
        cloud.wait_for(lambda: self.api.get("network", f"/ports/{ports[0]['id']}")["port"]["status"] == "DOWN",
                       "the port of which the link is down")

    def test_no_binding_without_a_bridge(self):
        port = leg(self.api, "sriov0", 102)["id"]
        self.api.put("network", f"/ports/{port}", {"port": {"binding:vnic_type": "normal",
                                                            "numa_affinity_policy": None}})
        made = server(self.api, [port])
        self.assertEqual("ERROR", made["status"])
        self.assertIn("Exceeded maximum number of retries", made["fault"]["message"])

    def test_server_that_cannot_be_started(self):
        made = server(self.api, [], networks="none", metadata={"fault": "spawn"})
        self.assertEqual("ERROR", made["status"])
        self.assertIn("Exceeded maximum number of retries", made["fault"]["message"])

    def test_changed_hardware(self):
        before = cloud.host()
        self.addCleanup(cloud.set_host, before)
        poor = copy.deepcopy(before)
        poor["pfs"][0]["num_vfs"] = 0
        poor["pfs"][1]["numa_node"] = None
        cloud.set_host(poor)
        port = leg(self.api, "sriov0", 103)["id"]
        made = server(self.api, [port])
        self.assertEqual("No valid host was found. There are not enough hosts available.", made["fault"]["message"])
        cloud.set_host(before)
        made = server(self.api, [port], name="again")
        self.assertEqual("ACTIVE", made["status"], made.get("fault"))


class Users(unittest.TestCase):
    def test_clouds_yaml(self):
        for name, roles in (("admin", {"admin"}), ("tenant", {"member"}), ("appcred", {"admin"})):
            with self.subTest(name):
                done = subprocess.run([cloud.CLOUD_SH, "cli", "token", "issue", "-f", "json"], text=True,
                                      capture_output=True, env={**os.environ, "OS_CLOUD": name}, check=False)
                self.assertEqual(0, done.returncode, done.stderr)
                token = json.loads(done.stdout)["id"]
                connection = http.client.HTTPConnection("127.0.0.1", 5000)
                connection.request("GET", "/v3/auth/tokens", headers={"X-Auth-Token": token, "X-Subject-Token": token})
                found = json.load(connection.getresponse())["token"]
                connection.close()
                self.assertEqual("test-tenant", found["project"]["name"])
                self.assertLessEqual(roles, {role["name"] for role in found["roles"]})


class Proxy(CloudTest):
    def setUp(self):
        super().setUp()
        self.api.get("identity", "/projects")
        self.proxy = proxy.FaultProxy().start()
        self.addCleanup(self.proxy.stop)
        self.connection = self.connect("network")

    def connect(self, service):
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.ports[service], timeout=20)
        self.addCleanup(connection.close)
        return connection

    def ask(self, method="GET", path="/v2.0/networks", body=None, connection=None):
        """One request over the kept connection: status, headers, body."""
        connection = connection or self.connection
        connection.request(method, path, body and json.dumps(body),
                           {"X-Auth-Token": self.api.token, "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def make_network(self):
        return self.ask("POST", body={"network": {"name": "made"}})

    def made(self):
        return len(self.api.get("network", "/networks?name=made")["networks"])

    def test_numbers_and_catalog(self):
        identity = self.connect("identity")
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": "admin", "password": "admin", "domain": {"id": "default"}}}},
            "scope": {"project": {"name": "test-tenant", "domain": {"id": "default"}}}}}
        status, _, text = self.ask("POST", "/v3/auth/tokens", body, identity)
        self.assertEqual(201, status)
        urls = {entry["type"]: endpoint["url"] for entry in json.loads(text)["token"]["catalog"]
                for endpoint in entry["endpoints"]}
        for service, port in self.proxy.ports.items():
            self.assertTrue(urls[service].startswith(f"http://127.0.0.1:{port}"), urls)
        for service, path in (("identity", "/v3"), ("compute", "/v2.1/"), ("network", "/"), ("image", "/versions")):
            text = self.ask(path=path, connection=self.connect(service))[2].decode()
            self.assertIn(f"http://127.0.0.1:{self.proxy.ports[service]}", text)
            self.assertNotIn(f":{proxy.PORTS[service]}/", text)
        self.assertEqual([(1, "POST", "identity", "/v3/auth/tokens"), (2, "GET", "identity", "/v3"),
                          (3, "GET", "compute", "/v2.1/"), (4, "GET", "network", "/"),
                          (5, "GET", "image", "/versions")],
                         [(entry["number"], entry["method"], entry["service"], entry["path"])
                          for entry in self.proxy.log])
        self.assertNotIn(self.api.token, json.dumps(self.proxy.log))

    def test_connection_is_kept(self):
        self.ask()
        kept = self.connection.sock
        self.assertIsNotNone(kept)
        self.assertEqual(201, self.make_network()[0])
        self.assertIs(kept, self.connection.sock)

    def test_uploads_stream(self):
        content = os.urandom(3 * 1024 * 1024 + 1)
        for framing in ("length", "chunked"):
            with self.subTest(framing):
                connection = self.connect("image")
                made = json.loads(self.ask("POST", "/v2/images", {
                    "name": framing, "disk_format": "raw", "container_format": "bare"}, connection)[2])["id"]
                pieces = content if framing == "length" else (content[at:at + 100000]
                                                              for at in range(0, len(content), 100000))
                connection.request("PUT", f"/v2/images/{made}/file", pieces, {
                    "X-Auth-Token": self.api.token, "Content-Type": "application/octet-stream"},
                    encode_chunked=framing == "chunked")
                self.assertEqual(204, connection.getresponse().status)
                self.assertEqual(len(content), self.api.get("image", f"/images/{made}")["size"])

    def test_errors_are_not_forwarded(self):
        for number, (kind, status, retry_after) in enumerate(
                (("500", 500, None), ("401", 401, None), ("503", 503, "1"), ("429", 429, "1"), ("html", 200, None)), 1):
            with self.subTest(kind):
                self.proxy.fault(kind, number)
                answer, headers, body = self.make_network()
                self.assertEqual((status, retry_after), (answer, headers["Retry-After"]))
                self.assertEqual(kind in ("503", "429", "html"), body.startswith(b"<"))
                entry = self.proxy.log[-1]
                self.assertEqual((number, kind, status, None),
                                 (entry["number"], entry["fault"], entry["status"], entry["upstream"]))
                self.assertEqual(entry["request_id"], headers["x-openstack-request-id"])
        self.assertEqual(0, self.made())
        self.assertEqual(201, self.make_network()[0])

    def test_several_in_a_row(self):
        self.proxy.fault("503", 2, count=2)
        self.assertEqual([200, 503, 503, 200], [self.ask()[0] for _ in range(4)])

    def test_resets(self):
        for kind, made in (("reset-before", 0), ("reset-after", 1)):
            with self.subTest(kind):
                self.proxy.reset()
                self.proxy.fault(kind, 1)
                with self.assertRaises(ConnectionResetError):
                    self.make_network()
                self.connection.close()
                self.proxy.settle()
                self.assertEqual(made, self.made())
                self.assertEqual(201 if made else None, self.proxy.log[0]["upstream"])

    def test_stall(self):
        self.proxy.fault("stall", 1)
        impatient = http.client.HTTPConnection("127.0.0.1", self.proxy.ports["network"], timeout=1)
        with self.assertRaises(TimeoutError):
            self.ask("POST", body={"network": {"name": "made"}}, connection=impatient)
        self.assertIsNone(self.proxy.log[0]["end"])
        impatient.close()
        self.proxy.settle()
        self.assertIsNone(self.proxy.log[0]["status"])
        self.assertEqual(0, self.made())

    def test_cut(self):
        self.proxy.fault("cut", 1)
        with self.assertRaises(http.client.IncompleteRead) as caught:
            self.make_network()
        self.assertGreater(len(caught.exception.partial), 0)
        self.assertLessEqual(abs(len(caught.exception.partial) - caught.exception.expected), 1)
        self.assertEqual(1, self.made())

    def test_broken_json(self):
        self.proxy.fault("badjson", 1)
        status, headers, body = self.make_network()
        self.assertEqual((201, "application/json"), (status, headers["Content-Type"]))
        self.assertRaises(ValueError, json.loads, body)
        self.assertEqual(1, self.made())

    def test_kills(self):
        script = ("import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]));"
                  "ask = lambda *a: (c.request(*a, headers={'X-Auth-Token': sys.argv[2]}), c.getresponse().read());"
                  "ask('GET', '/v2.0/networks'); ask('POST', '/v2.0/networks', '{\"network\": {\"name\": \"made\"}}')")
        for kind, made in (("kill-before", 0), ("kill-after", 1)):
            with self.subTest(kind):
                self.proxy.reset()
                self.proxy.fault(kind, 2)
                with subprocess.Popen([sys.executable, "-c", script, str(self.proxy.ports["network"]),
                                       self.api.token]) as client:
                    self.proxy.client(client.pid)
                    self.assertEqual(-signal.SIGKILL, client.wait(30))
                self.proxy.settle()
                self.assertEqual(["GET", "POST"], [entry["method"] for entry in self.proxy.log])
                self.assertEqual(made, self.made())

    def test_parallel_requests_have_numbers_of_their_own(self):
        threads = [threading.Thread(target=self.ask, kwargs={"connection": self.connect("network")}) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(list(range(1, 9)), [entry["number"] for entry in self.proxy.log])
        self.assertEqual([200] * 8, [entry["status"] for entry in self.proxy.log])


if __name__ == "__main__":
    cloud.main()
