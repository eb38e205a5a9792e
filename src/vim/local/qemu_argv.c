// SPDX-License-Identifier: Apache-2.0
/*
 * The machine that the guest sees. The image relies on the devices' PCI addresses (see
 * image/README.md): normal ports are named in PCI order, eth0 and up; direct ports are recognised
 * by their bus number, 0x40 or more, and named by slot, ens6 and up.
 */

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/local/qemu.h"

#define FIRST_PORT_SLOT   0x8 /* on pcie.0, up to 0xf */
#define MAX_PORTS         8
#define FIRST_BRIDGE_SLOT 0x10
#define FIRST_DIRECT_SLOT 6
#define MAX_DIRECT        16 /* behind one bridge there are 31 buses */

struct args {
	char **v;
	size_t n;
};

static void add(struct args *a, const char *option, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct args *a, const char *option, const char *fmt, ...)
{
	va_list ap;

	*array_push(a->v, a->n) = xstrdup(option);
	if (!fmt)
		return;
	va_start(ap, fmt);
	*array_push(a->v, a->n) = xvasprintf(fmt, ap);
	va_end(ap);
}

/* A comma in a value of a QEMU option is written twice. */
static char *escape(const char *text)
{
	struct strbuf b = {0};

	for (; *text; text++)
		strbuf_adds(&b, *text == ',' ? ",," : (char[]){*text, 0});
	return strbuf_steal(&b);
}

static unsigned bridge_of(const struct qemu_nic *nic)
{
	return nic->node > 0 ? (unsigned)nic->node : 0;
}

static unsigned bus_of_bridge(unsigned bridge)
{
	return 64 + 32 * bridge;
}

char *qemu_nic_name(unsigned nicid)
{
	return xasprintf("nic%u", nicid);
}

char *qemu_nic_address(const struct qemu_guest *guest, size_t index)
{
	const struct qemu_nic *nic = &guest->nics[index];
	unsigned before = 0;

	for (size_t i = 0; i < index; i++) {
		const struct qemu_nic *other = &guest->nics[i];
		if (other->direct == nic->direct &&
		    (!nic->direct || bridge_of(other) == bridge_of(nic)))
			before++;
	}
	if (!nic->direct)
		return xasprintf("0000:00:%02x.0", FIRST_PORT_SLOT + before);
	/*
	 * The firmware numbers the buses behind the root ports in order, starting at the bridge's.
	 */
	return xasprintf("0000:%02x:00.0", bus_of_bridge(bridge_of(nic)) + 1 + before);
}

static void add_machine(struct args *a, const struct qemu *qemu, const struct qemu_guest *guest)
{
	cleanup_free char *name = escape(guest->name);
	unsigned cells = guest->cells.n;

	add(a, "-name", "guest=%s,debug-threads=on", name);
	add(a, "-uuid", "%s", guest->id);
	add(a, "-nodefaults", NULL);
	add(a, "-no-user-config", NULL);
	add(a, "-display", "none");
	/* elevateprivileges=deny would deny the change to QEMU_USER as well; see qemu_start. */
	add(a, "-sandbox", "on,obsolete=deny,spawn=deny,resourcecontrol=deny");
	if (qemu->run_with_user)
		add(a, "-run-with", "user=" QEMU_USER);
	else
		add(a, "-runas", QEMU_USER);
	/* Distinguishes a guest that powered off from a QEMU that crashed. */
	add(a, "-no-shutdown", NULL);
	add(a, "-machine", "q35,hpet=off");
	if (qemu->kvm) {
		add(a, "-accel", "kvm");
		add(a, "-cpu", "host");
	} else {
		add(a, "-accel", "tcg,thread=multi,tb-size=512");
		add(a, "-cpu", "max");
	}
	/* One socket per cell: otherwise the guest's scheduler reports an inconsistent topology. */
	add(a, "-smp", "cpus=%u,sockets=%u,cores=%u", guest->vcpus, cells, guest->vcpus / cells);
	add(a, "-m", "%uM", guest->memory_mb);
	add(a, "-chardev", "socket,id=qmp,path=%s.qmp,server=on,wait=off", guest->id);
	add(a, "-mon", "chardev=qmp,mode=control");
	/* A ring in memory of fixed size, independent of how much the guest writes. */
	add(a, "-chardev", "ringbuf,id=console,size=64K");
	add(a, "-serial", "chardev:console");
}

static void add_cells(struct args *a, const struct qemu_guest *guest)
{
	unsigned vcpus = guest->vcpus / guest->cells.n;

	for (unsigned i = 0; guest->cells.numa && i < guest->cells.n; i++) {
		add(a, "-object", "memory-backend-ram,id=m%u,size=%uM", i,
		    guest->memory_mb / guest->cells.n);
		add(a, "-numa", "node,nodeid=%u,cpus=%u-%u,memdev=m%u", i, i * vcpus,
		    (i + 1) * vcpus - 1, i);
	}
}

/*
 * With a thread per vCPU, QEMU's emulation (7.2, 10.0) may run an old translation of kernel code
 * that another vCPU has just patched. Seen in one of 10 to 50 boots: "Oops: int3", or a vCPU whose
 * timer interrupt stays in service forever. With these options the guest then reboots and is up
 * within bootup_time. They also reboot a running guest that gets no CPU for 21 s.
 */
#define EMULATED " tsc=reliable oops=panic sysctl.kernel.panic_on_rcu_stall=1"

static void add_boot(struct args *a, const struct qemu *qemu, const struct qemu_guest *guest)
{
	if (guest->kernel) {
		add(a, "-kernel", "%s", guest->kernel);
		if (guest->initrd)
			add(a, "-initrd", "%s", guest->initrd);
		add(a, "-append",
		    "root=/dev/vda1 console=ttyS0 loglevel=4 panic=-1 mitigations=off "
		    "random.trust_cpu=on apparmor=0 audit=0%s",
		    qemu->kvm ? "" : EMULATED);
	}
	/* The disk is deleted with the deployment, so a lost host cache is harmless. */
	add(a, "-drive", "file=%s,if=none,id=disk,format=qcow2,cache=unsafe,discard=unmap",
	    guest->disk);
	add(a, "-device", "virtio-blk-pci,drive=disk,bus=pcie.0,addr=0x3");
	add(a, "-drive", "file=%s,if=none,id=config,format=raw,readonly=on", guest->config_drive);
	add(a, "-device", "virtio-blk-pci,drive=config,bus=pcie.0,addr=0x4");
	add(a, "-device", "virtio-rng-pci,bus=pcie.0,addr=0x5");
}

static void add_bridges(struct args *a, const struct qemu_guest *guest)
{
	for (int node = 0; node < HOST_NODES; node++) {
		const struct qemu_nic *user = NULL;
		for (size_t i = 0; i < guest->n_nics && !user; i++) {
			if (guest->nics[i].direct && bridge_of(&guest->nics[i]) == (unsigned)node)
				user = &guest->nics[i];
		}
		if (!user)
			continue;
		cleanup_free char *numa =
			user->node >= 0 ? xasprintf(",numa_node=%d", node) : xstrdup("");
		add(a, "-device", "pxb-pcie,id=pxb%d,bus_nr=%u,bus=pcie.0,addr=%#x%s", node,
		    bus_of_bridge((unsigned)node), FIRST_BRIDGE_SLOT + node, numa);
	}
}

static int add_nics(struct args *a, const struct qemu *qemu, const struct qemu_guest *guest,
		    struct err *err)
{
	unsigned ports = 0, direct = 0;

	add_bridges(a, guest);
	for (size_t i = 0; i < guest->n_nics; i++) {
		const struct qemu_nic *nic = &guest->nics[i];
		cleanup_free char *name = qemu_nic_name(nic->nicid);
		cleanup_free char *place = NULL;
		add(a, "-netdev", "tap,id=net%u,ifname=%s,script=no,downscript=no", nic->nicid,
		    nic->tap);
		if (nic->direct) {
			add(a, "-device", "pcie-root-port,id=rp%u,bus=pxb%u,chassis=%u,slot=%u",
			    direct, bridge_of(nic), direct + 1, FIRST_DIRECT_SLOT + direct);
			place = xasprintf("rp%u", direct++);
		} else {
			place = xasprintf("pcie.0,addr=%#x", FIRST_PORT_SLOT + ports++);
		}
		/* igb is a NIC with VFs; virtio-net obeys set_link too; e1000e does not. */
		add(a, "-device", "%s,id=%s,netdev=net%u,mac=%s,bus=%s,romfile=",
		    nic->direct && qemu->igb ? "igb" : "virtio-net-pci", name, nic->nicid, nic->mac,
		    place);
	}
	if (ports > MAX_PORTS || direct > MAX_DIRECT)
		return err_code(err, INVALID, E2BIG,
				"server \"%s\": the embedded VIM supports at most %d virtual and "
				"%d direct ports",
				guest->name, MAX_PORTS, MAX_DIRECT);
	return 0;
}

int qemu_argv(const struct qemu *qemu, const struct qemu_guest *guest, char ***ret_argv,
	      struct err *err)
{
	struct args a = {0};

	*array_push(a.v, a.n) = xstrdup(QEMU_PROGRAM);
	add_machine(&a, qemu, guest);
	add_cells(&a, guest);
	add_boot(&a, qemu, guest);
	int r = add_nics(&a, qemu, guest, err);
	array_push(a.v, a.n);
	if (r < 0) {
		qemu_argv_free(a.v);
		return r;
	}
	*ret_argv = a.v;
	return 0;
}

void qemu_argv_free(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}
