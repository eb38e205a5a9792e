/* SPDX-License-Identifier: Apache-2.0 */
/* check --vim: what the VIM has already, for each deployment. In the module only. */
#pragma once

struct err;
struct findings;
struct model;
struct options;
struct verb;

struct check_vim {
	const struct verb *verb;
	const struct options *options;
	int code; /* the exit code, if it failed with the error printed */
};

/* A design_more_fn; data is a struct check_vim. */
int check_vim(void *data, struct model *model, struct findings *findings, struct err *err)
	__attribute__((__weak__));
