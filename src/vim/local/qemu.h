/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU: capabilities on this machine, command line of a server, start. */
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
	bool run_with_user; /* -run-with user=, in place of -runas */
};

/*
 * The user and group that QEMU becomes once it has opened its disks and taps: one that owns nothing
 * and has no name, below the range of systemd's DynamicUser=.
 */
#define QEMU_USER "61100:61100"

/*
 * Probes whether QEMU is installed (-ENOENT if not), whether it has igb (QEMU >= 8.0), and whether
 * KVM can run a guest. /dev/kvm may exist and be unusable, in a guest of a hypervisor that hides
 * what KVM needs, so a guest is started on it for a moment.
 */
int qemu_probe(struct qemu *ret, struct err *err);
void qemu_clear(struct qemu *qemu);

struct qemu_nic {
	unsigned nicid;
	const char *mac;
	const char *tap;
	bool direct; /* behind a PCIe root port on its node, like a VF */
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

/* NULL-terminated argv; -E2BIG if there are more NICs than slots. */
int qemu_argv(const struct qemu *qemu, const struct qemu_guest *guest, char ***ret_argv,
	      struct err *err);
void qemu_argv_free(char **argv); /* takes NULL */

/* Name of the NIC for QMP's set_link; the caller frees. */
char *qemu_nic_name(unsigned nicid);

/* PCI address of NIC number `index` of the guest, as the guest sees it; the caller frees. */
char *qemu_nic_address(const struct qemu_guest *guest, size_t index);

/*
 * Starts QEMU in folder dirfd and network namespace netns and returns when its monitor answers.
 * QEMU outlives dnsvnf; its pid is written to ID.pid (qemu_process) before it runs. If it exits at
 * once, the error is its message.
 */
int qemu_start(const struct qemu *qemu, const struct qemu_guest *guest, int dirfd, int netns,
	       struct err *err);

/* The process in ID.pid; -ESRCH if there is none or it has exited, another code if that cannot be
 * told. */
int qemu_process(int dirfd, const char *id, struct process *ret);

/* The last lines that QEMU wrote to ID.log, joined by "; "; "" if there are none. */
char *qemu_last_words(int dirfd, const char *id);
