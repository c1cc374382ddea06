package ipc

import (
	"encoding/binary"
	"errors"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// replyTimeout is the time that a reply waits for room in the queue of a process that does not
// read, for example because it was stopped.
const replyTimeout = time.Second

// claim reports whether the caller must answer. It is true at most once.
func (c *call) claim() bool {
	if c.answered.Swap(true) {
		return false
	}
	c.a.mu.Lock()
	delete(c.a.open, c)
	c.a.mu.Unlock()
	return !c.a.cfg.OneWay
}

// answer sends the answer to a message, unless it was sent before, and closes the reply's files.
func (c *call) answer(reply *Message, err error) {
	mine := c.claim()
	if reply == nil && err == nil {
		return
	}
	var out Message
	if reply != nil {
		out.Param, out.Files = reply.Param, reply.Files
	}
	if !mine {
		out.Close()
		return
	}
	out.Name = c.a.name
	if err == nil {
		err = out.check(opReply)
	}
	if err == nil {
		if err = c.send(&out, len(out.Param)); err == nil || mpsocket.IsGone(err) {
			out.Close()
			return
		}
		if err == syscall.EAGAIN {
			go c.insist(&out, len(out.Param))
			return
		}
	}
	out.Close()
	out = Message{Name: c.a.name, Param: errorParam(err.Error())}
	if c.send(&out, 0) == syscall.EAGAIN {
		go c.insist(&out, 0)
	}
}

// send sends a reply as rte_mp_reply does, but it does not wait for room in a queue: it returns
// syscall.EAGAIN. n is the length of Param in the datagram.
func (c *call) send(m *Message, n int) error {
	b := m.encode(cgo.MPRep)
	binary.NativeEndian.PutUint32(b[cgo.MPLenParam:], uint32(n))
	return withRights(m.Files, func(rights []byte) error { return sendTo(here.own, c.m.Peer, b, rights) })
}

// insist retries send until replyTimeout.
func (c *call) insist(m *Message, n int) {
	defer m.Close()
	for until := time.Now().Add(replyTimeout); ; time.Sleep(maxPause) {
		if err := c.send(m, n); err != syscall.EAGAIN || time.Now().After(until) {
			return
		}
	}
}

// stop ends all actions when EAL stops. Requesters that wait for an answer get an error at once.
func stop() {
	closed := errors.New("the process has stopped EAL")
	actions.Lock()
	all := actions.byName
	actions.byName = nil
	actions.Unlock()
	for name, a := range all {
		cgo.MPUnregister(name)
		a.mu.Lock()
		open := make([]*call, 0, len(a.open))
		for c := range a.open {
			open = append(open, c)
		}
		a.gone = closed
		a.mu.Unlock()
		for _, c := range open {
			if c.claim() {
				_ = c.send(&Message{Name: name, Param: errorParam(closed.Error())}, 0)
			}
		}
	}
	kill(dpdk.ErrNotRunning)
	here.stop()
}
