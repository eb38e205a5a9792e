#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What descriptors, day-0 files, hosts' files and clouds cannot do (SECURITY.md)."""
import base64
import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import fake_cloud

DNSVNF = os.path.abspath(sys.argv.pop(1))
DESIGN = "examples/technote/corrected"
EVIL = "\033]0;owned\007\033[2J\u009b31m\rok"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"


class Trust(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(DESIGN, f"{self.folder}/design")
        self.design = f"{self.folder}/design/dep.xml"

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w", encoding="utf-8") as out:
            out.write(text)
        return f"{self.folder}/{name}"

    def edit(self, old, new):
        with open(self.design, encoding="utf-8") as source:
            text = source.read()
        self.assertIn(old, text)
        self.write("design/dep.xml", text.replace(old, new))

    def run_verb(self, *arguments, **environment):
        return subprocess.run([DNSVNF, *arguments], capture_output=True, timeout=60, check=False,
                              env={"PATH": os.environ["PATH"], "DNSVNF_LOCAL_DIR": f"{self.folder}/local", **environment})

    def start_cloud(self, certificate=None, services="http", **entry):
        cloud = fake_cloud.Cloud(certificate, services)
        self.addCleanup(cloud.close)
        self.write("clouds.yaml", json.dumps({"clouds": {"test": {"region_name": "R", **entry, "auth": {
            "auth_url": f"{cloud.url}/identity/v3", "username": "u", "password": "p", "project_name": "p",
            "user_domain_id": "default", "project_domain_id": "default"}}}}))
        return cloud

    def on_cloud(self, verb, *arguments, **environment):
        return self.run_verb(verb, "--vim", "test", *arguments, self.design, XDG_RUNTIME_DIR=self.folder,
                             OS_CLIENT_CONFIG_FILE=f"{self.folder}/clouds.yaml", **environment)


class Terminal(Trust):
    def assert_clean(self, done):
        text = (done.stdout + done.stderr).decode("utf-8")
        self.assertNotRegex(text, CONTROL)
        return text

    def test_file_name_and_option(self):
        self.assertIn("?]0;owned?", self.assert_clean(self.run_verb("check", EVIL)))
        self.assert_clean(self.run_verb("check", f"--{EVIL}", "x"))
        self.assert_clean(self.run_verb(EVIL))

    def test_file_url(self):
        self.edit("<file>day0.cfg</file>", "<file>file:///%1b%5d0;owned%07%c2%9b.cfg</file>")
        self.assertIn("?]0;owned?", self.assert_clean(self.run_verb("check", self.design)))
        self.assert_clean(self.run_verb("check", "-o", "sarif", self.design))

    def test_names_are_refused(self):
        for name in ("&#x9b;2J", "&#x7f;", "a&#x0a;b"):
            shutil.copy(f"{DESIGN}/dep.xml", self.design)
            self.edit("<name>cpnr-dns</name>", f"<name>{name}</name>")
            done = self.run_verb("check", self.design)
            self.assertEqual(1, done.returncode)
            self.assertIn("contains a control character", self.assert_clean(done))
        design = self.write("dep.json", json.dumps({"esc:esc_datamodel": {"tenants": {"tenant": [{"name": "a\u009bb"}]}}}))
        self.assertIn("contains a control character", self.assert_clean(self.run_verb("check", design)))

    def test_cloud(self):
        cloud = self.start_cloud()
        cloud.spoiled.append(("GET", "networks", (403, {"error": {"message": EVIL}}, {"x-openstack-request-id": EVIL[:-3]})))
        done = self.on_cloud("plan")
        self.assertEqual(1, done.returncode)
        self.assertIn("?]0;owned?", self.assert_clean(done))

    def test_host_file(self):
        os.mkdir(f"{self.folder}/hosts")
        with open("tests/unit/data/hosts/" + os.listdir("tests/unit/data/hosts")[0], encoding="utf-8") as source:
            host = json.load(source)
        self.write(f"hosts/{EVIL.replace('/', '')}.json", json.dumps(host)[:-10])
        self.assertIn("?]0;owned?", self.assert_clean(self.run_verb("explain", "--hosts", f"{self.folder}/hosts", self.design)))


class Day0(Trust):
    def found(self, *options):
        done = self.run_verb("check", "-o", "json", *options, self.design)
        return done.stdout.decode(), {finding["rule"]: finding for finding in json.loads(done.stdout)["findings"]}

    def test_other_folders_need_the_option(self):
        os.mkdir(f"{self.folder}/files")
        shutil.copy(f"{DESIGN}/day0.cfg", f"{self.folder}/files/other.cfg")
        os.symlink("../files/other.cfg", f"{self.folder}/design/link.cfg")
        os.symlink("day0.cfg", f"{self.folder}/design/inside.cfg")
        for file in (f"file://{self.folder}/files/other.cfg", "../files/other.cfg", "link.cfg", "/proc/self/environ"):
            shutil.copy(f"{DESIGN}/dep.xml", self.design)
            self.edit("<file>day0.cfg</file>", f"<file>{file}</file>")
            text, found = self.found()
            self.assertIn("is outside the descriptor's folder", found["day0-file"]["text"], text)
            self.assertIn("--files", found["day0-file"]["text"])
            permitted = self.found("--files", "/usr", "--files", f"{self.folder}/files")[1]
            self.assertEqual(file == "/proc/self/environ", "day0-file" in permitted, permitted)
        shutil.copy(f"{DESIGN}/dep.xml", self.design)
        self.edit("<file>day0.cfg</file>", "<file>inside.cfg</file>")
        self.assertNotIn("day0-file", self.found()[1])

    def test_every_verb_that_reads_day0_has_the_option(self):
        for verb in ("check", "draw", "plan", "render", "explain", "deploy", "verify", "drill", "status", "servers", "power", "undeploy"):
            self.assertIn(b"--files FOLDER", self.run_verb("help", verb).stdout)

    def test_no_line_of_an_unknown_file_is_quoted(self):
        for text in ("PASSWORD=s3cret\n", "Content-Type: text/plain\nPASSWORD=s3cret\nx: y\n", " s3cret: x\n", ": s3cret\n",
                     "#cloud-config\nssh_authorized_keys: [s3cret]\n", KEY):
            self.write("design/day0.cfg", text)
            for verb, *options in (("check",), ("check", "-o", "json"), ("check", "-o", "sarif"), ("draw",)):
                done = self.run_verb(verb, *options, self.design)
                for secret in (b"s3cret", b"b3BlbnNz"):
                    self.assertNotIn(secret, done.stdout + done.stderr)

    def test_private_keys_are_reported(self):
        indented = "    " + KEY.replace("\n", "\n    ").rstrip() + "\n"
        for text in (KEY, KEY.replace("OPENSSH ", ""), KEY.replace("OPENSSH", "RSA"),
                     f"#cloud-config\nwrite_files:\n- path: /a\n  content: |\n{indented}"):
            self.write("design/day0.cfg", text)
            self.assertIn("day0-private-key", self.found()[1], text)
        self.write("design/day0.cfg", "#cloud-config\n# -----BEGIN PUBLIC KEY-----\n")
        self.assertNotIn("day0-private-key", self.found()[1])


class Cloud(Trust):
    def certificate(self, name="cert"):
        file, key = f"{self.folder}/{name}.pem", f"{self.folder}/{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", file, "-days", "1", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        return file, key

    def test_certificate_is_verified(self):
        pair = self.certificate()
        cloud = self.start_cloud(pair, "https")
        done = self.on_cloud("plan")
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertIn(b"certificate", done.stderr)
        self.assertEqual([], cloud.requests)
        cloud = self.start_cloud(pair, "https", cacert=self.certificate("other")[0])  # of the same name
        self.assertEqual((3, []), (self.on_cloud("plan").returncode, cloud.requests))
        cloud = self.start_cloud(pair, "https", cacert=pair[0])
        done = self.on_cloud("plan")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertGreater(len(cloud.requests), 3)
        self.assertNotIn(b"TLS_NOT_VERIFIED", done.stderr)
        self.start_cloud(pair, "https", verify=False)
        done = self.on_cloud("plan")
        self.assertEqual((0, 1), (done.returncode, done.stderr.count(b"the certificate is not verified")), done.stderr)

    def test_token_is_not_sent_in_plain_text(self):
        pair = self.certificate()
        cloud = self.start_cloud(pair, "http", cacert=pair[0])
        done = self.on_cloud("plan")
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn(b"DNSVNF_INSECURE_TRANSPORT=1", done.stderr)
        self.assertEqual({"/identity/v3/auth/tokens"}, {path for _, path, _ in cloud.requests})
        done = self.on_cloud("plan", DNSVNF_INSECURE_TRANSPORT="1")
        self.assertNotIn(b"DNSVNF_INSECURE_TRANSPORT", done.stderr)

    def test_no_file_gets_the_output(self):
        """With standard descriptors closed, the next file or connection must not be one of them."""
        cloud = self.start_cloud()
        cloud.delay("GET", "networks")
        with subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", DNSVNF, "deploy", "--yes", "--vim", "test", self.design],
                              env={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": self.folder,
                                   "OS_CLIENT_CONFIG_FILE": f"{self.folder}/clouds.yaml"}) as process:
            asked = cloud.delayed.wait(30)
            try:
                files = [os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in range(3)]
            except PermissionError as error:
                self.fail(f"needs root: {error}")
            finally:
                process.kill()
        self.assertEqual((True, ["/dev/null"] * 3), (asked, files))

    def test_mark_of_another_project_is_none(self):
        """Anybody can write one, and share the object; an admin could even delete it."""
        mark = "dnsvnf:test-tenant/cpnr-dns"
        for project in ("project-2", "project-1"):
            cloud = self.start_cloud()
            cloud.make("networks", {"name": "sriov-network-1", "description": f"{mark}/network/x 0", "project_id": project})
            cloud.make("subnets", {"name": "s", "description": f"{mark}/subnet/x 0", "project_id": project})
            cloud.make("ports", {"name": "p", "description": f"{mark}/port/x 0", "project_id": project, "network_id": "n"})
            cloud.make("servers", {"name": "cpnr-dns_cpnr_0", "metadata": {"dnsvnf_owner": f"{mark}/server/x"}, "tenant_id": project})
            cloud.make("images", {"name": "dns-vnf", "dnsvnf_owner": f"{mark}/image/x", "owner": project, "visibility": "public"})
            cloud.make("server_groups", {"name": f"{mark}/server_group/x", "policies": [], "project_id": project})
            done = self.on_cloud("undeploy", "--yes")
            deleted = {path.split("/")[-2] for method, path, _ in cloud.requests if method == "DELETE"}
            if project == "project-1":
                self.assertEqual({"networks", "subnets", "ports", "servers", "images", "os-server-groups"}, deleted, done.stderr)
                continue
            self.assertEqual((1, set()), (done.returncode, deleted), done.stderr)
            self.assertIn(b"nothing of cpnr-dns is deployed", done.stderr)

    def test_network_of_another_project_is_said(self):
        """Its owner chose the name, and sees what is sent on it."""
        for project, said in (("project-1", False), ("project-2", True)):
            cloud = self.start_cloud()
            cloud.make("networks", {"name": "sriov-network-1", "project_id": project, "shared": True})
            warning = b"it belongs to project project-2, which can read and forge its packets"
            self.assertEqual(said, warning in self.on_cloud("plan").stdout)
            cloud.spoil("POST", "^/network/", 403, "over")
            done = self.on_cloud("deploy", "--yes")
            self.assertEqual(said, warning in done.stderr, done.stderr)

    def test_an_id_is_no_path(self):
        """The cloud's answer does not choose which request is sent."""
        for name in ("../../servers/x", "x/../y", "..", "x?y", "x#y", "x%2fy", ""):
            cloud = self.start_cloud()
            cloud.make("networks", {"name": "n", "description": "dnsvnf:test-tenant/cpnr-dns/network/x 0"})
            cloud.there["networks"]["networks-0"]["id"] = name
            done = self.on_cloud("undeploy", "--yes")
            self.assertEqual(3, done.returncode, done.stderr)
            self.assertIn(b'in the reply\'s list of networks, "id" is not as the API has it', done.stderr)
            self.assertEqual([], [path for method, path, _ in cloud.requests if method == "DELETE"])

    def test_memory_is_hidden(self):
        cloud = self.start_cloud()
        cloud.delay("GET", "networks")
        for part in (DNSVNF, *glob.glob(f"{os.path.dirname(DNSVNF)}/dnsvnf-*.so")):
            subprocess.run(["cp", part, self.folder], check=True)
        subprocess.run(["chmod", "-R", "a+rX", self.folder], check=True)
        other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        with subprocess.Popen([f"{self.folder}/dnsvnf", "plan", "--vim", "test", self.design], **other,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env={"OS_CLIENT_CONFIG_FILE": f"{self.folder}/clouds.yaml"}) as process:
            asked = cloud.delayed.wait(30)
            with open(f"/proc/{process.pid}/limits", encoding="ascii") as limits:
                core = limits.read()
            owner = os.stat(f"/proc/{process.pid}/environ").st_uid
            process.kill()
        self.assertTrue(asked)
        self.assertRegex(core, r"Max core file size +0 +0 ")
        self.assertEqual(0, owner)  # not dumpable: proc(5)

    def test_trickle_ends(self):
        def trickle(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "1000000")
            handler.end_headers()
            while not handler.server.cloud.over.wait(0.5):
                handler.wfile.write(b" ")
        cloud = self.start_cloud()
        cloud.spoiled.append(("GET", "networks", trickle))
        done = self.on_cloud("plan", DNSVNF_HTTP_TIMEOUT="1")
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertIn(b"no reply in time", done.stderr)

    def test_listing_is_bounded(self):
        cloud = self.start_cloud()
        page = json.dumps({"ports": [], "ports_links": [{"rel": "next", "href": f"{cloud.url}/network/v2.0/ports?marker=x"}],
                           "x": "x" * (16 << 20)}).encode()
        cloud.spoiled.append(("GET", "ports", (200, page)))
        done = self.on_cloud("plan")
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn(b"a listing has more than 67108864 bytes", done.stderr)
        self.assertLessEqual(sum("ports" in path for _, path, _ in cloud.requests), 10)


class Secrets(Trust):
    """Of the cloud and of day-0: in no output, no argument, no file. (That no core is written: test_memory_is_hidden;
    that programs do not get the environment: test_local_image.)"""

    DAY0, CLOUD, TOKEN = "S3cr3t-of-day-0", "S3cr3t-of-the-cloud", "S3cr3t-token"

    def forms(self, secret):
        """As it is, and in Base64 at each offset."""
        coded = [base64.b64encode(b"-" * offset + secret.encode())[4 * bool(offset):-4] for offset in range(3)]
        return [secret.encode(), *coded]

    def test_no_output_argument_or_file_has_one(self):
        with open(f"{self.folder}/design/day0.cfg", encoding="utf-8") as source:
            day0 = source.read()
        self.assertIn("\nruncmd:\n", day0)
        self.write("design/day0.cfg", day0.replace("\nruncmd:\n", f"\nruncmd:\n - echo root:{self.DAY0} | chpasswd\n"))
        cloud = self.start_cloud()
        cloud.new_server = {"status": "ERROR", "fault": {"message": "the disk is on fire"}}
        cloud.spoiled.append(("POST", "auth/tokens", (201, cloud.token(), {"X-Subject-Token": self.TOKEN})))
        variables = {f"OS_{name}": value for name, value in {
            "AUTH_URL": f"{cloud.url}/identity/v3", "USERNAME": "u", "PASSWORD": self.CLOUD, "PROJECT_NAME": "p",
            "USER_DOMAIN_ID": "default", "PROJECT_DOMAIN_ID": "default"}.items()}
        known = self.files()
        sent = ""
        for verb in ("check", "draw", "plan", "explain", "deploy", "verify", "drill", "status", "servers", "undeploy"):
            for form in ("json", "svg" if verb == "draw" else "text"):
                vim = [] if verb == "check" else ["--vim", "envvars", "--timings"]
                yes = ["--yes"] if verb in ("deploy", "undeploy") else []
                done = self.run_verb(verb, "-v", "-v", "-o", form, *vim, *yes, self.design, XDG_RUNTIME_DIR=self.folder,
                                     **variables)
                for secret in (self.DAY0, self.CLOUD, self.TOKEN):
                    for text in self.forms(secret):
                        self.assertNotIn(text, done.stdout + done.stderr, verb)
                        for path, content in self.files().items():
                            self.assertTrue(text not in content or path in known, path)
            sent += json.dumps(cloud.requests)
        self.assertIn(self.CLOUD, sent)
        user_data = {body["server"]["user_data"] for _, _, body in cloud.requests if body and "server" in body}
        self.assertIn(self.DAY0.encode(), base64.b64decode(user_data.pop()))

    def files(self):
        return {str(path): path.read_bytes() for path in pathlib.Path(self.folder).rglob("*") if path.is_file()}


class Local(Trust):
    def record(self, kind, name, text=None):
        folder = f"{self.folder}/local/test-tenant/cpnr-dns"
        os.makedirs(folder, exist_ok=True)
        path = f"{folder}/{kind}-{name}.json"
        self.write(path.removeprefix(f"{self.folder}/"), text or json.dumps({
            "kind": kind, "seq": 1, "id": f"{kind}-{name}", "name": name, "done": True, "spec": {}, "made": {},
            "owner": f"dnsvnf:test-tenant/cpnr-dns/{kind}/{name}", "digest": "0"}))
        return path

    def test_bad_record_does_not_keep_the_others(self):
        good, bad = self.record("flavor", "f"), self.record("image", "i", "{")
        for verb, *options in (("status",), ("plan", self.design)):
            done = self.run_verb(verb, *options)
            self.assertIn(b"image-i.json is not", done.stdout + done.stderr)
        self.assertEqual(1, done.returncode)
        done = self.run_verb("undeploy", "--yes", self.design)
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn(b"image-i.json is not a valid dnsvnf record", done.stderr)
        self.assertEqual((False, True), (os.path.exists(good), os.path.exists(bad)))
        os.unlink(bad)
        self.assertEqual(0, self.run_verb("undeploy", "--yes", self.design).returncode)
        self.assertEqual([], glob.glob(f"{self.folder}/local/*"))

    def test_server_that_may_run_is_kept(self):
        """Its pid file cannot be read: that is no server which has ended."""
        record = self.record("server", "s")
        os.mkdir(record.replace(".json", ".pid"))
        done = self.run_verb("undeploy", "--yes", self.design)
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn(b"cannot tell whether the QEMU of server s runs: Is a directory", done.stderr)
        self.assertTrue(os.path.exists(record))
        os.rmdir(record.replace(".json", ".pid"))
        self.assertEqual(0, self.run_verb("undeploy", "--yes", self.design).returncode)
        self.assertFalse(os.path.exists(record))

    def test_what_dnsvnf_did_not_write_is_kept(self):
        """DNSVNF_LOCAL_DIR may be any folder, and the names below it are the descriptor's."""
        self.record("flavor", "f")
        ours = f"local/test-tenant/cpnr-dns/{'0' * 8}-1234-4abc-8def-{'f' * 12}.console"
        theirs = f"{self.folder}/local/test-tenant/cpnr-dns/thesis.txt"
        self.write(ours, "")
        self.write(theirs.removeprefix(f"{self.folder}/"), "the only copy")
        for _ in range(2):
            done = self.run_verb("undeploy", "--yes", self.design)
            self.assertEqual(1, done.returncode, done.stderr)
            self.assertIn(b"dnsvnf did not write thesis.txt, which is in it", done.stderr)
            self.assertEqual(["lock", "thesis.txt"], sorted(os.listdir(os.path.dirname(theirs))))
        os.unlink(theirs)
        self.assertEqual(0, self.run_verb("undeploy", "--yes", self.design).returncode)
        self.assertFalse(os.path.exists(f"{self.folder}/local"))

    def test_linked_tenant_is_not_followed(self):
        record = self.record("flavor", "f")
        os.rename(f"{self.folder}/local/test-tenant", f"{self.folder}/precious")
        os.symlink("../precious", f"{self.folder}/local/test-tenant")
        done = self.run_verb("undeploy", "--yes", self.design)
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertTrue(os.path.exists(record))

    def test_only_a_missing_file_is_absent(self):
        self.record("flavor", "f")
        limited = ["prlimit", "--nofile=4", DNSVNF]  # the module alone needs one more while it loads
        for arguments in (["status"], ["host"]):
            for files in range(4, 9):
                limited[1] = f"--nofile={files}"
                done = subprocess.run([*limited, *arguments], capture_output=True, check=False, timeout=60,
                                      env={**os.environ, "DNSVNF_LOCAL_DIR": f"{self.folder}/local"})
                if done.returncode == 0 and arguments == ["status"]:
                    self.assertIn(b"cpnr-dns", done.stdout)
                elif done.returncode == 0:
                    self.assertNotIn(b"no PCI network devices", done.stdout)
                else:
                    self.assertRegex(done.stderr, b"Too many open files|cannot load|open shared object")


class Units(unittest.TestCase):
    def test_exposure_is_at_most_two(self):
        units = sorted(glob.glob(f"{os.path.dirname(DNSVNF)}/*.service"))
        self.assertEqual(["bondd-relay.service", "bondd-status.service", "bondd.service", "dnsvnfd.service"],
                         [os.path.basename(unit) for unit in units])
        for unit in units:
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit], check=False,
                                  capture_output=True, text=True)
            self.assertEqual(0, done.returncode, done.stdout)


class Image(unittest.TestCase):
    def test_no_image_without_security_updates(self):
        with tempfile.TemporaryDirectory() as folder:
            for tool in ("mmdebstrap", "mount", "qemu-img", "unxz", "zstd", "unshare", "apt-config"):
                os.symlink("/bin/true", f"{folder}/{tool}")
            for tool, text in (("id", "echo 0"), ("apt-get", "case $* in *'Label: Debian '*) echo http://mirror.example/debian;; esac")):
                with open(f"{folder}/{tool}", "w", encoding="utf-8") as out:
                    out.write(f"#!/bin/sh\n{text}\n")
                os.chmod(f"{folder}/{tool}", 0o755)
            done = subprocess.run(["image/build.sh", f"{folder}/out"], capture_output=True, text=True, check=False,
                                  env={"PATH": f"{folder}:{os.environ['PATH']}", "DEBIAN_MIRROR": "http://mirror.example/debian"})
            self.assertEqual(1, done.returncode, done.stderr)
            self.assertIn("knows no security archive: set DEBIAN_SECURITY_MIRROR", done.stderr)


if __name__ == "__main__":
    unittest.main()
