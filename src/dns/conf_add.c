// SPDX-License-Identifier: Apache-2.0
/* Shared by the readers of configurations. */
#include "base/alloc.h"
#include "base/str.h"
#include "dns/conf_internal.h"

static struct dns_word word_of(const char *text, size_t len, const struct written_file *file,
			       size_t line)
{
	return (struct dns_word){xstrndup(text, len), file, line};
}

void conf_listen(struct dns_conf *conf, const char *address, size_t len,
		 const struct written_file *file, size_t line)
{
	size_t until = strcspn(address, "@#%");

	*array_push(conf->listens, conf->n_listens) =
		word_of(address, until < len ? until : len, file, line);
}

struct dns_zone *conf_zone(struct dns_conf *conf, const char *name, const struct written_file *file,
			   size_t line)
{
	struct dns_zone *zone = array_push(conf->zones, conf->n_zones);

	*zone = (struct dns_zone){.name = word_of(name, strlen(name), file, line)};
	return zone;
}

void conf_open(struct dns_conf *conf, const char *text, const struct written_file *file,
	       size_t line)
{
	if (!conf->open.text)
		conf->open = word_of(text, strlen(text), file, line);
}

char *conf_path(const char *folder, const char *name)
{
	if (name[0] == '/')
		return xstrdup(name);
	return folder && folder[0] == '/' ? xasprintf("%s/%s", folder, name) : NULL;
}

bool conf_is_everybody(const char *network)
{
	return streq(network, "0.0.0.0/0") || streq(network, "::/0") || streq(network, "::0/0") ||
	       streq(network, "any");
}
