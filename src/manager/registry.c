// SPDX-License-Identifier: Apache-2.0
#include "manager/registry.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

enum { NAME_LEN_MAX = 200 };

struct registry {
	char *folder;
	int dir;  /* folder/tenants */
	int lock; /* flock(2) on folder/lock */
};

int registry_check_name(const char *what, const char *name, struct err *err)
{
	size_t len = name ? strlen(name) : 0;
	bool printable = true;

	for (size_t i = 0; i < len; i++)
		printable &= (unsigned char)name[i] >= ' ' && name[i] != 0x7f;
	if (len == 0 || len > NAME_LEN_MAX || !printable || name[0] == '.' || strchr(name, '/'))
		return err_set(err, INVALID,
			       "the name of the %s must be 1 to %d characters without '/', not "
			       "beginning with '.'",
			       what, NAME_LEN_MAX);
	return 0;
}

static int check_names(const char *tenant, const char *deployment, struct err *err)
{
	int r = registry_check_name("tenant", tenant, err);

	return r < 0 ? r : registry_check_name("deployment", deployment, err);
}

/* Opens a folder below, none of whose components is a link. */
static int open_folder(int dir, const char *path)
{
	return open_resolved(dir, path, O_RDONLY | O_DIRECTORY,
			     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

static int sync_fd(int fd, const char *what, struct err *err)
{
	return fsync(fd) < 0 ? err_errno(err, errno, "cannot write %s to the disk", what) : 0;
}

/* Creates the folder, if it is missing, so that it lasts. */
static int make_folder(int dir, const char *name, struct err *err)
{
	if (mkdirat(dir, name, 0755) < 0)
		return errno == EEXIST ? 0 : err_errno(err, errno, "cannot create folder %s", name);
	return sync_fd(dir, "a folder", err);
}

/* A descriptor of the deployment's folder, or -errno. */
static int open_deployment(const struct registry *s, const char *tenant, const char *deployment,
			   struct err *err)
{
	int r = check_names(tenant, deployment, err);

	if (r < 0)
		return r;
	cleanup_free char *path = xasprintf("%s/%s", tenant, deployment);
	int fd = open_folder(s->dir, path);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, NOT_FOUND, "no deployment %s/%s is managed", tenant,
			       deployment);
	return fd < 0 ? err_errno(err, errno, "cannot open folder %s", path) : fd;
}

static int parse_generation(const char *name)
{
	int64_t n;

	return name[0] != '0' && str_to_int(name, 1, REGISTRY_GENERATION_MAX, &n) == 0 ? (int)n : 0;
}

/* The generation that the link names; 0: there is no such link. -errno: cannot be read. */
static int read_link(int dir, const char *link)
{
	char target[16];
	ssize_t len = readlinkat(dir, link, target, sizeof(target) - 1);

	if (len < 0)
		return errno == ENOENT ? 0 : -errno;
	target[len] = 0;
	int generation = parse_generation(target);
	return generation ? generation : -EUCLEAN;
}

/* The current generation; 0: the deployment is not complete. */
static int read_current(int dir)
{
	return read_link(dir, "current");
}

/* Calls fn for each entry of the folder but "." and "..", until it returns an error. */
static int each_entry(int dir, int (*fn)(void *data, int dir, const char *name, struct err *err),
		      void *data, struct err *err)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_closedir DIR *d = copy < 0 ? NULL : fdopendir(copy);
	int r = 0;

	if (!d)
		return err_errno(err, errno, "cannot list a folder of the store");
	errno = 0;
	for (const struct dirent *e; r == 0 && (e = readdir(d)); errno = 0)
		if (!streq(e->d_name, ".") && !streq(e->d_name, ".."))
			r = fn(data, dir, e->d_name, err);
	if (r == 0 && errno)
		return err_errno(err, errno, "cannot list a folder of the store");
	return r;
}

static char *folder_path(int dir, const char *name)
{
	return name ? xasprintf("/proc/self/fd/%d/%s", dir, name)
		    : xasprintf("/proc/self/fd/%d", dir);
}

static int remove_below(int dir, const char *name, struct err *err)
{
	cleanup_free char *path = folder_path(dir, name);

	return dir_remove(path, err);
}

struct kept {
	int from, to; /* generations */
};

/* Removes the generations that are not kept, and what a write left aside. */
static int remove_unkept(void *data, int dir, const char *name, struct err *err)
{
	const struct kept *kept = data;
	int generation = parse_generation(name);

	if (generation ? generation < kept->from || generation > kept->to
		       : !streq(name, "current") && !streq(name, "gone"))
		return remove_below(dir, name, err);
	return 0;
}

/* After a kill: incomplete generations and deployments. */
static int tidy_deployment(void *data, int tenant, const char *name, struct err *err)
{
	cleanup_close int dir = open_folder(tenant, name);

	(void)data;
	if (dir < 0)
		return errno == ENOTDIR ? 0 : err_errno(err, errno, "cannot open folder %s", name);
	int current = read_current(dir);
	if (current < 0)
		return err_errno(err, current, "the link 'current' of deployment %s", name);
	if (current == 0)
		return remove_below(tenant, name, err);
	struct kept kept = {current - REGISTRY_GENERATIONS + 1, current};
	return each_entry(dir, remove_unkept, &kept, err);
}

static int tidy_tenant(void *data, int tenants, const char *name, struct err *err)
{
	cleanup_close int dir = open_folder(tenants, name);

	(void)data;
	if (dir < 0)
		return errno == ENOTDIR ? 0 : err_errno(err, errno, "cannot open folder %s", name);
	return each_entry(dir, tidy_deployment, NULL, err);
}

static int lock_store(struct registry *s, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/lock", s->folder);

	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return err_errno(err, errno, "cannot create %s", path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? err_set(err, BUSY, "%s is in use by another dnsvnfd", s->folder)
			       : err_errno(err, errno, "cannot lock %s", path);
	return 0;
}

int registry_open(const char *folder, struct registry **ret, struct err *err)
{
	cleanup_registry struct registry *s = xcalloc(1, sizeof(*s));
	cleanup_free char *tenants = xasprintf("%s/tenants", folder);

	*s = (struct registry){.folder = xstrdup(folder), .dir = -1, .lock = -1};
	int r = dir_make(tenants, err);
	if (r == 0)
		r = lock_store(s, err);
	if (r < 0)
		return r;
	s->dir = open(tenants, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s->dir < 0)
		return err_errno(err, errno, "cannot open %s", tenants);
	r = each_entry(s->dir, tidy_tenant, NULL, err);
	if (r < 0)
		return err_wrap(err, "store %s", folder);
	*ret = steal_ptr(s);
	return 0;
}

void registry_close(struct registry *s)
{
	if (!s)
		return;
	if (s->dir >= 0)
		close(s->dir);
	if (s->lock >= 0)
		close(s->lock);
	free_all(s->folder, s);
}

static int write_file(int dir, const struct registry_file *file, struct err *err)
{
	bool below = str_starts(file->name, "files/");
	const char *name = below ? file->name + strlen("files/") : file->name;
	int r = registry_check_name("file", name, err);

	if (r < 0)
		return r;
	if (file->len > REGISTRY_FILE_MAX)
		return err_code(err, INVALID, EFBIG, "%s is larger than %d bytes", file->name,
				REGISTRY_FILE_MAX);
	if (below && mkdirat(dir, "files", 0755) < 0 && errno != EEXIST)
		return err_errno(err, errno, "cannot create a folder");
	cleanup_close int fd =
		openat(dir, file->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0440);
	if (fd < 0)
		return err_errno(err, errno, "cannot create %s", file->name);
	r = write_all(fd, file->data, file->len);
	if (r < 0)
		return err_errno(err, r, "cannot write %s", file->name);
	return sync_fd(fd, file->name, err);
}

static int write_generation(int dir, const char *name, const struct registry_file *files, size_t n,
			    struct err *err)
{
	if (mkdirat(dir, name, 0755) < 0)
		return err_errno(err, errno, "cannot create generation %s", name);
	cleanup_close int generation = open_folder(dir, name);
	if (generation < 0)
		return err_errno(err, errno, "cannot open generation %s", name);
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = write_file(generation, &files[i], err);
	cleanup_close int below = r == 0 ? open_folder(generation, "files") : -1;
	if (r == 0 && below >= 0)
		r = sync_fd(below, "a folder", err);
	if (r == 0)
		r = sync_fd(generation, "a folder", err);
	return r == 0 ? sync_fd(dir, "a folder", err) : r;
}

/* The rename is the moment at which it takes effect. */
static int set_link(int dir, const char *link, const char *generation, struct err *err)
{
	cleanup_free char *aside = xasprintf("%s.new", link);

	if (unlinkat(dir, aside, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, "cannot remove a link");
	if (symlinkat(generation, dir, aside) < 0 || renameat(dir, aside, dir, link) < 0)
		return err_errno(err, errno, "cannot set the link '%s' to generation %s", link,
				 generation);
	return sync_fd(dir, "a folder", err);
}

static int put(struct registry *s, const char *tenant, const char *deployment,
	       const struct registry_file *files, size_t n, int *ret_generation, struct err *err)
{
	int r = make_folder(s->dir, tenant, err);
	cleanup_close int of_tenant = r == 0 ? open_folder(s->dir, tenant) : -1;

	if (r == 0 && of_tenant < 0)
		r = err_errno(err, errno, "cannot open the folder of tenant %s", tenant);
	if (r == 0)
		r = make_folder(of_tenant, deployment, err);
	if (r < 0)
		return r;
	cleanup_close int dir = open_folder(of_tenant, deployment);
	int current = dir < 0 ? -errno : read_current(dir);
	if (current < 0)
		return err_errno(err, current, "cannot read the deployment's folder");

	cleanup_free char *name = xasprintf("%d", current + 1);
	r = remove_below(dir, name, err); /* left by a write that failed */
	if (r == 0)
		r = write_generation(dir, name, files, n, err);
	if (r == 0)
		r = set_link(dir, "current", name, err);
	if (r < 0) {
		if (read_current(dir) == current) /* not renamed yet */
			(void)remove_below(dir, name, NULL);
		return r;
	}
	*ret_generation = current + 1;
	/* The generation is accepted: what fails now is done by the next registry_open(). */
	struct kept kept = {current + 2 - REGISTRY_GENERATIONS, current + 1};
	(void)each_entry(dir, remove_unkept, &kept, NULL);
	return 0;
}

int registry_put(struct registry *s, const char *tenant, const char *deployment,
		 const struct registry_file *files, size_t n, int *ret_generation, struct err *err)
{
	int r = check_names(tenant, deployment, err);

	if (r == 0 && n > REGISTRY_FILES)
		r = err_code(err, INVALID, E2BIG, "more than %d files", REGISTRY_FILES);
	if (r == 0)
		r = put(s, tenant, deployment, files, n, ret_generation, err);
	return r < 0 ? err_wrap(err, "cannot keep deployment %s/%s", tenant ? tenant : "",
				deployment ? deployment : "")
		     : 0;
}

struct listing {
	struct registry_entries *entries;
	const char *tenant;
};

static int list_deployment(void *data, int tenant, const char *name, struct err *err)
{
	const struct listing *l = data;
	cleanup_close int dir = open_folder(tenant, name);
	int current = dir < 0 ? 0 : read_current(dir);

	if (current < 0)
		return err_errno(err, current, "the link 'current' of %s/%s", l->tenant, name);
	if (current == 0)
		return 0;
	if (l->entries->n == REGISTRY_DEPLOYMENTS)
		return err_code(err, LOCAL, E2BIG, "the store has more than %d deployments",
				REGISTRY_DEPLOYMENTS);
	struct registry_entry *e = array_push(l->entries->v, l->entries->n);
	*e = (struct registry_entry){xstrdup(l->tenant), xstrdup(name), current,
				     read_link(dir, "gone") == current};
	return 0;
}

static int list_tenant(void *data, int tenants, const char *name, struct err *err)
{
	struct listing l = {.entries = data, .tenant = name};
	cleanup_close int dir = open_folder(tenants, name);

	return dir < 0 ? 0 : each_entry(dir, list_deployment, &l, err);
}

static int compare_entries(const void *a, const void *b)
{
	const struct registry_entry *x = a, *y = b;
	int r = strcmp(x->tenant, y->tenant);

	return r ? r : strcmp(x->deployment, y->deployment);
}

int registry_list(struct registry *s, struct registry_entries *ret, struct err *err)
{
	struct registry_entries e = {0};
	int r = each_entry(s->dir, list_tenant, &e, err);

	if (r < 0) {
		registry_entries_clear(&e);
		return r;
	}
	if (e.n)
		qsort(e.v, e.n, sizeof(*e.v), compare_entries);
	*ret = e;
	return 0;
}

static void entry_clear(struct registry_entry *e)
{
	free_all(e->tenant, e->deployment);
}

void registry_entries_clear(struct registry_entries *e)
{
	array_free(e->v, e->n, entry_clear);
	*e = (struct registry_entries){0};
}

int registry_generations(struct registry *s, const char *tenant, const char *deployment,
			 int ret[static REGISTRY_GENERATIONS], size_t *ret_n, struct err *err)
{
	cleanup_close int dir = open_deployment(s, tenant, deployment, err);

	if (dir < 0)
		return dir;
	int current = read_current(dir);
	if (current <= 0)
		return err_set(err, NOT_FOUND, "no deployment %s/%s is managed", tenant,
			       deployment);
	size_t n = 0;
	for (int i = current - REGISTRY_GENERATIONS + 1; i <= current; i++) {
		char name[16];
		snprintf(name, sizeof(name), "%d", i);
		if (i > 0 && faccessat(dir, name, F_OK, 0) == 0)
			ret[n++] = i;
	}
	*ret_n = n;
	return 0;
}

int registry_read(struct registry *s, const char *tenant, const char *deployment, int generation,
		  const char *name, char **ret_data, size_t *ret_len, struct err *err)
{
	cleanup_close int dir = open_deployment(s, tenant, deployment, err);

	if (dir < 0)
		return dir;
	if (generation == 0)
		generation = read_current(dir);
	if (generation < 0)
		return err_errno(err, generation, "cannot read %s/%s", tenant, deployment);
	cleanup_free char *path = xasprintf("%d/%s", generation, name);
	cleanup_close int fd = open_resolved(dir, path, O_RDONLY | O_NONBLOCK,
					     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return errno == ENOENT ? err_set(err, NOT_FOUND, "%s/%s has no %s in generation %d",
						 tenant, deployment, name, generation)
				       : err_errno(err, errno, "cannot open %s of %s/%s", path,
						   tenant, deployment);
	cleanup_free char *of_fd = folder_path(fd, NULL);
	int r = file_read(of_fd, REGISTRY_FILE_MAX, ret_data, ret_len, err);
	return r < 0 ? err_wrap(err, "%s of %s/%s", path, tenant, deployment) : 0;
}

char *registry_path(const struct registry *s, const char *tenant, const char *deployment,
		    int generation, const char *name)
{
	return xasprintf("%s/tenants/%s/%s/%d/%s", s->folder, tenant, deployment, generation, name);
}

struct reading {
	struct registry *registry;
	const char *tenant, *deployment, *prefix;
	int generation;
	struct registry_file files[REGISTRY_FILES];
	size_t n;
};

static int read_one(void *data, int dir, const char *name, struct err *err)
{
	struct reading *r = data;
	char *content = NULL;

	(void)dir;
	if (streq(name, "files"))
		return 0;
	if (r->n == REGISTRY_FILES)
		return err_code(err, INVALID, E2BIG, "more than %d files", REGISTRY_FILES);
	cleanup_free char *path = xasprintf("%s%s", r->prefix, name);
	struct registry_file *f = &r->files[r->n];
	int result = registry_read(r->registry, r->tenant, r->deployment, r->generation, path,
				   &content, &f->len, err);
	if (result < 0)
		return result;
	f->data = content;
	f->name = steal_ptr(path);
	r->n++;
	return 0;
}

static int read_all(struct reading *r, struct err *err)
{
	cleanup_free char *name = xasprintf("%d", r->generation);
	cleanup_close int dir = open_deployment(r->registry, r->tenant, r->deployment, err);

	if (dir < 0)
		return dir;
	cleanup_close int generation = open_folder(dir, name);
	if (generation < 0)
		return err_set(err, NOT_FOUND, "%s/%s has no generation %d", r->tenant,
			       r->deployment, r->generation);
	r->prefix = "";
	int result = each_entry(generation, read_one, r, err);
	cleanup_close int below = open_folder(generation, "files");
	r->prefix = "files/";
	return result == 0 && below >= 0 ? each_entry(below, read_one, r, err) : result;
}

int registry_rollback(struct registry *s, const char *tenant, const char *deployment,
		      int generation, int *ret_generation, struct err *err)
{
	struct reading reading = {.registry = s,
				  .tenant = tenant,
				  .deployment = deployment,
				  .generation = generation};
	int r = read_all(&reading, err);

	if (r == 0)
		r = registry_put(s, tenant, deployment, reading.files, reading.n, ret_generation,
				 err);
	for (size_t i = 0; i < reading.n; i++)
		free_all((char *)reading.files[i].name, (char *)reading.files[i].data);
	return r;
}

int registry_mark_gone(struct registry *s, const char *tenant, const char *deployment,
		       struct err *err)
{
	cleanup_close int dir = open_deployment(s, tenant, deployment, err);
	int current = dir < 0 ? dir : read_current(dir);

	if (dir < 0)
		return dir;
	if (current <= 0)
		return err_errno(err, current ? current : ENOENT, "cannot read %s/%s", tenant,
				 deployment);
	cleanup_free char *name = xasprintf("%d", current);
	return set_link(dir, "gone", name, err);
}

int registry_remove(struct registry *s, const char *tenant, const char *deployment, struct err *err)
{
	cleanup_close int dir = open_deployment(s, tenant, deployment, err);

	if (dir < 0)
		return dir;
	/* Without the link the deployment is not there; registry_open() removes the rest. */
	if (unlinkat(dir, "current", 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, "cannot remove %s/%s", tenant, deployment);
	int r = sync_fd(dir, "a folder", err);
	if (r < 0)
		return r;
	cleanup_free char *path = xasprintf("%s/%s", tenant, deployment);
	return remove_below(s->dir, path, err);
}
