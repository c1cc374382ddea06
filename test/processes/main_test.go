//go:build linux

// Package processes tests what only several real processes can show.
//
// The processes are of two kinds that understand the same requests: the test
// binary in the role "node" (node_test.go, with the verbs in the files that
// need them) and the C program testdata/peer.c.
package processes

import (
	"testing"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
