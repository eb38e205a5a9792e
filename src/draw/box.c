// SPDX-License-Identifier: Apache-2.0
#include "draw/box.h"

#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"

enum {
	MARK_PAD = 6,
	MARK_H = 14,
	MARK_STEP = 17, /* distance between rows of marks */
	MARK_GAP = 5,
};

static void add_line(struct box *b, enum svg_font font, const char *class, char *text)
{
	*array_push(b->lines, b->n_lines) = (struct box_line){font, class, text};
}

void box_add(struct box *b, enum svg_font font, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(b, font, NULL, xvasprintf(fmt, ap));
	va_end(ap);
}

void box_add_wrapped(struct box *b, enum svg_font font, const char *class, const char *text)
{
	cleanup_strbuf struct strbuf line = {0};

	for (const char *word = text; *word;) {
		size_t len = strcspn(word, " ");
		cleanup_free char *longer = line.len ? xasprintf("%s %.*s", line.s, (int)len, word)
						     : xstrndup(word, len);
		if (line.len && svg_text_width(font, longer) > b->w - 2 * BOX_PAD) {
			add_line(b, font, class, strbuf_steal(&line));
			strbuf_add(&line, word, len);
		} else {
			strbuf_clear(&line);
			strbuf_adds(&line, longer);
		}
		word += len;
		word += strspn(word, " ");
	}
	if (line.len)
		add_line(b, font, class, strbuf_steal(&line));
}

void box_take_marks(struct box *b, struct marks *marks, const void *element)
{
	for (size_t i = 0; i < marks->n; i++) {
		struct mark *m = &marks->v[i];
		if (element ? m->element != element : m->drawn)
			continue;
		m->drawn = true;
		*array_push(b->marks, b->n_marks) = m;
	}
}

static int mark_width(const char *label)
{
	return svg_text_width(SVG_SMALL, label) + 2 * MARK_PAD;
}

int mark_draw(struct strbuf *out, enum severity severity, int x, int y, const char *label)
{
	int w = mark_width(label);
	bool error = severity == SEVERITY_ERROR;

	svg_rect(out, error ? "mark error" : "mark warning", x, y, w, MARK_H, MARK_H / 2);
	svg_text(out, SVG_SMALL, error ? "error" : "warning", SVG_START, x + MARK_PAD, y + 11, w,
		 label);
	return w;
}

/* Rows of marks from y on, as many in a row as fit. Returns the height; out NULL: draws nothing. */
static int flow_marks(struct strbuf *out, const struct box *b, int y)
{
	int left = b->x + BOX_PAD, x = left, room = b->w - 2 * BOX_PAD, top = y;

	for (size_t i = 0; i < b->n_marks; i++) {
		cleanup_free char *label =
			svg_cut(SVG_SMALL, b->marks[i]->label, room - 2 * MARK_PAD);
		int w = mark_width(label);
		if (x > left && x + w > left + room) {
			x = left;
			y += MARK_STEP;
		}
		if (out) {
			svg_group_begin(out, b->marks[i]->hint);
			mark_draw(out, b->marks[i]->severity, x, y, label);
			svg_group_end(out);
		}
		x += w + MARK_GAP;
	}
	return b->n_marks ? y + MARK_STEP - top : 0;
}

static int text_height(const struct box *b)
{
	int h = 0;

	for (size_t i = 0; i < b->n_lines; i++)
		h += svg_font_height(b->lines[i].font);
	return h;
}

int box_height(const struct box *b)
{
	return BOX_PAD / 2 + text_height(b) + (b->n_marks ? 3 : 0) + flow_marks(NULL, b, 0) +
	       BOX_PAD / 2;
}

int box_middle(const struct box *b)
{
	return b->y + b->h / 2;
}

int box_bottom(const struct box *b)
{
	return b->y + b->h;
}

void box_draw(struct strbuf *out, const struct box *b)
{
	int y = b->y + BOX_PAD / 2;

	if (b->centred)
		y += (b->h - box_height(b)) / 2;
	if (b->look)
		svg_rect(out, b->look, b->x, b->y, b->w, b->h, 5);
	for (size_t i = 0; i < b->n_lines; i++) {
		const struct box_line *line = &b->lines[i];
		int h = svg_font_height(line->font);
		svg_text(out, line->font, line->class, SVG_START, b->x + BOX_PAD, y + h * 3 / 4,
			 b->w - 2 * BOX_PAD, line->text);
		y += h;
	}
	flow_marks(out, b, y + 3);
}

void box_clear(struct box *b)
{
	for (size_t i = 0; i < b->n_lines; i++)
		free(b->lines[i].text);
	free_all(b->lines, b->marks);
	*b = (struct box){0};
}
