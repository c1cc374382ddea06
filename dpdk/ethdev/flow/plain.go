package flow

import (
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"strconv"

	cgoflow "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk/header"
)

// format returns a value as text.
func format(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "1"
		}
		return "0"
	default:
		return fmt.Sprint(v)
	}
}

// formatMask returns a mask as text.
func formatMask(v any) string {
	if n, ok := v.(int); ok && n >= 0 {
		return fmt.Sprintf("%#x", n)
	}
	return format(v)
}

// parseValue reads a value that fits into its place.
func parseValue[V Value](p place, word string) (v V, err error) {
	return v, parseInto(p, &v, word)
}

// parseInto reads a value into an *int, *bool, *netip.Addr or *header.MAC.
func parseInto(p place, v any, word string) (err error) {
	switch v := v.(type) {
	case *int:
		if p.signed {
			var n int64
			n, err = strconv.ParseInt(word, 0, p.width())
			*v = int(n)
			break
		}
		var n uint64
		n, err = strconv.ParseUint(word, 0, min(p.width(), 63))
		*v = int(n)
	case *bool:
		*v, err = strconv.ParseBool(word)
	case *netip.Addr:
		*v, err = netip.ParseAddr(word)
		if err == nil && v.BitLen() != 8*p.size {
			err = fmt.Errorf("%v is not an address of %d bytes", *v, p.size)
		}
	case *header.MAC:
		*v, err = header.ParseMAC(word)
	}
	return err
}

// parsePrefix reads the number of ones at the beginning of a mask.
func parsePrefix[V Value](p place, word string) (mask V, err error) {
	n, err := strconv.ParseUint(word, 10, 8)
	if err != nil {
		return mask, err
	}
	ones, width := int(n), p.width()
	if ones > width {
		return mask, fmt.Errorf("prefix %d is longer than the field, which has %d bits", ones, width)
	}
	switch m := any(&mask).(type) {
	case *int:
		*m = (1<<ones - 1) << (width - ones)
	case *bool:
		*m = ones == 1
	case *netip.Addr:
		*m = addrMask(width, ones)
	case *header.MAC:
		for i := range ones {
			m[i/8] |= 0x80 >> (i % 8)
		}
	}
	return mask, nil
}

// plain is a field of an item that has always one value: an *int or a *bool.
type plain struct{ v any }

func (f plain) isSet() bool     { return true }
func (f plain) isRanged() bool  { return false }
func (f plain) complete() error { return nil }

func (f plain) encode(p place, m *image, spec, _, mask int) error {
	p.ones(m.b[mask:])
	return p.put(m.b[spec:], value(f.v))
}

func (f plain) words(name string) []string { return []string{name, "is", format(value(f.v))} }

func (f plain) take(p place, parameter, word string) error {
	if parameter != "is" {
		return errOnlyIs(parameter)
	}
	return parseInto(p, f.v, word)
}

func errOnlyIs(parameter string) error {
	return fmt.Errorf("%q is not possible here: use is", parameter)
}

// value returns the value of an *int, *bool, *netip.Addr or *header.MAC.
func value(v any) any {
	switch v := v.(type) {
	case *int:
		return *v
	case *bool:
		return *v
	case *netip.Addr:
		return *v
	case *header.MAC:
		return *v
	}
	return v
}

// rawPattern are the bytes of the item raw.
type rawPattern struct{ raw *Raw }

func (f rawPattern) isSet() bool     { return true }
func (f rawPattern) isRanged() bool  { return false }
func (f rawPattern) complete() error { return nil }

func (f rawPattern) encode(_ place, m *image, spec, _, mask int) error {
	n := len(f.raw.Pattern)
	ones := f.raw.Mask
	switch {
	case n > math.MaxUint16:
		return fmt.Errorf("%d bytes are too many: use at most %d", n, math.MaxUint16)
	case ones == nil:
		ones = make([]byte, n)
		for i := range ones {
			ones[i] = 0xff
		}
	case len(ones) != n:
		return fmt.Errorf("field Mask has %d bytes, and Pattern %d", len(ones), n)
	}
	length := host(cgoflow.ItemRawLength, 2)
	length.ones(m.b[mask:])
	m.bytes(spec+cgoflow.ItemRawPattern, f.raw.Pattern)
	m.bytes(mask+cgoflow.ItemRawPattern, ones)
	return length.put(m.b[spec:], n)
}

func (f rawPattern) words(string) []string {
	w := []string{"pattern_hex", "is", hex.EncodeToString(f.raw.Pattern)}
	if f.raw.Mask != nil {
		w[1] = "spec"
		w = append(w, "pattern_hex", "mask", hex.EncodeToString(f.raw.Mask))
	}
	if len(f.raw.Pattern) == 0 {
		return nil
	}
	return w
}

func (f rawPattern) take(_ place, parameter, word string) (err error) {
	switch parameter {
	case "is", "spec":
		f.raw.Pattern, err = hex.DecodeString(word)
	case "mask":
		f.raw.Mask, err = hex.DecodeString(word)
	default:
		err = errOnlyIs(parameter)
	}
	return err
}

// rawText are the bytes of the item raw as text.
type rawText struct{ rawPattern }

func (f rawText) encode(place, *image, int, int, int) error { return nil }
func (f rawText) words(string) []string                     { return nil }

func (f rawText) take(_ place, parameter, word string) error {
	if parameter != "is" {
		return errOnlyIs(parameter)
	}
	f.raw.Pattern = []byte(word)
	return nil
}
