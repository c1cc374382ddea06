package flow

import (
	"errors"

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
// the bytes of its struct, which must not hold pointers; nil is NULL. DPDK reads as many bytes as the
// type has: CustomItem cannot check the lengths.
type CustomItem struct {
	Type             int
	Spec, Last, Mask []byte
}

func (i CustomItem) item() shape { return i.shape() }

func (i *CustomItem) shape() shape {
	return shape{name: customName, typ: i.Type, custom: func(m *image, at int) error {
		if i.Spec == nil && (i.Last != nil || i.Mask != nil) {
			return errors.New("Last or Mask without Spec")
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
// of its struct, which must not hold pointers; nil is NULL. DPDK reads as many bytes as the type has:
// CustomAction cannot check the length.
type CustomAction struct {
	Type int
	Conf []byte
}

func (a CustomAction) act() shape { return a.shape() }

func (a *CustomAction) shape() shape {
	return shape{name: customName, typ: a.Type, custom: func(m *image, at int) error {
		m.bytes(at+c.ActionConf, a.Conf)
		return nil
	}, params: []param{{"type", host(0, 4), scalar{v: &a.Type}}, {"conf_hex", place{}, hexBytes{&a.Conf}}}}
}

// customName is the name of items and actions that have none, in the text of a rule. dpdk-testpmd does
// not know it.
const customName = "custom"
