#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Changes without an outage: two VNFs that stand in for each other, under DNS load, on a real control plane.

The guests are stand-ins: each answers DNS on its service address while Nova says that its server runs.
"""
import base64
import contextlib
import http.server
import json
import os
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import cloud
import fake_guest
import product

TWO_VNFS = os.path.join(product.TOP, "examples", "designs", "two-vnfs")
VNFS = {"a": ("10.10.10.10", "172.16.1.10"), "b": ("10.10.10.11", "172.16.1.11")}
LOOK_EVERY = 0.2
QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x04test\x00\x00\x01\x00\x01"


class TwoVnfs(product.Design):
    """The example of two VNFs, on the one host of the cloud, with IPv4 only."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.folder = tempfile.mkdtemp(prefix="dnsvnf-test-")
        self.path = os.path.join(self.folder, "dep.xml")
        for file in os.listdir(TWO_VNFS):
            shutil.copy(os.path.join(TWO_VNFS, file), self.folder)
        self.image("image.raw")
        self.edit(("<name>dns-vnf</name>\n      <disk_format>qcow2",
                   "<name>dns-vnf</name>\n      <src>image.raw</src>\n      <disk_format>raw"),
                  ("<name>dns</name>", "<name>test-tenant</name>"),
                  ("<bootup_time>300", "<bootup_time>120"))
        self.drop(r"<placement_group>.*?</placement_group>")
        self.drop(r"<subnet>\s*<name>service-\d-v6</name>.*?</subnet>", 2)
        self.drop(r"<address>\s*<address_id>1</address_id>.*?</address>", 4)
        self.drop(r"<variable>\s*<name>SERVICE6</name>.*?</variable>", 2)
        self.drop(r" ipv6\.method manual ipv6\.addresses \S+ ipv6\.gateway \S+", file="day0.cfg")
        self.edit(("</vm_group>\n        </deployment>",
                   "</vm_group>\n<extensions>\n<extension>\n<name>dnsvnf</name>\n<properties>\n<property>\n"
                   "<name>dns_query</name>\n<value>www.example.test</value>\n</property>\n</properties>\n"
                   "</extension>\n</extensions>\n        </deployment>"))


class Status(http.server.BaseHTTPRequestHandler):
    """What bondd says of a guest whose day-0 is done."""

    def do_GET(self):  # pylint: disable=invalid-name
        legs = [(name, None, True) for name in ("ens4", "ens5")]
        body = json.dumps(fake_guest.status("dns", legs, "ens4")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Guest:
    """Answers DNS on its service address while its server runs and its day-0 has not "not-on-NAME"."""

    def __init__(self, name):
        self.name, self.address = name, VNFS[name][1]
        self.serves = True
        self._end = threading.Event()

    def __enter__(self):
        for address in VNFS[self.name]:
            subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 53))
        self._socket.settimeout(0.1)
        self._http = http.server.ThreadingHTTPServer((VNFS[self.name][0], 9780), Status)
        self._threads = [threading.Thread(target=loop, daemon=True)
                         for loop in (self._answer, self._http.serve_forever)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._http.shutdown()
        self._http.server_close()
        for thread in self._threads:
            thread.join()
        self._socket.close()
        for address in VNFS[self.name]:
            subprocess.run(["ip", "address", "del", f"{address}/32", "dev", "lo"], check=True)

    def _answer(self):
        while not self._end.is_set():
            try:
                query, sender = self._socket.recvfrom(2048)
            except socket.timeout:
                continue
            if self.serves:
                with contextlib.suppress(OSError):  # its address is gone
                    self._socket.sendto(fake_guest.dns_answer(query), sender)

    def look(self, running):
        """running: the ids of servers by name."""
        server = running.get(f"two-vnfs_dns-{self.name}_0")
        if server:
            with open(os.path.join(cloud.DIR, "run", "day0", server), encoding="ascii") as source:
                day0 = base64.b64decode(source.read()).decode()
        self.serves = server is not None and f"not-on-{self.name}" not in day0


class Watch:
    """Tells the guests whether their servers run, with one small request for all: a detailed one would keep Nova busy."""

    def __init__(self, api, guests):
        self.api, self.guests = api, guests
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _watch(self):
        while not self._end.wait(LOOK_EVERY):
            found = self.api.get("compute", "/servers?all_tenants=1&status=ACTIVE&status=VERIFY_RESIZE")["servers"]
            for guest in self.guests:
                guest.look({server["name"]: server["id"] for server in found})


class Load:
    """A client that asks both, as a resolver does; remembers when neither answered, and who answered ever less."""

    def __enter__(self):
        self.asked = self.lost = 0
        self.missed = {name: 0 for name in VNFS}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _ask(self):
        while not self._end.is_set():
            answered = self._both()
            self.asked += 1
            self.lost += not answered
            for name in VNFS:
                self.missed[name] += name not in answered
            time.sleep(0.05)

    @staticmethod
    def _both():
        """Who answers: the query is lost if nobody does within the 5 s of a stub resolver. One that is down drops it."""
        answered, start = set(), time.monotonic()
        with contextlib.ExitStack() as stack:
            clients = {stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)): name for name in VNFS}
            for client, name in clients.items():
                client.connect((VNFS[name][1], 53))
                client.send(QUERY)
            while len(answered) < len(VNFS) and (left := start + (0.5 if answered else 5) - time.monotonic()) > 0:
                for client in select.select([c for c in clients if clients[c] not in answered], [], [], left)[0]:
                    if client.recv(2048)[:2] == QUERY[:2]:
                        answered.add(clients[client])
        return answered


class UpdateTest(product.ProductTest):
    def setUp(self):
        super().setUp()
        self.design = TwoVnfs()
        self.designs.append(self.design)
        self.enterContext(Watch(self.api, [self.enterContext(Guest(name)) for name in VNFS]))
        self.dnsvnf("deploy", self.design)
        self.kept = self.identities()

    def one(self, name):
        return self.server(f"two-vnfs_dns-{name}_0")

    def identities(self):
        """What must not change: ids of servers, and of ports with their addresses and MACs."""
        return ({name: self.one(name)["id"] for name in VNFS},
                {name: (port["id"], port["mac_address"], port["fixed_ips"]) for name, port in self.ports().items()})

    def state(self):
        """What a failed change has to leave as it was."""
        return {name: {key: self.one(name)[key] for key in ("status", "image", "OS-EXT-SRV-ATTR:user_data")}
                for name in VNFS}

    def update(self, code=0, *arguments):
        with Load() as load:
            time.sleep(0.5)
            done = self.dnsvnf("deploy", self.design, *arguments, code=code)
            time.sleep(0.5)
        self.assertGreater(load.asked, 10)
        self.assertEqual(load.lost, 0, f"both were down: {load.missed} of {load.asked}\n{done.stderr}")
        return done, load

    def changed_twice(self):
        done, load = self.update()
        self.assertEqual(self.identities(), self.kept)
        self.assertIn("0 objects", self.dnsvnf("deploy", self.design).stdout)
        self.assertEqual([self.one(name)["status"] for name in VNFS], ["ACTIVE", "ACTIVE"])
        return done, load


class Update(UpdateTest):
    def test_day0(self):
        self.design.edit(("hostname: ${NAME}", "hostname: new-${NAME}"), file="day0.cfg")
        plan = self.dnsvnf("plan", self.design).stdout
        self.assertIn("user_data", plan)
        self.assertIn("1 line differs", plan)
        self.changed_twice()
        for name in VNFS:
            day0 = base64.b64decode(self.one(name)["OS-EXT-SRV-ATTR:user_data"]).decode()
            self.assertIn(f"hostname: new-dns-{name}", day0)

    def test_image(self):
        before = {self.one(name)["image"]["id"] for name in VNFS}
        self.design.image("new.raw")
        self.design.edit(("image.raw", "new.raw"))
        self.changed_twice()
        after = {self.one(name)["image"]["id"] for name in VNFS}
        self.assertEqual(len(after), 1)
        self.assertFalse(before & after)
        self.assertEqual(self.surplus()["images"], 1)


if __name__ == "__main__":
    cloud.main()
