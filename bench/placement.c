// SPDX-License-Identifier: Apache-2.0
/*
 * One decision over many hosts, and the explanation when none takes the request:
 * bench_placement HOSTS ROUNDS prints the median and the worst of ROUNDS, in ms of CPU time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "placement/explain.h"
#include "placement/host_json.h"

/* Two nodes of 32 cores with two threads each, 1,024 to 16,384 pages, two NICs of 32 VFs. */
static void add_node(struct strbuf *b, unsigned node, unsigned host)
{
	unsigned first = node * 64;

	strbuf_addf(
		b,
		"%s{\"id\": %u, \"socket\": %u, \"memory_mb\": 131072, \"shared_cpus\": \"%u-%u\", "
		"\"dedicated_cpus\": \"%u-%u\", \"pinned_cpus\": \"%u-%u\", \"siblings\": [",
		node ? ", " : "", node, node, first, first + 3, first + 4, first + 63, first + 4,
		first + 4 + 2 * (host % 29));
	for (unsigned cpu = first; cpu < first + 64; cpu += 2)
		strbuf_addf(b, "%s[%u, %u]", cpu > first ? ", " : "", cpu, cpu + 1);
	strbuf_addf(b, "], \"huge_pages\": [{\"size_kb\": 2048, \"total\": 16384, \"free\": %u}]}",
		    1024 + host * 7919 % 15360);
}

static void add_nic(struct strbuf *b, unsigned nic, unsigned host)
{
	strbuf_addf(
		b,
		"%s{\"name\": \"ens%u\", \"numa_node\": %u, \"physnet\": \"sriov%u\", \"vfs\": [",
		nic ? ", " : "", nic, nic, nic);
	for (unsigned vf = 0; vf < 32; vf++)
		strbuf_addf(b, "%s{\"pci_address\": \"0000:%02x:02.%u\", \"in_use\": %s}",
			    vf ? ", " : "", 0x3b + nic, vf, vf < host % 31 ? "true" : "false");
	strbuf_adds(b, "]}");
}

static void make_hosts(struct compute_host *hosts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		cleanup_strbuf struct strbuf b = {0};
		cleanup_err struct err err = ERR_INIT;

		strbuf_addf(&b, "{\"hostname\": \"compute-%u\", \"numa_nodes\": [", i);
		add_node(&b, 0, i);
		add_node(&b, 1, i);
		strbuf_adds(&b, "], \"nics\": [");
		add_nic(&b, 0, i);
		add_nic(&b, 1, i);
		strbuf_adds(&b, "]}");
		if (host_json_parse(b.s, b.len, "bench.json", &hosts[i], &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			exit(1);
		}
	}
}

struct scenario {
	const char *title;
	unsigned vcpus, memory_mb;
	const char *nodes, *threads;
};

struct asked {
	struct property specs[4];
	struct flavor flavor;
	struct fit_request request;
};

static void make_request(const struct scenario *s, struct asked *ret)
{
	const struct property specs[] = {
		{.name = (char *)"hw:cpu_policy", .value = (char *)"dedicated"},
		{.name = (char *)"hw:mem_page_size", .value = (char *)"2MB"},
		{.name = (char *)"hw:numa_nodes", .value = (char *)s->nodes},
		{.name = (char *)"hw:cpu_thread_policy", .value = (char *)s->threads},
	};
	struct fit_port ports[] = {{.nicid = 2, .physnet = (char *)"sriov0"},
				   {.nicid = 3, .physnet = (char *)"sriov1"}};
	cleanup_err struct err err = ERR_INIT;

	memcpy(ret->specs, specs, sizeof(specs));
	ret->flavor = (struct flavor){.name = (char *)"f",
				      .vcpus = s->vcpus,
				      .memory_mb = s->memory_mb,
				      .properties = {.v = ret->specs, .n = ARRAY_SIZE(specs)}};
	if (fit_request_from_flavor(&ret->flavor, NULL, &ret->request, &err) < 0 ||
	    fit_request_add_port(&ret->request, &ret->flavor, NULL, &ports[0], NULL, &err) < 0 ||
	    fit_request_add_port(&ret->request, &ret->flavor, NULL, &ports[1], NULL, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print_times(const char *what, double *ms, unsigned rounds)
{
	qsort(ms, rounds, sizeof(*ms), by_size);
	printf("  %-12s median %6.2f ms, worst %6.2f ms\n", what, ms[rounds / 2], ms[rounds - 1]);
}

static void run(const struct scenario *s, const struct compute_host *hosts, unsigned n,
		unsigned rounds)
{
	struct asked asked = {0};
	cleanup_free double *ms = xcalloc(rounds, sizeof(*ms));
	unsigned fitting = 0;

	make_request(s, &asked);
	for (unsigned i = 0; i < rounds; i++) {
		double start = now_ms();

		fitting = 0;
		for (unsigned h = 0; h < n; h++)
			fitting += fit_host(&hosts[h], &asked.request, NULL) == FIT_YES;
		ms[i] = now_ms() - start;
	}
	printf("%s: %u of %u hosts take it\n", s->title, fitting, n);
	print_times("decision", ms, rounds);
	for (unsigned i = 0; fitting == 0 && i < rounds; i++) {
		cleanup_explanation struct explanation e = {0};
		double start = now_ms();

		explain(hosts, n, NULL, &asked.request, &asked.flavor, NULL, &e);
		ms[i] = now_ms() - start;
		if (i == 0)
			printf("  %zu counterfactuals, the first: %s\n", e.n,
			       e.n ? e.v[0].text : "-");
	}
	if (fitting == 0)
		print_times("explanation", ms, rounds);
	fit_request_clear(&asked.request);
}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		{"4 vCPUs, 8 GB on two cells", 4, 8192, "2", "prefer"},
		{"16 vCPUs, 16 GB on one cell: the VFs are on two nodes", 16, 16384, "1", "prefer"},
		{"120 vCPUs on two cells: more than any node has free", 120, 8192, "2", "prefer"},
		{"4 vCPUs, 64 GB on two cells: too few pages anywhere", 4, 65536, "2", "require"},
		{"isolate where there are hyperthreads", 4, 8192, "2", "isolate"},
		{"more cells than nodes", 6, 6144, "3", "prefer"},
	};
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 10000;
	unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 11;
	struct compute_host *hosts = xcalloc(n, sizeof(*hosts));

	make_hosts(hosts, n);
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
		run(&scenarios[i], hosts, n, rounds);
	for (unsigned i = 0; i < n; i++)
		compute_host_clear(&hosts[i]);
	free(hosts);
	return 0;
}
