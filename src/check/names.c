// SPDX-License-Identifier: Apache-2.0
/*
 * The names of the guest's NICs on a host of Nova's libvirt driver. systemd names them by PCI slot
 * or bus, and libvirt (qemuDomainAssignDevicePCISlots) gives these in this order: video; USB, on
 * q35 behind a bridge; NICs that QEMU emulates; controllers; disks; devices of the host.
 */
#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "check/rule.h"

struct machine {
	bool q35;
	bool no_video;
	unsigned n_nics, n_disks; /* before the host's devices; controllers count as disks */
};

static const char *image_property(const struct image *image, const char *name)
{
	return image ? property_get(&image->properties, name) : NULL;
}

static bool is_emulated(const struct interface *port)
{
	return port->type == PORT_VIRTUAL || port->type == PORT_MACVTAP;
}

static bool is_one_of(const char *s, const char *a, const char *b)
{
	return !s || streq(s, a) || streq(s, b);
}

/* Disks on PCI, and their controller. False: not known. */
static bool count_disks(const struct rule_ctx *ctx, const struct image *image, unsigned *ret)
{
	const char *bus = image->disk_bus ? image->disk_bus : image_property(image, "hw_disk_bus");
	const char *agent = image_property(image, "hw_qemu_guest_agent");
	unsigned serial = agent && !is_one_of(agent, "no", "false");

	if (is_one_of(bus, "virtio", "virtio"))
		*ret = serial + 1 + (ctx->flavor->ephemeral_disk_mb > 0) +
		       (ctx->flavor->swap_disk_mb > 0);
	else if (streq(bus, "scsi") && streq(image_property(image, "hw_scsi_model"), "virtio-scsi"))
		*ret = serial + 1;
	else if (is_one_of(bus, "ide", "sata"))
		*ret = serial;
	else
		return false;
	return true;
}

/* False: the descriptor does not say enough. */
static bool machine_of(const struct rule_ctx *ctx, struct machine *ret)
{
	const struct image *image = model_image(ctx->model, ctx->group->image);
	const char *type = image_property(image, "hw_machine_type");
	struct machine m = {.q35 = type && strstr(type, "q35")};

	if (!type || !ctx->flavor || !(m.q35 || streq(type, "pc") || str_starts(type, "pc-i440fx")))
		return false;
	if (property_get(&ctx->flavor->properties, "pci_passthrough:alias") ||
	    !is_one_of(image_property(image, "hw_vif_model"), "virtio", "virtio") ||
	    image_property(image, "hw_input_bus") || !count_disks(ctx, image, &m.n_disks))
		return false;
	m.no_video = streq(image_property(image, "hw_video_model"), "none");
	for (size_t i = 0; i < ctx->group->n_interfaces; i++)
		m.n_nics += is_emulated(&ctx->group->interfaces[i]);
	*ret = m;
	return true;
}

/* Of the group's port number index, on a host with a VNC or SPICE console or without. */
static char *name_of(const struct rule_ctx *ctx, const struct machine *m, bool console,
		     size_t index)
{
	const struct interface *ports = ctx->group->interfaces;
	bool emulated = is_emulated(&ports[index]);
	unsigned place = emulated ? 0 : m->n_nics + m->n_disks;

	for (size_t i = 0; i < index; i++)
		place += is_emulated(&ports[i]) == emulated;
	/* The console brings a USB tablet, for which q35 needs a bridge: two buses. */
	if (m->q35)
		return xasprintf("enp%us0", place + (console ? 3 : 1));
	return xasprintf("ens%u", place + (console && !m->no_video ? 3 : 2));
}

static char *names_of(const struct rule_ctx *ctx, const struct machine *m, bool console)
{
	struct strbuf names = {0};

	for (size_t i = 0; i < ctx->group->n_interfaces; i++) {
		cleanup_free char *name = name_of(ctx, m, console, i);
		strbuf_addf(&names, "%s%s", i ? ", " : "", name);
	}
	return strbuf_steal(&names);
}

/* A name by slot or bus, without which the interface is not found: NetworkManager wants name and
 * MAC when it is given both. */
static bool binds(const char *name, const char *mac, enum dialect dialect)
{
	return name && (str_starts(name, "ens") || str_starts(name, "enp")) &&
	       isdigit((unsigned char)name[3]) && (!mac || dialect == DIALECT_NMCLI);
}

/* Leg or NIC number i, legs first; false past the last. *ret_name: NULL when it does not bind. */
static bool bound_name(const struct rule_ctx *ctx, size_t i, const char **ret_name,
		       const char **ret_file, unsigned *ret_line)
{
	size_t n_legs = ctx->match->n_legs;

	if (i >= n_legs + ctx->match->n_nics)
		return false;
	const struct leg_match *l = i < n_legs ? &ctx->match->legs[i] : NULL;
	const struct guest_nic *nic = l ? NULL : ctx->match->nics[i - n_legs].nic;
	const char *name = l ? l->leg->name : nic->name;
	bool bound = l ? binds(name, l->leg->mac, l->bond->dialect)
		       : binds(name, nic->mac, nic->dialect);
	*ret_name = bound ? name : NULL;
	*ret_file = l ? l->leg->file : nic->file;
	*ret_line = l ? l->leg->line : nic->line;
	return true;
}

static bool is_given(const struct rule_ctx *ctx, const struct machine *m, bool console,
		     const char *name)
{
	for (size_t i = 0; i < ctx->group->n_interfaces; i++) {
		cleanup_free char *given = name_of(ctx, m, console, i);
		if (streq(given, name))
			return true;
	}
	return false;
}

/* The first name that no port gets; NULL: each is some port's. */
static const char *first_wrong(const struct rule_ctx *ctx, const struct machine *m, bool console,
			       const char **ret_file, unsigned *ret_line)
{
	const char *name;

	for (size_t i = 0; bound_name(ctx, i, &name, ret_file, ret_line); i++)
		if (name && !is_given(ctx, m, console, name))
			return name;
	return NULL;
}

static void guest_names_nova(const struct rule_ctx *ctx)
{
	struct machine m;
	const char *file, *name;
	unsigned line;

	if (!machine_of(ctx, &m) || !first_wrong(ctx, &m, false, &file, &line) ||
	    !(name = first_wrong(ctx, &m, true, &file, &line)))
		return;
	const struct image *image = model_image(ctx->model, ctx->group->image);
	cleanup_free char *usual = names_of(ctx, &m, true), *bare = names_of(ctx, &m, false);
	finding_in(
		ctx, file, line,
		"no port is %s on a Nova host: with hw_machine_type=%s the names by nicid are %s "
		"(%s if the host offers no console): bind by the port's MAC, not by name",
		name, image_property(image, "hw_machine_type"), usual, bare);
	related(ctx, image->line);
}

const struct check_rule name_rules[] = {
	{"guest-names-nova", SEVERITY_WARNING, LEVEL_GROUP, guest_names_nova},
	{0},
};
