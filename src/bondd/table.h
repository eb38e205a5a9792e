/* SPDX-License-Identifier: Apache-2.0 */
/* The status as text: `bondd status`. */
#pragma once

struct guest_status;

/* Lines of text; the caller frees. */
char *status_table(const struct guest_status *s);
