// SPDX-License-Identifier: Apache-2.0
#include "base/svg.h"

#include <math.h>

#include "base/alloc.h"
#include "base/utf8.h"

static const struct font {
	const char *class;
	int size, height;
	bool bold;
} fonts[] = {
	[SVG_HEADING] = {"heading", 18, 24, true}, [SVG_TITLE] = {"title", 12, 17, true},
	[SVG_TEXT] = {"text", 11, 15, false},      [SVG_SMALL] = {"small", 10, 14, false},
	[SVG_FAINT] = {"faint", 10, 14, false},
};

/* Glyph widths in hundredths of the font size, starting with the space. */
static const unsigned char plain_widths[] = {
	32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36,  32, 34, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63,
	58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63,  61, 73, 68, 99, 69,
	61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35,  63, 63, 28, 28, 58,
	28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59,  52, 64, 34, 64, 84,
};
static const unsigned char bold_widths[] = {
	35, 46,  52, 84, 70, 100, 87, 31,  46, 46, 52, 84, 38, 42,  38, 37, 70, 70,  70,
	70, 70,  70, 70, 70, 70,  70, 40,  40, 84, 84, 84, 58, 100, 77, 76, 73, 83,  68,
	68, 82,  84, 37, 37, 77,  64, 100, 84, 85, 73, 85, 77, 72,  68, 81, 77, 110, 77,
	72, 73,  46, 37, 46, 84,  50, 50,  67, 72, 59, 72, 68, 44,  72, 71, 34, 34,  67,
	34, 104, 71, 69, 72, 72,  49, 60,  48, 71, 65, 92, 65, 65,  58, 71, 37, 71,  84,
};

#define ELLIPSIS   "\u2026"
#define WIDE_GLYPH 105 /* glyphs beyond ASCII: East Asian ones are as wide as high */

static void add_escaped(struct strbuf *out, const char *s)
{
	while (*s) {
		size_t n = utf8_printable(s);
		if (*s == '<')
			strbuf_adds(out, "&lt;");
		else if (*s == '>')
			strbuf_adds(out, "&gt;");
		else if (*s == '&')
			strbuf_adds(out, "&amp;");
		else if (*s == '"')
			strbuf_adds(out, "&quot;");
		else if (n > 0)
			strbuf_add(out, s, n);
		else
			strbuf_adds(out, "?");
		s += n ? n : 1;
	}
}

/* In hundredths of a pixel. */
static int glyph_width(const struct font *font, const char *s)
{
	unsigned char c = (unsigned char)*s;
	const unsigned char *widths = font->bold ? bold_widths : plain_widths;

	if (c >= 0x20 && c < 0x7f)
		return widths[c - 0x20] * font->size;
	return (utf8_printable(s) ? WIDE_GLYPH : widths['?' - 0x20]) * font->size;
}

/* Advances *s by one glyph. */
static int next_glyph(const struct font *font, const char **s)
{
	int width = glyph_width(font, *s);
	size_t n = utf8_printable(*s);

	*s += n ? n : 1;
	return width;
}

int svg_font_height(enum svg_font font)
{
	return fonts[font].height;
}

int svg_text_width(enum svg_font font, const char *s)
{
	int width = 0;

	while (*s)
		width += next_glyph(&fonts[font], &s);
	return (width + 99) / 100;
}

char *svg_cut(enum svg_font font, const char *s, int max_width)
{
	int room = 100 * max_width - glyph_width(&fonts[font], ELLIPSIS);
	const char *end = s;

	if (svg_text_width(font, s) <= max_width)
		return xstrdup(s);
	for (const char *next = s; *next; end = next) {
		room -= next_glyph(&fonts[font], &next);
		if (room < 0)
			break;
	}
	return xasprintf("%.*s" ELLIPSIS, (int)(end - s), s);
}

/* With at most one decimal. */
static void add_number(struct strbuf *out, double n)
{
	long long tenths = llround(n * 10);

	strbuf_addf(out, "%.*f", tenths % 10 ? 1 : 0, (double)tenths / 10);
}

static void add_attribute(struct strbuf *out, const char *name, double n)
{
	strbuf_addf(out, " %s=\"", name);
	add_number(out, n);
	strbuf_adds(out, "\"");
}

void svg_open(struct strbuf *out, int width, int height, const char *family, const char *title,
	      const char *style)
{
	strbuf_addf(out,
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		    "viewBox=\"0 0 %d %d\" font-family=\"%s\">\n",
		    width, height, width, height, family);
	if (title) {
		strbuf_adds(out, "<title>");
		add_escaped(out, title);
		strbuf_adds(out, "</title>\n");
	}
	strbuf_addf(out,
		    "<style>\n%s</style>\n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
		    style, width, height);
}

void svg_begin(struct strbuf *out, int width, int height, const char *title, const char *style)
{
	cleanup_strbuf struct strbuf all = {0};

	strbuf_adds(&all, "text { fill: #1f2937; }\n");
	for (size_t i = 0; i < ARRAY_SIZE(fonts); i++)
		strbuf_addf(&all, ".%s { font-size: %dpx;%s }\n", fonts[i].class, fonts[i].size,
			    fonts[i].bold ? " font-weight: bold;" : "");
	strbuf_adds(&all, style);
	svg_open(out, width, height, "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif", title,
		 all.s);
}

void svg_end(struct strbuf *out)
{
	strbuf_adds(out, "</svg>\n");
}

static void begin_shape(struct strbuf *out, const char *name, const char *class)
{
	strbuf_addf(out, "<%s", name);
	if (class)
		strbuf_addf(out, " class=\"%s\"", class);
}

void svg_rect(struct strbuf *out, const char *class, double x, double y, double w, double h,
	      int radius)
{
	begin_shape(out, "rect", class);
	add_attribute(out, "x", x);
	add_attribute(out, "y", y);
	add_attribute(out, "width", w);
	add_attribute(out, "height", h);
	strbuf_addf(out, " rx=\"%d\"/>\n", radius);
}

void svg_line(struct strbuf *out, const char *class, double x1, double y1, double x2, double y2)
{
	begin_shape(out, "line", class);
	add_attribute(out, "x1", x1);
	add_attribute(out, "y1", y1);
	add_attribute(out, "x2", x2);
	add_attribute(out, "y2", y2);
	strbuf_adds(out, "/>\n");
}

void svg_dot(struct strbuf *out, const char *class, double x, double y, int radius)
{
	begin_shape(out, "circle", class);
	add_attribute(out, "cx", x);
	add_attribute(out, "cy", y);
	strbuf_addf(out, " r=\"%d\"/>\n", radius);
}

void svg_path_to(struct strbuf *data, char command, double to)
{
	strbuf_addf(data, "%c", command);
	add_number(data, to);
}

void svg_path(struct strbuf *out, const char *class, const char *data)
{
	begin_shape(out, "path", class);
	strbuf_addf(out, " d=\"%s\"/>\n", data);
}

void svg_label(struct strbuf *out, const char *class, enum svg_anchor anchor, double x, double y,
	       const char *s)
{
	static const char *const anchors[] = {
		[SVG_START] = "",
		[SVG_MIDDLE] = " text-anchor=\"middle\"",
		[SVG_END] = " text-anchor=\"end\"",
		[SVG_UP] = ") rotate(-90)\" text-anchor=\"middle\"",
	};

	begin_shape(out, "text", class);
	if (anchor == SVG_UP) {
		strbuf_adds(out, " transform=\"translate(");
		add_number(out, x);
		strbuf_adds(out, " ");
		add_number(out, y);
	} else {
		add_attribute(out, "x", x);
		add_attribute(out, "y", y);
	}
	strbuf_addf(out, "%s>", anchors[anchor]);
	add_escaped(out, s);
	strbuf_adds(out, "</text>\n");
}

void svg_text(struct strbuf *out, enum svg_font font, const char *class, enum svg_anchor anchor,
	      int x, int y, int max_width, const char *s)
{
	cleanup_free char *cut = svg_cut(font, s, max_width);
	cleanup_free char *all =
		xasprintf("%s%s%s", fonts[font].class, class ? " " : "", class ? class : "");
	bool whole = streq(cut, s);

	if (!whole)
		svg_group_begin(out, s);
	svg_label(out, all, anchor, x, y, cut);
	if (!whole)
		svg_group_end(out);
}

void svg_group_begin(struct strbuf *out, const char *hint)
{
	strbuf_adds(out, "<g><title>");
	add_escaped(out, hint);
	strbuf_adds(out, "</title>\n");
}

void svg_group_end(struct strbuf *out)
{
	strbuf_adds(out, "</g>\n");
}
