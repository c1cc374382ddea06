package fastcall_test

import (
	"testing"

	"github.com/godpdk/godpdk/cgo"
)

func BenchmarkCall(b *testing.B) {
	table := make([]uintptr, 1)
	q := cgo.NewEthQueue(0, 0, false)
	for range b.N {
		send(q, table)
	}
}
