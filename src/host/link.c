// SPDX-License-Identifier: Apache-2.0
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "host/host.h"
#include "host/read.h"
#include "host/tree.h"
#include "net/mac.h"
#include "net/netlink.h"
#include "net/rtnl.h"
#include "net/rtnl_vf.h"

#define DUMP_FILE "netlink/link.dump"
#define DUMP_MAX  (4 << 20)

static const struct nlattr *find_name(const struct nlmsghdr *m)
{
	const struct nlattr *a;

	for (each_attr(a, mnl_nlmsg_get_payload_offset(m, sizeof(struct ifinfomsg)),
		       netlink_end(m)))
		if (mnl_attr_get_type(a) == IFLA_IFNAME && mnl_attr_get_payload_len(a) > 0)
			return a;
	return NULL;
}

static void apply_vf(const struct rtnl_vf *read, struct host_nic *nic)
{
	struct host_vf *vf = read->index < nic->n_vfs ? &nic->vfs[read->index] : NULL;
	char text[MAC_TEXT_SIZE];

	if (!vf)
		return;
	free(vf->mac);
	vf->mac = xstrdup(mac_format(&read->mac, text));
	if (read->vlan >= 0)
		vf->vlan = read->vlan;
	if (read->spoof_check >= 0)
		vf->spoof_check = read->spoof_check;
	if (read->trust >= 0)
		vf->trust = read->trust;
	if (read->link_state >= 0)
		vf->link_state = vf_link_state_name(read->link_state);
}

static struct host_nic *nic_of(struct host *host, const struct nlattr *name)
{
	size_t room = mnl_attr_get_payload_len(name);
	const char *s = mnl_attr_get_payload(name);

	return array_find(host->nics, host->n_nics,
			  it->name && strnlen(s, room) == strlen(it->name) &&
				  strncmp(s, it->name, room) == 0);
}

static struct host_nic *apply_link(const struct nlmsghdr *m, struct host *host)
{
	const struct nlattr *name = find_name(m);
	struct host_nic *nic = name ? nic_of(host, name) : NULL;

	if (!nic)
		return NULL;
	cleanup_free struct rtnl_vf *vfs = xcalloc(RTNL_VFS_MAX, sizeof(*vfs));
	size_t n = rtnl_read_vfs(m, vfs, RTNL_VFS_MAX);
	for (size_t i = 0; i < n; i++)
		apply_vf(&vfs[i], nic);
	return nic;
}

/* Applies a dump of RTM_NEWLINK messages: sets MAC, VLAN, trust, spoof checking and link state of
 * the VFs of this host's NICs. Calls keep (may be NULL) for each message of such a NIC. */
static void apply_links(const void *dump, size_t len, struct host *host,
			void (*keep)(void *data, const void *message, size_t message_len),
			void *data)
{
	int left = len > DUMP_MAX ? DUMP_MAX : (int)len;

	if (left == 0)
		return;
	for (const struct nlmsghdr *m = dump; netlink_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		if (m->nlmsg_type != RTM_NEWLINK ||
		    mnl_nlmsg_get_payload_len(m) < sizeof(struct ifinfomsg))
			continue;
		if (apply_link(m, host) && keep)
			keep(data, m, NLMSG_ALIGN(m->nlmsg_len));
	}
}

static void begin_dump(void *dump)
{
	strbuf_clear(dump);
}

static void take_link(void *dump, const struct nlmsghdr *m)
{
	strbuf_add(dump, m, NLMSG_ALIGN(m->nlmsg_len));
}

static int dump_links(struct strbuf *dump, struct err *err)
{
	char request[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	cleanup_netlink struct netlink *nl = NULL;
	int r = netlink_open(NETLINK_ROUTE, &nl, err);

	if (r < 0)
		return r;
	rtnl_put_dump(request, RTM_GETLINK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
	return netlink_dump(nl, (void *)request, begin_dump, take_link, dump, err);
}

static void keep_message(void *data, const void *message, size_t len)
{
	strbuf_add(data, message, len);
}

void links_read(struct tree *tree, struct host *host)
{
	cleanup_strbuf struct strbuf dump = {0}, kept = {0};
	size_t len;

	if (tree_is_live(tree)) {
		cleanup_err struct err err = ERR_INIT;

		if (dump_links(&dump, &err) < 0) {
			log_info("cannot list the links: %s", err.text);
			errno = -err.code;
			tree_note(tree, DUMP_FILE);
			return;
		}
		apply_links(dump.s, dump.len, host, keep_message, &kept);
		tree_put(tree, DUMP_FILE, kept.s ? kept.s : "", kept.len);
	} else {
		cleanup_free char *file = tree_data(tree, DUMP_FILE, &len);

		if (file)
			apply_links(file, len, host, NULL, NULL);
	}
}

/* As `ethtool -i NAME` prints it, so that a capture can be made by hand too. */
static char *driver_info(const char *name)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (void *)&info};
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (strlen(name) >= sizeof(request.ifr_name)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	strcpy(request.ifr_name, name);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) < 0)
		return NULL;
	return xasprintf("driver: %.31s\nversion: %.31s\nfirmware-version: %.31s\n", info.driver,
			 info.version, info.fw_version);
}

/* The value of a line "key: value"; NULL if there is none or it is empty. */
static char *info_value(const char *text, const char *key)
{
	cleanup_free char *find = xasprintf("\n%s: ", key);
	const char *at = strstr(text, find);

	if (!at)
		return NULL;
	at += strlen(find);

	cleanup_free char *value = xstrndup(at, strcspn(at, "\n"));

	return *value && !streq(value, "N/A") ? steal_ptr(value) : NULL;
}

void driver_info_read(struct tree *tree, struct host_nic *nic)
{
	cleanup_free char *path = xasprintf("ethtool/%s", nic->name);
	cleanup_free char *text = NULL;

	if (tree_is_live(tree)) {
		text = driver_info(nic->name);
		if (text)
			tree_put(tree, path, text, strlen(text));
		else
			tree_note(tree, path);
	} else {
		text = tree_text(tree, "%s", path);
	}
	if (!text)
		return;
	nic->driver_version = info_value(text, "version");
	nic->firmware = info_value(text, "firmware-version");
}
