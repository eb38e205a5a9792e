// SPDX-License-Identifier: Apache-2.0
/* What the rules share: adding a finding, naming its object. */
#include <stdarg.h>

#include "base/alloc.h"
#include "base/str.h"
#include "host/host.h"
#include "host/read.h"

void lint_add(struct host *host, enum severity severity, const char *rule, const char *object,
	      const char *source, const char *fmt, ...)
{
	struct host_finding *f = array_push(host->findings, host->n_findings);
	va_list ap;

	va_start(ap, fmt);
	*f = (struct host_finding){
		.severity = severity,
		.rule = xstrdup(rule),
		.object = xstrdup(object),
		.text = xvasprintf(fmt, ap),
		.source = xstrdup(source),
	};
	va_end(ap);
}

const char *nic_label(const struct host_nic *nic)
{
	return nic->name ? nic->name : nic->pci_address;
}

int64_t vf_is_untrusted(const struct host_vf *vf)
{
	if (!vf->mac || vf->trust < 0)
		return HOST_UNKNOWN;
	return vf->trust == 0 && !streq(vf->mac, "00:00:00:00:00:00");
}
