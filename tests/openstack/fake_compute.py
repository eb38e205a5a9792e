#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""nova-compute of the test cloud: Nova's own service and fake hypervisor, with the hardware of host.json.

host.json: "cells" (NUMA nodes of the host, in order: "cpus" shared, "pcpus" dedicated, "memory_mb", "pages" as
page size in kB to number; optional "siblings" (lists of CPUs that are threads of one core) and "socket"),
"pfs" (PFs with "num_vfs" VFs each; "numa_node" may be null) and "local_gb". A change of the file is taken
over within a second; then host.audited has the file's SHA-256.

Faults, by the metadata of a server: fault=spawn (cannot be started; so is a server named fault-spawn),
fault=spawn:N (cannot be started N times, as by a rebuild), fault=slow:SECONDS (starts late), fault=reboot (cannot be rebooted),
fault=audit (a resize meets the periodic audit of resources), fault=migrate:SECONDS (a resize takes so long to move the disk).

run/guests says in lines of JSON what becomes of guests: "time", "server" (id), "name", "what" (starts: with a new disk, or
resized; boots; ends), "addresses" (when it starts with a new disk). A file run/off/ID powers that guest off, as if it had done
it itself.
"""
import sys

from nova.cmd import compute  # first: patches the standard library for eventlet

import hashlib
import json
import os
import time

import eventlet
import nova.conf
import nova.virt
from nova.api.metadata import base as metadata
import os_resource_classes as orc
import os_traits
from nova import context as nova_context
from nova import exception, objects
from nova.pci import whitelist
from nova.virt import configdrive, event, fake
from nova.compute import power_state

import hardware

CONF = nova.conf.CONF
HOST_JSON = "/cloud/host.json"
AUDITED = "/cloud/run/host.audited"
DRIVES = "/cloud/run/drives"
ORDER = "/cloud/run/ports"
DAY0 = "/cloud/run/day0"
GUESTS = "/cloud/run/guests"
OFF = "/cloud/run/off"
LOOK_EVERY = 0.2


def cpu_list(cpus):
    return ",".join(map(str, sorted(cpus))) or None


class Hardware:
    """What host.json says, in Nova's words."""

    def __init__(self):
        with open(HOST_JSON, "rb") as source:
            text = source.read()
        self.digest = hashlib.sha256(text).hexdigest()
        host = json.loads(text)
        self.cells, self.pfs, self.local_gb = host["cells"], host["pfs"], host["local_gb"]
        self.shared = {cpu for cell in self.cells for cpu in cell["cpus"]}
        self.dedicated = {cpu for cell in self.cells for cpu in cell["pcpus"]}
        self.memory_mb = sum(cell["memory_mb"] for cell in self.cells)

    def device_specs(self):
        """The setting [pci]device_spec that gives all VFs to servers."""
        return [json.dumps({"address": address, "physical_network": pf["physnet"], "trusted": "true"})
                for pf in self.pfs for address in hardware.vf_addresses(pf)]

    def numa_topology(self):
        return objects.NUMATopology(cells=[objects.NUMACell(
            id=number, socket=cell.get("socket", number),
            cpuset=set(cell["cpus"]), pcpuset=set(cell["pcpus"]), pinned_cpus=set(),
            siblings=[set(cpus) for cpus in
                      cell.get("siblings") or [[cpu] for cpu in cell["cpus"] + cell["pcpus"]]],
            memory=cell["memory_mb"], cpu_usage=0, memory_usage=0,
            mempages=[objects.NUMAPagesTopology(size_kb=int(size), total=total, used=0, reserved=0)
                      for size, total in sorted(cell["pages"].items(), key=lambda pair: int(pair[0]))],
            network_metadata=objects.NetworkMetadata(physnets=set(), tunneled=False),
        ) for number, cell in enumerate(self.cells)])

    def pci_devices(self):
        devices = []
        for pf in self.pfs:
            common = {"vendor_id": pf["vendor_id"], "numa_node": pf["numa_node"], "status": "available"}
            devices.append({**common, "address": pf["address"], "product_id": pf["product_id"],
                            "dev_type": "type-PF", "parent_addr": None, "label": f"pf_{pf['ifname']}"})
            devices += [{**common, "address": address, "product_id": pf["vf_product_id"],
                         "dev_type": "type-VF", "parent_addr": pf["address"],
                         "parent_ifname": pf["ifname"], "label": f"vf_{pf['ifname']}"}
                        for address in hardware.vf_addresses(pf)]
        return devices


class HostJsonDriver(fake.FakeDriver):
    capabilities = dict(fake.FakeDriver.capabilities, supports_pcpus=True)

    def __init__(self, virtapi, read_only=False):
        self.hardware = Hardware()
        self.failed_spawns = {}
        super().__init__(virtapi, read_only)

    def init_host(self, host):
        super().init_host(host)
        os.makedirs(OFF, exist_ok=True)
        self._adopt()
        eventlet.spawn(self._follow)

    def _adopt(self):
        """Tells nova-compute what of the hardware is for servers, as if it had just been started with it."""
        CONF.set_override("cpu_shared_set", cpu_list(self.hardware.shared), "compute")
        CONF.set_override("cpu_dedicated_set", cpu_list(self.hardware.dedicated), "compute")
        CONF.set_override("device_spec", self.hardware.device_specs(), "pci")
        manager = self.virtapi._compute
        manager.network_api.pci_whitelist = whitelist.Whitelist(CONF.pci.device_spec)
        manager.rt.pci_tracker = None  # the next audit makes a new one

    def _follow(self):
        """Audits as soon as host.json changes; Nova's own audit would take a minute to see it."""
        seen = os.stat(HOST_JSON).st_mtime_ns
        while True:
            eventlet.sleep(LOOK_EVERY)
            self._power_off_by_themselves()
            changed = os.stat(HOST_JSON).st_mtime_ns
            if changed == seen:
                continue
            seen = changed
            self.hardware = Hardware()
            self._adopt()
            self.virtapi._compute.update_available_resource(nova_context.get_admin_context())
            with open(AUDITED, "w", encoding="ascii") as target:
                target.write(self.hardware.digest)

    def _power_off_by_themselves(self):
        for uuid in os.listdir(OFF):
            os.unlink(os.path.join(OFF, uuid))
            self.instances[uuid].state = power_state.SHUTDOWN
            self._tell(uuid, None, "ends")
            self.emit_event(event.LifecycleEvent(uuid, event.EVENT_LIFECYCLE_STOPPED))

    @staticmethod
    def _tell(uuid, name, what, network_info=()):
        addresses = [ip["address"] for vif in network_info or () for ip in vif.fixed_ips()]
        with open(GUESTS, "a", encoding="ascii") as target:
            target.write(json.dumps({"time": time.time(), "server": uuid, "name": name, "what": what,
                                     "addresses": addresses}) + "\n")

    def get_available_resource(self, nodename):
        hardware, resources = self.hardware, self.resources
        resources.vcpus = len(hardware.shared) + len(hardware.dedicated)
        resources.memory_mb, resources.local_gb = hardware.memory_mb, hardware.local_gb
        status = super().get_available_resource(nodename)
        if status:
            status["disk_available_least"] = hardware.local_gb
            status["numa_topology"] = hardware.numa_topology()._to_json()
            status["pci_passthrough_devices"] = json.dumps(hardware.pci_devices())
        return status

    def update_provider_tree(self, provider_tree, nodename, allocations=None):
        hardware = self.hardware

        def inventory(total):
            return {"total": total, "min_unit": 1, "max_unit": total, "step_size": 1,
                    "allocation_ratio": 1.0, "reserved": 0}

        totals = {orc.VCPU: len(hardware.shared), orc.PCPU: len(hardware.dedicated),
                  orc.MEMORY_MB: hardware.memory_mb, orc.DISK_GB: hardware.local_gb}
        provider_tree.update_inventory(
            nodename, {name: inventory(total) for name, total in totals.items() if total})
        # As the libvirt driver tells it.
        threads = any(len(core) > 1 for cell in hardware.cells for core in cell.get("siblings", []))
        (provider_tree.add_traits if threads else provider_tree.remove_traits)(nodename, os_traits.HW_CPU_HYPERTHREADING)

    @staticmethod
    def _write_drive(instance, files, network_info):
        """What the config drive has, as the libvirt driver makes it, as files in DRIVES/UUID."""
        made = metadata.InstanceMetadata(instance, content=files, network_info=network_info)
        for path, content in configdrive.ConfigDriveBuilder(made).mdfiles:
            path = os.path.join(DRIVES, instance.uuid, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as target:
                target.write(content if isinstance(content, bytes) else content.encode())

    @staticmethod
    def _note_guest(instance, network_info):
        """What a guest would find: the ids of its ports in their order, in ORDER/UUID, and its user data, in DAY0/UUID."""
        for folder, text in ((ORDER, "\n".join(vif["id"] for vif in network_info or ())), (DAY0, instance.user_data or "")):
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, instance.uuid), "w", encoding="ascii") as target:
                target.write(text)

    # pylint: disable=too-many-arguments
    def spawn(self, context, instance, image_meta, injected_files, admin_password, allocations, network_info=None,
              **kwargs):
        if injected_files:
            self._write_drive(instance, injected_files, network_info)
        self._note_guest(instance, network_info)
        fault = instance.metadata.get("fault", "")
        if fault == "spawn" or instance.display_name == "fault-spawn":
            raise exception.NovaException("this server cannot be started: fault=spawn")
        if fault.startswith("spawn:"):
            failed = self.failed_spawns.get(instance.uuid, 0)
            if failed < int(fault[len("spawn:"):]):
                self.failed_spawns[instance.uuid] = failed + 1
                raise exception.NovaException("this server cannot be started: fault=spawn")
        if fault.startswith("slow:"):
            time.sleep(float(fault[len("slow:"):]))
        super().spawn(context, instance, image_meta, injected_files, admin_password, allocations, network_info, **kwargs)
        self._tell(instance.uuid, instance.display_name, "starts", network_info)

    def power_off(self, instance, *args, **kwargs):
        """As libvirt does: one that could not be started is off. Nova would leave its rebuild without an end."""
        if instance.uuid in self.instances:
            super().power_off(instance, *args, **kwargs)
            self._tell(instance.uuid, instance.display_name, "ends")

    def power_on(self, context, instance, *args, **kwargs):
        super().power_on(context, instance, *args, **kwargs)
        self._tell(instance.uuid, instance.display_name, "boots")

    def destroy(self, context, instance, *args, **kwargs):
        super().destroy(context, instance, *args, **kwargs)
        self._tell(instance.uuid, instance.display_name, "ends")

    def detach_interface(self, context, instance, vif):
        """Also one that the server was spawned with, of which Nova's own driver knows nothing."""
        self._interfaces.pop(vif["id"], None)

    def migrate_disk_and_power_off(self, context, instance, *args, **kwargs):
        fault = instance.metadata.get("fault", "")
        if fault == "audit":
            self.virtapi._compute.update_available_resource(nova_context.get_admin_context())
        self._tell(instance.uuid, instance.display_name, "ends")
        if fault.startswith("migrate:"):
            time.sleep(float(fault[len("migrate:"):]))
        return super().migrate_disk_and_power_off(context, instance, *args, **kwargs)

    def finish_revert_migration(self, context, instance, *args, **kwargs):
        super().finish_revert_migration(context, instance, *args, **kwargs)
        self._tell(instance.uuid, instance.display_name, "boots")

    def reboot(self, context, instance, *args, **kwargs):
        if instance.metadata.get("fault") == "reboot":
            raise exception.NovaException("this server cannot be rebooted: fault=reboot")
        return super().reboot(context, instance, *args, **kwargs)


# Nova looks for its drivers below nova.virt only.
sys.modules["nova.virt.host_json"] = nova.virt.host_json = sys.modules[__name__]
sys.exit(compute.main())
