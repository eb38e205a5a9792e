/* SPDX-License-Identifier: Apache-2.0 */
/* OpenStack: Keystone, Glance, Neutron and Nova over HTTP, for a cloud in clouds.yaml. */
#pragma once

#include "vim/vim.h"

extern const struct vim_ops vim_openstack;
