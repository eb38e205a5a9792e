// SPDX-License-Identifier: Apache-2.0
#include "cli/verb.h"

#include "base/alloc.h"

const struct option_row option_table[] = {
	{'h', 'h', "help", NULL, NULL, "show this help"},
	{'v', 'v', "verbose", NULL, NULL, "say what is done, on stderr; twice: every exchange"},
	{'o', 'o', "output", "FORMAT", "text json sarif",
	 "text (default) or json; of check also sarif (2.1.0)"},
	{'O', 'o', "output", "FILE", "", "write the picture into FILE (default: standard output)"},
	{'V', 0, "vim", "VIM", "local",
	 "the VIM to use: local is the embedded one; default: the descriptor's locator/vim_id"},
	{'k', 0, "keep-failed", NULL, NULL, "leave what was made when the deployment fails"},
	{'T', 0, "timings", NULL, NULL, "print each request to the cloud with its time, on stderr"},
	{'q', 0, "qps", "N", NULL, "queries a second, 1 to 20000 (default 1000)"},
	{'f', 0, "failure", "KIND", "carrier silent",
	 "carrier (default): the leg's link goes down; silent: its path is cut, the carrier stays "
	 "(local only)"},
	{'l', 0, "list", NULL, NULL, "list every rule that a finding can name"},
	{'e', 0, "explain", "RULE", NULL, "tell what a rule wants, why, and what to do"},
	{'s', 0, "svg", "FILE", "", "draw the answers over time into FILE"},
	{'r', 0, "root", "FOLDER", "", "read another machine's files, as a capture holds them"},
	{'c', 0, "capture", "FILE", "", "write what would be read into FILE, a tar.gz"},
	{'t', 0, "tune", NULL, NULL, "print the conntrack settings for DNS on OVS ports"},
	{'H', 0, "hosts", "FOLDER", "",
	 "what the compute hosts have: files by 'dnsvnf host -o json', one a host"},
	{'n', 0, "count", "N", NULL,
	 "with --hosts: is there capacity for N such deployments? Exit code 1 when not"},
	{'a', 0, "apply", NULL, NULL, "with --tune: write them to /etc and set them now"},
};
const size_t option_count = ARRAY_SIZE(option_table);

const struct verb verb_table[] = {
	{
		.name = "check",
		.operand = "DEP.xml",
		.options = "hvole",
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
		.options = "hvOVHT",
		.summary = "draw the topology as SVG, with what is wrong marked on it",
		.text = "Draws networks, host, NUMA nodes, NICs, ports and the VM with its bond "
			"and "
			"addresses. What check finds is marked where it stands; notes are counted "
			"only. With --hosts, on the first host by name that takes it; with --vim, "
			"as that VIM has built it; without both no VIM is asked, and the picture "
			"shows what is wanted. A design with errors is drawn too.",
		.example = "dnsvnf draw -o topology.svg examples/technote/corrected/dep.xml",
		.run = verb_draw,
	},
	{
		.name = "plan",
		.operand = "DEP.xml",
		.options = "hvoVTHn",
		.summary = "show what deploy would make, in order",
		.text = "Compares the descriptor with what the VIM has and prints the steps that "
			"deploy would take. Nothing is changed. With --hosts also where Nova will "
			"put each server, or why nowhere; with --count how many such deployments "
			"have room, and what runs out first on each host. Exit code 1 when a "
			"server finds no host or fewer than N have room.",
		.example = "sudo dnsvnf plan examples/technote/corrected/dep.xml",
		.run = verb_plan,
	},
	{
		.name = "explain",
		.operand = "DEP.xml",
		.options = "hvoVTH",
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
		.run = verb_explain,
	},
	{
		.name = "deploy",
		.operand = "DEP.xml",
		.options = "hvoVkTH",
		.summary = "make what the descriptor asks for and wait until DNS answers",
		.text = "Makes networks, ports and servers, waits until the servers are alive "
			"(VM_ALIVE) and DNS answers on the bond (SERVICE_ALIVE). Run again, it "
			"finishes what an interrupted run began, or says that there is nothing to "
			"do. When no host takes a server, --hosts lets it tell why.",
		.example = "sudo dnsvnf deploy examples/technote/corrected/dep.xml",
		.changes = true,
		.run = verb_deploy,
	},
	{
		.name = "verify",
		.operand = "DEP.xml",
		.options = "hvoVT",
		.summary = "prove what was built: ports, bond, NUMA, addresses, DNS",
		.text = "Asks the VIM, the guest and the DNS service and prints each check with "
			"pass, fail or unknown and the evidence. Exit code 1 when one failed.",
		.example = "sudo dnsvnf verify examples/technote/corrected/dep.xml",
		.run = verb_verify,
	},
	{
		.name = "drill",
		.operand = "DEP.xml",
		.options = "hvoVqfsT",
		.summary = "break the bond's active leg under DNS load and measure the outage",
		.text = "Sends DNS queries from the service network, takes the link of the bond's "
			"active leg down, or cuts the path behind it, counts what is lost, mends "
			"it whatever happens. Prints what bondd in the guest said of it beside the "
			"outage seen from outside, and why when the bond did not fail over. Exit "
			"code 1 then, or when queries stayed lost.",
		.example = "sudo dnsvnf drill --qps 1000 --svg outage.svg "
			   "examples/technote/corrected/dep.xml",
		.changes = true,
		.run = verb_drill,
	},
	{
		.name = "status",
		.operand = "[DEP.xml]",
		.options = "hvoVT",
		.summary = "list the deployments with uptime, bond and addresses",
		.text = "Without a descriptor: every deployment of the embedded VIM, or of the VIM "
			"that is named. With one: its deployments only.",
		.example = "sudo dnsvnf status",
		.run = verb_status,
	},
	{
		.name = "undeploy",
		.operand = "DEP.xml",
		.options = "hvoVT",
		.summary = "remove everything that deploy made, and only that",
		.text = "Removes all objects that carry the deployment's mark, servers first, also "
			"those of a run that was killed. Nothing there is no error.",
		.example = "sudo dnsvnf undeploy examples/technote/corrected/dep.xml",
		.changes = true,
		.run = verb_undeploy,
	},
	{
		.name = "host",
		.operand = "",
		.options = "hvorcta",
		.summary = "show what this compute host has for VNFs on SR-IOV, and what is wrong",
		.text = "Reads NUMA nodes, NICs with their physical and virtual functions, IOMMU, "
			"huge pages, conntrack and modules from the kernel, and says what stands "
			"in the way. Works without privileges; what then cannot be seen is "
			"unknown. Exit code 1 when there is an error.",
		.example = "dnsvnf host",
		.run = verb_host,
	},
};
const size_t verb_count = ARRAY_SIZE(verb_table);
