/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps two dnsvnf of one machine off the same deployment. The kernel lets go of it with the
 * process, however that ends. */
#pragma once

struct err;

struct lock {
	int fd; /* -1: not held */
	char *path;
};

/* what: names it in the whole machine; shown is for the message. -EBUSY says who holds it. */
int lock_take(struct lock *lock, const char *what, const char *shown, struct err *err);

void lock_release(struct lock *lock); /* removes the file too */
