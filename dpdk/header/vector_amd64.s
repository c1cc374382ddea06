//go:build !purego

#include "textflag.h"

// 16 words of 0x8000.
DATA signs<>+0(SB)/8, $0x8000800080008000
DATA signs<>+8(SB)/8, $0x8000800080008000
DATA signs<>+16(SB)/8, $0x8000800080008000
DATA signs<>+24(SB)/8, $0x8000800080008000
GLOBL signs<>(SB), RODATA|NOPTR, $32

// The 32 bytes at offset n keep the last n bytes of a vector.
DATA keep<>+0(SB)/8, $0
DATA keep<>+8(SB)/8, $0
DATA keep<>+16(SB)/8, $0
DATA keep<>+24(SB)/8, $0
DATA keep<>+32(SB)/8, $-1
DATA keep<>+40(SB)/8, $-1
DATA keep<>+48(SB)/8, $-1
DATA keep<>+56(SB)/8, $-1
GLOBL keep<>(SB), RODATA|NOPTR, $64

// func sumAVX2(p *byte, n int) int64
//
// VPMADDWD adds pairs of signed words to 32-bit lanes. Words are unsigned, so the sign bit is
// flipped: that subtracts 0x8000 from each.
TEXT ·sumAVX2(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	VMOVDQU signs<>(SB), Y7
	VPCMPEQD Y6, Y6, Y6
	VPSRLW $15, Y6, Y6           // 16 words of 1
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y8, Y8, Y8
	VPXOR Y9, Y9, Y9
	LEAQ (SI)(CX*1), DI          // the end
	SUBQ $128, CX
	JLT  few
blocks:
	VPXOR (SI), Y7, Y2
	VPXOR 32(SI), Y7, Y3
	VPXOR 64(SI), Y7, Y4
	VPXOR 96(SI), Y7, Y5
	VPMADDWD Y6, Y2, Y2
	VPMADDWD Y6, Y3, Y3
	VPMADDWD Y6, Y4, Y4
	VPMADDWD Y6, Y5, Y5
	VPADDD Y2, Y0, Y0
	VPADDD Y3, Y1, Y1
	VPADDD Y4, Y8, Y8
	VPADDD Y5, Y9, Y9
	ADDQ $128, SI
	SUBQ $128, CX
	JGE  blocks
few:
	ADDQ $96, CX                 // the rest - 32
	JLT  tail
vectors:
	VPXOR (SI), Y7, Y2
	VPMADDWD Y6, Y2, Y2
	VPADDD Y2, Y0, Y0
	ADDQ $32, SI
	SUBQ $32, CX
	JGE  vectors
tail:
	ADDQ $32, CX
	JEQ  add
	LEAQ keep<>(SB), DX          // the last 32 bytes, without those that were added already
	VPXOR -32(DI), Y7, Y2
	VPAND (DX)(CX*1), Y2, Y2
	VPMADDWD Y6, Y2, Y2
	VPADDD Y2, Y1, Y1
add:
	VPADDD Y8, Y0, Y0
	VPADDD Y9, Y1, Y1
	VPADDD Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDD X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPADDD X1, X0, X0
	VPSHUFD $0xb1, X0, X1
	VPADDD X1, X0, X0
	VMOVD X0, AX
	VZEROUPPER
	MOVLQSX AX, AX
	MOVQ AX, ret+16(FP)
	RET
