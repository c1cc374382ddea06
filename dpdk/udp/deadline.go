package udp

import (
	"sync/atomic"
	"time"
)

// deadline is a time after which calls fail. Changes are guarded by the mutex of the Conn.
type deadline struct {
	passed atomic.Bool
	at     time.Time // zero for none
	timer  *time.Timer
}

// set sets the deadline. wake is called when it passes.
func (d *deadline) set(c *Conn, t time.Time) {
	d.stop()
	d.passed.Store(false)
	d.at = time.Time{}
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		d.passed.Store(true)
		c.cond.Broadcast()
		return
	}
	d.at = time.Now().Add(left) // with the monotonic clock, as the timer has
	if d.timer == nil {
		d.timer = time.AfterFunc(left, func() { d.fire(c) })
	} else {
		d.timer.Reset(left)
	}
}

// fire runs when the timer ends. The deadline may have changed meanwhile.
func (d *deadline) fire(c *Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !d.at.IsZero() && !time.Now().Before(d.at) {
		d.passed.Store(true)
		c.cond.Broadcast()
	}
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
	d.at = time.Time{}
}

// SetDeadline sets the deadlines of all calls that read and that write. After it they return os.ErrDeadlineExceeded. The
// zero Time means that they have none.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.set(func() { c.rdead.set(c, t); c.wdead.set(c, t) })
}

// SetReadDeadline sets the deadline of calls that read.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.set(func() { c.rdead.set(c, t) }) }

// SetWriteDeadline sets the deadline of calls that write. A call that writes waits if the queue of the port is full.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.set(func() { c.wdead.set(c, t) }) }
