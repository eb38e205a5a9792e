#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All tests that want an OpenStack, in a fresh one of their own: run.sh [TEST...]
set -eu
cd "$(dirname "$0")"

trap './cloud.sh down' EXIT
trap 'exit 130' HUP INT TERM
FRESH=1 ./cloud.sh up
if [ $# -gt 0 ]; then
	./cloud.sh run /usr/bin/python3 -m unittest -v "$@"
else
	./cloud.sh run /usr/bin/python3 -m unittest discover -v
fi
