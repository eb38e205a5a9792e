// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/verb.h"
#include "deploy/draft.h"

enum { NAME_MAX_LEN = 63, KEY_SIZE_MAX = 16384 };

/* The answers so far, and where they are kept. */
struct interview {
	struct draft draft;
	struct strv kept; /* owns what draft points to */
	bool asks;        /* on a terminal */
};

static const char *keep(struct interview *i, char *s)
{
	strv_take(&i->kept, s);
	return s;
}

/* One question. take: NULL, or why the answer is wrong. */
typedef const char *take_fn(struct interview *i, const char *answer, size_t offset);

/* A host name's label: the VM's hostname derives from it (RFC 1123, 2.1). */
static bool is_label(const char *s, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	return len > 0 && len <= NAME_MAX_LEN && strspn(s, letters) >= len && s[0] != '-' &&
	       s[len - 1] != '-';
}

static void set_text(struct interview *i, size_t offset, const char *text)
{
	*(const char **)((char *)&i->draft + offset) = keep(i, xstrdup(text));
}

static const char *take_label(struct interview *i, const char *answer, size_t offset)
{
	if (!is_label(answer, strlen(answer)))
		return "it must be lower-case letters, digits and hyphens";
	set_text(i, offset, answer);
	return NULL;
}

static const char *take_name(struct interview *i, const char *answer, size_t offset)
{
	for (const unsigned char *p = (const unsigned char *)answer; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			return "it contains a control character";
	if (!*answer)
		return "it must not be empty";
	set_text(i, offset, answer);
	return NULL;
}

static const char *take_zone(struct interview *i, const char *answer, size_t offset)
{
	size_t len = strlen(answer), n;

	if (len > 0 && answer[len - 1] == '.')
		len--;
	for (const char *p = answer; p <= answer + len; p += n + 1) {
		n = strcspn(p, ".");
		if (p + n > answer + len || !is_label(p, n))
			return "it must be a domain name such as example.test";
	}
	cleanup_free char *zone = xstrndup(answer, len);
	set_text(i, offset, zone);
	return NULL;
}

static const char *take_number(struct interview *i, const char *answer, size_t offset, int64_t min,
			       int64_t max, const char *why)
{
	int64_t value;

	if (str_to_int(answer, min, max, &value) < 0)
		return why;
	*(unsigned *)((char *)&i->draft + offset) = (unsigned)value;
	return NULL;
}

static const char *take_vms(struct interview *i, const char *answer, size_t offset)
{
	return take_number(i, answer, offset, 1, DRAFT_VMS_MAX, "it must be from 1 to 16");
}

static const char *take_legs(struct interview *i, const char *answer, size_t offset)
{
	return take_number(i, answer, offset, 1, DRAFT_LEGS_MAX, "it must be 1 or 2");
}

static const char *take_vlan(struct interview *i, const char *answer, size_t offset)
{
	return take_number(i, answer, offset, 0, 4094, "it must be from 1 to 4094, or 0: untagged");
}

static const char *take_dialect(struct interview *i, const char *answer, size_t offset)
{
	static const char *const words[] = {[DRAFT_NMCLI] = "nmcli",
					    [DRAFT_KEYFILE] = "keyfile",
					    [DRAFT_NETPLAN] = "netplan",
					    [DRAFT_IFCFG] = "ifcfg"};

	(void)offset;
	for (size_t k = 0; k < ARRAY_SIZE(words); k++)
		if (streq(answer, words[k])) {
			i->draft.dialect = (enum draft_dialect)k;
			return NULL;
		}
	return "it must be nmcli, keyfile, netplan or ifcfg";
}

static const char *take_address(struct interview *i, const char *answer, size_t offset)
{
	struct draft_net *net = (struct draft_net *)((char *)&i->draft + offset);
	struct ip_prefix p;

	if (streq(answer, "none")) {
		net->address = (struct ip_prefix){0};
		return NULL;
	}
	if (!strchr(answer, '/') || !ip_prefix_parse(answer, &p))
		return "it must be an address and prefix length, such as 172.16.1.10/24";
	struct ip_addr last = p.addr;
	if (ip_prefix_reserves(&p, &p.addr) || !ip_add(&last, i->draft.vms - 1) ||
	    !ip_prefix_contains(&p, &last) || ip_prefix_reserves(&p, &last))
		return "the VMs' addresses must be host addresses of this network";
	bool six = offset == offsetof(struct draft, service6);
	if (offset != offsetof(struct draft, management) && six != (p.addr.version == 6))
		return six ? "it must be an IPv6 address" : "it must be an IPv4 address, or none";
	net->address = p;
	return NULL;
}

/* Of the network whose address was asked for before; "first" is its first address. */
static const char *take_gateway(struct interview *i, const char *answer, size_t offset)
{
	struct draft_net *net = (struct draft_net *)((char *)&i->draft + offset);
	struct ip_addr ip = ip_prefix_first(&net->address), own = net->address.addr;

	net->gateway = (struct ip_addr){0};
	if (streq(answer, "none") || !net->address.addr.version)
		return NULL;
	if (streq(answer, "first"))
		ip_add(&ip, 1);
	else if (!ip_parse(answer, &ip) || !ip_prefix_contains(&net->address, &ip) ||
		 ip_prefix_reserves(&net->address, &ip))
		return "it must be an address of this network, first or none";
	for (unsigned vm = 0; vm < i->draft.vms; vm++, ip_add(&own, 1))
		if (ip_equal(&ip, &own))
			return "it is the address of a VM";
	net->gateway = ip;
	return NULL;
}

static const char *take_operators(struct interview *i, const char *answer, size_t offset)
{
	struct ip_prefix *p = (struct ip_prefix *)((char *)&i->draft + offset);

	*p = (struct ip_prefix){0};
	if (streq(answer, "none"))
		return NULL;
	if (!ip_prefix_parse(answer, p) ||
	    p->addr.version != i->draft.management.address.addr.version)
		return "it must be a network such as 10.0.0.0/8, of the version of the management "
		       "address";
	p->addr = ip_prefix_first(p);
	return NULL;
}

/* "A,B" as words of the draft, of which there must be n. */
static bool split(struct interview *i, const char *answer, const char **ret, size_t n)
{
	cleanup_free char *copy = xstrdup(answer);
	char *rest = copy, *word;
	size_t k = 0;

	while ((word = strsep(&rest, ", ")))
		if (*word && k++ < n)
			ret[k - 1] = keep(i, xstrdup(word));
	return k == n;
}

static const char *take_networks(struct interview *i, const char *answer, size_t offset)
{
	(void)offset;
	if (streq(answer, "new"))
		return NULL;
	if (split(i, answer, i->draft.networks, 1 + i->draft.legs))
		return NULL;
	i->draft.networks[0] = NULL;
	return "it must be the network of management and one for each leg, with commas between, or "
	       "new";
}

static const char *take_physnets(struct interview *i, const char *answer, size_t offset)
{
	(void)offset;
	if (!split(i, answer, i->draft.physnets, i->draft.legs))
		return "it must be one physical network for each leg, with commas between";
	if (i->draft.legs > 1 && streq(i->draft.physnets[0], i->draft.physnets[1]))
		return "the legs must be on two physical networks: one NIC would take down both";
	return NULL;
}

static const char *take_key(struct interview *i, const char *answer, size_t offset)
{
	cleanup_free char *text = NULL;
	size_t len;

	if (streq(answer, "none"))
		return NULL;
	if (file_read(answer, KEY_SIZE_MAX, &text, &len, NULL) < 0)
		return "the file cannot be read";
	text[strcspn(text, "\r\n")] = 0;
	if (!str_starts(text, "ssh-") && !str_starts(text, "ecdsa-") && !str_starts(text, "sk-"))
		return "the file does not begin with a public key of ssh";
	set_text(i, offset, text);
	return NULL;
}

#define OPTION(MEMBER)       offsetof(struct init_options, MEMBER)
#define ANSWER(MEMBER, TAKE) .offset = offsetof(struct draft, MEMBER), .take = TAKE

static const struct question {
	const char *name, *text, *preset;
	size_t option; /* of a const char * in struct init_options */
	size_t offset;
	take_fn *take;
} questions[] = {
	{"--name", "name of the deployment", "dns", OPTION(name), ANSWER(name, take_label)},
	{"--tenant", "tenant (project)", "dns", OPTION(tenant), ANSWER(tenant, take_name)},
	{"--vms", "number of VMs, each on a host of its own", "1", OPTION(vms),
	 ANSWER(vms, take_vms)},
	{"--legs", "SR-IOV ports of each VM: 2 with a bond, or 1", "2", OPTION(legs),
	 ANSWER(legs, take_legs)},
	{"--networks", "existing networks (MANAGEMENT,LEG1,LEG2), or new", "new", OPTION(networks),
	 ANSWER(networks, take_networks)},
	{"--vlan", "VLAN of new service networks, 0: untagged", "101", OPTION(vlan),
	 ANSWER(vlan, take_vlan)},
	{"--physnets", "physical network of each leg", NULL, OPTION(physnets),
	 ANSWER(physnets, take_physnets)},
	{"--management", "management address of the first VM", "10.10.10.10/24", OPTION(management),
	 ANSWER(management, take_address)},
	{"--management-gateway", "its gateway (an address, first or none)", NULL,
	 OPTION(management_gateway), ANSWER(management, take_gateway)},
	{"--operators", "network behind it, from which operators come", NULL, OPTION(operators),
	 ANSWER(operators, take_operators)},
	{"--service", "IPv4 address of DNS of the first VM, or none", "172.16.1.10/24",
	 OPTION(service), ANSWER(service, take_address)},
	{"--gateway", "its gateway (an address, first or none)", "first", OPTION(gateway),
	 ANSWER(service, take_gateway)},
	{"--service6", "IPv6 address of DNS of the first VM, or none", "none", OPTION(service6),
	 ANSWER(service6, take_address)},
	{"--gateway6", "its gateway (an address, first or none)", "first", OPTION(gateway6),
	 ANSWER(service6, take_gateway)},
	{"--zone", "zone that the VMs serve", "example.test", OPTION(zone),
	 ANSWER(zone, take_zone)},
	{"--dialect", "day-0 dialect: nmcli, keyfile, netplan or ifcfg", "nmcli", OPTION(dialect),
	 ANSWER(dialect, take_dialect)},
	{"--image", "image", "dns-vnf", OPTION(image), ANSWER(image, take_name)},
	{"--flavor", "flavor to create", "dns", OPTION(flavor), ANSWER(flavor, take_name)},
	{"--ssh-key", "file of your public key, or none", "none", OPTION(ssh_key),
	 ANSWER(ssh_key, take_key)},
};

/* Whether the answers so far make the question superfluous. */
static bool is_moot(const struct interview *i, const struct question *q)
{
	const struct draft *d = &i->draft;

	return (d->networks[0] && (q->take == take_vlan || q->take == take_physnets)) ||
	       (q->take == take_operators && !d->management.gateway.version) ||
	       (q->take == take_gateway &&
		!((const struct draft_net *)((const char *)d + q->offset))->address.addr.version);
}

static const char *preset_of(const struct interview *i, const struct question *q)
{
	if (q->preset)
		return q->preset;
	if (q->take == take_physnets)
		return i->draft.legs > 1 ? "sriov0,sriov1" : "sriov0";
	if (q->take == take_operators)
		return i->draft.management.gateway.version == 6 ? "fd00::/8" : "10.0.0.0/8";
	/* An existing management network has a router, most likely. */
	return i->draft.networks[0] ? "first" : "none";
}

/* Until there is a good answer. False: the input has ended. */
static bool ask(struct interview *i, const struct question *q)
{
	cleanup_free char *line = NULL;
	size_t size = 0;

	for (;;) {
		fprintf(stderr, "%s [%s]: ", q->text, preset_of(i, q));
		ssize_t len = getline(&line, &size, stdin);
		if (len < 0)
			return false;
		line[strcspn(line, "\r\n")] = 0;
		const char *why = q->take(i, *line ? line : preset_of(i, q), q->offset);
		if (!why)
			return true;
		fprintf(stderr, "%s\n", why);
	}
}

static int interview(const struct verb *verb, const struct init_options *o, struct interview *i)
{
	cleanup_err struct err err = ERR_INIT;

	for (size_t k = 0; k < ARRAY_SIZE(questions); k++) {
		const struct question *q = &questions[k];
		const char *given = *(const char *const *)((const char *)o + q->option);
		if (is_moot(i, q) && !given)
			continue;
		if (!given && i->asks && !ask(i, q)) {
			err_set(&err, INTERRUPTED, "no more answers; nothing was written");
			return cli_fail(verb->name, &err);
		}
		const char *why = given || !i->asks
					  ? q->take(i, given ? given : preset_of(i, q), q->offset)
					  : NULL;
		if (why)
			return command_usage_error(&dnsvnf_program, verb, "%s '%s': %s", q->name,
						   given ? given : preset_of(i, q), why);
	}
	if (!i->draft.management.address.addr.version)
		return command_usage_error(&dnsvnf_program, verb,
					   "--management: VM_ALIVE needs an address");
	if (!i->draft.service.address.addr.version && !i->draft.service6.address.addr.version)
		return command_usage_error(&dnsvnf_program, verb,
					   "--service or --service6 must be an address");
	return EXIT_DONE;
}

int verb_init(const struct verb *verb, const void *options)
{
	const struct init_options *o = options;
	struct interview i = {.asks = !o->common.json && isatty(STDIN_FILENO) &&
				      isatty(STDERR_FILENO)};
	cleanup_draft_files struct draft_files files = {0};
	cleanup_model struct model *model = NULL;
	cleanup_err struct err err = ERR_INIT;
	int code = interview(verb, o, &i);

	if (code == EXIT_DONE) {
		model = draft_make(&i.draft, &files);
		code = draft_write(o->common.operand, model, "Written by dnsvnf init.", &files,
				   0644, &err) < 0
			       ? cli_fail(verb->name, &err)
			       : cli_report_written(verb, &o->common, o->common.operand, &files);
	}
	strv_clear(&i.kept);
	return code;
}
