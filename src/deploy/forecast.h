/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers what is known of the hosts, from files and from the VIM, and schedules the plan on them.
 */
#pragma once

#include "placement/facts.h"
#include "placement/schedule.h"

struct err;
struct plan;
struct vim;

struct forecast {
	struct cloud_facts facts;
	struct compute_hosts hosts; /* with what the VIM knows */
	char *notes;                /* what that was, and what is not known: lines; or NULL */
	struct schedule_request request;
	struct schedule schedule;
};

/* The plan's servers: which stay, and whether others make room. The plan's model and inventory must
 * outlive *ret. */
void forecast_request(const struct plan *plan, struct schedule_request *ret);

/*
 * vim NULL: none is asked. dir NULL: no files, the hosts are those that the VIM itself describes
 * (the embedded one's). Makes nothing. Errors are hosts_read_dir's and the VIM's. The plan's model
 * and inventory must outlive *ret.
 */
int forecast_make(struct vim *vim, const struct plan *plan, const char *dir, struct forecast *ret,
		  struct err *err);
void forecast_clear(struct forecast *forecast);

#define cleanup_forecast __attribute__((__cleanup__(forecast_clear)))
