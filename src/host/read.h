/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of host_read; inside of src/host/ only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host;
struct host_nic;
struct tree;
struct oslo_conf;

#define PCI_DEVICES "sys/bus/pci/devices"

/* Nodes, CPUs and huge pages; nova is NULL when nova.conf could not be read. */
void nodes_read(struct tree *tree, const struct oslo_conf *nova, struct host *host);

/* PCI functions of class network, with their VFs. */
void nics_read(struct tree *tree, struct host *host);

/* What the kernel tells by netlink and ethtool; of a capture, what it told then. */
void links_read(struct tree *tree, struct host *host);

/* Driver version and firmware of the NIC with this interface. */
void driver_info_read(struct tree *tree, struct host_nic *nic);

/* The links of a dump of RTM_NEWLINK messages that are NICs of this host: sets their VFs' MAC,
 * VLAN, trust, spoof check and link state. keep, or NULL, is called with each such message. */
void links_apply(const void *dump, size_t len, struct host *host,
		 void (*keep)(void *data, const void *message, size_t message_len), void *data);

/* Which physnet each NIC serves; either conf is NULL when it could not be read. */
void physnets_apply(const struct oslo_conf *nova, const struct oslo_conf *agent, struct host *host);

void cmdline_read(struct tree *tree, struct host *host);
void iommu_read(struct tree *tree, struct host *host);
void modules_read(struct tree *tree, struct host *host);
void conntrack_read(struct tree *tree, struct host *host);

/*
 * The number of VFs in the SR-IOV capability of a config space of len bytes; 0: it has none; -1:
 * not to be seen (without privileges only the first 64 bytes are read).
 */
int64_t pci_sriov_total(const void *config, size_t len);

/* "Ethernet Controller XL710 for 40GbE QSFP+" by pci.ids, or NULL; the caller frees. */
char *pci_model(unsigned vendor, unsigned device);
