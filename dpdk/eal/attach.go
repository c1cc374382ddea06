package eal

import (
	"context"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/group"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// AttachError is the error of a secondary that does not fit its primary: DPDK would crash, or
// corrupt memory of both. errors.Is finds dpdk.ErrMismatch in it.
type AttachError struct {
	What string // the difference: "DPDK", "RTE_MAX_LCORE", "lcores" …
	// Primary is the primary's value. For lcores it names the process that has them.
	Primary   string
	Secondary string // this process's value
	Fix       string // the way to solve it
}

func (e *AttachError) Error() string { return (*group.Mismatch)(e).Error() }

// Unwrap returns dpdk.ErrMismatch.
func (e *AttachError) Unwrap() error { return dpdk.ErrMismatch }

// attachError converts a *group.Mismatch to the type that users can name.
func attachError(err error) error {
	if m, ok := err.(*group.Mismatch); ok {
		return (*AttachError)(m)
	}
	return err
}

// WaitPrimary waits until a primary with the file prefix runs and has finished starting, or until
// ctx ends. Then the error, a dpdk.ErrNoPrimary, distinguishes a primary that does not run from one
// that is still starting. If the runtime directory cannot be read, or Init would refuse it, the
// error is not dpdk.ErrNoPrimary, because a primary may run there. WaitPrimary returns at once in
// that primary itself and in a process that has attached to it. An empty prefix is EAL's default, "rte".
func WaitPrimary(ctx context.Context, prefix string) error {
	if prefix == "" {
		prefix = "rte"
	}
	dir := rundir.Path(prefix)
	if rt := process.current.Load(); rt != nil && rt.shared && rt.dir == dir {
		if rt.PrimaryAlive() {
			return nil
		}
		return group.NoPrimary(dir)
	}
	return group.WaitReady(ctx, dir, true)
}
