//go:build !purego && !race

#include "textflag.h"

// func swap(w *word, value, mark, next, nextMark uint64) bool
TEXT ·swap(SB), NOSPLIT, $0-41
	MOVQ w+0(FP), R8
	MOVQ value+8(FP), AX
	MOVQ mark+16(FP), DX
	MOVQ next+24(FP), BX
	MOVQ nextMark+32(FP), CX
	LOCK
	CMPXCHG16B (R8)
	SETEQ ret+40(FP)
	RET
