/* SPDX-License-Identifier: BSD-3-Clause */
/* A primary that stops in the middle of rte_eal_init until standard input
 * brings a line: it holds the lock of its config file then, but has not marked
 * the file as complete. It ends when standard input does. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_log.h>

static void
answer(const char *result)
{
	printf("answer {\"Result\":\"%s\"}\n", result);
	fflush(stdout);
}

/* EAL's log stream: one of its lines, written between the two, tells where
 * rte_eal_init has come to. */
static ssize_t
watch(void *cookie, const char *text, size_t len)
{
	bool *held = cookie;
	char line[16];

	if (!*held && memmem(text, len, "Multi-process socket", 20) != NULL) {
		*held = true;
		answer("starting");
		if (fgets(line, sizeof(line), stdin) == NULL)
			exit(1);
	}
	fwrite(text, 1, len, stderr);
	return len;
}

int
main(int argc, char **argv)
{
	static bool held;
	cookie_io_functions_t io = { .write = watch };
	FILE *log = fopencookie(&held, "w", io);

	setvbuf(log, NULL, _IOLBF, BUFSIZ);
	if (rte_openlog_stream(log) < 0 || rte_eal_init(argc, argv) < 0)
		return 1;
	answer("primary");
	while (getchar() != EOF)
		;
	return rte_eal_cleanup() != 0;
}
