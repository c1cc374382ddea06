// Package fastcall calls short C functions without Go's scheduler, on the goroutine's own
// stack. This avoids most of the cost of a cgo call.
//
// The call is an assembly function with a frame of StackSize bytes. Its prologue grows the
// goroutine's stack as for any Go function, and C runs in that frame. C gets the address of the
// function's own arguments. The runtime never stops
// a goroutine inside assembly or C. So it does not preempt the goroutine, and does not scan
// or move its stack, during the call. Signals have a stack of their own. A profiler's signal
// finds an unknown program counter and counts it as external code.
//
// Use it for leaf functions only, such as a driver's burst. The function must be short,
// because the thread keeps its P and a garbage collection waits for it. It must not call back
// into Go. It must not use more than StackSize bytes of stack: the frame has no guard page. So
// bursts use it only with drivers that were measured: see Driver and STACK.md.
//
// # The invariant
//
// No Go code runs between the move of a ring's head and the move of its tail. No function
// that can wait for another process, or for a thread that Go may stop, runs as a fast call.
// Otherwise the whole process can freeze: the collector waits for the fast call, and the fast
// call waits for a goroutine that the collector has stopped, or for a killed process. The
// invariant holds because
//
//   - package ringcore waits only in Go, before it moves a head, and stays in assembly until
//     it has moved the tail (its plain Go twin is for builds without fast calls, and its
//     zero-copy operations are for rings that no fast call enters: see SetWaits);
//   - bursts are fast calls only in a process that does not share memory (Alone);
//   - bursts are fast calls only while no pool of the process has ops in which threads queue
//     (AddQueues), and only on ports without rings that make bursts wait (SetWaits).
//
// Packages lock and rcu use Call for C functions that never wait.
//
// A fast call can still wait for one thread of this process in C or assembly that the kernel
// has descheduled, until the kernel runs it again. A collection waits for such threads in any
// Go program.
//
// # Limits
//
// A fault in C ends the process, as in a cgo call. A signal handler before Go's reports the
// signal, the address, the C function and the driver of a burst. Then the runtime prints the goroutines, first the
// one that made the call. recover cannot stop that. Faults of Go code remain panics.
//
// The runtime does not guarantee any of this. The build constraint names the Go releases that
// were tested. In all other builds, with -race, -msan or -asan, and with the tags godpdk_cgo
// and purego, Enabled is false and callers must use cgo.
package fastcall
