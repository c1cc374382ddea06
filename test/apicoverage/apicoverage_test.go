package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPagesAreUpToDate(t *testing.T) {
	pages, mistakes, err := makePages("../..")
	require.NoError(t, err)
	assert.Empty(t, mistakes)
	files, err := os.ReadDir("pages")
	require.NoError(t, err)
	assert.Len(t, files, len(pages)-1)
	for name, text := range pages {
		have, err := os.ReadFile(name)
		require.NoError(t, err)
		if string(have) != text {
			t.Errorf("%s is not up to date: run make coverage-api", name)
		}
	}
}
