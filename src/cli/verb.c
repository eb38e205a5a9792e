// SPDX-License-Identifier: Apache-2.0
#include "cli/verb.h"

#include "base/alloc.h"
#include "placement/schedule.h"

#define AT(member) offsetof(struct options, member)

#define HELP                                                           \
	{                                                              \
		.name = "help", .brief = 'h', .help = "show this help" \
	}
#define VERBOSE                                                                               \
	{                                                                                     \
		.name = "verbose", .brief = 'v', .type = OPTION_COUNT, .offset = AT(verbose), \
		.help = "say what is done, on stderr; twice: every exchange"                  \
	}
#define OUTPUT(FORMATS, HELP_TEXT)                                                         \
	{                                                                                  \
		.name = "output", .brief = 'o', .type = OPTION_ENUM, .offset = AT(format), \
		.words = FORMATS, .preset = "text", .help = HELP_TEXT                      \
	}
#define VIM                                                                                     \
	{                                                                                       \
		.name = "vim", .type = OPTION_STRING, .offset = AT(vim), .argument = "VIM",     \
		.words = "local",                                                               \
		.help = "the VIM to use: local is the embedded one; default: the descriptor's " \
			"locator/vim_id"                                                        \
	}
#define TIMINGS                                                                    \
	{                                                                          \
		.name = "timings", .type = OPTION_FLAG, .offset = AT(timings),     \
		.help = "print each request to the cloud with its time, on stderr" \
	}
#define HOSTS                                                                                     \
	{                                                                                         \
		.name = "hosts", .type = OPTION_FILE, .offset = AT(hosts), .argument = "FOLDER",  \
		.help = "what the compute hosts have: files by 'dnsvnf host -o json', one a host" \
	}
#define END       \
	{         \
		0 \
	}

static const struct option_row check_options[] = {
	HELP,
	VERBOSE,
	OUTPUT("text json sarif", "how to print the findings; sarif: SARIF 2.1.0"),
	{.name = "list",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct check_options, list),
	 .help = "list every rule that a finding can name",
	 .stands_alone = true},
	{.name = "explain",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct check_options, explain),
	 .argument = "RULE",
	 .help = "tell what a rule wants, why, and what to do",
	 .stands_alone = true},
	END,
};

static const struct option_row draw_options[] = {
	HELP,
	VERBOSE,
	{.name = "output",
	 .brief = 'o',
	 .type = OPTION_FILE,
	 .offset = offsetof(struct draw_options, file),
	 .argument = "FILE",
	 .help = "write the picture into FILE (default: standard output)"},
	VIM,
	TIMINGS,
	HOSTS,
	END,
};

static const struct option_row plan_options[] = {
	HELP,
	VERBOSE,
	OUTPUT("text json", "how to print the result"),
	VIM,
	TIMINGS,
	HOSTS,
	{.name = "count",
	 .type = OPTION_UINT,
	 .offset = offsetof(struct plan_options, count),
	 .argument = "N",
	 .help = "with --hosts: exit with 1 when there is no capacity for N such deployments",
	 .min = 1,
	 .max = CAPACITY_MAX,
	 .needs = "hosts"},
	END,
};

static const struct option_row explain_options[] = {
	HELP, VERBOSE, OUTPUT("text json", "how to print the result"), VIM, TIMINGS, HOSTS, END,
};

static const struct option_row deploy_options[] = {
	HELP,
	VERBOSE,
	OUTPUT("text json", "how to print the result; json: a line for each event"),
	VIM,
	TIMINGS,
	HOSTS,
	{.name = "keep-failed",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct deploy_options, keep_failed),
	 .help = "leave what was made when the deployment fails"},
	END,
};

static const struct option_row drill_options[] = {
	HELP,
	VERBOSE,
	OUTPUT("text json", "how to print the result"),
	VIM,
	TIMINGS,
	{.name = "qps",
	 .type = OPTION_UINT,
	 .offset = offsetof(struct drill_options, qps),
	 .argument = "N",
	 .help = "queries a second",
	 .preset = "1000",
	 .min = 1,
	 .max = 20000},
	{.name = "failure",
	 .type = OPTION_ENUM,
	 .offset = offsetof(struct drill_options, failure),
	 .help = "carrier: the leg's link goes down; silent: its path is cut, the carrier stays "
		 "(local only)",
	 .words = "carrier silent",
	 .preset = "carrier"},
	{.name = "svg",
	 .type = OPTION_FILE,
	 .offset = offsetof(struct drill_options, svg),
	 .argument = "FILE",
	 .help = "draw the answers over time into FILE"},
	END,
};

/* verify, status */
static const struct option_row vim_options[] = {
	HELP, VERBOSE, OUTPUT("text json", "how to print the result"), VIM, TIMINGS, END,
};

static const struct option_row undeploy_options[] = {
	HELP, VERBOSE, OUTPUT("text json", "how to print the result; json: a line for each event"),
	VIM,  TIMINGS, END,
};

static const struct option_row host_options[] = {
	HELP,
	VERBOSE,
	OUTPUT("text json", "how to print the result"),
	{.name = "root",
	 .type = OPTION_FILE,
	 .offset = offsetof(struct host_options, root),
	 .argument = "FOLDER",
	 .help = "read another machine's files, as a capture holds them"},
	{.name = "capture",
	 .type = OPTION_FILE,
	 .offset = offsetof(struct host_options, capture),
	 .argument = "FILE",
	 .help = "write what would be read into FILE, a tar.gz"},
	{.name = "tune",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct host_options, tune),
	 .help = "print the conntrack settings for DNS on OVS ports"},
	{.name = "apply",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct host_options, apply),
	 .help = "with --tune: write them to /etc and set them now",
	 .needs = "tune"},
	END,
};

static const struct verb verbs[] = {
	{
		.name = "check",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = check_options,
		.options_size = sizeof(struct check_options),
		.summary = "say what is wrong with a descriptor and its day-0 files",
		.text = "Reads the descriptor and the day-0 files it names and lists what is wrong "
			"with file, line and reason. Nothing is built and no VIM is asked. Exit "
			"code 1 when there is an error, 0 otherwise. --list and --explain need no "
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
		.summary = "draw the topology as SVG, with what is wrong marked on it",
		.text = "Draws networks, and for each VM the host, its NUMA nodes, NICs, ports and "
			"the VM with its bond and addresses. Findings of check are marked where "
			"they belong; notes are only counted. With --hosts, each VM is drawn where "
			"explain puts it; with --vim, as that VIM has built it; with neither, no "
			"VIM is asked, and the picture shows what is wanted. A design with errors "
			"is drawn too.",
		.example = "dnsvnf draw -o topology.svg examples/technote/corrected/dep.xml",
		.run = verb_draw,
	},
	{
		.name = "plan",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = plan_options,
		.options_size = sizeof(struct plan_options),
		.summary = "show what deploy would make, in order",
		.text = "Compares the descriptor with what the VIM has and prints the steps that "
			"deploy would take. Nothing is changed. With --hosts also where Nova will "
			"put each server, or why nowhere; with --count how many such deployments "
			"have room, and what runs out first on each host. Exit code 1 when a "
			"server finds no host or fewer than N have room.",
		.example = "sudo dnsvnf plan examples/technote/corrected/dep.xml",
		.policy = VERB_WARNS,
		.run = verb_plan,
	},
	{
		.name = "explain",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = explain_options,
		.options_size = sizeof(struct options),
		.summary =
			"tell where Nova will put each server, or why nowhere and what would help",
		.text = "Applies the rules of Nova's scheduler to the hosts of --hosts and prints "
			"each server's place, or for each host the reasons, and what was found to "
			"fit instead. With --hosts alone no VIM is asked. With --vim, what the VIM "
			"knows (VFs and CPUs in use, bridge mappings, what became of the server) "
			"is "
			"added, and what its role may not see is said to be unknown. Exit code 1 "
			"when a server finds no host.",
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
		.summary = "make what the descriptor asks for and wait until DNS answers",
		.text = "Makes networks, ports and servers, waits until the servers are alive "
			"(VM_ALIVE) and DNS answers on the bond (SERVICE_ALIVE). Run again, it "
			"finishes what an interrupted run began, or says that there is nothing to "
			"do. When no host takes a server, --hosts lets it tell why.",
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
		.summary = "prove what was built: ports, bond, NUMA, addresses, DNS",
		.text = "Asks the VIM, the guest and the DNS service and prints each check with "
			"pass, fail or unknown and the evidence. Exit code 1 when one failed.",
		.example = "sudo dnsvnf verify examples/technote/corrected/dep.xml",
		.run = verb_verify,
	},
	{
		.name = "drill",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = drill_options,
		.options_size = sizeof(struct drill_options),
		.summary = "break the bond's active leg under DNS load and measure the outage",
		.text = "Sends DNS queries from the service network, takes the link of the bond's "
			"active leg down, or cuts the path behind it, counts what is lost, mends "
			"it whatever happens. Prints what bondd in the guest said of it beside the "
			"outage seen from outside, and why when the bond did not fail over. Exit "
			"code 1 then, or when queries stayed lost.",
		.example = "sudo dnsvnf drill --qps 1000 --svg outage.svg "
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
		.summary = "list the deployments with uptime, bond and addresses",
		.text = "Without a descriptor: every deployment of the embedded VIM, or of the VIM "
			"that is named. With one: its deployments only.",
		.example = "sudo dnsvnf status",
		.policy = VERB_TAKES_BROKEN,
		.run = verb_status,
	},
	{
		.name = "undeploy",
		.operand = "DEP.xml",
		.operand_offset = offsetof(struct options, operand),
		.options = undeploy_options,
		.options_size = sizeof(struct options),
		.summary = "remove everything that deploy made, and only that",
		.text = "Removes all objects that carry the deployment's mark, servers first, also "
			"those of a run that was killed. Nothing there is no error.",
		.example = "sudo dnsvnf undeploy examples/technote/corrected/dep.xml",
		.policy = VERB_CHANGES | VERB_TAKES_BROKEN | VERB_STREAMS,
		.run = verb_undeploy,
	},
	{
		.name = "host",
		.options = host_options,
		.options_size = sizeof(struct host_options),
		.summary = "show what this compute host has for VNFs on SR-IOV, and what is wrong",
		.text = "Reads NUMA nodes, NICs with their physical and virtual functions, IOMMU, "
			"huge pages, conntrack and modules from the kernel, and says what stands "
			"in the way. Works without privileges; what then cannot be seen is "
			"unknown. Exit code 1 when there is an error.",
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
	.summary = "Deploys a DNS VNF that survives the loss of a NIC, proves it, and breaks it on "
		   "purpose.",
	.exit_codes = "0 done, 1 not right, 2 usage, 3 not reached, 4 interrupted",
	.verbs = verbs,
	.n_verbs = ARRAY_SIZE(verbs),
	.synonyms = synonyms,
	.n_synonyms = ARRAY_SIZE(synonyms),
};
