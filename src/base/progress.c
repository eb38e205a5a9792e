// SPDX-License-Identifier: Apache-2.0
#include "base/progress.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/output.h"
#include "base/str.h"

#define BAR_WIDTH    24
#define REDRAW_EVERY (100 * US_PER_MS)

struct progress {
	FILE *out;
	bool live, colour;
	bool drawn;               /* a live line is on the terminal */
	int64_t start, last_draw; /* of clock_now */
	struct step_start {
		char *step; /* type and object */
		int64_t at;
	} * steps; /* under way, or just over: some go on side by side */
	size_t n_steps;
};

static double seconds_since(int64_t start)
{
	return clock_ms_since(start) / 1e3;
}

struct progress *progress_new(FILE *out, bool live, bool colour)
{
	struct progress *p = xcalloc(1, sizeof(*p));

	p->out = out;
	p->live = live;
	p->colour = colour;
	p->start = clock_now();
	return p;
}

static void erase(struct progress *p)
{
	if (p->drawn)
		output_control(p->out, "\r\033[K");
	p->drawn = false;
}

static int columns(FILE *out)
{
	int columns = output_columns(out);

	return columns > 20 ? columns : 80;
}

static void add_amount(struct strbuf *line, double amount, const char *unit)
{
	if (!streq(unit, "B")) {
		strbuf_addf(line, "%.0f %s", amount, unit ? unit : "");
		return;
	}
	static const char *const scale[] = {"B", "kB", "MB", "GB"};
	size_t i = 0;
	for (; amount >= 1000 && i + 1 < ARRAY_SIZE(scale); i++)
		amount /= 1000;
	strbuf_addf(line, "%.*f %s", i ? 1 : 0, amount, scale[i]);
}

/* The name of a step: "CREATE_NETWORK sriov-network-1". */
static char *step_name(const struct event *e)
{
	const char *object = e->object ? e->object : e->vm_group ? e->vm_group : e->deployment;

	return object ? xasprintf("%s %s", e->type, object) : xstrdup(e->type);
}

static void step_clear(struct step_start *s)
{
	free(s->step);
}

/* When the step began: now, if it is new. */
static int64_t step_start(struct progress *p, const char *step)
{
	struct step_start *found = array_find(p->steps, p->n_steps, streq(it->step, step));

	if (!found) {
		found = array_push(p->steps, p->n_steps);
		*found = (struct step_start){xstrdup(step), clock_now()};
	}
	return found->at;
}

static void end_step(struct progress *p, const char *step)
{
	struct step_start *found = array_find(p->steps, p->n_steps, streq(it->step, step));

	if (!found)
		return;
	step_clear(found);
	*found = p->steps[--p->n_steps];
}

static void draw_live(struct progress *p, const struct event *e, const char *step)
{
	int64_t now = clock_now();
	cleanup_strbuf struct strbuf line = {0};

	if (p->drawn && e->status == EVENT_PROGRESS && now - p->last_draw < REDRAW_EVERY)
		return;
	p->last_draw = now;
	double elapsed = seconds_since(step_start(p, step));
	strbuf_addf(&line, "[%6.1f s] %s ", seconds_since(p->start), step);
	if (e->total) {
		uint64_t done = e->done < e->total ? e->done : e->total;
		unsigned full = (unsigned)(done * BAR_WIDTH / e->total);
		strbuf_adds(&line, "[");
		for (unsigned i = 0; i < BAR_WIDTH; i++)
			strbuf_adds(&line, i < full ? "=" : i == full ? ">" : " ");
		strbuf_addf(&line, "] ");
		add_amount(&line, (double)done, e->unit);
		strbuf_adds(&line, " of ");
		add_amount(&line, (double)e->total, e->unit);
		if (streq(e->unit, "B") && elapsed > 0.2) {
			strbuf_adds(&line, ", ");
			add_amount(&line, (double)done / elapsed, "B");
			strbuf_adds(&line, "/s");
		}
	}
	if (e->details)
		strbuf_addf(&line, " %s", e->details);
	erase(p);
	fprintf(p->out, "%.*s", columns(p->out) - 1, line.s);
	fflush(p->out);
	p->drawn = true;
}

static void draw_line(struct progress *p, const struct event *e, const char *step)
{
	static const char *const colours[] = {
		[EVENT_STARTED] = "\033[36m", [EVENT_PROGRESS] = "",
		[EVENT_SUCCESS] = "\033[32m", [EVENT_FAILURE] = "\033[31m",
		[EVENT_NOTE] = "\033[33m",
	};
	double elapsed = e->status == EVENT_SUCCESS ? seconds_since(step_start(p, step)) : 0;

	erase(p);
	fprintf(p->out, "[%6.1f s] ", seconds_since(p->start));
	if (p->colour)
		output_control(p->out, colours[e->status]);
	fprintf(p->out, "%-7s", event_status_name(e->status));
	if (p->colour)
		output_control(p->out, "\033[0m");
	fprintf(p->out, " %s", step);
	if (e->details)
		fprintf(p->out, ": %s", e->details);
	if (elapsed >= 0.1)
		fprintf(p->out, " (%.1f s)", elapsed);
	fputc('\n', p->out);
	fflush(p->out);
}

void progress_report(void *progress, const struct event *e)
{
	struct progress *p = progress;
	cleanup_free char *step = step_name(e);

	if (e->status != EVENT_NOTE)
		(void)step_start(p, step);
	switch (e->status) {
	case EVENT_STARTED:
		/*
		 * Without a terminal, only steps with details, which take long, get a line at their
		 * start.
		 */
		if (p->live)
			draw_live(p, e, step);
		else if (e->details)
			draw_line(p, e, step);
		break;
	case EVENT_PROGRESS:
		if (p->live)
			draw_live(p, e, step);
		break;
	case EVENT_SUCCESS:
	case EVENT_FAILURE:
		draw_line(p, e, step);
		end_step(p, step);
		break;
	case EVENT_NOTE:
		draw_line(p, e, step);
		break;
	}
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	erase(p);
	fflush(p->out);
	array_free(p->steps, p->n_steps, step_clear);
	free(p);
}
