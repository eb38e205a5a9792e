// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/op.h"

static enum op_state unknown_outcome(struct op *op)
{
	op->tries++;
	return OP_UNKNOWN;
}

static enum op_state one_by_one(struct op *op)
{
	op->bulk = false;
	return OP_READY;
}

static enum op_state create_posted(struct op *op, enum op_answer answer)
{
	if (answer == OP_OK)
		return OP_FOLLOWUP;
	/* A conflict after a lost request may be with the resource that it created. */
	if (answer == OP_LOST || (answer == OP_CONFLICT && op->tries > 0))
		return unknown_outcome(op);
	if ((answer == OP_REFUSED || answer == OP_CONFLICT) && op->bulk)
		return one_by_one(op);
	return answer == OP_CONFLICT && op->unique_name ? OP_PROBING : OP_FAILED;
}

static enum op_state create_probing(const struct op *op, enum op_answer answer)
{
	if (answer == OP_FOUND)
		return OP_FOLLOWUP;
	if (answer == OP_FOUND_OTHER)
		return OP_DONE;
	/*
	 * A bulk request creates all or none, so others created this part. tries is 0 after a
	 * conflict of names.
	 */
	if (answer != OP_NOT_FOUND || op->tries == 0)
		return OP_FAILED;
	if (op->probes < OP_MAX_PROBES)
		return OP_UNKNOWN;
	return op->tries < OP_MAX_TRIES ? OP_READY : OP_FAILED;
}

static enum op_state delete_posted(enum op_answer answer)
{
	if (answer == OP_ACCEPTED)
		return OP_UNKNOWN;
	return answer == OP_OK || answer == OP_NOT_FOUND || answer == OP_CONFLICT ? OP_DONE
										  : OP_FAILED;
}

static enum op_state delete_probing(const struct op *op, enum op_answer answer)
{
	if (answer == OP_FOUND || (answer == OP_FOUND_SOFT && op->followed_up))
		return OP_UNKNOWN;
	if (answer == OP_FOUND_SOFT)
		return OP_FOLLOWUP;
	if (answer == OP_FOUND_STUCK && op->resets < OP_MAX_RESETS)
		return OP_RESET;
	return answer == OP_NOT_FOUND ? OP_DONE : OP_FAILED;
}

/* Then another DELETE. */
static enum op_state reset(struct op *op, enum op_answer answer)
{
	op->resets++;
	op->probes = 0;
	if (answer == OP_NOT_FOUND)
		return OP_DONE;
	return answer == OP_OK ? OP_POSTED : OP_FAILED;
}

static enum op_state followup(enum op_kind kind, enum op_answer answer)
{
	if (kind == OP_CREATE)
		return answer == OP_OK ? OP_DONE : OP_FAILED;
	return answer == OP_OK || answer == OP_NOT_FOUND ? OP_UNKNOWN : OP_FAILED;
}

struct op op_next(struct op op, enum op_answer answer)
{
	bool create = op.kind == OP_CREATE;

	switch (op.state) {
	case OP_READY:
		op.state = answer == OP_PROCEED ? OP_POSTED : OP_FAILED;
		op.probes = 0;
		break;
	case OP_POSTED:
		op.state = create ? create_posted(&op, answer) : delete_posted(answer);
		break;
	case OP_UNKNOWN:
		op.state = answer == OP_PROCEED ? OP_PROBING : OP_FAILED;
		op.probes++;
		break;
	case OP_PROBING:
		op.state = create ? create_probing(&op, answer) : delete_probing(&op, answer);
		break;
	case OP_FOLLOWUP:
		op.state = followup(op.kind, answer);
		op.followed_up = true;
		break;
	case OP_RESET:
		op.state = reset(&op, answer);
		break;
	case OP_DONE:
	case OP_FAILED:
		break;
	}
	return op;
}

bool op_is_running(enum op_state state)
{
	return state != OP_READY && state != OP_DONE && state != OP_FAILED;
}
