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
func send(q *cgo.EthQueue, table []uintptr) int {
	return fastcall.Burst(cgo.EthTxAddress, q, unsafe.Pointer(&table[0]), len(table))
}

func TestBurstPassesItsArguments(t *testing.T) {
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
func TestBurstGrowsTheStack(t *testing.T) {
	if !fastcall.Enabled {
		return
	}
	const goroutines = 1000
	places := make(chan int, goroutines)
	for i := range goroutines {
		go func() {
			table := make([]uintptr, 40)
			for k := range table {
				table[k] = 1 << (i * k % 3) // also addresses without a common bit
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
