//go:build go1.26 && !go1.27 && linux && !race && !msan && !asan && !godpdk_cgo && !purego

#include "funcdata.h"
#include "go_asm.h"
#include "textflag.h"

// ENTER calls the C function in AX with the address of the arguments. C has the frame below it,
// so it is called with the stack pointer at the frame's top, aligned as the System V ABI
// requires. C preserves BP, which points there.
#define ENTER \
	NO_LOCAL_POINTERS          \
	LEAQ fn+0(FP), DI          \
	MOVQ BP, SP                \
	ANDQ $~15, SP              \
	CALL AX                    \
	LEAQ -const_StackSize(BP), SP

// func Call(fn, arg unsafe.Pointer) int32
TEXT ·Call(SB), 0, $65536-20 // StackSize
	MOVQ ·through(SB), AX
	ENTER
	MOVL AX, ret+16(FP)
	RET

// func Burst(fn unsafe.Pointer, queue *cgo.EthQueue, pkts unsafe.Pointer, n int) int
TEXT ·Burst(SB), 0, $65536-40
	MOVQ fn+0(FP), AX
	ENTER
	MOVQ AX, ret+32(FP)
	RET

// func Exchange(fn unsafe.Pointer, tx *cgo.EthQueue, out unsafe.Pointer, nOut int, rx *cgo.EthQueue, in unsafe.Pointer, nIn, drop int) int
TEXT ·Exchange(SB), 0, $65536-72
	MOVQ fn+0(FP), AX
	ENTER
	MOVQ AX, ret+64(FP)
	RET

// func aborts() uintptr
TEXT ·aborts(SB), NOSPLIT, $0-8
	LEAQ abort<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// abort ends the process.
TEXT abort<>(SB), NOSPLIT, $0-0
	CALL runtime·abort(SB)
	RET
