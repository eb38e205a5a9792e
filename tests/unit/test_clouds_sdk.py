#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where dnsvnf would connect, and where openstacksdk would: the same for every clouds.yaml here, or dnsvnf refuses
and names the setting. No network is used. Usage: test_clouds_sdk.py PRINT_CLOUD"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import warnings

import yaml
from openstack.config import OpenStackConfig, vendors

PRINT_CLOUD = os.path.abspath(sys.argv.pop(1))
SERVICES = ("identity", "image", "network", "compute")
AUTH = {"auth_url": "https://keystone.example.test:5000/v3", "username": "u", "password": "p", "project_name": "edge",
        "user_domain_name": "Default", "project_domain_name": "Default"}
ENVIRONMENT = {"OS_AUTH_URL": "https://h:5000/v3", "OS_USERNAME": "u", "OS_PASSWORD": "p", "OS_PROJECT_NAME": "p",
               "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default"}


def cloud(auth=None, **settings):
    """A clouds.yaml whose cloud "a" has these settings; auth goes over AUTH, a None removes."""
    merged = {k: v for k, v in {**AUTH, **(auth or {})}.items() if v is not None}
    return {"clouds": {"a": {"auth": merged, **settings}}}


# name: files or clouds.yaml alone, and what else is given; "refused": the setting that dnsvnf names.
CASES = {
    "plain": {"clouds": cloud()},
    "only cloud, unnamed": {"clouds": cloud(), "name": None},
    "no project": {"clouds": cloud({"project_name": None, "project_domain_name": None})},
    "trailing slash": {"clouds": cloud({"auth_url": "https://h:5000/v3/"})},
    "auth_url without version": {"clouds": cloud({"auth_url": "https://h/identity"})},
    "region": {"clouds": cloud(region_name="R1")},
    "numeric region": {"clouds": cloud(region_name=7)},
    "region list": {"clouds": cloud(region_name=["R1", "R2"])},
    "region with commas": {"clouds": cloud(region_name="R1,R2")},
    "regions": {"clouds": cloud(regions=["R1", "R2"])},
    "regions, the second": {"clouds": cloud(regions=["R1", "R2"]), "region": "R2"},
    "regions, one of the cloud's not wanted": {"clouds": cloud(regions=["R1", "R2"]), "region": "R3",
                                               "refused": "R3"},
    "regions and region_name": {"clouds": cloud(regions=["R2"], region_name="R1")},
    "values of a region": {"clouds": cloud(interface="public", cacert="/ca", regions=[
        {"name": "R1", "values": {"interface": "internal", "cacert": "/r1", "verify": False}},
        {"name": "R2", "values": {"auth": {"auth_url": "https://two:5000/v3", "project_name": "two"}}}])},
    "auth of the second region": {"clouds": cloud(regions=[
        {"name": "R1", "values": {"auth": {"auth_url": "https://one:5000/v3"}}},
        {"name": "R2", "values": {"auth": {"auth_url": "https://two:5000/v3", "project_name": "two"},
                                  "network_endpoint_override": "https://two:9696"}}]), "region": "R2"},
    "null in the values of a region": {"clouds": cloud(cacert="/ca", regions=[
        {"name": "R1", "values": {"cacert": None, "interface": None}}])},
    "auth_url by region": {"clouds": cloud({"auth_url": "https://{region_name}.h:5000/v3"}, region_name="R1")},
    "wanted region without regions": {"clouds": cloud(), "region": "R9"},
    "interface": {"clouds": cloud(interface="internal")},
    "interface of old": {"clouds": cloud(interface="internalURL")},
    "endpoint_type": {"clouds": cloud(endpoint_type="adminURL", interface="public")},
    "interfaces": {"clouds": cloud(interface=["internal", "public"])},
    "interface of a service": {"clouds": cloud(interface="internal", compute_interface="public")},
    "interfaces of a service": {"clouds": cloud(image_interface=["admin", "internal"])},
    "endpoint_type of a service": {"clouds": cloud(network_endpoint_type="internalURL")},
    "identity_interface": {"clouds": cloud(identity_interface="admin")},
    "override": {"clouds": cloud(network_endpoint_override="http://127.0.0.1:9696/tunnel")},
    "override with dashes": {"clouds": cloud(**{"image-endpoint-override": "https://h:9292"})},
    "override by region": {"clouds": cloud(compute_endpoint_override="https://{region_name}.h:8774/v2.1",
                                           region_name="R1")},
    "override by project": {"clouds": cloud(compute_endpoint_override="https://h:8774/v2/%(project_id)s")},
    "override of identity": {"clouds": cloud(identity_endpoint_override="https://k:5000/v3")},
    "endpoint of a service": {"clouds": cloud(compute_endpoint="https://h:8774")},
    "override before endpoint": {"clouds": cloud(compute_endpoint="https://lost",
                                                 compute_endpoint_override="https://h:8774")},
    "override of another service": {"clouds": cloud(volume_endpoint_override="https://h:8776")},
    "region of a service": {"clouds": cloud(region_name="R1", image_region_name="R0")},
    "type and name of a service": {"clouds": cloud(compute_service_type="compute_legacy",
                                                   compute_service_name="nova")},
    "versions": {"clouds": cloud(identity_api_version=3, image_api_version="2", network_api_version="2.0",
                                 compute_api_version=2.1)},
    "Keystone v2": {"clouds": cloud(identity_api_version="2"), "refused": "identity_api_version"},
    "Glance v1": {"clouds": cloud(image_api_version=1), "refused": "image_api_version"},
    "numeric ids": {"clouds": cloud({"project_name": None, "project_id": 12345678, "username": None,
                                     "user_id": 9876543210})},
    "numeric names": {"clouds": cloud({"username": 42, "project_name": 4711})},
    "ids and names": {"clouds": cloud({"project_id": "pid", "user_id": "uid", "user_domain_id": "ud"})},
    "tenant": {"clouds": cloud({"project_name": None, "tenant_name": "old"})},
    "tenant and project": {"clouds": cloud({"tenant_name": "old"})},
    "tenant_id beside auth": {"clouds": cloud({"project_name": None}, tenant_id="t1")},
    "settings beside auth": {"clouds": {"clouds": {"a": {**AUTH}}}},
    "auth before settings beside it": {"clouds": cloud(username="lost")},
    "domain": {"clouds": cloud({"user_domain_name": None, "project_domain_name": None, "domain_name": "D"})},
    "domain beside auth": {"clouds": cloud({"user_domain_name": None, "project_domain_name": None}, domain_id="d1")},
    "verify": {"clouds": cloud(verify=False, cacert="/ca")},
    "insecure": {"clouds": cloud(insecure=True)},
    "insecure in quotes": {"clouds": cloud(insecure="True")},
    "cacert": {"clouds": cloud(cacert="~/ca.pem", cert="/c.pem", key="~/k.pem")},
    "verify is a file": {"clouds": cloud(verify="/ca.pem"), "refused": "verify"},
    "application credential": {"clouds": {"clouds": {"a": {
        "auth_type": "v3applicationcredential",
        "auth": {"auth_url": "https://h:5000/v3", "application_credential_id": "i",
                 "application_credential_secret": "s"}}}}},
    "auth_type v3password": {"clouds": cloud(auth_type="v3password")},
    "auth_type v3token": {"clouds": {"clouds": {"a": {
        "auth_type": "v3token", "auth": {"auth_url": "https://h:5000/v3", "token": "t", "project_id": "p"}}}}},
    "auth_type v3totp": {"clouds": cloud({"passcode": "1"}, auth_type="v3totp"), "refused": "auth_type"},
    "auth_type v3oidcpassword": {"clouds": cloud(auth_type="v3oidcpassword"), "refused": "auth_type"},
    "auth_type v2password": {"clouds": cloud({"user_domain_name": None, "project_domain_name": None},
                                             auth_type="v2password"), "refused": "auth_type"},
    "auth_type none": {"clouds": {"clouds": {"a": {"auth_type": "none", "auth": {"endpoint": "https://h"}}}},
                       "refused": "auth_"},
    "auth_plugin": {"clouds": cloud(auth_plugin="password")},
    "trust": {"clouds": cloud({"trust_id": "t"}), "refused": "trust_id"},
    "system scope": {"clouds": cloud({"project_name": None, "project_domain_name": None, "system_scope": "all"}),
                     "refused": "system_scope"},
    "profile": {"clouds": cloud({"auth_url": None}, profile="otc", region_name="eu-nl")},
    "profile by its old name": {"clouds": {"clouds": {"a": {
        "cloud": "citycloud", "auth": {k: v for k, v in AUTH.items() if k != "auth_url"}}}}},
    "profile and own settings": {"clouds": cloud(profile="ovh", regions=["GRA7"], interface="admin")},
    "profile at a URL": {"clouds": cloud(profile="https://vendor.example.test"), "refused": "profile", "sdk": False},
    "profile of clouds-public": {"clouds": cloud({"auth_url": None}, profile="mine"),
                                 "clouds-public": {"public-clouds": {"mine": {
                                     "auth": {"auth_url": "https://mine:5000/v3"}, "interface": "internal",
                                     "regions": ["M1", {"name": "M2", "values": {"interface": "admin"}}]}}}},
    "region of a profile": {"clouds": cloud({"auth_url": None}, profile="mine"), "region": "M2",
                            "clouds-public": {"public-clouds": {"mine": {
                                "auth": {"auth_url": "https://{region_name}.mine:5000/v3"},
                                "regions": ["M1", {"name": "M2", "values": {"interface": "admin"}}]}}}},
    "clouds-public before a shipped profile": {"clouds": cloud({"auth_url": None}, profile="otc"),
                                               "clouds-public": {"public-clouds": {"otc": {
                                                   "auth": {"auth_url": "https://mine:5000/v3"}}}}},
    "secure": {"clouds": cloud({"password": None}), "secure": {"clouds": {"a": {
        "auth": {"password": "s", "project_name": "secure"}, "region_name": "RS"}}}},
    "secure alone": {"clouds": {"clouds": {}}, "secure": cloud(interface="internal")},
    "variables": {"environment": {**ENVIRONMENT, "OS_REGION_NAME": "R1", "OS_INTERFACE": "internal",
                                  "OS_CACERT": "/ca"}, "name": None},
    "variables of services": {"environment": {**ENVIRONMENT, "OS_NETWORK_ENDPOINT_OVERRIDE": "https://n:9696",
                                              "OS_COMPUTE_INTERFACE": "admin", "OS_IDENTITY_API_VERSION": "3"},
                              "name": None},
    "variables beside a cloud": {"clouds": cloud(region_name="R1"), "environment": {
        "OS_USERNAME": "other", "OS_PROJECT_NAME": "other", "OS_REGION_NAME": "other", "OS_INTERFACE": "admin"}},
    "variables and a file": {"clouds": cloud(), "environment": ENVIRONMENT, "name": None},
    "OS_CLOUD before variables": {"clouds": cloud(), "environment": {**ENVIRONMENT, "OS_CLOUD": "a"}, "name": None},
    "OS_CLOUD_NAME": {"clouds": cloud(), "environment": {**ENVIRONMENT, "OS_CLOUD_NAME": "env"}, "name": "env"},
    "OS_REGION_NAME selects no cloud": {"clouds": cloud(), "environment": {"OS_REGION_NAME": "R7"}, "name": None},
}


def in_sdk(folder, case):
    """What print_cloud prints, from openstacksdk."""
    def files(name):
        return [os.path.join(folder, name + ".yaml")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = OpenStackConfig(config_files=files("clouds"), secure_files=files("secure"),
                                 vendor_files=files("clouds-public"))
        region = config.get_one(case.get("name", "a"), region_name=case.get("region", ""))
        verify, cert = region.get_requests_verify_args()
    auth = region.config["auth"]
    cert, key = cert if isinstance(cert, tuple) else (cert, None)
    answer = {k: auth.get(k) for k in ("project_id", "project_name", "project_domain_id", "project_domain_name", "user_id",
                                       "username", "user_domain_id", "user_domain_name",
                                       "application_credential_id")}
    answer.update(auth_url=auth.get("auth_url"), region=region.get_region_name() or None, verify=bool(verify),
                  cacert=verify if isinstance(verify, str) else None, cert=cert, key=key, services=[])
    for service in SERVICES:
        interfaces = region.get_interface(service)
        interfaces = interfaces if isinstance(interfaces, list) else [interfaces]
        kind = region.get_service_type(service)
        answer["services"].append({
            "override": region.get_endpoint(service), "region": region.get_region_name(service) or None,
            "interfaces": [i[:-3] if i.endswith("URL") else i for i in interfaces],
            "type": None if kind == service else kind, "name": region.get_service_name(service)})
    return answer


def comparable(answer, service_at_auth_url):
    """The part that says where requests go, with the same spelling."""
    answer = json.loads(json.dumps(answer))
    answer["auth_url"] = (answer["auth_url"] or "").rstrip("/")
    for service in answer["services"]:
        service["override"] = (service["override"] or "").rstrip("/") or None
    # An id goes before a name, and a cloud without a domain has the one that every Keystone has.
    for id_, name in (("project_id", "project_name"), ("user_id", "username"),
                      ("project_domain_id", "project_domain_name"), ("user_domain_id", "user_domain_name")):
        if answer[id_]:
            answer[name] = None
    for what in ("project", "user"):
        if answer[f"{what}_domain_id"] == "default" or not (answer[f"{what}_id"] or answer.get(f"{what}_name")
                                                            or answer.get("username")):
            answer[f"{what}_domain_id"] = None
    if answer["project_id"] or not answer["project_name"]:
        answer["project_domain_id"] = answer["project_domain_name"] = None
    if answer["user_id"] or not answer["username"]:
        answer["user_domain_id"] = answer["user_domain_name"] = None
    if not answer["verify"]:
        answer["cacert"] = None
    # dnsvnf asks Keystone at auth_url, unless a setting of identity_ says otherwise.
    if service_at_auth_url:
        answer["services"][0].update(interfaces=[], override=None)
    if answer["services"][0]["override"]:
        answer["services"][0]["interfaces"] = []
    return answer


class Differential(unittest.TestCase):
    maxDiff = None

    def ours(self, folder, case):
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_CONFIG_HOME": folder,
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""), **case.get("environment", {})}
        return subprocess.run([PRINT_CLOUD, case.get("name", "a") or "-", case.get("region", "-")], cwd=folder,
                              env=environment, stdout=subprocess.PIPE, text=True, timeout=60)

    def theirs(self, folder, case):
        saved = dict(os.environ)
        for key in [k for k in os.environ if k.startswith("OS_")]:
            del os.environ[key]
        os.environ.update({"HOME": folder, **case.get("environment", {})})
        try:
            return in_sdk(folder, case)
        finally:
            os.environ.clear()
            os.environ.update(saved)

    def compare(self, name, case):
        """None: the same; else what differs."""
        with tempfile.TemporaryDirectory(prefix="dnsvnf-clouds-") as folder:
            for file in ("clouds", "secure", "clouds-public"):
                if file in case:
                    with open(os.path.join(folder, file + ".yaml"), "w", encoding="utf-8") as out:
                        yaml.safe_dump(case[file], out)
            ours = self.ours(folder, case)
            if ours.returncode != 0:
                if not case.get("refused"):
                    return f"dnsvnf refuses: {ours.stdout.strip()}"
                return None if case["refused"] in ours.stdout else f"does not name it: {ours.stdout.strip()}"
            if case.get("refused"):
                return f"dnsvnf does not refuse {case['refused']}"
            got = json.loads(ours.stdout)
            at_auth_url = not got["services"][0]["interfaces"] and not got["services"][0]["override"]
            a, b = comparable(got, at_auth_url), comparable(self.theirs(folder, case), at_auth_url)
            wrong = [f"{k}: {a[k]} here, {b[k]} in openstacksdk" for k in b if a[k] != b[k]]
            return "; ".join(wrong) or None

    def test_the_same_place(self):
        different = {name: why for name, case in CASES.items() if (why := self.compare(name, case))}
        refused = sum(1 for case in CASES.values() if case.get("refused"))
        print(f"{len(CASES)} clouds.yaml: {len(CASES) - refused} compared, {refused} to be refused by name, "
              f"{len(different)} differences", file=sys.stderr)
        self.assertEqual(different, {})
        self.assertGreaterEqual(len(CASES) - refused, 40)

    def test_shipped_profiles(self):
        """Each profile of the installed openstacksdk, in each of its regions: the same, or refused."""
        compared, refused, different = 0, [], {}
        for name, profile in vendors._get_vendor_defaults().items():
            regions = [r["name"] if isinstance(r, dict) else r for r in profile.get("regions", [])] or [None]
            auth = {"auth_url": None} if "auth" in profile else {}
            for region in regions:
                case = {"clouds": cloud(auth, profile=name)}
                if region:
                    case["region"] = region
                why = self.compare(name, case)
                compared += 1
                if why and any(word in why for word in ("_api_version must be", "/v2.0", "from a web server")):
                    refused.append(name)
                elif why:
                    different[f"{name} {region}"] = why
        print(f"{compared} profiles and regions: {len(refused)} refused ({' '.join(sorted(set(refused)))}), "
              f"{len(different)} differences", file=sys.stderr)
        self.assertEqual(different, {})
        self.assertLess(len(refused), compared / 2)


if __name__ == "__main__":
    unittest.main()
