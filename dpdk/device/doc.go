// Package device lists the PCI network devices of a Linux host, and binds them to drivers: to
// vfio-pci for DPDK, and back to the kernel's own driver.
//
//	devices, err := device.Host{}.List()
//	err = device.Host{}.Bind(ctx, "vfio-pci", device.Config{}, "0000:03:00.0", "0000:03:00.1")
//	port, err := ethdev.Open("0000:03:00.0", …)
//	err = device.Host{}.Restore(ctx, device.Config{}, "0000:03:00.0", "0000:03:00.1")
//
// The package reads and writes files in /sys and /proc only. It does not need EAL, and builds without cgo and DPDK. It
// stores nothing: the kernel knows which driver belongs to a device, so [Host.Restore] only
// removes the choice that [Host.Bind] has made.
//
// A device that is in use is refused with dpdk.ErrBusy, unless [Config] has Force.
// [Info.InUse] returns the reasons: a route, an address, a bridge or bond above the interface, a
// process that has the device open, VFs.
//
// # What this process sees
//
// Interfaces, addresses and routes belong to a network namespace. List sees those of the
// namespace of this process. A device with an interface in another namespace, such as a container's,
// is in use: [Info.Elsewhere] is set, and the interface is not in [Info.Interfaces]. Only routes of the
// main table are seen. Open files of other users' processes, and of
// processes in other PID namespaces, are seen by root of the host only.
//
// All functions may be called from any goroutine and process. Two changes of one device must not run
// in parallel.
package device
