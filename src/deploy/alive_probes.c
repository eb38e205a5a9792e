// SPDX-License-Identifier: Apache-2.0
#include "deploy/alive_probes.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "deploy/net.h"
#include "model/service.h"

struct alive_probes {
	struct vim *vim;
	struct probes *probes;            /* NULL: nothing is asked yet */
	struct err no_echo[2], no_dns[2]; /* of IPv4, IPv6: why there is no socket */
};

static int open_one(struct vim *vim, int family, bool dns, struct err *err)
{
	const struct net_address of = {.sa.ss_family = (sa_family_t)family};
	int protocol = family == AF_INET6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP;

	if (dns)
		return net_socket(vim, &of, SOCK_DGRAM, 0, err);
	int fd = net_socket(vim, &of, SOCK_DGRAM, protocol, NULL);
	return fd >= 0 ? fd : net_socket(vim, &of, SOCK_RAW, protocol, err);
}

struct alive_probes *alive_probes_new(struct vim *vim)
{
	struct alive_probes *p = xcalloc(1, sizeof(*p));

	p->vim = vim;
	return p;
}

static int open_all(struct alive_probes *p, struct err *err)
{
	if (p->probes)
		return 0;
	struct probes_sockets s = {
		.echo4 = open_one(p->vim, AF_INET, false, &p->no_echo[0]),
		.echo6 = open_one(p->vim, AF_INET6, false, &p->no_echo[1]),
		.dns4 = open_one(p->vim, AF_INET, true, &p->no_dns[0]),
		.dns6 = open_one(p->vim, AF_INET6, true, &p->no_dns[1]),
	};
	return probes_new(&s, &p->probes, err);
}

void alive_probes_free(struct alive_probes *p)
{
	if (!p)
		return;
	probes_free(p->probes);
	for (size_t i = 0; i < 2; i++) {
		err_clear(&p->no_echo[i]);
		err_clear(&p->no_dns[i]);
	}
	free(p);
}

static struct probe *add(struct alive_probes *p, struct probe_target *target, const char *address,
			 struct err *err)
{
	struct probe *probe = NULL;

	target->interval_ms = ALIVE_ROUND_MS;
	if (!ip_parse(address, &target->address)) {
		err_set(err, INVALID, "'%s' must be an IP address", address);
		return NULL;
	}
	if (open_all(p, err) < 0)
		return NULL;
	const struct err *none = &(
		target->kind == PROBE_ECHO ? p->no_echo : p->no_dns)[target->address.version == 6];
	if (none->text)
		err_copy(err, none);
	else
		(void)probe_add(p->probes, target, &probe, err);
	return probe;
}

struct probe *alive_probe_echo(struct alive_probes *p, const char *address, struct err *err)
{
	return add(p, &(struct probe_target){.kind = PROBE_ECHO}, address, err);
}

struct probe *alive_probe_dns(struct alive_probes *p, const char *address, const char *name,
			      struct err *err)
{
	return add(p, &(struct probe_target){.kind = PROBE_DNS, .port = DNS_PORT, .name = name},
		   address, err);
}

struct probe_view alive_probe_look(const struct alive_probes *p, const struct probe *probe)
{
	struct probe_view view = {.answered_ms = -1, .served_ms = -1, .missed_ms = -1, .rcode = -1};

	if (probe)
		probe_look(p->probes, probe, &view);
	return view;
}

void alive_probe_restart(struct alive_probes *p, struct probe *probe)
{
	if (probe)
		probe_restart(p->probes, probe);
}

void alive_probe_end(struct alive_probes *p, struct probe **probe)
{
	if (*probe)
		probe_remove(p->probes, *probe);
	*probe = NULL;
}

bool alive_probes_run(struct alive_probes *p, int64_t until)
{
	struct pollfd timer = {.fd = p->probes ? probes_fd(p->probes) : -1, .events = POLLIN};
	struct probes_health before = {0}, now = {0};
	int left;

	if (p->probes)
		probes_health(p->probes, &before);
	while ((left = clock_left_ms(until)) > 0) {
		if (poll(&timer, 1, left) <= 0)
			continue;
		probes_dispatch(p->probes);
		probes_health(p->probes, &now);
		if (now.answered != before.answered)
			return true;
	}
	return false;
}
