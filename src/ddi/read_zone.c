// SPDX-License-Identifier: Apache-2.0
/* The sections "zones", with the records, and "reverse" of a plan. */
#include "base/alloc.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/text.h"
#include "ddi/read.h"
#include "ddi/reader.h"

/* ---- records ---- */

static void set_records(struct reader *r, struct ddi_zone *z, const char *s, size_t len,
			const char *file, unsigned first_line)
{
	if (len > DDI_RECORDS_MAX - r->records_len) {
		r->records_full = true;
		reader_error(r, z->records_line, "ddi-limit",
			     "the records of all zones have more than %d bytes: these are not read",
			     DDI_RECORDS_MAX);
		return;
	}
	r->records_len += len;
	z->records = ddi_strndup(r->plan, s, len);
	z->records_len = len;
	z->records_file = ddi_strndup(r->plan, file, strlen(file));
	z->records_first_line = first_line;
}

/* A list item: a record. Empty lines before it keep its line in the file. */
static void read_line(struct reader *r, void *object)
{
	struct text_builder *b = object;
	struct scalar s;

	if (!reader_scalar(r, "a record, as in a zone file", &s))
		return;
	if (memchr(s.s, '\n', s.len)) {
		reader_wrong(r, &s, "a list with one record an item");
		return;
	}
	for (const char *c = s.s; *c; c++)
		text_builder_add(b, *c, s.line);
	text_builder_add(b, '\n', s.line);
}

static void read_lines(struct reader *r, struct ddi_zone *z)
{
	struct text_builder b = {.text = {.file = r->text->file}};
	cleanup_text struct text text = {0};
	cleanup_strbuf struct strbuf lines = {0};
	unsigned line = z->records_line;

	reader_list(r, DDI_LIST_MAX, read_line, &b);
	text_builder_finish(&b, z->records_line, &text);
	const char *s = text.s;
	for (size_t i = 0; *s; i++, line++) {
		size_t len = strcspn(s, "\n") + 1;

		for (; line < text_line(&text, i); line++)
			strbuf_adds(&lines, "\n");
		strbuf_add(&lines, s, len);
		s += len;
	}
	set_records(r, z, lines.s ? lines.s : "", lines.len, r->text->file, z->records_line);
}

static void open_records(struct reader *r, struct ddi_zone *z, const struct scalar *path)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_text struct text text = {0};

	z->records_path = ddi_strndup(r->plan, path->s, path->len);
	if (!*z->records_path || strchr(z->records_path, '\n')) {
		reader_wrong(r, path,
			     "the path of a file with records, a list of records, or records "
			     "after \"|\"");
		return;
	}
	if (r->records_full)
		return;
	if (r->source->open(r->source->data, z->records_path, &text, &err) < 0)
		reader_error(r, path->line, "ddi-records", "the records of the zone: %s", err.text);
	else
		set_records(r, z, text.s, text.len, text.file, text_line(&text, 0));
}

static void read_records(struct reader *r, void *object)
{
	struct ddi_zone *z = object;
	struct scalar s;

	if (r->event.type == YAML_SEQUENCE_START_EVENT) {
		read_lines(r, z);
		return;
	}
	if (!reader_scalar(r, "a path, a list of records, or records after \"|\"", &s))
		return;
	if (s.literal)
		set_records(r, z, s.s, s.len, r->text->file, s.line + 1);
	else
		open_records(r, z, &s);
}

/* ---- zones ---- */

static void read_transfer(struct reader *r, void *object)
{
	struct ddi_zone *z = object;
	struct list list = {0};

	reader_list(r, DDI_LIST_MAX, reader_address, &list);
	z->n_transfer = list.n;
	z->transfer = reader_keep(r, list.v, list.n, sizeof(*z->transfer));
}

static void read_zone(struct reader *r, void *unused)
{
	static const struct field fields[] = {
		{FIELD("name", NAME, ddi_zone, name)},
		{FIELD("primary", TEXT, ddi_zone, primary),
		 .line_at = offsetof(struct ddi_zone, primary_line)},
		{FIELD("dynamic", BOOL, ddi_zone, dynamic),
		 .line_at = offsetof(struct ddi_zone, dynamic_line)},
		{FIELD("dnssec", WORD, ddi_zone, dnssec),
		 .line_at = offsetof(struct ddi_zone, dnssec_line), .min = DDI_DNSSEC_NONE,
		 .words = "none rsasha256 rsasha512 ecdsap256sha256 ecdsap384sha384 ed25519 "
			  "ed448"},
		{FIELD("serial", WORD, ddi_zone, serial),
		 .line_at = offsetof(struct ddi_zone, serial_line), .min = DDI_SERIAL_UNIXTIME,
		 .words = "unixtime increment dateserial"},
		{.key = "records",
		 .read = read_records,
		 .line_at = offsetof(struct ddi_zone, records_line)},
		{.key = "transfer", .read = read_transfer},
		{0},
	};
	struct ddi_zone z = {.line = reader_line(r)};
	size_t before = r->n_findings;

	(void)unused;
	reader_map(r, "a zone", fields, &z);
	if (z.name)
		*array_push(r->plan->zones, r->plan->n_zones) = z;
	else if (before == r->n_findings)
		reader_error(r, z.line, "ddi-key", "a zone needs name");
}

void read_zones(struct reader *r, void *plan)
{
	(void)plan;
	reader_list(r, DDI_ZONES_MAX, read_zone, NULL);
}
