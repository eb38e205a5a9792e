/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run prints for programs (-o json): one document on stdout, described by
 * doc/schema/VERB.json, with format_version, the members that the verb adds, and an error when it
 * failed. The document is written when the verb has returned. Verbs that stream print a line for
 * each event before it, and the document is the last line.
 */
#pragma once

#include <stdbool.h>

struct err;
struct json_writer;

#define ANSWER_FORMAT_VERSION 1

/* The verb adds members to the open object of the returned writer. */
struct json_writer *answer_begin(bool one_line);

/* Keeps the first error for the document, and the first since answer_part_begin(). */
void answer_fail(const struct err *err);
/* Weak: the program that makes the man pages has the verb table only. */
void answer_usage_error(const char *text, const char *hint) __attribute__((__weak__));

/* A part (a deployment) that failed has its error in its own object, too. */
void answer_part_begin(void);
void answer_part_end(struct json_writer *w);

/* Prints the document if one was begun and is not empty. Returns code, or EXIT_NOT_RIGHT if the
 * document cannot be written. */
int answer_end(int code);

/* From a signal handler, before _exit(): the document of an interrupted run. */
void answer_interrupted(void);
