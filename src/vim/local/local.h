/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded VIM: QEMU in a private network namespace of each deployment. What it knows stands in
 * /var/lib/dnsvnf (DNSVNF_LOCAL_DIR) and goes with the deployment.
 */
#pragma once

struct vim_ops;

extern const struct vim_ops vim_local;
