package lock_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// step is one operation that ends at once, by one of several users.
type step struct {
	kind int // 0 is reading, where there is reading
	user int
	what string
}

// steps is a random, valid history of a lock with four users.
func steps(ways []kind, n int) (all []step) {
	const users = 4
	holds := map[int]int{} // by user: kind
	for len(all) < n {
		k, u := rand.IntN(len(ways)), rand.IntN(users)
		held, holding := holds[u]
		free := true
		for _, other := range holds {
			free = free && ways[k].shares && ways[other].shares
		}
		switch {
		case holding && rand.IntN(2) == 0:
			all = append(all, step{held, u, "unlock"})
			delete(holds, u)
		case holding:
		case free && rand.IntN(2) == 0:
			all = append(all, step{k, u, "lock"})
			holds[u] = k
		case free:
			all = append(all, step{k, u, "try"})
			holds[u] = k
		default:
			all = append(all, step{k, u, "failing try"})
		}
	}
	return all
}

// Go, C, and both in turn leave the same bytes after every step of a history.
func TestGoAndCWriteTheSameBytes(t *testing.T) {
	for _, ways := range pairs() {
		t.Run(ways[len(ways)-1].name, func(t *testing.T) {
			p := newPlace(t)
			history := steps(ways, 300)
			play := func(inGo func(i int) bool) (images []place) {
				t.Helper()
				*p = place{}
				for i, s := range history {
					o := ways[s.kind].inC(p, s.user)
					if inGo(i) || s.what == "failing try" && o.try == nil {
						o = ways[s.kind].inGo(p, s.user)
					}
					if s.what == "try" && o.try == nil {
						s.what = "lock" // which is the same here
					}
					switch s.what {
					case "lock":
						o.lock()
					case "unlock":
						o.unlock()
					default:
						require.Equal(t, s.what == "try", o.try(), "step %d, %v of %v", i, s, history[:i+1])
					}
					if o.locked != nil && s.what != "failing try" { // that may be because of readers
						require.Equal(t, s.what != "unlock", o.locked(), "step %d, %v", i, s)
					}
					images = append(images, *p)
				}
				return images
			}
			c := play(func(int) bool { return false })
			assert.Equal(t, c, play(func(int) bool { return true }), "in Go")
			assert.Equal(t, c, play(func(i int) bool { return i%2 == 0 }), "in turn")
			assert.Equal(t, c, play(func(int) bool { return rand.IntN(2) == 0 }), "mixed")
		})
	}
}
