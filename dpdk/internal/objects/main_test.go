//go:build linux

package objects_test

import (
	"testing"

	"github.com/godpdk/godpdk/dpdk/ealtest"
)

func TestMain(m *testing.M) { ealtest.Main(m, ealtest.Options{}) }
