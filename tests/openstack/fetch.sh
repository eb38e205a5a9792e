#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Unpacks Debian 12 packages into a folder: fetch.sh ROOT PACKAGE...
# With a private apt state: no root needed, nothing of the host's apt is changed, no maintainer
# script is run. DEBIAN_MIRROR (and DEBIAN_SECURITY_MIRROR) override the machine's own mirror.
set -euo pipefail
root=$1
shift
suite=bookworm
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
apt=$root.apt

die() {
	echo "fetch.sh: $*" >&2
	exit 1
}

# mirror LABEL: the URI of the archive with this label (Debian, Debian-Security) in the machine's
# own apt sources, whatever their release: all releases of an archive lie under one URI.
mirror() {
	apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' 'Component: main' \
		'Origin: Debian' "Label: $1" 2>/dev/null | head -n 1
}

write_sources() {
	local main security
	main=${DEBIAN_MIRROR-$(mirror Debian)}
	if [ -z "$main" ] && [ "$(id -u)" = 0 ]; then
		apt-get -qq update
		main=$(mirror Debian)
	fi
	[ -n "$main" ] || die "this machine's apt knows no Debian archive: run apt-get update, or set DEBIAN_MIRROR to the URL of one"
	security=${DEBIAN_SECURITY_MIRROR-$(mirror Debian-Security)}
	echo "deb [signed-by=$keyring] $main $suite main"
	[ -z "$security" ] || echo "deb [signed-by=$keyring] $security $suite-security main"
}

# How to reach the mirror (proxies, time checks) is the machine's; all else is ours.
write_config() {
	apt-config dump | grep '^Acquire::'
	cat <<-EOF
		Dir::State "$apt/state";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt/cache";
		Dir::Log "$apt";
		Dir::Etc::main "/dev/null";
		Dir::Etc::parts "/dev/null";
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		APT::Architecture "$(dpkg --print-architecture)";
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Debug::NoLocking "true";
	EOF
}

[ -e "$keyring" ] || die "$keyring is missing: install debian-archive-keyring"
mkdir -p "$root" "$apt/state/lists/partial" "$apt/cache/archives/partial"
: >"$apt/status"
write_sources >"$apt/sources.list"
write_config >"$apt/apt.conf"
export APT_CONFIG=$apt/apt.conf
apt-get -qq update
apt-get -qq --assume-yes --download-only install "$@" >"$apt/log" 2>&1 ||
	{ tail -n 5 "$apt/log" >&2 && die 'apt could not fetch the packages'; }
find "$apt/cache/archives" -name '*.deb' -print0 | xargs -0 -n 1 -P "$(nproc)" sh -c 'dpkg-deb -x "$1" "$0"' "$root"

# The few things that the maintainer scripts would have done.
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
[ -e "$root/bin/sh" ] || ln -s dash "$root/bin/sh"
[ -e "$root/usr/bin/awk" ] || ln -s mawk "$root/usr/bin/awk"
printf '127.0.0.1 localhost compute-1\n' >"$root/etc/hosts"
: >"$root/etc/resolv.conf"
ldconfig -r "$root"
mkdir -p "$root"/{dev,proc,run,tmp,cloud,test}
rm -rf "$root"/usr/share/{doc,man,locale} "$apt"
