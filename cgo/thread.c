//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <sys/syscall.h>
#include <unistd.h>

#include "godpdk_thread.h"

/* With this model the offset is the same in all threads. */
static __thread __attribute__((tls_model("initial-exec"))) int32_t id;

int32_t
godpdk_thread_id(void)
{
	if (id == 0)
		id = syscall(SYS_gettid);
	return id;
}

intptr_t
godpdk_thread_id_offset(void)
{
#if defined(__x86_64__)
	char *self;

	__asm__("mov %%fs:0, %0" : "=r"(self));
	return (char *)&id - self;
#elif defined(__aarch64__)
	return (char *)&id - (char *)__builtin_thread_pointer();
#else
	return 0;
#endif
}
