// SPDX-License-Identifier: Apache-2.0
/* Nova's limits (GET /limits) and Neutron's quotas (GET /quotas/PROJECT/details). */
#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/handle.h"

static int64_t number(const json_t *o, const char *key, int64_t absent)
{
	const json_t *value = json_object_get(o, key);

	return json_is_integer(value) ? json_integer_value(value) : absent;
}

static void read_compute(const json_t *answer, struct vim_quota *ret)
{
	static const struct {
		enum vim_quota_kind kind;
		const char *limit, *used;
	} rows[] = {
		{VIM_QUOTA_SERVERS, "maxTotalInstances", "totalInstancesUsed"},
		{VIM_QUOTA_CORES, "maxTotalCores", "totalCoresUsed"},
		{VIM_QUOTA_MEMORY_MB, "maxTotalRAMSize", "totalRAMUsed"},
		{VIM_QUOTA_SERVER_GROUPS, "maxServerGroups", "totalServerGroupsUsed"},
	};
	const json_t *absolute = json_object_get(json_object_get(answer, "limits"), "absolute");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ret[rows[i].kind] = (struct vim_quota){number(absolute, rows[i].limit, -1),
						       number(absolute, rows[i].used, 0)};
}

static void read_network(const json_t *answer, struct vim_quota *ret)
{
	static const struct {
		enum vim_quota_kind kind;
		const char *key;
	} rows[] = {
		{VIM_QUOTA_NETWORKS, "network"},
		{VIM_QUOTA_SUBNETS, "subnet"},
		{VIM_QUOTA_PORTS, "port"},
	};
	const json_t *quota = json_object_get(answer, "quota");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const json_t *o = json_object_get(quota, rows[i].key);
		ret[rows[i].kind] = (struct vim_quota){
			number(o, "limit", -1), number(o, "used", 0) + number(o, "reserved", 0)};
	}
}

int openstack_quotas(struct vim *vim, struct vim_quota *ret, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	struct call *calls[2];
	int r = openstack_login(os, err);

	for (size_t i = 0; i < VIM_QUOTAS; i++)
		ret[i] = (struct vim_quota){.limit = -1};
	if (r == -ENOENT && os->make_project) { /* it gets the cloud's defaults */
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	calls[0] = call_new(SERVICE_COMPUTE, "GET", xstrdup("/limits"), NULL);
	calls[1] = call_new(SERVICE_NETWORK, "GET",
			    xasprintf("/quotas/%s/details", session_project_id(os->session)), NULL);
	(void)session_calls(os->session, calls, ARRAY_SIZE(calls), NULL);
	int result = 0;
	static void (*const readers[])(const json_t *, struct vim_quota *) = {read_compute,
									      read_network};
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		/* A cloud without this extension, or a role that may not see it: not known. */
		bool unseen = calls[i]->status == 403 || calls[i]->status == 404;
		if (calls[i]->result == 0)
			readers[i](calls[i]->answer, ret);
		else if (!unseen && !result)
			result = err_copy(err, &calls[i]->err);
		call_free(calls[i]);
	}
	return result;
}
