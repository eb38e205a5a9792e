// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "placement/explain.h"
#include "placement/host_json.h"

#define HOSTS "tests/unit/data/hosts"

/* Two nodes with 8 dedicated CPUs and 8,192 pages of 2 MiB each; 4 VFs of sriov0 on node 0, 4 of
 * sriov1 on node 1. */
static struct compute_host host_1(void)
{
	cleanup_err struct err err = ERR_INIT;
	struct compute_host host = {0};

	if (host_json_read(HOSTS "/compute-1.json", &host, &err) < 0)
		fail_msg("%s", err.text);
	return host;
}

/* A request, with the flavor and the image that it is made from. */
struct wish {
	char *specs, *image_properties; /* words that the properties point into */
	struct flavor flavor;
	struct image image;
	struct fit_request request;
};

static void wish_clear(struct wish *w)
{
	free(w->specs);
	free(w->image_properties);
	free(w->flavor.properties.v);
	free(w->image.properties.v);
	fit_request_clear(&w->request);
}

#define cleanup_wish __attribute__((__cleanup__(wish_clear)))

static void properties_of(char *words, struct properties *ret)
{
	char *rest;

	for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
		struct property *p = array_push(ret->v, ret->n);
		char *value = strchr(w, '=');

		*value++ = 0;
		*p = (struct property){.name = w, .value = value};
	}
}

/* Extra specs and properties "name=value ...", and ports "physnet[/policy] ..." of type direct. */
static void wish_make(unsigned vcpus, unsigned memory_mb, const char *specs,
		      const char *image_properties, const char *ports, struct wish *ret)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *port_words = xstrdup(ports);
	unsigned nicid = 2;
	char *rest;

	*ret = (struct wish){
		.specs = xstrdup(specs),
		.image_properties = xstrdup(image_properties),
		.flavor = {.name = (char *)"f", .vcpus = vcpus, .memory_mb = memory_mb},
		.image = {.name = (char *)"i"},
	};
	properties_of(ret->specs, &ret->flavor.properties);
	properties_of(ret->image_properties, &ret->image.properties);
	int r = fit_request_from_flavor(&ret->flavor, &ret->image, &ret->request, &err);
	for (char *w = strtok_r(port_words, " ", &rest); r == 0 && w;
	     w = strtok_r(NULL, " ", &rest), nicid++) {
		char *policy = strchr(w, '/');
		struct fit_port port = {.nicid = nicid, .physnet = w};

		if (policy)
			*policy++ = 0;
		r = fit_request_add_port(&ret->request, &ret->flavor, &ret->image, &port, policy,
					 &err);
	}
	if (r < 0)
		fail_msg("%s", err.text);
}

static struct fit_request request_of(unsigned vcpus, unsigned memory_mb, const char *specs,
				     const char *ports)
{
	cleanup_wish struct wish w;
	struct fit_request request;

	wish_make(vcpus, memory_mb, specs, "", ports, &w);
	request = w.request;
	w.request = (struct fit_request){0};
	return request;
}

static void explain_wish(const struct compute_host *hosts, size_t n_hosts, const struct wish *w,
			 struct explanation *ret)
{
	explain(hosts, n_hosts, NULL, &w->request, &w->flavor, &w->image, ret);
}

#define TECHNOTE "hw:cpu_policy=dedicated hw:mem_page_size=large "

/* What a real control plane (Zed) answered for such a host. */
static void the_technotes_claim(void **state)
{
	static const struct {
		const char *specs, *ports;
		enum fit_verdict verdict;
	} rows[] = {
		{"hw:numa_nodes=2", "sriov0 sriov1", FIT_YES},
		{"hw:numa_nodes=1", "sriov0 sriov1", FIT_NO},
		{"hw:numa_nodes=1", "sriov0", FIT_YES},
		{"hw:numa_nodes=1 hw:pci_numa_affinity_policy=preferred", "sriov0 sriov1", FIT_YES},
		{"hw:numa_nodes=1", "sriov0/preferred sriov1", FIT_YES},
		{"hw:numa_nodes=2", "sriov0/required sriov1/required", FIT_YES},
		{"hw:numa_nodes=1", "sriov0/required sriov1/required", FIT_NO},
		{"hw:numa_nodes=1", "SRIOV1", FIT_YES},
		{"hw:numa_nodes=2", "sriov0 sriov2", FIT_NO},
		{"hw:numa_nodes=4", "", FIT_NO},
	};
	cleanup_compute_host struct compute_host host = host_1();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *specs = xasprintf(TECHNOTE "%s", rows[i].specs);
		cleanup_fit_request struct fit_request r =
			request_of(4, 8192, specs, rows[i].ports);

		print_message("%s, ports %s\n", rows[i].specs, rows[i].ports);
		assert_int_equal(fit_host(&host, &r, NULL), rows[i].verdict);
	}
}

static void a_fit_says_where(void **state)
{
	cleanup_compute_host struct compute_host host = host_1();
	cleanup_fit_request struct fit_request r =
		request_of(4, 8192, TECHNOTE "hw:numa_nodes=2 hw:emulator_threads_policy=isolate",
			   "sriov1 sriov0");
	cleanup_fit_result struct fit_result result = {0};

	(void)state;
	assert_int_equal(fit_host(&host, &r, &result), FIT_YES);
	assert_int_equal(result.n_cells, 2);
	assert_int_equal(result.cells[0].node, 0);
	assert_int_equal(result.cells[0].page_kb, 2048);
	assert_int_equal(result.cells[0].n_pins, 2);
	assert_int_equal(result.cells[0].pins[0].vcpu, 0);
	assert_int_equal(result.cells[0].pins[0].cpu, 2);
	assert_int_equal(result.cells[0].pins[1].cpu, 3); /* its sibling */
	assert_int_equal(result.cells[0].emulator_cpu, 4);
	assert_int_equal(result.cells[1].node, 1);
	assert_int_equal(result.cells[1].pins[1].vcpu, 3);
	assert_int_equal(result.cells[1].emulator_cpu, -1);
	assert_string_equal(host.pools[result.pools[0]].pf, "ens2f0");
	assert_string_equal(host.pools[result.pools[1]].pf, "ens1f0");
}

static char *reasons_of(const struct compute_host *host, const struct fit_request *request)
{
	cleanup_fit_result struct fit_result result = {0};
	struct strbuf b = {0};

	fit_host(host, request, &result);
	for (size_t i = 0; i < result.n_reasons; i++) {
		strbuf_adds(&b, i ? "; " : "");
		fit_reason_format(&result.reasons[i], host, request, &b);
	}
	return strbuf_steal(&b);
}

static void assert_reasons(const struct compute_host *host, const struct fit_request *request,
			   const char *expected)
{
	cleanup_free char *reasons = reasons_of(host, request);

	assert_string_equal(reasons, expected);
}

static void reasons_name_resource_node_and_figures(void **state)
{
	static const struct {
		unsigned vcpus, memory_mb;
		const char *specs, *ports, *reasons;
	} rows[] = {
		{4, 8192, TECHNOTE "hw:numa_nodes=1", "sriov0 sriov1",
		 "port 3 requests a VF of sriov1 with NUMA affinity legacy: 4 free on node 1, but "
		 "the guest would be on node 0; port 2 requests a VF of sriov0 with NUMA affinity "
		 "legacy: 4 free on node 0, but the guest would be on node 1"},
		{4, 36864, TECHNOTE "hw:numa_nodes=2", "",
		 "node 0: pages of 2 MiB: 9216 requested, 8192 free; "
		 "node 1: pages of 2 MiB: 9216 requested, 8192 free"},
		{18, 8192, TECHNOTE "hw:numa_nodes=2", "",
		 "PCPU: 18 requested, 16 free; node 0: dedicated CPUs: 9 requested, the node has "
		 "8; "
		 "node 1: dedicated CPUs: 9 requested, the node has 8"},
		{2, 4096, "hw:cpu_policy=dedicated hw:cpu_thread_policy=isolate hw:numa_nodes=2",
		 "",
		 "node 0: thread policy isolate requested, the host has hyperthreads and a "
		 "dedicated set of CPUs; node 1: thread policy isolate requested, the host has "
		 "hyperthreads and a dedicated set of CPUs"},
		{2, 2048, "hw:mem_page_size=1GB", "",
		 "node 0: pages of 1 GiB requested, the node has no such pages; "
		 "node 1: pages of 1 GiB requested, the node has no such pages"},
		{2, 2048, "hw:mem_page_size=8TB", "",
		 "node 0: pages of 8192 GiB requested, the node has no such pages; "
		 "node 1: pages of 8192 GiB requested, the node has no such pages"},
		{2, 49152, "hw:numa_nodes=2", "",
		 "node 0: 24576 MB of memory requested, the node has 16384 in pages of 4 KiB; "
		 "node 1: 24576 MB of memory requested, the node has 16384 in pages of 4 KiB"},
		{2, 2048, "", "sriov0 sriov9",
		 "port 3 requests a VF of sriov9: no NIC of the host serves it (they serve sriov0, "
		 "sriov1); is sriov0 meant?"},
		{2, 2048, "", "sriov0 sriov0 sriov0 sriov0 sriov0",
		 "port 6 requests a VF of sriov0: 4 of 4 free, 5 requested together with the ports "
		 "before it"},
	};
	cleanup_compute_host struct compute_host host = host_1();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_fit_request struct fit_request r =
			request_of(rows[i].vcpus, rows[i].memory_mb, rows[i].specs, rows[i].ports);

		assert_reasons(&host, &r, rows[i].reasons);
	}
}

/* VFs are yet to be created there, or stand in the way of a port that takes the whole NIC. */
static void a_nic_serves_vfs_or_itself(void **state)
{
	cleanup_compute_host struct compute_host host = host_1();
	cleanup_fit_request struct fit_request r = request_of(2, 2048, "", "sriov0");

	(void)state;
	r.ports[0].type = PCI_PF;
	assert_reasons(&host, &r,
		       "port 2 requests a PF of sriov0: ens1f0 serves it, but is divided into VFs");
	r.ports[0].type = PCI_VF;
	host.pools[0].type = PCI_PF;
	compute_host_recount(&host);
	assert_reasons(&host, &r,
		       "port 2 requests a VF of sriov0: ens1f0 serves it, but has no VFs");
	free(host.pools[0].pf);
	host.pools[0].pf = NULL;
	assert_reasons(
		&host, &r,
		"port 2 requests a VF of sriov0: a NIC of the host serves it, but has no VFs");
}

static void sums_are_the_placement_services(void **state)
{
	cleanup_compute_host struct compute_host host = host_1();
	cleanup_fit_request struct fit_request r = request_of(4, 8192, "", "");

	(void)state;
	assert_int_equal(host.inventory[INVENTORY_VCPU].total, 4);
	assert_int_equal(host.inventory[INVENTORY_PCPU].total, 16);
	assert_int_equal(host.inventory[INVENTORY_MEMORY_MB].total, 2 * 32768);
	assert_int_equal(host.inventory[INVENTORY_MEMORY_MB].reserved, 512);
	assert_int_equal(fit_host(&host, &r, NULL), FIT_YES);
	host.inventory[INVENTORY_VCPU].used = 1;
	assert_reasons(&host, &r, "VCPU: 4 requested, 3 free");
	host.inventory[INVENTORY_VCPU].ratio = 2;
	assert_int_equal(fit_host(&host, &r, NULL), FIT_YES);
	r.amount[INVENTORY_VCPU] = 5; /* a guest does not overcommit with itself */
	assert_reasons(&host, &r, "VCPU: 5 requested, 4 free");
	host.inventory[INVENTORY_VCPU].total = -1;
	assert_int_equal(fit_host(&host, &r, NULL), FIT_YES);
	/* one guest may have what is reserved too, where memory is overcommitted */
	r.amount[INVENTORY_MEMORY_MB] = 65536;
	assert_reasons(&host, &r, "MEMORY_MB: 65536 requested, 65024 free");
	host.inventory[INVENTORY_MEMORY_MB].ratio = 1.5;
	assert_int_equal(fit_host(&host, &r, NULL), FIT_YES);
	r.amount[INVENTORY_MEMORY_MB] = 65537;
	assert_reasons(&host, &r, "MEMORY_MB: 65537 requested, 65536 free");
}

/* Each counterfactual must fit, as it stands there; returns whether one has this text. */
static bool offers(const struct explanation *e, const struct compute_host *hosts, const char *text)
{
	bool found = false;

	for (size_t i = 0; i < e->n; i++) {
		const struct counterfactual *c = &e->v[i];
		const struct compute_host *host =
			c->kind == COUNTERFACTUAL_HOST ? &c->changed : &hosts[c->host];

		print_message("%u: %s\n", c->cost, c->text);
		assert_int_equal(fit_host(host, &c->request, NULL), FIT_YES);
		assert_true(i == 0 || e->v[i - 1].cost <= c->cost);
		found |= streq(c->text, text);
	}
	return found;
}

static void counterfactuals_fit_and_the_least_comes_first(void **state)
{
	cleanup_compute_host struct compute_host host = host_1();
	cleanup_wish struct wish w;
	cleanup_explanation struct explanation e = {0};

	(void)state;
	wish_make(4, 8192, TECHNOTE "hw:numa_nodes=1", "", "sriov0 sriov1", &w);
	explain_wish(&host, 1, &w, &e);
	assert_int_equal(e.n_fit, 0);
	assert_int_equal(e.nearest, 0);
	assert_true(offers(&e, &host, "fits with hw:numa_nodes=2"));
	assert_true(offers(&e, &host, "fits with numa_affinity_policy preferred on port 3"));
	assert_string_equal(e.v[0].text, "fits with hw:numa_nodes=2");
	assert_string_equal(e.v[0].changes[0].property, "hw:numa_nodes");
	assert_string_equal(e.v[0].changes[0].value, "2");
	assert_int_equal(e.v[0].changes[0].port, -1);
	assert_int_equal(e.v[1].changes[0].port, 0);
}

/* 1,024 pages are left on node 1. */
static void use_pages(struct compute_host *host)
{
	host->cells[1].pages[0].used = 7168;
	host->cells[1].memory_used_mb = 14336;
}

/* Of the dedicated CPUs of node 0, 2 and 4 are left: no two siblings. */
static void use_cpus(struct compute_host *host)
{
	cpuset_add(&host->cells[0].pinned, 3);
	cpuset_add_range(&host->cells[0].pinned, 5, 5);
	host->inventory[INVENTORY_PCPU].used = 6;
}

static void use_vfs(struct compute_host *host)
{
	host->pools[1].free = 0;
}

static void use_all(struct compute_host *host)
{
	use_pages(host);
	use_vfs(host);
}

static void counterfactuals_of_the_host(void **state)
{
	static const struct {
		void (*use)(struct compute_host *host);
		unsigned vcpus;
		const char *specs, *ports, *offer;
	} rows[] = {
		{use_pages, 4, TECHNOTE "hw:numa_nodes=2", "",
		 "fits on compute-1 with 1024 more 2 MiB pages on node 1"},
		{use_pages, 4, TECHNOTE "hw:numa_nodes=2", "",
		 "fits on compute-1 after 1024 2 MiB pages on node 1 are freed"},
		{use_vfs, 4, TECHNOTE "hw:numa_nodes=2", "sriov0 sriov1",
		 "fits on compute-1 after 1 VF of sriov1 on ens2f0 is freed"},
		{use_vfs, 4, TECHNOTE "hw:numa_nodes=2", "sriov1 sriov1",
		 "fits on compute-1 after 2 VFs of sriov1 on ens2f0 are freed"},
		{use_cpus, 6, TECHNOTE "hw:numa_nodes=2", "",
		 "fits on compute-1 after 1 pinned CPU on node 0 is freed"},
		{use_cpus, 4, TECHNOTE "hw:numa_nodes=2 hw:cpu_thread_policy=require", "",
		 "fits with hw:cpu_thread_policy=prefer"},
		{use_cpus, 4, TECHNOTE "hw:numa_nodes=2 hw:cpu_thread_policy=require", "",
		 "fits on compute-1 after 1 pinned CPU on node 0 is freed"},
		{use_all, 4, TECHNOTE "hw:numa_nodes=2", "sriov1",
		 "fits on compute-1 with 1024 more 2 MiB pages on node 1 and after 1 VF of sriov1 "
		 "on ens2f0 is freed"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_compute_host struct compute_host host = host_1();
		cleanup_wish struct wish w;
		cleanup_explanation struct explanation e = {0};

		wish_make(rows[i].vcpus, 8192, rows[i].specs, "", rows[i].ports, &w);
		print_message("%u vCPUs, %s, ports %s\n", rows[i].vcpus, rows[i].specs,
			      rows[i].ports);
		rows[i].use(&host);
		compute_host_recount(&host);
		explain_wish(&host, 1, &w, &e);
		assert_true(offers(&e, &host, rows[i].offer));
	}
}

/* What Nova would refuse, or what the image undoes, is no help. */
#define PINNED  "hw:cpu_policy=dedicated "
#define ISOLATE "hw:cpu_thread_policy=isolate "

static void counterfactuals_obey_the_image(void **state)
{
	static const struct {
		const char *specs, *image, *ports;
		const char *offer; /* or NULL */
		const char *none;  /* not to be offered, or NULL */
	} rows[] = {
		{PINNED "hw:mem_page_size=1GB", "", "", "fits with hw:mem_page_size=any", NULL},
		{PINNED "hw:mem_page_size=1GB", "", "", "fits with hw:mem_page_size=small", NULL},
		{PINNED "hw:mem_page_size=large", "hw_mem_page_size=1GB", "", NULL,
		 "fits with hw:mem_page_size=any"},
		{PINNED "hw:mem_page_size=large", "hw_mem_page_size=1GB", "", NULL,
		 "fits with hw:mem_page_size=small"},
		{PINNED "hw:numa_nodes=1", "", "sriov0 sriov1", "fits with hw:numa_nodes=2", NULL},
		{PINNED, "hw_numa_nodes=1", "sriov0 sriov1",
		 "fits with numa_affinity_policy preferred on port 3", "fits with hw:numa_nodes=2"},
		{PINNED ISOLATE "hw:numa_nodes=2", "", "", "fits with hw:cpu_policy=shared", NULL},
		{PINNED ISOLATE, "", "", "fits with hw:cpu_policy=shared", NULL},
		{PINNED ISOLATE "hw:numa_nodes=2 hw:cpu_realtime=yes hw:cpu_realtime_mask=^0", "",
		 "", "fits with hw:cpu_thread_policy=prefer", "fits with hw:cpu_policy=shared"},
		{PINNED ISOLATE "hw:numa_nodes=2", "hw_cpu_policy=dedicated", "",
		 "fits with hw:cpu_thread_policy=prefer", "fits with hw:cpu_policy=shared"},
		{ISOLATE "hw:numa_nodes=2 resources:PCPU=4", "", "",
		 "fits with hw:cpu_thread_policy=prefer", "fits with hw:cpu_policy=shared"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_compute_host struct compute_host host = host_1();
		cleanup_explanation struct explanation e = {0};
		cleanup_wish struct wish w;

		print_message("%s, image %s\n", rows[i].specs, rows[i].image);
		wish_make(4, 8192, rows[i].specs, rows[i].image, rows[i].ports, &w);
		explain_wish(&host, 1, &w, &e);
		assert_true(!rows[i].offer || offers(&e, &host, rows[i].offer));
		assert_false(rows[i].none && offers(&e, &host, rows[i].none));
	}
}

/* More is used than the ratio allows by now: nothing is free, and all of that must be freed. */
static void an_overcommitted_node_has_none_free(void **state)
{
	cleanup_compute_host struct compute_host host = host_1();
	cleanup_explanation struct explanation e = {0};
	cleanup_wish struct wish w;

	(void)state;
	host.cells[0].shared_usage = 5; /* on 2 CPUs at ratio 1 */
	host.cells[0].memory_used_mb = 33000;
	compute_host_recount(&host);
	wish_make(4, 4096, "hw:numa_nodes=2", "", "", &w);
	assert_reasons(&host, &w.request,
		       "node 0: vCPUs: 2 requested, 0 free at cpu_allocation_ratio 1");
	explain_wish(&host, 1, &w, &e);
	assert_true(
		offers(&e, &host,
		       "fits on compute-1 after 2280 MB on node 0 are freed and after guests' 5 "
		       "vCPUs on node 0 are freed"));
	host.cells[0].shared_usage = 0;
	compute_host_recount(&host);
	assert_reasons(&host, &w.request,
		       "node 0: MB of memory: 2048 requested, 0 free at ram_allocation_ratio 1");
	host.inventory[INVENTORY_VCPU].used = 5;
	assert_reasons(&host, &w.request,
		       "VCPU: 4 requested, 0 free; "
		       "node 0: MB of memory: 2048 requested, 0 free at ram_allocation_ratio 1");
}

static void a_smaller_guest_is_offered(void **state)
{
	cleanup_compute_host struct compute_host host = host_1();
	cleanup_wish struct wish w;
	cleanup_explanation struct explanation e = {0};

	(void)state;
	wish_make(20, 8192, TECHNOTE "hw:numa_nodes=2", "", "sriov0 sriov1", &w);
	explain_wish(&host, 1, &w, &e);
	assert_true(offers(&e, &host, "fits with 16 vCPUs instead of 20"));
}

/* A node whose large pages are of 1 GiB takes whole ones only, one with 2 MiB pages anything. */
static void smaller_memory_is_of_whole_pages(void **state)
{
	static const struct {
		const char *specs, *offer;
		unsigned memory_mb, page_mb;
		int64_t free;
	} rows[] = {
		{"large", "fits with 2048 MB of memory instead of 3072", 3072, 1024, 2},
		{"any", "fits with 2048 MB of memory instead of 3072", 3072, 1024, 2},
		{"large", "fits with 5120 MB of memory instead of 6144", 6144, 1024, 5},
		{"1GB", "fits with 5120 MB of memory instead of 6144", 6144, 1024, 5},
		{"large hw:numa_nodes=2", "fits with 2048 MB of memory instead of 3072", 3072, 1024,
		 1},
		{"large", "fits with 768 MB of memory instead of 2048", 2048, 2, 450},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_compute_host struct compute_host host = host_1();
		cleanup_explanation struct explanation e = {0};
		cleanup_free char *specs =
			xasprintf("hw:cpu_policy=dedicated hw:mem_page_size=%s", rows[i].specs);
		cleanup_wish struct wish w;

		print_message("%s, %u MB\n", specs, rows[i].memory_mb);
		for (size_t n = 0; n < host.n_cells; n++) {
			struct compute_pages *p = &host.cells[n].pages[0];

			*p = (struct compute_pages){.size_kb = rows[i].page_mb * 1024,
						    .total = rows[i].free};
			host.cells[n].pages[1].total = 0;
		}
		compute_host_recount(&host);
		wish_make(2, rows[i].memory_mb, specs, "", "", &w);
		explain_wish(&host, 1, &w, &e);
		assert_true(offers(&e, &host, rows[i].offer));
	}
}

static void a_host_that_takes_it_needs_no_counterfactual(void **state)
{
	struct compute_host hosts[2] = {host_1(), host_1()};
	cleanup_wish struct wish w;
	cleanup_explanation struct explanation e = {0};

	(void)state;
	wish_make(4, 8192, TECHNOTE "hw:numa_nodes=2", "", "sriov0 sriov1", &w);
	hosts[0].pools[0].free = 0;
	compute_host_recount(&hosts[0]);
	explain_wish(hosts, 2, &w, &e);
	assert_int_equal(e.n_fit, 1);
	assert_int_equal(e.nearest, 1);
	assert_int_equal(e.n, 0);
	assert_int_equal(e.results[0].verdict, FIT_NO);
	compute_host_clear(&hosts[0]);
	compute_host_clear(&hosts[1]);
}

static void what_is_not_seen_leaves_it_unknown(void **state)
{
	cleanup_compute_host struct compute_host host = host_1();
	cleanup_fit_request struct fit_request r =
		request_of(2, 2048, "pci_passthrough:alias=qat:1", "");

	(void)state;
	assert_int_equal(fit_host(&host, &r, NULL), FIT_UNKNOWN);
	r.amount[INVENTORY_DISK_GB] = 2000;
	assert_int_equal(fit_host(&host, &r, NULL), FIT_NO);
}

/* Nodes with one CPU and 1000 MB each, and a VF on none of them. */
static struct compute_host host_of_nodes(int n)
{
	cleanup_err struct err err = ERR_INIT;
	struct compute_host host = {.cpu_ratio = 1, .ram_ratio = 1};

	for (int i = 0; i < n; i++) {
		struct compute_cell *c = array_push(host.cells, host.n_cells);

		*c = (struct compute_cell){.id = i, .memory_mb = 1000};
		cpuset_add(&c->shared, (unsigned)i);
	}
	struct pci_pool *pool = array_push(host.pools, host.n_pools);
	*pool = (struct pci_pool){.node = -1, .total = 1, .free = 1, .physnet = xstrdup("sriov0")};
	for (size_t i = 0; i < INVENTORY_CLASSES; i++)
		host.inventory[i].total = -1;
	assert_int_equal(compute_host_ready(&host, &err), 0);
	return host;
}

/* The flavor's prefer overrides the image, but Nova's filter of hosts reads the image's property.
 */
static void an_image_that_requires_threads_needs_a_host_with_them(void **state)
{
	static const char specs[] = "hw:cpu_policy=dedicated hw:cpu_thread_policy=prefer";
	cleanup_compute_host struct compute_host without = host_of_nodes(1), with = host_1();
	cleanup_wish struct wish plain, strict;

	(void)state;
	without.cells[0].dedicated = without.cells[0].shared;
	without.cells[0].shared = (struct cpuset){0};
	compute_host_recount(&without);
	wish_make(1, 500, specs, "", "", &plain);
	wish_make(1, 500, specs, "hw_cpu_thread_policy=require", "", &strict);
	assert_int_equal(fit_host(&without, &plain.request, NULL), FIT_YES);
	assert_int_equal(fit_host(&with, &strict.request, NULL), FIT_YES);
	assert_reasons(&without, &strict.request,
		       "the image's hw_cpu_thread_policy is require, the host has no hyperthreads: "
		       "Nova's filter refuses it, whatever the flavor says");
}

/* 12 nodes for 11 cells: Nova would try 479 million ways. */
static void the_search_is_bounded(void **state)
{
	cleanup_compute_host struct compute_host host = host_of_nodes(12);
	cleanup_fit_request struct fit_request r =
		request_of(11, 1100, "hw:numa_nodes=11", "sriov0/required");

	(void)state;
	assert_int_equal(fit_host(&host, &r, NULL), FIT_UNDECIDED);
	r.ports[0].policy = AFFINITY_LEGACY;
	assert_int_equal(fit_host(&host, &r, NULL), FIT_YES);
}

/* The last of 12 cells goes on node 0 alone, which the first takes: 10^10 dead ends on 16 nodes. */
static void the_search_for_reasons_is_bounded(void **state)
{
	cleanup_compute_host struct compute_host host = host_of_nodes(16);
	cleanup_fit_request struct fit_request r =
		request_of(12, 1200, "hw:numa_nodes=12", "sriov0/required");

	(void)state;
	r.cells[11].memory_mb = 2000;
	host.cells[0].memory_mb = 2000;
	compute_host_recount(&host);
	assert_reasons(&host, &r, "too many assignments of cells to nodes to try all of them");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_technotes_claim),
		cmocka_unit_test(a_fit_says_where),
		cmocka_unit_test(reasons_name_resource_node_and_figures),
		cmocka_unit_test(a_nic_serves_vfs_or_itself),
		cmocka_unit_test(sums_are_the_placement_services),
		cmocka_unit_test(counterfactuals_fit_and_the_least_comes_first),
		cmocka_unit_test(counterfactuals_of_the_host),
		cmocka_unit_test(counterfactuals_obey_the_image),
		cmocka_unit_test(an_overcommitted_node_has_none_free),
		cmocka_unit_test(a_smaller_guest_is_offered),
		cmocka_unit_test(smaller_memory_is_of_whole_pages),
		cmocka_unit_test(a_host_that_takes_it_needs_no_counterfactual),
		cmocka_unit_test(what_is_not_seen_leaves_it_unknown),
		cmocka_unit_test(an_image_that_requires_threads_needs_a_host_with_them),
		cmocka_unit_test(the_search_is_bounded),
		cmocka_unit_test(the_search_for_reasons_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
