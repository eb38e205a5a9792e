/* SPDX-License-Identifier: Apache-2.0 */
/* Where the members of a plan are in the descriptor. Pure. */
#pragma once

struct deployment;
struct vm_group;

/* The group of the server with that name (of a vm_group with one VM, or of a VM in the VIM), and
 * which of its VMs it is, from 0; NULL: there is none. */
const struct vm_group *ddi_member_group(const struct deployment *deployment, const char *name,
					unsigned *ret_index);
