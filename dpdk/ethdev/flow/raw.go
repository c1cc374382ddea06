package flow

import (
	"errors"
	"fmt"

	c "github.com/godpdk/godpdk/cgo/flow"
)

// Raw matches bytes of a packet. In the text of a rule the bytes are hexadecimal behind "pattern_hex",
// or text without spaces behind "pattern".
type Raw struct {
	Relative bool   // Offset counts from the end of the item before, not from the beginning of the packet
	Search   bool   // the bytes are at Offset or behind it, within Limit bytes; otherwise at Offset
	Offset   int    // in bytes; may be negative if Relative is set
	Limit    int    // in bytes; 0 means unlimited
	Pattern  []byte // at most 65535
	Mask     []byte // the bits of Pattern that count; nil is all
}

func (i Raw) item() shape { return i.shape() }

func (i *Raw) shape() shape {
	offset := host(c.ItemRawOffset, 4)
	offset.signed = true
	return shape{name: "raw", typ: c.ItemRaw, size: c.ItemRawSize, fields: []field{
		{"relative", bitField(c.RawRelative, 1), plain{&i.Relative}},
		{"search", bitField(c.RawSearch, 1), plain{&i.Search}},
		{"offset", offset, plain{&i.Offset}},
		{"limit", host(c.ItemRawLimit, 2), plain{&i.Limit}},
		{"pattern_hex", place{}, rawPattern{i}},
		{"pattern", place{}, rawText{rawPattern{i}}},
	}}
}

// CustomItem is an item of any type, by its number in enum rte_flow_item_type. Spec, Last and Mask are
// the bytes of its struct, which must not hold pointers; nil is NULL. Their length must be that of the
// struct. CustomItem cannot check that for types that DPDK itself does not know.
type CustomItem struct {
	Type             int
	Spec, Last, Mask []byte
}

func (i CustomItem) item() shape { return i.shape() }

func (i *CustomItem) shape() shape {
	return shape{name: customName, typ: i.Type, custom: func(m *image, at int) error {
		if i.Spec == nil && (i.Last != nil || i.Mask != nil) {
			return errors.New("a Last or Mask without Spec")
		}
		if i.Type == c.ItemRaw {
			return errors.New("its struct holds a pointer: use Raw")
		}
		size := c.ItemStructSize(i.Type)
		for _, b := range [][]byte{i.Spec, i.Last, i.Mask} {
			if err := checkStruct(b, size); err != nil {
				return err
			}
		}
		m.bytes(at+c.ItemSpec, i.Spec)
		m.bytes(at+c.ItemLast, i.Last)
		m.bytes(at+c.ItemMask, i.Mask)
		return nil
	}, params: []param{
		{"type", host(0, 4), scalar{v: &i.Type}}, {"spec_hex", place{}, hexBytes{&i.Spec}}, {"last_hex", place{}, hexBytes{&i.Last}}, {"mask_hex", place{}, hexBytes{&i.Mask}},
	}}
}

// CustomAction is an action of any type, by its number in enum rte_flow_action_type. Conf is the bytes
// of its struct, which must not hold pointers; nil is NULL. Its length must be that of the struct.
// CustomAction cannot check that for types that DPDK itself does not know.
type CustomAction struct {
	Type int
	Conf []byte
}

func (a CustomAction) act() shape { return a.shape() }

func (a *CustomAction) shape() shape {
	return shape{name: customName, typ: a.Type, custom: func(m *image, at int) error {
		switch a.Type {
		case c.ActionRSS, c.ActionVXLANEncap, c.ActionRawEncap, c.ActionRawDecap:
			return errors.New("its struct holds a pointer: use the type of this package")
		}
		m.bytes(at+c.ActionConf, a.Conf)
		return checkStruct(a.Conf, c.ActionStructSize(a.Type))
	}, params: []param{{"type", host(0, 4), scalar{v: &a.Type}}, {"conf_hex", place{}, hexBytes{&a.Conf}}}}
}

// checkStruct refuses the bytes of a struct with another size; size 0 is unknown, and nil bytes are NULL.
func checkStruct(b []byte, size int) error {
	if b != nil && size != 0 && len(b) != size {
		return fmt.Errorf("%d bytes are not a struct of this type, which has %d", len(b), size)
	}
	return nil
}

// customName is the name of items and actions that have none, in the text of a rule. dpdk-testpmd does
// not know it.
const customName = "custom"
