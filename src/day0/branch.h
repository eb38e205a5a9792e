/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of which the guest runs one or the other: branches of "if" and "case", "A || B", and
 * what follows a branch with "exit". If both set up the network, it is unknown.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct command;
struct guest_links;
struct script;

/* What a script has set up so far. Zero-initialize; decisions_clear() frees it. */
struct decisions {
	size_t *branch; /* by decision: 1 + the number of the branch that sets up the network */
	bool *told;
	size_t n;
	size_t exited; /* the branch that sets it up and ends the script, or 0 */
};

/* Whether the command changes the network. name: index of its program, folder: the working folder,
 * or NULL. */
bool command_sets_up(const struct command *c, size_t name, const char *folder,
		     const struct guest_links *links);

/* Notes that command i of the script changes the network. True, once: another branch does so, too.
 */
bool decisions_note(struct decisions *d, const struct script *script, size_t i);

/* Notes that command i, whose program is "exit", ends the script. */
void decisions_exit(struct decisions *d, const struct script *script, size_t i);

enum alternative {
	ALTERNATIVE_NONE,    /* the command is none, or of a command that changes nothing */
	ALTERNATIVE_SKIPPED, /* it is run only if one fails that succeeds in a new guest */
	ALTERNATIVE_UNKNOWN,
};

/* What command i is if it follows "||". */
enum alternative alternative_find(const struct script *script, size_t i, const char *folder,
				  const struct guest_links *links);

void decisions_clear(struct decisions *d);

#define cleanup_decisions __attribute__((__cleanup__(decisions_clear)))
