/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct options;
struct verb;

/* `dnsvnf status --watch`: what the manager sees of its VMs. Returns the exit code. */
int cli_status_watch(const struct verb *verb, const struct options *options);
