#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The TechNote's VNF in a local VM: checked, deployed, verified, failed on purpose, removed.
# A slow machine is no failure: what may time out there is tried again, and a drill may be
# inconclusive. Exit code: that of the step that failed; 5 when it may be the load of this machine.
set -eu
cd "$(dirname "$0")/.."
dnsvnf=${DNSVNF:-build/dnsvnf}
design=examples/technote/corrected/dep.xml
start=$(date +%s)
outcome='the outage is plotted in build/outage.svg'

run() {
	printf '\n$ %s\n' "$*"
	"$@"
}

load() {
	cut -d ' ' -f 1 /proc/loadavg
}

# Runs a step up to so many times.
step() {
	tries=$1
	shift
	while :; do
		status=0
		run "$dnsvnf" "$@" "$design" || status=$?
		tries=$((tries - 1))
		case $status in
		1 | 3) [ "$tries" -gt 0 ] || fail "$status" "$@" ;;
		0 | 5) return "$status" ;;
		*) fail "$status" "$@" ;;
		esac
		printf '\ndemo: %s exited with %s at a load of %s: trying again\n' "$1" "$status" "$(load)"
		sleep 5
	done
}

fail() {
	status=$1
	shift
	printf '\ndemo: step "%s" failed with exit code %s after %s s; its reason is above.\n' \
		"$*" "$status" "$(($(date +%s) - start))" >&2
	if [ "$status" != 4 ] && [ "$(load | cut -d . -f 1)" -ge $((2 * $(nproc))) ]; then
		printf 'demo: this machine has a load of %s on %s CPUs, which can be why: %s\n' \
			"$(load)" "$(nproc)" 'run "make demo" again when other work has ended' >&2
		status=5
	fi
	exit "$status"
}

# Nothing is left behind.
trap '"$dnsvnf" undeploy --yes "$design" >/dev/null 2>&1 || true' EXIT
trap 'exit 130' HUP INT TERM

printf '\n# What the published sample would have done:\n'
run "$dnsvnf" check examples/technote/published/dep.xml || true
step 1 check
step 1 plan
step 3 deploy --yes --keep-failed # which goes on where the one before timed out
step 1 status
step 3 verify
step 2 drill --qps 1000 --svg build/outage.svg || {
	outcome="the drill is inconclusive at this machine's load of $(load) on $(nproc) CPUs; run it \
again when other work has ended"
}
step 2 undeploy --yes
trap - EXIT
printf '\ndemo: done in %s s; %s\n' "$(($(date +%s) - start))" "$outcome"
