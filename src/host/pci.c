// SPDX-License-Identifier: Apache-2.0
#include <linux/pci_regs.h>
#include <pci/pci.h>
#include <setjmp.h>

#include "base/alloc.h"
#include "host/host.h"
#include "host/read.h"

/* Config space is little endian. */
static uint32_t word(const uint8_t *config, size_t offset, size_t bytes)
{
	uint32_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value |= (uint32_t)config[offset + i] << (8 * i);
	return value;
}

int64_t pci_sriov_total(const void *config, size_t len)
{
	const uint8_t *c = config;
	size_t offset = PCI_CFG_SPACE_SIZE;

	if (len < PCI_CFG_SPACE_SIZE)
		return HOST_UNKNOWN;
	/* A capability has at least 4 bytes, so this limit also ends a circular list. */
	for (size_t n = 0; n < (PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE) / 4; n++) {
		if (offset < PCI_CFG_SPACE_SIZE || offset + 4 > len)
			return 0;

		uint32_t header = word(c, offset, 4);

		if (header == 0 || header == UINT32_MAX)
			return 0;
		if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_SRIOV) {
			if (offset + PCI_SRIOV_TOTAL_VF + 2 > len)
				return HOST_UNKNOWN;
			return word(c, offset + PCI_SRIOV_TOTAL_VF, 2);
		}
		offset = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

static struct pci_access *names;

/* libpci's error callback must not return, so leave by longjmp. */
static jmp_buf broken;

__attribute__((noreturn)) static void on_error(char *fmt, ...)
{
	(void)fmt;
	longjmp(broken, 1);
}

static void on_message(char *fmt, ...)
{
	(void)fmt;
}

/* Opened on first use; libpci keeps the ids in memory. */
static void open_names(void)
{
	names = pci_alloc();
	names->error = on_error;
	names->warning = on_message;
	names->debug = on_message;
	names->id_lookup_mode = 0; /* neither DNS queries nor a cache of them */
}

char *pci_model(unsigned vendor, unsigned device)
{
	char buffer[256];

	if (!names)
		open_names();
	if (setjmp(broken) != 0)
		return NULL;
	if (!pci_lookup_name(names, buffer, sizeof(buffer),
			     PCI_LOOKUP_DEVICE | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB,
			     (int)vendor, (int)device))
		return NULL;
	for (char *c = buffer; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return xstrdup(buffer);
}
