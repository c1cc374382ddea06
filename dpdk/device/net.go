package device

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// interfaces returns the network interfaces of a device. elsewhere is set if there is one that
// this process does not see: the driver has made the folder "net", and it looks empty here.
func (h Host) interfaces(dir string) (all []Interface, elsewhere bool) {
	parents := []string{dir}
	for _, name := range h.names(dir) {
		if strings.HasPrefix(name, "virtio") { // an interface of a virtio device is one level deeper
			parents = append(parents, filepath.Join(dir, name))
		}
	}
	for _, parent := range parents {
		names := h.names(parent, "net")
		elsewhere = elsewhere || len(names) == 0 && h.exists(parent, "net")
		for _, name := range names {
			dir := filepath.Join(parent, "net", name)
			all = append(all, h.iface(dir))
			elsewhere = elsewhere || !h.here(name, dir)
		}
	}
	return all, elsewhere
}

// here reports whether an interface in sysfs is in the network namespace of this process: a sysfs that was mounted on the
// host shows those of the host in a container too.
func (h Host) here(name, dir string) bool {
	if h.Root != "" {
		return true
	}
	f, err := net.InterfaceByName(name)
	return err == nil && f.Index == h.number(0, dir, "ifindex")
}

// iface reads the folder of an interface in sysfs.
func (h Host) iface(dir string) Interface {
	const iffUp = 1
	flags, _ := strconv.ParseUint(h.text(dir, "flags"), 0, 32)
	f := Interface{
		Name: filepath.Base(dir), MAC: h.text(dir, "address"), MTU: h.number(0, dir, "mtu"),
		Up: flags&iffUp != 0, Link: h.text(dir, "carrier") == "1", SpeedMbps: max(0, h.number(0, dir, "speed")),
	}
	for _, name := range h.names(dir) {
		if upper, ok := strings.CutPrefix(name, "upper_"); ok {
			f.Uppers = append(f.Uppers, upper)
		}
	}
	return f
}

// net returns the file of the kernel's network tables.
func (h Host) net(file string) string {
	if h.Root == "" {
		return filepath.Join("/proc/net", file)
	}
	return filepath.Join("/proc/1/net", file) // /proc/net is that of the reader
}

// table calls f with the fields of each line that has at least n.
func (h Host) table(file string, n int, f func(fields []string)) {
	for line := range strings.Lines(h.text(h.net(file))) {
		if fields := strings.Fields(line); len(fields) >= n {
			f(fields)
		}
	}
}

// routes returns the destinations of routes by interface.
func (h Host) routes() map[string][]netip.Prefix {
	const (
		up     = 0x1
		reject = 0x200      // no packets go there
		local  = 0x80000000 // an address of this host, which addresses has
	)
	routes := map[string][]netip.Prefix{}
	add := func(name string, destination netip.Addr, length int, flags string) {
		f, err := strconv.ParseUint(flags, 16, 64)
		if err == nil && f&up != 0 && f&(reject|local) == 0 && !automatic(destination) {
			routes[name] = append(routes[name], netip.PrefixFrom(destination, length))
		}
	}
	h.table("route", 8, func(f []string) {
		destination, err1 := strconv.ParseUint(f[1], 16, 32)
		mask, err2 := strconv.ParseUint(f[7], 16, 32)
		if err1 == nil && err2 == nil { // not the line of titles
			add(f[0], netip.AddrFrom4(wire(destination)), bits.OnesCount64(mask), f[3])
		}
	})
	h.table("ipv6_route", 10, func(f []string) {
		if destination, length, ok := ipv6(f[0], f[1]); ok {
			add(f[9], destination, length, f[8])
		}
	})
	return routes
}

// wire returns the bytes of an address that the kernel prints as a number of this processor.
func wire(n uint64) (b [4]byte) {
	binary.NativeEndian.PutUint32(b[:], uint32(n))
	return b
}

// ipv6 returns an address and the length of its prefix, both in hexadecimal.
func ipv6(address, length string) (netip.Addr, int, bool) {
	b, err1 := hex.DecodeString(address)
	n, err2 := strconv.ParseUint(length, 16, 8)
	a, ok := netip.AddrFromSlice(b)
	return a, int(n), ok && err1 == nil && err2 == nil
}

// automatic reports whether the kernel itself gives the address or route to each interface.
func automatic(a netip.Addr) bool { return a.IsMulticast() || a.Is6() && a.IsLinkLocalUnicast() }

// addresses returns the addresses of interfaces. No file of the kernel has IPv4 addresses with
// their interfaces, so they are those of this process.
func (h Host) addresses() map[string][]netip.Prefix {
	all := map[string][]netip.Prefix{}
	if h.Root == "" {
		interfaces, _ := net.Interfaces()
		for _, i := range interfaces {
			list, _ := i.Addrs()
			for _, a := range list {
				if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
					all[i.Name] = append(all[i.Name], p)
				}
			}
		}
	}
	h.table("if_inet6", 6, func(f []string) {
		if a, length, ok := ipv6(f[0], f[2]); ok && !automatic(a) {
			all[f[5]] = append(all[f[5]], netip.PrefixFrom(a, length))
		}
	})
	return all
}
