package flow

import (
	"strconv"
	"strings"
)

// Rule is a flow rule: the actions for the packets that match a pattern. A Rule without direction is
// for received packets.
type Rule struct {
	Group    int // rules of groups other than 0 apply after an action [Jump]
	Priority int // in its group; 0 is the highest
	// Ingress rules apply to received packets, Egress rules to sent packets, and Transfer rules in the
	// embedded switch of the device.
	Ingress, Egress, Transfer bool

	Pattern []Item // from the outermost header on
	Actions []Action
}

// Words of the text of a rule.
const (
	end  = "end"
	next = "/"
)

// String returns the rule as [Parse] reads it.
func (r Rule) String() string {
	var w []string
	if r.Group != 0 {
		w = append(w, "group", strconv.Itoa(r.Group))
	}
	if r.Priority != 0 {
		w = append(w, "priority", strconv.Itoa(r.Priority))
	}
	if r.Ingress || !r.Egress && !r.Transfer {
		w = append(w, "ingress")
	}
	if r.Egress {
		w = append(w, "egress")
	}
	if r.Transfer {
		w = append(w, "transfer")
	}
	w = append(w, "pattern")
	w = append(w, itemWords(r.Pattern)...)
	w = append(w, "actions")
	for _, a := range r.Actions {
		w = append(append(w, actionWords(a)...), next)
	}
	return strings.Join(append(w, end), " ")
}

// MarshalText returns the text of [Rule.String].
func (r Rule) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText does what [Parse] does.
func (r *Rule) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*r = parsed
	}
	return err
}

// itemWords returns the text of items, with its end.
func itemWords(items []Item) (w []string) {
	for _, it := range items {
		w = append(append(w, oneItem(it)...), next)
	}
	return append(w, end)
}

func oneItem(it Item) []string {
	if isNil(it) {
		return []string{"nil"}
	}
	s := it.item()
	w := []string{s.name}
	for _, f := range s.fields {
		w = append(w, f.cond.words(f.name)...)
	}
	return append(w, paramWords(s)...)
}

func actionWords(a Action) []string {
	if isNil(a) {
		return []string{"nil"}
	}
	s := a.act()
	return append([]string{s.name}, paramWords(s)...)
}

func paramWords(s shape) (w []string) {
	for _, p := range s.params {
		w = append(w, p.arg.words(p.name)...)
	}
	return w
}
