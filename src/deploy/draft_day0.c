// SPDX-License-Identifier: Apache-2.0
#include "deploy/draft_day0.h"

#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"

#define BOND_OPTIONS "mode=active-backup,miimon=100,fail_over_mac=active"

/* Names that systemd gives the ports in a guest of QEMU's machine type q35 or pc. */
static const char *const port_names[1 + DRAFT_LEGS_MAX] = {"ens3", "ens4", "ens5"};

static const struct ip_addr no_gateway = {0};

/* To the operators' network, by the management gateway. */
static bool has_route(const struct draft *d)
{
	return d->management.gateway.version && d->operators.addr.version;
}

static void begin_user_data(const struct draft_vm *vm, struct strbuf *b)
{
	strbuf_addf(b, "#cloud-config\nhostname: %s\n", vm->name);
	if (vm->draft->ssh_key)
		strbuf_addf(b, "ssh_authorized_keys:\n  - %s\n", vm->draft->ssh_key);
}

/* "ipv4.method manual ipv4.addresses 192.0.2.10/24 ipv4.gateway 192.0.2.1", or nothing. */
static void add_nmcli_address(struct strbuf *b, const struct ip_prefix *p,
			      const struct ip_addr *gateway)
{
	char text[IP_TEXT_SIZE];

	if (!p->addr.version)
		return;
	cleanup_free char *address = ip_prefix_to_str(p);
	strbuf_addf(b, " ipv%d.method manual ipv%d.addresses %s", p->addr.version, p->addr.version,
		    address);
	if (gateway->version)
		strbuf_addf(b, " ipv%d.gateway %s", p->addr.version, ip_format(gateway, text));
}

static void add_nmcli_service(const struct draft_vm *vm, struct strbuf *b)
{
	if (!vm->service.addr.version)
		strbuf_adds(b, " ipv4.method disabled"); /* not DHCP, the default */
	add_nmcli_address(b, &vm->service, &vm->draft->service.gateway);
	add_nmcli_address(b, &vm->service6, &vm->draft->service6.gateway);
	strbuf_adds(b, "\n");
}

static void nmcli(const struct draft_vm *vm, struct strbuf *b)
{
	static const char add[] =
		"  - nmcli connection add type ethernet con-name %s ifname '*' mac %s";
	char text[IP_TEXT_SIZE];

	strbuf_addf(b, add, "mgmt", vm->macs[0]);
	if (vm->management.addr.version == 6)
		strbuf_adds(b, " ipv4.method disabled");
	add_nmcli_address(b, &vm->management, &no_gateway);
	if (has_route(vm->draft)) {
		cleanup_free char *operators = ip_prefix_to_str(&vm->draft->operators);
		strbuf_addf(b, " ipv%d.routes \"%s %s\"", vm->management.addr.version, operators,
			    ip_format(&vm->draft->management.gateway, text));
	}
	strbuf_adds(b, "\n");
	if (vm->draft->legs == 1) {
		strbuf_addf(b, add, "service", vm->macs[1]);
		add_nmcli_service(vm, b);
		strbuf_adds(b, "  - nmcli connection up mgmt\n  - nmcli connection up service\n");
		return;
	}
	strbuf_adds(b, "  - nmcli connection add type bond con-name bond0 ifname bond0"
		       " bond.options \"" BOND_OPTIONS "\"");
	add_nmcli_service(vm, b);
	for (unsigned i = 1; i <= vm->draft->legs; i++) {
		cleanup_free char *name = xasprintf("leg%u", i);
		strbuf_addf(b, add, name, vm->macs[i]);
		strbuf_adds(b, " master bond0\n");
	}
	strbuf_adds(b, "  - nmcli connection up mgmt\n");
	for (unsigned i = 1; i <= vm->draft->legs; i++)
		strbuf_addf(b, "  - nmcli connection up leg%u\n", i);
	strbuf_adds(b, "  - nmcli connection up bond0\n");
}

/* NetworkManager ignores a keyfile that others may read, so day-0 writes it with its mode. */
static void begin_keyfile(struct strbuf *b, const char *name, const char *type)
{
	strbuf_addf(b,
		    "  - path: /etc/NetworkManager/system-connections/%s.nmconnection\n"
		    "    permissions: '0600'\n    content: |\n"
		    "      [connection]\n      id=%s\n      type=%s\n",
		    name, name, type);
}

/* The sections ipv4 and ipv6; without an address the family is off. */
static void add_keyfile_address(struct strbuf *b, const struct ip_prefix *p,
				const struct ip_addr *gateway, int version)
{
	char text[IP_TEXT_SIZE];

	if (p->addr.version != version) {
		strbuf_addf(b, "\n      [ipv%d]\n      method=disabled\n", version);
		return;
	}
	cleanup_free char *address = ip_prefix_to_str(p);
	strbuf_addf(b, "\n      [ipv%d]\n      method=manual\n      address1=%s\n", version,
		    address);
	if (gateway->version)
		strbuf_addf(b, "      gateway=%s\n", ip_format(gateway, text));
}

static void add_keyfile_service(const struct draft_vm *vm, struct strbuf *b)
{
	add_keyfile_address(b, &vm->service, &vm->draft->service.gateway, 4);
	add_keyfile_address(b, &vm->service6, &vm->draft->service6.gateway, 6);
}

static void add_keyfile_management(const struct draft_vm *vm, struct strbuf *b)
{
	const struct draft *d = vm->draft;
	int version = vm->management.addr.version;
	char text[IP_TEXT_SIZE];

	begin_keyfile(b, "mgmt", "ethernet");
	strbuf_addf(b, "\n      [ethernet]\n      mac-address=%s\n", vm->macs[0]);
	add_keyfile_address(b, &vm->management, &no_gateway, version == 4 ? 6 : 4);
	add_keyfile_address(b, &vm->management, &no_gateway, version);
	if (!has_route(d))
		return;
	cleanup_free char *operators = ip_prefix_to_str(&d->operators);
	strbuf_addf(b, "      route1=%s,%s\n", operators, ip_format(&d->management.gateway, text));
}

static void keyfile(const struct draft_vm *vm, struct strbuf *b)
{
	const struct draft *d = vm->draft;

	strbuf_adds(b, "write_files:\n");
	add_keyfile_management(vm, b);
	if (d->legs > 1) {
		begin_keyfile(b, "bond0", "bond");
		strbuf_adds(b,
			    "      interface-name=bond0\n\n      [bond]\n      mode=active-backup\n"
			    "      miimon=100\n      fail_over_mac=active\n");
		add_keyfile_service(vm, b);
	}
	for (unsigned i = 1; i <= d->legs; i++) {
		cleanup_free char *name = d->legs == 1 ? xstrdup("service") : xasprintf("leg%u", i);
		begin_keyfile(b, name, "ethernet");
		if (d->legs > 1)
			strbuf_adds(b, "      master=bond0\n      slave-type=bond\n");
		strbuf_addf(b, "\n      [ethernet]\n      mac-address=%s\n", vm->macs[i]);
		if (d->legs == 1)
			add_keyfile_service(vm, b);
	}
	strbuf_addf(b, "runcmd:\n  - nmcli connection reload\n  - nmcli connection up mgmt\n");
	for (unsigned i = 1; i <= d->legs && d->legs > 1; i++)
		strbuf_addf(b, "  - nmcli connection up leg%u\n", i);
	strbuf_addf(b, "  - nmcli connection up %s\n", d->legs > 1 ? "bond0" : "service");
}

static void add_netplan_route(struct strbuf *b, const char *to, const struct ip_addr *via)
{
	char text[IP_TEXT_SIZE];

	if (via->version)
		strbuf_addf(b, "        - {to: \"%s\", via: \"%s\"}\n", to, ip_format(via, text));
}

static void add_netplan_addresses(struct strbuf *b, const struct ip_prefix *const *v, size_t n)
{
	size_t shown = 0;

	strbuf_adds(b, "      addresses: [");
	for (size_t i = 0; i < n; i++) {
		if (!v[i]->addr.version)
			continue;
		cleanup_free char *address = ip_prefix_to_str(v[i]);
		strbuf_addf(b, "%s\"%s\"", shown++ ? ", " : "", address);
	}
	strbuf_adds(b, "]\n");
}

static char *netplan(const struct draft_vm *vm)
{
	const struct draft *d = vm->draft;
	const struct ip_prefix *const service[] = {&vm->service, &vm->service6};
	const struct ip_prefix *const management[] = {&vm->management};
	cleanup_free char *operators = ip_prefix_to_str(&d->operators);
	struct strbuf b = {0};

	strbuf_addf(&b,
		    "network:\n  version: 2\n  ethernets:\n    mgmt:\n"
		    "      match: {macaddress: \"%s\"}\n",
		    vm->macs[0]);
	add_netplan_addresses(&b, management, 1);
	if (has_route(d)) {
		strbuf_adds(&b, "      routes:\n");
		add_netplan_route(&b, operators, &d->management.gateway);
	}
	for (unsigned i = 1; i <= d->legs; i++) {
		cleanup_free char *name = d->legs == 1 ? xstrdup("service") : xasprintf("leg%u", i);
		strbuf_addf(&b, "    %s:\n      match: {macaddress: \"%s\"}\n      set-name: %s\n",
			    name, vm->macs[i], name);
	}
	if (d->legs > 1)
		strbuf_adds(&b, "  bonds:\n    bond0:\n      interfaces: [leg1, leg2]\n"
				"      parameters:\n        mode: active-backup\n"
				"        mii-monitor-interval: 100\n"
				"        fail-over-mac-policy: active\n");
	add_netplan_addresses(&b, service, 2);
	if (d->service.gateway.version || d->service6.gateway.version)
		strbuf_adds(&b, "      routes:\n");
	add_netplan_route(&b, "0.0.0.0/0", &d->service.gateway);
	add_netplan_route(&b, "::/0", &d->service6.gateway);
	return strbuf_steal(&b);
}

static void add_ifcfg_address(struct strbuf *b, const struct ip_prefix *p,
			      const struct ip_addr *gateway)
{
	char text[IP_TEXT_SIZE];

	if (p->addr.version == 4) {
		strbuf_addf(b, "IPADDR=%s\nPREFIX=%u\n", ip_format(&p->addr, text), p->len);
		if (gateway->version)
			strbuf_addf(b, "GATEWAY=%s\n", ip_format(gateway, text));
	} else if (p->addr.version == 6) {
		strbuf_addf(b, "IPV6INIT=yes\nIPV6_AUTOCONF=no\nIPV6ADDR=%s/%u\n",
			    ip_format(&p->addr, text), p->len);
		if (gateway->version)
			strbuf_addf(b, "IPV6_DEFAULTGW=%s\n", ip_format(gateway, text));
	}
}

/* An ifcfg file of a NIC, bound by its MAC address. */
static struct strbuf begin_ifcfg(const struct draft_vm *vm, unsigned nic)
{
	struct strbuf b = {0};

	strbuf_addf(&b, "DEVICE=%s\nHWADDR=", port_names[nic]);
	for (const char *p = vm->macs[nic]; *p; p++) {
		char c = (char)toupper((unsigned char)*p);
		strbuf_add(&b, &c, 1);
	}
	strbuf_adds(&b, "\nTYPE=Ethernet\nONBOOT=yes\n");
	return b;
}

static void put_ifcfg(const struct draft_vm *vm, const char *device, struct strbuf *b,
		      draft_put_fn *put, void *data)
{
	cleanup_free char *dst = xasprintf("/etc/sysconfig/network-scripts/ifcfg-%s", device);

	put(data, dst, xasprintf("ifcfg-%s%s", device, vm->suffix), strbuf_steal(b));
}

static void add_ifcfg_service(const struct draft_vm *vm, struct strbuf *b)
{
	strbuf_adds(b, "BOOTPROTO=none\n");
	add_ifcfg_address(b, &vm->service, &vm->draft->service.gateway);
	add_ifcfg_address(b, &vm->service6, &vm->draft->service6.gateway);
}

static void put_ifcfg_route(const struct draft_vm *vm, draft_put_fn *put, void *data)
{
	const char *six = vm->management.addr.version == 6 ? "6" : "";
	cleanup_free char *dst =
		xasprintf("/etc/sysconfig/network-scripts/route%s-%s", six, port_names[0]);
	cleanup_free char *operators = ip_prefix_to_str(&vm->draft->operators);
	char text[IP_TEXT_SIZE];

	if (has_route(vm->draft))
		put(data, dst, xasprintf("route%s-%s%s", six, port_names[0], vm->suffix),
		    xasprintf("%s via %s\n", operators,
			      ip_format(&vm->draft->management.gateway, text)));
}

static void ifcfg(const struct draft_vm *vm, draft_put_fn *put, void *data)
{
	struct strbuf b = begin_ifcfg(vm, 0);

	strbuf_adds(&b, "BOOTPROTO=none\n");
	add_ifcfg_address(&b, &vm->management, &no_gateway);
	put_ifcfg(vm, port_names[0], &b, put, data);
	put_ifcfg_route(vm, put, data);
	if (vm->draft->legs == 1) {
		b = begin_ifcfg(vm, 1);
		add_ifcfg_service(vm, &b);
		return put_ifcfg(vm, port_names[1], &b, put, data);
	}
	strbuf_adds(&b, "DEVICE=bond0\nTYPE=Bond\nONBOOT=yes\n"
			"BONDING_OPTS=\"mode=active-backup miimon=100 fail_over_mac=active\"\n");
	add_ifcfg_service(vm, &b);
	put_ifcfg(vm, "bond0", &b, put, data);
	for (unsigned i = 1; i <= vm->draft->legs; i++) {
		b = begin_ifcfg(vm, i);
		strbuf_adds(&b, "MASTER=bond0\nSLAVE=yes\n");
		put_ifcfg(vm, port_names[i], &b, put, data);
	}
}

void draft_day0(const struct draft_vm *vm, draft_put_fn *put, void *data)
{
	struct strbuf user = {0};

	begin_user_data(vm, &user);
	switch (vm->draft->dialect) {
	case DRAFT_NMCLI:
		strbuf_adds(&user, "runcmd:\n");
		nmcli(vm, &user);
		break;
	case DRAFT_KEYFILE:
		keyfile(vm, &user);
		break;
	case DRAFT_NETPLAN:
		strbuf_adds(&user, "runcmd:\n  - netplan apply\n");
		break;
	case DRAFT_IFCFG:
		strbuf_adds(&user, "runcmd:\n  - nmcli connection reload\n");
		if (vm->draft->legs > 1)
			strbuf_adds(&user, "  - nmcli connection up bond0\n");
		break;
	}
	put(data, "--user-data", xasprintf("day0%s.cfg", vm->suffix), strbuf_steal(&user));
	if (vm->draft->dialect == DRAFT_NETPLAN)
		put(data, "/etc/netplan/60-dns.yaml", xasprintf("60-dns%s.yaml", vm->suffix),
		    netplan(vm));
	else if (vm->draft->dialect == DRAFT_IFCFG)
		ifcfg(vm, put, data);
}
