#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One bond, set up in each dialect: dnsvnf check reads it. What cannot be read is unknown: said once, and no error."""
import base64
import gzip
import json
import os
import subprocess
import sys
import tempfile
import unittest

DNSVNF = sys.argv.pop(1)
# The legs' ports have the same addresses on two networks of one segment: right for a bond, an error without one.
DESCRIPTOR = "examples/designs/flat/dep.xml"
MACS = [f"fa:16:3e:10:00:0{i}" for i in range(3)]
V4, GATEWAY4 = "172.16.1.10/24", "172.16.1.1"
V6, GATEWAY6 = "2001:db8:101::10/64", "2001:db8:101::1"

MGMT = f"nmcli con add type ethernet con-name mgmt ifname ens3 mac {MACS[0]} ip4 10.10.10.10/24"
OPTIONS = "mode=active-backup,miimon=100,fail_over_mac=active"
BOND = f"nmcli con add type bond con-name bond0 ifname bond0 bond.options {OPTIONS} " \
       f"ip4 {V4} gw4 {GATEWAY4} ip6 {V6} gw6 {GATEWAY6}"


def leg(number, master="bond0"):
    return f"nmcli con add type ethernet con-name leg{number} ifname ens{number + 3} mac {MACS[number]} master {master}"


def cloud_config(*commands, files=(), keys=()):
    lines = ["#cloud-config", *keys]
    if files:
        lines.append("write_files:")
    for path, content in files:
        lines += [f"- path: {path}", "  permissions: '0600'", "  content: |"]
        lines += ["    " + line for line in content.strip("\n").split("\n")]
    if commands:
        lines.append("runcmd:")
    return "\n".join(lines + [f"- {json.dumps(c)}" for c in commands]) + "\n"


NMCLI = (MGMT, BOND, leg(1), leg(2))
SCRIPT = "#!/bin/bash\n"
KEYFILES = "/etc/NetworkManager/system-connections/"
NETWORKD = "/etc/systemd/network/"
SUSE = "/etc/sysconfig/network/"
UUID = "6f3d0a5c-0f0e-4f0e-9d7e-0123456789ab"


def keyfiles(master="bond0", key="controller"):
    return [
        (KEYFILES + "mgmt.nmconnection", f"[connection]\nid=mgmt\ntype=ethernet\n[ethernet]\nmac-address={MACS[0]}\n"
                                         "[ipv4]\nmethod=manual\naddress1=10.10.10.10/24"),
        (KEYFILES + "bond0.nmconnection", f"[connection]\nid=bond0\nuuid={UUID}\ntype=bond\ninterface-name=bond0\n[bond]\n"
         + OPTIONS.replace(",", "\n") + f"\n[ipv4]\nmethod=manual\naddress1={V4},{GATEWAY4}\n[ipv6]\nmethod=manual\n"
         f"addresses={V6};\ngateway={GATEWAY6}"),
        *((KEYFILES + f"leg{i}.nmconnection", f"[connection]\nid=leg{i}\ntype=ethernet\n{key}={master}\nport-type=bond\n"
           f"[ethernet]\nmac-address={MACS[i]}") for i in (1, 2))]


NETWORKD_FILES = [
    (NETWORKD + "10-bond0.netdev", "[NetDev]\nName=bond0\nKind=bond\n[Bond]\nMode=active-backup\nMIIMonitorSec=0.1\n"
                                   "FailOverMACPolicy=active"),
    (NETWORKD + "20-mgmt.network", f"[Match]\nMACAddress={MACS[0]}\n[Network]\nAddress=10.10.10.10/24"),
    (NETWORKD + "30-legs.network", f"[Match]\nMACAddress={MACS[1]} {MACS[2]}\n[Network]\nBond=bond0"),
    (NETWORKD + "40-bond0.network", f"[Match]\nName=bond0\n[Network]\nAddress={V4}\nAddress={V6}\nGateway={GATEWAY4}\n"
                                    f"[Route]\nGateway={GATEWAY6}")]

IFUPDOWN = f"""
auto ens3
iface ens3 inet static
  address 10.10.10.10/24
auto bond0
iface bond0 inet static
  address 172.16.1.10
  netmask 255.255.255.0
  gateway {GATEWAY4}
  bond-mode active-backup
  bond-miimon 100
  bond-fail-over-mac active
  bond-slaves ens4 ens5
iface bond0 inet6 static
  address {V6}
  gateway {GATEWAY6}
"""
IFUPDOWN_LEGS = IFUPDOWN.replace("bond-slaves ens4 ens5", "bond-slaves none") + """
iface ens4 inet manual
  bond-master bond0
iface ens5 inet manual
  bond-master bond0
"""

SUSE_FILES = [
    (SUSE + "ifcfg-ens3", "STARTMODE='auto'\nBOOTPROTO='static'\nIPADDR='10.10.10.10/24'"),
    (SUSE + "ifcfg-bond0", f"STARTMODE='auto'\nBOOTPROTO='static'\nIPADDR='{V4}'\nIPADDR_6='{V6}'\n"
                           "BONDING_MASTER='yes'\nBONDING_SLAVE0='ens4'\nBONDING_SLAVE1='ens5'\n"
                           f"BONDING_MODULE_OPTS='{OPTIONS.replace(',', ' ')}'"),
    (SUSE + "ifcfg-ens4", "STARTMODE='hotplug'\nBOOTPROTO='none'"),
    (SUSE + "ifroute-bond0", f"default {GATEWAY4} - bond0\ndefault {GATEWAY6} - bond0")]

IP = ("ip addr add 10.10.10.10/24 dev ens3",
      f"ip link add bond0 type bond {OPTIONS.replace('=', ' ').replace(',', ' ')}",
      "for i in ens4 ens5; do ip link set $i down; ip link set $i master bond0; done", "ip link set bond0 up",
      f"ip addr add {V4} dev bond0", f"ip -6 addr add {V6} dev bond0", f"ip route add default via {GATEWAY4}",
      f"ip -6 route add default via {GATEWAY6} dev bond0")
SYSFS = ("ip addr add 10.10.10.10/24 dev ens3", "echo +bond0 > /sys/class/net/bonding_masters",
         *(f"echo {value} > /sys/class/net/bond0/bonding/{name}"
           for name, value in (option.split("=") for option in OPTIONS.split(","))),
         *(f"echo +{name} > /sys/class/net/bond0/bonding/slaves" for name in ("ens4", "ens5")), *IP[4:])

NETPLAN = f"""
network:
  version: 2
  ethernets:
    mgmt: {{match: {{macaddress: "{MACS[0]}"}}, addresses: [10.10.10.10/24]}}
    leg1: {{match: {{macaddress: "{MACS[1]}"}}, set-name: leg1}}
    leg2: {{match: {{macaddress: "{MACS[2]}"}}, set-name: leg2}}
  bonds:
    bond0:
      interfaces: [leg1, leg2]
      addresses: [{V4}, "{V6}"]
      routes: [{{to: default, via: {GATEWAY4}}}, {{to: default, via: "{GATEWAY6}"}}]
      parameters: {{mode: active-backup, fail-over-mac-policy: active, mii-monitor-interval: 100}}
"""


def netplan(old="", new=""):
    assert old in NETPLAN
    return cloud_config("netplan apply", files=[("/etc/netplan/60-dns.yaml", NETPLAN.replace(old, new) if old else NETPLAN)])


GLOB = f'    leg1: {{match: {{macaddress: "{MACS[1]}"}}, set-name: leg1}}\n' \
       f'    leg2: {{match: {{macaddress: "{MACS[2]}"}}, set-name: leg2}}\n' \
       "  bonds:\n    bond0:\n      interfaces: [leg1, leg2]"


def legs_by(match):
    return netplan(GLOB, f"    legs: {{match: {match}}}\n  bonds:\n    bond0:\n      interfaces: [legs]")


NETPLAN_PATH = "/etc/netplan/60-dns.yaml"
SCRIPTS = "/etc/sysconfig/network-scripts/"
DISABLED = ("/etc/cloud/cloud.cfg.d/99-disable-network-config.cfg", "network: {config: disabled}")


def encoded(content, *more):
    return "\n".join(["#cloud-config", "write_files:", f"- path: {NETPLAN_PATH}", f"  content: {content}", *more,
                      "runcmd: [[netplan, apply]]", ""])


def base64_of(data):
    return base64.b64encode(data).decode()


def parts(*configs):
    """A message of cloud-config parts."""
    return "".join(["Content-Type: multipart/mixed; boundary=next\nMIME-Version: 1.0\n\n",
                    *(f"--next\nContent-Type: text/cloud-config\n\n{c}\n" for c in configs), "--next--\n"])


def motd(*keys):
    return cloud_config(files=[("/etc/motd", "hello")], keys=keys)


# The bond's addresses and routes, moved to a bridge above it.
ABOVE = NETPLAN[NETPLAN.index("      addresses: [172"):NETPLAN.index("      parameters:")]
BRIDGE = NETPLAN.replace(ABOVE, "") + f"  bridges:\n    br0:\n      interfaces: [bond0]\n{ABOVE}"

IFCFG = [
    (SCRIPTS + "ifcfg-ens3", "DEVICE=ens3\nBOOTPROTO=none\nIPADDR=10.10.10.10\nPREFIX=24"),
    (SCRIPTS + "ifcfg-bond0", f"DEVICE=bond0\nTYPE=Bond\nBONDING_OPTS=\"{OPTIONS.replace(',', ' ')}\"\n"
                              f"IPV6ADDR={V6.split('/')[0]}\nGATEWAY={GATEWAY4}\nIPV6_DEFAULTGW={GATEWAY6}"),
    (SCRIPTS + "ifcfg-bond0:1", "DEVICE=bond0:1\nIPADDR=172.16.1.10\nNETMASK=255.255.255.0"),
    *((SCRIPTS + f"ifcfg-ens{i}", f"DEVICE=ens{i}\nMASTER=bond0\nSLAVE=yes") for i in (4, 5))]

V1 = f"""
network:
  version: 1
  config:
  - {{type: physical, name: ens3, mac_address: "{MACS[0]}", subnets: [{{type: static, address: 10.10.10.10}}]}}
  - {{type: physical, name: ens4, mac_address: "{MACS[1]}"}}
  - {{type: physical, name: ens5, mac_address: "{MACS[2]}"}}
  - type: bond
    name: bond0
    bond_interfaces: [ens4, ens5]
    params: {{bond-mode: active-backup, bond-miimon: 100, bond-fail-over-mac: active}}
    subnets:
    - {{type: static, address: 172.16.1.10, gateway: {GATEWAY4}}}
    - {{type: static6, address: "{V6.split('/')[0]}", gateway: "{GATEWAY6}"}}
"""
CLOUD_CFG = "/etc/cloud/cloud.cfg.d/90-net.cfg"

# The file that is copied, and the commands that put it into place.
COPIES = {
    "to a folder": ("/root/n.yaml", "cp /root/n.yaml /etc/netplan"),
    "two to a folder": ("/root/n.yaml", "cp /opt/other.yaml /root/n.yaml /etc/netplan/"),
    "by a pattern": ("/root/net/n.yaml", "cp /root/net/*.yaml /etc/netplan/"),
    "by a pattern of folders": ("/root/etc/netplan/n.yaml", "cp -r /root/etc/* /etc/"),
    "a folder": ("/root/netplan/n.yaml", "cp -a /root/netplan /etc/"),
    "what is in a folder": ("/root/net/n.yaml", "cp -r /root/net/. /etc/netplan"),
    "by rsync": ("/root/net/n.yaml", "rsync -a /root/net/ /etc/netplan/"),
    "by install": ("/root/n.yaml", "install -m 600 -t /etc/netplan /root/n.yaml"),
    "by install to a folder that an option names": ("/root/n.yaml", "install --target-directory=/etc/netplan /root/n.yaml"),
    "from the working folder": ("/root/n.yaml", "cd /root && cp n.yaml /etc/netplan"),
    "to the working folder": ("/root/n.yaml", "cd /etc/netplan; cp /root/n.yaml ./60.yaml"),
    "by way of another": ("/root/n.yaml", "mv /root/n.yaml /tmp; mv /tmp/n.yaml /etc/netplan"),
}
TEAM = "team.runner activebackup"
# Ports of a device that is not read: their addresses are not said to be wrong.
TEAMS = {
    "team by nmcli": cloud_config(MGMT, f"nmcli con add type team ifname team0 {TEAM} ip4 {V4} gw4 {GATEWAY4}", *(
        f"nmcli con add type ethernet slave-type team ifname ens{i} master team0" for i in (4, 5))),
    "team of which only the ports are day-0's": cloud_config(*(f"nmcli con add type team-slave ifname ens{i} master team0"
                                                             for i in (4, 5))),
    "team in keyfiles": cloud_config("nmcli con reload", files=[
        (KEYFILES + "team0.nmconnection", f"[connection]\ntype=team\ninterface-name=team0\n[ipv4]\nmethod=manual\naddress1={V4}"),
        *((KEYFILES + f"{i}.nmconnection", f"[connection]\ntype=ethernet\nmaster=team0\nslave-type=team\n[ethernet]\n"
           f"mac-address={MACS[i]}") for i in (1, 2))]),
    "team in ifcfg files": cloud_config("nmcli con reload", files=[
        (SCRIPTS + "ifcfg-team0", "DEVICE=team0\nDEVICETYPE=Team\nIPADDR=172.16.1.10\nPREFIX=24"),
        *((SCRIPTS + f"ifcfg-ens{i}", f"DEVICE=ens{i}\nDEVICETYPE=TeamPort\nTEAM_MASTER=team0") for i in (4, 5))]),
    "team of SUSE": cloud_config("wicked ifreload all", files=[
        (SUSE + "ifcfg-team0", f"IPADDR={V4}\nTEAM_RUNNER=activebackup\nTEAM_PORT_DEVICE_0=ens4\nTEAM_PORT_DEVICE_1=ens5")]),
    "team by ip": cloud_config("ip link add team0 type team", "ip link set ens4 master team0", f"ip a add {V4} dev team0"),
    "bond of Open vSwitch": cloud_config("nmcli con add type ovs-bridge ifname br0",
                                         "nmcli con add type ovs-port ifname bond0 master br0 ovs-port.bond-mode active-backup"),
}
DOWNLOADS = ("curl -sf http://10.0.0.1/n.yaml -o /etc/netplan/n.yaml", "wget -qO /etc/netplan/n.yaml http://10.0.0.1/n",
             "curl -fsSL --output=/etc/netplan/n.yaml http://10.0.0.1/n", "cd /etc/netplan && curl -O http://10.0.0.1/n.yaml",
             "wget -P /etc/netplan http://10.0.0.1/n.yaml", "tar -xzf /opt/n.tgz -C /etc/netplan", "unzip n.zip -d /etc/netplan/",
             "scp host:n.yaml /etc/netplan", "cd /etc/netplan; tar xf /opt/n.tar", "git clone http://10.0.0.1/n /etc/netplan",
             "rsync host:n/ /etc/netplan/", "cp /opt/dns/60-dns.yaml /etc/netplan", "tar xf /opt/n.tar -C /")
# A program of the guest passes over these files.
COPIES_OF_FILES = [(NETPLAN_PATH + ".bak", "network: {bonds: {bond0: {interfaces: []}}}"), (NETPLAN_PATH + "~", "network: 1"),
                   (SCRIPTS + "ifcfg-ens4.orig", "DEVICE=ens4\nBOOTPROTO=dhcp"), (SUSE + "ifcfg-ens4.rpmsave", "BOOTPROTO=dhcp")]
UUID_OF_BOND = [(path, text.replace("MASTER=bond0", f"MASTER_UUID={UUID}").replace("DEVICE=bond0\n", f"DEVICE=bond0\nUUID={UUID}\n"))
                for path, text in IFCFG]


CHMOD = f"chmod 600 {KEYFILES}*\n"
EXPOSED = cloud_config("nmcli con reload", files=keyfiles()).replace("'0600'", "'0640'", 1)


def edited(files, old, new):
    assert any(old in text for _, text in files)
    return [(path, text.replace(old, new)) for path, text in files]


BYTES = [(path, text.replace(f"mac-address={MACS[1]}", "mac-address=250;22;62;16;0;1;")) for path, text in keyfiles()]

LEGS_BY_I = 'nmcli con add type ethernet con-name "$i" ifname "$i" master bond0'
NET = ("/root/net.sh", SCRIPT + "\n".join(IP))
INIT = ("/etc/init.d/net", "#!/bin/sh\ncase \"$1\" in\nstart|restart)\n" + "\n".join(IP) + "\n;;\nstop) ip link delete bond0 ;;\n"
                           "*) echo usage; exit 1 ;;\nesac")
UNIT = ("/etc/systemd/system/net.service", f"[Service]\nType=oneshot\nEnvironment=A={V4} \"B=bond0\"\n"
        + "ExecStart=/bin/sh -c 'ip addr add 10.10.10.10/24 dev ens3; \\\n  " + "; \\\n  ".join(IP[1:4]).replace("$i", "$$i")
        + "; ip addr add ${A} dev ${B}'\n" + "".join(f"ExecStart=-/sbin/{c}\n" for c in IP[5:]))
# The branches that are run are known.
DECIDED = {
    "one is passed over": "for i in ens3 ens4 ens5; do\n  [ \"$i\" = ens3 ] && continue\n  " + LEGS_BY_I + "\ndone",
    "those that are there": "for i in ens4 ens5; do [ -e /sys/class/net/$i ] || continue; " + LEGS_BY_I + "; done",
    "a branch": "for i in ens3 ens4 ens5; do\n  if [[ $i == ens[45] ]]; then " + LEGS_BY_I + "; else ip link set $i up; fi\ndone",
    "a role": "ROLE=standby\nif [ $ROLE = active ]; then\n  nmcli con delete bond0\nelif [ $ROLE = standby ]; then\n"
              f"  {leg(1)}\n  {leg(2)}\nelse\n  exit 1\nfi",
    "a word": f"case eth in\n  ib*) nmcli con delete bond0 ;;\n  eth|wlan) {leg(1)}\n  {leg(2)} ;;\nesac",
    "a fallback": f"fail() {{\n  echo $1\n  exit 1\n}}\n{leg(1)} || fail leg1\n{leg(2)} || {{ echo leg2; exit 1; }}\n"
                  "command -v nmcli || (echo no nmcli; exit 1)\nnmcli con up bond0 || exit 1",
    "another way, if that fails": f"{leg(1)} || ip link set ens4 master bond9\n{leg(2)} || {{ echo failed; ip link set ens5 master bond9; }}",
    "the end": f"{leg(1)}\n{leg(2)}\nexit 0\nnmcli con delete bond0",
    "done before": f"if [ -f /var/lib/done ]; then exit 0; fi\n{leg(1)}\n{leg(2)}",
    "parts of values": f"for i in ens4={MACS[1]} ens5={MACS[2]}; do\n  " + LEGS_BY_I.replace('"$i"', '"${i%%=*}"') + " mac ${i#*=}\ndone",
    "a list with commas": "L=ens4,ens5\nfor i in ${L//,/ }; do " + LEGS_BY_I + "; done",
}

# Each is read: the rules about bonds run, and find nothing.
READ = {
    "nmcli": cloud_config(*NMCLI),
    "nmcli, master by UUID": cloud_config(MGMT, f"{BOND} connection.uuid {UUID}", leg(1, UUID), leg(2, UUID)),
    "nmcli, bond after its legs": cloud_config(MGMT, leg(1), leg(2), BOND),
    "keyfiles": cloud_config("nmcli connection reload", files=keyfiles()),
    "keyfiles, master by UUID": cloud_config("nmcli connection reload", files=keyfiles(UUID, "master")),
    "keyfiles by heredocs": SCRIPT + "".join(f"cat > {path} <<'EOF'\n{content}\nEOF\n" for path, content in keyfiles())
                            + CHMOD + "nmcli con reload\n",
    "keyfiles with a mode by a command": cloud_config("chmod -R go= /etc/NetworkManager/system-connections", "nmcli con reload",
                                                      files=keyfiles()).replace("'0600'", "'0644'"),
    **{f"keyfiles with a mode by {command}": cloud_config(command, "nmcli con reload", files=keyfiles()).replace("'0600'", "'0644'")
       for command in ("find /etc/NetworkManager -type f -exec chmod 600 {} +",
                       "cd /etc/NetworkManager/system-connections && chmod 600 *.nmconnection")},
    "keyfiles by install": cloud_config(
        "install -m 600 /root/nm/* /etc/NetworkManager/system-connections", "nmcli con reload",
        files=[(path.replace(KEYFILES, "/root/nm/"), text) for path, text in keyfiles()]).replace("'0600'", "'0644'"),
    "keyfiles by echo": SCRIPT + "".join(f"echo '{line}' >> {path}\n" for path, content in keyfiles()
                                         for line in content.split("\n")) + CHMOD + "nmcli con reload\n",
    "networkd": cloud_config("networkctl reload", files=NETWORKD_FILES),
    "ifupdown": cloud_config("ifup bond0", files=[("/etc/network/interfaces.d/60-dns", IFUPDOWN)]),
    "ifupdown, legs name the bond": cloud_config("ifup -a", files=[("/etc/network/interfaces", IFUPDOWN_LEGS)]),
    **{f"ifupdown, legs by a command: {command}": cloud_config("ifup -a", files=[
        ("/etc/network/interfaces", IFUPDOWN.replace("bond-slaves ens4 ens5", command))]) for command in (
            "up ifenslave bond0 ens4 ens5", "pre-up ip link set ens4 master bond0; ip link set ens5 master bond0")},
    "ifupdown with underscores": cloud_config("systemctl restart networking", files=[
        ("/etc/network/interfaces", IFUPDOWN.replace("bond-", "bond_"))]),
    "SUSE": cloud_config("wicked ifreload all", files=SUSE_FILES),
    "ip commands": cloud_config(*IP),
    "ip commands in a script": SCRIPT + "modprobe bonding\n" + "\n".join(IP) + "\n",
    "sysfs": SCRIPT + "\n".join(SYSFS) + "\n",
    "netplan": netplan(),
    "netplan moved into place": cloud_config("mv /root/dns.yaml /etc/netplan/", "netplan apply",
                                             files=[("/root/dns.yaml", NETPLAN)]),
    "netplan by tee": SCRIPT + f"cat <<EOF | sudo tee /etc/netplan/60-dns.yaml > /dev/null\n{NETPLAN}EOF\nnetplan apply\n",
    "netplan by cat of a file": SCRIPT + f"tee /root/n.yaml <<EOF\n{NETPLAN}EOF\ncat /root/n.yaml > /etc/netplan/60.yaml\n"
                                "netplan apply\n",
    "keyfiles copied under a umask": SCRIPT + "umask u=rwx,go=\n" + "".join(
        f"cat > /tmp/{number} <<'EOF'\n{content}\nEOF\ncp /tmp/{number} {path}\n"
        for number, (path, content) in enumerate(keyfiles())) + "nmcli con reload\n",
    "keyfiles by printf": SCRIPT + "umask 077\n" + "".join(
        f"printf '%s\\n' {' '.join(repr(line) for line in content.split(chr(10)))} | tee {path} >/dev/null\n"
        for path, content in keyfiles()) + "nmcli con reload\n",
    "archive": "#cloud-config-archive\n- type: text/cloud-config\n  content: |\n"
               + "".join(f"    {line}\n" for line in cloud_config(*NMCLI).splitlines()),
    "archive of a script": "#cloud-config-archive\n- |\n  #!/bin/sh\n" + "".join(f"  {c}\n" for c in NMCLI),
    "jinja with an unknown name": "## template: jinja\n" + cloud_config(
        *NMCLI, keys=["hostname: {{ v1.local_hostname }}"]),
    "jinja with a loop": "## template: jinja\n#cloud-config\nruncmd:\n" + f"- {MGMT}\n- {BOND}\n"
                         "{% for i in [1, 2] %}\n- nmcli con add type ethernet con-name leg{{ i }} "
                         "mac fa:16:3e:10:00:0{{ i }} ifname '*' master bond0\n{% endfor %}\n",
    "sh -xc": "#cloud-config\nruncmd:\n" + "".join(f"- [sh, -xc, '{c}']\n" for c in NMCLI),
    "bash -lc": "#cloud-config\nruncmd:\n" + "".join(f"- [bash, -lc, '{c}']\n" for c in NMCLI),
    "sh -c in a string": cloud_config(*(f"sh -euc '{c}'" for c in NMCLI)),
    "cloud-init-per": "#cloud-config\nbootcmd:\n" + "".join(f"- [cloud-init-per, once, c{i}, {c.replace(' ', ', ')}]\n"
                                                            for i, c in enumerate(NMCLI) if "," not in c)
                      + f"- cloud-init-per once bond {BOND}\n",
    "wrappers": cloud_config(f"timeout 30 {MGMT}", f"sudo -n env LC_ALL=C {BOND}", f"nohup nice -n 5 {leg(1)}",
                             f"exec setsid {leg(2)}"),
    "loop": cloud_config(MGMT, BOND, "for i in ens4 ens5; do\n  nmcli con add type ethernet con-name leg-$i ifname $i "
                                     "master bond0\ndone"),
    "loop over variables of other commands": cloud_config(
        "B=bond0", "LEGS='ens4 ens5'", MGMT, BOND,
        "for i in $LEGS; do nmcli con add type ethernet con-name leg-$i ifname $i master $B; done"),
    "function": SCRIPT + f"leg() {{\n  nmcli con add type ethernet con-name $1 ifname $1 mac $2 master bond0\n}}\n{MGMT}\n"
                f"{BOND}\nleg ens4 {MACS[1]}\nleg ens5 {MACS[2]}\n",
    "script in a file": cloud_config("/usr/local/sbin/net bond0", files=[
        ("/usr/local/sbin/net", f"#!/bin/sh\n{MGMT}\n{BOND}\n{leg(1, '$1')}\n{leg(2, '$1')}")]),
    "script of a unit": cloud_config("systemctl enable --now net", files=[
        ("/usr/local/sbin/net", "#!/bin/sh\n" + "\n".join(NMCLI)),
        ("/etc/systemd/system/net.service", "[Service]\nType=oneshot\nExecStart=/usr/local/sbin/net\n")]),
    "boothook": "#cloud-boothook\n#!/bin/sh\n" + "\n".join(NMCLI) + "\n",
    "a mode as Python writes it": netplan().replace("'0600'", "0o600"),
    "YAML's binary": encoded("!!binary " + base64_of(NETPLAN.encode())),
    "base64 in capitals": encoded(base64_of(NETPLAN.encode()), "  encoding: B64"),
    "gzip": encoded("!!binary " + base64_of(gzip.compress(NETPLAN.encode(), mtime=0)), "  encoding: gzip"),
    "delays with units": netplan("mii-monitor-interval: 100", "mii-monitor-interval: 100ms, up-delay: 0.2s, down-delay: 100ms"),
    "netplan without a version": netplan("  version: 2\n", ""),
    "netplan in two files": cloud_config("netplan apply", files=[
        (NETPLAN_PATH, NETPLAN.replace(ABOVE, "")), ("/etc/netplan/70.yaml", f"network:\n  bonds:\n    bond0:\n{ABOVE}")]),
    "cloud-init's network switched off": cloud_config("netplan apply", files=[DISABLED, (NETPLAN_PATH, NETPLAN)]),
    "a gateway on the link": netplan(f"via: {GATEWAY4}", "via: 203.0.113.1, on-link: true"),
    "addresses of lo": netplan("  bonds:\n", "    lo: {addresses: [203.0.113.53/32]}\n  bonds:\n"),
    "a bridge above the bond": cloud_config("netplan apply", files=[(NETPLAN_PATH, BRIDGE)]),
    "a macvlan above the bond": cloud_config(
        MGMT, BOND.replace(f"ip4 {V4} gw4 {GATEWAY4} ip6 {V6} gw6 {GATEWAY6}", "ipv4.method disabled"), leg(1), leg(2),
        f"nmcli con add type macvlan ifname dns0 dev bond0 mode bridge ip4 {V4} gw4 {GATEWAY4} ip6 {V6} gw6 {GATEWAY6}"),
    "ifcfg with an alias": cloud_config("nmcli connection reload", files=IFCFG),
    "parts that are merged": parts(netplan(), motd("merge_how: list(append)+dict(no_replace,recurse_list)+str()")),
    **{f"netplan copied {name}": cloud_config(command, "netplan apply", files=[(path, NETPLAN)])
       for name, (path, command) in COPIES.items()},
    "netplan written in the working folder": SCRIPT + f"cd /etc/netplan\ncat > 60.yaml <<EOF\n{NETPLAN}EOF\nnetplan apply\n",
    "a script in the working folder": cloud_config("cd /root; ./net.sh", files=[("/root/net.sh", SCRIPT + "\n".join(NMCLI))]),
    "the boot script of RHEL": cloud_config(files=[("/etc/rc.d/rc.local", SCRIPT + "\n".join(NMCLI))]),
    "copies of files": cloud_config("netplan apply", files=[(NETPLAN_PATH, NETPLAN), *COPIES_OF_FILES]),
    "a copy made by a command": cloud_config(f"cp {NETPLAN_PATH} {NETPLAN_PATH}.bak", "mv /etc/netplan/50-cloud-init.yaml "
                                             "/etc/netplan/50-cloud-init.yaml.old", "netplan apply", files=[(NETPLAN_PATH, NETPLAN)]),
    "ifcfg, master by UUID": cloud_config("nmcli connection reload", files=UUID_OF_BOND),
    "networkd, MACs on two lines": cloud_config("networkctl reload", files=edited(
        NETWORKD_FILES, f"={MACS[1]} {MACS[2]}", f"={MACS[1]}\nMACAddress={MACS[2]}")),
    "networkd, enabled and started": cloud_config("systemctl enable --now systemd-networkd", files=NETWORKD_FILES),
    "SUSE, restarted": cloud_config("rcnetwork restart", files=SUSE_FILES),
    "SUSE, a bridge above the bond": cloud_config("wicked ifreload all", files=edited(edited(
        SUSE_FILES, f"IPADDR='{V4}'\nIPADDR_6='{V6}'\n", ""), "- bond0", "- br0") + [
            (SUSE + "ifcfg-br0", f"BOOTPROTO='static'\nIPADDR='{V4}'\nIPADDR_6='{V6}'\nBRIDGE='yes'\nBRIDGE_PORTS='bond0'")]),
    "a keyfile with a MAC as bytes": cloud_config("nmcli connection reload", files=BYTES),
    **{f"legs by a script: {name}": SCRIPT + "\n".join((MGMT, BOND, text)) + "\n" for name, text in DECIDED.items()},
    "a job of cron at boot": cloud_config(files=[("/etc/cron.d/net", "SHELL=/bin/sh\n@reboot root sleep 5; /root/net.sh"), NET]),
    "a crontab by a pipe": cloud_config('(crontab -l; echo "@reboot sh /root/net.sh") | crontab -', files=[NET]),
    "a unit before its script": cloud_config(files=[
        ("/etc/systemd/system/net.service", "[Service]\nType=oneshot\nExecStart=/root/net.sh"), NET]),
    "a unit with long lines": cloud_config("systemctl enable --now net", files=[UNIT]),
    "an init script": cloud_config("update-rc.d net defaults", "service net start", files=[INIT]),
    "a script of OpenRC": cloud_config("rc-update add local", files=[("/etc/local.d/net.start", NET[1])]),
    "a script that is run twice": cloud_config("/root/net.sh", "/root/net.sh", files=[("/root/net.sh", SCRIPT + "\n".join(NMCLI))]),
    "a file that is removed, and another one": SCRIPT + f"cat > {NETPLAN_PATH} <<E\nnetwork: {{bonds: {{bond0: {{mode: 1}}}}}}\nE\n"
                                               f"rm -rf /etc/netplan/*\ncat > /etc/netplan/10.yaml <<E\n{NETPLAN}E\nnetplan apply\nrm -f $0\n",
    "a script that is removed": cloud_config("sh /root/net.sh; rm /root/net.sh", files=[("/root/net.sh", "\n".join(NMCLI))]),
    "a gateway with a number": cloud_config("nmcli connection reload", files=edited(IFCFG, "\nGATEWAY=", "\nGATEWAY0=")),
    "a keyfile as it once was": cloud_config("nmcli connection reload", files=edited(
        keyfiles(), f"address1={V4},{GATEWAY4}", f"addresses1={V4.replace('/', ';')};{GATEWAY4};")),
    "a keyfile without a length": cloud_config("nmcli connection reload", files=edited(
        keyfiles(), f"address1={V4},{GATEWAY4}", f"address1=172.16.1.10;{GATEWAY4}")),
    "ip commands with a netmask": cloud_config(*IP).replace(V4, "172.16.1.10/255.255.255.0"),
    "a keyfile for one name": cloud_config("nmcli connection reload", files=edited(
        keyfiles(), f"[ethernet]\nmac-address={MACS[1]}", "[match]\ninterface-name=ens4;")),
    "aliases of YAML": "#cloud-config\nx-bond: &bond\n- " + BOND.replace(" ", "\n- ") + f"\nruncmd:\n- {MGMT}\n- *bond\n- {leg(1)}\n- {leg(2)}\n",
    "programs that do not matter": cloud_config(*NMCLI, "yum -y install knot", "systemctl enable --now knot",
                                                "sysctl -w net.core.rmem_max=4194304", "/opt/dns/register"),
}

# Each is read, and exactly this is said of it.
SAID = {
    "a file that nothing applies": (cloud_config(files=[(NETPLAN_PATH, NETPLAN)]), ["day0-unapplied"]),
    "a file that is applied before it is written": (cloud_config(files=[(NETPLAN_PATH, NETPLAN)], keys=["bootcmd: [netplan apply]"]),
                                                    ["day0-unapplied"]),
    "keyfiles that nothing applies": (cloud_config("nmcli connection up bond0", files=keyfiles()), ["day0-unapplied"]),
    "a part that replaces the one before": (parts(netplan(), motd()), ["day0-merge", "subnets-overlap", "address-twice"]),
    "a gateway that NetworkManager takes for one on the link": (
        cloud_config(MGMT, BOND.replace(f"gw4 {GATEWAY4} ", "gw4 203.0.113.1 "), leg(1), leg(2)), ["gateway-on-link"]),
    "an address without a length": (netplan(V4, V4.split("/")[0]), ["day0-address", "address-prefix", "gateway-offlink"]),
    "a name that netplan passes over": (cloud_config("netplan apply", files=[("/etc/netplan/60-dns.yml", NETPLAN)]),
                                        ["day0-unapplied", "subnets-overlap", "address-twice"]),
    "a name that networkd passes over": (cloud_config("networkctl reload", files=[
        *NETWORKD_FILES, (NETWORKD + "50-mgmt.nework", "[Match]\nName=ens3")]), ["day0-unapplied"]),
    "a keyfile that others may read": (EXPOSED, ["day0-keyfile"]),
    "a keyfile with cloud-init's mode": (EXPOSED.replace("  permissions: '0640'\n", ""), ["day0-keyfile"]),
    "a keyfile with a script's mode": (READ["keyfiles by echo"].replace(CHMOD, f"chmod 600 {KEYFILES}[!b]*\n"), ["day0-keyfile"]),
    "keyfiles copied by install": (READ["keyfiles by install"].replace("install -m 600", "install"), ["day0-keyfile"]),
    **{f"a keyfile with {name}": (cloud_config("nmcli con reload", files=edited(keyfiles(), old, new)), rules) for name, old, new, rules in (
        ("a controller alone", "controller=bond0\nport-type=bond\n", "controller=bond0\n", ["day0-keyfile"]),
        ("no method", "[ipv6]\nmethod=manual\n", "[ipv6]\n", ["day0-keyfile"]),
        ("a method of its own", "[ipv4]\nmethod=manual\n", "[ipv4]\nmethod=static\n", ["day0-keyfile"]),
        ("no interface", "interface-name=bond0\n", "", ["day0-keyfile"]),
        ("a type of its own", "type=bond\n", "type=Bond\n", ["day0-keyfile", "subnets-overlap", "address-twice"]),
        ("a comment of its own", "[bond]\n", "; options\n[bond]\n", ["day0-keyfile"]),
        ("two addresses in one", f"address1={V4},{GATEWAY4}", f"addresses={V4};172.16.1.11/24;", ["day0-address", "leg-address-unused"]))},
    "a blank at the end": (cloud_config("cat > /etc/NetworkManager/system-connections/l.nmconnection <<E\n[connection]\ntype=ethernet\n"
                                        "interface-name=ens4 \nmaster=bond0\nslave-type=bond\nE\nchmod 600 /etc/NetworkManager/system-connections/*",
                                        MGMT, BOND, leg(1), leg(2), "nmcli con reload"), ["day0-keyfile"]),
    "a key that netplan has not": (netplan("parameters:", "paramaters:"), ["day0-netplan"]),
    "a mode that netplan has not": (netplan("mode: active-backup", "mode: 1"), ["day0-netplan"]),
    "a mode that there is not": (cloud_config(MGMT, BOND.replace("active-backup", "activebackup"), leg(1), leg(2)), ["day0-bond"]),
    "an option that there is not": (cloud_config(MGMT, BOND.replace("miimon", "mii-mon"), leg(1), leg(2)), ["day0-bond"]),
    "options that are not separated": (cloud_config("nmcli con reload", files=[
        (path, text.replace(OPTIONS.replace(",", " "), OPTIONS)) for path, text in IFCFG]), ["day0-bond"]),
    "version 1 without lengths": (cloud_config(files=[(CLOUD_CFG, V1)]), ["day0-unapplied"]),
    "version 2": (cloud_config(files=[(CLOUD_CFG, NETPLAN)]), ["day0-unapplied", "day0-v2-dropped"]),
}

PYTHON = "#!/usr/bin/python3\nimport subprocess\nsubprocess.run(['nmcli', 'con', 'up', 'bond0'])\n"

# What is not read may set up a bond: said once, no error.
UNREAD = {
    "include": "#include\nhttps://example.test/user-data\n",
    "part handler": "#part-handler\ndef list_types(): return []\n",
    "python": PYTHON,
    "python in a file": cloud_config("/root/net.py", files=[("/root/net.py", PYTHON)]),
    "perl boothook": "#cloud-boothook\n#!/usr/bin/perl\nsystem('ip link add bond0 type bond');\n",
    "downloaded script": cloud_config("curl -s https://example.test/net.sh | bash"),
    "downloaded file": cloud_config("wget -O /tmp/n.sh https://example.test/n.sh", "sh /tmp/n.sh"),
    "program of the image": cloud_config("/opt/dns/bin/setup-network"),
    "ansible": cloud_config("ansible-pull -U https://example.test/net.git site.yml"),
    "ansible of cloud-init": "#cloud-config\nansible:\n  install_method: pip\n  pull: {url: https://example.test/net.git, "
                             "playbook_name: site.yml}\n",
    "puppet": cloud_config("puppet agent --onetime"),
    "salt": cloud_config("salt-call state.apply"),
    "nmstate": cloud_config("nmstatectl apply /etc/nmstate/net.yml", files=[("/etc/nmstate/net.yml", "interfaces: []")]),
    "netplan from elsewhere": cloud_config("cp /opt/dns/60-dns.yaml /etc/netplan/", "netplan apply"),
    "edited file": cloud_config("sed -i s/eth0/ens3/ /etc/sysconfig/network-scripts/ifcfg-bond0"),
    "options of the module": cloud_config("modprobe bonding mode=1 miimon=100", "ifconfig bond0 172.16.1.10 up"),
    "edited file that was wrong before": cloud_config(
        "sed -i -e s/@MODE@/active-backup/ /etc/netplan/60-dns.yaml", "netplan apply",
        files=[(NETPLAN_PATH, NETPLAN.replace("active-backup", "@MODE@"))]),
    "edited by find": cloud_config("find /etc/netplan -name '*.yaml' -exec sed -i s/@MODE@/active-backup/ {} \\;", "netplan apply",
                                   files=[(NETPLAN_PATH, NETPLAN.replace("active-backup", "@MODE@"))]),
    "edited by a pattern": cloud_config("sed -i s/@MODE@/active-backup/ /etc/netplan/*.yaml", "netplan apply",
                                        files=[(NETPLAN_PATH, NETPLAN.replace("active-backup", "@MODE@"))]),
    "edited keyfile": cloud_config(f"sed -i s/@MAC@/$(cat /sys/class/net/ens4/address)/ {KEYFILES}leg1.nmconnection",
                                   "nmcli con reload", files=edited(keyfiles(), MACS[1], "@MAC@")),
    "file edited, then copied": cloud_config(
        "cd /root; sed -i s/@MODE@/active-backup/ n.yaml", "cp /root/n.yaml /etc/netplan/", "netplan apply",
        files=[("/root/n.yaml", NETPLAN.replace("active-backup", "@MODE@"))]),
    "file edited by perl": cloud_config("perl -pi -e s/@MODE@/active-backup/ /etc/netplan/60-dns.yaml", "netplan apply",
                                        files=[(NETPLAN_PATH, NETPLAN.replace("active-backup", "@MODE@"))]),
    "ifupdown, inherited": cloud_config("ifup -a", files=[("/etc/network/interfaces", IFUPDOWN.replace(
        "  netmask 255.255.255.0\n", "").replace("bond0 inet static", "bond0 inet static inherits base"))]),
    "key of another module": "#cloud-config\nvyos_config_commands:\n- set interfaces bonding bond0 mode active-backup\n",
    "ignition": '{"ignition": {"version": "3.3.0"}, "storage": {"files": []}}\n',
    "branches that exclude each other": SCRIPT + MGMT + "\nif [ -e /etc/redhat-release ]; then\n" + "\n".join(NMCLI[1:])
                                        + "\nelse\n" + "\n".join(IP[1:]) + "\nfi\n",
    "names of one image or another": cloud_config(MGMT, BOND, "if [ -e /sys/class/net/ens4 ]; then\n" + leg(1) + "\n" + leg(2)
                                                  + "\nelse\n" + (leg(1) + "\n" + leg(2)).replace("ifname ens", "ifname eth") + "\nfi"),
    "distributions by a case": SCRIPT + '. /etc/os-release\ncase "$ID" in\nrhel|rocky)\n' + "\n".join(NMCLI) + "\n;;\n*)\n"
                               + "\n".join(IP) + "\n;;\nesac\n",
    "a branch that ends the script": SCRIPT + "if type nmcli; then\n" + "\n".join(NMCLI) + "\nexit\nfi\n" + "\n".join(IP) + "\n",
    "one of two by && and ||": cloud_config(MGMT, "[ -e /etc/redhat-release ] && " + BOND + " || ip link add bond0 type bond mode 1",
                                            leg(1), leg(2)),
    "a connection that may be there": cloud_config(MGMT, "nmcli con mod bond0 ipv4.method manual || " + BOND, leg(1), leg(2)),
    "vyos": cloud_config(files=[("/config/config.boot", "interfaces {\n bonding bond0 {\n address 172.16.1.10/24\n }\n}")]),
    "arguments of the kernel": cloud_config("grubby --update-kernel=ALL --args='bond=bond0:ens4,ens5:mode=active-backup'", "reboot"),
    "arguments of the kernel in a file": cloud_config("update-grub", files=[
        ("/etc/default/grub.d/bond.cfg", 'GRUB_CMDLINE_LINUX="bond=bond0:ens4,ens5:mode=active-backup"')]),
    "a router's commands": "hostname dns\ninterface GigabitEthernet1\n ip address 172.16.1.10 255.255.255.0\n no shutdown\n",
    "a script of Windows": "#ps1_sysnative\nNew-NetLbfoTeam -Name bond0 -TeamMembers ens4,ens5\n",
    "Ubuntu's installer": "#cloud-config\nautoinstall:\n  version: 1\n  network: {version: 2, bonds: {bond0: {interfaces: [ens4]}}}\n",
    "key of an unknown module": "#cloud-config\ntmos_declared:\n  enabled: true\n",
    "dhcpcd": cloud_config(files=[("/etc/dhcpcd.conf", "interface bond0\nstatic ip_address=172.16.1.10/24")]),
    "jinja with a condition": "## template: jinja\n#cloud-config\n{% if v1.distro == 'rhel' %}\nruncmd:\n"
                              + "".join(f"- {c}\n" for c in NMCLI) + "{% endif %}\n",
    **TEAMS,
    **{f"download: {command}": cloud_config(command, "netplan apply") for command in DOWNLOADS},
    "drop-in of networkd": cloud_config(files=[(NETWORKD + "bond0.network.d/a.conf", "[Network]\nAddress=172.16.1.10/24")]),
    "netplan set": cloud_config("netplan set bonds.bond0.interfaces=[ens4,ens5]", "netplan apply"),
    "nmcli clone": cloud_config("nmcli con clone template bond0"),
    "xargs": cloud_config(MGMT, BOND, "echo ens4 ens5 | xargs -n1 nmcli con add type ethernet master bond0 ifname"),
    "legs by a program of the image": cloud_config(MGMT, BOND, leg(1), "/opt/dns/add-leg 2"),
    "nmcli with unknown words": cloud_config('nmcli con add $(cat /opt/dns/bond)'),
}

# The bond is known, its legs are not.
LEGS = {
    "netplan, glob": legs_by('{name: "ens*"}'),
    "netplan, driver": legs_by("{driver: iavf}"),
    "networkd, glob": cloud_config("networkctl reload", files=[*NETWORKD_FILES[:2], NETWORKD_FILES[3], (
        NETWORKD + "30-legs.network", "[Match]\nName=ens*\n[Network]\nBond=bond0")]),
    "loop over what the guest has": cloud_config(
        MGMT, BOND, "for i in $(ls /sys/class/net | grep ens); do nmcli con add type ethernet ifname $i master bond0; done"),
    "loop that counts": SCRIPT + f"{MGMT}\n{BOND}\ni=4\nwhile [ $i -lt 6 ]; do\n  nmcli con add type ethernet ifname ens$i master bond0\n"
                        "  i=$((i + 1))\ndone\n",
    "loop over arguments": SCRIPT + f"{MGMT}\n{BOND}\nset -- ens4 ens5\nwhile [ $# -gt 0 ]; do\n"
                           "  nmcli con add type ethernet ifname $1 master bond0\n  shift\ndone\n",
    "MAC of the guest": cloud_config(MGMT, BOND, leg(1), "M=$(cat /sys/class/net/ens5/address)",
                                     "nmcli con add type ethernet ifname ens5 mac $M master bond0"),
}

# Nothing here sets up a bond: that is known.
ABSENT = {
    "programs that do not matter": cloud_config("yum -y install knot", "systemctl enable --now knot", "echo a > /etc/motd"),
    "a backup by cron": cloud_config(files=[("/etc/cron.d/backup", "0 3 * * * root /usr/bin/backup")]),
    "a file that is removed": cloud_config("rm -f /etc/netplan/60*", "netplan apply", files=[(NETPLAN_PATH, NETPLAN)]),
    "an init script that is stopped": cloud_config("service net stop", files=[("/root/init", INIT[1])]),
    "a script of loops that have no end": SCRIPT + "while false; do A=1\n" * 20000,
    "a branch that is not run": SCRIPT + "ROLE=none\nif [ $ROLE = dns ]; then\n" + "\n".join(NMCLI) + "\nfi\n",
    "nothing": "#cloud-config\nhostname: dns\n",
}


def check(user_data, dst="--user-data"):
    with tempfile.TemporaryDirectory() as folder:
        with open(DESCRIPTOR, encoding="utf-8") as file:
            descriptor = file.read().replace("<dst>--user-data</dst>", f"<dst>{dst}</dst>")
        with open(os.path.join(folder, "dep.xml"), "w", encoding="utf-8") as file:
            file.write(descriptor)
        with open(os.path.join(folder, "day0.cfg"), "w", encoding="utf-8") as file:
            file.write(user_data)
        done = subprocess.run([DNSVNF, "check", "-o", "json", os.path.join(folder, "dep.xml")], capture_output=True,
                              text=True, timeout=60)
    return json.loads(done.stdout)["findings"]


class Guests(unittest.TestCase):
    def rules(self, user_data, severities=("error", "warning")):
        return [f["rule"] for f in check(user_data) if f["severity"] in severities]

    def test_read(self):
        for name, user_data in READ.items():
            with self.subTest(name):
                self.assertEqual(self.rules(user_data), [])
                self.assertIn("bond-monitor-blind", self.rules(user_data, ("note",)))

    def test_said(self):
        for name, (user_data, rules) in SAID.items():
            with self.subTest(name):
                self.assertEqual(set(self.rules(user_data)), set(rules))

    def test_unread_is_unknown(self):
        for name, user_data in UNREAD.items():
            with self.subTest(name):
                self.assertEqual(self.rules(user_data), ["guest-unread"])

    def test_files_of_the_config_drive(self):
        """The image reads them by itself."""
        for dst, text, rules in (("iosxe_config.txt", UNREAD["a router's commands"], ["guest-unread"]),
                                 ("network-config", NETPLAN, ["guest-unread"]), ("config.ign", UNREAD["ignition"], ["guest-unread"]),
                                 ("license.lic", "abc", ["subnets-overlap", "address-twice"])):
            with self.subTest(dst):
                found = [f["rule"] for f in check(text, dst) if f["severity"] in ("error", "warning")]
                self.assertEqual(set(found), set(rules))

    def test_unknown_legs(self):
        for name, user_data in LEGS.items():
            with self.subTest(name):
                self.assertEqual(self.rules(user_data), [])
                self.assertEqual(self.rules(user_data, ("note",)).count("legs-unknown"), 1)

    def test_absent(self):
        for name, user_data in ABSENT.items():
            with self.subTest(name):
                self.assertIn("address-twice", self.rules(user_data))

    def test_faults_in_each_dialect_are_found(self):
        for name, user_data, old, new, rule in (
                ("keyfiles", READ["keyfiles"], "fail_over_mac=active", "fail_over_mac=none", "bond-mac-policy"),
                ("networkd", READ["networkd"], "MIIMonitorSec=0.1", "UpDelaySec=1", "bond-monitor-none"),
                ("ifupdown", READ["ifupdown"], "bond-mode active-backup", "bond-mode 802.3ad", "bond-mode"),
                ("ifupdown, one leg", READ["ifupdown"], "ens4 ens5", "ens4", "bond-one-leg"),
                ("SUSE", READ["SUSE"], "mode=active-backup", "", "bond-mode"),
                ("ip", READ["ip commands"], "ens4 ens5", "ens4", "bond-one-leg"),
                ("sysfs", READ["sysfs"], "echo active >", "echo none >", "bond-mac-policy"),
                ("ip, address", READ["ip commands"], "addr add 172.16.1.10/24", "addr add 172.16.1.10/25",
                 "address-prefix")):
            with self.subTest(name):
                self.assertIn(old, user_data)
                self.assertIn(rule, self.rules(user_data.replace(old, new)))


if __name__ == "__main__":
    unittest.main(verbosity=1)
