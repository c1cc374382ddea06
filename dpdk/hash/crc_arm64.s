//go:build !purego

#include "textflag.h"

// CRC adds the R1 bytes at R0 to the CRC in R2, and moves R0 behind them. After the 8-byte words, R1 is the rest minus 8,
// so its lowest three bits are those of the length.
#define CRC(words, tail, two, one, done) \
	SUBS    $8, R1       \
	BLT     tail         \
words:                   \
	MOVD.P  8(R0), R3    \
	CRC32CX R3, R2       \
	SUBS    $8, R1       \
	BGE     words        \
tail:                    \
	TBZ     $2, R1, two  \
	MOVWU.P 4(R0), R3    \
	CRC32CW R3, R2       \
two:                     \
	TBZ     $1, R1, one  \
	MOVHU.P 2(R0), R3    \
	CRC32CH R3, R2       \
one:                     \
	TBZ     $0, R1, done \
	MOVBU.P 1(R0), R3    \
	CRC32CB R3, R2       \
done:

// func crc32c(key []byte, init uint32) uint32
TEXT ·crc32c(SB), NOSPLIT, $0-36
	MOVD  key_base+0(FP), R0
	MOVD  key_len+8(FP), R1
	MOVWU init+24(FP), R2
	CRC(words, tail, two, one, done)
	MOVW  R2, ret+32(FP)
	RET

// func crc32cEach(out []uint32, keys []byte, size int, init uint32)
TEXT ·crc32cEach(SB), NOSPLIT, $0-60
	MOVD  out_base+0(FP), R4
	MOVD  out_len+8(FP), R5
	MOVD  keys_base+24(FP), R0
	MOVD  size+48(FP), R6
	MOVWU init+56(FP), R7
	CBZ   R5, end

next:
	MOVW   R7, R2
	MOVD   R6, R1
	CRC(words, tail, two, one, done)
	MOVW.P R2, 4(R4)
	SUBS   $1, R5
	BNE    next

end:
	RET
