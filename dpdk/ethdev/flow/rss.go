package flow

import (
	"fmt"

	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk/ethdev"
)

// HashFunc is a hash function of [RSS].
type HashFunc int

// Hash functions (RTE_ETH_HASH_FUNCTION_…).
const (
	HashDefault           HashFunc = c.HashDefault // of the driver
	HashToeplitz          HashFunc = c.HashToeplitz
	HashXOR               HashFunc = c.HashXOR
	HashSymmetricToeplitz HashFunc = c.HashSymmetric // the same for both directions
)

var hashNames = [...]string{c.HashDefault: "default", c.HashToeplitz: "toeplitz", c.HashXOR: "simple_xor", c.HashSymmetric: "symmetric_toeplitz"}

// String returns the name that dpdk-testpmd uses, such as "toeplitz".
func (f HashFunc) String() string {
	if f >= 0 && int(f) < len(hashNames) {
		return hashNames[f]
	}
	return fmt.Sprintf("HashFunc(%d)", int(f))
}

// RSS spreads the packets over receive queues by a hash of their headers.
type RSS struct {
	Func   HashFunc
	Level  int            // of encapsulation: 0 is the driver's default, 1 the outermost headers, 2 the next ones
	Types  ethdev.RSSType // the headers; 0 is the driver's default
	Key    []byte         // nil is the key of the port
	Queues []int
}

func (a RSS) act() shape { return a.shape() }

func (a *RSS) shape() shape {
	return shape{name: "rss", typ: c.ActionRSS, size: c.ActionRSSSize, params: []param{
		{"func", host(c.ActionRSSFunc, 4), hashFunc{&a.Func}},
		{"level", host(c.ActionRSSLevel, 4), scalar{v: &a.Level, optional: true}},
		{"types", host(c.ActionRSSTypes, 8), rssTypes{&a.Types}},
		{"key", host(c.ActionRSSKey, 8), hexBytes{&a.Key}},
		{"key_len", host(c.ActionRSSKeyLen, 4), length{&a.Key}},
		{"queues", host(c.ActionRSSQueue, 8), queueList{&a.Queues, host(c.ActionRSSQueues, 4)}},
	}}
}

func (a RSS) queues() []int { return a.Queues }
