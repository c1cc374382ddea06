package acl

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	cacl "github.com/godpdk/godpdk/cgo/acl"
)

// MaxPriority is the largest priority of a rule.
const MaxPriority = cacl.MaxPriority

// MaxCategories is the largest number of categories of a table.
const MaxCategories = cacl.MaxCategories

// MaxFields is the largest number of fields of a key.
const MaxFields = cacl.MaxFields

// FieldType is how a rule matches a field (RTE_ACL_FIELD_TYPE_).
type FieldType uint8

// Types of fields.
const (
	Prefix FieldType = cacl.Mask    // the first bits are those of a value
	Range  FieldType = cacl.Range   // the value is in a range
	Bits   FieldType = cacl.Bitmask // the bits under a mask are those of a value
)

// Field is a field of a key struct, for [Create]. Values in keys are in network byte order.
//
// DPDK reads the first field as one byte, and all others 4 bytes at a time. So the first field has the size 1. The others
// form groups, in their order: the fields of a group are behind each other in the key, and have 4 bytes together. Padding of
// a group is a field which all rules ignore.
type Field struct {
	Type   FieldType
	Offset int // in bytes from the beginning of the key
	Size   int // in bytes: 1, 2 or 4
}

// Match is what a rule requires of a field. The zero value of a Prefix or Bits ignores the field; that of a Range is
// only the value 0.
type Match struct {
	Value uint32 // in host byte order: the lowest value of a Range
	// MaskRange is the number of bits of a Prefix, the highest value of a Range, and the mask of Bits.
	MaskRange uint32
}

// Rule is a rule for the fields of a table, for [Create].
type Rule struct {
	// Priority is at most [MaxPriority]. If several rules match, that of the highest priority wins. All rules of a category have
	// different priorities. If the priorities of all rules are 0, the first rule that matches wins.
	Priority int
	// Categories has bit i set for a rule of category i. 0 is all categories.
	Categories uint32
	// Value is what Classify returns (userdata). It is not 0, which means that no rule matches.
	Value uint32
	// Fields has what the rule requires, in the order of the table's fields.
	Fields []Match
}

// checkFields describes what is wrong with the fields of a key of that size, or returns "".
func checkFields(fields []Field, key int) string {
	switch {
	case len(fields) == 0 || len(fields) > MaxFields:
		return fmt.Sprintf("there are %d fields: use 1 to %d", len(fields), MaxFields)
	case fields[0].Size != 1:
		return fmt.Sprintf("the first field has %d bytes: DPDK needs one of 1 byte first", fields[0].Size)
	}
	last, group, filled := 0, 0, 0
	for i, f := range fields {
		switch {
		case f.Type > Bits:
			return fmt.Sprintf("field %d has the unknown type %d: use Prefix, Range or Bits", i, f.Type)
		case f.Size != 1 && f.Size != 2 && f.Size != 4:
			return fmt.Sprintf("field %d has %d bytes: use 1, 2 or 4", i, f.Size)
		case f.Offset < 0 || f.Offset > key-f.Size:
			return fmt.Sprintf("field %d is at offset %d with %d bytes, but the key has %d bytes", i, f.Offset, f.Size, key)
		}
		last = max(last, f.Offset)
		if i == 0 {
			continue
		}
		if filled == 0 {
			group = f.Offset
		}
		if f.Offset != group+filled || filled+f.Size > 4 {
			return fmt.Sprintf("field %d is not the next one in the 4 bytes from offset %d: add fields there that all rules ignore", i, group)
		}
		filled = (filled + f.Size) % 4
	}
	if filled != 0 {
		return fmt.Sprintf("the last fields, from offset %d, have %d bytes: add fields there until they have 4", group, filled)
	}
	if first := fields[0].Offset; first < last && first > key-4 { // C then loads 4 bytes
		return fmt.Sprintf("the first field is at offset %d of %d: DPDK reads 4 bytes there", first, key)
	}
	return ""
}

// checkMatch describes what is wrong with a match, or returns "".
func checkMatch(f Field, m Match) string {
	bits := f.Size * 8
	largest := uint32(math.MaxUint32) >> (32 - bits)
	switch {
	case m.Value > largest:
		return fmt.Sprintf("the value %d is too large for %d bits", m.Value, bits)
	case f.Type == Prefix && m.MaskRange > uint32(bits):
		return fmt.Sprintf("the prefix has %d bits: use at most %d", m.MaskRange, bits)
	case f.Type != Prefix && m.MaskRange > largest:
		return fmt.Sprintf("%d is too large for %d bits", m.MaskRange, bits)
	case f.Type == Range && m.Value > m.MaskRange:
		return fmt.Sprintf("the range from %d to %d is empty", m.Value, m.MaskRange)
	}
	return ""
}

// ruleSize returns the size of a struct rte_acl_rule in bytes.
func ruleSize(fields int) int { return cacl.RuleSize + fields*cacl.FieldSize }

// encode returns the rules as an array of struct rte_acl_rule. wrong describes the first wrong rule.
func encode(fields []Field, rules []Rule, categories int) (raw []byte, wrong string) {
	size := ruleSize(len(fields))
	switch {
	case len(rules) == 0:
		return nil, "the table has no rules: add one that matches everything"
	case len(rules) > math.MaxUint32/size || len(rules) > MaxPriority: // C computes the size in 32 bits
		return nil, fmt.Sprintf("there are %d rules: use at most %d", len(rules), min(math.MaxUint32/size, MaxPriority))
	}
	ordered := !slices.ContainsFunc(rules, func(r Rule) bool { return r.Priority != 0 })
	all := uint32(1)<<categories - 1
	taken := map[int]taker{}
	raw = make([]byte, len(rules)*size)
	for i, r := range rules {
		if r.Categories == 0 {
			r.Categories = all
		}
		if ordered {
			r.Priority = len(rules) - i
		} else if t := taken[r.Priority]; t.categories&r.Categories != 0 {
			return nil, fmt.Sprintf("rules %d and %d have the priority %d: use different ones, or 0 in all rules for their order", t.rule, i, r.Priority)
		} else {
			taken[r.Priority] = taker{i, t.categories | r.Categories}
		}
		switch {
		case r.Priority < 1 || r.Priority > MaxPriority:
			return nil, fmt.Sprintf("rule %d has the priority %d: use 1 to %d, or 0 in all rules for their order", i, r.Priority, MaxPriority)
		case r.Categories&^all != 0:
			return nil, fmt.Sprintf("rule %d has the categories %#x: the table has %d (Config.Categories)", i, r.Categories, categories)
		case r.Value == 0:
			return nil, fmt.Sprintf("rule %d has the value 0, which means that no rule matches: use another one", i)
		case len(r.Fields) != len(fields):
			return nil, fmt.Sprintf("rule %d has %d fields: the table has %d", i, len(r.Fields), len(fields))
		}
		b := raw[i*size:]
		binary.LittleEndian.PutUint32(b[cacl.Categories:], r.Categories)
		binary.LittleEndian.PutUint32(b[cacl.Priority:], uint32(r.Priority))
		binary.LittleEndian.PutUint32(b[cacl.Userdata:], r.Value)
		for k, m := range r.Fields {
			if wrong := checkMatch(fields[k], m); wrong != "" {
				return nil, fmt.Sprintf("rule %d, field %d: %s", i, k, wrong)
			}
			f := b[cacl.RuleSize+k*cacl.FieldSize:]
			binary.LittleEndian.PutUint32(f, m.Value)
			binary.LittleEndian.PutUint32(f[cacl.MaskRange:], m.MaskRange)
		}
	}
	return raw, ""
}

// taker is the last rule with a priority, and the categories of all of them.
type taker struct {
	rule       int
	categories uint32
}

// definitions returns the fields as DPDK's.
func definitions(fields []Field) []cacl.Field {
	defs := make([]cacl.Field, len(fields))
	input, filled := uint8(0), 0
	for i, f := range fields {
		if filled == 0 && i > 0 {
			input++
		}
		defs[i] = cacl.Field{Type: uint8(f.Type), Size: uint8(f.Size), Index: uint8(i), Input: input, Offset: uint32(f.Offset)}
		if i > 0 {
			filled = (filled + f.Size) % 4
		}
	}
	return defs
}
