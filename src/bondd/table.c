// SPDX-License-Identifier: Apache-2.0
#include "bondd/status.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"
#include "net/status.h"

static const char *known(const char *s)
{
	return s ? s : "-";
}

static const char *carrier_word(enum tristate carrier)
{
	return carrier == TRI_UNKNOWN ? "-" : carrier == TRI_YES ? "up" : "down";
}

/* Into buf, for a column. */
static const char *number(char *buf, size_t size, int64_t n)
{
	if (n < 0)
		return "-";
	snprintf(buf, size, "%" PRId64, n);
	return buf;
}

static void add_leg(struct strbuf *out, const struct guest_bond *b, const struct guest_leg *l)
{
	char node[24], speed[24], failures[24];

	strbuf_addf(out, "  %-15s %-7s %-8s %-8s %-10s %-5s %-8s %-9s %-17s %-12s %s\n",
		    known(l->name), streq(l->name, b->active_leg) ? "active" : "",
		    carrier_word(l->carrier), known(l->watch ? l->watch->path : NULL),
		    known(l->mii_status), number(node, sizeof(node), l->numa_node),
		    number(speed, sizeof(speed), l->speed),
		    number(failures, sizeof(failures), l->link_failures), known(l->permanent_mac),
		    known(l->pci_address), known(l->driver));
}

static void add_watch(struct strbuf *out, const struct guest_watch *w)
{
	if (!w) {
		strbuf_adds(out, "  not watched: bondd watch is not running\n");
		return;
	}
	strbuf_addf(out, "  watched: %s, targets", known(w->state));
	for (size_t i = 0; i < w->targets.n; i++)
		strbuf_addf(out, "%s %s", i ? "," : "", w->targets.v[i]);
	strbuf_adds(out, w->targets.n ? "\n" : " -\n");
	if (w->sentence)
		strbuf_addf(out, "  last: %s\n", w->sentence);
	for (size_t i = 0; i < w->findings.n; i++)
		strbuf_addf(out, "  note: %s\n", w->findings.v[i]);
}

static void add_bond(struct strbuf *out, const struct guest_status *s, const struct guest_bond *b)
{
	const struct guest_interface *i = guest_status_interface(s, b->name);

	strbuf_addf(out, "%s: %s, %s", known(b->name), known(b->mode), known(b->mii_status));
	if (b->miimon > 0)
		strbuf_addf(out, ", miimon %" PRId64 " ms", b->miimon);
	if (b->arp_interval > 0)
		strbuf_addf(out, ", arp_interval %" PRId64 " ms", b->arp_interval);
	strbuf_addf(out, ", fail_over_mac %s", known(b->fail_over_mac));
	if (b->primary)
		strbuf_addf(out, ", primary %s (%s)", b->primary, known(b->primary_reselect));
	strbuf_adds(out, "\n");
	for (size_t n = 0; i && n < i->addresses.n; n++)
		strbuf_addf(out, "  address %s\n", i->addresses.v[n]);
	if (i && i->gateway4)
		strbuf_addf(out, "  gateway %s\n", i->gateway4);
	if (i && i->gateway6)
		strbuf_addf(out, "  gateway %s\n", i->gateway6);
	add_watch(out, b->watch);
	if (b->n_legs == 0)
		strbuf_adds(out, "  no legs\n");
	else
		strbuf_addf(out, "  %-15s %-7s %-8s %-8s %-10s %-5s %-8s %-9s %-17s %-12s %s\n",
			    "leg", "", "carrier", "path", "mii", "node", "Mbit/s", "failures",
			    "permanent MAC", "PCI", "driver");
	for (size_t n = 0; n < b->n_legs; n++)
		add_leg(out, b, &b->legs[n]);
}

char *status_table(const struct guest_status *s)
{
	struct strbuf out = {0};

	if (s->n_bonds == 0)
		strbuf_adds(&out, "no bond\n");
	for (size_t n = 0; n < s->n_bonds; n++)
		add_bond(&out, s, &s->bonds[n]);
	if (s->cloud_init.status)
		strbuf_addf(&out, "cloud-init: %s\n", s->cloud_init.status);
	for (size_t n = 0; n < s->cloud_init.errors.n; n++)
		strbuf_addf(&out, "  %s\n", s->cloud_init.errors.v[n]);
	return strbuf_steal(&out);
}
