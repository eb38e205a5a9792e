/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the parts of verify: one server and its observed state. */
#pragma once

#include "deploy/verify.h"
#include "vim/vim.h"

struct verify_ctx {
	struct verifications *out;
	struct vim *vim;
	const struct model *model;
	const struct deployment *deployment;
	const struct vm_group *group;
	unsigned index;  /* which VM of the group */
	bool guest_only; /* not what is asked of DNS, the console and the host */
	const struct vim_server_info *server;
	const struct guest_status *guest; /* NULL: could not be queried */
	const char *guest_why;            /* why not */
};

void verify_add(struct verify_ctx *ctx, const char *check, const char *object, enum verdict verdict,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A leg, and its port or NULL. */
struct verify_leg {
	const char *name;
	const struct vim_port_info *port;
};

/* Legs on one NIC fail together. */
void verify_legs_apart(struct verify_ctx *ctx, const char *bond, const struct verify_leg *legs,
		       size_t n);

/* What can be checked from outside if the guest does not report its state. */
void verify_outside(struct verify_ctx *ctx);

static inline enum verdict verify_verdict(bool good)
{
	return good ? VERDICT_PASS : VERDICT_FAIL;
}

/* Port bindings of Neutron and pinning of Nova: only on OpenStack. */
void verify_binding(struct verify_ctx *ctx);

void verify_console(struct verify_ctx *ctx);
