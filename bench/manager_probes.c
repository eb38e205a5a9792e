// SPDX-License-Identifier: Apache-2.0
/*
 * What bench/manager_probes.py runs in a network namespace:
 *   probe TARGETS KINDS SECONDS: the manager's probes at 1 Hz; KINDS is e (echo), d (DNS) or ed
 *   bare TARGETS KINDS SECONDS: as many packets of the same size, one system call each, no books
 *   respond: answers DNS on every address of 127.0.0.0/8, with REFUSED
 * The first two print a JSON object of numbers.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/icmp_echo.h"
#include "probe/probe_dns.h"
#include "probe/probes.h"

enum { WARM_UP_S = 2, PORT = 53, TICKS = 100 };

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Not ru_maxrss, which has that of the process that called exec. */
static double rss_mb(void)
{
	char line[128];
	unsigned long kb = 0;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtoul(line + 6, NULL, 10);
	if (f)
		fclose(f);
	return (double)kb / 1024;
}

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static in_addr_t address_of(unsigned i)
{
	return htonl(0x7f010000U + i / 250 * 256 + i % 250 + 1);
}

static void add_targets(struct probes *p, unsigned n, enum probe_kind kind)
{
	struct probe_target t = {
		.kind = kind, .interval_ms = 1000, .port = PORT, .name = "www.example.test"};
	cleanup_err struct err err = ERR_INIT;
	struct probe *probe;

	for (unsigned i = 0; i < n; i++) {
		in_addr_t address = address_of(i);
		t.address = ip_from_bytes(AF_INET, &address, sizeof(address));
		if (probe_add(p, &t, &probe, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			exit(EXIT_FAILURE);
		}
	}
}

static void dispatch_for(struct probes *p, int64_t us)
{
	struct pollfd timer = {.fd = probes_fd(p), .events = POLLIN};

	for (int64_t end = clock_now() + us; clock_now() < end;)
		if (poll(&timer, 1, 100) == 1)
			probes_dispatch(p);
}

static void probe(unsigned n, const char *kinds, unsigned seconds)
{
	cleanup_err struct err err = ERR_INIT;
	struct probes_sockets sockets;
	struct probes_health before, after;
	struct probes *p;

	if (probes_open(&sockets, &err) < 0 || probes_new(&sockets, &p, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(EXIT_FAILURE);
	}
	if (strchr(kinds, 'e'))
		add_targets(p, n, PROBE_ECHO);
	if (strchr(kinds, 'd'))
		add_targets(p, n, PROBE_DNS);
	dispatch_for(p, WARM_UP_S * US_PER_S);
	probes_health(p, &before);
	double cpu = cpu_s();
	int64_t start = clock_now();
	dispatch_for(p, seconds * US_PER_S);
	double elapsed = clock_ms_since(start) / 1e3;
	cpu = cpu_s() - cpu;
	probes_health(p, &after);
	uint64_t gaps = 0;
	for (int i = 0; i < PROBES_GAP_N; i++)
		gaps += after.gaps[i] - before.gaps[i];
	printf("{\"cpu\": %.5f, \"rss_mb\": %.1f, \"sent_per_s\": %.1f, \"sent\": %llu, "
	       "\"answered\": %llu, "
	       "\"missed\": %llu, \"voided\": %llu, \"gaps\": %llu, \"late_p99_ms\": %.2f, "
	       "\"late_max_ms\": %.2f}\n",
	       cpu / elapsed, rss_mb(), (double)(after.sent - before.sent) / elapsed,
	       (unsigned long long)(after.sent - before.sent),
	       (unsigned long long)(after.answered - before.answered),
	       (unsigned long long)(after.missed - before.missed),
	       (unsigned long long)(after.voided - before.voided), (unsigned long long)gaps,
	       (double)after.late_p99_us / 1e3, (double)after.late_max_us / 1e3);
	probes_free(p);
}

/* Sends those of one tick and reads what has come. */
static void bare_tick(int fd, bool dns, unsigned from, unsigned to)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(dns ? PORT : 0)};
	uint8_t message[PROBE_DNS_READ_MAX], answer[512];
	size_t len = 0;

	for (unsigned i = from; i < to; i++) {
		struct icmp_echo echo = {.number = i};
		at.sin_addr.s_addr = address_of(i);
		if (dns) {
			probe_dns_header((uint16_t)i, message);
			if (probe_dns_question("www.example.test", message + PROBE_DNS_HEADER,
					       &len) < 0)
				abort();
			len += PROBE_DNS_HEADER;
		} else {
			icmp_echo_build(false, &echo, message);
			len = ICMP_ECHO_SIZE;
		}
		(void)!sendto(fd, message, len, 0, (struct sockaddr *)&at, sizeof(at));
	}
	socklen_t size = sizeof(at);
	while (recvfrom(fd, answer, sizeof(answer), MSG_DONTWAIT, (struct sockaddr *)&at, &size) >
	       0)
		;
}

static void bare(unsigned n, const char *kinds, unsigned seconds)
{
	cleanup_err struct err err = ERR_INIT;
	struct probes_sockets s;

	if (probes_open(&s, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(EXIT_FAILURE);
	}
	int64_t next = clock_now();
	for (unsigned tick = 0; tick < seconds * TICKS; tick++) {
		unsigned from = n / TICKS * (tick % TICKS), to = from + n / TICKS;
		if (strchr(kinds, 'e'))
			bare_tick(s.echo4, false, from, to);
		if (strchr(kinds, 'd'))
			bare_tick(s.dns4, true, from, to);
		next += US_PER_S / TICKS;
		if (next > clock_now())
			clock_sleep(next - clock_now());
	}
	printf("{\"cpu\": %.5f}\n", cpu_s() / seconds);
}

static void answer(int fd, struct mmsghdr *m, uint8_t *message)
{
	m->msg_hdr.msg_iov->iov_len = m->msg_len;
	m->msg_hdr.msg_flags = 0;
	message[2] |= 0x80;
	message[3] = 5;
	/* The control message, which has the query's destination, becomes the answer's source. */
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m->msg_hdr); c; c = CMSG_NXTHDR(&m->msg_hdr, c)) {
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		info.ipi_spec_dst = info.ipi_addr;
		info.ipi_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
	(void)!sendmsg(fd, &m->msg_hdr, 0);
}

static _Noreturn void respond(void)
{
	enum { BATCH = 64 };
	static uint8_t bytes[BATCH][512];
	static char control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))]
		__attribute__((aligned(__alignof__(struct cmsghdr))));
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)}, from[BATCH];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1, room = 8 << 20;

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		fail("responder");
	puts("ready");
	fflush(stdout);
	for (;;) {
		for (int i = 0; i < BATCH; i++) {
			parts[i] = (struct iovec){bytes[i], sizeof(bytes[i])};
			messages[i].msg_hdr =
				(struct msghdr){&from[i],   sizeof(from[i]),    &parts[i], 1,
						control[i], sizeof(control[i]), 0};
		}
		int n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++)
			if (messages[i].msg_len >= PROBE_DNS_HEADER)
				answer(fd, &messages[i], bytes[i]);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (strcmp(mode, "respond") == 0)
		respond();
	if (argc != 5)
		return 2;
	unsigned n = (unsigned)strtoul(argv[2], NULL, 10),
		 seconds = (unsigned)strtoul(argv[4], NULL, 10);
	if (strcmp(mode, "probe") == 0)
		probe(n, argv[3], seconds);
	else
		bare(n, argv[3], seconds);
	return 0;
}
