// SPDX-License-Identifier: Apache-2.0
/* Runs every file of the folders given through a fuzz target, where libFuzzer is not linked in. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"

#define INPUT_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Returns how many files there were, or -1. */
static int replay(const char *folder)
{
	cleanup_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **names;
	int count = fd < 0 ? -1 : scandir(folder, &names, visible, alphasort);

	if (count < 0) {
		perror(folder);
		return -1;
	}
	for (int i = 0; i < count; i++) {
		cleanup_err struct err err = ERR_INIT;
		cleanup_free char *data = NULL;
		size_t len;

		if (file_read_at(fd, names[i]->d_name, INPUT_MAX, &data, &len, &err) < 0) {
			fprintf(stderr, "%s: %s\n", folder, err.text);
			exit(EXIT_FAILURE);
		}
		/* Named before it runs: whoever reads of a crash knows on which input. */
		printf("%s/%s (%zu bytes)\n", folder, names[i]->d_name, len);
		fflush(stdout);

		/* A copy of exactly that size, so that ASan sees the first byte read too far. */
		cleanup_free uint8_t *exact = malloc(len ? len : 1);
		for (size_t j = 0; exact && j < len; j++)
			exact[j] = (uint8_t)data[j];
		if (exact)
			LLVMFuzzerTestOneInput(exact, len);
		free(names[i]);
	}
	free(names);
	return count;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		int count = replay(argv[i]);

		if (count < 0)
			return EXIT_FAILURE;
		if (count == 0) {
			fprintf(stderr, "%s: the corpus is empty\n", argv[i]);
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}
