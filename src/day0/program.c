// SPDX-License-Identifier: Apache-2.0
#include "day0/program.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/text.h"
#include "day0/shell.h"

/* clang-format off */
static const char harmless[] =
	": [ [[ ]] free select a2enmod adduser alias apk apt apt-get apt-key apt-mark auditctl "
	"augenrules awk base64 basename blkid break bunzip2 case bzip2 cat cd certutil chage "
	"chattr chcon chgrp chmod chown chpasswd chronyc chsh clear cloud-init cmp "
	"command continue crictl crontab curl cut date dd debconf-set-selections declare depmod "
	"df dhclient diff dig dirname dmesg dnf docker dpkg dpkg-reconfigure dracut "
	"driverctl du e2label echo egrep ethtool exit export expr fallocate false fdisk "
	"fgrep file find findmnt firewall-cmd firewall-offline-cmd fsck fstrim gawk "
	"getconf getenforce getent getopts git gpasswd gpg grep groupadd groupdel "
	"groupmod groups growpart grub-install grub-mkconfig grub2-editenv "
	"grub2-mkconfig grubby gsed gunzip gzip halt hash head hexdump host hostname "
	"hostnamectl hwclock iconv id ip6tables ip6tables-restore ip6tables-save "
	"iptables iptables-restore iptables-save irqbalance jobs journalctl jq kdig kill "
	"kmod knotc kubeadm ldconfig let loadkeys local locale-gen localectl logger "
	"loginctl logout logrotate ls lsattr lsb_release lsblk lscpu lsmod lsof lspci "
	"lvcreate lvextend lvresize lvs mapfile md5sum mdadm microdnf mkdir mkfifo mkfs "
	"mkfs.ext4 mkfs.xfs mkinitrd mknod mkpasswd mkswap mktemp modinfo mount "
	"mountpoint named-checkconf named-checkzone needrestart newusers nft nm-online "
	"nproc nslookup ntpd ntpdate numactl numfmt od openssl parted partprobe passwd "
	"paste pgrep pidof ping ping6 pip pip3 pkg pkill podman popd poweroff printenv "
	"printf ps pushd pvcreate pvresize pvs pwd read readarray readlink readonly realpath "
	"reboot rename reset resize2fs resolvectl restorecon return rev rm rmdir rmmod "
	"rc-update rndc rpm rsync semanage semodule seq sestatus set setcap setenforce setfacl "
	"setsebool sfdisk sha256sum shift shopt shred shuf shutdown sleep snap sort "
	"split ss ssh-copy-id ssh-import-id ssh-keygen ssh-keyscan sshd stat strings "
	"subscription-manager sudoedit swapoff swapon sync sysctl "
	"systemd-machine-id-setup systemd-tmpfiles tail tar tcpdump telinit test "
	"timedatectl touch tput tr trap true truncate tune2fs tuned-adm type typeset "
	"udevadm ufw ulimit umask umount unalias uname unbound-anchor unbound-checkconf "
	"unbound-control uniq unlink unset unxz unzip update-alternatives "
	"update-ca-certificates update-ca-trust update-crypto-policies update-grub "
	"update-grub2 update-initramfs update-locale update-rc.d uptime useradd userdel "
	"usermod users uuidgen vgcreate vgextend vgs visudo vmstat wait wall wc wget "
	"whereis which who whoami xfs_growfs xz yq yum yum-config-manager zcat zypper";
/* clang-format on */

static const char network[] =
	"brctl dhcpcd ifconfig nmstatectl nmtui ovs-vsctl teamd teamdctl udhcpc vconfig vppctl";

enum program program_find(const char *name)
{
	if (strpbrk(name, " ,"))
		return PROGRAM_UNKNOWN;
	return str_in_words(harmless, name)  ? PROGRAM_HARMLESS
	       : str_in_words(network, name) ? PROGRAM_NETWORK
					     : PROGRAM_UNKNOWN;
}

bool mentions_network(const struct text *text)
{
	static const char *const words[] = {"bond",         "nmcli",          "netplan",  "ifcfg",
					    "ip link",      "ip addr",        "networkd", "nmstate",
					    "/etc/network", "NetworkManager", "ifconfig"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (memmem(text->s, text->len, words[i], strlen(words[i])))
			return true;
	return false;
}

static bool is_network_place(const char *path)
{
	static const char *const starts[] = {
		"/etc/netplan/",
		"/etc/network/",
		"/etc/NetworkManager/system-connections/",
		"/etc/NetworkManager/dispatcher.d/",
		"/etc/networkd-dispatcher/",
		"/etc/nmstate/",
		"/etc/sysconfig/network/",
		"/etc/sysconfig/network-scripts/",
		"/etc/systemd/network/",
		"/etc/wicked/",
		"/lib/netplan/",
		"/run/NetworkManager/system-connections/",
		"/run/netplan/",
		"/run/systemd/network/",
		"/sys/class/net/",
		"/usr/lib/NetworkManager/system-connections/",
		"/usr/lib/systemd/network/",
	};
	static const char *const others[] = {"/etc/sysconfig/network/config",
					     "/etc/sysconfig/network/dhcp"};
	static const char *const files[] = {
		"/config/config.boot", "/etc/conf.d/net",
		"/etc/dhcpcd.conf",    "/etc/os-net-config/config.yaml",
		"/etc/rc.conf",        "/opt/vyatta/etc/config/config.boot",
	};

	if (array_find(others, ARRAY_SIZE(others), streq(*it, path)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (str_starts(path, starts[i]))
			return true;
	return array_find(files, ARRAY_SIZE(files), streq(*it, path)) != NULL;
}

/* "ifcfg-bond0.bak": NetworkManager's utils_should_ignore_file() and initscripts pass over it. */
static bool is_copy(const char *path)
{
	static const char *const ends[] = {"~",       ".bak",    ".old",     ".orig",
					   ".rej",    ".rpmnew", ".rpmorig", ".rpmsave",
					   ".augnew", ".augtmp", ".swp"};

	return array_find(ends, ARRAY_SIZE(ends), str_ends(path, *it)) != NULL;
}

bool is_passed_over(const char *path, const char **ret_names)
{
	const char *netplan = strstr(path, "/netplan/"),
		   *networkd = strstr(path, "/systemd/network/");
	bool read = netplan    ? str_ends(path, ".yaml")
		    : networkd ? str_ends(path, ".network") || str_ends(path, ".netdev") ||
					 str_ends(path, ".link") || str_ends(path, ".conf")
			       : !is_copy(path);

	*ret_names = is_copy(path) ? NULL
		     : netplan     ? "netplan reads *.yaml"
		     : networkd    ? "systemd-networkd reads *.netdev, *.network and *.link"
				   : NULL;
	return is_network_place(path) && !str_ends(path, "/") && !read;
}

bool is_network_path(const char *path)
{
	const char *names;

	return is_network_place(path) && !is_passed_over(path, &names);
}

/* A program that runs another one: which of its options have a value, and what precedes it. */
static const struct wrapper {
	const char *name;
	const char *with_value; /* short options, each a letter */
	size_t operands;        /* before the program */
} wrappers[] = {
	{"chrt", "TPD", 1},   {"cloud-init-per", "", 2}, {"command", "", 0},
	{"builtin", "", 0},   {"doas", "uC", 0},         {"env", "uCS", 0},
	{"exec", "a", 0},     {"flock", "wE", 1},        {"ionice", "cnpPu", 0},
	{"nice", "n", 0},     {"nohup", "", 0},          {"setsid", "", 0},
	{"stdbuf", "ioe", 0}, {"sudo", "ugpCrtThDR", 0}, {"systemd-run", "puEMHC", 0},
	{"taskset", "", 1},   {"time", "fo", 0},         {"timeout", "sk", 1},
	{"unbuffer", "", 0},
};

static bool is_keyword(const char *s)
{
	return str_in_words("if then else elif do while until ! { } done fi esac", s);
}

static const struct wrapper *wrapper_find(const char *word)
{
	const char *slash = strrchr(word, '/');

	return array_find(wrappers, ARRAY_SIZE(wrappers),
			  streq(it->name, slash ? slash + 1 : word));
}

/* The index after the wrapper at i, its options and operands. */
static size_t skip_wrapper(const struct command *c, size_t i, const struct wrapper *w)
{
	for (i++; i < c->n_words; i++) {
		const char *s = c->words[i].s;
		if (streq(s, "--")) {
			i++;
			break;
		}
		if (s[0] != '-' || !s[1])
			break;
		/* "-n 5", but not "-n5"; long options have "=" */
		if (s[1] != '-' && !s[2] && strchr(w->with_value, s[1]))
			i++;
	}
	i += w->operands;
	return i < c->n_words ? i : c->n_words;
}

size_t command_name(const struct command *c)
{
	size_t i = 0;

	while (i < c->n_words) {
		const char *s = c->words[i].s;
		const struct wrapper *w = wrapper_find(s);
		bool query = w && streq(w->name, "command") && i + 1 < c->n_words &&
			     (streq(c->words[i + 1].s, "-v") || streq(c->words[i + 1].s, "-V"));
		if (query)
			return i;
		if (w)
			i = skip_wrapper(c, i, w);
		else if (is_assignment(s) || is_keyword(s))
			i++;
		else
			break;
	}
	return i;
}
