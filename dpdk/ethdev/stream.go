package ethdev

import (
	"os"
	"sync"
)

// hub delivers events that C reports to streams.
type hub[E any] struct {
	open func() (fd, errno int) // returns a pipe that becomes readable when there are events
	take func() []E             // returns the new events

	mu      sync.Mutex
	streams map[*stream[E]]struct{}
	wake    *os.File
}

// subscribe adds a stream of the events that pass the filter, from now on. register has C
// report them. The caller is inside control.Call.
func (h *hub[E]) subscribe(filter func(E) bool, register func() (errno int)) (*stream[E], <-chan E, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wake == nil {
		fd, errno := h.open()
		if errno != 0 {
			return nil, nil, errno
		}
		h.wake = os.NewFile(uintptr(fd), "pipe of events")
		h.streams = map[*stream[E]]struct{}{}
		go h.serve()
	}
	if errno := register(); errno != 0 {
		return nil, nil, errno
	}
	h.dispatch() // earlier events are not for the new stream
	c := make(chan E)
	s := &stream[E]{filter: filter, wake: make(chan struct{}, 1), done: make(chan struct{})}
	h.streams[s] = struct{}{}
	go s.forward(c)
	return s, c, 0
}

// unsubscribe ends a stream. C still reports its events: DPDK may refuse to unregister a callback
// during an event, and a report costs little.
func (h *hub[E]) unsubscribe(s *stream[E]) {
	s.once.Do(func() {
		h.mu.Lock()
		delete(h.streams, s)
		h.mu.Unlock()
		close(s.done)
	})
}

// dispatch queues the new events in the streams. The caller holds mu.
func (h *hub[E]) dispatch() {
	happened := h.take()
	if len(happened) == 0 {
		return
	}
	for s := range h.streams {
		s.enqueue(happened)
	}
}

// serve dispatches events. It sleeps in the Go runtime's poller.
func (h *hub[E]) serve() {
	var count [8]byte
	for {
		if _, err := h.wake.Read(count[:]); err != nil {
			return
		}
		h.mu.Lock()
		h.dispatch()
		h.mu.Unlock()
	}
}

// stop ends all streams when EAL ends. unregister undoes what the streams have registered.
func (h *hub[E]) stop(unregister func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	unregister()
	if h.wake == nil {
		return
	}
	h.dispatch()
	for s := range h.streams {
		s.finish()
	}
	clear(h.streams)
}

// stream is the queue of a subscription. A goroutine moves its events to the channel.
type stream[E any] struct {
	filter func(E) bool

	mu    sync.Mutex
	queue []E
	last  bool // no more events will come
	wake  chan struct{}
	done  chan struct{}
	once  sync.Once
}

// enqueue queues the events that pass the filter.
func (s *stream[E]) enqueue(happened []E) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range happened {
		if s.filter(e) {
			s.queue = append(s.queue, e)
		}
	}
	s.signal()
}

// finish ends the stream after the queued events.
func (s *stream[E]) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = true
	s.signal()
}

func (s *stream[E]) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // a signal is pending
	}
}

// forward moves events from the queue to c.
func (s *stream[E]) forward(c chan<- E) {
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
