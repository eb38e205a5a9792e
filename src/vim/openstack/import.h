/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptor from cloud. What the cloud shows of an object does not say how the descriptor wrote it
 * (a MAC address given, or chosen by Neutron?). The digest in the object's mark does: the spelling
 * that has this digest is the right one.
 */
#pragma once

#include "vim/openstack/handle.h"

struct importer {
	const char *vim, *project;  /* names; project may be NULL */
	struct resources resources; /* all that the servers use */
	json_t *security_groups;
	struct model *model;
	struct tenant *tenant;
	struct deployment *deployment;
	char *prefix; /* of the marks: "dnsvnf:T/D/", or NULL: not dnsvnf's */
	struct strv *notes;
};

/*
 * Keeps of the listed servers those of these names or ids, and those of their deployment. -ENOENT:
 * one is not listed; -EINVAL: they are of two deployments.
 */
int import_choose(struct importer *im, const char *const *servers, struct err *err);

/* Fills im->model from what is listed. No I/O. */
int import_build(struct importer *im, const char *first_server, struct err *err);

void importer_clear(struct importer *im); /* not the model and the notes */

/* The role in a mark of the imported deployment ("port/cpnr/0/2"), or NULL. */
const char *import_role(const struct importer *im, const struct vim_object *object);

/* The name of a network of that id in the descriptor; NULL: not listed. */
const char *import_network_name(const struct importer *im, const char *id);

/* Whether the request is what the object was made from. */
bool import_is_from(const struct vim_request *request, const struct vim_object *object);

/*
 * Adds the port to the group as interface nicid, and its options to the group's extension, in the
 * spelling that its digest has, else in the plainest.
 */
void import_port(struct importer *im, struct vm_group *group, const struct resource *port,
		 unsigned nicid);

/* Sets a property of the extension dnsvnf. */
void import_option(struct extension **v, size_t *n, const char *name, const char *value);
