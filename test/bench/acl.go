package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"unsafe"

	cacl "github.com/godpdk/godpdk/cgo/acl"
	"github.com/godpdk/godpdk/dpdk/acl"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// filter returns rules as of a packet filter: a network, or two, and a service.
func filter(r *rand.Rand, n int, six bool) []acl.Tuple {
	rules := make([]acl.Tuple, n)
	for i := range rules {
		q := &rules[i]
		q.Value = uint32(i + 1)
		q.Protocol = []header.Protocol{header.ProtocolTCP, header.ProtocolUDP}[r.IntN(2)]
		q.DestinationPorts = acl.Port(uint16(r.IntN(1024)))
		q.Destination = netip.PrefixFrom(flowAddress(r, six), map[bool]int{false: 24, true: 56}[six])
		if r.IntN(2) == 0 {
			q.Source = netip.PrefixFrom(flowAddress(r, six), map[bool]int{false: 16, true: 40}[six])
		}
	}
	return rules
}

func flowAddress(r *rand.Rand, six bool) netip.Addr {
	if six {
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, byte(r.IntN(16)), byte(r.IntN(16)), byte(r.IntN(256)), 15: byte(r.IntN(256))})
	}
	return netip.AddrFrom4([4]byte{10, byte(r.IntN(16)), byte(r.IntN(256)), byte(r.IntN(256))})
}

// acls compares the classification of random keys.
func acls() ([]contest, error) {
	if !wanted("acl") {
		return nil, nil
	}
	r := rand.New(rand.NewPCG(1, 2))
	const n = 1000
	four, err := acl.Create4("bench", filter(r, n, false), acl.Config{})
	if err != nil {
		return nil, err
	}
	six, err := acl.Create6("bench 6", filter(r, n, true), acl.Config{})
	if err != nil {
		return nil, err
	}
	return append(aclsOf("IPv4", n, four, (*acl.Key4).Set, r, false), aclsOf("IPv6", n, six, (*acl.Key6).Set, r, true)...), nil
}

func aclsOf[K any](family string, rules int, t *acl.Table[K], set func(*K, netip.AddrPort, netip.AddrPort, header.Protocol) bool, r *rand.Rand, six bool) (all []contest) {
	keys := make([]K, 1<<14)
	for i := range keys {
		set(&keys[i], netip.AddrPortFrom(flowAddress(r, six), uint16(r.Uint32())), netip.AddrPortFrom(flowAddress(r, six), uint16(r.IntN(1024))), header.ProtocolTCP)
	}
	raw, mask, size := t.Pointer(), len(keys)-1, int(unsafe.Sizeof(keys[0]))
	for _, burst := range []int{1, 32} {
		values := make([]uint32, burst)
		v, at := unsafe.Pointer(&values[0]), 0
		all = append(all, contest{
			group: "acl", name: fmt.Sprintf("%s, %d rules", family, rules), burst: burst,
			c: func(iters int) { cloop.ACL(raw, unsafe.Pointer(&keys[0]), size, len(keys), v, burst, iters) },
			goNative: func(iters int) {
				for range iters {
					t.Classify(values, keys[at&mask:at&mask+burst])
					at += burst
				}
			},
			cgo: func(iters int) {
				for range iters {
					cacl.Classify(raw, unsafe.Pointer(&keys[at&mask]), v, burst, uint32(size), 1)
					at += burst
				}
			},
		})
	}
	return all
}
