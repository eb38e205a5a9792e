// SPDX-License-Identifier: Apache-2.0
/* https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
#include "cli/common.h"

#include <ctype.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "base/json_write.h"
#include "base/str.h"
#include "check/check.h"

/* A path as a URI reference (RFC 3986): relative below `here`, else file:///. */
static char *uri_of(const char *path, const char *here)
{
	struct strbuf b = {0};
	size_t len = strlen(here);

	if (strncmp(path, here, len) == 0 && path[len] == '/')
		path += len + 1;
	while (str_starts(path, "./"))
		path += 2;
	if (path[0] == '/')
		strbuf_adds(&b, "file://");
	for (; *path; path++) {
		if (isalnum((unsigned char)*path) || strchr("/-._~", *path))
			strbuf_add(&b, path, 1);
		else
			strbuf_addf(&b, "%%%02X", (unsigned char)*path);
	}
	return strbuf_steal(&b);
}

/* {"text": text} */
static void put_message(struct json_writer *w, const char *key, const char *text)
{
	json_open_object(w, key);
	json_put_text(w, "text", text);
	json_close(w);
}

/* An array of one location. */
static void put_location(struct json_writer *w, const char *key, const char *file, unsigned line,
			 const char *message, const char *here)
{
	cleanup_free char *uri = uri_of(file, here);

	json_open_array(w, key);
	json_open_object(w, NULL);
	json_open_object(w, "physicalLocation");
	json_open_object(w, "artifactLocation");
	json_put_text(w, "uri", uri);
	json_close(w);
	if (line) {
		json_open_object(w, "region");
		json_put_int64(w, "startLine", line);
		json_close(w);
	}
	json_close(w);
	if (message)
		put_message(w, "message", message);
	json_close(w);
	json_close(w);
}

static void put_rule(struct json_writer *w, const struct rule_text *r)
{
	cleanup_free char *full = xasprintf("%s %s", r->text, r->reason);
	cleanup_free char *help = xasprintf("%s\nSource: %s", r->remedy, r->source);

	json_open_object(w, NULL);
	json_put_text(w, "id", r->id);
	put_message(w, "shortDescription", r->title);
	put_message(w, "fullDescription", full);
	put_message(w, "help", help);
	json_open_object(w, "defaultConfiguration");
	json_put_text(w, "level", r->severity);
	json_close(w);
	json_close(w);
}

static void put_result(struct json_writer *w, const struct finding *f, const char *here)
{
	json_open_object(w, NULL);
	json_put_text(w, "ruleId", f->rule);
	json_put_text(w, "level", severity_name(f->severity));
	put_message(w, "message", f->text);
	put_location(w, "locations", f->file, f->line, NULL, here);
	for (int i = 0; rule_text_at((size_t)i); i++)
		if (streq(rule_text_at((size_t)i)->id, f->rule))
			json_put_int64(w, "ruleIndex", i);
	if (f->also_file)
		put_location(w, "relatedLocations", f->also_file, f->also_line, "see also", here);
	if (f->waived) {
		json_open_array(w, "suppressions");
		json_open_object(w, NULL);
		json_put_text(w, "kind", "inSource");
		json_put_text(w, "justification", f->waived);
		json_close(w);
		json_close(w);
	}
	json_close(w);
}

void put_sarif(struct json_writer *w, const struct findings *findings, const char *here)
{
	const struct rule_text *r;

	json_open_object(w, NULL);
	json_put_text(w, "$schema",
		      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
		      "sarif-schema-2.1.0.json");
	json_put_text(w, "version", "2.1.0");
	json_open_array(w, "runs");
	json_open_object(w, NULL);
	json_open_object(w, "tool");
	json_open_object(w, "driver");
	json_put_text(w, "name", "dnsvnf");
	json_put_text(w, "version", DNSVNF_VERSION);
	json_open_array(w, "rules");
	for (size_t i = 0; (r = rule_text_at(i)); i++)
		put_rule(w, r);
	json_close(w);
	json_close(w);
	json_close(w);
	json_open_array(w, "results");
	for (size_t i = 0; i < findings->n; i++)
		put_result(w, &findings->v[i], here);
	json_close(w);
	json_close(w);
	json_close(w);
	json_close(w);
}
