//go:build linux

// Package processes has the tests that need several processes.
//
// The processes are of two kinds that understand the same requests: the test
// binary in the role "node" (node_test.go, with the verbs in the files that
// need them) and the C program testdata/peer.c.
package processes

import (
	"flag"
	"testing"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) {
	// The tests that call t.Parallel use no CPU: they wait for time-outs.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	harness.Main(m)
}
