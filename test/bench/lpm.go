package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"unsafe"

	clpm "github.com/godpdk/godpdk/cgo/lpm"
	"github.com/godpdk/godpdk/dpdk/lpm"
	"github.com/godpdk/godpdk/test/bench/cloop"
	"github.com/godpdk/godpdk/test/routes"
	"github.com/godpdk/godpdk/test/twin"
)

// addresses is the number of addresses of a loop: a lookup finds neither its address nor its branches in the caches by their
// repetition.
const addresses = 1 << 18

// lpms compares lookups of random addresses in a table of a million routes, and of addresses of few routes.
func lpms() ([]contest, error) {
	if !wanted("lpm") {
		return nil, nil
	}
	r := rand.New(rand.NewPCG(1, 2))
	full, err := fullTable(r)
	if err != nil {
		return nil, err
	}
	few, err := lpm.Create4("bench few", lpm.Config{})
	if err != nil {
		return nil, err
	}
	if err := few.Add(netip.MustParsePrefix("10.0.0.0/16"), 1); err != nil {
		return nil, err
	}
	for i := range 256 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 24)
		if i%64 == 0 {
			p = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 128}), 26)
		}
		if err := few.Add(p, uint32(i)); err != nil {
			return nil, err
		}
	}
	all, near := make([]uint32, addresses), make([]uint32, addresses)
	for i := range all {
		all[i], near[i] = r.Uint32(), 10<<24|r.Uint32N(1<<16)
	}
	six, err := lpm6s(r)
	return append(append(lpm4s("1 M routes", full, all), lpm4s("257 routes", few, near)...), six...), err
}

func lpm4s(name string, t *lpm.Table4, ips []uint32) []contest {
	at, mask := 0, len(ips)-1
	results, hops := make([]lpm.Result, 32), make([]uint32, 32)
	words, raw := unsafe.Pointer(&hops[0]), t.Pointer()
	var sum uint32
	byCgo := func(iters int) {
		at &^= 31
		for range iters {
			twin.LPMLookupBulk(raw, unsafe.Pointer(&ips[at&mask]), words, 32)
			at += 32
		}
	}
	return []contest{{
		group: "lpm", name: "IPv4 lookup, " + name, burst: 1,
		c: func(iters int) { sum += cloop.LPM(raw, ips, iters) },
		goNative: func(iters int) {
			s, all := uint32(0), (*[addresses]uint32)(ips) // without a check of the index, as in C
			for i := at; i < at+iters; i++ {
				if r := t.LookupUint32(all[i&(addresses-1)]); r.OK() {
					s += r.NextHop()
				}
			}
			sum += s
			at += iters
		},
		cgo: func(iters int) {
			for range iters {
				hop, _ := twin.LPMLookup(raw, ips[at&mask])
				sum += hop
				at++
			}
		},
	}, {
		group: "lpm", name: "IPv4 bulk, " + name, burst: 32,
		c: func(iters int) { cloop.LPMBulk(raw, ips, words, iters) },
		goNative: func(iters int) {
			at &^= 31
			for range iters {
				t.LookupBulk(results, ips[at&mask:at&mask+32])
				at += 32
			}
		},
		cgo: byCgo,
	}, {
		group: "lpm", name: "IPv4 bulk against x4 in C, " + name, burst: 32,
		c: func(iters int) { cloop.LPMX4(raw, ips, words, iters) },
		goNative: func(iters int) {
			at &^= 31
			for range iters {
				t.LookupBulk(results, ips[at&mask:at&mask+32])
				at += 32
			}
		},
	}}
}

// fullTable makes a table with a million of routes.
func fullTable(r *rand.Rand) (*lpm.Table4, error) {
	t, err := lpm.Create4("bench full", lpm.Config{MaxRoutes: 20_000, Groups: 16_384})
	if err != nil {
		return nil, err
	}
	for bits := range 33 {
		thousands := routes.Spread4[bits]
		var long []lpm.Route
		for range int(shorter(thousands*1000, thousands*10)) {
			ip, hop := r.Uint32(), r.Uint32N(256)
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, ip))), bits).Masked()
			if bits > 24 {
				long = append(long, lpm.Route{Prefix: p, NextHop: hop})
			} else {
				cloop.LPMFill(t.Pointer(), binary.BigEndian.Uint32(p.Addr().AsSlice()), uint32(bits), hop)
			}
		}
		if _, err := t.AddRoutes(long); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// lpm6s compares lookups of IPv6 addresses in a table of routes with 32 to 48 bits.
func lpm6s(r *rand.Rand) ([]contest, error) {
	n := shorter(20_000, 100)
	t, err := lpm.Create6("bench", lpm.Config{MaxRoutes: n, Groups: 65_536})
	if err != nil {
		return nil, err
	}
	ips := make([][16]byte, addresses)
	random := func() (b [16]byte) {
		binary.BigEndian.PutUint64(b[:], r.Uint64())
		b[0], b[1] = 0x20, b[1]&0xf
		return b
	}
	for i := range n {
		b := random()
		p := netip.PrefixFrom(netip.AddrFrom16(b), []int{32, 36, 40, 44, 48, 48, 48, 48}[i%8])
		if err := t.Add(p, uint32(i)); err != nil {
			return nil, err
		}
		for k := i; k < len(ips); k += n { // most addresses have a route
			ips[k] = b
			binary.BigEndian.PutUint64(ips[k][8:], r.Uint64())
		}
	}
	r.Shuffle(len(ips), func(i, j int) { ips[i], ips[j] = ips[j], ips[i] })
	var contests []contest
	at, mask, raw := 0, len(ips)-1, t.Pointer()
	for _, burst := range []int{1, 32} {
		results, hops := make([]lpm.Result, burst), make([]uint32, burst)
		words := unsafe.Pointer(&hops[0])
		contests = append(contests, contest{
			group: "lpm", name: fmt.Sprintf("IPv6 bulk, %d routes", n), burst: burst,
			c: func(iters int) { cloop.LPM6(raw, ips, words, burst, iters) },
			goNative: func(iters int) {
				at &^= 31
				for range iters {
					t.LookupBulk(results, ips[at&mask:at&mask+burst])
					at += burst
				}
			},
			cgo: func(iters int) {
				at &^= 31
				for range iters {
					clpm.Lookup6(raw, unsafe.Pointer(&ips[at&mask]), words, burst)
					at += burst
				}
			},
		})
	}
	return contests, nil
}
