// SPDX-License-Identifier: Apache-2.0
#include "bondd/relay_hold.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/journal.h"
#include "bondd/kernel.h"
#include "bondd/relay_port.h"
#include "bondd/tables.h"

static void forget(struct relay_record *record)
{
	memset(record, 0, sizeof(*record));
}

static void write_record(const struct relay_hand *hand, const struct relay_record *record)
{
	cleanup_err struct err err = ERR_INIT;

	if (relay_record_write(hand->dir, record, &err) < 0)
		journal_say(JOURNAL_ERROR, "cannot record what is held: %s", err.text);
}

static void drop(struct relay_record *record, size_t i)
{
	record->vfs[i] = record->vfs[--record->n_vfs];
	if (record->n_vfs == 0)
		forget(record);
}

static int disable_vfs(const struct relay_hand *hand, struct relay_record *record, struct err *err)
{
	size_t failed = 0;

	for (size_t i = record->n_vfs; i > 0; i--) {
		cleanup_err struct err why = ERR_INIT;
		unsigned vf = record->vfs[i - 1].index;
		int r = kernel_set_vf_link_state(hand->kernel, record->index, vf, VF_LINK_DISABLE,
						 &why);
		if (r == 0)
			continue;
		if (failed++ == 0)
			err_pass(err, &why, "cannot disable the link of VF %u", vf);
		drop(record, i - 1);
	}
	if (failed && record->pf[0])
		write_record(hand, record);
	return record->pf[0] ? (int)record->n_vfs : err ? err->code : -EIO;
}

int relay_hold(const struct relay_hand *hand, const struct relay_port *p,
	       const struct relay_conf *conf, struct relay_record *ret_record, struct err *err)
{
	struct relay_record *record = ret_record;
	cleanup_free struct rtnl_vf *vfs = xcalloc(RTNL_VFS_MAX, sizeof(*vfs));
	size_t n = 0;
	int r = conf->pf_down ? 0 : kernel_read_vfs(hand->kernel, p->index, vfs, &n, err);

	if (r < 0)
		return r;
	forget(record);
	memcpy(record->pf, p->conf->name, sizeof(record->pf));
	record->index = p->index;
	record->pf_down = conf->pf_down;
	for (size_t i = 0; i < n; i++)
		if (relay_port_may_disable(p, &vfs[i], conf))
			record->vfs[record->n_vfs++] = (struct relay_record_vf){
				.index = vfs[i].index, .before = vfs[i].link_state};
	if (!record->pf_down && record->n_vfs == 0)
		r = err_set(err, NOT_FOUND, "it has no VF whose link may be disabled");
	else
		r = relay_record_write(hand->dir, record, err);
	if (r < 0) {
		forget(record);
		return r;
	}
	r = record->pf_down ? kernel_set_up(hand->kernel, record->pf, false, err)
			    : disable_vfs(hand, record, err);
	if (r < 0) {
		forget(record);
		write_record(hand, record);
		return r;
	}
	return record->pf_down ? 1 : r;
}

/* The PF of the record; NULL, and nothing is held any more: it is gone. */
static const struct rtnl_link *find_pf(const struct relay_hand *hand, struct relay_record *record)
{
	const struct rtnl_link *pf = tables_link(hand->tables, record->index);

	if (pf && streq(pf->name, record->pf))
		return pf;
	journal_say(JOURNAL_WARNING, "%s: it is gone, so there is nothing to restore", record->pf);
	forget(record);
	write_record(hand, record);
	return NULL;
}

static enum vf_link_state state_of(const struct rtnl_vf *vfs, size_t n, unsigned index)
{
	const struct rtnl_vf *vf = array_find(vfs, n, it->index == index);

	return vf ? vf->link_state : VF_LINK_UNKNOWN;
}

/* Drops the VFs that are not disabled any more. */
static size_t drop_changed(const struct relay_hand *hand, struct relay_record *record)
{
	cleanup_free struct rtnl_vf *vfs = xcalloc(RTNL_VFS_MAX, sizeof(*vfs));
	size_t n, dropped = 0;

	if (kernel_read_vfs(hand->kernel, record->index, vfs, &n, NULL) < 0)
		return 0;
	for (size_t i = record->n_vfs; i > 0; i--) {
		unsigned index = record->vfs[i - 1].index;
		enum vf_link_state state = state_of(vfs, n, index);
		if (state == VF_LINK_DISABLE)
			continue;
		if (state == VF_LINK_UNKNOWN)
			journal_say(JOURNAL_NOTICE, "%s: VF %u is gone", record->pf, index);
		else
			journal_say(JOURNAL_NOTICE,
				    "%s: somebody else set the link of VF %u to %s: left so",
				    record->pf, index, vf_link_state_name(state));
		dropped++;
		record->vfs[i - 1] = record->vfs[--record->n_vfs];
	}
	return dropped;
}

size_t relay_observe(const struct relay_hand *hand, struct relay_record *record)
{
	const struct rtnl_link *pf = record->pf[0] ? find_pf(hand, record) : NULL;
	size_t dropped = 0;

	if (!pf)
		return 0;
	if (!record->pf_down) {
		dropped = drop_changed(hand, record);
	} else if (pf->up) {
		journal_say(JOURNAL_NOTICE, "%s: somebody else set it up: left so", record->pf);
		dropped = 1;
	}
	if (dropped && record->n_vfs == 0)
		forget(record);
	if (dropped)
		write_record(hand, record);
	return dropped;
}

static bool enable_vfs(const struct relay_hand *hand, struct relay_record *record)
{
	size_t left = 0;

	for (size_t i = 0; i < record->n_vfs; i++) {
		cleanup_err struct err err = ERR_INIT;
		const struct relay_record_vf vf = record->vfs[i];
		if (kernel_set_vf_link_state(hand->kernel, record->index, vf.index, vf.before,
					     &err) == 0)
			continue;
		journal_say(JOURNAL_ERROR, "%s: cannot set the link of VF %u back to %s: %s",
			    record->pf, vf.index, vf_link_state_name(vf.before), err.text);
		record->vfs[left++] = vf;
	}
	record->n_vfs = left;
	return left == 0;
}

bool relay_restore(const struct relay_hand *hand, struct relay_record *record)
{
	bool done;

	(void)relay_observe(hand, record);
	if (!record->pf[0])
		return true;
	if (record->pf_down) {
		cleanup_err struct err err = ERR_INIT;
		done = kernel_set_up(hand->kernel, record->pf, true, &err) == 0;
		if (!done)
			journal_say(JOURNAL_ERROR, "%s: cannot set it up again: %s", record->pf,
				    err.text);
	} else {
		done = enable_vfs(hand, record);
	}
	if (done)
		forget(record);
	write_record(hand, record);
	return done;
}
