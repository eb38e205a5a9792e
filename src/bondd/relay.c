// SPDX-License-Identifier: Apache-2.0
#include "bondd/relay.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/str.h"
#include "bondd/journal.h"
#include "bondd/kernel.h"
#include "bondd/loop.h"
#include "bondd/relay_hold.h"
#include "bondd/relay_port.h"
#include "bondd/report.h"

enum {
	WINDOW_S = 600, /* in which holds are counted */
	HOLD_DOWN_MAX_S = 300,
	PAUSE_S = 5,         /* after a restore: links and switch ports take their time */
	SETTLE_US = 1000000, /* without an answer on any path */
	LOOK_US = 10000000,  /* between two looks at all VFs, and two tries to restore */
	SETTLED_US = 200000, /* a state is reported after it has lasted this long */
	QUIET_US = 1000000,  /* between two sentences about a state */
};

struct relay {
	const struct conf *conf;
	const struct loop *loop;
	struct relay_hand hand;
	struct relay_limits limits;
	struct relay_port ports[RELAY_PFS];
	struct leg legs[RELAY_PFS]; /* of the ports */
	size_t n;
	struct relay_memory memory;
	struct relay_record *record;
	enum relay_state state, told;
	int64_t state_since, said; /* us */
	int64_t next_look;         /* us */
	char *sentence;            /* the last; NULL: none yet */
	int64_t said_at;           /* s since 1970 */
	bool told_report;          /* the failure to write it was logged */
};

/* Takes ownership of text. */
static void say(struct relay *r, const char *pf, int64_t now, char *text)
{
	free(r->sentence);
	r->sentence = xasprintf("%s: %s", pf, text);
	free(text);
	r->said = now;
	r->said_at = time(NULL);
	journal_say(JOURNAL_NOTICE, "%s", r->sentence);
}

static struct relay_port *held_port(struct relay *r)
{
	return r->memory.held ? &r->ports[r->memory.held - 1] : NULL;
}

/* What others have done to what is held. */
static void observe(struct relay *r, int64_t now)
{
	struct relay_port *held = held_port(r);

	if (!held)
		return;
	held->given_up += relay_observe(&r->hand, r->record);
	if (!r->record->pf[0])
		relay_note_restore(&r->memory, now);
}

static void look(struct relay *r, int64_t now)
{
	for (size_t i = 0; i < r->n; i++)
		relay_port_look(&r->ports[i], r->hand.kernel, &r->conf->relay);
	r->next_look = now + LOOK_US;
}

static void update(void *data, int64_t now)
{
	struct relay *r = data;

	for (size_t i = 0; i < r->n; i++) {
		int before = r->ports[i].index;
		relay_port_update(&r->ports[i], r->hand.tables, r->loop->epoll, now);
		if (r->ports[i].index != before)
			r->next_look = 0;
	}
	observe(r, now);
}

static void hear(void *data, int fd, int64_t now)
{
	struct relay *r = data;

	for (size_t i = 0; i < r->n; i++)
		if (r->legs[i].fd >= 0 && (fd < 0 || r->legs[i].fd == fd))
			leg_hear(&r->legs[i], r->legs, r->n, &r->ports[i].targets, &r->conf->track,
				 now);
}

static void tick(void *data, int64_t now)
{
	struct relay *r = data;

	for (size_t i = 0; i < r->n; i++)
		leg_probe(&r->legs[i], r->legs, r->n, &r->ports[i].targets, &r->conf->track, now);
}

static void hold(struct relay *r, const struct relay_decision *d, int64_t now)
{
	struct relay_port *p = &r->ports[d->pf];
	const char *good = r->ports[d->failure.to - 1].conf->name;
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *failure =
		leg_failure_text(p->leg, &p->targets, &d->failure, &r->conf->track, now);
	int links = relay_hold(&r->hand, p, &r->conf->relay, r->record, &err);

	if (links < 0) {
		relay_note_failure(&r->memory, now);
		if (links == -EOPNOTSUPP)
			p->settable = TRI_NO;
		r->next_look = 0;
		say(r, p->conf->name, now,
		    xasprintf("%s, %s is proven good, but: %s", failure, good, err.text));
		return;
	}
	int64_t done = clock_now();
	relay_note_hold(&r->memory, d->pf, done);
	p->holds++;
	cleanup_free char *what = r->record->pf_down ? xstrdup("set it down")
						     : xasprintf("disabled the %s of %d %s",
								 plural(links, "link", "links"),
								 links, plural(links, "VF", "VFs"));
	cleanup_free char *after =
		d->failure.since < 0 ? xstrdup("")
				     : xasprintf(" after %lld ms",
						 (long long)(done - d->failure.since + 500) / 1000);
	say(r, p->conf->name, done,
	    xasprintf("%s, %s is proven good: %s%s", failure, good, what, after));
}

static void restore(struct relay *r, const struct relay_decision *d, int64_t now)
{
	const char *pf = r->ports[d->pf].conf->name;
	long long seconds = (relay_hold_down(&r->memory, &r->limits, now) + 500000) / 1000000;
	size_t n = r->record->n_vfs;
	bool pf_down = r->record->pf_down;
	bool done = relay_restore(&r->hand, r->record);
	cleanup_free char *what =
		!done     ? xstrdup("tried to restore its links, and will again")
		: pf_down ? xstrdup("set it up again")
			  : xasprintf("restored the %s of %zu %s", plural(n, "link", "links"), n,
				      plural(n, "VF", "VFs"));

	if (!done) /* what the kernel refused is still in the record */
		r->next_look = now + LOOK_US;
	relay_note_restore(&r->memory, now);
	say(r, pf, now,
	    d->act == RELAY_RESTORE_PROVEN ? xasprintf("proven good for %lld s: %s", seconds, what)
	    : d->act == RELAY_RESTORE_TRIAL
		    ? xasprintf("%s after %lld s, to see whether its path works", what, seconds)
	    : d->act == RELAY_RESTORE_ONLY
		    ? xasprintf("it gets replies, and no other PF does: %s", what)
		    : xasprintf("no PF gets replies any more, so nothing is known: %s", what));
}

static char *state_text(const struct relay *r, const struct relay_decision *d)
{
	char target[IP_TEXT_SIZE];

	switch (d->state) {
	case RELAY_TARGETS_GONE:
		return xasprintf(
			"no PF gets a reply from %s: the target is down, nothing is done",
			targets_text(&r->ports[d->pf].targets, d->failure.targets, target));
	case RELAY_NEVER_PROVEN:
		return xstrdup("it has not been proven since the start, so that it gets no replies "
			       "means nothing: nothing is done; is its VLAN right?");
	case RELAY_NO_PROVEN:
		return xstrdup("it fails, but no other PF is proven good: nothing is done");
	case RELAY_NO_LINK:
		return xstrdup("it fails, but there is no link to take away: nothing is done");
	case RELAY_TOO_OFTEN:
		return xstrdup("it fails again, too soon or too often: nothing is done for now");
	case RELAY_HEALTHY:
		return r->told == RELAY_HEALTHY || r->told == RELAY_UNKNOWN ||
				       r->told == RELAY_HOLDING
			       ? NULL
			       : xstrdup("all PFs get replies again");
	case RELAY_UNKNOWN:
	case RELAY_HOLDING:
	case RELAY_STATES:
		break;
	}
	return NULL;
}

/* What is not done is said once it has lasted. */
static void tell_state(struct relay *r, const struct relay_decision *d, int64_t now)
{
	if (d->state != r->state) {
		r->state = d->state;
		r->state_since = now;
	}
	if (r->state == r->told || now - r->state_since < SETTLED_US || now - r->said < QUIET_US)
		return;
	char *text = state_text(r, d);
	if (text)
		say(r, d->state == RELAY_HEALTHY ? "relay" : r->ports[d->pf].conf->name, now, text);
	r->told = r->state;
}

static void take_snapshot(struct relay *r, struct relay_path paths[RELAY_PFS], int64_t now)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct relay_port *p = &r->ports[i];
		paths[i] = (struct relay_path){.leg = {.carrier_lost = -1, .speed = -1}};
		if (!p->index || !p->leg->index)
			continue;
		leg_snapshot(p->leg, &p->targets, &r->conf->track, 0, now, &paths[i].leg);
		paths[i].leg.index = (int)i + 1;
		/* What is left of an earlier hold is restored first. */
		paths[i].may_hold = !r->record->pf[0] && relay_port_may_hold(p, &r->conf->relay);
	}
}

static bool decide_and_act(void *data, int64_t now)
{
	struct relay *r = data;
	struct relay_path paths[RELAY_PFS];

	take_snapshot(r, paths, now);
	struct relay_decision d = relay_decide(&r->memory, paths, r->n, &r->limits, now);
	if (d.act == RELAY_STAY) {
		tell_state(r, &d, now);
		return false;
	}
	if (d.act == RELAY_HOLD)
		hold(r, &d, now);
	else
		restore(r, &d, now);
	r->state = r->told = r->memory.held ? RELAY_HOLDING : RELAY_HEALTHY;
	r->state_since = now;
	return true;
}

static void nothing_due(void *data, int64_t now)
{
	(void)data;
	(void)now;
}

static int64_t due_at(void *data, int64_t now)
{
	const struct relay *r = data;
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->ports[i].targets.n; k++) {
			int64_t at = track_silent_at(&r->legs[i].tracks[k], &r->conf->track);
			if (at > now && at < due)
				due = at;
		}
	return due;
}

static bool wants_ticks(void *data)
{
	const struct relay *r = data;
	bool wanted = false;

	for (size_t i = 0; i < r->n; i++)
		wanted |= r->legs[i].index && r->legs[i].carrier == TRI_YES;
	return wanted;
}

static void put_port(struct json_writer *w, const struct relay *r, size_t i, int64_t now)
{
	const struct relay_port *p = &r->ports[i];

	json_open_object(w, NULL);
	json_put_text(w, "name", p->conf->name);
	json_put_bool(w, "held", r->memory.held == i + 1);
	json_put_uint64(w, "holds", p->holds);
	json_put_uint64(w, "given_up", p->given_up);
	json_put_uint64(w, "vfs", p->n_vfs);
	json_open_array(w, "legs");
	report_put_leg(w, p->leg, &p->targets, &r->conf->track, now);
	json_close(w);
	json_close(w);
}

static void write_report(struct relay *r, int64_t now)
{
	cleanup_json_writer struct json_writer w = {0};
	cleanup_err struct err err = ERR_INIT;

	json_open_object(&w, NULL);
	json_put_int64(&w, "written_ms", now / 1000);
	json_put_text(&w, "state", relay_state_name(r->state));
	json_put_text(&w, "sentence", r->sentence);
	json_put_int64(&w, "said_at", r->said_at);
	json_open_array(&w, "pfs");
	for (size_t i = 0; i < r->n; i++)
		put_port(&w, r, i, now);
	json_close(&w);
	json_close(&w);
	cleanup_free char *json = json_write_text(&w, JSON_COMPACT, &err);
	if ((!json || file_write_at(AT_FDCWD, RELAY_DIR "/" RELAY_REPORT, json, strlen(json), 0644,
				    &err) < 0) &&
	    !r->told_report) {
		journal_say(JOURNAL_ERROR, "cannot report the state of the PFs: %s", err.text);
		r->told_report = true;
	}
}

static void keep_house(void *data, int64_t now)
{
	struct relay *r = data;

	observe(r, now);
	if (now >= r->next_look) {
		if (!r->memory.held && r->record->pf[0])
			(void)relay_restore(&r->hand, r->record);
		look(r, now);
	}
	write_report(r, now);
}

/* One at a time: two would take each other's changes for somebody else's. */
static int lock(int *ret_fd, struct err *err)
{
	int r = dir_make(RELAY_DIR, err);

	if (r < 0)
		return r;
	cleanup_close int fd = open(RELAY_DIR "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, errno, "cannot open '" RELAY_DIR "/lock'");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, BUSY, "another bondd relay is running");
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* What an earlier run left. An unreadable record is kept for people until the next hold. */
static bool restore_earlier(const struct relay_hand *hand, struct relay_record *record)
{
	cleanup_err struct err err = ERR_INIT;

	if (relay_record_read(hand->dir, record, &err) < 0) {
		journal_say(JOURNAL_ERROR,
			    "cannot read what an earlier run changed, and restore it: %s; see "
			    "'ip link show' for a PF that is down or a VF with link-state disable",
			    err.text);
		memset(record, 0, sizeof(*record));
		return false;
	}
	if (!record->pf[0])
		return true;
	cleanup_free char *pf = xstrdup(record->pf);
	bool done = relay_restore(hand, record);
	if (done)
		journal_say(JOURNAL_NOTICE, "%s: restored what an earlier run had changed", pf);
	return done;
}

static struct relay_limits limits_of(const struct conf *conf)
{
	int64_t hold_down = conf->relay.hold_down * US_PER_S;

	return (struct relay_limits){
		.holds = {.failback = FAILBACK_NEVER,
			  .max_moves = conf->relay.holds,
			  .window = WINDOW_S * US_PER_S,
			  .hold = hold_down},
		.hold_down = hold_down,
		.hold_down_max = HOLD_DOWN_MAX_S * US_PER_S,
		.pause = PAUSE_S * US_PER_S,
		.settle = SETTLE_US,
		.blind = conf->relay.pf_down,
	};
}

static int run(struct relay *r, struct loop *loop, struct err *err)
{
	static const struct loop_actor actor = {
		.update = update,
		.hear = hear,
		.tick = tick,
		.decide = decide_and_act,
		.due = nothing_due,
		.due_at = due_at,
		.wants_ticks = wants_ticks,
		.report = keep_house,
	};

	r->loop = loop;
	r->hand = (struct relay_hand){loop->kernel, &loop->tables, RELAY_DIR};
	for (; r->n < r->conf->relay.n_pfs; r->n++)
		relay_port_init(&r->ports[r->n], &r->legs[r->n], &r->conf->relay.pfs[r->n],
				r->conf);
	(void)restore_earlier(&r->hand, r->record);
	int code = loop_run(loop, &actor, r, err);
	if (r->record->pf[0]) {
		cleanup_free char *pf = xstrdup(r->record->pf);
		if (relay_restore(&r->hand, r->record))
			journal_say(JOURNAL_NOTICE, "%s: restored at the end", pf);
	}
	return code;
}

int relay_run(const struct conf *conf, struct err *err)
{
	struct loop loop;
	cleanup_close int fd = -1;
	cleanup_free struct relay_record *record = xcalloc(1, sizeof(*record));
	struct relay r = {
		.conf = conf, .limits = limits_of(conf), .record = record, .told = RELAY_UNKNOWN};
	int code = lock(&fd, err);

	if (code < 0)
		return code;
	relay_memory_init(&r.memory);
	code = loop_open(&loop, conf->track.interval, err);
	if (code == 0)
		code = run(&r, &loop, err);
	for (size_t i = 0; i < r.n; i++)
		relay_port_clear(&r.ports[i]);
	free(r.sentence);
	loop_close(&loop);
	return code;
}

int relay_restore_all(struct err *err)
{
	struct tables tables = {0};
	struct kernel *kernel = NULL;
	cleanup_close int fd = -1;
	cleanup_free struct relay_record *record = xcalloc(1, sizeof(*record));
	int r = lock(&fd, err);

	if (r < 0)
		return r;
	r = kernel_open(&tables, &kernel, err);
	if (r == 0 && !restore_earlier(&(struct relay_hand){kernel, &tables, RELAY_DIR}, record))
		r = err_set(err, LOCAL, "not all is restored");
	kernel_close(kernel);
	tables_clear(&tables);
	return r;
}
