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
suite host-vm /usr/bin/python3 tests/vm/test_host_vm.py
if [ "$(id -u)" = 0 ]; then
	suite netns meson test -C build --no-rebuild --print-errorlogs --suite netns
	suite vim-local meson test -C build --no-rebuild --print-errorlogs --suite vm
	suite vm /usr/bin/python3 tests/vm/test_local.py
	suite bondd-vm /usr/bin/python3 tests/vm/test_bondd.py
else
	skip netns "needs root: sudo make test"
	skip vim-local "needs root: sudo make test"
	skip vm "needs root: sudo make test"
	skip bondd-vm "needs root: sudo make test"
fi
suite openstack tests/openstack/run.sh
suite placement make --no-print-directory test-placement

count() { echo "$#"; }
printf '\n'
# shellcheck disable=SC2086 # lists of words
{
	[ -z "$skipped" ] || echo "not run:$skipped"
	[ -z "$failed" ] || echo "failed:$failed"
	echo "$passed passed, $(count $failed) failed, $(count $skipped) skipped"
}
[ -z "$failed" ] && { [ -z "$skipped" ] || [ -z "${CI:-}" ]; }
