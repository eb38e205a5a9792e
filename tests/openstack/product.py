# SPDX-License-Identifier: Apache-2.0
"""dnsvnf as the tests of the cloud run it: on variants of the example, through the proxy or not."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import cloud

TOP = os.path.dirname(os.path.dirname(cloud.HERE))
DNSVNF = os.environ.get("DNSVNF_PROGRAM") or os.path.join(TOP, "build", "dnsvnf")
EXAMPLE = os.path.join(TOP, "examples", "technote", "corrected")
IMAGE_SIZE = 300_000  # small, and more than one read of the upload
# What deploy makes of the example: one name of each kind, with its number.
MADE = {"networks": 4, "subnets": 6, "ports": 4, "flavors": 1, "images": 1, "servers": 1}
MADE_SMALL = {**MADE, "networks": 3, "subnets": 3, "ports": 3}  # of a Design that is small


class Design:
    """A copy of the corrected example in a folder of its own; edits are (old, new) in its descriptor.
    A small one has no IPv6 and no network for orchestration: two legs and management are left."""

    def __init__(self, *edits, name="cpnr-dns", small=False):
        self.folder = tempfile.mkdtemp(prefix="dnsvnf-test-")
        self.name = name
        for file in os.listdir(EXAMPLE):
            shutil.copy(os.path.join(EXAMPLE, file), self.folder)
        self.image("image.raw")
        self.path = os.path.join(self.folder, "dep.xml")
        self.edit(("<name>dns-vnf</name>\n      <disk_format>qcow2",
                   "<name>dns-vnf</name>\n      <src>image.raw</src>\n      <disk_format>raw"),
                  ("<name>cpnr-dns</name>", f"<name>{name}</name>"), *edits)
        if small:
            self.drop_ipv6()
            self.drop_orchestration()

    def image(self, file, size=IMAGE_SIZE):
        with open(os.path.join(self.folder, file), "wb") as image:
            image.write(os.urandom(size))

    def edit(self, *edits, file="dep.xml"):
        path = os.path.join(self.folder, file)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        for old, new in edits:
            if old not in text:
                raise AssertionError(f"{old!r} is not in {file}")
            text = text.replace(old, new)
        with open(path, "w", encoding="utf-8") as target:
            target.write(text)

    def file(self, dst, content):
        """A file on the config drive; one that is there already gets the content."""
        name = dst.replace("/", "-")
        with open(os.path.join(self.folder, name), "wb") as target:
            target.write(content)
        with open(self.path, encoding="utf-8") as source:
            known = f"<dst>{dst}</dst>" in source.read()
        if not known:
            self.edit(("<config_data>", f"<config_data><configuration><dst>{dst}</dst><file>{name}</file></configuration>"))

    def option(self, name, value):
        """A property of the extension dnsvnf."""
        self.edit(("<name>dns_query</name>",
                   f"<name>{name}</name>\n<value>{value}</value>\n</property>\n<property>\n<name>dns_query</name>"))

    def flavor_property(self, name, value):
        """Sets an extra spec, or takes it out (None)."""
        path = os.path.join(self.folder, "dep.xml")
        with open(path, encoding="utf-8") as source:
            text = source.read()
        text = re.sub(rf"<property>\s*<name>{name}</name>.*?</property>", "", text, flags=re.S)
        if value is not None:
            text = text.replace("<properties>", f"<properties><property><name>{name}</name>"
                                f"<value>{value}</value></property>", 1)
        with open(path, "w", encoding="utf-8") as target:
            target.write(text)

    def drop(self, pattern, count=1, file="dep.xml"):
        """Takes out what the regular expression finds, which must be there so many times."""
        path = os.path.join(self.folder, file)
        with open(path, encoding="utf-8") as source:
            text, found = re.subn(pattern, "", source.read(), flags=re.S)
        assert found == count, (pattern, found)
        with open(path, "w", encoding="utf-8") as target:
            target.write(text)

    def drop_interface(self, nicid):
        self.drop(rf"<interface>\s*<nicid>{nicid}</nicid>.*?</interface>")

    def drop_ipv6(self):
        """What the TechNote makes: it has no IPv6."""
        self.drop(r"<subnet>\s*<name>[\w-]+-v6</name>.*?</subnet>", 2)
        self.drop(r"<address>\s*<address_id>1</address_id>.*?</address>", 2)
        self.drop(r" ipv6\.addresses .* ipv6\.method manual", file="day0.cfg")

    def drop_orchestration(self):
        """No network and no port for orchestration: management is the first one."""
        self.drop_interface(0)
        self.drop(r"<network>\s*<name>orchestration-network</name>.*?</network>")
        self.drop(r" - nmcli con [^\n]* eth0( [^\n]*)?\n", 2, file="day0.cfg")
        self.edit((" eth1", " eth0"), file="day0.cfg")

    def remove(self):
        shutil.rmtree(self.folder)


def clouds_file(folder, auth_url, user="admin", password="admin", project="test-tenant"):
    """A clouds.yaml with one cloud `test`; returns its path."""
    path = os.path.join(folder, "clouds.yaml")
    with open(path, "w", encoding="utf-8") as target:
        json.dump({"clouds": {"test": {"region_name": "RegionOne", "auth": {
            "auth_url": auth_url, "username": user, "password": password, "project_name": project,
            "user_domain_name": "Default", "project_domain_name": "Default"}}}}, target)
    return path


def environment(clouds=None, **more):
    return {**os.environ, "OS_CLIENT_CONFIG_FILE": clouds or os.path.join(cloud.DIR, "clouds.yaml"), **more}


def start(verb, *arguments, vim="admin", clouds=None, wrap=(), yes=True, **more):
    """A running dnsvnf, as Popen with both outputs as text."""
    chosen = (*(("--vim", vim) if vim else ()), *(("--yes",) if yes and verb in ("deploy", "undeploy") else ()))
    return subprocess.Popen([*wrap, DNSVNF, verb, *chosen, *arguments], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(clouds, **more))


def run(verb, *arguments, timeout=600, **how):
    """A finished dnsvnf: CompletedProcess."""
    with start(verb, *arguments, **how) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"dnsvnf {verb} took over {timeout} s:\n{out}\n{err}") from None
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


class ProductTest(unittest.TestCase):
    """Every test leaves the cloud as it was; what it found there is in self.before."""

    maxDiff = None
    small = False  # whether its designs are

    @classmethod
    def setUpClass(cls):
        cls.api = cloud.Api()
        cls.api.get("network", "/security-groups")  # the first listing makes the project's default group
        cls.before = cloud.inventory(cls.api)

    def setUp(self):
        self.designs = []
        self.addCleanup(self.clean_up)

    def clean_up(self):
        for design in self.designs:
            design.remove()
        cloud.wipe(self.api, self.before)

    def design(self, *edits, **how):
        design = Design(*edits, **{"small": self.small, **how})
        self.designs.append(design)
        return design

    def dnsvnf(self, verb, design, *arguments, code=0, **how):
        done = run(verb, *arguments, design.path, **how)
        self.assertEqual(done.returncode, code, f"dnsvnf {verb}:\n{done.stdout}\n{done.stderr}")
        return done

    def surplus(self):
        """How many of each kind are there beyond what was before."""
        now = cloud.inventory(self.api)
        return {kind: len(now[kind] - self.before[kind]) for kind in now if now[kind] - self.before[kind]}

    def assert_nothing_left(self):
        self.assertEqual(cloud.inventory(self.api), self.before)

    def server(self, name="cpnr-dns_cpnr_0"):
        found = self.api.get("compute", f"/servers/detail?all_tenants=1&name=^{name}$")["servers"]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def ports(self):
        return {port["name"]: port for port in self.api.get("network", "/ports")["ports"]}
