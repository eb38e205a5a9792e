#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Day-0 against the real cloud-init, which is unpacked, not installed:
#  - the user data composed of examples/technote/corrected passes "cloud-init schema" and writes
#    every file;
#  - we and cloud-init see the same parts in each file of the fuzz corpus;
#  - a file added to any of them leaves its parts as they were.
# Usage: tests/day0-schema.sh BUILD_FOLDER, from the root of the source tree.
set -eu

build=${1:?usage: tests/day0-schema.sh BUILD_FOLDER}
corpus=tests/fuzz/corpus/day0
example=examples/technote/corrected
compose=$build/tests/day0/day0_compose
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "day0-schema: $*" >&2
	exit 1
}

read_user_data() {
	/usr/bin/python3 tests/day0/read_user_data.py "$@"
}

check_example() {
	"$compose" "$example/dep.xml" >"$work/user-data" 2>"$work/findings"
	[ ! -s "$work/findings" ] || fail "findings in the corrected example: $(cat "$work/findings")"
	read_user_data "$work/user-data" "$work/cloud-config"
	/usr/bin/python3 -m cloudinit.cmd.main schema --config-file "$work/cloud-config" ||
		fail "cloud-init schema refuses the composed user data"
	for file in /etc/knot/knot.conf /var/lib/knot/example.test.zone; do
		grep -q "path: $file\$" "$work/cloud-config" || fail "$file is not written"
	done
	"$compose" "$example/dep.xml" | cmp - "$work/user-data" || fail "composed twice, it differs"
}

# Where we differ, and say so in a finding: garbled characters, parts that are read twice, what is
# refused whole, what would be fetched.
differs() {
	case ${1##*/} in
	digest | message-part | hangul | latin | not-utf8 | plain-include | published.cfg) return 0 ;;
	esac
	return 1
}

check_corpus() {
	set --
	for file in "$corpus"/*; do
		differs "$file" || set -- "$@" "$file"
	done
	"$compose" --parts "$@" >"$work/ours"
	read_user_data --parts "$@" >"$work/theirs"
	diff -u "$work/theirs" "$work/ours" || fail "cloud-init (-) sees other parts than we do (+)"

	echo added >"$work/file"
	mkdir "$work/composed"
	"$compose" --each "$work/composed" /etc/added "$work/file" "$@" 2>"$work/refused"
	read_user_data --added "$work/composed" /etc/added "$@" ||
		fail "cloud-init does not read a composed file as it should"
	echo "$# files of the corpus agree"
}

/usr/bin/python3 -c 'import configobj, jinja2, jsonpatch, jsonschema, oauthlib, requests, yaml' ||
	fail "cloud-init needs Python packages that are not installed"
programs=$(/usr/bin/python3 tests/day0/real_programs.py "$build")
PYTHONPATH=$programs/usr/lib/python3/dist-packages
PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH PYTHONDONTWRITEBYTECODE
check_example
check_corpus
