#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every static check there is. Silent and 0 when none finds anything, else what they say and 1.
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc)
failed=0

# check NAME COMMAND...
check() {
	name=$1
	shift
	if ! output=$("$@" 2>&1); then
		printf '== %s\n%s\n' "$name" "$output"
		failed=1
	fi
}

format() {
	git ls-files -z '*.c' '*.h' | xargs -0 clang-format --dry-run --Werror
}

compile() {
	[ -e build/lint/build.ninja ] || meson setup build/lint -Dwerror=true || return
	ninja -C build/lint -j "$jobs"
}

# One file to a process: with several, the analyzer of clang 14 takes va_lists for uninitialized.
tidy() {
	git ls-files -z 'src/*.c' | xargs -0 -P "$jobs" -n 1 clang-tidy -p build/lint --quiet
}

# array_push is a function to cppcheck: it stumbles over the cast in the macro.
cpp() {
	cppcheck --quiet --std=c11 --error-exitcode=1 -j "$jobs" -I src -I build/lint/yang -U array_push \
		--enable=warning,portability,performance --library=scripts/cppcheck.cfg src tests
}

shell() {
	git ls-files -z '*.sh' .ci/run image/init | xargs -0 shellcheck
}

check clang-format format
check 'compiler warnings' compile
check clang-tidy tidy
check cppcheck cpp
check shellcheck shell
exit $failed
