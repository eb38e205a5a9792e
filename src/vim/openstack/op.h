/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request that changes a cloud, as a state machine: what to do next, given an answer. Pure: the
 * drivers (create.c, destroy.c) send the requests, name the answers and carry out the next state.
 *
 * - READY: to be sent, alone or in bulk.
 * - POSTED: the POST, or the DELETE, is under way.
 * - UNKNOWN: a pause before the next look, because the service may still work. To create: the
 *   outcome is unknown. To delete: the DELETE was accepted.
 * - PROBING: to create, listing the owner marks; to delete, checking whether it still exists.
 * - FOLLOWUP: to create, extra specs or an image's file; to delete, forceDelete of a soft-deleted
 *   server.
 * - RESET: os-resetState of a server whose deletion came to nothing. Nova ignores another DELETE
 *   while its task is "deleting" (nova/compute/api.py, _delete).
 * - DONE: it exists; or it is deleted, or kept because others use it.
 * - FAILED: the caller reports why.
 */
#pragma once

#include <stdbool.h>

enum op_state {
	OP_READY,
	OP_POSTED,
	OP_UNKNOWN,
	OP_PROBING,
	OP_FOLLOWUP,
	OP_RESET,
	OP_DONE,
	OP_FAILED
};

enum op_answer {
	OP_PROCEED,     /* not an answer: its dependencies exist, or the pause is over */
	OP_OK,          /* done as asked */
	OP_ACCEPTED,    /* of a DELETE: the service will carry it out */
	OP_REFUSED,     /* with a status: nothing was changed */
	OP_CONFLICT,    /* 409: it exists already (create), others use it (delete) */
	OP_LOST,        /* may have been carried out: connection broken, 5xx, not JSON */
	OP_UNREACHABLE, /* no service saw the request */
	OP_FOUND,       /* all requested resources exist */
	OP_FOUND_PART,  /* some of a bulk request exist */
	OP_FOUND_OTHER, /* a flavor of this name exists, made by another deployment */
	OP_FOUND_SOFT,  /* a server is soft-deleted: it still holds ports, VFs and quota */
	OP_FOUND_STUCK, /* a server: its deletion failed, or nobody carries it out */
	OP_NOT_FOUND,
	OP_TIMEOUT,
	OP_INTERRUPTED,
};

enum op_kind { OP_CREATE, OP_DELETE };

enum {
	OP_MAX_TRIES = 3,  /* POSTs with unknown outcome for one resource */
	OP_MAX_PROBES = 4, /* of the owner marks after each of them */
	OP_MAX_RESETS = 3, /* of a server whose deletion came to nothing */
};

struct op {
	enum op_kind kind;
	enum op_state state;
	bool bulk;        /* several resources in one request */
	bool unique_name; /* at most one in the cloud has this name (flavors) */
	unsigned tries;   /* requests whose outcome was unknown; survives a second READY */
	unsigned probes;  /* since the last request */
	unsigned resets;  /* os-resetState and another DELETE */
	bool followed_up; /* a forceDelete is sent once */
};

/*
 * The operation after this answer. DONE and FAILED are final; an answer that the state does not
 * expect leads to FAILED. A bulk request that was refused is READY again: its resources are to be
 * requested one by one, so that the error names one of them.
 */
struct op op_next(struct op op, enum op_answer answer);

/* Sent, and neither done nor failed. */
bool op_is_running(enum op_state state);
