/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A config drive as Nova (26, Zed) writes it: ISO 9660 with Rock Ridge and Joliet, volume config-2,
 * the folders and keys of nova.api.metadata.base and nova.virt.netutils. All pointers are borrowed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct drive_file;
struct err;
struct json_writer;

/* Nova stores user data as base64 in a column of 65,535 bytes. */
#define CONFIGDRIVE_USER_DATA_MAX ((size_t)65535 / 4 * 3)

/* A fixed address of a port in one subnet. */
struct configdrive_address {
	int ip_version; /* 4 or 6 */
	const char *ip_address;
	unsigned prefix;     /* length, of the subnet */
	const char *gateway; /* or NULL */
	bool dhcp;           /* of the subnet */
	const char *const *dns_servers;
	size_t n_dns_servers;
};

struct configdrive_port {
	const char *id;         /* UUID of the port */
	const char *network_id; /* UUID of the network */
	const char *mac_address;
	const char *vif_type; /* Neutron's: "ovs" of a normal port, "hw_veb" of a direct one */
	unsigned mtu;         /* bytes; 0: not known */
	const struct configdrive_address *addresses;
	size_t n_addresses;
	/* The device in the guest, for meta_data.json. Nova names in `devices` the direct ports on
	 * a VLAN and the ports with a tag. */
	const char *pci_address; /* in the guest, "0000:41:00.0", or NULL */
	unsigned vlan;           /* of a direct port; 0: none */
	bool vf_trusted;
	const char *tag; /* or NULL */
};

struct configdrive {
	const char *uuid; /* of the server */
	const char *name;
	const char *hostname; /* NULL: configdrive_hostname; ".novalocal" is added as Nova does */
	const char *project_id;
	const char *availability_zone;  /* NULL: "nova" */
	const char *flavor;             /* name, for EC2's instance-type */
	const unsigned *dedicated_cpus; /* guest CPUs that are pinned, rising */
	size_t n_dedicated_cpus;
	const struct configdrive_port *ports; /* by nicid */
	size_t n_ports;
	const void *user_data; /* NULL: no user_data file */
	size_t user_data_len;
	const struct drive_file *files; /* openstack/content/NNNN, and "files" of meta_data.json */
	size_t n_files;
};

/*
 * Nova's hostname for a server's name: lower case letters, digits and dashes, at most 63;
 * "Server-UUID" if none are left. The caller frees.
 */
char *configdrive_hostname(const char *name, const char *uuid);

/* Its latest meta_data.json and network_data.json, without the random seed, as members by path. */
void configdrive_put(struct json_writer *w, const struct configdrive *drive);

/* Writes the drive aside and renames it over path (mode 0600: user data may hold secrets). */
int configdrive_write(const char *path, const struct configdrive *drive, struct err *err);
