/* SPDX-License-Identifier: Apache-2.0 */
/* A VIM whose only operation is socket(2), here and now. */
#pragma once

#include <errno.h>
#include <sys/socket.h>

#include "base/err.h"
#include "vim/vim.h"

static inline int plain_socket(struct vim *vim, int domain, int type, int protocol, struct err *err)
{
	(void)vim;
	int fd = socket(domain, type, protocol);
	return fd < 0 ? err_errno(err, errno, "socket") : fd;
}

static const struct vim_ops plain_ops = {.name = "plain", .socket = plain_socket};
static struct vim plain_vim __attribute__((unused)) = {.ops = &plain_ops};
