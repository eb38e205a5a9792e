// SPDX-License-Identifier: Apache-2.0
#include "vim/local/configdrive.h"

#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "net/ip.h"

/*
 * nova.virt.configdrive runs mkisofs -J -r -l -ldots -allow-lowercase -allow-multidot. Linux reads
 * the names of Rock Ridge (-r), Windows those of Joliet (-J): these are the same. In the plain
 * names below them, which neither looks at, libarchive knows no lower case.
 */
#define ISO_OPTIONS     "iso-level=2,joliet,rockridge=useful,volume-id=" ISO_LABEL
#define ISO_LABEL       "config-2"
#define ISO_LABEL_ROOM  32
#define ISO_LABEL_PLACE (16 * 2048 + 40) /* in the primary volume descriptor */

#define DHCP_DOMAIN  "novalocal" /* Nova's dhcp_domain as it comes */
#define HOSTNAME_MAX 63
#define SEED_LEN     512
#define LINK_ID_LEN  14 /* NIC_NAME_LEN of nova.network.model */

/* nova.api.metadata.base: OPENSTACK_VERSIONS, and what came with which. */
enum version { FOLSOM, GRIZZLY, HAVANA, LIBERTY, NEWTON_ONE, NEWTON_TWO, OCATA, ROCKY, VICTORIA };

static const struct {
	const char *folder;
	enum version version;
} versions[] = {
	{"2012-08-10", FOLSOM},  {"2013-04-04", GRIZZLY},    {"2013-10-17", HAVANA},
	{"2015-10-15", LIBERTY}, {"2016-06-30", NEWTON_ONE}, {"2016-10-06", NEWTON_TWO},
	{"2017-02-22", OCATA},   {"2018-08-27", ROCKY},      {"2020-10-14", VICTORIA},
	{"latest", VICTORIA},
};

/* Its VERSIONS, less what config_drive_skip_versions leaves out. */
static const char *const ec2_versions[] = {"2009-04-04", "latest"};

char *configdrive_link_id(const char *port_id)
{
	return xasprintf("tap%.*s", LINK_ID_LEN - 3, port_id);
}

/* nova.utils.sanitize_hostname, without its letters beyond ASCII. */
static char *sanitise(const char *name)
{
	char host[HOSTNAME_MAX + 1];
	size_t len = 0;

	for (size_t i = 0; i < HOSTNAME_MAX && name[i]; i++) {
		if (strchr(" _.", name[i]))
			host[len++] = '-';
		else if (isascii(name[i]) && (isalnum((unsigned char)name[i]) || name[i] == '-'))
			host[len++] = (char)tolower((unsigned char)name[i]);
	}
	while (len > 0 && host[len - 1] == '-')
		len--;
	host[len] = 0;
	return xstrdup(host + strspn(host, "-"));
}

char *configdrive_hostname(const char *name, const char *uuid)
{
	cleanup_free char *host = sanitise(name);

	return *host ? steal_ptr(host) : xasprintf("Server-%s", uuid);
}

/*
 * JSON is built so that a failure (text that is no UTF-8) gives NULL all the way up: json_pack
 * does so by itself, append does it for arrays.
 */
static void append(json_t **array, json_t *item)
{
	if (!*array) {
		json_decref(item);
	} else if (json_array_append_new(*array, item) < 0) {
		json_decref(*array);
		*array = NULL;
	}
}

static json_t *dns_services(const struct configdrive_address *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_dns_servers; i++)
		append(&list, json_pack("{ss ss}", "type", "dns", "address", a->dns_servers[i]));
	return list;
}

static void add_services(json_t **services, const struct configdrive_address *a)
{
	json_t *more = dns_services(a);
	size_t i, k;
	json_t *service, *known;

	json_array_foreach (more, i, service) {
		bool there = false;

		json_array_foreach (*services, k, known)
			there |= json_equal(service, known);
		if (!there)
			append(services, json_incref(service));
	}
	json_decref(more);
}

static json_t *netmask(const struct configdrive_address *a)
{
	struct ip_addr mask = ip_netmask(a->ip_version, a->prefix);
	char text[IP_TEXT_SIZE];

	return json_string(ip_format(&mask, text));
}

static json_t *routes(const struct configdrive_address *a)
{
	const char *any = a->ip_version == 4 ? "0.0.0.0" : "::";
	json_t *list = json_array();

	if (a->gateway)
		append(&list, json_pack("{ss ss ss}", "network", any, "netmask", any, "gateway",
					a->gateway));
	return list;
}

/* nova.virt.netutils: _get_nets */
static json_t *network_entry(const struct configdrive_port *p, const struct configdrive_address *a,
			     size_t number, const char *link)
{
	cleanup_free char *id = xasprintf("network%zu", number);
	cleanup_free char *type = xasprintf("ipv%d%s", a->ip_version, a->dhcp ? "_dhcp" : "");

	if (a->dhcp)
		return json_pack("{ss ss ss ss}", "id", id, "type", type, "link", link,
				 "network_id", p->network_id);
	return json_pack("{ss ss ss ss so so ss so}", "id", id, "type", type, "link", link,
			 "ip_address", a->ip_address, "netmask", netmask(a), "routes", routes(a),
			 "network_id", p->network_id, "services", dns_services(a));
}

/* _get_eth_link: the types that guests have always seen; anything else is "phy". */
static json_t *link_entry(const struct configdrive_port *p, const char *id)
{
	static const char *const exposed[] = {"bridge", "dvs", "hw_veb",    "hyperv",
					      "ovs",    "tap", "vhostuser", "vif"};
	const char *type = "phy";
	bool dhcp = false;

	for (size_t i = 0; i < ARRAY_SIZE(exposed); i++)
		if (streq(p->vif_type, exposed[i]))
			type = exposed[i];
	for (size_t i = 0; i < p->n_addresses; i++)
		dhcp |= p->addresses[i].dhcp;
	/* By DHCP the guest learns the MTU from there. */
	return json_pack("{ss ss ss so ss}", "id", id, "vif_id", p->id, "type", type, "mtu",
			 dhcp || p->mtu == 0 ? json_null() : json_integer(p->mtu),
			 "ethernet_mac_address", p->mac_address);
}

/* get_network_metadata: a port's first IPv4 and first IPv6 subnet; none of a port without. */
static json_t *network_data(const struct configdrive *drive)
{
	json_t *links = json_array(), *networks = json_array(), *services = json_array();
	size_t number = 0;

	if (drive->n_ports == 0) {
		json_decref(links);
		json_decref(networks);
		json_decref(services);
		return json_object();
	}
	for (size_t i = 0; i < drive->n_ports; i++) {
		const struct configdrive_port *p = &drive->ports[i];
		cleanup_free char *link = configdrive_link_id(p->id);

		if (p->n_addresses == 0)
			continue;
		append(&links, link_entry(p, link));
		for (int version = 4; version <= 6; version += 2) {
			const struct configdrive_address *a = NULL;

			for (size_t k = 0; k < p->n_addresses && !a; k++)
				if (p->addresses[k].ip_version == version)
					a = &p->addresses[k];
			if (!a)
				continue;
			append(&networks, network_entry(p, a, number++, link));
			add_services(&services, a);
		}
	}
	return json_pack("{so so so}", "links", links, "networks", networks, "services", services);
}

/* _get_device_metadata of base.py over what the libvirt driver's _build_device_metadata exposes. */
static json_t *devices(const struct configdrive *drive, enum version version)
{
	json_t *list = json_array();

	for (size_t i = 0; i < drive->n_ports; i++) {
		const struct configdrive_port *p = &drive->ports[i];
		bool vlan = p->vlan != 0 && version >= OCATA;

		if (!(p->vlan || p->tag) || !(vlan || p->tag || version >= ROCKY))
			continue;

		json_t *d = json_object();

		if (vlan)
			json_object_set_new(d, "vlan", json_integer(p->vlan));
		if (version >= ROCKY)
			json_object_set_new(d, "vf_trusted", json_boolean(p->vf_trusted));

		json_t *rest = json_pack("{ss ss ss ss}", "type", "nic", "mac", p->mac_address,
					 "bus", p->pci_address ? "pci" : "none", "address",
					 p->pci_address ? p->pci_address : "none");

		if (rest && p->tag &&
		    json_object_set_new(rest, "tags", json_pack("[s]", p->tag)) < 0) {
			json_decref(rest);
			rest = NULL;
		}
		if (rest) {
			json_object_update(d, rest);
			json_decref(rest);
		} else {
			json_decref(d);
			d = NULL;
		}
		append(&list, d);
	}
	return list;
}

static int random_seed(char ret[SEED_LEN / 3 * 4 + 5], struct err *err)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t bytes[SEED_LEN + 1] = {0}; /* 512 is 170 groups of 3, and 2 */
	char *p = ret;

	for (size_t n = 0; n < SEED_LEN;) {
		ssize_t got = getrandom(bytes + n, SEED_LEN - n, 0);

		if (got < 0 && errno != EINTR)
			return err_errno(err, errno, "no random bytes from the kernel");
		n += got > 0 ? (size_t)got : 0;
	}
	for (size_t i = 0; i < SEED_LEN; i += 3) {
		unsigned v = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 | bytes[i + 2];

		*p++ = digits[v >> 18];
		*p++ = digits[v >> 12 & 63];
		*p++ = digits[v >> 6 & 63];
		*p++ = digits[v & 63];
	}
	p[-1] = '=';
	*p = 0;
	return 0;
}

static char *fqdn(const struct configdrive *drive)
{
	cleanup_free char *host = drive->hostname ? xstrdup(drive->hostname)
						  : configdrive_hostname(drive->name, drive->uuid);

	return xasprintf("%s." DHCP_DOMAIN, host);
}

static const char *zone(const struct configdrive *drive)
{
	return drive->availability_zone ? drive->availability_zone : "nova";
}

/* base.py: _metadata_as_json. No admin_pass: nobody was told one. */
static int meta_data(const struct configdrive *drive, enum version version, json_t **ret,
		     struct err *err)
{
	cleanup_free char *host = fqdn(drive);
	json_t *md = json_pack("{ss ss ss si ss}", "uuid", drive->uuid, "hostname", host, "name",
			       drive->name, "launch_index", 0, "availability_zone", zone(drive));

	if (md && version >= GRIZZLY) {
		char seed[SEED_LEN / 3 * 4 + 5];
		int r = random_seed(seed, err);

		if (r < 0) {
			json_decref(md);
			return r;
		}
		json_object_set_new(md, "random_seed", json_string(seed));
	}
	if (md && version >= LIBERTY)
		json_object_set_new(md, "project_id", json_string(drive->project_id));
	if (md && version >= NEWTON_ONE &&
	    json_object_set_new(md, "devices", devices(drive, version)) < 0) {
		json_decref(md);
		md = NULL;
	}
	if (md && version >= VICTORIA) {
		json_t *cpus = json_array();

		for (size_t i = 0; i < drive->n_dedicated_cpus; i++)
			append(&cpus, json_integer(drive->dedicated_cpus[i]));
		json_object_set_new(md, "dedicated_cpus", cpus);
	}
	*ret = md;
	return 0;
}

/* base.py: get_ec2_metadata. Numbers that Nova takes from its database come from the UUID. */
static json_t *ec2_meta_data(const struct configdrive *drive)
{
	cleanup_free char *host = fqdn(drive);
	cleanup_free char *instance = xasprintf("i-%.8s", drive->uuid);
	size_t len = strlen(drive->uuid);
	cleanup_free char *reservation = xasprintf("r-%s", drive->uuid + (len > 8 ? len - 8 : 0));
	const char *ip = NULL;

	for (size_t i = 0; i < drive->n_ports && !ip; i++)
		for (size_t k = 0; k < drive->ports[i].n_addresses && !ip; k++)
			if (drive->ports[i].addresses[k].ip_version == 4)
				ip = drive->ports[i].addresses[k].ip_address;
	return json_pack("{ss si ss ss ss ss? ss s[s] ss ss ss ss s{ss ss} s{ss} ss}", /**/
			 "ami-id", "ami-00000001", "ami-launch-index", 0, "ami-manifest-path",
			 "FIXME", "instance-id", instance, "hostname", host, "local-ipv4", ip,
			 "reservation-id", reservation, "security-groups", "default",
			 "local-hostname", host, "public-hostname", host, "public-ipv4", "",
			 "instance-type", drive->flavor, "block-device-mapping", "ami", "vda",
			 "root", "/dev/vda", "placement", "availability-zone", zone(drive),
			 "instance-action", "none");
}

struct iso {
	struct archive *archive;
	time_t now;
};

static int iso_error(const struct iso *iso, const char *path, struct err *err)
{
	int code = archive_errno(iso->archive);

	return err_code(err, LOCAL, code > 0 ? code : EIO,
			"cannot write %s to the config drive: %s", path,
			archive_error_string(iso->archive));
}

static int add_entry(const struct iso *iso, const char *path, mode_t type, const void *data,
		     size_t len, struct err *err)
{
	struct archive_entry *e = archive_entry_new();
	int r = 0;

	archive_entry_set_pathname(e, path);
	archive_entry_set_filetype(e, type);
	archive_entry_set_perm(e, type == AE_IFDIR ? 0555 : 0444);
	archive_entry_set_size(e, (int64_t)len);
	archive_entry_set_mtime(e, iso->now, 0);
	if (archive_write_header(iso->archive, e) != ARCHIVE_OK ||
	    (len > 0 && archive_write_data(iso->archive, data, len) != (ssize_t)len))
		r = iso_error(iso, path, err);
	archive_entry_free(e);
	return r;
}

static int add_folder(const struct iso *iso, const char *path, struct err *err)
{
	return add_entry(iso, path, AE_IFDIR, NULL, 0, err);
}

static int add_file(const struct iso *iso, const char *folder, const char *name, const void *data,
		    size_t len, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", folder, name);

	return add_entry(iso, path, AE_IFREG, data, len, err);
}

/* Takes json over; NULL is JSON that could not be built. */
static int add_json(const struct iso *iso, const char *folder, const char *name, json_t *json,
		    struct err *err)
{
	/* Python's json.dumps writes the same: ", ", ": " and ASCII only. */
	cleanup_free char *text = json ? json_dumps(json, JSON_ENSURE_ASCII) : NULL;

	json_decref(json);
	if (!text)
		return err_code(err, INVALID, EILSEQ,
				"cannot write %s/%s to the config drive: a name is not UTF-8",
				folder, name);
	return add_file(iso, folder, name, text, strlen(text), err);
}

static int add_openstack(const struct iso *iso, const struct configdrive *drive, const char *name,
			 enum version version, struct err *err)
{
	cleanup_free char *folder = xasprintf("openstack/%s", name);
	json_t *md = NULL;
	int r = add_folder(iso, folder, err);

	if (r == 0)
		r = meta_data(drive, version, &md, err);
	if (r == 0)
		r = add_json(iso, folder, "meta_data.json", md, err);
	if (r == 0 && drive->user_data)
		r = add_file(iso, folder, "user_data", drive->user_data, drive->user_data_len, err);
	if (r == 0 && version >= HAVANA)
		r = add_json(iso, folder, "vendor_data.json", json_object(), err);
	if (r == 0 && version >= LIBERTY)
		r = add_json(iso, folder, "network_data.json", network_data(drive), err);
	if (r == 0 && version >= NEWTON_TWO)
		r = add_json(iso, folder, "vendor_data2.json", json_pack("{s{}}", "static"), err);
	return r;
}

static int add_ec2(const struct iso *iso, const struct configdrive *drive, const char *name,
		   struct err *err)
{
	cleanup_free char *folder = xasprintf("ec2/%s", name);
	int r = add_folder(iso, folder, err);

	if (r == 0 && drive->user_data)
		r = add_file(iso, folder, "user-data", drive->user_data, drive->user_data_len, err);
	if (r == 0)
		r = add_json(iso, folder, "meta-data.json", ec2_meta_data(drive), err);
	return r;
}

static int add_all(const struct iso *iso, const struct configdrive *drive, struct err *err)
{
	int r = add_folder(iso, "ec2", err);

	for (size_t i = 0; i < ARRAY_SIZE(ec2_versions) && r == 0; i++)
		r = add_ec2(iso, drive, ec2_versions[i], err);
	if (r == 0)
		r = add_folder(iso, "openstack", err);
	for (size_t i = 0; i < ARRAY_SIZE(versions) && r == 0; i++)
		r = add_openstack(iso, drive, versions[i].folder, versions[i].version, err);
	return r;
}

static int write_iso(int fd, const struct configdrive *drive, struct err *err)
{
	struct iso iso = {archive_write_new(), time(NULL)};
	int r = 0;

	archive_write_set_bytes_in_last_block(iso.archive, 1);
	if (archive_write_set_format_iso9660(iso.archive) != ARCHIVE_OK ||
	    archive_write_set_options(iso.archive, ISO_OPTIONS) != ARCHIVE_OK ||
	    archive_write_open_fd(iso.archive, fd) != ARCHIVE_OK)
		r = iso_error(&iso, "the header", err);
	if (r == 0)
		r = add_all(&iso, drive, err);
	if (r == 0 && archive_write_close(iso.archive) != ARCHIVE_OK)
		r = iso_error(&iso, "the end", err);
	archive_write_free(iso.archive);
	return r;
}

/* libarchive writes "CONFIG_2" for want of lower case in ECMA-119; mkisofs does not mind. */
static int set_label(int fd, const char *path, struct err *err)
{
	char label[ISO_LABEL_ROOM];

	memset(label, ' ', sizeof(label));
	memcpy(label, ISO_LABEL, strlen(ISO_LABEL));
	if (pwrite(fd, label, sizeof(label), ISO_LABEL_PLACE) != (ssize_t)sizeof(label))
		return err_errno(err, errno, "cannot write config drive %s", path);
	return 0;
}

int configdrive_write(const char *path, const struct configdrive *drive, struct err *err)
{
	cleanup_free char *aside = xasprintf("%s.new", path);

	if (drive->user_data_len > CONFIGDRIVE_USER_DATA_MAX)
		return err_code(err, INVALID, EFBIG,
				"the user data has %zu bytes: Nova takes at most %zu (65,535 in "
				"base64)",
				drive->user_data_len, CONFIGDRIVE_USER_DATA_MAX);

	cleanup_close int fd =
		open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(err, errno, "cannot make config drive %s", aside);

	int r = write_iso(fd, drive, err);

	if (r == 0)
		r = set_label(fd, aside, err);
	if (r == 0 && (fsync(fd) < 0 || rename(aside, path) < 0))
		r = err_errno(err, errno, "cannot write config drive %s", path);
	if (r < 0)
		(void)unlink(aside);
	return r;
}
