// SPDX-License-Identifier: Apache-2.0
#include "vim/local/store.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/str.h"

#define ROOT       "/var/lib/dnsvnf"
#define LOCK       "lock"
#define RECORD_MAX (1024 * 1024)
#define LOCK_TRIES 100 /* 2 s */

static const char *root_folder(void)
{
	const char *root = getenv("DNSVNF_LOCAL_DIR");

	return root && *root ? root : ROOT;
}

static bool plain(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || (c == '.' && !first);
}

/* Encodes a name of the descriptor as a folder name: characters that are unsafe in a path become
 * %XX. */
static char *encode(const char *name)
{
	struct strbuf b = {0};

	for (const char *p = name; *p; p++) {
		if (plain(*p, p == name))
			strbuf_add(&b, p, 1);
		else
			strbuf_addf(&b, "%%%02X", (unsigned char)*p);
	}
	return strbuf_steal(&b);
}

/* NULL: not a result of encode(). */
static char *decode(const char *folder)
{
	struct strbuf b = {0};

	for (const char *p = folder; *p; p++) {
		unsigned byte;
		char c = *p;
		if (c == '%' && p[1] && p[2] && sscanf(p + 1, "%2X", &byte) == 1 && byte) {
			c = (char)byte;
			p += 2;
		}
		strbuf_add(&b, &c, 1);
	}
	cleanup_free char *name = strbuf_steal(&b);
	cleanup_free char *again = encode(name);
	return *name && streq(again, folder) ? steal_ptr(name) : NULL;
}

void store_init(struct store *store, const char *tenant, const char *deployment)
{
	cleanup_free char *t = encode(tenant);
	cleanup_free char *d = encode(deployment);

	*store = (struct store){
		.root = xstrdup(root_folder()),
		.tenant = xstrdup(tenant),
		.deployment = xstrdup(deployment),
		.path = xasprintf("%s/%s/%s", root_folder(), t, d),
		.dirfd = -1,
		.lockfd = -1,
	};
}

void store_clear(struct store *store)
{
	cleanup_close_fn(&store->dirfd);
	cleanup_close_fn(&store->lockfd);
	free_all(store->root, store->tenant, store->deployment, store->path);
	*store = (struct store){.dirfd = -1, .lockfd = -1};
}

static int open_folder(const struct store *store)
{
	cleanup_close int root = open(store->root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? -1
			: open_resolved(root, store->path + strlen(store->root) + 1,
					O_RDONLY | O_DIRECTORY,
					RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int store_open_folder(struct store *store, struct err *err)
{
	if (store->dirfd >= 0)
		return 0;
	store->dirfd = open_folder(store);
	if (store->dirfd < 0)
		return err_errno(err, errno, "cannot open %s", store->path);
	return 0;
}

static char *netns_record(const struct store *store, const char *name)
{
	return xasprintf("%s/.netns/%s", store->root, name);
}

int store_find_netns(const struct store *store, const char *name, struct err *err)
{
	cleanup_free char *path = netns_record(store, name);

	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return errno == ENOENT ? err_set(err, NOT_FOUND, "no record of network namespace %s", name)
			       : err_errno(err, errno, "cannot read %s", path);
}

int store_add_netns(const struct store *store, const char *name, struct err *err)
{
	cleanup_free char *path = netns_record(store, name);
	cleanup_free char *folder = netns_record(store, "");
	int r = dir_make(folder, err);

	return r < 0 ? r : file_write_at(AT_FDCWD, path, "", 0, 0600, err);
}

void store_remove_netns(const struct store *store, const char *name)
{
	cleanup_free char *path = netns_record(store, name);
	cleanup_free char *folder = netns_record(store, "");

	unlink(path);
	rmdir(folder); /* fails while it has other records */
}

/* The lock's holder has written its pid into the file. -EAGAIN: it has exited. */
static int refuse_busy(const struct store *store, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" LOCK, store->path);
	cleanup_free char *text = NULL;
	int64_t pid = 0;
	size_t len;

	if (file_read(path, 64, &text, &len, NULL) < 0 || str_to_int(text, 1, INT32_MAX, &pid) < 0)
		return -EAGAIN; /* not written yet, or the folder is being removed */
	/* A child of a killed dnsvnf holds the lock until it executes QEMU or exits. */
	if (kill((pid_t)pid, 0) < 0 && errno == ESRCH)
		return -EAGAIN;
	return err_set(err, BUSY,
		       "another dnsvnf (pid %s) is working on deployment %s/%s: wait until it has "
		       "finished",
		       text, store->tenant, store->deployment);
}

/* One try. -EAGAIN: the folder was removed meanwhile, or the lock is about to be released. */
static int try_lock(struct store *store, struct err *err)
{
	int r = dir_make(store->path, err);
	if ((r == -EACCES || r == -EPERM) && geteuid() != 0)
		return err_code(
			err, LOCAL, r,
			"no permission for %s, the embedded VIM's state: run dnsvnf as root",
			store->root);
	if (r == -ENOENT) { /* a concurrent undeploy removed the tenant's folder */
		if (err)
			err_clear(err);
		return -EAGAIN;
	}
	if (r < 0)
		return r;
	cleanup_close int dirfd = open_folder(store);
	if (dirfd < 0)
		return errno == ENOENT ? -EAGAIN
				       : err_errno(err, errno, "cannot open %s", store->path);
	/* The disk of a guest holds the secrets of its user data. */
	if (fchmod(dirfd, 0700) < 0)
		return err_errno(err, errno, "cannot restrict the permissions of %s", store->path);
	cleanup_close int fd = openat(dirfd, LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return errno == ENOENT ? -EAGAIN
				       : err_errno(err, errno, "cannot lock %s", store->path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? refuse_busy(store, err)
					    : err_errno(err, errno, "cannot lock %s", store->path);

	/* The previous holder may have removed the file with the deployment. */
	struct stat ours, there;
	cleanup_free char *path = xasprintf("%s/" LOCK, store->path);
	if (fstat(fd, &ours) < 0 || stat(path, &there) < 0 || ours.st_ino != there.st_ino ||
	    ours.st_dev != there.st_dev)
		return -EAGAIN;

	/* Only for the message to others: on a full disk undeploy must still work. */
	cleanup_free char *pid = xasprintf("%d", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, strlen(pid), 0) < 0)
		log_info("cannot write the pid to %s: %s", path, strerror(errno));
	cleanup_close_fn(&store->dirfd);
	store->dirfd = steal_fd(&dirfd);
	store->lockfd = steal_fd(&fd);
	return 0;
}

int store_lock(struct store *store, struct err *err)
{
	if (store->lockfd >= 0)
		return 0;
	for (int i = 0; i < LOCK_TRIES; i++) {
		int r = try_lock(store, err);
		if (r != -EAGAIN)
			return r;
		poll(NULL, 0, 20);
	}
	return err_set(err, BUSY,
		       "%s keeps changing, because another dnsvnf is working on it: wait until it "
		       "has finished",
		       store->path);
}

static void get_kind(struct json_reader *r, enum vim_kind *ret)
{
	cleanup_free char *kind = NULL;

	json_must_have(r, "kind");
	json_get_string(r, "kind", &kind);
	for (enum vim_kind k = VIM_IMAGE; kind && k <= VIM_SERVER; k++) {
		if (streq(kind, vim_kind_name(k))) {
			*ret = k;
			return;
		}
	}
	json_fail(r, "kind", "must be a kind of resource");
}

static void get_object(struct json_reader *r, const char *key, json_t **ret)
{
	json_must_have(r, key);
	json_get_object(r, key, ret);
	json_incref(*ret);
}

static int read_record(json_t *document, const char *file, struct record *record, struct err *err)
{
	struct json_reader r = json_reader(document, err);

	json_must_be_object(&r);
	get_kind(&r, &record->kind);
	json_must_have(&r, "id");
	json_get_string(&r, "id", &record->id);
	if (!record->id || !str_starts(file, record->id) ||
	    !streq(file + strlen(record->id), ".json"))
		json_fail(&r, "id", "must be the name of the file");
	json_must_have(&r, "name");
	json_get_string(&r, "name", &record->name);
	json_get_string(&r, "owner", &record->owner);
	json_get_string(&r, "digest", &record->digest);
	json_get_int64(&r, "seq", 0, INT64_MAX, &record->seq);
	json_get_bool(&r, "done", &record->done);
	get_object(&r, "spec", &record->spec);
	get_object(&r, "made", &record->made);
	return json_end(&r);
}

void record_clear(struct record *record)
{
	free_all(record->id, record->name, record->owner, record->digest);
	json_decref(record->spec);
	json_decref(record->made);
	*record = (struct record){0};
}

int record_parse(const char *file, const char *text, size_t len, struct record *ret,
		 struct err *err)
{
	cleanup_json json_t *document = NULL;
	cleanup_err struct err why = ERR_INIT;

	*ret = (struct record){0};
	int r = json_parse_document(text, len, file, &document, &why);
	if (r == 0)
		r = read_record(document, file, ret, &why);
	if (r == 0)
		return 0;
	record_clear(ret);
	return err_code(err, LOCAL, EBADMSG, "%s is not a valid dnsvnf record (%s): remove it",
			file, why.text);
}

void records_clear(struct records *records)
{
	array_free(records->v, records->n, record_clear);
	*records = (struct records){0};
}

static int by_seq(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int load_record(int dirfd, const char *file, struct records *records, struct err *err)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = file_read_at(dirfd, file, RECORD_MAX, &text, &len, err);

	if (r < 0)
		return r;
	r = record_parse(file, text, len, array_push(records->v, records->n), err);
	if (r < 0)
		records->n--;
	return r;
}

static int load_records(const struct store *store, struct records *records, struct err *err)
{
	cleanup_close int fd = open_folder(store);
	cleanup_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int bad = 0;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_errno(err, errno, "cannot open %s", store->path);
	(void)steal_fd(&fd);
	for (struct dirent *e; errno = 0, (e = readdir(dir));) {
		cleanup_err struct err why = ERR_INIT;
		if (!str_ends(e->d_name, ".json"))
			continue;
		int r = load_record(dirfd(dir), e->d_name, records, &why);
		if (r < 0 && r != -ENOENT && bad == 0) /* removed by a concurrent undeploy */
			bad = err_code(err, LOCAL, EBADMSG, "%s: %s", store->path, why.text);
	}
	if (errno)
		return err_errno(err, errno, "cannot read %s", store->path);
	if (records->n)
		qsort(records->v, records->n, sizeof(*records->v), by_seq);
	return bad;
}

int store_load(struct store *store, struct records *ret, struct err *err)
{
	struct records records = {0};
	int r = load_records(store, &records, err);

	if (r < 0 && r != -EBADMSG) {
		records_clear(&records);
		return r;
	}
	*ret = records;
	return r;
}

/* RFC 9562, version 4. */
static char *new_uuid(void)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		abort(); /* 16 bytes are never returned partially (getrandom(2)) */
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	return xasprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
			 b[12], b[13], b[14], b[15]);
}

struct record *records_new(struct records *records, enum vim_kind kind, const char *name)
{
	int64_t seq = records->n ? records->v[records->n - 1].seq + 1 : 1;
	struct record *record = array_push(records->v, records->n);

	*record = (struct record){
		.seq = seq,
		.kind = kind,
		.id = new_uuid(),
		.name = xstrdup(name),
		.spec = json_object(),
		.made = json_object(),
	};
	return record;
}

struct record *records_find(const struct records *records, enum vim_kind kind, const char *name)
{
	for (size_t i = records->n; i-- > 0;)
		if (records->v[i].kind == kind && streq(records->v[i].name, name))
			return &records->v[i];
	return NULL;
}

char *record_file(const struct record *record, const char *suffix)
{
	return xasprintf("%s.%s", record->id, suffix);
}

char *record_text(const struct record *record, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};

	json_open_object(&w, NULL);
	json_put_string(&w, "kind", vim_kind_name(record->kind));
	json_put_int64(&w, "seq", record->seq);
	json_put_string(&w, "id", record->id);
	json_put_string(&w, "name", record->name);
	json_put_string(&w, "owner", record->owner);
	json_put_string(&w, "digest", record->digest);
	json_put_bool(&w, "done", record->done);
	json_put_json(&w, "spec", record->spec);
	json_put_json(&w, "made", record->made);
	json_close(&w);
	return json_write_text(&w, JSON_INDENT(1), err);
}

int record_save(struct store *store, const struct record *record, struct err *err)
{
	cleanup_free char *file = record_file(record, "json");
	cleanup_free char *text = record_text(record, err);

	if (!text || file_write_at(store->dirfd, file, text, strlen(text), 0600, err) < 0)
		return err_wrap(err, "%s: record of %s %s", store->path,
				vim_kind_name(record->kind), record->name);
	return 0;
}

int record_remove(struct store *store, const struct record *record, struct err *err)
{
	cleanup_free char *file = record_file(record, "json");

	if (unlinkat(store->dirfd, file, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, "%s: cannot remove %s", store->path, file);
	return 0;
}

/* Whether the file is of an object: "ID.SUFFIX", as record_file() names it. */
static bool is_of_object(const char *file)
{
	static const char id[] = "00000000-0000-0000-0000-000000000000.";

	for (size_t i = 0; id[i]; i++)
		if (id[i] == '0' ? !isxdigit((unsigned char)file[i]) : file[i] != id[i])
			return false;
	return true;
}

/* All but the lock. */
static int remove_files(const struct store *store, struct err *err)
{
	cleanup_close int fd = open_folder(store);
	cleanup_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!dir)
		return err_errno(err, errno, "cannot open %s", store->path);
	(void)steal_fd(&fd);
	for (struct dirent *e; errno = 0, (e = readdir(dir));) {
		if (str_in_words(". .. " LOCK, e->d_name))
			continue;
		if (!is_of_object(e->d_name))
			r = err_code(err, LOCAL, ENOTEMPTY,
				     "%s is kept: dnsvnf did not write %s, which is in it; move it "
				     "elsewhere, then undeploy again",
				     store->path, e->d_name);
		else if (unlinkat(dirfd(dir), e->d_name, 0) < 0 && errno != ENOENT)
			return err_errno(err, errno, "cannot remove %s/%s", store->path, e->d_name);
	}
	return errno ? err_errno(err, errno, "cannot read %s", store->path) : r;
}

int store_remove(struct store *store, struct err *err)
{
	cleanup_free char *tenant = xstrndup(store->path, strrchr(store->path, '/') - store->path);
	int r = remove_files(store, err);

	if (r < 0)
		return r;
	if (unlinkat(store->dirfd, LOCK, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, "cannot remove %s/" LOCK, store->path);
	/* Not empty: another dnsvnf has locked it since. */
	if (rmdir(store->path) < 0 && errno != ENOENT && errno != ENOTEMPTY)
		return err_errno(err, errno, "cannot remove %s", store->path);
	/* They fail, as intended, while another deployment exists. */
	if (rmdir(tenant) == 0)
		rmdir(store->root);
	cleanup_close_fn(&store->dirfd);
	cleanup_close_fn(&store->lockfd);
	store->dirfd = store->lockfd = -1;
	return 0;
}

/* Adds every folder below ROOT/TENANT. */
static int gather_deployments(int root, const char *tenant_folder, struct vim_deployment **v,
			      size_t *n, struct err *err)
{
	cleanup_free char *tenant = decode(tenant_folder);
	if (!tenant)
		return 0;
	cleanup_close int fd =
		open_resolved(root, tenant_folder, O_RDONLY | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
	cleanup_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int folder = dir ? dirfd(dir) : -1;

	if (!dir && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0; /* removed meanwhile, or none of ours */
	if (folder < 0)
		return err_errno(err, errno, "cannot open tenant folder %s", tenant_folder);
	(void)steal_fd(&fd);
	for (struct dirent *e; errno = 0, (e = readdir(dir));) {
		struct stat st;
		cleanup_free char *deployment = decode(e->d_name);
		if (!deployment)
			continue;
		if (fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno == ENOENT) /* removed meanwhile */
				continue;
			return err_errno(err, errno, "cannot read %s", e->d_name);
		}
		if (!S_ISDIR(st.st_mode))
			continue;
		struct vim_deployment *d = array_push(*v, *n);
		d->tenant = xstrdup(tenant);
		d->deployment = steal_ptr(deployment);
	}
	return errno ? err_errno(err, errno, "cannot read tenant folder %s", tenant_folder) : 0;
}

int store_deployments(struct vim_deployment **ret, size_t *ret_n, struct err *err)
{
	const char *root = root_folder();
	cleanup_closedir DIR *dir = opendir(root);
	struct vim_deployment *v = NULL;
	size_t n = 0;
	int r = 0;

	if (!dir && errno != ENOENT)
		return err_errno(err, errno, "cannot open %s", root);
	for (struct dirent *e; dir && r == 0 && (errno = 0, (e = readdir(dir)));)
		r = gather_deployments(dirfd(dir), e->d_name, &v, &n, err);
	if (r == 0 && dir && errno)
		r = err_errno(err, errno, "cannot read %s", root);
	if (r < 0) {
		vim_deployments_free(v, n);
		return err_wrap(err, "%s", root);
	}
	*ret = v;
	*ret_n = n;
	return 0;
}
