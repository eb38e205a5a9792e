// SPDX-License-Identifier: Apache-2.0
/*
 * Judges zones, one JSON string a line on stdin, as those of example.test; prints the findings of
 * each as a JSON array of [severity, line, rule]. What differential.py compares with
 * named-checkzone. The argument "knot": as zones that Knot loads.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "base/str.h"
#include "base/text.h"
#include "dns/zone.h"

static void answer_zone(const char *line, bool knot)
{
	cleanup_text struct text text = {0};
	cleanup_findings struct findings findings = {0};
	json_t *zone = json_loads(line, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	json_t *answer = json_array();
	struct zone_answer found;

	text_init(&text, "zone", json_string_value(zone), json_string_length(zone), 1);
	zone_check(&text, "example.test", knot, NULL, &findings, &found);
	for (size_t i = 0; i < findings.n; i++)
		json_array_append_new(answer,
				      json_pack("[sis]", severity_name(findings.v[i].severity),
						(int)findings.v[i].line, findings.v[i].rule));
	cleanup_free char *out = json_dumps(answer, JSON_COMPACT);
	puts(out);
	fflush(stdout);
	json_decref(answer);
	json_decref(zone);
}

int main(int argc, char **argv)
{
	cleanup_free char *line = NULL;
	size_t size = 0;
	bool knot = argc > 1 && streq(argv[1], "knot");

	while (getline(&line, &size, stdin) > 0)
		answer_zone(line, knot);
	return 0;
}
