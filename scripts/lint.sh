#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every static check there is. Silent and 0 when none finds anything, else what they say and 1.
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc)
failed=0

# found CHECK OUTPUT
found() {
	printf '== %s\n%s\n' "$1" "$2"
	failed=1
}

output=$(git ls-files -z '*.c' '*.h' | xargs -0 clang-format --dry-run --Werror 2>&1) ||
	found clang-format "$output"

[ -e build/lint/build.ninja ] || output=$(meson setup build/lint -Dwerror=true 2>&1) ||
	found meson "$output"
output=$(ninja -C build/lint -j "$jobs" 2>&1) || found 'compiler warnings' "$output"

# One file to a process: with several, the analyzer of clang 14 takes va_lists for uninitialized.
output=$(git ls-files -z 'src/*.c' |
	xargs -0 -P "$jobs" -n 1 clang-tidy -p build/lint --quiet 2>&1) || found clang-tidy "$output"

# array_push is a function to cppcheck: it stumbles over the cast in the macro.
output=$(cppcheck --quiet --std=c11 --error-exitcode=1 -j "$jobs" -I src -I build/lint/yang -I build/lint/data \
	--enable=warning,portability,performance --library=scripts/cppcheck.cfg -U array_push \
	src tests 2>&1) || found cppcheck "$output"

output=$(git ls-files -z '*.sh' .ci/run image/init | xargs -0 shellcheck 2>&1) ||
	found shellcheck "$output"
exit $failed
