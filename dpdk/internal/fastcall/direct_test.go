package fastcall_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
)

// send is a burst at a closed gate: the C function looks for a nil in the table,
// notes where it is, and sends nothing.
func send(q *cgo.EthQueue, table []uintptr) int32 {
	b := cgo.EthBurst{Queue: q, Pkts: unsafe.Pointer(&table[0]), N: len(table)}
	return fastcall.Call(cgo.EthTxAddress, unsafe.Pointer(&b))
}

func TestCallPassesItsArgument(t *testing.T) {
	if !fastcall.Enabled {
		assert.Zero(t, fastcall.Call(nil, nil), "this build has cgo only")
		return
	}
	q := cgo.NewEthQueue(0, 0, false)
	table := []uintptr{1, 2, 3, 0, 5}
	assert.Zero(t, send(q, table))
	assert.Equal(t, 3, q.TakeNil())
	assert.False(t, q.Busy(), "the burst has ended")
}

// Goroutines begin with stacks that are far too small for C.
func TestCallGrowsTheStack(t *testing.T) {
	if !fastcall.Enabled {
		return
	}
	const goroutines = 1000
	places := make(chan int, goroutines)
	for i := range goroutines {
		go func() {
			table := make([]uintptr, 40)
			for k := range table {
				table[k] = 1
			}
			table[i%40] = 0
			q := cgo.NewEthQueue(0, 0, i%2 == 0)
			send(q, table)
			places <- q.TakeNil() - i%40
		}()
	}
	for range goroutines {
		assert.Zero(t, <-places)
	}
}
