package flow

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"github.com/godpdk/godpdk/dpdk/header"
)

// Value is a type of the fields of items: a number, a bit, an IP address, or an Ethernet address.
type Value interface {
	int | bool | netip.Addr | header.MAC
}

// Match is a condition on a field. The zero Match accepts all values. Make others with [Is], [Range],
// [Masked] and [In].
type Match[V Value] struct {
	value, last, mask V
	// set: there is a condition. ranged: last counts. masked: mask counts, otherwise all bits.
	set, ranged, masked bool
	parsed              parts // while the text of an item is parsed
}

// Is accepts one value. A number must fit into the field.
func Is[V Value](v V) Match[V] { return Match[V]{value: v, set: true} }

// Range accepts the values from first to last. Few drivers support ranges.
func Range[V Value](first, last V) Match[V] {
	return Match[V]{value: first, last: last, set: true, ranged: true}
}

// Masked accepts the values that have the bits of v where mask has ones. Bits of v where mask has
// zeros do not count.
func Masked[V Value](v, mask V) Match[V] {
	return Match[V]{value: v, mask: mask, set: true, masked: true}
}

// In accepts the addresses of a prefix.
func In(p netip.Prefix) Match[netip.Addr] {
	p = p.Masked()
	m := Is(p.Addr())
	if p.IsValid() && !p.IsSingleIP() {
		m.masked, m.mask = true, addrMask(p.Addr().BitLen(), p.Bits())
	}
	return m
}

// addrMask returns an address of so many bits, of which the first are ones.
func addrMask(width, ones int) netip.Addr {
	b := make([]byte, width/8)
	for i := range ones {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// String returns the condition as in the text of a [Rule], without the name of the field, such as "is
// 80".
func (m Match[V]) String() string {
	if !m.set {
		return "any"
	}
	return strings.TrimSpace(strings.Join(m.words(""), " "))
}

// condition is a field of an item: a Match, or a value of an item that has special ones.
type condition interface {
	isSet() bool
	isRanged() bool
	// encode writes spec, last and mask into structs at these offsets of the image. last is -1 if the item
	// has no range.
	encode(p place, m *image, spec, last, mask int) error
	// words returns the text, as pairs of the name with a parameter and a value.
	words(name string) []string
	// take reads a parameter, such as "is 80" behind the name of a field.
	take(p place, parameter, value string) error
	// complete checks what take has read.
	complete() error
}

func (m *Match[V]) isSet() bool    { return m.set }
func (m *Match[V]) isRanged() bool { return m.set && m.ranged }

func (m *Match[V]) encode(p place, im *image, spec, last, mask int) error {
	if err := p.put(im.b[spec:], m.value); err != nil {
		return err
	}
	if m.ranged {
		if err := p.put(im.b[last:], m.last); err != nil {
			return err
		}
		if compare(m.value, m.last) > 0 {
			return fmt.Errorf("the range ends with %v, before its beginning %v", m.last, m.value)
		}
	}
	if m.masked {
		if err := p.put(im.b[mask:], m.mask); err != nil {
			return fmt.Errorf("mask: %w", err)
		}
		return nil
	}
	p.ones(im.b[mask:])
	return nil
}

func compare[V Value](a, b V) int {
	switch a := any(a).(type) {
	case int:
		return cmp.Compare(a, any(b).(int))
	case netip.Addr:
		return a.Compare(any(b).(netip.Addr))
	case header.MAC:
		b := any(b).(header.MAC)
		return bytes.Compare(a[:], b[:])
	}
	return 0
}

func (m *Match[V]) words(name string) []string {
	if !m.set {
		return nil
	}
	w := []string{name, "is", format(m.value)}
	if m.masked {
		w[1] = "spec"
		if n := prefixBits(m.mask); n >= 0 {
			w = append(w, name, "prefix", fmt.Sprint(n))
		} else {
			w = append(w, name, "mask", formatMask(m.mask))
		}
	}
	if m.ranged {
		w = append(w, name, "last", format(m.last))
	}
	return w
}

// prefixBits returns the number of ones at the beginning of an address, or -1 if ones follow zeros or
// v is not an address.
func prefixBits(v any) int {
	a, ok := v.(netip.Addr)
	if !ok || !a.IsValid() {
		return -1
	}
	n := 0
	for _, b := range a.AsSlice() {
		n += bits.LeadingZeros8(^b)
		if b != 0xff {
			break
		}
	}
	if addrMask(a.BitLen(), n) != a {
		return -1
	}
	return n
}

// parts are the parameters of a field that the text has.
type parts struct{ spec, mask, last bool }

func (m *Match[V]) take(p place, parameter, value string) (err error) {
	switch parameter {
	case "is":
		m.value, err = parseValue[V](p, value)
		m.masked, m.parsed.spec, m.parsed.mask = false, true, true
	case "spec":
		m.value, err = parseValue[V](p, value)
		m.parsed.spec = true
	case "last":
		m.last, err = parseValue[V](p, value)
		m.ranged, m.parsed.last = true, true
	case "mask":
		m.mask, err = parseValue[V](p, value)
		m.masked, m.parsed.mask = true, true
	case "prefix":
		m.mask, err = parsePrefix[V](p, value)
		m.masked, m.parsed.mask = true, true
	default:
		return fmt.Errorf("%q is unknown: use is, spec, last, mask or prefix", parameter)
	}
	m.set = true
	return err
}

func (m *Match[V]) complete() error {
	seen := m.parsed
	m.parsed = parts{}
	switch {
	case !m.set:
	case !seen.spec:
		return errors.New("the value is missing: use is, or spec and mask")
	case !seen.mask:
		return errors.New("spec without mask: use is for the whole field, or add mask or prefix")
	}
	return nil
}
