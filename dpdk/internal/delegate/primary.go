package delegate

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// server is the primary's side.
type server struct {
	listener *net.UnixListener
	alive    func(Owner) bool

	mu       sync.Mutex
	sessions map[*session]struct{}
	stopped  bool
}

// session is the connection of a secondary.
type session struct {
	conn  *net.UnixConn
	owner Owner      // guarded by server.mu; only the session writes it
	calls sync.Mutex // held during a call
}

var serving *server // in a primary, between Serve and Stop

// Serve begins to answer secondaries at path, which must not exist. alive reports whether an owner
// lives.
func Serve(path string, alive func(Owner) bool) error {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	s := &server{listener: l, alive: alive, sessions: map[*session]struct{}{}}
	serving = s
	go s.accept(l.AcceptUnix)
	return nil
}

// accept serves each connection until the listener is closed. Another error, such as too many open files,
// passes: the secondaries wait meanwhile.
func (s *server) accept(next func() (*net.UnixConn, error)) {
	for {
		c, err := next()
		switch {
		case err == nil:
			go s.serve(&session{conn: c})
		case errors.Is(err, net.ErrClosed):
			return
		default:
			control.Logger().Warn("a secondary cannot connect for its control calls", "error", err)
			time.Sleep(acceptPause)
		}
	}
}

// acceptPause is the time between two attempts to accept a connection.
const acceptPause = 100 * time.Millisecond

// Stop ends Serve and removes the socket. Calls that run continue.
func Stop() {
	s := serving
	if s == nil {
		return
	}
	s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	for c := range s.sessions {
		c.conn.Close()
	}
}

// serve answers the calls of one secondary, one after the other, until it ends.
func (s *server) serve(c *session) {
	defer c.conn.Close()
	if !s.enter(c) {
		return
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sessions, c)
	}()
	in, out := json.NewDecoder(c.conn), json.NewEncoder(c.conn)
	var o Owner
	if in.Decode(&o) != nil {
		return
	}
	s.mu.Lock()
	c.owner = o
	s.mu.Unlock()
	for {
		var r request
		if in.Decode(&r) != nil {
			return
		}
		answer, ok := s.answer(c, &r)
		Reach("before the answer")
		if !ok || out.Encode(answer) != nil {
			return
		}
	}
}

// enter adds a session, which Stop will close. It returns false after Stop.
func (s *server) enter(c *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.sessions[c] = struct{}{}
	}
	return !s.stopped
}

// answer makes a call. It does nothing for an owner that has died since it sent the request.
func (s *server) answer(c *session, r *request) (answer reply, ok bool) {
	c.calls.Lock()
	defer c.calls.Unlock()
	if !s.alive(c.owner) {
		return reply{}, false
	}
	result, err := handle(c.owner, r)
	if err == nil {
		answer.Result, err = json.Marshal(result)
	}
	if err != nil {
		answer = reply{Error: encode(r.Op, r.Name, err)}
	}
	return answer, true
}

// handle runs the handler of a request. A panic of the handler becomes an error: the primary must
// outlive the faults of its secondaries.
func handle(o Owner, r *request) (result any, err error) {
	h, ok := handlers[r.Op]
	if !ok {
		return nil, errNoHandler
	}
	defer func() {
		if p := recover(); p != nil {
			control.Logger().Error("a call for a secondary has panicked", "op", r.Op, "name", r.Name, "panic", p)
			err = fmt.Errorf("the primary panicked: %v", p)
		}
	}()
	return h(o, r)
}

// Alive reports in the primary whether a process lives.
func Alive(o Owner) bool { return o == Self || serving == nil || serving.alive(o) }

// hooks are the functions that OnEnd has registered, and first those of OnEndFirst.
var first, hooks []func(o Owner, died bool)

// OnEndFirst does what OnEnd does, for a function that needs what others give back: its owner's caches.
func OnEndFirst(f func(o Owner, died bool)) { first = append(first, f) }

// OnEnd registers f, which the primary runs after a process has ended: died is false if it ended by
// Close. Nothing that the process had delegated runs at that time. Call OnEnd in an init function.
func OnEnd(f func(o Owner, died bool)) { hooks = append(hooks, f) }

// settled are the functions that OnSettled has registered.
var settled []func(o Owner, died bool, r Recovery)

// OnSettled registers f, which the primary runs when it has taken care of everything that a process had
// left, with the counts of that. Call OnSettled in an init function.
func OnSettled(f func(o Owner, died bool, r Recovery)) { settled = append(settled, f) }

// Settled runs the functions of OnSettled.
func Settled(o Owner, died bool, r Recovery) {
	for _, f := range settled {
		f(o, died, r)
	}
}

// looks asks for a look at the processes.
var looks = make(chan struct{}, 1)

// LookNow has the primary look for processes that have ended, instead of at its next tick.
func LookNow() {
	select {
	case looks <- struct{}{}:
	default:
	}
}

// Looks returns the channel of LookNow.
func Looks() <-chan struct{} { return looks }

// Recovery counts what a process that has ended had left, and the primary has taken care of.
type Recovery struct {
	Returned int // mbufs and objects that are in their pools again
	Kept     int // elements in batches with a name, for a successor
	Dropped  int // elements of other batches
	InDoubt  int // mbufs that a driver or a pool may have or not: they were not returned
	Released int // locks, readers, ports and other ids that are free again
}

// Add adds the counts of o.
func (r *Recovery) Add(o Recovery) {
	r.Returned += o.Returned
	r.Kept += o.Kept
	r.Dropped += o.Dropped
	r.InDoubt += o.InDoubt
	r.Released += o.Released
}

// Since returns the counts that came after before.
func (r Recovery) Since(before Recovery) Recovery {
	return Recovery{r.Returned - before.Returned, r.Kept - before.Kept, r.Dropped - before.Dropped, r.InDoubt - before.InDoubt, r.Released - before.Released}
}

// recoveries are those of processes for which Ended runs.
var recoveries struct {
	sync.Mutex
	of map[Owner]*Recovery
}

// Recovered counts what a function of OnEnd has done for o.
func Recovered(o Owner, more Recovery) {
	recoveries.Lock()
	defer recoveries.Unlock()
	if r := recoveries.of[o]; r != nil {
		r.Add(more)
	}
}

// settle waits for the call under way.
func (c *session) settle() {
	c.calls.Lock()
	defer c.calls.Unlock()
}

// Ended runs the functions of OnEnd, after the calls of o that are under way. alive must be false for o.
func Ended(o Owner, died bool) Recovery {
	recoveries.Lock()
	if recoveries.of == nil {
		recoveries.of = map[Owner]*Recovery{}
	}
	r := new(Recovery)
	recoveries.of[o] = r
	recoveries.Unlock()
	defer func() {
		recoveries.Lock()
		defer recoveries.Unlock()
		delete(recoveries.of, o)
	}()
	if s := serving; s != nil {
		s.mu.Lock()
		var of []*session
		for c := range s.sessions {
			if c.owner == o {
				of = append(of, c)
			}
		}
		s.mu.Unlock()
		for _, c := range of {
			c.conn.Close()
			c.settle()
		}
	}
	for _, f := range slices.Concat(first, hooks) {
		Reach("before a function of OnEnd")
		f(o, died)
	}
	return *r
}
