#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The two L2 agents of the test cloud's host, without a data path.

Report themselves to neutron-server as the real agents do, and tell it that bound ports are wired: up when their
admin state is up, else down.
"""
import eventlet

eventlet.monkey_patch()

import json
import sys
import time

import pymysql
from neutron.agent import rpc as agent_rpc
from neutron.common import config
from neutron.conf.agent import common as agent_conf
from neutron_lib import context
from neutron_lib.agent import topics
from oslo_config import cfg
from oslo_log import log as logging

HOST_JSON = "/cloud/host.json"
REPORT_EVERY = 20
LOOK_EVERY = 0.5
NO_BANDWIDTHS = {"resource_provider_bandwidths": {}, "resource_provider_hypervisors": {},
                 "resource_provider_inventory_defaults": {}}
# A real agent is told of bound ports by RPC casts; the table says the same with less machinery.
UNWIRED = """
select p.id, p.admin_state_up, b.vif_type from ports p join ml2_port_bindings b on b.port_id = p.id
where b.host = %s and b.vif_type in ('ovs', 'hw_veb') and b.status = 'ACTIVE'
and (p.admin_state_up = 1 and p.status != 'ACTIVE' or p.admin_state_up = 0 and p.status = 'ACTIVE')"""


def agents(host):
    with open(HOST_JSON, encoding="utf-8") as source:
        pfs = json.load(source)["pfs"]
    mappings = {}
    for pf in pfs:
        mappings.setdefault(pf["physnet"], []).append(pf["ifname"])
    common = {"host": host, "topic": "N/A"}
    return [
        {**common, "binary": "neutron-sriov-nic-agent", "agent_type": "NIC Switch agent",
         "configurations": {"device_mappings": mappings, "extensions": [], "devices": 0, **NO_BANDWIDTHS}},
        {**common, "binary": "neutron-openvswitch-agent", "agent_type": "Open vSwitch agent",
         "configurations": {"tunnel_types": ["vxlan"], "tunneling_ip": "127.0.0.1",
                            "bridge_mappings": {"physnet-ext": "br-ex"}, "integration_bridge": "br-int",
                            "datapath_type": "system", "vhostuser_socket_dir": "", "ovs_hybrid_plug": False,
                            "ovs_capabilities": {"datapath_types": ["system"], "iface_types": ["vxlan"]},
                            "l2_population": False, "arp_responder_enabled": False,
                            "enable_distributed_routing": False, "in_distributed_mode": False,
                            "extensions": [], **NO_BANDWIDTHS}}]


def unwired(host):
    connection = pymysql.connect(unix_socket="/cloud/run/mysql.sock", user="os", password="os",
                                 database="neutron")
    try:
        with connection.cursor() as cursor:
            cursor.execute(UNWIRED, (host,))
            return cursor.fetchall()
    finally:
        connection.close()


def wire(plugin, ctx, host):
    for port, admin_up, vif_type in unwired(host):
        agent = ("nic-switch-agent." if vif_type == "hw_veb" else "ovs-agent-") + host
        plugin.get_device_details(ctx, port, agent, host)
        tell = plugin.update_device_up if admin_up else plugin.update_device_down
        tell(ctx, port, agent, host)


def main():
    config.register_common_config_options()
    agent_conf.register_agent_state_opts_helper(cfg.CONF)
    config.init(sys.argv[1:])
    config.setup_logging()
    log = logging.getLogger("fake-agents")
    host = cfg.CONF.host
    ctx = context.get_admin_context_without_session()
    state = agent_rpc.PluginReportStateAPI(topics.REPORTS)
    state.timeout = 1  # the server may not listen yet: do not wait 60 s for its first answer
    plugin = agent_rpc.PluginApi(topics.PLUGIN)
    started, reported = False, 0.0
    while True:
        try:
            if time.monotonic() - reported > REPORT_EVERY:
                for agent in agents(host):
                    state.report_state(ctx, {**agent, "start_flag": not started}, use_call=not started)
                started, reported = True, time.monotonic()
            wire(plugin, ctx, host)
        except Exception:  # whatever it is, a real agent tries again
            log.exception("trying again")
        time.sleep(LOOK_EVERY)


main()
