//go:build linux

package eal_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/test/harness"
)

// "cleanup-fails" closes EAL; its rte_eal_cleanup returns an errno.
var _ = harness.Role("cleanup-fails", func([]string) error {
	rt, err := eal.Init(harness.Config(0))
	if err != nil {
		return err
	}
	eal.FailCleanup(int(syscall.EFAULT))
	if err := rt.Close(); !errors.Is(err, syscall.EFAULT) {
		return fmt.Errorf("Close returned %v", err)
	}
	left, err := filepath.Glob(filepath.Join(harness.HugeDir(), rt.FilePrefix()+"map_*"))
	harness.Say("%s: %v", rt.RuntimeDir(), left)
	return err
})

func TestCloseRemovesTheFilesAlsoIfTheCleanupFails(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	lines := harness.Start(t, "cleanup-fails").Wait()
	if assert.Len(t, lines, 1) {
		assert.Contains(t, lines[0], ": []")
		assert.NoDirExists(t, lines[0][:len(lines[0])-len(": []")])
	}
}
