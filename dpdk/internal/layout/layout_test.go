package layout_test

import (
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/internal/layout"
)

type (
	id    uint64
	pair  struct{ A, B uint32 }
	quote struct {
		Price uint64
		Qty   uint32
		Side  uint8
	}
	order struct {
		P uint64
		Q uint32
		S uint8
		_ [3]byte
	}
	handle struct{ N int }
	short  struct {
		A uint32
		B uint8
	}
	long struct {
		A uint32
		B uint8
		_ [7]byte
	}
)

func of[T any]() layout.Type { return layout.Of(reflect.TypeFor[T]()) }

func TestOneLayoutHasOneHash(t *testing.T) {
	for _, same := range [][]layout.Type{
		{of[uint64](), of[id](), of[atomic.Uint64](), of[[1]uint64](), of[struct{ N struct{ M uint64 } }]()},
		{of[pair](), of[[2]uint32](), of[struct{ X [2]uint32 }](), of[struct {
			Low  atomic.Uint32
			High uint32
		}]()},
		{of[quote](), of[order]()},
		{of[[100]pair](), of[[200]uint32](), of[[50][2]pair]()},
		{of[[1 << 40]byte](), of[[1 << 20][1 << 20]uint8]()},
	} {
		for _, other := range same {
			assert.Equal(t, same[0].Hash, other.Hash, "%s and %s", same[0].Name, other.Name)
			assert.True(t, same[0].Fits(other))
		}
	}
}

func TestOtherLayoutsHaveOtherHashes(t *testing.T) {
	all := []layout.Type{of[uint64](), of[int64](), of[float64](), of[uintptr](), of[*handle](), of[*quote](), of[pair](), of[[8]byte](), of[[8]bool](),
		of[quote](), of[[2]uint64](), of[[64]quote](), of[[65]quote](), of[[66]quote](), of[[65]struct {
			A uint64
			B int32
			C uint8
		}](), of[struct {
			A [65]quote
			B uint64
		}](), of[struct {
			A [65]quote
			B int64
		}](), of[struct {
			A [65]short
			_ [65]uint32
		}](), of[struct{ A [65]long }]()}
	for i, a := range all {
		for k, b := range all {
			assert.Equal(t, i == k, a.Fits(b), "%s and %s", a.Name, b.Name)
		}
	}
}

func TestAnUnknownTypeFitsAll(t *testing.T) {
	assert.True(t, layout.Type{}.Fits(of[uint64]()))
	assert.True(t, of[uint64]().Fits(layout.Type{}))
	assert.NotZero(t, of[struct{}]().Hash)
}
