// SPDX-License-Identifier: Apache-2.0
/* What the reader makes of good descriptors. The broken ones are in test_esc_broken.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/str.h"
#include "check/check.h"
#include "esc/esc.h"
#include "esc/internal.h"
#include "model/model.h"

static const char *or_none(const char *s)
{
	return s ? s : "-";
}

static void dump_list(struct strbuf *b, const char *name, char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_addf(b, " %s=%s", name, v[i]);
}

static void dump_properties(struct strbuf *b, const struct properties *p)
{
	for (size_t i = 0; i < p->n; i++)
		strbuf_addf(b, " {%s=%s}", p->v[i].name, or_none(p->v[i].value));
}

static void dump_extensions(struct strbuf *b, const struct extension *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		strbuf_addf(b, "extension %s", v[i].name);
		dump_properties(b, &v[i].properties);
		strbuf_adds(b, "\n");
	}
}

static void dump_locator(struct strbuf *b, const struct locator *l)
{
	strbuf_addf(b, "locator %s %s %s\n", or_none(l->vim_id), or_none(l->vim_project),
		    or_none(l->vim_region));
}

static void dump_networks(struct strbuf *b, const struct network *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		strbuf_addf(b, "network %s shared=%d %s %s %u\n", v[i].name, v[i].shared,
			    or_none(v[i].provider_network_type),
			    or_none(v[i].provider_physical_network), v[i].provider_segmentation_id);
		for (size_t j = 0; j < v[i].n_subnets; j++) {
			const struct subnet *s = &v[i].subnets[j];

			strbuf_addf(b, "subnet %s ipv%d dhcp=%d %s/%u gateway=%s no_gateway=%d\n",
				    s->name, s->ip_version, s->dhcp, s->address, s->prefix,
				    or_none(s->gateway), s->no_gateway);
		}
	}
}

static void dump_interface(struct strbuf *b, const struct interface *i)
{
	strbuf_addf(b,
		    "interface %u %s %s subnet=%s ip=%s mac=%s model=%s name=%s security=%d up=%d",
		    i->nicid, port_type_name(i->type), i->network, or_none(i->subnet),
		    or_none(i->ip_address), or_none(i->mac_address), or_none(i->model),
		    or_none(i->vim_interface_name), i->port_security_enabled, i->admin_state_up);
	dump_list(b, "group", i->security_groups.v, i->security_groups.n);
	strbuf_adds(b, "\n");
	for (size_t j = 0; j < i->n_addresses; j++)
		strbuf_addf(b, "address %u %s %s\n", i->addresses[j].id,
			    or_none(i->addresses[j].subnet), or_none(i->addresses[j].ip_address));
	for (size_t j = 0; j < i->n_allowed_address_pairs; j++)
		strbuf_addf(b, "pair %s %s\n", or_none(i->allowed_address_pairs[j].ip_address),
			    or_none(i->allowed_address_pairs[j].netmask));
}

static void dump_monitoring(struct strbuf *b, const struct vm_group *g)
{
	for (size_t i = 0; i < g->n_kpis; i++) {
		const struct kpi *k = &g->kpis[i];

		strbuf_addf(b, "kpi %s %s %s %s %u %u %s nicid=%d %u %s %d\n", k->event_name,
			    or_none(k->metric_value), or_none(k->metric_cond),
			    or_none(k->metric_type), k->metric_occurrences_true,
			    k->metric_occurrences_false, or_none(k->collector_type),
			    k->collector_nicid, k->poll_frequency, or_none(k->polling_unit),
			    k->continuous_alarm);
	}
	for (size_t i = 0; i < g->n_rules; i++) {
		strbuf_addf(b, "rule %s", g->rules[i].event_name);
		dump_list(b, "action", g->rules[i].actions.v, g->rules[i].actions.n);
		strbuf_adds(b, "\n");
	}
}

static void dump_configuration(struct strbuf *b, const struct configuration *c)
{
	strbuf_addf(b, "configuration %s file=%s data=%s\n", c->dst, or_none(c->file),
		    or_none(c->data));
	for (size_t j = 0; j < c->n_variables; j++) {
		strbuf_addf(b, "variable %s", c->variables[j].name);
		dump_list(b, "val", c->variables[j].values.v, c->variables[j].values.n);
		strbuf_adds(b, "\n");
	}
}

static void dump_vm_group(struct strbuf *b, const struct vm_group *g)
{
	strbuf_addf(b, "vm_group %s image=%s flavor=%s name=%s %d %d %d action=%d manual=%d\n",
		    g->name, g->image, g->flavor, or_none(g->vim_vm_name), g->bootup_time,
		    g->reboot_time, g->recovery_wait_time, g->action_on_recovery,
		    g->recovery_manual);
	dump_locator(b, &g->locator);
	for (size_t i = 0; i < g->n_interfaces; i++)
		dump_interface(b, &g->interfaces[i]);
	dump_monitoring(b, g);
	strbuf_addf(b, "scaling %u %u %d\n", g->scaling.min_active, g->scaling.max_active,
		    g->scaling.elastic);
	for (size_t i = 0; i < g->scaling.n_pools; i++) {
		const struct address_pool *p = &g->scaling.pools[i];

		strbuf_addf(b, "pool %s %s %s %s %s\n", p->network, or_none(p->gateway),
			    or_none(p->netmask), p->range_start, p->range_end);
	}
	for (size_t i = 0; i < g->n_placements; i++) {
		const struct placement *p = &g->placements[i];

		strbuf_addf(b, "placement %s %s %s %s", p->type, p->enforcement, or_none(p->zone),
			    or_none(p->host));
		dump_list(b, "group", p->vm_group_refs.v, p->vm_group_refs.n);
		strbuf_adds(b, "\n");
	}
	for (size_t i = 0; i < g->n_configurations; i++)
		dump_configuration(b, &g->configurations[i]);
	dump_extensions(b, g->extensions, g->n_extensions);
}

static void dump_deployment(struct strbuf *b, const struct deployment *d)
{
	strbuf_addf(b, "deployment %s\n", d->name);
	dump_locator(b, &d->locator);
	dump_networks(b, d->networks, d->n_networks);
	for (size_t i = 0; i < d->n_placement_groups; i++) {
		const struct placement_group *p = &d->placement_groups[i];

		strbuf_addf(b, "placement_group %s %s %s", p->name, p->type, p->enforcement);
		dump_list(b, "group", p->vm_groups.v, p->vm_groups.n);
		strbuf_adds(b, "\n");
	}
	for (size_t i = 0; i < d->n_vm_groups; i++)
		dump_vm_group(b, &d->vm_groups[i]);
	dump_extensions(b, d->extensions, d->n_extensions);
}

/* All of the model that a descriptor can say, but for lines. The caller frees. */
static char *dump(const struct model *model)
{
	cleanup_strbuf struct strbuf b = {0};

	dump_networks(&b, model->networks, model->n_networks);
	for (size_t i = 0; i < model->n_images; i++) {
		const struct image *image = &model->images[i];

		strbuf_addf(&b, "image %s %s %s %s %s", image->name, or_none(image->src),
			    or_none(image->disk_format), or_none(image->container_format),
			    or_none(image->disk_bus));
		dump_properties(&b, &image->properties);
		strbuf_adds(&b, "\n");
	}
	for (size_t i = 0; i < model->n_flavors; i++) {
		const struct flavor *f = &model->flavors[i];

		strbuf_addf(&b, "flavor %s %u %u %u %u %u %s", f->name, f->vcpus, f->memory_mb,
			    f->root_disk_mb, f->ephemeral_disk_mb, f->swap_disk_mb,
			    or_none(f->description));
		dump_properties(&b, &f->properties);
		strbuf_adds(&b, "\n");
	}
	for (size_t i = 0; i < model->n_tenants; i++) {
		const struct tenant *t = &model->tenants[i];

		strbuf_addf(&b, "tenant %s managed=%d mapping=%d\n", t->name, t->managed_resource,
			    t->vim_mapping);
		for (size_t j = 0; j < t->n_deployments; j++)
			dump_deployment(&b, &t->deployments[j]);
		dump_extensions(&b, t->extensions, t->n_extensions);
	}
	return strbuf_steal(&b);
}

/* Reads a descriptor that has nothing wrong with it. */
static struct model *read_clean(const char *path)
{
	cleanup_findings struct findings findings = {0};
	cleanup_err struct err err = ERR_INIT;
	struct model *model = NULL;

	if (esc_read(path, &model, &findings, &err) < 0)
		fail_msg("%s", err.text);
	if (model)
		check_references(model, &findings);
	for (size_t i = 0; i < findings.n; i++)
		print_error("%s:%u: %s\n", path, findings.v[i].line, findings.v[i].text);
	assert_int_equal(findings.n, 0);
	assert_non_null(model);
	return model;
}

static struct model *read_text(const char *text, struct findings *findings)
{
	struct model *model = NULL;

	esc_read_memory("dep.xml", text, strlen(text), &model, findings);
	return model;
}

static char *slurp(const char *path)
{
	cleanup_err struct err err = ERR_INIT;
	char *text;
	size_t len;

	if (file_read(path, 1 << 20, &text, &len, &err) < 0)
		fail_msg("%s", err.text);
	return text;
}

static void test_every_field_is_read(void **state)
{
	(void)state;
	cleanup_model struct model *model = read_clean("tests/unit/esc/full.xml");
	cleanup_free char *got = dump(model);
	cleanup_free char *wanted = slurp("tests/unit/esc/full.model");

	assert_string_equal(got, wanted);
}

static void test_json_gives_the_same_model(void **state)
{
	(void)state;
	cleanup_model struct model *xml = read_clean("tests/unit/esc/full.xml");
	cleanup_model struct model *json = read_clean("tests/unit/esc/full.json");
	cleanup_free char *from_xml = dump(xml);
	cleanup_free char *from_json = dump(json);

	assert_string_equal(from_json, from_xml);
}

static void test_corrected_example_is_clean(void **state)
{
	(void)state;
	cleanup_model struct model *model = read_clean("examples/technote/corrected/dep.xml");
	const struct deployment *deployment = &model->tenants[0].deployments[0];
	const struct vm_group *group = &deployment->vm_groups[0];

	assert_int_equal(group->n_interfaces, 4);
	assert_int_equal(group->interfaces[3].type, PORT_DIRECT);
	assert_int_equal(vm_group_management_nicid(group), 1);
	assert_string_equal(model_option(deployment, group, "dns_query"), "www.example.test");
}

/* Each struct carries the line of its element, in XML and in JSON. */
static void test_lines(void **state)
{
	(void)state;
	cleanup_model struct model *xml = read_clean("tests/unit/esc/full.xml");
	cleanup_model struct model *json = read_clean("tests/unit/esc/full.json");
	const struct vm_group *g = &xml->tenants[0].deployments[0].vm_groups[0];

	assert_int_equal(xml->networks[0].line, 4);
	assert_int_equal(xml->networks[0].subnets[0].line, 7);
	assert_int_equal(xml->images[0].line, 15);
	assert_int_equal(xml->images[0].properties.v[0].line, 22);
	assert_int_equal(xml->flavors[0].line, 27);
	assert_int_equal(xml->tenants[0].line, 42);
	assert_int_equal(xml->tenants[0].extensions[0].line, 47);
	assert_int_equal(xml->tenants[0].deployments[0].line, 53);
	assert_int_equal(xml->tenants[0].deployments[0].locator.line, 55);
	assert_int_equal(xml->tenants[0].deployments[0].placement_groups[0].line, 80);
	assert_int_equal(g->line, 88);
	assert_int_equal(g->interfaces[0].line, 147);
	assert_int_equal(g->interfaces[1].line, 114);
	assert_int_equal(g->interfaces[1].addresses[1].line, 128);
	assert_int_equal(g->interfaces[1].allowed_address_pairs[0].line, 135);
	assert_int_equal(g->kpis[0].line, 154);
	assert_int_equal(g->rules[0].line, 172);
	assert_int_equal(g->scaling.line, 179);
	assert_int_equal(g->scaling.pools[0].line, 183);
	assert_int_equal(g->placements[1].line, 109);
	assert_int_equal(g->configurations[1].line, 203);
	assert_int_equal(g->configurations[1].source_line, 205);
	assert_int_equal(g->configurations[0].variables[0].line, 197);
	assert_int_equal(json->networks[0].line, 5);
	assert_int_equal(json->networks[0].subnets[0].line, 9);
	assert_int_equal(json->tenants[0].deployments[0].vm_groups[0].interfaces[1].line, 164);
}

/* Sent as NETCONF, NSO and RESTCONF send it: the same model, and the lines of the file. */
static void test_envelopes(void **state)
{
	(void)state;
	static const struct {
		const char *before, *after;
		unsigned lines;
		bool json;
	} cases[] = {
		{"<rpc message-id='1' xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'>"
		 "<edit-config>\n<target><running/></target>\n<config>\n",
		 "</config></edit-config></rpc>", 3, false},
		{"<hello xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><capabilities/></hello>\n"
		 "]]>]]>\n<nc:rpc xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'>"
		 "<nc:edit-config><nc:default-operation>merge</nc:default-operation><nc:config>\n",
		 "</nc:config></nc:edit-config></nc:rpc>\n]]>]]>\n", 3, false},
		{"<config xmlns='http://tail-f.com/ns/config/1.0'>\n"
		 "<devices xmlns='http://tail-f.com/ns/ncs'><device><name>esc0</name><config>\n",
		 "</config></device></devices></config>", 2, false},
		{"{\"ietf-restconf:data\":\n", "}", 1, true},
		{"{\"tailf-ncs:devices\": {\"device\": [{\"name\": \"esc0\", \"config\":\n", "}]}}",
		 1, true},
	};
	cleanup_free char *wanted = slurp("tests/unit/esc/full.model");
	cleanup_free char *xml = slurp("tests/unit/esc/full.xml");
	cleanup_free char *json = slurp("tests/unit/esc/full.json");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_findings struct findings findings = {0};
		const char *inner = cases[i].json ? json : strchr(xml, '\n') + 1;
		cleanup_free char *text =
			xasprintf("%s%s%s", cases[i].before, inner, cases[i].after);
		cleanup_model struct model *model = read_text(text, &findings);

		if (findings.n > 0)
			fail_msg("case %zu: %s", i, findings.v[0].text);
		cleanup_free char *got = dump(model);
		assert_string_equal(got, wanted);
		assert_int_equal(model->networks[0].line, cases[i].lines + (cases[i].json ? 5 : 3));
	}
}

/* What is written is read as the same model, and the same is written again. */
static void test_written(void **state)
{
	(void)state;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = read_clean("tests/unit/esc/full.xml");
	cleanup_free char *wanted = dump(model);
	cleanup_strbuf struct strbuf text = {0}, again = {0};

	esc_write(model, "written", &text);
	cleanup_model struct model *other = read_text(text.s, &findings);
	if (findings.n > 0)
		fail_msg("line %u: %s", findings.v[0].line, findings.v[0].text);
	cleanup_free char *got = dump(other);
	assert_string_equal(got, wanted);
	esc_write(other, "written", &again);
	assert_string_equal(again.s, text.s);
}

/* Of a pair of elements one of which is N/A, the other counts. */
static void test_file_not_applicable(void **state)
{
	(void)state;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = read_text(
		"<esc_datamodel xmlns='http://www.cisco.com/esc/esc'>"
		"<images><image><name>i</name><src>N/A</src></image></images><tenants><tenant>"
		"<name>t</name><deployments><deployment><name>d</name><vm_group><name>g</name>"
		"<image>i</image><flavor>f</flavor><config_data>"
		"<configuration><dst>/a</dst><file>n/a</file></configuration>"
		"<configuration><dst>/b</dst><file>N/A</file><data>x</data></configuration>"
		"</config_data></vm_group></deployment></deployments></tenant></tenants>"
		"</esc_datamodel>",
		&findings);
	const struct vm_group *group = &model->tenants[0].deployments[0].vm_groups[0];

	assert_int_equal(findings_count(&findings, SEVERITY_ERROR), 0);
	assert_null(model->images[0].src);
	assert_int_equal(group->n_configurations, 1);
	assert_string_equal(group->configurations[0].dst, "/b");
	assert_string_equal(group->configurations[0].data, "x");
}

/* What is not given has the default that model.h and the YANG module name. */
static void test_defaults(void **state)
{
	(void)state;
	cleanup_model struct model *model = read_clean("tests/unit/esc/full.xml");
	const struct vm_group *g = &model->tenants[0].deployments[0].vm_groups[1];

	assert_int_equal(g->bootup_time, -1);
	assert_int_equal(g->reboot_time, -1);
	assert_int_equal(g->recovery_wait_time, 0);
	assert_int_equal(g->action_on_recovery, RECOVERY_REBOOT_THEN_REDEPLOY);
	assert_false(g->recovery_manual);
	assert_int_equal(g->scaling.min_active, 1);
	assert_int_equal(g->scaling.max_active, 1);
	assert_int_equal(g->scaling.line, 0);
	assert_int_equal(g->locator.line, 0);
	assert_null(g->vim_vm_name);
}

static void assert_addresses(const struct interface *i, const char *const *expected, unsigned n)
{
	for (unsigned vm = 0; vm < n; vm++) {
		const char *address = interface_address(i, vm);
		if (!streq(address, expected[vm]))
			fail_msg("nicid %u of VM %u: %s, not %s", i->nicid, vm, or_none(address),
				 or_none(expected[vm]));
	}
}

/* What an interface has as its own is nobody else's; two on one network share. */
static void test_pool_is_shared_out(void **state)
{
	(void)state;
	struct interface interfaces[] = {
		{.nicid = 0, .network = (char *)"other"},
		{.nicid = 1, .network = (char *)"n", .ip_address = (char *)"172.16.1.254"},
		{.nicid = 2, .network = (char *)"n"},
	};
	struct vm_group group = {
		.interfaces = interfaces, .n_interfaces = 3, .scaling.min_active = 3};
	const struct address_pool pool = {.network = (char *)"n",
					  .range_start = (char *)"172.16.1.253",
					  .range_end = (char *)"172.16.2.1"};
	const struct address_pool last = {.network = (char *)"other",
					  .range_start = (char *)"255.255.255.254",
					  .range_end = (char *)"255.255.255.255"};

	pool_share_out(&group, &pool);
	pool_share_out(&group, &last);
	assert_addresses(&interfaces[0],
			 (const char *const[]){"255.255.255.254", "255.255.255.255", NULL}, 3);
	assert_addresses(&interfaces[1],
			 (const char *const[]){"172.16.1.254", "172.16.1.255", "172.16.2.1"}, 3);
	assert_addresses(&interfaces[2], (const char *const[]){"172.16.1.253", "172.16.2.0", NULL},
			 3);
	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++)
		strv_clear(&interfaces[i].pool_addresses);
}

static void test_children_come_in_any_order(void **state)
{
	(void)state;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *a = read_text(
		"<esc_datamodel "
		"xmlns='http://www.cisco.com/esc/esc'><tenants><tenant><name>t</name>"
		"<deployments><deployment><name>d</name><vm_group><name>g</name><image>i</image>"
		"<flavor>f</flavor><interfaces><interface><nicid>0</nicid><type>direct</type>"
		"<network>n</network></interface></interfaces></vm_group></deployment>"
		"</deployments></tenant></tenants></esc_datamodel>",
		&findings);
	cleanup_model struct model *b = read_text(
		"<e:esc_datamodel xmlns:e='http://www.cisco.com/esc/esc'><e:tenants><e:tenant>"
		"<e:deployments><e:deployment><e:vm_group><e:interfaces><e:interface>"
		"<e:network>\n n \n</e:network><e:type>direct</e:type><e:nicid> 0 </e:nicid>"
		"</e:interface></e:interfaces><e:flavor>f</e:flavor><e:image>i</e:image>"
		"<e:name>g</e:name></e:vm_group><e:name>d</e:name></e:deployment></e:deployments>"
		"<e:name>t</e:name></e:tenant></e:tenants></e:esc_datamodel>",
		&findings);

	assert_int_equal(findings.n, 0);
	cleanup_free char *from_a = dump(a);
	cleanup_free char *from_b = dump(b);
	assert_string_equal(from_a, from_b);
}

/* One entry that cannot be read leaves the others whole. */
static void test_good_parts_survive_bad_ones(void **state)
{
	(void)state;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = read_text(
		"<esc_datamodel xmlns='http://www.cisco.com/esc/esc'><networks>"
		"<network><name>a</name></network><network><shared>true</shared></network>"
		"<network><name>c</name><shared>maybe</shared></network>"
		"</networks></esc_datamodel>",
		&findings);

	assert_int_equal(findings_count(&findings, SEVERITY_ERROR), 2);
	assert_int_equal(model->n_networks, 2);
	assert_string_equal(model->networks[1].name, "c");
}

static void test_other_encodings(void **state)
{
	(void)state;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model =
		read_text("<?xml version='1.0' encoding='ISO-8859-1'?>"
			  "<esc_datamodel xmlns='http://www.cisco.com/esc/esc'><networks><network>"
			  "<name>M\xfcnchen</name></network></networks></esc_datamodel>",
			  &findings);

	assert_int_equal(findings.n, 0);
	assert_string_equal(model->networks[0].name, "M\xc3\xbcnchen");
}

static void test_json_escapes(void **state)
{
	(void)state;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model =
		read_text("{\"esc:esc_datamodel\": {\"networks\": {\"network\": [{\"name\": "
			  "\"\\u00fc \\ud83d\\ude00 \\\\ud83d \\\\\\ud83d\\ude00\"}]}}}",
			  &findings);

	assert_int_equal(findings.n, 0);
	assert_string_equal(model->networks[0].name, "\u00fc \U0001f600 \\ud83d \\\U0001f600");
}

/* A flood of findings is cut, and says so. */
static void test_findings_are_bounded(void **state)
{
	(void)state;
	cleanup_findings struct findings findings = {0};
	cleanup_strbuf struct strbuf text = {0};

	strbuf_adds(&text, "<esc_datamodel xmlns='http://www.cisco.com/esc/esc'>");
	for (unsigned i = 0; i < 5000; i++)
		strbuf_adds(&text, "<tenant/>");
	strbuf_adds(&text, "</esc_datamodel>");
	cleanup_model struct model *model = read_text(text.s, &findings);
	assert_non_null(model);
	assert_int_equal(findings.n, 500);
	assert_string_equal(findings.v[499].text,
			    "too many findings: only the first 499 are listed");
}

static void expect_refused(const char *text, const char *why)
{
	cleanup_findings struct findings findings = {0};

	assert_null(read_text(text, &findings));
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.v[0].text, why);
}

static void test_depth_and_size_are_bounded(void **state)
{
	(void)state;
	cleanup_strbuf struct strbuf deep = {0}, json = {0}, many = {0};

	for (unsigned i = 0; i < 100000; i++)
		strbuf_adds(&deep, "<a>");
	expect_refused(deep.s, "elements are nested more than 64 deep");
	for (unsigned i = 0; i < 1000; i++)
		strbuf_adds(&json, "{\"a\":");
	strbuf_adds(&json, "1");
	for (unsigned i = 0; i < 1000; i++)
		strbuf_adds(&json, "}");
	expect_refused(json.s, "objects are nested more than 64 deep");
	strbuf_adds(&many, "<a>");
	for (unsigned i = 0; i < 200000; i++)
		strbuf_adds(&many, "<b/>");
	strbuf_adds(&many, "</a>");
	expect_refused(many.s, "more than 200000 elements");
}

static void test_unreadable_file(void **state)
{
	(void)state;
	cleanup_findings struct findings findings = {0};
	cleanup_err struct err err = ERR_INIT;
	struct model *model = NULL;

	assert_int_equal(esc_read("/nonexistent/dep.xml", &model, &findings, &err), -ENOENT);
	assert_string_equal(err.text,
			    "cannot open /nonexistent/dep.xml: No such file or directory");
	assert_null(model);
	assert_int_equal(findings.n, 0);
}

static void test_file_over_the_limit(void **state)
{
	(void)state;
	cleanup_findings struct findings findings = {0};
	cleanup_err struct err err = ERR_INIT;
	struct model *model = NULL;

	assert_int_equal(esc_read("/dev/zero", &model, &findings, &err), -EFBIG);
	assert_string_equal(err.text, "/dev/zero is larger than 8388608 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field_is_read),
		cmocka_unit_test(test_json_gives_the_same_model),
		cmocka_unit_test(test_corrected_example_is_clean),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_envelopes),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_file_not_applicable),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_pool_is_shared_out),
		cmocka_unit_test(test_children_come_in_any_order),
		cmocka_unit_test(test_good_parts_survive_bad_ones),
		cmocka_unit_test(test_other_encodings),
		cmocka_unit_test(test_json_escapes),
		cmocka_unit_test(test_findings_are_bounded),
		cmocka_unit_test(test_depth_and_size_are_bounded),
		cmocka_unit_test(test_unreadable_file),
		cmocka_unit_test(test_file_over_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
