// SPDX-License-Identifier: Apache-2.0
/* bondd: the bond monitor, and the status service over HTTP. */
#include "bondd/verbs.h"

static int run_verb(const struct verb *verb, void *options)
{
	return command_finish(&bondd_program, verb->run(verb, options));
}

int main(int argc, char *argv[])
{
	return command_main(&bondd_program, argc, argv, run_verb);
}
