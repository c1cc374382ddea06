package flow

import (
	"fmt"
	"strings"
	"syscall"

	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk"
)

// Part is the part of a rule that an error is about (RTE_FLOW_ERROR_TYPE_…).
type Part int

// Parts of a rule.
const (
	PartNone       Part = c.ErrorNone    // the driver gave no reason
	PartUnknown    Part = c.ErrorUnknown // the driver did not name the part
	PartHandle     Part = c.ErrorHandle  // the rule that was created
	PartGroup      Part = c.ErrorGroup
	PartPriority   Part = c.ErrorPriority
	PartIngress    Part = c.ErrorIngress
	PartEgress     Part = c.ErrorEgress
	PartTransfer   Part = c.ErrorTransfer
	PartAttr       Part = c.ErrorAttr // group, priority and direction
	PartItemNum    Part = c.ErrorItemNum
	PartItemSpec   Part = c.ErrorItemSpec
	PartItemLast   Part = c.ErrorItemLast
	PartItemMask   Part = c.ErrorItemMask
	PartItem       Part = c.ErrorItem
	PartActionNum  Part = c.ErrorActionNum
	PartActionConf Part = c.ErrorConf
	PartAction     Part = c.ErrorAction
	PartState      Part = c.ErrorState // the state of the port
)

var partNames = map[Part]string{
	PartNone: "no reason", PartUnknown: "unknown part", PartHandle: "the rule", PartGroup: "group", PartPriority: "priority",
	PartIngress: "ingress", PartEgress: "egress", PartTransfer: "transfer", PartAttr: "attributes",
	PartItemNum: "number of items", PartItemSpec: "values of an item", PartItemLast: "ranges of an item",
	PartItemMask: "masks of an item", PartItem: "item", PartActionNum: "number of actions",
	PartActionConf: "parameters of an action", PartAction: "action", PartState: "state of the port",
}

// String returns the part in words, such as "masks of an item".
func (p Part) String() string {
	if name, ok := partNames[p]; ok {
		return name
	}
	return fmt.Sprintf("Part(%d)", int(p))
}

// Error is an error of this package with the part of the rule at fault. errors.Is and errors.As find
// the [*dpdk.Error] in it, and that one's error number.
type Error struct {
	Part Part
	// Item is the item at fault, by its number in Rule.Pattern, and Action the action; -1 is none. Item is
	// the length of the pattern if a driver expects more items.
	Item, Action int
	Message      string // of the driver

	err *dpdk.Error
}

// Error returns one line that names the item or action, followed by the lines that DPDK logged.
func (e *Error) Error() string {
	if e == nil || e.err == nil {
		return "flow: " + e.part()
	}
	return e.err.Error()
}

func (e *Error) part() string {
	if e == nil {
		return PartNone.String()
	}
	return e.Part.String()
}

// Unwrap returns the [*dpdk.Error].
func (e *Error) Unwrap() error {
	if e == nil || e.err == nil {
		return nil
	}
	return e.err
}

// fault is what is wrong with a rule.
type fault struct {
	part         Part
	item, action int
	message      string
}

// err returns the error of a call about rule r, with a number of C.
func (f *fault) err(op, port string, errno int, r Rule) error {
	e := &Error{Part: f.part, Item: f.item, Action: f.action, Message: f.message}
	e.err = &dpdk.Error{Op: op, Name: port, Errno: dpdk.Errno(errno), Detail: f.detail(r)}
	if syscall.Errno(errno) == syscall.ENOSYS { // the driver does not have the function
		e.err.Errno = dpdk.ErrUnsupported
		if f.part == PartUnknown {
			e.err.Detail = "the driver does not have this function"
		}
	}
	return e
}

// detail names the item or action, the part of it, and what is wrong.
func (f *fault) detail(r Rule) string {
	var words []string
	switch {
	case f.item >= 0 && f.item < len(r.Pattern):
		words = append(words, fmt.Sprintf("item %d (%s)", f.item, strings.Join(oneItem(r.Pattern[f.item]), " ")))
	case f.item >= 0:
		words = append(words, "the end of the pattern")
	case f.action >= 0 && f.action < len(r.Actions):
		words = append(words, fmt.Sprintf("action %d (%s)", f.action, strings.Join(actionWords(r.Actions[f.action]), " ")))
	case f.action >= 0:
		words = append(words, "the end of the actions")
	}
	switch {
	case f.part == PartNone, f.part == PartUnknown: // not a part of a rule
	case len(words) > 0 && (f.part == PartItem || f.part == PartAction): // named above
	default:
		words = append(words, f.part.String())
	}
	if f.message != "" {
		words = append(words, f.message)
	}
	return strings.Join(words, ": ")
}

// failed returns the error of a result, or nil. r and m are the rule, if the call had one.
func failed(op, port string, res c.Result, r Rule, m *image, at int) error {
	if res.Errno == 0 {
		return nil
	}
	f := &fault{part: Part(res.Type), item: -1, action: -1, message: res.Message}
	if m != nil {
		f.item, f.action = m.owner(at)
	}
	return f.err(op, port, res.Errno, r)
}
