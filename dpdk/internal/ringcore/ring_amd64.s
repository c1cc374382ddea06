//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "ring_amd64.h"

// func Enqueue(r *Ring, objs unsafe.Pointer, n int, way Way) Moved
TEXT ·Enqueue(SB), NOSPLIT, $0-40
	MOVQ r+0(FP), BX
	CMPL Ring_ProdSync(BX), $const_Single
	JNE  other
	ENQUEUE_BY(RESERVE_SINGLE, PUBLISH_SINGLE)
other:
	JHI  more
	JMP  ·enqueueMulti(SB)
more:
	CMPL Ring_ProdSync(BX), $const_RTS
	JNE  hts
	JMP  ·enqueueRTS(SB)
hts:
	JMP  ·enqueueHTS(SB)

// func Dequeue(r *Ring, objs unsafe.Pointer, n int, way Way) Moved
TEXT ·Dequeue(SB), NOSPLIT, $0-40
	MOVQ r+0(FP), BX
	CMPL Ring_ConsSync(BX), $const_Single
	JNE  other
	DEQUEUE_BY(RESERVE_SINGLE, PUBLISH_SINGLE)
other:
	JHI  more
	JMP  ·dequeueMulti(SB)
more:
	CMPL Ring_ConsSync(BX), $const_RTS
	JNE  hts
	JMP  ·dequeueRTS(SB)
hts:
	JMP  ·dequeueHTS(SB)

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
