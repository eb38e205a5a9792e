/* SPDX-License-Identifier: Apache-2.0 */
/* Checks foreign text before it is written to a terminal, XML or JSON (UTF-8: RFC 3629). */
#pragma once

#include <stddef.h>

/* Length of the character at s (len bytes available), any code except surrogates; 0: invalid. */
size_t utf8_length(const char *s, size_t len);

/*
 * The same for printable characters: also 0 for control characters C0 (including newline), DEL and
 * C1, which control terminals, and for U+nFFFE and U+nFFFF, which XML does not permit.
 */
size_t utf8_printable(const char *s);

/* Replaces each non-printable byte of s by '?', except those in keep ("\n\t"). */
void utf8_make_printable(char *s, const char *keep);
