#!/bin/bash
# Build the VNF image: a Debian 13 guest with cloud-init, NetworkManager, Knot DNS and Unbound.
# Needs root. See README.md beside this file.
set -euo pipefail

usage() {
	cat <<-EOF
		usage: build.sh [--glance FILE] [--with PACKAGE,...] OUTDIR [BONDD]

		Writes OUTDIR/dns-vnf.{qcow2,vmlinux,initrd}, unless they are up to date. BONDD is the
		bond monitor's binary to install. --glance also writes a copy for upload: compressed
		qcow2, or raw and sparse if FILE ends with .raw.
		--with installs more packages than the VNF's.
	EOF
	exit 2
}

glance='' with=''
while :; do
	case ${1-} in
	--glance | --with) [ $# -ge 2 ] || usage ;;
	*) break ;;
	esac
	if [ "$1" = --with ]; then with=$2; else glance=$2; fi
	shift 2
done
[ $# = 1 ] || [ $# = 2 ] || usage
case $1 in -*) usage ;; esac
mkdir -p "$1"
out=$(readlink -f "$1")
bondd=${2:+$(readlink -f "$2")}
here=$(dirname "$(readlink -f "$0")")

# shellcheck source=image/common.sh
. "$here/common.sh"

what=image suite=trixie
disk_mib=2048
export SOURCE_DATE_EPOCH=1767225600 # the time of every file that is newer; any fixed time does
export LC_ALL=C.UTF-8

recipe_hash() {
	{
		(cd "$here" && find . -type f ! -name '*.md' -print0 | sort -z | xargs -0 sha256sum)
		[ -z "$with" ] || echo "$with"
	} | sha256sum | cut -c1-16
}

# The guest's root as a directory.
build_tree() {
	bootstrap "$work/tree" "$out/debs" "$(package_list "$here/packages")${with:+,$with}" \
		--dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--customize-hook="copy-in '$here/root/.' /" \
		--customize-hook="$here/customize.sh"
}

install_bondd() {
	local tree=$1 unit units=usr/lib/systemd/system wants=etc/systemd/system/multi-user.target.wants
	rm -f "$tree/usr/sbin/bondd"
	for unit in bondd.service bondd-status.service; do
		rm -f "$tree/$units/$unit" "$tree/$wants/$unit"
		[ -n "$bondd" ] || continue
		install -m 644 "$here/$unit" "$tree/$units/$unit"
		ln -s "/$units/$unit" "$tree/$wants/$unit"
	done
	[ -z "$bondd" ] || install -m 755 "$bondd" "$tree/usr/sbin/bondd"
}

# systemd holds caches of /etc and /var for current that are as new as /usr.
mark_up_to_date() {
	local tree=$1 dir
	for dir in etc var; do
		printf 'TIMESTAMP_NSEC=%s000000000\n' "$SOURCE_DATE_EPOCH" >"$tree/$dir/.updated"
	done
	find "$tree" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	touch -d "@$SOURCE_DATE_EPOCH" "$tree/usr" "$tree/etc/.updated" "$tree/var/.updated"
}

# le32 N: N as four bytes, the lowest first
le32() {
	local hex
	hex=$(printf '%08x' "$1")
	printf '%b' "\\x${hex:6:2}\\x${hex:4:2}\\x${hex:2:2}\\x${hex:0:2}"
}

# An MBR disk: grub in the gap before the one partition, which starts at 1 MiB and holds the root.
make_disk() {
	local tree=$1 raw=$2 start=2048
	truncate -s "${disk_mib}M" "$raw"
	# The guest's own mke2fs: that of older machines stores times that differ from run to run.
	MKE2FS_CONFIG=$tree/etc/mke2fs.conf "$tree/lib64/ld-linux-x86-64.so.2" \
		--library-path "$tree/usr/lib/x86_64-linux-gnu" "$tree/usr/sbin/mke2fs" -q -t ext4 \
		-L dns-vnf -m 1 -d "$tree" \
		-U 6a1d3c5e-0f4b-4c55-9f5e-d25f00000001 \
		-E "offset=$((start * 512)),hash_seed=6a1d3c5e-0f4b-4c55-9f5e-d25f00000002,nodiscard" \
		"$raw" "$((disk_mib - 1))M"
	dd if="$tree/boot/grub/boot.img" of="$raw" bs=440 count=1 conv=notrunc status=none
	dd if="$tree/boot/grub/core.img" of="$raw" bs=512 seek=1 conv=notrunc status=none
	{
		le32 0x6a1d3c5e # disk signature
		printf '\0\0'
		printf '\x80\xfe\xff\xff\x83\xfe\xff\xff' # active, Linux, addressed by LBA
		le32 "$start"
		le32 $((disk_mib * 2048 - start))
		head -c 48 /dev/zero
		printf '\x55\xaa'
	} | dd of="$raw" bs=1 seek=440 conv=notrunc status=none
}

build() {
	local tree=$out/tree
	if [ "$(cat "$out/tree.recipe" 2>/dev/null)" != "$recipe" ]; then
		rm -rf "$tree" "$out/tree.recipe"
		build_tree
		mv "$work/tree" "$tree"
		echo "$recipe" >"$out/tree.recipe"
	fi
	install_bondd "$tree"
	mark_up_to_date "$tree"
	say 'writing the disk'
	make_disk "$tree" "$work/disk.raw"
	qemu-img convert -f raw -O qcow2 "$work/disk.raw" "$work/dns-vnf.qcow2"
	extract_vmlinux "$tree/boot/vmlinuz" >"$work/dns-vnf.vmlinux"
	cp "$tree/boot/initrd.img" "$work/dns-vnf.initrd"
	rm -f "$out/dns-vnf.stamp"
	mv "$work"/dns-vnf.{qcow2,vmlinux,initrd} "$out/"
	echo "$stamp" >"$out/dns-vnf.stamp"
	say "$out/dns-vnf.qcow2 is ready, $(du -m "$out/dns-vnf.qcow2" | cut -f1) MB"
}

exec 9>"$out/.lock"
flock 9
rm -rf "$out"/work.* # of runs that were killed
work=$(mktemp -d "$out/work.XXXXXX")
chmod 711 "$work" # apt fetches as the user _apt
trap 'rm -rf "$work"' EXIT

recipe=$(recipe_hash)
stamp="$recipe $([ -z "$bondd" ] || sha256sum <"$bondd")"
if [ "$(cat "$out/dns-vnf.stamp" 2>/dev/null)" = "$stamp" ] && [ -e "$out/dns-vnf.qcow2" ] &&
	[ -e "$out/dns-vnf.vmlinux" ] && [ -e "$out/dns-vnf.initrd" ]; then
	say "$out/dns-vnf.qcow2 is up to date"
else
	[ "$(id -u)" = 0 ] || die 'building the image needs root'
	need_tools
	build
fi
if [ -n "$glance" ]; then
	say "writing $glance"
	case $glance in
	*.raw) set -- -O raw ;;
	*) set -- -c -O qcow2 -o compression_type=zstd ;; # read by QEMU from 5.1 on
	esac
	qemu-img convert -f qcow2 "$@" "$out/dns-vnf.qcow2" "$work/glance"
	mv "$work/glance" "$glance"
	say "$glance is ready, $(du -m "$glance" | cut -f1) MB"
fi
