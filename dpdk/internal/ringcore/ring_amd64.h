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

// ENTER turns to RECORDED_ENQUEUE or RECORDED_DEQUEUE, off the fast path, for a Ring with a Record.
#define ENTER \
	MOVQ r+0(FP), BX \
	MOVQ n+16(FP), R14 \
	MOVQ Ring_Record(BX), SI \
	TESTQ SI, SI \
	JNE  recorded \
begun:

#define ENQUEUE \
	MOVQ r+0(FP), BX \
	MOVQ Ring_Prod(BX), R8 \
	MOVQ Ring_Cons(BX), R9

#define DEQUEUE \
	MOVQ r+0(FP), BX \
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
	CMPB bulk+24(FP), $0 \
	JNE  none \
	TESTL CX, CX \
	JNE  took \
none: \
	XORL CX, CX \
	JMP  done

// PLACE(slot, user) finds the slots of head AX. R10 becomes the bytes to copy.
#define PLACE(slot, user) \
	MOVQ objs+8(FP), user \
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
	MOVQ objs+8(FP), SI \
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
	MOVQ R12, (SI)

// RETURN ends a record with the number of moved elements first: see ENDED.
#define RETURN \
done: \
	MOVQ Ring_Record(BX), SI \
	TESTQ SI, SI \
	JNE  end \
ended: \
	SUBL CX, DX \
	SHLQ $32, DX \
	ORQ  CX, DX \
	MOVQ DX, moved+32(FP) \
	RET

#define COLD_ENQUEUE \
	SHORT \
	WRAP(DI, SI, R11, R12) \
	COPY_SSE \
	ENDED(Record_Lo)

#define COLD_DEQUEUE \
	SHORT \
	WRAP(SI, DI, R12, R11) \
	COPY_SSE \
	ENDED(Record_Hi)

// ENDED notes how many elements of a batch have moved, then that nothing is under way.
#define ENDED(mark) \
end: \
	MOVL Record_Index(SI), R12 \
	ADDL CX, R12 \
	MOVL R12, mark(SI) \
	MOVB $const_Idle, Record_Step(SI) \
	JMP  ended

// RECORDED_ENQUEUE moves the elements from Lo to Hi of a batch.
#define RECORDED_ENQUEUE \
recorded: \
	MOVL Record_Lo(SI), AX \
	MOVL Record_Hi(SI), R14 \
	SUBL AX, R14 \
	JLE  nothing \
	BEGIN(Ring_Prod, const_Producing)

// RECORDED_DEQUEUE moves at most n elements behind Hi. In an empty batch that is its start.
#define RECORDED_DEQUEUE \
recorded: \
	MOVL Record_Hi(SI), AX \
	CMPL Record_Lo(SI), AX \
	JLT  filled \
	XORL AX, AX \
	MOVL AX, Record_Hi(SI) \
	MOVL AX, Record_Lo(SI) \
filled: \
	MOVL Record_Capacity(SI), CX \
	SUBL AX, CX \
	CMPQ R14, CX \
	JLE  fits \
	MOVQ CX, R14 \
fits: \
	TESTQ R14, R14 \
	JLE  nothing \
	BEGIN(Ring_Cons, const_Consuming)

// BEGIN records that R14 elements from index AX on will move. On a Single side only this thread moves
// the head, so the place is known. On other sides INTEND records it. The CAS of a head waits for the
// stores before it, so they are few: Head and Count are one, as are Step, Side and Index.
#define BEGIN(own, side) \
	MOVL Ring_ElemSize(BX), DX \
	IMULQ AX, DX \
	LEAQ const_Elems(SI)(DX*1), DX \
	MOVQ DX, objs+8(FP) \
	MOVQ own(BX), R8 \
	MOVL HeadTail_Head(R8), R10 \
	MOVQ R10, Record_Head(SI) \
	SHLQ $32, AX \
	ORQ  $(const_Entering | side<<8), AX \
	MOVQ AX, Record_Step(SI) \
	JMP  begun \
nothing: \
	MOVQ $0, moved+32(FP) \
	RET

// INTEND(head) records an attempt to move the head, RESERVED that it has succeeded: see Record.
// From ENTER to PLACE SI is the Record or 0.
#define INTEND(head) \
	TESTQ SI, SI \
	JEQ  swap \
	MOVL head, R10 \
	MOVQ CX, DI \
	SHLQ $32, DI \
	ORQ  R10, DI \
	MOVQ DI, Record_Head(SI) \
swap:

#define RESERVED \
	TESTQ SI, SI \
	JEQ  reserved \
	MOVB $const_Reserved, Record_Step(SI) \
reserved:

// BARRED(op) spins a while, then leaves the waiting to Go: nothing is reserved
// yet, so a record gets no place. R13 counts.
#define BARRED(op) \
barred: \
	TESTQ SI, SI \
	JEQ  pause \
	MOVL $0, Record_Count(SI) \
pause: \
	PAUSE \
	DECL R13 \
	JNE  retry \
	CMPB once+25(FP), $0 \
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
	TAKE

#define PUBLISH_SINGLE \
	ADDL CX, AX \
	MOVQ AX, R12 \
	SHLQ $32, R12 \
	ORQ  R12, AX \
	MOVQ AX, HeadTail_Head(R8) \
	RETURN

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
#define PUBLISH_ALONE \
	ADDL CX, AX \
	MOVL AX, HeadTail_Tail(R8) \
	RETURN

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
#define PUBLISH_RTS \
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
	MOVQ Ring_Record(BX), SI \
	TESTQ SI, SI \
	JEQ  published \
	MOVB $const_Published, Record_Step(SI) \
published: \
	RETURN

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
	LEAL (AX)(CX*1), R12 \
	SHLQ $32, R11 \
	ORQ  R11, R12 \
	INTEND(AX) \
	LOCK \
	CMPXCHGQ R12, HeadTail_Head(R8) \
	JNE  retry \
	RESERVED
