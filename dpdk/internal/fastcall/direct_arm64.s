//go:build go1.26 && !go1.27 && linux && !race && !msan && !asan && !godpdk_cgo && !purego

#include "funcdata.h"
#include "go_asm.h"
#include "textflag.h"

// ENTER calls the C function in R9 with the address of the arguments. C has the frame below it,
// so it is called with the stack pointer at the frame's top. C preserves R19, R28 (g) and R29;
// the prologue has saved LR and R29. For a fault, g and the stack pointer are in the frame: see
// leave in cgo/fastcall.c.
#define ENTER \
	NO_LOCAL_POINTERS               \
	MOVD $fn-8(FP), R3              \
	MOVD RSP, R19                   \
	MOVD g, 8(RSP)                  \
	MOVD R19, -8(R3)                \
	ADD  $8, R3, R0                 \
	MOVD $(const_StackSize-32), R10 \
	ADD  R19, R10                   \
	AND  $~15, R10                  \
	MOVD R10, RSP                   \
	BL   (R9)                       \
	MOVD R19, RSP

// func Call(fn, arg unsafe.Pointer) int32
TEXT ·Call(SB), 0, $65536-20 // StackSize
	MOVD ·through(SB), R9
	ENTER
	MOVW R0, ret+16(FP)
	RET

// func Burst(fn unsafe.Pointer, queue *cgo.EthQueue, pkts unsafe.Pointer, n int) int
TEXT ·Burst(SB), 0, $65536-40
	MOVD fn+0(FP), R9
	ENTER
	MOVD R0, ret+32(FP)
	RET

// func Exchange(fn unsafe.Pointer, tx *cgo.EthQueue, out unsafe.Pointer, nOut int, rx *cgo.EthQueue, in unsafe.Pointer, nIn, drop int) int
TEXT ·Exchange(SB), 0, $65536-72
	MOVD fn+0(FP), R9
	ENTER
	MOVD R0, ret+64(FP)
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
