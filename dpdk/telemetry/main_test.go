//go:build linux && cgo

package telemetry

import (
	"testing"

	"github.com/godpdk/godpdk/test/harness"
)

// The tests of the client need no EAL: they also run with CGO_ENABLED=0, without this file.
func TestMain(m *testing.M) { harness.MainEAL(m) }
