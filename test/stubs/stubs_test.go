package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Values of constants differ between releases of DPDK.
var value = regexp.MustCompile(`(?m)= (-?[0-9]+|true|false)$`)

func TestStubsAreCurrent(t *testing.T) {
	stubs, err := generate()
	require.NoError(t, err)
	for path, want := range stubs {
		got, err := os.ReadFile(path)
		require.NoError(t, err, "run: go generate ./cgo")
		assert.Equal(t, value.ReplaceAllString(string(want), "= N"), value.ReplaceAllString(string(got), "= N"), "%s: run: go generate ./cgo", path)
	}
	assert.GreaterOrEqual(t, len(stubs), 5)
}
