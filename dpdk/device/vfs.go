package device

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// SetVFs makes n virtual functions of a physical function; 0 removes them. The kernel changes a
// number only by way of 0: VFs that exist end, and new ones come. The driver of the physical
// function must support it; the kernel's usually do.
//
// SetVFs returns dpdk.ErrBusy if a VF is in use, dpdk.ErrInvalid if the device cannot have n, and
// dpdk.ErrUnsupported if it cannot have any. If it fails, the device gets back the number that it had.
// It waits as [Host.Bind].
func (h Host) SetVFs(ctx context.Context, cfg Config, device string, n int) error {
	const op = "device.SetVFs"
	i, err := h.Lookup(device)
	if err != nil {
		return err
	}
	switch {
	case i.TotalVFs == 0:
		return &dpdk.Error{Op: op, Name: i.Address, Errno: dpdk.ErrUnsupported, Detail: "the device has no SR-IOV, or the firmware has turned it off"}
	case n < 0 || n > i.TotalVFs:
		return check.Invalid(op, i.Address, "%d VFs: the device can have 0 to %d", n, i.TotalVFs)
	case n == len(i.VFs):
		return nil
	case i.Driver == "":
		return &dpdk.Error{Op: op, Name: i.Address, Errno: dpdk.ErrUnsupported, Detail: "a driver makes the VFs, and none is bound: use Restore"}
	}
	if !cfg.Force {
		for _, vf := range h.infos(i.VFs) {
			if err := free(op, vf); err != nil {
				return err
			}
		}
	}
	set := func(n int) error {
		return h.store(op, i.Address, strconv.Itoa(n), pciDevices, i.Address, "sriov_numvfs")
	}
	return within(ctx, op, i.Address, func(ctx context.Context) error {
		if err := ended(ctx, op, i.Address); err != nil {
			return err
		}
		was := len(i.VFs)
		if was > 0 {
			if err := set(0); err != nil {
				return err
			}
		}
		err := ended(ctx, op, i.Address)
		if err == nil && n > 0 {
			if err = set(n); err == nil {
				if err = ended(ctx, op, i.Address); err != nil { // the caller has got an error already
					err = errors.Join(err, set(0))
				}
			}
		}
		if err != nil && was > 0 {
			if e := set(was); e != nil {
				err = errors.Join(err, fmt.Errorf("undo: %w", e))
			}
		}
		return err
	})
}
