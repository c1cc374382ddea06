package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Numbers are those of one DPDK, and may differ.
var number = regexp.MustCompile(`(?m)= -?[0-9]+$`)

func TestStubsAreCurrent(t *testing.T) {
	all, err := packages()
	require.NoError(t, err)
	written := 0
	for _, p := range all {
		want, err := p.stub()
		require.NoError(t, err)
		if want == nil {
			continue
		}
		written++
		got, err := os.ReadFile(filepath.Join(p.dir, file))
		require.NoError(t, err, "run: go generate ./cgo")
		assert.Equal(t, number.ReplaceAllString(string(want), "= N"), number.ReplaceAllString(string(got), "= N"), "%s: run: go generate ./cgo", p.dir)
	}
	assert.GreaterOrEqual(t, written, 5)
}
