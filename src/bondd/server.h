/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP: GET /status and GET /metrics, and nothing else. */
#pragma once

struct err;

/*
 * Serves on the listening socket fd (takes ownership) from the tree at root (see read.h); returns
 * only on failure. Reads the state for each request.
 */
int server_run(int fd, const char *root, struct err *err);
