/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compute host from the JSON that `dnsvnf host -o json` prints on it, which may be completed by
 * hand with what only Nova's configuration there knows. Unknown keys are ignored.
 *
 * Read, with their defaults:
 *   hostname                 the file's name without .json
 *   cpu_allocation_ratio     16.0  (Nova's initial_cpu_allocation_ratio, Zed)
 *   ram_allocation_ratio     1.5
 *   disk_allocation_ratio    1.0
 *   disk_gb, disk_used_gb    not known, 0
 *   reserved_memory_mb       512   ([DEFAULT]reserved_host_memory_mb)
 *   numa_nodes[]             none: the host reports no NUMA topology
 *     id                     its place in the array
 *     socket                 not known
 *     memory_mb, memory_used_mb           0, 0
 *     dedicated_cpus, shared_cpus         [compute]cpu_dedicated_set, cpu_shared_set: arrays of
 *                            numbers or strings like "2-5,8"; see below
 *     pinned_cpus            dedicated CPUs in use; none
 *     shared_cpu_usage       vCPUs of guests on the shared CPUs; 0
 *     siblings               arrays of the thread siblings; each CPU a core of its own
 *     huge_pages[]           size_kb; total 0, reserved 0, free: all of them. In use by guests is
 *                            total - free - reserved, not less than 0. The ordinary pages (4 KiB)
 *                            are completed from memory_mb where there is no such entry. No
 *                            array: the host reports no pages to Nova.
 *   nics[]
 *     name, numa_node        none, no node (also for null and -1)
 *     physnet                by [pci]device_spec; none: Nova does not know the NIC,
 *                            unless compute_host_map() adds it
 *     assignable             whether a device_spec gives the PF itself to ports; not known: yes if
 *                            there are no VFs
 *     trusted                whether that device_spec has "trusted": "true"; not known
 *     vfs[]                  pci_address; in_use (false); assignable (yes); physnet, trusted (those
 *                            of the NIC). A NIC with an empty or no array is a PF that a port of
 *                            type passthru can take, unless in_use is true.
 *
 * Nodes and CPUs that contradict each other (a CPU in two nodes, as firmware may report it) make
 * the host one of which nothing is known (compute_host.contradiction), not an error.
 *
 * A node that has neither dedicated_cpus nor shared_cpus, but `cpus` and `isolated_cpus`: as an
 * operator would set Nova up, the isolated ones are dedicated and the others shared; where nothing
 * is isolated on the whole host, all are both, as with a Nova that was given no sets. If that is
 * not how Nova is set up, explain is wrong: give the two sets.
 */
#pragma once

#include <stddef.h>

#include "placement/compute.h"

struct err;

/* file is for messages. Errors are -EINVAL with "FILE:LINE: " or "FILE: PATH.OF.MEMBER: " in front.
 */
int host_json_parse(const char *data, size_t len, const char *file, struct compute_host *ret,
		    struct err *err);
int host_json_read(const char *file, struct compute_host *ret, struct err *err);

struct compute_hosts {
	struct compute_host *v;
	size_t n;
};

/* All *.json of the folder, by name. -ENOENT: no such file; -EEXIST: two hosts with one name. */
int hosts_read_dir(const char *dir, struct compute_hosts *ret, struct err *err);
void compute_hosts_clear(struct compute_hosts *hosts);

#define cleanup_compute_hosts __attribute__((__cleanup__(compute_hosts_clear)))
