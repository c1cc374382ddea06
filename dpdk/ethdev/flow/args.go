package flow

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/godpdk/godpdk/dpdk/ethdev"
)

// scalar is an *int, *bool, *netip.Addr or *header.MAC. An optional one is left out of the text if it
// is 0.
type scalar struct {
	v        any
	optional bool
}

func (a scalar) encode(p place, m *image, conf int) error { return p.put(m.b[conf:], value(a.v)) }

func (a scalar) words(name string) []string {
	text := format(value(a.v))
	if a.optional && text == "0" {
		return nil
	}
	return []string{name, text}
}

func (a scalar) take(p place, r *reader) error { return parseInto(p, a.v, r.next()) }

// bitMask is a mask in which 0 means all bits.
type bitMask struct{ v *int }

func (a bitMask) encode(p place, m *image, conf int) error {
	if *a.v == 0 {
		p.ones(m.b[conf:])
		return nil
	}
	return p.put(m.b[conf:], *a.v)
}

func (a bitMask) words(name string) []string {
	if *a.v == 0 {
		return nil
	}
	return []string{name, formatMask(*a.v)}
}

func (a bitMask) take(p place, r *reader) error { return parseInto(p, a.v, r.next()) }

// seconds is a time in whole seconds.
type seconds struct{ v *time.Duration }

func (a seconds) encode(p place, m *image, conf int) error {
	if *a.v%time.Second != 0 {
		return fmt.Errorf("%v is not a whole number of seconds", *a.v)
	}
	return p.put(m.b[conf:], int(*a.v/time.Second))
}

func (a seconds) words(name string) []string {
	return []string{name, fmt.Sprint(int(*a.v / time.Second))}
}

func (a seconds) take(p place, r *reader) error {
	var n int
	err := parseInto(p, &n, r.next())
	*a.v = time.Duration(n) * time.Second
	return err
}

// hexBytes are bytes that the struct points to. It has their length elsewhere, or nowhere.
type hexBytes struct{ v *[]byte }

func (a hexBytes) encode(p place, m *image, conf int) error {
	m.bytes(conf+p.off, *a.v)
	return nil
}

func (a hexBytes) words(name string) []string {
	if len(*a.v) == 0 {
		return nil
	}
	return []string{name, hex.EncodeToString(*a.v)}
}

func (a hexBytes) take(_ place, r *reader) (err error) {
	*a.v, err = hex.DecodeString(r.next())
	return err
}

// length is the length of bytes, which the text does not have.
type length struct{ v *[]byte }

func (a length) encode(p place, m *image, conf int) error { return p.put(m.b[conf:], len(*a.v)) }
func (a length) words(string) []string                    { return nil }

// take checks the length where dpdk-testpmd has one.
func (a length) take(p place, r *reader) error {
	var n int
	if err := parseInto(p, &n, r.next()); err != nil {
		return err
	}
	if n != len(*a.v) {
		return fmt.Errorf("the length is %d, but there are %d bytes", n, len(*a.v))
	}
	return nil
}

// hashFunc is the function of an action RSS.
type hashFunc struct{ v *HashFunc }

func (a hashFunc) encode(p place, m *image, conf int) error { return p.put(m.b[conf:], int(*a.v)) }

func (a hashFunc) words(name string) []string {
	if *a.v == HashDefault {
		return nil
	}
	return []string{name, a.v.String()}
}

func (a hashFunc) take(_ place, r *reader) error {
	word := r.next()
	i := slices.Index(hashNames[:], word)
	if i < 0 {
		return fmt.Errorf("%q is unknown: use one of %s", word, strings.Join(hashNames[:], ", "))
	}
	*a.v = HashFunc(i)
	return nil
}

// rssTypes are the types of an action RSS.
type rssTypes struct{ v *ethdev.RSSType }

func (a rssTypes) encode(p place, m *image, conf int) error {
	p.or(m.b[conf:], uint64(*a.v))
	return nil
}

func (a rssTypes) words(name string) []string {
	if *a.v == 0 {
		return nil
	}
	w := []string{name}
	for bit := ethdev.RSSType(1); bit != 0; bit <<= 1 {
		if *a.v&bit != 0 {
			w = append(w, bit.String())
		}
	}
	return append(w, end)
}

// rssGroups are names of several types at once.
var rssGroups = map[string]ethdev.RSSType{
	"none": 0, "ip": ethdev.RSSIP, "tcp": ethdev.RSSTCP, "udp": ethdev.RSSUDP,
	"sctp": ethdev.RSSIPv4SCTP | ethdev.RSSIPv6SCTP, "vlan": ethdev.RSSOuterVLAN | ethdev.RSSInnerVLAN,
}

func (a rssTypes) take(_ place, r *reader) error {
	*a.v = 0
	for word := r.next(); word != end; word = r.next() {
		if word == "" {
			return errors.New(`"end" is missing`)
		}
		t, ok := rssGroups[word]
		for bit := ethdev.RSSType(1); bit != 0 && !ok; bit <<= 1 {
			if bit.String() == word {
				t, ok = bit, true
			}
		}
		if !ok {
			return fmt.Errorf("%q is not a type of RSS", word)
		}
		*a.v |= t
	}
	return nil
}

// queueList is a list of receive queues, to which the struct points. n is the place of their number.
type queueList struct {
	v *[]int
	n place
}

func (a queueList) encode(p place, m *image, conf int) error {
	if len(*a.v) == 0 {
		return nil
	}
	at := m.alloc(2 * len(*a.v))
	for i, q := range *a.v {
		if err := host(2*i, 2).put(m.b[at:], q); err != nil {
			return err
		}
	}
	m.point(conf+p.off, at)
	return a.n.put(m.b[conf:], len(*a.v))
}

func (a queueList) words(name string) []string {
	w := []string{name}
	for _, q := range *a.v {
		w = append(w, strconv.Itoa(q))
	}
	return append(w, end)
}

func (a queueList) take(_ place, r *reader) error {
	*a.v = nil
	for word := r.next(); word != end; word = r.next() {
		q, err := strconv.ParseUint(word, 0, 16)
		if err != nil {
			return err
		}
		*a.v = append(*a.v, int(q))
	}
	return nil
}

// headers are the headers of an encapsulation, to which the struct points.
type headers struct{ v *[]Item }

func (a headers) encode(p place, m *image, conf int) error {
	at, f := m.pattern(*a.v, func(int) {})
	if f != nil {
		return fmt.Errorf("header %d: %s", f.item, f.message)
	}
	m.point(conf+p.off, at)
	return nil
}

func (a headers) words(name string) []string {
	return append([]string{name}, itemWords(*a.v)...)
}

func (a headers) take(_ place, r *reader) (err error) {
	*a.v, err = r.items()
	return err
}

// rawLength is the length of the bytes of headers. preserve is a mask of the same length, or nil.
type rawLength struct{ data, preserve *[]byte }

func (a rawLength) encode(p place, m *image, conf int) error {
	n := len(*a.data)
	switch {
	case n == 0:
		return errors.New("the data is empty")
	case n > math.MaxUint16:
		return fmt.Errorf("%d bytes are too many: use at most %d", n, math.MaxUint16)
	case a.preserve != nil && len(*a.preserve) != 0 && len(*a.preserve) != n:
		return fmt.Errorf("field Preserve has %d bytes, and Data %d", len(*a.preserve), n)
	}
	return p.put(m.b[conf:], n)
}

func (a rawLength) words(string) []string { return nil }

func (a rawLength) take(p place, r *reader) error { return length{a.data}.take(p, r) }
