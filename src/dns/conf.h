/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a name server that design rules need, from knot.conf, unbound.conf, nsd.conf or
 * named.conf. All configuration files of one server in the guest are read as one file. The server's
 * own program checks the syntax (tool.h); unknown statements are ignored.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct written_file;
struct guest_network;

enum dns_server { SERVER_KNOT, SERVER_UNBOUND, SERVER_NSD, SERVER_BIND };
#define DNS_SERVERS 4

/* A word of a file. */
struct dns_word {
	char *text;
	const struct written_file *file;
	size_t line; /* from 0, of the file's text */
};

struct dns_zone {
	struct dns_word name;
	char *path;     /* of its file in the guest; NULL: unknown */
	bool secondary; /* transferred from another server */
};

struct dns_conf {
	enum dns_server server;
	const struct written_file *file; /* the first; NULL: day-0 writes none */
	bool partial;                    /* includes a file that day-0 does not write */
	bool binds_freely;               /* may listen on addresses that no interface has */
	struct dns_zone *zones;
	size_t n_zones;
	struct dns_word *listens; /* addresses, without port; "0.0.0.0" and "::" for all */
	size_t n_listens;
	struct dns_word open; /* the statement of an open resolver; .text is NULL: none */
};

/* The server (enum dns_server) whose configuration the file is; -1: none. */
int dns_server_of(const char *path);
const char *dns_server_name(enum dns_server server);

/* Reads the server's files. The words refer to them. The caller clears *ret. */
void dns_conf_read(enum dns_server server, const struct guest_network *guest, struct dns_conf *ret);
void dns_conf_clear(struct dns_conf *conf);

#define cleanup_dns_conf __attribute__((__cleanup__(dns_conf_clear)))
