// SPDX-License-Identifier: Apache-2.0
#include "bondd/status.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "net/ip.h"

/* Limits of one answer. */
enum {
	MAX_BONDS = 64,
	MAX_INTERFACES = 128,
	MAX_ADDRESSES = 32, /* of one interface */
	MAX_BONDING = 16 << 10,
	MAX_LINE = 4096,
	MAX_ROUTES = 256 << 10,
};

/* The file's text without the final newline, or NULL. */
static char *read_line(const char *path, struct err *err)
{
	char *text;
	size_t len;

	if (!status_text(path, MAX_LINE, &text, &len, err))
		return NULL;
	text[strcspn(text, "\n")] = 0;
	return text;
}

static char *read_attribute(const char *dir, const char *name, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, name);

	return read_line(path, err);
}

static int64_t read_number(const char *dir, const char *name, struct err *err)
{
	cleanup_free char *line = read_attribute(dir, name, err);
	int64_t n;

	return line && str_to_int(line, 0, INT32_MAX, &n) == 0 ? n : -1;
}

/* "0000:41:00.0" */
static bool is_pci_address(const char *s)
{
	static const char form[] = "xxxx:xx:xx.x";

	if (strlen(s) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)s[i]) : s[i] != form[i])
			return false;
	return true;
}

static char *resolve(const char *path, struct err *err)
{
	char *target = realpath(path, NULL);

	if (!target)
		status_note(path, err);
	return target;
}

/* The last component of the target of the symbolic link DIR/NAME, or NULL. */
static char *link_target(const char *dir, const char *name, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, name);
	cleanup_free char *target = resolve(path, err);
	const char *slash = target ? strrchr(target, '/') : NULL;

	return slash ? xstrdup(slash + 1) : NULL;
}

/*
 * The PCI function of an interface. For igb, `device` is the function; for virtio-net it is the
 * virtio device one folder below the function.
 */
static void read_device(const char *dir, struct guest_interface *i, struct err *err)
{
	cleanup_free char *link = xasprintf("%s/device", dir);
	cleanup_free char *device = resolve(link, err);

	if (!device)
		return;
	i->driver = link_target(device, "driver", err);
	for (int level = 0; level < 2; level++) {
		char *slash = strrchr(device, '/');
		if (!slash || slash == device)
			return;
		if (is_pci_address(slash + 1)) {
			i->pci_address = xstrdup(slash + 1);
			i->numa_node = (int)read_number(device, "numa_node", err);
			return;
		}
		*slash = 0;
	}
}

/* Takes ownership of mac. */
static void read_interface(const char *dir, const char *name, char *mac,
			   struct guest_interface *ret, struct err *err)
{
	*ret = (struct guest_interface){
		.name = xstrdup(name),
		.mac = mac,
		.operstate = read_attribute(dir, "operstate", err),
		.carrier = (enum tristate)read_number(dir, "carrier",
						      err), /* EINVAL while the link is down */
		.numa_node = -1,
	};
	read_device(dir, ret, err);
}

static int by_index(const void *a, const void *b)
{
	return strcmp(((const struct guest_interface *)a)->name,
		      ((const struct guest_interface *)b)->name);
}

static void read_interfaces(const char *root, struct guest_status *s, struct err *err)
{
	cleanup_free char *net = xasprintf("%s/sys/class/net", root);
	cleanup_closedir DIR *d = opendir(net);
	struct dirent *e = NULL;

	while (d && s->n_interfaces < MAX_INTERFACES && (errno = 0, (e = readdir(d)))) {
		cleanup_free char *dir = xasprintf("%s/%s", net, e->d_name);
		if (e->d_name[0] == '.' || streq(e->d_name, "lo"))
			continue;
		char *mac = read_attribute(dir, "address", err);
		if (mac) /* else not an interface: bonding_masters */
			read_interface(dir, e->d_name, mac,
				       array_push(s->interfaces, s->n_interfaces), err);
	}
	if (!e)
		status_note(net, err);
	if (s->n_interfaces)
		qsort(s->interfaces, s->n_interfaces, sizeof(*s->interfaces), by_index);
}

/* Values of legs that /proc/net/bonding lacks are taken from their interfaces. */
static void join_legs(struct guest_status *s, struct guest_bond *b)
{
	for (size_t n = 0; n < b->n_legs; n++) {
		struct guest_leg *l = &b->legs[n];
		struct guest_interface *i = guest_status_interface(s, l->name);
		if (!i)
			continue;
		l->mac = xstrdup(i->mac);
		l->carrier = i->carrier;
		l->numa_node = i->numa_node;
		l->driver = xstrdup(i->driver);
		l->pci_address = xstrdup(i->pci_address);
		free(i->bond);
		i->bond = xstrdup(b->name);
	}
}

static void read_bonds(const char *root, struct guest_status *s, struct err *err)
{
	cleanup_free char *bonding = xasprintf("%s/proc/net/bonding", root);
	struct dirent **entries;
	int n = scandir(bonding, &entries, NULL, alphasort);

	if (n < 0) { /* ENOENT: the bonding driver is not loaded */
		status_note(bonding, err);
		return;
	}
	for (int k = 0; k < n; k++) {
		const char *name = entries[k]->d_name;
		cleanup_free char *path = xasprintf("%s/%s", bonding, name);
		char *text;
		size_t len;
		if (name[0] != '.' && s->n_bonds < MAX_BONDS &&
		    status_text(path, MAX_BONDING, &text, &len, err)) {
			struct guest_bond *b = array_push(s->bonds, s->n_bonds);
			bonding_parse(text, len, b);
			b->name = xstrdup(name);
			b->proc = text;
			join_legs(s, b);
		}
		free(entries[k]);
	}
	free(entries);
}

static void read_addresses(struct guest_status *s, struct err *err)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0) {
		status_note("the addresses", err);
		return;
	}
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		struct guest_interface *i = guest_status_interface(s, a->ifa_name);
		if (!i || !a->ifa_addr || !a->ifa_netmask || i->addresses.n == MAX_ADDRESSES)
			continue;
		struct ip_addr mask = ip_from_sockaddr(a->ifa_netmask);
		struct ip_prefix own = {ip_from_sockaddr(a->ifa_addr),
					(unsigned)ip_netmask_len(&mask)};
		if (own.addr.version)
			strv_take(&i->addresses, ip_prefix_to_str(&own));
	}
	freeifaddrs(all);
}

static void read_routes(const char *root, struct guest_status *s, struct err *err)
{
	static const struct {
		const char *path;
		void (*take)(const char *text, struct guest_status *s);
	} tables[] = {{"proc/net/route", route4_take}, {"proc/net/ipv6_route", route6_take}};

	for (size_t k = 0; k < ARRAY_SIZE(tables); k++) {
		cleanup_free char *path = xasprintf("%s/%s", root, tables[k].path);
		cleanup_free char *text = NULL;
		size_t len;
		if (status_text(path, MAX_ROUTES, &text, &len, err))
			tables[k].take(text, s);
	}
}

int status_read(const char *root, struct guest_status *ret_status, struct err *err)
{
	cleanup_err struct err first = ERR_INIT;
	struct guest_status s = {.version = xstrdup(DNSVNF_VERSION), .uptime = -1};
	cleanup_free char *hostname = xasprintf("%s/proc/sys/kernel/hostname", root);
	cleanup_free char *uptime_path = xasprintf("%s/proc/uptime", root);
	cleanup_free char *uptime = read_line(uptime_path, &first);

	s.hostname = read_line(hostname, &first);
	if (uptime) { /* "1234.56 5678.90" */
		int64_t seconds;
		uptime[strcspn(uptime, ". ")] = 0;
		if (str_to_int(uptime, 0, INT64_MAX, &seconds) == 0)
			s.uptime = seconds;
	}
	read_interfaces(root, &s, &first);
	if (root[0] == 0)
		read_addresses(&s, &first);
	read_routes(root, &s, &first);
	read_bonds(root, &s, &first);
	report_read(root, &s, &first);
	cloud_init_read(root, &s.cloud_init, &first);
	if (first.code) {
		guest_status_clear(&s);
		return err_copy(err, &first);
	}
	*ret_status = s;
	return 0;
}
