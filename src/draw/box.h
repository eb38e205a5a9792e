/* SPDX-License-Identifier: Apache-2.0 */
/* A box of the picture: lines of text, and below them the marks of findings. */
#pragma once

#include <stddef.h>

#include "base/svg.h"
#include "draw/marks.h"

#define BOX_PAD 8 /* between a box's edge and its text */

struct box_line {
	enum svg_font font;
	const char *class; /* or NULL */
	char *text;
};

struct box {
	const char *look; /* class of the frame; NULL: no frame */
	int x, y, w, h;
	bool centred; /* text is vertically centred */
	struct box_line *lines;
	size_t n_lines;
	struct mark **marks;
	size_t n_marks;
};

/* One line, cut to the width when it is drawn. */
void box_add(struct box *b, enum svg_font font, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Text wrapped to the box's width; b->w must be set. */
void box_add_wrapped(struct box *b, enum svg_font font, const char *class, const char *text);

/* The element's marks; NULL: all remaining marks. */
void box_take_marks(struct box *b, struct marks *marks, const void *element);

int box_height(const struct box *b); /* that its content needs */
int box_middle(const struct box *b);
int box_bottom(const struct box *b);

void box_draw(struct strbuf *out, const struct box *b);
void box_clear(struct box *b);

/* A single mark, its top left at (x, y); returns its width. */
int mark_draw(struct strbuf *out, enum severity severity, int x, int y, const char *label);
