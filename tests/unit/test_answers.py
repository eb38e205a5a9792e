#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every verb's -o json when it succeeds, against its schema; failures are in test_errors.py."""
import base64
import concurrent.futures
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import types
import unittest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path += [TESTS, os.path.join(TESTS, "openstack")]
import answers  # noqa: E402
import fake_cloud  # noqa: E402
import fake_guest  # noqa: E402

DNSVNF, BONDD = sys.argv.pop(1), sys.argv.pop(1)
DESIGN = "examples/technote/corrected/dep.xml"
PUBLISHED = "examples/technote/published/dep.xml"
HOSTS = "tests/unit/data/hosts"


def dnsvnf(verb, *arguments, **options):
    return subprocess.run([DNSVNF, verb, "-o", "json", *arguments], capture_output=True, text=True, timeout=60, check=False,
                          **options)


class Schemas(unittest.TestCase):
    def test_every_verb_has_one(self):
        lines = subprocess.run([DNSVNF, "help"], capture_output=True, text=True, check=True).stdout.splitlines()
        verbs = {line.split()[0] for line in lines[lines.index("Verbs:") + 1:] if line.startswith("  ")}
        self.assertEqual(verbs | {"common", "event", "manager-event", "bondd-status"}, set(answers.schemas()))

    def test_they_are_schemas(self):
        for name, schema in answers.schemas().items():
            answers.jsonschema.Draft202012Validator.check_schema(schema)
            self.assertTrue(schema["$id"].endswith(f"/{name}.json"))

    def test_what_is_not_described_is_refused(self):
        good = answers.answer("verify", '{"format_version": 1, "deployments": []}')
        for bad in ({**good, "format_version": 2}, {**good, "more": 1}, {"format_version": 1}, [],
                    {**good, "error": {"kind": "other", "text": "", "hint": None}}):
            with self.assertRaises(AssertionError):
                answers.validate(bad, "verify")


class Files(unittest.TestCase):
    """Verbs that ask no VIM."""

    def test_check(self):
        for path in sorted(glob.glob("examples/*/*/dep.xml")):
            found = answers.answer("check", dnsvnf("check", path).stdout)
            for severity in ("error", "warning", "note"):
                self.assertEqual(found[severity + "s"], sum(f["severity"] == severity for f in found["findings"]))
        rules = answers.answer("check", dnsvnf("check", "--list").stdout)["rules"]
        self.assertGreater(len(rules), 50)
        one = answers.answer("check", dnsvnf("check", "--explain", "legs-segment").stdout)["rules"]
        self.assertEqual([rule for rule in rules if rule["rule"] == "legs-segment"], one)

    def test_draw(self):
        picture = subprocess.run([DNSVNF, "draw", DESIGN], capture_output=True, text=True, check=True).stdout
        self.assertEqual({"format_version": 1, "svg": picture}, answers.answer("draw", dnsvnf("draw", DESIGN).stdout))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.svg")
            self.assertEqual(path, answers.answer("draw", dnsvnf("draw", "--svg", path, DESIGN).stdout)["file"])
            with open(path, encoding="utf-8") as file:
                self.assertEqual(picture, file.read())

    def test_host(self):
        answers.answer("host", dnsvnf("host").stdout)

    def test_render(self):
        for path in sorted(glob.glob("examples/*/*/dep.xml")):
            answers.answer("render", dnsvnf("render", path).stdout)
        rendered = answers.deployment("render", dnsvnf("render", DESIGN).stdout)
        server, = rendered["servers"]
        with open(os.path.join(os.path.dirname(DESIGN), "day0.cfg"), encoding="utf-8") as day0:
            for line in day0.read().splitlines()[1:]:
                self.assertIn(line, server["user_data"])
        drive = server["config_drive"]
        self.assertEqual("cpnr-dns_cpnr_0", drive["openstack/latest/meta_data.json"]["name"])
        addresses = {net["ip_address"] for net in drive["openstack/latest/network_data.json"]["networks"]
                     if "ip_address" in net}
        self.assertLessEqual({"172.16.1.10", "10.10.10.10"}, addresses)
        kinds = [request["kind"] for request in rendered["requests"]]
        self.assertEqual((4, 4, 1), tuple(kinds.count(kind) for kind in ("network", "port", "server")))
        text = subprocess.run([DNSVNF, "render", DESIGN], capture_output=True, text=True, check=True).stdout
        self.assertIn(server["user_data"], text)
        self.assertIn("==> create port cpnr-dns_cpnr_0_2\n{", text)

    def test_ddi(self):
        path = "examples/ddi-pair/dep.xml"
        with tempfile.TemporaryDirectory() as folder:
            files = answers.answer("ddi", dnsvnf("ddi", "--folder", folder, path).stdout)["files"]
            self.assertEqual(files, answers.answer("ddi", dnsvnf("ddi", path).stdout)["files"], "the same each time")
            for file in files:
                written = f"{folder}/{file['member']}{file['path']}"
                with open(written, encoding="utf-8") as text:
                    self.assertEqual(text.read(), file["text"])
                has_key = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=" in file["text"]
                self.assertEqual(os.stat(written).st_mode & 0o777, 0o600 if has_key else 0o644, written)
        self.assertEqual({file["member"] for file in files}, {"dns1", "dns2"})
        printed = subprocess.run([DNSVNF, "ddi", path], capture_output=True, text=True, check=True).stdout
        self.assertIn("==> dns2:/etc/knot/knot.conf <==\nserver:\n", printed)

    def test_ddi_without_a_plan_or_its_secrets(self):
        for path, text in ((DESIGN, "no vm_group has an address plan"), ("examples/ddi/ddi.yaml", 'key "d2" has no secret')):
            done = dnsvnf("ddi", path)
            self.assertEqual(done.returncode, 1)
            self.assertIn(text, answers.answer("ddi", done.stdout)["error"]["text"])

    def test_render_files_of_the_drive(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(os.path.dirname(DESIGN), folder, dirs_exist_ok=True)
            path = os.path.join(folder, "dep.xml")
            for name, content in (("a.txt", b"for the guest\n"), ("b.bin", b"\0\xff")):
                with open(os.path.join(folder, name), "wb") as target:
                    target.write(content)
                with open(path, encoding="utf-8") as source:
                    text = source.read().replace("<config_data>", "<config_data><configuration>"
                                                 f"<dst>x/{name}</dst><file>{name}</file></configuration>")
                with open(path, "w", encoding="utf-8") as target:
                    target.write(text)
            server, = answers.deployment("render", dnsvnf("render", path).stdout)["servers"]
            text = subprocess.run([DNSVNF, "render", path], capture_output=True, text=True, check=True).stdout
        drive = server["config_drive"]
        self.assertEqual(["x/b.bin", "x/a.txt"],
                         [file["path"] for file in drive["openstack/latest/meta_data.json"]["files"]])
        self.assertEqual(("AP8=", "for the guest\n"),
                         (drive["openstack/content/0000_base64"], drive["openstack/content/0001"]))
        self.assertIn("openstack/content/0001\nfor the guest\n", text)

    def test_explain(self):
        for path in sorted(glob.glob("examples/*/*/dep.xml")):
            answers.answer("explain", dnsvnf("explain", "--hosts", HOSTS, path).stdout)
        nowhere, = answers.deployment("explain", self.explain_with("<vcpus>4", "<vcpus>64"))["servers"]
        self.assertTrue(all(isinstance(host["reasons"], list) and host["reasons"] for host in nowhere["hosts"]))

    def explain_with(self, old, new):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(os.path.dirname(DESIGN), folder, dirs_exist_ok=True)
            path = os.path.join(folder, "dep.xml")
            with open(path, "r+", encoding="utf-8") as file:
                text = file.read()
                self.assertIn(old, text)
                file.seek(0)
                file.write(text.replace(old, new))
                file.truncate()
            return dnsvnf("explain", "--hosts", HOSTS, path).stdout


class Usage(unittest.TestCase):
    def test_a_wrong_command_line_is_an_error_object(self):
        for verb, text, *arguments in (("plan", "unknown option '--wrong'", "--wrong", "-o", "json"),
                                       ("plan", "missing operand DEP.xml", "-ojson"),
                                       ("drill", "--qps must be ", "--output=json", "--qps", "x", DESIGN),
                                       ("draw", "--hosts and --vim ", "--output", "json", "--hosts", "x", "--vim", "y", "z"),
                                       ("host", "--apply ", "-o", "json", "--tune", "--apply", "--root", "/"),
                                       ("check", "unknown rule 'x'", "--explain", "x", "-o", "json")):
            done = subprocess.run([DNSVNF, verb, *arguments], capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(2, done.returncode)
            error = answers.answer(verb, done.stdout)["error"]
            self.assertEqual("usage", error["kind"])
            self.assertTrue(error["text"].startswith(text), error)
            self.assertIn(f"{error['text']}; {error['hint']}\n", done.stderr)
        done = subprocess.run([DNSVNF, "dploy", "-o", "json"], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual("usage", json.loads(done.stdout)["error"]["kind"])


class Cloud(unittest.TestCase):
    """Verbs that ask a VIM: a cloud in this process."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cloud = fake_cloud.Cloud()
        self.addCleanup(self.cloud.close)
        shutil.copytree(os.path.dirname(DESIGN), folder.name, dirs_exist_ok=True)
        self.design = os.path.join(folder.name, "dep.xml")
        clouds = os.path.join(folder.name, "clouds.yaml")
        with open(clouds, "w", encoding="utf-8") as out:
            out.write(f"clouds: {{test: {{region_name: R, auth: {{auth_url: '{self.cloud.url}/identity/v3', username: u, "
                      "password: p, project_name: test-tenant, user_domain_id: default, project_domain_id: default}}}\n")
        self.environment = {"PATH": os.environ["PATH"], "OS_CLIENT_CONFIG_FILE": clouds, "XDG_RUNTIME_DIR": folder.name}

    def run_verb(self, verb, *arguments, code=0):
        yes = ["--yes"] if verb in ("deploy", "undeploy") else []
        done = dnsvnf(verb, "--vim", "test", *yes, *arguments, self.design, env=self.environment)
        if code is not None:
            self.assertEqual(code, done.returncode, done.stderr)
        return done.stdout

    def edit(self, change, name="dep.xml"):
        path = os.path.join(os.path.dirname(self.design), name)
        with open(path, encoding="utf-8") as file:
            text = change(file.read())
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def test_security_groups_that_keep_packets_out(self):
        """They are those that the listing of the server's ports has: no port is asked for again."""
        self.guest_on_loopback()
        self.cloud.make("servers", {"name": "cpnr-dns_cpnr_0",
                                    "metadata": {"dnsvnf_owner": "dnsvnf:test-tenant/cpnr-dns/server/cpnr-dns_cpnr_0"}})
        network = self.cloud.make("networks", {"name": "sriov-network-1"})
        self.cloud.make("ports", {"name": "leg", "network_id": network["id"], "binding:vnic_type": "direct", "admin_state_up": True,
                                  "port_security_enabled": True, "security_groups": ["group-1"],
                                  "fixed_ips": [{"ip_address": "127.116.1.10"}]})
        self.cloud.spoil("GET", "/security-group-rules$", 200)
        self.cloud.spoiled[-1][2][1].clear()
        self.cloud.spoiled[-1][2][1]["security_group_rules"] = [{"direction": "ingress", "protocol": "tcp"}]
        checks = answers.answer("verify", self.run_verb("verify", "-o", "json", code=1))["deployments"][0]["checks"]
        evidence = {c["check"]: c["evidence"] for c in checks if c["object"] == "127.116.1.10"}
        self.assertIn("the security groups of port leg admit no udp from outside", evidence["dns-udp"])
        self.assertNotIn("security groups", evidence["dns-tcp"])
        self.assertEqual([], [path for method, path, _ in self.cloud.requests if "/ports/" in path])

    def two_deployments(self):
        def twice(text):
            begin, end = text.index("<deployment>"), text.index("</deployment>") + len("</deployment>")
            return text[:end] + text[begin:end].replace("<name>cpnr-dns</name>", "<name>second</name>") + text[end:]
        self.edit(twice)

    def guest_on_loopback(self):
        """Its IPv4 addresses only: of IPv6 there is one address on loopback."""
        for name in ("dep.xml", "day0.cfg"):
            self.edit(lambda text: text.replace("10.10.10.", "127.110.10.").replace("172.16.1.", "127.116.1."), name)
        self.edit(lambda text: re.sub(r" ipv6\.addresses .*", "", text), "day0.cfg")
        self.edit(lambda text: re.sub(r"<subnet>\s*<name>[^<]*-v6.*?</subnet>", "", text, flags=re.DOTALL))
        self.edit(lambda text: re.sub(r"<address>\s*<address_id>1.*?</address>", "", text, flags=re.DOTALL))

    def ports(self, *_):
        """As the cloud's API gives them to the stand-in for the guest."""
        return {"ports": list(self.cloud.there["ports"].values())}

    def test_life(self):
        self.guest_on_loopback()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dns:
            try:
                dns.bind(("127.116.1.10", 53))
            except PermissionError as error:
                self.fail(f"needs root: a DNS server on 127.116.1.10 port 53: {error}")
        self.assertLessEqual({step["action"] for step in answers.deployment("plan", self.run_verb("plan"))["steps"]},
                             {"create", "use"})
        with concurrent.futures.ThreadPoolExecutor() as pool:
            deploy = pool.submit(self.run_verb, "deploy")
            while not self.cloud.there["servers"] and not deploy.done():
                time.sleep(0.01)
            with fake_guest.FakeGuest(types.SimpleNamespace(get=self.ports), "127.110.10.10", "127.116.1.10") as guest:
                events, answer = answers.stream("deploy", deploy.result())
                self.assertLessEqual({"CREATE_NETWORK", "SERVICE_ALIVE"}, {event["type"] for event in events})
                self.assertGreater(answer["deployments"][0]["created"], 5)
                self.deployed()
                self.with_one_leg(guest)
                self.updated()
        steps = answers.deployment("plan", self.run_verb("plan", "--undeploy"))["steps"]
        self.assertEqual({"delete"}, {step["action"] for step in steps})
        self.assertEqual(sum(map(len, self.cloud.there.values())) - 1, len(steps))  # the image is not ours
        events, answer = answers.stream("undeploy", self.run_verb("undeploy"))
        self.assertEqual([], answers.deployment("plan", self.run_verb("plan", "--undeploy"))["steps"])
        self.assertEqual([{"tenant": "test-tenant", "deployment": "cpnr-dns"}], answer["deployments"])

    def with_one_leg(self, guest):
        """It answers, but is not redundant: no success."""
        guest.joined = 1
        answer = answers.stream("deploy", self.run_verb("deploy", code=1))[1]
        self.assertIn('server "cpnr-dns_cpnr_0" runs, but bond-legs of bond0 failed: 1 leg: ens6; not in the bond: fa:16:3e:10:00:03',
                      answer["error"]["text"])
        self.assertEqual(1, len(self.cloud.there["servers"]))
        guest.joined = 2
        # Its day-0 stops the DNS server, which had answered.
        guest.answers_left = 1
        self.edit(lambda text: text.replace("<bootup_time>300<", "<bootup_time>3<"))
        answer = answers.stream("deploy", self.run_verb("deploy", code=1))[1]
        self.assertIn('server "cpnr-dns_cpnr_0": timed out waiting for DNS on bond0 127.116.1.10 (3 s (bootup_time))',
                      answer["error"]["text"])
        self.edit(lambda text: text.replace("<bootup_time>3<", "<bootup_time>300<"))
        guest.answers_left = None

    def updated(self):
        """Another day-0: the server is rebuilt with it, then another flavor: it is resized, and both are confirmed."""
        server, = self.cloud.there["servers"].values()
        before = server["id"]
        for change, actions in (((("hostname: cpnr\n", "hostname: other\n"), "day0.cfg"), ["rebuild"]),
                                ((("<memory_mb>8192<", "<memory_mb>4096<"), "dep.xml"), ["resize", "confirmResize"])):
            (old, new), file = change
            self.edit(lambda text: text.replace(old, new), file)  # pylint: disable=cell-var-from-loop
            asked = len(self.cloud.requests)
            events, _ = answers.stream("deploy", self.run_verb("deploy", "--at-once"))
            self.assertIn("SERVICE_ALIVE", {event["type"] for event in events})
            sent = [next(iter(body)) for _, path, body in self.cloud.requests[asked:] if path.endswith("/action")]
            self.assertEqual(actions, sent)
            self.assertEqual((before, "ACTIVE"), (server["id"], server["status"]))
            left = answers.deployment("plan", self.run_verb("plan"))["steps"]
            self.assertEqual(set(), {step["action"] for step in left} - {"use", "keep"})
        self.assertIn("hostname: other", base64.b64decode(server["OS-EXT-SRV-ATTR:user_data"]).decode())
        # A rebuild that fails is rolled back by another one with what was before.
        self.edit(lambda text: text.replace("hostname: other\n", "hostname: third\n"), "day0.cfg")
        self.cloud.fails = ["no space left on the host"]
        events, answer = answers.stream("deploy", self.run_verb("deploy", "--at-once", code=1))
        self.assertIn("no space left on the host", answer["error"]["text"])
        self.assertEqual((before, "ACTIVE"), (server["id"], server["status"]))
        self.assertIn("hostname: other", base64.b64decode(server["OS-EXT-SRV-ATTR:user_data"]).decode())
        self.rebuild_that_did_not_arrive(server)
        self.resize_that_fails_on_the_host(server)

    def rebuild_that_did_not_arrive(self, server):
        """The reply leaves open whether it was done: with another flavor, too, the server tells that it was not."""
        def once(handler):
            self.cloud.spoiled.pop()
            handler.answer(500, {"error": {"message": "a wheel came off"}})

        self.edit(lambda text: text.replace("<memory_mb>4096<", "<memory_mb>8192<"), "dep.xml")
        self.cloud.spoiled.append(("POST", "/action$", once))
        answer = answers.stream("deploy", self.run_verb("deploy", "--at-once", code=1))[1]
        self.assertIn("was rolled back and serves: Nova did not carry out the rebuild", answer["error"]["text"])
        self.assertEqual("ACTIVE", server["status"])
        self.assertIn("hostname: other", base64.b64decode(server["OS-EXT-SRV-ATTR:user_data"]).decode())
        self.edit(lambda text: text.replace("<memory_mb>8192<", "<memory_mb>4096<"), "dep.xml")

    def resize_that_fails_on_the_host(self, server):
        """Nova keeps the new flavor: said, and not taken for the old one by the next deploy."""
        self.edit(lambda text: text.replace("<memory_mb>4096<", "<memory_mb>8192<"), "dep.xml")
        self.cloud.fails = ["Port update failed", ""]  # of the resize; of the rebuild before it
        answer = answers.stream("deploy", self.run_verb("deploy", "--at-once", code=1))[1]
        self.assertIn("Port update failed", answer["error"]["text"])
        self.assertIn('could not be rolled back (it has the flavor "cross-numa-flavor" already, and Nova takes no failed '
                      "resize back): run 'dnsvnf deploy'", answer["error"]["text"])
        self.assertIn("hostname: other", base64.b64decode(server["OS-EXT-SRV-ATTR:user_data"]).decode())
        self.edit(lambda text: text.replace("<memory_mb>8192<", "<memory_mb>4096<"), "dep.xml")
        self.edit(lambda text: text.replace("hostname: third\n", "hostname: other\n"), "day0.cfg")
        step, = (step for step in answers.deployment("plan", self.run_verb("plan"))["steps"] if step["kind"] == "server")
        self.assertEqual("change", step["action"])
        asked = len(self.cloud.requests)
        answers.stream("deploy", self.run_verb("deploy", "--at-once"))
        sent = [next(iter(body)) for _, path, body in self.cloud.requests[asked:] if path.endswith("/action")]
        self.assertEqual(["resize", "confirmResize"], sent)
        self.assertEqual("ACTIVE", server["status"])

    def test_image_is_uploaded(self):
        content = os.urandom(300_000)
        with open(os.path.join(os.path.dirname(self.design), "image.raw"), "wb") as image:
            image.write(content)
        self.edit(lambda text: text.replace("<name>dns-vnf</name>\n      <disk_format>qcow2",
                                            "<name>dns-vnf</name>\n<src>image.raw</src>\n<disk_format>raw"))
        kernel = {"kernel_id": "f0e1", "ramdisk_id": "f0e2", "os_command_line": "root=LABEL=dns-vnf console=ttyS0"}
        self.edit(lambda text: text.replace("</image>\n", "<properties>" + "".join(
            f"<property><name>{name}</name><value>{value}</value></property>" for name, value in kernel.items()) + "</properties></image>\n", 1))
        self.cloud.there["images"].clear()
        self.cloud.new_server = {"status": "ERROR", "fault": {"message": "the disk is on fire"}}
        for corruption, words in ((b"x", "the image was corrupted during the upload: sha512 "), (b"", "the disk is on fire")):
            self.cloud.corruption = corruption
            answer = answers.stream("deploy", self.run_verb("deploy", code=1))[1]
            self.assertIn(words, answer["error"]["text"])
            sent = [body for method, path, body in self.cloud.requests if method == "PUT" and path.endswith("/file")]
            self.assertEqual(content, sent[-1])
            made = [body for method, path, body in self.cloud.requests if method == "POST" and path.endswith("/images")]
            self.assertEqual(kernel, {name: made[-1].get(name) for name in kernel})
            self.assertEqual({}, self.cloud.there["images"])  # nothing of it is left
        os.unlink(os.path.join(os.path.dirname(self.design), "image.raw"))
        answer = answers.stream("deploy", self.run_verb("deploy", code=1))[1]
        self.assertRegex(answer["error"]["text"], "image.raw: No such file")

    def deployed(self):
        checks = answers.deployment("verify", self.run_verb("verify", code=1))  # no DNS by TCP
        self.assertEqual((checks["passed"], checks["failed"]), (
            sum(c["result"] == "pass" for c in checks["checks"]), sum(c["result"] == "fail" for c in checks["checks"])))
        status = answers.deployment("status", self.run_verb("status"))
        server, = status["servers"]
        self.assertEqual(("deployed", "ACTIVE", True), (status["state"], server["state"], server["guest_reached"]))
        self.assertEqual([{"name": "ens6", "up": True}, {"name": "ens7", "up": True}], server["bonds"][0]["legs"])
        drill, = answers.deployment("drill", self.run_verb("drill", "--qps", "100", code=None))["drills"]
        self.assertTrue(drill["failed_over"])  # the stand-in for the guest moved its bond: reported, not proven
        answers.answer("draw", self.run_verb("draw"))
        answers.deployment("plan", self.run_verb("plan", "--hosts", HOSTS, "--count", "1", code=None))
        answers.deployment("explain", self.run_verb("explain", "--hosts", HOSTS, code=None))

    def test_all_that_is_missing_is_named_at_once(self):
        """And no table says before that it exists."""
        missing = (("network", "management-network"), ("network", "sriov-network-1"), ("flavor", "cross-numa-flavor"),
                   ("image", "dns-vnf"))
        for kind, name in missing:
            self.edit(lambda text: text.replace(f"<{kind}>{name}</{kind}>", f"<{kind}>no-{name}</{kind}>"))
        existing = ("<name>existing_networks</name><value>no-management-network,no-sriov-network-1</value></property>"
                    "<property><name>dns_query</name>")
        self.edit(lambda text: text.replace("<name>dns_query</name>", existing))
        for verb in ("plan", "deploy"):
            done = subprocess.run([DNSVNF, verb, "--vim", "test", self.design], capture_output=True, text=True, timeout=60,
                                  check=False, env=self.environment)
            self.assertEqual(1, done.returncode)
            self.assertNotIn("exists in the VIM", done.stdout)
            error = done.stderr[done.stderr.index(f"dnsvnf {verb}: "):]
            for kind, name in missing:
                self.assertIn(f'{kind} "no-{name}"', error)

    def test_several_deployments_are_one_document(self):
        self.two_deployments()
        for verb in ("plan", "explain", "verify"):
            with self.subTest(verb):
                done = dnsvnf(verb, "--vim", "test", self.design, env=self.environment)
                self.assertEqual(["cpnr-dns", "second"],
                                 [d["deployment"] for d in answers.answer(verb, done.stdout)["deployments"]])

    def test_a_deployment_that_failed_has_its_error(self):
        self.two_deployments()
        self.cloud.spoil("GET", "/networks$", 403, "Policy does not allow it")
        answer = answers.answer("plan", self.run_verb("plan", code=1))
        first, second = answer["deployments"]
        self.assertEqual(first["error"], answer["error"])
        self.assertEqual("refused", second["error"]["kind"])


class Bondd(unittest.TestCase):
    def test_status(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([BONDD, "status", "-o", "json", "--root", folder], capture_output=True, text=True,
                                  timeout=30, check=True)
        answers.answer("bondd-status", done.stdout)


if __name__ == "__main__":
    unittest.main()
