// Registers:
//
//	BX  the Ring
//	R8  the own side's HeadTail, R9 the other side's
//	AX  the own head before the move
//	CX  elements to move
//	DX  room: free elements for a producer, filled ones for a consumer
//	SI  source, DI destination of the copy
//	R14 elements that the caller asks for
//	R10 to R13 scratch
//
// amd64 keeps the order of loads and the order of stores, and no store passes an
// earlier load. So each plain load is an acquire, each plain store a release.
//
// The functions of batches define RECORDED. With it SI is the Record and DI its Step, Side and Index until
// USER.

#define ENQUEUE \
	ASK_ENQUEUE \
	MOVQ Ring_Prod(BX), R8 \
	MOVQ Ring_Cons(BX), R9

#define DEQUEUE \
	ASK_DEQUEUE \
	MOVQ Ring_Cons(BX), R8 \
	MOVQ Ring_Prod(BX), R9

// The load of the other side's tail is an acquire: all copies to or from the slots before
// it are complete. It comes after the load of the own head.
#define ROOM_ENQUEUE(head) \
	MOVL HeadTail_Tail(R9), DX \
	ADDL Ring_Capacity(BX), DX \
	SUBL head, DX

#define ROOM_DEQUEUE(head) \
	MOVL HeadTail_Tail(R9), DX \
	SUBL head, DX

// TAKE settles CX. One comparison finds both n == 0 and n > room; SHORT
// below, off the fast path, distinguishes them.
#define TAKE \
	MOVQ R14, CX \
	LEAQ -1(CX), R12 \
	CMPQ R12, DX \
	JCC  short \
took:

#define SHORT \
short: \
	TESTQ CX, CX \
	JEQ  none \
	MOVL DX, CX \
	TESTB $(1<<const_bulkBit), way+24(FP) \
	JNE  none \
	TESTL CX, CX \
	JNE  took \
none: \
	XORL CX, CX \
	JMP  done

// PLACE(slot) finds the slots of head AX. R10 becomes the bytes to copy.
#define PLACE(slot) \
	MOVL AX, slot \
	ANDL Ring_Mask(BX), slot \
	MOVL Ring_ElemSize(BX), R10 \
	LEAL (slot)(CX*1), R12 \
	SUBL Ring_Size(BX), R12 \
	JHI  wrap \
	IMULQ R10, slot \
	IMULQ CX, R10 \
placed: \
	ADDQ Ring_Slots(BX), slot

// WRAP(slot, user, from, to) copies the R12 elements that are at the ring's
// start, from R11 or R12 to the other, and leaves those at its end to COPY.
#define WRAP(slot, user, from, to) \
wrap: \
	IMULQ R10, slot \
	MOVL R12, R13 \
	IMULQ R10, R13 \
	MOVL CX, R11 \
	SUBL R12, R11 \
	IMULQ R11, R10 \
	LEAQ (user)(R10*1), R11 \
	MOVQ Ring_Slots(BX), R12 \
	SUBQ $16, R13 \
	JCS  wrapped \
wrap16: \
	MOVOU (from), X0 \
	MOVOU X0, (to) \
	ADDQ $16, R11 \
	ADDQ $16, R12 \
	SUBQ $16, R13 \
	JCC  wrap16 \
wrapped: \
	ADDQ $16, R13 \
	JEQ  placed \
wrap4: \
	MOVL (from), X0 \
	MOVL X0, (to) \
	ADDQ $4, R11 \
	ADDQ $4, R12 \
	SUBQ $4, R13 \
	JNE  wrap4 \
	JMP  placed

// COPY moves R10 bytes from SI to DI. A dequeue reads in the steps in which an
// enqueue of the same size wrote, which lets the processor forward fresh stores.
#define COPY \
	CMPQ R10, $64 \
	JLT  copy32 \
	CMPB ·useAVX(SB), $0 \
	JEQ  sse \
avx: \
	VMOVDQU (SI), Y0 \
	VMOVDQU 32(SI), Y1 \
	VMOVDQU Y0, (DI) \
	VMOVDQU Y1, 32(DI) \
	ADDQ $64, SI \
	ADDQ $64, DI \
	SUBQ $64, R10 \
	CMPQ R10, $64 \
	JGE  avx \
	VZEROUPPER \
	TESTQ R10, R10 \
	JEQ  copied \
copy32: \
	TESTB $32, R10 \
	JEQ  copy16 \
	MOVOU (SI), X0 \
	MOVOU 16(SI), X1 \
	MOVOU X0, (DI) \
	MOVOU X1, 16(DI) \
	ADDQ $32, SI \
	ADDQ $32, DI \
copy16: \
	TESTB $16, R10 \
	JEQ  copy8 \
	MOVOU (SI), X0 \
	MOVOU X0, (DI) \
	ADDQ $16, SI \
	ADDQ $16, DI \
copy8: \
	TESTB $8, R10 \
	JEQ  copy4 \
	MOVQ (SI), R12 \
	MOVQ R12, (DI) \
	ADDQ $8, SI \
	ADDQ $8, DI \
copy4: \
	TESTB $4, R10 \
	JEQ  copied \
	MOVL (SI), R12 \
	MOVL R12, (DI) \
copied:

#define COPY_SSE \
sse: \
	MOVOU (SI), X0 \
	MOVOU 16(SI), X1 \
	MOVOU 32(SI), X2 \
	MOVOU 48(SI), X3 \
	MOVOU X0, (DI) \
	MOVOU X1, 16(DI) \
	MOVOU X2, 32(DI) \
	MOVOU X3, 48(DI) \
	ADDQ $64, SI \
	ADDQ $64, DI \
	SUBQ $64, R10 \
	CMPQ R10, $64 \
	JGE  sse \
	JMP  copy32

// ONE is the shortest way for a single element of 8 bytes, a pointer mostly.
#define ONE_CHECK \
	CMPL CX, $1 \
	JNE  many \
	CMPL Ring_ElemSize(BX), $8 \
	JNE  many \
	MOVQ Ring_Slots(BX), R10 \
	MOVL AX, R11 \
	ANDL Ring_Mask(BX), R11

#define ENQUEUE_ONE \
	ONE_CHECK \
	MOVQ (SI), R12 \
	MOVQ R12, (R10)(R11*8)

#define DEQUEUE_ONE \
	ONE_CHECK \
	MOVQ (R10)(R11*8), R12 \
	MOVQ R12, (DI)

#ifndef RECORDED

// ASK_… settles R14, USER(user) finds the caller's elements, RETURN(mark) returns.
#define ASK_ENQUEUE \
	MOVQ n+16(FP), R14

#define ASK_DEQUEUE \
	MOVQ n+16(FP), R14

#define USER(user) \
	MOVQ objs+8(FP), user

#define RETURN(mark) \
done: \
	SUBL CX, DX \
	SHLQ $32, DX \
	ORQ  CX, DX \
	MOVQ DX, moved+32(FP) \
	RET

#define INTEND(head)
#define INTEND_SINGLE
#define RESERVED
#define PUBLISHED
#define BARRED_RECORD
#define COLD_RECORD(describe)

#else

// The record is that of a batch, which must describe this ring.
#define RECORD(ring) \
	MOVQ rec+8(FP), SI \
	TESTQ SI, SI \
	JEQ  foreign \
	MOVQ Ring_ID(BX), R10 \
	CMPQ R10, (ring+Ring_ID)(SI) \
	JNE  foreign

// An enqueue moves the elements from Lo to Hi.
#define ASK_ENQUEUE \
	RECORD(Record_Out) \
	MOVL Record_Lo(SI), DI \
	MOVL Record_Hi(SI), R14 \
	SUBL DI, R14 \
	JLE  nothing \
	SHLQ $32, DI \
	ORQ  $(const_Entering | const_Producing<<8), DI

// A dequeue moves at most n elements behind Hi. In an empty batch that is its start.
#define ASK_DEQUEUE \
	RECORD(Record_In) \
	MOVQ n+16(FP), R14 \
	MOVL Record_Hi(SI), DI \
	CMPL Record_Lo(SI), DI \
	JLT  filled \
	XORL DI, DI \
	MOVQ DI, Record_Lo(SI) \
filled: \
	MOVL Record_Capacity(SI), CX \
	SUBL DI, CX \
	CMPQ R14, CX \
	JLE  fits \
	MOVQ CX, R14 \
fits: \
	TESTQ R14, R14 \
	JLE  nothing \
	SHLQ $32, DI \
	ORQ  $(const_Entering | const_Consuming<<8), DI

#define USER(user) \
	MOVL Record_Index(SI), R10 \
	MOVL Ring_ElemSize(BX), R11 \
	IMULQ R11, R10 \
	LEAQ const_Elems(SI)(R10*1), user

// RETURN notes how many elements of the batch have moved, then that nothing is under way.
#define RETURN(mark) \
done: \
	MOVQ rec+8(FP), SI \
	ADDL CX, mark(SI) \
	MOVB $const_Idle, Record_Step(SI) \
	MOVQ CX, moved+32(FP) \
	RET

// INTEND(head) records an attempt to move the head, RESERVED that it has succeeded: see Record. The
// CAS of a head waits for the stores before it, so they are few: Head and Count are one, as are Step,
// Side and Index. On a Single side only this thread moves the head, so the head shows how many have moved.
#define INTEND(head) \
	MOVQ CX, R10 \
	SHLQ $32, R10 \
	ORQ  head, R10 \
	MOVQ R10, Record_Head(SI) \
	MOVQ DI, Record_Step(SI)

#define INTEND_SINGLE \
	MOVQ AX, Record_Head(SI) \
	MOVQ DI, Record_Step(SI)

#define RESERVED \
	MOVB $const_Reserved, Record_Step(SI)

#define PUBLISHED \
	MOVQ rec+8(FP), SI \
	MOVB $const_Published, Record_Step(SI)

// Nothing is reserved, so the record gets no place.
#define BARRED_RECORD \
	MOVL $0, Record_Count(SI)

#define COLD_RECORD(describe) \
nothing: \
	MOVQ $0, moved+32(FP) \
	RET \
foreign: \
	JMP  describe(SB)

#endif

#define COLD_ENQUEUE \
	SHORT \
	WRAP(DI, SI, R11, R12) \
	COPY_SSE \
	COLD_RECORD(·enqueueDescribed)

#define COLD_DEQUEUE \
	SHORT \
	WRAP(SI, DI, R12, R11) \
	COPY_SSE \
	COLD_RECORD(·dequeueDescribed)

// BARRED(op) spins a while, then leaves the waiting to Go: nothing is reserved yet. R13 counts.
#define BARRED(op) \
barred: \
	BARRED_RECORD \
	PAUSE \
	DECL R13 \
	JNE  retry \
	TESTB $(1<<const_onceBit), way+24(FP) \
	JEQ  wait \
	MOVQ $const_again, moved+32(FP) \
	RET \
wait: \
	JMP  op(SB)

// Single: no other thread writes this side. Head and tail move together, in one
// store (release), after the copy: a process that dies before it has changed nothing.

#define RESERVE_SINGLE(ROOM) \
	MOVL HeadTail_Head(R8), AX \
	ROOM(AX) \
	TAKE \
	INTEND_SINGLE

#define PUBLISH_SINGLE(mark) \
	ADDL CX, AX \
	MOVQ AX, R12 \
	SHLQ $32, R12 \
	ORQ  R12, AX \
	MOVQ AX, HeadTail_Head(R8) \
	RETURN(mark)

// Multi: a compare-and-swap of the head, only while nobody is inside: when it
// succeeds the tail equals the head, so publishing waits for nobody.

#define RESERVE_MULTI(ROOM) \
	MOVL $const_spins, R13 \
retry: \
	MOVL HeadTail_Head(R8), AX \
	ROOM(AX) \
	TAKE \
	CMPL HeadTail_Tail(R8), AX \
	JNE  barred \
	LEAL (AX)(CX*1), R12 \
	INTEND(AX) \
	LOCK \
	CMPXCHGL R12, HeadTail_Head(R8) \
	JNE  retry \
	RESERVED

// Multi and HTS: the thread is alone inside.
#define PUBLISH_ALONE(mark) \
	ADDL CX, AX \
	MOVL AX, HeadTail_Tail(R8) \
	RETURN(mark)

// RTS: head and tail are pairs of a counter (low half) and a position (high
// half). The counters differ by the number of threads inside.

#define RESERVE_RTS(ROOM) \
	MOVL $const_spins, R13 \
retry: \
	MOVQ HeadTail_RTSHead(R8), AX \
	MOVQ AX, R11 \
	SHRQ $32, R11 \
	MOVL R11, R12 \
	SUBL HeadTail_Tail(R8), R12 \
	CMPL R12, HeadTail_HTDMax(R8) \
	JHI  barred \
	ROOM(R11) \
	TAKE \
	LEAL (R11)(CX*1), R12 \
	SHLQ $32, R12 \
	LEAL 1(AX), R10 \
	ORQ  R10, R12 \
	INTEND(R11) \
	LOCK \
	CMPXCHGQ R12, HeadTail_RTSHead(R8) \
	JNE  retry \
	MOVL R11, AX \
	RESERVED

// The last thread out finds the counters equal and sets the tail to the whole
// head word; others only count. The tail is read before the head.
#define PUBLISH_RTS(mark) \
	MOVQ HeadTail_Head(R8), AX \
count: \
	LEAL 1(AX), R12 \
	MOVQ HeadTail_RTSHead(R8), R11 \
	CMPL R11, R12 \
	JEQ  last \
	MOVQ AX, R11 \
	SHRQ $32, R11 \
	SHLQ $32, R11 \
	ORQ  R12, R11 \
last: \
	LOCK \
	CMPXCHGQ R11, HeadTail_Head(R8) \
	JNE  count \
	PUBLISHED \
	RETURN(mark)

// HTS: head (low half) and tail (high half) are one word. A thread that
// finds them equal and moves the head is alone until it moves the tail.

#define RESERVE_HTS(ROOM) \
	MOVL $const_spins, R13 \
retry: \
	MOVQ HeadTail_Head(R8), AX \
	MOVQ AX, R11 \
	SHRQ $32, R11 \
	CMPL R11, AX \
	JNE  barred \
	ROOM(AX) \
	TAKE \
	INTEND(R11) \
	LEAL (AX)(CX*1), R12 \
	SHLQ $32, R11 \
	ORQ  R11, R12 \
	LOCK \
	CMPXCHGQ R12, HeadTail_Head(R8) \
	JNE  retry \
	RESERVED

// The bodies of the functions.

#define ENQUEUE_BY(RESERVE, PUBLISH) \
	ENQUEUE \
	RESERVE(ROOM_ENQUEUE) \
	USER(SI) \
	ENQUEUE_ONE \
	JMP  copied \
many: \
	PLACE(DI) \
	COPY \
	PUBLISH(Record_Lo) \
	COLD_ENQUEUE

#define DEQUEUE_BY(RESERVE, PUBLISH) \
	DEQUEUE \
	RESERVE(ROOM_DEQUEUE) \
	USER(DI) \
	DEQUEUE_ONE \
	JMP  copied \
many: \
	PLACE(SI) \
	COPY \
	PUBLISH(Record_Hi) \
	COLD_DEQUEUE
