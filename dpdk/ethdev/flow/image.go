package flow

import (
	"fmt"
	"reflect"

	cgoflow "github.com/godpdk/godpdk/cgo/flow"
)

// image is a rule as C reads it, in one piece of memory. Its pointers are offsets until it is copied
// to memory of C.
type image struct {
	b              []byte
	pointers       []cgoflow.Pointer
	items, actions int // offsets of the arrays
	owners         []owner
	item, action   int // that is being encoded, or -1
}

// owner is the item or action, or -1, that uses the bytes of an image from one offset up to another.
type owner struct{ from, to, item, action int }

const imageAlign = 16

// alloc appends n bytes, and returns their offset.
func (m *image) alloc(n int) int {
	at := (len(m.b) + imageAlign - 1) &^ (imageAlign - 1)
	m.b = append(m.b, make([]byte, at+n-len(m.b))...)
	m.owners = append(m.owners, owner{at, at + n, m.item, m.action})
	return at
}

// point makes a pointer at one offset that points to another.
func (m *image) point(at, to int) {
	m.pointers = append(m.pointers, cgoflow.Pointer{At: uint32(at), To: uint32(to)})
}

// bytes appends bytes and makes a pointer to them. Without bytes the pointer stays NULL.
func (m *image) bytes(at int, b []byte) {
	if len(b) > 0 {
		to := m.alloc(len(b))
		copy(m.b[to:], b)
		m.point(at, to)
	}
}

// maxImage is the largest size of a rule, in bytes.
const maxImage = 1 << 30

// encode returns the image of a rule.
func encode(r Rule) (*image, *fault) {
	m := &image{item: -1, action: -1}
	if f := m.attr(r); f != nil {
		return nil, f
	}
	var f *fault
	if m.items, f = m.pattern(r.Pattern, func(i int) { m.item = i }); f != nil {
		return nil, f
	}
	m.item = -1
	if m.actions, f = m.list(r.Actions); f != nil {
		return nil, f
	}
	if len(m.b) > maxImage {
		return nil, &fault{item: -1, action: -1, message: fmt.Sprintf("the rule has %d bytes: use at most %d", len(m.b), maxImage)}
	}
	return m, nil
}

// list appends an array of actions, and returns its offset.
func (m *image) list(actions []Action) (int, *fault) {
	array := m.alloc((len(actions) + 1) * cgoflow.ActionSize) // the last one is the action END
	for i, a := range actions {
		m.action = i
		if err := m.conf(array+i*cgoflow.ActionSize, a); err != nil {
			return 0, &fault{part: PartAction, item: -1, action: i, message: err.Error()}
		}
	}
	m.action = -1
	return array, nil
}

func (m *image) attr(r Rule) *fault {
	at := m.alloc(cgoflow.AttrSize)
	ingress := r.Ingress || !r.Egress && !r.Transfer
	for _, f := range []struct {
		part Part
		p    place
		v    any
	}{
		{PartGroup, host(cgoflow.AttrGroup, 4), r.Group},
		{PartPriority, host(cgoflow.AttrPriority, 4), r.Priority},
		{PartIngress, bitField(cgoflow.AttrIngress, 1), ingress},
		{PartEgress, bitField(cgoflow.AttrEgress, 1), r.Egress},
		{PartTransfer, bitField(cgoflow.AttrTransfer, 1), r.Transfer},
	} {
		if err := f.p.put(m.b[at:], f.v); err != nil {
			return &fault{part: f.part, item: -1, action: -1, message: err.Error()}
		}
	}
	return nil
}

// pattern appends an array of items, and returns its offset. It calls each with the number of each
// item.
func (m *image) pattern(items []Item, each func(i int)) (int, *fault) {
	array := m.alloc((len(items) + 1) * cgoflow.ItemSize) // the last one is the item END
	for i, it := range items {
		each(i)
		if err := m.one(array+i*cgoflow.ItemSize, it); err != nil {
			return 0, &fault{part: PartItem, item: i, action: -1, message: err.Error()}
		}
	}
	return array, nil
}

// one encodes an item into its place in the array.
func (m *image) one(at int, it Item) error {
	if isNil(it) {
		return fmt.Errorf("the item is nil")
	}
	s := it.item()
	if err := host(0, 4).put(m.b[at:], s.typ); err != nil {
		return err
	}
	if s.custom != nil {
		return s.custom(m, at)
	}
	set, ranged := false, false
	for _, f := range s.fields {
		set, ranged = set || f.cond.isSet(), ranged || f.cond.isRanged()
	}
	if !set {
		return nil
	}
	spec, mask, last := m.alloc(s.size), m.alloc(s.size), -1
	m.point(at+cgoflow.ItemSpec, spec)
	m.point(at+cgoflow.ItemMask, mask)
	if ranged {
		last = m.alloc(s.size)
		m.point(at+cgoflow.ItemLast, last)
	}
	for _, f := range s.fields {
		if !f.cond.isSet() {
			continue
		}
		if err := f.cond.encode(f.at, m, spec, last, mask); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// conf encodes an action into its place in the array.
func (m *image) conf(at int, a Action) error {
	if isNil(a) {
		return fmt.Errorf("the action is nil")
	}
	s := a.act()
	if err := host(0, 4).put(m.b[at:], s.typ); err != nil {
		return err
	}
	if s.custom != nil {
		return s.custom(m, at)
	}
	if s.size == 0 {
		return nil
	}
	conf := m.alloc(s.size)
	m.point(at+cgoflow.ActionConf, conf)
	for _, p := range s.params {
		if err := p.arg.encode(p.at, m, conf); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func isNil(v any) bool {
	return v == nil || reflect.ValueOf(v).Kind() == reflect.Pointer && reflect.ValueOf(v).IsNil()
}

// owner returns the item or action, or -1, that the offset belongs to. The number of the item END is
// the length of the pattern.
func (m *image) owner(at int) (item, action int) {
	for _, o := range m.owners {
		switch {
		case at < o.from || at >= o.to:
		case o.from == m.items:
			return (at - m.items) / cgoflow.ItemSize, -1
		case o.from == m.actions:
			return -1, (at - m.actions) / cgoflow.ActionSize
		default:
			return o.item, o.action
		}
	}
	return -1, -1
}
