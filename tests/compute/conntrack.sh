#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# New DNS flows through an OVS port with conntrack, through an OVS port without, and between two VFs of one PF, each to
# Knot in a namespace; runs on the compute host as root: conntrack.sh DNSVNF FLOWS.PY PF QPS SECONDS SMALL DEFAULT
# One line of JSON for each run. SMALL and DEFAULT are limits of the table; the last run has what DNSVNF's host --tune sets.
set -euo pipefail
dnsvnf=$1 flows=$2 pf=$3 qps=$4 seconds=$5 small=$6 default=$7
bridge=br-flows
work=$(mktemp -d)
pids=''

ns() { ip netns exec "$@"; }

clean_up() {
	for pid in $pids; do kill "$pid" 2>/dev/null || true; done
	ovs-vsctl --if-exists del-br $bridge
	for name in ovs-client ovs-server vf-client vf-server; do ip netns delete $name 2>/dev/null || true; done
	for device in ${vfs-}; do # as they were: without a driver
		basename "$device" >"$device/driver/unbind" || true
		echo >"$device/driver_override"
	done
	# shellcheck disable=SC2086 # a list of words
	[ -z "${old-}" ] || sysctl -qw $old
	rm -rf "$work"
}

# Clients and servers are elsewhere in truth: what they send is not tracked by their own kernel.
untracked() {
	ip netns add "$1"
	ns "$1" nft -f - <<-EOF
		table inet raw {
			chain out { type filter hook output priority raw; notrack; }
			chain in { type filter hook prerouting priority raw; notrack; }
		}
	EOF
}

ovs_port() { # NAMESPACE ADDRESS
	untracked "$1"
	ip link add "$1" type veth peer name leg netns "$1"
	ip link set "$1" up
	ovs-vsctl add-port $bridge "$1"
	ns "$1" ip address add "$2/24" dev leg
	ns "$1" ip link set leg up
}

vf_port() { # NAMESPACE ADDRESS: a VF that no guest has
	local vf device
	untracked "$1"
	for vf in "/sys/class/net/$pf/device"/virtfn*; do
		device=$(readlink -f "$vf")
		[ -e "$device/driver" ] || break
	done
	modprobe igbvf
	echo igbvf >"$device/driver_override"
	basename "$device" >/sys/bus/pci/drivers/igbvf/bind
	for _ in {1..100}; do
		[ ! -d "$device/net" ] || break
		sleep 0.1
	done
	vfs="${vfs-} $device"
	udevadm settle # it renames it
	ip link set "$(ls "$device/net")" netns "$1" name leg
	ns "$1" ip address add "$2/24" dev leg
	ns "$1" ip link set leg up
}

serve() { # NAMESPACE
	mkdir -p "$work/$1"
	cat >"$work/$1/knot.conf" <<-EOF
		server:
		  listen: 0.0.0.0@53
		  rundir: $work/$1
		database:
		  storage: $work/$1
		zone:
		  - domain: example.test
		    file: $work/zone
	EOF
	ns "$1" knotd -c "$work/$1/knot.conf" >"$work/$1/log" 2>&1 &
	pids="$pids $!"
}

# As Neutron's openvswitch firewall driver has it: all IP through conntrack in a zone, new flows committed when a
# rule of the security group allows them, the rest only when it belongs to a flow that is known.
with_conntrack() {
	ovs-ofctl del-flows $bridge
	ovs-ofctl -O OpenFlow13 add-flows $bridge - <<-EOF
		table=0,priority=100,arp,actions=normal
		table=0,priority=90,ip,actions=ct(table=1,zone=77)
		table=1,priority=50,ct_state=+est-rel+rpl,ip,actions=normal
		table=1,priority=50,ct_state=+est-rel-rpl,ip,actions=normal
		table=1,priority=50,ct_state=+inv+trk,ip,actions=drop
		table=1,priority=40,ct_state=+new-est,udp,tp_dst=53,actions=ct(commit,zone=77),normal
		table=1,priority=10,actions=drop
	EOF
}

without_conntrack() {
	ovs-ofctl del-flows $bridge
	ovs-ofctl add-flow $bridge actions=normal
}

drops() {
	conntrack -S 2>/dev/null | sed -n 's/.*\bdrop=\([0-9]*\).*/\1/p' | awk '{sum += $1} END {print sum + 0}'
}

run() { # PATH NAMESPACE SERVER LIMIT
	local before result limit live
	conntrack -F >/dev/null 2>&1
	[ "$4" = tuned ] || sysctl -qw net.netfilter.nf_conntrack_max="$4"
	limit=$(sysctl -n net.netfilter.nf_conntrack_max)
	before=$(drops)
	while :; do
		cat /proc/sys/net/netfilter/nf_conntrack_count
		sleep 0.5
	done >"$work/entries" 2>/dev/null &
	local watcher=$!
	result=$(ns "$2" python3 "$flows" "$3" "$qps" "$seconds")
	# A list has no expired entries, which the kernel counts until it collects them, up to a minute later.
	live=$(conntrack -L 2>/dev/null | wc -l)
	kill $watcher
	wait $watcher 2>/dev/null || true
	printf '{"path": "%s", "limit": %s, "qps": %s, "entries": %s, "live": %s, "drops": %s, "load": %s}\n' \
		"$1" "$limit" "$qps" "$(sort -n "$work/entries" | tail -n 1)" "$live" $(($(drops) - before)) "$result"
}

trap clean_up EXIT
modprobe nf_conntrack
modprobe openvswitch
old=$(sysctl net.netfilter.nf_conntrack_{max,buckets,udp_timeout} | tr -d ' ')
cat >"$work/zone" <<-EOF
	@ 60 SOA ns hostmaster 1 60 60 60 60
	@ 60 NS ns
	ns 60 A 192.0.2.53
	www 60 A 192.0.2.80
EOF
ovs-vsctl --may-exist add-br $bridge
ovs_port ovs-client 172.31.1.1
ovs_port ovs-server 172.31.1.2
vf_port vf-client 172.31.2.1
vf_port vf-server 172.31.2.2
serve ovs-server
serve vf-server
without_conntrack
for pair in 'ovs-client 172.31.1.2' 'vf-client 172.31.2.2'; do
	for _ in {1..60}; do
		# shellcheck disable=SC2086 # two words
		set -- $pair
		! ns "$1" kdig +time=1 +retry=0 "@$2" www.example.test >/dev/null 2>&1 || break
		sleep 1
	done
done
with_conntrack
run 'OVS with conntrack' ovs-client 172.31.1.2 "$default"
run 'OVS with conntrack' ovs-client 172.31.1.2 "$small"
run 'VF to VF' vf-client 172.31.2.2 "$small"
without_conntrack
run 'OVS without conntrack' ovs-client 172.31.1.2 "$small"
with_conntrack
"$dnsvnf" host --tune --apply >&2
run 'OVS with conntrack, after host --tune --apply' ovs-client 172.31.1.2 tuned
