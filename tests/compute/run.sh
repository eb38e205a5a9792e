#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The TechNote on a real compute host in a VM (doc/test-cloud.md): run.sh [--write]. --write also writes doc/proof.md.
set -eu
cd "$(dirname "$0")"

image/build.sh ../../build/compute
../vm/get-qemu.sh ../../build/qemu >/dev/null # here: the cloud's network namespace has no way out
trap '../openstack/cloud.sh down' EXIT
trap 'exit 130' HUP INT TERM
COMPUTE_HOST=own FRESH=1 ../openstack/cloud.sh up
../openstack/cloud.sh run /usr/bin/python3 proof.py "$@"
