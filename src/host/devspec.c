// SPDX-License-Identifier: Apache-2.0
#include "host/devspec.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/str.h"
#include "host/host.h"
#include "host/python_re.h"

#define ANY "*"

/* nova/pci/devspec.py, MAX_VENDOR_ID to MAX_FUNC */
static const struct {
	const char *name;
	unsigned long max;
	int digits;
} fields[ADDRESS_FIELDS] = {
	{"domain", 0xffff, 4},
	{"bus", 0xff, 2},
	{"slot", 0x1f, 2},
	{"func", 0x7, 1},
};

/*
 * Python's int(text, 16): blanks around, a sign, "0x" and single underscores between digits are
 * fine. False: it does not parse. Large numbers are ULONG_MAX.
 */
static bool python_hex(const char *text, bool *ret_negative, unsigned long *ret)
{
	cleanup_free char *copy = str_trimmed(text, strlen(text));
	cleanup_strbuf struct strbuf digits = {0};
	const char *s = copy;

	*ret_negative = *s == '-';
	s += *s == '-' || *s == '+';
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		s += 2;
		s += *s == '_';
	}
	for (bool after_digit = false; *s; s++) {
		if (*s == '_' ? !after_digit : !isxdigit((unsigned char)*s))
			return false;
		after_digit = *s != '_';
		if (after_digit)
			strbuf_add(&digits, s, 1);
		else if (!s[1])
			return false;
	}
	if (digits.len == 0)
		return false;
	*ret = strtoul(digits.s, NULL, 16);
	return true;
}

/* PciAddressSpec._set_pci_dev_info() */
static int set_number(struct devspec_field *f, const char *text, const char *name,
		      unsigned long max, int digits, struct err *err)
{
	bool negative;
	unsigned long value;

	if (streq(text, ANY)) {
		f->text = xstrdup(ANY);
		return 0;
	}
	if (!python_hex(text, &negative, &value))
		return err_set(err, INVALID,
			       "property %s ('%.40s') does not parse as a hex number: give a "
			       "hexadecimal number, or * for any",
			       name, text);
	negative &= value != 0;
	if (!negative && value > max)
		return err_set(err, INVALID,
			       "property %s (%.40s) is greater than the maximum allowable value "
			       "(%lX)",
			       name, text, max);
	/* a negative number is accepted, and equals no device's */
	f->text = negative ? xstrdup("-") : xasprintf("%0*lx", digits, value);
	return 0;
}

static int set_address_field(struct devspec *spec, size_t i, const char *text, struct err *err)
{
	return set_number(&spec->address[i], text, fields[i].name, fields[i].max, fields[i].digits,
			  err);
}

/* "DOMAIN:BUS:SLOT" from the right; a field that is absent or blank is any. */
static int set_bus_fields(struct devspec *spec, char *s, struct err *err)
{
	char *part[ADDRESS_FIELDS - 1] = {NULL};
	size_t n = 0;

	for (char *rest = s, *field; (field = strsep(&rest, ":"));) {
		if (n == ARRAY_SIZE(part))
			return err_set(err, INVALID,
				       "the address has an incorrect format: too many fields");
		part[n++] = field;
	}
	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		size_t missing = ARRAY_SIZE(part) - n;
		cleanup_free char *text =
			i < missing ? xstrdup("")
				    : str_trimmed(part[i - missing], strlen(part[i - missing]));
		int r = set_address_field(spec, i, *text ? text : ANY, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* PciAddressGlobSpec */
static int set_glob(struct devspec *spec, const char *address, struct err *err)
{
	cleanup_free char *s = xstrdup(address);
	char *dot = strchr(s, '.');
	cleanup_free char *function = dot ? str_trimmed(dot + 1, strlen(dot + 1)) : NULL;
	bool any_function = !dot || !dot[1];

	if (dot)
		*dot = 0;
	int r = set_address_field(spec, ADDRESS_FIELDS - 1, any_function ? ANY : function, err);

	return r < 0 ? r : set_bus_fields(spec, s, err);
}

static int set_expression(struct devspec_field *f, const json_t *value, const char *name,
			  struct err *err)
{
	if (value && !json_is_string(value))
		return err_set(err, INVALID, "%s of the address is not a text", name);
	f->text = xstrdup(value ? json_string_value(value) : ".*");
	f->is_regex = true;
	int r = python_re_compile(f->text, &f->regex, err);
	if (r < 0)
		return err_wrap(
			err,
			"the address has an incorrect format: %s \"%.40s\" is no regular "
			"expression (an address that is an object has these; any is \".*\")",
			name, f->text);
	f->compiled = r > 0;
	return 0;
}

/* PciAddressRegexSpec */
static int set_expressions(struct devspec *spec, const json_t *address, struct err *err)
{
	static const char *const keys[] = {"domain", "bus", "slot", "function"};
	int r = 0;

	for (size_t i = 0; i < ADDRESS_FIELDS && r == 0; i++)
		r = set_expression(&spec->address[i], json_object_get(address, keys[i]), keys[i],
				   err);
	return r;
}

static const struct host_nic *nic_at(const struct host *host, const char *address)
{
	return array_find(host->nics, host->n_nics, streq(it->pci_address, address));
}

/* PciAddressSpec.is_single_address(); then the address is in *ret, which the caller frees. */
static bool single_address(const struct devspec *spec, char **ret)
{
	for (size_t i = 0; i < ADDRESS_FIELDS; i++) {
		const char *text = spec->address[i].text;

		if (strspn(text, "0123456789abcdefABCDEF") != strlen(text))
			return false;
	}
	*ret = xasprintf("%s:%s:%s.%s", spec->address[0].text, spec->address[1].text,
			 spec->address[2].text, spec->address[3].text);
	return true;
}

static const struct host_nic *single_pf(const struct devspec *spec, const struct host *host)
{
	cleanup_free char *address = NULL;
	const struct host_nic *nic = single_address(spec, &address) ? nic_at(host, address) : NULL;

	return nic && nic->vfs_total > 0 ? nic : NULL;
}

/* Python's truth of a JSON value. */
static bool is_true(const json_t *value)
{
	if (!value || json_is_null(value) || json_is_false(value))
		return false;
	if (json_is_string(value))
		return json_string_length(value) > 0;
	if (json_is_number(value))
		return json_number_value(value) != 0;
	return json_is_true(value) || json_object_size(value) > 0 || json_array_size(value) > 0;
}

static int set_address(struct devspec *spec, const json_t *address, const struct host *host,
		       struct err *err)
{
	int r;

	if (!is_true(address))
		r = set_glob(spec, "*:*:*.*", err);
	else if (json_is_string(address))
		r = set_glob(spec, json_string_value(address), err);
	else if (json_is_object(address))
		r = set_expressions(spec, address, err);
	else
		r = err_set(err, INVALID,
			    "the address has an incorrect format: it is neither text nor object");
	if (r == 0)
		spec->is_pf = single_pf(spec, host) != NULL;
	return r;
}

/* utils.get_function_by_ifname(): the function of an interface, and whether it is a PF. */
static const char *function_named(const struct host *host, const char *name, bool *ret_pf)
{
	*ret_pf = false;
	for (size_t i = 0; i < host->n_nics; i++) {
		const struct host_nic *nic = &host->nics[i];
		const struct host_vf *vf = array_find(nic->vfs, nic->n_vfs, streq(it->name, name));

		*ret_pf = streq(nic->name, name) && nic->vfs_total > 0;
		if (streq(nic->name, name))
			return nic->pci_address;
		if (vf)
			return vf->pci_address;
	}
	return NULL;
}

/* Nova takes no domain of more than 16 bits. */
static int check_named(const char *name, const struct host *host, struct err *err)
{
	bool pf;
	const char *address = function_named(host, name, &pf);
	cleanup_free char *domain = address ? xstrndup(address, strcspn(address, ":")) : NULL;

	return domain && strlen(domain) > 4
		       ? err_set(err, INVALID,
				 "property domain (%s) is greater than the maximum allowable value "
				 "(FFFF)",
				 domain)
		       : 0;
}

/* The middle of PciDeviceSpec._init_dev_details() */
static int check_remote_managed(const struct devspec *spec, const struct host *host,
				struct err *err)
{
	const char *vendor = spec->vendor.text, *product = spec->product.text;
	const struct host_nic *nic;

	if (spec->devname) {
		bool pf;
		const char *named = function_named(host, spec->devname, &pf);

		if (!named)
			return err_set(err, INVALID,
				       "a device specified as \"remote_managed\" is not actually "
				       "present on the host");
		nic = pf ? nic_at(host, named) : NULL;
	} else {
		/* Nova asks for it by a text that only the address of a name has. */
		return spec->is_pf ? err_set(err, INVALID,
					     "the address is that of a PF, which must not have the "
					     "\"remote_managed\" tag: give those of its VFs")
				   : 0;
	}
	if (!nic || !nic->pci_id)
		return 0;
	bool same_vendor = streq(vendor, ANY) || strncmp(vendor, nic->pci_id, 4) == 0;
	if (same_vendor && nic->vf_pci_id && streq(product, nic->vf_pci_id + 5))
		return 0;
	if (same_vendor && (streq(product, ANY) || streq(product, nic->pci_id + 5)))
		return err_set(err, INVALID,
			       "PFs must not have the \"remote_managed\" tag, device address: %s",
			       nic->pci_address);
	return err_set(err, INVALID,
		       "the specified VF vendor ID %s and product ID %s do not match the expected "
		       "VF IDs based on the corresponding PF identified by PCI address %s",
		       vendor, product, nic->pci_address);
}

static int set_id(struct devspec_field *f, const json_t *object, const char *key, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (value && !json_is_string(value))
		return err_set(err, INVALID, "%s is not a text", key);
	return set_number(f, value ? json_string_value(value) : ANY, key, 0xffff, 4, err);
}

/* oslo_utils.strutils.bool_from_string() */
static bool bool_from_string(const json_t *value)
{
	static const char words[] = "1 t true on y yes";

	if (json_is_integer(value))
		return json_integer_value(value) == 1;
	if (!json_is_string(value))
		return json_is_true(value);
	cleanup_free char *text = str_trimmed(json_string_value(value), json_string_length(value));
	for (char *c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return !strpbrk(text, " ,") && *text && str_in_words(words, text);
}

static void set_tags(struct devspec *spec, const json_t *object)
{
	const json_t *trusted = json_object_get(object, "trusted");

	spec->physnet = xstrdup(json_string_value(json_object_get(object, "physical_network")));
	spec->trusted =
		json_is_string(trusted) && strcasecmp(json_string_value(trusted), "true") == 0;
	spec->trusted_odd = json_is_true(trusted);
	spec->remote_managed = bool_from_string(json_object_get(object, "remote_managed"));
}

/* PciDeviceSpec */
static int set_spec(struct devspec *spec, const json_t *object, const struct host *host,
		    struct err *err)
{
	const json_t *devname = json_object_get(object, "devname");
	const json_t *address = json_object_get(object, "address");
	const char *vendor = json_string_value(json_object_get(object, "vendor_id"));
	cleanup_free char *padded = vendor ? str_trimmed(vendor, strlen(vendor)) : NULL;
	int r = streq(padded, ANY) ? set_number(&spec->vendor, ANY, "vendor_id", 0xffff, 4, err)
				   : set_id(&spec->vendor, object, "vendor_id", err);

	set_tags(spec, object);
	if (r == 0)
		r = set_id(&spec->product, object, "product_id", err);
	if (r < 0)
		return r;
	if (is_true(address) && is_true(devname))
		return err_set(err, INVALID, "it can specify devname or address, but not both");
	if (is_true(devname))
		spec->devname = json_is_string(devname) ? xstrdup(json_string_value(devname))
							: json_dumps(devname, JSON_ENCODE_ANY);
	else
		r = set_address(spec, address, host, err);
	if (r == 0 && spec->devname)
		r = check_named(spec->devname, host, err);
	return r == 0 && spec->remote_managed ? check_remote_managed(spec, host, err) : r;
}

static int add_spec(struct devspecs *specs, const json_t *object, const struct host *host,
		    struct err *err)
{
	if (!json_is_object(object))
		return err_set(err, INVALID, "it is not a JSON object");
	return set_spec(array_push(specs->v, specs->n), object, host, err);
}

int devspecs_add(struct devspecs *specs, const char *value, const struct host *host,
		 struct err *err)
{
	json_error_t where;
	cleanup_json json_t *document = json_loads(value, JSON_ALLOW_NUL, &where);
	int r = 0;

	if (!document)
		return err_set(err, INVALID, "it is not a JSON object or array: %s", where.text);
	if (json_is_object(document))
		return add_spec(specs, document, host, err);
	for (size_t i = 0; i < json_array_size(document) && r == 0; i++)
		r = add_spec(specs, json_array_get(document, i), host, err);
	return r;
}

/* ---- matching ---- */

static enum tristate both(enum tristate a, enum tristate b)
{
	if (a == TRI_NO || b == TRI_NO)
		return TRI_NO;
	return a == TRI_UNKNOWN || b == TRI_UNKNOWN ? TRI_UNKNOWN : TRI_YES;
}

static enum tristate field_matches(const struct devspec_field *f, const char *text)
{
	if (f->is_regex)
		return f->compiled ? regexec(&f->regex, text, 0, NULL, 0) == 0 : TRI_UNKNOWN;
	if (streq(f->text, ANY))
		return TRI_YES;
	return text ? streq(f->text, text) : TRI_UNKNOWN;
}

static enum tristate address_matches(const struct devspec *spec, const char *address)
{
	unsigned n[ADDRESS_FIELDS];
	enum tristate all = TRI_YES;

	if (sscanf(address, "%x:%x:%x.%x", &n[0], &n[1], &n[2], &n[3]) != ADDRESS_FIELDS)
		return TRI_UNKNOWN;
	for (size_t i = 0; i < ADDRESS_FIELDS; i++) {
		cleanup_free char *text = xasprintf("%0*x", fields[i].digits, n[i]);

		if (n[i] > fields[i].max) /* such devices Nova skips */
			return TRI_NO;
		all = both(all, field_matches(&spec->address[i], text));
	}
	return all;
}

static enum tristate at_address(const struct devspec *spec, const struct host *host,
				const struct pci_function *f)
{
	if (spec->devname) { /* looked up anew at each use, as Nova does */
		bool pf;
		const char *named = function_named(host, spec->devname, &pf);

		return named && (streq(named, f->address) || (pf && streq(named, f->parent)));
	}
	if (!spec->is_pf || !f->parent)
		return address_matches(spec, f->address);
	enum tristate by_parent = address_matches(spec, f->parent);
	return by_parent == TRI_NO ? address_matches(spec, f->address) : by_parent;
}

enum tristate devspec_match(const struct devspec *spec, const struct host *host,
			    const struct pci_function *f)
{
	return both(both(field_matches(&spec->vendor, f->vendor),
			 field_matches(&spec->product, f->product)),
		    at_address(spec, host, f));
}

static void field_clear(struct devspec_field *f)
{
	if (f->compiled)
		regfree(&f->regex);
	free(f->text);
}

static void spec_clear(struct devspec *spec)
{
	field_clear(&spec->vendor);
	field_clear(&spec->product);
	for (size_t i = 0; i < ADDRESS_FIELDS; i++)
		field_clear(&spec->address[i]);
	free_all(spec->devname, spec->physnet);
}

void devspecs_clear(struct devspecs *specs)
{
	array_free(specs->v, specs->n, spec_clear);
	*specs = (struct devspecs){0};
}
