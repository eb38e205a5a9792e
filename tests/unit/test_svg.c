// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/svg.h"

static void text_is_what_xml_can_hold(void **state)
{
	cleanup_strbuf struct strbuf b = {0};

	(void)state;
	svg_text(&b, SVG_TEXT, NULL, SVG_START, 1, 2, 1000, "<a href=\"x\">&\x01\x7f\xff\xc0\x80");
	assert_string_equal(b.s, "<text class=\"text\" x=\"1\" y=\"2\">&lt;a href=&quot;x&quot;&gt;"
				 "&amp;????"
				 "?</text>\n");
	strbuf_clear(&b);
	/* a surrogate, a noncharacter, an overlong slash, a character cut short; then a good one */
	svg_text(&b, SVG_TEXT, NULL, SVG_START, 1, 2, 1000,
		 "\xed\xa0\x80\xef\xbf\xbf\xe0\x80\xaf\xe2\x82|\u20ac");
	assert_string_equal(b.s,
			    "<text class=\"text\" x=\"1\" y=\"2\">???????????|\u20ac</text>\n");
}

static void text_is_cut_between_characters(void **state)
{
	static const char *const texts[] = {"management-network", "WWWWWWWWWW", "iiiiiiiiiiiiiiiii",
					    "\uc11c\ube44\uc2a4\ub9dd\uc11c\ube44\uc2a4"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (int width = 20; width < 200; width++) {
			cleanup_free char *cut = svg_cut(SVG_TITLE, texts[i], width);
			size_t len = strlen(cut);
			assert_true(svg_text_width(SVG_TITLE, cut) <= width);
			if (strcmp(cut, texts[i]) == 0)
				continue;
			assert_true(svg_text_width(SVG_TITLE, texts[i]) > width);
			assert_string_equal(cut + len - strlen("\u2026"), "\u2026");
			/* what is left is the beginning, and ends where a character does */
			size_t kept = len - strlen("\u2026");
			assert_memory_equal(cut, texts[i], kept);
			assert_false(((unsigned char)texts[i][kept] & 0xc0) == 0x80);
		}
}

static void coordinates_have_at_most_one_decimal(void **state)
{
	cleanup_strbuf struct strbuf b = {0}, data = {0};

	(void)state;
	svg_line(&b, "axis", 1, 2.04, -0.01, 1e6 / 3);
	svg_rect(&b, "frame", 0.05, 9.96, 10, 0.5, 4);
	svg_dot(&b, NULL, 1, 2, 3);
	svg_path_to(&data, 'V', 1.25);
	svg_path_to(&data, 'H', -2);
	svg_path(&b, "bars", data.s);
	assert_string_equal(b.s,
			    "<line class=\"axis\" x1=\"1\" y1=\"2\" x2=\"0\" y2=\"333333.3\"/>\n"
			    "<rect class=\"frame\" x=\"0.1\" y=\"10\" width=\"10\" height=\"0.5\" "
			    "rx=\"4\"/>\n"
			    "<circle cx=\"1\" cy=\"2\" r=\"3\"/>\n"
			    "<path class=\"bars\" d=\"V1.3H-2\"/>\n");
}

static void a_document_has_family_title_and_style(void **state)
{
	cleanup_strbuf struct strbuf b = {0}, untitled = {0};

	(void)state;
	svg_open(&b, 10, 20, "serif", "a<b", ".x { fill: red; }\n");
	svg_label(&b, NULL, SVG_END, 1, 2, "1&2");
	svg_label(&b, "up", SVG_UP, 3, 4.5, "3");
	svg_group_begin(&b, "\"");
	svg_group_end(&b);
	svg_end(&b);
	assert_string_equal(b.s,
			    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"20\" "
			    "viewBox=\"0 0 10 20\" font-family=\"serif\">\n<title>a&lt;b</title>\n"
			    "<style>\n.x { fill: red; }\n</style>\n"
			    "<rect width=\"10\" height=\"20\" fill=\"#ffffff\"/>\n"
			    "<text x=\"1\" y=\"2\" text-anchor=\"end\">1&amp;2</text>\n"
			    "<text class=\"up\" transform=\"translate(3 4.5) rotate(-90)\" "
			    "text-anchor=\"middle\">3</text>\n"
			    "<g><title>&quot;</title>\n</g>\n</svg>\n");
	svg_open(&untitled, 10, 20, "serif", NULL, "");
	assert_null(strstr(untitled.s, "title"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_what_xml_can_hold),
		cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(coordinates_have_at_most_one_decimal),
		cmocka_unit_test(a_document_has_family_title_and_style),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
