#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes OUTDIR/bondd-VERSION-ARCH.tar.gz: bondd for guests whose image is not ours. Its binary is
# static, since no release has the libraries of all others; Debian builds libmicrohttpd with TLS,
# whose libraries cannot be linked so, and libmnl as a shared library only: both come from source.
set -euo pipefail

[ $# = 1 ] || { echo "usage: bondd-dist.sh OUTDIR" >&2 && exit 2; }
top=$(dirname "$(dirname "$(readlink -f "$0")")")
mkdir -p "$1"
out=$(readlink -f "$1")
say() {
	printf '[%3d s] bondd-dist: %s\n' "$SECONDS" "$*" >&2
}

# run_logged WHAT COMMAND...: its output goes to a log, and is shown when it fails.
run_logged() {
	local what=$1
	shift
	say "$what"
	"$@" >"$out/log" 2>&1 || { tail -n 30 "$out/log" >&2 && say "$what failed" && exit 1; }
}

# fetch FILE SHA256 SOURCE: from the first archive that has it: DEBIAN_MIRROR, this machine's, or a
# public one. Debian and Ubuntu have the same file; its hash decides.
fetch() {
	local file=$1 hash=$2 archive component url
	for archive in ${DEBIAN_MIRROR-} $(apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' | sort -u) \
		http://deb.debian.org/debian http://archive.ubuntu.com/ubuntu; do
		for component in main universe; do
			url=${archive%/}/pool/$component/${3:0:4}/$3/$file
			curl -fsL --connect-timeout 20 -o "$out/$file" "$url" || continue
			echo "$hash  $out/$file" | sha256sum --check --quiet || continue
			say "fetched $url"
			return
		done
	done
	say "no archive has $file with SHA-256 $hash: set DEBIAN_MIRROR to the URL of one" && exit 1
}

# library NAME OPTION...: builds it from its source into OUTDIR/root.
library() {
	local name=$1
	shift
	rm -rf "${out:?}/$name"
	mkdir "$out/$name"
	tar -xf "$out/$name"_*.orig.tar.* -C "$out/$name" --strip-components=1
	cd "$out/$name"
	# shellcheck disable=SC2016 # $1 is sh's
	run_logged "building $name" sh -c 'root=$1 && shift && ./configure --prefix="$root" --enable-static --disable-shared \
		CFLAGS="-O2 -fPIE" "$@" && make -j"$(nproc)" install' sh "$out/root" "$@"
	cd "$out"
}

if [ ! -e "$out/root/done" ]; then
	rm -rf "$out/root" "$out/meson"
	fetch libmnl_1.0.4.orig.tar.bz2 171f89699f286a5854b72b91d06e8f8e3683064c5901fb09d954a9ab6f551f81 libmnl
	fetch libmicrohttpd_1.0.1.orig.tar.gz a89e09fc9b4de34dde19f4fcb4faaa1ce10299b9908db1132bbfa1de47882b94 libmicrohttpd
	library libmnl
	library libmicrohttpd --disable-https --disable-doc --disable-examples --disable-tools --disable-curl
	touch "$out/root/done"
fi

export PKG_CONFIG_PATH=$out/root/lib/pkgconfig
[ -e "$out/meson/build.ninja" ] || run_logged "configuring bondd" meson setup "$out/meson" "$top" \
	--prefix /usr/local --buildtype release --prefer-static -Dc_link_args=-static-pie
run_logged "building bondd" ninja -C "$out/meson" bondd bondd.service bondd-status.service bondd.8
version=$("$out/meson/bondd" --version | sed 's/^bondd //')
name=bondd-$version-$(uname -m)
rm -rf "${out:?}/$name"
mkdir "$out/$name"
cp "$top/src/bondd/dist/"* "$top/LICENSE" "$out/$name/"
cp "$out/meson/"{bondd,bondd.service,bondd-status.service,bondd.8} "$out/$name/"
strip "$out/$name/bondd"
tar -czf "$out/$name.tar.gz" -C "$out" --owner=0 --group=0 --numeric-owner "$name"
say "$out/$name.tar.gz, $(stat -c %s "$out/$name.tar.gz") bytes"
