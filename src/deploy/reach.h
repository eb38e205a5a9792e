/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a guest's address is reachable from this machine. */
#pragma once

#include "vim/vim.h"

/*
 * server must be read with VIM_LOOK_ALL. Sends nothing. *ret_why is the reason for VIM_REACH_NO;
 * the caller frees it.
 */
enum vim_reach reach_of(struct vim *vim, const struct vim_server_info *server, const char *address,
			char **ret_why);

/*
 * What of the VIM keeps packets of that protocol (struct vim_packet) from the address: a clause;
 * NULL: nothing that is known. For an address that did not answer; the caller frees.
 */
char *reach_barrier(struct vim *vim, const struct vim_server_info *server, const char *address,
		    const char *protocol, unsigned port_number);
