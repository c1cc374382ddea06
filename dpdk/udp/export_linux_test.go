package udp

import (
	"net/netip"
	"time"
)

// MeaningOfEINVAL returns what EINVAL of the kernel for segments means.
func MeaningOfEINVAL(c *KernelConn, to netip.AddrPort, from netip.Addr) error {
	o := *c.options.Load()
	o.src = from
	return c.segmentError(to, &o, c.options.Load())
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
