# SPDX-License-Identifier: Apache-2.0
"""Nova's own answers to cases of device specs, one JSON object a line; runs inside the root that holds python3-nova.

What Nova reads from /sys comes from the case. It looks for the product of a PF in the file "product", which sysfs calls
"device": here it finds it."""
import json
import logging
import sys

logging.disable(logging.CRITICAL)

import nova.conf  # noqa: E402
from nova import exception, objects  # noqa: E402
from nova.pci import utils, whitelist  # noqa: E402
from oslo_utils import strutils  # noqa: E402

nova.conf.CONF([], project="nova", default_config_files=[])
objects.register_all()


class Sys:
    """The functions of the case, in place of nova.pci.utils's reading of /sys."""

    def __init__(self, pfs):
        self.pfs = {pf["address"]: pf for pf in pfs}
        self.names = {}
        for pf in pfs:
            self.names[pf["name"]] = (pf["address"], pf["total"] > 0)
            self.names.update({vf["name"]: (vf["address"], False) for vf in pf["vfs"] if vf["name"]})
        utils.get_function_by_ifname = lambda name: self.names.get(name, (None, False))
        utils.is_physical_function = self.is_physical_function
        utils.get_vf_product_id_by_pf_addr = lambda address: self.pf(address)["vf_id"][5:]
        utils.get_pci_ids_by_pci_addr = lambda address: tuple(self.pf(address)["id"].split(":"))

    def pf(self, address):
        """An address that is not given by a name has no text here: Nova then finds no such device."""
        if address not in self.pfs:
            raise exception.PciDeviceNotFoundById(id=address)
        return self.pfs[address]

    def is_physical_function(self, domain, bus, slot, function):
        return self.pfs.get(f"{domain}:{bus}:{slot}.{function}", {"total": 0})["total"] > 0


def devices(pfs):
    """As libvirt's driver reports them; each has a serial number."""
    common = {"capabilities": {"vpd": {"card_serial_number": "1"}}}
    for pf in pfs:
        vendor, product = pf["id"].split(":")
        yield {"address": pf["address"], "vendor_id": vendor, "product_id": product, **common}
        for vf in pf["vfs"]:
            vendor, product = pf["vf_id"].split(":")
            yield {"address": vf["address"], "vendor_id": vendor, "product_id": product, "parent_addr": pf["address"], **common}


def first_match(specs, device):
    """Its number, or None. A device that cannot be parsed is skipped (manager.py, update_devices_from_...)."""
    try:
        return next((i for i, spec in enumerate(specs) if spec.match(device)), None)
    except exception.PciConfigInvalidSpec:
        return None


def tags(spec):
    tag = spec.get_tags()
    physnet, trusted = tag.get("physical_network"), tag.get("trusted")
    return [physnet if isinstance(physnet, str) else None, isinstance(trusted, str) and trusted.lower() == "true",
            strutils.bool_from_string(tag.get("remote_managed"))]


def answer(case):
    Sys(case["pfs"])
    try:
        specs = whitelist.Whitelist(case["values"]).specs
    except (exception.NovaException, AttributeError, TypeError, ValueError) as e:
        return {"refused": f"{type(e).__name__}: {e}"}
    return {"functions": {d["address"]: first_match(specs, d) for d in devices(case["pfs"])},
            "tags": [tags(spec) for spec in specs]}


def main():
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


main()
