//go:build !purego && !race

#include "textflag.h"

// amd64 keeps the order of loads and the order of stores, and no store passes an
// earlier load. So each plain load is an acquire, each plain store a release.

// COPY moves CX words of 4 bytes from SI to DI. At less CX is 4 too little, which
// leaves its two lowest bits alone.
#define COPY \
	SUBQ  $16, CX \
	JLT   few \
sixteen: \
	MOVOU (SI), X0 \
	MOVOU 16(SI), X1 \
	MOVOU 32(SI), X2 \
	MOVOU 48(SI), X3 \
	MOVOU X0, (DI) \
	MOVOU X1, 16(DI) \
	MOVOU X2, 32(DI) \
	MOVOU X3, 48(DI) \
	ADDQ  $64, SI \
	ADDQ  $64, DI \
	SUBQ  $16, CX \
	JGE   sixteen \
few: \
	ADDQ  $12, CX \
	JLT   less \
four: \
	MOVOU (SI), X0 \
	MOVOU X0, (DI) \
	ADDQ  $16, SI \
	ADDQ  $16, DI \
	SUBQ  $4, CX \
	JGE   four \
less: \
	TESTQ $2, CX \
	JEQ   one \
	MOVQ  (SI), AX \
	MOVQ  AX, (DI) \
	ADDQ  $8, SI \
	ADDQ  $8, DI \
one: \
	TESTQ $1, CX \
	JEQ   copied \
	MOVL  (SI), AX \
	MOVL  AX, (DI) \
copied:

// func Pause(n int)
TEXT ·Pause(SB), NOSPLIT, $0-8
	MOVQ n+0(FP), CX
again:
	PAUSE
	DECQ CX
	JGT  again
	RET

// func StoreFence64(p *uint64, v uint64)
TEXT ·StoreFence64(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), BX
	MOVQ v+8(FP), AX
	XCHGQ AX, (BX)
	RET

// func Add16(p *uint16, d uint16) (was uint16)
TEXT ·Add16(SB), NOSPLIT, $0-18
	MOVQ p+0(FP), BX
	MOVW d+8(FP), AX
	LOCK
	XADDW AX, (BX)
	MOVW AX, was+16(FP)
	RET

// func Join16(in *uint16, d uint16, out *uint16) (was uint16, first bool)
TEXT ·Join16(SB), NOSPLIT, $0-27
	MOVQ in+0(FP), BX
	MOVW d+8(FP), AX
	MOVQ out+16(FP), CX
	LOCK
	XADDW AX, (BX)
	CMPW AX, (CX) // no more than the 16 bits: the rest has just been written
	SETEQ first+26(FP)
	MOVW AX, was+24(FP)
	RET

// func And16(p *uint16, mask uint16)
TEXT ·And16(SB), NOSPLIT, $0-10
	MOVQ p+0(FP), BX
	MOVW mask+8(FP), AX
	LOCK
	ANDW AX, (BX)
	RET

// func CompareAndSwap16(p *uint16, old, new uint16) bool
TEXT ·CompareAndSwap16(SB), NOSPLIT, $0-17
	MOVQ p+0(FP), BX
	MOVW old+8(FP), AX
	MOVW new+10(FP), CX
	LOCK
	CMPXCHGW CX, (BX)
	SETEQ ret+16(FP)
	RET

// func SeqWrite(sn *uint32, dst, src unsafe.Pointer, n int)
TEXT ·SeqWrite(SB), NOSPLIT, $0-32
	MOVQ sn+0(FP), BX
	MOVQ dst+8(FP), DI
	MOVQ src+16(FP), SI
	MOVQ n+24(FP), CX
	INCL (BX)
	COPY
	INCL (BX)
	RET

// func ThreadWord(offset int) int32
TEXT ·ThreadWord(SB), NOSPLIT, $0-12
	MOVQ offset+0(FP), CX
	MOVQ 0(FS), AX // the System V ABI has the thread pointer here
	MOVL (AX)(CX*1), AX
	MOVL AX, ret+8(FP)
	RET
