//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <dlfcn.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include "godpdk_ethdev.h"
#include "godpdk_fastcall.h"

__thread __attribute__((tls_model("initial-exec"))) void *const volatile *godpdk_fast_args;

enum { FRAME = (64 << 10) + 16 }; /* fastcall.StackSize, and the saved registers */

static struct sigaction others[NSIG]; /* the handlers of Go */
static uintptr_t abort_in_go;         /* a Go function without arguments */

int64_t
godpdk_fast_call(struct godpdk_fast_call *c)
{
	int32_t ret;

	godpdk_fast_args = (void *const volatile *)c;
	ret = c->fn(c->arg);
	godpdk_fast_args = NULL;
	return ret;
}

/* The stack pointer of the caller of the assembly. */
static uintptr_t
top(void *const volatile *args)
{
#if defined(__aarch64__)
	return (uintptr_t)(args - 1);
#else
	return (uintptr_t)args;
#endif
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

/* Makes the thread continue as if the caller of the assembly had called abort_in_go instead.
 * Go's prologue and direct_*.s determine where the saved registers are. */
static void
leave(ucontext_t *uc, uintptr_t top)
{
#if defined(__x86_64__)
	uc->uc_mcontext.gregs[REG_RSP] = top - sizeof(uintptr_t); /* the return address */
	uc->uc_mcontext.gregs[REG_RBP] = *(uintptr_t *)(top - 2 * sizeof(uintptr_t));
	uc->uc_mcontext.gregs[REG_RIP] = abort_in_go;
#elif defined(__aarch64__)
	const uintptr_t *frame = *(uintptr_t **)(top - sizeof(uintptr_t)); /* Go's stack pointer in it */

	uc->uc_mcontext.sp = top;
	uc->uc_mcontext.regs[30] = frame[0];
	uc->uc_mcontext.regs[29] = frame[-1];
	uc->uc_mcontext.regs[28] = frame[1]; /* g */
	uc->uc_mcontext.pc = abort_in_go;
#else
	(void)uc;
	(void)top;
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

/* Writes the signal, the function with its library, and the driver. */
static void
report(int sig, const siginfo_t *info, uintptr_t pc, void *const volatile *args)
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
	godpdk_eth_blame((const void *)args, burst, sizeof(burst));
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
	void *const volatile *args = godpdk_fast_args;
	ucontext_t *uc = context;
	uintptr_t sp = stack_pointer(uc);
	/* abort() sends SIGABRT to its own thread; other senders address the process. */
	int own = info->si_code > 0 || (sig == SIGABRT && info->si_code == SI_TKILL && info->si_pid == getpid());

	/* Go's handlers, which may interrupt C, have another stack. */
	if (args == NULL || !own || sp > top(args) || top(args) - sp > FRAME) {
		others[sig].sa_sigaction(sig, info, context);
		return;
	}
	godpdk_fast_args = NULL;
	report(sig, info, program_counter(uc), args);
	leave(uc, top(args));
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
