// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdarg.h>

#include "base/alloc.h"
#include "ddi/generate_internal.h"
#include "ddi/plan.h"

/* ---- text ---- */

int conf_end(struct conf *c, char **ret, struct err *err)
{
	int r = c->err.code;

	if (r)
		(void)err_copy(err, &c->err);
	else
		*ret = strbuf_steal(&c->text);
	strbuf_clear(&c->text);
	err_clear(&c->err);
	return r;
}

void conf_addf(struct conf *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *s = xvasprintf(fmt, ap);
	va_end(ap);
	strbuf_adds(&c->text, s);
}

void conf_quoted(struct conf *c, const char *s)
{
	for (const char *p = s; *p && !c->err.code; p++)
		if (*p == '"' || *p == '\\' || !isprint((unsigned char)*p))
			err_set(&c->err, INVALID,
				"\"%s\" has a character that a configuration file cannot hold", s);
	conf_addf(c, "\"%s\"", s);
}

void conf_line(struct conf *c, const char *before, const char *s)
{
	conf_addf(c, "%s ", before);
	conf_quoted(c, s);
	conf_addf(c, "\n");
}

void conf_name(struct conf *c, const char *before, const char *name)
{
	cleanup_free char *full = xasprintf("%s.", name);

	conf_line(c, before, full);
}

/* ---- addresses ---- */

void addresses_add(struct addresses *l, const struct ip_addr *ip)
{
	if (ip->version)
		*array_push(l->v, l->n) = *ip;
}

void addresses_clear(struct addresses *l)
{
	free(l->v);
	*l = (struct addresses){0};
}

void addresses_of_auth(struct addresses *l, const struct ddi_plan *plan,
		       const struct ddi_member *without)
{
	for (size_t i = 0; i < plan->n_members; i++)
		if (&plan->members[i] != without) {
			addresses_add(l, &plan->members[i].auth);
			addresses_add(l, &plan->members[i].auth6);
		}
}

void addresses_of_cache(struct addresses *l, const struct ddi_plan *plan,
			const struct ddi_member *member)
{
	if (!plan->cache.enabled)
		return;
	addresses_add(l, plan->cache.hybrid ? &member->auth : &member->cache);
	addresses_add(l, plan->cache.hybrid ? &member->auth6 : &member->cache6);
}

unsigned auth_port(const struct ddi_plan *plan)
{
	return plan->cache.enabled && plan->cache.hybrid ? 5300 : 53;
}

/* ---- keys ---- */

const struct ddi_key *transfer_key(const struct ddi_plan *plan)
{
	return ddi_key(plan, DDI_KEY_TRANSFER);
}

const struct ddi_key *update_key(const struct ddi_plan *plan)
{
	return ddi_key(plan, DDI_KEY_UPDATE);
}

const char *tsig_name(const struct ddi_key *key)
{
	switch (key->algorithm) {
	case DDI_TSIG_HMAC_MD5:
		return "hmac-md5";
	case DDI_TSIG_HMAC_SHA1:
		return "hmac-sha1";
	case DDI_TSIG_HMAC_SHA224:
		return "hmac-sha224";
	case DDI_TSIG_HMAC_SHA384:
		return "hmac-sha384";
	case DDI_TSIG_HMAC_SHA512:
		return "hmac-sha512";
	case DDI_TSIG_UNSET:
	case DDI_TSIG_HMAC_SHA256:
		break;
	}
	return "hmac-sha256";
}

int key_check(const struct ddi_key *key, struct err *err)
{
	if (key->secret)
		return 0;
	return err_set(err, INVALID, "key \"%s\" has no secret%s", key->name,
		       key->secret_unknown ? ": its variable has no value here" : "");
}
