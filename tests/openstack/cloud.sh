#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An OpenStack of its own for the tests; see doc/test-cloud.md.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$(dirname "$here")")

usage() {
	cat <<-EOF
		usage: cloud.sh up|down|purge [DIR]
		       cloud.sh run COMMAND...    run COMMAND of this machine in the cloud's network
		       cloud.sh cli ARGUMENT...   the openstack client, as admin

		DIR, and CLOUD_DIR for run and cli: where the cloud is kept, by default build/openstack.
		FRESH=1 cloud.sh up begins with an empty cloud. purge removes DIR with the packages too.
	EOF
	exit 2
}

say() {
	printf '[%3d s] openstack: %s\n' "$SECONDS" "$*" >&2
}

die() {
	say "error: $*"
	exit 1
}

# Print the pid of the cloud's process 1 and succeed while it lives. Its root tells it from a
# stranger that has got its number meanwhile.
cloud_pid() {
	local pid
	pid=$(cat "$dir/pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && [ "/proc/$pid/root" -ef "$dir/root" ] && echo "$pid"
}

# enter OPTION... COMMAND...: nsenter into namespaces of the cloud.
enter() {
	local pid
	pid=$(cloud_pid) || die "no cloud runs in $dir: $0 up $dir"
	# An ordinary user's cloud is in a user namespace.
	if [ "/proc/$pid/ns/user" -ef /proc/self/ns/user ]; then
		exec nsenter --target "$pid" --net "$@"
	fi
	exec nsenter --target "$pid" --user --preserve-credentials --net "$@"
}

fetch() {
	local packages stamp
	packages=$(sed '/^#/d' "$here/packages")
	stamp=$(cat "$here/packages" "$here/fetch.sh" | sha256sum)
	[ "$(cat "$dir/fetched" 2>/dev/null)" != "$stamp" ] || return 0
	say 'fetching and unpacking the packages'
	rm -rf "$dir/root" "$dir/root.apt" "$dir/pycache" "$dir/fetched"
	# shellcheck disable=SC2086 # a list of words
	"$here/fetch.sh" "$dir/root" $packages 9>&-
	echo "$stamp" >"$dir/fetched"
	say "packages are there, $(du -sm "$dir/root" | cut -f1) MB"
}

# Process 1 of the cloud: namespaces, a view of DIR and of this folder in its root, then init.sh.
# /proc is still the machine's when it writes its pid, so that is its number there.
start() {
	local user=''
	[ "$(id -u)" = 0 ] || user=--map-root-user
	rm -rf "$dir/run"
	mkdir -p "$dir/run" "$dir/log"
	if [ -n "${FRESH-}" ] || [ ! -e "$dir/host.json" ]; then cp "$here/host.json" "$dir/"; fi
	# shellcheck disable=SC2086 # no word or one
	# shellcheck disable=SC2016 # expanded by the inner shell
	setsid unshare $user --net --mount --propagation private --uts --ipc --pid --fork --kill-child \
		sh -euc '
		read -r pid _ </proc/self/stat
		echo "$pid" >"$1/pid"
		mount --rbind /dev "$1/root/dev"
		mount --rbind "$1" "$1/root/cloud"
		mount --rbind "$2" "$1/root/test"
		exec chroot "$1/root" /test/init.sh' sh "$dir" "$here" \
		</dev/null >"$dir/log/init.log" 2>&1 9>&- &
	launcher=$!
}

# Shows what init.sh says as it comes, until it says that all is ready or not. Some steps wait with
# limits of their own; the whole has one in case that init.sh itself hangs.
follow() {
	local shown=0 lines log end=$((SECONDS + 1200))
	while :; do
		lines=$(wc -l 2>/dev/null <"$dir/run/progress") || lines=0
		if [ "$lines" -gt "$shown" ]; then
			sed -n "$((shown + 1)),${lines}p" "$dir/run/progress" | while read -r line; do say "$line"; done
			shown=$lines
		fi
		[ ! -e "$dir/run/ready" ] || return 0
		log=init.log
		if [ -e "$dir/run/failed" ] || ! alive || [ "$SECONDS" -gt "$end" ]; then
			[ ! -e "$dir/run/failed" ] || log=$(cat "$dir/run/failed")
			tail -n 15 "$dir/log/$log" >&2 || true
			stop
			die "the cloud did not start; the last lines of $dir/log/$log are above"
		fi
		sleep 0.1
	done
}

# Between its start and the moment its root is changed, only the launcher can be seen.
alive() {
	cloud_pid >/dev/null || { [ -n "$launcher" ] && kill -0 "$launcher" 2>/dev/null; }
}

up() {
	mkdir -p "$dir"
	exec 9>"$dir/lock"
	flock 9
	launcher=''
	if ! cloud_pid >/dev/null; then
		fetch
		trap 'stop; exit 130' INT TERM
		start
	elif [ -n "${FRESH-}" ]; then
		stop
		start
	fi
	follow
	say "ready in $dir"
}

# The end of process 1 is the end of all processes of the cloud.
stop() {
	local pid end=$((SECONDS + 10))
	if pid=$(cloud_pid); then
		kill -TERM "$pid" 2>/dev/null || true
		while [ "$SECONDS" -lt "$end" ] && cloud_pid >/dev/null; do sleep 0.1; done
		! cloud_pid >/dev/null || kill -KILL "$pid" 2>/dev/null || true
		while cloud_pid >/dev/null; do sleep 0.1; done
	fi
	rm -f "$dir/pid"
}

down() {
	[ -d "$dir" ] || return 0
	exec 9>"$dir/lock"
	flock 9
	stop
}

[ $# -ge 1 ] || usage
verb=$1
shift
case $verb in
up | down | purge)
	[ $# -le 1 ] || usage
	dir=$(readlink -m "${1-${CLOUD_DIR-$top/build/openstack}}")
	;;
run | cli)
	[ "$verb" = cli ] || [ $# -ge 1 ] || usage
	dir=$(readlink -m "${CLOUD_DIR-$top/build/openstack}")
	;;
*) usage ;;
esac
case $verb in
up | down) "$verb" ;;
purge)
	down
	rm -rf "$dir"
	;;
run) CLOUD_DIR=$dir enter "$@" ;;
cli)
	enter --mount --uts --pid chroot "$dir/root" env -i PATH=/usr/bin:/bin HOME=/tmp LANG=C.UTF-8 \
		PYTHONPYCACHEPREFIX=/cloud/pycache OS_CLIENT_CONFIG_FILE=/cloud/clouds.yaml \
		OS_CLOUD="${OS_CLOUD-admin}" openstack "$@"
	;;
esac
