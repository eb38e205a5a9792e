// SPDX-License-Identifier: Apache-2.0
#include "host/tune.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "host/host.h"

#define UDP_TIMEOUT 10 /* seconds */

static int64_t at_least(int64_t now, int64_t enough)
{
	return now > enough ? now : enough;
}

void tune_plan(const struct host_conntrack *now, struct tune_setting ret_settings[TUNE_SETTINGS])
{
	int64_t max = at_least(now->max, HOST_CONNTRACK_ENOUGH);
	int64_t timeout = now->udp_timeout > 0 && now->udp_timeout < UDP_TIMEOUT ? now->udp_timeout
										 : UDP_TIMEOUT;
	const struct tune_setting settings[TUNE_SETTINGS] = {
		{"net.netfilter.nf_conntrack_max", now->max, max,
		 "entries of the table; an entry takes about 320 bytes, 262144 of them 80 MiB"},
		{"net.netfilter.nf_conntrack_buckets", now->buckets,
		 at_least(now->buckets, max / 4),
		 "hash buckets; more than four entries per bucket slow down every packet"},
		{"net.netfilter.nf_conntrack_udp_timeout", now->udp_timeout, timeout,
		 "seconds that a UDP flow is kept; DNS resolvers give up after 5, so 10 is enough"},
	};

	memcpy(ret_settings, settings, sizeof(settings));
}

char *tune_sysctl(const struct tune_setting settings[TUNE_SETTINGS])
{
	struct strbuf text = {0};

	strbuf_adds(&text, "# Written by dnsvnf host --tune --apply.\n");
	for (size_t i = 0; i < TUNE_SETTINGS; i++)
		strbuf_addf(&text, "# %s\n%s = %" PRId64 "\n", settings[i].reason, settings[i].key,
			    settings[i].wanted);
	return strbuf_steal(&text);
}

static int write_config(const char *root, const char *file, const char *text,
			void (*say)(const char *line), struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", root, file);
	cleanup_free char *folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	cleanup_free char *line = xasprintf("wrote %s", path);
	int r = dir_make(folder, err);

	if (r == 0)
		r = file_write_at(AT_FDCWD, path, text, strlen(text), 0644, err);
	if (r == 0)
		say(line);
	return r;
}

/* A value in /proc must be written with one write() to the existing file. */
static int set_value(const char *root, const struct tune_setting *setting,
		     void (*say)(const char *line), struct err *err)
{
	cleanup_free char *path = xasprintf("%s/proc/sys/%s", root, setting->key);
	cleanup_free char *value = xasprintf("%" PRId64 "\n", setting->wanted);
	cleanup_free char *line = xasprintf("set %s = %" PRId64, setting->key, setting->wanted);

	for (char *c = path + strlen(root) + 1; *c; c++)
		if (*c == '.')
			*c = '/';

	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(err, NOT_FOUND,
			       "%s not found: the module nf_conntrack is not loaded: run 'modprobe "
			       "nf_conntrack'; the written files apply from the next boot",
			       path);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return err_errno(err, errno, "cannot set %s", setting->key);
	say(line);
	return 0;
}

int tune_apply(const char *root, const struct tune_setting settings[TUNE_SETTINGS],
	       void (*say)(const char *line), struct err *err)
{
	cleanup_free char *sysctl = tune_sysctl(settings);
	/* systemd-sysctl runs after systemd-modules-load. Without the module loaded there, the keys
	 * do not exist at boot and the settings are lost. */
	static const char modules[] = "# Written by dnsvnf host --tune --apply.\nnf_conntrack\n";
	int r = write_config(root, TUNE_SYSCTL_FILE, sysctl, say, err);

	if (r == 0)
		r = write_config(root, TUNE_MODULES_FILE, modules, say, err);
	for (size_t i = 0; i < TUNE_SETTINGS && r == 0; i++)
		if (settings[i].now != settings[i].wanted)
			r = set_value(root, &settings[i], say, err);
	return r;
}
