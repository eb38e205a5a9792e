// SPDX-License-Identifier: Apache-2.0
/* The kernel's texts, as bondd reads them, on to its answer, which dnsvnf must be able to read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "bondd/status.h"
#include "net/status_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"bond0", "eth0"};
	cleanup_guest_status struct guest_status s = {0}, back = {0};
	char *text = xmemdup(data, size);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		array_push(s.interfaces, s.n_interfaces)->name = xstrdup(names[i]);
	route4_take(text, &s);
	route6_take(text, &s);

	struct guest_bond *b = array_push(s.bonds, s.n_bonds);
	bonding_parse(text, size, b);
	b->name = xstrdup("bond0");
	b->proc = text;

	cleanup_free char *json = guest_status_json(&s, NULL);
	cleanup_free char *table = status_table(&s);
	if (!strstr(table, "bond0: ") || guest_status_parse(json, strlen(json), &back, NULL) < 0 ||
	    back.bonds[0].n_legs != b->n_legs)
		abort();
	return 0;
}
