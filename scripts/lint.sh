#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every static check, or all but clang-tidy, which takes most of the time: lint.sh [quick]
# Prints what they find and exits 1, or prints nothing and exits 0.
# Each check is a target of ninja in build/checks: it runs again only after its files have changed.
set -u
cd "$(dirname "$0")/.." || exit 1
checks=build/checks
failed=0

# found CHECK OUTPUT
found() {
	printf '== %s\n%s\n' "$1" "$2"
	failed=1
}

# A build in which warnings are errors: the ordinary one, where it is configured so, as in CI.
objects=build
if ! grep -q -e ' -Werror ' build/build.ninja 2>/dev/null; then
	objects=build/lint
	[ -e build/lint/build.ninja ] || output=$(meson setup build/lint -Dwerror=true 2>&1) ||
		found meson "$output"
fi
output=$(ninja --quiet -k 0 -C "$objects" 2>&1) || found 'compiler warnings' "$output"

# rule NAME COMMAND: what it prints counts only if it fails
rule() {
	printf "rule %s\n command = output=\$\$(%s 2>&1) && touch \$out || { echo \"\$\$output\"; false; }\n" "$1" "$2"
}

# Lines "SOURCE OBJECT". The object is newer than the stamp if a header has changed.
sources_and_objects() {
	sed -n -e '\|^ *"file": "\(\.\./\)\{1,2\}src/|{' -e 's|.*"[./]*\(.*\)",|\1|' -e N \
		-e "s|\\n.*: \"\\(.*\\)\"| $objects/\\1|p" -e '}' "$objects/compile_commands.json"
}

mkdir -p $checks/cppcheck
c_files=$(git -c safe.directory='*' ls-files '*.c' '*.h' | tr '\n' ' ')
scripts=$(git -c safe.directory='*' ls-files '*.sh' .ci/run image/init tests/compute/image/root/usr/local/sbin/host-setup | tr '\n' ' ')
{
	echo "builddir = $checks"
	rule clang-format "clang-format --dry-run --Werror \$in"
	# array_push is a function to cppcheck: it stumbles over the cast in the macro.
	rule cppcheck "cppcheck --quiet --std=c11 --error-exitcode=1 --cppcheck-build-dir=$checks/cppcheck \
		-I src -I $objects/yang -I $objects/data --enable=warning,portability,performance \
		--library=scripts/cppcheck.cfg -U array_push \
		--suppress=normalCheckLevelMaxBranches src tests"
	rule shellcheck "shellcheck \$in"
	# One file to a process: with several, the analyzer of clang 14 takes va_lists for uninitialized.
	rule clang-tidy "clang-tidy -p $objects --quiet \$in"
	echo "build $checks/clang-format: clang-format $c_files| .clang-format"
	echo "build $checks/cppcheck.ok: cppcheck | $c_files scripts/cppcheck.cfg"
	echo "build $checks/shellcheck: shellcheck $scripts"
	[ "${1-}" = quick ] || sources_and_objects | sort -u -k 1,1 | while read -r source object; do
		echo "build $checks/$source.ok: clang-tidy $source | .clang-tidy $object"
	done
} >$checks/build.ninja
output=$(ninja --quiet -k 0 -f $checks/build.ninja 2>&1) || found 'static checks' "$output"
exit $failed
