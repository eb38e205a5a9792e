/* SPDX-License-Identifier: Apache-2.0 */
/* "2 MiB", "1 GiB" */
#pragma once

#include <stdint.h>

struct strbuf;

void pages_format(struct strbuf *b, int64_t size_kb);
