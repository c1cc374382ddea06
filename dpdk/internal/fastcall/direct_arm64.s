//go:build go1.26 && !go1.27 && linux && !race && !msan && !asan && !godpdk_cgo && !purego

#include "funcdata.h"
#include "go_asm.h"
#include "textflag.h"

// func Call(fn, arg unsafe.Pointer) int32
//
// C is to have the frame below it, so it is called with the stack pointer at the
// frame's top. C preserves R19, R28 (g) and R29; the prologue has saved LR and R29. Its arguments
// include the begin and end of the frame, for a fault, and g is in the frame: see godpdk_fastcall.h.
TEXT ·Call(SB), 0, $65536-20 // StackSize
	NO_LOCAL_POINTERS
	MOVD ·through(SB), R9
	MOVD fn+0(FP), R1
	MOVD arg+8(FP), R0
	MOVD RSP, R2
	MOVD $fn-8(FP), R3
	MOVD g, 8(RSP)
	MOVD RSP, R19
	MOVD $(const_StackSize-32), R10
	ADD  R19, R10
	AND  $~15, R10
	MOVD R10, RSP
	BL   (R9)
	MOVD R19, RSP
	MOVW R0, ret+16(FP)
	RET

// func aborts() uintptr
TEXT ·aborts(SB), NOSPLIT, $0-8
	MOVD $abort<>(SB), R0
	MOVD R0, ret+0(FP)
	RET

// abort ends the process.
TEXT abort<>(SB), NOSPLIT, $0-0
	CALL runtime·abort(SB)
	RET
