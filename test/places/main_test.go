// Package places tests for each driver what is lost when a worker is killed that polls its queues, and whether the
// successor of its place can simply go on.
package places

import (
	"testing"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }
