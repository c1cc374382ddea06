package fastcall

// StackSize is how many bytes of stack a C function may use: the frame of Call.
// glibc promises a thread a quarter of it (PTHREAD_STACK_MIN).
const StackSize = 64 << 10
