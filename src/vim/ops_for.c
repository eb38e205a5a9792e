// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"
#include "vim/vim.h"

const struct vim_ops *vim_ops_for(const char *vim_name)
{
	return streq(vim_name, vim_local.name) ? &vim_local : &vim_openstack;
}
