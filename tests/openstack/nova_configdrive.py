#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the drive that build/tests/unit/test_configdrive writes with what Nova makes of the
same server. Needs Debian 12's python3-nova (26.2.2) and genisoimage:

    build/tests/unit/test_configdrive /tmp/drive.iso
    tests/openstack/nova_configdrive.py /tmp/drive.iso

Every file must be there and have Nova's bytes, less what is random or a number of Nova's database.
"""
import base64
import re
import subprocess
import sys
from unittest import mock

from nova import conf
from nova import context
from nova import objects
from nova.network import model
from nova.objects import virt_device_metadata as md
from nova.virt import configdrive, netutils

UUID = "0d4c3a6e-5f55-4d6b-9c55-1f2e3d4c5b6a"
FILES = [("cpnr/licence.txt", b"INCREMENT base\n"), ("key.bin", b"\0\xff")]
USER_DATA = b'Content-Type: multipart/mixed; boundary="b"\n\n--b--\n'


def subnet(cidr, gateway, addresses, dns=(), dhcp=None):
    """As nova.network.neutron builds it from Neutron's answer."""
    kwargs = {"dhcp_server": dhcp} if dhcp else {}
    made = model.Subnet(cidr=cidr, gateway=model.IP(address=gateway, type="gateway"), **kwargs)
    for server in dns:
        made.add_dns(model.IP(address=server, type="dns"))
    made["ips"] = [model.FixedIP(address=a) for a in addresses]
    return made


def vif(number, vif_type, mtu, subnets, details=None, profile=None):
    network = model.Network(id=f"21111111-aaaa-4bbb-8ccc-00000000000{number}", bridge=None,
                            label="net", mtu=mtu)
    network["subnets"] = subnets
    port = f"11111111-aaaa-4bbb-8ccc-00000000000{number}"
    return model.VIF(id=port, address=f"fa:16:3e:00:00:0{number}", network=network, type=vif_type,
                     details=details or {}, profile=profile or {},
                     devname=("tap" + port)[:model.NIC_NAME_LEN])


def network_info():
    return model.NetworkInfo([
        vif(1, "ovs", 1450, [subnet("10.20.0.0/24", "10.20.0.1", ["10.20.0.10"],
                                    ["192.0.2.53", "192.0.2.54"])]),
        vif(2, "hw_veb", 1500,
            [subnet("172.16.1.0/26", None, ["172.16.1.50", "172.16.1.51"], ["192.0.2.53"]),
             subnet("2001:db8:1::/64", "2001:db8:1::1", ["2001:db8:1::50"])],
            {"vlan": "101"}, {"trusted": "true"}),
        vif(3, "hw_veb", 1500, [], {"vlan": "101"}),
        vif(4, "hostdev_physical", 1500, [subnet("10.30.0.0/24", "10.30.0.1", ["10.30.0.10"],
                                                 ["192.0.2.53"], "10.30.0.2")]),
    ])


def device(number, bus, trusted, vlan=None, tag=None):
    """What the libvirt driver's _build_interface_metadata makes."""
    made = md.NetworkInterfaceMetadata(mac=f"fa:16:3e:00:00:0{number}",
                                       bus=md.PCIDeviceBus(address=bus), vf_trusted=trusted)
    if vlan:
        made.vlan = vlan
    if tag:
        made.tags = [tag]
    return made


def instance():
    made = objects.Instance(
        context.get_admin_context(), uuid=UUID, display_name="CPNR DNS_1.a",
        hostname="cpnr-dns-1-a", launch_index=0, availability_zone="nova",
        project_id="9f6c2a0be6f84f9c8f5b0f5c1f2e3d4c", key_name=None, metadata={},
        system_metadata={}, reservation_id="r-3d4c5b6a", root_device_name="/dev/vda",
        default_ephemeral_device=None, default_swap_device=None,
        user_data=base64.b64encode(USER_DATA).decode(),
        keypairs=objects.KeyPairList(objects=[]),
        ec2_ids=objects.EC2Ids(instance_id="i-0d4c3a6e", ami_id="ami-00000001", kernel_id=None,
                               ramdisk_id=None),
        flavor=objects.Flavor(name="dns-cross-numa"),
        numa_topology=objects.InstanceNUMATopology(cells=[
            objects.InstanceNUMACell(id=0, cpuset=set(), pcpuset={0, 1}, memory=1),
            objects.InstanceNUMACell(id=1, cpuset=set(), pcpuset={2, 3}, memory=1)]),
        device_metadata=objects.InstanceDeviceMetadata(devices=[
            device(2, "0000:41:00.0", True, vlan=101),
            device(3, "0000:61:00.0", False, vlan=101),
            device(4, "0000:00:09.0", False, tag="oam")]))
    made.obj_reset_changes()
    return made


def nova_files():
    from nova.api.metadata import base
    info = network_info()
    # The devices above agree with what the driver would ask of these.
    assert netutils.get_cached_vifs_with_vlan(info) == {"fa:16:3e:00:00:02": "101",
                                                        "fa:16:3e:00:00:03": "101"}
    assert netutils.get_cached_vifs_with_trusted(info) == {"fa:16:3e:00:00:02": True}
    with mock.patch.object(base, "_format_instance_mapping",
                           return_value={"ami": "vda", "root": "/dev/vda"}), \
            mock.patch.object(base.security_group_api, "get_instance_security_groups",
                              return_value=[{"name": "default"}]), \
            mock.patch.object(base.password, "extract_password", return_value=None):
        metadata = base.InstanceMetadata(instance(), content=FILES, network_info=info)
        return dict(configdrive.ConfigDriveBuilder(metadata).mdfiles)


def drive_files(iso, names):
    """By Rock Ridge (-R) or Joliet (-J)."""
    def isoinfo(*args):
        return subprocess.run(["isoinfo", names, "-i", iso, *args], check=True,
                              stdout=subprocess.PIPE).stdout
    paths = isoinfo("-f").decode().split("\n")
    return {p[1:]: isoinfo("-x", p) for p in paths if re.search(r"data2?(\.json)?$|/content/\d+$", p)}


def normal(data):
    if isinstance(data, str):
        data = data.encode()
    return re.sub(rb'"random_seed": "[A-Za-z0-9+/]{683}="', b'"random_seed": "..."', data)


def main():
    conf.CONF([], project="nova", default_config_files=[])
    objects.register_all()
    wanted = nova_files()
    found = drive_files(sys.argv[1], "-R")
    bad = 0
    if found != drive_files(sys.argv[1], "-J"):
        print("Rock Ridge and Joliet have not the same files")
        bad += 1
    for path in sorted(wanted.keys() | found.keys()):
        if path not in found or path not in wanted:
            print(f"{path}: only {'Nova' if path in wanted else 'dnsvnf'} has it")
            bad += 1
        elif normal(found[path]) != normal(wanted[path]):
            print(f"{path}:\n  Nova   {normal(wanted[path])}\n"
                  f"  dnsvnf {normal(found[path])}")
            bad += 1
    print(f"{len(wanted)} files of Nova, {len(found)} of dnsvnf, {bad} differ")
    return 1 if bad else 0


sys.exit(main())
