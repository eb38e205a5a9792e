#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The TechNote's VNF in a local VM: checked, deployed, proven, broken on purpose, removed.
set -eu
cd "$(dirname "$0")/.."
design=examples/technote/corrected/dep.xml
start=$(date +%s)

run() {
	printf '\n$ %s\n' "$*"
	"$@"
}

# Whatever happens, nothing stays behind.
trap 'build/dnsvnf undeploy '"$design"' >/dev/null 2>&1 || true' EXIT
trap 'exit 130' HUP INT TERM

printf '\n# What the published sample would have done:\n'
run build/dnsvnf check examples/technote/published/dep.xml || true
run build/dnsvnf check "$design"
run build/dnsvnf plan "$design"
run build/dnsvnf deploy "$design"
run build/dnsvnf status
run build/dnsvnf verify "$design"
run build/dnsvnf drill --qps 1000 --svg build/outage.svg "$design"
run build/dnsvnf undeploy "$design"
trap - EXIT
printf '\ndemo: done in %s s; the outage is drawn in build/outage.svg\n' "$(($(date +%s) - start))"
