#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Waits until the test cloud could start a server: services and agents alive, the host known everywhere.
With COMPUTE_HOST=own, whose host comes later, only for the control plane."""
import os
import sys
import time

import cloud

DEADLINE = 180


def missing(api):
    """What is not there yet."""
    services = {service["binary"] for service in api.get("compute", "/os-services")["services"]
                if service["state"] == "up"}
    agents = [agent for agent in api.get("network", "/agents")["agents"] if agent["alive"]]
    hosts = api.get("compute", "/os-hypervisors")["hypervisors"]
    providers = api.get("placement", "/resource_providers")["resource_providers"]
    classes = {name for provider in providers for name in
               api.get("placement", f"/resource_providers/{provider['uuid']}/inventories")["inventories"]}
    lacking = {"nova-compute", "nova-conductor", "nova-scheduler"} - services
    lacking |= {"agents"} if len(agents) < 2 else set()
    lacking |= {"hypervisor"} if not hosts else set()
    lacking |= {"PCPU"} - classes
    return lacking


def main():
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            lacking = missing(cloud.Api(project="admin"))
            if os.environ.get("COMPUTE_HOST") == "own":
                lacking &= {"nova-conductor", "nova-scheduler"}
            print(time.strftime("%T"), "waiting for", lacking or "nothing", flush=True)
            if not lacking:
                break
        except (cloud.ApiError, OSError) as error:
            print(time.strftime("%T"), error, flush=True)
        time.sleep(0.3)
    else:
        sys.exit(f"not ready after {DEADLINE} s")
    # Neutron makes a project's default security group when first asked: not amid somebody's test.
    for project in ("admin", "test-tenant"):
        cloud.Api(project=project).get("network", "/security-groups")
    cloud.Api().get("image", "/images")


if __name__ == "__main__":
    main()
