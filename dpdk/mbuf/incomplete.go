//go:build cgo

package mbuf

import "runtime/cgo"

// incomplete keeps a struct off Go's heap and stack, and out of write barriers.
type incomplete = cgo.Incomplete
