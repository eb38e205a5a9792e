/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded VIM: QEMU in one network namespace per deployment. Its state is in /var/lib/dnsvnf
 * (DNSVNF_LOCAL_DIR) and is removed with the deployment.
 */
#pragma once

struct vim_ops;

extern const struct vim_ops vim_local;
