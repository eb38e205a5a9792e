#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Build the image of the compute host: Debian 12 with nova-compute, libvirt, Open vSwitch and Neutron's agents.
set -euo pipefail

usage() {
	cat <<-EOF
		usage: build.sh OUTDIR

		Writes OUTDIR/host.{raw,vmlinux,initrd} and OUTDIR/key, by which the test logs in, unless they are
		up to date. Needs root.
	EOF
	exit 2
}

[ $# = 1 ] || usage
case $1 in -*) usage ;; esac
mkdir -p "$1"
out=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../../..")

# shellcheck source=image/common.sh
. "$top/image/common.sh"

# The release whose OpenStack the control plane of tests/openstack is.
what='compute host' suite=bookworm
disk_mib=8192
export LC_ALL=C.UTF-8

# Debian's nova-compute-qemu wants QEMU for every architecture: this one wants x86 only.
hypervisor_package() {
	local dir=$work/packages/nova-compute-x86
	mkdir -p "$dir/DEBIAN"
	cat >"$dir/DEBIAN/control" <<-EOF
		Package: nova-compute-x86
		Version: 1
		Architecture: all
		Maintainer: dnsvnf <dnsvnf@localhost>
		Depends: libvirt-daemon-system, python3-libvirt, qemu-system-x86
		Provides: nova-compute-hypervisor
		Description: nova-compute with QEMU for x86 only
	EOF
	dpkg-deb --root-owner-group --build "$dir" "$work/packages/nova-compute-x86_1_all.deb" >/dev/null
	(
		cd "$work/packages"
		cat nova-compute-x86/DEBIAN/control
		echo "Filename: ./nova-compute-x86_1_all.deb"
		echo "Size: $(stat -c %s nova-compute-x86_1_all.deb)"
		echo "SHA256: $(sha256sum nova-compute-x86_1_all.deb | cut -d' ' -f1)"
		echo
	) >"$work/packages/Packages"
}

build_tree() {
	hypervisor_package
	# The folder of the hypervisor's package is below one that apt's own user may not read.
	bootstrap "$work/tree" "$out/debs" "$(package_list "$here/packages")" --aptopt='APT::Sandbox::User "root"' \
		--setup-hook="echo 'deb [trusted=yes] copy:$work/packages ./' >\"\$1/etc/apt/sources.list.d/hypervisor.list\"" \
		--customize-hook="rm \"\$1/etc/apt/sources.list.d/hypervisor.list\""
}

build() {
	if [ "$(cat "$out/tree.stamp" 2>/dev/null)" != "$tree_stamp" ]; then
		rm -rf "$out/tree" "$out/tree.stamp"
		build_tree
		mv "$work/tree" "$out/tree"
		echo "$tree_stamp" >"$out/tree.stamp"
	fi
	rm -f "$out/host.stamp"
	[ -e "$out/key" ] || ssh-keygen -q -t ed25519 -N '' -C dnsvnf-test -f "$out/key"
	"$here/customize.sh" "$out/tree" "$out"
	say 'writing the disk'
	rm -f "$out/host.raw"
	truncate -s "${disk_mib}M" "$out/host.raw"
	mke2fs -q -t ext4 -L compute-host -m 0 -O ^has_journal -E nodiscard,lazy_itable_init=1 -d "$out/tree" "$out/host.raw"
	echo "$stamp" >"$out/host.stamp"
	say "$out/host.raw is ready, $(du -m "$out/host.raw" | cut -f1) MB"
}

exec 9>"$out/.lock"
flock 9
rm -rf "$out"/work.* # of runs that were killed
work=$(mktemp -d "$out/work.XXXXXX")
chmod 711 "$work"
trap 'rm -rf "$work"' EXIT

tree_stamp=$(cat "$here/packages" "$here/build.sh" | sha256sum)
stamp=$( (cd "$top" && cat tests/openstack/conf/common.conf image/common.sh image/init &&
	find tests/compute/image -type f -print0 | sort -z | xargs -0 sha256sum) | sha256sum)
if [ "$(cat "$out/host.stamp" 2>/dev/null)" = "$stamp" ] && [ -e "$out/host.raw" ]; then
	say "$out/host.raw is up to date"
else
	[ "$(id -u)" = 0 ] || die 'building the image needs root'
	need_tools
	build
fi
