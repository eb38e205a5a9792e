// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "deploy/plot.h"

enum { N = 400 };

static unsigned answers[N];

/* 4 s at 1000 queries a second; the link goes at 1 s and comes back at 3 s. */
static struct plot make_plot(void)
{
	for (size_t i = 0; i < N; i++)
		answers[i] = 10;
	for (size_t i = 100; i < 110; i++)
		answers[i] = 0;
	for (size_t i = 110; i < 115; i++)
		answers[i] = 5;
	return (struct plot){
		.answers = answers,
		.n_answers = N,
		.bucket_ms = 10,
		.qps = 1000,
		.duration_ms = 4000,
		.down_ms = 1000,
		.up_ms = 3000,
		.object = "link",
		.gap_start_ms = 1000,
		.gap_end_ms = 1100,
	};
}

static void test_text(void **state)
{
	(void)state;
	struct plot p = make_plot();
	cleanup_free char *ascii = plot_text(&p, 40, false);
	cleanup_free char *utf8 = plot_text(&p, 40, true);

	assert_string_equal(ascii, "          |down               |up       \n"
				   "########## *############################\n"
				   "0s        1s        2s        3s        \n");
	assert_string_equal(utf8, "          ↓down               ↓up       \n"
				  "██████████ ▆████████████████████████████\n"
				  "0s        1s        2s        3s        \n");
}

static void test_text_edges(void **state)
{
	(void)state;
	struct plot p = make_plot();

	p.down_ms = 3990; /* no room to the right */
	p.up_ms = -1;
	p.n_answers = 390; /* as many as came */
	cleanup_free char *text = plot_text(&p, 1, false);
	assert_string_equal(text, "               |down\n"
				  "#####-#############=\n"
				  "0s        2s        \n");

	p = (struct plot){
		.qps = 1, .duration_ms = 100, .bucket_ms = 10, .down_ms = -1, .up_ms = -1};
	cleanup_free char *empty = plot_text(&p, 20, true);
	assert_string_equal(empty, "                    \n"
				   "                    \n"
				   "0s                  \n");
}

static void test_svg(void **state)
{
	(void)state;
	static const char *const caption[] = {"sent 4000, lost 125", "a < b & c"};
	struct plot p = make_plot();

	p.title = "vnf/<cpnr> & co";
	p.caption = caption;
	p.n_caption = ARRAY_SIZE(caption);
	cleanup_free char *svg = plot_svg(&p);
	assert_true(strncmp(svg, "<svg ", 5) == 0);
	assert_non_null(strstr(svg, "vnf/&lt;cpnr&gt; &amp; co"));
	assert_non_null(strstr(svg, "a &lt; b &amp; c"));
	assert_non_null(strstr(svg, "link down"));
	assert_non_null(strstr(svg, "link up"));
	assert_non_null(strstr(svg, "class=\"outage\""));
	assert_non_null(strstr(svg, "around the longest gap"));
	assert_null(strstr(svg, "nan"));
	assert_null(strstr(svg, "inf"));

	p.gap_end_ms = p.gap_start_ms;
	p.up_ms = -1;
	cleanup_free char *clean = plot_svg(&p);
	assert_null(strstr(clean, "class=\"outage\""));
	assert_null(strstr(clean, "link up"));
	assert_null(strstr(clean, "around the longest gap"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_edges),
		cmocka_unit_test(test_svg),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
