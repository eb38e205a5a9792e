/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP: GET /status and GET /metrics, and nothing else. */
#pragma once

struct err;

/*
 * Answers on the listening socket fd (which it takes over) from the tree at root (see read.h),
 * until HTTP itself fails. Each answer is read afresh.
 */
int server_run(int fd, const char *root, struct err *err);
