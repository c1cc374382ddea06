//go:build !purego

#include "textflag.h"

// CRC adds the CX bytes at SI to the CRC in AX, and moves SI behind them. After
// the 8-byte words, CX is the rest minus 8, so its lowest three bits are those of the length.
#define CRC(blocks, few, words, tail, two, one, done) \
	SUBQ   $32, CX       \
	JLT    few           \
blocks:                      \
	CRC32Q (SI), AX      \
	CRC32Q 8(SI), AX     \
	CRC32Q 16(SI), AX    \
	CRC32Q 24(SI), AX    \
	ADDQ   $32, SI       \
	SUBQ   $32, CX       \
	JGE    blocks        \
few:                         \
	ADDQ   $24, CX       \
	JLT    tail          \
words:                       \
	CRC32Q (SI), AX      \
	ADDQ   $8, SI        \
	SUBQ   $8, CX        \
	JGE    words         \
tail:                        \
	CMPQ   CX, $-8       \
	JEQ    done          \
	TESTQ  $4, CX        \
	JEQ    two           \
	CRC32L (SI), AX      \
	ADDQ   $4, SI        \
two:                         \
	TESTQ  $2, CX        \
	JEQ    one           \
	CRC32W (SI), AX      \
	ADDQ   $2, SI        \
one:                         \
	TESTQ  $1, CX        \
	JEQ    done          \
	CRC32B (SI), AX      \
	ADDQ   $1, SI        \
done:

// func crc32c(key []byte, init uint32) uint32
TEXT ·crc32c(SB), NOSPLIT, $0-36
	MOVQ key_base+0(FP), SI
	MOVQ key_len+8(FP), CX
	MOVL init+24(FP), AX
	CRC(blocks, few, words, tail, two, one, done)
	MOVL AX, ret+32(FP)
	RET

// func crc32cEach(out []uint32, keys []byte, size int, init uint32)
TEXT ·crc32cEach(SB), NOSPLIT, $0-60
	MOVQ out_base+0(FP), DI
	MOVQ out_len+8(FP), DX
	MOVQ keys_base+24(FP), SI
	MOVQ size+48(FP), R8
	MOVL init+56(FP), R9
	LEAQ (DI)(DX*4), DX
	CMPQ R8, $4
	JEQ  test4
	CMPQ R8, $8
	JEQ  test8
	CMPQ R8, $16
	JEQ  test16
	JMP  test

	// The sizes of most keys have loops of their own.

next4:
	MOVL   R9, AX
	CRC32L (SI), AX
	MOVL   AX, (DI)
	ADDQ   $4, SI
	ADDQ   $4, DI

test4:
	CMPQ DI, DX
	JNE  next4
	RET

next8:
	MOVL   R9, AX
	CRC32Q (SI), AX
	MOVL   AX, (DI)
	ADDQ   $8, SI
	ADDQ   $4, DI

test8:
	CMPQ DI, DX
	JNE  next8
	RET

next16:
	MOVL   R9, AX
	CRC32Q (SI), AX
	CRC32Q 8(SI), AX
	MOVL   AX, (DI)
	ADDQ   $16, SI
	ADDQ   $4, DI

test16:
	CMPQ DI, DX
	JNE  next16
	RET

next:
	MOVL R9, AX
	MOVQ R8, CX
	CRC(blocks, few, words, tail, two, one, done)
	MOVL AX, (DI)
	ADDQ $4, DI

test:
	CMPQ DI, DX
	JNE  next
	RET
