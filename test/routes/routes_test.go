package routes

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheTrieFindsTheLongestPrefix(t *testing.T) {
	var trie Trie
	look := func(addr string) any {
		hop, ok := trie.Lookup(netip.MustParseAddr(addr).AsSlice())
		if !ok {
			return "none"
		}
		return hop
	}
	assert.Equal(t, "none", look("10.1.2.3"))
	trie.Set(netip.MustParsePrefix("0.0.0.0/0"), 9)
	trie.Set(netip.MustParsePrefix("10.0.0.0/8"), 1)
	trie.Set(netip.MustParsePrefix("10.1.2.3/32"), 2)
	assert.Equal(t, []any{uint64(2), uint64(1), uint64(9)}, []any{look("10.1.2.3"), look("10.1.2.4"), look("11.0.0.0")})
	trie.Delete(netip.MustParsePrefix("10.0.0.0/8"))
	assert.Equal(t, []any{uint64(2), uint64(9)}, []any{look("10.1.2.3"), look("10.1.2.4")})
}

func TestPrefixesHaveTheSpreadOfAFullTable(t *testing.T) {
	for _, six := range []bool{false, true} {
		all, of := Prefixes(rand.New(rand.NewPCG(1, 2)), six, 100_000), map[int]int{}
		for _, p := range all {
			of[p.Bits()]++
			assert.Equal(t, p, p.Masked())
		}
		common, share := 24, 0.61
		if six {
			common, share = 48, 0.49
		}
		assert.InDelta(t, share, float64(of[common])/float64(len(all)), 0.02)
	}
}
