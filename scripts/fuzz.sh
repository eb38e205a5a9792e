#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzz target of a build folder for SECONDS, one after the other per core: fuzz.sh BUILD SECONDS
# A crash is kept in BUILD/crashes and ends with exit code 1.
set -eu
build=$1
seconds=$2
cd "$(dirname "$0")/.."
mkdir -p "$build/crashes"
failed=0

run_one() {
	name=$(basename "$1" | sed 's/^fuzz_//')
	work=$build/corpus-$name
	mkdir -p "$work"
	echo "fuzz $name: $seconds s"
	"$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$build/crashes/$name-" "$work" "tests/fuzz/corpus/$name" \
		>"$build/fuzz-$name.log" 2>&1 || { tail -30 "$build/fuzz-$name.log" && return 1; }
	grep -E 'number_of_executed_units|new_units_added|peak_rss' "$build/fuzz-$name.log" |
		sed "s/^/fuzz $name: /"
}

# Side by side, as many as there are cores.
pids=''
running=0
for target in "$build"/tests/fuzz/fuzz_*; do
	if [ ! -x "$target" ] || [ -d "$target" ]; then continue; fi
	run_one "$target" &
	pids="$pids $!"
	running=$((running + 1))
	if [ "$running" -ge "$(nproc)" ]; then
		for pid in $pids; do wait "$pid" || failed=1; done
		pids=''
		running=0
	fi
done
for pid in $pids; do wait "$pid" || failed=1; done
exit $failed
