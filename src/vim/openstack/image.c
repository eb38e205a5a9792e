// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "model/model.h"
#include "vim/openstack/session.h"
#include "vim/vim.h"

struct image_upload {
	struct session *session;
	char *id;
	struct http_upload file;
	EVP_MD_CTX *hash;
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	void (*progress)(void *data, uint64_t done, uint64_t total);
	void (*done)(void *data, int result, const char *text);
	void *data;
	struct err err; /* why it could not even start */
};

void image_upload_free(struct image_upload *u)
{
	if (!u)
		return;
	if (u->file.fd >= 0)
		close(u->file.fd);
	EVP_MD_CTX_free(u->hash);
	err_clear(&u->err);
	free_all(u->id, u);
}

static void sent(void *data, const void *bytes, size_t n, uint64_t so_far)
{
	struct image_upload *u = data;

	if (so_far == n) /* the first piece, perhaps of a second try */
		EVP_DigestInit_ex(u->hash, EVP_sha512(), NULL);
	EVP_DigestUpdate(u->hash, bytes, n);
	u->progress(u->data, so_far, u->file.size);
}

static void finish_hash(struct image_upload *u)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	EVP_DigestFinal_ex(u->hash, digest, &len);
	for (unsigned i = 0; i < len; i++)
		snprintf(u->hex + 2 * i, 3, "%02x", digest[i]);
}

/* https://docs.openstack.org/api-ref/image/v2/: os_hash_value, by sha512 unless configured. */
static void compared(struct call *call, void *data)
{
	struct image_upload *u = data;
	const char *algorithm = json_string_value(json_object_get(call->answer, "os_hash_algo"));
	const char *value = json_string_value(json_object_get(call->answer, "os_hash_value"));
	const char *status = json_string_value(json_object_get(call->answer, "status"));
	cleanup_free char *text = NULL;
	const char *request = call_request_id(call);
	int r = call->result;

	if (r < 0)
		text = xstrdup(call->err.text);
	else if (!status)
		text = xasprintf("Glance's answer after the upload has no status (%s)", request);
	else if (!streq(status, "active"))
		text = xasprintf("Glance reports the image as %s after the upload (%s)", status,
				 request);
	else if (streq(algorithm, "sha512") && !streq(value, u->hex))
		text = xasprintf("the image was corrupted during the upload: sha512 %.16s... here, "
				 "%.16s... in Glance (%s)",
				 u->hex, value ? value : "none", request);
	call_free(call);
	u->done(u->data, text && r == 0 ? -EIO : r, text);
}

static void uploaded(struct call *call, void *data)
{
	struct image_upload *u = data;

	if (call->result < 0) {
		cleanup_free char *text = xstrdup(call->err.text);
		int r = call->result;
		call_free(call);
		u->done(u->data, r, text);
		return;
	}
	call_free(call);
	finish_hash(u);
	struct call *look = call_new(SERVICE_IMAGE, "GET", xasprintf("/images/%s", u->id), NULL);
	look->done = compared;
	look->data = u;
	session_start(u->session, look);
}

static void refuse(void *data)
{
	struct image_upload *u = data;

	u->done(u->data, u->err.code, u->err.text);
}

static int open_file(struct image_upload *u, const struct image *image)
{
	const char *path = image->src ? vim_image_file(image->src) : NULL;
	struct stat st;

	if (!path)
		return err_set(&u->err, INVALID,
			       "src is %s: download it and set src to the file, so that its hash "
			       "can be checked",
			       image->src ? image->src : "not given");
	u->file.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (u->file.fd < 0)
		return err_errno(&u->err, errno, "cannot open %s", path);
	if (fstat(u->file.fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(&u->err, INVALID, "%s is not a regular file", path);
	u->file.size = (uint64_t)st.st_size;
	return 0;
}

struct image_upload *image_upload_start(struct session *session, const struct image *image,
					const char *id,
					void (*progress)(void *data, uint64_t done, uint64_t total),
					void (*done)(void *data, int result, const char *text),
					void *data)
{
	struct image_upload *u = xcalloc(1, sizeof(*u));

	*u = (struct image_upload){.session = session,
				   .id = xstrdup(id),
				   .file = {.fd = -1, .sent = sent, .data = u},
				   .hash = EVP_MD_CTX_new(),
				   .progress = progress,
				   .done = done,
				   .data = data};
	if (!u->hash)
		out_of_memory();
	EVP_DigestInit_ex(u->hash, EVP_sha512(), NULL); /* an empty file has a hash too */
	if (open_file(u, image) < 0) {
		session_after(session, 0, refuse, u);
		return u;
	}
	struct call *call = call_new(SERVICE_IMAGE, "PUT", xasprintf("/images/%s/file", id), NULL);
	call->upload = &u->file;
	call->done = uploaded;
	call->data = u;
	session_start(session, call);
	return u;
}
