/* SPDX-License-Identifier: Apache-2.0 */
/* What others wrote, before it goes to a terminal, into XML or into JSON (UTF-8: RFC 3629). */
#pragma once

#include <stddef.h>

/* Bytes of the character at s, of which len are there, any code but surrogates; 0: it is none. */
size_t utf8_length(const char *s, size_t len);

/*
 * The same for what may be shown: 0 too for the controls C0 (newlines among them), DEL and C1, by
 * which a text steers a terminal, and for U+nFFFE and U+nFFFF, which XML cannot hold.
 */
size_t utf8_printable(const char *s);

/* Each byte of s that belongs to nothing printable becomes '?', but for those in keep ("\n\t"). */
void utf8_make_printable(char *s, const char *keep);
