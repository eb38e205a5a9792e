// SPDX-License-Identifier: Apache-2.0
#include "deploy/plot.h"

#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/svg.h"

/* ---- text ---- */

/* Answers in the share [from, to) of ms, each bucket's spread evenly over its time. */
static double answers_between(const struct plot *p, double from, double to)
{
	double sum = 0;

	for (size_t i = (size_t)(from / p->bucket_ms); i < p->n_answers; i++) {
		double start = (double)i * p->bucket_ms, end = start + p->bucket_ms;
		if (start >= to)
			break;
		double overlap = fmin(end, to) - fmax(start, from);
		if (overlap > 0)
			sum += p->answers[i] * overlap / p->bucket_ms;
	}
	return sum;
}

static unsigned column(const struct plot *p, double ms, unsigned width)
{
	double c = ms / p->duration_ms * width;

	return c < 0 ? 0 : c >= width ? width - 1 : (unsigned)c;
}

/* Writes word at column at, or further left if needed to fit; never over other words. */
static void put_word(char *line, size_t width, size_t at, const char *word)
{
	size_t len = strlen(word);

	if (len > width)
		return;
	if (at + len > width)
		at = width - len;
	for (size_t i = 0; i < len; i++)
		if (line[at + i] != ' ')
			return;
	memcpy(line + at, word, len);
}

static char *blank_line(unsigned width)
{
	char *line = xcalloc(width + 1, 1);

	memset(line, ' ', width);
	return line;
}

static void add_marks(struct strbuf *out, const struct plot *p, unsigned width, bool utf8)
{
	cleanup_free char *line = blank_line(width);

	/* '\1' stands for the arrow, which takes one column but three bytes. */
	if (p->down_ms >= 0)
		put_word(line, width, column(p, p->down_ms, width), "\1down");
	if (p->up_ms >= 0)
		put_word(line, width, column(p, p->up_ms, width), "\1up");
	for (const char *c = line; *c; c++) {
		if (*c == '\1')
			strbuf_adds(out, utf8 ? "\u2193" : "|");
		else
			strbuf_add(out, c, 1);
	}
	strbuf_adds(out, "\n");
}

static void add_answers(struct strbuf *out, const struct plot *p, unsigned width, bool utf8)
{
	static const char *const blocks[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
					     "\u2585", "\u2586", "\u2587", "\u2588"};
	static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "%", "#"};
	double step = p->duration_ms / width;

	for (unsigned i = 0; i < width; i++) {
		double share = answers_between(p, i * step, (i + 1) * step) / (p->qps * step / 1e3);
		long level = lround(share * 8);
		/* A small share is never shown as none, nor a small loss as no loss. */
		if (level == 0 && share > 0.005)
			level = 1;
		if (level > 8)
			level = 8;
		strbuf_adds(out, utf8 ? blocks[level] : ascii[level]);
	}
	strbuf_adds(out, "\n");
}

/* The smallest of 1, 2, 5, 10, 20 ... s that leaves at most n steps in the duration. */
static double tick_seconds(double duration_ms, double n)
{
	static const double steps[] = {1, 2, 5};
	double scale = 0.1;

	for (;; scale *= 10)
		for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
			if (duration_ms / 1e3 / (steps[i] * scale) <= n)
				return steps[i] * scale;
}

static void add_seconds(struct strbuf *out, const struct plot *p, unsigned width)
{
	cleanup_free char *line = blank_line(width);
	double tick = tick_seconds(p->duration_ms, width / 10.0);

	for (unsigned i = 0; i * tick * 1e3 < p->duration_ms; i++) {
		cleanup_free char *label = xasprintf("%gs", i * tick);
		unsigned at = column(p, i * tick * 1e3, width);
		if (at + strlen(label) <= width)
			put_word(line, width, at, label);
	}
	strbuf_addf(out, "%s\n", line);
}

char *plot_text(const struct plot *plot, unsigned width, bool utf8)
{
	struct strbuf out = {0};

	if (width < 20)
		width = 20;
	add_marks(&out, plot, width, utf8);
	add_answers(&out, plot, width, utf8);
	add_seconds(&out, plot, width);
	return strbuf_steal(&out);
}

/* ---- picture ---- */

enum {
	WIDTH = 960,
	LEFT = 72,
	RIGHT = 24,
	INNER = WIDTH - LEFT - RIGHT,
	TITLE = 54,  /* height of the title and the lines below it */
	MARKS = 22,  /* of the words over a panel */
	PANEL = 200, /* of the drawing itself */
	AXIS = 50,   /* of the seconds under a panel */
	CAPTION = 19,
};

/* An interval, drawn from y (its upper edge) down. */
struct panel {
	double from_ms, to_ms;
	double bar_ms;
	double top; /* answers a second at the upper edge */
	int y;
	const char *label;
};

static double panel_x(const struct panel *n, double ms)
{
	return LEFT + fmin(fmax((ms - n->from_ms) / (n->to_ms - n->from_ms), 0), 1) * INNER;
}

static double panel_y(const struct panel *n, double rate)
{
	return n->y + PANEL * (1 - fmin(rate / n->top, 1));
}

/* 1, 2 or 5 times a power of ten, not below value. */
static double round_up(double value)
{
	double scale = pow(10, floor(log10(value)));

	return value <= scale       ? scale
	       : value <= 2 * scale ? 2 * scale
	       : value <= 5 * scale ? 5 * scale
				    : 10 * scale;
}

/*
 * Bars of two pixels or more and at least that many answers, in whole buckets: with fewer answers a
 * bar would show the timing of sender and receiver, not the service.
 */
static double bar_width(const struct plot *p, double span_ms, double answers)
{
	double ms = fmin(answers * 1e3 / p->qps, span_ms / 60);

	return fmax(ceil(fmax(ms, 2 * span_ms / INNER) / p->bucket_ms), 1) * p->bucket_ms;
}

/* Room for a sender that catches up after a pause, but not for its whole burst. */
static double peak(const struct plot *p, double bar_ms)
{
	double max = p->qps;

	for (unsigned i = 0; i * bar_ms < p->duration_ms; i++)
		max = fmax(max, answers_between(p, i * bar_ms, (i + 1) * bar_ms) / bar_ms * 1e3);
	return fmin(max, 1.5 * p->qps);
}

static void add_axes(struct strbuf *out, const struct panel *n)
{
	double tick = tick_seconds(n->to_ms - n->from_ms, 12);
	double step = round_up(n->top / 5);
	int bottom = n->y + PANEL;
	char text[32];

	for (unsigned i = 0; i * step <= n->top; i++) {
		double y = panel_y(n, i * step);

		snprintf(text, sizeof(text), "%g", i * step);
		svg_line(out, "grid", LEFT, y, WIDTH - RIGHT, y);
		svg_label(out, NULL, SVG_END, LEFT - 8, y + 4, text);
	}
	for (unsigned i = (unsigned)ceil(n->from_ms / 1e3 / tick);
	     i * tick <= n->to_ms / 1e3 + 1e-9; i++) {
		double x = panel_x(n, i * tick * 1e3);

		snprintf(text, sizeof(text), "%g", round(i * tick * 1e3) / 1e3);
		svg_line(out, "axis", x, bottom, x, bottom + 5);
		svg_label(out, NULL, SVG_MIDDLE, x, bottom + 19, text);
	}
	svg_line(out, "axis", LEFT, bottom, WIDTH - RIGHT, bottom);
	svg_label(out, "label", SVG_MIDDLE, LEFT + INNER / 2.0, bottom + 38, n->label);
	svg_label(out, "label", SVG_UP, 18, n->y + PANEL / 2.0, "answers/s");
}

static void add_bars(struct strbuf *out, const struct plot *p, const struct panel *n)
{
	cleanup_strbuf struct strbuf data = {0};

	strbuf_addf(&data, "M%d %d", LEFT, n->y + PANEL);
	for (unsigned i = (unsigned)(n->from_ms / n->bar_ms + 1e-9); i * n->bar_ms < n->to_ms;
	     i++) {
		double start = i * n->bar_ms, end = fmin(start + n->bar_ms, n->to_ms);
		double rate = answers_between(p, start, end) / (end - start) * 1e3;

		svg_path_to(&data, 'V', panel_y(n, rate));
		svg_path_to(&data, 'H', panel_x(n, end));
	}
	svg_path_to(&data, 'V', n->y + PANEL);
	strbuf_adds(&data, "Z");
	svg_path(out, "answers", data.s);
}

static void add_outage(struct strbuf *out, const struct plot *p, const struct panel *n)
{
	double x = panel_x(n, p->gap_start_ms);
	double width = fmax(panel_x(n, p->gap_end_ms) - x, 2);

	if (p->gap_end_ms <= p->gap_start_ms)
		return;
	svg_rect(out, "outage", x, n->y, width, PANEL, 0);
	if (width > 60) { /* room for the figure */
		cleanup_free char *ms = xasprintf("%.0f ms", p->gap_end_ms - p->gap_start_ms);

		svg_label(out, "down", SVG_MIDDLE, x + width / 2, n->y + PANEL / 2.0, ms);
	}
}

/* A vertical line with its word on top, to the left of it or to the right. */
static void add_mark(struct strbuf *out, const struct plot *p, const struct panel *n, double ms,
		     const char *word, bool left)
{
	cleanup_free char *text = xasprintf("%s %s", p->object, word);
	double x = panel_x(n, ms);

	if (ms < n->from_ms || ms > n->to_ms)
		return;
	svg_line(out, word, x, n->y - 14, x, n->y + PANEL);
	svg_label(out, word, left ? SVG_END : SVG_START, left ? x - 5 : x + 5, n->y - 6, text);
}

static void add_panel(struct strbuf *out, const struct plot *p, const struct panel *n)
{
	/* Near the left edge, words to the left of a line would be cut off. */
	bool down_left = panel_x(n, p->down_ms) > LEFT + 70;
	bool up_left = panel_x(n, p->up_ms) > WIDTH - RIGHT - 60;

	add_outage(out, p, n);
	add_axes(out, n);
	add_bars(out, p, n);
	if (p->down_ms >= 0)
		add_mark(out, p, n, p->down_ms, "down", down_left);
	if (p->up_ms >= 0)
		add_mark(out, p, n, p->up_ms, "up", up_left);
}

static const char style[] =
	"text { font-size: 12px; fill: #374151; }\n"
	".title { font-size: 18px; font-weight: bold; fill: #111827; }\n"
	".label { fill: #6b7280; }\n"
	".caption { font-size: 13px; }\n"
	".grid { stroke: #e5e7eb; }\n"
	".axis { stroke: #6b7280; }\n"
	".answers { fill: #2563eb; fill-opacity: 0.55; }\n"
	".outage { fill: #dc2626; fill-opacity: 0.2; }\n"
	"line.down { stroke: #b91c1c; stroke-width: 1.5; stroke-dasharray: 5 3; }\n"
	"text.down { fill: #b91c1c; font-weight: bold; }\n"
	"line.up { stroke: #15803d; stroke-width: 1.5; stroke-dasharray: 5 3; }\n"
	"text.up { fill: #15803d; font-weight: bold; }\n";

char *plot_svg(const struct plot *plot)
{
	const struct plot *p = plot;
	struct strbuf out = {0};
	double gap = p->gap_end_ms - p->gap_start_ms;
	bool zoom = gap > 0 && gap < p->duration_ms / 5;
	struct panel whole = {
		.to_ms = p->duration_ms,
		.bar_ms = bar_width(p, p->duration_ms, 40),
		.y = TITLE + MARKS,
		.label = "seconds since the first query",
	};
	int y = whole.y + PANEL + AXIS;

	whole.top = peak(p, whole.bar_ms) * 1.05;
	/* Enlarges the outage to a fifth of the width or more, because it is tiny in the full
	 * plot. */
	double span = fmin(fmax(5 * gap, 500), p->duration_ms);
	double bar = bar_width(p, span, 10);
	double from =
		fmin(fmax((p->gap_start_ms + p->gap_end_ms - span) / 2, 0), p->duration_ms - span);

	from = floor(from / bar) * bar; /* whole bars */
	struct panel near = {
		.from_ms = from,
		.to_ms = from + span,
		.bar_ms = bar,
		.top = peak(p, bar) * 1.05,
		.y = y + MARKS,
		.label = "seconds, around the longest gap",
	};
	if (zoom)
		y = near.y + PANEL + AXIS;

	svg_open(&out, WIDTH, y + (int)p->n_caption * CAPTION + 22, "sans-serif", NULL, style);
	svg_label(&out, "title", SVG_START, LEFT, 30, p->title ? p->title : "");
	add_panel(&out, p, &whole);
	if (zoom)
		add_panel(&out, p, &near);
	for (size_t i = 0; i < p->n_caption; i++)
		svg_label(&out, "caption", SVG_START, LEFT, y + 14 + (int)i * CAPTION,
			  p->caption[i]);
	svg_end(&out);
	return strbuf_steal(&out);
}
