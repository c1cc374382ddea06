package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"unsafe"

	cfib "github.com/godpdk/godpdk/cgo/fib"
	"github.com/godpdk/godpdk/dpdk/fib"
	"github.com/godpdk/godpdk/test/bench/cloop"
	"github.com/godpdk/godpdk/test/routes"
)

// fibs compares lookups and changes in tables with a million of IPv4 routes and with IPv6 routes.
func fibs() ([]contest, error) {
	if !wanted("fib") {
		return nil, nil
	}
	r := rand.New(rand.NewPCG(1, 2))
	n, n6 := shorter(1_000_000, 10_000), shorter(100_000, 10_000)
	four, err := fib.Create4("bench", fib.Config{MaxRoutes: n + 1, Groups: 16_384, Missing: 255})
	if err != nil {
		return nil, err
	}
	prefixes := routes.Prefixes(r, false, n)
	if err := addAll(four.AddRoutes, prefixes); err != nil {
		return nil, err
	}
	six, err := fib.Create6("bench6", fib.Config{MaxRoutes: n6, Groups: 200_000, Missing: 255})
	if err != nil {
		return nil, err
	}
	prefixes6 := routes.Prefixes(r, true, n6)
	if err := addAll(six.AddRoutes, prefixes6); err != nil {
		return nil, err
	}
	return append(fib4s(fmt.Sprintf("IPv4, %d routes", n), four, r), fib6s(fmt.Sprintf("IPv6, %d routes", n6), six, prefixes6, r)...), nil
}

func addAll(add func([]fib.Route) (int, error), prefixes []netip.Prefix) error {
	all := make([]fib.Route, len(prefixes))
	for i, p := range prefixes {
		all[i] = fib.Route{Prefix: p, NextHop: uint64(i % 255)}
	}
	_, err := add(all)
	return err
}

func fib4s(name string, t *fib.Table4, r *rand.Rand) (contests []contest) {
	ips := make([]uint32, addresses)
	for i := range ips {
		ips[i] = r.Uint32()
	}
	at, mask, raw := 0, len(ips)-1, t.Pointer()
	var sum uint64
	for _, burst := range []int{1, 32} {
		hops := make([]uint64, burst)
		words := unsafe.Pointer(&hops[0])
		c := contest{
			group: "fib", name: "lookup, " + name, burst: burst,
			c: func(iters int) { cloop.FIB(raw, ips, words, burst, iters) },
			goNative: func(iters int) {
				at &^= 31
				for range iters {
					t.LookupBulk(hops, ips[at&mask:at&mask+burst])
					at += burst
				}
			},
			cgo: func(iters int) {
				at &^= 31
				for range iters {
					cfib.LookupCall(false, raw, unsafe.Pointer(&ips[at&mask]), words, burst)
					at += burst
				}
			},
		}
		if burst == 1 {
			c.goNative = func(iters int) {
				for range iters {
					sum += t.LookupUint32(ips[at&mask])
					at++
				}
			}
		}
		contests = append(contests, c)
	}
	fresh := make([]uint32, 1<<14) // networks without a route of their own
	for i := range fresh {
		for fresh[i] = r.Uint32() &^ 0xff; ; fresh[i] = r.Uint32() &^ 0xff {
			if _, err := t.NextHop(network(fresh[i])); err != nil {
				break
			}
		}
	}
	return append(contests, contest{
		group: "fib", name: "add and delete, " + name, burst: 1,
		c: func(iters int) { cloop.FIBChange(raw, fresh, iters) },
		goNative: func(iters int) {
			for range iters {
				p := network(fresh[at%len(fresh)])
				at++
				if t.Add(p, 77) != nil || t.Delete(p) != nil {
					panic("the table is full")
				}
			}
		},
	})
}

// network returns the network of 24 bits of an address.
func network(ip uint32) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, ip))), 24)
}

func fib6s(name string, t *fib.Table6, prefixes []netip.Prefix, r *rand.Rand) (contests []contest) {
	ips := make([][16]byte, addresses)
	for i := range ips { // most addresses have a route
		ips[i] = routes.Near(r, prefixes[r.IntN(len(prefixes))]).As16()
	}
	at, mask, raw := 0, len(ips)-1, t.Pointer()
	for _, burst := range []int{1, 32} {
		hops := make([]uint64, burst)
		words := unsafe.Pointer(&hops[0])
		contests = append(contests, contest{
			group: "fib", name: "lookup, " + name, burst: burst,
			c: func(iters int) { cloop.FIB6(raw, ips, words, burst, iters) },
			goNative: func(iters int) {
				at &^= 31
				for range iters {
					t.LookupBulk(hops, ips[at&mask:at&mask+burst])
					at += burst
				}
			},
			cgo: func(iters int) {
				at &^= 31
				for range iters {
					cfib.LookupCall(true, raw, unsafe.Pointer(&ips[at&mask]), words, burst)
					at += burst
				}
			},
		})
	}
	return contests
}
