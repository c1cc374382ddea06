/* SPDX-License-Identifier: BSD-3-Clause */
/* A DPDK process in C that sends and answers messages (rte_mp) as standard input asks. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

static char got[300]; /* the last one-way message */

static void
answer(const char *result)
{
	printf("answer {\"Result\":\"%s\"}\n", result);
	fflush(stdout);
}

static void
refuse(int err)
{
	printf("answer {\"Err\":\"%s\"}\n", rte_strerror(err));
	fflush(stdout);
}

/* Replies in upper case, with the descriptors that came. */
static int
on_upper(const struct rte_mp_msg *msg, const void *peer)
{
	struct rte_mp_msg reply = *msg;
	int ret;

	for (int i = 0; i < reply.len_param; i++)
		reply.param[i] = toupper(reply.param[i]);
	ret = rte_mp_reply(&reply, peer);
	for (int i = 0; i < msg->num_fds; i++)
		close(msg->fds[i]);
	return ret;
}

static int
on_silent(const struct rte_mp_msg *msg, const void *peer)
{
	(void)msg;
	(void)peer;
	return 0;
}

static int
on_keep(const struct rte_mp_msg *msg, const void *peer)
{
	(void)peer;
	snprintf(got, sizeof(got), "%.*s", msg->len_param, msg->param);
	return 0;
}

static int
fill(struct rte_mp_msg *msg, const char *name, const char *text)
{
	memset(msg, 0, sizeof(*msg));
	snprintf(msg->name, sizeof(msg->name), "%.63s", name);
	msg->len_param = snprintf((char *)msg->param, sizeof(msg->param), "%.255s", text);
	return msg->len_param;
}

/* name, text, milliseconds, how often: with /dev/null as a descriptor, which must come back. */
static void
request(const char *name, const char *text, int ms, int times)
{
	const struct timespec wait = { ms / 1000, ms % 1000 * 1000000L };
	struct rte_mp_reply reply;
	struct rte_mp_msg msg;
	char result[400] = "";

	for (int i = 0; i < times; i++) {
		fill(&msg, name, text);
		msg.num_fds = 1;
		msg.fds[0] = STDIN_FILENO;
		if (rte_mp_request_sync(&msg, &reply, &wait) < 0)
			return refuse(rte_errno);
		snprintf(result, sizeof(result), "%d of %d", reply.nb_received, reply.nb_sent);
		for (int k = 0; k < reply.nb_received; k++) {
			const struct rte_mp_msg *m = &reply.msgs[k];
			size_t n = strlen(result);

			snprintf(result + n, sizeof(result) - n, " %.*s+%d", m->len_param, m->param, m->num_fds);
			for (int f = 0; f < m->num_fds; f++)
				close(m->fds[f]);
		}
		free(reply.msgs);
	}
	answer(result);
}

static void
serve(const char *verb, const char *name, const char *text, const char *a, const char *b)
{
	struct rte_mp_msg msg;

	if (strcmp(verb, "ipc-register") == 0) {
		rte_mp_t h = strcmp(text, "upper") == 0 ? on_upper : strcmp(text, "keep") == 0 ? on_keep : on_silent;

		return rte_mp_action_register(name, h) < 0 ? refuse(rte_errno) : answer("");
	}
	if (strcmp(verb, "ipc-request") == 0)
		return request(name, text, atoi(a), atoi(b));
	if (strcmp(verb, "ipc-send") == 0) {
		fill(&msg, name, text);
		return rte_mp_sendmsg(&msg) < 0 ? refuse(rte_errno) : answer("");
	}
	if (strcmp(verb, "ipc-got") == 0)
		return answer(got);
	refuse(ENOSYS);
}

int
main(int argc, char **argv)
{
	char line[512];

	if (rte_eal_init(argc, argv) < 0) {
		refuse(rte_errno);
		return 1;
	}
	answer(rte_eal_process_type() == RTE_PROC_PRIMARY ? "primary" : "secondary");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char w[5][300] = { "", "", "", "", "" };

		if (sscanf(line, "%299s %299s %299s %299s %299s", w[0], w[1], w[2], w[3], w[4]) < 1)
			continue;
		serve(w[0], w[1], w[2], w[3], w[4]);
	}
	return rte_eal_cleanup() != 0;
}
