/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU: what this machine's can do, its command line for a server, its start. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "vim/local/host.h"
#include "vim/local/image.h"
#include "vim/local/process.h"

struct err;

#define QEMU_PROGRAM "qemu-system-x86_64"

struct qemu {
	bool kvm;
	char *why_no_kvm; /* one clause; NULL with KVM */
	bool igb;
};

/*
 * Looks: is QEMU there (-ENOENT when not), has it igb (QEMU >= 8.0), does KVM really run a guest on
 * this machine? /dev/kvm may be there and useless, in a guest of a hypervisor that hides what KVM
 * needs, so a guest is started on it for a moment.
 */
int qemu_probe(struct qemu *ret, struct err *err);
void qemu_clear(struct qemu *qemu);

struct qemu_nic {
	unsigned nicid;
	const char *mac;
	const char *tap;
	bool direct; /* behind a PCIe root port on its node, as a VF would be */
	int node;    /* guest cell, of a direct one; -1: the guest has no NUMA */
};

/* Files are relative to the deployment's folder. */
struct qemu_guest {
	const char *id; /* UUID: names the files ID.qmp, ID.log, ID.pid too */
	const char *name;
	unsigned vcpus, memory_mb;
	struct cells cells;
	const char *disk;            /* qcow2 */
	const char *config_drive;    /* ISO 9660 */
	const char *kernel, *initrd; /* or NULL: boot the disk */
	const struct qemu_nic *nics; /* by nicid */
	size_t n_nics;
};

/* NULL-terminated argv of it; -E2BIG when there are more NICs than the machine has slots for. */
int qemu_argv(const struct qemu *qemu, const struct qemu_guest *guest, char ***ret_argv,
	      struct err *err);
void qemu_argv_free(char **argv); /* takes NULL */

/* Name of the NIC for QMP's set_link; the caller frees. */
char *qemu_nic_name(unsigned nicid);

/* PCI address of NIC number `index` of the guest, as the guest sees it; the caller frees. */
char *qemu_nic_address(const struct qemu_guest *guest, size_t index);

/*
 * Starts QEMU in folder dirfd and network namespace netns and returns when its monitor answers. It
 * lives on without dnsvnf, and from before it runs its pid stands in ID.pid (qemu_process). When it
 * dies at once, the error is what it said.
 */
int qemu_start(const struct qemu *qemu, const struct qemu_guest *guest, int dirfd, int netns,
	       struct err *err);

/* The process behind ID.pid; -ESRCH when there is none or it is gone. */
int qemu_process(int dirfd, const char *id, struct process *ret);

/* Last lines of what QEMU wrote to ID.log, "; " between them; "" when there are none. */
char *qemu_last_words(int dirfd, const char *id);
