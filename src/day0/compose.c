// SPDX-License-Identifier: Apache-2.0

#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/str.h"
#include "base/text.h"
#include "day0/day0.h"
#include "day0/decode.h"
#include "day0/mime.h"
#include "model/model.h"

/* Replaces the configuration's variables by the values for VM number vm_index. */
static int substitute(const struct configuration *c, const char *content, size_t len,
		      unsigned vm_index, struct text *ret, struct err *err)
{
	cleanup_text struct text t = {0};
	size_t count;

	text_init(&t, NULL, content, len, 1);
	for (size_t i = 0; i < c->n_variables; i++) {
		const struct variable *v = &c->variables[i];
		if (vm_index >= v->values.n)
			return err_set(err, INVALID,
				       "%s: variable \"%s\" has %zu values, and VM %u needs one "
				       "more: give it one value, or one for each VM",
				       c->dst, v->name, v->values.n, vm_index + 1);
		text_substitute(&t, v->name, v->values.v[vm_index], &count);
	}
	*ret = steal(t);
	return 0;
}

static bool is_ascii(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] >= 0x80 || s[i] == 0)
			return false;
	return true;
}

/* A double-quoted YAML scalar. */
static void add_quoted(struct strbuf *b, const char *s)
{
	strbuf_add(b, "\"", 1);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_addf(b, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			strbuf_addf(b, "\\x%02x", (unsigned)*s);
		else
			strbuf_add(b, s, 1);
	}
	strbuf_add(b, "\"", 1);
}

static void add_file(struct strbuf *b, const char *path, const char *s, size_t len, unsigned mode)
{
	cleanup_free char *coded = base64_encode(s, len);

	strbuf_adds(b, "- path: ");
	add_quoted(b, path);
	strbuf_addf(b, "\n  owner: root:root\n  permissions: '%04o'\n  encoding: b64\n", mode);
	strbuf_addf(b, "  content: %s\n", *coded ? coded : "''");
}

/*
 * A write_files list of everything that is not user data. By default cloud-init replaces a key of
 * earlier parts by that of a later one; merge_how makes it append.
 */
/* The descriptor supplies this file. */
static bool is_given(const struct vm_group *group, const char *path)
{
	return array_find(group->configurations, group->n_configurations, streq(it->dst, path)) !=
	       NULL;
}

static int write_files(const struct vm_group *group, unsigned vm_index,
		       const struct day0_file *files, size_t n_files, struct strbuf *ret,
		       struct err *err)
{
	cleanup_strbuf struct strbuf b = {0};
	size_t count = 0;

	strbuf_adds(&b, "#cloud-config\n"
			"merge_how: list(append)+dict(no_replace,recurse_list)+str()\n"
			"write_files:\n");
	for (size_t i = 0; i < group->n_configurations; i++) {
		const struct configuration *c = &group->configurations[i];
		cleanup_text struct text t = {0};
		if (!c->dst || c->dst[0] != '/' || !c->content)
			continue;
		int r = substitute(c, c->content, c->content_len, vm_index, &t, err);
		if (r < 0)
			return r;
		add_file(&b, c->dst, t.s, t.len, 0644);
		count++;
	}
	for (size_t i = 0; i < n_files; i++) {
		if (is_given(group, files[i].path))
			continue;
		add_file(&b, files[i].path, files[i].content, strlen(files[i].content),
			 files[i].mode);
		count++;
	}
	if (count > 0) {
		*ret = steal(b);
	}
	return 0;
}

/* A boundary that does not occur in s. Deterministic. */
static char *new_boundary(const char *s, size_t len)
{
	for (unsigned i = 0;; i++) {
		char *boundary = xasprintf("===============dnsvnf-%u==", i);
		if (!memmem(s, len, boundary, strlen(boundary)))
			return boundary;
		free(boundary);
	}
}

/* Content as a part. It is encoded if it is not ASCII, which Python would garble. */
static void add_part(struct strbuf *b, const char *type, const char *s, size_t len)
{
	bool ascii = is_ascii(s, len);

	strbuf_addf(b, "MIME-Version: 1.0\nContent-Type: %s; charset=\"%s\"\n", type,
		    ascii ? "us-ascii" : "utf-8");
	if (!ascii) {
		cleanup_free char *coded = base64_encode(s, len);
		strbuf_addf(b, "Content-Transfer-Encoding: base64\n\n%s", coded);
		return;
	}
	strbuf_adds(b, "\n");
	strbuf_add(b, s, len);
}

/* The user's data and the generated part in one message. */
static void join(const char *user, size_t user_len, const struct strbuf *ours, struct strbuf *ret)
{
	cleanup_free char *boundary = new_boundary(user, user_len);

	strbuf_addf(ret,
		    "Content-Type: multipart/mixed; boundary=\"%s\"\nMIME-Version: 1.0\n\n--%s\n",
		    boundary, boundary);
	if (mime_is(user, user_len))
		strbuf_add(ret, user, user_len); /* a MIME message is a valid part */
	else
		add_part(ret, "text/plain", user, user_len);
	strbuf_addf(ret, "\n--%s\n", boundary);
	add_part(ret, "text/cloud-config", ours->s, ours->len);
	strbuf_addf(ret, "\n--%s--\n", boundary);
}

static const struct configuration *user_data(const struct vm_group *group)
{
	return array_find(group->configurations, group->n_configurations,
			  streq(it->dst, "--user-data"));
}

static int check_size(size_t len, struct err *err)
{
	size_t coded = (len + 2) / 3 * 4;

	if (coded <= DAY0_USER_DATA_MAX)
		return 0;
	return err_code(err, INVALID, EFBIG,
			"the user data with its files has %zu bytes, %zu in base64; Nova's limit "
			"is %d: move files into the image",
			len, coded, DAY0_USER_DATA_MAX);
}

int day0_compose(const struct vm_group *group, unsigned vm_index, const struct day0_file *files,
		 size_t n_files, char **ret_data, size_t *ret_len, struct err *err)
{
	static const struct configuration none = {0};
	const struct configuration *c = user_data(group);
	cleanup_strbuf struct strbuf ours = {0}, joined = {0};
	cleanup_text struct text user = {0};
	cleanup_free char *unpacked = NULL;
	size_t len;

	if (!c || !c->content)
		c = &none;
	int r = write_files(group, vm_index, files, n_files, &ours, err);
	if (r < 0)
		return r;

	const char *content = c->content ? c->content : "";
	size_t content_len = c->content_len;
	bool packed = gzip_is(content, content_len) && (ours.len > 0 || c->n_variables > 0);
	if (packed) {
		r = gunzip(content, content_len, GUNZIP_MAX, &unpacked, &len, err);
		if (r < 0)
			return err_wrap(err, "the user data cannot be unpacked");
		content = unpacked;
		content_len = len;
	}
	r = substitute(c, content, content_len, vm_index, &user, err);
	if (r < 0)
		return r;

	if (ours.len == 0)
		strbuf_add(&joined, user.s, user.len);
	else if (text_is_blank(&user))
		strbuf_add(&joined, ours.s, ours.len);
	else
		join(user.s, user.len, &ours, &joined);

	cleanup_free char *data = NULL;
	if (packed) {
		gzip_pack(joined.s, joined.len, &data, &len);
	} else {
		len = joined.len;
		data = strbuf_steal(&joined);
	}
	r = check_size(len, err);
	if (r < 0)
		return r;
	*ret_data = steal_ptr(data);
	*ret_len = len;
	return 0;
}

int day0_drive_files(const struct vm_group *group, unsigned vm_index, struct drive_file **ret,
		     size_t *ret_n, struct err *err)
{
	struct drive_file *v = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < group->n_configurations; i++) {
		const struct configuration *c = &group->configurations[i];
		cleanup_text struct text t = {0};
		if (!configuration_on_drive(c) || !c->content)
			continue;
		r = substitute(c, c->content, c->content_len, vm_index, &t, err);
		if (r < 0)
			break;
		struct drive_file *file = array_push(v, n);
		*file = (struct drive_file){xstrdup(c->dst), t.s, t.len};
		t.s = NULL;
	}
	if (r < 0) {
		array_free(v, n, drive_file_clear);
		return r;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}
