// SPDX-License-Identifier: Apache-2.0
#include "vim/local/link.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/err.h"
#include "base/str.h"
#include "net/netlink.h"
#include "vim/local/netns.h"

#define TABLE     "dnsvnf-blackhole"
#define BATCH_MAX 4096

static struct nlmsghdr *add(struct mnl_nlmsg_batch *batch, unsigned type, unsigned flags,
			    unsigned family, unsigned resource)
{
	struct nfgenmsg *nfg;
	struct nlmsghdr *nlh =
		netlink_put(mnl_nlmsg_batch_current(batch), type, flags, sizeof(*nfg));

	nfg = mnl_nlmsg_get_payload(nlh);
	nfg->nfgen_family = (uint8_t)family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons((uint16_t)resource);
	return nlh;
}

static struct nlmsghdr *add_new(struct mnl_nlmsg_batch *batch, unsigned message)
{
	return add(batch, NFNL_SUBSYS_NFTABLES << 8 | message,
		   NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, NFPROTO_NETDEV, 0);
}

static void add_table(struct mnl_nlmsg_batch *batch)
{
	struct nlmsghdr *nlh = add_new(batch, NFT_MSG_NEWTABLE);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, TABLE);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(NFT_TABLE_F_OWNER));
	mnl_nlmsg_batch_next(batch);
}

/* Has no rule: its policy drops everything that the two links receive. */
static void add_chain(struct mnl_nlmsg_batch *batch, const char *a, const char *b)
{
	struct nlmsghdr *nlh = add_new(batch, NFT_MSG_NEWCHAIN);

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, "drop");
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
	mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY, htonl(NF_DROP));

	struct nlattr *hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);

	mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(NF_NETDEV_INGRESS));
	mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY, htonl(0));

	struct nlattr *devices = mnl_attr_nest_start(nlh, NFTA_HOOK_DEVS);

	mnl_attr_put_strz(nlh, NFTA_DEVICE_NAME, a);
	mnl_attr_put_strz(nlh, NFTA_DEVICE_NAME, b);
	mnl_attr_nest_end(nlh, devices);
	mnl_attr_nest_end(nlh, hook);
	mnl_nlmsg_batch_next(batch);
}

/* Since Linux 6.16 the kernel also accepts names of links that do not exist. */
static int check_links(int ns, const char *a, const char *b, struct err *err)
{
	cleanup_netdev_list struct netdev_list links = {0};
	bool have_a = false, have_b = false;
	int r = link_list(ns, &links, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < links.n; i++) {
		have_a |= streq(links.v[i].name, a);
		have_b |= streq(links.v[i].name, b);
	}
	return have_a && have_b
		       ? 0
		       : err_code(err, NOT_FOUND, ENODEV, "link %s not found", have_a ? b : a);
}

int blackhole_veth(int ns, const char *a, const char *b, struct netlink **ret, struct err *err)
{
	cleanup_netlink struct netlink *nl = NULL;
	char buf[BATCH_MAX];
	int r = check_links(ns, a, b, err);

	if (r == 0)
		r = netns_netlink(ns, NETLINK_NETFILTER, &nl, err);
	if (r < 0)
		return err_wrap(err, "cannot drop what passes between %s and %s", a, b);

	struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(buf, sizeof(buf));

	add(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	mnl_nlmsg_batch_next(batch);
	add_table(batch);
	add_chain(batch, a, b);
	add(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	mnl_nlmsg_batch_next(batch);
	/* Table and chain in one batch: the first error is the cause of the others. */
	r = netns_hint(err, netlink_batch(nl, buf, mnl_nlmsg_batch_size(batch), 2, err));
	mnl_nlmsg_batch_stop(batch);
	if (r == -EOPNOTSUPP || r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT)
		err_wrap(err, "this kernel has no nf_tables, or one older than Linux 5.12");
	if (r < 0)
		return err_wrap(err, "cannot drop what passes between %s and %s", a, b);
	*ret = steal_ptr(nl);
	return 0;
}
