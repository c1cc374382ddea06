//go:build linux

package twin

/*
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

struct twin_fault {
	int sig;
	const volatile int32_t *address; // to be read
	volatile int zero;
};

static __attribute__((noinline)) int32_t
twin_fault_in(struct twin_fault *f, int depth)
{
	volatile char frame[512]; // frames of callers that Go cannot unwind

	frame[depth] = 1;
	if (depth > 0)
		return twin_fault_in(f, depth - 1) + frame[depth];
	switch (f->sig) {
	case SIGABRT:
		abort();
	case SIGFPE:
		return 1 % f->zero; // on amd64
	case SIGILL:
		__builtin_trap();
	}
	return *f->address;
}

static int32_t
twin_fault(void *arg)
{
	return twin_fault_in(arg, 8);
}

static inline void *twin_fault_address(void) { return (void *)twin_fault; }
*/
import "C"

import "unsafe"

// FaultArg is struct twin_fault: the kind of fault.
type FaultArg struct {
	Sig     int32
	_       int32
	Address unsafe.Pointer
	Zero    int32
	_       int32
}

// FaultAddress is the address of the C function int32_t f(void *) that faults as its FaultArg specifies.
var FaultAddress = C.twin_fault_address()
