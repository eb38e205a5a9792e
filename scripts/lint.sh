#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every static check there is; the first kind that finds something ends with exit code 1 at the end.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0
say() { printf '== %s\n' "$*"; }

sources=$(git ls-files 'src/*.c' 'src/*.h' 'tests/*.c' 'tests/*.h')

say "clang-format"
# shellcheck disable=SC2086 # a list of file names without spaces
clang-format --dry-run --Werror $sources || failed=1

say "compiler warnings"
rm -rf build/lint
if ! { meson setup build/lint -Dwerror=true && ninja -C build/lint; } >build/lint.log 2>&1; then
	grep -E 'error|warning' build/lint.log
	failed=1
fi

say "clang-tidy"
git ls-files 'src/*.c' | xargs -P "$(nproc)" -n 4 clang-tidy -p build/lint --quiet 2>/dev/null || failed=1

say "cppcheck"
cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --suppressions-list=.cppcheck \
	--enable=warning,portability,performance -j "$(nproc)" -I src src || failed=1

say "shellcheck"
git ls-files '*.sh' .ci/run | xargs shellcheck || failed=1
exit $failed
