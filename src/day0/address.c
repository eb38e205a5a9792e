// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"
#include "day0/link.h"
#include "net/ip.h"
#include "net/mac.h"

/* Fields of digits and separators in which some or all digits are replaced by x. */
static bool has_x_fields(const char *s, char separator, size_t min_fields, const char *digits)
{
	size_t fields = 1, x = 0, field_len = 0;

	for (; *s && *s != '/' && *s != '%'; s++) {
		if (*s == separator) {
			fields++;
			field_len = 0;
			continue;
		}
		if (*s == 'x' || *s == 'X')
			x++;
		else if (!strchr(digits, *s))
			return false;
		if (++field_len > 4)
			return false;
	}
	return x > 0 && fields >= min_fields;
}

bool is_placeholder(const char *s)
{
	size_t len = strlen(s);

	if (len > 2 && s[0] == '<' && strchr(s, '>'))
		return true;
	return has_x_fields(s, '.', 4, "0123456789") ||
	       has_x_fields(s, ':', 3, "0123456789abcdefABCDEF");
}

int address_family(const char *s)
{
	cleanup_free char *bare = xstrndup(s, strcspn(s, "/"));

	return ip_version_of(bare);
}

static const char *family_name(int family)
{
	return family == 4 ? "IPv4 " : family == 6 ? "IPv6 " : "IP ";
}

void address_check(const char *s, int family, enum address_form form, const struct text *text,
		   size_t line, struct findings *findings)
{
	if (has_variable(s))
		return;

	cleanup_free char *q = quotable(s);
	if (is_placeholder(s)) {
		report(findings, text, line, SEVERITY_ERROR, "day0-placeholder",
		       "\"%s\" is a placeholder, not an address: replace it", q);
		return;
	}
	int is = address_family(s);
	if (is == 0 || (family != 0 && is != family)) {
		report(findings, text, line, SEVERITY_ERROR, "day0-address",
		       "\"%s\" is not an %saddress", q, family_name(family));
		return;
	}
	const char *slash = strchr(s, '/');
	int64_t prefix;
	if (slash &&
	    (form == ADDRESS_ALONE || str_to_int(slash + 1, 0, is == 4 ? 32 : 128, &prefix) < 0)) {
		report(findings, text, line, SEVERITY_ERROR, "day0-address",
		       form == ADDRESS_ALONE
			       ? "\"%s\" has a prefix length: give an address without one"
			       : "\"%s\" has no valid prefix length",
		       q);
	} else if (!slash && form == ADDRESS_WITH_PREFIX) {
		report(findings, text, line, SEVERITY_WARNING, "day0-address",
		       "\"%s\" has no prefix length, so it is read as /%d and no neighbour is "
		       "on-link: add one",
		       q, is == 4 ? 32 : 128);
	}
}

/* Twenty octets: RFC 4391, 9.1. */
static bool is_infiniband(const char *s)
{
	size_t octets = 0;

	for (; isxdigit((unsigned char)s[0]) && isxdigit((unsigned char)s[1]);
	     s += 2 + (s[2] == ':'))
		octets++;
	return octets == 20 && !*s;
}

void mac_check(const char *s, const struct text *text, size_t line, struct findings *findings)
{
	struct mac_addr mac;

	if (has_variable(s))
		return;
	cleanup_free char *q = quotable(s);
	if (is_placeholder(s)) {
		report(findings, text, line, SEVERITY_ERROR, "day0-placeholder",
		       "\"%s\" is a placeholder, not a MAC address: replace it", q);
		return;
	}
	if (!mac_parse(s, &mac) && !is_infiniband(s))
		report(findings, text, line, SEVERITY_ERROR, "day0-address",
		       "\"%s\" is not a MAC address", q);
}
