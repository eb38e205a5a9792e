#!/bin/bash -eu
# SPDX-License-Identifier: Apache-2.0
# OSS-Fuzz's build: targets with their corpora and shared libraries into $OUT. Without OSS-Fuzz, with any OUT:
#   CC=clang OUT=/tmp/out tests/fuzz/oss-fuzz/build.sh
cd "${SRC:+$SRC/dnsvnf}"
build=${WORK:-build}/fuzz
sanitize=address,undefined
[ -z "${SANITIZER-}" ] || sanitize=none # in CFLAGS
mkdir -p "$OUT/lib"
meson setup "$build" -Dfuzz=true -Db_sanitize=$sanitize -Db_lundef=false
for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	ninja -C "$build" "tests/fuzz/$name"
	cp "$build/tests/fuzz/$name" "$OUT/"
	ldd "$OUT/$name" | awk '$3 ~ "^/" && $1 !~ /^lib(c|m|pthread|dl|rt)\.so/ { print $3 }' | xargs -r cp -Lut "$OUT/lib"
	patchelf --set-rpath "\$ORIGIN/lib" "$OUT/$name"
	(cd "tests/fuzz/corpus/${name#fuzz_}" && zip -qr "$OUT/${name}_seed_corpus.zip" .)
done
