# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the builders of images share. They set `what`, the first word of their messages, and `suite`, the Debian release.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() {
	printf '[%3d s] %s: %s\n' "$SECONDS" "$what" "$*" >&2
}

die() {
	say "error: $*"
	exit 1
}

need_tools() {
	local tool
	for tool in mmdebstrap mount qemu-img unxz zstd; do
		command -v "$tool" >/dev/null || die "$tool is not installed: README.md lists the packages"
	done
	[ -e "$keyring" ] || die "$keyring is missing: install debian-archive-keyring"
}

# Say what mmdebstrap says it does, again every 15 s while that goes on; pass on its other lines.
narrate() {
	local line doing='' status
	while :; do
		status=0
		IFS= read -r -t 15 line || status=$?
		[ "$status" -le 1 ] || line="I: still ${doing#still }"
		[ "$status" != 1 ] || break
		case $line in
		'I: '*)
			doing=${line#I: }
			say "$doing"
			;;
		*) printf '%s\n' "$line" >&2 ;;
		esac
	done
}

# mirror LABEL SUFFIX: the URI of the archive with this label (Debian, Debian-Security) in the machine's
# own apt sources.
mirror() {
	apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' 'Component: main' \
		'Origin: Debian' "Label: $1" "Codename: $host_codename$2" 2>/dev/null | head -n 1
}

# Print the apt sources of the image, from the machine's own mirror where it is a Debian machine.
sources() {
	local host_codename main security
	# shellcheck source=/dev/null
	host_codename=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_CODENAME-}") || true
	if [ -n "$host_codename" ]; then
		main=$(mirror Debian '')
		if [ -z "$main" ]; then
			apt-get -qq update >&2
			main=$(mirror Debian '')
		fi
		security=$(mirror Debian-Security -security)
	fi
	main=${DEBIAN_MIRROR-${main-}}
	security=${DEBIAN_SECURITY_MIRROR-${security-}}
	[ -n "$main" ] ||
		die "this machine's apt knows no Debian archive: set DEBIAN_MIRROR to the URL of one"
	say "Debian mirror ${main##*@}"
	echo "deb [signed-by=$keyring] $main ${suite:?} main"
	echo "deb [signed-by=$keyring] $main $suite-updates main"
	if [ -n "$security" ]; then
		echo "deb [signed-by=$keyring] $security $suite-security main"
	elif [ -z "${DEBIAN_SECURITY_MIRROR+empty}" ]; then
		die "this machine's apt knows no security archive: set DEBIAN_SECURITY_MIRROR to the URL of one, or to nothing for an image without security updates"
	fi
}

# package_list FILE: the names in it, one a line there, as mmdebstrap wants them
package_list() {
	sed -e '/^#/d' -e '/^$/d' "$1" | paste -sd,
}

# bootstrap TREE DEBS PACKAGES OPTION...: the packages unpacked and configured in TREE, without documentation. They come
# from the folder DEBS where it has them, and are kept there.
bootstrap() {
	local tree=$1 debs=$2 packages=$3 list
	shift 3
	list=$(sources)
	http_proxy=${http_proxy-$(apt-config dump --format '%v' Acquire::http::Proxy)}
	export http_proxy
	mkdir -p "$debs"
	rm -rf "$tree"
	# What it mounts goes with its namespace, also when it is killed or somebody looks into it.
	# shellcheck disable=SC2016 # $1 and $MMDEBSTRAP_APT_CONFIG are the hooks'
	unshare --mount mmdebstrap --mode=root --variant=minbase --include="$packages" \
		--skip=check/empty,download/empty,essential/unlink \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Languages "none"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/etc/kernel/postinst.d/*' \
		--setup-hook='mkdir -p "$1/var/cache/apt/archives"' \
		--setup-hook="sync-in '$debs' /var/cache/apt/archives" \
		--customize-hook='APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq autoclean' \
		--customize-hook="sync-out /var/cache/apt/archives '$debs'" \
		"$@" "$suite" "$tree" - <<<"$list" 2>&1 | narrate || die 'mmdebstrap failed, for the reason above'
	rm -f "$tree/etc/apt/apt.conf.d/99mmdebstrap" "$tree/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
}

# add_modules TREE KERNEL DIR LIST MODULE...: copy the modules of KERNEL in TREE and what they need into DIR, and list
# them in order in DIR/LIST.
add_modules() {
	local tree=$1 kernel=$2 dir=$3 list=$4 what path
	shift 4
	chroot "$tree" modprobe --show-depends --all --set-version "$kernel" "$@" |
		while read -r what path _; do
			[ "$what" = insmod ] || continue
			[ -e "$dir/$(basename "$path")" ] && continue
			cp "$tree$path" "$dir/"
			echo "/$(basename "$path")"
		done >"$dir/$list"
}

# The kernel as QEMU's -kernel boots it fastest: the ELF file inside of the bzImage.
extract_vmlinux() {
	local image=$1 setup offset length magic
	setup=$(od -An -tu1 -j $((0x1f1)) -N 1 "$image")
	offset=$(od -An -tu4 -j $((0x248)) -N 4 "$image")
	length=$(od -An -tu4 -j $((0x24c)) -N 4 "$image")
	offset=$(((setup + 1) * 512 + offset))
	magic=$(od -An -tx1 -j "$offset" -N 4 "$image" | tr -d ' ')
	case $magic in
	28b52ffd) set -- zstd -dcq ;;
	fd377a58) set -- xz -dcq --single-stream ;;
	1f8b*) set -- gzip -dcq ;;
	*) die "$image: unknown compression of the kernel ($magic)" ;;
	esac
	# The four bytes after the compressed data are its size: trailing garbage to some tools.
	head -c $((offset + length - 4)) "$image" | tail -c +$((offset + 1)) | "$@"
}
