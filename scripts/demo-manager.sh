#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The TechNote's VNF in a local VM under dnsvnfd: its guest is paused, ends, and is cut off; what dnsvnfd
# sees, what it does, and what it does not do, and why.
set -eu
cd "$(dirname "$0")/.."
dnsvnf=$PWD/build/dnsvnf
design=examples/technote/corrected/dep.xml
deployment=test-tenant/cpnr-dns
vm=cpnr-dns_cpnr_0
namespace= # is known when it is deployed
control=10.10.10.200
folder=$(mktemp -d)
start=$(date +%s)
export DNSVNF_MANAGER="$folder/manager.sock"
daemon='' machine=''

say() {
	printf '\n# %s\n' "$*"
}

run() {
	printf '\n$ dnsvnf %s\n' "$*"
	"$dnsvnf" "$@"
}

finish() {
	if [ -n "$daemon" ]; then
		kill "$daemon" 2>/dev/null || true
		wait "$daemon" 2>/dev/null || true
	fi
	"$dnsvnf" undeploy --yes "$design" >/dev/null 2>&1 || true
	[ -z "$machine" ] || kill "$machine" 2>/dev/null || true
	rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' HUP INT TERM

next_event() {
	"$dnsvnf" status --watch -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["watch"]["manager"]["next_event"])'
}

# Prints the events from number $1 on until one matches $3, at most $2 s.
await() {
	end=$(($(date +%s) + $2))
	until "$dnsvnf" events --since "$1" | grep -qE "$3"; do
		if [ "$(date +%s)" -ge "$end" ]; then
			"$dnsvnf" events --since "$1"
			echo "demo: no event '$3' within $2 s" >&2
			exit 1
		fi
		sleep 1
	done
	"$dnsvnf" events --since "$1" | grep -E 'VM_STATE|VM_ALIVE .*\[|VM_REC|VM_STARTED|HEALING|JOB_|HOLD|CONFIG' | cut -c 1-220
}

# Sends a command to the guest's QEMU.
qmp() {
	python3 - "$(find "${DNSVNF_LOCAL_DIR:-/var/lib/dnsvnf}" -name '*.qmp' -path '*cpnr-dns*')" "$1" <<-'PYTHON'
		import json, socket, sys
		monitor = socket.socket(socket.AF_UNIX)
		monitor.connect(sys.argv[1])
		lines = monitor.makefile("rw")
		lines.readline()
		for command in ("qmp_capabilities", sys.argv[2]):
		    print(json.dumps({"execute": command}), file=lines, flush=True)
		    while "return" not in json.loads(lines.readline()):
		        pass
	PYTHON
}

cat >"$folder/dnsvnfd.conf" <<-END
	heal = on
	store = $folder/store
	socket = $DNSVNF_MANAGER
	listen = none
	dnsvnf = $dnsvnf
	settle = 10
	look = 2
	control = $deployment/management-network $control
END
say "dnsvnfd with:"
cat "$folder/dnsvnfd.conf"
build/dnsvnfd --config "$folder/dnsvnfd.conf" &
daemon=$!
until [ -S "$DNSVNF_MANAGER" ]; do
	kill -0 "$daemon"
	sleep 0.2
done

run manage --vim local "$design"
await 1 400 'JOB_DONE'

# A machine on the management network, whose replies prove the way to it.
namespace=$(ip netns list | awk '/^dnsvnf-test-tenant-cpnr-dns/ { print $1 }')
bridge=$(ip -n "$namespace" -o -4 address | awk '$4 ~ /^10\.10\.10\./ { print $2 }')
unshare --net sleep infinity &
machine=$!
until [ "$(readlink "/proc/$machine/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
	sleep 0.1
done
ip -n "$namespace" link add control type veth peer name eth0 netns "$machine"
ip -n "$namespace" link set control master "$bridge" up
nsenter --net --target "$machine" ip address add "$control/24" dev eth0
nsenter --net --target "$machine" ip link set eth0 up
await 1 120 "VM_ALIVE $vm \[alive\]"
run status --watch

say "The guest is paused: somebody wants that, so it is held."
since=$(next_event)
qmp stop
await "$since" 120 'HEALING_HELD.*wanted'
qmp cont
await "$since" 60 "VM_ALIVE $vm \[alive\]"

say "QEMU ends: its VIM says that it is off, so it is started."
since=$(next_event)
qmp quit
await "$since" 300 "VM_RECOVERY_COMPLETE $vm"

say "An operator forbids it, and QEMU ends again."
since=$(next_event)
run hold vm "$vm" --minutes 10 --why 'the demo'
qmp quit
await "$since" 120 'HEALING_HELD.*operator'
run release vm "$vm"
await "$since" 300 "VM_RECOVERY_COMPLETE $vm"

say "The management network is cut: nothing proves the way to the guest, so nothing is done."
since=$(next_event)
ip -n "$namespace" link set "$bridge" down
await "$since" 60 "VM_STATE $vm \[(unknown|partial)\]"
sleep 30
run status --watch
if "$dnsvnf" events --since "$since" | grep -q VM_RECOVERY_INIT; then
	echo 'demo: it was healed, though nothing was wrong with it' >&2
	exit 1
fi
ip -n "$namespace" link set "$bridge" up
await "$since" 60 "VM_ALIVE $vm \[alive\]"

since=$(next_event)
run manager undeploy "$deployment"
await "$since" 120 CONFIG_REMOVED
printf '\ndemo: done in %s s\n' "$(($(date +%s) - start))"
