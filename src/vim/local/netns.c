// SPDX-License-Identifier: Apache-2.0
#include "vim/local/netns.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "net/netlink.h"

#define RUN_DIR "/run/netns"
#define OWN_NS  "/proc/thread-self/ns/net"

/*
 * Set on RUN_DIR if it is ours, and what of it: the folder ("made"), or only the mount on it
 * ("mounted"). That is removed with the last namespace.
 */
#define MADE_XATTR "trusted.dnsvnf"

#define NAME_LONGEST   64 /* of a plain name; short enough for socket paths and ps */
#define TERM_WAIT_MS   3000
#define KILL_WAIT_MS   10000
#define DELETE_ROUNDS  5
#define SYSCTL_NET_DIR "/proc/sys/net/"

int netns_err(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	return netns_hint(err, err_errno(err, code, "%s", text));
}

int netns_hint(struct err *err, int code)
{
	if (err && (code == -EPERM || code == -EACCES)) {
		cleanup_free char *text = xstrdup(err->text);
		err_code(err, LOCAL, code,
			 "%s: needs root (CAP_NET_ADMIN and CAP_SYS_ADMIN): run it with sudo",
			 text);
	}
	return code;
}

/* Appends s with characters invalid in a file name replaced; true if there were none. */
static bool add_part(struct strbuf *b, const char *s, const char *more)
{
	bool fit = *s != 0;

	for (; *s; s++) {
		bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
			     (*s >= '0' && *s <= '9') || strchr("_.", *s);

		if (!plain && !strchr(more, *s))
			fit = false;
		strbuf_add(b, plain || *s == '-' ? s : "_", 1);
	}
	return fit;
}

static char *add_hash(const char *s, uint64_t hash)
{
	return xasprintf("%.*s~%08x", NAME_LONGEST - 9, s, (unsigned)hash);
}

char *netns_name(const char *tenant, const char *deployment)
{
	cleanup_strbuf struct strbuf b = {0};

	/* With a dash in the tenant, "a-b","c" and "a","b-c" would be the same. */
	strbuf_adds(&b, "dnsvnf-");
	bool plain = add_part(&b, tenant, "");
	strbuf_adds(&b, "-");
	plain = add_part(&b, deployment, "-") && plain;
	if (plain && b.len <= NAME_LONGEST)
		return strbuf_steal(&b);

	cleanup_strbuf struct strbuf both = {0};

	strbuf_add(&both, tenant, strlen(tenant) + 1);
	strbuf_adds(&both, deployment);
	uint64_t hash = hash_old64(both.s, both.len);
	char *old = add_hash(b.s, hash ^ hash >> 32);
	cleanup_free char *path = xasprintf(RUN_DIR "/%s", old);
	if (file_exists(path))
		return old;
	free(old);
	return add_hash(b.s, hash64(both.s, both.len));
}

static int check_name(const char *name, struct err *err)
{
	if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > NAME_MAX)
		return err_set(err, INVALID, "\"%s\" is not a valid name of a network namespace",
			       name);
	return 0;
}

/*
 * The folder, locked against concurrent creation and removal (iproute2 takes the same lock).
 * -ENOENT, without an error text, if it does not exist and make is false.
 */
static int open_run_dir(bool make, int *ret_fd, struct err *err)
{
	for (;;) {
		if (make && mkdir(RUN_DIR, 0755) == 0)
			/* On a file system without trusted attributes, the folder is kept. */
			(void)setxattr(RUN_DIR, MADE_XATTR, "made", 4, 0);
		else if (make && errno != EEXIST)
			return netns_err(err, errno, "cannot create " RUN_DIR);

		cleanup_close int fd = open(RUN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct stat st;

		if (fd < 0 && errno == ENOENT) {
			if (make)
				continue; /* removed with another process's last namespace */
			return -ENOENT;
		}
		if (fd < 0)
			return netns_err(err, errno, "cannot open " RUN_DIR);
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR)
				return err_errno(err, errno, "cannot lock " RUN_DIR);
		/* It may have been removed while this waited. */
		if (fstat(fd, &st) == 0 && st.st_nlink > 0) {
			*ret_fd = steal_fd(&fd);
			return 0;
		}
	}
}

/*
 * A shared mount, as iproute2's ip/ipnetns.c makes it: otherwise the first `ip netns add` binds
 * the folder over itself, and what was bound in it before can no longer be removed.
 */
static int share_run_dir(struct err *err)
{
	if (mount("", RUN_DIR, "none", MS_SHARED | MS_REC, NULL) == 0)
		return 0;
	/* EINVAL: it is no mount point yet. */
	if (errno != EINVAL || mount(RUN_DIR, RUN_DIR, "none", MS_BIND | MS_REC, NULL) < 0 ||
	    mount("", RUN_DIR, "none", MS_SHARED | MS_REC, NULL) < 0)
		return netns_err(err, errno, "cannot make " RUN_DIR " a shared mount");
	(void)setxattr(RUN_DIR, MADE_XATTR, "mounted", 7, XATTR_CREATE);
	return 0;
}

static bool run_dir_empty(void)
{
	cleanup_closedir DIR *dir = opendir(RUN_DIR);

	for (struct dirent *d; dir && (d = readdir(dir));)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			return false;
	return dir;
}

static void remove_run_dir(void)
{
	char value[8] = {0};

	if (getxattr(RUN_DIR, MADE_XATTR, value, sizeof(value)) <= 0 || !run_dir_empty())
		return;
	/* Detached: the descriptor that holds the lock is open on it. */
	while (umount2(RUN_DIR, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (str_starts(value, "made"))
		(void)rmdir(RUN_DIR);
	else
		(void)removexattr(RUN_DIR, MADE_XATTR);
}

/* The namespace bound to path; -ENOENT, without an error text, if there is none. */
static int open_bound(const char *path, int *ret_fd, struct err *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct statfs fs;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : netns_err(err, errno, "cannot open %s", path);
	if (fstatfs(fd, &fs) < 0)
		return err_errno(err, errno, "cannot stat %s", path);
	if (fs.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return -ENOENT;
	*ret_fd = steal_fd(&fd);
	return 0;
}

int netns_open(const char *name, int *ret_fd, struct err *err)
{
	int r = check_name(name, err);

	if (r < 0)
		return r;

	cleanup_free char *path = xasprintf(RUN_DIR "/%s", name);

	r = open_bound(path, ret_fd, err);
	if (r == -ENOENT)
		return err_set(err, NOT_FOUND, "network namespace \"%s\" not found", name);
	return r;
}

static int write_setting(const char *path, const char *value)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

struct setting {
	const char *path, *value;
};

static int write_in_namespace(void *data, struct err *err)
{
	const struct setting *s = data;
	cleanup_free char *path = xasprintf(SYSCTL_NET_DIR "%s", s->path);
	int r = write_setting(path, s->value);

	return r < 0 ? netns_err(err, r, "cannot write %s to %s", s->value, path) : 0;
}

int netns_sysctl(int ns, const char *path, const char *value, struct err *err)
{
	struct setting s = {path, value};

	/* /proc/sys/net belongs to the namespace of the thread that opens it. */
	return netns_run(ns, write_in_namespace, &s, err);
}

static int set_up_inside(void *data, struct err *err)
{
	/* A new namespace starts with the host's values for IPv4; `default` applies to new
	 * links. */
	static const struct setting settings[] = {
		{SYSCTL_NET_DIR "ipv4/ip_forward", "0"},
		{SYSCTL_NET_DIR "ipv4/conf/all/arp_ignore", "1"},
		{SYSCTL_NET_DIR "ipv6/conf/all/forwarding", "0"},
		{SYSCTL_NET_DIR "ipv6/conf/default/accept_ra", "0"},
		{SYSCTL_NET_DIR "ipv6/conf/default/accept_dad", "0"},
		{SYSCTL_NET_DIR "ipv6/conf/default/disable_ipv6", "1"},
	};
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING};
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)data;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return netns_err(err, errno, "cannot set lo up");
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		int r = write_setting(settings[i].path, settings[i].value);

		if (r < 0 && r != -ENOENT) /* -ENOENT: a kernel without IPv6 */
			return netns_err(err, r, "cannot write %s to %s", settings[i].value,
					 settings[i].path);
	}
	return 0;
}

_Noreturn static void lost(void)
{
	fprintf(stderr, "dnsvnf: cannot return to its own network namespace: %s\n",
		strerror(errno));
	abort();
}

/* A new namespace, bound to path (an empty file). */
static int make_bound(const char *path, struct err *err)
{
	cleanup_close int home = open(OWN_NS, O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return err_errno(err, errno, "cannot open " OWN_NS " (is /proc mounted?)");
	if (unshare(CLONE_NEWNET) < 0)
		return netns_err(err, errno, "cannot create a network namespace");

	int r = set_up_inside(NULL, err);

	if (r == 0 && mount(OWN_NS, path, NULL, MS_BIND, NULL) < 0)
		r = netns_err(err, errno, "cannot bind the namespace to %s", path);
	if (setns(home, CLONE_NEWNET) < 0)
		lost();
	return r;
}

int netns_create(const char *name, int *ret_fd, struct err *err)
{
	cleanup_close int dir = -1;
	int r = check_name(name, err);

	if (r < 0)
		return r;
	r = open_run_dir(true, &dir, err);
	if (r == 0 && (r = share_run_dir(err)) < 0)
		remove_run_dir();
	if (r < 0)
		return err_wrap(err, "network namespace %s", name);

	cleanup_free char *path = xasprintf(RUN_DIR "/%s", name);

	r = open_bound(path, ret_fd, err);
	if (r != -ENOENT)
		return r < 0 ? err_wrap(err, "network namespace %s", name) : 0;

	cleanup_close int file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);

	if (file < 0) {
		r = netns_err(err, errno, "cannot create %s", path);
	} else {
		r = make_bound(path, err);
		if (r < 0)
			(void)unlink(path);
	}
	if (r == 0 && (r = open_bound(path, ret_fd, err)) == -ENOENT)
		r = err_set(err, LOCAL, "%s disappeared after it was bound", path);
	if (r < 0) {
		remove_run_dir();
		return err_wrap(err, "network namespace %s", name);
	}
	return 0;
}

int netns_run(int ns, int (*fn)(void *data, struct err *err), void *data, struct err *err)
{
	cleanup_close int home = open(OWN_NS, O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return err_errno(err, errno, "cannot open " OWN_NS " (is /proc mounted?)");
	if (setns(ns, CLONE_NEWNET) < 0)
		return netns_err(err, errno, "cannot enter the network namespace");

	int r = fn(data, err);

	if (setns(home, CLONE_NEWNET) < 0)
		lost();
	return r;
}

struct socket_request {
	int domain, type, protocol;
};

static int open_socket(void *data, struct err *err)
{
	const struct socket_request *s = data;
	int fd = socket(s->domain, s->type | SOCK_CLOEXEC, s->protocol);

	return fd < 0 ? netns_err(err, errno, "cannot open a socket in the network namespace") : fd;
}

int netns_socket(int ns, int domain, int type, int protocol, struct err *err)
{
	struct socket_request s = {domain, type, protocol};

	return netns_run(ns, open_socket, &s, err);
}

int netns_netlink(int ns, int protocol, struct netlink **ret_nl, struct err *err)
{
	int fd = netns_socket(ns, AF_NETLINK, SOCK_RAW, protocol, err);

	return fd < 0 ? fd : netlink_open_fd(fd, ret_nl, err);
}

/* Processes by descriptor: a pid could belong to another process when the signal is sent. */
struct process_fd {
	int pidfd;
	int pid;
};

static void close_processes(struct process_fd *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(v[i].pidfd);
	free(v);
}

static bool stands_in(const char *pid, const struct stat *ns)
{
	cleanup_free char *path = xasprintf("/proc/%s/ns/net", pid);
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == ns->st_dev && st.st_ino == ns->st_ino;
}

static int find_processes(const struct stat *ns, struct process_fd **ret_v, size_t *ret_n,
			  struct err *err)
{
	cleanup_closedir DIR *proc = opendir("/proc");
	struct process_fd *v = NULL;
	size_t n = 0;

	if (!proc)
		return err_errno(err, errno, "cannot open /proc");
	for (struct dirent *d; errno = 0, (d = readdir(proc));) {
		int64_t pid;

		if (str_to_int(d->d_name, 1, INT_MAX, &pid) < 0 || !stands_in(d->d_name, ns))
			continue;

		int pidfd = pidfd_open((pid_t)pid, 0);

		if (pidfd < 0 && errno == ESRCH)
			continue; /* it ended just now */
		if (pidfd < 0)
			break;
		if (!stands_in(d->d_name, ns)) {
			close(pidfd);
			continue;
		}
		*array_push(v, n) = (struct process_fd){pidfd, (int)pid};
	}
	if (errno) {
		int code = errno;
		close_processes(v, n);
		return err_errno(err, code, "cannot find the processes of a network namespace");
	}
	*ret_v = v;
	*ret_n = n;
	return 0;
}

static void wait_processes(const struct process_fd *v, size_t n, int wait_ms)
{
	int64_t end = clock_deadline(wait_ms);

	for (size_t i = 0; i < n; i++) {
		struct pollfd p = {.fd = v[i].pidfd, .events = POLLIN};

		while (poll(&p, 1, clock_left_ms(end)) < 0 && errno == EINTR)
			;
	}
}

static int end_processes(const char *name, const struct stat *ns, struct err *err)
{
	int pid = 0;

	for (int round = 0; round < DELETE_ROUNDS; round++) {
		struct process_fd *v = NULL;
		size_t n = 0;
		int r = find_processes(ns, &v, &n, err);

		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++) {
			pid = v[i].pid;
			log_debug("network namespace %s: ending process %d", name, pid);
			(void)pidfd_send_signal(v[i].pidfd, round ? SIGKILL : SIGTERM, NULL, 0);
		}
		wait_processes(v, n, round ? KILL_WAIT_MS : TERM_WAIT_MS);
		close_processes(v, n);
		if (n == 0)
			return 0;
	}
	return err_set(err, BUSY, "process %d in network namespace \"%s\" cannot be ended", pid,
		       name);
}

static int unbind(const char *path, struct err *err)
{
	cleanup_close int dir = -1;
	int r = open_run_dir(false, &dir, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* There may be several mounts on it; EINVAL: none (left). */
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (errno != EINVAL && errno != ENOENT)
		return netns_err(err, errno, "cannot unmount %s", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return netns_err(err, errno, "cannot remove %s", path);
	remove_run_dir();
	return 0;
}

int netns_delete(const char *name, struct err *err)
{
	int r = check_name(name, err);

	if (r < 0)
		return r;

	cleanup_free char *path = xasprintf(RUN_DIR "/%s", name);
	cleanup_close int fd = -1;

	r = open_bound(path, &fd, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0) {
		struct stat own, st;

		if (fstat(fd, &st) < 0 || stat("/proc/self/ns/net", &own) < 0)
			return err_errno(err, errno, "cannot read network namespace %s", name);
		if (own.st_dev == st.st_dev && own.st_ino == st.st_ino)
			return err_set(
				err, BUSY,
				"dnsvnf runs inside network namespace \"%s\": run it outside",
				name);
		r = end_processes(name, &st, err);
		if (r < 0)
			return r;
	}
	return unbind(path, err);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int netns_list(const char *prefix, char ***ret_names, size_t *ret_n, struct err *err)
{
	cleanup_closedir DIR *dir = opendir(RUN_DIR);
	char **v = NULL;
	size_t n = 0;

	if (!dir && errno != ENOENT)
		return err_errno(err, errno, "cannot open " RUN_DIR);
	for (struct dirent *d; dir && (errno = 0, (d = readdir(dir)));)
		if (d->d_name[0] != '.' && str_starts(d->d_name, prefix))
			*array_push(v, n) = xstrdup(d->d_name);
	if (dir && errno) {
		int code = errno;
		netns_list_free(v, n);
		return err_errno(err, code, "cannot read " RUN_DIR);
	}
	if (n > 0)
		qsort(v, n, sizeof(*v), compare_names);
	*ret_names = v;
	*ret_n = n;
	return 0;
}

void netns_list_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}
