// SPDX-License-Identifier: Apache-2.0
#include "deploy/dnsload.h"

#include "base/err.h"
#include "vim/vim.h"

enum {
	TRY_MS = 500,
	WAIT_MS = 500,
	WARM_MS = 100, /* excludes address resolution and cold caches */
	TRIES = 7,
	GOOD_TRIES = 2, /* in a row: a single one may be chance */
	MIN_QPS = 20,
	SLOW_MS = 100, /* a queue this long is about to overflow */
};

unsigned rate_next(unsigned qps, const struct dnsload_result *r)
{
	if (qps <= MIN_QPS ||
	    (r->lost == 0 && r->skipped == 0 && r->answered > 0 && r->latency_p99 < SLOW_MS))
		return qps;
	return qps / 2 > MIN_QPS ? qps / 2 : MIN_QPS;
}

static int try(struct vim *vim, const struct dnsload_options *options, struct dnsload_result *ret,
	       struct err *err)
{
	struct dnsload *load;
	cleanup_dnsload_result struct dnsload_result all = {0};
	int r = dnsload_start(vim, options, &load, err);

	if (r < 0)
		return r;
	r = dnsload_wait_until(load, TRY_MS, vim->run);
	dnsload_finish(load, vim->run, &all);
	if (r < 0)
		return r;
	dnsload_evaluate(all.queries, all.n_queries, WARM_MS, TRY_MS, ret);
	ret->skipped = all.skipped;
	return 0;
}

int rate_find(struct vim *vim, const struct dnsload_options *options, unsigned *ret_qps,
	      struct err *err)
{
	struct dnsload_options o = *options;
	bool answered = false;
	unsigned next = o.qps, good = 0;

	o.duration_ms = TRY_MS;
	o.wait_ms = WAIT_MS;
	for (unsigned i = 0; i < TRIES && good < GOOD_TRIES; i++) {
		cleanup_dnsload_result struct dnsload_result result = {0};
		o.qps = next;
		int r = try(vim, &o, &result, err);
		if (r < 0)
			return r;
		answered |= result.answered > 0;
		if (!answered && i > 0)
			break;
		next = rate_next(o.qps, &result);
		good = next == o.qps ? good + 1 : 0;
	}
	if (!answered)
		return err_set(err, UNREACHABLE, "%s does not answer DNS", options->server);
	*ret_qps = o.qps;
	return 0;
}
