// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/str.h"
#include "vim/openstack/import.h"

const char *import_role(const struct importer *im, const struct vim_object *object)
{
	const char *owner = object->owner;

	return im->prefix && owner && str_starts(owner, im->prefix) ? owner + strlen(im->prefix)
								    : NULL;
}

const char *import_network_name(const struct importer *im, const char *id)
{
	const struct resource *t = id ? resources_by_id(&im->resources, VIM_NETWORK, id) : NULL;

	return t ? t->object.name : NULL;
}

bool import_is_from(const struct vim_request *request, const struct vim_object *object)
{
	return object->digest && vim_request_difference(request, object->digest) == VIM_SAME;
}

void import_option(struct extension **v, size_t *n, const char *name, const char *value)
{
	struct extension *e = array_find(*v, *n, streq(it->name, "dnsvnf"));

	if (!e) {
		e = array_push(*v, *n);
		e->name = xstrdup("dnsvnf");
	}
	*array_push(e->properties.v, e->properties.n) =
		(struct property){.name = xstrdup(name), .value = xstrdup(value)};
}
