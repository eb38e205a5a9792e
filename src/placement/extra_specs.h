/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of single extra specs and image properties; request.h combines them. */
#pragma once

#include "placement/request.h"

struct err;

const char *numa_affinity_name(enum numa_affinity affinity);
int numa_affinity_parse(const char *s, enum numa_affinity *ret); /* -EINVAL: not one */

/* hw:pci_numa_affinity_policy (hardware.get_pci_numa_policy_constraint); legacy without. */
int extra_specs_affinity(const struct flavor *flavor, const struct image *image,
			 enum numa_affinity *ret, struct err *err);

/* Sets the policies of request and its pinned vCPUs. */
int extra_specs_cpus(const struct flavor *flavor, const struct image *image,
		     struct fit_request *request, struct err *err);

/* hw:mem_page_size (hardware._get_numa_pagesize_constraint) and hw:locked_memory. */
int extra_specs_pages(const struct flavor *flavor, const struct image *image, int64_t *ret,
		      struct err *err);

/* A value of hw:mem_page_size: KiB of "2048", "2MB", "1GiB", or PAGES_*; -EINVAL. */
int extra_specs_page_size(const char *s, int64_t *ret, struct err *err);

/* Of flavor and of image: the properties SPEC ("hw:cpu_policy") and PROPERTY ("hw_cpu_policy"). */
const char *flavor_spec(const struct flavor *flavor, const char *spec);
const char *image_property(const struct image *image, const char *property);
