#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints a command line of QEMU 8 or newer, which has the igb NIC with SR-IOV: the machine's own where it is one,
# else that of the distribution's backports, unpacked under FOLDER; nothing is installed: get-qemu.sh FOLDER
set -eu
mkdir -p "$1"
folder=$(readlink -f "$1")
qemu=$folder/root/usr/bin/qemu-system-x86_64
packages='qemu-system-x86 qemu-system-common qemu-system-data seabios ipxe-qemu'

major() { "$1" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p'; }

own=$(command -v qemu-system-x86_64 || true)
if [ -n "$own" ] && [ "$(major "$own")" -ge 8 ]; then
	echo "$own"
	exit 0
fi

# An apt of its own over the machine's mirror: backports beside the release that is installed.
fetch() {
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	mirror=${DEBIAN_MIRROR-$(apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' \
		'Component: main' 'Origin: Debian' 'Label: Debian' "Codename: $codename" | head -n 1)}
	[ -n "$mirror" ] || { echo "get-qemu.sh: apt knows no Debian archive: set DEBIAN_MIRROR" >&2 && exit 1; }
	mkdir -p "$folder/apt/state/lists/partial" "$folder/apt/cache/archives/partial" "$folder/apt/etc" "$folder/debs"
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	for suite in "$codename" "$codename-backports"; do
		echo "deb [signed-by=$keyring] $mirror $suite main"
	done >"$folder/apt/etc/sources.list"
	cat >"$folder/apt/apt.conf" <<-EOF
		Dir::State "$folder/apt/state";
		Dir::State::status "/var/lib/dpkg/status";
		Dir::Cache "$folder/apt/cache";
		Dir::Etc::sourcelist "$folder/apt/etc/sources.list";
		Dir::Etc::sourceparts "/dev/null";
	EOF
	APT_CONFIG=$folder/apt/apt.conf
	export APT_CONFIG
	apt-get -qq update
	cd "$folder/debs"
	[ "$(id -u)" != 0 ] || chown _apt .
	for package in $packages; do
		apt-get -qq download "$package/$codename-backports" 2>/dev/null || apt-get -qq download "$package"
	done
	for deb in *.deb; do
		dpkg -x "$deb" "$folder/root"
	done
}

[ -x "$qemu" ] || (fetch) >&2
[ "$(major "$qemu")" -ge 8 ] || { echo "get-qemu.sh: $qemu does not run or is too old" >&2 && exit 1; }
echo "$qemu"
