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

#define DUMP_FILE "netlink/link.dump"
#define DUMP_MAX  (4 << 20)

/* The attribute of that type among those up to tail, with a payload of at least size bytes. */
static const struct nlattr *find(const void *first, const void *tail, unsigned type, size_t size)
{
	const struct nlattr *a;

	for (each_attr(a, first, tail))
		if (mnl_attr_get_type(a) == type && mnl_attr_get_payload_len(a) >= size)
			return a;
	return NULL;
}

static const void *nested_tail(const struct nlattr *a)
{
	return (const char *)mnl_attr_get_payload(a) + mnl_attr_get_payload_len(a);
}

static const void *vf_value(const struct nlattr *info, unsigned type, size_t size)
{
	const struct nlattr *a = find(mnl_attr_get_payload(info), nested_tail(info), type, size);

	return a ? mnl_attr_get_payload(a) : NULL;
}

/* The kernel leaves values unknown to the driver at all ones (rtnl_fill_vfinfo). */
static int64_t setting(uint32_t value)
{
	return value == UINT32_MAX ? HOST_UNKNOWN : value != 0;
}

static const char *link_state_name(uint32_t state)
{
	switch (state) {
	case IFLA_VF_LINK_STATE_AUTO:
		return "auto";
	case IFLA_VF_LINK_STATE_ENABLE:
		return "enable";
	case IFLA_VF_LINK_STATE_DISABLE:
		return "disable";
	default:
		return NULL;
	}
}

static struct host_vf *vf_of(struct host_nic *nic, uint32_t index)
{
	return index < nic->n_vfs ? &nic->vfs[index] : NULL;
}

static void apply_vf(const struct nlattr *info, struct host_nic *nic)
{
	const struct ifla_vf_mac *mac = vf_value(info, IFLA_VF_MAC, sizeof(*mac));
	const struct ifla_vf_vlan *vlan = vf_value(info, IFLA_VF_VLAN, sizeof(*vlan));
	const struct ifla_vf_spoofchk *spoof = vf_value(info, IFLA_VF_SPOOFCHK, sizeof(*spoof));
	const struct ifla_vf_trust *trust = vf_value(info, IFLA_VF_TRUST, sizeof(*trust));
	const struct ifla_vf_link_state *state = vf_value(info, IFLA_VF_LINK_STATE, sizeof(*state));
	struct mac_addr vf_mac;
	char text[MAC_TEXT_SIZE];
	struct host_vf *vf = mac ? vf_of(nic, mac->vf) : NULL;

	if (!vf)
		return;
	free(vf->mac);
	memcpy(vf_mac.bytes, mac->mac, MAC_SIZE);
	vf->mac = xstrdup(mac_format(&vf_mac, text));
	if (vlan && vlan->vf == mac->vf)
		vf->vlan = vlan->vlan & 0xfff;
	if (spoof && spoof->vf == mac->vf)
		vf->spoof_check = setting(spoof->setting);
	if (trust && trust->vf == mac->vf)
		vf->trust = setting(trust->setting);
	if (state && state->vf == mac->vf)
		vf->link_state = link_state_name(state->link_state);
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
	const void *tail = mnl_nlmsg_get_payload_tail(m);
	const void *first = mnl_nlmsg_get_payload_offset(m, sizeof(struct ifinfomsg));
	const struct nlattr *name = find(first, tail, IFLA_IFNAME, 1);
	const struct nlattr *list = find(first, tail, IFLA_VFINFO_LIST, 0);
	struct host_nic *nic = name ? nic_of(host, name) : NULL;
	const struct nlattr *a;

	if (!nic || !list)
		return nic;
	for (each_nested(a, list))
		if (mnl_attr_get_type(a) == IFLA_VF_INFO)
			apply_vf(a, nic);
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
