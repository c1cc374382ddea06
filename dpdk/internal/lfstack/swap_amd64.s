//go:build !purego && !race

#include "textflag.h"

// func swap(l *list, top unsafe.Pointer, changes uint64, next unsafe.Pointer) bool
TEXT ·swap(SB), NOSPLIT, $0-33
	MOVQ l+0(FP), R8
	MOVQ top+8(FP), AX
	MOVQ changes+16(FP), DX
	MOVQ next+24(FP), BX
	MOVQ DX, CX
	INCQ CX
	LOCK
	CMPXCHG16B (R8)
	SETEQ ret+32(FP)
	RET
