/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads an image's file to Glance and verifies its hash. */
#pragma once

#include <stdint.h>

struct err;
struct image;
struct image_upload;
struct session;

/*
 * Starts the upload of the file in image->src to the queued image `id`. progress is called with
 * bytes, done once, both from session_run: with 0, or -errno and the reason.
 */
struct image_upload *image_upload_start(struct session *session, const struct image *image,
					const char *id,
					void (*progress)(void *data, uint64_t done, uint64_t total),
					void (*done)(void *data, int result, const char *text),
					void *data);

void image_upload_free(struct image_upload *upload); /* takes NULL */
