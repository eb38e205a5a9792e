#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gcovr's summary as a table by folder: coverage.py SUMMARY [--files FOLDER], which lists the files of a folder."""
import collections
import json
import os
import sys

COUNTS = ("line_covered", "line_total", "branch_covered", "branch_total")


def main():
    with open(sys.argv[1], encoding="utf-8") as summary:
        files = json.load(summary)["files"]
    folder = sys.argv[3] if len(sys.argv) > 3 else None
    rows = collections.defaultdict(collections.Counter)
    for file in files:
        path = file["filename"]
        counts = {name: file[name] for name in COUNTS}
        if not folder:
            rows[os.path.dirname(path)].update(counts)
            rows["all"].update(counts)
        elif os.path.dirname(path) == folder:
            rows[os.path.basename(path)].update(counts)
    print("| folder | lines | reached, % | branches | reached, % |\n|---|---|---|---|---|")
    for name, row in sorted(rows.items(), key=lambda item: (item[0] == "all", item[0])):
        shares = [100 * row[f"{kind}_covered"] / max(1, row[f"{kind}_total"]) for kind in ("line", "branch")]
        print(f"| {name} | {row['line_total']} | {shares[0]:.1f} | {row['branch_total']} | {shares[1]:.1f} |")


if __name__ == "__main__":
    main()
