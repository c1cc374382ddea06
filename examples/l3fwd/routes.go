package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/godpdk/godpdk/dpdk/fib"
	"github.com/godpdk/godpdk/dpdk/lpm"
)

// route is a prefix and the port that sends packets to it.
type route struct {
	prefix netip.Prefix
	port   uint8
}

// none is the next hop of packets without a route.
const none = 1 << 8

// routes are the tables of both families.
type routes interface {
	// lookup4 and lookup6 store the ports of up to burst addresses, or none.
	lookup4(hops []uint16, ips []uint32)
	lookup6(hops []uint16, ips [][16]byte)
	free() error
}

// load makes tables of the routes of the command line and the file.
func load(s settings, name string) (routes, string, error) {
	all := s.routes
	if s.file != "" {
		more, err := readRoutes(s.file)
		if err != nil {
			return nil, "", err
		}
		all = append(all[:len(all):len(all)], more...)
	}
	var four, six []route
	for _, r := range all {
		if int(r.port) >= len(s.ports) {
			return nil, "", fmt.Errorf("route %v: port %d does not exist: the last one is %d", r.prefix, r.port, len(s.ports)-1)
		}
		if r.prefix = r.prefix.Masked(); r.prefix.Addr().Is4() {
			four = append(four, r)
		} else {
			six = append(six, r)
		}
	}
	make := newLPM
	if s.lookup == "fib" {
		make = newFIB
	}
	t, err := make(name, four, six)
	return t, fmt.Sprintf("%d IPv4 and %d IPv6 routes", len(four), len(six)), err
}

// readRoutes reads a file of routes.
func readRoutes(file string) (all []route, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(strings.TrimPrefix(lines.Text(), "R"))
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("%s:%d: use a prefix and the number of a port", file, n)
		}
		r, err := parseRoute(fields[0], fields[1])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		all = append(all, r)
	}
	return all, lines.Err()
}

// groups returns the number of groups of entries that the routes need: one for each prefix of 24 bits and whole bytes
// that has longer ones in it.
func groups(all []route) int {
	seen := map[netip.Prefix]bool{}
	for _, r := range all {
		for bits := 24; bits < r.prefix.Bits(); bits += 8 {
			p, _ := r.prefix.Addr().Prefix(bits)
			seen[p] = true
		}
	}
	return max(len(seen), 64)
}

// lpmRoutes has tables of package lpm, which cannot hold default routes.
type lpmRoutes struct {
	four     *lpm.Table4
	six      *lpm.Table6
	default4 uint16
	default6 uint16
}

func newLPM(name string, four, six []route) (routes, error) {
	t := &lpmRoutes{default4: none, default6: none}
	convert := func(all []route, fallback *uint16) (converted []lpm.Route) {
		for _, r := range all {
			if r.prefix.Bits() == 0 {
				*fallback = uint16(r.port)
			} else {
				converted = append(converted, lpm.Route{Prefix: r.prefix, NextHop: uint32(r.port)})
			}
		}
		return converted
	}
	var err error
	if t.four, err = lpm.Create4(name, lpm.Config{MaxRoutes: max(len(four), 1), Groups: groups(four)}); err == nil {
		_, err = t.four.AddRoutes(convert(four, &t.default4))
	}
	if err == nil {
		t.six, err = lpm.Create6(name, lpm.Config{MaxRoutes: max(len(six), 1), Groups: groups(six)})
	}
	if err == nil {
		_, err = t.six.AddRoutes(convert(six, &t.default6))
	}
	return whole(t, err)
}

// whole frees tables that are not complete.
func whole(t routes, err error) (routes, error) {
	if err != nil {
		return nil, errors.Join(err, t.free())
	}
	return t, nil
}

func (t *lpmRoutes) lookup4(hops []uint16, ips []uint32) {
	var results [burst]lpm.Result
	t.four.LookupBulk(results[:], ips)
	ports(hops, results[:], t.default4)
}

func (t *lpmRoutes) lookup6(hops []uint16, ips [][16]byte) {
	var results [burst]lpm.Result
	t.six.LookupBulk(results[:], ips)
	ports(hops, results[:], t.default6)
}

// ports stores the ports of results.
func ports(hops []uint16, results []lpm.Result, missing uint16) {
	for i := range hops {
		if r := results[i]; r.OK() {
			hops[i] = uint16(r.NextHop())
		} else {
			hops[i] = missing
		}
	}
}

func (t *lpmRoutes) free() (err error) {
	if t.four != nil {
		err = t.four.Free()
	}
	if t.six != nil {
		err = errors.Join(err, t.six.Free())
	}
	return err
}

// fibRoutes has tables of package fib.
type fibRoutes struct {
	four *fib.Table4
	six  *fib.Table6
}

func newFIB(name string, four, six []route) (routes, error) {
	convert := func(all []route) (converted []fib.Route) {
		for _, r := range all {
			converted = append(converted, fib.Route{Prefix: r.prefix, NextHop: uint64(r.port)})
		}
		return converted
	}
	config := func(all []route) fib.Config {
		return fib.Config{MaxRoutes: max(len(all), 1), Groups: groups(all), Missing: none}
	}
	t := &fibRoutes{}
	var err error
	if t.four, err = fib.Create4(name+" IPv4", config(four)); err == nil {
		_, err = t.four.AddRoutes(convert(four))
	}
	if err == nil {
		t.six, err = fib.Create6(name+" IPv6", config(six))
	}
	if err == nil {
		_, err = t.six.AddRoutes(convert(six))
	}
	return whole(t, err)
}

func (t *fibRoutes) lookup4(hops []uint16, ips []uint32) {
	var wide [burst]uint64
	t.four.LookupBulk(wide[:], ips)
	narrow(hops, wide[:])
}

func (t *fibRoutes) lookup6(hops []uint16, ips [][16]byte) {
	var wide [burst]uint64
	t.six.LookupBulk(wide[:], ips)
	narrow(hops, wide[:])
}

func narrow(hops []uint16, wide []uint64) {
	for i := range hops {
		hops[i] = uint16(wide[i])
	}
}

func (t *fibRoutes) free() (err error) {
	if t.four != nil {
		err = t.four.Free()
	}
	if t.six != nil {
		err = errors.Join(err, t.six.Free())
	}
	return err
}
