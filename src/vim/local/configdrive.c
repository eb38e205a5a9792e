// SPDX-License-Identifier: Apache-2.0
#include "vim/local/configdrive.h"

#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/str.h"
#include "model/model.h"
#include "net/ip.h"

/*
 * nova.virt.configdrive runs mkisofs -J -r -l -ldots -allow-lowercase -allow-multidot. Linux reads
 * the names of Rock Ridge (-r), Windows those of Joliet (-J): these are the same. The plain ISO
 * names, which neither uses, are upper case only in libarchive.
 */
#define ISO_OPTIONS     "iso-level=2,joliet,rockridge=useful,volume-id=" ISO_LABEL
#define ISO_LABEL       "config-2"
#define ISO_LABEL_ROOM  32
#define ISO_LABEL_PLACE (16 * 2048 + 40) /* in the primary volume descriptor */

#define DHCP_DOMAIN  "novalocal" /* default of Nova's dhcp_domain */
#define HOSTNAME_MAX 63
#define SEED_LEN     512
#define LINK_ID_LEN  14 /* NIC_NAME_LEN of nova.network.model */

/* nova.api.metadata.base: OPENSTACK_VERSIONS, with the content that each added. */
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

/* "tap" and the first 11 characters of the port's UUID: Nova's name of the link. */
static char *link_id(const char *port_id)
{
	return xasprintf("tap%.*s", LINK_ID_LEN - 3, port_id);
}

/* nova.utils.sanitize_hostname, ASCII only. */
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

static void put_dns_service(struct json_writer *w, const char *address)
{
	json_open_object(w, NULL);
	json_put_string(w, "type", "dns");
	json_put_string(w, "address", address);
	json_close(w);
}

static void put_routes(struct json_writer *w, const struct configdrive_address *a)
{
	const char *any = a->ip_version == 4 ? "0.0.0.0" : "::";

	json_open_array(w, "routes");
	if (a->gateway) {
		json_open_object(w, NULL);
		json_put_string(w, "network", any);
		json_put_string(w, "netmask", any);
		json_put_string(w, "gateway", a->gateway);
		json_close(w);
	}
	json_close(w);
}

/* nova.virt.netutils: _get_nets */
static void put_network(struct json_writer *w, const struct configdrive_port *p,
			const struct configdrive_address *a, size_t number)
{
	cleanup_free char *id = xasprintf("network%zu", number);
	cleanup_free char *type = xasprintf("ipv%d%s", a->ip_version, a->dhcp ? "_dhcp" : "");
	cleanup_free char *link = link_id(p->id);
	struct ip_addr mask = ip_netmask(a->ip_version, a->prefix);
	char netmask[IP_TEXT_SIZE];

	json_open_object(w, NULL);
	json_put_string(w, "id", id);
	json_put_string(w, "type", type);
	json_put_string(w, "link", link);
	if (!a->dhcp) {
		json_put_string(w, "ip_address", a->ip_address);
		json_put_string(w, "netmask", ip_format(&mask, netmask));
		put_routes(w, a);
	}
	json_put_string(w, "network_id", p->network_id);
	if (!a->dhcp) {
		json_open_array(w, "services");
		for (size_t i = 0; i < a->n_dns_servers; i++)
			put_dns_service(w, a->dns_servers[i]);
		json_close(w);
	}
	json_close(w);
}

/* _get_eth_link: the historical types; anything else is "phy". */
static void put_link(struct json_writer *w, const struct configdrive_port *p)
{
	static const char *const exposed[] = {"bridge", "dvs", "hw_veb",    "hyperv",
					      "ovs",    "tap", "vhostuser", "vif"};
	cleanup_free char *id = link_id(p->id);
	const char *type = "phy";
	bool dhcp = false;

	for (size_t i = 0; i < ARRAY_SIZE(exposed); i++)
		if (streq(p->vif_type, exposed[i]))
			type = exposed[i];
	for (size_t i = 0; i < p->n_addresses; i++)
		dhcp |= p->addresses[i].dhcp;
	json_open_object(w, NULL);
	json_put_string(w, "id", id);
	json_put_string(w, "vif_id", p->id);
	json_put_string(w, "type", type);
	/* With DHCP the guest gets the MTU from the DHCP server. */
	json_put_known(w, "mtu", dhcp || p->mtu == 0 ? -1 : (int64_t)p->mtu);
	json_put_string(w, "ethernet_mac_address", p->mac_address);
	json_close(w);
}

/* A port's first IPv4 or IPv6 subnet, or NULL. */
static const struct configdrive_address *first_address(const struct configdrive_port *p,
						       int ip_version)
{
	return array_find(p->addresses, p->n_addresses, it->ip_version == ip_version);
}

static void put_networks(struct json_writer *w, const struct configdrive *drive)
{
	size_t number = 0;

	json_open_array(w, "networks");
	for (size_t i = 0; i < drive->n_ports; i++)
		for (int version = 4; version <= 6; version += 2) {
			const struct configdrive_address *a =
				first_address(&drive->ports[i], version);

			if (a)
				put_network(w, &drive->ports[i], a, number++);
		}
	json_close(w);
}

/* Each DNS server once. */
static void put_services(struct json_writer *w, const struct configdrive *drive)
{
	cleanup_free char **seen = NULL;
	size_t n = 0;

	json_open_array(w, "services");
	for (size_t i = 0; i < drive->n_ports; i++)
		for (int version = 4; version <= 6; version += 2) {
			const struct configdrive_address *a =
				first_address(&drive->ports[i], version);

			for (size_t k = 0; a && k < a->n_dns_servers; k++) {
				if (str_in(a->dns_servers[k], seen, n))
					continue;
				*array_push(seen, n) = (char *)a->dns_servers[k];
				put_dns_service(w, a->dns_servers[k]);
			}
		}
	json_close(w);
}

/* get_network_metadata: the first IPv4 and the first IPv6 subnet of each port, if any. */
static void put_network_data(struct json_writer *w, const char *key,
			     const struct configdrive *drive)
{
	json_open_object(w, key);
	if (drive->n_ports) {
		json_open_array(w, "links");
		for (size_t i = 0; i < drive->n_ports; i++)
			if (drive->ports[i].n_addresses)
				put_link(w, &drive->ports[i]);
		json_close(w);
		put_networks(w, drive);
		put_services(w, drive);
	}
	json_close(w);
}

/* base.py: _get_device_metadata, for the devices of the libvirt driver's _build_device_metadata. */
static void put_devices(struct json_writer *w, const struct configdrive *drive,
			enum version version)
{
	json_open_array(w, "devices");
	for (size_t i = 0; i < drive->n_ports; i++) {
		const struct configdrive_port *p = &drive->ports[i];
		bool vlan = p->vlan != 0 && version >= OCATA;

		if (!(p->vlan || p->tag) || !(vlan || p->tag || version >= ROCKY))
			continue;
		json_open_object(w, NULL);
		if (vlan)
			json_put_int64(w, "vlan", p->vlan);
		if (version >= ROCKY)
			json_put_bool(w, "vf_trusted", p->vf_trusted);
		json_put_string(w, "type", "nic");
		json_put_string(w, "mac", p->mac_address);
		json_put_string(w, "bus", p->pci_address ? "pci" : "none");
		json_put_string(w, "address", p->pci_address ? p->pci_address : "none");
		if (p->tag) {
			json_open_array(w, "tags");
			json_put_string(w, NULL, p->tag);
			json_close(w);
		}
		json_close(w);
	}
	json_close(w);
}

/* In base64; the caller frees. */
static int random_seed(char **ret, struct err *err)
{
	uint8_t bytes[SEED_LEN];

	for (size_t n = 0; n < SEED_LEN;) {
		ssize_t got = getrandom(bytes + n, SEED_LEN - n, 0);

		if (got < 0 && errno != EINTR)
			return err_errno(err, errno, "cannot get random bytes from the kernel");
		n += got > 0 ? (size_t)got : 0;
	}
	*ret = base64_encode(bytes, sizeof(bytes));
	return 0;
}

static void put_files(struct json_writer *w, const struct configdrive *drive)
{
	json_open_array(w, "files");
	for (size_t i = 0; i < drive->n_files; i++) {
		cleanup_free char *content = xasprintf("/content/%04zu", i);
		json_open_object(w, NULL);
		json_put_string(w, "path", drive->files[i].path);
		json_put_string(w, "content_path", content);
		json_close(w);
	}
	json_close(w);
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

/* base.py: _metadata_as_json. No admin_pass: none was set. seed may be NULL: none. */
static void put_meta_data(struct json_writer *w, const char *key, const struct configdrive *drive,
			  enum version version, const char *seed)
{
	cleanup_free char *host = fqdn(drive);

	json_open_object(w, key);
	json_put_string(w, "uuid", drive->uuid);
	if (drive->n_files)
		put_files(w, drive);
	json_put_string(w, "hostname", host);
	json_put_string(w, "name", drive->name);
	json_put_int64(w, "launch_index", 0);
	json_put_string(w, "availability_zone", zone(drive));
	if (seed)
		json_put_string(w, "random_seed", seed);
	if (version >= LIBERTY)
		json_put_string(w, "project_id", drive->project_id);
	if (version >= NEWTON_ONE)
		put_devices(w, drive, version);
	if (version >= VICTORIA) {
		json_open_array(w, "dedicated_cpus");
		for (size_t i = 0; i < drive->n_dedicated_cpus; i++)
			json_put_int64(w, NULL, drive->dedicated_cpus[i]);
		json_close(w);
	}
	json_close(w);
}

void configdrive_put(struct json_writer *w, const struct configdrive *drive)
{
	put_meta_data(w, "openstack/latest/meta_data.json", drive, VICTORIA, NULL);
	put_network_data(w, "openstack/latest/network_data.json", drive);
}

/* base.py: get_ec2_metadata. Numbers that Nova takes from its database come from the UUID. */
static void put_ec2_meta_data(struct json_writer *w, const struct configdrive *drive)
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
	json_open_object(w, NULL);
	json_put_string(w, "ami-id", "ami-00000001");
	json_put_int64(w, "ami-launch-index", 0);
	json_put_string(w, "ami-manifest-path", "FIXME");
	json_put_string(w, "instance-id", instance);
	json_put_string(w, "hostname", host);
	json_put_string(w, "local-ipv4", ip);
	json_put_string(w, "reservation-id", reservation);
	json_open_array(w, "security-groups");
	json_put_string(w, NULL, "default");
	json_close(w);
	json_put_string(w, "local-hostname", host);
	json_put_string(w, "public-hostname", host);
	json_put_string(w, "public-ipv4", "");
	json_put_string(w, "instance-type", drive->flavor);
	json_open_object(w, "block-device-mapping");
	json_put_string(w, "ami", "vda");
	json_put_string(w, "root", "/dev/vda");
	json_close(w);
	json_open_object(w, "placement");
	json_put_string(w, "availability-zone", zone(drive));
	json_close(w);
	json_put_string(w, "instance-action", "none");
	json_close(w);
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

static int add_json(const struct iso *iso, const char *folder, const char *name,
		    struct json_writer *w, struct err *err)
{
	/* Python's json.dumps writes the same: ", ", ": " and ASCII only, without a newline. */
	cleanup_free char *text = json_write_text(w, JSON_ENSURE_ASCII, err);

	return text ? add_file(iso, folder, name, text, strlen(text) - 1, err)
		    : err_wrap(err, "config drive: %s/%s", folder, name);
}

static const char vendor_data2[] = "{\"static\": {}}";

static int add_openstack(const struct iso *iso, const struct configdrive *drive, const char *name,
			 enum version version, struct err *err)
{
	cleanup_free char *folder = xasprintf("openstack/%s", name);
	cleanup_json_writer struct json_writer w = {0};
	cleanup_free char *seed = NULL;
	int r = add_folder(iso, folder, err);

	if (r == 0 && version >= GRIZZLY)
		r = random_seed(&seed, err);
	if (r == 0) {
		put_meta_data(&w, NULL, drive, version, seed);
		r = add_json(iso, folder, "meta_data.json", &w, err);
	}
	if (r == 0 && drive->user_data)
		r = add_file(iso, folder, "user_data", drive->user_data, drive->user_data_len, err);
	if (r == 0 && version >= HAVANA)
		r = add_file(iso, folder, "vendor_data.json", "{}", 2, err);
	if (r == 0 && version >= LIBERTY) {
		put_network_data(&w, NULL, drive);
		r = add_json(iso, folder, "network_data.json", &w, err);
	}
	if (r == 0 && version >= NEWTON_TWO)
		r = add_file(iso, folder, "vendor_data2.json", vendor_data2,
			     sizeof(vendor_data2) - 1, err);
	return r;
}

static int add_ec2(const struct iso *iso, const struct configdrive *drive, const char *name,
		   struct err *err)
{
	cleanup_free char *folder = xasprintf("ec2/%s", name);
	cleanup_json_writer struct json_writer w = {0};
	int r = add_folder(iso, folder, err);

	if (r == 0 && drive->user_data)
		r = add_file(iso, folder, "user-data", drive->user_data, drive->user_data_len, err);
	put_ec2_meta_data(&w, drive);
	return r == 0 ? add_json(iso, folder, "meta-data.json", &w, err) : r;
}

static int add_all(const struct iso *iso, const struct configdrive *drive, struct err *err)
{
	int r = add_folder(iso, "ec2", err);

	for (size_t i = 0; i < ARRAY_SIZE(ec2_versions) && r == 0; i++)
		r = add_ec2(iso, drive, ec2_versions[i], err);
	if (r == 0)
		r = add_folder(iso, "openstack", err);
	if (r == 0 && drive->n_files)
		r = add_folder(iso, "openstack/content", err);
	for (size_t i = 0; i < drive->n_files && r == 0; i++) {
		cleanup_free char *name = xasprintf("%04zu", i);
		r = add_file(iso, "openstack/content", name, drive->files[i].content,
			     drive->files[i].len, err);
	}
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

/* libarchive writes "CONFIG_2", since ECMA-119 has no lower case; mkisofs writes it anyway. */
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
		return err_code(
			err, INVALID, EFBIG,
			"the user data has %zu bytes: Nova's limit is %zu (65,535 in base64)",
			drive->user_data_len, CONFIGDRIVE_USER_DATA_MAX);

	cleanup_close int fd =
		open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(err, errno, "cannot create config drive %s", aside);

	int r = write_iso(fd, drive, err);

	if (r == 0)
		r = set_label(fd, aside, err);
	if (r == 0 && (fsync(fd) < 0 || rename(aside, path) < 0))
		r = err_errno(err, errno, "cannot write config drive %s", path);
	if (r < 0)
		(void)unlink(aside);
	return r;
}
