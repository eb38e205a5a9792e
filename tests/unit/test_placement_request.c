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
#include "placement/request.h"

/* "name=value ..." into *words, which the properties point into. */
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

static int read_flavor(const char *specs, const char *image_properties, struct fit_request *ret,
		       struct err *err)
{
	cleanup_free char *spec_words = xstrdup(specs), *image_words = xstrdup(image_properties);
	struct flavor flavor = {.name = (char *)"f", .vcpus = 4, .memory_mb = 4096};
	struct image image = {.name = (char *)"i"};

	properties_of(spec_words, &flavor.properties);
	properties_of(image_words, &image.properties);
	int r = fit_request_from_flavor(&flavor, &image, ret, err);
	free(flavor.properties.v);
	free(image.properties.v);
	return r;
}

static void errors_are_novas_words(void **state)
{
	static const struct {
		const char *specs, *image, *error;
	} rows[] = {
		{"hw:numa_nodes=0", "",
		 "flavor f: The property 'numa_nodes' cannot be '0'. It must be a number greater "
		 "than "
		 "0"},
		{"hw:numa_nodes=3", "",
		 "flavor f: Instance CPUs and/or memory cannot be evenly distributed across "
		 "instance "
		 "NUMA nodes. Explicit assignment of CPUs and memory to nodes is required"},
		{"hw:mem_page_size=huge", "", "flavor f: Invalid memory page size 'huge'"},
		{"", "hw_mem_page_size=large",
		 "flavor f: Page size large forbidden against '<empty>'"},
		{"hw:cpu_thread_policy=require", "",
		 "flavor f: Cannot set cpu thread pinning policy in a non dedicated cpu pinning "
		 "policy"},
		{"hw:cpu_policy=shared", "hw_cpu_policy=dedicated",
		 "flavor f: Image property 'hw_cpu_policy' is not permitted to override CPU "
		 "pinning "
		 "policy set against the flavor"},
		{"hw:numa_nodes=2 hw:numa_cpus.0=0-1 hw:numa_cpus.1=1-3 hw:numa_mem.0=2048 "
		 "hw:numa_mem.1=2048",
		 "", "flavor f: CPU number 1 is assigned to two nodes"},
		{"hw:numa_nodes=1 hw:numa_cpus.0=0-2 hw:numa_mem.0=4096", "",
		 "flavor f: CPU number {3} is not assigned to any node"},
		{"hw:pci_numa_affinity_policy=strict", "",
		 "flavor f: Invalid PCI NUMA affinity configured: strict"},
		{"hw:cpu_policy=mixed hw:cpu_dedicated_mask=0-3", "",
		 "flavor f: Mixed instance must have at least 1 pinned vCPU and 1 unpinned vCPU. "
		 "See "
		 "'hw:cpu_dedicated_mask'."},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_err struct err err = ERR_INIT;
		cleanup_fit_request struct fit_request request = {0};
		int r = read_flavor(rows[i].specs, rows[i].image, &request, &err);

		assert_int_equal(r, -EINVAL);
		assert_string_equal(err.text, rows[i].error);
	}
}

static void a_flavor_without_numa_binds_to_no_node(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_fit_request struct fit_request r = {0};

	(void)state;
	assert_int_equal(read_flavor("hw:cpu_policy=shared", "", &r, &err), 0);
	assert_int_equal(r.n_cells, 0);
	assert_int_equal(r.amount[INVENTORY_VCPU], 4);
}

static void cells_by_hand(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_fit_request struct fit_request r = {0};

	(void)state;
	assert_int_equal(read_flavor("hw:numa_nodes=2 hw:cpu_policy=mixed hw:cpu_dedicated_mask=^0 "
				     "hw:numa_cpus.0=0,3 hw:numa_cpus.1=1-2 hw:numa_mem.0=1024 "
				     "hw:numa_mem.1=3072 hw:emulator_threads_policy=isolate "
				     "hw:mem_page_size=2MB",
				     "", &r, &err),
			 0);
	assert_int_equal(r.n_cells, 2);
	assert_int_equal(r.cells[0].n_shared, 1);
	assert_int_equal(r.cells[0].n_dedicated, 1);
	assert_int_equal(r.cells[1].n_dedicated, 2);
	assert_int_equal(r.cells[1].memory_mb, 3072);
	assert_int_equal(r.page_size, 2048);
	assert_int_equal(r.amount[INVENTORY_VCPU], 1);
	assert_int_equal(r.amount[INVENTORY_PCPU], 4); /* three, and one for the emulator */
	assert_false(fit_request_set_vcpus(&r, 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_novas_words),
		cmocka_unit_test(a_flavor_without_numa_binds_to_no_node),
		cmocka_unit_test(cells_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
