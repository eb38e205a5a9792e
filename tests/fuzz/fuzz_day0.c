// SPDX-License-Identifier: Apache-2.0
/* User data: MIME, cloud-config, scripts and every network dialect, then composed and read again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/text.h"
#include "day0/day0.h"
#include "day0/readers.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_one(const char *s, size_t len)
{
	struct findings findings = {0};
	struct guest_network network = {0};
	struct guest_links links = {0};
	struct text text;

	text_init(&text, "day0.cfg", s, len, 1);
	user_data_read(&text, &links, &findings);
	links_resolve(&links, &network, &findings);
	links_clear(&links);
	text_clear(&text);
	guest_network_clear(&network);
	findings_clear(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct day0_file file = {"/etc/added", "added\n", 0644};
	struct vm_group group = {0};
	struct configuration *c = array_push(group.configurations, group.n_configurations);
	struct variable *v = array_push(c->variables, c->n_variables);
	struct err err = ERR_INIT;
	char *composed;
	size_t len;

	c->dst = xstrdup("--user-data");
	c->content = xmemdup(data, size);
	c->content_len = size;
	v->name = xstrdup("NAME");
	strv_add(&v->values, "one\ntwo");

	read_one(c->content, c->content_len);
	if (day0_compose(&group, 0, &file, 1, &composed, &len, &err) == 0) {
		read_one(composed, len);
		free(composed);
	}
	err_clear(&err);
	strv_clear(&v->values);
	free(v->name);
	free(c->variables);
	free(c->dst);
	free(c->content);
	free(group.configurations);
	return 0;
}
