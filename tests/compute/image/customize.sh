#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# customize.sh TREE OUTDIR: turn the unpacked packages into the compute host's root, and write OUTDIR/host.vmlinux and
# host.initrd. May be run again on the same tree.
set -euo pipefail

tree=$1 out=$2
here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../../..")
kernel=$(basename "$tree"/usr/lib/modules/*)
# shellcheck source=image/common.sh
. "$top/image/common.sh"

base_system() {
	cp -r "$here/root/." "$tree/"
	echo compute-1 >"$tree/etc/hostname"
	printf '127.0.0.1 localhost compute-1\n' >"$tree/etc/hosts"
	echo 'LABEL=compute-host / ext4 noatime 0 1' >"$tree/etc/fstab"
	: >"$tree/etc/machine-id"
	rm -f "$tree/etc/resolv.conf"
	: >"$tree/etc/resolv.conf"
	install -d -m 700 "$tree/root/.ssh"
	install -m 600 "$out/key.pub" "$tree/root/.ssh/authorized_keys"
	[ -e "$tree/etc/ssh/ssh_host_ed25519_key" ] || chroot "$tree" ssh-keygen -A >/dev/null
	printf 'UseDNS no\nUsePAM no\nPermitRootLogin prohibit-password\n' >"$tree/etc/ssh/sshd_config.d/test.conf"
}

# The control plane's common.conf without what says where the control plane itself runs.
shared_conf() {
	sed -e '/^my_ip/d' -e '/^host /d' -e '/^\[oslo_concurrency\]/,/^$/d' "$top/tests/openstack/conf/common.conf"
}

openstack() {
	{ shared_conf && cat "$here/nova.conf"; } >"$tree/etc/nova/nova.conf"
	: >"$tree/etc/nova/nova-compute.conf"
	{ shared_conf && cat "$here/neutron.conf"; } >"$tree/etc/neutron/neutron.conf"
	chmod 644 "$tree/etc/nova/nova.conf" "$tree/etc/neutron/neutron.conf"
	printf 'user = "root"\ngroup = "root"\nsecurity_driver = "none"\nnamespaces = []\nremember_owner = 0\n' \
		>"$tree/etc/libvirt/qemu.conf"
	echo 'auth_unix_rw = "none"' >"$tree/etc/libvirt/libvirtd.conf"
}

units() {
	local unit
	chroot "$tree" systemctl --quiet enable host-setup.service ssh.service openvswitch-switch.service \
		control-plane@{5000,5672,8774,8778,9292,9696}.service
	# The test starts them, when the control plane is there.
	for unit in nova-compute neutron-openvswitch-agent neutron-sriov-agent; do
		chroot "$tree" systemctl --quiet disable "$unit" || true
	done
	# What only costs time.
	for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
		fstrim.timer iscsid.service iscsid.socket open-iscsi.service libvirt-guests.service knot.service \
		systemd-timesyncd.service systemd-pstore.service networking.service apparmor.service man-db.timer \
		neutron-ovs-cleanup.service; do
		chroot "$tree" systemctl --quiet mask "$unit" 2>/dev/null || true
	done
}

make_initrd() {
	local dir=$tree/tmp/initrd applet
	rm -rf "$dir"
	mkdir -p "$dir"/{bin,dev,proc,root,sys}
	cp "$tree/bin/busybox" "$dir/bin/"
	for applet in findfs insmod mount sh sleep switch_root; do ln -s busybox "$dir/bin/$applet"; done
	install -m 755 "$top/image/init" "$dir/init"
	add_modules "$tree" "$kernel" "$dir" modules virtio_pci virtio_blk ext4 virtio_net
	: >"$dir/modules.other"
	chroot "$tree" sh -c 'cd /tmp/initrd && find . | cpio --quiet --owner 0:0 -H newc -o' >"$out/host.initrd"
	rm -rf "$dir"
}

base_system
openstack
units
extract_vmlinux "$tree/boot/vmlinuz-$kernel" >"$out/host.vmlinux"
make_initrd
