/* SPDX-License-Identifier: Apache-2.0 */
/* OpenStack: Keystone, Glance, Neutron and Nova over HTTP, as a cloud of clouds.yaml names them. */
#pragma once

#include "vim/vim.h"

extern const struct vim_ops vim_openstack;
