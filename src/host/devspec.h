/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of nova.conf's [pci] device_spec, read, refused and matched against PCI functions as
 * Nova does (nova/pci/whitelist.py and devspec.py, Zed). tests/placement/devspec.py compares them.
 *
 * Regular expressions of an address are Python's; of those, what POSIX has too is matched, the rest
 * is unknown.
 */
#pragma once

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/tristate.h"

struct err;
struct host;

/* Domain, bus, slot, function. */
#define ADDRESS_FIELDS 4

/* A field of the address, or an id: "*" for any, hexadecimal digits, or an expression. */
struct devspec_field {
	char *text;
	bool is_regex;
	bool compiled; /* else the expression is not understood */
	regex_t regex;
};

struct devspec {
	struct devspec_field vendor, product, address[ADDRESS_FIELDS];
	char *devname; /* NULL: by address */
	bool is_pf;    /* the address is that of one PF, so its VFs match, too */
	bool remote_managed;
	bool trusted;     /* the tag is the text "true", in any case */
	bool trusted_odd; /* the tag is not a text: Nova's claim does not accept it */
	char *physnet;    /* tag physical_network, or NULL */
};

struct devspecs {
	struct devspec *v;
	size_t n;
};

/* As libvirt reports it. */
struct pci_function {
	const char *address;          /* "0000:3b:02.0" */
	const char *parent;           /* the PF of a VF, or NULL */
	const char *vendor, *product; /* "8086"; NULL: unknown */
};

/*
 * Appends the entries of one value of the option: a JSON object, or an array of them. -EINVAL: Nova
 * refuses it, and nova-compute does not start; the error has Nova's reason. The host's NICs tell
 * which addresses are those of PFs.
 */
int devspecs_add(struct devspecs *specs, const char *value, const struct host *host,
		 struct err *err);

enum tristate devspec_match(const struct devspec *spec, const struct host *host,
			    const struct pci_function *function);

void devspecs_clear(struct devspecs *specs);

#define cleanup_devspecs __attribute__((__cleanup__(devspecs_clear)))
