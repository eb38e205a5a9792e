#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The picture of a design: complete, marked, well formed, and nothing on top of anything else."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import answers  # noqa: E402

DNSVNF = sys.argv.pop(1)
ESC = "{http://www.cisco.com/esc/esc}"
SVG = "{http://www.w3.org/2000/svg}"
CORRECTED = "examples/technote/corrected/dep.xml"
PUBLISHED = "examples/technote/published/dep.xml"
HOSTS = "tests/unit/data/hosts"
EXAMPLES = sorted(glob.glob("examples/*/*/dep.xml"))
FONT_SIZES = {"heading": 18, "title": 12, "text": 11, "small": 10, "faint": 10}


def dnsvnf(*arguments):
    return subprocess.run([DNSVNF, *arguments], capture_output=True, text=True, timeout=30)


class Picture:
    def __init__(self, *arguments):
        done = dnsvnf("draw", *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done
        self.source = done.stdout
        self.root = ET.fromstring(done.stdout)
        self.width, self.height = (int(n) for n in self.root.get("viewBox").split()[2:])
        self.texts = [(e.text or "", e) for e in self.root.iter(SVG + "text")]

    def titles(self):
        """Texts, and what is shown of the cut ones where the pointer rests."""
        return self.words() + "\n".join(e.text or "" for e in self.root.iter(SVG + "title"))

    def words(self):
        return "\n".join(text for text, _ in self.texts)

    def rects(self, *classes):
        for e in self.root.iter(SVG + "rect"):
            if set(classes) & set((e.get("class") or "").split()):
                yield tuple(int(e.get(k)) for k in ("x", "y", "width", "height"))

    def box_with(self, title):
        """What stands in the smallest box that holds this text."""
        x, y = next((int(e.get("x")), int(e.get("y"))) for text, e in self.texts if text == title)
        box = min((r for r in self.rects("box") if inside((x, y), r)), key=lambda r: r[2] * r[3])
        return [text for text, e in self.texts if e.get("x") and inside((int(e.get("x")), int(e.get("y"))), box)]


    def texts_in(self, rect):
        return [text for text, e in self.texts if e.get("x") and inside((int(e.get("x")), int(e.get("y"))), rect)]

    def vms(self):
        """What is drawn of each VM: host, about, cells {number: (node, CPUs)}, ports {nicid: (node, PF, device)}."""
        for host in self.rects("host"):
            vm = {"host": None, "cells": {}, "ports": {}, "texts": self.texts_in(host)}
            title = vm["texts"][0].split(" ")
            vm["host"] = title[1] if len(title) > 1 else None
            boxes = {r: self.texts_in(r) for r in self.rects("box") if inside(r[:2], host)}
            nodes = {r: self.texts_in(r)[0] for r in self.rects("node") if inside(r[:2], host)}
            for box, texts in boxes.items():
                cell = re.fullmatch(r"NUMA cell (\d+)", texts[0])
                port = re.match(r"nicid (\d+): (VF|whole PF)", texts[0])
                if cell:
                    place = re.search(r"on node (\d+)(?:, CPU (\S+))?", "\n".join(texts))
                    vm["cells"][int(cell[1])] = place and (int(place[1]), numbers(place[2] or ""))
                elif port:
                    nic = next(r for r in boxes if re.search(r"\nPF, ", "\n".join(boxes[r])) or boxes[r][0] == "PF"
                               if r[0] < box[0] and r[1] <= box[1] < r[1] + r[3])
                    node = re.match(r"NUMA node (\d+)", next(t for r, t in nodes.items() if inside(nic[:2], r)))
                    device = [t for t in texts if re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d", t)]
                    vm["ports"][int(port[1])] = (node and int(node[1]), boxes[nic][0], (device or [None])[0])
            yield vm


def numbers(text):
    """{2, 3, 8} of "2-3,8"."""
    ends = [part.split("-") for part in text.split(",") if part]
    return {n for e in ends for n in range(int(e[0]), int(e[-1]) + 1)}


def explained(path, hosts):
    """The servers of `explain -o json`."""
    answer = answers.answer("explain", dnsvnf("explain", path, "--hosts", hosts, "-o", "json").stdout)
    return [server for deployment in answer["deployments"] for server in deployment["servers"]]


def inside(point, rect):
    return rect[0] <= point[0] <= rect[0] + rect[2] and rect[1] <= point[1] <= rect[1] + rect[3]


def overlap(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def many(groups=1, direct=2, virtual=1, bonds=1, name="{}"):
    """A descriptor of that size; name is a pattern that every name is made by."""
    def call(text):
        return escape(name.format(text))

    def network(kind, n):
        physical = f"<provider_physical_network>{call(f'phys{n}')}</provider_physical_network>" if kind == "vlan" else ""
        return (f"<network><name>{call(f'{kind}{n}')}</name><provider_network_type>{kind}</provider_network_type>"
                f"{physical}<provider_segmentation_id>{100 + n}</provider_segmentation_id></network>")

    def interface(nicid, kind, n):
        return (f"<interface><nicid>{nicid}</nicid><type>{'direct' if kind == 'vlan' else 'virtual'}</type>"
                f"<network>{call(f'{kind}{n}')}</network><ip_address>10.{nicid}.0.10</ip_address></interface>")

    day0 = "#cloud-config\nruncmd:\n"
    for n in range(virtual):
        day0 += f" - nmcli con add type ethernet ifname eth{n} ip4 10.{n}.0.10/24\n"
    for n in range(bonds):
        day0 += (f" - nmcli con add type bond ifname bond{n} bond.options mode=active-backup,miimon=100 "
                 f"ipv4.addresses 10.99.{n}.10/24 ipv4.method manual\n")
        for leg in range(n, direct, bonds):
            day0 += f" - nmcli con add type ethernet ifname leg{leg} master bond{n}\n"
    vms = "".join(
        f"<vm_group><name>{call(f'vm{g}')}</name><image>i</image><flavor>f</flavor><bootup_time>-1</bootup_time>"
        f"<recovery_wait_time>0</recovery_wait_time><interfaces>"
        + "".join(interface(n, "vxlan", n) for n in range(virtual))
        + "".join(interface(virtual + n, "vlan", n) for n in range(direct))
        + f"</interfaces><config_data><configuration><dst>--user-data</dst><data>{escape(day0)}</data></configuration>"
        "</config_data></vm_group>" for g in range(groups))
    networks = "".join(network("vxlan", n) for n in range(virtual)) + "".join(network("vlan", n) for n in range(direct))
    return (f'<esc_datamodel xmlns="http://www.cisco.com/esc/esc"><tenants><tenant><name>t</name><deployments>'
            f"<deployment><name>{call('d')}</name><networks>{networks}</networks>{vms}"
            "</deployment></deployments></tenant></tenants></esc_datamodel>").replace("><", ">\n<")


class Draw(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def of(self, text, *arguments):
        path = os.path.join(self.folder, "dep.xml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return Picture(path, *arguments)

    def assert_tidy(self, picture):
        whole = (0, 0, picture.width, picture.height)
        for e in picture.root.iter():
            for x, y in (("x", "y"), ("x1", "y1"), ("x2", "y2"), ("cx", "cy")):
                if e.get(x) is not None:
                    self.assertTrue(inside((int(e.get(x)), int(e.get(y))), whole), ET.tostring(e))
        for x, y, w, h in picture.rects("box", "host", "vm", "node", "mark"):
            self.assertTrue(x + w <= picture.width and y + h <= picture.height)
        for text, e in picture.texts:
            if e.get("x") and not e.get("text-anchor"):  # no glyph but i, l and their like is narrower than half
                size = FONT_SIZES[e.get("class").split()[0]]
                self.assertLessEqual(int(e.get("x")) + 0.5 * size * len(re.sub(r"[^\w]", "", text)), picture.width)
        boxes = list(picture.rects("box"))
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                self.assertFalse(overlap(a, b), (a, b))
        marks = list(picture.rects("mark"))
        for i, a in enumerate(marks):
            for b in marks[:i]:
                self.assertFalse(overlap(a, b), (a, b))

    def test_examples_are_tidy(self):
        for path in EXAMPLES:
            with self.subTest(path):
                self.assert_tidy(Picture(path))

    def test_every_size_is_tidy(self):
        for groups in (1, 2, 3):
            for direct in (1, 2, 3, 4):
                for virtual in (0, 1, 4):
                    for bonds in (1, 2):
                        with self.subTest(groups=groups, direct=direct, virtual=virtual, bonds=bonds):
                            picture = self.of(many(groups, direct, virtual, bonds))
                            self.assert_tidy(picture)
                            self.assertEqual(groups * bonds, picture.words().split("\n").count("active-backup"))

    def test_all_that_the_design_names_is_there(self):
        for path in EXAMPLES:
            words = Picture(path).words()
            root = ET.parse(path).getroot()
            wanted = [e.text for tag in ("ip_address", "mac_address", "gateway", "provider_segmentation_id",
                                         "provider_physical_network", "image", "flavor")
                      for e in root.iter(ESC + tag) if e.text and e.text.strip()]
            wanted += [e.findtext(ESC + "name") for tag in ("network", "vm_group", "deployment", "tenant")
                       for e in root.iter(ESC + tag) if e.find(ESC + "name") is not None]
            wanted += [f"{e.findtext(ESC + 'address')}/" for e in root.iter(ESC + "subnet")
                       if e.find(ESC + "address") is not None]
            self.assertGreater(len(wanted), 5)
            self.assertEqual([], [word for word in wanted if word not in words], path)

    def test_guest_of_the_corrected_example(self):
        picture = Picture(CORRECTED)
        self.assertEqual({"bond0", "active-backup", "miimon 100 ms", "fail_over_mac active", "172.16.1.10/24",
                          "2001:db8:101::10/64", "gateway 172.16.1.1", "gateway 2001:db8:101::1"},
                         set(picture.box_with("bond0")))
        self.assertEqual(["fa:16:3e:10:00:01", "10.10.10.10/24"], picture.box_with("10.10.10.10/24"))
        self.assertIn("NUMA node of sriov0", picture.words())
        self.assertIn("one segment", picture.words())
        self.assertIn("dnsvnf check: 0 errors, 0 warnings", picture.words())
        self.assertEqual([], list(picture.rects("error"))[1:])  # the key's own

    def test_vlan_on_a_bond(self):
        self.assertIn("bond0.310: VLAN 310", Picture("examples/designs/bond-vlan/dep.xml").box_with("bond0"))

    def test_findings_are_marked_where_they_stand(self):
        picture = Picture(PUBLISHED)
        self.assertIn("20 day0-placeholder", picture.box_with("eth1"))
        self.assertIn("22-25 day0-placeholder", picture.box_with("bond0"))
        self.assertIn("7 descriptor-reference", picture.box_with("nicid 2: VF"))
        self.assertIn("no port for it", picture.box_with("eth1"))
        words = picture.words()
        self.assertIn("dnsvnf check: 15 errors, 11 warnings; 5 notes not drawn", words)
        for line in dnsvnf("check", PUBLISHED).stdout.splitlines():
            rule = re.search(r" (error|warning|note): .*\[(\S+)\]$", line)
            if rule and rule.group(1) != "note":
                place = os.path.basename(line.split(": ")[0])
                self.assertIn(f"\n{rule.group(2)}\n{place}\n", words)
                self.assertRegex(words, rf"\d {rule.group(2)[:20]}")
            elif rule:
                self.assertNotIn(rule.group(2), words)

    def test_legs_in_two_segments(self):
        picture = Picture("examples/technote/steps/dep.xml")
        self.assertIn("two segments", picture.words())
        self.assertIn("2 legs-segment", picture.box_with("sriov-network-2"))
        self.assertIn("no port uses it", picture.box_with("orchestration-network"))

    def test_names_are_text_and_not_markup(self):
        picture = self.of(many(name='<b>&"{}'))
        self.assertIn('<b>&"d', picture.words())
        self.assertIn('<b>&"vxlan0', picture.words())
        self.assertNotIn("<b>", picture.source)

    def test_long_names_are_cut(self):
        picture = self.of(many(groups=2, name="{}-of-" + "w" * 200))
        self.assert_tidy(picture)
        self.assertRegex(picture.words(), "vxlan0-of-w+\u2026\n")
        self.assertIn("vxlan0-of-" + "w" * 200, [e.text for e in picture.root.iter(SVG + "title")])
        self.assert_tidy(self.of(many(name="{}-\uc11c\ube44\uc2a4\ub9dd\uc11c\ube44\uc2a4\ub9dd\uc11c\ube44\uc2a4\ub9dd")))

    def test_placement_on_hosts(self):
        picture = Picture(CORRECTED, "--hosts", HOSTS)
        self.assertIn("host compute-1", picture.words())
        self.assertIn("NUMA node 1: cell 1", picture.words())
        self.assertIn("on node 0, CPU 2-3", picture.box_with("NUMA cell 0"))
        self.assertIn("0000:3b:02.3", picture.box_with("nicid 2: VF"))
        self.assertEqual(["ens2f0", "PF, sriov1"], picture.box_with("ens2f0"))
        self.assert_tidy(picture)

    def test_the_second_vm_takes_another_host_or_none(self):
        words = Picture("examples/designs/two-vnfs/dep.xml", "--hosts", HOSTS).words()
        self.assertEqual(1, words.count("host compute-1"))
        self.assertIn("compute-1: a server of its anti-affinity group is there", re.sub(r"\s+", " ", words))

    def assert_agree(self, path, hosts, n):
        """draw shows each server where explain says it goes; returns explain's hosts."""
        servers = explained(path, hosts)
        self.assertEqual(n, len(servers))
        picture = Picture(path, "--hosts", hosts)
        self.assert_tidy(picture)
        vms = list(picture.vms())
        self.assertEqual([s.get("host") for s in servers], [vm["host"] for vm in vms])
        for server, vm in zip(servers, vms):
            about = " ".join(vm["texts"])
            if server["verdict"] != "fits":
                self.assertIn("unknown: " if server["verdict"] == "unknown" else "fits on no host", about)
                self.assertIn(server.get("why", ""), about)
                continue
            cells = {i: (c["node"], set(c["pinned_cpus"].values())) for i, c in enumerate(server["cells"])}
            ports = {p["nicid"]: (p["node"], p["pf"], p.get("device")) for p in server["ports"]}
            self.assertEqual((cells, ports), (vm["cells"], vm["ports"]))
        return [s.get("host") for s in servers]

    def hosts(self, *names):
        """A folder with hosts like compute-1."""
        folder = os.path.join(self.folder, "hosts-" + "-".join(names))
        os.mkdir(folder)
        with open(os.path.join(HOSTS, "compute-1.json"), encoding="utf-8") as file:
            host = json.load(file)
        for name in names:
            with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as out:
                json.dump({**host, "hostname": name}, out)
        return folder

    def edited(self, *edits):
        """The corrected example, with its day-0 files, after these replacements."""
        with open(CORRECTED, encoding="utf-8") as file:
            text = file.read()
        for old, new in edits:
            self.assertIn(old, text)
            text = text.replace(old, new)
        for name in os.listdir(os.path.dirname(CORRECTED)):
            if name != "dep.xml":
                target = os.path.join(self.folder, name)
                if not os.path.exists(target):
                    os.symlink(os.path.abspath(os.path.join(os.path.dirname(CORRECTED), name)), target)
        path = os.path.join(self.folder, "dep.xml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def test_draw_agrees_with_explain_on_every_example(self):
        three = self.hosts("a", "b", "c")
        for path in EXAMPLES:
            n = len(ET.parse(path).getroot().findall(f".//{ESC}vm_group/{ESC}flavor"))
            for hosts in (HOSTS, three):
                with self.subTest(path, hosts=hosts):
                    self.assert_agree(path, hosts, n)

    def test_draw_agrees_with_explain_on_zone_host(self):
        hosts = self.hosts("a", "b")
        for host in "a", "b":
            path = self.edited(("<kpi_data>", "<placement><type>zone_host</type><enforcement>strict</enforcement>"
                                f"<host>{host}</host></placement><kpi_data>"))
            self.assertEqual([host], self.assert_agree(path, hosts, 1))

    def test_draw_agrees_with_explain_on_strict_anti_affinity(self):
        path = self.edited(("<min_active>1</min_active>", "<min_active>2</min_active>"),
                           ("<max_active>1</max_active>", "<max_active>2</max_active>"),
                           ("<kpi_data>", "<placement><type>anti_affinity</type><enforcement>strict</enforcement>"
                            "</placement><kpi_data>"))
        self.assertEqual(["a", "b"], self.assert_agree(path, self.hosts("a", "b"), 2))
        self.assertEqual(["a", None], self.assert_agree(path, self.hosts("a"), 2))

    def test_draw_agrees_with_explain_on_a_group_of_three(self):
        path = self.edited(("<min_active>1</min_active>", "<min_active>3</min_active>"),
                           ("<max_active>1</max_active>", "<max_active>3</max_active>"))
        self.assertEqual(["a", "b", "a"], self.assert_agree(path, self.hosts("a", "b"), 3))

    def test_networks_that_the_vim_alone_knows(self):
        flavor = "<flavors><flavor><name>f</name><vcpus>2</vcpus><memory_mb>2048</memory_mb></flavor></flavors>"
        text = re.sub(r"<networks>.*</networks>", "", many(), flags=re.DOTALL).replace("<tenants>", flavor + "<tenants>")
        self.assertIn("physnet of vlan0 unknown", self.of(text).titles())
        self.assertIn("NUMA node unknown", self.of(text).words())
        self.assertNotIn("NUMA node of vlan0", self.of(text).words())
        words = re.sub(r"\s+", " ", self.of(text, "--hosts", HOSTS).words())
        self.assertIn('unknown: port 1: the physical network of network "vlan0" is visible to the role admin', words)

    def test_same_design_same_bytes(self):
        for path in (CORRECTED, PUBLISHED):
            out = os.path.join(self.folder, "picture.svg")
            self.assertEqual("", dnsvnf("draw", path, "--svg", out).stdout)
            with open(out, encoding="utf-8") as file:
                self.assertEqual(Picture(os.path.abspath(path)).source.count("\n"), len(file.read().splitlines()))
            with open(out, encoding="utf-8") as file:
                self.assertEqual(Picture(path).source, file.read())

    def test_the_picture_in_doc_is_of_today(self):
        def without_count(svg):  # a machine without Knot has one note more: its configuration is not checked
            return re.sub(r"\d+ notes not drawn", "notes not drawn", svg)
        with open("doc/topology.svg", encoding="utf-8") as file:
            self.assertEqual(without_count(file.read()), without_count(Picture(CORRECTED).source),
                             f"run: dnsvnf draw {CORRECTED} --svg doc/topology.svg")

    def test_command_line(self):
        self.assertRegex(dnsvnf("draw", "--help").stdout, r"(?s)-o, --output svg\|json .*--svg FILE +write the picture")
        self.assertRegex(dnsvnf("plan", "--help").stdout, r"-o, --output text\|json ")
        done = dnsvnf("draw", CORRECTED, "--hosts", HOSTS, "--vim", "local")
        self.assertEqual((2, ""), (done.returncode, done.stdout))
        done = dnsvnf("draw", CORRECTED, "--svg", "/nonexistent/x.svg")
        self.assertEqual(1, done.returncode)
        self.assertIn("/nonexistent/x.svg", done.stderr)
        self.assertEqual(1, dnsvnf("draw", "/nonexistent.xml").returncode)


if __name__ == "__main__":
    unittest.main()
