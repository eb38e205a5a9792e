// SPDX-License-Identifier: Apache-2.0
#include "dns/conf.h"

#include "base/alloc.h"
#include "base/str.h"
#include "dns/conf_internal.h"
#include "model/guest.h"

static const struct {
	const char *name, *folder, *file;
} servers[DNS_SERVERS] = {
	[SERVER_KNOT] = {"Knot DNS", "/knot/", "knot.conf"},
	[SERVER_UNBOUND] = {"Unbound", "/unbound/", "unbound.conf"},
	[SERVER_NSD] = {"NSD", "/nsd/", "nsd.conf"},
	[SERVER_BIND] = {"BIND", "/bind/", "named.conf"},
};

const char *dns_server_name(enum dns_server server)
{
	return servers[server].name;
}

int dns_server_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	for (int i = 0; i < DNS_SERVERS; i++)
		if (streq(base, servers[i].file) ||
		    (i == SERVER_BIND && str_starts(base, "named.conf")) ||
		    (strstr(path, servers[i].folder) && str_ends(base, ".conf")))
			return i;
	return -1;
}

void dns_conf_read(enum dns_server server, const struct guest_network *guest, struct dns_conf *ret)
{
	struct dns_conf conf = {.server = server};

	for (size_t i = 0; i < guest->n_written; i++) {
		const struct written_file *file = &guest->written[i];

		if (dns_server_of(file->path) != (int)server)
			continue;
		if (!conf.file)
			conf.file = file;
		conf.partial |= file->partial;
		if (server == SERVER_BIND)
			named_read(file, &conf);
		else
			keys_read(file, &conf);
	}
	*ret = conf;
}

static void zone_clear(struct dns_zone *zone)
{
	free_all(zone->name.text, zone->path);
}

static void word_clear(struct dns_word *word)
{
	free(word->text);
}

void dns_conf_clear(struct dns_conf *conf)
{
	array_free(conf->zones, conf->n_zones, zone_clear);
	array_free(conf->listens, conf->n_listens, word_clear);
	free(conf->open.text);
	*conf = (struct dns_conf){0};
}
