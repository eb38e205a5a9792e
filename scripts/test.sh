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

# beside: what runs beside the other suites, one after the other. The cloud's services take one core for as long as
# everything else takes the other. With a /run of its own, since the suite vm looks at what is left there; before that the
# packages are fetched, for which the resolver may need /run.
beside() {
	logged openstack sh -c 'tests/openstack/cloud.sh fetch &&
		exec unshare --mount sh -c "mount -t tmpfs none /run && exec tests/openstack/run.sh"'
	logged placement make --no-print-directory test-placement
	logged dns make --no-print-directory test-dns
	logged lint scripts/lint.sh quick
}

# logged NAME COMMAND: its output into build/NAME.log, its exit status into build/NAME.status
logged() {
	name=$1
	shift
	start=$(date +%s)
	status=0
	"$@" >"build/$name.log" 2>&1 || status=$?
	echo "$name took $(($(date +%s) - start)) s" >>"build/$name.log"
	echo $status >"build/$name.status"
}

# ended NAME: how a suite beside the others has ended, and what it printed: all if it failed
ended() {
	wait "$beside" 2>/dev/null
	if [ "$(cat "build/$1.status")" != 0 ]; then
		cat "build/$1.log"
		return 1
	fi
	tail -n 4 "build/$1.log"
}

if [ "$(id -u)" != 0 ]; then
	echo "make test needs root for its namespaces and VMs: run 'sudo make test' ('make unit' and 'make asan' do not)" >&2
	exit 1
fi

if [ "${1-}" = beside ]; then
	beside
	exit
fi

rm -f build/*.status
setsid scripts/test.sh beside &
beside=$!
trap 'kill -- "-$beside" 2>/dev/null; wait "$beside"' EXIT
trap 'exit 130' HUP INT TERM
suite unit make --no-print-directory unit
suite sanitized make --no-print-directory asan
suite day0 meson test -C build --no-rebuild --print-errorlogs --suite day0
suite host-vm /usr/bin/python3 tests/vm/test_host_vm.py
suite netns meson test -C build --no-rebuild --print-errorlogs --suite netns
suite vim-local meson test -C build --no-rebuild --print-errorlogs --suite vm
suite vm /usr/bin/python3 tests/vm/test_local.py
suite bondd-vm /usr/bin/python3 tests/vm/test_bondd.py
suite ddi /usr/bin/python3 tests/ddi/test_checkers.py build/dnsvnf 30
suite ddi-services /usr/bin/python3 tests/ddi/test_services.py build/dnsvnf
for name in openstack placement dns lint; do
	suite $name ended $name
done
trap - EXIT

# make proof takes too long to be part of this: is its last run of this code?
proof=$(sed -n 's/^[0-9-]*, commit .\([0-9a-f]*\)., .*/\1/p' doc/proof.md)
changed=$(git -c safe.directory='*' log --oneline "$proof.." -- src/vim/openstack src/deploy src/bondd 2>&1)
[ -z "$changed" ] || printf '\n== proof: NOT of this code: run "sudo make proof"; since doc/proof.md changed\n%s\n' "$changed"

count() { echo "$#"; }
printf '\n'
[ -z "$failed" ] || echo "failed:$failed"
# shellcheck disable=SC2086 # a list of words
echo "$passed passed, $(count $failed) failed"
[ -z "$failed" ]
