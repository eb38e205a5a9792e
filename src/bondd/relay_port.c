// SPDX-License-Identifier: Apache-2.0
#include "bondd/relay_port.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/journal.h"
#include "bondd/kernel.h"
#include "bondd/tables.h"

void relay_port_init(struct relay_port *p, struct leg *leg, const struct relay_conf_pf *pf,
		     const struct conf *conf)
{
	*leg = (struct leg){.fd = -1};
	*p = (struct relay_port){.conf = pf, .leg = leg, .settable = TRI_UNKNOWN};
	for (size_t i = 0; i < conf->n_targets; i++)
		p->targets.v[p->targets.n++] = (struct target){
			.ip = conf->targets[i],
			/* Another interface is in the VLAN already. */
			.vlan = streq(pf->name, pf->probe) ? conf->relay.vlan : 0,
		};
}

/* Logs a text once, until it changes. */
static void tell(struct relay_port *p, char **last, enum journal_level level, char *text)
{
	if (!streq(text, *last))
		journal_say(level, "%s: %s", p->conf->name, text);
	free(*last);
	*last = text;
}

static void update_pf(struct relay_port *p, const struct rtnl_link *pf)
{
	if ((pf ? pf->index : 0) != p->index) {
		p->index = pf ? pf->index : 0;
		p->settable = TRI_UNKNOWN;
		p->n_vfs = 0;
		if (!pf)
			journal_say(JOURNAL_WARNING, "%s: removed", p->conf->name);
	}
	p->up = pf && pf->up;
}

void relay_port_update(struct relay_port *p, const struct tables *t, int epoll, int64_t now)
{
	const struct rtnl_link *probe = tables_link_named(t, p->conf->probe);
	cleanup_err struct err err = ERR_INIT;

	update_pf(p, tables_link_named(t, p->conf->name));
	if (!probe || !probe->has_mac) {
		tell(p, &p->complaint, JOURNAL_ERROR,
		     xasprintf("there is no interface '%s' to probe from", p->conf->probe));
		leg_close(p->leg);
		*p->leg = (struct leg){.fd = -1};
		return;
	}
	if (p->leg->index != probe->index) {
		leg_close(p->leg);
		leg_init(p->leg, probe, now);
		p->leg->probed = true;
	} else {
		leg_update(p->leg, probe, now);
	}
	if (leg_listen(p->leg, &p->targets, epoll, &err) < 0)
		tell(p, &p->complaint, JOURNAL_ERROR, xstrdup(err.text));
}

/* The last part of where a link below /sys/class/net leads; NULL: there is none. */
static char *sysfs_target(const char *name, const char *link)
{
	cleanup_free char *path = xasprintf("/sys/class/net/%s/%s", name, link);
	char target[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n <= 0)
		return NULL;
	target[n] = 0;
	const char *slash = strrchr(target, '/');
	return xstrdup(slash ? slash + 1 : target);
}

/* The PF's own probes must not be sent from a VF that is disabled. */
static bool is_probed_from(const struct relay_port *p, const struct rtnl_vf *vf)
{
	cleanup_free char *link = xasprintf("device/virtfn%u", vf->index);
	cleanup_free char *of_vf = sysfs_target(p->conf->name, link);
	cleanup_free char *of_probe = sysfs_target(p->conf->probe, "device");

	return of_vf && streq(of_vf, of_probe);
}

bool relay_port_may_disable(const struct relay_port *p, const struct rtnl_vf *vf,
			    const struct relay_conf *conf)
{
	return (vf->link_state == VF_LINK_AUTO ||
		(vf->link_state == VF_LINK_ENABLE && conf->enabled_vfs)) &&
	       !is_probed_from(p, vf);
}

static size_t count_disablable(const struct relay_port *p, const struct relay_conf *conf)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_vfs; i++)
		n += relay_port_may_disable(p, &p->vfs[i], conf);
	return n;
}

bool relay_port_may_hold(const struct relay_port *p, const struct relay_conf *conf)
{
	if (!p->index || !p->up)
		return false;
	return conf->pf_down || (p->settable != TRI_NO && count_disablable(p, conf) > 0);
}

static void find_settable(struct relay_port *p, struct kernel *kernel,
			  const struct relay_conf *conf)
{
	for (size_t i = 0; i < p->n_vfs && p->settable == TRI_UNKNOWN; i++) {
		cleanup_err struct err err = ERR_INIT;
		const struct rtnl_vf *vf = &p->vfs[i];
		if (!relay_port_may_disable(p, vf, conf))
			continue;
		int r = kernel_set_vf_link_state(kernel, p->index, vf->index, vf->link_state, &err);
		if (r == 0)
			p->settable = TRI_YES;
		else if (r == -EOPNOTSUPP)
			p->settable = TRI_NO;
		return; /* anything else may be different later */
	}
}

static void tell_vfs(struct relay_port *p, const struct relay_conf *conf)
{
	size_t n = count_disablable(p, conf), enabled = 0;
	cleanup_free char *driver = sysfs_target(p->conf->name, "device/driver");

	for (size_t i = 0; i < p->n_vfs; i++)
		enabled += p->vfs[i].link_state == VF_LINK_ENABLE;
	if (p->n_vfs == 0)
		tell(p, &p->told, JOURNAL_WARNING,
		     xstrdup("it has no VFs, so there is nothing to relay"));
	else if (p->settable == TRI_NO)
		tell(p, &p->told, JOURNAL_WARNING,
		     xasprintf("the driver %s cannot set the link state of a VF, so nothing can be "
			       "relayed; with means = pf in " BONDD_RELAY_CONF
			       " the PF itself is set down",
			       driver ? driver : "of this PF"));
	else if (enabled && !conf->enabled_vfs)
		tell(p, &p->told, JOURNAL_WARNING,
		     xasprintf("%zu of %zu %s can be relayed; %zu with link state enable will be "
			       "left alone: set propagate_uplink_status on the port, or "
			       "enabled_vfs = yes in " BONDD_RELAY_CONF,
			       n, p->n_vfs, plural(p->n_vfs, "VF", "VFs"), enabled));
	else
		tell(p, &p->told, JOURNAL_INFO,
		     xasprintf("%zu of %zu %s can be relayed", n, p->n_vfs,
			       plural(p->n_vfs, "VF", "VFs")));
}

void relay_port_look(struct relay_port *p, struct kernel *kernel, const struct relay_conf *conf)
{
	cleanup_err struct err err = ERR_INIT;

	if (!p->index)
		return;
	if (!p->vfs)
		p->vfs = xcalloc(RTNL_VFS_MAX, sizeof(*p->vfs));
	if (kernel_read_vfs(kernel, p->index, p->vfs, &p->n_vfs, &err) < 0) {
		err_wrap(&err, "cannot read its VFs");
		tell(p, &p->complaint, JOURNAL_ERROR, xstrdup(err.text));
		return;
	}
	if (conf->pf_down)
		return;
	find_settable(p, kernel, conf);
	tell_vfs(p, conf);
}

void relay_port_clear(struct relay_port *p)
{
	leg_close(p->leg);
	free_all(p->vfs, p->told, p->complaint);
}
