// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/onlink.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stddef.h>
#include <string.h>

/* The address's bytes in *ret, and how many there are; 0: none. */
static size_t bytes_of(const struct sockaddr *sa, const unsigned char **ret)
{
	if (sa && sa->sa_family == AF_INET) {
		*ret = (const unsigned char *)&((const struct sockaddr_in *)(const void *)sa)
			       ->sin_addr;
		return sizeof(struct in_addr);
	}
	if (sa && sa->sa_family == AF_INET6) {
		*ret = (const unsigned char *)&((const struct sockaddr_in6 *)(const void *)sa)
			       ->sin6_addr;
		return sizeof(struct in6_addr);
	}
	return 0;
}

bool address_is_on_link(const char *address)
{
	unsigned char wanted[sizeof(struct in6_addr)];
	size_t len = strchr(address, ':') ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	struct ifaddrs *all;
	bool found = false;

	if (inet_pton(len == sizeof(struct in_addr) ? AF_INET : AF_INET6, address, wanted) != 1 ||
	    getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		const unsigned char *own, *mask;
		if (bytes_of(i->ifa_addr, &own) != len || bytes_of(i->ifa_netmask, &mask) != len)
			continue;
		found = true;
		for (size_t k = 0; k < len; k++)
			found = found && (own[k] & mask[k]) == (wanted[k] & mask[k]);
	}
	freeifaddrs(all);
	return found;
}
