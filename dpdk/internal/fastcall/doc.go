// Package fastcall calls short C functions without a word to Go's scheduler, on
// the system stack of the calling thread: a few nanoseconds instead of the forty
// or so of a cgo call.
//
// It is for leaf functions only, such as a driver's burst. Such a function must
// be short, because the thread keeps its P and a garbage collection waits for it;
// it must not wait for anything; and it must not call back into Go. The runtime
// makes its own C calls this way on some systems (runtime.asmcgocall). That name
// is not an API: the build constraint names the Go releases it was tested on, and
// all other builds, those with -race, -msan or -asan and those with the tag
// godpdk_cgo have Enabled false and must use cgo.
package fastcall
