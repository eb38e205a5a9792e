// SPDX-License-Identifier: Apache-2.0
#include "manager/watch.h"

#include "base/err.h"
#include "base/json_field.h"
#include "base/json_read.h"
#include "base/json_write.h"

static const char *const action_names[] = {
	[RECOVERY_REBOOT_THEN_REDEPLOY] = "REBOOT_THEN_REDEPLOY",
	[RECOVERY_REBOOT_ONLY] = "REBOOT_ONLY",
	[RECOVERY_REDEPLOY_ONLY] = "REDEPLOY_ONLY",
};

#define MS_MAX (INT64_C(10) * 24 * 3600 * 1000)

#define WATCH(MEMBER, ...) JSON_FIELD(watch, NAME, MEMBER, __VA_ARGS__)
JSON_FIELDS(watch_fields, WATCH(tenant, .required = true), WATCH(deployment, .required = true),
	    WATCH(cloud), WATCH(region), WATCH(netns));

#define VM(MEMBER, ...) JSON_FIELD(watch_vm, NAME, MEMBER, __VA_ARGS__)
JSON_FIELDS(vm_fields, VM(name, .required = true), VM(group, .required = true), VM(image),
	    VM(network));

/* Before and after its action. */
#define POLICY(TYPE, KEY, MEMBER, ...) JSON_FIELD_AS(vm_policy, TYPE, KEY, MEMBER, __VA_ARGS__)
#define COUNT                          .max = 100000, .required = true
JSON_FIELDS(policy_head, POLICY(BOOL, "watched", watched),
	    POLICY(INT64, "period_ms", kpi.period, .max = MS_MAX),
	    POLICY(UINT, "n_true", kpi.n_true, COUNT), POLICY(UINT, "n_false", kpi.n_false, COUNT),
	    POLICY(INT64, "bootup_ms", bootup, .min = -1000, .max = MS_MAX),
	    POLICY(INT64, "reboot_ms", reboot, .min = -1000, .max = MS_MAX),
	    POLICY(INT64, "wait_ms", wait, .max = MS_MAX));
JSON_FIELDS(policy_tail, POLICY(BOOL, "manual", manual),
	    POLICY(UINT, "max_retries", max_retries, .max = 100, .required = true),
	    POLICY(BOOL, "has_state", has_state));

static void put_policy(struct json_writer *w, const struct vm_policy *p)
{
	json_open_object(w, "policy");
	json_put_fields(w, policy_head, p);
	json_put_text(w, "action", action_names[p->action]);
	json_put_fields(w, policy_tail, p);
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
	json_put_fields(&w, watch_fields, watch);
	json_open_array(&w, "vms");
	for (size_t i = 0; i < watch->n_vms; i++) {
		const struct watch_vm *vm = &watch->vms[i];
		json_open_object(&w, NULL);
		json_put_fields(&w, vm_fields, vm);
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
	json_get_fields(&r, policy_head, ret);
	get_action(&r, &ret->action);
	json_get_fields(&r, policy_tail, ret);
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
	json_get_fields(r, vm_fields, vm);
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
	json_get_fields(&reader, watch_fields, &w);
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
