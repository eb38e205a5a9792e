/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manager's event log: JSON objects, one a line, {"seq":N,"time":"...", ...}, in segments of
 * files named after their first number. An event is readable when it is on the disk (fsync). A torn
 * last line of a killed writer is cut off when the log is opened.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/alloc.h"

struct err;
struct events;

enum {
	EVENTS_LINE_MAX = 16 << 10,   /* bytes; a longer event is refused */
	EVENTS_SEGMENT_MAX = 8 << 20, /* bytes of a segment */
	EVENTS_SEGMENTS = 64,         /* the oldest is removed */
	EVENTS_PENDING = 1024,        /* kept in memory while the disk takes none */
};

int events_open(const char *folder, struct events **ret, struct err *err);
void events_close(struct events *e); /* takes NULL */
DEFINE_CLEANUP(struct events *, cleanup_events_fn, events_close)
#define cleanup_events cleanup(cleanup_events_fn)

/*
 * Adds the object's members (the caller keeps it) to those of a new event. It gets its number when
 * it is added, and is on the disk only after events_sync(). If EVENTS_PENDING wait for the disk, it
 * is dropped, and counted: EVENTS_LOST reports it later.
 */
void events_add(struct events *e, const json_t *members);

/*
 * Writes what was added, and has it on the disk when it returns 0. After an error (-ENOSPC, -EIO,
 * -EROFS ...) nothing is lost that fits into EVENTS_PENDING: the next call writes it.
 */
int events_sync(struct events *e, struct err *err);

/* The first number that can be read, and the next that will be readable; equal: there are none. */
uint64_t events_first(const struct events *e);
uint64_t events_next(const struct events *e);

/*
 * The number of the next event that is added. events_revoke() takes back those from that number on
 * that are not on the disk. If the disk does not even take that, they may be read after a kill.
 */
uint64_t events_mark(const struct events *e);
void events_revoke(struct events *e, uint64_t from);

uint64_t events_dropped(const struct events *e); /* since the log was opened */

/* A position in the log. Initialise with {.seq = FIRST, .fd = -1}. */
struct events_cursor {
	uint64_t seq; /* of the next event to read */
	int fd;       /* of the segment that is read; -1: none */
	uint64_t segment;
	int64_t offset;
};

/*
 * Reads the event at the cursor, or the first after it that still exists: 1 and its line without
 * the newline (the caller frees), 0 at the end, -errno.
 */
int events_read(struct events *e, struct events_cursor *c, char **ret_line, struct err *err);
void events_cursor_clear(struct events_cursor *c);

/* The number of the first event at or after a time, "2026-12-01T02:56:31Z" or its beginning. */
int events_seek(struct events *e, const char *time, uint64_t *ret_seq, struct err *err);
