/* SPDX-License-Identifier: Apache-2.0 */
/* Sends an image's file to Glance, and proves by its hash that it arrived. */
#pragma once

#include <stdint.h>

struct err;
struct image;
struct image_upload;
struct session;

/*
 * Starts to send the file that image->src names to the image `id`, which is queued. progress is
 * called in bytes, done once, from session_run: with 0, or -errno and the reason.
 */
struct image_upload *image_upload_start(struct session *session, const struct image *image,
					const char *id,
					void (*progress)(void *data, uint64_t done, uint64_t total),
					void (*done)(void *data, int result, const char *text),
					void *data);

void image_upload_free(struct image_upload *upload); /* NULL is fine */
