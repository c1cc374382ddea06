//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "ring_arm64.h"

// func Enqueue(r *Ring, objs unsafe.Pointer, n int, way Way) Moved
TEXT ·Enqueue(SB), NOSPLIT, $0-40
	MOVD r+0(FP), R0
	MOVWU Ring_ProdSync(R0), R6
	CMPW $const_Single, R6
	BNE  other
	ENQUEUE_BY(RESERVE_SINGLE, PUBLISH_SINGLE)
other:
	BHI  more
	B    ·enqueueMulti(SB)
more:
	CMPW $const_RTS, R6
	BNE  hts
	B    ·enqueueRTS(SB)
hts:
	B    ·enqueueHTS(SB)

// func Dequeue(r *Ring, objs unsafe.Pointer, n int, way Way) Moved
TEXT ·Dequeue(SB), NOSPLIT, $0-40
	MOVD r+0(FP), R0
	MOVWU Ring_ConsSync(R0), R6
	CMPW $const_Single, R6
	BNE  other
	DEQUEUE_BY(RESERVE_SINGLE, PUBLISH_SINGLE)
other:
	BHI  more
	B    ·dequeueMulti(SB)
more:
	CMPW $const_RTS, R6
	BNE  hts
	B    ·dequeueRTS(SB)
hts:
	B    ·dequeueHTS(SB)

// func enqueueMulti(r *Ring, objs unsafe.Pointer, n int, way Way) Moved
TEXT ·enqueueMulti(SB), NOSPLIT, $0-40
	ENQUEUE_BY(RESERVE_MULTI, PUBLISH_ALONE)
	BARRED(·enqueueWait)

// func dequeueMulti(r *Ring, objs unsafe.Pointer, n int, way Way) Moved
TEXT ·dequeueMulti(SB), NOSPLIT, $0-40
	DEQUEUE_BY(RESERVE_MULTI, PUBLISH_ALONE)
	BARRED(·dequeueWait)

// func enqueueRTS(r *Ring, objs unsafe.Pointer, n int, way Way) Moved
TEXT ·enqueueRTS(SB), NOSPLIT, $0-40
	ENQUEUE_BY(RESERVE_RTS, PUBLISH_RTS)
	BARRED(·enqueueWait)

// func dequeueRTS(r *Ring, objs unsafe.Pointer, n int, way Way) Moved
TEXT ·dequeueRTS(SB), NOSPLIT, $0-40
	DEQUEUE_BY(RESERVE_RTS, PUBLISH_RTS)
	BARRED(·dequeueWait)

// func enqueueHTS(r *Ring, objs unsafe.Pointer, n int, way Way) Moved
TEXT ·enqueueHTS(SB), NOSPLIT, $0-40
	ENQUEUE_BY(RESERVE_HTS, PUBLISH_ALONE)
	BARRED(·enqueueWait)

// func dequeueHTS(r *Ring, objs unsafe.Pointer, n int, way Way) Moved
TEXT ·dequeueHTS(SB), NOSPLIT, $0-40
	DEQUEUE_BY(RESERVE_HTS, PUBLISH_ALONE)
	BARRED(·dequeueWait)
