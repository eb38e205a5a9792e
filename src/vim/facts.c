// SPDX-License-Identifier: Apache-2.0
#include "vim/facts.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "model/model.h"

struct vim_host *vim_facts_host(struct vim_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->n; i++)
		if (streq(facts->v[i].name, name))
			return &facts->v[i];
	struct vim_host *host = array_push(facts->v, facts->n);
	host->name = xstrdup(name);
	return host;
}

const struct network *vim_facts_network(const struct model *known, const char *name)
{
	static const struct deployment none;

	return known ? model_network(known, &none, name) : NULL;
}

static void strings_free(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

void vim_facts_clear(struct vim_facts *facts)
{
	for (size_t i = 0; i < facts->n; i++) {
		struct vim_host *h = &facts->v[i];
		free(h->name);
		strings_free(h->vfs_in_use, h->n_vfs_in_use);
		strings_free(h->bridges, h->n_bridges);
		free(h->pins);
		for (size_t k = 0; k < h->n_devices; k++) {
			free(h->devices[k].physnet);
			free(h->devices[k].pf);
		}
		free(h->devices);
	}
	free(facts->v);
	compute_hosts_clear(&facts->hosts);
	model_free(facts->known);
	free(facts->unseen);
	*facts = (struct vim_facts){0};
}
