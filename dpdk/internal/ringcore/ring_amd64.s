//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "ring_amd64.h"

// func Enqueue(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·Enqueue(SB), NOSPLIT, $0-40
	ENTER
	ENQUEUE
	CMPL Ring_ProdSync(BX), $const_Single
	JNE  other
	RESERVE_SINGLE(ROOM_ENQUEUE)
	ENQUEUE_ONE
	JMP  copied
many:
	PLACE(DI, SI)
	COPY
	PUBLISH_SINGLE
	COLD_ENQUEUE
	RECORDED_ENQUEUE
other:
	CMPL Ring_ProdSync(BX), $const_RTS
	JEQ  rts
	JHI  hts
	JMP  ·enqueueMulti(SB)
rts:
	JMP  ·enqueueRTS(SB)
hts:
	JMP  ·enqueueHTS(SB)

// func Dequeue(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·Dequeue(SB), NOSPLIT, $0-40
	ENTER
	DEQUEUE
	CMPL Ring_ConsSync(BX), $const_Single
	JNE  other
	RESERVE_SINGLE(ROOM_DEQUEUE)
	DEQUEUE_ONE
	JMP  copied
many:
	PLACE(SI, DI)
	COPY
	PUBLISH_SINGLE
	COLD_DEQUEUE
	RECORDED_DEQUEUE
other:
	CMPL Ring_ConsSync(BX), $const_RTS
	JEQ  rts
	JHI  hts
	JMP  ·dequeueMulti(SB)
rts:
	JMP  ·dequeueRTS(SB)
hts:
	JMP  ·dequeueHTS(SB)

// func enqueueMulti(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·enqueueMulti(SB), NOSPLIT, $0-40
	ENQUEUE
	RESERVE_MULTI(ROOM_ENQUEUE)
	ENQUEUE_ONE
	JMP  copied
many:
	PLACE(DI, SI)
	COPY
	PUBLISH_ALONE
	COLD_ENQUEUE
	BARRED(·enqueueWait)

// func dequeueMulti(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·dequeueMulti(SB), NOSPLIT, $0-40
	DEQUEUE
	RESERVE_MULTI(ROOM_DEQUEUE)
	DEQUEUE_ONE
	JMP  copied
many:
	PLACE(SI, DI)
	COPY
	PUBLISH_ALONE
	COLD_DEQUEUE
	BARRED(·dequeueWait)

// func enqueueRTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·enqueueRTS(SB), NOSPLIT, $0-40
	ENQUEUE
	RESERVE_RTS(ROOM_ENQUEUE)
	PLACE(DI, SI)
	COPY
	PUBLISH_RTS
	COLD_ENQUEUE
	BARRED(·enqueueWait)

// func dequeueRTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·dequeueRTS(SB), NOSPLIT, $0-40
	DEQUEUE
	RESERVE_RTS(ROOM_DEQUEUE)
	PLACE(SI, DI)
	COPY
	PUBLISH_RTS
	COLD_DEQUEUE
	BARRED(·dequeueWait)

// func enqueueHTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·enqueueHTS(SB), NOSPLIT, $0-40
	ENQUEUE
	RESERVE_HTS(ROOM_ENQUEUE)
	PLACE(DI, SI)
	COPY
	PUBLISH_ALONE
	COLD_ENQUEUE
	BARRED(·enqueueWait)

// func dequeueHTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved
TEXT ·dequeueHTS(SB), NOSPLIT, $0-40
	DEQUEUE
	RESERVE_HTS(ROOM_DEQUEUE)
	PLACE(SI, DI)
	COPY
	PUBLISH_ALONE
	COLD_DEQUEUE
	BARRED(·dequeueWait)
