//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "ring_arm64.h"

// func Enqueue(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·Enqueue(SB), NOSPLIT, $0-40
	ENTER
	ENQUEUE
	MOVWU Ring_ProdSync(R0), R6
	CMPW  $const_Single, R6
	BNE   other
	RESERVE_SINGLE(ROOM_ENQUEUE)
	PLACE(R8, R7)
	COPY
	PUBLISH_SINGLE
	COLD_ENQUEUE
	RECORDED_ENQUEUE
other:
	CMPW $const_RTS, R6
	BEQ  rts
	BHI  hts
	B    ·enqueueMulti(SB)
rts:
	B ·enqueueRTS(SB)
hts:
	B ·enqueueHTS(SB)

// func Dequeue(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·Dequeue(SB), NOSPLIT, $0-40
	ENTER
	DEQUEUE
	MOVWU Ring_ConsSync(R0), R6
	CMPW  $const_Single, R6
	BNE   other
	RESERVE_SINGLE(ROOM_DEQUEUE)
	PLACE(R7, R8)
	COPY
	PUBLISH_SINGLE
	COLD_DEQUEUE
	RECORDED_DEQUEUE
other:
	CMPW $const_RTS, R6
	BEQ  rts
	BHI  hts
	B    ·dequeueMulti(SB)
rts:
	B ·dequeueRTS(SB)
hts:
	B ·dequeueHTS(SB)

// func enqueueMulti(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·enqueueMulti(SB), NOSPLIT, $0-40
	ENQUEUE
	RESERVE_MULTI(ROOM_ENQUEUE)
	PLACE(R8, R7)
	COPY
	PUBLISH_ALONE
	COLD_ENQUEUE
	BARRED(·enqueueWait)

// func dequeueMulti(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·dequeueMulti(SB), NOSPLIT, $0-40
	DEQUEUE
	RESERVE_MULTI(ROOM_DEQUEUE)
	PLACE(R7, R8)
	COPY
	PUBLISH_ALONE
	COLD_DEQUEUE
	BARRED(·dequeueWait)

// func enqueueRTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·enqueueRTS(SB), NOSPLIT, $0-40
	ENQUEUE
	RESERVE_RTS(ROOM_ENQUEUE)
	PLACE(R8, R7)
	COPY
	PUBLISH_RTS
	COLD_ENQUEUE
	BARRED(·enqueueWait)

// func dequeueRTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·dequeueRTS(SB), NOSPLIT, $0-40
	DEQUEUE
	RESERVE_RTS(ROOM_DEQUEUE)
	PLACE(R7, R8)
	COPY
	PUBLISH_RTS
	COLD_DEQUEUE
	BARRED(·dequeueWait)

// func enqueueHTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·enqueueHTS(SB), NOSPLIT, $0-40
	ENQUEUE
	RESERVE_HTS(ROOM_ENQUEUE)
	PLACE(R8, R7)
	COPY
	PUBLISH_ALONE
	COLD_ENQUEUE
	BARRED(·enqueueWait)

// func dequeueHTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·dequeueHTS(SB), NOSPLIT, $0-40
	DEQUEUE
	RESERVE_HTS(ROOM_DEQUEUE)
	PLACE(R7, R8)
	COPY
	PUBLISH_ALONE
	COLD_DEQUEUE
	BARRED(·dequeueWait)
