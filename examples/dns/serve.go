package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/udp"
)

const batch = 32

// counts are the numbers of datagrams.
type counts struct{ questions, answers, ignored, unsent atomic.Uint64 }

// serve answers until ctx ends.
func serve(ctx context.Context, s settings, z *zone) error {
	n, end, err := network(s)
	if err != nil {
		return err
	}
	var c counts
	err = answerAll(ctx, n, s, z, &c)
	lost, failed := end()
	fmt.Printf("dns: %d questions, %d answers, %d ignored, %d answers not sent, %d mbufs lost\n",
		c.questions.Load(), c.answers.Load(), c.ignored.Load(), c.unsent.Load(), lost)
	return errors.Join(err, failed)
}

// answerAll answers with all workers. It is the same code in both modes.
func answerAll(ctx context.Context, n udp.Network, s settings, z *zone, c *counts) error {
	conn, err := n.ListenPacket("udp", s.listen)
	if err != nil {
		return err
	}
	defer conn.Close()
	socket := conn.(udp.Socket) // as those of all networks of package udp
	fmt.Printf("dns: ready: %s, mode %s, %v, %d workers\n", z.origin, s.mode, conn.LocalAddr(), s.workers)
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // it ends the workers
	errs := make([]error, s.workers)
	var workers sync.WaitGroup
	for i := range errs {
		workers.Go(func() {
			if errs[i] = work(socket, z, c); errors.Is(errs[i], net.ErrClosed) {
				errs[i] = nil
			} else {
				_ = conn.Close() // the others end too
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}

// work answers until the socket is closed.
func work(s udp.Socket, z *zone, c *counts) error {
	var in [batch]udp.Datagram
	var room [batch][maxSize]byte
	out := make([]udp.Message, 0, batch)
	for {
		n, err := s.ReadBatch(in[:])
		if err != nil {
			return err
		}
		out = out[:0]
		for i := range in[:n] {
			d := &in[i]
			answer := z.answer(d.Data(), room[i][:0])
			if answer != nil {
				out = append(out, udp.Message{Data: answer, To: d.From, From: source(d)})
			}
			d.Release()
		}
		c.questions.Add(uint64(n))
		c.ignored.Add(uint64(n - len(out)))
		if err := send(s, out, c); err != nil {
			return err
		}
	}
}

// source returns the address that was asked, which is the source of the answer. A group is not.
func source(d *udp.Datagram) (from netip.Addr) {
	if d.To.IsMulticast() {
		return from
	}
	return d.To
}

// send sends answers. One that cannot be sent does not keep the others.
func send(s udp.Socket, out []udp.Message, c *counts) error {
	for len(out) > 0 {
		n, err := s.WriteBatch(out)
		c.answers.Add(uint64(n))
		out = out[n:]
		switch {
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			c.unsent.Add(1)
			out = out[1:]
		}
	}
	return nil
}
