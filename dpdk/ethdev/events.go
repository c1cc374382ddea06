package ethdev

import (
	"os"
	"sync"

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

	types EventType
	port  int // or allPorts

	mu    sync.Mutex
	queue []Event
	last  bool // no more events will come
	wake  chan struct{}
	done  chan struct{}
	once  sync.Once
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
		s, errno = events.subscribe(types, allPorts)
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
	return read(p, opEvents, func(id uint16) (*Subscription, int) { return events.subscribe(types, int(id)) })
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
	if s == nil || s.done == nil {
		return
	}
	s.once.Do(func() {
		events.unsubscribe(s)
		close(s.done)
	})
}

// enqueue queues the events that the subscription asked for.
func (s *Subscription) enqueue(happened []cgo.EthEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range happened {
		if t := EventType(1) << e.Type; t&s.types != 0 && (s.port == allPorts || s.port == int(e.Port)) {
			s.queue = append(s.queue, Event{t, int(e.Port)})
		}
	}
	s.signal()
}

// finish ends the stream after the queued events.
func (s *Subscription) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = true
	s.signal()
}

func (s *Subscription) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // a signal is pending
	}
}

// forward moves events from the queue to c.
func (s *Subscription) forward(c chan<- Event) {
	defer close(c)
	for {
		s.mu.Lock()
		queue, last := s.queue, s.last
		s.queue = nil
		s.mu.Unlock()
		for _, e := range queue {
			select {
			case c <- e:
			case <-s.done:
				return
			}
		}
		if last {
			return
		}
		select {
		case <-s.wake:
		case <-s.done:
			return
		}
	}
}

// events holds all subscriptions and the events that C reports.
var events eventTable

type eventTable struct {
	mu         sync.Mutex
	subs       map[*Subscription]struct{}
	registered EventType
	wake       *os.File
}

func init() { control.AtStop(events.stop) }

// subscribe adds a subscription. The caller is inside control.Call.
func (t *eventTable) subscribe(types EventType, port int) (*Subscription, int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.wake == nil {
		fd, errno := cgo.EthEventOpen()
		if errno != 0 {
			return nil, errno
		}
		t.wake = os.NewFile(uintptr(fd), "pipe of port events")
		t.subs = map[*Subscription]struct{}{}
		go t.serve()
	}
	for n := range cgo.EthEventMax {
		if bit := EventType(1) << n; types&bit != 0 && t.registered&bit == 0 {
			if errno := cgo.EthEventRegister(n); errno != 0 {
				return nil, errno
			}
			t.registered |= bit
		}
	}
	t.dispatch() // earlier events are not for the new subscription
	c := make(chan Event)
	s := &Subscription{C: c, types: types, port: port, wake: make(chan struct{}, 1), done: make(chan struct{})}
	t.subs[s] = struct{}{}
	go s.forward(c)
	return s, 0
}

// unsubscribe removes a subscription. C still reports its events: DPDK may refuse to unregister
// a callback during an event, and a report costs little.
func (t *eventTable) unsubscribe(s *Subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.subs, s)
}

// dispatch queues the new events at their subscriptions. The caller holds mu.
func (t *eventTable) dispatch() {
	happened := cgo.EthEvents()
	if len(happened) == 0 {
		return
	}
	for s := range t.subs {
		s.enqueue(happened)
	}
}

// serve dispatches events. It sleeps in the Go runtime's poller.
func (t *eventTable) serve() {
	var count [8]byte
	for {
		if _, err := t.wake.Read(count[:]); err != nil {
			return
		}
		t.mu.Lock()
		t.dispatch()
		t.mu.Unlock()
	}
}

// stop ends all subscriptions when EAL ends. It frees the memory that C allocated for them in
// shared memory: other processes may still use that memory.
func (t *eventTable) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n := range cgo.EthEventMax {
		if t.registered&(1<<n) != 0 {
			cgo.EthEventUnregister(n)
		}
	}
	t.registered = 0
	t.dispatch()
	for s := range t.subs {
		s.finish()
	}
	clear(t.subs)
}
