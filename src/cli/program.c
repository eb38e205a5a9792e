// SPDX-License-Identifier: Apache-2.0
/*
 * The program dnsvnf: help and check. The other verbs need 40 libraries (HTTP, TLS, DNS, archives,
 * PCI), whose loading takes ten times as long as check, so they are in a module. check loads ldns
 * in a module of its own, if day-0 has a zone.
 */
#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/text.h"
#include "cli/common.h"
#include "cli/verb.h"
#include "dns/zone.h"

/* A module beside the program if it is not installed, else in its library folder. */
static char *module_path(const char *name)
{
	char program[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	while (n > 0 && program[n - 1] != '/')
		n--;
	cleanup_free char *beside = xasprintf("%.*s%s", (int)n, program, name);
	if (n > 0 && file_exists(beside))
		return steal_ptr(beside);
	return xasprintf("%.*s" DNSVNF_MODULE_DIR "/%s", (int)n, program, name);
}

static void *load(const char *module, const char *symbol)
{
	cleanup_free char *path = module_path(module);
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	return handle ? dlsym(handle, symbol) : NULL;
}

static int run_in_module(int argc, char **argv)
{
	typeof(cli_main) *module_main = load("dnsvnf-verbs.so", "cli_main");

	if (!module_main) {
		cleanup_err struct err err = ERR_INIT;
		err_set(&err, LOCAL, "cannot load dnsvnf-verbs.so: %s", dlerror());
		return cli_fail(argv[1], &err);
	}
	return module_main(argc, argv, NULL);
}

void zone_check(const struct text *text, const char *origin, const char *query,
		struct findings *findings, struct zone_answer *ret)
{
	static typeof(zone_check) *in_module;

	if (!in_module)
		in_module = load("dnsvnf-zones.so", "zone_check");
	if (in_module)
		return in_module(text, origin, query, findings, ret);
	*ret = (struct zone_answer){.query = ZONE_QUERY_UNKNOWN, .ttl_s = -1};
	report(findings, text, 0, SEVERITY_WARNING, "zone-unread",
	       "the zone %s is not checked: cannot load dnsvnf-zones.so", origin);
}

int main(int argc, char **argv)
{
	return cli_main(argc, argv, run_in_module);
}
