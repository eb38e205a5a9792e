// SPDX-License-Identifier: Apache-2.0
/* A record of the embedded VIM: one that is read is written so that it is read again, the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "vim/local/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_err struct err err = ERR_INIT;
	struct record record, again;

	if (record_parse("0.json", (const char *)data, size, &record, &err) < 0) {
		if (!err.text || record.id || record.spec)
			abort();
		return 0;
	}
	cleanup_free char *text = record_text(&record, &err);
	if (!text || record_parse("0.json", text, strlen(text), &again, &err) < 0 ||
	    again.kind != record.kind || again.seq != record.seq || again.done != record.done ||
	    strcmp(again.name, record.name) != 0 || !json_equal(again.spec, record.spec))
		abort();
	record_clear(&record);
	record_clear(&again);
	return 0;
}
