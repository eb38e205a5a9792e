# SPDX-License-Identifier: Apache-2.0
"""Random plans of DNS, DHCP and addresses that the rules accept. JSON, which is YAML."""
import ipaddress
import json
import random

RECORDS = "www A 192.0.2.80\nmail MX 10 www\n  TXT \"a ; b\"\n$TTL 60\nx.deeper CNAME www"
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
LONG_SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg=="
ADDRESSES = [{"auth": f"172.16.1.{10 + i}", "auth6": f"2001:db8:101::{10 + i}", "cache": f"172.16.1.{20 + i}",
              "cache6": f"2001:db8:101::{20 + i}"} for i in range(3)]
ALGORITHMS = ["rsasha256", "rsasha512", "ecdsap256sha256", "ecdsap384sha384", "ed25519", "ed448"]


def chance(rng, p):
    return rng.random() < p


def make_zones(rng, members):
    zones = [{"name": "example.test"}, {"name": "dyn.example.test", "dynamic": True}]
    zones += [{"name": name} for name in ("example.org", "sub.example.test", "a-b_c.example") if chance(rng, 0.4)]
    for zone in zones:
        if chance(rng, 0.5):
            zone["primary"] = rng.choice(members)
        if chance(rng, 0.3) and not zone.get("dynamic"):
            zone["records"] = "records"  # a file beside the plan
        if chance(rng, 0.3):
            zone["transfer"] = ["198.51.100.53"]
        if chance(rng, 0.3):
            zone["dnssec"] = rng.choice(ALGORITHMS)
        if chance(rng, 0.3) and not zone.get("dynamic"):
            zone["serial"] = rng.choice(["unixtime", "increment", "dateserial"])
    return zones


def add_clients(rng, network, prefix):
    """Pools, what is cut from them, reservations. Addresses are counted from the prefix's first."""
    first, size = prefix.network_address, min(prefix.num_addresses, 1 << 20)
    take = iter(range(3, size - 2))
    network["relay"] = [str(first + next(take))]
    if prefix.version == 4:
        network["gateway"] = str(first + next(take))
    network["reserve"] = [{"mac": f"02:00:00:00:{rng.randrange(256):02x}:{i:02x}", "address": str(first + next(take)), "name": f"r{i}"}
                          for i in range(rng.randrange(min(5, size // 16) + 1))]
    start = next(take)
    if size - start > 16:
        middle = rng.randrange(start + 2, size - 4)
        network["pools"] = [f"{first + start}-{first + middle}", f"{first + middle + 1}-{first + size - 3}"]
        if chance(rng, 0.5):
            hole = rng.randrange(start, size - 8)
            network["exclude"] = [f"{first + hole}-{first + hole + rng.randrange(4)}"]
    if chance(rng, 0.6):
        network["domain"] = "dyn.example.test"
    if chance(rng, 0.6):
        network["resolvers"] = ["cache"] + (["192.0.2.53"] if prefix.version == 4 else ["2001:db8::53"])
    network["lease"] = rng.choice([300, 3600, 86400])
    if prefix.version == 6 and chance(rng, 0.5):
        network["delegate"] = {"prefix": f"2001:db8:{0x8000 + 256 * rng.randrange(64):x}::/40", "length": rng.choice([48, 56, 64])}


def make_networks(rng):
    networks = []
    for i in range(rng.randrange(1, 6)):
        if chance(rng, 0.65):
            length = rng.choice([9, 12, 14, 16, 20, 22, 24, 25, 26, 27, 28])
            base = f"{20 + i}.0.0.0" if length < 12 else rng.choice([f"10.{i * 16}.0.0", f"172.{17 + i}.0.0" if length > 15 else f"{30 + i}.0.0.0",
                                                                      f"198.{18 + i}.0.0" if length > 15 else f"{40 + i}.0.0.0"])
            prefix = ipaddress.ip_network(f"{base}/{length}", strict=False)
        else:
            prefix = ipaddress.ip_network(f"2001:db8:{0x200 + 16 * i:x}::/{rng.choice([46, 47, 48, 52, 63, 64])}", strict=False)
        network = {"prefix": str(prefix), "name": f"n{i}"}
        if chance(rng, 0.8):
            add_clients(rng, network, prefix)
        network["hosts"] = [{"address": str(prefix.network_address + 1), "name": f"gw{i}.example.test"}] if chance(rng, 0.5) else []
        networks.append(network)
    taken = {n["delegate"]["prefix"] for n in networks if "delegate" in n}
    for network in networks:  # each delegated prefix once
        if "delegate" in network and network["delegate"]["prefix"] in taken:
            taken.remove(network["delegate"]["prefix"])
        else:
            network.pop("delegate", None)
    return networks


def make_cache(rng, networks):
    cache = {"clients": [network["prefix"] for network in networks]}
    if chance(rng, 0.5):
        cache["forward"] = {"corp.example": ["192.0.2.1", "2001:db8::1"]} | ({".": ["192.0.2.2"]} if chance(rng, 0.5) else {})
    if chance(rng, 0.5):
        cache["dns64"] = rng.choice(["64:ff9b::/96", "2001:db8:64::/96", "2001:db8:122::/48"])
    if chance(rng, 0.5):
        cache["rpz"] = [{"zone": "block.example", "from": "192.0.2.9"}] + ([{"zone": "more.example", "from": "192.0.2.9", "key": "xfr"}]
                                                                         if chance(rng, 0.5) else [])
    if chance(rng, 0.5):
        cache["serve_expired"] = 86400
    if chance(rng, 0.5):
        cache["ratelimit"] = {"per_client": 200}
    return cache


def make_plan(seed):
    """The plan of that seed, always the same."""
    rng = random.Random(seed)
    members = [f"dns{i + 1}" for i in range(rng.choice([1, 2, 2]))]
    networks = make_networks(rng)
    hybrid = chance(rng, 0.2)
    names = ("auth", "auth6") if hybrid else ("auth", "auth6", "cache", "cache6")
    plan = {"version": 1,
            "members": {name: {key: ADDRESSES[i][key] for key in names} for i, name in enumerate(members)},
            "keys": {"xfr": {"algorithm": "hmac-sha256", "secret": SECRET},
                     "d2": {"algorithm": rng.choice(["hmac-sha256", "hmac-sha512"]), "secret": LONG_SECRET}},
            "zones": make_zones(rng, members),
            "networks": networks,
            "reverse": "auto" if chance(rng, 0.9) else "none",
            "cache": make_cache(rng, networks) | ({"hybrid": True} if hybrid else {})}
    if chance(rng, 0.5):
        plan["rrl"] = {"per_second": rng.randrange(1, 100), "slip": rng.randrange(3)}
    if len(members) > 1:
        plan["dhcp"] = {"mode": rng.choice(["hot-standby", "load-balancing"]), "primary": rng.choice(members)}
    return json.dumps(plan, indent=1)
