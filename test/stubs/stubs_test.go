package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Numbers differ between releases of DPDK.
var number = regexp.MustCompile(`(?m)= -?[0-9]+$`)

func TestStubsAreCurrent(t *testing.T) {
	stubs, err := generate()
	require.NoError(t, err)
	for path, want := range stubs {
		got, err := os.ReadFile(path)
		require.NoError(t, err, "run: go generate ./cgo")
		assert.Equal(t, number.ReplaceAllString(string(want), "= N"), number.ReplaceAllString(string(got), "= N"), "%s: run: go generate ./cgo", path)
	}
	assert.GreaterOrEqual(t, len(stubs), 5)
}
