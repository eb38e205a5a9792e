/* SPDX-License-Identifier: Apache-2.0 */
/* Collects data about the hosts, from files and from the VIM, and schedules the plan on them. */
#pragma once

#include "placement/facts.h"
#include "placement/schedule.h"

struct err;
struct plan;
struct vim;

struct forecast {
	struct cloud_facts facts;
	struct compute_hosts hosts; /* including data from the VIM */
	char *notes; /* which data were added and which are unknown, one per line; or NULL */
	struct schedule_request request;
	struct schedule schedule;
};

/*
 * The plan's servers: which are kept, and whether removed ones free resources. The plan's model and
 * inventory must outlive *ret.
 */
void forecast_request(const struct plan *plan, struct schedule_request *ret);

/*
 * vim NULL: contacts no VIM. dir NULL: no files; the hosts are those that the VIM describes (only
 * the embedded VIM does). Creates nothing. Errors are those of hosts_read_dir and of the VIM. The
 * plan's model and inventory must outlive *ret.
 */
int forecast_make(struct vim *vim, const struct plan *plan, const char *dir, struct forecast *ret,
		  struct err *err);
void forecast_clear(struct forecast *forecast);

#define cleanup_forecast __attribute__((__cleanup__(forecast_clear)))
