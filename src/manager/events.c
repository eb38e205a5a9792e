// SPDX-License-Identifier: Apache-2.0
#include "manager/events.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"

#define SEGMENT_NAME "%020" PRIu64 ".jsonl"

struct events {
	int dir;
	uint64_t *segments; /* their first numbers, ascending */
	size_t n_segments;
	int fd;           /* the last segment, or -1 */
	int64_t size;     /* of it, as far as it is on the disk */
	uint64_t durable; /* number after the last event on the disk */
	uint64_t next;    /* of the next event */
	char **pending;   /* lines from durable on */
	size_t n_pending;
	uint64_t dropped, dropped_reported;
};

static void segment_name(uint64_t first, char ret[32])
{
	snprintf(ret, 32, SEGMENT_NAME, first);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int list_segments(struct events *e, struct err *err)
{
	int copy = openat(e->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_closedir DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d)
		return err_errno(err, errno, "cannot list the event log");
	errno = 0;
	for (const struct dirent *entry; (entry = readdir(d)); errno = 0) {
		char name[32];
		uint64_t first;
		if (sscanf(entry->d_name, "%20" SCNu64, &first) != 1)
			continue;
		segment_name(first, name);
		if (first > 0 && first < INT64_MAX && streq(name, entry->d_name))
			*array_push(e->segments, e->n_segments) = first;
	}
	if (errno)
		return err_errno(err, errno, "cannot list the event log");
	if (e->n_segments)
		qsort(e->segments, e->n_segments, sizeof(*e->segments), compare_numbers);
	return 0;
}

/* The number of an event's line; 0: it is none. */
static uint64_t line_number(const char *line, size_t len)
{
	uint64_t seq = 0;

	if (len < 10 || line[len - 1] != '}' || sscanf(line, "{\"seq\":%20" SCNu64 ",", &seq) != 1)
		return 0;
	return seq;
}

/* Finds the end of the last whole event of the last segment, cuts off what follows it. */
static int repair(struct events *e, struct err *err)
{
	uint64_t first = e->segments[e->n_segments - 1];
	cleanup_free char *data = NULL;
	size_t len, end = 0;
	char name[32];

	segment_name(first, name);
	e->next = first;
	e->fd = openat(e->dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (e->fd < 0)
		return err_errno(err, errno, "cannot open %s", name);
	int r = file_read_at(e->dir, name, EVENTS_SEGMENT_MAX + EVENTS_LINE_MAX, &data, &len, err);
	if (r < 0)
		return r;
	for (size_t at = 0; at < len;) {
		const char *newline = memchr(data + at, '\n', len - at);
		size_t n = newline ? (size_t)(newline - data) - at : len - at;
		uint64_t seq = newline ? line_number(data + at, n) : 0;
		/* A number that the segment cannot have is damage. */
		if (seq >= e->next && seq - first < EVENTS_SEGMENT_MAX) {
			e->next = seq + 1;
			end = at + n + 1;
		}
		at += n + 1;
	}
	e->size = (int64_t)end;
	if (end < len && (ftruncate(e->fd, e->size) < 0 || fsync(e->fd) < 0))
		return err_errno(err, errno, "cannot cut off the torn end of %s", name);
	return 0;
}

int events_open(const char *folder, struct events **ret, struct err *err)
{
	cleanup_events struct events *e = xcalloc(1, sizeof(*e));

	*e = (struct events){.dir = -1, .fd = -1, .next = 1};
	int r = dir_make(folder, err);
	if (r < 0)
		return r;
	e->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (e->dir < 0)
		return err_errno(err, errno, "cannot open %s", folder);
	r = list_segments(e, err);
	if (r == 0 && e->n_segments)
		r = repair(e, err);
	if (r < 0)
		return err_wrap(err, "event log %s", folder);
	e->durable = e->next;
	*ret = steal_ptr(e);
	return 0;
}

void events_close(struct events *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->n_pending; i++)
		free(e->pending[i]);
	if (e->fd >= 0)
		close(e->fd);
	if (e->dir >= 0)
		close(e->dir);
	free_all(e->pending, e->segments, e);
}

/* UTC with milliseconds, as in the line of an event. */
static void put_now(struct json_writer *w)
{
	struct timespec now;
	struct tm tm;
	char date[24], text[40];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03ldZ", date, now.tv_nsec / 1000000);
	json_put_text(w, "time", text);
}

static char *make_line(uint64_t seq, const json_t *members)
{
	cleanup_json_writer struct json_writer w = {0};
	const char *key;
	json_t *value;

	json_open_object(&w, NULL);
	json_put_uint64(&w, "seq", seq);
	put_now(&w);
	json_object_foreach ((json_t *)members, key, value)
		json_put_json(&w, key, value);
	json_close(&w);
	return json_write_text(&w, JSON_COMPACT, NULL);
}

void events_add(struct events *e, const json_t *members)
{
	cleanup_free char *line =
		e->n_pending < EVENTS_PENDING ? make_line(e->next, members) : NULL;

	if (!line || strlen(line) > EVENTS_LINE_MAX) {
		e->dropped++;
		return;
	}
	*array_push(e->pending, e->n_pending) = steal_ptr(line);
	e->next++;
}

static int remove_oldest(struct events *e, struct err *err)
{
	char name[32];

	segment_name(e->segments[0], name);
	if (unlinkat(e->dir, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, "cannot remove the oldest segment %s", name);
	memmove(e->segments, e->segments + 1, --e->n_segments * sizeof(*e->segments));
	return 0;
}

static int begin_segment(struct events *e, struct err *err)
{
	char name[32];

	while (e->n_segments >= EVENTS_SEGMENTS) {
		int r = remove_oldest(e, err);
		if (r < 0)
			return r;
	}
	segment_name(e->durable, name);
	int fd = openat(e->dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_errno(err, errno, "cannot create %s", name);
	if (fsync(e->dir) < 0) {
		int code = errno;
		close(fd);
		return err_errno(err, code, "cannot write the folder to the disk");
	}
	if (e->fd >= 0)
		close(e->fd);
	e->fd = fd;
	e->size = 0;
	if (e->n_segments == 0 || e->segments[e->n_segments - 1] != e->durable)
		*array_push(e->segments, e->n_segments) = e->durable;
	return 0;
}

/* As many pending lines as the segment takes, at least one. */
static int write_some(struct events *e, struct err *err)
{
	cleanup_strbuf struct strbuf lines = {0};
	size_t n = 0;
	int r = 0;

	if (e->fd < 0 || e->size >= EVENTS_SEGMENT_MAX)
		r = begin_segment(e, err);
	if (r < 0)
		return r;
	while (n < e->n_pending && e->size + (int64_t)lines.len < EVENTS_SEGMENT_MAX)
		strbuf_adds(&lines, e->pending[n++]);
	/* Also what an earlier call wrote in part, or wrote and could not have on the disk. */
	if (ftruncate(e->fd, e->size) < 0 || lseek(e->fd, e->size, SEEK_SET) < 0)
		return err_errno(err, errno, "cannot write an event");
	r = write_all(e->fd, lines.s, lines.len);
	if (r == 0 && fsync(e->fd) < 0)
		r = -errno;
	if (r < 0)
		return err_errno(err, r, "cannot write an event");
	for (size_t i = 0; i < n; i++)
		free(e->pending[i]);
	e->n_pending -= n;
	memmove(e->pending, e->pending + n, e->n_pending * sizeof(*e->pending));
	e->size += (int64_t)lines.len;
	e->durable += n;
	return 0;
}

static void add_lost(struct events *e)
{
	cleanup_json json_t *members =
		json_pack("{s:s,s:s,s:I}", "type", "EVENTS_LOST", "status", "NOTE", "count",
			  (json_int_t)(e->dropped - e->dropped_reported));

	e->dropped_reported = e->dropped;
	events_add(e, members);
}

int events_sync(struct events *e, struct err *err)
{
	int r = 0;

	while (r == 0 && e->n_pending)
		r = write_some(e, err);
	if (r == 0 && e->dropped > e->dropped_reported) {
		add_lost(e);
		r = write_some(e, err);
	}
	return r < 0 ? err_wrap(err, "event log") : 0;
}

uint64_t events_mark(const struct events *e)
{
	return e->next;
}

void events_revoke(struct events *e, uint64_t from)
{
	if (from < e->durable)
		from = e->durable;
	for (; e->next > from; e->next--)
		free(e->pending[--e->n_pending]);
	if (e->fd >= 0) /* what was written and is not known to be on the disk */
		(void)!ftruncate(e->fd, e->size);
}

uint64_t events_first(const struct events *e)
{
	return e->n_segments ? e->segments[0] : e->durable;
}

uint64_t events_next(const struct events *e)
{
	return e->durable;
}

uint64_t events_dropped(const struct events *e)
{
	return e->dropped;
}

/* The segment that has the number, or the first after it. */
static uint64_t segment_of(const struct events *e, uint64_t seq)
{
	size_t i = e->n_segments;

	while (i > 1 && e->segments[i - 1] > seq)
		i--;
	return e->segments[i - 1];
}

static int open_segment(const struct events *e, struct events_cursor *c, struct err *err)
{
	uint64_t first = segment_of(e, c->seq);
	char name[32];

	if (c->fd >= 0 && c->segment == first)
		return 0;
	events_cursor_clear(c);
	segment_name(first, name);
	c->fd = openat(e->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (c->fd < 0)
		return err_errno(err, errno, "cannot open %s of the event log", name);
	c->segment = first;
	c->offset = 0;
	return 0;
}

/* The line at the cursor's offset: 1; 0: there is no whole one. */
static int read_line(struct events_cursor *c, char buffer[static EVENTS_LINE_MAX + 2],
		     size_t *ret_len, struct err *err)
{
	ssize_t n = pread(c->fd, buffer, EVENTS_LINE_MAX + 1, c->offset);

	if (n < 0)
		return err_errno(err, errno, "cannot read the event log");
	const char *newline = memchr(buffer, '\n', (size_t)n);
	if (!newline)
		return 0;
	*ret_len = (size_t)(newline - buffer);
	c->offset += (int64_t)*ret_len + 1;
	return 1;
}

int events_read(struct events *e, struct events_cursor *c, char **ret_line, struct err *err)
{
	char buffer[EVENTS_LINE_MAX + 2];
	size_t len = 0;

	while (c->seq < e->durable) {
		int r = open_segment(e, c, err);
		if (r < 0)
			return r;
		r = read_line(c, buffer, &len, err);
		if (r < 0)
			return r;
		if (r == 0) { /* the rest of the segment is unreadable */
			size_t i = 0;
			while (i < e->n_segments && e->segments[i] <= c->segment)
				i++;
			c->seq = i < e->n_segments ? e->segments[i] : e->durable;
			continue;
		}
		uint64_t seq = line_number(buffer, len);
		if (seq < c->seq || seq >= e->durable) /* before it, or damaged */
			continue;
		c->seq = seq + 1;
		*ret_line = xstrndup(buffer, len);
		return 1;
	}
	return 0;
}

void events_cursor_clear(struct events_cursor *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* Whether the line's time is at or after it. Both are UTC in one format, so they sort as text. */
static bool is_from(const char *line, const char *time)
{
	static const char member[] = "\"time\":\"";
	const char *at = strstr(line, member);

	return at && strncmp(at + strlen(member), time, strlen(time)) >= 0;
}

int events_seek(struct events *e, const char *time, uint64_t *ret_seq, struct err *err)
{
	struct events_cursor c = {.seq = events_first(e), .fd = -1};
	cleanup_free char *line = NULL;
	int r = 1;

	/* The last segment that begins before the time; then each event of it. */
	for (size_t i = e->n_segments; r == 1 && i-- > 1;) {
		events_cursor_clear(&c);
		c.seq = e->segments[i];
		r = events_read(e, &c, &line, err);
		bool later = r == 1 && is_from(line, time);
		c.seq = later ? events_first(e) : e->segments[i];
		free(steal_ptr(line));
		if (r == 1 && !later)
			break;
	}
	events_cursor_clear(&c);
	while ((r = events_read(e, &c, &line, err)) == 1) {
		if (is_from(line, time))
			break;
		free(steal_ptr(line));
	}
	events_cursor_clear(&c);
	if (r < 0)
		return r;
	*ret_seq = r == 1 ? c.seq - 1 : e->durable;
	return 0;
}
