#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads user data with cloud-init's own code, which must be in PYTHONPATH.

  read_user_data.py FILE CONFIG               writes the merged cloud-config to CONFIG
  read_user_data.py --parts FILE ...          prints "TYPE LENGTH" for each part of the files
  read_user_data.py --added FOLDER PATH FILE ...
      FOLDER holds each file with the file PATH added: fails unless cloud-init reads the same parts
      and one more, and writes PATH after all that was to be written before

Empty text/plain parts, which cloud-init skips, are left out.
"""

import logging
import os
import sys
import tempfile

import yaml
from cloudinit import handlers, user_data, util
from cloudinit.handlers.cloud_config import CloudConfigPartHandler


class Paths:
    """As much of cloudinit.helpers.Paths as the two need."""

    run_dir = "/nonexistent"

    def __init__(self, config):
        self.config = config

    def get_ipath(self, _name):
        return self.config

    def get_ipath_cur(self, _name=None):
        return self.config


def read(path, config):
    """The parts of one file; the merged cloud-config goes to the file config."""
    paths = Paths(config)
    with open(path, "rb") as file:
        message = user_data.UserDataProcessor(paths).process(file.read())
    merger = CloudConfigPartHandler(paths)
    parts = []

    def part(_data, filename, payload, headers):
        kind = headers["Content-Type"]
        if payload is None:  # a message/* container
            return
        raw = payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else payload
        if kind != "text/plain" or raw.strip():
            parts.append("%s %d" % (kind, len(raw)))
        if kind in ("text/cloud-config", "text/cloud-config-jsonp"):
            merger.handle_part(None, kind, filename, payload, None, headers)

    merger.handle_part(None, handlers.CONTENT_START, None, None, None, {})
    handlers.walk(message, part, None)
    merger.handle_part(None, handlers.CONTENT_END, None, None, None, {})
    return parts


def read_or_refuse(path, config):
    """As read; ["refused"] where cloud-init gives up on all of it."""
    try:
        return read(path, config)
    except Exception:  # whatever it is that cloud-init raises
        return ["refused"]


def written(config):
    """What the merged cloud-config writes."""
    with open(config, encoding="utf-8") as file:
        merged = yaml.safe_load(file) or {}
    files = merged.get("write_files") or []
    return [f.get("path") for f in files]


def same(before, after):
    """The same types and lengths, but for a line break at the end of a part that was not closed."""
    if len(before) != len(after):
        return False
    for one, other in zip(before, after):
        kind, length = one.split()
        if other.split()[0] != kind or int(other.split()[1]) - int(length) not in (0, 1):
            return False
    return True


def check_added(folder, path, file, config):
    """What is wrong with the composed twin of a file, or None."""
    composed = os.path.join(folder, os.path.basename(file))
    before = read_or_refuse(file, config)
    if before == ["refused"] or not os.path.exists(composed):
        return None
    own = written(config)
    after = read_or_refuse(composed, config)
    # A part of unknown type that stood alone becomes one of a message.
    before = [p.replace("text/x-not-multipart ", "text/plain ") for p in before]
    if not same(before, after[:-1]) or not after[-1].startswith("text/cloud-config "):
        return "parts %s became %s" % (before, after)
    if written(config) != own + [path]:
        return "write_files %s became %s" % (own, written(config))
    return None


def main():
    # What cloud-init says of broken parts is not the matter here.
    logging.basicConfig(stream=sys.stderr, level=logging.CRITICAL)
    util.fetch_ssl_details = lambda *_: {}
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        config = os.path.join(scratch, "cloud-config")
        if sys.argv[1] == "--parts":
            for path in sys.argv[2:]:
                print(path + ":")
                for part in read_or_refuse(path, config):
                    print(part)
        elif sys.argv[1] == "--added":
            for path in sys.argv[4:]:
                problem = check_added(sys.argv[2], sys.argv[3], path, config)
                if problem:
                    print("%s: %s" % (path, problem))
                    bad += 1
        else:
            print("\n".join(read(sys.argv[1], sys.argv[2])))
    return 1 if bad else 0


sys.exit(main())
