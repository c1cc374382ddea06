package flow

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/godpdk/godpdk/dpdk/internal/check"
)

const opParse = "flow.Parse"

// Parse reads a rule in the form of dpdk-testpmd, without "flow create" and the port in front:
//
//	group 1 priority 2 ingress pattern eth / ipv4 dst is 10.0.0.1 / udp src spec 64 src mask 0xffc0 / end actions mark id 7 / queue index 3 / end
//
// The conditions on a field are "is" (one value), "spec" with "mask" or "prefix", and "last" in
// addition, which makes a range. Unlike in dpdk-testpmd, spec needs a mask, and the mask of set_meta
// and set_tag is all bits if it is left out. The group, the priority, the direction and the last "/"
// can be left out.
//
// The error is dpdk.ErrInvalid, with the words that are wrong.
func Parse(text string) (Rule, error) {
	r := &reader{words: strings.Fields(text)}
	rule, err := r.rule()
	if err != nil {
		return Rule{}, check.Invalid(opParse, "", "word %d, %q: %v", r.at, r.word(), err)
	}
	return rule, nil
}

// reader reads the words of a text.
type reader struct {
	words []string
	at    int // the number of words read
}

// next returns the next word, or "" at the end of the text.
func (r *reader) next() string {
	if r.at == len(r.words) {
		return ""
	}
	r.at++
	return r.words[r.at-1]
}

// word returns the last word that was read.
func (r *reader) word() string {
	if r.at == 0 {
		return ""
	}
	return r.words[r.at-1]
}

func (r *reader) rule() (rule Rule, err error) {
	for word := r.next(); word != "pattern"; word = r.next() {
		switch word {
		case "group":
			err = parseInto(host(0, 4), &rule.Group, r.next())
		case "priority":
			err = parseInto(host(0, 4), &rule.Priority, r.next())
		case "ingress":
			rule.Ingress = true
		case "egress":
			rule.Egress = true
		case "transfer":
			rule.Transfer = true
		default:
			err = errors.New("use group, priority, ingress, egress or transfer, and then pattern")
		}
		if err != nil {
			return rule, err
		}
	}
	if rule.Pattern, err = r.items(); err != nil {
		return rule, err
	}
	if r.next() != "actions" {
		return rule, errors.New(`"actions" must follow the pattern`)
	}
	if rule.Actions, err = list(r, actionKinds, (*reader).params); err != nil {
		return rule, err
	}
	if r.next() != "" {
		return rule, errors.New("the rule has ended before")
	}
	return rule, nil
}

func (r *reader) items() ([]Item, error) { return list(r, itemKinds, (*reader).fields) }

// list reads items or actions up to the word "end". read reads the words of one.
func list[I any](r *reader, kinds map[string]kind[I], read func(r *reader, s shape) error) (all []I, err error) {
	for word := r.next(); word != end; word = r.next() {
		k, ok := kinds[word]
		if !ok {
			return nil, fmt.Errorf("it is unknown: use end, or one of %s", strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
		}
		s, done := k.new()
		if err := read(r, s); err != nil {
			return nil, err
		}
		all = append(all, done())
	}
	return all, nil
}

// fields reads the fields of an item, up to "/" or before "end".
func (r *reader) fields(s shape) error {
	if s.params != nil {
		return r.params(s)
	}
	for !r.separator() {
		name := r.next()
		i := slices.IndexFunc(s.fields, func(f field) bool { return f.name == name })
		if i < 0 {
			return fmt.Errorf("%s does not have this field: use one of%s", s.name, fieldNames(s))
		}
		f := s.fields[i]
		parameter := r.next()
		if err := f.cond.take(f.at, parameter, r.next()); err != nil {
			return err
		}
	}
	for _, f := range s.fields {
		if err := f.cond.complete(); err != nil {
			return fmt.Errorf("%s %s: %w", s.name, f.name, err)
		}
	}
	return nil
}

// params reads the parameters of an action, up to "/" or before "end".
func (r *reader) params(s shape) error {
	for !r.separator() {
		name := r.next()
		i := slices.IndexFunc(s.params, func(p param) bool { return p.name == name })
		if i < 0 {
			return fmt.Errorf("%s does not have this parameter: use one of%s", s.name, fieldNames(s))
		}
		p := s.params[i]
		if err := p.arg.take(p.at, r); err != nil {
			return err
		}
	}
	return nil
}

// separator reads "/", and reports whether it or "end" is next.
func (r *reader) separator() bool {
	if r.at < len(r.words) && r.words[r.at] == next {
		r.at++
		return true
	}
	return r.at < len(r.words) && r.words[r.at] == end
}

func fieldNames(s shape) (names string) {
	for _, f := range s.fields {
		names += " " + f.name
	}
	for _, p := range s.params {
		names += " " + p.name
	}
	if names == "" {
		return ` "/" and "end"`
	}
	return names
}
