/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "vim/vim.h"

/* A hint what the user can do about a request refused with this status and message, or NULL. */
const char *hint_for(enum vim_kind kind, long status, const char *message);
