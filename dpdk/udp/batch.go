package udp

import (
	"net/netip"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Message is a datagram to send.
type Message struct {
	Data []byte
	To   netip.AddrPort // the zero AddrPort on a connected socket
	From netip.Addr     // the source: an address of the host; the zero or unspecified Addr is that of the socket or route
	TOS  uint8          // of IPv4, or traffic class of IPv6, instead of that of the socket; 0 is the same as there
}

// WriteBatch sends datagrams in order, and returns the number of those that were handed to the port. It hands up to 32 to the port at once.
// If it returns an error, it is that of the datagram after them. Errors are those of [Conn.WriteToUDPAddrPort], and EINVAL for a From that is not an address
// of the host or not of the IP version of the destination.
func (c *Conn) WriteBatch(ms []Message) (n int, err error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	c.enter()
	defer c.leave()
	defaults := c.options.Load()
	for n < len(ms) {
		k, err := c.writeSome(ms[n:], defaults)
		n += k
		if err != nil {
			return n, c.writeError("sendmmsg", addrPort{ms[n].To}, err)
		}
	}
	return n, nil
}

// writeSome sends a burst of messages that need no waiting, or one message of any kind.
func (c *Conn) writeSome(ms []Message, defaults *options) (int, error) {
	if err := c.ready(); err != nil {
		return 0, err
	}
	h, q := c.host, c.queue()
	built, bytes := 0, 0
	q.mu.Lock()
	for built < min(burst, len(ms)) {
		m, ok := q.prepare(c, &ms[built], defaults)
		if !ok {
			break
		}
		q.out[built] = m
		bytes += len(ms[built].Data)
		built++
	}
	sent := q.tx.Burst(q.out[:built])
	var rest [burst]*mbuf.Mbuf
	left := copy(rest[:], q.out[sent:built])
	q.mu.Unlock()
	if built == 0 {
		return c.writeOne(&ms[0], defaults)
	}
	for _, m := range rest[:left] {
		h.free(c.number, m)
	}
	for _, m := range ms[sent:built] {
		bytes -= len(m.Data)
	}
	q.count.txFrames.Add(uint64(sent))
	q.count.txDatagrams.Add(uint64(sent))
	c.txDatagrams.Add(uint64(sent))
	c.txBytes.Add(uint64(bytes))
	if sent == 0 { // the queue is full: wait for room
		return c.writeOne(&ms[0], defaults)
	}
	return sent, nil
}

// prepare builds the frame of a message that can go to the port at once. The caller holds mu.
func (q *queue) prepare(c *Conn, msg *Message, defaults *options) (*mbuf.Mbuf, bool) {
	to, port, o, err := c.addressee(msg, defaults)
	if err != nil {
		return nil, false
	}
	p, err := c.pathTo(to, &o)
	if err != nil || p.local || p.next != nil && (p.next.mac.Load() == unknownMAC || p.next.old.Load()) {
		return nil, false
	}
	if fragments, err := p.limit(len(msg.Data), &o); err != nil || fragments {
		return nil, false
	}
	m, ok := q.cache.Alloc()
	if !ok {
		return nil, false
	}
	if !q.build(m, p, c.port, port, &o, msg.Data) || !p.resolve(m, c.host) {
		q.cache.Free(m)
		return nil, false
	}
	return m, true
}

// writeOne sends one message, and returns 1 without an error.
func (c *Conn) writeOne(msg *Message, defaults *options) (int, error) {
	to, port, o, err := c.addressee(msg, defaults)
	if err == nil {
		err = c.send(msg.Data, to, port, &o)
	}
	if err != nil {
		return 0, err
	}
	return 1, nil
}

// addressee returns where a message goes, and its options.
func (c *Conn) addressee(msg *Message, defaults *options) (to netip.Addr, port uint16, o options, err error) {
	o = *defaults
	o.of(msg)
	o.src = o.src.WithZone("")
	to, port, err = c.target(msg.To)
	return to, port, o, err
}

// of sets what a message has of its own.
func (o *options) of(msg *Message) {
	if msg.TOS != 0 {
		o.tos = msg.TOS
	}
	o.src = sourceOf(msg.From)
}
