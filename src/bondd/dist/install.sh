#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs bondd and starts it, if systemd runs; with DESTDIR into the image below that folder.
set -eu
cd "$(dirname "$0")"
root=${DESTDIR-}

install -D -m 755 bondd "$root/usr/local/sbin/bondd"
install -D -m 644 -t "$root/etc/systemd/system" bondd.service bondd-status.service
install -D -m 644 -t "$root/usr/local/share/man/man8" bondd.8
[ -e "$root/etc/bondd.conf" ] || install -m 644 bondd.conf "$root/etc/bondd.conf"
"$root/usr/local/sbin/bondd" check-config --config "$root/etc/bondd.conf"
systemctl --root="$root/" enable bondd.service bondd-status.service
if [ -z "$root" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl restart bondd.service bondd-status.service
fi
