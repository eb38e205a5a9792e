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

/* Rows: struct and member that they set, name, ... */
#define ROW(KIND, STRUCT, MEMBER, NAME, HELP_TEXT)                                      \
	.name = NAME, .type = OPTION_##KIND, .offset = offsetof(struct STRUCT, MEMBER), \
	.help = HELP_TEXT
#define FLAG(STRUCT, MEMBER, NAME, HELP_TEXT) ROW(FLAG, STRUCT, MEMBER, NAME, HELP_TEXT)
#define TEXT(STRUCT, MEMBER, NAME, ARGUMENT, HELP_TEXT) \
	ROW(STRING, STRUCT, MEMBER, NAME, HELP_TEXT), .argument = ARGUMENT
#define PATH(STRUCT, MEMBER, NAME, ARGUMENT, HELP_TEXT) \
	ROW(FILE, STRUCT, MEMBER, NAME, HELP_TEXT), .argument = ARGUMENT
#define NUMBER(STRUCT, MEMBER, NAME, ARGUMENT, MIN, MAX, HELP_TEXT) \
	ROW(UINT, STRUCT, MEMBER, NAME, HELP_TEXT), .argument = ARGUMENT, .min = MIN, .max = MAX
#define FILES                                                                             \
	.name = "files", .type = OPTION_FILES, .offset = AT(files), .argument = "FOLDER", \
	.help = "also read day-0 files in FOLDER (default: only in the descriptor's "     \
		"folder); may be repeated"

static const struct option_row check_options[] = {
	{HELP},
	{VERBOSE},
	{FILES},
	{OUTPUT("text json sarif", "output format of the findings; sarif is SARIF 2.1.0")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{FLAG(check_options, list, "list", "list all rules"), .stands_alone = true},
	{.name = "explain",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct check_options, explain),
	 .argument = "RULE",
	 .complete = "dnsvnf check --list 2>/dev/null | awk 'NR > 1 { print $1 }'",
	 .help = "explain a rule: requirement, reason, remedy, source",
	 .stands_alone = true},
	{0},
};

static const struct option_row init_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result; json: asks nothing")},
	{TEXT(init_options, name, "name", "NAME", "name of the deployment (default: dns)")},
	{TEXT(init_options, tenant, "tenant", "TENANT", "its tenant, a project (default: dns)")},
	{TEXT(init_options, vms, "vms", "N", "VMs, each on another host (default: 1)")},
	{TEXT(init_options, legs, "legs", "N",
	      "SR-IOV ports of a VM: 2 with a bond (default), or 1")},
	{TEXT(init_options, networks, "networks", "MANAGEMENT,LEG1,LEG2",
	      "use these existing networks (default: new, defined in the descriptor)")},
	{TEXT(init_options, vlan, "vlan", "ID",
	      "VLAN of the new service networks; 0: untagged (default: 101)")},
	{TEXT(init_options, physnets, "physnets", "NAME,NAME",
	      "physical networks of the legs (default: sriov0,sriov1)")},
	{TEXT(init_options, management, "management", "ADDRESS/LEN",
	      "management address of the first VM; the others follow (default: 10.10.10.10/24)")},
	{TEXT(init_options, management_gateway, "management-gateway", "ADDRESS",
	      "its gateway, first or none (default: none; of an existing network, first)")},
	{TEXT(init_options, operators, "operators", "ADDRESS/LEN",
	      "the network behind it, from which operators come (default: 10.0.0.0/8)")},
	{TEXT(init_options, service, "service", "ADDRESS/LEN",
	      "IPv4 address of DNS, or none (default: 172.16.1.10/24)")},
	{TEXT(init_options, gateway, "gateway", "ADDRESS",
	      "its gateway, first or none (default: first)")},
	{TEXT(init_options, service6, "service6", "ADDRESS/LEN",
	      "IPv6 address of DNS, or none (default: none)")},
	{TEXT(init_options, gateway6, "gateway6", "ADDRESS",
	      "its gateway, first or none (default: first)")},
	{TEXT(init_options, zone, "zone", "DOMAIN",
	      "zone that the VMs serve (default: example.test)")},
	{TEXT(init_options, dialect, "dialect", "DIALECT",
	      "what configures the guest's network: nmcli (default), "
	      "keyfile, netplan, ifcfg"),
	 .words = "nmcli keyfile netplan ifcfg"},
	{TEXT(init_options, image, "image", "NAME", "image (default: dns-vnf)")},
	{TEXT(init_options, flavor, "flavor", "NAME", "flavor to create (default: dns)")},
	{PATH(init_options, ssh_key, "ssh-key", "FILE",
	      "public key that may log in, or none (default: none)")},
	{0},
};

static const struct option_row import_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{PATH(import_options, folder, "folder", "FOLDER",
	      "write to FOLDER (default: named like the deployment)")},
	{0},
};

static const struct option_row draw_options[] = {
	{HELP},
	{VERBOSE},
	{FILES},
	{.name = "output",
	 .brief = 'o',
	 .type = OPTION_ENUM,
	 .offset = AT(format),
	 .words = "svg json",
	 .preset = "svg",
	 .help = "how to print the result; json: an object that holds the picture"},
	{PATH(draw_options, svg, "svg", "FILE",
	      "write the picture to FILE instead of standard output")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{HOSTS},
	{0},
};

static const struct option_row plan_options[] = {
	{HELP},
	{VERBOSE},
	{FILES},
	{OUTPUT("text json", "how to print the result")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{HOSTS},
	{NUMBER(plan_options, count, "count", "N", 1, CAPACITY_MAX,
		"with --hosts: exit with 1 if there is no capacity for N such deployments"),
	 .needs = "hosts"},
	{FLAG(plan_options, exit_code, "exit-code", "exit with 1 if anything would change")},
	{FLAG(plan_options, undeploy, "undeploy", "show what undeploy would delete")},
	{TEXT(plan_options, replace, "replace", "SERVER", "show what deploy --replace would do")},
	{0},
};

static const struct option_row render_options[] = {
	{HELP}, {VERBOSE}, {FILES}, {OUTPUT("text json", "how to print the result")}, {0},
};

static const struct option_row explain_options[] = {
	{HELP}, {VERBOSE},  {FILES},   {OUTPUT("text json", "how to print the result")},
	{VIM},  {OS_CLOUD}, {TIMINGS}, {HOSTS},
	{0},
};

static const struct option_row deploy_options[] = {
	{HELP},
	{VERBOSE},
	{FILES},
	{OUTPUT("text json", "how to print the result; json: a line for each event")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{HOSTS},
	{FLAG(deploy_options, at_once, "at-once",
	      "change servers even if none serves meanwhile; those to be replaced go together")},
	{FLAG(deploy_options, keep_failed, "keep-failed", "do not roll back a failed deployment")},
	{FLAG(deploy_options, no_rollback, "no-rollback",
	      "leave a server in the state of its failed change")},
	{TEXT(deploy_options, replace, "replace", "SERVER",
	      "make this server anew, from its image and day-0, with the ports that it has; other "
	      "servers are kept as they are")},
	{FLAG(deploy_options, yes, "yes",
	      "do not ask before something is deleted, replaced or interrupted"),
	 .brief = 'y'},
	{FLAG(deploy_options, force, "force",
	      "change and delete servers even if the compute service of their host is down")},
	{0},
};

static const struct option_row drill_options[] = {
	{HELP},
	{VERBOSE},
	{FILES},
	{OUTPUT("text json", "how to print the result")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{NUMBER(drill_options, qps, "qps", "N", 1, 20000,
		"queries per second, at most; the drill uses fewer if some are lost without a "
		"failure"),
	 .preset = "1000"},
	{.name = "failure",
	 .type = OPTION_ENUM,
	 .offset = offsetof(struct drill_options, failure),
	 .help = "carrier: set the leg's link down; silent: drop its packets, the carrier stays up "
		 "(local only)",
	 .words = "carrier silent",
	 .preset = "carrier"},
	{TEXT(drill_options, leg, "leg", "NAME",
	      "fail this leg of the bond, by its name in the guest (default: the active one)")},
	{TEXT(drill_options, port, "port", "NAME", "fail this port, by its name in the VIM")},
	{NUMBER(drill_options, repeat, "repeat", "N", 1, 1000,
		"drill N times; print median, 95th percentile and maximum"),
	 .preset = "1"},
	{NUMBER(drill_options, max_outage, "max-outage", "MS", 1, 60000,
		"exit with 1 if an outage, at the failure or at the leg's return, is longer")},
	{PATH(drill_options, svg, "svg", "FILE",
	      "write a plot of the answers over time to FILE (--repeat: of the longest outage)")},
	{PATH(drill_options, csv, "csv", "FILE",
	      "write each query with its time and latency to FILE")},
	{0},
};

static const struct option_row status_options[] = {
	{HELP},
	{VERBOSE},
	{FILES},
	{OUTPUT("text json", "how to print the result")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{FLAG(status_options, watch, "watch",
	      "show what the manager (dnsvnfd) sees of the VMs that it watches"),
	 .stands_alone = true},
	{0},
};

static const struct option_row manage_options[] = {
	{HELP},
	{VERBOSE},
	{FILES},
	{OUTPUT("text json", "how to print the result")},
	{VIM},
	{OS_CLOUD},
	{FLAG(manage_options, no_deploy, "no-deploy", "watch what runs, without a deploy")},
	{0},
};

static const struct option_row events_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the events; json: a line for each")},
	{FLAG(events_options, follow, "follow", "wait for further events"), .brief = 'f'},
	{TEXT(events_options, since, "since", "N|TIME",
	      "from event number N on, or from a UTC time, such as 2026-12-01T02:56 (default: all "
	      "that are kept)")},
	{0},
};

static const struct option_row hold_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result")},
	{TEXT(hold_options, why, "why", "TEXT", "the reason, shown with the hold; required")},
	{NUMBER(hold_options, minutes, "minutes", "N", 1, 527040, "until when it holds"),
	 .preset = "120"},
	{0},
};

/* release, manager */
static const struct option_row plain_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result")},
	{0},
};

static const struct option_row heal_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result")},
	{FLAG(heal_options, force, "force", "even if it answers something")},
	{FLAG(heal_options, discard_state, "discard-state",
	      "a redeploy may lose leases and keys that only this VM has")},
	{0},
};

/* verify */
static const struct option_row vim_options[] = {
	{HELP}, {VERBOSE},  {FILES},   {OUTPUT("text json", "how to print the result")},
	{VIM},  {OS_CLOUD}, {TIMINGS}, {0},
};

static const struct option_row servers_options[] = {
	{HELP},
	{VERBOSE},
	{FILES},
	{OUTPUT("text json", "how to print the result")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{TEXT(servers_options, since, "since", "TIME",
	      "only servers that changed or were deleted since TIME (UTC, as "
	      "2026-11-29T07:25:14Z; the embedded VIM lists all)")},
	{0},
};

static const struct option_row power_options[] = {
	{HELP},
	{VERBOSE},
	{FILES},
	{OUTPUT("text json", "how to print the result; json: a line for each event")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{FLAG(power_options, yes, "yes", "do not ask before a server is stopped or rebooted"),
	 .brief = 'y'},
	{FLAG(power_options, force, "force",
	      "go on even if the compute service of the host is down")},
	{0},
};

static const struct option_row undeploy_options[] = {
	{HELP},
	{VERBOSE},
	{FILES},
	{OUTPUT("text json", "how to print the result; json: a line for each event")},
	{VIM},
	{OS_CLOUD},
	{TIMINGS},
	{FLAG(undeploy_options, yes, "yes",
	      "do not ask before something is deleted, replaced or interrupted"),
	 .brief = 'y'},
	{FLAG(undeploy_options, force, "force",
	      "change and delete servers even if the compute service of their host is down")},
	{0},
};

static const struct option_row host_options[] = {
	{HELP},
	{VERBOSE},
	{OUTPUT("text json", "how to print the result")},
	{PATH(host_options, root, "root", "CAPTURE",
	      "read another machine from the file of --capture, or from the folder 'host' in it")},
	{PATH(host_options, capture, "capture", "FILE",
	      "write the files that 'host' reads to FILE, a tar.gz")},
	{FLAG(host_options, tune, "tune", "print the conntrack settings for DNS on OVS ports")},
	{FLAG(host_options, apply, "apply",
	      "with --tune: write the settings to /etc and apply them now"),
	 .needs = "tune"},
	{0},
};

#define OPERAND(NAME)         .operand = NAME, .operand_offset = offsetof(struct options, operand)
#define OPTIONS(ROWS, STRUCT) .options = ROWS, .options_size = sizeof(struct STRUCT)

static const struct verb verbs[] = {
	{
		.name = "init",
		OPERAND("FOLDER"),
		OPTIONS(init_options, init_options),
		.summary = "write a new descriptor and its day-0 files, by questions or options",
		.text = "Writes dep.xml, the day-0 files, knot.conf and a zone to FOLDER, and "
			"checks "
			"them. On a terminal asks for what no option gives; elsewhere takes the "
			"defaults. Replaces no file.",
		.example = "dnsvnf init --vms 2 --dialect netplan my-dns",
		.run = verb_init,
	},
	{
		.name = "import",
		.operand = "SERVER...",
		.operand_offset = offsetof(struct import_options, servers),
		OPTIONS(import_options, import_options),
		.summary = "write the descriptor and day-0 files of servers that run in a cloud",
		.text = "Reads servers, given by name or id, with their ports, networks, flavor, "
			"image, user data and server group, and writes dep.xml and the day-0 "
			"files. "
			"Of a server that dnsvnf made, the whole deployment is read, and plan of "
			"what is written has nothing to do. What the cloud does not show is named: "
			"files on the config drive, user data without the role admin, images' "
			"sources. Changes nothing in the cloud and replaces no file.",
		.example = "dnsvnf import --vim admin cpnr-dns_cpnr_0",
		.run = verb_import,
	},
	{
		.name = "check",
		OPERAND("DEP.xml"),
		OPTIONS(check_options, check_options),
		.summary = "check a descriptor and its day-0 files",
		.text = "Reads the descriptor and its day-0 files and lists the findings with "
			"file, line and reason. Creates nothing. With --vim, also takes type, "
			"segment, MTU and subnets of existing networks, extra specs of existing "
			"flavors, image properties and quotas from the VIM; without it, contacts "
			"no VIM. Exit code 1 if there is an error, otherwise 0. --list and "
			"--explain need no descriptor.",
		.example = "dnsvnf check examples/technote/published/dep.xml",
		.run = verb_check,
	},
	{
		.name = "draw",
		OPERAND("DEP.xml"),
		OPTIONS(draw_options, draw_options),
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
		OPERAND("DEP.xml"),
		OPTIONS(plan_options, plan_options),
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
		OPERAND("DEP.xml"),
		OPTIONS(render_options, options),
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
		OPERAND("DEP.xml"),
		OPTIONS(explain_options, options),
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
		OPERAND("DEP.xml"),
		OPTIONS(deploy_options, deploy_options),
		.summary = "create the deployment and wait until DNS answers",
		.text = "Creates networks, ports and servers, then waits until the servers are "
			"alive (VM_ALIVE), DNS answers on the bond, and the bond has all its legs "
			"(SERVICE_ALIVE). Can be repeated: it completes an interrupted run, or "
			"reports that nothing is to be done. Existing servers that differ are "
			"changed one at a time, in place "
			"where the VIM can, and the next one only after DNS of the last answers; "
			"one that does not serve within bootup_time is rolled back. With "
			"--replace, "
			"one server is made anew: rebuilt on its host if it runs, else deleted and "
			"created; its ports, MACs and addresses stay. If "
			"no host accepts a server, it explains why when --hosts is given.",
		.example = "sudo dnsvnf deploy examples/technote/corrected/dep.xml",
		.policy = VERB_CHANGES | VERB_WARNS | VERB_STREAMS | VERB_STOPS,
		.run = verb_deploy,
	},
	{
		.name = "verify",
		OPERAND("DEP.xml"),
		OPTIONS(vim_options, options),
		.summary = "verify the deployment: ports, bond, NUMA, addresses, DNS",
		.text = "Queries the VIM, the guest and the DNS service and prints each check with "
			"its result (pass, fail or unknown) and the evidence. Exit code 1 if a "
			"check failed.",
		.example = "sudo dnsvnf verify examples/technote/corrected/dep.xml",
		.run = verb_verify,
	},
	{
		.name = "drill",
		OPERAND("DEP.xml"),
		OPTIONS(drill_options, drill_options),
		.summary = "fail the bond's active leg under DNS load and measure the outage",
		.text = "Sends DNS queries from the service network, at a rate that is answered "
			"without loss, and sets the link of the bond's active leg down or drops "
			"its packets. Always restores the leg, also after an error or an "
			"interrupt. Prints the outage at the failure and at the leg's return, "
			"apart from other losses, and the report of bondd in the guest; if the "
			"bond did not fail over, also the reason. Exit code 1 if it did not fail "
			"over, if queries are still lost at the end or if an outage exceeds "
			"--max-outage; 5 if the result is inconclusive because this machine or the "
			"guest was overloaded, or because the leg kept its carrier.",
		.example = "sudo dnsvnf drill --repeat 5 --max-outage 100 --svg outage.svg "
			   "examples/technote/corrected/dep.xml",
		.policy = VERB_CHANGES | VERB_STOPS,
		.run = verb_drill,
	},
	{
		.name = "status",
		OPERAND("[DEP.xml]"),
		OPTIONS(status_options, status_options),
		.summary = "list deployments with uptime, bond and addresses",
		.text = "Without a descriptor, lists all deployments in the embedded VIM, or in "
			"the VIM given by --vim; with a descriptor, only its deployments. Of a "
			"server in a cloud it also shows Nova's task, that it is locked and why, a "
			"compute service that is not up, and of one that is off the last action, "
			"with the id of its user. With --watch, asks the manager and no VIM: the "
			"state of each VM, what answers, and why it is not healed.",
		.example = "sudo dnsvnf status",
		.policy = VERB_TAKES_BROKEN,
		.run = verb_status,
	},
	{
		.name = "servers",
		OPERAND("[DEP.xml]"),
		OPTIONS(servers_options, servers_options),
		.summary = "list what the VIM says of the servers of all deployments, for programs",
		.text = "Lists the servers of dnsvnf's deployments in the project of the "
			"credentials, or in the projects of the descriptor's deployments, with "
			"state, power state, task, lock, host and time of the last change, by one "
			"request; asks no guest. Says so if the list is partial, because a cell of "
			"Nova does not answer or this could not be seen: then a server that is not "
			"listed may exist. Of servers that were deleted (--since) and of a cell "
			"that does not answer, Nova shows no deployment: all of the project are "
			"listed, with their ids.",
		.example = "dnsvnf servers --vim admin -o json --since 2026-11-29T07:25:14Z",
		.policy = VERB_TAKES_BROKEN,
		.run = verb_servers,
	},
	{
		.name = "power",
		.operand = "start|stop|reboot DEP.xml SERVER...",
		.operand_offset = offsetof(struct power_options, operands),
		.operand_words = "start stop reboot",
		OPTIONS(power_options, power_options),
		.summary = "start, stop or hard reboot servers of a deployment",
		.text = "Starts, stops or reboots the named servers, one after another, with their "
			"disks and ports as they are, and waits until the VIM is done, not until "
			"DNS answers. reboot is hard: power off and on. Before stop and reboot, "
			"asks for confirmation; without a terminal it needs --yes. Checks all "
			"servers of a deployment first, and does nothing if Nova has a task for "
			"one, if one is locked, or if the compute service of its host is down. The "
			"next deploy replaces a server that is off.",
		.example = "sudo dnsvnf power reboot examples/technote/corrected/dep.xml "
			   "cpnr-dns_cpnr_0",
		.policy = VERB_CHANGES | VERB_TAKES_BROKEN | VERB_STREAMS,
		.run = verb_power,
	},
	{
		.name = "undeploy",
		OPERAND("DEP.xml"),
		OPTIONS(undeploy_options, undeploy_options),
		.summary = "remove the deployment, and nothing else",
		.text = "Removes all objects that carry the deployment's mark, servers first, "
			"including those of a killed run. Lists them and asks for confirmation; "
			"without a terminal it needs --yes. Exit code 1 if nothing is deployed.",
		.example = "sudo dnsvnf undeploy --yes examples/technote/corrected/dep.xml",
		.policy = VERB_CHANGES | VERB_TAKES_BROKEN | VERB_STREAMS,
		.run = verb_undeploy,
	},
	{
		.name = "manage",
		OPERAND("DEP.xml"),
		OPTIONS(manage_options, manage_options),
		.summary = "give a deployment to the manager, which deploys and watches it",
		.text = "Checks the descriptor and gives it with copies of its day-0 files to "
			"dnsvnfd, which keeps them, deploys the deployment if it differs, and "
			"watches its VMs. Again with a changed descriptor: the next generation.",
		.example = "sudo dnsvnf manage --vim mycloud examples/technote/corrected/dep.xml",
		.policy = VERB_OFFLINE | VERB_WARNS,
		.run = verb_manage,
	},
	{
		.name = "manager",
		.operand = "list|diff|rollback|undeploy...",
		.operand_offset = offsetof(struct manager_options, operands),
		OPTIONS(plain_options, manager_options),
		.summary = "generations of a managed deployment: list, diff, rollback; undeploy",
		.text = "'list TENANT/DEPLOYMENT' shows the kept generations, 'diff "
			"TENANT/DEPLOYMENT 3 4' what differs, 'rollback TENANT/DEPLOYMENT 3' "
			"makes a copy of generation 3 the current one and deploys it. 'undeploy "
			"TENANT/DEPLOYMENT' removes the deployment from the VIM, tried until "
			"nothing is left, and then from the manager.",
		.example = "sudo dnsvnf manager diff test-tenant/cpnr-dns 1 2",
		.run = verb_manager,
	},
	{
		.name = "events",
		OPTIONS(events_options, events_options),
		.summary = "print the manager's events",
		.text = "Prints the events that dnsvnfd keeps: descriptors accepted, jobs, changes "
			"of the VMs' state, what was or would have been done about it, and why "
			"not.",
		.example = "sudo dnsvnf events --follow --since 2026-12-01T02:56",
		.policy = VERB_STREAMS,
		.run = verb_events,
	},
	{
		.name = "hold",
		.operand = "vm|deployment|network|host|cloud NAME...",
		.operand_offset = offsetof(struct hold_options, operands),
		OPTIONS(hold_options, hold_options),
		.summary = "forbid the manager to heal a VM, or what shares a network, host, cloud",
		.text = "Until its time is over or 'dnsvnf release', nothing that the hold covers "
			"is healed; it is still watched. A deployment is named "
			"TENANT/DEPLOYMENT.",
		.example = "sudo dnsvnf hold host compute-1 --minutes 60 --why 'BIOS update'",
		.run = verb_hold,
	},
	{
		.name = "release",
		.operand = "vm|deployment|network|host|cloud NAME...",
		.operand_offset = offsetof(struct release_options, operands),
		OPTIONS(plain_options, release_options),
		.summary = "end a hold",
		.text = "Ends what 'dnsvnf hold' began. Of a network, host or cloud in which too "
			"many VMs are silent for any of them to be healed, it also permits that.",
		.example = "sudo dnsvnf release host compute-1",
		.run = verb_release,
	},
	{
		.name = "heal",
		OPERAND("VM"),
		OPTIONS(heal_options, heal_options),
		.summary = "have the manager heal a VM now",
		.text = "Asks dnsvnfd for one act on the VM, named as in the VIM, by the recovery "
			"policy of its descriptor: also if heal = watch, if its recovery is "
			"manual, or if it has failed before.",
		.example = "sudo dnsvnf heal cpnr-dns_cpnr_0",
		.run = verb_heal,
	},
	{
		.name = "host",
		OPTIONS(host_options, host_options),
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
