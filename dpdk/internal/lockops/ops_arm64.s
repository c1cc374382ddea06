//go:build !purego && !race

#include "textflag.h"

// Barriers: ISHLD orders earlier loads before all that follows, ISH everything.
#define ISHLD $0x9
#define ISH   $0xb

// COPY moves R3 words of 4 bytes from R2 to R1. At less R3 is 4 too little, which
// leaves its two lowest bits alone.
#define COPY \
	SUBS $4, R3 \
	BLT  less \
four: \
	LDP.P 16(R2), (R4, R5) \
	STP.P (R4, R5), 16(R1) \
	SUBS $4, R3 \
	BGE  four \
less: \
	TBZ  $1, R3, one \
	MOVD.P 8(R2), R4 \
	MOVD.P R4, 8(R1) \
one: \
	TBZ  $0, R3, copied \
	MOVWU (R2), R4 \
	MOVW R4, (R1) \
copied:

// func Pause(n int)
TEXT ·Pause(SB), NOSPLIT, $0-8
	MOVD n+0(FP), R0
again:
	YIELD
	SUBS $1, R0
	BGT  again
	RET

// func StoreFence64(p *uint64, v uint64)
TEXT ·StoreFence64(SB), NOSPLIT, $0-16
	MOVD p+0(FP), R0
	MOVD v+8(FP), R1
	MOVD R1, (R0)
	DMB  ISH
	RET

// func Add16(p *uint16, d uint16) (was uint16)
TEXT ·Add16(SB), NOSPLIT, $0-18
	MOVD  p+0(FP), R0
	MOVHU d+8(FP), R1
again:
	LDAXRH (R0), R2
	ADD    R1, R2, R3
	STLXRH R3, (R0), R4
	CBNZ   R4, again
	MOVH   R2, was+16(FP)
	RET

// func Join16(in *uint16, d uint16, out *uint16) (was uint16, first bool)
TEXT ·Join16(SB), NOSPLIT, $0-27
	MOVD  in+0(FP), R0
	MOVHU d+8(FP), R1
	MOVD  out+16(FP), R5
again:
	LDAXRH (R0), R2
	ADD    R1, R2, R3
	STLXRH R3, (R0), R4
	CBNZ   R4, again
	LDARH  (R5), R6
	CMPW   R2, R6
	CSET   EQ, R7
	MOVH   R2, was+24(FP)
	MOVB   R7, first+26(FP)
	RET

// func And16(p *uint16, mask uint16)
TEXT ·And16(SB), NOSPLIT, $0-10
	MOVD  p+0(FP), R0
	MOVHU mask+8(FP), R1
again:
	LDAXRH (R0), R2
	AND    R1, R2, R3
	STLXRH R3, (R0), R4
	CBNZ   R4, again
	RET

// func CompareAndSwap16(p *uint16, old, new uint16) bool
TEXT ·CompareAndSwap16(SB), NOSPLIT, $0-17
	MOVD  p+0(FP), R0
	MOVHU old+8(FP), R1
	MOVHU new+10(FP), R2
again:
	LDAXRH (R0), R3
	CMPW   R1, R3
	BNE    other
	STLXRH R2, (R0), R4
	CBNZ   R4, again
other:
	CSET EQ, R0
	MOVB R0, ret+16(FP)
	RET

// func Release16(p *uint16)
TEXT ·Release16(SB), NOSPLIT, $0-8
	MOVD  p+0(FP), R0
	MOVHU (R0), R1
	ADD   $1, R1
	STLRH R1, (R0)
	RET

// func SeqBegin(sn *uint32)
TEXT ·SeqBegin(SB), NOSPLIT, $0-8
	MOVD  sn+0(FP), R0
	MOVWU (R0), R6
	ADDW  $1, R6
	MOVW  R6, (R0)
	DMB   ISH
	RET

// func SeqWrite(sn *uint32, dst, src unsafe.Pointer, n int)
TEXT ·SeqWrite(SB), NOSPLIT, $0-32
	MOVD  sn+0(FP), R0
	MOVD  dst+8(FP), R1
	MOVD  src+16(FP), R2
	MOVD  n+24(FP), R3
	MOVWU (R0), R6
	ADDW  $1, R6
	MOVW  R6, (R0)
	DMB   ISH
	COPY
	ADDW  $1, R6
	STLRW R6, (R0)
	RET

// func seqRead(sn *uint32, dst, src unsafe.Pointer, n int) bool
TEXT ·seqRead(SB), NOSPLIT, $0-33
	MOVD  sn+0(FP), R0
	MOVD  dst+8(FP), R1
	MOVD  src+16(FP), R2
	MOVD  n+24(FP), R3
	LDARW (R0), R6
	TBNZ  $0, R6, odd
	COPY
	DMB   ISHLD
	MOVWU (R0), R7
	CMPW  R6, R7
	CSET  EQ, R8
	MOVB  R8, ret+32(FP)
	RET
odd:
	MOVB ZR, ret+32(FP)
	RET

// func ThreadWord(offset int) int32
TEXT ·ThreadWord(SB), NOSPLIT, $0-12
	MOVD offset+0(FP), R0
	MRS  TPIDR_EL0, R1
	MOVW (R1)(R0), R2
	MOVW R2, ret+8(FP)
	RET
