// SPDX-License-Identifier: Apache-2.0
/* Any bytes as all that QEMU says: greeting, events, answers. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/err.h"
#include "vim/local/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_qmp struct qmp *qmp = NULL;
	json_t *answer = NULL;
	int fds[2];

	if (size > 64 << 10 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return 0;
	if (send(fds[1], data, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size &&
	    shutdown(fds[1], SHUT_WR) == 0) {
		int r = qmp_open_fd(fds[0], 1000, &qmp, &err);
		fds[0] = -1;
		for (int i = 0; r == 0 && i < 3; i++) {
			r = qmp_command(qmp, "query-status", NULL, &answer, &err);
			if ((r == 0) != (answer != NULL))
				abort();
			json_decref(answer);
			answer = NULL;
		}
		if (r == 0 || !err.text)
			abort(); /* it ends, so a command fails in the end */
	}
	cleanup_close_fn(&fds[0]);
	close(fds[1]);
	return 0;
}
