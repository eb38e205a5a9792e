/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/command.h"

extern const struct program bondd_program;
