#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs from apt what dnsvnf needs: install-deps.sh build|compute|dist|image|run|test ...
# A second run finds everything there and says so without asking apt.
# "a|b" is the first of the names that this release has (Debian 12, Debian 13, Ubuntu 24.04).
set -eu

packages_for() {
	case $1 in
	build)
		echo gcc libc6-dev make meson ninja-build pkg-config 'libyang-dev|libyang2-dev' libexpat1-dev \
			libyaml-dev zlib1g-dev libjansson-dev libarchive-dev nettle-dev libmnl-dev libpci-dev \
			libcurl4-openssl-dev libssl-dev libldns-dev libknot-dev libmicrohttpd-dev libinih-dev libsystemd-dev libcmocka-dev
		;;
	compute)
		echo vde2 iputils-ping e2fsprogs
		;;
	dist)
		echo curl ca-certificates bzip2 make
		;;
	image)
		echo mmdebstrap mount qemu-utils e2fsprogs xz-utils zstd debian-archive-keyring
		;;
	run)
		echo qemu-system-x86 qemu-utils iproute2 pci.ids
		;;
	test)
		echo strace gcovr clang clang-format clang-tidy cppcheck shellcheck knot-dnsutils \
			'libclang-rt-14-dev|libclang-rt-19-dev|libclang-rt-18-dev' iproute2 nftables openssh-client \
			'promtool|prometheus' python3 procps librsvg2-bin git dpkg apt util-linux debian-archive-keyring openssl systemd \
			bind9-utils ldnsutils dns-root-data knot unbound kea-dhcp4-server kea-dhcp6-server \
			kea-dhcp-ddns-server kea-admin python3-yaml python3-jsonschema python3-configobj python3-openstacksdk \
			python3-jinja2 python3-oauthlib python3-requests python3-jsonpatch \
			'libglib2.0-0|libglib2.0-0t64' 'libgnutls30|libgnutls30t64' libudev1 libyaml-0-2
		;;
	*)
		echo "install-deps.sh: unknown set '$1': use build, compute, dist, image, run or test" >&2
		exit 2
		;;
	esac
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

# The first installed alternative, else the first that apt knows, else the first.
choose() {
	alternatives=$(echo "$1" | tr '|' ' ')
	for name in $alternatives; do
		if installed "$name"; then echo "$name" && return; fi
	done
	for name in $alternatives; do
		if apt-cache policy "$name" | grep -q "Candidate: [^(]"; then echo "$name" && return; fi
	done
	echo "${1%%|*}"
}

missing_of() {
	for entry in $1; do
		name=$(choose "$entry")
		installed "$name" || echo "$name"
	done
}

[ $# -gt 0 ] || { echo "usage: install-deps.sh build|compute|dist|image|run|test ..." >&2 && exit 2; }
wanted=
for set_name; do
	list=$(packages_for "$set_name")
	wanted="$wanted $list"
done

if [ -z "$(missing_of "$wanted")" ]; then
	echo "packages: all there ($*)"
	exit 0
fi
if [ "$(id -u)" != 0 ]; then
	missing_of "$wanted" | sed "s/^/packages: missing: /" >&2
	echo "packages: run 'sudo $0 $*'" >&2
	exit 1
fi
# The servers that tests use are not to run on this machine: not now, and not after its next boot.
# One that a killed run has left is ours, too.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ] || grep -q 'install-deps.sh' "$policy"; then
	printf '#!/bin/sh\n# of install-deps.sh, while it runs\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	trap 'rm -f "$policy"' EXIT
	trap 'exit 130' HUP INT TERM
fi
disable_servers() {
	for name in knot unbound kea-dhcp4-server kea-dhcp6-server kea-dhcp-ddns-server; do
		case " $(echo "$missing" | tr "\n" " ") " in
		*" $name "*) systemctl --quiet disable "$name.service" 2>/dev/null || true ;;
		esac
	done
}
echo "packages: asking apt for its current lists"
apt-get update -qq
missing=$(missing_of "$wanted" | sort -u)
echo "packages: installing $(echo "$missing" | tr "\n" " ")"
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
	-o Dpkg::Use-Pty=0 -o Dpkg::Progress-Fancy=0 $missing |
	sed -u -n -e 's/^Setting up \([^ ]*\) .*/packages: set up \1/p' -e '/^E:/p'
disable_servers
left=$(missing_of "$wanted")
if [ -n "$left" ]; then
	echo "packages: apt did not install: $(echo "$left" | tr "\n" " ")" >&2
	exit 1
fi
