//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/test/wire"
)

// A request is its length in 2 bytes, and as many bytes. The reply is the number of the backend in 1 byte, and the request.

const servicePort = "7000"

// serve answers requests on sockets of the kernel, as backend number, until ctx ends.
func serve(ctx context.Context, host *wire.Host, number byte) error {
	var l net.Listener
	var u net.PacketConn
	err := host.Do(func() (err error) {
		if l, err = net.Listen("tcp", ":"+servicePort); err != nil {
			return err
		}
		u, err = net.ListenPacket("udp", ":"+servicePort)
		return err
	})
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() {
		l.Close()
		u.Close()
	})
	go func() {
		buf := make([]byte, 1<<16)
		for buf[0] = number; ; {
			n, from, err := u.ReadFrom(buf[1:])
			if err != nil {
				return
			}
			_, _ = u.WriteTo(buf[:1+n], from) // the client reports a reply that is missing
		}
	}()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { c.Close() })
			go func() {
				defer stop()
				defer c.Close()
				buf := make([]byte, 1<<16)
				for buf[0] = number; ; {
					request, err := readRequest(c, buf[1:])
					if err != nil {
						return
					}
					if _, err := c.Write(buf[:1+len(request)]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return nil
}

// readRequest reads a request from a connection.
func readRequest(r io.Reader, buf []byte) ([]byte, error) {
	if _, err := io.ReadFull(r, buf[:2]); err != nil {
		return nil, err
	}
	request := buf[:2+binary.BigEndian.Uint16(buf)]
	_, err := io.ReadFull(r, request[2:])
	return request, err
}

// load is clients that ask and check every reply. The first wrong or missing one ends it.
type load struct {
	ctx     context.Context
	fail    context.CancelCauseFunc
	host    *wire.Host
	vips    []string
	clients []*client
	running sync.WaitGroup

	replies [2]atomic.Uint64 // over TCP and UDP
	slowest atomic.Int64     // time of a reply
	next    int              // the last port that fresh has used
}

// client is a connection or a socket, which stays with one backend.
type client struct {
	conn    net.Conn
	tcp     bool
	rand    *rand.Rand
	backend byte          // of the flow; 0 is unknown
	mark    chan struct{} // received from after each reply
	buf     [2][8192]byte
}

// newLoad returns a load without clients.
func newLoad(ctx context.Context, host *wire.Host, vips ...string) *load {
	l := &load{host: host, vips: vips, next: 10_000} // below the ports that the kernel chooses
	l.ctx, l.fail = context.WithCancelCause(ctx)
	return l
}

// add starts clients of all kinds in turn. A client with a lease begins a new flow after so many replies; 0 is never.
func (l *load) add(n, lease int) error {
	for range n {
		c, err := l.dial(len(l.clients), 0)
		if err != nil {
			return err
		}
		l.clients = append(l.clients, c)
		kind := len(l.clients) - 1
		l.running.Go(func() {
			for left := lease; l.ctx.Err() == nil; left-- {
				if lease > 0 && left == 0 {
					left = lease
					c.conn.Close()
					next, err := l.dial(kind, 0)
					if err != nil {
						l.fail(err)
						return
					}
					c.conn, c.backend = next.conn, 0
				}
				if err := l.ask(c); err != nil {
					l.fail(err)
					return
				}
				select {
				case <-c.mark:
				default:
				}
			}
		})
	}
	return nil
}

// dial makes a client: TCP and UDP in turn, to each address of the service, from a local port; 0 is any port.
func (l *load) dial(kind, port int) (c *client, err error) {
	c = &client{tcp: kind%2 == 0, mark: make(chan struct{}), rand: rand.New(rand.NewPCG(rand.Uint64(), 0))}
	network, local := "udp", net.Addr(&net.UDPAddr{Port: port})
	if c.tcp {
		network, local = "tcp", &net.TCPAddr{Port: port}
	}
	err = l.host.Do(func() error {
		c.conn, err = (&net.Dialer{Timeout: replyTimeout, LocalAddr: local}).Dial(network, net.JoinHostPort(l.vips[kind/2%len(l.vips)], servicePort))
		return err
	})
	return c, err
}

// replyTimeout is longer than a worker is ever missing.
const replyTimeout = 10 * time.Second

// ask sends a request and checks the reply.
func (l *load) ask(c *client) error {
	most := 1400 // a datagram that fits into a frame
	if c.tcp {
		most = 4000
	}
	n := 8 + c.rand.IntN(most)
	request := c.buf[0][:2+n]
	binary.BigEndian.PutUint16(request, uint16(n))
	for i := 2; i+8 <= len(request); i += 8 {
		binary.NativeEndian.PutUint64(request[i:], c.rand.Uint64())
	}
	start := time.Now()
	reply, err := c.exchange(request)
	if err != nil {
		return fmt.Errorf("%v to %v: %w", c.conn.LocalAddr(), c.conn.RemoteAddr(), err)
	}
	took := int64(time.Since(start))
	for old := l.slowest.Load(); took > old && !l.slowest.CompareAndSwap(old, took); old = l.slowest.Load() {
	}
	if !bytes.Equal(reply[1:], request) {
		return fmt.Errorf("%v to %v: wrong reply: %d bytes to %d", c.conn.LocalAddr(), c.conn.RemoteAddr(), len(reply), len(request))
	}
	if c.backend == 0 {
		c.backend = reply[0]
	}
	if c.backend != reply[0] {
		return fmt.Errorf("%v to %v: a reply of backend %d in a flow of backend %d", c.conn.LocalAddr(), c.conn.RemoteAddr(), reply[0], c.backend)
	}
	l.replies[map[bool]int{true: 0, false: 1}[c.tcp]].Add(1)
	return nil
}

// exchange sends a request and returns the reply.
func (c *client) exchange(request []byte) ([]byte, error) {
	if err := c.conn.SetDeadline(time.Now().Add(replyTimeout)); err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return nil, err
	}
	reply := c.buf[1][:]
	if !c.tcp {
		n, err := c.conn.Read(reply)
		return reply[:n], err
	}
	n, err := io.ReadFull(c.conn, reply[:1+len(request)])
	return reply[:n], err
}

// progress waits until every client has had a reply to a request that it began after the call.
func (l *load) progress() error {
	var waits sync.WaitGroup
	for _, c := range l.clients {
		waits.Go(func() {
			for range 2 { // the first reply may be to a request before the call
				select {
				case c.mark <- struct{}{}:
				case <-l.ctx.Done():
				}
			}
		})
	}
	waits.Wait()
	return context.Cause(l.ctx)
}

// fresh begins n new flows, one after the other, and returns how many went to each backend. Their ports were not used before: a
// socket of UDP with the port of an earlier one continues the flow of that one.
func (l *load) fresh(n int) (to [4]int, err error) {
	for i := range n {
		l.next++
		c, err := l.dial(i, l.next)
		if err != nil {
			return to, err
		}
		err = l.ask(c)
		c.conn.Close()
		if err != nil {
			return to, err
		}
		to[c.backend]++
	}
	return to, context.Cause(l.ctx)
}

// end stops the clients, and returns the first error of one.
func (l *load) end() error {
	stopped := errors.New("stopped")
	l.fail(stopped)
	l.running.Wait()
	for _, c := range l.clients {
		c.conn.Close()
	}
	if err := context.Cause(l.ctx); !errors.Is(err, stopped) {
		return err
	}
	return nil
}
