// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/str.h"
#include "deploy/design.h"
#include "deploy/forecast.h"
#include "deploy/plan.h"

#define S(s) ((char *)(s)) /* the model's strings are not const */

#define DESIGN    "examples/technote/corrected/dep.xml"
#define TWO_VNFS  "examples/designs/two-vnfs/dep.xml"
#define COMPUTE_1 "tests/unit/data/hosts/compute-1.json"

/* A design on n hosts like compute-1: a, b ... */
struct fixture {
	struct model *model;
	struct deployment *deployment;
	struct schedule_request request;
	struct compute_hosts hosts;
};

/* After a change of the model. */
static void request_again(struct fixture *s)
{
	schedule_request_clear(&s->request);
	schedule_request_make(s->model, s->deployment, &s->request);
}

static void fixture_make(const char *design, size_t n_hosts, struct fixture *ret)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	struct fixture s = {0};

	if (design_read(design, NULL, &s.model, &findings, &err) < 0)
		fail_msg("%s", err.text);
	s.deployment = &s.model->tenants[0].deployments[0];
	for (size_t i = 0; i < n_hosts; i++) {
		struct compute_host *host = array_push(s.hosts.v, s.hosts.n);
		if (host_json_read(COMPUTE_1, host, &err) < 0)
			fail_msg("%s", err.text);
		free(host->name);
		host->name = xasprintf("%c", (char)('a' + i));
	}
	request_again(&s);
	*ret = s;
}

static void fixture_clear(struct fixture *s)
{
	schedule_request_clear(&s->request);
	model_free(s->model);
	compute_hosts_clear(&s->hosts);
}

#define cleanup_fixture __attribute__((__cleanup__(fixture_clear)))

static void set_spec(struct fixture *s, const char *name, const char *value)
{
	struct properties *p = &s->model->flavors[0].properties;

	for (size_t i = 0; i < p->n; i++) {
		if (!streq(p->v[i].name, name))
			continue;
		free(p->v[i].value);
		p->v[i].value = xstrdup(value);
		return;
	}
	*array_push(p->v, p->n) = (struct property){.name = xstrdup(name), .value = xstrdup(value)};
}

static struct network *network(const struct fixture *s, const char *name)
{
	for (size_t i = 0; i < s->deployment->n_networks; i++)
		if (streq(s->deployment->networks[i].name, name))
			return &s->deployment->networks[i];
	fail_msg("no network %s", name);
	return NULL;
}

static void set_string(char **where, const char *value)
{
	free(*where);
	*where = xstrdup(value);
}

static void assert_reasons(const struct scheduled_server *p, size_t host, const char *words)
{
	cleanup_strbuf struct strbuf b = {0};

	scheduled_format_reasons(p, host, &b);
	if (!strstr(b.s, words))
		fail_msg("%s", b.s);
}

static void test_place_is_told_in_full(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};
	cleanup_strbuf struct strbuf b = {0};

	(void)state;
	fixture_make(DESIGN, 2, &s);
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.v[0].verdict, SCHEDULE_FITS);
	assert_int_equal(p.v[0].host, 0);
	assert_int_equal(p.v[0].n_others, 1);
	assert_int_equal(p.v[0].request.n_cells, 2);
	assert_int_equal(p.v[0].request.n_ports, 2);
	assert_int_equal(p.v[0].request.ports[1].policy, AFFINITY_LEGACY);
	assert_null(p.v[0].request.unseen);
	assert_string_equal(scheduled_device(&p.v[0], 0), "0000:3b:02.3");
	assert_string_equal(scheduled_device(&p.v[0], 1), "0000:af:02.3");
	scheduled_format_place(&p.v[0], &b);
	assert_string_equal(
		b.s, "cell 0 on node 0 (2 MiB pages, vCPUs 0,1 on CPUs 2,3); cell 1 on node 1 (2 "
		     "MiB pages, vCPUs 2,3 on CPUs 12,13); port 2 on a VF of sriov0 (ens1f0) on "
		     "node 0; port 3 on a VF of sriov1 (ens2f0) on node 1");
}

static void test_nowhere_has_reasons_and_what_fits(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};

	(void)state;
	fixture_make(DESIGN, 1, &s);
	set_spec(&s, "hw:numa_nodes", "1");
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.v[0].verdict, SCHEDULE_NOWHERE);
	assert_null(p.v[0].why);
	assert_reasons(&p.v[0], 0, "port 3 requests a VF of sriov1 with NUMA affinity legacy");
	assert_string_equal(p.v[0].explanation.v[0].text, "fits with hw:numa_nodes=2");
}

/* The second server meets a host on which the first one is. */
static void test_servers_are_placed_one_after_the_other(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};

	(void)state;
	fixture_make(DESIGN, 1, &s);
	s.deployment->vm_groups[0].scaling.min_active = 5;
	request_again(&s);
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.n, 5);
	assert_int_equal(schedule_count(&p, SCHEDULE_FITS), 4);
	assert_int_equal(p.v[4].verdict, SCHEDULE_NOWHERE);
	assert_reasons(&p.v[4], 0, "port 2 requests a VF of sriov0: 0 of 4 free");
	assert_int_equal(s.hosts.v[0].pools[0].free, 4); /* the caller's are as they were */
}

static void test_several_vms_are_on_two_hosts_while_there_are_two(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};

	(void)state;
	fixture_make(DESIGN, 2, &s);
	s.deployment->vm_groups[0].scaling.min_active = 3;
	request_again(&s);
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.v[0].host, 0);
	assert_int_equal(p.v[1].host, 1);
	assert_int_equal(p.v[2].host, 0);
}

static void test_anti_affinity_wants_a_host_each(void **state)
{
	static const size_t hosts[] = {1, 2};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		cleanup_fixture struct fixture s;
		cleanup_schedule struct schedule p = {0};
		fixture_make(TWO_VNFS, hosts[i], &s);
		schedule_make(&s.request, &s.hosts, NULL, &p);
		assert_int_equal(p.n, 2);
		assert_int_equal(schedule_count(&p, SCHEDULE_FITS), hosts[i]);
		if (hosts[i] == 1)
			assert_reasons(&p.v[1], 0, "a server of its anti-affinity group is there");
		else
			assert_int_equal(p.v[1].host, 1);
	}
}

static void test_affinity_keeps_them_together(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};

	(void)state;
	fixture_make(TWO_VNFS, 2, &s);
	set_string(&s.deployment->placement_groups[0].type, "affinity");
	request_again(&s);
	s.hosts.v[0].pools[0].free = 1; /* for one server */
	compute_host_recount(&s.hosts.v[0]);
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.v[0].host, 0);
	assert_int_equal(p.v[1].verdict, SCHEDULE_NOWHERE);
	assert_reasons(&p.v[1], 1, "the servers of its affinity group are on another host");
}

/* The first server is there already. */
static void set_stays(struct fixture *s, const char *host)
{
	s->request.v[0].stays = true;
	s->request.v[0].host = host;
}

static void test_server_that_stays_is_in_its_group(void **state)
{
	static const struct {
		const char *policy, *host; /* of the one that stays */
		size_t chosen;             /* of a and b; 2: none */
		size_t n_others;
	} rows[] = {
		{"anti_affinity", "a", 1, 0}, {"anti_affinity", "b", 0, 0},
		{"anti_affinity", "x", 0, 1}, {"affinity", "a", 0, 0},
		{"affinity", "b", 1, 0},      {"affinity", "x", 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_fixture struct fixture s;
		cleanup_schedule struct schedule p = {0};
		fixture_make(TWO_VNFS, 2, &s);
		set_string(&s.deployment->placement_groups[0].type, rows[i].policy);
		request_again(&s);
		set_stays(&s, rows[i].host);
		schedule_make(&s.request, &s.hosts, NULL, &p);
		assert_int_equal(p.n, 1);
		assert_int_equal(p.v[0].host, rows[i].chosen);
		assert_int_equal(p.v[0].n_others, rows[i].n_others);
		assert_int_equal(p.v[0].verdict,
				 rows[i].chosen < 2 ? SCHEDULE_FITS : SCHEDULE_UNKNOWN);
		if (rows[i].chosen == 2)
			assert_non_null(
				strstr(p.v[0].why, "is on x, but no file describes that host"));
	}
}

/* What would help is looked for where the server may go. */
static void test_what_fits_is_not_on_a_vetoed_host(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};

	(void)state;
	fixture_make(TWO_VNFS, 2, &s);
	set_stays(&s, "a");
	s.hosts.v[1].pools[0].free = 0;
	compute_host_recount(&s.hosts.v[1]);
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.v[0].verdict, SCHEDULE_NOWHERE);
	assert_reasons(&p.v[0], 0, "a server of its anti-affinity group is there");
	assert_int_equal(p.v[0].explanation.nearest, 1);
	assert_true(p.v[0].explanation.n > 0);
	assert_int_equal(p.v[0].explanation.v[0].host, 1);

	schedule_clear(&p);
	s.hosts.n = 1; /* none is left to look at */
	schedule_make(&s.request, &s.hosts, NULL, &p);
	s.hosts.n = 2;
	assert_int_equal(p.v[0].verdict, SCHEDULE_NOWHERE);
	assert_int_equal(p.v[0].explanation.n, 0);
}

static void test_where_a_server_stays_may_be_hidden(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};

	(void)state;
	fixture_make(TWO_VNFS, 2, &s);
	set_stays(&s, NULL);
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.v[0].verdict, SCHEDULE_FITS);
	assert_non_null(strstr(p.v[0].request.unseen, "the host of "));

	struct cloud_facts facts = {.one_host = true}; /* which keeps none apart */
	schedule_clear(&p);
	schedule_make(&s.request, &s.hosts, &facts, &p);
	assert_null(p.v[0].request.unseen);
}

static void test_removed_server_may_free_capacity(void **state)
{
	(void)state;
	for (int frees = 0; frees <= 1; frees++) {
		cleanup_fixture struct fixture s;
		cleanup_schedule struct schedule p = {0};
		fixture_make(DESIGN, 1, &s);
		s.request.frees_capacity = frees;
		s.hosts.v[0].pools[0].free = 0;
		compute_host_recount(&s.hosts.v[0]);
		schedule_make(&s.request, &s.hosts, NULL, &p);
		assert_reasons(&p.v[0], 0, "requests a VF of sriov0");
		assert_int_equal(p.v[0].verdict, frees ? SCHEDULE_UNKNOWN : SCHEDULE_NOWHERE);
		if (frees)
			assert_string_equal(
				p.v[0].why,
				"it fits on no host beside the servers that deploy removes first");
	}
}

/* What the plan's step of a server means to the schedule. */
static void test_request_of_a_plan(void **state)
{
	static const struct {
		enum action action;
		enum vim_state was;
		const char *host;
		bool stays, frees_capacity;
	} rows[] = {
		{ACTION_KEEP, VIM_STATE_ACTIVE, "a", true, false},
		{ACTION_UPDATE, VIM_STATE_ACTIVE, "a", true, false},
		{ACTION_REPLACE, VIM_STATE_ACTIVE, "a", false, true},
		{ACTION_REPLACE, VIM_STATE_ACTIVE, NULL, false, true}, /* hidden */
		{ACTION_REPLACE, VIM_STATE_ERROR, "a", false, true},
		{ACTION_REPLACE, VIM_STATE_ERROR, NULL, false, false}, /* it never had one */
	};
	struct vim_object gone = {.kind = VIM_SERVER,
				  .name = S("old"),
				  .owner = S("dnsvnf:test-tenant/cpnr-dns/server/old/0"),
				  .state = VIM_STATE_ACTIVE};
	const struct vim_inventory none = {0}, one = {.v = &gone, .n = 1};
	cleanup_fixture struct fixture s;
	cleanup_plan struct plan *deletes = NULL;
	cleanup_schedule_request struct schedule_request beside = {0};

	(void)state;
	fixture_make(DESIGN, 0, &s);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_plan struct plan *plan = NULL;
		cleanup_schedule_request struct schedule_request request = {0};
		struct vim_object there = {.state = rows[i].was, .host = S(rows[i].host)};
		assert_int_equal(plan_make(s.model, &s.model->tenants[0], s.deployment, &none, NULL,
					   &plan, NULL),
				 0);
		for (size_t k = 0; k < plan->n; k++)
			if (plan->v[k].request.kind == VIM_SERVER) {
				plan->v[k].action = rows[i].action;
				plan->v[k].present = &there;
			}
		forecast_request(plan, &request);
		assert_int_equal(request.n, 1);
		assert_int_equal(request.v[0].stays, rows[i].stays);
		assert_ptr_equal(request.v[0].host, rows[i].stays ? rows[i].host : NULL);
		assert_int_equal(request.frees_capacity, rows[i].frees_capacity);
	}
	assert_int_equal(
		plan_make(s.model, &s.model->tenants[0], s.deployment, &one, NULL, &deletes, NULL),
		0);
	forecast_request(deletes, &beside);
	assert_int_equal(beside.n, 1);
	assert_true(beside.frees_capacity);
}

/* The embedded VIM makes all on its host, whatever the descriptor says of hosts. */
static void test_one_host_keeps_none_apart(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};
	struct cloud_facts facts = {.one_host = true};

	(void)state;
	fixture_make(TWO_VNFS, 1, &s);
	schedule_make(&s.request, &s.hosts, &facts, &p);
	assert_int_equal(schedule_count(&p, SCHEDULE_FITS), 2);
}

/* n nodes with one CPU each, and the VFs on none of them. */
static void set_wide_host(struct compute_host *host, unsigned n)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_strbuf struct strbuf b = {0};

	strbuf_adds(&b, "{\"reserved_memory_mb\": 0, \"numa_nodes\": [");
	for (unsigned i = 0; i < n; i++)
		strbuf_addf(&b, "%s{\"memory_mb\": 1000, \"cpus\": [%u]}", i ? ", " : "", i);
	strbuf_adds(&b, "], \"nics\": [{\"physnet\": \"sriov0\", \"vfs\": [{}]}, "
			"{\"physnet\": \"sriov1\", \"vfs\": [{}]}]}");
	compute_host_clear(host);
	if (host_json_parse(b.s, b.len, "wide.json", host, &err) < 0)
		fail_msg("%s", err.text);
}

static void test_search_that_is_given_up_is_no_place(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};

	(void)state;
	fixture_make(DESIGN, 1, &s);
	set_wide_host(&s.hosts.v[0], 12);
	struct flavor *flavor = &s.model->flavors[0];
	for (size_t i = 0; i < flavor->properties.n; i++)
		set_string(&flavor->properties.v[i].name, "other:thing");
	flavor->vcpus = 11;
	flavor->memory_mb = 1100;
	set_spec(&s, "hw:numa_nodes", "11");
	set_spec(&s, "hw:pci_numa_affinity_policy", "required");
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.v[0].verdict, SCHEDULE_UNKNOWN);
	assert_string_equal(p.v[0].why,
			    "there are too many assignments on wide to try all of them");
}

static void test_zone_host_is_obeyed(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};

	(void)state;
	fixture_make(DESIGN, 2, &s);
	struct vm_group *group = &s.deployment->vm_groups[0];
	struct placement *placement = array_push(group->placements, group->n_placements);
	placement->type = xstrdup("zone_host");
	placement->host = xstrdup("b");
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.v[0].host, 1);
	assert_int_equal(p.v[0].n_others, 0);

	schedule_clear(&p);
	set_string(&placement->host, "z");
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.v[0].verdict, SCHEDULE_UNKNOWN);
	assert_string_equal(p.v[0].why,
			    "the descriptor's zone_host is z, but no file describes it");
}

static void test_direct_port_without_a_physical_network_fits_nowhere(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};
	const struct compute_hosts none = {0};

	(void)state;
	fixture_make(DESIGN, 0, &s);
	struct network *second = network(&s, "sriov-network-2");
	set_string(&second->provider_physical_network, NULL);
	set_string(&second->provider_network_type, "vxlan");
	schedule_make(&s.request, &none, NULL, &p); /* without any host being known */
	assert_int_equal(p.v[0].verdict, SCHEDULE_NOWHERE);
	assert_non_null(strstr(p.v[0].why, "port 3 is of type direct and its network "
					   "sriov-network-2 has no physical network"));
}

/* The cloud may choose one of its own, and a network of the cloud's has what the cloud says. */
static void test_physnet_that_is_not_known_is_unknown(void **state)
{
	struct network theirs = {.name = S("sriov-network-2"), .provider_network_type = S("vxlan")};
	struct model known = {.networks = &theirs, .n_networks = 1};
	struct cloud_facts facts = {.known = &known};
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0}, q = {0}, none = {0}, there = {0};

	(void)state;
	fixture_make(DESIGN, 1, &s);
	struct network *second = network(&s, "sriov-network-2");
	set_string(&second->provider_physical_network, NULL);
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.v[0].verdict, SCHEDULE_UNKNOWN);
	assert_non_null(
		strstr(p.v[0].why, "port 3: the physical network of network \"sriov-network-2\""));

	set_string(&second->name, "another");
	request_again(&s);
	schedule_make(&s.request, &s.hosts, NULL, &q);
	assert_int_equal(q.v[0].verdict, SCHEDULE_UNKNOWN);
	schedule_make(&s.request, &s.hosts, &facts, &none);
	assert_int_equal(none.v[0].verdict, SCHEDULE_NOWHERE);
	theirs.provider_physical_network = S("sriov1");
	schedule_make(&s.request, &s.hosts, &facts, &there);
	assert_int_equal(there.v[0].verdict, SCHEDULE_FITS);
}

static void test_no_hosts_is_unknown(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0};

	(void)state;
	fixture_make(DESIGN, 0, &s);
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.v[0].verdict, SCHEDULE_UNKNOWN);
	assert_non_null(p.v[0].why);
}

static void test_virtual_port_needs_a_bridge_on_its_host(void **state)
{
	char *bridges[] = {S("physnet1")};
	struct host_facts agents[] = {
		{.name = S("a"), .has_switch_agent = true},
		{.name = S("b"), .has_switch_agent = true, .bridges = {bridges, 1}}};
	struct cloud_facts facts = {.v = agents, .n = 2};
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0}, q = {0};

	(void)state;
	fixture_make(DESIGN, 2, &s);
	set_string(&network(&s, "management-network")->provider_physical_network, "physnet1");
	schedule_make(&s.request, &s.hosts, &facts, &p);
	assert_int_equal(p.v[0].host, 1);
	assert_reasons(&p.v[0], 0, "no bridge mapping");
	agents[1].bridges.n = 0;
	schedule_make(&s.request, &s.hosts, &facts, &q);
	assert_int_equal(q.v[0].verdict, SCHEDULE_NOWHERE);
	assert_non_null(strstr(q.v[0].why, "port 1 is virtual"));
}

static void test_what_only_the_vim_knows(void **state)
{
	struct property specs[] = {{.name = S("hw:numa_nodes"), .value = S("1")},
				   {.name = S("hw:cpu_policy"), .value = S("dedicated")}};
	struct flavor flavor = {.name = S("cross-numa-flavor"),
				.vcpus = 4,
				.memory_mb = 8192,
				.properties = {.v = specs, .n = 2}};
	struct model known = {.flavors = &flavor, .n_flavors = 1};
	struct cloud_facts facts = {.known = &known};
	cleanup_fixture struct fixture s;
	cleanup_schedule struct schedule p = {0}, q = {0};

	(void)state;
	fixture_make(DESIGN, 1, &s);
	set_string(&s.model->flavors[0].name, "another");
	set_string(&s.model->images[0].name, "another");
	request_again(&s);
	schedule_make(&s.request, &s.hosts, NULL, &p);
	assert_int_equal(p.v[0].verdict, SCHEDULE_UNKNOWN);
	assert_non_null(
		strstr(p.v[0].why, "flavor \"cross-numa-flavor\" is not in the descriptor"));
	schedule_make(&s.request, &s.hosts, &facts, &q);
	assert_int_equal(q.v[0].verdict, SCHEDULE_NOWHERE); /* one node, two legs */
	assert_string_equal(q.v[0].request.unseen, "the properties of image dns-vnf");
}

static void test_facts_are_laid_over_the_files(void **state)
{
	char *vfs[] = {S("0000:af:02.0"), S("0000:af:02.0"), S("0000:00:00.0")};
	struct pinned_cpu pins[] = {{0, 2}, {0, 2}, {1, 12}, {7, 3}, {0, 1}};
	struct host_facts host = {
		.name = S("a"), .vfs_in_use = {vfs, 3}, .pins = pins, .n_pins = 5};
	struct host_facts other = {.name = S("z"), .has_nic_agent = true};
	struct host_facts both[] = {host, other};
	struct cloud_facts facts = {.v = both, .n = 2, .unseen = S("much")};
	cleanup_strbuf struct strbuf notes = {0};
	cleanup_fixture struct fixture s;

	(void)state;
	fixture_make(DESIGN, 1, &s);
	facts_apply(&facts, &s.hosts, &notes);
	assert_int_equal(s.hosts.v[0].pools[1].free, 3);
	assert_int_equal(cpuset_count(&s.hosts.v[0].cells[0].pinned), 1);
	assert_int_equal(cpuset_count(&s.hosts.v[0].cells[1].pinned), 1);
	assert_int_equal(s.hosts.v[0].inventory[INVENTORY_PCPU].used, 2);
	assert_string_equal(
		notes.s, "a: 1 more VF in use than in its file, by the ports bound there\n"
			 "a: 2 more CPUs pinned than in its file, by the topology of its servers\n"
			 "z has L2 agents in the cloud, but no file describes it\n"
			 "unknown: much\n");
}

static void test_agents_tell_the_physnet_of_a_nic(void **state)
{
	static const char json[] =
		"{\"numa_nodes\": [{\"memory_mb\": 1024, \"dedicated_cpus\": \"0-3\"}],"
		" \"nics\": [{\"name\": \"eno1\", \"vfs\": []},"
		" {\"name\": \"ens1f0\", \"numa_node\": 0, \"vfs\": [{\"pci_address\": \"x\"}]}]}";
	struct nic_mapping device = {S("sriov0"), S("ens1f0")};
	struct host_facts host = {.name = S("h"), .devices = &device, .n_devices = 1};
	struct cloud_facts facts = {.v = &host, .n = 1};
	cleanup_compute_hosts struct compute_hosts hosts = {0};
	cleanup_strbuf struct strbuf notes = {0};

	(void)state;
	assert_int_equal(
		host_json_parse(json, strlen(json), "h.json", array_push(hosts.v, hosts.n), NULL),
		0);
	assert_int_equal(hosts.v[0].n_pools, 0);
	facts_apply(&facts, &hosts, &notes);
	assert_int_equal(hosts.v[0].n_pools, 1);
	assert_string_equal(hosts.v[0].pools[0].physnet, "sriov0");
	assert_string_equal(notes.s,
			    "h: ens1f0 serves sriov0, by the NIC agent's device_mappings\n");
}

static void test_capacity_ends_with_what_runs_out(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_capacity struct capacity capacity = {0};

	(void)state;
	fixture_make(DESIGN, 2, &s);
	s.hosts.v[1].pools[1].free = 1; /* of sriov1 on b */
	compute_host_recount(&s.hosts.v[1]);
	capacity_make(&s.request, &s.hosts, NULL, &capacity);
	assert_int_equal(capacity.n, 5);
	assert_int_equal(capacity.servers[0], 4);
	assert_int_equal(capacity.servers[1], 1);
	assert_int_equal(capacity.stop.verdict, SCHEDULE_NOWHERE);
	assert_reasons(&capacity.stop, 0, "port 2 requests a VF of sriov0: 0 of 4 free");
	assert_reasons(&capacity.stop, 1, "port 3 requests a VF of sriov1: 0 of 4 free");
}

/* Both servers of a VNF have to find a host, on two hosts. */
static void test_capacity_counts_whole_deployments(void **state)
{
	cleanup_fixture struct fixture s;
	cleanup_capacity struct capacity capacity = {0};

	(void)state;
	fixture_make(TWO_VNFS, 2, &s);
	s.hosts.v[1].pools[1].free = 3;
	compute_host_recount(&s.hosts.v[1]);
	capacity_make(&s.request, &s.hosts, NULL, &capacity);
	assert_int_equal(capacity.n, 3);
	assert_int_equal(capacity.servers[0], 3);
	assert_int_equal(capacity.servers[1], 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place_is_told_in_full),
		cmocka_unit_test(test_nowhere_has_reasons_and_what_fits),
		cmocka_unit_test(test_servers_are_placed_one_after_the_other),
		cmocka_unit_test(test_several_vms_are_on_two_hosts_while_there_are_two),
		cmocka_unit_test(test_anti_affinity_wants_a_host_each),
		cmocka_unit_test(test_affinity_keeps_them_together),
		cmocka_unit_test(test_server_that_stays_is_in_its_group),
		cmocka_unit_test(test_what_fits_is_not_on_a_vetoed_host),
		cmocka_unit_test(test_where_a_server_stays_may_be_hidden),
		cmocka_unit_test(test_removed_server_may_free_capacity),
		cmocka_unit_test(test_request_of_a_plan),
		cmocka_unit_test(test_one_host_keeps_none_apart),
		cmocka_unit_test(test_search_that_is_given_up_is_no_place),
		cmocka_unit_test(test_zone_host_is_obeyed),
		cmocka_unit_test(test_direct_port_without_a_physical_network_fits_nowhere),
		cmocka_unit_test(test_physnet_that_is_not_known_is_unknown),
		cmocka_unit_test(test_no_hosts_is_unknown),
		cmocka_unit_test(test_virtual_port_needs_a_bridge_on_its_host),
		cmocka_unit_test(test_what_only_the_vim_knows),
		cmocka_unit_test(test_facts_are_laid_over_the_files),
		cmocka_unit_test(test_agents_tell_the_physnet_of_a_nic),
		cmocka_unit_test(test_capacity_ends_with_what_runs_out),
		cmocka_unit_test(test_capacity_counts_whole_deployments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
