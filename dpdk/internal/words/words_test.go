package words

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

type table [128]uintptr

func fill(t *table, from uintptr) {
	for i := range t {
		t[i] = from + uintptr(i)
	}
}

// at copies n words from index src of one table to index i of another. It returns the whole
// table, as the words around the copy must not change.
func at(f func(dst, src unsafe.Pointer, n int), i, src, n int) (out table) {
	var in table
	fill(&in, 1000)
	fill(&out, 1)
	f(unsafe.Pointer(&out[i]), unsafe.Pointer(&in[src]), n)
	return out
}

func TestPushKeepsTheOrderAndPopReversesIt(t *testing.T) {
	for n := range 97 {
		for i := 8; i < 12; i++ {
			var want table
			fill(&want, 1)
			for j := range n {
				want[i+j] = uintptr(1000 + 8 + j)
			}
			require.Equal(t, want, at(Push, i, 8, n), "push %d to %d", n, i)
			require.Equal(t, want, at(pushGo, i, 8, n), "push %d to %d in Go", n, i)
			for j := range n {
				want[i+j] = uintptr(1000 + 8 + n - 1 - j)
			}
			require.Equal(t, want, at(Pop, i, 8+n, n), "pop %d to %d", n, i)
			require.Equal(t, want, at(popGo, i, 8+n, n), "pop %d to %d in Go", n, i)
		}
	}
	Push(nil, nil, 0)
	Pop(nil, nil, 0)
}
