package eal

import (
	"context"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/group"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// AttachError is a secondary's refusal to attach to a primary that it does not fit:
// DPDK would crash, or corrupt memory of both. errors.Is finds dpdk.ErrMismatch in it.
type AttachError struct {
	What string // what differs: "DPDK", "RTE_MAX_LCORE", "lcores" …
	// Primary is the primary's value; for lcores, which process has them.
	Primary   string
	Secondary string // this process's value
	Fix       string // what to do about it
}

func (e *AttachError) Error() string { return (*group.Mismatch)(e).Error() }

// Unwrap gives errors.Is its sentinel.
func (e *AttachError) Unwrap() error { return dpdk.ErrMismatch }

// attachError gives a refusal of package group the type that users can name.
func attachError(err error) error {
	if m, ok := err.(*group.Mismatch); ok {
		return (*AttachError)(m)
	}
	return err
}

// WaitPrimary waits until a primary with the file prefix runs and has finished
// starting, or until ctx ends; the error then says which of the two is missing.
// If the runtime directory cannot be read, or Init would refuse it, the error is not
// dpdk.ErrNoPrimary, because a primary may run there.
// It returns at once in a process that has attached to that primary or is it.
// An empty prefix is EAL's default, "rte".
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
