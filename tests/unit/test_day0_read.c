// SPDX-License-Identifier: Apache-2.0
/* What is said of user data that is wrong: MIME, cloud-config, scripts. */
#include "base/str.h"
#include "day0_util.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "day0/decode.h"
#include "day0/readers.h"
#include "day0/shell.h"

struct bad {
	const char *input;
	unsigned line;
	enum severity severity;
	const char *rule, *text;
};

static void expect_each(const struct bad *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct bad *c = &cases[i];
		cleanup_fixture struct fixture f = {0};
		fixture_user_data(&f, c->input);
		if (!c->rule) {
			cleanup_free char *found = fixture_findings(&f);
			assert_string_equal(found, "");
			continue;
		}
		cleanup_free char *found = fixture_findings(&f);
		cleanup_free char *expected =
			xasprintf("%u %s %s\n", c->line, severity_name(c->severity), c->rule);
		assert_string_equal(found, expected);
		assert_string_equal(f.findings.v[0].text, c->text);
	}
}

#define HEAD   "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"BOUNDARY\"\n\n"
#define PART   "--BOUNDARY\nContent-Type: text/cloud-config\n\n#cloud-config\nhostname: a\n"
#define SCRIPT "Content-Type: text/x-shellscript\n\n#!/bin/sh\ntrue\n"

static void test_mime(void **state)
{
	(void)state;
	static const struct bad cases[] = {
		{HEAD PART "--BOUNDARY--\n", 0, 0, NULL, NULL},
		{HEAD "This is a multi-part message.\n" PART "--BOUNDARY-- \n\n", 0, 0, NULL, NULL},
		{"From a@example.test Mon\n" HEAD PART "--BOUNDARY--\n", 0, 0, NULL, NULL},
		{HEAD PART "--BOUNDARY\n", 9, SEVERITY_WARNING, "day0-mime-delimiter",
		 "the last delimiter is --BOUNDARY, so cloud-init reads another, empty part: end "
		 "the message with --BOUNDARY--"},
		{HEAD PART, 9, SEVERITY_WARNING, "day0-mime-delimiter",
		 "the closing delimiter --BOUNDARY-- is missing: the file may be truncated"},
		{HEAD PART "--BOUNDARY--\n\n" PART, 11, SEVERITY_ERROR, "day0-mime-delimiter",
		 "the text after the closing delimiter --BOUNDARY-- is ignored, including a part"},
		{HEAD PART "--BOUNDARY--\nbye\n", 10, SEVERITY_WARNING, "day0-mime-delimiter",
		 "the text after the closing delimiter --BOUNDARY-- is ignored"},
		{HEAD "--BOUNDARY\n" SCRIPT "--BOUNDARY--x\n# y\n--BOUNDARY--\n", 9, SEVERITY_ERROR,
		 "day0-mime-delimiter",
		 "\"--BOUNDARY--x\" is not a delimiter, so it is read as content: write --BOUNDARY "
		 "or --BOUNDARY-- with nothing else on the line"},
		{"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=OTHER\n\n" PART
		 "--BOUNDARY--\n",
		 2, SEVERITY_ERROR, "day0-mime-boundary",
		 "no line is --OTHER, the boundary that this header names, so cloud-init finds no "
		 "parts: use the same boundary"},
		{"MIME-Version: 1.0\nContent-Type: multipart/mixed\n\n" PART "--BOUNDARY--\n", 2,
		 SEVERITY_ERROR, "day0-mime-boundary",
		 "multipart/mixed has no boundary, so cloud-init finds no parts: add one"},
		{HEAD "--BOUNDARY\nContent-Type: text/cloud-config\n#cloud-config\nfqdn: "
		      "b\n--BOUNDARY--\n",
		 6, SEVERITY_WARNING, "day0-mime-header",
		 "this line is not a header and no empty line precedes it, so cloud-init reads it "
		 "as "
		 "content: insert an empty line"},
		{"Content-Type: multipart/mixed; boundary=B\nMIME-Version: 1.0;\n\n--B\n" SCRIPT
		 "--B--\n",
		 2, SEVERITY_WARNING, "day0-mime-version",
		 "MIME-Version is \"1.0;\", not \"1.0\": remove the extra characters"},
		{" x: y\nMIME-Version: 1.0\n" SCRIPT, 1, SEVERITY_WARNING, "day0-mime-header",
		 "this line continues a header, but no header precedes it"},
		{"MIME-Version: 1.0\n: x\n" SCRIPT, 2, SEVERITY_WARNING, "day0-mime-header",
		 "this line is not a header, so cloud-init skips it"},
		{"MIME-Version: 1.0\nContent-Type: cloud-config\n\n#cloud-config\nhostname: a\n", 2,
		 SEVERITY_WARNING, "day0-mime-type",
		 "Content-Type \"cloud-config\" must be type/subtype: cloud-init uses text/plain"},
		{"MIME-Version: 1.0\nContent-Type: text/cloud-config`\n\n#cloud-config\nhostname: "
		 "a\n",
		 4, SEVERITY_ERROR, "day0-type",
		 "cloud-init has no handler for type \"text/cloud-config`\" and ignores the part"},
		{"MIME-Version: 1.0\nContent-Type: message/rfc822\n\n" SCRIPT, 2, SEVERITY_WARNING,
		 "day0-mime-type",
		 "cloud-init processes the contents of a part of type message/rfc822 twice: make "
		 "them separate parts"},
		{"MIME-Version: 1.0\nContent-Transfer-Encoding: base64 \nContent-Type: "
		 "text/x-shellscript\n\n#!/bin/sh\n",
		 5, SEVERITY_ERROR, "day0-mime-encoding",
		 "cloud-init has no Content-Transfer-Encoding \"base64 \" and does not decode the "
		 "part"},
		{"MIME-Version: 1.0\nContent-Transfer-Encoding: base64\nContent-Type: "
		 "text/x-shellscript\n\nIyEv\nYml*uL3NoCg==\n",
		 6, SEVERITY_WARNING, "day0-mime-encoding",
		 "a character outside the base64 alphabet is skipped"},
		{"MIME-Version: 1.0\nContent-Transfer-Encoding: base64\nContent-Type: "
		 "text/x-shellscript\n\nIyEvYmluL3NoCg",
		 5, SEVERITY_ERROR, "day0-mime-encoding",
		 "the base64 data is incomplete: the part may be truncated"},
		{"MIME-Version: 1.0\nContent-Type: text/cloud-config\n\n# \xc3\xa9\nhostname: a\n",
		 4, SEVERITY_WARNING, "day0-mime-encoding",
		 "a non-ASCII character in a part without transfer encoding, which cloud-init "
		 "garbles: encode the part as base64"},
		{"MIME-Version: 1.0\nContent-Type: text/cloud-config\n\n# \xe9\nhostname: a\n", 4,
		 SEVERITY_ERROR, "day0-mime-encoding",
		 "this MIME message is not UTF-8, so cloud-init drops all of it"},
		{"MIME-Version: 1.0\nContent-Type: application/gzip\n\nx\n", 4, SEVERITY_ERROR,
		 "day0-gzip",
		 "the part of type application/gzip cannot be unpacked, so cloud-init drops all "
		 "user data: it is not gzip: the first two bytes are not 1f 8b"},
		{"\x1f\x8b.", 1, SEVERITY_ERROR, "day0-gzip",
		 "this looks like gzip but cannot be unpacked: it is truncated"},
	};

	expect_each(cases, ARRAY_SIZE(cases));
}

static void test_mime_depth_is_bounded(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};
	cleanup_strbuf struct strbuf b = {0};

	strbuf_adds(&b, "MIME-Version: 1.0\n");
	for (int i = 0; i < 40; i++)
		strbuf_addf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	fixture_user_data(&f, b.s);
	assert_int_equal(findings_count(&f.findings, SEVERITY_ERROR), 1);
	bool found = false;
	for (size_t i = 0; i < f.findings.n; i++)
		found = found || streq(f.findings.v[i].rule, "day0-mime-depth");
	assert_true(found);
}

static void test_lines_survive_decoding(void **state)
{
	(void)state;
	static const struct bad cases[] = {
		/* "#cloud-config\nhostname: a\nruncmd: x\n" over three lines of base64 */
		{"MIME-Version: 1.0\nContent-Type: text/cloud-config\nContent-Transfer-Encoding: "
		 "base64\n\nI2Nsb3VkLWNvbmZpZwpob\n3N0bmFtZTogYQpydW5jb\nWQ6IHgK\n",
		 6, SEVERITY_ERROR, "day0-runcmd",
		 "runcmd is not a list: begin each command with \"- \""},
		{"MIME-Version: 1.0\nContent-Type: text/cloud-config\nContent-Transfer-Encoding: "
		 "quoted-printable\n\n#cloud-config=0Ahostname: =\na=0A=\nruncmd: =78\n",
		 7, SEVERITY_ERROR, "day0-runcmd",
		 "runcmd is not a list: begin each command with \"- \""},
		{"MIME-Version: 1.0\r\nContent-Type: "
		 "text/cloud-config\r\n\r\n#cloud-config\r\nruncmd: "
		 "x\r\n",
		 5, SEVERITY_ERROR, "day0-runcmd",
		 "runcmd is not a list: begin each command with \"- \""},
		/* a script in a block scalar, a heredoc in it */
		{"#cloud-config\nruncmd:\n- |\n  set -e\n  cat <<E | chpasswd\n  root:x\n  E\n  "
		 "echo x | passwd --stdin root\n",
		 8, SEVERITY_WARNING, "day0-password",
		 "the password is in plain text, readable by everyone who can read this file or "
		 "the instance's user data: use an SSH key or a hash (mkpasswd -m yescrypt)"},
	};

	expect_each(cases, ARRAY_SIZE(cases));
}

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDkxxnn8w5S8r3VTbNtjEnrjHnuJNDxPyK2HWNyFq3Sd"
#define PLAIN_TEXT                                                                           \
	"the password is in plain text, readable by everyone who can read this file or the " \
	"instance's user data: use an SSH key or a hash (mkpasswd -m yescrypt)"

static void test_cloud_config(void **state)
{
	(void)state;
	static const struct bad cases[] = {
		{"#cloud-config\nhostname: a\n", 0, 0, NULL, NULL},
		{"#cloud-config\n", 1, SEVERITY_WARNING, "day0-empty",
		 "this cloud-config is empty"},
		{" \n", 1, SEVERITY_WARNING, "day0-empty", "this user data is empty"},
		{"hello\n", 1, SEVERITY_ERROR, "day0-type",
		 "cloud-init does not recognize the first line and ignores the part: begin with "
		 "\"#cloud-config\" or \"#!\", or set the type in a Content-Type header"},
		{"#cloud-config\n- a\n", 2, SEVERITY_ERROR, "day0-yaml",
		 "a cloud-config must be a mapping (key: value), but this is a list: cloud-init "
		 "ignores the part"},
		{"#cloud-config\na: [1, 2\nb: 3\n", 3, SEVERITY_ERROR, "day0-yaml",
		 "not valid YAML: did not find expected ',' or ']', while parsing a flow sequence "
		 "that begins in line 2"},
		{"#cloud-config\nhostname: a\n\tfqdn: b\n", 3, SEVERITY_ERROR, "day0-yaml",
		 "not valid YAML: found a tab character that violates indentation, while scanning "
		 "a plain scalar that begins in line 2: indent by spaces"},
		{"#cloud-config\nhostname: a\n---\nfqdn: b\n", 3, SEVERITY_ERROR, "day0-yaml",
		 "a second YAML document begins here, but cloud-init accepts only one and rejects "
		 "the part: remove the \"---\""},
		{"#cloud-config\nruncmd: [a]\nhostname: x\nruncmd: [b]\n", 2, SEVERITY_WARNING,
		 "day0-yaml-key",
		 "\"runcmd\" is repeated in line 4, and only the last one counts: merge them"},
		{"#cloud-config\na: &a\n  b: *a\n", 1, SEVERITY_ERROR, "day0-yaml",
		 "this YAML is nested deeper than 64 levels or its aliases expand too far: "
		 "it is not read"},
		{"#cloud-config\nruncmds: []\n", 2, SEVERITY_WARNING, "day0-key",
		 "cloud-init has no key \"runcmds\" and ignores it (did you mean \"runcmd\"?)"},
		{"#cloud-config\nsite_data: 1\n", 2, SEVERITY_NOTE, "day0-key",
		 "cloud-init has no key \"site_data\" and ignores it"},
		{"#cloud-config\nruncmd:\n- true\n- echo a: b\n", 4, SEVERITY_ERROR, "day0-runcmd",
		 "this command contains \": \" and so is a mapping, for which cloud-init rejects "
		 "all of runcmd: quote the command"},
		{"#cloud-config\nruncmd:\n- [nmcli, c, a, type, bond,\n   ifname, b, mode, 9]\n", 4,
		 SEVERITY_ERROR, "day0-bond", "the bonding driver has no mode \"9\""},
		{"#cloud-config\nbootcmd:\n- [ip, {a: b}]\n", 3, SEVERITY_ERROR, "day0-runcmd",
		 "an argument of this command is not a string: quote it"},
		{"#cloud-config\nruncmd:\n- ip addr add 10.x.x.x/24 dev eth0\n", 3, SEVERITY_ERROR,
		 "day0-placeholder",
		 "\"10.x.x.x/24\" is a placeholder, not an address: replace it"},
		{"#cloud-config\nssh_authorized_keys:\n- " KEY " a@b\n- from=\"a b\" " KEY "\n", 0,
		 0, NULL, NULL},
		{"#cloud-config\nssh_authorized_keys:\n- ssh-rsa  a@b\n", 3, SEVERITY_ERROR,
		 "day0-ssh-key",
		 "this item has no key data, so it permits no login: paste the whole line of the "
		 ".pub file"},
		{"#cloud-config\nusers:\n- default\n- name: a\n  ssh_authorized_keys: [ssh-rsa "
		 "AAAAC3NzaC1lZDI1NTE5]\n",
		 5, SEVERITY_ERROR, "day0-ssh-key",
		 "this item has no key data, so it permits no login: paste the whole line of the "
		 ".pub file"},
		{"#cloud-config\nssh_authorized_keys: " KEY "\n", 2, SEVERITY_ERROR, "day0-ssh-key",
		 "ssh_authorized_keys is not a list of keys"},
		{"#cloud-config\npassword: secret\n", 2, SEVERITY_WARNING, "day0-password",
		 PLAIN_TEXT},
		{"#cloud-config\npassword: $y$abc\n", 0, 0, NULL, NULL},
		{"#cloud-config\nusers:\n- name: a\n  plain_text_passwd: x\n", 4, SEVERITY_WARNING,
		 "day0-password", PLAIN_TEXT},
		{"#cloud-config\nchpasswd:\n  users:\n  - {name: a, password: x, type: text}\n  - "
		 "{name: b, type: RANDOM}\n",
		 4, SEVERITY_WARNING, "day0-password", PLAIN_TEXT},
		{"#cloud-config\nchpasswd:\n  list: |\n    a:$6$x\n\n    root:x\n    b:RANDOM\n", 6,
		 SEVERITY_WARNING, "day0-password",
		 "the password is in plain text: use a hash (mkpasswd -m yescrypt) or RANDOM"},
		{"#cloud-config\nchpasswd: {list: ['a:R', 'b:x']}\n", 2, SEVERITY_WARNING,
		 "day0-password",
		 "the password is in plain text: use a hash (mkpasswd -m yescrypt) or RANDOM"},
		{"#cloud-config\nwrite_files: {path: /a}\n", 2, SEVERITY_ERROR, "day0-write-files",
		 "write_files is not a list: begin each file with \"- path:\""},
		{"#cloud-config\nwrite_files:\n- content: a\n", 3, SEVERITY_ERROR,
		 "day0-write-files", "this file has no path, so cloud-init skips it: add one"},
		{"#cloud-config\nwrite_files:\n- {path: a, content: b}\n", 3, SEVERITY_ERROR,
		 "day0-write-files", "\"a\" is not an absolute path"},
		{"#cloud-config\nwrite_files:\n- path: /a\n  contents: b\n", 4, SEVERITY_WARNING,
		 "day0-write-files", "write_files has no key \"contents\" and ignores it"},
		{"#cloud-config\nwrite_files:\n- path: /a\n  permissions: 644\n", 4, SEVERITY_ERROR,
		 "day0-write-files",
		 "permissions 644 is a decimal number in YAML: write '0644', with quotes"},
		{"#cloud-config\nwrite_files:\n- path: /a\n  permissions: rw-\n", 4, SEVERITY_ERROR,
		 "day0-write-files", "permissions \"rw-\" must be an octal mode such as '0644'"},
		{"#cloud-config\nwrite_files:\n- path: /a\n  encoding: hex\n  content: ''\n", 4,
		 SEVERITY_ERROR, "day0-write-files",
		 "cloud-init has no encoding \"hex\": use b64, gzip, gz+b64 or text/plain"},
		{"#cloud-config\nwrite_files:\n- path: /a\n  encoding: b64\n  content: '#!'\n", 5,
		 SEVERITY_ERROR, "day0-write-files",
		 "the content is not valid base64, but the file has \"encoding: b64\""},
		{"#cloud-config\nwrite_files:\n- path: /a\n  encoding: b64\n  content: "
		 "CiMgVGhpcyBmaWxlIGNvbnRyb2xzIHRoZSBzdGF0ZSBvZiBTRUxpbnV4...\n",
		 5, SEVERITY_WARNING, "day0-write-files",
		 "characters outside the base64 alphabet are skipped: remove them"},
		{"#cloud-config\nwrite_files:\n- path: /a\n  encoding: gz+b64\n  content: YWJj\n",
		 5, SEVERITY_ERROR, "day0-write-files",
		 "the content is not valid gzip, but the file has \"encoding: gz+b64\": it is "
		 "not gzip: the first two bytes are not 1f 8b"},
		{"## template: jinja\n#cloud-config\nruncmd: x\n", 3, SEVERITY_ERROR, "day0-runcmd",
		 "runcmd is not a list: begin each command with \"- \""},
		{"## template: jinja\n#cloud-config\nruncmd: {{ x }}\n", 1, SEVERITY_NOTE,
		 "day0-unread",
		 "the guest renders this jinja template, so the part is not checked"},
		{"#include\nhttp://example.test/\n", 1, SEVERITY_NOTE, "day0-unread",
		 "a part of type text/x-include-url is not checked"},
	};

	expect_each(cases, ARRAY_SIZE(cases));
}

/* cc_write_files.decode_perms: an integer is the mode, text is read as octal. */
static void test_permissions(void **state)
{
	(void)state;
	static const struct {
		const char *permissions;
		bool good;
	} cases[] = {
		{"0644", true},     {"'0644'", true},  {"'644'", true},       {"0o600", true},
		{"'0o600'", true},  {"0O755", true},   {"\"00644\"", true},   {"0x1A4", true},
		{"420", true},      {"384", true},     {"0b110000000", true}, {"' 0644 '", true},
		{"'+0644'", true},  {"'0_644'", true}, {"~", true},           {"", true},
		{"7", true},        {"0o7777", true},  {"600", false},        {"755", false},
		{"'0648'", false},  {"0648", false},   {"rw-r--r--", false},  {"u=rw", false},
		{"'0x1A4'", false}, {"-0644", false},  {"'0b11'", false},     {"'06 44'", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_fixture struct fixture f = {0};
		cleanup_free char *data =
			xasprintf("#cloud-config\nwrite_files:\n- path: /a\n  permissions: %s\n",
				  cases[i].permissions);
		fixture_user_data(&f, data);
		cleanup_free char *found = fixture_findings(&f);
		assert_string_equal(found, cases[i].good ? "" : "4 error day0-write-files\n");
	}
}

/* One file in each encoding of cc_write_files.canonicalize_extraction. */
static void test_encodings(void **state)
{
	(void)state;
	static const char base64[] =
		"bmV0d29yazoge2V0aGVybmV0czoge2E6IHthZGRyZXNzZXM6IFsxOTIuMC4yLjEvMjRdfX19Cg==";
	static const char gzip[] = "H4sIAAAAAAACA8tLLSnPL8q2UqhOLclILcpLLSkGshNBOCWlKLW4OBXIjza0NNI"
				   "z0DPSM9Q3Momtra3lAgAKt88gNwAAAA==";
	static const struct {
		const char *encoding, *tag, *content;
	} cases[] = {
		{"b64", "", base64},
		{"B64", "", base64},
		{"Base64", "", base64},
		{"\" base64 \"", "", base64},
		{"gz+b64", "", gzip},
		{"GZIP+BASE64", "", gzip},
		{"gz+base64", "", gzip},
		{"gzip+b64", "", gzip},
		{"text/plain", "!!binary ", base64},
		{"''", "!!binary ", base64},
		{"gz", "!!binary ", gzip},
		{"GZip", "!!binary ", gzip},
		{"~", "!!binary |\n    ", base64},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_fixture struct fixture f = {0};
		cleanup_free char *data =
			xasprintf("#cloud-config\nruncmd: [netplan apply]\nwrite_files:\n"
				  "- path: /etc/netplan/60.yaml\n  encoding: %s\n  content: %s%s\n",
				  cases[i].encoding, cases[i].tag, cases[i].content);
		fixture_user_data(&f, data);
		cleanup_free char *found = fixture_findings(&f);
		assert_string_equal(found, "");
		assert_int_equal(f.group->guest.n_nics, 1);
		assert_string_equal(f.group->guest.nics[0].addresses.v[0], "192.0.2.1/24");
	}
}

static void test_scripts(void **state)
{
	(void)state;
	static const struct bad cases[] = {
		{"#!/bin/sh\ntrue\n", 0, 0, NULL, NULL},
		{"#cloud-boothook\n#!/bin/bash\ntrue\n", 0, 0, NULL, NULL},
		{"#!/usr/bin/python3\nprint('echo a | passwd')\n", 0, 0, NULL, NULL},
		{"#!/usr/bin/env bash\necho a | passwd\n", 2, SEVERITY_WARNING, "day0-password",
		 PLAIN_TEXT},
		{"#!/bin/sh\n(echo a; echo a) | passwd b\n", 2, SEVERITY_WARNING, "day0-password",
		 PLAIN_TEXT},
		{"#!/bin/sh\nchpasswd <<E\nroot:a\nE\n", 2, SEVERITY_WARNING, "day0-password",
		 PLAIN_TEXT},
		{"#!/bin/sh\nuseradd -m \\\n -p secret a\nuseradd -p '$y$x' b\n", 3,
		 SEVERITY_WARNING, "day0-password", PLAIN_TEXT},
		{"#!/bin/sh\necho \"$P\" | passwd --stdin a; passwd -l root\n", 0, 0, NULL, NULL},
		{"#cloud-boothook\ntrue\n", 2, SEVERITY_ERROR, "day0-script",
		 "the script does not begin with \"#!\" and an interpreter, so the kernel refuses "
		 "to run it (Exec format error)"},
		{"MIME-Version: 1.0\nContent-Type: text/x-shellscript\n\n\n#!/bin/sh\n", 4,
		 SEVERITY_ERROR, "day0-script",
		 "\"#!\" is not at the start of the script, so the kernel refuses to run it (Exec "
		 "format error): remove the text before it"},
		{"#!/bin/sh\nif true; then cp a /etc/cloud/cloud.cfg; fi\n", 2, SEVERITY_WARNING,
		 "day0-cloud-cfg",
		 "the script replaces /etc/cloud/cloud.cfg while cloud-init runs, with a file that "
		 "is not in this day-0: put the settings into /etc/cloud/cloud.cfg.d/ or into the "
		 "image"},
		{"#!/bin/sh\nsystemctl restart network\n", 2, SEVERITY_WARNING,
		 "day0-network-service",
		 "the service \"network\" is part of RHEL's network scripts, which RHEL 9 removed "
		 "and Debian never had: use \"nmcli connection up\", \"netplan apply\" or the "
		 "equivalent of the image's network stack"},
		{"#!/bin/sh\nservice network restart\n", 2, SEVERITY_WARNING,
		 "day0-network-service",
		 "the service \"network\" is part of RHEL's network scripts, which RHEL 9 removed "
		 "and Debian never had: use \"nmcli connection up\", \"netplan apply\" or the "
		 "equivalent of the image's network stack"},
		{"#!/bin/sh\n/etc/init.d/network restart\n", 2, SEVERITY_WARNING,
		 "day0-network-service",
		 "the service \"network\" is part of RHEL's network scripts, which RHEL 9 removed "
		 "and Debian never had: use \"nmcli connection up\", \"netplan apply\" or the "
		 "equivalent of the image's network stack"},
		{"#!/bin/sh\nsystemctl restart NetworkManager; systemctl restart networking\n", 0,
		 0, NULL, NULL},
		{"#!/bin/sh\nnova show x --human | grep numa\n", 2, SEVERITY_ERROR,
		 "day0-nova-numa",
		 "this prints nothing about NUMA, because a server's details have no such field: "
		 "use GET /servers/ID/topology (microversion 2.78) or dnsvnf verify"},
		{"#!/bin/sh\nopenstack server show x | grep -i NUMA\n", 2, SEVERITY_ERROR,
		 "day0-nova-numa",
		 "this prints nothing about NUMA, because a server's details have no such field: "
		 "use GET /servers/ID/topology (microversion 2.78) or dnsvnf verify"},
		{"#!/bin/sh\nopenstack flavor show x | grep numa; nova show x | grep status\n", 0,
		 0, NULL, NULL},
	};

	expect_each(cases, ARRAY_SIZE(cases));
}

static char *words_of(const char *s)
{
	cleanup_text struct text text = {0};
	cleanup_script struct script script = {0};
	struct strbuf b = {0};

	text_init(&text, "x", s, strlen(s), 1);
	shell_parse(&text, &script);
	for (size_t i = 0; i < script.n; i++) {
		const struct command *c = &script.v[i];
		strbuf_addf(&b, "%s%zu", c->piped ? "| " : "", c->line + 1);
		for (size_t k = 0; k < c->n_words; k++)
			strbuf_addf(&b, " [%s]", c->words[k].s);
		if (c->output)
			strbuf_addf(&b, " %s%s", c->append ? ">>" : ">", c->output);
		if (c->heredoc.s)
			strbuf_addf(&b, " <<{%s}%u", c->heredoc.s, text_line(&c->heredoc, 0));
		strbuf_adds(&b, "; ");
	}
	return strbuf_steal(&b);
}

static void test_shell_words(void **state)
{
	(void)state;
	static const struct {
		const char *script, *commands;
	} cases[] = {
		{"a b  c\td", "1 [a] [b] [c] [d]; "},
		{"a 'b \"c' \"d 'e\" f\\ g h'i'\"j\"", "1 [a] [b \"c] [d 'e] [f g] [hij]; "},
		{"a \"x\\\"y\\\\z\\n\" 'q\\'", "1 [a] [x\"y\\z\\n] [q\\]; "},
		{"a $(b; c) `d | e` \"$(f \"g\")\" ${h-i j}",
		 "1 [a] [$(b; c)] [`d | e`] [$(f \"g\")] [${h-i j}]; "},
		{"a;b&&c||d|e&f", "1 [a]; 1 [b]; 1 [c]; 1 [d]; | 1 [e]; 1 [f]; "},
		{"a # b\n#c\nd#e", "1 [a]; 3 [d#e]; "},
		{"a \\\n b\nc", "1 [a] [b]; 3 [c]; "},
		{"a 'x\ny'\nb", "1 [a] [x\ny]; 3 [b]; "},
		{"a >b 2>&1 2>/dev/null", "1 [a] >b; "},
		{"a >> b 2> c; d &>e; f >|g", "1 [a] >>b; 1 [d] >e; 1 [f] >g; "},
		{"a <<E >b\nc\nE\nd", "1 [a] >b <<{c\n}2; 4 [d]; "},
		{"a <<E; b <<-'F'\nc\nE\n\tg\n\tF\nd", "1 [a] <<{c\n}2; 1 [b] <<{g\n}4; 6 [d]; "},
		{"a <<E\nno end", "1 [a] <<{no end}2; "},
		{"a <<< b c", "1 [a] [c]; "},
		{"(a; b) | c", "1 [a]; 1 [b]; | 1 [c]; "},
		{"a 'never closed", "1 [a] [never closed]; "},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *words = words_of(cases[i].script);
		assert_string_equal(words, cases[i].commands);
	}
}

static void test_base64(void **state)
{
	(void)state;
	static const char *const plain[] = {"", "a", "ab", "abc", "abcd"};
	static const char *const coded[] = {"", "YQ==", "YWI=", "YWJj", "YWJjZA=="};

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		cleanup_text struct text in = {0}, out = {0};
		cleanup_free char *s = base64_encode(plain[i], i);
		unsigned bad;
		bool cut;
		assert_string_equal(s, coded[i]);
		text_init(&in, "x", s, strlen(s), 1);
		text_decode_base64(&in, &out, &bad, &cut);
		assert_string_equal(out.s, plain[i]);
		assert_int_equal(bad, 0);
		assert_false(cut);
		cleanup_strbuf struct strbuf whole = {0}, unpadded = {0};
		assert_true(base64_decode(s, strlen(s), &whole));
		assert_true(base64_decode(s, strcspn(s, "="), &unpadded));
		assert_int_equal(whole.len, i);
		assert_memory_equal(whole.len ? whole.s : "", plain[i], i);
		assert_int_equal(unpadded.len, i);
	}
	cleanup_strbuf struct strbuf broken = {0};
	assert_false(base64_decode("YWJj!YWJj", 9, &broken));
	assert_string_equal(broken.s, "abc");
}

static void test_gzip_bomb_is_refused(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *zeros = xcalloc(GUNZIP_MAX + 1, 1), *packed = NULL, *out = NULL;
	size_t len;

	gzip_pack(zeros, GUNZIP_MAX, &packed, &len);
	assert_int_equal(gunzip(packed, len, GUNZIP_MAX, &out, &len, &err), 0);
	assert_int_equal(len, GUNZIP_MAX);
	free(packed);
	gzip_pack(zeros, GUNZIP_MAX + 1, &packed, &len);
	assert_int_equal(gunzip(packed, len, GUNZIP_MAX, &out, &len, &err), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mime),
		cmocka_unit_test(test_mime_depth_is_bounded),
		cmocka_unit_test(test_lines_survive_decoding),
		cmocka_unit_test(test_cloud_config),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_shell_words),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_gzip_bomb_is_refused),
	};

	return cmocka_run_group_tests_name("day0_read", tests, NULL, NULL);
}
