// SPDX-License-Identifier: Apache-2.0

#include "base/alloc.h"
#include "base/str.h"
#include "host/host.h"
#include "host/read.h"
#include "host/tree.h"

#define SYSCTL "proc/sys/net/netfilter/nf_conntrack_"
#define STAT   "proc/net/stat/nf_conntrack"

/* Index of the statistics column of that name, or -1. */
static int column_of(const char *head, const char *name)
{
	cleanup_free char *copy = xstrndup(head, strcspn(head, "\n"));
	char *rest = copy, *word;

	for (int column = 0; (word = strsep(&rest, " \t"));) {
		if (!*word)
			continue;
		if (streq(word, name))
			return column;
		column++;
	}
	return -1;
}

/* Sum of a column over all CPUs. The file has a header line, then one line of hexadecimal numbers
 * per CPU. */
static int64_t column_sum(const char *text, const char *name)
{
	int wanted = column_of(text, name);
	uint64_t sum = 0;

	if (wanted < 0)
		return HOST_UNKNOWN;

	cleanup_free char *copy = xstrdup(text);
	char *rest = copy, *line, *word;

	(void)strsep(&rest, "\n");
	while ((line = strsep(&rest, "\n")))
		for (int column = 0; (word = strsep(&line, " \t"));)
			if (*word && column++ == wanted)
				sum += strtoul(word, NULL, 16) & UINT32_MAX;
	return (int64_t)sum;
}

/*
 * If the table is full, the kernel drops a packet of a new flow (drop) or evicts another flow
 * (early_drop). A UDP flow stays for udp_timeout, so max / udp_timeout new flows per second fill
 * the table.
 */
static const char *verdict(const struct host_conntrack *c)
{
	if (c->loaded == 0)
		return "not loaded";
	if (c->drop > 0 || c->early_drop > 0)
		return "dropping";
	if (c->max < 0)
		return NULL;
	if (c->count > c->max / 10 * 8)
		return "filling";
	return c->max < HOST_CONNTRACK_ENOUGH ? "small" : "ok";
}

void conntrack_read(struct tree *tree, struct host *host)
{
	struct host_conntrack *c = &host->conntrack;
	cleanup_free char *stat = tree_text(tree, STAT);
	int64_t loaded = HOST_UNKNOWN;

	for (size_t i = 0; i < host->n_modules; i++)
		if (streq(host->modules[i].name, "nf_conntrack") && host->modules[i].state)
			loaded = streq(host->modules[i].state, "loaded") ||
				 streq(host->modules[i].state, "builtin");
	*c = (struct host_conntrack){
		.max = tree_number(tree, SYSCTL "max"),
		.count = tree_number(tree, SYSCTL "count"),
		.buckets = tree_number(tree, SYSCTL "buckets"),
		.udp_timeout = tree_number(tree, SYSCTL "udp_timeout"),
		.udp_timeout_stream = tree_number(tree, SYSCTL "udp_timeout_stream"),
		.drop = stat ? column_sum(stat, "drop") : HOST_UNKNOWN,
		.early_drop = stat ? column_sum(stat, "early_drop") : HOST_UNKNOWN,
		.insert_failed = stat ? column_sum(stat, "insert_failed") : HOST_UNKNOWN,
		.new_flows_per_s = HOST_UNKNOWN,
	};
	c->loaded = c->max >= 0 ? 1 : loaded;
	if (c->max >= 0 && c->udp_timeout > 0)
		c->new_flows_per_s = c->max / c->udp_timeout;
	c->verdict = verdict(c);
}
