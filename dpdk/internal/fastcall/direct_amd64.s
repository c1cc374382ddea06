//go:build go1.26 && !go1.27 && linux && !race && !msan && !asan && !godpdk_cgo && !purego

#include "funcdata.h"
#include "go_asm.h"
#include "textflag.h"

// func Call(fn, arg unsafe.Pointer) int32
//
// C is to have the frame below it, so it is called with the stack pointer at the
// frame's top, aligned as the System V ABI requires. C preserves R12 and BP. Its arguments
// include the begin and end of the frame, for a fault: see godpdk_fastcall.h.
TEXT ·Call(SB), 0, $65536-20 // StackSize
	NO_LOCAL_POINTERS
	MOVQ ·through(SB), AX
	MOVQ fn+0(FP), SI
	MOVQ arg+8(FP), DI
	MOVQ SP, DX
	LEAQ fn+0(FP), CX
	MOVQ SP, R12
	ADDQ $(const_StackSize-16), SP
	ANDQ $~15, SP
	CALL AX
	MOVQ R12, SP
	MOVL AX, ret+16(FP)
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
