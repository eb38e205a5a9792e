// SPDX-License-Identifier: Apache-2.0
/* sshd(8), "AUTHORIZED_KEYS FILE FORMAT". */

#include "base/alloc.h"
#include "base/base64.h"
#include "base/str.h"
#include "day0/readers.h"

static const char *const key_types[] = {
	"ssh-rsa",
	"ssh-ed25519",
	"ssh-dss",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com",
	"sk-ecdsa-sha2-nistp256@openssh.com",
	"ssh-rsa-cert-v01@openssh.com",
	"ssh-ed25519-cert-v01@openssh.com",
	"ecdsa-sha2-nistp256-cert-v01@openssh.com",
	"ecdsa-sha2-nistp384-cert-v01@openssh.com",
	"ecdsa-sha2-nistp521-cert-v01@openssh.com",
	"sk-ssh-ed25519-cert-v01@openssh.com",
	"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
};

/* The blob begins with the length and name of its type (RFC 4253, section 6.6). */
static bool is_blob(const char *s, size_t len, const char *type)
{
	cleanup_strbuf struct strbuf blob = {0};
	size_t type_len = strlen(type);

	return base64_decode(s, len, &blob) && blob.len > 4 + type_len &&
	       memcmp(blob.s, (const char[]){0, 0, 0, (char)type_len}, 4) == 0 &&
	       memcmp(blob.s + 4, type, type_len) == 0;
}

/* End of the word at s. Options may contain blanks in double quotes. */
static const char *word_end(const char *s)
{
	bool quoted = false;

	for (; *s && (quoted || (*s != ' ' && *s != '\t')); s++) {
		if (*s == '\\' && s[1] == '"')
			s++;
		else if (*s == '"')
			quoted = !quoted;
	}
	return s;
}

bool ssh_key_is_valid(const char *line)
{
	for (int field = 0; field < 2; field++) { /* options may precede the type */
		line += strspn(line, " \t");
		const char *end = word_end(line);
		cleanup_free char *type = xstrndup(line, (size_t)(end - line));
		line = end + strspn(end, " \t");
		for (size_t i = 0; i < ARRAY_SIZE(key_types); i++)
			if (streq(type, key_types[i]))
				return is_blob(line, strcspn(line, " \t\r\n"), type);
	}
	return false;
}
