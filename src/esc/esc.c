// SPDX-License-Identifier: Apache-2.0
#include "esc/esc.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "esc/element.h"
#include "esc/internal.h"
#include "model/model.h"

/* Reads either format, by the first character. */
static struct element *parse(struct esc_reading *r, const char *data, size_t len)
{
	bool bom = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0;
	const char *start = data + (bom ? 3 : 0);
	unsigned line = 1;
	char buffer[64];

	for (; *start && strchr(" \t\r\n", *start); start++)
		line += *start == '\n';
	if (start == data + len) {
		report_syntax(r, 1,
			      "the file is empty: a descriptor begins with <" ESC_ROOT
			      " xmlns=\"" ESC_NAMESPACE "\">");
		return NULL;
	}
	if (*start == '{') {
		r->json = true;
		return json_parse(r, bom ? data + 3 : data, bom ? len - 3 : len);
	}
	/* expat handles a UTF-16 byte order mark. */
	if (*start == '<' || memcmp(start, "\xff\xfe", 2) == 0 ||
	    memcmp(start, "\xfe\xff", 2) == 0) {
		cleanup_free char *message = envelope_message(data, len);

		return xml_parse(r, message ? message : data, len);
	}
	cleanup_free char *word = xstrndup(start, strcspn(start, "\r\n"));
	make_ascii(word);
	report_syntax(r, line, "the file begins with \"%s\" and is neither XML nor JSON",
		      shown(word, buffer));
	return NULL;
}

void esc_read_memory(const char *file, const char *data, size_t len, struct model **ret_model,
		     struct findings *findings)
{
	struct esc_reading reading = {.file = file, .findings = findings};
	cleanup_element struct element *root = NULL;
	cleanup_model struct model *model = NULL;
	unsigned none;

	root = parse(&reading, data, len);
	if (root)
		root = envelope_open(&reading, root, &none);
	if (root) {
		schema_check(&reading, root);
		if (operations_check(&reading, root) == 0 && none)
			report_syntax(&reading, none,
				      "default-operation is \"none\" and no element has an "
				      "operation, so the message asks for nothing: remove "
				      "default-operation");
		model = model_new(file);
		model_build(&reading, root, model);
	}
	*ret_model = steal_ptr(model);
}

int esc_read(const char *path, struct model **ret_model, struct findings *findings, struct err *err)
{
	cleanup_free char *data = NULL;
	size_t len;
	int r = file_read(path, ESC_SIZE_MAX, &data, &len, err);

	if (r < 0)
		return r;
	esc_read_memory(path, data, len, ret_model, findings);
	return 0;
}
