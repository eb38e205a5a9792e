/* SPDX-License-Identifier: Apache-2.0 */
/* A manager with one deployment of two VMs and no event loop, whose store is a temporary folder. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "manager/events.h"
#include "manager/manager.h"
#include "manager/registry.h"

#define FIXTURE_POLICY                                                                         \
	"\"policy\":{\"watched\":true,\"period_ms\":1000,\"n_true\":1,\"n_false\":3,"          \
	"\"bootup_ms\":60000,\"reboot_ms\":60000,\"wait_ms\":1000,\"action\":\"REBOOT_ONLY\"," \
	"\"max_retries\":3}"

static char fixture_folder[] = "/tmp/dnsvnf-fuzz.XXXXXX";

static inline void fixture_remove(void)
{
	(void)dir_remove(fixture_folder, NULL);
}

static inline void fixture_must(int r, const struct err *err)
{
	if (r < 0) {
		fprintf(stderr, "fixture: %s\n", err->text ? err->text : "?");
		abort();
	}
}

static inline struct manager *fixture_open(void)
{
	static const char watch[] =
		"{\"tenant\":\"t\",\"deployment\":\"d\",\"cloud\":\"c\",\"vms\":["
		"{\"name\":\"vm-a\",\"group\":\"g\",\"network\":\"n\",\"management\":\"192.0.2."
		"1\"," FIXTURE_POLICY "},"
		"{\"name\":\"vm-b\",\"group\":\"g\",\"network\":\"n\",\"management\":\"192.0.2."
		"2\"," FIXTURE_POLICY "}]}";
	const struct registry_file files[] = {{"descriptor", "", 0},
					      {"watch.json", watch, sizeof(watch) - 1}};
	cleanup_err struct err err = ERR_INIT;
	struct manager *m = xcalloc(1, sizeof(*m));
	struct fleet_limits limits;
	int generation;

	if (!mkdtemp(fixture_folder))
		abort();
	atexit(fixture_remove);
	m->conf.store = xstrdup(fixture_folder);
	m->conf.heal = HEAL_ON;
	m->boot_id = xstrdup("boot");
	m->proposed = xcalloc(4, sizeof(*m->proposed));
	fleet_limits_default(&limits);
	fleet_init(&m->fleet, &limits, manager_now());
	fixture_must(registry_open(fixture_folder, &m->registry, &err), &err);
	fixture_must(
		registry_put(m->registry, "t", "d", files, ARRAY_SIZE(files), &generation, &err),
		&err);
	return m;
}

/* A log of its own for each input: of what is noted nothing is kept. */
static inline struct managed *fixture_begin(struct manager *m)
{
	cleanup_free char *folder = xasprintf("%s/events", fixture_folder);
	cleanup_err struct err err = ERR_INIT;

	if (!m->events)
		fixture_must(events_open(folder, &m->events, &err), &err);
	fixture_must(manager_load(m, "t", "d", 1, &err), &err);
	return m->deployments[0];
}

static inline void fixture_end(struct manager *m)
{
	while (m->n_deployments)
		manager_unload(m, m->deployments[0]);
	events_revoke(m->events, 0);
}
