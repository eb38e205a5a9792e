// SPDX-License-Identifier: Apache-2.0
/*
 * Answers cases of device specs, one JSON object a line on stdin, one answer a line on stdout; what
 * devspecs.py compares with Nova. A case has the host's "pfs" (address, name, ids, vfs) and the
 * "values" of the option. The answer is {"refused": TEXT}, or for each function the number of the
 * first spec that matches, or null, or "unknown"; and the specs' tags.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "host/devspec.h"
#include "host/host.h"

static char *text(const json_t *object, const char *key)
{
	return xstrdup(json_string_value(json_object_get(object, key)));
}

static void read_host(const json_t *pfs, struct host *host)
{
	json_t *pf, *vf;
	size_t i, k;

	json_array_foreach (pfs, i, pf) {
		struct host_nic *nic = array_push(host->nics, host->n_nics);

		*nic = (struct host_nic){
			.pci_address = text(pf, "address"),
			.name = text(pf, "name"),
			.pci_id = text(pf, "id"),
			.vf_pci_id = text(pf, "vf_id"),
			.vfs_total = json_integer_value(json_object_get(pf, "total")),
		};
		json_array_foreach (json_object_get(pf, "vfs"), k, vf) {
			*array_push(nic->vfs, nic->n_vfs) = (struct host_vf){
				.index = (unsigned)k,
				.pci_address = text(vf, "address"),
				.name = text(vf, "name"),
			};
		}
	}
}

static json_t *first_match(const struct devspecs *specs, const struct host *host,
			   const struct host_nic *nic, const char *address, bool is_vf)
{
	cleanup_free char *vendor = xstrndup(nic->pci_id, 4);
	const struct pci_function f = {address, is_vf ? nic->pci_address : NULL, vendor,
				       (is_vf ? nic->vf_pci_id : nic->pci_id) + 5};

	for (size_t i = 0; i < specs->n; i++) {
		enum tristate match = devspec_match(&specs->v[i], host, &f);

		if (match == TRI_UNKNOWN)
			return json_string("unknown");
		if (match == TRI_YES)
			return json_integer((json_int_t)i);
	}
	return json_null();
}

/* Whether Nova refuses an expression is unknown, too, if it was not compiled. */
static bool has_doubt(const struct devspecs *specs)
{
	bool doubt = false;

	for (size_t i = 0; i < specs->n; i++)
		for (size_t k = 0; k < ADDRESS_FIELDS; k++)
			doubt |=
				specs->v[i].address[k].is_regex && !specs->v[i].address[k].compiled;
	return doubt;
}

static json_t *match(const struct devspecs *specs, const struct host *host)
{
	json_t *functions = json_object(), *tags = json_array();

	for (size_t i = 0; i < host->n_nics; i++) {
		const struct host_nic *nic = &host->nics[i];

		json_object_set_new(functions, nic->pci_address,
				    first_match(specs, host, nic, nic->pci_address, false));
		for (size_t v = 0; v < nic->n_vfs; v++)
			json_object_set_new(
				functions, nic->vfs[v].pci_address,
				first_match(specs, host, nic, nic->vfs[v].pci_address, true));
	}
	for (size_t i = 0; i < specs->n; i++)
		json_array_append_new(tags,
				      json_pack("[s?bb]", specs->v[i].physnet, specs->v[i].trusted,
						specs->v[i].remote_managed));
	return json_pack("{sosbso}", "functions", functions, "doubt", has_doubt(specs), "tags",
			 tags);
}

static void answer_case(const char *line)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_host struct host host = {0};
	cleanup_devspecs struct devspecs specs = {0};
	json_t *document = json_loads(line, 0, NULL), *value, *answer;
	size_t i;
	int r = 0;

	read_host(json_object_get(document, "pfs"), &host);
	json_array_foreach (json_object_get(document, "values"), i, value) {
		if (r == 0)
			r = devspecs_add(&specs, json_string_value(value), &host, &err);
	}
	answer = r < 0 ? json_pack("{ss}", "refused", err.text) : match(&specs, &host);
	cleanup_free char *out = json_dumps(answer, JSON_COMPACT);
	puts(out);
	fflush(stdout);
	json_decref(answer);
	json_decref(document);
}

int main(void)
{
	cleanup_free char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0)
		answer_case(line);
	return 0;
}
