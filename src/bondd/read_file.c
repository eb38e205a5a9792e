// SPDX-License-Identifier: Apache-2.0
#include "bondd/status.h"

#include "base/err.h"
#include "base/file.h"

void status_note(const char *path, struct err *err)
{
	if (err_is_of_machine(errno) && !err->code)
		err_errno(err, errno, "cannot read %s", path);
}

bool status_text(const char *path, size_t max, char **ret_text, size_t *ret_len, struct err *err)
{
	int r = file_read(path, max, ret_text, ret_len, NULL);

	errno = -r;
	if (r < 0)
		status_note(path, err);
	return r == 0;
}
