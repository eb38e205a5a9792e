/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C and its like, for everything that waits. */
#pragma once

#include <signal.h>

/* Set to non-zero by a signal handler: what waits stops with -EINTR and says what it leaves. */
extern volatile sig_atomic_t interrupted;
