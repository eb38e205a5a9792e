/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the events: on a terminal, completed steps and one live line with a bar, rate and elapsed
 * time; elsewhere one plain line per event.
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

/* Removes the live line; takes NULL. */
void progress_free(struct progress *progress);
