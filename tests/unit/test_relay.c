// SPDX-License-Identifier: Apache-2.0
/* bondd relay: which PF is held and for how long; what is taken, recorded and given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "bondd/kernel.h"
#include "bondd/relay_hold.h"
#include "bondd/relay_port.h"
#include "bondd/tables.h"

enum { S = 1000000, STEP = 20000 };

static const struct relay_limits limits = {
	.holds = {.max_moves = 6, .window = 600 * (int64_t)S, .hold = 10 * S},
	.hold_down = 10 * S,
	.hold_down_max = 300 * (int64_t)S,
	.pause = 5 * S,
	.settle = S,
};

/* Two paths, and time. */
struct world {
	struct relay_memory memory;
	struct relay_path paths[3];
	size_t n;
	struct relay_limits limits;
	int64_t now;
	unsigned holds, restores;
	enum relay_act last; /* what was done last */
	enum relay_state state;
};

enum path { GOOD, DEAD, UNKNOWN, ANSWERS, LOSSY, NO_CARRIER, DOUBTED };

static void set_path(struct world *w, size_t i, enum path path)
{
	struct decide_leg *l = &w->paths[i].leg;

	*l = (struct decide_leg){.index = (int)i + 1, .carrier = TRI_YES, .carrier_lost = -1};
	switch (path) {
	case GOOD:
		l->heard = l->fresh = l->proven = 1;
		break;
	case DEAD:
		l->silent = 1;
		l->silent_since[0] = w->now - 60000;
		break;
	case ANSWERS:
		l->heard = l->fresh = 1;
		break;
	case LOSSY:
		l->heard = l->fresh = l->lossy = 1;
		break;
	case NO_CARRIER:
		l->carrier = TRI_NO;
		l->carrier_lost = w->now;
		break;
	case DOUBTED:
		l->doubted = 1;
		break;
	case UNKNOWN:
		break;
	}
}

/* Until then the paths are as they are. */
static void run_for(struct world *w, int64_t us)
{
	for (int64_t end = w->now + us; w->now < end; w->now += STEP) {
		struct relay_decision d =
			relay_decide(&w->memory, w->paths, w->n, &w->limits, w->now);
		w->state = d.state;
		if (d.act == RELAY_STAY)
			continue;
		w->last = d.act;
		if (d.act == RELAY_HOLD) {
			w->holds++;
			relay_note_hold(&w->memory, d.pf, w->now);
		} else {
			w->restores++;
			relay_note_restore(&w->memory, w->now);
		}
	}
}

/* All PFs are proven, and have VFs. */
static void begin(struct world *w)
{
	*w = (struct world){.n = 2, .limits = limits, .now = S};
	relay_memory_init(&w->memory);
	for (size_t i = 0; i < ARRAY_SIZE(w->paths); i++) {
		set_path(w, i, GOOD);
		w->paths[i].may_hold = true;
	}
	run_for(w, S);
	assert_int_equal(w->state, RELAY_HEALTHY);
}

static void test_dead_path_is_held_and_given_back(void **state)
{
	(void)state;
	struct world w;

	begin(&w);
	set_path(&w, 0, DEAD);
	run_for(&w, STEP);
	assert_int_equal(w.memory.held, 1);
	set_path(&w, 0, ANSWERS);
	run_for(&w, 60 * S);
	assert_int_equal(w.memory.held, 1); /* never proven */
	set_path(&w, 0, GOOD);
	run_for(&w, 9 * S);
	set_path(&w, 0, DEAD);
	run_for(&w, STEP);
	set_path(&w, 0, GOOD);
	run_for(&w, 9 * S + S / 2);
	assert_int_equal(w.memory.held, 1); /* the hold-down began anew */
	run_for(&w, S);
	assert_int_equal(w.memory.held, 0);
	assert_int_equal(w.last, RELAY_RESTORE_PROVEN);
	assert_int_equal(w.holds, 1);

	/* The second time within ten minutes it has to be proven for 20 s, later for 10 s again. */
	for (int i = 0; i < 2; i++) {
		int64_t down = i == 0 ? 20 * S : 10 * S;
		run_for(&w, i == 0 ? 6 * S : 600 * (int64_t)S);
		set_path(&w, 0, DEAD);
		run_for(&w, STEP);
		set_path(&w, 0, GOOD);
		run_for(&w, down - S);
		assert_int_equal(w.memory.held, 1);
		run_for(&w, 2 * S);
		assert_int_equal(w.memory.held, 0);
	}
}

static void test_other_failures(void **state)
{
	(void)state;
	static const enum path failures[] = {NO_CARRIER, LOSSY};
	struct world w;

	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		begin(&w);
		set_path(&w, 1, failures[i]);
		run_for(&w, STEP);
		assert_int_equal(w.memory.held, 2);
	}
}

/* Nothing is done, whatever lasts. */
static void assert_untouched(struct world *w, enum path a, enum path b, enum relay_state wanted)
{
	set_path(w, 0, a);
	set_path(w, 1, b);
	run_for(w, 120 * S);
	assert_int_equal(w->holds, 0);
	assert_string_equal(relay_state_name(w->state), relay_state_name(wanted));
}

static void test_nothing_is_done(void **state)
{
	(void)state;
	static const struct {
		enum path a, b;
		enum relay_state state;
	} rows[] = {
		{DEAD, DEAD, RELAY_TARGETS_GONE},     {UNKNOWN, UNKNOWN, RELAY_UNKNOWN},
		{DEAD, UNKNOWN, RELAY_NO_PROVEN},     {DEAD, ANSWERS, RELAY_NO_PROVEN},
		{DEAD, LOSSY, RELAY_NO_PROVEN},       {DEAD, DOUBTED, RELAY_UNKNOWN},
		{DOUBTED, GOOD, RELAY_UNKNOWN},       {UNKNOWN, GOOD, RELAY_UNKNOWN},
		{NO_CARRIER, DEAD, RELAY_NO_PROVEN},  {NO_CARRIER, NO_CARRIER, RELAY_NO_PROVEN},
		{NO_CARRIER, DOUBTED, RELAY_UNKNOWN},
	};
	struct world w;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(&w);
		assert_untouched(&w, rows[i].a, rows[i].b, rows[i].state);
	}
	begin(&w);
	w.paths[0].may_hold = false; /* all VFs are pinned */
	assert_untouched(&w, DEAD, GOOD, RELAY_NO_LINK);
	begin(&w);
	w.memory.was_proven[0] = false; /* its probes may be in the wrong VLAN */
	assert_untouched(&w, DEAD, GOOD, RELAY_NEVER_PROVEN);
}

/* Of three, two die: one is held. */
static void test_never_two(void **state)
{
	(void)state;
	struct world w;

	begin(&w);
	w.n = 3;
	run_for(&w, STEP);
	set_path(&w, 1, DEAD);
	set_path(&w, 2, DEAD);
	run_for(&w, 60 * S);
	assert_int_equal(w.holds, 1);
	assert_int_equal(w.memory.held, 2);
}

static void test_the_last_path_is_not_kept_from_guests(void **state)
{
	(void)state;
	struct world w;

	/* The other one dies while this one works again: at once. */
	begin(&w);
	set_path(&w, 0, DEAD);
	run_for(&w, S);
	set_path(&w, 0, ANSWERS);
	run_for(&w, S);
	set_path(&w, 1, DEAD);
	run_for(&w, STEP);
	assert_int_equal(w.last, RELAY_RESTORE_ONLY);
	assert_int_equal(w.memory.held, 0);
	/* Now that one is held, if this one is proven. */
	run_for(&w, S);
	assert_int_equal(w.memory.held, 0);
	set_path(&w, 0, GOOD);
	run_for(&w, STEP);
	assert_int_equal(w.memory.held, 2);

	/* No path answers any more: not at a hiccup, but after a second. */
	begin(&w);
	set_path(&w, 0, DEAD);
	run_for(&w, S);
	set_path(&w, 1, DEAD);
	run_for(&w, S / 2);
	set_path(&w, 1, GOOD);
	run_for(&w, STEP);
	set_path(&w, 1, DEAD);
	run_for(&w, S - 2 * STEP);
	assert_int_equal(w.memory.held, 1);
	run_for(&w, 4 * STEP);
	assert_int_equal(w.last, RELAY_RESTORE_LOST);
	run_for(&w, 600 * (int64_t)S);
	assert_int_equal(w.holds, 1);
}

/* An hour of a path that is dead for two seconds and good for one. */
static void test_flapping_is_bounded(void **state)
{
	(void)state;
	struct world w;

	begin(&w);
	for (int i = 0; i < 1200; i++) {
		set_path(&w, 0, DEAD);
		run_for(&w, 2 * S);
		set_path(&w, 0, GOOD);
		run_for(&w, S);
	}
	assert_int_equal(w.holds, 1); /* never proven for 10 s */

	/* Dead for a second and good for 20 s, or long enough for each hold-down. */
	for (int good = 20; good <= 320; good += 300) {
		begin(&w);
		for (int64_t end = w.now + 3600 * (int64_t)S; w.now < end;) {
			set_path(&w, 0, DEAD);
			run_for(&w, S);
			set_path(&w, 0, GOOD);
			run_for(&w, good * (int64_t)S);
		}
		assert_in_range(w.holds, 2, 36); /* 6 in 10 minutes */
		assert_in_range(w.restores, w.holds - 1, w.holds);
	}
}

/* A PF that is set down cannot be probed: it is tried, ever more seldom, and not held at once. */
static void test_trials(void **state)
{
	(void)state;
	struct world w;
	int64_t since = 0;

	begin(&w);
	w.limits.blind = true;
	for (int64_t end = w.now + 600 * (int64_t)S; w.now < end;) {
		set_path(&w, 0, w.memory.held ? NO_CARRIER : DEAD);
		unsigned holds = w.holds, restores = w.restores;
		run_for(&w, STEP);
		if (w.restores != restores) {
			assert_int_equal(w.last, RELAY_RESTORE_TRIAL);
			since = w.now;
		}
		if (w.holds != holds && since)
			assert_true(w.now - since >= 5 * S);
	}
	assert_in_range(w.holds, 5, 6);
	assert_in_range(w.restores, 4, 6);
	/* The path works: the trial lasts. */
	begin(&w);
	w.limits.blind = true;
	set_path(&w, 0, DEAD);
	run_for(&w, STEP);
	set_path(&w, 0, NO_CARRIER);
	run_for(&w, 10 * S + STEP);
	assert_int_equal(w.memory.held, 0);
	set_path(&w, 0, GOOD);
	run_for(&w, 60 * S);
	assert_int_equal(w.holds, 1);
	assert_int_equal(w.state, RELAY_HEALTHY);
}

/* The kernel of these tests: a PF with six VFs (kernel_*() of the program is wrapped). */
enum { PF = 7, VFS = 6 };
static struct {
	enum vf_link_state states[VFS];
	size_t n;
	int refusal;         /* -errno of every change, or 0 */
	unsigned refuses_vf; /* of changes of this one only; VFS: of none */
	unsigned changes;
	const char *dir; /* where the record must be before a change */
} fake;

static struct kernel *const no_kernel = (struct kernel *)&fake; /* nobody looks into it */

int __wrap_kernel_read_vfs(struct kernel *k, int pf, struct rtnl_vf *v, size_t *ret_n,
			   struct err *err);
int __wrap_kernel_set_vf_link_state(struct kernel *k, int pf, unsigned vf, enum vf_link_state state,
				    struct err *err);

int __wrap_kernel_read_vfs(struct kernel *k, int pf, struct rtnl_vf *v, size_t *ret_n,
			   struct err *err)
{
	(void)k;
	(void)err;
	assert_int_equal(pf, PF);
	for (size_t i = 0; i < fake.n; i++)
		v[i] = (struct rtnl_vf){.index = (unsigned)i, .link_state = fake.states[i]};
	*ret_n = fake.n;
	return 0;
}

int __wrap_kernel_set_vf_link_state(struct kernel *k, int pf, unsigned vf, enum vf_link_state state,
				    struct err *err)
{
	(void)k;
	assert_int_equal(pf, PF);
	assert_true(vf < fake.n);
	if (fake.dir && state == VF_LINK_DISABLE) {
		struct relay_record r;
		assert_int_equal(relay_record_read(fake.dir, &r, NULL), 0);
		assert_string_equal(r.pf, "pf0");
	}
	if (fake.refusal && (fake.refuses_vf == VFS || fake.refuses_vf == vf))
		return err_errno(err, fake.refusal, "the kernel refused");
	fake.states[vf] = state;
	fake.changes++;
	return 0;
}

static char dir[32];
static struct tables tables;
static struct conf conf;
static struct leg leg;
static struct relay_port port;
static struct relay_record record;
static struct relay_hand hand;

static int set_up(void **state)
{
	(void)state;
	static const enum vf_link_state states[VFS] = {VF_LINK_AUTO,    VF_LINK_ENABLE,
						       VF_LINK_DISABLE, VF_LINK_AUTO,
						       VF_LINK_UNKNOWN, VF_LINK_AUTO};

	memset(&fake, 0, sizeof(fake));
	memcpy(fake.states, states, sizeof(states));
	fake.n = VFS;
	fake.refuses_vf = VFS;
	strcpy(dir, "/tmp/test_relay.XXXXXX");
	assert_non_null(mkdtemp(dir));
	fake.dir = dir;
	conf_init(&conf);
	conf.relay.pfs[0] = (struct relay_conf_pf){"pf0", "pf0.101"};
	tables = (struct tables){0};
	*array_push(tables.links, tables.n_links) =
		(struct rtnl_link){.index = PF, .name = "pf0", .up = true, .carrier = TRI_YES};
	hand = (struct relay_hand){NULL, &tables, dir};
	relay_port_init(&port, &leg, &conf.relay.pfs[0], &conf);
	relay_port_update(&port, &tables, -1, 0);
	memset(&record, 0, sizeof(record));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	relay_port_clear(&port);
	tables_clear(&tables);
	return dir_remove(dir, NULL);
}

static void set_up_again(void)
{
	assert_int_equal(tear_down(NULL), 0);
	assert_int_equal(set_up(NULL), 0);
}

static void assert_states(const char *wanted)
{
	char states[VFS + 1] = "";

	for (size_t i = 0; i < fake.n; i++)
		states[i] = "?aed"[fake.states[i] + 1];
	assert_string_equal(states, wanted);
}

static bool is_recorded(void)
{
	struct relay_record r;

	assert_int_equal(relay_record_read(dir, &r, NULL), 0);
	return r.pf[0] != 0;
}

static void test_vfs_are_taken_and_given_back(void **state)
{
	(void)state;
	assert_int_equal(relay_hold(&hand, &port, &conf.relay, &record, NULL), 3);
	assert_states("dedd?d"); /* enable, disable and unknown are left alone */
	assert_true(is_recorded());
	assert_int_equal(relay_observe(&hand, &record), 0);
	assert_true(relay_restore(&hand, &record));
	assert_states("aeda?a");
	assert_false(is_recorded());

	conf.relay.enabled_vfs = true;
	assert_int_equal(relay_hold(&hand, &port, &conf.relay, &record, NULL), 4);
	assert_states("dddd?d");
	assert_true(relay_restore(&hand, &record));
	assert_states("aeda?a");
}

static void test_changes_of_others_stay(void **state)
{
	(void)state;
	assert_int_equal(relay_hold(&hand, &port, &conf.relay, &record, NULL), 3);
	fake.states[0] = VF_LINK_ENABLE;
	fake.states[3] = VF_LINK_AUTO;
	assert_int_equal(relay_observe(&hand, &record), 2);
	fake.states[0] = VF_LINK_DISABLE; /* theirs, too */
	assert_int_equal(relay_observe(&hand, &record), 0);
	assert_true(relay_restore(&hand, &record));
	assert_states("deda?a");

	/* Noticed only at the end; and all of them, so nothing is held. */
	set_up_again();
	assert_int_equal(relay_hold(&hand, &port, &conf.relay, &record, NULL), 3);
	fake.states[5] = VF_LINK_ENABLE;
	assert_true(relay_restore(&hand, &record));
	assert_states("aeda?e");
	assert_int_equal(relay_hold(&hand, &port, &conf.relay, &record, NULL), 2);
	fake.states[0] = fake.states[3] = VF_LINK_AUTO;
	assert_int_equal(relay_observe(&hand, &record), 2);
	assert_string_equal(record.pf, "");
	assert_false(is_recorded());
}

static void test_refusals(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;

	/* One of three cannot be disabled; later one cannot be restored yet. */
	fake.refusal = EBUSY;
	fake.refuses_vf = 3;
	assert_int_equal(relay_hold(&hand, &port, &conf.relay, &record, &err), 2);
	err_clear(&err);
	assert_states("deda?d");
	fake.refuses_vf = 5;
	assert_false(relay_restore(&hand, &record));
	assert_states("aeda?d");
	assert_true(is_recorded());
	fake.refusal = 0;
	assert_true(relay_restore(&hand, &record));
	assert_states("aeda?a");

	/* igb. */
	fake.refusal = EOPNOTSUPP;
	fake.refuses_vf = VFS;
	assert_int_equal(relay_hold(&hand, &port, &conf.relay, &record, &err), -EOPNOTSUPP);
	assert_string_equal(record.pf, "");
	assert_false(is_recorded());

	/* Others have pinned all since. */
	fake.refusal = 0;
	for (size_t i = 0; i < VFS; i++)
		fake.states[i] = VF_LINK_ENABLE;
	assert_true(relay_hold(&hand, &port, &conf.relay, &record, NULL) < 0);
	assert_states("eeeeee");
	assert_false(is_recorded());
	fake.states[0] = VF_LINK_AUTO;

	/* Nothing is changed that cannot be recorded. */
	fake.changes = 0;
	fake.dir = NULL;
	hand.dir = "/nonexistent/folder";
	assert_true(relay_hold(&hand, &port, &conf.relay, &record, NULL) < 0);
	assert_int_equal(fake.changes, 0);
}

static void test_drivers_that_cannot(void **state)
{
	(void)state;
	fake.dir = NULL;
	relay_port_look(&port, no_kernel, &conf.relay);
	assert_int_equal(port.settable, TRI_YES);
	assert_true(relay_port_may_hold(&port, &conf.relay));
	assert_states("aeda?a"); /* found out without a change */
	tables.links[0].up = false;
	relay_port_update(&port, &tables, -1, 0);
	assert_false(relay_port_may_hold(&port, &conf.relay));

	set_up_again();
	fake.refusal = EOPNOTSUPP;
	relay_port_look(&port, no_kernel, &conf.relay);
	assert_int_equal(port.settable, TRI_NO);
	assert_non_null(strstr(port.told, "cannot set the link state"));
	assert_false(relay_port_may_hold(&port, &conf.relay));
	conf.relay.pf_down = true;
	assert_true(relay_port_may_hold(&port, &conf.relay));

	set_up_again();
	for (size_t i = 0; i < VFS; i++)
		fake.states[i] = VF_LINK_ENABLE;
	relay_port_look(&port, no_kernel, &conf.relay);
	assert_non_null(strstr(port.told, "6 with link state enable will be left alone"));
	assert_false(relay_port_may_hold(&port, &conf.relay));
	assert_int_equal(fake.changes, 0);
}

static void test_after_a_kill(void **state)
{
	(void)state;
	struct relay_record found;

	assert_int_equal(relay_hold(&hand, &port, &conf.relay, &record, NULL), 3);
	fake.states[5] = VF_LINK_ENABLE; /* by somebody else, meanwhile */
	assert_int_equal(relay_record_read(dir, &found, NULL), 0);
	assert_int_equal(found.index, PF);
	assert_int_equal(found.n_vfs, 3);
	assert_true(relay_restore(&hand, &found));
	assert_states("aeda?e");

	/* The PF is gone, or another has its index. */
	for (int i = 0; i < 2; i++) {
		set_up_again();
		assert_int_equal(relay_hold(&hand, &port, &conf.relay, &record, NULL), 3);
		if (i == 0)
			tables.n_links = 0;
		else
			strcpy(tables.links[0].name, "eth5");
		assert_true(relay_restore(&hand, &record));
		assert_states("dedd?d");
		assert_false(is_recorded());
	}

	/* A PF that is set down, which an operator has set up since. */
	set_up_again();
	record = (struct relay_record){.pf = "pf0", .index = PF, .pf_down = true};
	assert_int_equal(relay_record_write(dir, &record, NULL), 0);
	assert_int_equal(relay_observe(&hand, &record), 1);
	assert_false(is_recorded());
}

static void test_broken_records(void **state)
{
	(void)state;
#define GOOD_RECORD(vfs) \
	"{\"version\":1,\"pf\":\"pf0\",\"index\":7,\"pf_down\":false,\"vfs\":" vfs "}"
	static const char *const broken[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"version\":2,\"pf\":\"pf0\",\"index\":7,\"pf_down\":false,\"vfs\":[]}",
		"{\"version\":1,\"pf\":\"\",\"index\":7,\"pf_down\":false,\"vfs\":[]}",
		"{\"version\":1,\"pf\":\"a-name-of-16-byt\",\"index\":7,\"pf_down\":false,\"vfs\":["
		"]}",
		"{\"version\":1,\"pf\":\"pf0\",\"index\":0,\"pf_down\":false,\"vfs\":[]}",
		"{\"version\":1,\"pf\":\"pf0\",\"index\":7,\"pf_down\":1,\"vfs\":[]}",
		"{\"version\":1,\"index\":7,\"pf_down\":false,\"vfs\":[]}",
		GOOD_RECORD("{}"),
		GOOD_RECORD("[7]"),
		GOOD_RECORD("[{\"vf\":1}]"),
		GOOD_RECORD("[{\"vf\":1,\"before\":\"disable\"}]"),
		GOOD_RECORD("[{\"vf\":-1,\"before\":\"auto\"}]"),
		GOOD_RECORD("[{\"vf\":1024,\"before\":\"auto\"}]"),
	};
	cleanup_free char *path = xasprintf("%s/" RELAY_RECORD, dir);
	const char *good = GOOD_RECORD("[{\"vf\":3,\"before\":\"enable\"}]");

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		cleanup_err struct err err = ERR_INIT;
		assert_int_equal(file_write_output(path, broken[i], strlen(broken[i]), 0644, NULL),
				 0);
		memset(&record, 0, sizeof(record));
		assert_true(relay_record_read(dir, &record, &err) < 0);
		assert_non_null(strstr(err.text, path));
		assert_int_equal(record.n_vfs, 0);
		assert_string_equal(record.pf, "");
	}
	assert_int_equal(file_write_output(path, good, strlen(good), 0644, NULL), 0);
	assert_int_equal(relay_record_read(dir, &record, NULL), 0);
	assert_int_equal(record.vfs[0].index, 3);
	assert_int_equal(record.vfs[0].before, VF_LINK_ENABLE);

	/* More VFs than a PF has. */
	struct strbuf many = {0};
	strbuf_adds(&many, "{\"version\":1,\"pf\":\"pf0\",\"index\":7,\"pf_down\":false,\"vfs\":[");
	for (int i = 0; i <= RTNL_VFS_MAX; i++)
		strbuf_addf(&many, "%s{\"vf\":1,\"before\":\"auto\"}", i ? "," : "");
	strbuf_adds(&many, "]}");
	cleanup_free char *text = strbuf_steal(&many);
	assert_true(relay_record_parse(text, strlen(text), "f", &record, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dead_path_is_held_and_given_back),
		cmocka_unit_test(test_other_failures),
		cmocka_unit_test(test_nothing_is_done),
		cmocka_unit_test(test_never_two),
		cmocka_unit_test(test_the_last_path_is_not_kept_from_guests),
		cmocka_unit_test(test_flapping_is_bounded),
		cmocka_unit_test(test_trials),
		cmocka_unit_test_setup_teardown(test_vfs_are_taken_and_given_back, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_changes_of_others_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_drivers_that_cannot, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_after_a_kill, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_broken_records, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
