package flow

// Item is an item of a pattern: a value of a type of this package, such as [IPv4]. The zero value of
// an item matches all packets that have its header; each field that is set is a condition more.
type Item interface{ item() shape }

// Action is an action on the packets that match: a value of a type of this package, such as [Queue].
type Action interface{ act() shape }

// shape describes an item or an action. Its fields or params point into the value it was made of.
type shape struct {
	name   string // in the text of a rule
	typ    int
	size   int // of its C struct; 0: none
	fields []field
	params []param
	// custom encodes the whole item or action, which begins at an offset of the image.
	custom func(m *image, at int) error
}

// field is a field of an item.
type field struct {
	name string
	at   place
	cond condition
}

// param is a parameter of an action.
type param struct {
	name string
	at   place
	arg  arg
}

// arg is the value of a parameter.
type arg interface {
	// encode writes it into the struct at an offset of the image.
	encode(p place, m *image, conf int) error
	// words returns the text; nil if it is left out.
	words(name string) []string
	// take reads the text behind the name.
	take(p place, r *reader) error
}
