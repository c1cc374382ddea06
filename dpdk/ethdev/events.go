package ethdev

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const opEvents = "rte_eth_dev_callback_register"

// EventType is a kind of event, or a set of them (RTE_ETH_EVENT_…).
type EventType uint32

// Events of ports. Each driver supports some of them. EventLink and EventRemoval are delivered
// only if Config.LinkEvents or Config.RemovalEvents is set.
const (
	EventLink           EventType = 1 << cgo.EthEventLSC        // the link changed: call Port.Link
	EventQueueState     EventType = 1 << cgo.EthEventQueueState // the other side enabled or disabled a queue
	EventReset          EventType = 1 << cgo.EthEventReset      // the device needs a reset: call Port.Reset
	EventVFMailbox      EventType = 1 << cgo.EthEventVFMbox     // a message from a virtual function
	EventMACsec         EventType = 1 << cgo.EthEventMACsec
	EventRemoval        EventType = 1 << cgo.EthEventRMV     // the device was removed: call Port.Detach
	EventNew            EventType = 1 << cgo.EthEventNew     // a port is being attached: ByID finds it when the attach has ended
	EventDestroy        EventType = 1 << cgo.EthEventDestroy // a port is being removed: another port may get its number
	EventIPsec          EventType = 1 << cgo.EthEventIPsec
	EventFlowAged       EventType = 1 << cgo.EthEventFlowAged
	EventRxThreshold    EventType = 1 << cgo.EthEventRxAvailThresh   // a receive queue has few free descriptors
	EventRecovering     EventType = 1 << cgo.EthEventErrRecovering   // make no control calls until EventRecovered or EventRecoveryFailed
	EventRecovered      EventType = 1 << cgo.EthEventRecoverySuccess // the port works as before
	EventRecoveryFailed EventType = 1 << cgo.EthEventRecoveryFailed  // the port failed: call Port.Close
	EventAll            EventType = 1<<cgo.EthEventMax - 1<<(cgo.EthEventUnknown+1)
)

var eventNames = map[EventType]string{
	EventLink: "link", EventQueueState: "queue-state", EventReset: "reset", EventVFMailbox: "vf-mailbox", EventMACsec: "macsec",
	EventRemoval: "removal", EventNew: "new", EventDestroy: "destroy", EventIPsec: "ipsec", EventFlowAged: "flow-aged",
	EventRxThreshold: "rx-threshold", EventRecovering: "recovering", EventRecovered: "recovered", EventRecoveryFailed: "recovery-failed",
}

// String returns the names of the events, such as "link|removal"; "0" for the empty set.
func (t EventType) String() string {
	return names(uint64(t), func(bit uint64) string { return eventNames[EventType(bit)] })
}

// Event is something that happened to a port.
type Event struct {
	Type EventType // a single event
	Port int       // the port's number
}

// Subscription is a stream of events.
type Subscription struct {
	// C delivers each event once. Events of one thread of DPDK come in their order. Close
	// closes C; the end of EAL closes it after the last event.
	C <-chan Event

	stream *stream[Event]
}

const allPorts = -1

// Subscribe subscribes to events of these types, from now on, of all ports, also of ports that
// are attached later. Events are queued without a limit until they are received from C: no event
// is lost, and no thread of DPDK waits. Close a Subscription that is not read.
//
// Subscribe works in all processes. Each process has its own events: all of them see attached
// and detached devices, and the primary sees most of the others. EventNew and EventDestroy come
// before the Attach or Detach has ended: if a secondary closes EAL at that moment, the primary
// waits 5 s for its answer. Errors: dpdk.ErrInvalid for an empty set or unknown types,
// dpdk.ErrNoMemory, dpdk.ErrNotRunning.
//
// Implements: rte_eth_dev_callback_register
func Subscribe(types EventType) (*Subscription, error) {
	if err := types.check(""); err != nil {
		return nil, err
	}
	var s *Subscription
	err := control.Call(opEvents, "", func() error {
		var errno int
		s, errno = subscribeEvents(types, allPorts)
		return control.Errno(errno)
	})
	return s, err
}

// Subscribe subscribes to events of this port only: see the function [Subscribe]. The events
// continue after a Close or Detach if another port gets its number.
//
// Implements: rte_eth_dev_callback_register
func (p *Port) Subscribe(types EventType) (*Subscription, error) {
	if err := types.check(p.Name()); err != nil {
		return nil, err
	}
	return read(p, opEvents, func(id uint16) (*Subscription, int) { return subscribeEvents(types, int(id)) })
}

func (t EventType) check(name string) error {
	if t == 0 || t&^EventAll != 0 {
		return check.Invalid(opEvents, name, "the events are %v: use one or more of %v", t, EventAll)
	}
	return nil
}

// Close ends the subscription: it discards events that were not received, and C is closed soon
// after. Any goroutine may call it, more than once. On a nil Subscription or a zero value it is a
// no-op.
//
// Implements: rte_eth_dev_callback_unregister
func (s *Subscription) Close() {
	if s != nil && s.stream != nil {
		events.unsubscribe(s.stream)
	}
}

// events delivers the events of ports.
var events = hub[Event]{open: cgo.EthEventOpen, take: func() (all []Event) {
	for _, e := range cgo.EthEvents() {
		all = append(all, Event{1 << e.Type, int(e.Port)})
	}
	return all
}}

// registered are the events that C reports.
var registered EventType

func init() {
	control.AtStop(func() { events.stop(unregisterEvents) })
}

// subscribeEvents adds a subscription. The caller is inside control.Call.
func subscribeEvents(types EventType, port int) (*Subscription, int) {
	filter := func(e Event) bool { return e.Type&types != 0 && (port == allPorts || port == e.Port) }
	s, c, errno := events.subscribe(filter, func() int { return registerEvents(types) })
	if errno != 0 {
		return nil, errno
	}
	return &Subscription{C: c, stream: s}, 0
}

func registerEvents(types EventType) (errno int) {
	for n := range cgo.EthEventMax {
		if bit := EventType(1) << n; types&bit != 0 && registered&bit == 0 {
			if errno := cgo.EthEventRegister(n); errno != 0 {
				return errno
			}
			registered |= bit
		}
	}
	return 0
}

// unregisterEvents frees the memory that C allocated for the callbacks in shared memory: other
// processes may still use that memory.
func unregisterEvents() {
	for n := range cgo.EthEventMax {
		if registered&(1<<n) != 0 {
			cgo.EthEventUnregister(n)
		}
	}
	registered = 0
}
