// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/str.h"
#include "vim/local/configdrive.h"
#include "vim/local/handle.h"
#include "vim/local/link.h"
#include "vim/local/netns.h"
#include "vim/local/qmp.h"
#include "vim/local/segment.h"
#include "vim/request.h"

#define MB ((uint64_t)1024 * 1024)

/* A guest of ours writes about 100 MB at its first boot. */
#define DISK_ROOM_MB 512

#define QMP_MS 10000

/* The input for a server, from records and request. */
struct parts {
	struct records *records;
	struct image_files image;
	struct flavor flavor_store;
	const struct flavor *flavor;
	struct cells cells;
	struct record **ports; /* by nicid */
	struct qemu_nic *nics;
	size_t n;
	char *disk, *config_drive; /* file names */
};

static void parts_clear(struct parts *parts)
{
	image_files_clear(&parts->image);
	local_flavor_clear(&parts->flavor_store);
	free_all(parts->ports, parts->nics, parts->disk, parts->config_drive);
}

#define cleanup_parts __attribute__((__cleanup__(parts_clear)))

static enum port_type record_port_type(const struct record *port)
{
	const char *name = record_string(port->spec, "type");

	for (enum port_type t = PORT_VIRTUAL; t <= PORT_MACVTAP; t++) {
		if (streq(name, port_type_name(t)))
			return t;
	}
	return PORT_VIRTUAL;
}

static unsigned record_nicid(const struct record *port)
{
	return (unsigned)record_int(port->spec, "nicid");
}

static const char *record_physnet(const struct records *records, const struct record *port)
{
	const struct record *network =
		records_find(records, VIM_NETWORK, record_string(port->spec, "network"));

	return network ? record_string(network->spec, "physical_network") : NULL;
}

/* NUMA node of the embedded host that the port's device is on; -1: it is on none. */
static int host_node(const struct records *records, const struct record *port)
{
	cleanup_physnets struct physnets physnets = {0};

	if (record_port_type(port) == PORT_VIRTUAL)
		return -1;
	net_physnets(records, &physnets);
	return physnets_node(&physnets, record_physnet(records, port));
}

/* The ports of a server by nicid, as in its record. */
static int find_ports(const struct records *records, const struct record *server,
		      struct record ***ret, size_t *ret_n, struct err *err)
{
	json_t *names = json_object_get(server->spec, "ports");
	struct record **ports = xcalloc(json_array_size(names), sizeof(*ports));
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		ports[i] = records_find(records, VIM_PORT, json_string_value(name));
		if (!ports[i]) {
			free(ports);
			return err_set(err, NOT_FOUND, "Port %s could not be found.",
				       json_string_value(name));
		}
	}
	*ret = ports;
	*ret_n = json_array_size(names);
	return 0;
}

static int gather(struct local *local, const struct vim_request *request, struct records *records,
		  const struct record *server, struct parts *parts, struct err *err)
{
	const struct record *image = records_find(records, VIM_IMAGE, request->server.image_name);
	const char *src = request->server.image ? request->server.image->src
			  : image               ? record_string(image->made, "disk")
						: NULL;

	(void)local;
	parts->records = records;
	parts->flavor = local_flavor(request, records, &parts->flavor_store);
	if (!parts->flavor)
		return err_set(err, NOT_FOUND, "Flavor %s could not be found.",
			       request->server.flavor_name);
	int r = host_cells(parts->flavor, &parts->cells, err);
	if (r == 0)
		r = image_find(request->server.image_name, src, &parts->image, err);
	if (r == 0)
		r = find_ports(records, server, &parts->ports, &parts->n, err);
	if (r < 0)
		return r;
	parts->nics = xcalloc(parts->n, sizeof(*parts->nics));
	for (size_t i = 0; i < parts->n; i++) {
		const struct record *port = parts->ports[i];
		struct qemu_nic *nic = &parts->nics[i];
		*nic = (struct qemu_nic){
			.nicid = record_nicid(port),
			.mac = record_string(port->made, "mac_address"),
			.tap = record_string(port->made, "tap"),
			.direct = host_is_pci(record_port_type(port)),
			.node = -1,
		};
		if (!nic->mac || !nic->tap)
			return err_set(err, INVALID,
				       "port \"%s\" is incomplete: run 'dnsvnf undeploy'",
				       port->name);
		/* In a guest with one cell all NICs are on that cell, wherever the VF is. */
		if (nic->direct && parts->cells.numa)
			nic->node = parts->cells.n > 1 ? host_node(records, port) : 0;
	}
	parts->disk = record_file(server, "qcow2");
	parts->config_drive = record_file(server, "iso");
	return 0;
}

static struct qemu_guest guest_of(const struct record *server, const struct parts *parts)
{
	return (struct qemu_guest){
		.id = server->id,
		.name = server->name,
		.vcpus = parts->flavor->vcpus,
		.memory_mb = parts->flavor->memory_mb,
		.cells = parts->cells,
		.disk = parts->disk,
		.config_drive = parts->config_drive,
		.kernel = parts->image.kernel,
		.initrd = parts->image.initrd,
		.nics = parts->nics,
		.n_nics = parts->n,
	};
}

static uint64_t free_mb(const struct local *local)
{
	struct statvfs fs;

	if (fstatvfs(local->store.dirfd, &fs) < 0)
		return UINT64_MAX;
	return (uint64_t)fs.f_bavail * fs.f_frsize / MB;
}

static int make_disk(struct local *local, const struct record *server, const struct parts *parts,
		     struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", local->store.path, parts->disk);
	uint64_t size, root = parts->flavor->root_disk_mb * MB;

	if (free_mb(local) < DISK_ROOM_MB)
		return err_code(err, LOCAL, ENOSPC,
				"no space for the disk of server \"%s\": %s has %llu MB free, but "
				"%d MB are needed",
				server->name, local->store.path, (unsigned long long)free_mb(local),
				DISK_ROOM_MB);
	int r = image_size(&parts->image, &size, err);
	if (r < 0)
		return r;
	if (root && root < size)
		return err_set(
			err, INVALID,
			"Flavor's disk is too small for requested image. Flavor disk is %llu "
			"bytes, image is %llu bytes.",
			(unsigned long long)root, (unsigned long long)size);
	return image_overlay(&parts->image, path, root ? root : size, err);
}

/* The fixed addresses of a port, for network_data.json. */
static void describe_addresses(const struct parts *parts, const struct record *port,
			       struct configdrive_port *ret)
{
	struct configdrive_address *addresses = NULL;

	json_for_each (a, json_object_get(port->made, "addresses")) {
		struct subnet subnet;
		if (!net_subnet(parts->records, record_string(a, "subnet"), &subnet))
			continue;
		*array_push(addresses, ret->n_addresses) = (struct configdrive_address){
			.ip_version = subnet.ip_version,
			.ip_address = record_string(a, "ip_address"),
			.prefix = subnet.prefix,
			.gateway = subnet.no_gateway ? NULL : subnet.gateway,
			.dhcp = subnet.dhcp,
		};
	}
	ret->addresses = addresses;
}

static int make_config_drive(struct local *local, const struct vim_request *request,
			     const struct record *server, const struct parts *parts,
			     struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", local->store.path, parts->config_drive);
	struct qemu_guest guest = guest_of(server, parts);
	struct configdrive_port *ports = xcalloc(parts->n, sizeof(*ports));
	const char *policy = property_get(&parts->flavor->properties, "hw:cpu_policy");
	cleanup_free unsigned *cpus = xcalloc(parts->flavor->vcpus, sizeof(*cpus));

	for (unsigned i = 0; i < parts->flavor->vcpus; i++)
		cpus[i] = i;
	for (size_t i = 0; i < parts->n; i++) {
		const struct record *port = parts->ports[i];
		const char *name = record_string(port->spec, "network");
		const struct record *network = records_find(parts->records, VIM_NETWORK, name);
		ports[i] = (struct configdrive_port){
			.id = port->id,
			.network_id = network ? network->id : port->id,
			.mac_address = parts->nics[i].mac,
			.vif_type = parts->nics[i].direct ? "hw_veb" : "ovs",
			.mtu = 1500,
			.pci_address = qemu_nic_address(&guest, i),
			.vlan = network && parts->nics[i].direct
					? (unsigned)json_integer_value(
						  json_object_get(network->spec, "segmentation_id"))
					: 0,
			.tag = name,
		};
		describe_addresses(parts, port, &ports[i]);
	}
	int r = configdrive_write(
		path,
		&(struct configdrive){
			.uuid = server->id,
			.name = server->name,
			.project_id = local->vim.tenant,
			.flavor = request->server.flavor_name,
			.dedicated_cpus = cpus,
			.n_dedicated_cpus = streq(policy, "dedicated") ? parts->flavor->vcpus : 0,
			.ports = ports,
			.n_ports = parts->n,
			.user_data = request->server.user_data,
			.user_data_len = request->server.user_data_len,
			.files = request->server.files,
			.n_files = request->server.n_files,
		},
		err);
	for (size_t i = 0; i < parts->n; i++) {
		free_all((char *)ports[i].pci_address, (void *)ports[i].addresses);
	}
	free(ports);
	return r < 0 ? err_wrap(err, "config drive") : 0;
}

static int write_user_data(struct local *local, const struct vim_request *request,
			   const struct record *server, struct err *err)
{
	cleanup_free char *name = record_file(server, "user_data");

	const void *data = request->server.user_data ? request->server.user_data : "";

	return file_write_at(local->store.dirfd, name, data, request->server.user_data_len, 0600,
			     err);
}

char *server_user_data(struct local *local, const struct record *server)
{
	cleanup_free char *name = record_file(server, "user_data");
	cleanup_free char *path = xasprintf("%s/%s", local->store.path, name);
	char *text = NULL;
	size_t len;

	return file_read(path, CONFIGDRIVE_USER_DATA_MAX, &text, &len, NULL) < 0 ? NULL : text;
}

/* new_disk: the guest starts from a new disk. */
static int start(struct local *local, const struct vim_request *request, struct records *records,
		 struct record *server, bool new_disk, struct err *err)
{
	cleanup_parts struct parts parts = {0};

	int r = gather(local, request, records, server, &parts, err);
	if (r < 0)
		return r;
	json_object_set_new(server->made, "cells", json_integer(parts.cells.n));
	json_object_set_new(server->made, "image", json_string(parts.image.disk));
	r = record_save(&local->store, server, err);
	if (r == 0 && new_disk)
		r = make_disk(local, server, &parts, err);
	if (r == 0 && new_disk)
		r = write_user_data(local, request, server, err);
	if (r == 0 && new_disk)
		r = make_config_drive(local, request, server, &parts, err);
	if (r == 0)
		r = local_qemu(local, err);
	if (r == 0)
		r = local_netns(local, true, err);
	if (r < 0)
		return r;
	struct qemu_guest guest = guest_of(server, &parts);
	r = qemu_start(&local->qemu, &guest, local->store.dirfd, local->netns, err);
	if (r < 0 || json_object_del(server->made, "stopped") < 0)
		return r;
	return record_save(&local->store, server, err);
}

int server_create(struct local *local, const struct vim_request *request, struct records *records,
		  struct record *server, struct err *err)
{
	return start(local, request, records, server, true, err);
}

static int open_monitor(struct local *local, const struct record *server, struct qmp **ret,
			struct err *err)
{
	cleanup_free char *name = record_file(server, "qmp");

	int r = store_open_folder(&local->store, err);
	return r < 0 ? r : qmp_open(local->store.dirfd, name, QMP_MS, ret, err);
}

/* QEMU's state of a guest (RunState in its QAPI) in Nova's terms. */
static void translate(const struct local *local, const char *run_state, struct server_state *ret)
{
	if (streq(run_state, "running")) {
		ret->state = VIM_STATE_ACTIVE;
		ret->status = "ACTIVE";
		ret->power_state = "running";
	} else if (streq(run_state, "shutdown")) {
		ret->state = VIM_STATE_DOWN;
		ret->status = "SHUTOFF";
		ret->power_state = "shutdown";
		ret->fault = xstrdup("the guest powered itself off");
		ret->action = "stop"; /* by no user */
	} else if (streq(run_state, "io-error")) {
		ret->state = VIM_STATE_ERROR;
		ret->status = "ERROR";
		ret->power_state = "paused";
		ret->fault = xasprintf("its disk cannot be written, so QEMU paused it; %s has %llu "
				       "MB free: free some space, then undeploy and deploy",
				       local->store.path, (unsigned long long)free_mb(local));
	} else if (streq(run_state, "internal-error") || streq(run_state, "guest-panicked")) {
		ret->state = VIM_STATE_ERROR;
		ret->status = "ERROR";
		ret->power_state = "crashed";
		ret->fault = xasprintf("QEMU reports %s", run_state);
	} else {
		ret->state = VIM_STATE_DOWN;
		ret->status = "PAUSED";
		ret->power_state = "paused";
		ret->fault = xasprintf("QEMU reports %s", run_state);
	}
}

/* With the namespace, for use with `ip netns exec`. */
static char *hypervisor_of(const struct local *local, const json_t *version, const json_t *kvm)
{
	const json_t *qemu = json_object_get(version, "qemu");
	cleanup_free char *namespace = netns_name(local->vim.tenant, local->vim.deployment);

	return xasprintf("QEMU %d.%d.%d (%s) in namespace %s",
			 (int)json_integer_value(json_object_get(qemu, "major")),
			 (int)json_integer_value(json_object_get(qemu, "minor")),
			 (int)json_integer_value(json_object_get(qemu, "micro")),
			 json_is_true(json_object_get(kvm, "enabled")) ? "KVM" : "TCG", namespace);
}

/* Is another dnsvnf working on the deployment? */
static bool being_made(struct local *local)
{
	if (local->store.lockfd >= 0)
		return false;
	cleanup_close int fd = openat(local->store.dirfd, "lock", O_RDONLY | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* No QEMU: why? */
static void look_at_remains(struct local *local, const struct record *server,
			    struct server_state *ret)
{
	const char *fault = record_string(server->made, "fault");
	const json_t *stopped = json_object_get(server->made, "stopped"); /* once: true */
	cleanup_free char *words = qemu_last_words(local->store.dirfd, server->id);

	ret->state = VIM_STATE_ERROR;
	ret->status = "ERROR";
	ret->power_state = server->done ? "shutdown" : NULL;
	if (!server->done && being_made(local)) {
		ret->state = VIM_STATE_BUILD;
		ret->status = "BUILD";
	} else if (stopped) {
		ret->state = VIM_STATE_DOWN;
		ret->status = "SHUTOFF";
		ret->action = json_is_string(stopped) ? json_string_value(stopped) : "stop";
		ret->action_user = "dnsvnf";
		ret->fault = xasprintf("%s: 'dnsvnf power start' starts it",
				       streq(ret->action, "stop") ? "stopped by dnsvnf"
								  : "its start was interrupted");
	} else if (fault) {
		ret->fault = xstrdup(fault);
		if (json_is_true(json_object_get(server->made, "no_host")))
			ret->fault_class = VIM_FAULT_FILTERED;
	} else if (!server->done) {
		ret->fault = xstrdup("left incomplete by an interrupted run");
	} else if (*words) {
		ret->fault = xasprintf("QEMU ended with: %s", words);
	} else {
		ret->fault = xstrdup(
			"QEMU ended without a message: it was killed, or the host restarted");
	}
}

static int cannot_tell(const struct record *server, int code, struct err *err)
{
	return err_errno(err, code, "cannot tell whether the QEMU of server %s runs", server->name);
}

int server_look(struct local *local, const struct record *server, struct server_state *ret,
		struct err *err)
{
	cleanup_qmp struct qmp *qmp = NULL;
	json_t *status = NULL, *version = NULL, *kvm = NULL;

	*ret = (struct server_state){0};
	int r = store_open_folder(&local->store, err);
	if (r < 0)
		return r;
	r = qemu_process(local->store.dirfd, server->id, &ret->process);
	if (r == -ESRCH) {
		look_at_remains(local, server, ret);
		return 0;
	}
	if (r < 0)
		return cannot_tell(server, r, err);
	cleanup_err struct err refused = ERR_INIT;
	r = open_monitor(local, server, &qmp, &refused);
	if ((r == -ENOENT || r == -ECONNREFUSED) && !server->done) {
		ret->state = VIM_STATE_BUILD;
		ret->status = "BUILD";
		return 0;
	}
	if (r == 0)
		r = qmp_command(qmp, "query-status", NULL, &status, &refused);
	if (r == 0)
		r = qmp_command(qmp, "query-version", NULL, &version, &refused);
	if (r == 0)
		r = qmp_command(qmp, "query-kvm", NULL, &kvm, &refused);
	if (r == 0) {
		translate(local, record_string(status, "status"), ret);
		ret->hypervisor = hypervisor_of(local, version, kvm);
	} else if (qemu_process(local->store.dirfd, server->id, &ret->process) == -ESRCH) {
		/* It exited during the query. */
		look_at_remains(local, server, ret);
		r = 0;
	} else {
		/* Reported as its fault, not as an error, so that undeploy continues. Not as ERROR
		 * either, for which deploy would replace it: it may be busy or have a debugger
		 * attached. */
		ret->state = VIM_STATE_DOWN;
		ret->status = "UNKNOWN";
		ret->fault = xasprintf("QEMU (process %d) does not answer: %s",
				       (int)ret->process.pid, refused.text);
		r = 0;
	}
	json_decref(status);
	json_decref(version);
	json_decref(kvm);
	return r;
}

static void port_info(struct local *local, const struct records *records, const struct record *port,
		      bool running, struct vim_port_info *ret)
{
	bool in_use;

	*ret = (struct vim_port_info){
		.name = xstrdup(port->name),
		.nicid = record_nicid(port),
		.type = record_port_type(port),
		.network = xstrdup(record_string(port->spec, "network")),
		.mac_address = xstrdup(record_string(port->made, "mac_address")),
		.physical_network = xstrdup(record_physnet(records, port)),
		.host_device = xstrdup(record_string(port->made, "tap")),
		.numa_node = host_node(records, port),
		.propagate_uplink_status = TRI_UNKNOWN,
		.port_security = TRI_UNKNOWN,
		.link_up = running && json_is_true(json_object_get(port->made, "link_up")),
	};
	json_for_each (a, json_object_get(port->made, "addresses"))
		strv_add(&ret->ip_addresses, record_string(a, "ip_address"));
	net_present(local, records, port, &in_use);
	ret->status = xstrdup(running && in_use ? "ACTIVE" : "DOWN");
}

int server_info(struct local *local, const struct records *records, const struct record *server,
		struct vim_server_info *ret, struct err *err)
{
	struct server_state state;
	cleanup_free struct record **ports = NULL;
	size_t n = 0;

	int r = server_look(local, server, &state, err);
	if (r < 0)
		return r;
	*ret = (struct vim_server_info){
		.id = xstrdup(server->id),
		.name = xstrdup(server->name),
		.state = state.state,
		.status = xstrdup(state.status),
		.fault = state.fault,
		.fault_class = state.fault_class,
		.power_state = xstrdup(state.power_state),
		.uptime = state.process.pid ? process_uptime(&state.process) : -1,
		.cells = (unsigned)json_integer_value(json_object_get(server->made, "cells")),
		.hypervisor = state.hypervisor,
		.action = xstrdup(state.action),
		.action_user = xstrdup(state.action_user),
	};
	/* A removed port is missing; this is not an error of the server. */
	if (find_ports(records, server, &ports, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		port_info(local, records, ports[i], state.process.pid > 0,
			  array_push(ret->ports, ret->n_ports));
	return 0;
}

static int remove_files(struct local *local, const struct record *server, struct err *err)
{
	cleanup_closedir DIR *dir = opendir(local->store.path);
	cleanup_free char *record = record_file(server, "json");
	int folder = dir ? dirfd(dir) : -1;

	if (folder < 0)
		return err_errno(err, errno, "cannot open %s", local->store.path);
	for (struct dirent *e; errno = 0, (e = readdir(dir));) {
		if (!str_starts(e->d_name, server->id) || streq(e->d_name, record))
			continue;
		if (unlinkat(folder, e->d_name, 0) < 0 && errno != ENOENT)
			return err_errno(err, errno, "cannot remove %s/%s", local->store.path,
					 e->d_name);
	}
	return errno ? err_errno(err, errno, "cannot read %s", local->store.path) : 0;
}

static int stop(struct local *local, const struct record *server, struct err *err)
{
	struct process process;

	int r = store_open_folder(&local->store, err);
	if (r < 0)
		return r;
	r = qemu_process(local->store.dirfd, server->id, &process);
	if (r < 0)
		return r == -ESRCH ? 0 : cannot_tell(server, r, err);
	cleanup_qmp struct qmp *qmp = NULL;
	/* By QMP, or else by signal. */
	if (open_monitor(local, server, &qmp, NULL) == 0 &&
	    qmp_command(qmp, "quit", NULL, NULL, NULL) == 0)
		process_wait(&process, 3000);
	return process_end(&process, 3000, err);
}

int server_destroy(struct local *local, const struct record *server, struct err *err)
{
	int r = stop(local, server, err);

	return r < 0 ? r : remove_files(local, server, err);
}

/* Files that a rebuild replaces; the old ones are kept until the change is confirmed. */
static const char *const guest_files[] = {"qcow2", "iso", "user_data"};

/* Renames ID.FILE to ID.FILE.before, or back; a missing file is not an error. */
static int move_files(struct local *local, const struct record *server, bool back, struct err *err)
{
	int dir = local->store.dirfd;

	for (size_t i = 0; i < ARRAY_SIZE(guest_files); i++) {
		cleanup_free char *file = record_file(server, guest_files[i]);
		cleanup_free char *before = xasprintf("%s.before", file);
		if (renameat(dir, back ? before : file, dir, back ? file : before) < 0 &&
		    errno != ENOENT)
			return err_errno(err, errno, "cannot rename %s/%s", local->store.path,
					 file);
	}
	return 0;
}

static void note_before(struct record *server, json_t *ports)
{
	json_t *before = json_object();

	json_object_set(before, "spec", server->spec);
	json_object_set_new(before, "digest", json_string(server->digest));
	json_object_set(before, "image", json_object_get(server->made, "image"));
	json_object_set_new(before, "ports", ports);
	json_object_set_new(server->made, "before", before);
}

/* The guest applies its day-0, also to new ports, at the first boot of a disk only. */
static bool needs_disk(unsigned changes)
{
	return changes & (VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA | VIM_CHANGE_FILES |
			  VIM_CHANGE_PORTS | VIM_CHANGE_DISK);
}

int server_change_begin(struct local *local, struct record *server, json_t *ports, unsigned changes,
			struct err *err)
{
	note_before(server, ports);
	int r = record_save(&local->store, server, err);
	if (r == 0)
		r = stop(local, server, err);
	return r == 0 && needs_disk(changes) ? move_files(local, server, false, err) : r;
}

int server_change_end(struct local *local, const struct vim_request *request,
		      struct records *records, struct record *server, unsigned changes,
		      struct err *err)
{
	/* It is started with the ports of the record. */
	json_decref(server->spec);
	server->spec = vim_request_json(request);
	int r = start(local, request, records, server, needs_disk(changes), err);
	if (r < 0)
		return r;
	/* From here on the record has the new request, also for the next run. */
	free(server->digest);
	server->digest = vim_request_digest(request);
	return record_save(&local->store, server, err);
}

int server_keep(struct local *local, struct record *server, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(guest_files); i++) {
		cleanup_free char *file = record_file(server, guest_files[i]);
		cleanup_free char *before = xasprintf("%s.before", file);
		if (unlinkat(local->store.dirfd, before, 0) < 0 && errno != ENOENT)
			return err_errno(err, errno, "cannot remove %s/%s", local->store.path,
					 before);
	}
	json_object_del(server->made, "before");
	return record_save(&local->store, server, err);
}

int server_start_again(struct local *local, struct records *records, struct record *server,
		       struct err *err)
{
	const json_t *flavor_spec = json_object_get(server->spec, "flavor_spec");
	struct flavor flavor = {0};
	struct image image = {.src = (char *)record_string(server->made, "image")};
	struct vim_request request = {
		.kind = VIM_SERVER,
		.name = server->name,
		.server = {.image_name = record_string(server->spec, "image"),
			   .image = &image,
			   .flavor_name = record_string(server->spec, "flavor")},
	};

	cleanup_free char *src = xstrdup(image.src); /* start() writes made.image */
	image.src = src;
	if (flavor_spec) {
		local_flavor_read(request.server.flavor_name, flavor_spec, &flavor);
		request.server.flavor = &flavor;
	}
	int r = start(local, &request, records, server, false, err);
	local_flavor_clear(&flavor);
	return r;
}

int server_power(struct local *local, struct records *records, struct record *server,
		 enum vim_power power, struct err *err)
{
	if (!server->done || json_object_get(server->made, "before"))
		return err_set(err, BUSY,
			       "server \"%s\" was left incomplete by an interrupted run: run "
			       "'dnsvnf deploy'",
			       server->name);
	/* A guest that powered itself off has a QEMU, too. */
	json_object_set_new(server->made, "stopped", json_string(vim_power_name(power)));
	int r = record_save(&local->store, server, err);
	if (r == 0)
		r = stop(local, server, err);
	if (r < 0 || power == VIM_POWER_STOP)
		return r;
	return server_start_again(local, records, server, err);
}

int server_back_begin(struct local *local, struct record *server, json_t **ret_ports,
		      struct err *err)
{
	const json_t *before = json_object_get(server->made, "before");
	int r = stop(local, server, err);
	if (r == 0)
		r = move_files(local, server, true, err);
	if (r < 0)
		return r;
	json_decref(server->spec);
	server->spec = json_incref(json_object_get(before, "spec"));
	free(server->digest);
	server->digest = xstrdup(record_string(before, "digest"));
	json_object_set(server->made, "image", json_object_get(before, "image"));
	*ret_ports = json_incref(json_object_get(before, "ports"));
	json_object_del(server->made, "before");
	return record_save(&local->store, server, err);
}

static int save_link(struct local *local, struct record *port, bool up, struct err *err)
{
	json_object_set_new(port->made, "link_up", json_boolean(up));
	return record_save(&local->store, port, err);
}

int server_set_link(struct local *local, const struct record *server, struct record *port, bool up,
		    struct err *err)
{
	cleanup_qmp struct qmp *qmp = NULL;
	cleanup_free char *nic = qemu_nic_name(record_nicid(port));
	bool was_up = json_is_true(json_object_get(port->made, "link_up"));

	int r = open_monitor(local, server, &qmp, err);
	/* QEMU does not report a link's state, so it is recorded. The record is written before the
	 * link is set down and after it is set up, so after a kill at any moment a link that is
	 * down is down in the record. */
	if (r == 0 && !up)
		r = save_link(local, port, false, err);
	if (r == 0) {
		r = qmp_command(qmp, "set_link", json_pack("{s:s, s:b}", "name", nic, "up", up),
				NULL, err);
		if (r < 0 && !up && was_up)
			save_link(local, port, true, NULL);
	}
	if (r == 0 && up)
		r = save_link(local, port, true, err);
	return r;
}
