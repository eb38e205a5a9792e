// SPDX-License-Identifier: Apache-2.0
/*
 * A captured tree: lines "PATH NUL CONTENT NUL", a path that begins with '@' is a link. Read,
 * judged and written as JSON, which must be valid; and what was recorded meanwhile gives the same
 * again.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/host_document.h"
#include "base/alloc.h"
#include "base/str.h"
#include "host/host.h"
#include "host/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct tree_table *table, const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;

	while (data < end) {
		const char *path = (const char *)data;
		const uint8_t *content = memchr(data, 0, (size_t)(end - data));
		const uint8_t *next;

		if (!content++)
			return;
		/* Binary files hold zeroes: they go up to the end. */
		next = str_ends(path, ".dump") || str_ends(path, "/config")
			       ? end
			       : memchr(content, 0, (size_t)(end - content));
		if (!next)
			next = end;
		tree_table_add(table, path + (*path == '@'), *path == '@' ? TREE_LINK : TREE_FILE,
			       content, (size_t)(next - content));
		data = next + (next < end);
	}
}

static char *read_json(struct tree_table *table, struct tree_table *record)
{
	cleanup_host struct host host = {0};

	tree_table_sort(table);

	struct tree *tree = tree_open_table(table);

	if (record)
		tree_record(tree, record);
	host_read(tree, &host);
	tree_close(tree);
	return host_json(&host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_tree_table struct tree_table table = {0}, record = {0};

	take(&table, data, size);

	cleanup_free char *first = read_json(&table, &record);
	cleanup_free char *second = read_json(&record, NULL);
	json_t *document = first ? json_loads(first, 0, NULL) : NULL;

	if (!document || !streq(first, second))
		abort();
	json_decref(document);
	return 0;
}
