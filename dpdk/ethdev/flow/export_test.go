package flow

import "net/netip"

// Field is a field of an item, for tests.
type Field struct {
	Item, Name string
	Bits       int
	Kind       string // number, bit, ip or mac
}

// Fields returns all fields of items that a Match is for.
func Fields() (all []Field) {
	for name, k := range itemKinds {
		s, _ := k.new()
		for _, f := range s.fields {
			kind := ""
			switch f.cond.(type) {
			case *Match[int]:
				kind = "number"
			case *Match[bool]:
				kind = "bit"
			case *Match[netip.Addr]:
				kind = "ip"
			default:
				if _, ok := f.cond.(plain); ok {
					continue
				}
				kind = "mac"
			}
			if name != "raw" {
				all = append(all, Field{name, f.name, f.at.width(), kind})
			}
		}
	}
	return all
}

// Names returns the names of all items and actions.
func Names() (items, actions []string) {
	for name := range itemKinds {
		items = append(items, name)
	}
	for name := range actionKinds {
		actions = append(actions, name)
	}
	return items, actions
}
