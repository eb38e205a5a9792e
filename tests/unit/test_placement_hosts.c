// SPDX-License-Identifier: Apache-2.0
/* The files of hosts, and what Nova's device_spec says in them. */
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

static void hosts_of_a_folder(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_compute_hosts struct compute_hosts hosts = {0};

	(void)state;
	assert_int_equal(hosts_read_dir(HOSTS, &hosts, &err), 0);
	assert_int_equal(hosts.n, 2);
	assert_string_equal(hosts.v[0].name, "compute-1");
	/* what `dnsvnf host` alone can tell: isolated CPUs are taken for dedicated */
	const struct compute_host *h = &hosts.v[1];
	assert_int_equal(cpuset_count(&h->cells[0].dedicated), 2);
	assert_int_equal(cpuset_count(&h->cells[0].shared), 2);
	assert_int_equal(h->cells[0].socket, -1);
	assert_int_equal(h->cells[0].n_pages, 1); /* of 4 KiB */
	assert_int_equal(h->cells[0].pages[0].total, 16384 * 256);
	assert_int_equal(h->n_pools, 0); /* no physnet: not Nova's */
	assert_true(h->cpu_ratio == 16 && h->ram_ratio == 1.5);
	assert_int_equal(h->inventory[INVENTORY_DISK_GB].total, -1);
	assert_int_equal(hosts_read_dir("tests/unit/data/esc", &hosts, &err), -ENOENT);
}

/* As Nova without sets: guests that share CPUs go there, and those that pin theirs. */
static void cpus_that_nobody_parted_serve_both(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_compute_host struct compute_host h = {0};
	static const char file[] = "{\"numa_nodes\": [{\"memory_mb\": 1024, \"cpus\": [0, 1]}]}";

	(void)state;
	assert_int_equal(host_json_parse(file, strlen(file), "h.json", &h, &err), 0);
	assert_int_equal(cpuset_count(&h.cells[0].dedicated), 2);
	assert_int_equal(cpuset_count(&h.cells[0].shared), 2);
	assert_int_equal(h.inventory[INVENTORY_VCPU].total, 2);
	assert_int_equal(h.inventory[INVENTORY_PCPU].total, -1);
}

static void what_is_wrong_with_a_file_is_said(void **state)
{
	static const struct {
		const char *json, *error;
	} rows[] = {
		{"{\"numa_nodes\":\n[{]}", "h.json:2: string or '}' expected near ']'"},
		{"[]", "h.json: must be an object"},
		{"{\"numa_nodes\": [{\"memory_mb\": -1}]}",
		 "h.json: numa_nodes[0].memory_mb: must be an integer from 0 to 1073741824"},
		{"{\"numa_nodes\": [{\"dedicated_cpus\": [1024]}]}",
		 "h.json: numa_nodes[0].dedicated_cpus[0]: must be an integer from 0 to 1023"},
		{"{\"numa_nodes\": [{\"cpus\": [1, 2], \"siblings\": \"1,2\"}]}",
		 "h.json: numa_nodes[0].siblings: must be an array"},
		{"{\"nics\": [{\"physnet\": \"p\", \"vfs\": [{\"in_use\": 1}]}]}",
		 "h.json: nics[0].vfs[0].in_use: must be true or false"},
		{"{\"nics\": [], \"hostname\": \"a\\u001b[2J\"}",
		 "h.json: hostname: must not hold control characters"},
		{"{\"nics\": [], \"cpu_allocation_ratio\": 0}",
		 "h.json: cpu_allocation_ratio: must be a number above 0, at most 1000"},
		{"{\"hostname\": \"h\"}",
		 "h.json: must have numa_nodes and nics, as 'dnsvnf host -o json' writes"},
		{"{\"format_version\": 2, \"nics\": []}",
		 "h.json: format_version: is 2, of another dnsvnf: this one reads 1"},
		{"{\"format_version\": 1, \"error\": {\"kind\": \"local\"}}",
		 "h.json: error: the host was not read: run 'dnsvnf host -o json' there"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_err struct err err = ERR_INIT;
		struct compute_host host;

		assert_int_equal(
			host_json_parse(rows[i].json, strlen(rows[i].json), "h.json", &host, &err),
			-EINVAL);
		assert_string_equal(err.text, rows[i].error);
	}
}

/* Firmware reports such things: nothing is known of that host then, and the others are judged. */
static void a_host_that_contradicts_itself_is_unknown(void **state)
{
	static const struct {
		const char *json, *why;
	} rows[] = {
		{"{\"numa_nodes\": [{\"id\": 1}, {\"id\": 1}]}", "h.json: node 1 is listed twice"},
		{"{\"numa_nodes\": [{\"shared_cpus\": [1]}, {\"dedicated_cpus\": [1]}]}",
		 "h.json: CPU 1 is in node 1 and in another"},
		{"{\"numa_nodes\": [{\"cpus\": [1, 2], \"siblings\": [[1, 2], [2]]}]}",
		 "h.json: node 0: CPU 2 is listed twice in siblings"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_compute_host struct compute_host host = {0};
		cleanup_fit_result struct fit_result result = {0};
		cleanup_strbuf struct strbuf b = {0};
		const struct fit_request request = {.vcpus = 1};

		assert_int_equal(
			host_json_parse(rows[i].json, strlen(rows[i].json), "h.json", &host, NULL),
			0);
		assert_string_equal(host.name, "h");
		assert_string_equal(host.contradiction, rows[i].why);
		assert_int_equal(fit_host(&host, &request, &result), FIT_UNDECIDED);
		fit_reason_format(&result.reasons[0], &host, &request, &b);
		assert_non_null(strstr(b.s, rows[i].why));
	}
}

/* Which VFs of "p" a port gets, by what Nova's device_spec says of them. */
static void device_spec_decides_on_vfs(void **state)
{
	static const struct {
		const char *nic; /* members of the NIC */
		bool trusted;
		enum fit_verdict verdict;
		const char *why; /* part of the reason */
	} rows[] = {
		{"\"vfs\": [{}]", false, FIT_YES, NULL},
		{"\"vfs\": [{}]", true, FIT_UNDECIDED, "key trusted of the NIC or the VF"},
		{"\"trusted\": true, \"vfs\": [{}]", true, FIT_YES, NULL},
		{"\"trusted\": false, \"vfs\": [{}]", true, FIT_NO,
		 "0 of 1 free, 1 whose device_spec does not have \"trusted\": \"true\""},
		{"\"trusted\": false, \"vfs\": [{}, {\"trusted\": true}]", true, FIT_YES, NULL},
		{"\"trusted\": true, \"vfs\": [{\"trusted\": null}]", true, FIT_YES, NULL},
		{"\"vfs\": [{\"trusted\": true, \"in_use\": true}, {}]", true, FIT_UNDECIDED, ""},
		{"\"vfs\": [{\"assignable\": false}]", false, FIT_NO,
		 "0 of 1 free, 1 matched by no device_spec of Nova"},
		{"\"assignable\": true, \"vfs\": [{\"assignable\": false}]", false, FIT_NO, ""},
		{"\"vfs\": [{\"assignable\": null}]", false, FIT_YES, NULL},
		{"\"vfs\": [{\"physnet\": \"q\"}]", false, FIT_NO,
		 "no NIC of the host serves it (they serve q)"},
		{"\"vfs\": [{\"physnet\": \"q\"}, {\"physnet\": \"p\"}]", false, FIT_YES, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_compute_host struct compute_host host = {0};
		cleanup_fit_result struct fit_result result = {0};
		cleanup_strbuf struct strbuf b = {0};
		cleanup_free char *json =
			xasprintf("{\"nics\": [{\"physnet\": \"p\", %s}]}", rows[i].nic);
		struct fit_port port = {.physnet = (char *)"p", .trusted = rows[i].trusted};
		const struct fit_request request = {.vcpus = 1, .ports = &port, .n_ports = 1};

		assert_int_equal(host_json_parse(json, strlen(json), "h", &host, NULL), 0);
		assert_int_equal(fit_host(&host, &request, NULL), rows[i].verdict);
		assert_int_equal(fit_host(&host, &request, &result), rows[i].verdict);
		assert_int_equal(result.n_reasons > 0, rows[i].why != NULL);
		if (!rows[i].why)
			continue;
		fit_reason_format(&result.reasons[0], &host, &request, &b);
		assert_non_null(strstr(b.s, rows[i].why));
	}
}

/* A PF that Nova takes instead of its VFs is one device for a port of type passthru. */
static void a_pf_taken_instead_of_its_vfs(void **state)
{
	static const struct {
		const char *in_use;
		enum fit_verdict verdict;
	} rows[] = {{"false", FIT_YES}, {"true", FIT_NO}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_compute_host struct compute_host host = {0};
		cleanup_free char *json =
			xasprintf("{\"nics\": [{\"physnet\": \"p\", \"assignable\": true, \"vfs\": "
				  "[{\"assignable\": false, \"in_use\": %s}]}]}",
				  rows[i].in_use);
		struct fit_port port = {.physnet = (char *)"p", .type = PCI_PF};
		const struct fit_request request = {.vcpus = 1, .ports = &port, .n_ports = 1};

		assert_int_equal(host_json_parse(json, strlen(json), "h", &host, NULL), 0);
		assert_int_equal(fit_host(&host, &request, NULL), rows[i].verdict);
	}
}

static void a_misspelt_physnet_is_answered_with_those_served(void **state)
{
	static const struct {
		const char *physnet, *text;
	} rows[] = {
		{"sirov0",
		 ": no NIC of the host serves it (they serve sriov0, datacentre); is sriov0 "
		 "meant?"},
		{"tenant", ": no NIC of the host serves it (they serve sriov0, datacentre)"},
	};
	static const char json[] = "{\"nics\": [{\"physnet\": \"sriov0\", \"vfs\": [{}]}, "
				   "{\"physnet\": \"datacentre\", \"vfs\": [{}]}]}";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_compute_host struct compute_host host = {0};
		cleanup_fit_result struct fit_result result = {0};
		cleanup_strbuf struct strbuf b = {0};
		struct fit_port port = {.physnet = (char *)rows[i].physnet};
		const struct fit_request request = {.vcpus = 1, .ports = &port, .n_ports = 1};

		assert_int_equal(host_json_parse(json, strlen(json), "h", &host, NULL), 0);
		assert_int_equal(fit_host(&host, &request, &result), FIT_NO);
		fit_reason_format(&result.reasons[0], &host, &request, &b);
		assert_string_equal(strstr(b.s, ": no NIC"), rows[i].text);
	}
}

/* nova.conf may reserve pages that the node does not have: `host` tells both as they are. */
static void more_pages_reserved_than_there_are(void **state)
{
	static const char json[] = "{\"numa_nodes\": [{\"cpus\": [1, 2], \"huge_pages\": "
				   "[{\"size_kb\": 1048576, \"total\": 0, \"reserved\": 2}]}]}";
	cleanup_compute_host struct compute_host host = {0};
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_json_parse(json, strlen(json), "h.json", &host, &err), 0);
	assert_int_equal(host.cells[0].pages[0].reserved, 2);
	assert_int_equal(host.cells[0].pages[0].used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_of_a_folder),
		cmocka_unit_test(cpus_that_nobody_parted_serve_both),
		cmocka_unit_test(what_is_wrong_with_a_file_is_said),
		cmocka_unit_test(a_host_that_contradicts_itself_is_unknown),
		cmocka_unit_test(device_spec_decides_on_vfs),
		cmocka_unit_test(a_pf_taken_instead_of_its_vfs),
		cmocka_unit_test(a_misspelt_physnet_is_answered_with_those_served),
		cmocka_unit_test(more_pages_reserved_than_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
