# SPDX-License-Identifier: Apache-2.0
"""The tables of what dnsvnfd did: printed, and written to a document if the environment's MANAGER_REPORT names its folder."""
import os
import platform
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def git(*words):
    done = subprocess.run(["git", "-c", "safe.directory=*", *words], cwd=TOP, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def where():
    """Date, code and machine of this run."""
    with open("/proc/cpuinfo", encoding="utf-8") as source:
        model = re.search(r"model name\s*: (.*)", source.read())
    return (f"{time.strftime('%Y-%m-%d')}, commit `{git('rev-parse', '--short=12', 'HEAD')}`, {os.cpu_count()} cores of "
            f"{model[1] if model else platform.machine()}, load {os.getloadavg()[2]:.1f}")


def cell(text):
    return str(text).replace("|", "\\|").replace("\n", "<br>")


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
                      *("| " + " | ".join(map(cell, row)) + " |" for row in rows)])


def publish(name, *paragraphs):
    """name: of the document."""
    text = "\n\n".join(paragraphs) + "\n"
    print(text, file=sys.stderr)
    folder = os.environ.get("MANAGER_REPORT")
    if folder:
        with open(os.path.join(folder, name), "w", encoding="utf-8") as target:
            target.write(text)
