// SPDX-License-Identifier: Apache-2.0
#include "cli/verb.h"

#include "base/alloc.h"
#include "cli/answer.h"
#include "placement/schedule.h"
#include "verbs.md.inc"

/* Rows of options. Their names, arguments and help are in data/verbs.md, in the section of VERB. */
#define OPTION(VERB, KIND, STRUCT, MEMBER, ...)                               \
	((struct option_row){dnsvnf_##VERB##_##MEMBER, .type = OPTION_##KIND, \
			     .offset = offsetof(struct STRUCT, MEMBER), __VA_ARGS__})
#define OUTPUT(VERB, WORDS, PRESET)                                                      \
	((struct option_row){dnsvnf_##VERB##_output, .brief = 'o', .type = OPTION_ENUM,  \
			     .offset = offsetof(struct options, format), .words = WORDS, \
			     .preset = PRESET})
#define COMMON(KIND, MEMBER, ...)    OPTION(common, KIND, options, MEMBER, __VA_ARGS__)
#define ROW(KIND, VERB, MEMBER, ...) OPTION(VERB, KIND, VERB##_options, MEMBER, __VA_ARGS__)

/* The keys under "clouds:" in the files that openstacksdk reads. */
#define CLOUD_NAMES                                                                          \
	"cat \"$OS_CLIENT_CONFIG_FILE\" clouds.yaml ~/.config/openstack/clouds.yaml "        \
	"/etc/openstack/clouds.yaml 2>/dev/null | awk '/^[^ #]/ { on = /^clouds:/; n = 0 } " \
	"on && match($0, /^ +[^ #]/) { if (!n) n = RLENGTH; "                                \
	"if (n == RLENGTH && match($0, /: *$/)) print substr($0, n, RSTART - n) }'"

#define HELP    ((struct option_row){dnsvnf_common_help, .brief = 'h'})
#define VERBOSE COMMON(COUNT, verbose, .brief = 'v')
#define FOLDERS COMMON(FILES, files)
#define RESULT  OUTPUT(common, "text json", "text")
#define EVENTS  OUTPUT(deploy, "text json", "text")
#define HOSTS   COMMON(FILE, hosts)
#define VIM                                                                     \
	COMMON(STRING, vim, .words = "local envvars", .complete = CLOUD_NAMES), \
		COMMON(STRING, os_cloud, .words = "envvars", .complete = CLOUD_NAMES)
#define TIMINGS COMMON(FLAG, timings)

OPTION_ROWS(check_options, HELP, VERBOSE, FOLDERS, OUTPUT(check, "text json sarif", "text"), VIM,
	    TIMINGS, ROW(FLAG, check, list, .stands_alone = true),
	    ROW(STRING, check, explain,
		.complete = "dnsvnf check --list 2>/dev/null | awk 'NR > 1 { print $1 }'",
		.stands_alone = true));
OPTION_ROWS(init_options, HELP, VERBOSE, OUTPUT(init, "text json", "text"), ROW(STRING, init, name),
	    ROW(STRING, init, tenant), ROW(STRING, init, vms), ROW(STRING, init, legs),
	    ROW(STRING, init, networks), ROW(STRING, init, vlan), ROW(STRING, init, physnets),
	    ROW(STRING, init, management), ROW(STRING, init, management_gateway),
	    ROW(STRING, init, operators), ROW(STRING, init, service), ROW(STRING, init, gateway),
	    ROW(STRING, init, service6), ROW(STRING, init, gateway6), ROW(STRING, init, zone),
	    ROW(STRING, init, dialect, .words = "nmcli keyfile netplan ifcfg"),
	    ROW(STRING, init, image), ROW(STRING, init, flavor), ROW(FILE, init, ssh_key));
OPTION_ROWS(import_options, HELP, VERBOSE, RESULT, VIM, TIMINGS, ROW(FILE, import, folder));
OPTION_ROWS(draw_options, HELP, VERBOSE, FOLDERS, OUTPUT(draw, "svg json", "svg"),
	    ROW(FILE, draw, svg), VIM, TIMINGS, HOSTS);
OPTION_ROWS(plan_options, HELP, VERBOSE, FOLDERS, RESULT, VIM, TIMINGS, HOSTS,
	    ROW(UINT, plan, count, .min = 1, .max = CAPACITY_MAX, .needs = "hosts"),
	    ROW(FLAG, plan, exit_code), ROW(FLAG, plan, undeploy), ROW(STRING, plan, replace));
OPTION_ROWS(render_options, HELP, VERBOSE, FOLDERS, RESULT);
OPTION_ROWS(ddi_options, HELP, VERBOSE, FOLDERS, RESULT, ROW(FILE, ddi, folder),
	    ROW(STRING, ddi, interface, .preset = "bond0"));
OPTION_ROWS(explain_options, HELP, VERBOSE, FOLDERS, RESULT, VIM, TIMINGS, HOSTS);
OPTION_ROWS(deploy_options, HELP, VERBOSE, FOLDERS, EVENTS, VIM, TIMINGS, HOSTS,
	    ROW(FLAG, deploy, at_once), ROW(FLAG, deploy, keep_failed),
	    ROW(FLAG, deploy, no_rollback), ROW(STRING, deploy, replace),
	    ROW(FLAG, deploy, yes, .brief = 'y'), ROW(FLAG, deploy, force));
OPTION_ROWS(drill_options, HELP, VERBOSE, FOLDERS, RESULT, VIM, TIMINGS,
	    ROW(UINT, drill, qps, .min = 1, .max = 20000, .preset = "1000"),
	    ROW(ENUM, drill, failure, .words = "carrier silent", .preset = "carrier"),
	    ROW(STRING, drill, leg), ROW(STRING, drill, port),
	    ROW(UINT, drill, repeat, .min = 1, .max = 1000, .preset = "1"),
	    ROW(UINT, drill, max_outage, .min = 1, .max = 60000), ROW(FILE, drill, svg),
	    ROW(FILE, drill, csv));
OPTION_ROWS(status_options, HELP, VERBOSE, FOLDERS, RESULT, VIM, TIMINGS,
	    ROW(FLAG, status, watch, .stands_alone = true));
OPTION_ROWS(manage_options, HELP, VERBOSE, FOLDERS, RESULT, VIM, ROW(FLAG, manage, no_deploy));
OPTION_ROWS(events_options, HELP, VERBOSE, OUTPUT(events, "text json", "text"),
	    ROW(FLAG, events, follow, .brief = 'f'), ROW(STRING, events, since));
OPTION_ROWS(hold_options, HELP, VERBOSE, RESULT, ROW(STRING, hold, why),
	    ROW(UINT, hold, minutes, .min = 1, .max = 527040, .preset = "120"));
OPTION_ROWS(plain_options, HELP, VERBOSE, RESULT); /* release, manager */
OPTION_ROWS(heal_options, HELP, VERBOSE, RESULT, ROW(FLAG, heal, force),
	    ROW(FLAG, heal, discard_state));
OPTION_ROWS(vim_options, HELP, VERBOSE, FOLDERS, RESULT, VIM, TIMINGS); /* verify */
OPTION_ROWS(ipam_options, HELP, VERBOSE, FOLDERS, RESULT,
	    ROW(ENUM, ipam, csv, .words = "none prefixes addresses reservations",
		.preset = "none"));
OPTION_ROWS(servers_options, HELP, VERBOSE, FOLDERS, RESULT, VIM, TIMINGS,
	    ROW(STRING, servers, since));
OPTION_ROWS(power_options, HELP, VERBOSE, FOLDERS, EVENTS, VIM, TIMINGS,
	    ROW(FLAG, power, yes, .brief = 'y'), ROW(FLAG, power, force));
OPTION_ROWS(undeploy_options, HELP, VERBOSE, FOLDERS, EVENTS, VIM, TIMINGS,
	    OPTION(deploy, FLAG, undeploy_options, yes, .brief = 'y'),
	    OPTION(deploy, FLAG, undeploy_options, force));
OPTION_ROWS(host_options, HELP, VERBOSE, RESULT, ROW(FILE, host, root), ROW(FILE, host, capture),
	    ROW(FLAG, host, tune), ROW(FLAG, host, apply, .needs = "tune"));

/* Rows of verbs: name, summary, text and example are in data/verbs.md. */
#define VERB(NAME) dnsvnf_##NAME, .run = verb_##NAME
#define OPERANDS(NAME, STRUCT, MEMBER) \
	.operand = NAME, .operand_offset = offsetof(struct STRUCT, MEMBER)
#define OPERAND(NAME)         OPERANDS(NAME, options, operand)
#define OPTIONS(ROWS, STRUCT) .options = ROWS, .options_size = sizeof(struct STRUCT)

static const struct verb verbs[] = {
	{VERB(init), OPERAND("FOLDER"), OPTIONS(init_options, init_options)},
	{VERB(import), OPERANDS("SERVER...", import_options, servers),
	 OPTIONS(import_options, import_options)},
	{VERB(check), OPERAND("DEP.xml"), OPTIONS(check_options, check_options)},
	{VERB(draw), OPERAND("DEP.xml"), OPTIONS(draw_options, draw_options)},
	{VERB(plan), OPERAND("DEP.xml"), OPTIONS(plan_options, plan_options), .policy = VERB_WARNS},
	{VERB(render), OPERAND("DEP.xml"), OPTIONS(render_options, options),
	 .policy = VERB_OFFLINE | VERB_WARNS},
	{VERB(ddi), OPERAND("DEP.xml"), OPTIONS(ddi_options, ddi_options)},
	{VERB(explain), OPERAND("DEP.xml"), OPTIONS(explain_options, options),
	 .policy = VERB_TAKES_BROKEN | VERB_WARNS | VERB_NEEDS_NO_VIM},
	{VERB(deploy), OPERAND("DEP.xml"), OPTIONS(deploy_options, deploy_options),
	 .policy = VERB_CHANGES | VERB_WARNS | VERB_STREAMS | VERB_STOPS},
	{VERB(verify), OPERAND("DEP.xml"), OPTIONS(vim_options, options)},
	{VERB(drill), OPERAND("DEP.xml"), OPTIONS(drill_options, drill_options),
	 .policy = VERB_CHANGES | VERB_STOPS},
	{VERB(status), OPERAND("[DEP.xml]"), OPTIONS(status_options, status_options),
	 .policy = VERB_TAKES_BROKEN},
	{VERB(ipam), OPERAND("DEP.xml|ddi.yaml"), OPTIONS(ipam_options, ipam_options),
	 .policy = VERB_OFFLINE},
	{VERB(servers), OPERAND("[DEP.xml]"), OPTIONS(servers_options, servers_options),
	 .policy = VERB_TAKES_BROKEN},
	{VERB(power), OPERANDS("start|stop|reboot DEP.xml SERVER...", power_options, operands),
	 .operand_words = "start stop reboot", OPTIONS(power_options, power_options),
	 .policy = VERB_CHANGES | VERB_TAKES_BROKEN | VERB_STREAMS},
	{VERB(undeploy), OPERAND("DEP.xml"), OPTIONS(undeploy_options, undeploy_options),
	 .policy = VERB_CHANGES | VERB_TAKES_BROKEN | VERB_STREAMS},
	{VERB(manage), OPERAND("DEP.xml"), OPTIONS(manage_options, manage_options),
	 .policy = VERB_OFFLINE | VERB_WARNS},
	{VERB(manager), OPERANDS("list|diff|rollback|undeploy...", manager_options, operands),
	 OPTIONS(plain_options, manager_options)},
	{VERB(events), OPTIONS(events_options, events_options), .policy = VERB_STREAMS},
	{VERB(hold), OPERANDS("vm|deployment|network|host|cloud NAME...", hold_options, operands),
	 OPTIONS(hold_options, hold_options)},
	{VERB(release),
	 OPERANDS("vm|deployment|network|host|cloud NAME...", release_options, operands),
	 OPTIONS(plain_options, release_options)},
	{VERB(heal), OPERAND("VM"), OPTIONS(heal_options, heal_options)},
	{VERB(host), OPTIONS(host_options, host_options)},
};

static const struct synonym synonyms[] = {
	{"apply create up install launch", "deploy"},
	{"destroy delete remove rm down teardown uninstall", "undeploy"},
	{"show list ls get info ps", "status"},
	{"validate lint", "check"},
	{"new generate scaffold template", "init"},
	{"test", "verify"},
	{"diff preview dry-run", "plan"},
	{"export adopt capture", "import"},
	{"render graph topology", "draw"},
	{"schedule why place", "explain"},
	{"hosts inventory facts", "host"},
	{"failover chaos bench", "drill"},
	{"accept watch register", "manage"},
	{"pause suspend freeze maintenance", "hold"},
	{"resume unhold unfreeze", "release"},
	{"recover repair", "heal"},
	{"log logs history tail", "events"},
	{"start stop reboot restart shutdown", "power"},
};

const struct program dnsvnf_program = {
	.name = "dnsvnf",
	.version = DNSVNF_VERSION,
	.operand = "[DEP.xml]",
	.summary = "Deploys a DNS VNF that survives the loss of a NIC, verifies it, and measures "
		   "the outage of a failure.",
	.exit_codes = "0 success, 1 check or operation failed, 2 usage error, 3 VIM or network "
		      "unreachable, 4 interrupted, 5 drill inconclusive",
	.verbs = verbs,
	.n_verbs = ARRAY_SIZE(verbs),
	.synonyms = synonyms,
	.n_synonyms = ARRAY_SIZE(synonyms),
	.usage_error = answer_usage_error,
};
