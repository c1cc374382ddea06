/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of C on a goroutine's own stack (dpdk/internal/fastcall), and a report of a fault in
 * one. Go's handler takes such a fault for one of Go code and cannot unwind C's frames: it
 * ended with "traceback: unexpected SPWRITE function" and named neither signal nor address. */
#ifndef GODPDK_FASTCALL_H
#define GODPDK_FASTCALL_H

#include "godpdk.h"

#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

/* Where the frame of the thread's call begins and ends: Go's stack pointer in it, and its
 * caller's. Both are 0 outside a call. */
struct godpdk_fast {
	volatile uintptr_t low, high;
};

static __thread __attribute__((tls_model("initial-exec"))) struct godpdk_fast godpdk_fast;

/* Calls fn, in that frame. */
static int32_t
godpdk_fast_call(void *arg, int32_t (*fn)(void *), uintptr_t low, uintptr_t high)
{
	int32_t ret;

	godpdk_fast.low = low;
	godpdk_fast.high = high;
	ret = fn(arg);
	godpdk_fast.high = 0;
	return ret;
}

static inline void *godpdk_fast_call_address(void) { return (void *)godpdk_fast_call; }

static const int godpdk_fast_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

static struct sigaction godpdk_fast_others[NSIG];
static uintptr_t godpdk_fast_abort; /* a function of Go's, of no arguments */

static inline uintptr_t
godpdk_fast_stack_pointer(const ucontext_t *uc)
{
#if defined(__x86_64__)
	return uc->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
	return uc->uc_mcontext.sp;
#else
	(void)uc;
	return 0;
#endif
}

static inline uintptr_t
godpdk_fast_program_counter(const ucontext_t *uc)
{
#if defined(__x86_64__)
	return uc->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	return uc->uc_mcontext.pc;
#else
	(void)uc;
	return 0;
#endif
}

/* Makes the thread go on as if the caller of the frame had called Go's abort instead. What
 * Go's prologue has saved, and Call in direct_*.s, is where they put it. */
static inline void
godpdk_fast_leave(ucontext_t *uc, const struct godpdk_fast *f)
{
#if defined(__x86_64__)
	uc->uc_mcontext.gregs[REG_RSP] = f->high - sizeof(uintptr_t); /* the return address */
	uc->uc_mcontext.gregs[REG_RBP] = *(uintptr_t *)(f->high - 2 * sizeof(uintptr_t));
	uc->uc_mcontext.gregs[REG_RIP] = godpdk_fast_abort;
#elif defined(__aarch64__)
	uc->uc_mcontext.sp = f->high;
	uc->uc_mcontext.regs[30] = *(uintptr_t *)f->low;
	uc->uc_mcontext.regs[29] = *(uintptr_t *)(f->low - sizeof(uintptr_t));
	uc->uc_mcontext.regs[28] = *(uintptr_t *)(f->low + sizeof(uintptr_t)); /* g */
	uc->uc_mcontext.pc = godpdk_fast_abort;
#else
	(void)uc;
	(void)f;
#endif
}

static inline const char *
godpdk_fast_name(int sig)
{
	switch (sig) {
	case SIGSEGV:
		return "SIGSEGV (Segmentation fault)";
	case SIGBUS:
		return "SIGBUS (Bus error)";
	case SIGFPE:
		return "SIGFPE (Floating point exception)";
	case SIGILL:
		return "SIGILL (Illegal instruction)";
	}
	return "SIGABRT (Aborted)";
}

/* Writes what happened, in which function of which library: the driver's name. */
static inline void
godpdk_fast_report(int sig, const siginfo_t *info, uintptr_t pc)
{
	char text[512], address[32] = "";
	const char *file;
	Dl_info in;
	int n;

	if (sig == SIGSEGV || sig == SIGBUS)
		snprintf(address, sizeof(address), " at address %#lx", (unsigned long)info->si_addr);
	memset(&in, 0, sizeof(in));
	dladdr((void *)pc, &in);
	file = in.dli_fname == NULL ? "unknown code" : in.dli_fname;
	if (strrchr(file, '/') != NULL)
		file = strrchr(file, '/') + 1;
	n = snprintf(text, sizeof(text), "godpdk: %s%s, PC=%#lx in %s%s%s: C faulted in a fast call. "
		"The goroutine that made it is the first below.\n",
		godpdk_fast_name(sig), address, (unsigned long)pc,
		in.dli_sname == NULL ? "" : in.dli_sname, in.dli_sname == NULL ? "" : " of ", file);
	if (n > 0 && write(STDERR_FILENO, text, RTE_MIN((size_t)n, sizeof(text) - 1)) < 0)
		return;
}

static void
godpdk_fast_handler(int sig, siginfo_t *info, void *context)
{
	struct godpdk_fast f = godpdk_fast;
	ucontext_t *uc = context;
	uintptr_t sp = godpdk_fast_stack_pointer(uc);
	/* A signal that another process sends is none of the call's; abort sends its own. */
	/* abort() sends it to its own thread; others send it to the process. */
	int own = info->si_code > 0 || (sig == SIGABRT && info->si_code == SI_TKILL && info->si_pid == getpid());

	if (f.high == 0 || !own || sp < f.low || sp > f.high) {
		godpdk_fast_others[sig].sa_sigaction(sig, info, context);
		return;
	}
	godpdk_fast.high = 0;
	godpdk_fast_report(sig, info, godpdk_fast_program_counter(uc));
	godpdk_fast_leave(uc, &f);
}

/* Puts the handler before Go's, with the same flags and mask. */
static inline void
godpdk_fast_watch(uintptr_t abort)
{
	godpdk_fast_abort = abort;
	for (size_t i = 0; i < RTE_DIM(godpdk_fast_signals); i++) {
		int sig = godpdk_fast_signals[i];
		struct sigaction act;

		if (sigaction(sig, NULL, &act) != 0 || !(act.sa_flags & SA_SIGINFO) || !(act.sa_flags & SA_ONSTACK))
			continue;
		godpdk_fast_others[sig] = act;
		act.sa_sigaction = godpdk_fast_handler;
		sigaction(sig, &act, NULL);
	}
}

#endif
