#!/bin/bash
# customize.sh TREE: turn the tree that mmdebstrap made into the VNF's root. Runs as mmdebstrap's
# customize hook: /proc and /sys of the tree are mounted.
set -euo pipefail

tree=$1
here=$(dirname "$(readlink -f "$0")")
kernel=$(basename "$tree"/usr/lib/modules/*)
# shellcheck source=image/common.sh
. "$here/common.sh"

# Keep the modules that the file `modules` names, stored uncompressed: unpacking each at load time is
# slow without hardware virtualization.
trim_modules() {
	local top=$tree/usr/lib/modules/$kernel
	(
		cd "$top"
		sed -e '/^#/d' -e '/^$/d' "$here/modules" | grep -E -f - modules.dep | tr -s ': ' '\n' |
			sort -u | comm -13 - <(find kernel -name '*.ko.xz' | sort) | xargs rm -f
		find kernel -type d -empty -delete
		find kernel -name '*.ko.xz' -print0 | xargs -0 -r -P "$(nproc)" -n 64 unxz
	)
	chroot "$tree" depmod "$kernel"
}

# /boot/initrd.img: busybox, the modules that reach the disk, and virtio_net.
make_initrd() {
	local dir=$tree/tmp/initrd applet
	mkdir -p "$dir"/{bin,dev,proc,root,sys}
	cp "$tree/usr/bin/busybox" "$dir/bin/"
	for applet in findfs insmod mount sh sleep switch_root; do
		ln -s busybox "$dir/bin/$applet"
	done
	install -m 755 "$here/init" "$dir/init"
	add_modules "$tree" "$kernel" "$dir" modules virtio_pci virtio_blk ext4 virtio_net
	add_modules "$tree" "$kernel" "$dir" modules.other virtio_scsi sd_mod nvme ahci ata_piix
	find "$dir" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	# shellcheck disable=SC2016 # expanded by the shell inside
	chroot "$tree" sh -c 'cd /tmp/initrd && find . | LC_ALL=C sort |
		cpio --quiet --reproducible --owner 0:0 --format newc --create >/boot/initrd.img'
	rm -rf "$dir"
}

# What BIOS loads: grub with the modules to read the one partition.
make_grub() {
	chroot "$tree" grub-mkimage --format i386-pc --prefix '(hd0,msdos1)/boot/grub' \
		--output /boot/grub/core.img biosdisk part_msdos ext2 normal linux serial terminal
	cp "$tree/usr/lib/grub/i386-pc/boot.img" "$tree/boot/grub/boot.img"
}

set_up_services() {
	local unit
	chroot "$tree" systemctl --quiet disable ssh.service unbound.service
	chroot "$tree" systemctl --quiet enable ssh.socket
	# A VNF is replaced by a newer image, not upgraded in place; and no start waits for DHCP.
	for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
		e2scrub_reap.service fstrim.timer grub-common.service NetworkManager-wait-online.service \
		unbound-resolvconf.service cloud-init-hotplugd.socket systemd-pstore.service \
		systemd-binfmt.service proc-sys-fs-binfmt_misc.automount; do
		chroot "$tree" systemctl --quiet disable "$unit"
		chroot "$tree" systemctl --quiet mask "$unit"
	done
	# Sockets for ssh over vsock, which the kernel has no module for.
	mkdir -p "$tree/etc/systemd/system-generators"
	ln -s /dev/null "$tree/etc/systemd/system-generators/systemd-ssh-generator"
}

# Whatever differs from run to run, or belongs to the machine that builds.
make_reproducible() {
	rm -f "$tree"/etc/ssh/ssh_host_* "$tree"/etc/resolv.conf "$tree"/etc/apt/sources.list \
		"$tree"/initrd.img* "$tree"/vmlinuz* "$tree"/var/cache/ldconfig/aux-cache \
		"$tree"/var/lib/dbus/machine-id "$tree"/var/lib/systemd/random-seed
	find "$tree/var/log" -type f -delete
	: >"$tree/etc/machine-id"
	echo dns-vnf >"$tree/etc/hostname"
	# Python checks neither the time nor the content of the source of a compiled file.
	chroot "$tree" python3 -m compileall -q -f -j 0 --invalidation-mode unchecked-hash \
		/usr/lib/python3 "/usr/lib/$(basename "$tree"/usr/lib/python3.*)"
}

chmod 600 "$tree/etc/netplan/00-renderer.yaml"
ln -s "vmlinuz-$kernel" "$tree/boot/vmlinuz"
trim_modules
make_initrd
make_grub
set_up_services
make_reproducible
