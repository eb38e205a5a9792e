// SPDX-License-Identifier: Apache-2.0
/* https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
#include "cli/sarif.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/finding.h"
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

static json_t *location(const char *file, unsigned line, const char *here)
{
	cleanup_free char *uri = uri_of(file, here);
	json_t *physical = json_pack("{s:{s:s}}", "artifactLocation", "uri", uri);

	if (line)
		json_object_set_new(physical, "region", json_pack("{s:i}", "startLine", (int)line));
	return json_pack("{s:o}", "physicalLocation", physical);
}

static json_t *rule_json(const struct check_rule *r)
{
	cleanup_strbuf struct strbuf full = {0}, help = {0};

	strbuf_addf(&full, "%s %s", r->text, r->reason);
	strbuf_addf(&help, "%s\nSource: %s", r->remedy, r->source);
	return json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}", "id", r->id,
			 "shortDescription", "text", r->title, "fullDescription", "text", full.s,
			 "help", "text", help.s, "defaultConfiguration", "level",
			 severity_name(r->severity));
}

static json_t *result_json(const struct finding *f, const char *here)
{
	json_t *result = json_pack("{s:s, s:s, s:{s:s}, s:[o]}", "ruleId", f->rule, "level",
				   severity_name(f->severity), "message", "text", f->text,
				   "locations", location(f->file, f->line, here));

	for (int i = 0; check_rule_at((size_t)i); i++)
		if (streq(check_rule_at((size_t)i)->id, f->rule))
			json_object_set_new(result, "ruleIndex", json_integer(i));
	if (f->also_file) {
		json_t *also = location(f->also_file, f->also_line, here);
		json_object_set_new(also, "message", json_pack("{s:s}", "text", "see also"));
		json_object_set_new(result, "relatedLocations", json_pack("[o]", also));
	}
	if (f->waived)
		json_object_set_new(
			result, "suppressions",
			json_pack("[{s:s, s:s}]", "kind", "inSource", "justification", f->waived));
	return result;
}

json_t *sarif_log(const struct findings *findings, const char *here)
{
	json_t *rules = json_array(), *results = json_array();
	const struct check_rule *r;

	for (size_t i = 0; (r = check_rule_at(i)); i++)
		json_array_append_new(rules, rule_json(r));
	for (size_t i = 0; i < findings->n; i++)
		json_array_append_new(results, result_json(&findings->v[i], here));
	return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:o}]}", "$schema",
			 "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
			 "sarif-schema-2.1.0.json",
			 "version", "2.1.0", "runs", "tool", "driver", "name", "dnsvnf", "version",
			 DNSVNF_VERSION, "rules", rules, "results", results);
}
