//go:build !purego

#define RECORDED

#include "textflag.h"
#include "go_asm.h"
#include "ring_amd64.h"

// func EnqueueBatch(r *Ring, rec *Record, n int, way Way) Moved
TEXT ·EnqueueBatch(SB), NOSPLIT, $0-40
	MOVQ r+0(FP), BX
	CMPL Ring_ProdSync(BX), $const_Single
	JNE  other
	ENQUEUE_BY(RESERVE_SINGLE, PUBLISH_SINGLE)
other:
	JHI  more
	JMP  ·enqueueMultiBatch(SB)
more:
	CMPL Ring_ProdSync(BX), $const_RTS
	JNE  hts
	JMP  ·enqueueRTSBatch(SB)
hts:
	JMP  ·enqueueHTSBatch(SB)

// func DequeueBatch(r *Ring, rec *Record, n int, way Way) Moved
TEXT ·DequeueBatch(SB), NOSPLIT, $0-40
	MOVQ r+0(FP), BX
	CMPL Ring_ConsSync(BX), $const_Single
	JNE  other
	DEQUEUE_BY(RESERVE_SINGLE, PUBLISH_SINGLE)
other:
	JHI  more
	JMP  ·dequeueMultiBatch(SB)
more:
	CMPL Ring_ConsSync(BX), $const_RTS
	JNE  hts
	JMP  ·dequeueRTSBatch(SB)
hts:
	JMP  ·dequeueHTSBatch(SB)

// func enqueueMultiBatch(r *Ring, rec *Record, n int, way Way) Moved
TEXT ·enqueueMultiBatch(SB), NOSPLIT, $0-40
	ENQUEUE_BY(RESERVE_MULTI, PUBLISH_ALONE)
	BARRED(·enqueueWaitBatch)

// func dequeueMultiBatch(r *Ring, rec *Record, n int, way Way) Moved
TEXT ·dequeueMultiBatch(SB), NOSPLIT, $0-40
	DEQUEUE_BY(RESERVE_MULTI, PUBLISH_ALONE)
	BARRED(·dequeueWaitBatch)

// func enqueueRTSBatch(r *Ring, rec *Record, n int, way Way) Moved
TEXT ·enqueueRTSBatch(SB), NOSPLIT, $0-40
	ENQUEUE_BY(RESERVE_RTS, PUBLISH_RTS)
	BARRED(·enqueueWaitBatch)

// func dequeueRTSBatch(r *Ring, rec *Record, n int, way Way) Moved
TEXT ·dequeueRTSBatch(SB), NOSPLIT, $0-40
	DEQUEUE_BY(RESERVE_RTS, PUBLISH_RTS)
	BARRED(·dequeueWaitBatch)

// func enqueueHTSBatch(r *Ring, rec *Record, n int, way Way) Moved
TEXT ·enqueueHTSBatch(SB), NOSPLIT, $0-40
	ENQUEUE_BY(RESERVE_HTS, PUBLISH_ALONE)
	BARRED(·enqueueWaitBatch)

// func dequeueHTSBatch(r *Ring, rec *Record, n int, way Way) Moved
TEXT ·dequeueHTSBatch(SB), NOSPLIT, $0-40
	DEQUEUE_BY(RESERVE_HTS, PUBLISH_ALONE)
	BARRED(·dequeueWaitBatch)
