// SPDX-License-Identifier: Apache-2.0
/* A value of nova.conf's [pci] device_spec, matched against a PF and its VF. */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "host/devspec.h"
#include "host/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct host_vf vf = {.pci_address = (char *)"0000:3b:02.0"};
	static struct host_nic nic = {.pci_address = (char *)"0000:3b:00.0",
				      .pci_id = (char *)"8086:158b",
				      .vf_pci_id = (char *)"8086:154c",
				      .name = (char *)"ens1f0",
				      .vfs_total = 64,
				      .vfs = &vf,
				      .n_vfs = 1};
	const struct host host = {.nics = &nic, .n_nics = 1};
	const struct pci_function of_pf = {nic.pci_address, NULL, "8086", "158b"};
	const struct pci_function of_vf = {vf.pci_address, nic.pci_address, "8086", "154c"};
	cleanup_free char *value = xstrndup((const char *)data, size);
	cleanup_devspecs struct devspecs specs = {0};
	cleanup_err struct err err = ERR_INIT;

	if (devspecs_add(&specs, value, &host, &err) < 0 && !*err.text)
		abort();
	for (size_t i = 0; err.code == 0 && i < specs.n; i++) {
		devspec_match(&specs.v[i], &host, &of_pf);
		devspec_match(&specs.v[i], &host, &of_vf);
	}
	return 0;
}
