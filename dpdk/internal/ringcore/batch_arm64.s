//go:build !purego

#define RECORDED

#include "textflag.h"
#include "go_asm.h"
#include "ring_arm64.h"

// func EnqueueBatch(r *Ring, rec *Record, n int, way Way) Moved
TEXT ·EnqueueBatch(SB), NOSPLIT, $0-40
	MOVD r+0(FP), R0
	MOVWU Ring_ProdSync(R0), R6
	CMPW $const_Single, R6
	BNE  other
	ENQUEUE_BY(RESERVE_SINGLE, PUBLISH_SINGLE)
other:
	BHI  more
	B    ·enqueueMultiBatch(SB)
more:
	CMPW $const_RTS, R6
	BNE  hts
	B    ·enqueueRTSBatch(SB)
hts:
	B    ·enqueueHTSBatch(SB)

// func DequeueBatch(r *Ring, rec *Record, n int, way Way) Moved
TEXT ·DequeueBatch(SB), NOSPLIT, $0-40
	MOVD r+0(FP), R0
	MOVWU Ring_ConsSync(R0), R6
	CMPW $const_Single, R6
	BNE  other
	DEQUEUE_BY(RESERVE_SINGLE, PUBLISH_SINGLE)
other:
	BHI  more
	B    ·dequeueMultiBatch(SB)
more:
	CMPW $const_RTS, R6
	BNE  hts
	B    ·dequeueRTSBatch(SB)
hts:
	B    ·dequeueHTSBatch(SB)

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
