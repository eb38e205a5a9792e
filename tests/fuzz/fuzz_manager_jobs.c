// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as what a child of dnsvnfd prints. Of the first byte: which child it is, whether it
 * failed, and how the output is cut into pieces.
 */
#include <stdint.h>

#include "manager/job.h"
#include "manager/lines.h"
#include "manager_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct job_handler handler_of(struct managed *d, unsigned which)
{
	switch (which % 4) {
	case 0:
		return look_handler(d->project);
	case 1:
		return look_actions_handler(d);
	case 2:
		return drift_handler(d);
	default:
		d->acting = 0;
		d->act = ACT_REBOOT;
		return work_act_handler(d);
	}
}

static void check(const struct manager *m, const struct managed *d)
{
	if (m->n_deployments != 1 || d->watch.n_vms != 2 || m->fleet.n_vms != 2)
		abort();
	for (size_t i = 0; i < 2; i++) {
		const struct vim_report *r = &m->fleet.vms[i].seen.vim;
		uint32_t host = m->fleet.vms[i].domains[DOMAIN_HOST];
		if (r->state > SERVER_ERROR || r->power > POWER_PAUSED ||
		    (host != DOMAIN_NONE && host >= m->fleet.n_domains))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct manager *m;
	const char *text = (const char *)data;
	struct lines lines = {0};

	if (size == 0)
		return 0;
	if (!m)
		m = fixture_open();
	struct managed *d = fixture_begin(m);
	const struct job_handler h = handler_of(d, data[0]);
	const struct job_result result = {
		.exit_code = data[0] & 4 ? 1 : 0, .why = NULL, .errors = "stderr"};
	size_t piece = 1 + (size_t)(data[0] >> 3) * 97;
	m->jobs = m->looks = m->plans = 1;
	for (size_t at = 1; at < size; at += piece)
		if (lines_add(&lines, text + at, size - at < piece ? size - at : piece, h.line,
			      h.data) < 0)
			break;
	h.done(h.data, &result);
	strbuf_clear(&lines.part);
	if (m->jobs + m->looks + m->plans != 2)
		abort();
	check(m, d);
	(void)fleet_tick(&m->fleet, m->fleet.last_tick + 1000, m->proposed);
	m->jobs = m->looks = m->plans = 0;
	fixture_end(m);
	return 0;
}
