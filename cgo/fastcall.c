//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <dlfcn.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include "godpdk_ethdev.h"
#include "godpdk_fastcall.h"

/* The frame of the thread's fast call: Go's stack pointer in it, and its caller's stack
 * pointer. Both are 0 outside a call. */
struct frame {
	volatile uintptr_t low, high;
};

static __thread __attribute__((tls_model("initial-exec"))) struct frame frame;

static struct sigaction others[NSIG]; /* the handlers of Go */
static uintptr_t abort_in_go;         /* a Go function without arguments */

int32_t
godpdk_fast_call(void *arg, int32_t (*fn)(void *), uintptr_t low, uintptr_t high)
{
	int32_t ret;

	frame.low = low;
	frame.high = high;
	ret = fn(arg);
	frame.high = 0;
	return ret;
}

static uintptr_t
stack_pointer(const ucontext_t *uc)
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

static uintptr_t
program_counter(const ucontext_t *uc)
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

/* Makes the thread continue as if the caller of the frame had called abort_in_go instead.
 * Go's prologue and Call in direct_*.s determine where the saved registers are. */
static void
leave(ucontext_t *uc, const struct frame *f)
{
#if defined(__x86_64__)
	uc->uc_mcontext.gregs[REG_RSP] = f->high - sizeof(uintptr_t); /* the return address */
	uc->uc_mcontext.gregs[REG_RBP] = *(uintptr_t *)(f->high - 2 * sizeof(uintptr_t));
	uc->uc_mcontext.gregs[REG_RIP] = abort_in_go;
#elif defined(__aarch64__)
	uc->uc_mcontext.sp = f->high;
	uc->uc_mcontext.regs[30] = *(uintptr_t *)f->low;
	uc->uc_mcontext.regs[29] = *(uintptr_t *)(f->low - sizeof(uintptr_t));
	uc->uc_mcontext.regs[28] = *(uintptr_t *)(f->low + sizeof(uintptr_t)); /* g */
	uc->uc_mcontext.pc = abort_in_go;
#else
	(void)uc;
	(void)f;
#endif
}

static const struct {
	int number;
	const char *name;
} signals[] = {
	{ SIGSEGV, "SIGSEGV (Segmentation fault)" },
	{ SIGBUS, "SIGBUS (Bus error)" },
	{ SIGFPE, "SIGFPE (Floating point exception)" },
	{ SIGILL, "SIGILL (Illegal instruction)" },
	{ SIGABRT, "SIGABRT (Aborted)" },
};

/* The arguments of Call in direct_*.s: the C function and its argument. */
static void *const *
arguments(const struct frame *f)
{
#if defined(__aarch64__)
	return (void *const *)f->high + 1;
#else
	return (void *const *)f->high;
#endif
}

/* Writes the signal, the function with its library, and the driver. */
static void
report(int sig, const siginfo_t *info, uintptr_t pc, void *const *call)
{
	char text[512], address[32] = "", burst[160];
	const char *file, *name = "";
	Dl_info in;
	int n;

	for (size_t i = 0; i < RTE_DIM(signals); i++)
		if (signals[i].number == sig)
			name = signals[i].name;
	if (sig == SIGSEGV || sig == SIGBUS)
		snprintf(address, sizeof(address), " at address %#lx", (unsigned long)info->si_addr);
	memset(&in, 0, sizeof(in));
	dladdr((void *)pc, &in);
	file = in.dli_fname == NULL ? "unknown code" : in.dli_fname;
	if (strrchr(file, '/') != NULL)
		file = strrchr(file, '/') + 1;
	godpdk_eth_blame(call[0], call[1], burst, sizeof(burst));
	n = snprintf(text, sizeof(text), "godpdk: %s%s, PC=%#lx in %s%s%s: C faulted in a fast call%s. "
		"The goroutine that made it is the first below.\n",
		name, address, (unsigned long)pc,
		in.dli_sname == NULL ? "" : in.dli_sname, in.dli_sname == NULL ? "" : " of ", file, burst);
	if (n > 0 && write(STDERR_FILENO, text, RTE_MIN((size_t)n, sizeof(text) - 1)) < 0)
		return;
}

static void
handler(int sig, siginfo_t *info, void *context)
{
	struct frame f = frame;
	ucontext_t *uc = context;
	uintptr_t sp = stack_pointer(uc);
	/* abort() sends SIGABRT to its own thread; other senders address the process. */
	int own = info->si_code > 0 || (sig == SIGABRT && info->si_code == SI_TKILL && info->si_pid == getpid());

	if (f.high == 0 || !own || sp < f.low || sp > f.high) {
		others[sig].sa_sigaction(sig, info, context);
		return;
	}
	frame.high = 0;
	report(sig, info, program_counter(uc), arguments(&f));
	leave(uc, &f);
}

void
godpdk_fast_watch(uintptr_t abort)
{
	abort_in_go = abort;
	for (size_t i = 0; i < RTE_DIM(signals); i++) {
		int sig = signals[i].number;
		struct sigaction act;

		if (sigaction(sig, NULL, &act) != 0 || !(act.sa_flags & SA_SIGINFO) || !(act.sa_flags & SA_ONSTACK))
			continue;
		others[sig] = act;
		act.sa_sigaction = handler;
		sigaction(sig, &act, NULL);
	}
}
