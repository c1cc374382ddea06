package udp

import (
	"net/netip"
	"syscall"
	"time"
)

// Meaning returns the error of a Conn for one of the kernel, for a datagram from an address, of segments or not.
func Meaning(c *KernelConn, errno syscall.Errno, to netip.AddrPort, from netip.Addr, segment int) error {
	o := *c.options.Load()
	o.src, o.segment = from, segment
	return c.meaning(errno, to, &o, c.options.Load())
}

// ZoneName and ZoneIndex are the name and the index of an interface.
func ZoneName(index uint32) string { return zoneName(index) }
func ZoneIndex(name string) uint32 { return zoneIndex(name) }

// AgeZones makes what is known about zones old.
func AgeZones() {
	zones.Range(func(key, z any) bool {
		old := z.(zone)
		old.until = time.Now()
		zones.Store(key, old)
		return true
	})
}
