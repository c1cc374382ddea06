//go:build !race

package ringcore

import "unsafe"

func raceEnqueue(*Ring, unsafe.Pointer, int)               {}
func raceDequeue(_ *Ring, _ unsafe.Pointer, m Moved) Moved { return m }
func raceAcquire(*Ring)                                    {}

// copyElems copies n bytes between a caller's buffer and slots.
func copyElems(dst, src unsafe.Pointer, n uintptr) {
	copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(src), n))
}
