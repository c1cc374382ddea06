//go:build linux

package cgo_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/cgo"
)

func TestCompiledForTheDPDKThatRuns(t *testing.T) {
	v := cgo.BuildVersion() // RTE_VERSION_NUM: year, month, minor, release, a byte each
	assert.True(t, strings.HasPrefix(cgo.Version(), fmt.Sprintf("DPDK %d.%02d.%d", v>>24, v>>16&0xFF, v>>8&0xFF)), "%s, compiled for %#x", cgo.Version(), v)
}
