/* SPDX-License-Identifier: Apache-2.0 */
/* How the programs that a script runs affect the guest's network. */
#pragma once

#include <stdbool.h>

struct text;

enum program {
	PROGRAM_UNKNOWN,
	PROGRAM_HARMLESS, /* does not change the network's configuration */
	PROGRAM_NETWORK,  /* sets it up, in a form that is not read */
};

/* By its name without the folder. */
enum program program_find(const char *name);

/* Whether the content of a file or script in an unknown language is about the network. */
bool mentions_network(const struct text *text);

/* Whether a program of the guest takes its network from the file, or the files of the folder, of
 * that path. */
bool is_network_path(const char *path);

/* Whether the path is in a folder of network files whose program passes over that name, such as
 * "60-dns.yaml.bak". *ret_names: the names that it reads; NULL: all but those of copies. */
bool is_passed_over(const char *path, const char **ret_names);
