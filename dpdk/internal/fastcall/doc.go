// Package fastcall calls short C functions without going through Go's scheduler, on
// the goroutine's own stack: three or four nanoseconds instead of the forty or so of
// a cgo call, ten of which go to the change of stacks alone.
//
// The call is an assembly function with a frame of StackSize bytes. Its prologue
// makes the goroutine's stack large enough, as for any Go function, and C runs in
// that frame. While it runs the goroutine cannot be preempted, because the runtime
// never stops a goroutine inside assembly or C, and so its stack is neither looked
// at nor moved; signals have a stack of their own. A profiler's signal finds an
// unknown program counter and counts external code.
//
// It is for leaf functions only, such as a driver's burst. Such a function must be
// short, because the thread keeps its P and a garbage collection waits for it; it
// must not call back into Go; and StackSize must do, as there is no guard page below.
//
// # The invariant
//
// Between the move of a ring's head and the move of its tail no Go code runs, and
// nothing that can wait for a thread that Go may stop, or for another process, runs as
// a fast call. Otherwise the whole process can freeze: the collector waits for the fast
// call, and the fast call for a goroutine that the collector has stopped, or for a
// process that was killed. It holds because
//
//   - package ringcore does all its waiting before it moves a head, in Go, and is in
//     assembly from there to the tail (its plain Go twin is for builds without fast calls,
//     its zero-copy operations for rings that no fast call enters: see SetWaits);
//   - bursts are fast calls only in a process that shares no memory (Alone);
//   - and only while no pool of the process has ops inside which threads queue up
//     (AddQueues), and not on ports whose own rings make bursts wait (SetWaits).
//
// Packages lock and rcu use Call for C functions that never wait.
//
// What remains is a wait for one thread of this process, in C or assembly, that the
// kernel has taken the CPU from: as long as the kernel takes to run it again, which a
// collection waits for in any Go program.
//
// # Limits
//
// A fault in C ends the process, as in a cgo call: a signal handler before Go's reports the
// signal, the address and the C function, and the runtime prints the goroutines, the one that
// made the call first. recover cannot stop that. Faults of Go code remain panics.
//
// The runtime does not promise any of this. The build constraint names the Go releases
// it was tested on; all other builds, those with -race, -msan or -asan and those with the
// tags godpdk_cgo and purego have Enabled false and must use cgo.
package fastcall
