// SPDX-License-Identifier: Apache-2.0
/* What a VIM tells of a server as a picture. */
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
#include "deploy/design.h"
#include "draw/draw.h"
#include "draw/place.h"
#include "model/model.h"
#include "vim/vim.h"

#define CORRECTED "examples/technote/corrected/dep.xml"

static char *draw(const struct vim_server_info *server)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;
	cleanup_draw_places struct draw_places places = {0};

	assert_int_equal(design_read(CORRECTED, NULL, &model, &findings, &err), 0);
	draw_places_of_server(&places, &model->tenants[0].deployments[0].vm_groups[0], 0, server);
	const struct drawing drawing = {model, &findings, places.v, places.n};
	return draw_svg(&drawing);
}

static void as_the_vim_has_built_it(void **state)
{
	struct vim_port_info ports[] = {
		{.nicid = 0, .numa_node = -1, .host_device = (char[]){"tap1f"}},
		{.nicid = 2,
		 .numa_node = 1,
		 .pf = (char[]){"ens2f0"},
		 .host_device = (char[]){"0000:af:02.5"}},
		{.nicid = 3, .numa_node = -1},
	};
	const struct vim_server_info server = {
		.name = (char[]){"cpnr-dns_cpnr_0"},
		.status = (char[]){"ACTIVE"},
		.hypervisor = (char[]){"compute-7"},
		.numa = (char[]){"cell 0 on node 1"},
		.ports = ports,
		.n_ports = ARRAY_SIZE(ports),
	};
	cleanup_free char *svg = draw(&server);

	(void)state;
	assert_non_null(strstr(svg, ">host compute-7<"));
	assert_non_null(strstr(svg, ">server cpnr-dns_cpnr_0: ACTIVE, cell 0 on node 1<"));
	assert_non_null(strstr(svg, ">tap1f<"));
	assert_non_null(strstr(svg, ">switch<")); /* nicid 0: not told which */
	assert_non_null(strstr(svg, ">OVS<"));    /* nicid 1: not told at all */
	assert_non_null(strstr(svg, ">NUMA node 1<"));
	assert_non_null(strstr(svg, ">ens2f0<"));
	assert_non_null(strstr(svg, ">0000:af:02.5<"));
	assert_non_null(strstr(svg, ">NUMA node unknown<"));
	assert_null(strstr(svg, ">NUMA node of sriov0<"));
}

static void a_server_that_failed_says_why(void **state)
{
	const struct vim_server_info server = {
		.name = (char[]){"cpnr-dns_cpnr_0"},
		.status = (char[]){"ERROR"},
		.fault = (char[]){"No valid host"},
	};
	cleanup_free char *svg = draw(&server);

	(void)state;
	assert_non_null(strstr(svg, ">server cpnr-dns_cpnr_0: ERROR: No valid host<"));
	/* no port is known to be anywhere: the wanted picture, as without a VIM */
	assert_non_null(strstr(svg, ">NUMA node of sriov0<"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_vim_has_built_it),
		cmocka_unit_test(a_server_that_failed_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
