// Package fastcall calls short C functions without a word to Go's scheduler, on
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
// must not wait for anything; it must not call back into Go; and StackSize must do,
// as there is no guard page below.
//
// A fault in C, which ends the process in a cgo call, looks to the runtime like one of
// Go code: do not recover from panics of a poller.
//
// The runtime does not promise this. The build constraint names the Go releases it
// was tested on; all other builds, those with -race, -msan or -asan and those with the
// tag godpdk_cgo have Enabled false and must use cgo.
package fastcall
