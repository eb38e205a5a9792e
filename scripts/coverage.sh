#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which branches the suites reach, merged, as a table by folder: coverage.sh [unit|netns|vm|openstack]...
# A build of its own (build/coverage); counts of an earlier run are kept with KEEP=1.
set -eu
cd "$(dirname "$0")/.."
build=build/coverage
failed=0

[ -e $build/build.ninja ] || meson setup $build -Db_coverage=true -Doptimization=0 >/dev/null
ninja -C $build
[ -n "${KEEP-}" ] || find $build -name '*.gcda' -delete
# Some tests run a program as another user, and its counts are written, too.
umask 0
chmod -R a+rwX $build
ln -sfn ../image $build/image
export DNSVNF_PROGRAM="$PWD/$build/dnsvnf"

[ $# -gt 0 ] || set -- unit netns vm openstack
for suite; do
	echo "== $suite"
	case $suite in
	unit) meson test -C $build --no-rebuild --print-errorlogs --suite unit --suite fuzz --suite day0 || failed=1 ;;
	netns) meson test -C $build --no-rebuild --print-errorlogs --suite netns --suite vm || failed=1 ;;
	vm) /usr/bin/python3 tests/vm/test_local.py || failed=1 ;;
	openstack) tests/openstack/run.sh || failed=1 ;;
	*) echo "coverage.sh: unknown suite '$suite'" >&2 && exit 2 ;;
	esac
done

gcovr --root . --object-directory $build --filter src/ --exclude-unreachable-branches --json-summary $build/coverage.json \
	--html-details $build/coverage.html >/dev/null
/usr/bin/python3 scripts/coverage.py $build/coverage.json
exit $failed
