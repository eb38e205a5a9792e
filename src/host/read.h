/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of host_read; internal to src/host/. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/finding.h"

struct host;
struct host_nic;
struct host_vf;
struct oslo_conf;
struct tree;

#define PCI_DEVICES "sys/bus/pci/devices"

/* Reads nodes, CPUs and huge pages. nova is NULL if nova.conf is unreadable. */
void nodes_read(struct tree *tree, const struct oslo_conf *nova, struct host *host);

/* Reads PCI network functions with their VFs. */
void nics_read(struct tree *tree, struct host *host);

/* Reads what the kernel reports by netlink and ethtool; from a capture, what it reported then. */
void links_read(struct tree *tree, struct host *host);

/* Sets the driver version and firmware of the NIC with this interface. */
void driver_info_read(struct tree *tree, struct host_nic *nic);

/* The settings of nova-compute and of the SR-IOV agent that are used here; NULL if unreadable. */
struct oslo_conf *nova_conf_read(struct tree *tree, struct host *host);
struct oslo_conf *agent_conf_read(struct tree *tree);

/*
 * Sets which functions Nova gives to guests, and the physnets. Adds findings about device specs. A
 * conf is NULL if unreadable.
 */
void physnets_apply(const struct oslo_conf *nova, const struct oslo_conf *agent, struct host *host);

void cmdline_read(struct tree *tree, struct host *host);
void iommu_read(struct tree *tree, struct host *host);
void modules_read(struct tree *tree, struct host *host);
void conntrack_read(struct tree *tree, struct host *host);

/*
 * Number of VFs in the SR-IOV capability of a config space of len bytes. 0 without the capability;
 * -1 if unknown (unprivileged users can read the first 64 bytes only).
 */
int64_t pci_sriov_total(const void *config, size_t len);

/* Device name from pci.ids, for example "Ethernet Controller XL710 for 40GbE QSFP+", or NULL. The
 * caller frees it. */
char *pci_model(unsigned vendor, unsigned device);

/* Adds a finding. object (NIC, NUMA node, or NULL for the host) is copied; source may be NULL. */
void lint_add(struct host *host, enum severity severity, const char *rule, const char *object,
	      const char *source, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Name of a NIC for messages: its interface, else its PCI address. */
const char *nic_label(const struct host_nic *nic);

/* Whether the host has set the VF's MAC and the VF is not trusted to change it: 0, 1 or
 * HOST_UNKNOWN. */
int64_t vf_is_untrusted(const struct host_vf *vf);

/* Adds findings from data/nic-drivers.json for the host's NICs. */
void lint_drivers(struct host *host);
