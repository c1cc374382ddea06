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

// Events of ports. Which of them there are is up to the driver; of EventLink and
// EventRemoval it tells only if Config.LinkEvents and RemovalEvents ask for that.
const (
	EventLink           EventType = 1 << cgo.EthEventLSC        // see Link
	EventQueueState     EventType = 1 << cgo.EthEventQueueState // a queue came or went at the other side
	EventReset          EventType = 1 << cgo.EthEventReset      // call Reset
	EventVFMailbox      EventType = 1 << cgo.EthEventVFMbox     // a message from a virtual function
	EventMACsec         EventType = 1 << cgo.EthEventMACsec
	EventRemoval        EventType = 1 << cgo.EthEventRMV     // the device was pulled out: call Detach
	EventNew            EventType = 1 << cgo.EthEventNew     // a port comes: ByID finds it as soon as its attach has ended
	EventDestroy        EventType = 1 << cgo.EthEventDestroy // a port goes: its number may come again
	EventIPsec          EventType = 1 << cgo.EthEventIPsec
	EventFlowAged       EventType = 1 << cgo.EthEventFlowAged
	EventRxThreshold    EventType = 1 << cgo.EthEventRxAvailThresh   // few free receive descriptors
	EventRecovering     EventType = 1 << cgo.EthEventErrRecovering   // make no control calls until one of the next two
	EventRecovered      EventType = 1 << cgo.EthEventRecoverySuccess // the port goes on as before
	EventRecoveryFailed EventType = 1 << cgo.EthEventRecoveryFailed  // call Close
	EventAll            EventType = 1<<cgo.EthEventMax - 1<<(cgo.EthEventUnknown+1)
)

var eventNames = map[EventType]string{
	EventLink: "link", EventQueueState: "queue-state", EventReset: "reset", EventVFMailbox: "vf-mailbox", EventMACsec: "macsec",
	EventRemoval: "removal", EventNew: "new", EventDestroy: "destroy", EventIPsec: "ipsec", EventFlowAged: "flow-aged",
	EventRxThreshold: "rx-threshold", EventRecovering: "recovering", EventRecovered: "recovered", EventRecoveryFailed: "recovery-failed",
}

// String is the events' names, such as "link|removal"; none are "0".
func (t EventType) String() string {
	return names(uint64(t), func(bit uint64) string { return eventNames[EventType(bit)] })
}

// Event is something that happened to a port.
type Event struct {
	Type EventType // one
	Port int       // the port's number
}

// Subscription is a stream of events.
type Subscription struct {
	// C gives each event once, in the order in which they happened on any one
	// thread. It is closed by Close, and at the end of EAL behind the last event.
	C <-chan Event

	types EventType
	port  int // or allPorts

	mu    sync.Mutex
	queue []Event
	last  bool // no more will come
	wake  chan struct{}
	done  chan struct{}
	once  sync.Once
}

const allPorts = -1

// Subscribe gives all events of these types that happen from now on to any port,
// also to ports that come later (rte_eth_dev_callback_register). They are queued
// without a limit until they are taken from C, so that none is lost and no thread of
// DPDK waits; close a Subscription that nobody reads.
//
// It works in all processes, each of which sees events of its own: attached and
// detached devices in all of them, the rest mostly in the primary. EventNew and
// EventDestroy come before the Attach or Detach has ended: a secondary that ended EAL
// at once would leave the primary without an answer for 5 s. Errors:
// dpdk.ErrInvalid for an empty set or unknown types, dpdk.ErrNoMemory,
// dpdk.ErrNotRunning.
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

// Subscribe gives the events of this port only; see the function Subscribe. They go
// on after a Close or Detach if another port gets its number.
func (p *Port) Subscribe(types EventType) (*Subscription, error) {
	if err := types.check(p.Name()); err != nil {
		return nil, err
	}
	var s *Subscription
	err := p.control(opEvents, func() (errno int) {
		s, errno = events.subscribe(types, p.ID())
		return errno
	})
	return s, err
}

func (t EventType) check(name string) error {
	if t == 0 || t&^EventAll != 0 {
		return check.Invalid(opEvents, name, "the events are %v: use one or more of %v", t, EventAll)
	}
	return nil
}

// Close ends the subscription: events that were not taken are dropped and C is closed
// soon. It may be called more than once, from any goroutine. Closing a nil Subscription, or
// a zero value, does nothing.
func (s *Subscription) Close() {
	if s == nil || s.done == nil {
		return
	}
	s.once.Do(func() {
		events.unsubscribe(s)
		close(s.done)
	})
}

// put queues what the subscription asked for.
func (s *Subscription) put(happened []cgo.EthEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range happened {
		if t := EventType(1) << e.Type; t&s.types != 0 && (s.port == allPorts || s.port == int(e.Port)) {
			s.queue = append(s.queue, Event{t, int(e.Port)})
		}
	}
	s.signal()
}

// end lets the stream end behind what is queued.
func (s *Subscription) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = true
	s.signal()
}

func (s *Subscription) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake
	}
}

// pump moves events from the queue to c.
func (s *Subscription) pump(c chan<- Event) {
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

// events are all subscriptions, and what C was asked to tell.
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
	t.dispatch() // what was before is not for the new one
	c := make(chan Event)
	s := &Subscription{C: c, types: types, port: port, wake: make(chan struct{}, 1), done: make(chan struct{})}
	t.subs[s] = struct{}{}
	go s.pump(c)
	return s, 0
}

// unsubscribe forgets a subscription. C goes on to tell of its events: DPDK may refuse
// to stop that while one happens, and it costs next to nothing.
func (t *eventTable) unsubscribe(s *Subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.subs, s)
}

// dispatch gives what happened to all who asked for it. The caller holds mu.
func (t *eventTable) dispatch() {
	happened := cgo.EthEvents()
	if len(happened) == 0 {
		return
	}
	for s := range t.subs {
		s.put(happened)
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

// stop ends all subscriptions, when EAL ends. What C allocated for them in shared
// memory is freed, as others may go on to use that.
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
		s.end()
	}
	clear(t.subs)
}
