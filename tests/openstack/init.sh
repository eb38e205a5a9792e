#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Process 1 of the test cloud, in namespaces and a root of its own; cloud.sh up starts it.
# /cloud is the cloud's folder, /test the folder of this script. Writes what it does to
# /cloud/run/progress, and at the end /cloud/run/ready, or /cloud/run/failed with the name of the log
# that says why. The state is in /cloud/data; what it was before the first server is kept in
# /cloud/initial, from where FRESH=1 takes it again.
set -u
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 LC_ALL=C.UTF-8 HOME=/cloud/run
# Packages that are only unpacked have no compiled Python; it is kept beside them.
export PYTHONPYCACHEPREFIX=/cloud/pycache
unset PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED PYTHONPATH
log=/cloud/log
database=''

say() {
	printf '%s\n' "$*" >>/cloud/run/progress
}

# fail LOG: says which log tells why, and waits to be ended.
fail() {
	echo "$1" >/cloud/run/failed
	while :; do sleep 1; done
}

sql() {
	mariadb --no-defaults --socket=/cloud/run/mysql.sock --user=root -e "$1"
}

# A database that is killed in the middle of a write may not start again.
stop_database() {
	[ -n "$database" ] || return 0
	sql shutdown
	wait "$database"
	database=''
}

# until_true SECONDS COMMAND...: tries it ten times a second.
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

listens() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1")
}

start_rabbit() {
	# Messages of an earlier run have nobody who waits for them.
	rm -rf /cloud/data/rabbit
	echo '[].' >/cloud/run/rabbit-plugins
	RABBITMQ_NODENAME=cloud@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
		RABBITMQ_MNESIA_BASE=/cloud/data/rabbit RABBITMQ_LOG_BASE=$log RABBITMQ_LOGS=$log/rabbit.log \
		RABBITMQ_PID_FILE=/cloud/run/rabbit.pid RABBITMQ_CONFIG_FILE=/test/conf/rabbitmq.conf \
		RABBITMQ_ENABLED_PLUGINS_FILE=/cloud/run/rabbit-plugins \
		RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none' \
		/usr/lib/rabbitmq/bin/rabbitmq-server >$log/rabbit.out 2>&1 &
}

# Nothing here must outlive a crash of the machine: speed goes before durability.
start_database() {
	ln -sf mysql.sock /cloud/run/cell.sock
	mariadbd --no-defaults --user=root --datadir=/cloud/data/mysql --socket=/cloud/run/mysql.sock \
		--pid-file=/cloud/run/mysql.pid --log-error=$log/mysql.log --skip-networking --skip-log-bin \
		--innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --innodb-flush-method=nosync \
		--innodb-buffer-pool-size=128M --innodb-log-file-size=32M --performance-schema=off \
		--max-connections=400 --character-set-server=utf8mb3 >$log/mysql.out 2>&1 &
	database=$!
	until_true 60 sql 'select 1' ||
		fail mysql.log
}

# start_wsgi NAME PORT PROCESSES FILE ENVIRONMENT...
start_wsgi() {
	local name=$1 port=$2 processes=$3 file=$4
	shift 4
	env "$@" uwsgi-core --plugin python311 --wsgi-file "$file" --http-socket "127.0.0.1:$port" \
		--master --processes "$processes" --lazy-apps --die-on-term --no-orphans --enable-threads \
		--buffer-size 65535 --post-buffering 65536 --add-header 'Connection: close' \
		--disable-logging --logto "$log/$name-wsgi.log" >"$log/$name.out" 2>&1 &
}

start_keystone() {
	start_wsgi keystone 5000 2 /usr/bin/keystone-wsgi-public OS_KEYSTONE_CONFIG_DIR=/test/conf \
		OS_KEYSTONE_CONFIG_FILES=keystone.conf
	until_true 180 curl -sf -m 5 -o /dev/null http://127.0.0.1:5000/v3 || fail keystone-wsgi.log
}

# start NAME COMMAND...
start() {
	local name=$1
	shift
	"$@" >"$log/$name.out" 2>&1 &
}

start_services() {
	local nova=(--config-file /test/conf/common.conf --config-file /test/conf/nova.conf)
	local neutron=(--config-file /test/conf/common.conf --config-file /test/conf/neutron.conf)
	start neutron neutron-server "${neutron[@]}"
	start nova-api nova-api "${nova[@]}" --log-file $log/nova-api.log
	start nova-conductor nova-conductor "${nova[@]}" --log-file $log/nova-conductor.log
	start nova-scheduler nova-scheduler "${nova[@]}" --log-file $log/nova-scheduler.log
	start glance glance-api --config-file /test/conf/common.conf --config-file /test/conf/glance.conf
	start_wsgi placement 8778 1 /usr/bin/placement-api OS_PLACEMENT_CONFIG_DIR=/test/conf
	until_true 180 listens 8778 || fail placement-wsgi.log
	if [ "${COMPUTE_HOST-}" != own ]; then
		start nova-compute python3 /test/fake_compute.py "${nova[@]}" --log-file $log/nova-compute.log
		start fake-agents python3 /test/fake_agents.py "${neutron[@]}" --log-file $log/fake-agents.log
	fi
	until_true 180 listens 9292 || fail glance.log
	until_true 180 listens 8774 || fail nova-api.log
	until_true 180 listens 9696 || fail neutron.log
}

# Databases, keys, users and catalog, and a copy of them for the next fresh start.
initialise() {
	local failed
	say 'making the databases'
	rm -rf /cloud/data /cloud/initial /cloud/initial.new
	mkdir -p /cloud/data/{mysql,glance,nova,neutron}
	mariadb-install-db --no-defaults --user=root --datadir=/cloud/data/mysql --skip-test-db \
		--auth-root-authentication-method=normal >$log/mysql-install.log 2>&1 || fail mysql-install.log
	start_database
	failed=$(/test/databases.sh 2>$log/databases.log) || fail "${failed:-databases}.log"
	say 'making users and catalog'
	start_keystone
	python3 /test/seed.py >$log/seed.log 2>&1 || fail seed.log
	stop_database
	echo "$recipe" >/cloud/data/recipe
	cp -a --reflink=auto /cloud/data /cloud/initial.new
	mv /cloud/initial.new /cloud/initial
	start_database
}

# The state of before is taken up again only when it was made in full, by these very scripts.
resume() {
	[ -n "${FRESH-}" ] || [ "$(cat /cloud/data/recipe 2>/dev/null)" != "$recipe" ] || return 0
	[ "$(cat /cloud/initial/recipe 2>/dev/null)" = "$recipe" ] || return 1
	say 'taking the initial state'
	rm -rf /cloud/data
	cp -a --reflink=auto /cloud/initial /cloud/data
}

mount -t proc proc /proc
mount -t tmpfs -o size=256m tmpfs /dev/shm
mount -t tmpfs -o size=64m tmpfs /run
ip link set lo up
hostname compute-1
chmod 1777 /tmp
trap 'stop_database; exit' TERM
recipe=$(cat /test/databases.sh /test/seed.py /test/conf/keystone.conf | sha256sum)
if resume; then
	start_rabbit
	start_database
	say 'starting the services'
	start_keystone
else
	initialise
	start_rabbit
	say 'starting the services'
fi
cp /cloud/data/clouds.yaml /cloud/clouds.yaml
until_true 180 listens 5672 || fail rabbit.log
start_services
say 'waiting for host and agents'
python3 /test/ready.py >$log/ready.log 2>&1 || fail ready.log
: >/cloud/run/ready
while :; do wait -n 2>/dev/null || sleep 1; done
