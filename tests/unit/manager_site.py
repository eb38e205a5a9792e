# SPDX-License-Identifier: Apache-2.0
"""A site for dnsvnfd's tests: a cloud in this process, two guests that answer echo and DNS on addresses of a network namespace
of the test's own, the daemon, and the verbs that talk to it."""
import http.server
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path += [TESTS, os.path.join(TESTS, "openstack")]
import answers  # noqa: E402
import fake_cloud  # noqa: E402
import fake_guest  # noqa: E402
import manager_daemon  # noqa: E402

DESIGN = "examples/designs/two-vnfs"
FIRST, SECOND = "two-vnfs_dns-a_0", "two-vnfs_dns-b_0"
ADDRESSES = {FIRST: ("10.10.10.10", "172.16.1.10", "2001:db8:101::10"), SECOND: ("10.10.10.11", "172.16.1.11", "2001:db8:101::11")}
CONTROL = "10.10.10.254"
NETWORK = "test-tenant/two-vnfs/management-network"
CHANGES = {"<recovery_wait_time>30<": "<recovery_wait_time>1<",
           "<poll_frequency>3<": "<poll_frequency>1<", "_false>5<": "_false>3<", "<name>dns</name>": "<name>test-tenant</name>"}


def enter_namespace():
    """Starts the test again in a network namespace; to make one needs no privileges. What nobody has there gets no answer."""
    if os.environ.get("DNSVNF_TEST_NAMESPACE"):
        ip("link", "set", "lo", "up")
        ip("route", "add", "default", "dev", "lo")
        ip("-6", "route", "add", "default", "dev", "lo")
        return
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    os.environ["DNSVNF_TEST_NAMESPACE"] = "1"
    os.execvp("unshare", ["unshare", *user, "--net", "--mount", sys.executable, *sys.argv])


def ip(*arguments, check=True):
    subprocess.run(["ip", *arguments], check=check, timeout=30, stderr=None if check else subprocess.DEVNULL)


class NameServer(threading.Thread):
    """Answers each query with NOERROR and its question."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        self.socket.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
        self.socket.bind(("::", 53))
        self.start()

    def run(self):
        while True:
            try:
                query, control, _, sender = self.socket.recvmsg(4096, 256)
            except OSError:
                return
            answer = query[:2] + struct.pack("!H", 0x8580) + query[4:]
            # From the address that was asked.
            try:
                self.socket.sendmsg([answer], [one for one in control if one[0] == socket.IPPROTO_IPV6], 0, sender)
            except OSError:
                pass


class Status(http.server.BaseHTTPRequestHandler):
    """bondd's, of the guest whose address was asked: the legs of its bond are its ports on the service networks."""
    site = None

    def do_GET(self):  # pylint: disable=invalid-name
        here = self.connection.getsockname()[0].replace("::ffff:", "")
        name, = (name for name, addresses in ADDRESSES.items() if here in addresses)
        ports = sorted((port for port in self.site.cloud.there["ports"].values() if port["name"].startswith(name)),
                       key=lambda port: port["name"])
        legs = [(f"ens{number}", port["mac_address"], True) for number, port in enumerate(ports[1:], 4)]
        body = json.dumps(fake_guest.status(name, legs, "ens4")).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class StatusServer(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def handle_error(self, *_):  # the client is gone
        pass


def serve_guests():
    """What the guests answer, on whichever of their addresses exist."""
    NameServer()
    threading.Thread(target=StatusServer(("::", 9780), Status).serve_forever, daemon=True).start()


class Site(manager_daemon.Daemon):
    def __init__(self, design=DESIGN):
        self.folder = tempfile.mkdtemp(prefix="dnsvnfd.")
        subprocess.run(["mount", "-t", "tmpfs", "site", self.folder], check=True, timeout=30)  # a busy disk is slow
        self.design = os.path.join(self.folder, "design", "dep.xml")
        shutil.copytree(design, os.path.dirname(self.design))
        self.change(CHANGES)
        self.cloud = fake_cloud.Cloud()
        self.cloud.new_server = {"status": "ACTIVE", "OS-EXT-STS:task_state": None, "host_status": "UP", "locked": False,
                                 "OS-EXT-STS:power_state": 1, "OS-EXT-SRV-ATTR:host": "compute-1", "updated": "2026-11-29T07:00:00Z"}
        clouds = os.path.join(self.folder, "clouds.yaml")
        with open(clouds, "w", encoding="utf-8") as out:
            out.write(f"clouds: {{test: {{region_name: R, auth: {{auth_url: '{self.cloud.url}/identity/v3', username: u, "
                      "password: p, project_name: test-tenant, user_domain_id: default, project_domain_id: default}}}\n")
        super().__init__(self.folder, {"OS_CLIENT_CONFIG_FILE": clouds}, heal="on", settle="5", look="1",
                         listen="127.0.0.1:9781", control=f"{NETWORK} {CONTROL}")
        self.up = set()
        Status.site = self
        ip("address", "add", f"{CONTROL}/32", "dev", "lo")

    def change(self, changes):
        """Texts in the descriptor."""
        with open(self.design, encoding="utf-8") as source:
            text = source.read()
        for old, new in changes.items():
            text = text.replace(old, new)
        with open(self.design, "w", encoding="utf-8") as out:
            out.write(text)

    def close(self):
        if self.daemon:
            self.stop()
        for name in list(self.up):
            self.guest(name, False)
        ip("address", "del", f"{CONTROL}/32", "dev", "lo", check=False)
        self.cloud.close()
        subprocess.run(["umount", "-l", self.folder], check=True, timeout=30)
        os.rmdir(self.folder)

    def guest(self, name, answers):
        """Its addresses, or not."""
        if answers == (name in self.up):
            return
        for address in ADDRESSES[name]:
            size = "128" if ":" in address else "32"
            ip("address", "add" if answers else "del", f"{address}/{size}", "dev", "lo", *(["nodad"] if answers and ":" in address else []))
        (self.up.add if answers else self.up.discard)(name)

    def server(self, name):
        found = [one for one in self.cloud.there["servers"].values() if one["name"] == name]
        return found[0] if found else None
