// SPDX-License-Identifier: Apache-2.0
#include "cli/verb.h"

#include "base/alloc.h"
#include "cli/answer.h"
#include "placement/schedule.h"

#define AT(member) offsetof(struct options, member)

#define HELP .name = "help", .brief = 'h', .help = "show this help"

#define VERBOSE                                                                       \
	.name = "verbose", .brief = 'v', .type = OPTION_COUNT, .offset = AT(verbose), \
	.help = "print each action on stderr; twice: also every exchange with the VIM"

#define OUTPUT(FORMATS, HELP_TEXT)                                                 \
	.name = "output", .brief = 'o', .type = OPTION_ENUM, .offset = AT(format), \
	.words = FORMATS, .preset = "text", .help = HELP_TEXT

/* The keys under "clouds:" in the files that openstacksdk reads. */
#define CLOUD_NAMES                                                                          \
	"cat \"$OS_CLIENT_CONFIG_FILE\" clouds.yaml ~/.config/openstack/clouds.yaml "        \
	"/etc/openstack/clouds.yaml 2>/dev/null | awk '/^[^ #]/ { on = /^clouds:/; n = 0 } " \
	"on && match($0, /^ +[^ #]/) { if (!n) n = RLENGTH; "                                \
	"if (n == RLENGTH && match($0, /: *$/)) print substr($0, n, RSTART - n) }'"

#define VIM                                                                             \
	.name = "vim", .type = OPTION_STRING, .offset = AT(vim), .argument = "VIM",     \
	.words = "local envvars", .complete = CLOUD_NAMES,                              \
	.help = "the VIM to use: a cloud in clouds.yaml, or 'local', the embedded VIM " \
		"(default: OS_CLOUD, the descriptor's vim_id, or local; they must agree)"

#define OS_CLOUD                                                                                \
	.name = "os-cloud", .type = OPTION_STRING, .offset = AT(os_cloud), .argument = "CLOUD", \
	.words = "envvars", .complete = CLOUD_NAMES,                                            \
	.help = "same as --vim CLOUD, named as in the openstack command"

#define TIMINGS                                                        \
	.name = "timings", .type = OPTION_FLAG, .offset = AT(timings), \
	.help = "print each request to the cloud with its duration on stderr"

#define HOSTS                                                                              \
	.name = "hosts", .type = OPTION_FILE, .offset = AT(hosts), .argument = "FOLDER",   \
	.help = "compute host inventories: one file per host, written by 'dnsvnf host -o " \
		"json'"

static const struct option_row check_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json sarif", "output format of the findings; sarif is SARIF 2.1.0")},
	{.name = "list",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct check_options, list),
	 .help = "list all rules",
	 .stands_alone = true},
	{.name = "explain",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct check_options, explain),
	 .argument = "RULE",
	 .complete = "dnsvnf check --list 2>/dev/null | awk 'NR > 1 { print $1 }'",
	 .help = "explain a rule: requirement, reason, remedy, source",
	 .stands_alone = true},
	{0},
};

static const struct option_row draw_options[] = {
	{HELP},
	{VERBOSE},
	{.name = "output",
	 .brief = 'o',
	 .type = OPTION_ENUM,
	 .offset = AT(format),
	 .words = "svg json",
	 .preset = "svg",
	 .help = "how to print the result; json: an object that holds the picture"},
	{.name = "svg",
	 .type = OPTION_FILE,
	 .offset = offsetof(struct draw_options, svg),
	 .argument = "FILE",
	 .help = "write the picture to FILE instead of standard output"},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{HOSTS},
	{0},
};

static const struct option_row plan_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{HOSTS},
	{.name = "count",
	 .type = OPTION_UINT,
	 .offset = offsetof(struct plan_options, count),
	 .argument = "N",
	 .help = "with --hosts: exit with 1 if there is no capacity for N such deployments",
	 .min = 1,
	 .max = CAPACITY_MAX,
	 .needs = "hosts"},
	{.name = "exit-code",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct plan_options, exit_code),
	 .help = "exit with 1 if anything would change"},
	{.name = "undeploy",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct plan_options, undeploy),
	 .help = "show what undeploy would delete"},
	{0},
};

static const struct option_row render_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result")},
	{0},
};

static const struct option_row explain_options[] = {
	{HELP},  {VERBOSE},  {OUTPUT("text json", "how to print the result")},
	{VIM},   {OS_CLOUD}, {TIMINGS},
	{HOSTS}, {0},
};

static const struct option_row deploy_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result; json: a line for each event")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{HOSTS},
	{.name = "at-once",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct deploy_options, at_once),
	 .help = "change servers even if none serves meanwhile; those to be replaced go together"},
	{.name = "keep-failed",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct deploy_options, keep_failed),
	 .help = "do not roll back a failed deployment"},
	{.name = "no-rollback",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct deploy_options, no_rollback),
	 .help = "leave a server in the state of its failed change"},
	{.name = "yes",
	 .brief = 'y',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct deploy_options, yes),
	 .help = "do not ask before something is deleted, replaced or interrupted"},
	{.name = "force",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct deploy_options, force),
	 .help = "change and delete servers even if the compute service of their host is down"},
	{0},
};

static const struct option_row drill_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{.name = "qps",
	 .type = OPTION_UINT,
	 .offset = offsetof(struct drill_options, qps),
	 .argument = "N",
	 .help = "queries per second, at most; the drill uses fewer if some are lost without a "
		 "failure",
	 .preset = "1000",
	 .min = 1,
	 .max = 20000},
	{.name = "failure",
	 .type = OPTION_ENUM,
	 .offset = offsetof(struct drill_options, failure),
	 .help = "carrier: set the leg's link down; silent: drop its packets, the carrier stays up "
		 "(local only)",
	 .words = "carrier silent",
	 .preset = "carrier"},
	{.name = "leg",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct drill_options, leg),
	 .argument = "NAME",
	 .help = "fail this leg of the bond, by its name in the guest (default: the active one)"},
	{.name = "port",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct drill_options, port),
	 .argument = "NAME",
	 .help = "fail this port, by its name in the VIM; works without bondd in the guest"},
	{.name = "repeat",
	 .type = OPTION_UINT,
	 .offset = offsetof(struct drill_options, repeat),
	 .argument = "N",
	 .help = "drill N times; print median, 95th percentile and maximum",
	 .preset = "1",
	 .min = 1,
	 .max = 1000},
	{.name = "max-outage",
	 .type = OPTION_UINT,
	 .offset = offsetof(struct drill_options, max_outage),
	 .argument = "MS",
	 .help = "exit with 1 if an outage, at the failure or at the leg's return, is longer",
	 .min = 1,
	 .max = 60000},
	{.name = "svg",
	 .type = OPTION_FILE,
	 .offset = offsetof(struct drill_options, svg),
	 .argument = "FILE",
	 .help = "write a plot of the answers over time to FILE (--repeat: of the longest outage)"},
	{.name = "csv",
	 .type = OPTION_FILE,
	 .offset = offsetof(struct drill_options, csv),
	 .argument = "FILE",
	 .help = "write each query with its time and latency to FILE"},
	{0},
};

/* verify, status */
static const struct option_row vim_options[] = {
	{HELP},    {VERBOSE}, {OUTPUT("text json", "how to print the result")}, {VIM}, {OS_CLOUD},
	{TIMINGS}, {0},
};

static const struct option_row undeploy_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result; json: a line for each event")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{.name = "yes",
	 .brief = 'y',
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct undeploy_options, yes),
	 .help = "do not ask before something is deleted, replaced or interrupted"},
	{.name = "force",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct undeploy_options, force),
	 .help = "change and delete servers even if the compute service of their host is down"},
	{0},
};

static const struct option_row host_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result")},
	{.name = "root",
	 .type = OPTION_FILE,
	 .offset = offsetof(struct host_options, root),
	 .argument = "CAPTURE",
	 .help = "read another machine from the file of --capture, or from the folder 'host' in "
		 "it"},
	{.name = "capture",
	 .type = OPTION_FILE,
	 .offset = offsetof(struct host_options, capture),
	 .argument = "FILE",
	 .help = "write the files that 'host' reads to FILE, a tar.gz"},
	{.name = "tune",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct host_options, tune),
	 .help = "print the conntrack settings for DNS on OVS ports"},
	{.name = "apply",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct host_options, apply),
	 .help = "with --tune: write the settings to /etc and apply them now",
	 .needs = "tune"},
	{0},
};

static const struct verb verbs[] = {
	{
		.name = "check",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = check_options,
		.options_size = sizeof(struct check_options),
		.summary = "check a descriptor and its day-0 files",
		.text = "Reads the descriptor and its day-0 files and lists the findings with "
			"file, line and reason. Creates nothing and contacts no VIM. Exit code 1 "
			"if there is an error, otherwise 0. --list and --explain need no "
			"descriptor.",
		.example = "dnsvnf check examples/technote/published/dep.xml",
		.run = verb_check,
	},
	{
		.name = "draw",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = draw_options,
		.options_size = sizeof(struct draw_options),
		.summary = "draw the topology as SVG, with the findings",
		.text = "Draws the networks, and for each VM its host with NUMA nodes, NICs and "
			"ports, its bond and its addresses. Errors and warnings of check are "
			"marked at the object they concern; notes are only counted. With --hosts, "
			"draws each VM on the host that explain selects; with --vim, on the host "
			"where it runs; without both, draws the design as described and contacts "
			"no VIM. Designs with errors are drawn too.",
		.example = "dnsvnf draw --svg topology.svg examples/technote/corrected/dep.xml",
		.run = verb_draw,
	},
	{
		.name = "plan",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = plan_options,
		.options_size = sizeof(struct plan_options),
		.summary = "show what deploy would do, in order",
		.text = "Compares the descriptor with the objects in the VIM and prints the steps "
			"of deploy, or with --undeploy what undeploy would delete. Changes "
			"nothing. With --hosts, also prints the host that Nova "
			"will select for each server, or why no host fits; with --count, how many "
			"such deployments fit, and which resource runs out first on each host. "
			"Exit code 1 if a server fits on no host or fewer than N deployments fit.",
		.example = "sudo dnsvnf plan examples/technote/corrected/dep.xml",
		.policy = VERB_WARNS,
		.run = verb_plan,
	},
	{
		.name = "render",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = render_options,
		.options_size = sizeof(struct options),
		.summary = "show user data, config drive and requests of a deployment without "
			   "sending them",
		.text = "Prints for each VM the final user data and the files of its config drive, "
			"then the request for each object, as for a VIM that has none of them. No "
			"VIM is contacted: ids and MAC addresses that the VIM chooses are marked. "
			"The user data contains the secrets of the day-0 files.",
		.example = "dnsvnf render examples/technote/corrected/dep.xml",
		.policy = VERB_OFFLINE | VERB_WARNS,
		.run = verb_render,
	},
	{
		.name = "explain",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = explain_options,
		.options_size = sizeof(struct options),
		.summary = "show which host Nova will select for each server, or why none fits and "
			   "what would help",
		.text = "Applies the rules of Nova's scheduler to the hosts of --hosts and prints "
			"each server's host, NUMA cells and VFs, or the reasons why no host fits, "
			"and changes that would make it fit. With --hosts alone, contacts no VIM. "
			"With --vim, also uses data of the VIM (VFs and CPUs in use, bridge "
			"mappings, the server's state); anything the role cannot see is reported "
			"as unknown. Exit code 1 if a server fits on no host.",
		.example = "dnsvnf explain --hosts hosts/ examples/technote/corrected/dep.xml",
		.policy = VERB_TAKES_BROKEN | VERB_WARNS | VERB_NEEDS_NO_VIM,
		.run = verb_explain,
	},
	{
		.name = "deploy",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = deploy_options,
		.options_size = sizeof(struct deploy_options),
		.summary = "create the deployment and wait until DNS answers",
		.text = "Creates networks, ports and servers, then waits until the servers are "
			"alive (VM_ALIVE) and DNS answers on the bond (SERVICE_ALIVE). Can be "
			"repeated: it completes an interrupted run, or reports that nothing is to "
			"be done. Existing servers that differ are changed one at a time, in place "
			"where the VIM can, and the next one only after DNS of the last answers; "
			"one that does not serve within bootup_time is rolled back. If "
			"no host accepts a server, it explains why when --hosts is given.",
		.example = "sudo dnsvnf deploy examples/technote/corrected/dep.xml",
		.policy = VERB_CHANGES | VERB_WARNS | VERB_STREAMS | VERB_STOPS,
		.run = verb_deploy,
	},
	{
		.name = "verify",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = vim_options,
		.options_size = sizeof(struct options),
		.summary = "verify the deployment: ports, bond, NUMA, addresses, DNS",
		.text = "Queries the VIM, the guest and the DNS service and prints each check with "
			"its result (pass, fail or unknown) and the evidence. Exit code 1 if a "
			"check failed.",
		.example = "sudo dnsvnf verify examples/technote/corrected/dep.xml",
		.run = verb_verify,
	},
	{
		.name = "drill",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = drill_options,
		.options_size = sizeof(struct drill_options),
		.summary = "fail the bond's active leg under DNS load and measure the outage",
		.text = "Sends DNS queries from the service network, at a rate that is answered "
			"without loss, and sets the link of the bond's active leg down or drops "
			"its packets. Always restores the leg, also after an error or an "
			"interrupt. Prints the outage at the failure and at the leg's return, "
			"apart from other losses, and the report of bondd in the guest; if the "
			"bond did not fail over, also the reason. Exit code 1 if it did not fail "
			"over, if queries are still lost at the end or if an outage exceeds "
			"--max-outage; 5 if the result is inconclusive because this machine or the "
			"guest was overloaded.",
		.example = "sudo dnsvnf drill --repeat 5 --max-outage 100 --svg outage.svg "
			   "examples/technote/corrected/dep.xml",
		.policy = VERB_CHANGES | VERB_STOPS,
		.run = verb_drill,
	},
	{
		.name = "status",
		.operand = "[DEP.xml]",
		.operand_offset = offsetof(struct options, operand),
		.options = vim_options,
		.options_size = sizeof(struct options),
		.summary = "list deployments with uptime, bond and addresses",
		.text = "Without a descriptor, lists all deployments in the embedded VIM, or in "
			"the VIM given by --vim; with a descriptor, only its deployments.",
		.example = "sudo dnsvnf status",
		.policy = VERB_TAKES_BROKEN,
		.run = verb_status,
	},
	{
		.name = "undeploy",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = undeploy_options,
		.options_size = sizeof(struct undeploy_options),
		.summary = "remove the deployment, and nothing else",
		.text = "Removes all objects that carry the deployment's mark, servers first, "
			"including those of a killed run. Lists them and asks for confirmation; "
			"without a terminal it needs --yes. Exit code 1 if nothing is deployed.",
		.example = "sudo dnsvnf undeploy --yes examples/technote/corrected/dep.xml",
		.policy = VERB_CHANGES | VERB_TAKES_BROKEN | VERB_STREAMS,
		.run = verb_undeploy,
	},
	{
		.name = "host",
		.options = host_options,
		.options_size = sizeof(struct host_options),
		.summary = "show this compute host's resources for SR-IOV VNFs, with findings",
		.text = "Reads NUMA nodes, NICs with their physical and virtual functions, IOMMU, "
			"huge pages, conntrack and modules from the kernel, and reports problems. "
			"Needs no privileges; anything that cannot be read without them is "
			"reported as unknown. Exit code 1 if there is an error.",
		.example = "dnsvnf host",
		.run = verb_host,
	},
};

static const struct synonym synonyms[] = {
	{"apply create up install launch start", "deploy"},
	{"destroy delete remove rm down teardown uninstall stop", "undeploy"},
	{"show list ls get info ps", "status"},
	{"validate lint", "check"},
	{"test", "verify"},
	{"diff preview dry-run", "plan"},
	{"render graph topology", "draw"},
	{"schedule why place", "explain"},
	{"hosts inventory facts", "host"},
	{"failover chaos bench", "drill"},
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
