// SPDX-License-Identifier: Apache-2.0
#include "host/tree.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

enum { MAX_FILE = 4 << 20, MAX_NAMES = 8192 };

struct tree {
	int fd; /* of the root folder; -1 for a table */
	bool live;
	const struct tree_table *table;
	struct tree_table *record;
	struct err err; /* the first error that is not "unknown" */
};

void tree_table_add(struct tree_table *table, const char *path, enum tree_kind kind,
		    const void *data, size_t len)
{
	struct tree_entry *e = array_push(table->v, table->n);

	*e = (struct tree_entry){xstrdup(path), kind, xmemdup(data, len), len};
}

struct ranked {
	struct tree_entry entry;
	size_t place;
};

static int by_path(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int order = strcmp(x->entry.path, y->entry.path);

	if (order == 0)
		order = (x->entry.kind == TREE_FOLDER) - (y->entry.kind == TREE_FOLDER);
	return order ? order : (x->place > y->place) - (x->place < y->place);
}

static void entry_clear(struct tree_entry *e)
{
	free_all(e->path, e->data);
}

void tree_table_sort(struct tree_table *table)
{
	struct ranked *order = xcalloc(table->n, sizeof(*order));
	size_t kept = 0;

	for (size_t i = 0; i < table->n; i++)
		order[i] = (struct ranked){table->v[i], i};
	qsort(order, table->n, sizeof(*order), by_path);
	for (size_t i = 0; i < table->n; i++) {
		if (kept > 0 && streq(table->v[kept - 1].path, order[i].entry.path))
			entry_clear(&order[i].entry);
		else
			table->v[kept++] = order[i].entry;
	}
	table->n = kept;
	free(order);
}

void tree_table_clear(struct tree_table *table)
{
	array_free(table->v, table->n, entry_clear);
	*table = (struct tree_table){0};
}

/* Index of the first entry whose path does not sort before `path`. */
static size_t lower_bound(const struct tree_table *table, const char *path)
{
	size_t low = 0, high = table->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(table->v[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct tree_entry *find(const struct tree_table *table, const char *path)
{
	size_t i = lower_bound(table, path);

	return i < table->n && streq(table->v[i].path, path) ? &table->v[i] : NULL;
}

static struct tree *tree_new(int fd, bool live, const struct tree_table *table)
{
	struct tree *tree = xcalloc(1, sizeof(*tree));

	*tree = (struct tree){.fd = fd, .live = live, .table = table};
	return tree;
}

int tree_open_live(struct tree **ret_tree, struct err *err)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, errno, "cannot open /");
	*ret_tree = tree_new(fd, true, NULL);
	return 0;
}

void tree_note(struct tree *tree, const char *path)
{
	if (err_is_of_machine(errno) && !tree->err.code)
		err_errno(&tree->err, errno, "cannot read /%s", path);
}

int tree_error(const struct tree *tree, struct err *err)
{
	return tree->err.code ? err_copy(err, &tree->err) : 0;
}

static int open_at(struct tree *tree, const char *path, int flags)
{
	if (!(flags & O_PATH))
		flags |= O_NONBLOCK | O_NOCTTY;
	int fd = tree->live ? openat(tree->fd, path, flags | O_CLOEXEC)
			    : open_resolved(tree->fd, path, flags,
					    RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	if (fd < 0)
		tree_note(tree, path);
	return fd;
}

int tree_open_folder(const char *root, struct tree **ret_tree, struct err *err)
{
	cleanup_close int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, errno, "cannot open the folder %s", root);

	struct tree probe = {.fd = fd};
	cleanup_close int self = open_at(&probe, ".", O_RDONLY | O_DIRECTORY);

	if (self < 0 && errno == ENOSYS)
		return err_code(err, LOCAL, ENOSYS,
				"reading a captured tree needs openat2(2): use Linux 5.6 or newer");
	if (self < 0)
		return err_errno(err, errno, "cannot read the folder %s", root);
	*ret_tree = tree_new(steal_fd(&fd), false, NULL);
	return 0;
}

struct tree *tree_open_table(const struct tree_table *table)
{
	return tree_new(-1, false, table);
}

void tree_close(struct tree *tree)
{
	if (!tree)
		return;
	cleanup_close_fn(&tree->fd);
	err_clear(&tree->err);
	free(tree);
}

void tree_record(struct tree *tree, struct tree_table *into)
{
	tree->record = into;
}

bool tree_is_live(const struct tree *tree)
{
	return tree->live;
}

void tree_put(struct tree *tree, const char *path, const void *data, size_t len)
{
	if (tree->record)
		tree_table_add(tree->record, path, TREE_FILE, data, len);
}

static char *read_fd(struct tree *tree, const char *path, int fd, size_t *ret_len)
{
	struct stat st;
	size_t len = 0, room = 4096;

	if (fstat(fd, &st) < 0) {
		tree_note(tree, path);
		return NULL;
	}
	if (!S_ISREG(st.st_mode))
		return NULL;

	cleanup_free char *data = xreallocarray(NULL, room + 1, 1);

	for (;;) {
		ssize_t n = read(fd, data + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			tree_note(tree, path);
			return NULL;
		}
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == room) {
			if (room >= MAX_FILE)
				return NULL;
			room *= 4;
			data = xreallocarray(data, room + 1, 1);
		}
	}
	data[len] = 0;
	*ret_len = len;
	return steal_ptr(data);
}

char *tree_peek(struct tree *tree, const char *path, size_t *ret_len)
{
	if (tree->table) {
		const struct tree_entry *e = find(tree->table, path);

		if (!e || e->kind != TREE_FILE)
			return NULL;
		*ret_len = e->len;
		return xmemdup(e->data, e->len);
	}

	cleanup_close int fd = open_at(tree, path, O_RDONLY);

	return fd < 0 ? NULL : read_fd(tree, path, fd, ret_len);
}

char *tree_data(struct tree *tree, const char *path, size_t *ret_len)
{
	char *data = tree_peek(tree, path, ret_len);

	if (data)
		tree_put(tree, path, data, *ret_len);
	return data;
}

#define FORMAT_PATH(path, fmt)                 \
	do {                                   \
		va_list ap_;                   \
		va_start(ap_, fmt);            \
		(path) = xvasprintf(fmt, ap_); \
		va_end(ap_);                   \
	} while (0)

static char *text_of(struct tree *tree, const char *path)
{
	size_t len;
	char *text = tree_data(tree, path, &len);

	if (!text)
		return NULL;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	text[len] = 0;
	for (size_t i = 0; i < len; i++)
		if ((text[i] < ' ' || text[i] > '~') && text[i] != '\n' && text[i] != '\t')
			text[i] = '?';
	return text;
}

char *tree_text(struct tree *tree, const char *fmt, ...)
{
	cleanup_free char *path = NULL;

	FORMAT_PATH(path, fmt);
	return text_of(tree, path);
}

int64_t tree_number(struct tree *tree, const char *fmt, ...)
{
	cleanup_free char *path = NULL;
	int64_t value;

	FORMAT_PATH(path, fmt);

	cleanup_free char *text = text_of(tree, path);

	return text && str_to_int(text, 0, INT64_MAX, &value) == 0 ? value : -1;
}

static bool is_name(const char *s)
{
	if (streq(s, ".") || streq(s, "..") || !*s)
		return false;
	for (; *s; s++)
		if (!isascii(*s) || (!isalnum((unsigned char)*s) && !strchr(":._@+-", *s)))
			return false;
	return true;
}

static char *target_of(struct tree *tree, const char *path)
{
	char target[PATH_MAX];

	if (tree->table) {
		const struct tree_entry *e = find(tree->table, path);

		return e && e->kind == TREE_LINK ? xstrdup(e->data) : NULL;
	}

	cleanup_close int fd = open_at(tree, path, O_PATH | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof(target) - 1);

	if (n < 0)
		tree_note(tree, path);
	if (n <= 0)
		return NULL;
	target[n] = 0;

	const char *slash = strrchr(target, '/');

	return xstrdup(slash ? slash + 1 : target);
}

char *tree_target(struct tree *tree, const char *fmt, ...)
{
	cleanup_free char *path = NULL;

	FORMAT_PATH(path, fmt);

	cleanup_free char *target = target_of(tree, path);

	if (!target || !is_name(target))
		return NULL;
	if (tree->record)
		tree_table_add(tree->record, path, TREE_LINK, target, strlen(target));
	return steal_ptr(target);
}

static bool table_has(const struct tree_table *table, const char *path)
{
	cleanup_free char *below = xasprintf("%s/", path);
	size_t i = lower_bound(table, below);

	return find(table, path) || (i < table->n && str_starts(table->v[i].path, below));
}

bool tree_exists(struct tree *tree, const char *path)
{
	bool there;

	if (tree->table) {
		there = table_has(tree->table, path);
	} else {
		cleanup_close int fd = open_at(tree, path, O_PATH | O_NOFOLLOW);
		there = fd >= 0;
	}
	if (there && tree->record)
		tree_table_add(tree->record, path, TREE_FOLDER, "", 0);
	return there;
}

static void add_name(struct tree_names *names, const char *name, const char *prefix)
{
	if (names->n < MAX_NAMES && is_name(name) && str_starts(name, prefix))
		*array_push(names->v, names->n) = xstrdup(name);
}

static void list_table(const struct tree_table *table, const char *path, const char *prefix,
		       struct tree_names *names)
{
	cleanup_free char *below = xasprintf("%s/", path);
	size_t skip = strlen(below);

	names->known = table_has(table, path);
	for (size_t i = lower_bound(table, below);
	     i < table->n && str_starts(table->v[i].path, below); i++) {
		const char *rest = table->v[i].path + skip;
		cleanup_free char *name = xstrndup(rest, strcspn(rest, "/"));

		add_name(names, name, prefix);
	}
}

static void list_folder(struct tree *tree, const char *path, const char *prefix,
			struct tree_names *names)
{
	cleanup_close int fd = open_at(tree, path, O_RDONLY | O_DIRECTORY);
	cleanup_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		tree_note(tree, path);
		return;
	}
	(void)steal_fd(&fd);
	names->known = true;
	while (errno = 0, (e = readdir(dir)))
		add_name(names, e->d_name, prefix);
	tree_note(tree, path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A table lists a folder once for each file in it. */
static void sort_names(struct tree_names *names)
{
	size_t kept = 0;

	if (names->n == 0)
		return;
	qsort(names->v, names->n, sizeof(*names->v), by_name);
	for (size_t i = 0; i < names->n; i++) {
		if (kept > 0 && streq(names->v[kept - 1], names->v[i]))
			free(names->v[i]);
		else
			names->v[kept++] = names->v[i];
	}
	names->n = kept;
}

void tree_list(struct tree *tree, struct tree_names *ret_names, const char *prefix, const char *fmt,
	       ...)
{
	struct tree_names names = {0};
	cleanup_free char *path = NULL;

	FORMAT_PATH(path, fmt);
	if (tree->table)
		list_table(tree->table, path, prefix, &names);
	else
		list_folder(tree, path, prefix, &names);
	sort_names(&names);
	if (tree->record && names.known) {
		tree_table_add(tree->record, path, TREE_FOLDER, "", 0);
		for (size_t i = 0; i < names.n; i++) {
			cleanup_free char *below = xasprintf("%s/%s", path, names.v[i]);

			tree_table_add(tree->record, below, TREE_FOLDER, "", 0);
		}
	}
	*ret_names = names;
}

void tree_names_clear(struct tree_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct tree_names){0};
}
