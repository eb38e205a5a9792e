/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of verify share: one server, and what was seen of it. */
#pragma once

#include "deploy/verify.h"
#include "vim/vim.h"

struct verify_ctx {
	struct verifications *out;
	struct vim *vim;
	const struct model *model;
	const struct deployment *deployment;
	const struct vm_group *group;
	unsigned index; /* which VM of the group */
	const struct vim_server_info *server;
	const struct guest_status *guest; /* NULL: could not be asked */
	const char *guest_why;            /* why not */
};

void verify_add(struct verify_ctx *ctx, const char *check, const char *object, enum verdict verdict,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static inline enum verdict verify_verdict(bool good)
{
	return good ? VERDICT_PASS : VERDICT_FAIL;
}

/* How Neutron bound the ports and where Nova pinned the cells: what only such a VIM has. */
void verify_binding(struct verify_ctx *ctx);

void verify_console(struct verify_ctx *ctx);
