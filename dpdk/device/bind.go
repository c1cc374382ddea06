package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Config is how devices are changed.
type Config struct {
	// Force also changes a device that is in use, or may be ([Info.InUse]), that is not a network device, or that
	// DPDK uses beside its kernel driver, and a device with members in its IOMMU group that block vfio.
	Force bool
}

// limit is how long a change may take. The kernel makes VFs of some devices in half a minute.
const limit = time.Minute

// Bind binds devices to a kernel driver, such as "vfio-pci". Each device is named as for [Host.Lookup].
// A device that has the driver stays as it is.
//
// Bind first checks all devices: it returns dpdk.ErrNotFound if the driver is not loaded,
// dpdk.ErrBusy if a device is in use, and, for vfio, if another member of its IOMMU group has a
// driver that vfio does not accept. It returns dpdk.ErrUnsupported for a device without an IOMMU,
// unless vfio is in its unsafe mode without one. Bind devices of one group in one call.
//
// Bind sets driver_override, so that the kernel gives the device to no other driver, also after [Host.Unbind]. If
// a step fails, all devices get back the drivers and the driver_override that they had.
//
// The kernel can let a writer wait, for example until a process closes the device. Bind returns
// dpdk.ErrTimeout when ctx ends, or after a minute. The kernel cannot abandon the step: a goroutine
// waits for it and then undoes the change, and until then the program cannot exit.
//
// Bind needs root, and a sysfs that is mounted for writing: containers have that if they are
// privileged.
func (h Host) Bind(ctx context.Context, driver string, cfg Config, devices ...string) error {
	const op = "device.Bind"
	switch {
	case driver == "" || strings.ContainsAny(driver, "/\x00\n") || driver == "." || driver == "..":
		return check.Invalid(op, driver, "that is not the name of a driver: use Unbind for none")
	case !h.exists(pciDrivers, driver):
		return &dpdk.Error{Op: op, Name: driver, Errno: dpdk.ErrNotFound,
			Detail: "the kernel has no PCI driver of that name: run modprobe " + driver}
	}
	return h.change(ctx, op, cfg, devices, func(i Info) (target, bool) {
		return target{driver: driver, override: driver}, i.Driver != driver
	})
}

// Unbind takes the driver from devices. A device without a driver stays as it is. Otherwise Unbind is as [Host.Bind].
func (h Host) Unbind(ctx context.Context, cfg Config, devices ...string) error {
	return h.change(ctx, "device.Unbind", cfg, devices, func(i Info) (target, bool) {
		return target{override: i.Override}, i.Driver != ""
	})
}

// Restore gives devices back to the kernel's own drivers: it clears driver_override, and the kernel
// chooses among its drivers as for a new device. A device that has such a driver, and no
// driver_override, stays as it is.
//
// If no driver takes a device, Restore returns dpdk.ErrNotFound with the modules to load
// ([Info.Modules]), and the device is as before. Otherwise Restore is as [Host.Bind].
func (h Host) Restore(ctx context.Context, cfg Config, devices ...string) error {
	return h.change(ctx, "device.Restore", cfg, devices, func(i Info) (target, bool) {
		return target{any: true}, i.Override != "" || i.Driver == "" || userspace(i.Driver)
	})
}

// suits returns why the driver would not make the device usable. The named devices get the same driver.
func (h Host) suits(op string, i Info, driver string, cfg Config, named []string) error {
	switch {
	case !cfg.Force && userspace(driver) && slices.Contains(bifurcated, i.Driver):
		return check.Invalid(op, i.Address, "DPDK uses the device beside %s: leave it bound, or force it", i.Driver)
	case !vfio(driver):
		return nil
	case i.Group == nil && !h.VFIO().NoIOMMU:
		return &dpdk.Error{Op: op, Name: i.Address, Errno: dpdk.ErrUnsupported,
			Detail: "the device has no IOMMU group: turn the IOMMU on in the firmware and, for Intel's, with intel_iommu=on on the kernel's command line. " +
				"Without an IOMMU: echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode, but then the device can overwrite all memory"}
	case i.Group == nil || cfg.Force:
		return nil
	}
	for _, m := range i.Group.Members {
		if m.Blocks && !slices.ContainsFunc(named, func(name string) bool { a, _ := h.find(op, name); return a == m.Address }) {
			return &dpdk.Error{Op: op, Name: i.Address, Errno: dpdk.ErrBusy,
				Detail: fmt.Sprintf("%s in the same IOMMU group %d is bound to %s: bind it to vfio-pci in the same call, or unbind it", m.Address, i.Group.ID, m.Driver)}
		}
	}
	return nil
}

// target is what a change leads to: a driver, none, or any that the kernel chooses.
type target struct {
	driver   string
	any      bool
	override string
}

// change checks devices, then changes them all, or none. The function plan returns the target of a
// device, and whether it has not reached it.
func (h Host) change(ctx context.Context, op string, cfg Config, devices []string, plan func(Info) (target, bool)) error {
	var infos []Info
	var targets []target
	for _, name := range devices {
		address, err := h.find(op, name)
		if err != nil {
			return err
		}
		i := h.infos([]string{address})[0]
		t, needed := plan(i)
		if !needed || slices.ContainsFunc(infos, func(i Info) bool { return i.Address == address }) {
			continue
		}
		if !cfg.Force || i.Changing {
			err = free(op, i)
		}
		if err == nil {
			err = h.suits(op, i, t.driver, cfg, devices)
		}
		if err != nil {
			return err
		}
		infos, targets = append(infos, i), append(targets, t)
	}
	return within(ctx, op, strings.Join(devices, " "), func(ctx context.Context) error {
		for n, i := range infos {
			err := h.move(ctx, op, i.Address, i.Driver, targets[n])
			if err == nil {
				continue
			}
			for _, done := range slices.Backward(infos[:n+1]) {
				if e := h.putBack(op, done); e != nil {
					err = errors.Join(err, fmt.Errorf("undo: %w", e))
				}
			}
			if t := targets[n]; t.any && errors.Is(err, errNoDriver) && len(i.Modules) > 0 {
				return fmt.Errorf("%w: modprobe %s", err, strings.Join(i.Modules, " or "))
			}
			return err
		}
		return nil
	})
}

// free returns why a device must not be changed.
func free(op string, i Info) error {
	if !strings.HasPrefix(i.Class, classNetwork) {
		return check.Invalid(op, i.Address, "the device has class %s and is not a network device: force it if nothing uses it", i.Class)
	}
	if why := i.InUse(); len(why) > 0 {
		detail := "the device is in use: " + strings.Join(why, "; ") + ". End that use, or force it"
		if len(why) == len(i.Unknown) {
			detail = "the device may be in use: " + strings.Join(why, "; ") + ". Give this process the host's /proc, or force it if nothing uses the device"
		}
		return &dpdk.Error{Op: op, Name: i.Address, Errno: dpdk.ErrBusy, Detail: detail}
	}
	return nil
}

// move leads a device to its target.
func (h Host) move(ctx context.Context, op, address, from string, to target) error {
	steps := []func() error{
		func() error { return h.store(op, address, to.override, pciDevices, address, "driver_override") },
		func() error {
			if from == "" {
				return nil
			}
			return h.store(op, address, address, pciDrivers, from, "unbind")
		},
		func() error {
			switch {
			case to.any:
				return h.store(op, address, address, "/sys/bus/pci/drivers_probe")
			case to.driver != "":
				return h.store(op, address, address, pciDrivers, to.driver, "bind") // unlike drivers_probe, it returns the error of the driver
			}
			return nil
		},
	}
	for _, step := range steps {
		if err := ended(ctx, op, address); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	switch now := h.link(pciDevices, address, "driver"); {
	case to.any && (now == "" || userspace(now)):
		return &dpdk.Error{Op: op, Name: address, Errno: dpdk.ErrNotFound, Cause: errNoDriver}
	case !to.any && now != to.driver:
		return &dpdk.Error{Op: op, Name: address, Errno: dpdk.Errno(syscall.EIO), Detail: fmt.Sprintf("the driver is %q, not %q: dmesg has the reason", now, to.driver)}
	}
	return ended(ctx, op, address)
}

var errNoDriver = errors.New("the kernel has loaded no driver of its own for it")

// putBack gives a device the driver and the driver_override that it had.
func (h Host) putBack(op string, was Info) error {
	if now := h.link(pciDevices, was.Address, "driver"); now != was.Driver {
		if now != "" {
			if err := h.store(op, was.Address, was.Address, pciDrivers, now, "unbind"); err != nil {
				return err
			}
		}
		if was.Driver != "" { // which need not be the one that the kernel would choose
			if err := h.move(context.Background(), op, was.Address, "", target{driver: was.Driver, override: was.Driver}); err != nil {
				return err
			}
		}
	}
	if now, ok := h.override(was.Address); ok && now == was.Override {
		return nil
	}
	return h.store(op, was.Address, was.Override, pciDevices, was.Address, "driver_override")
}

// store writes a line to a file of sysfs.
func (h Host) store(op, name, line string, parts ...string) error {
	write := h.write
	if write == nil {
		write = func(path, text string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0) // sysfs has its files already
			if err != nil {
				return err
			}
			_, err = f.WriteString(text)
			return errors.Join(err, f.Close())
		}
	}
	file := h.path(filepath.Join(parts...))
	err := write(file, line+"\n")
	if err == nil {
		return nil
	}
	errno := linux.Errno(err)
	detail := fmt.Sprintf("writing %q to %s", line, file)
	switch errno {
	case syscall.EROFS:
		detail += ": sysfs is mounted read-only, as in a container: do it on the host"
	case syscall.EACCES, syscall.EPERM:
		detail += ": run this as root of the host"
	}
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.Errno(errno), Detail: detail}
}

// ended returns the error of a context that has ended.
func ended(ctx context.Context, op, name string) error {
	if ctx.Err() == nil {
		return nil
	}
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrTimeout, Cause: context.Cause(ctx)}
}

// grace is how long a call waits for what the kernel does at once, unless it hangs.
const grace = time.Second

// within runs f, and waits until it returns or ctx ends. A write to sysfs cannot be interrupted.
func within(ctx context.Context, op, name string, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	done := make(chan error, 1)
	go func() {
		defer cancel()
		done <- f(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(grace):
	}
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrTimeout, Cause: context.Cause(ctx),
		Detail: "the kernel has not finished: a process may have the device open. The change will be undone when the kernel continues"}
}
