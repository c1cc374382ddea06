// Registers:
//
//	R0  the Ring
//	R1  the own side's HeadTail, R2 the address of the other side's tail
//	R3  the own head before the move
//	R4  elements to move
//	R5  room: free elements for a producer, filled ones for a consumer
//	R7  source, R8 destination of the copy
//	R15 Multi: the address of the own tail; RTS: that of the own RTSHead
//	R19 elements that the caller asks for
//	R6, R9 to R14 scratch
//
// LDAR and LDAXR are acquires, STLR and STLXR releases.
//
// The functions of batches define RECORDED. With it R7 is the Record and R8 its Step, Side and Index until
// USER.

#define ENQUEUE \
	ASK_ENQUEUE \
	MOVD Ring_Prod(R0), R1 \
	MOVD Ring_Cons(R0), R2 \
	ADD  $HeadTail_Tail, R2

#define DEQUEUE \
	ASK_DEQUEUE \
	MOVD Ring_Cons(R0), R1 \
	MOVD Ring_Prod(R0), R2 \
	ADD  $HeadTail_Tail, R2

// The load of the other side's tail is an acquire: all copies to or from the slots before
// it are complete. It comes after the load of the own head.
#define ROOM_ENQUEUE \
	LDARW (R2), R5 \
	MOVWU Ring_Capacity(R0), R6 \
	ADDW  R6, R5 \
	SUBW  R3, R5

#define ROOM_DEQUEUE \
	LDARW (R2), R5 \
	SUBW  R3, R5

// TAKE settles R4. One comparison finds both n == 0 and n > room; SHORT
// below, off the fast path, distinguishes them.
#define TAKE \
	MOVD  R19, R4 \
	SUB   $1, R4, R6 \
	CMP   R5, R6 \
	BHS   short \
took:

#define SHORT \
short: \
	CBZ   R4, none \
	MOVBU way+24(FP), R6 \
	TBNZ  $const_bulkBit, R6, none \
	MOVWU R5, R4 \
	CBNZW R4, took \
none: \
	MOVD ZR, R4 \
	B    done

// PLACE(slot) finds the slots of head R3. R9 becomes the bytes to copy.
#define PLACE(slot) \
	MOVWU Ring_Mask(R0), R6 \
	ANDW  R6, R3, slot \
	MOVWU Ring_ElemSize(R0), R9 \
	MOVWU Ring_Size(R0), R6 \
	ADDW  R4, slot, R11 \
	SUBSW R6, R11 \
	BHI   wrap \
	MUL   R9, slot \
	MUL   R4, R9 \
placed: \
	MOVD Ring_Slots(R0), R6 \
	ADD  R6, slot

// WRAP(slot, user, from, to) copies the R11 elements that are at the ring's
// start, from R10 or R11 to the other, and leaves those at its end to COPY.
#define WRAP(slot, user, from, to) \
wrap: \
	MUL  R9, slot \
	MUL  R11, R9, R12 \
	SUBW R11, R4, R13 \
	MUL  R13, R9 \
	ADD  user, R9, R10 \
	MOVD Ring_Slots(R0), R11 \
	SUBS $16, R12 \
	BLO  wrapped \
wrap16: \
	LDP.P 16(from), (R13, R14) \
	STP.P (R13, R14), 16(to) \
	SUBS  $16, R12 \
	BHS   wrap16 \
wrapped: \
	ADDS $16, R12 \
	BEQ  placed \
wrap4: \
	MOVWU.P 4(from), R13 \
	MOVW.P  R13, 4(to) \
	SUBS    $4, R12 \
	BNE     wrap4 \
	B       placed

// COPY moves R9 bytes from R7 to R8.
#define COPY \
	CMP $64, R9 \
	BLO copy32 \
copy64: \
	FLDPQ (R7), (F0, F1) \
	FLDPQ 32(R7), (F2, F3) \
	FSTPQ (F0, F1), (R8) \
	FSTPQ (F2, F3), 32(R8) \
	ADD   $64, R7 \
	ADD   $64, R8 \
	SUB   $64, R9 \
	CMP   $64, R9 \
	BHS   copy64 \
copy32: \
	TBZ     $5, R9, copy16 \
	FLDPQ.P 32(R7), (F0, F1) \
	FSTPQ.P (F0, F1), 32(R8) \
copy16: \
	TBZ   $4, R9, copy8 \
	LDP.P 16(R7), (R13, R14) \
	STP.P (R13, R14), 16(R8) \
copy8: \
	TBZ    $3, R9, copy4 \
	MOVD.P 8(R7), R13 \
	MOVD.P R13, 8(R8) \
copy4: \
	TBZ   $2, R9, copied \
	MOVWU (R7), R13 \
	MOVW  R13, (R8) \
copied:

#ifndef RECORDED

// ASK_… settles R19, USER(user) finds the caller's elements, RETURN(mark) returns.
#define ASK_ENQUEUE \
	MOVD n+16(FP), R19

#define ASK_DEQUEUE \
	MOVD n+16(FP), R19

#define USER(user) \
	MOVD objs+8(FP), user

#define RETURN(mark) \
done: \
	SUBW R4, R5 \
	ORR  R5<<32, R4, R5 \
	MOVD R5, moved+32(FP) \
	RET

#define INTEND
#define INTEND_SINGLE
#define RESERVED
#define PUBLISHED
#define BARRED_RECORD
#define COLD_RECORD(describe)

#else

// The record is that of a batch, which must describe this ring.
#define RECORD(ring) \
	MOVD rec+8(FP), R7 \
	CBZ  R7, foreign \
	MOVD Ring_ID(R0), R6 \
	MOVD (ring+Ring_ID)(R7), R9 \
	CMP  R6, R9 \
	BNE  foreign

// An enqueue moves the elements from Lo to Hi.
#define ASK_ENQUEUE \
	RECORD(Record_Out) \
	MOVWU Record_Lo(R7), R8 \
	MOVWU Record_Hi(R7), R19 \
	SUBSW R8, R19 \
	BLE   nothing \
	MOVD  $(const_Entering | const_Producing<<8), R6 \
	ORR   R8<<32, R6, R8

// A dequeue moves at most n elements behind Hi. In an empty batch that is its start.
#define ASK_DEQUEUE \
	RECORD(Record_In) \
	MOVD  n+16(FP), R19 \
	MOVWU Record_Hi(R7), R8 \
	MOVWU Record_Lo(R7), R6 \
	CMPW  R8, R6 \
	BLT   filled \
	MOVD  ZR, R8 \
	MOVD  ZR, Record_Lo(R7) \
filled: \
	MOVWU Record_Capacity(R7), R4 \
	SUBW  R8, R4 \
	CMP   R4, R19 \
	BLE   fits \
	MOVD  R4, R19 \
fits: \
	CMP  $0, R19 \
	BLE  nothing \
	MOVD $(const_Entering | const_Consuming<<8), R6 \
	ORR  R8<<32, R6, R8

#define USER(user) \
	MOVWU Record_Index(R7), R6 \
	MOVWU Ring_ElemSize(R0), R9 \
	MUL   R9, R6 \
	ADD   R7, R6 \
	ADD   $const_Elems, R6, user

// RETURN notes how many elements of the batch have moved, then that nothing is under way. The last store is
// a release: a reader that finds it must also find the new tail. See Ring.Settle.
#define RETURN(mark) \
done: \
	MOVD  rec+8(FP), R7 \
	MOVWU mark(R7), R6 \
	ADDW  R4, R6 \
	MOVW  R6, mark(R7) \
	MOVD  $const_Idle, R6 \
	ADD   $Record_Step, R7 \
	STLRB R6, (R7) \
	MOVD  R4, moved+32(FP) \
	RET

// INTEND records an attempt to move the head, RESERVED that it has succeeded: see Record. On a Single side
// only this thread moves the head, so the head shows how many have moved.
#define INTEND \
	ORR  R4<<32, R3, R9 \
	MOVD R9, Record_Head(R7) \
	MOVD R8, Record_Step(R7)

#define INTEND_SINGLE \
	MOVD R3, Record_Head(R7) \
	MOVD R8, Record_Step(R7)

#define RESERVED \
	MOVD $const_Reserved, R9 \
	MOVB R9, Record_Step(R7)

#define PUBLISHED \
	MOVD  rec+8(FP), R7 \
	MOVD  $const_Published, R9 \
	ADD   $Record_Step, R7 \
	STLRB R9, (R7)

// Nothing is reserved, so the record gets no place.
#define BARRED_RECORD \
	MOVW ZR, Record_Count(R7)

#define COLD_RECORD(describe) \
nothing: \
	MOVD ZR, moved+32(FP) \
	RET \
foreign: \
	B    describe(SB)

#endif

#define COLD_ENQUEUE \
	SHORT \
	WRAP(R8, R7, R10, R11) \
	COLD_RECORD(·enqueueDescribed)

#define COLD_DEQUEUE \
	SHORT \
	WRAP(R7, R8, R11, R10) \
	COLD_RECORD(·dequeueDescribed)

// BARRED(op) spins a while, then leaves the waiting to Go: nothing is reserved yet. R12 counts.
#define BARRED(op) \
barred: \
	BARRED_RECORD \
	YIELD \
	SUBSW $1, R12 \
	BNE   retry \
	MOVBU way+24(FP), R6 \
	TBZ   $const_onceBit, R6, wait \
	MOVD  $const_again, R6 \
	MOVD  R6, moved+32(FP) \
	RET \
wait: \
	B op(SB)

// Single: no other thread writes this side. Head and tail move together, in one
// store (release), after the copy: a process that dies before it has changed nothing.

#define RESERVE_SINGLE(ROOM) \
	MOVWU HeadTail_Head(R1), R3 \
	ROOM \
	TAKE \
	INTEND_SINGLE

#define PUBLISH_SINGLE(mark) \
	ADDW R4, R3 \
	ORR  R3<<32, R3 \
	STLR R3, (R1) \
	RETURN(mark)

// Multi: a compare-and-swap of the head, only while nobody is inside: when it
// succeeds the tail equals the head, so publishing waits for nobody.

// The head is an acquire, so that the other's tail is not older than it, and
// its move a release, which gives what we saw of that tail to the next thread.
// The own tail is an acquire: our own release of it passes on what those before
// us have copied.
#define RESERVE_MULTI(ROOM) \
	MOVD $const_spins, R12 \
	ADD  $HeadTail_Tail, R1, R15 \
retry: \
	LDARW (R1), R3 \
	ROOM \
	TAKE \
	LDARW (R15), R9 \
	CMPW  R3, R9 \
	BNE   barred \
	ADDW  R4, R3, R6 \
	INTEND \
swap: \
	LDAXRW (R1), R9 \
	CMPW   R3, R9 \
	BNE    retry \
	STLXRW R6, (R1), R10 \
	CBNZW  R10, swap \
	RESERVED

// Multi and HTS: the thread is alone inside.
#define PUBLISH_ALONE(mark) \
	ADD   $HeadTail_Tail, R1, R6 \
	ADDW  R4, R3, R9 \
	STLRW R9, (R6) \
	RETURN(mark)

// RTS: head and tail are pairs of a counter (low half) and a position (high
// half). The counters differ by the number of threads inside.

#define RESERVE_RTS(ROOM) \
	MOVD $const_spins, R12 \
	ADD  $HeadTail_RTSHead, R1, R15 \
retry: \
	LDAR  (R15), R14 \
	LSR   $32, R14, R3 \
	MOVWU HeadTail_Tail(R1), R6 \
	SUBW  R6, R3, R6 \
	MOVWU HeadTail_HTDMax(R1), R9 \
	CMPW  R9, R6 \
	BHI   barred \
	ROOM \
	TAKE \
	ADDW R4, R3, R6 \
	ADDW $1, R14, R9 \
	ORR  R6<<32, R9, R6 \
	INTEND \
swap: \
	LDAXR (R15), R9 \
	CMP   R14, R9 \
	BNE   retry \
	STLXR R6, (R15), R10 \
	CBNZW R10, swap \
	RESERVED

// The last thread out finds the counters equal and sets the tail to the whole
// head word; others only count. The tail is an acquire: it is read before the
// head.
#define PUBLISH_RTS(mark) \
count: \
	LDAR (R1), R14 \
	MOVD (R15), R6 \
	ADDW $1, R14, R9 \
	CMPW R6, R9 \
	BEQ  last \
	LSR  $32, R14, R6 \
	ORR  R6<<32, R9, R6 \
last: \
	LDAXR (R1), R9 \
	CMP   R14, R9 \
	BNE   count \
	STLXR R6, (R1), R10 \
	CBNZW R10, last \
	PUBLISHED \
	RETURN(mark)

// HTS: head (low half) and tail (high half) are one word. A thread that
// finds them equal and moves the head is alone until it moves the tail.

#define RESERVE_HTS(ROOM) \
	MOVD $const_spins, R12 \
retry: \
	LDAR (R1), R14 \
	LSR  $32, R14, R3 \
	CMPW R14, R3 \
	BNE  barred \
	ROOM \
	TAKE \
	ADDW R4, R3, R6 \
	ORR  R3<<32, R6 \
	INTEND \
swap: \
	LDAXR (R1), R9 \
	CMP   R14, R9 \
	BNE   retry \
	STLXR R6, (R1), R10 \
	CBNZW R10, swap \
	RESERVED

// The bodies of the functions.

#define ENQUEUE_BY(RESERVE, PUBLISH) \
	ENQUEUE \
	RESERVE(ROOM_ENQUEUE) \
	USER(R7) \
	PLACE(R8) \
	COPY \
	PUBLISH(Record_Lo) \
	COLD_ENQUEUE

#define DEQUEUE_BY(RESERVE, PUBLISH) \
	DEQUEUE \
	RESERVE(ROOM_DEQUEUE) \
	USER(R8) \
	PLACE(R7) \
	COPY \
	PUBLISH(Record_Hi) \
	COLD_DEQUEUE
