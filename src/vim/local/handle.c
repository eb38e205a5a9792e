// SPDX-License-Identifier: Apache-2.0
#include "vim/local/handle.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "vim/local/netns.h"

/* Version 0.1 did not record the namespace, but its networks. */
static bool is_recorded(struct local *local, const char *name)
{
	cleanup_records struct records records = {0};
	bool found = store_find_netns(&local->store, name, NULL) == 0;

	if (!found)
		(void)store_load(&local->store, &records, NULL);
	for (size_t i = 0; i < records.n && !found; i++)
		found = records.v[i].kind == VIM_NETWORK && records.v[i].done;
	return found;
}

int local_netns(struct local *local, bool make, struct err *err)
{
	cleanup_free char *name = netns_name(local->vim.tenant, local->vim.deployment);

	if (local->netns >= 0)
		return 0;
	bool recorded = is_recorded(local, name);
	if (!make)
		return recorded
			       ? netns_open(name, &local->netns, err)
			       : err_set(err, NOT_FOUND, "no record of network namespace %s", name);
	if (!recorded && netns_open(name, &local->netns, NULL) == 0) {
		cleanup_close_fn(&local->netns);
		local->netns = -1;
		return err_code(err, REFUSED, EEXIST,
				"network namespace %s exists, but %s has no record of it: it "
				"belongs to another DNSVNF_LOCAL_DIR",
				name, local->store.root);
	}
	int r = store_add_netns(&local->store, name, err);
	return r < 0 ? r : netns_create(name, &local->netns, err);
}

int local_qemu(struct local *local, struct err *err)
{
	if (local->probed)
		return 0;
	int r = qemu_probe(&local->qemu, err);
	if (r < 0)
		return r;
	local->probed = true;
	if (local->qemu.kvm)
		event_note(local->vim.run, "ACCELERATION", "QEMU with KVM");
	else
		event_note(local->vim.run, "ACCELERATION",
			   "QEMU without KVM (%s): emulation by TCG, many times slower",
			   local->qemu.why_no_kvm);
	return 0;
}

/* name and the content of spec are borrowed. */
void local_flavor_read(const char *name, const json_t *spec, struct flavor *store)
{
	const char *property;
	json_t *value;

	*store = (struct flavor){
		.name = (char *)name,
		.vcpus = (unsigned)json_integer_value(json_object_get(spec, "vcpus")),
		.memory_mb = (unsigned)json_integer_value(json_object_get(spec, "memory_mb")),
		.root_disk_mb = (unsigned)json_integer_value(json_object_get(spec, "root_disk_mb")),
	};
	json_object_foreach (json_object_get(spec, "properties"), property, value)
		*array_push(store->properties.v, store->properties.n) = (struct property){
			.name = (char *)property, .value = (char *)json_string_value(value)};
}

const struct flavor *local_flavor(const struct vim_request *server, const struct records *records,
				  struct flavor *store)
{
	const struct record *record = records_find(records, VIM_FLAVOR, server->server.flavor_name);

	if (server->server.flavor || !record)
		return server->server.flavor;
	local_flavor_read(record->name, record->spec, store);
	return store;
}

void local_flavor_clear(struct flavor *store)
{
	free(store->properties.v);
	*store = (struct flavor){0};
}
