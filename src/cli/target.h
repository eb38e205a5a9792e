/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which VIM a verb talks to: --vim, --os-cloud, OS_CLOUD and the locators' vim_id, which must agree
 * if several are set; without any, the embedded one.
 */
#pragma once

struct deployment;
struct model;
struct options;
struct run_ctx;
struct tenant;
struct verb;
struct vim;

/*
 * Do all sources agree, for each deployment of the model? Asked before the first VIM is opened.
 * Returns 0, or an exit code with the error printed: EXIT_USAGE when the command line or the
 * environment disagree with each other or with the descriptor.
 */
int target_check(const struct verb *verb, const struct options *options, const struct model *model);

/*
 * Opens the VIM of a deployment (tenant and deployment NULL: of none), logs in and prints
 * "VIM NAME, region NAME, project NAME, user NAME" on stderr, unless the last such line was the
 * same. Returns 0, or an exit code with the error printed.
 */
int target_open(const struct verb *verb, const struct options *options, const struct tenant *tenant,
		const struct deployment *deployment, const struct run_ctx *run,
		struct vim **ret_vim);

/* "dnsvnf VERB --vim NAME DEP.xml", quoted for a shell: the same target in another run, whatever
 * the environment is then. The caller frees. */
char *target_command(const char *verb, const struct options *options, const struct vim *vim);
