/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the configuration and the zones that day-0 writes for the guest's name server. */
#pragma once

struct deployment;
struct findings;
struct vm_group;

/*
 * For a group whose day-0 files are loaded. Runs the server's own checkers where they are installed
 * (tool.h). Findings have the rules zone-*, dns-*.
 */
void dns_check(const struct deployment *deployment, const struct vm_group *group,
	       struct findings *findings);
