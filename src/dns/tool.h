/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name servers' own checkers: knotc conf-check, unbound-checkconf, nsd-checkconf,
 * named-checkconf, named-checkzone. They run on copies in a folder of their own, as nobody if this
 * is root, with limits of time and memory. What depends on the machine (users, folders, keys,
 * files that only the guest has) is taken out of the copies first, line by line.
 */
#pragma once

struct dns_conf;
struct findings;
struct written_file;
struct guest_network;

/* dns-conf: what the server refuses; dns-conf-unread (a note): its checker is not installed, or
 * cannot tell. */
void tool_check_conf(const struct dns_conf *conf, const struct guest_network *guest,
		     struct findings *findings);

/*
 * zone-syntax: what named-checkzone refuses; nothing where it is not installed. For a zone that
 * BIND loads, or an unknown server: others differ from BIND, and a run takes longer than the rest
 * of check.
 */
void tool_check_zone(const char *zone, const struct written_file *file, struct findings *findings);
