#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every suite that this machine can run, each with its time; says at the end which it could not.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=''
skipped=''
passed=0

suite() {
	name=$1
	shift
	printf '\n== %s: %s\n' "$name" "$*"
	start=$(date +%s)
	if "$@"; then
		passed=$((passed + 1))
		printf '== %s: passed in %s s\n' "$name" "$(($(date +%s) - start))"
	else
		failed="$failed $name"
		printf '== %s: FAILED after %s s\n' "$name" "$(($(date +%s) - start))"
	fi
}

skip() {
	printf '\n== %s: SKIPPED: %s\n' "$1" "$2"
	skipped="$skipped $1"
}

suite unit make --no-print-directory unit
suite sanitized make --no-print-directory asan
suite day0 meson test -C build --no-rebuild --print-errorlogs --suite day0
if [ -e "${NOVA_ROOT:-build/openstack/root}/usr/lib/python3/dist-packages/nova/virt/hardware.py" ]; then
	suite placement make --no-print-directory test-placement
else
	skip placement "needs Nova in build/openstack/root, which the OpenStack tests unpack, or in NOVA_ROOT"
fi
if [ "$(id -u)" = 0 ]; then
	suite netns meson test -C build --no-rebuild --print-errorlogs --suite netns
	suite vim-local meson test -C build --no-rebuild --print-errorlogs --suite vm
	suite vm /usr/bin/python3 tests/vm/test_local.py
else
	skip netns "needs root: sudo make test"
	skip vim-local "needs root: sudo make test"
	skip vm "needs root: sudo make test"
fi

count() { echo "$#"; }
printf '\n'
# shellcheck disable=SC2086 # lists of words
{
	[ -z "$skipped" ] || echo "not run:$skipped"
	[ -z "$failed" ] || echo "failed:$failed"
	echo "$passed passed, $(count $failed) failed, $(count $skipped) skipped"
}
[ -z "$failed" ] && { [ -z "$skipped" ] || [ -z "${CI:-}" ]; }
