/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "vim/vim.h"

/* What to do about a request that was refused with this status and message, or NULL. */
const char *advice_for(enum vim_kind kind, long status, const char *message);
