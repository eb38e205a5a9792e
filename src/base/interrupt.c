// SPDX-License-Identifier: Apache-2.0
#include "base/interrupt.h"

volatile sig_atomic_t interrupted;
