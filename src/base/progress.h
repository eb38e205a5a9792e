/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws the event stream for people: on a terminal one live line with a bar, rate and elapsed time
 * under the lines of what is done; elsewhere one plain line an event.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/event.h"

struct progress;

/* Draws on out. live: out is a terminal that may be redrawn; colour: with ANSI colours (see
 * NO_COLOR). */
struct progress *progress_new(FILE *out, bool live, bool colour);

/* As a listener: (struct run_ctx){.report = progress_report, .data = progress}. */
void progress_report(void *progress, const struct event *event);

/* Takes the live line away; NULL is fine. */
void progress_free(struct progress *progress);
