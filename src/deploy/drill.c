// SPDX-License-Identifier: Apache-2.0
#include "deploy/drill.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "base/interrupt.h"
#include "base/str.h"
#include "deploy/guest.h"
#include "deploy/plan.h"
#include "deploy/service.h"

#define ASK_MS   2000
#define DRAIN_MS 1000 /* for the last answers */

struct drill {
	struct vim *vim;
	const struct deployment *deployment;
	const struct vm_group *group;
	const struct events *events;
	const char *management;
	struct drill_result *result;
	bool pulled; /* the link may be down */
};

static void report(const struct drill *d, const char *type, enum event_status status,
		   const char *details)
{
	event_report(d->events, &(struct event){.type = type,
						.status = status,
						.tenant = d->vim->tenant,
						.deployment = d->vim->deployment,
						.vm_group = d->group->name,
						.object = d->result->port,
						.details = details});
}

/* The active leg now, and in *ret_mac (may be NULL) its permanent MAC; NULL with err set otherwise.
 */
static char *active_leg(struct drill *d, char **ret_mac, struct err *err)
{
	cleanup_guest_status struct guest_status status = {0};

	if (guest_status(d->vim, d->management, GUEST_PORT, ASK_MS, &status, err) < 0) {
		err_wrap(err, "ask the guest at %s which leg is active", d->management);
		return NULL;
	}
	const struct guest_bond *bond = guest_status_bond(&status, d->result->bond);
	if (!bond || !bond->active_leg) {
		err_set(err, ENODEV, "%s in the guest has no active leg", d->result->bond);
		return NULL;
	}
	d->result->miimon = (int)bond->miimon;
	d->result->arp_interval = (int)bond->arp_interval;
	const struct guest_leg *leg = guest_bond_leg(bond, bond->active_leg);
	if (ret_mac)
		*ret_mac = xstrdup(leg ? leg->permanent_mac : NULL);
	return xstrdup(bond->active_leg);
}

static int find_port(struct drill *d, const char *mac, struct err *err)
{
	cleanup_server_info struct vim_server_info server = {0};
	int r = d->vim->ops->server(d->vim, d->result->server, VIM_LOOK_ALL, &server, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < server.n_ports; i++)
		if (mac && streq(server.ports[i].mac_address, mac)) {
			d->result->port = xstrdup(server.ports[i].name);
			return 0;
		}
	return err_set(err, ENODEV, "no port of server %s has the MAC %s of the active leg %s",
		       d->result->server, mac ? mac : "(unknown)", d->result->leg_before);
}

static int pull(struct drill *d, bool up, struct err *err)
{
	/* One that fails may have taken it down all the same. */
	d->pulled |= !up;
	int r = d->vim->ops->set_link(d->vim, d->result->server, d->result->port, up, err);

	if (r == 0)
		d->pulled = !up;
	return r;
}

/* Before, during, after; the caller puts the link back when this fails half way. */
static int run_phases(struct drill *d, struct dnsload *load, struct err *err)
{
	struct drill_result *result = d->result;
	const double down_at = DRILL_BEFORE_MS, up_at = DRILL_BEFORE_MS + DRILL_DOWN_MS;

	report(d, "DRILL", EVENT_STARTED, "DNS load before the failure");
	if (dnsload_wait_until(load, down_at, &interrupted) < 0)
		return err_set(err, EINTR, "interrupted before the link was touched");
	result->down_ms = dnsload_elapsed(load);
	int r = pull(d, false, err);
	if (r < 0)
		return r;
	report(d, "LINK_DOWN", EVENT_SUCCESS, result->leg_before);
	/* Late enough for the slowest monitor there is, early enough to see it before the link is
	 * back. */
	if (dnsload_wait_until(load, up_at - ASK_MS, &interrupted) < 0)
		return err_set(err, EINTR, "interrupted while the link was down");
	cleanup_err struct err ask = ERR_INIT;
	result->leg_after = active_leg(d, NULL, &ask);
	if (!result->leg_after)
		event_note(d->events, "DRILL", "while the link is down: %s", ask.text);
	if (dnsload_wait_until(load, up_at, &interrupted) < 0)
		return err_set(err, EINTR, "interrupted while the link was down");
	result->up_ms = dnsload_elapsed(load);
	r = pull(d, true, err);
	if (r < 0)
		return r;
	report(d, "LINK_UP", EVENT_SUCCESS, result->leg_before);
	if (dnsload_wait_until(load, up_at + DRILL_AFTER_MS, &interrupted) < 0)
		return err_set(err, EINTR, "interrupted after the link was put back");
	return 0;
}

static int prepare(struct drill *d, struct err *err)
{
	const struct bond *bond = service_bond(d->group);
	cleanup_free char *mac = NULL;
	char **addresses;
	size_t n;

	if (!bond)
		return err_set(err, ENODEV,
			       "the day-0 of %s sets up no bond: there is nothing to fail over",
			       d->group->name);
	if (!d->management)
		return err_set(err, EDESTADDRREQ,
			       "the management port of %s has no address in the descriptor: the "
			       "guest cannot be asked which leg is active",
			       d->group->name);
	service_addresses(d->group, 0, &addresses, &n);
	d->result->address = xstrdup(n ? addresses[0] : NULL);
	service_addresses_free(addresses, n);
	if (!d->result->address)
		return err_set(err, EDESTADDRREQ, "%s has no address to ask", bond->name);
	d->result->bond = xstrdup(bond->name);
	d->result->server = plan_server_name(d->deployment, d->group, 0);
	d->result->leg_before = active_leg(d, &mac, err);
	if (!d->result->leg_before)
		return err->code;
	return find_port(d, mac, err);
}

static void find_outage(struct drill_result *result)
{
	const struct dnsload_result *load = &result->load;
	cleanup_dnsload_result struct dnsload_result touched = {0};

	dnsload_evaluate(load->queries, load->n_queries, result->down_ms - DRILL_IN_FLIGHT_MS,
			 DRILL_BEFORE_MS + DRILL_DOWN_MS + DRILL_AFTER_MS, &touched);
	result->outage = touched.longest;
	result->lost_after = touched.lost_after;
}

int drill_run(struct vim *vim, const struct deployment *deployment, const struct vm_group *group,
	      unsigned qps, const struct events *events, struct drill_result *ret, struct err *err)
{
	cleanup_drill_result struct drill_result result = {0};
	struct drill d = {.vim = vim,
			  .deployment = deployment,
			  .group = group,
			  .events = events,
			  .management = service_management_address(group, 0),
			  .result = &result};
	struct dnsload *load = NULL;
	int r = prepare(&d, err);

	if (r < 0)
		return r;
	const char *name = service_query_name(deployment, group);
	const struct dnsload_options options = {
		.server = result.address,
		.port = DNS_PORT,
		.name = name,
		.type = streq(name, ".") ? "SOA" : "A",
		.qps = qps,
		.duration_ms = DRILL_BEFORE_MS + DRILL_DOWN_MS + DRILL_AFTER_MS,
		.wait_ms = DRAIN_MS,
	};
	r = dnsload_start(vim, &options, &load, err);
	if (r < 0)
		return r;
	r = run_phases(&d, load, err);
	if (d.pulled) {
		cleanup_err struct err back = ERR_INIT;
		if (pull(&d, true, &back) < 0)
			event_note(events, "LINK_UP",
				   "the link of %s could not be put back: %s; 'dnsvnf undeploy', "
				   "then deploy again",
				   result.port, back.text);
	}
	dnsload_finish(load, &interrupted, &result.load);
	if (r < 0)
		return r;

	find_outage(&result);
	cleanup_err struct err ask = ERR_INIT;
	result.leg_end = active_leg(&d, NULL, &ask);
	if (!result.leg_end)
		event_note(events, "DRILL", "at the end: %s", ask.text);
	result.failed_over = result.leg_after && !streq(result.leg_after, result.leg_before);
	result.failed_back = result.failed_over && streq(result.leg_end, result.leg_before);
	*ret = result;
	result = (struct drill_result){0};
	return 0;
}

void drill_result_clear(struct drill_result *result)
{
	free(result->server);
	free(result->bond);
	free(result->port);
	free(result->address);
	free(result->leg_before);
	free(result->leg_after);
	free(result->leg_end);
	dnsload_result_clear(&result->load);
	*result = (struct drill_result){0};
}
