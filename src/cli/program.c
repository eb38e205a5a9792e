// SPDX-License-Identifier: Apache-2.0
/*
 * The program dnsvnf: help and check. The other verbs need 40 libraries (HTTP, TLS, DNS, archives,
 * PCI), whose loading takes ten times as long as check, so they are in a module.
 */
#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/common.h"
#include "cli/verb.h"

/* Beside the program if it is not installed, else in its library folder. */
static char *module_path(void)
{
	char program[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	while (n > 0 && program[n - 1] != '/')
		n--;
	cleanup_free char *beside = xasprintf("%.*s" DNSVNF_MODULE, (int)n, program);
	if (n > 0 && file_exists(beside))
		return steal_ptr(beside);
	return xasprintf("%.*s" DNSVNF_MODULE_DIR "/" DNSVNF_MODULE, (int)n, program);
}

static int run_in_module(int argc, char **argv)
{
	cleanup_free char *path = module_path();
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	typeof(cli_main) *module_main = module ? dlsym(module, "cli_main") : NULL;

	if (!module_main) {
		cleanup_err struct err err = ERR_INIT;
		err_set(&err, LOCAL, "cannot load " DNSVNF_MODULE ": %s", dlerror());
		return cli_fail(argv[1], &err);
	}
	return module_main(argc, argv, NULL);
}

int main(int argc, char **argv)
{
	return cli_main(argc, argv, run_in_module);
}
