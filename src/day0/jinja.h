/* SPDX-License-Identifier: Apache-2.0 */
/* Jinja templates of user data, as far as their values are in the template itself. */
#pragma once

#include <stdbool.h>

struct text;

/* Replaces a value that is known only in the guest. */
#define JINJA_UNKNOWN "$JINJA"

/*
 * Renders "set", "for" over literal lists, "if" of known values, comments and expressions as
 * cloudinit/templater.py does. False: what is
 * rendered depends on such a value, or on a statement that is not known.
 */
bool jinja_render(const struct text *template, struct text *ret);
