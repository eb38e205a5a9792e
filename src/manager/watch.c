// SPDX-License-Identifier: Apache-2.0
#include "manager/watch.h"

#include "base/err.h"
#include "base/json_read.h"
#include "base/json_write.h"

static const char *const action_names[] = {
	[RECOVERY_REBOOT_THEN_REDEPLOY] = "REBOOT_THEN_REDEPLOY",
	[RECOVERY_REBOOT_ONLY] = "REBOOT_ONLY",
	[RECOVERY_REDEPLOY_ONLY] = "REDEPLOY_ONLY",
};

#define MS_MAX (INT64_C(10) * 24 * 3600 * 1000)

static void put_policy(struct json_writer *w, const struct vm_policy *p)
{
	json_open_object(w, "policy");
	json_put_bool(w, "watched", p->watched);
	json_put_int64(w, "period_ms", p->kpi.period);
	json_put_int64(w, "n_true", p->kpi.n_true);
	json_put_int64(w, "n_false", p->kpi.n_false);
	json_put_int64(w, "bootup_ms", p->bootup);
	json_put_int64(w, "reboot_ms", p->reboot);
	json_put_int64(w, "wait_ms", p->wait);
	json_put_text(w, "action", action_names[p->action]);
	json_put_bool(w, "manual", p->manual);
	json_put_int64(w, "max_retries", p->max_retries);
	json_put_bool(w, "has_state", p->has_state);
	json_close(w);
}

static void put_address(struct json_writer *w, const char *key, const struct ip_addr *ip)
{
	char text[IP_TEXT_SIZE];

	json_put_string(w, key, ip_format(ip, text));
}

char *watch_write(const struct watch *watch, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};

	json_open_object(&w, NULL);
	json_put_string(&w, "tenant", watch->tenant);
	json_put_string(&w, "deployment", watch->deployment);
	json_put_string(&w, "cloud", watch->cloud);
	json_put_string(&w, "region", watch->region);
	json_put_string(&w, "netns", watch->netns);
	json_open_array(&w, "vms");
	for (size_t i = 0; i < watch->n_vms; i++) {
		const struct watch_vm *vm = &watch->vms[i];
		json_open_object(&w, NULL);
		json_put_string(&w, "name", vm->name);
		json_put_string(&w, "group", vm->group);
		json_put_string(&w, "image", vm->image);
		json_put_string(&w, "network", vm->network);
		if (vm->has_management)
			put_address(&w, "management", &vm->management);
		if (vm->has_gateway)
			put_address(&w, "gateway", &vm->gateway);
		json_open_array(&w, "service");
		for (size_t a = 0; a < vm->n_service; a++)
			put_address(&w, NULL, &vm->service[a]);
		json_close(&w);
		json_put_string(&w, "query", vm->query);
		put_policy(&w, &vm->policy);
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	return json_write_text(&w, JSON_INDENT(1), err);
}

static void get_unsigned(struct json_reader *r, const char *key, int min, int max, unsigned *ret)
{
	int n = min;

	json_must_have(r, key);
	json_get_int(r, key, min, max, &n);
	*ret = (unsigned)n;
}

static void get_action(struct json_reader *r, enum action_on_recovery *ret)
{
	cleanup_free char *name = NULL;

	json_get_name(r, "action", &name);
	for (size_t i = 0; i < ARRAY_SIZE(action_names); i++)
		if (streq(name, action_names[i])) {
			*ret = (enum action_on_recovery)i;
			return;
		}
	json_fail(r, "action", "is not known");
}

static void get_policy(struct json_reader *vm, struct vm_policy *ret)
{
	struct json_reader r = json_member(vm, "policy");

	json_must_be_object(&r);
	json_get_bool(&r, "watched", &ret->watched);
	json_get_int64(&r, "period_ms", 0, MS_MAX, &ret->kpi.period);
	get_unsigned(&r, "n_true", 0, 100000, &ret->kpi.n_true);
	get_unsigned(&r, "n_false", 0, 100000, &ret->kpi.n_false);
	json_get_int64(&r, "bootup_ms", -1000, MS_MAX, &ret->bootup);
	json_get_int64(&r, "reboot_ms", -1000, MS_MAX, &ret->reboot);
	json_get_int64(&r, "wait_ms", 0, MS_MAX, &ret->wait);
	get_action(&r, &ret->action);
	json_get_bool(&r, "manual", &ret->manual);
	get_unsigned(&r, "max_retries", 0, 100, &ret->max_retries);
	json_get_bool(&r, "has_state", &ret->has_state);
	if (ret->watched && (ret->kpi.period < 1000 || ret->kpi.n_true < 1 || ret->kpi.n_false < 1))
		json_fail(&r, NULL, "of a watched VM must have period_ms, n_true and n_false");
}

static bool get_address(struct json_reader *r, const char *key, struct ip_addr *ret)
{
	cleanup_free char *text = NULL;

	json_get_name(r, key, &text);
	if (text && !ip_parse(text, ret))
		json_fail(r, key, "must be an IP address");
	return text && ret->version;
}

static void get_vm(struct json_reader *r, struct watch_vm *vm)
{
	json_must_have(r, "name");
	json_must_have(r, "group");
	json_get_name(r, "name", &vm->name);
	json_get_name(r, "group", &vm->group);
	json_get_name(r, "image", &vm->image);
	json_get_name(r, "network", &vm->network);
	json_get_name(r, "query", &vm->query);
	vm->has_management = get_address(r, "management", &vm->management);
	vm->has_gateway = get_address(r, "gateway", &vm->gateway);
	json_each (r, "service", WATCH_ADDRESSES, one)
		if (get_address(&one, NULL, &vm->service[vm->n_service]))
			vm->n_service++;
	get_policy(r, &vm->policy);
}

int watch_read(const char *data, size_t len, const char *file, struct watch *ret, struct err *err)
{
	cleanup_json json_t *document = NULL;
	struct watch w = {0};
	int r = json_parse_document(data, len, file, &document, err);

	if (r < 0)
		return r;
	struct json_reader reader = json_reader(document, err);
	json_must_have(&reader, "tenant");
	json_must_have(&reader, "deployment");
	json_get_name(&reader, "tenant", &w.tenant);
	json_get_name(&reader, "deployment", &w.deployment);
	json_get_name(&reader, "cloud", &w.cloud);
	json_get_name(&reader, "region", &w.region);
	json_get_name(&reader, "netns", &w.netns);
	json_each (&reader, "vms", WATCH_VMS, one)
		get_vm(&one, array_push(w.vms, w.n_vms));
	r = json_end(&reader);
	if (r < 0) {
		watch_clear(&w);
		return err_wrap(err, "%s", file);
	}
	*ret = w;
	return 0;
}

static void vm_clear(struct watch_vm *vm)
{
	free_all(vm->name, vm->group, vm->image, vm->network, vm->query);
}

void watch_clear(struct watch *w)
{
	array_free(w->vms, w->n_vms, vm_clear);
	free_all(w->tenant, w->deployment, w->cloud, w->region, w->netns);
	*w = (struct watch){0};
}
