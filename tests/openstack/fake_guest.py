# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the guest, since the test cloud's compute host runs none: it answers DNS and bondd's status.

Its legs' links are what Neutron says of the ports (admin_state_up), its bond moves as miimon=100 would: it moves it
itself, so a drill on it shows what dnsvnf asks for and reports, not that a bond fails over (tests/vm does). The
guest's addresses are given to lo of the cloud's network namespace, so nothing leaves it; those of 127/8 are there.
"""
import http.server
import json
import socket
import subprocess
import threading
import time

MANAGEMENT = "10.10.10.10"
SERVICE = "172.16.1.10"
LEGS = (("ens6", "cpnr-dns_cpnr_0_2"), ("ens7", "cpnr-dns_cpnr_0_3"))
LOOK_EVERY = 0.1


def dns_answer(query):
    """One A record, 192.0.2.80, for whatever is asked."""
    return (query[:2] + b"\x84\x00" + query[4:6] + b"\x00\x01\x00\x00\x00\x00" + query[12:]
            + b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x50")


def status(hostname, legs, active):
    """What bondd says of a guest whose day-0 is done. legs: (name, MAC or None, whether it has a carrier)."""
    told = [{"name": name, "mac": mac, "permanent_mac": mac, "carrier": up, "mii_status": "up" if up else "down",
             "speed": 10000, "numa_node": None, "driver": "iavf", "pci_address": None, "link_failures": 0}
            for name, mac, up in legs]
    return {"version": "stand-in", "hostname": hostname, "uptime": 60, "interfaces": [],
            "cloud_init": {"status": "done", "errors": []},
            "bonds": [{"name": "bond0", "mode": "active-backup", "miimon": 100, "arp_interval": 0,
                       "arp_ip_targets": [], "fail_over_mac": "active", "primary": None,
                       "primary_reselect": None, "active_leg": active, "mii_status": "up",
                       "legs": told, "addresses": [], "gateways": {}, "proc": ""}]}


class FakeGuest:
    def __init__(self, api, management=MANAGEMENT, service=SERVICE):
        self.api = api
        self.management, self.service = management, service
        self.links = [True, True]
        self.links_seen = [(True, True)]
        self.active = 0
        self.slowest = 0.0  # the longest time between two looks at the links, s
        self.answers_left = None  # None: it answers all queries
        self.joined = len(LEGS)  # how many of the legs are in the bond
        self._end = threading.Event()
        self._threads = []

    def __enter__(self):
        self._addresses("add")
        found = {port["name"]: port for port in self.api.get("network", "/ports")["ports"]}
        self.macs = [found[port]["mac_address"] for _, port in LEGS]
        self.ids = [found[port]["id"] for _, port in LEGS]
        guest = self

        class Status(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                body = json.dumps(guest.status()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._http = http.server.ThreadingHTTPServer((self.management, 9780), Status)
        self._dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._dns.bind((self.service, 53))
        self._dns.settimeout(LOOK_EVERY)
        for loop in (self._http.serve_forever, self._answer, self._watch):
            thread = threading.Thread(target=loop, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_):
        self._end.set()
        self._http.shutdown()
        self._http.server_close()
        for thread in self._threads:
            thread.join()
        self._dns.close()
        self._addresses("del")

    def _addresses(self, verb):
        for address in (self.management, self.service):
            if not address.startswith("127."):
                subprocess.run(["ip", "address", verb, f"{address}/32", "dev", "lo"], check=True)

    def status(self):
        legs = [(name, mac, up) for (name, _), mac, up in zip(LEGS, self.macs, self.links)]
        return status("cpnr", legs[:self.joined], LEGS[self.active][0])

    def _answer(self):
        while not self._end.is_set():
            try:
                query, sender = self._dns.recvfrom(2048)
            except socket.timeout:
                continue
            if self.links[self.active] and self.answers_left != 0:
                self._dns.sendto(dns_answer(query), sender)
                self.answers_left = None if self.answers_left is None else self.answers_left - 1

    def _watch(self):
        last = time.monotonic()
        while not self._end.is_set():
            time.sleep(LOOK_EVERY)
            query = "&".join(f"id={port}" for port in self.ids)  # one small request: the API is slow on a busy machine
            found = self.api.get("network", f"/ports?{query}&fields=id&fields=admin_state_up")["ports"]
            up = {port["id"]: port["admin_state_up"] for port in found}
            links = [up[port] for port in self.ids]
            now = time.monotonic()
            self.slowest, last = max(self.slowest, now - last), now
            if tuple(links) != self.links_seen[-1]:
                self.links_seen.append(tuple(links))
            self.links = links
            if not links[self.active] and links[1 - self.active]:
                time.sleep(0.1)  # miimon=100
                self.active = 1 - self.active
