// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"
#include "placement/pages.h"
#include "placement/schedule.h"

static void format_pins(const struct fit_placed_cell *cell, struct strbuf *b)
{
	for (size_t i = 0; i < cell->n_pins; i++)
		strbuf_addf(b, "%s%u", i ? "," : "vCPUs ", cell->pins[i].vcpu);
	for (size_t i = 0; i < cell->n_pins; i++)
		strbuf_addf(b, "%s%u", i ? "," : " on CPUs ", cell->pins[i].cpu);
}

static void format_cell(const struct fit_placed_cell *cell, struct strbuf *b)
{
	strbuf_addf(b, "node %d", cell->node);
	if (!cell->page_kb && !cell->n_pins)
		return;
	strbuf_adds(b, " (");
	if (cell->page_kb) {
		pages_format(b, cell->page_kb);
		strbuf_adds(b, cell->n_pins ? " pages, " : " pages");
	}
	format_pins(cell, b);
	strbuf_adds(b, ")");
}

static void format_port(const struct fit_port *port, const struct pci_pool *pool, struct strbuf *b)
{
	strbuf_addf(b, "port %u on a %s of %s", port->nicid, pool->type == PCI_PF ? "PF" : "VF",
		    pool->physnet);
	if (pool->pf)
		strbuf_addf(b, " (%s)", pool->pf);
	if (pool->node >= 0)
		strbuf_addf(b, " on node %d", pool->node);
}

void scheduled_format_place(const struct scheduled_server *s, struct strbuf *b)
{
	const struct compute_host *host = &s->hosts.v[s->host];
	const struct fit_result *result = &s->explanation.results[s->host];
	size_t before = b->len;

	for (size_t i = 0; i < result->n_cells; i++) {
		strbuf_addf(b, "%scell %zu on ", i ? "; " : "", i);
		format_cell(&result->cells[i], b);
	}
	for (size_t i = 0; i < result->n_pools; i++) {
		strbuf_adds(b, b->len > before ? "; " : "");
		format_port(&s->request.ports[i], &host->pools[result->pools[i]], b);
	}
	if (b->len == before)
		strbuf_adds(b, "no NUMA cell and no VF requested");
}

static const char *veto_text(enum veto veto)
{
	switch (veto) {
	case VETO_NONE:
		break;
	case VETO_ZONE_HOST:
		return "the descriptor's zone_host names another host";
	case VETO_APART:
		return "a server of its anti-affinity group is there";
	case VETO_TOGETHER:
		return "the servers of its affinity group are on another host";
	case VETO_BRIDGE:
		return "the Open vSwitch agent there has no bridge mapping for the physnet of one "
		       "of its virtual ports";
	}
	return "it fits";
}

void scheduled_reasons(const struct scheduled_server *s, size_t host, struct strv *reasons)
{
	const struct fit_result *result = &s->explanation.results[host];

	for (size_t i = 0; i < result->n_reasons; i++) {
		struct strbuf b = {0};
		fit_reason_format(&result->reasons[i], &s->hosts.v[host], &s->request, &b);
		strv_take(reasons, strbuf_steal(&b));
	}
	if (s->vetoes[host] != VETO_NONE || !result->n_reasons)
		strv_add(reasons, veto_text(s->vetoes[host]));
}

void scheduled_format_reasons(const struct scheduled_server *s, size_t host, struct strbuf *b)
{
	cleanup_strv struct strv reasons = {0};

	scheduled_reasons(s, host, &reasons);
	for (size_t i = 0; i < reasons.n; i++)
		strbuf_addf(b, "%s%s", i ? "; " : "", reasons.v[i]);
}
