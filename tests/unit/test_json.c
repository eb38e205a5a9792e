// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_field.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"

struct nic {
	char *name;
	int node;
	bool in_use;
	int64_t vfs;
	double ratio;
};

static int read_nics(json_t *document, struct nic *nic, struct err *err)
{
	struct json_reader r = json_reader(document, err);

	json_must_be_object(&r);
	json_each (&r, "nics", 2, entry) {
		struct json_reader sriov = json_member(&entry, "sriov");

		json_must_be_object(&entry);
		json_must_have(&entry, "name");
		json_get_name(&entry, "name", &nic->name);
		json_get_int(&entry, "node", -1, 7, &nic->node);
		json_get_bool(&entry, "in_use", &nic->in_use);
		json_get_ratio(&entry, "ratio", 1000, &nic->ratio);
		json_get_int64(&sriov, "vfs", 0, 4096, &nic->vfs);
		json_each (&entry, "rows", 3, row)
			json_each (&row, NULL, 2, cell)
				json_get_int64(&cell, NULL, 0, 9, &nic->vfs);
	}
	return json_end(&r);
}

static json_t *parse(const char *text)
{
	json_t *document = NULL;

	assert_int_equal(json_parse_document(text, strlen(text), "f", &document, NULL), 0);
	return document;
}

static void reader_fills_what_is_there(void **state)
{
	cleanup_json json_t *document = parse(
		"{\"nics\": [{\"name\": \"a\", \"node\": 1, \"in_use\": true, \"ratio\": 1.5, "
		"\"sriov\": {\"vfs\": 8}}, {\"name\": \"b\", \"node\": null}]}");
	struct nic nic = {.node = -1};
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_nics(document, &nic, &err), 0);
	assert_null(err.text);
	assert_string_equal(nic.name, "b");
	assert_int_equal(nic.node, 1);
	assert_true(nic.in_use);
	assert_true(nic.ratio > 1.49 && nic.ratio < 1.51);
	assert_int_equal(nic.vfs, 8);
	free(nic.name);
}

static void reader_names_the_path_of_the_first_error(void **state)
{
	static const struct {
		const char *json, *error;
	} rows[] = {
		{"[]", "must be an object"},
		{"{\"nics\": {}}", "nics: must be an array"},
		{"{\"nics\": [{\"name\": \"a\"}, 1]}", "nics[1]: must be an object"},
		{"{\"nics\": [{}]}", "nics[0].name: is missing"},
		{"{\"nics\": [{\"name\": \"\"}]}", "nics[0].name: must be a non-empty string"},
		{"{\"nics\": [{\"name\": 1}]}", "nics[0].name: must be a non-empty string"},
		{"{\"nics\": [{\"name\": \"\\u009b\"}]}",
		 "nics[0].name: must not hold control characters"},
		{"{\"nics\": [{\"name\": \"a\", \"node\": 8, \"in_use\": 1}]}",
		 "nics[0].node: must be an integer from -1 to 7"},
		{"{\"nics\": [{\"name\": \"a\", \"node\": 1.0}]}",
		 "nics[0].node: must be an integer from -1 to 7"},
		{"{\"nics\": [{\"name\": \"a\", \"in_use\": \"no\"}]}",
		 "nics[0].in_use: must be true or false"},
		{"{\"nics\": [{\"name\": \"a\", \"ratio\": 0}]}",
		 "nics[0].ratio: must be a number above 0, at most 1000"},
		{"{\"nics\": [{\"name\": \"a\"}, {\"name\": \"b\", \"sriov\": {\"vfs\": 4097}}]}",
		 "nics[1].sriov.vfs: must be an integer from 0 to 4096"},
		{"{\"nics\": [{\"name\": \"a\", \"rows\": [[1], [2, 10]]}]}",
		 "nics[0].rows[1][1]: must be an integer from 0 to 9"},
		{"{\"nics\": [{\"name\": \"a\", \"rows\": [3]}]}",
		 "nics[0].rows[0]: must be an array"},
		{"{\"nics\": [{}, {}, {}]}", "nics: must have at most 2 entries"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_json json_t *document = parse(rows[i].json);
		cleanup_err struct err err = ERR_INIT;
		struct nic nic = {0};

		assert_int_equal(read_nics(document, &nic, &err), -EINVAL);
		assert_string_equal(err.text, rows[i].error);
		assert_int_equal(read_nics(document, &nic, NULL), -EINVAL);
		free(nic.name);
	}
}

static void nothing_is_read_after_an_error(void **state)
{
	cleanup_json json_t *document = parse("{\"a\": \"x\", \"b\": 2, \"c\": [1]}");
	cleanup_err struct err err = ERR_INIT;
	struct json_reader r = json_reader(document, &err);
	int64_t n = 7;

	(void)state;
	json_get_int64(&r, "a", 0, 9, &n);
	json_get_int64(&r, "b", 0, 9, &n);
	json_each (&r, "c", 9, entry)
		fail();
	assert_false(json_has(&r, "b"));
	assert_int_equal(n, 7);
	assert_int_equal(json_end(&r), -EINVAL);
	assert_string_equal(err.text, "a: must be an integer from 0 to 9");
}

static void documents_are_json_without_duplicates(void **state)
{
	static const struct {
		const char *json, *error;
	} rows[] = {
		{"{\n\"a\" 1}", "f.json:2: ':' expected near '1'"},
		{"{\"a\": 1, \"a\": 2}", "f.json:1: duplicate object key near '\"a\"'"},
		{"{\"a\": \"\x1b[2J\"}", "f.json:1: control character 0x1b near '\"'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_err struct err err = ERR_INIT;
		json_t *document;

		assert_int_equal(json_parse_document(rows[i].json, strlen(rows[i].json), "f.json",
						     &document, &err),
				 -EINVAL);
		assert_string_equal(err.text, rows[i].error);
	}
}

static void what_others_wrote_wrongly_is_unknown(void **state)
{
	cleanup_json json_t *document =
		parse("{\"s\": \"a\\u0007\\nb\", \"n\": 3, \"low\": -3, \"t\": true, \"v\": "
		      "[\"x\", 1, \"y\"]}");
	cleanup_free char *text = json_try_text(document, "s");
	cleanup_free char *lines = json_try_lines(document, "s");
	cleanup_strv struct strv list = {0};

	(void)state;
	assert_string_equal(text, "a??b");
	assert_string_equal(lines, "a?\nb");
	assert_null(json_try_text(document, "n"));
	assert_null(json_try_text(NULL, "s"));
	assert_int_equal(json_try_int64(document, "n"), 3);
	assert_int_equal(json_try_int64(document, "low"), -1);
	assert_int_equal(json_try_int64(document, "s"), -1);
	assert_int_equal(json_try_bool(document, "t"), TRI_YES);
	assert_int_equal(json_try_bool(document, "n"), TRI_UNKNOWN);
	json_try_texts(document, "v", &list);
	json_try_texts(document, "s", &list);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0], "x");
	assert_string_equal(list.v[1], "y");
}

static void writer_builds_a_document(void **state)
{
	cleanup_json_writer struct json_writer w = {0};
	cleanup_json json_t *part = parse("{\"k\": [1]}");
	static char a[] = "a", umlaut[] = "\xc3\xa4";
	char *const names[] = {a, umlaut};

	(void)state;
	json_open_object(&w, NULL);
	json_put_text(&w, "text", "x\n");
	json_put_text(&w, "none", NULL);
	json_put_text_opt(&w, "left_out", NULL);
	json_put_texts(&w, "names", names, 2);
	json_put_int64(&w, "low", INT64_MIN);
	json_put_known(&w, "unknown", -1);
	json_put_known_bool(&w, "perhaps", TRI_UNKNOWN);
	json_put_known_bool(&w, "yes", TRI_YES);
	json_put_bool(&w, "no", false);
	json_put_double(&w, "half", 0.5);
	json_put_json(&w, "part", part);
	json_open_array(&w, "rows");
	json_open_array(&w, NULL);
	json_put_uint64(&w, NULL, 1);
	json_close(&w);
	json_open_object(&w, NULL);
	json_close(&w);
	json_close(&w);
	json_close(&w);

	cleanup_free char *text = json_write_text(&w, JSON_COMPACT, NULL);
	assert_string_equal(text, "{\"text\":\"x\\n\",\"none\":null,\"names\":[\"a\",\"\xc3\xa4\"],"
				  "\"low\":-9223372036854775808,\"unknown\":null,\"perhaps\":null,"
				  "\"yes\":true,\"no\":false,\"half\":0.5,\"part\":{\"k\":[1]},"
				  "\"rows\":[[1],{}]}\n");
}

static void shown_text_is_made_utf8(void **state)
{
	static const char *const rows[][2] = {
		{"a\xff.xml", "[\"a?.xml\"]\n"},
		{"\xc3", "[\"?\"]\n"},
		{"\xe2\x82", "[\"??\"]\n"},
		{"\xed\xa0\x80", "[\"???\"]\n"},
		{"\xf0\x9f\x98\x80", "[\"\xf0\x9f\x98\x80\"]\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_json_writer struct json_writer w = {0};

		json_open_array(&w, NULL);
		json_put_text(&w, NULL, rows[i][0]);
		json_close(&w);
		cleanup_free char *text = json_write_text(&w, 0, NULL);
		assert_string_equal(text, rows[i][1]);
	}
}

static void put_bad_string(struct json_writer *w)
{
	json_put_string(w, "name", "a\xff");
	json_put_double(w, "later", NAN);
}

static void put_not_a_number(struct json_writer *w)
{
	json_put_double(w, "name", NAN);
}

static void put_infinity(struct json_writer *w)
{
	json_put_double(w, "name", INFINITY);
}

static void put_too_large(struct json_writer *w)
{
	json_put_uint64(w, "name", UINT64_MAX);
}

static void put_twice(struct json_writer *w)
{
	json_put_int64(w, "name", 1);
	json_put_int64(w, "name", 2);
}

static void put_in_an_array(struct json_writer *w)
{
	json_open_array(w, "name");
	json_put_int64(w, NULL, 1);
	json_put_double(w, NULL, NAN);
	json_close(w);
}

static void put_without_a_key(struct json_writer *w)
{
	json_put_int64(w, NULL, 1);
}

static void put_with_a_bad_key(struct json_writer *w)
{
	json_put_int64(w, "\xff", 1);
}

static void close_too_often(struct json_writer *w)
{
	json_close(w);
	json_close(w);
	json_close(w);
}

static void close_too_seldom(struct json_writer *w)
{
	json_open_array(w, "name");
}

static void nest_too_deep(struct json_writer *w)
{
	for (unsigned i = 0; i < JSON_WRITER_DEPTH; i++)
		json_open_object(w, "a");
	for (unsigned i = 0; i < JSON_WRITER_DEPTH; i++)
		json_close(w);
}

/* Never a document that lacks something: the first error, and no document. */
static void writer_latches_what_cannot_be_encoded(void **state)
{
	static const struct {
		void (*put)(struct json_writer *w);
		const char *error;
	} rows[] = {
		{put_bad_string, "rows[1].name: is not UTF-8"},
		{put_not_a_number, "rows[1].name: is not a finite number"},
		{put_infinity, "rows[1].name: is not a finite number"},
		{put_too_large, "rows[1].name: is too large"},
		{put_twice, "rows[1].name: already exists, or is not allowed here"},
		{put_in_an_array, "rows[1].name[1]: is not a finite number"},
		{put_without_a_key, "rows[1]: already exists, or is not allowed here"},
		{put_with_a_bad_key, "rows[1]: the name of a member is not UTF-8"},
		{close_too_often, "no object or array is open"},
		{close_too_seldom, "the JSON document is not complete"},
		{nest_too_deep, "is nested too deep"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_json_writer struct json_writer w = {0};
		cleanup_err struct err err = ERR_INIT;

		json_open_object(&w, NULL);
		json_open_array(&w, "rows");
		json_put_null(&w, NULL);
		json_open_object(&w, NULL);
		rows[i].put(&w);
		json_close(&w);
		json_close(&w);
		json_close(&w);
		assert_null(json_write_text(&w, 0, &err));
		assert_non_null(strstr(err.text, rows[i].error));
	}
}

struct vm {
	char *name, *note;
	int64_t since, seen;
	int node;
	unsigned tries;
	enum tristate up;
	bool manual;
};

#define VM(TYPE, MEMBER, ...) JSON_FIELD(vm, TYPE, MEMBER, __VA_ARGS__)
JSON_FIELDS(shown_fields, VM(TEXT, note), VM(KNOWN, seen), VM(KNOWN_INT, node), VM(TRISTATE, up));
JSON_FIELDS(kept_fields, VM(NAME, name, .required = true), VM(INT64, since, .min = -5, .max = 5),
	    VM(UINT, tries, .max = 3), VM(BOOL, manual));

static char *written(const struct json_field *fields, const struct vm *vm)
{
	cleanup_json_writer struct json_writer w = {0};

	json_put_object(&w, NULL, fields, vm);
	return json_write_text(&w, JSON_COMPACT, NULL);
}

static void fields_are_written_and_read_by_one_table(void **state)
{
	static char name[] = "a", note[] = "b\n\xff";
	struct vm vm = {name, note, -5, -1, 7, 3, TRI_NO, true}, kept = {0}, shown = {0};
	cleanup_free char *text = written(kept_fields, &vm), *display = written(shown_fields, &vm);
	cleanup_json json_t *document = parse(text), *untrusted = parse(display);
	struct json_reader r = json_reader(document, NULL);

	(void)state;
	assert_string_equal(text, "{\"name\":\"a\",\"since\":-5,\"tries\":3,\"manual\":true}\n");
	assert_string_equal(display,
			    "{\"note\":\"b\\n?\",\"seen\":null,\"node\":7,\"up\":false}\n");
	json_get_fields(&r, kept_fields, &kept);
	json_try_fields(untrusted, shown_fields, &shown);
	assert_int_equal(json_end(&r), 0);
	assert_string_equal(kept.name, "a");
	assert_true(kept.since == -5 && kept.tries == 3 && kept.manual);
	assert_string_equal(shown.note, "b??");
	assert_true(shown.seen == -1 && shown.node == 7 && shown.up == TRI_NO);
	free_all(kept.name, shown.note);
}

static void fields_are_read_strictly_or_become_unknown(void **state)
{
	static const struct {
		const char *json, *error;
	} rows[] = {
		{"{}", "name: is missing"},
		{"{\"name\": null}", "name: is missing"},
		{"{\"name\": 1}", "name: must be a non-empty string"},
		{"{\"name\": \"a\", \"since\": -6}", "since: must be an integer from -5 to 5"},
		{"{\"name\": \"a\", \"tries\": -1}", "tries: must be an integer from 0 to 3"},
		{"{\"name\": \"a\", \"tries\": 4294967296}",
		 "tries: must be an integer from 0 to 3"},
		{"{\"name\": \"a\", \"manual\": 1}", "manual: must be true or false"},
	};
	cleanup_json json_t *wrong =
		parse("{\"note\": 1, \"seen\": -2, \"node\": 2147483648, \"up\": 1}");
	struct vm vm = {.tries = 2};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_json json_t *document = parse(rows[i].json);
		cleanup_err struct err err = ERR_INIT;
		struct json_reader r = json_reader(document, &err);

		json_get_fields(&r, kept_fields, &vm);
		assert_int_equal(json_end(&r), -EINVAL);
		assert_string_equal(err.text, rows[i].error);
		free(steal_ptr(vm.name));
	}
	assert_int_equal(vm.tries, 2); /* what is absent is left as it is */
	json_try_fields(wrong, shown_fields, &vm);
	assert_null(vm.note);
	assert_true(vm.seen == -1 && vm.node == -1 && vm.up == TRI_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_fills_what_is_there),
		cmocka_unit_test(reader_names_the_path_of_the_first_error),
		cmocka_unit_test(nothing_is_read_after_an_error),
		cmocka_unit_test(documents_are_json_without_duplicates),
		cmocka_unit_test(what_others_wrote_wrongly_is_unknown),
		cmocka_unit_test(writer_builds_a_document),
		cmocka_unit_test(shown_text_is_made_utf8),
		cmocka_unit_test(writer_latches_what_cannot_be_encoded),
		cmocka_unit_test(fields_are_written_and_read_by_one_table),
		cmocka_unit_test(fields_are_read_strictly_or_become_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
