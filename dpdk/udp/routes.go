package udp

import (
	"cmp"
	"net/netip"
	"slices"
)

// routes are the routes of a host, the longest prefix first.
type routes []route

// route is a route with the source address of datagrams that take it.
type route struct {
	to  netip.Prefix
	via netip.Addr // the zero Addr on the link
	src netip.Addr
}

// newRoutes makes the routes to the subnets of addrs, to the gateways, and those of the configuration.
func newRoutes(addrs []netip.Prefix, gateways []netip.Addr, more []Route) routes {
	var all routes
	for _, a := range addrs {
		all = append(all, route{to: a.Masked(), src: a.Addr()})
	}
	// source returns the address of the host that reaches a neighbor.
	source := func(to, via netip.Addr) (first netip.Addr) {
		near := via
		if !near.IsValid() {
			near = to
		}
		for _, a := range addrs {
			switch {
			case a.Addr().Is4() != to.Is4():
			case a.Contains(near):
				return a.Addr()
			case !first.IsValid():
				first = a.Addr()
			}
		}
		return first
	}
	// outside returns the source for destinations that are not in the subnet of the router, which a
	// link-local address does not reach.
	outside := func(to, via netip.Addr) netip.Addr {
		src := source(to, via)
		if !src.Is6() || !src.IsLinkLocalUnicast() {
			return src
		}
		for _, a := range addrs {
			if a.Addr().Is6() && !a.Addr().IsLinkLocalUnicast() {
				return a.Addr()
			}
		}
		return src
	}
	for _, r := range more {
		all = append(all, route{to: r.To.Masked(), via: r.Via, src: outside(r.To.Addr(), r.Via)})
	}
	for _, g := range gateways {
		zero := netip.IPv6Unspecified()
		if g.Is4() {
			zero = netip.IPv4Unspecified()
		}
		all = append(all, route{to: netip.PrefixFrom(zero, 0), via: g, src: outside(zero, g)})
	}
	slices.SortStableFunc(all, func(a, b route) int { return cmp.Compare(b.to.Bits(), a.to.Bits()) })
	return all
}

// find returns the route to an address.
func (r routes) find(to netip.Addr) (route, bool) {
	for _, one := range r {
		if one.to.Contains(to) && one.src.IsValid() {
			return one, true
		}
	}
	return route{}, false
}
