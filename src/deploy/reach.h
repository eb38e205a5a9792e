/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an address of a guest can be asked from where dnsvnf stands. */
#pragma once

#include "vim/vim.h"

/*
 * server is of a VIM_LOOK_ALL; nothing is sent. *ret_why is the reason for VIM_REACH_NO; the caller
 * frees it.
 */
enum vim_reach reach_of(struct vim *vim, const struct vim_server_info *server, const char *address,
			char **ret_why);
