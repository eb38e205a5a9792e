# SPDX-License-Identifier: Apache-2.0
"""A cloud in this process: what is POSTed is there afterwards, and any request can be spoiled."""
import hashlib
import http.server
import itertools
import json
import re
import ssl
import threading
import urllib.parse

IMAGE = {"id": "image-1", "name": "dns-vnf", "status": "active", "size": 1}
SERVICES = {"identity": "identity/v3", "compute": "compute/v2.1", "network": "network", "image": "image"}
SINGULAR = {"networks": "network", "subnets": "subnet", "ports": "port", "servers": "server",
            "flavors": "flavor", "server_groups": "server_group", "images": "image"}
KNOWN = {"os-server-groups": "server_groups"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, **headers):
        self.server.moment("after", self)
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return BENDS[self.server.cloud.bent.get(self.number)](self, status, data, headers)

    def send(self, status, data, headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), "x-openstack-request-id": "req-1", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    # ---- answers that a cloud should not give ----

    def never(self, *_):
        self.server.cloud.over.wait(60)
        self.close_connection = True

    def slowly(self, status, data, headers):
        """A byte now and then: it would take hours."""
        self.send(status, b"", {**headers, "Content-Length": "1000000"})
        while not self.server.cloud.over.wait(0.2):
            self.wfile.write(b" ")

    def hugely(self, status, data, headers):
        """More than any answer may have (http.c), as much as the client takes."""
        self.send(status, b"", {**headers, "Content-Length": str(1 << 40)})
        while not self.server.cloud.over.is_set():
            self.wfile.write(b" " * 65536)

    def in_types(self, status, data, headers, change):
        self.send(status, json.dumps(change(json.loads(data))).encode() if data else data, headers)

    def handle_request(self):
        cloud = self.server.cloud
        if self.server.moment("before", self) == "lost":
            self.close_connection = True
            return None
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size else None
        if body and self.headers.get("Content-Type") != "application/octet-stream":
            body = json.loads(body)
        _, _, path, query, _ = urllib.parse.urlsplit(self.path)
        with cloud.lock:
            cloud.requests.append((self.command, path, body))
            self.number = len(cloud.requests)
        for method, pattern, reply in cloud.spoiled:
            if method == self.command and re.search(pattern, path):
                if callable(reply):
                    return reply(self)
                if reply is None:  # no answer, ever
                    cloud.delayed.set()
                    cloud.over.wait(60)
                    return None
                return self.answer(*reply[:2], **(reply[2] if len(reply) > 2 else {}))
        service, *words = path.strip("/").split("/")
        words = [w for w in words if w not in ("v3", "v2.0", "v2", "v2.1", "detail")]
        if service == "identity":
            return self.answer(201, cloud.token(), X_Subject_Token="token")
        if service == "compute" and int(self.headers["OpenStack-API-Version"].split(".")[1]) > cloud.nova_most:
            return self.answer(406, {"computeFault": {"message": "Version is not supported by the API."}})
        if (self.command, path.rpartition("/compute/")[2]) == ("GET", "v2.1/servers/detail"):
            return self.answer(200, cloud.list_servers(self.headers, dict(urllib.parse.parse_qsl(query))))
        status, body = cloud.do(self.command, words, body)
        fields = urllib.parse.parse_qs(query).get("fields") if service == "network" else None
        if fields and self.command == "GET" and isinstance(body.get(words[0]), list):
            body = {words[0]: [{key: value for key, value in one.items() if key in fields} for one in body[words[0]]]}
        return self.answer(status, body)

    do_GET = do_POST = do_PUT = do_DELETE = handle_request


def other_types(value, leaves):
    """The same with other types: of leaves (texts, numbers), or of lists and objects."""
    if isinstance(value, dict):
        changed = {key: other_types(one, leaves) for key, one in value.items()}
        return changed if leaves or any(isinstance(one, (dict, list)) for one in value.values()) else list(changed)
    if isinstance(value, list):
        changed = [other_types(one, leaves) for one in value]
        return changed if leaves or any(isinstance(one, (dict, list)) for one in value) else {"0": changed}
    if not leaves:
        return value
    return 7 if isinstance(value, str) else "x"


# What may become of an answer: how it is sent, or what the JSON in it becomes.
BENDS = {
    None: Handler.send,
    "slowly": Handler.slowly,
    "never": Handler.never,
    "hugely": Handler.hugely,
    "text": lambda handler, *answer: handler.in_types(*answer, lambda _: "x"),
    "list": lambda handler, *answer: handler.in_types(*answer, lambda value: [value]),
    "empty": lambda handler, *answer: handler.in_types(*answer, lambda _: {}),
    "leaves": lambda handler, *answer: handler.in_types(*answer, lambda value: other_types(value, True)),
    "containers": lambda handler, *answer: handler.in_types(*answer, lambda value: other_types(value, False)),
}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cloud):
        super().__init__(("127.0.0.1", 0), Handler)
        self.cloud = cloud
        # Called before a request is carried out ("lost": it is not) and after, before it is answered.
        self.moment = lambda _moment, _handler: None

    def run(self):
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, *_):
        pass


class Cloud:
    def __init__(self, certificate=None, services="http"):
        """certificate: (file, key) of Keystone over https; services: the scheme in the catalog."""
        self.requests = []  # (method, path, body)
        self.spoiled = []  # (method, pattern of the path, (status, body[, headers]), a function, or None: no answer)
        self.corruption = b""  # what an upload gets at its end
        self.fails = []  # messages of the next rebuilds
        self.times = itertools.count()  # of changes of servers
        self.nova_most = 90  # the minor number of Nova's highest microversion
        self.page = 1000  # servers on a page (Nova's max_limit)
        self.down = ()  # ids of the servers of a cell that does not answer
        self.deleted = []  # servers, as Nova lists them after
        self.bent = {}  # {number of a request: a key of BENDS}
        self.delayed, self.over = threading.Event(), threading.Event()
        self.new_server = {"status": "ACTIVE"}
        self.there = {kind: {} for kind in SINGULAR}
        self.there["images"]["image-1"] = IMAGE
        self.numbers = {kind: itertools.count(len(things)) for kind, things in self.there.items()}
        self.lock = threading.Lock()
        self.server = Server(self)
        self.proxies = []
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}"
        self.services = f"{services}://127.0.0.1:{self.server.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.run()

    def proxy(self):
        """The same cloud as a proxy: whose http_proxy it is, that process' requests come here."""
        self.proxies.append(Server(self))
        self.proxies[-1].run()
        return self.proxies[-1]

    def close(self):
        self.over.set()
        for server in (self.server, *self.proxies):
            server.end()

    def spoil(self, method, pattern, status, message=""):
        self.spoiled.append((method, pattern, (status, {"error": {"message": message}})))

    def delay(self, method, pattern):
        self.spoiled.append((method, pattern, None))

    def token(self):
        catalog = [{"type": name, "endpoints": [{"interface": "public", "region_id": "R", "url": f"{self.services}/{path}"}]}
                   for name, path in SERVICES.items()]
        return {"token": {"user": {"id": "user-1", "name": "u"}, "catalog": catalog,
                          "project": {"id": "project-1", "name": "test-tenant", "domain": {"id": "default"}},
                          "roles": [{"id": "role-1", "name": "admin"}]}}

    def make(self, kind, given):
        with self.lock:
            number = next(self.numbers[kind])
            usual = self.new_server if kind == "servers" else {}
            new = {"status": "ACTIVE", **usual, **given, "id": f"{kind}-{number}"}
            if kind == "ports":
                new.setdefault("mac_address", f"fa:16:3e:00:00:{number:02x}")
                new.setdefault("propagate_uplink_status", True)
            if kind == "servers":
                new["image"] = {"id": given.get("imageRef")}
                new["OS-EXT-SRV-ATTR:user_data"] = given.get("user_data")
            self.there[kind][new["id"]] = new
            return new

    def list_servers(self, headers, query):
        """Those of a cell that does not answer are left out before 2.69, and where there is any filter or a marker."""
        servers = list(self.there["servers"].values())
        if "changes-since" in query:
            servers = [one for one in servers + self.deleted if one["updated"] >= query["changes-since"]]
        first = next((i + 1 for i, one in enumerate(servers) if one["id"] == query.get("marker")), 0)
        page = servers[first:first + self.page]
        shows_down = headers["OpenStack-API-Version"] >= "compute 2.69" and not query
        answer = {"servers": [{"id": one["id"], "status": "UNKNOWN", "tenant_id": "project-1", "created": "2026-11-01T00:00:00Z"}
                              if one["id"] in self.down else one
                              for one in page if shows_down or one["id"] not in self.down]}
        if len(page) == self.page:
            query = urllib.parse.urlencode({**query, "marker": page[-1]["id"]})
            answer["servers_links"] = [{"rel": "next", "href": f"{self.url}/compute/v2.1/servers?{query}"}]
        return answer

    def port_without_address(self, server):
        """Nova takes a port that has no address only if that was asked for, and its network is without port security."""
        subnets = {subnet["network_id"] for subnet in self.there["subnets"].values()}
        for network in server.get("networks", []):
            port = self.there["ports"][network["port"]]
            without = port["network_id"] in self.there["networks"] and port["network_id"] not in subnets
            if without and "fixed_ips" not in port:
                return f"Port {port['id']} requires a FixedIP in order to be used."
            if without and self.there["networks"][port["network_id"]].get("port_security_enabled", True):
                return "Network requires port_security_enabled and subnet associated in order to apply security groups."
        return None

    def shown(self, kind, one):
        """A network as Neutron lists it."""
        if kind != "networks":
            return one
        subnets = [subnet["id"] for subnet in self.there["subnets"].values() if subnet.get("network_id") == one["id"]]
        return {"port_security_enabled": True, "project_id": "project-1", **one, "subnets": subnets}

    @staticmethod
    def in_bulk(kind, given):
        """In a bulk request Neutron forgets that no address was asked for."""
        return {k: v for k, v in given.items() if (kind, k, v) != ("ports", "fixed_ips", [])}

    def act(self, server, action, arguments):
        """Nova's changes of a server, done at once; those in fails leave it in ERROR."""
        if action == "rebuild":
            server["metadata"] = arguments["metadata"]
            server["image"] = {"id": arguments["imageRef"]}
            server["updated"] = f"{next(self.times)}"
            if "user_data" in arguments:
                server["OS-EXT-SRV-ATTR:user_data"] = arguments["user_data"]
        elif action == "resize":
            flavor = self.there["flavors"][arguments["flavorRef"]]
            server["old_flavor"] = server.get("flavor")
            server["flavor"] = {"original_name": flavor["name"], "extra_specs": flavor.get("extra_specs", {})}
            server["status"] = "VERIFY_RESIZE"
        elif action == "confirmResize":
            server["status"] = "ACTIVE"
        elif action == "revertResize":
            server["flavor"], server["status"] = server.pop("old_flavor"), "ACTIVE"
        elif action in ("os-start", "os-stop", "reboot"):
            server["status"] = "SHUTOFF" if action == "os-stop" else "ACTIVE"
            server["updated"] = f"{next(self.times)}"
        failed = self.fails.pop() if self.fails and action in ("rebuild", "resize", "os-start", "os-stop", "reboot") else None
        if failed:
            server |= {"status": "ERROR", "fault": {"message": failed}}
        elif action == "rebuild":
            server["status"] = "ACTIVE"

    def do(self, method, words, body):
        kind = KNOWN.get(words[0], words[0]) if words else "version"
        things = self.there.get(kind)
        if kind == "version":
            return 200, {"version": {"version": f"2.{self.nova_most}"}}
        if things is None:
            return 200, {kind: []}
        one = things.get(words[1]) if len(words) > 1 else None
        if method == "POST" and len(words) == 1:
            refusal = self.port_without_address(body["server"]) if kind == "servers" else None
            if refusal:
                return 400, {"badRequest": {"message": refusal}}
            if kind in body:
                return 201, {kind: [self.make(kind, self.in_bulk(kind, given)) for given in body[kind]]}
            if kind == "images":  # https://docs.openstack.org/api-ref/image/v2/: not wrapped
                return 201, self.make(kind, {**body, "status": "queued"})
            return 201, {SINGULAR[kind]: self.make(kind, body[SINGULAR[kind]])}
        if len(words) == 1:
            return 200, {kind: [self.shown(kind, one) for one in things.values()]}
        if one is None:
            return 404, {"error": {"message": f"no {words[1]}"}}
        if words[2:] == ["file"]:  # of an image: Glance's answer has its hash
            one |= {"status": "active", "size": len(body), "os_hash_algo": "sha512",
                    "os_hash_value": hashlib.sha512(body + self.corruption).hexdigest()}
            return 204, None
        if words[2:] == ["action"]:
            self.act(one, *next(iter(body.items())))
            return 202, None
        if words[2:] == ["metadata"] and kind == "servers":
            one["metadata"] |= body["metadata"]
            return 200, body
        if len(words) > 2:  # a flavor's extra specs and what else hangs on a thing
            if method == "POST":
                one.update(body)
            return 200, body or {}
        if method == "DELETE" and not one.get("stays"):
            del things[words[1]]
            if kind == "servers":  # its metadata are deleted, too
                self.deleted.append({**one, "status": "DELETED", "metadata": {}})
            for subnet in [s for s in self.there["subnets"].values() if s.get("network_id") == words[1]]:
                del self.there["subnets"][subnet["id"]]
            return 204, None
        if method == "PUT":
            one.update(body[SINGULAR[kind]])
        return 200, one if kind == "images" else {SINGULAR[kind]: one}
