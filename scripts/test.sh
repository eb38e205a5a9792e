#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every suite that this machine can run, each with its time.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=''
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

# ended PID LOG: how what was begun in the background has ended, and what it printed if it failed
ended() {
	wait "$1" || {
		cat "$2"
		return 1
	}
}

if [ "$(id -u)" != 0 ]; then
	echo "make test needs root for its namespaces and VMs: run 'sudo make test' ('make unit' and 'make asan' do not)" >&2
	exit 1
fi

suite unit make --no-print-directory unit
suite sanitized make --no-print-directory asan
suite day0 meson test -C build --no-rebuild --print-errorlogs --suite day0
suite host-vm /usr/bin/python3 tests/vm/test_host_vm.py
suite netns meson test -C build --no-rebuild --print-errorlogs --suite netns
suite vim-local meson test -C build --no-rebuild --print-errorlogs --suite vm
suite vm /usr/bin/python3 tests/vm/test_local.py
suite bondd-vm /usr/bin/python3 tests/vm/test_bondd.py
# The cloud's services leave most of a second core idle: lint runs beside them.
nice make --no-print-directory lint >build/lint.log 2>&1 &
lint=$!
trap 'kill "$lint" 2>/dev/null' EXIT
trap 'exit 130' HUP INT TERM
suite openstack tests/openstack/run.sh
suite lint ended $lint build/lint.log
suite placement make --no-print-directory test-placement
suite dns make --no-print-directory test-dns

count() { echo "$#"; }
printf '\n'
[ -z "$failed" ] || echo "failed:$failed"
# shellcheck disable=SC2086 # a list of words
echo "$passed passed, $(count $failed) failed"
[ -z "$failed" ]
