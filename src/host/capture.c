// SPDX-License-Identifier: Apache-2.0
#include "host/tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

static int archive_failed(struct archive *archive, const char *path, struct err *err)
{
	int code = archive_errno(archive);

	return err_code(err, LOCAL, code > 0 ? code : EIO, "cannot write %s: %s", path,
			archive_error_string(archive));
}

enum { READ_FILE_MAX = 4 << 20, READ_ENTRIES_MAX = 200000 };

/* 0, -EFBIG, or -EIO: the data are not there. */
static int take_entry(struct archive *archive, struct archive_entry *e, struct tree_table *table)
{
	const char *name = archive_entry_pathname(e), *target = archive_entry_symlink(e);
	int64_t size = archive_entry_size(e);

	if (!name || !str_starts(name, "host/") || !name[strlen("host/")])
		return 0;
	cleanup_free char *path = xstrdup(name + strlen("host/"));
	if (str_ends(path, "/"))
		path[strlen(path) - 1] = 0;
	if (table->n == READ_ENTRIES_MAX || size > READ_FILE_MAX)
		return -EFBIG;
	if (archive_entry_filetype(e) == AE_IFDIR) {
		tree_table_add(table, path, TREE_FOLDER, "", 0);
	} else if (archive_entry_filetype(e) == AE_IFLNK && target) {
		const char *slash = strrchr(target, '/');
		const char *last = slash ? slash + 1 : target;
		tree_table_add(table, path, TREE_LINK, last, strlen(last));
	} else if (archive_entry_filetype(e) == AE_IFREG) {
		cleanup_free char *data = xcalloc(1, (size_t)size + 1);
		la_ssize_t n = archive_read_data(archive, data, (size_t)size);
		if (n != size)
			return -EIO;
		tree_table_add(table, path, TREE_FILE, data, (size_t)n);
	}
	return 0;
}

int capture_read(const char *path, struct tree_table *ret_table, struct err *err)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *e;
	int r = 0, status = ARCHIVE_FATAL;

	if (!archive)
		out_of_memory();
	if (archive_read_support_filter_all(archive) >= ARCHIVE_WARN &&
	    archive_read_support_format_tar(archive) == ARCHIVE_OK)
		status = ARCHIVE_OK;
	if (archive_read_open_filename(archive, path, 64 << 10) != ARCHIVE_OK)
		status = ARCHIVE_FATAL;
	while (status == ARCHIVE_OK && r == 0 &&
	       (status = archive_read_next_header(archive, &e)) == ARCHIVE_OK)
		r = take_entry(archive, e, ret_table);
	if (r == -EFBIG)
		err_code(err, INVALID, r, "%s is too large for a capture", path);
	else if (r < 0 || status != ARCHIVE_EOF)
		r = err_set(err, INVALID, "cannot read the capture %s: %s", path,
			    archive_error_string(archive));
	else if (ret_table->n == 0)
		r = err_set(err, INVALID,
			    "%s is not a capture: give a file that 'dnsvnf host --capture' wrote",
			    path);
	archive_read_free(archive);
	tree_table_sort(ret_table);
	return r;
}

static int add_entry(struct archive *archive, const struct tree_entry *from, const char *path,
		     struct err *err)
{
	static const mode_t types[] = {
		[TREE_FOLDER] = AE_IFDIR,
		[TREE_FILE] = AE_IFREG,
		[TREE_LINK] = AE_IFLNK,
	};
	cleanup_free char *name = xasprintf("host/%s", from->path);
	struct archive_entry *e = archive_entry_new();
	size_t len = from->kind == TREE_FILE ? from->len : 0;
	int r = 0;

	if (!e)
		out_of_memory();
	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, types[from->kind]);
	archive_entry_set_perm(e, from->kind == TREE_FOLDER ? 0755 : 0644);
	archive_entry_set_size(e, (int64_t)len);
	if (from->kind == TREE_LINK)
		archive_entry_set_symlink(e, from->data);
	if (archive_write_header(archive, e) != ARCHIVE_OK ||
	    (len > 0 && archive_write_data(archive, from->data, len) != (ssize_t)len))
		r = archive_failed(archive, path, err);
	archive_entry_free(e);
	return r;
}

static la_ssize_t keep(struct archive *archive, void *buffer, const void *data, size_t len)
{
	(void)archive;
	strbuf_add(buffer, data, len);
	return (la_ssize_t)len;
}

static int make_archive(const char *path, const struct tree_table *table, struct strbuf *ret,
			struct err *err)
{
	struct archive *archive = archive_write_new();
	int r = 0;

	if (!archive)
		out_of_memory();
	if (archive_write_add_filter_gzip(archive) != ARCHIVE_OK ||
	    archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK || /* no padding */
	    archive_write_open(archive, ret, NULL, keep, NULL) != ARCHIVE_OK)
		r = archive_failed(archive, path, err);
	for (size_t i = 0; i < table->n && r == 0; i++)
		r = add_entry(archive, &table->v[i], path, err);
	if (r == 0 && archive_write_close(archive) != ARCHIVE_OK)
		r = archive_failed(archive, path, err);
	archive_write_free(archive);
	return r;
}

int capture_write(const char *path, const struct tree_table *table, struct err *err)
{
	cleanup_strbuf struct strbuf bytes = {0};
	int r = make_archive(path, table, &bytes, err);

	return r < 0 ? r : file_write_output(path, bytes.s, bytes.len, 0600, err);
}
