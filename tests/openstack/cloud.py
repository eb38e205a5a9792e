# SPDX-License-Identifier: Apache-2.0
"""What tests need of the test cloud: its API, what is in it, and how to empty it. Standard library only.

A test program ends with `cloud.main()`: that brings the cloud up if need be and runs the tests inside of its
network, where the services have their usual ports.
"""
import concurrent.futures
import hashlib
import http.client
import json
import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
CLOUD_SH = os.path.join(HERE, "cloud.sh")
DIR = os.environ.get("CLOUD_DIR")  # set by cloud.sh run
TIMEOUT = 120
# Port, where the version begins, and the headers that choose its microversion.
SERVICES = {
    "identity": (5000, "/v3", {}),
    "image": (9292, "/v2", {}),
    "compute": (8774, "/v2.1", {"X-OpenStack-Nova-API-Version": "2.90"}),
    "network": (9696, "/v2.0", {}),
    "placement": (8778, "", {"OpenStack-API-Version": "placement 1.39"}),
}


class ApiError(Exception):
    def __init__(self, method, service, path, status, body):
        super().__init__(f"{method} {service} {path}: {status}: {body[:500].decode(errors='replace')}")
        self.status = status


class Api:
    """One user's view of the cloud. Methods raise ApiError for an answer that is not 2xx."""

    def __init__(self, user="admin", password="admin", project="test-tenant"):
        self.user, self.password, self.project = user, password, project
        self.token = self.project_id = None

    def call(self, method, service, path, body=None, content_type="application/json"):
        """The answer's JSON, or None if it has none. A body of bytes goes as it is, anything else as JSON."""
        if self.token is None:
            self._authenticate()
        return self._exchange(method, service, path, body, content_type, {"X-Auth-Token": self.token})[0]

    def get(self, service, path):
        return self.call("GET", service, path)

    def post(self, service, path, body):
        return self.call("POST", service, path, body)

    def put(self, service, path, body):
        return self.call("PUT", service, path, body)

    def delete(self, service, path):
        """Also when somebody else has deleted it meanwhile."""
        try:
            self.call("DELETE", service, path)
        except ApiError as error:
            if error.status != 404:
                raise

    def _authenticate(self):
        domain = {"id": "default"}
        answer, token = self._exchange("POST", "identity", "/auth/tokens", {"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": self.user, "password": self.password, "domain": domain}}},
            "scope": {"project": {"name": self.project, "domain": domain}}}}, "application/json", {})
        self.token, self.project_id = token, answer["token"]["project"]["id"]

    @staticmethod
    def _exchange(method, service, path, body, content_type, headers):
        port, base, version = SERVICES[service]
        headers = {**headers, **version, "Connection": "close"}
        if body is not None:
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers["Content-Type"] = content_type
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        try:
            connection.request(method, base + path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise ApiError(method, service, path, answer.status, text)
        return json.loads(text) if text else None, answer.headers.get("X-Subject-Token")


# ---- what is in it ----

def _by_name(service, path, key):
    return lambda api: {(item["id"], item.get("name", "")) for item in api.get(service, path)[key]}


def _role_assignments(api):
    return {json.dumps(assignment, sort_keys=True) for assignment in
            ({key: entry[key] for key in ("role", "scope", "user", "group") if key in entry}
             for entry in api.get("identity", "/role_assignments")["role_assignments"])}


def _keypairs(api):
    return {(user["id"], entry["keypair"]["name"]) for user in api.get("identity", "/users")["users"]
            for entry in api.get("compute", f"/os-keypairs?user_id={user['id']}")["keypairs"]}


# In the order in which they can be removed.
KINDS = {
    "servers": _by_name("compute", "/servers?all_tenants=1", "servers"),
    "server_groups": _by_name("compute", "/os-server-groups?all_projects=True", "server_groups"),
    "keypairs": _keypairs,
    "flavors": _by_name("compute", "/flavors?is_public=None", "flavors"),
    "images": _by_name("image", "/images?limit=1000", "images"),
    "ports": _by_name("network", "/ports", "ports"),
    "subnets": _by_name("network", "/subnets", "subnets"),
    "networks": _by_name("network", "/networks", "networks"),
    "security_groups": _by_name("network", "/security-groups", "security_groups"),
    "security_group_rules": _by_name("network", "/security-group-rules", "security_group_rules"),
    "role_assignments": _role_assignments,
    "projects": _by_name("identity", "/projects", "projects"),
    "users": _by_name("identity", "/users", "users"),
}
PATHS = {
    "servers": ("compute", "/servers/{}"),
    "server_groups": ("compute", "/os-server-groups/{}"),
    "flavors": ("compute", "/flavors/{}"),
    "images": ("image", "/images/{}"),
    "ports": ("network", "/ports/{}"),
    "subnets": ("network", "/subnets/{}"),
    "networks": ("network", "/networks/{}"),
    "security_groups": ("network", "/security-groups/{}"),
    "security_group_rules": ("network", "/security-group-rules/{}"),
    "projects": ("identity", "/projects/{}"),
    "users": ("identity", "/users/{}"),
}


def inventory(api):
    """All that is in the cloud, of all projects: a set for each of KINDS, of (id, name) or the like."""
    api.get("identity", "/projects?name=none")  # one token for all threads
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return dict(zip(KINDS, pool.map(lambda listing: listing(api), KINDS.values())))


def wipe(api, keep):
    """Removes all that is not in keep, an earlier inventory, and waits until it is gone."""
    present = inventory(api)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for kind in KINDS:
            surplus = present[kind] - keep[kind]
            list(pool.map(lambda entry, kind=kind: _remove(api, kind, entry), surplus))
            if kind == "servers" and surplus:
                wait_for(lambda: KINDS["servers"](api) <= keep["servers"], "the end of the servers")
                # Ports that Nova made have gone with the servers.
                present["ports"] = KINDS["ports"](api)
    left = {kind: entries - keep[kind] for kind, entries in inventory(api).items() if entries - keep[kind]}
    if left:
        raise AssertionError(f"cannot be removed: {left}")


def _remove(api, kind, entry):
    if kind == "keypairs":
        api.delete("compute", f"/os-keypairs/{entry[1]}?user_id={entry[0]}")
    elif kind == "role_assignments":
        parts = json.loads(entry)
        if "project" in parts["scope"]:
            who = f"users/{parts['user']['id']}" if "user" in parts else f"groups/{parts['group']['id']}"
            api.delete("identity", f"/projects/{parts['scope']['project']['id']}/{who}/roles/{parts['role']['id']}")
    else:
        service, path = PATHS[kind]
        api.delete(service, path.format(entry[0]))


def wait_for(condition, what, seconds=60):
    """The first true value of condition(), which is asked five times a second."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.2)
    return value


# ---- the hardware of its host ----

def host():
    """The description of the compute host's hardware (fake_compute.py)."""
    with open(os.path.join(DIR, "host.json"), encoding="utf-8") as source:
        return json.load(source)


def set_host(description):
    """Changes the hardware and returns when Nova's scheduler and Placement know it."""
    text = json.dumps(description, indent=1).encode()
    path = os.path.join(DIR, "host.json")
    with open(path + ".new", "wb") as target:
        target.write(text)
    os.replace(path + ".new", path)
    digest = hashlib.sha256(text).hexdigest()

    def audited():
        try:
            with open(os.path.join(DIR, "run", "host.audited"), encoding="ascii") as source:
                return source.read() == digest
        except FileNotFoundError:
            return False
    wait_for(audited, "nova-compute's audit of the changed host")


def main():
    """unittest.main inside of the cloud."""
    if DIR:
        unittest.main()
    else:
        up = os.spawnv(os.P_WAIT, CLOUD_SH, [CLOUD_SH, "up"])
        if up:
            sys.exit(up)
        os.execv(CLOUD_SH, [CLOUD_SH, "run", sys.executable, *sys.argv])
