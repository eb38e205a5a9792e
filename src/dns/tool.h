/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name servers' own checkers: knotc conf-check, unbound-checkconf, nsd-checkconf,
 * named-checkconf, named-checkzone. They run on copies in a temporary folder, with limits of time
 * and memory, and as user nobody if this process is root. Lines that depend on the guest (users,
 * folders, keys, files that day-0 does not write) are first removed from the copies.
 */
#pragma once

struct dns_conf;
struct findings;
struct written_file;
struct guest_network;

/* dns-conf: what the server refuses; dns-conf-unread (a note): its checker is not installed, or
 * gives no verdict. */
void tool_check_conf(const struct dns_conf *conf, const struct guest_network *guest,
		     struct findings *findings);

/*
 * zone-syntax: what named-checkzone refuses; nothing where it is not installed. Use it for a zone
 * that BIND or an unknown server loads: other servers differ from BIND, and a run takes longer than
 * the rest of check.
 */
void tool_check_zone(const char *zone, const struct written_file *file, struct findings *findings);
