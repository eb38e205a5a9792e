/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes SVG 1.1: boxes, lines, paths, text. Coordinates are pixels with at most one decimal, so
 * the same picture is the same bytes everywhere. Text is escaped. Text widths are computed for the
 * fonts of enum svg_font with the glyphs of DejaVu Sans, the widest of the document's font
 * families.
 */
#pragma once

#include "base/str.h"

enum svg_font {
	SVG_HEADING,
	SVG_TITLE,
	SVG_TEXT,
	SVG_SMALL,
	SVG_FAINT, /* small and grey */
};

enum svg_anchor {
	SVG_START,
	SVG_MIDDLE,
	SVG_END,
	SVG_UP, /* centred at the point, rotated to read from bottom to top */
};

/* A document of one family; style: text of its <style> element; title: NULL: none. */
void svg_open(struct strbuf *out, int width, int height, const char *family, const char *title,
	      const char *style);

/* A document with enum svg_font; style: in addition to the fonts' styles. */
void svg_begin(struct strbuf *out, int width, int height, const char *title, const char *style);
void svg_end(struct strbuf *out);

/* class may be several words. */
void svg_rect(struct strbuf *out, const char *class, double x, double y, double w, double h,
	      int radius);
void svg_line(struct strbuf *out, const char *class, double x1, double y1, double x2, double y2);
void svg_dot(struct strbuf *out, const char *class, double x, double y, int radius);

/* data as in the attribute d: add to it with svg_path_to(), 'V' or 'H' with one number. */
void svg_path(struct strbuf *out, const char *class, const char *data);
void svg_path_to(struct strbuf *data, char command, double to);

/* On the baseline y, not cut; class NULL: none. */
void svg_label(struct strbuf *out, const char *class, enum svg_anchor anchor, double x, double y,
	       const char *s);

/* On the baseline y, cut to max_width with an ellipsis and then with the whole text as tooltip.
 * class (or NULL) gives a colour. */
void svg_text(struct strbuf *out, enum svg_font font, const char *class, enum svg_anchor anchor,
	      int x, int y, int max_width, const char *s);

/* A group with a tooltip. */
void svg_group_begin(struct strbuf *out, const char *hint);
void svg_group_end(struct strbuf *out);

int svg_font_height(enum svg_font font);               /* from line to line */
int svg_text_width(enum svg_font font, const char *s); /* rounded up */

/* s, or as much of it as fits, followed by an ellipsis (U+2026); the caller frees. */
char *svg_cut(enum svg_font font, const char *s, int max_width);
