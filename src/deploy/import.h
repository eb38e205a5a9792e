/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptor and the day-0 files of a deployment that runs in a VIM. */
#pragma once

#include "deploy/draft.h"

struct err;
struct model;
struct strv;
struct vim;

/*
 * As vim_ops.import, with the user data split into the day-0 files that deploy would make it of,
 * and with what ESC's model needs besides: monitoring of VM_ALIVE. The caller frees all three.
 */
int import_design(struct vim *vim, const char *const *servers, struct model **ret,
		  struct draft_files *ret_files, struct strv *ret_notes, struct err *err);
