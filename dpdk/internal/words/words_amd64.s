//go:build !purego && !race

#include "textflag.h"

// Both copy 16 words per round, and the remaining words by the bits of their number: 32 bytes
// at a time on CPUs with AVX2, otherwise 16.

// func Push(dst, src unsafe.Pointer, n int)
TEXT ·Push(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	CMPQ CX, $4
	JLT  few
	CMPB ·useAVX2(SB), $1
	JNE  sse
	SUBQ $16, CX
	JLT  less
sixteen:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VMOVDQU 64(SI), Y2
	VMOVDQU 96(SI), Y3
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	VMOVDQU Y2, 64(DI)
	VMOVDQU Y3, 96(DI)
	ADDQ $128, SI
	ADDQ $128, DI
	SUBQ $16, CX
	JGE  sixteen
less:
	TESTQ $8, CX // CX is 16 too small, which does not change these bits
	JEQ  four
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	ADDQ $64, SI
	ADDQ $64, DI
four:
	TESTQ $4, CX
	JEQ  clean
	VMOVDQU (SI), Y0
	VMOVDQU Y0, (DI)
	ADDQ $32, SI
	ADDQ $32, DI
clean:
	VZEROUPPER
few:
	TESTQ $2, CX
	JEQ  one
	MOVOU (SI), X0
	MOVOU X0, (DI)
	ADDQ $16, SI
	ADDQ $16, DI
one:
	TESTQ $1, CX
	JEQ  done
	MOVQ (SI), AX
	MOVQ AX, (DI)
done:
	RET
sse:
	MOVOU (SI), X0
	MOVOU 16(SI), X1
	MOVOU X0, (DI)
	MOVOU X1, 16(DI)
	ADDQ $32, SI
	ADDQ $32, DI
	SUBQ $4, CX
	CMPQ CX, $4
	JGE  sse
	JMP  few

// func Pop(dst, top unsafe.Pointer, n int)
TEXT ·Pop(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ top+8(FP), SI
	MOVQ n+16(FP), CX
	CMPQ CX, $4
	JLT  few
	CMPB ·useAVX2(SB), $1
	JNE  sse
	SUBQ $16, CX
	JLT  less
sixteen:
	VPERMQ $0x1b, -32(SI), Y0
	VPERMQ $0x1b, -64(SI), Y1
	VPERMQ $0x1b, -96(SI), Y2
	VPERMQ $0x1b, -128(SI), Y3
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	VMOVDQU Y2, 64(DI)
	VMOVDQU Y3, 96(DI)
	SUBQ $128, SI
	ADDQ $128, DI
	SUBQ $16, CX
	JGE  sixteen
less:
	TESTQ $8, CX
	JEQ  four
	VPERMQ $0x1b, -32(SI), Y0
	VPERMQ $0x1b, -64(SI), Y1
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	SUBQ $64, SI
	ADDQ $64, DI
four:
	TESTQ $4, CX
	JEQ  clean
	VPERMQ $0x1b, -32(SI), Y0
	VMOVDQU Y0, (DI)
	SUBQ $32, SI
	ADDQ $32, DI
clean:
	VZEROUPPER
few:
	TESTQ $2, CX
	JEQ  one
	MOVOU -16(SI), X0
	PSHUFD $0x4e, X0, X0
	MOVOU X0, (DI)
	SUBQ $16, SI
	ADDQ $16, DI
one:
	TESTQ $1, CX
	JEQ  done
	MOVQ -8(SI), AX
	MOVQ AX, (DI)
done:
	RET
sse:
	MOVOU -16(SI), X0
	MOVOU -32(SI), X1
	PSHUFD $0x4e, X0, X0
	PSHUFD $0x4e, X1, X1
	MOVOU X0, (DI)
	MOVOU X1, 16(DI)
	SUBQ $32, SI
	ADDQ $32, DI
	SUBQ $4, CX
	CMPQ CX, $4
	JGE  sse
	JMP  few
