#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws a descriptor as a picture: doc/topology.py DEP.xml > topology.svg (GitHub and browsers show it)."""
import os
import re
import sys
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

ESC = "{http://www.cisco.com/esc/esc}"
WIDTH, ROW, TOP = 980, 92, 96
NET_X, NET_W, VM_X, VM_W, BOND_X, BOND_W = 40, 330, 520, 180, 730, 190
FILL = {"normal": "#e8eef7", "direct": "#e6f4ea", "vm": "#fafafa", "bond": "#fff4dc"}
LINE = {"normal": "#4a6fa5", "direct": "#2e7d4f", "vm": "#555555", "bond": "#b7791f"}


def text(element, *path):
    for name in path:
        element = element.find(ESC + name) if element is not None else None
    return element.text.strip() if element is not None and element.text else ""


def read(path):
    root = ET.parse(path).getroot()
    group = root.find(f".//{ESC}vm_group")
    networks = {text(n, "name"): n for n in root.iter(ESC + "network") if text(n, "name")}
    flavor = next((f for f in root.iter(ESC + "flavor") if text(f, "name") == text(group, "flavor")), None)
    day0 = next(text(c, "file") for c in group.iter(ESC + "configuration") if text(c, "dst") == "--user-data")
    with open(os.path.join(os.path.dirname(path), day0), encoding="utf-8") as source:
        return root, group, networks, flavor, source.read()


class Svg:
    def __init__(self, height):
        self.out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
                    f'viewBox="0 0 {WIDTH} {height}" font-family="DejaVu Sans, Helvetica, sans-serif" font-size="13">',
                    f'<rect width="{WIDTH}" height="{height}" fill="white"/>']

    def box(self, x, y, w, h, kind, dash=""):
        self.out.append(f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="{FILL[kind]}" '
                        f'stroke="{LINE[kind]}" stroke-width="1.5"{dash and f" stroke-dasharray={dash!r}"}/>')

    def line(self, x1, y1, x2, y2, kind, width=2):
        self.out.append(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{LINE[kind]}" stroke-width="{width}"/>')

    def text(self, x, y, words, size=13, bold=False, anchor="start", colour="#222"):
        self.out.append(f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"'
                        f'{" font-weight=" + chr(34) + "bold" + chr(34) if bold else ""}>{escape(words)}</text>')


def network_lines(network, default):
    if network is None:
        return [default, "exists in the VIM"]
    kind = text(network, "provider_network_type") or "network"
    segment, physnet = text(network, "provider_segmentation_id"), text(network, "provider_physical_network")
    what = kind + (f" {segment}" if segment else "") + (f" on {physnet}" if physnet else "")
    subnets = ", ".join(f'{text(s, "address")}/{prefix(text(s, "netmask"))}' for s in network.iter(ESC + "subnet"))
    return [text(network, "name"), what, subnets]


def prefix(netmask):
    if "." in netmask:
        return sum(bin(int(octet)).count("1") for octet in netmask.split("."))
    return netmask


def main(path):
    root, group, networks, flavor, day0 = read(path)
    interfaces = sorted(group.iter(ESC + "interface"), key=lambda i: int(text(i, "nicid")))
    bond = re.search(r'type bond .*ifname (\S+).*"(mode=[^"]+)"', day0)
    bond_addresses = re.findall(r"ipv[46]\.addresses '?([0-9a-f.:]+/\d+)", bond and day0[bond.start():].split("\n")[0] or "")
    nics = dict(re.findall(r"ifname (eth\d+) ip4 (\S+)", day0))
    legs = re.findall(r"ifname (\S+) master \S+", day0)
    normal = [i for i in interfaces if text(i, "type") != "direct"]
    direct = [i for i in interfaces if text(i, "type") == "direct"]
    names = dict(zip([text(i, "nicid") for i in normal], sorted(nics))) | \
        dict(zip([text(i, "nicid") for i in direct], legs))
    height = TOP + ROW * len(interfaces) + 40
    svg = Svg(height)
    svg.text(NET_X, 34, f'{text(root.find(f".//{ESC}deployment"), "name")} ({os.path.basename(path)})', 16, True)
    svg.text(NET_X, 58, "networks", 13, colour="#666")
    svg.text(BOND_X, 58, "in the guest", 13, colour="#666")
    svg.box(VM_X, TOP - 24, WIDTH - VM_X - 20, ROW * len(interfaces) + 40, "vm")
    svg.text(VM_X + 12, TOP - 6, f'{text(group, "name")}: {text(group, "image")}, {text(flavor, "vcpus")} vCPU, '
             f'{text(flavor, "memory_mb")} MB, ' + ", ".join(
                 f'{text(p, "name")}={text(p, "value")}' for p in flavor.iter(ESC + "property")
                 if text(p, "name") == "hw:numa_nodes"), 12, colour="#444")
    bond_rows = []
    for row, interface in enumerate(interfaces):
        nicid, kind = text(interface, "nicid"), "direct" if interface in direct else "normal"
        y = TOP + ROW * row + 8
        svg.box(NET_X, y, NET_W, ROW - 22, kind)
        for n, words in enumerate(network_lines(networks.get(text(interface, "network")), text(interface, "network"))):
            svg.text(NET_X + 14, y + 22 + 18 * n, words, 13 if n == 0 else 11.5, n == 0)
        middle = y + (ROW - 22) / 2
        svg.line(NET_X + NET_W, middle, VM_X + 12, middle, kind, 2.5)
        svg.text((NET_X + NET_W + VM_X) / 2, middle - 8, "VF (direct)" if kind == "direct" else "OVS port", 11.5,
                 anchor="middle", colour=LINE[kind])
        if kind == "direct":
            svg.text((NET_X + NET_W + VM_X) / 2, middle + 18, f"NUMA node {direct.index(interface) % 2}", 11.5,
                     anchor="middle", colour=LINE[kind])
        svg.box(VM_X + 12, y + 6, VM_W - 24, ROW - 34, kind)
        svg.text(VM_X + 24, y + 26, f'nicid {nicid}: {names.get(nicid, "?")}', 13, True)
        svg.text(VM_X + 24, y + 46, nics.get(names.get(nicid, ""), "leg of the bond" if kind == "direct" else ""), 11.5)
        if kind == "direct":
            bond_rows.append(middle)
    if bond and bond_rows:
        top, bottom = bond_rows[0] - 32, bond_rows[-1] + 32
        for middle in bond_rows:
            svg.line(VM_X + VM_W - 12, middle, BOND_X, middle, "direct", 2.5)
        svg.box(BOND_X, top, BOND_W, bottom - top, "bond")
        words = [bond.group(1)] + bond.group(2).split(",") + bond_addresses + ["DNS on port 53"]
        start = (top + bottom) / 2 - 9 * (len(words) - 1) + 4
        for n, word in enumerate(words):
            svg.text(BOND_X + BOND_W / 2, start + 18 * n, word, 15 if n == 0 else 12, n == 0, "middle")
    svg.out.append("</svg>")
    print("\n".join(svg.out))


if __name__ == "__main__":
    main(sys.argv[1])
