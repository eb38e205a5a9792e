// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "day0/readers.h"

void check_private_key(const struct text *text, struct findings *findings)
{
	static const char begin[] = "-----BEGIN ";
	const char *at = text->s, *end = text->s + text->len;

	while ((at = memmem(at, (size_t)(end - at), begin, strlen(begin)))) {
		const char *kind = at + strlen(begin);
		size_t line = 0, len = strcspn(kind, "-\r\n");
		at = kind;
		if (!memmem(kind, len, "PRIVATE KEY", strlen("PRIVATE KEY")))
			continue;
		for (const char *p = text->s; p < at; p++)
			line += *p == '\n';
		report(findings, text, line, SEVERITY_WARNING, "day0-private-key",
		       "a private key: everyone who may view the server can read its user data, "
		       "and so can processes in the guest: let the guest create the key, or fetch "
		       "it");
		return;
	}
}
