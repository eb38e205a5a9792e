#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A folder of src/ uses itself and the layers below it, in its includes and in what its library refers to. The files
of a folder form no circle either."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(sys.argv.pop(1))

# Which folders each may use (doc/architecture.md). esc, day0 and host know nothing of each other.
MAY_USE = {
    "base": [],
    "net": ["base"],
    "model": ["base", "net"],
    "probe": ["base", "net"],
    "esc": ["base", "net", "model"],
    "day0": ["base", "net", "model"],
    "host": ["base", "net", "model"],
    "dns": ["base", "net", "model"],
    "ddi": ["base", "net", "model", "dns"],
    "lifecycle": ["base", "net", "model"],
    "placement": ["base", "net", "model"],
    "check": ["base", "net", "model", "placement"],
    "vim": ["base", "net", "model", "placement"],
    "deploy": ["base", "net", "model", "probe", "esc", "day0", "check", "dns", "ddi", "placement", "lifecycle", "vim"],
    "draw": ["base", "net", "model", "check", "placement", "vim"],
    "bondd": ["base", "net"],
    "manager": ["base", "net", "model", "probe"],
    "cli": ["base", "net", "model", "probe", "esc", "day0", "check", "dns", "ddi", "host", "placement", "lifecycle", "vim", "deploy", "draw", "manager"],
}
EXCEPT = {("cli/docs.c", "bondd")}  # writes the man page of both programs; runs at build time only


def wrong_includes(src):
    """["FILE includes HEADER" ...] of those that point to a layer that the file may not use."""
    wrong = []
    for folder, _, names in os.walk(src):
        for name in (n for n in names if n.endswith((".c", ".h"))):
            path = os.path.relpath(os.path.join(folder, name), src)
            layer = path.split(os.sep)[0]
            with open(os.path.join(src, path), encoding="utf-8") as file:
                headers = re.findall(r'^#\s*include "([^"/]+)/([^"]+)"', file.read(), re.M)
            for used, rest in headers:
                if used != layer and used not in MAY_USE[layer] and (path, used) not in EXCEPT:
                    wrong.append(f"src/{path} includes {used}/{rest}")
    return wrong


def symbols(library, defined):
    output = subprocess.run(["nm", "--defined-only" if defined else "--undefined-only", "--extern-only", library],
                            check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^(?:[0-9a-f]+)? +[A-Z] (\S+)$", output, re.M))


def references(library):
    """{object file: the other object files of the library that it refers to}"""
    uses, home = {}, {}
    output = subprocess.run(["nm", "--print-file-name", "--extern-only", library], check=True, capture_output=True,
                            text=True).stdout
    for path, kind, symbol in re.findall(r"^(\S+): *(?:[0-9a-f]+)? +([A-Z]) (\S+)$", output, re.M):
        name = os.path.basename(path.rsplit(":", 1)[-1])
        uses.setdefault(name, set())
        if kind == "U":
            uses[name].add(symbol)
        else:
            home[symbol] = name
    return {name: {home[s] for s in used if s in home} - {name} for name, used in uses.items()}


def circles(uses):
    """["A <-> B" ...] of the files that refer to each other, directly or through others."""
    reach = {name: set(used) for name, used in uses.items()}
    for middle in reach:
        for name in reach:
            if middle in reach[name]:
                reach[name] |= reach[middle]
    return sorted(f"{a} <-> {b}" for a in reach for b in reach[a] if a < b and a in reach[b])


class Layers(unittest.TestCase):
    def test_includes_point_down(self):
        self.assertEqual(wrong_includes(os.path.join(TOP, "src")), [])

    def test_every_folder_has_its_layer(self):
        folders = [f.name for f in os.scandir(os.path.join(TOP, "src")) if f.is_dir()]
        self.assertEqual([f for f in folders if f not in MAY_USE], [])

    def test_libraries_refer_to_layers_below(self):
        libraries = {f: os.path.join(BUILD, "src", f"lib{f}.a") for f in MAY_USE}
        libraries = {f: path for f, path in libraries.items() if os.path.exists(path)}
        self.assertGreaterEqual(len(libraries), 12, "the build has a library for each folder")
        home = {symbol: f for f, path in libraries.items() for symbol in symbols(path, True)}
        self.assertGreater(len(home), 500)
        wrong = [f"lib{f}.a uses {symbol} of {home[symbol]}" for f, path in libraries.items()
                 for symbol in sorted(symbols(path, False))
                 if home.get(symbol, f) != f and home[symbol] not in MAY_USE[f]]
        self.assertEqual(wrong, [])

    def test_no_circles_between_files(self):
        found = {f: circles(references(path)) for f in MAY_USE
                 for path in [os.path.join(BUILD, "src", f"lib{f}.a")] if os.path.exists(path)}
        self.assertGreaterEqual(len(found), 12)
        self.assertEqual({f: pairs for f, pairs in found.items() if pairs}, {})

    def test_a_circle_is_found(self):
        uses = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
        self.assertEqual(circles(uses), ["a <-> b", "a <-> c", "b <-> c"])

    def test_a_wrong_include_is_found(self):
        with tempfile.TemporaryDirectory() as src:
            os.mkdir(os.path.join(src, "base"))
            with open(os.path.join(src, "base", "x.c"), "w", encoding="utf-8") as file:
                file.write('#include "base/x.h"\n#include "vim/vim.h"\n')
            self.assertEqual(wrong_includes(src), ["src/base/x.c includes vim/vim.h"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
