package acl

import (
	"fmt"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/header"
)

// Ports is a range of ports. The zero value is all ports.
type Ports struct {
	low, high uint16
	set       bool
}

// Port returns the range of one port.
func Port(p uint16) Ports { return Ports{p, p, true} }

// PortRange returns the range from low to high. Both belong to it.
func PortRange(low, high uint16) Ports { return Ports{low, high, true} }

// String returns the range, such as "80", "1024-65535" or "any".
func (p Ports) String() string {
	switch {
	case !p.set:
		return "any"
	case p.low == p.high:
		return fmt.Sprint(p.low)
	}
	return fmt.Sprintf("%d-%d", p.low, p.high)
}

func (p Ports) match() Match {
	if !p.set {
		return Match{0, 0xffff}
	}
	return Match{uint32(p.low), uint32(p.high)}
}

// Tuple is a rule over the 5-tuple of packets, for [Create4] and [Create6]. A zero field matches all packets.
type Tuple struct {
	// Source and Destination are of the table's family. Bits after the length of the prefix are ignored.
	Source, Destination netip.Prefix
	// SourcePorts and DestinationPorts also match packets without ports, and fragments after the first one, if the range
	// contains 0: see [Key4].
	SourcePorts, DestinationPorts Ports
	// Protocol is compared under ProtocolMask. A zero mask is 0xff, or that of any protocol if Protocol is 0 too.
	Protocol     header.Protocol
	ProtocolMask uint8

	// These are as in a [Rule].
	Priority          int
	Categories, Value uint32
}

// rule returns the rule, or what is wrong with it.
func (t *Tuple) rule(six bool) (r Rule, wrong string) {
	mask := t.ProtocolMask
	if mask == 0 && t.Protocol != 0 {
		mask = 0xff
	}
	r = Rule{Priority: t.Priority, Categories: t.Categories, Value: t.Value, Fields: make([]Match, 0, len(fields6))}
	r.Fields = append(r.Fields, Match{uint32(t.Protocol), uint32(mask)})
	for _, p := range []netip.Prefix{t.Source, t.Destination} {
		if p != (netip.Prefix{}) && !p.IsValid() {
			return r, "a prefix is not valid"
		}
		if p.IsValid() && p.Addr().Is4() == six {
			return r, fmt.Sprintf("%v is of the other family: use a table of its family", p)
		}
		r.Fields = appendPrefix(r.Fields, p, six)
	}
	for _, p := range []Ports{t.SourcePorts, t.DestinationPorts} {
		if p.low > p.high {
			return r, fmt.Sprintf("the range of ports %v is empty", p)
		}
		r.Fields = append(r.Fields, p.match())
	}
	return r, ""
}

// appendPrefix appends the words of a prefix.
func appendPrefix(m []Match, p netip.Prefix, six bool) []Match {
	if !six {
		if !p.IsValid() {
			return append(m, Match{})
		}
		a := p.Addr().As4()
		return append(m, Match{be.Uint32(a[:]), uint32(p.Bits())})
	}
	var a [16]byte
	if p.IsValid() {
		a = p.Addr().As16()
	}
	for i := range 4 {
		m = append(m, Match{be.Uint32(a[i*4:]), uint32(min(max(p.Bits()-i*32, 0), 32))})
	}
	return m
}

// rulesOf converts tuples.
func rulesOf(tuples []Tuple, six bool) (rules []Rule, wrong string) {
	rules = make([]Rule, len(tuples))
	for i := range tuples {
		if rules[i], wrong = tuples[i].rule(six); wrong != "" {
			return nil, fmt.Sprintf("rule %d: %s", i, wrong)
		}
	}
	return rules, ""
}
