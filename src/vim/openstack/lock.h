/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps two dnsvnf processes on one machine from changing the same deployment. The kernel releases
 * the lock when the process ends.
 */
#pragma once

struct err;

struct lock {
	int fd; /* -1: not held */
	char *path;
};

/*
 * what: name of the lock, unique on the machine; shown is for the message. -EBUSY names the holder.
 */
int lock_take(struct lock *lock, const char *what, const char *shown, struct err *err);

void lock_release(struct lock *lock); /* removes the file too */
