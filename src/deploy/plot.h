/* SPDX-License-Identifier: Apache-2.0 */
/* Answered queries over their send time, as text and as a picture. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct plot {
	const unsigned *answers; /* per bucket */
	size_t n_answers;
	unsigned bucket_ms;
	unsigned qps;                    /* sent: the full height */
	double duration_ms;              /* of sending: the width */
	double down_ms, up_ms;           /* failed, restored; < 0: never */
	const char *object;              /* the failed object: "link"; SVG only */
	double gap_start_ms, gap_end_ms; /* the outage to shade; equal: none */
	const char *title;               /* SVG only */
	const char *const *caption;      /* lines of figures below; SVG only */
	size_t n_caption;
};

/*
 * Three lines of width columns (at least 20), each ended by a newline: marks ("down" and "up" above
 * their columns), answers as a share of the queries, seconds. utf8: block elements, else ASCII.
 */
char *plot_text(const struct plot *plot, unsigned width, bool utf8);

/* An SVG document; the caller frees. */
char *plot_svg(const struct plot *plot);
