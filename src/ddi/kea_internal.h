/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the generators of Kea's configuration. */
#pragma once

#include "base/json_write.h"

struct ddi_derived;
struct ddi_member;
struct ddi_network;
struct ddi_plan;

struct kea {
	struct json_writer w;
	const struct ddi_derived *d;
	const struct ddi_plan *plan;
	const struct ddi_member *member;
	const char *interface;
	int version; /* of IP */
};

void kea_subnet(struct kea *k, const struct ddi_network *network);

void kea_control_socket(struct json_writer *w, const char *path);
void kea_loggers(struct json_writer *w, const char *name);

/* The document's text, which the caller frees; NULL: an error. */
char *kea_text(struct json_writer *w, struct err *err);
