#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs inside the guest of test_host_vm.py: makes VFs on its two PFs and shows what the kernel and what dnsvnf say.
# Each answer stands between lines "== NAME" and "== end".
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=$(dirname "$0")

dnsvnf() { LD_LIBRARY_PATH=$here/lib "$here/dnsvnf" "$@"; }

answer() {
	echo "== $1"
	shift
	"$@" 2>&1
	echo "exit $?"
	echo "== end"
}

# A bond with the options of the design of this name.
enslave_all() {
	# shellcheck disable=SC2046 # a list of words
	ip link add bond0 type bond $(cat "$here/bond-$1") || return 1
	failed=0
	for vf in $legs; do
		ip link set "$vf" down
		ip link set "$vf" master bond0 || failed=1
	done
	ip link del bond0
	return $failed
}

# For each VF: name, PCI address, node, group, driver.
list_vfs() {
	for pf in $pfs; do
		for link in /sys/class/net/"$pf"/device/virtfn*; do
			vf=$(readlink -f "$link")
			echo "$pf $(basename "$link") $(basename "$vf") $(cat "$vf/numa_node")" \
				"$(basename "$(readlink "$vf/iommu_group")") $(ls "$vf/net" 2>/dev/null || echo -)"
		done
	done
}

list_pfs() {
	for pf in $pfs; do
		device=$(readlink -f "/sys/class/net/$pf/device")
		echo "$pf $(basename "$device") $(cat "$device/numa_node") $(cat "$device/sriov_totalvfs")" \
			"$(cat "$device/sriov_numvfs")"
	done
}

modprobe igb
modprobe igbvf
modprobe bonding
ip link del bond0 2>/dev/null # which the module makes when it is loaded
pfs=$(for n in /sys/class/net/*/device/sriov_totalvfs; do basename "$(dirname "$(dirname "$n")")"; done)

answer before dnsvnf host -o json

n=0
for pf in $pfs; do
	device=/sys/class/net/$pf/device
	ip link set "$pf" up
	# The driver takes the MAC that the host has set when it is bound, as in a guest: so it is bound afterwards.
	echo 0 >"$device/sriov_drivers_autoprobe"
	echo 2 >"$device/sriov_numvfs"
	ip link set "$pf" vf 0 mac "52:54:00:cc:0$n:01" spoofchk on vlan 101
	ip link set "$pf" vf 0 trust off
	ip link set "$pf" vf 1 mac "52:54:00:cc:0$n:02" spoofchk off
	ip link set "$pf" vf 1 trust on
	for vf in "$device"/virtfn*; do
		echo igbvf >"$vf/driver_override"
		basename "$(readlink "$vf")" >/sys/bus/pci/drivers/igbvf/bind
	done
	legs="$legs $(ls "$device/virtfn0/net")"
	trusted="$trusted $(ls "$device/virtfn1/net")"
	n=$((n + 1))
done

answer ip ip -d -j link show
answer pfs list_pfs
answer vfs list_vfs
answer host dnsvnf host -o json
answer report dnsvnf host
answer unprivileged setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
	env "LD_LIBRARY_PATH=$here/lib" "$here/dnsvnf" host -o json
answer capture dnsvnf host --capture /tmp/capture.tar.gz
answer archive base64 /tmp/capture.tar.gz
answer none enslave_all none
answer messages sh -c "dmesg | tail -n 12"
answer active enslave_all active
legs=$trusted
answer trusted enslave_all trusted
ip link add bond1 type bond mode active-backup miimon 100 fail_over_mac active
# shellcheck disable=SC2086 # a list of words
set -- $trusted
ip link set "$1" down
ip link set "$1" master bond1
ip link set "$1" up
answer used dnsvnf host -o json
modprobe nf_conntrack
answer refused setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
	env "LD_LIBRARY_PATH=$here/lib" "$here/dnsvnf" host --tune --apply
answer tuned dnsvnf host --tune --apply
answer sysctl sh -c "cd /proc/sys/net/netfilter && cat nf_conntrack_max nf_conntrack_buckets nf_conntrack_udp_timeout"
answer reboot sh -c "cat /etc/sysctl.d/60-dnsvnf-conntrack.conf /etc/modules-load.d/dnsvnf-conntrack.conf"
answer after dnsvnf host -o json
echo "== all done"
