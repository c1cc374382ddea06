//go:build linux

package cloop

/*
#include <stdlib.h>
#include <string.h>
#include <rte_eal.h>

static int
mp_echo(const struct rte_mp_msg *msg, const void *peer)
{
	struct rte_mp_msg reply = *msg;

	return rte_mp_reply(&reply, peer);
}

static int
mp_register(char *name)
{
	return rte_mp_action_register(name, mp_echo);
}

static unsigned int
mp_request(char *name, unsigned int len, unsigned int iters)
{
	const struct timespec wait = { .tv_sec = 5 };
	struct rte_mp_reply reply;
	struct rte_mp_msg msg;
	unsigned int got = 0;

	while (iters--) {
		memset(&msg, 0, sizeof(msg));
		strcpy(msg.name, name);
		msg.len_param = len;
		if (rte_mp_request_sync(&msg, &reply, &wait) == 0)
			got += reply.nb_received;
		free(reply.msgs);
	}
	return got;
}
*/
import "C"

import "unsafe"

// MPEcho registers an action in C that returns each message to its sender.
func MPEcho(name string) bool {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	return C.mp_register(n) == 0
}

// MPRequest sends requests of len bytes and returns the number of replies.
func MPRequest(name string, len, iters int) int {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	return int(C.mp_request(n, C.uint(len), C.uint(iters)))
}
