// SPDX-License-Identifier: Apache-2.0
/* `dnsvnf manage`: a descriptor with its day-0 files becomes the current generation. */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"
#include "manager/control.h"
#include "manager/manager.h"
#include "manager/registry.h"

/*
 * The content of a sealed memfd, which cannot change and does not block; any other file may.
 */
static int read_sealed(int fd, char **ret_data, size_t *ret_len, struct err *err)
{
	const int wanted = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	struct stat st;

	if ((fcntl(fd, F_GET_SEALS) & wanted) != wanted || fstat(fd, &st) < 0)
		return err_set(err, INVALID, "a file is not a sealed memfd");
	if (st.st_size > REGISTRY_FILE_MAX)
		return err_code(err, INVALID, EFBIG, "a file is larger than %d bytes",
				REGISTRY_FILE_MAX);
	size_t len = (size_t)st.st_size, at = 0;
	cleanup_free char *data = xcalloc(1, len + 1);
	while (at < len) {
		ssize_t n = pread(fd, data + at, len - at, (off_t)at);
		if (n <= 0)
			return err_errno(err, n < 0 ? errno : EIO, "cannot read a file");
		at += (size_t)n;
	}
	*ret_data = steal_ptr(data);
	*ret_len = len;
	return 0;
}

struct generation {
	struct registry_file files[REGISTRY_FILES];
	char *data[REGISTRY_FILES];
	char *names[REGISTRY_FILES];
	size_t n;
	char *meta;
};

static void generation_clear(struct generation *g)
{
	for (size_t i = 0; i < REGISTRY_FILES; i++)
		free_all(g->data[i], g->names[i]);
	free(g->meta);
}

static const struct registry_file *find_file(const struct generation *g, const char *name)
{
	return array_find(g->files, g->n, streq(it->name, name));
}

static int read_files(struct json_reader *r, const int *fds, size_t n_fds, struct generation *g,
		      struct err *err)
{
	int result = 0;

	json_each (r, "files", REGISTRY_FILES - 1, one) {
		json_get_name(&one, NULL, &g->names[g->n]);
		if (!g->names[g->n] || g->n >= n_fds)
			break;
		struct registry_file *f = &g->files[g->n];
		result = read_sealed(fds[g->n], &g->data[g->n], &f->len, err);
		if (result < 0)
			break;
		f->name = g->names[g->n];
		f->data = g->data[g->n];
		g->n++;
	}
	if (result == 0)
		result = json_end(r);
	if (result == 0 && g->n != n_fds)
		result = err_set(err, INVALID, "%zu files, but %zu descriptors", g->n, n_fds);
	return result;
}

/* Who accepted it, when and from where. */
static int add_meta(struct generation *g, const char *by, const char *from, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};
	const struct registry_file *descriptor = find_file(g, "descriptor");

	if (!descriptor || !find_file(g, "resolved.xml") || !find_file(g, "watch.json"))
		return err_set(err, INVALID,
			       "descriptor, resolved.xml and watch.json are required");
	cleanup_free char *digest = hash_hex(descriptor->data, descriptor->len);
	json_open_object(&w, NULL);
	json_put_text(&w, "by", by);
	json_put_text(&w, "from", from);
	json_put_int64(&w, "at", time(NULL));
	json_put_text(&w, "digest", digest);
	json_close(&w);
	g->meta = json_write_text(&w, JSON_INDENT(1), err);
	if (!g->meta)
		return -EIO;
	g->files[g->n++] = (struct registry_file){"meta.json", g->meta, strlen(g->meta)};
	return 0;
}

/* It must name the deployment that it is accepted as. */
static int check_watch(const struct generation *g, const char *tenant, const char *deployment,
		       struct err *err)
{
	const struct registry_file *f = find_file(g, "watch.json");
	struct watch watch = {0};

	if (!f)
		return err_set(err, INVALID, "watch.json is missing");
	int r = watch_read(f->data, f->len, "watch.json", &watch, err);
	if (r < 0)
		return r;
	if (!streq(watch.tenant, tenant) || !streq(watch.deployment, deployment))
		r = err_set(err, INVALID, "watch.json is of another deployment");
	watch_clear(&watch);
	return r;
}

int request_accept(struct client *c, struct json_reader *r, const int *fds, size_t n_fds,
		   struct err *err)
{
	struct manager *m = c->manager;
	cleanup_free char *tenant = NULL, *deployment = NULL, *from = NULL;
	__attribute__((__cleanup__(generation_clear))) struct generation g = {0};
	bool deploy = true;
	int number = 0, result = request_check_store(m, err);

	json_must_have(r, "tenant");
	json_must_have(r, "deployment");
	json_get_string(r, "tenant", &tenant);
	json_get_string(r, "deployment", &deployment);
	json_get_string(r, "from", &from);
	json_get_bool(r, "deploy", &deploy);
	if (result == 0)
		result = read_files(r, fds, n_fds, &g, err);
	if (result == 0)
		result = add_meta(&g, c->by, from, err);
	if (result == 0)
		result = check_watch(&g, tenant, deployment, err);
	if (result == 0)
		result = registry_put(m->registry, tenant, deployment, g.files, g.n, &number, err);
	if (result == 0)
		result = manager_load(m, tenant, deployment, number, err);
	if (result < 0)
		return result;
	return request_accepted(c, manager_find(m, tenant, deployment), 0, deploy, err);
}
