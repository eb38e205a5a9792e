# SPDX-License-Identifier: Apache-2.0
"""The compute host in a VM: two NUMA nodes, a vIOMMU, two igb PFs on an SR-IOV fabric; image/ has what runs in it.

It is a child of the calling process, which must be in the test cloud's network (cloud.sh run). There it gets two taps:
`clients` leads to the host's bridges, `service` is untagged in VLAN 101 of the fabric.
"""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, "build")
SSH_PORT = 2222
VLAN = 101
SERVICE_GATEWAY, SERVICE_GATEWAY6 = "172.16.1.1", "2001:db8:101::1"
BOOT_SECONDS = 300
# QEMU 10 loses the upper half of a VF's BAR, and SeaBIOS puts BARs above 4 GB as soon as the plain memory reaches
# beyond 2,816 MB; the VF's registers would lie over the guest's memory. The rest is memory modules.
PLAIN_MB, MODULE_MB = 1344, 1536  # of each node
CPUS = 8


def command(*words, **how):
    done = subprocess.run(words, text=True, capture_output=True, **how)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: exit status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Fabric:
    """One layer-2 segment: a switch with a port for each PF, and `service` untagged in VLAN 101."""

    PORTS = {"pf0": 2, "pf1": 3}  # 1 is the tap's

    def __init__(self, folder):
        self.socket = f"{folder}/fabric"
        self._management = f"{folder}/fabric.mgmt"
        setup = f"{folder}/fabric.rc"
        with open(setup, "w", encoding="ascii") as target:
            target.write(f"vlan/create {VLAN}\nport/setvlan 1 {VLAN}\n")
            for port in self.PORTS.values():
                target.write(f"port/create {port}\nvlan/addport {VLAN} {port}\n")
        # It ends when its standard input does.
        self._process = subprocess.Popen(["vde_switch", "-s", self.socket, "-M", self._management, "-t", "service",
                                          "-f", setup, "-n", "8"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def cut(self, pf):
        """Frames of the VLAN are lost in silence."""
        self._tell(f"vlan/delport {VLAN} {self.PORTS[pf]}")

    def join(self, pf):
        self._tell(f"vlan/addport {VLAN} {self.PORTS[pf]}")

    def stop(self):
        self._process.stdin.close()
        self._process.terminate()
        self._process.wait()

    def _tell(self, line):
        with socket.socket(socket.AF_UNIX) as switch:
            switch.connect(self._management)
            self._answer(switch)
            switch.sendall(line.encode() + b"\n")
            answer = self._answer(switch)
        if "1000 Success" not in answer:
            raise AssertionError(f"vde_switch: {line}: {answer}")

    @staticmethod
    def _answer(switch):
        text = b""
        while not text.endswith(b"vde$ "):
            text += switch.recv(4096)
        return text.decode()


class ComputeHost:
    def __init__(self, folder=None):
        self.image = folder or os.path.join(BUILD, "compute")
        self.run = os.path.join(self.image, "run")
        self.fabric = self._qemu = self._qmp = None
        self.started = 0.0

    # ---- life ----

    def start(self):
        """Returns when it can be logged in to."""
        shutil.rmtree(self.run, ignore_errors=True)
        os.makedirs(self.run)
        self._taps()
        self.fabric = Fabric(self.run)
        qemu, root = self._find_qemu()
        self.started = time.monotonic()
        with open(f"{self.run}/qemu.log", "wb") as log:
            # It must not outlive this process, however that ends.
            self._qemu = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *self._command_line(qemu, root)],
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env={
                                              **os.environ, "QEMU_MODULE_DIR": f"{root}/usr/lib/x86_64-linux-gnu/qemu",
                                              "TMPDIR": self.run})
        end = time.monotonic() + BOOT_SECONDS
        while True:
            if self._qemu.poll() is not None:
                with open(f"{self.run}/qemu.log", encoding="utf-8", errors="replace") as log:
                    raise AssertionError(f"QEMU ended: {log.read()[-2000:]}")
            with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
                self.ssh("systemctl is-active --quiet host-setup", timeout=30)
                return
            if time.monotonic() > end:
                raise AssertionError(f"no login to the compute host within {BOOT_SECONDS} s: see {self.run}/serial")
            time.sleep(1)

    def stop(self):
        if self._qemu and self._qemu.poll() is None:
            self._qemu.send_signal(signal.SIGTERM)
            self._qemu.wait()
        if self.fabric:
            self.fabric.stop()
        for tap in ("clients", "service"):
            subprocess.run(["ip", "link", "delete", tap], check=False, stderr=subprocess.DEVNULL)

    # ---- what can be done to it ----

    def ssh(self, line, timeout=600, check=True, data=None):
        """What the shell's line prints."""
        done = subprocess.run(["ssh", "-q", "-p", str(SSH_PORT), "-i", f"{self.image}/key", "-o", "StrictHostKeyChecking=no",
                               "-o", "UserKnownHostsFile=/dev/null", "-o", "ControlMaster=auto", "-o",
                               f"ControlPath={self.run}/ssh", "-o", "ControlPersist=600", "-o", "ConnectTimeout=20",
                               "root@127.0.0.1", line], input=data, capture_output=True, text=not isinstance(data, bytes),
                              timeout=timeout, check=False)
        if check and done.returncode:
            raise AssertionError(f"on the host: {line}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def put(self, source, target):
        with open(source, "rb") as file:
            self.ssh(f"install -D -m 755 /dev/stdin {target}", data=file.read())

    def cable(self, pf, plugged):
        """The PF loses its carrier; what the carrier of its VFs does is up to the driver."""
        self._monitor("set_link", name=pf, up=plugged)

    def _monitor(self, execute, **arguments):
        if not self._qmp:
            self._qmp = socket.socket(socket.AF_UNIX)
            self._qmp.connect(f"{self.run}/qmp")
            self._qmp = self._qmp.makefile("rw")
            self._qmp.readline()
            self._monitor("qmp_capabilities")
        self._qmp.write(json.dumps({"execute": execute, "arguments": arguments}) + "\n")
        self._qmp.flush()
        while "event" in (answer := json.loads(self._qmp.readline())):
            pass
        if "error" in answer:
            raise AssertionError(f"QEMU: {execute}: {answer['error']['desc']}")

    # ---- how it is started ----

    @staticmethod
    def _taps():
        for tap, address in (("clients", "10.99.0.1"), ("service", SERVICE_GATEWAY)):
            subprocess.run(["ip", "link", "delete", tap], check=False, stderr=subprocess.DEVNULL)
            command("ip", "tuntap", "add", tap, "mode", "tap")
            command("ip", "address", "add", f"{address}/24", "dev", tap)
            command("ip", "link", "set", tap, "up")
        command("ip", "address", "add", f"{SERVICE_GATEWAY6}/64", "dev", "service", "nodad")

    @staticmethod
    def _find_qemu():
        qemu = command(os.path.join(TOP, "tests", "vm", "get-qemu.sh"), f"{BUILD}/qemu").strip()
        return qemu, qemu.removesuffix("/usr/bin/qemu-system-x86_64")

    def _command_line(self, qemu, root):
        words = [qemu, "-name", "compute-1,debug-threads=on", "-L", f"{root}/usr/share/qemu", "-L",
                 f"{root}/usr/share/seabios", "-nodefaults", "-no-user-config", "-display", "none",
                 "-machine", "q35,hpet=off,kernel-irqchip=split", "-accel", "tcg,thread=multi,tb-size=1024",
                 # max has SVM, nested paging and AMD's vendor, which kvm_amd asks for.
                 "-cpu", "max,la57=off", "-smp", f"{CPUS},sockets=2,cores={CPUS // 2}",
                 "-m", f"{2 * PLAIN_MB}M,slots=2,maxmem=16G",
                 "-device", "intel-iommu,intremap=on,caching-mode=on,aw-bits=48",
                 "-kernel", f"{self.image}/host.vmlinux", "-initrd", f"{self.image}/host.initrd", "-append",
                 "root=LABEL=compute-host console=ttyS0 loglevel=4 mitigations=off tsc=reliable panic=-1 oops=panic "
                 "random.trust_cpu=on apparmor=0 audit=0 selinux=0 intel_iommu=on iommu=pt memhp_default_state=online "
                 "transparent_hugepage=never numa_balancing=disable systemd.show_status=0",
                 "-drive", f"file={self.image}/host.raw,if=none,id=root,format=raw,cache=unsafe,snapshot=on",
                 "-device", "virtio-blk-pci,drive=root,bus=pcie.0,addr=3", "-device", "virtio-rng-pci,bus=pcie.0,addr=5",
                 "-netdev", f"user,id=control,hostfwd=tcp:127.0.0.1:{SSH_PORT}-:22", "-device",
                 "virtio-net-pci,netdev=control,mac=52:54:00:00:00:01,bus=pcie.0,addr=8,romfile=",
                 "-netdev", "tap,id=clients,ifname=clients,script=no,downscript=no", "-device",
                 "virtio-net-pci,netdev=clients,mac=52:54:00:00:00:02,bus=pcie.0,addr=9,romfile=",
                 "-serial", f"file:{self.run}/serial", "-qmp", f"unix:{self.run}/qmp,server=on,wait=off"]
        for node, (pf, port) in enumerate(Fabric.PORTS.items()):
            first, last = node * CPUS // 2, (node + 1) * CPUS // 2 - 1
            words += ["-object", f"memory-backend-ram,id=plain{node},size={PLAIN_MB}M",
                      "-numa", f"node,nodeid={node},cpus={first}-{last},memdev=plain{node}",
                      "-object", f"memory-backend-ram,id=module{node},size={MODULE_MB}M",
                      "-device", f"pc-dimm,id=dimm{node},memdev=module{node},node={node}",
                      "-device", f"pxb-pcie,id=pxb{node},bus_nr={32 + 32 * node},bus=pcie.0,numa_node={node}",
                      "-device", f"pcie-root-port,id=rp{node},bus=pxb{node},chassis={node + 1},slot=0",
                      "-netdev", f"vde,id={pf},sock={self.fabric.socket},port={port}",
                      "-device", f"igb,netdev={pf},id=nic-{pf},mac=52:54:00:bb:00:0{node + 1},bus=rp{node},romfile="]
        return words
