package main

import (
	"net"

	"golang.org/x/net/ipv4"
)

// udpBatch is a UDP socket of the kernel with golang.org/x/net/ipv4: recvmmsg and sendmmsg move a
// burst of datagrams with one system call.
type udpBatch struct {
	conn    *ipv4.PacketConn
	peer    net.Addr
	buffers [burst][]byte
	msgs    [burst]ipv4.Message
}

func openUDPBatch(p place) (contender, error) {
	u, err := openUDP(p)
	if err != nil {
		return nil, err
	}
	b := &udpBatch{conn: ipv4.NewPacketConn(u.conn), peer: net.UDPAddrFromAddrPort(u.peer)}
	for i := range b.msgs {
		b.buffers[i] = make([]byte, 2048)
		b.msgs[i].Buffers = make([][]byte, 1)
	}
	return b, nil
}

// read receives up to n datagrams.
func (b *udpBatch) read(n int) ([]ipv4.Message, error) {
	msgs := b.msgs[:min(n, burst)]
	for i := range msgs {
		msgs[i].Buffers[0] = b.buffers[i]
	}
	n, err := b.conn.ReadBatch(msgs, 0)
	return msgs[:max(n, 0)], err
}

// write sends all datagrams.
func (b *udpBatch) write(msgs []ipv4.Message) error {
	for len(msgs) > 0 {
		n, err := b.conn.WriteBatch(msgs, 0)
		if err != nil {
			return err
		}
		msgs = msgs[n:]
	}
	return nil
}

func (b *udpBatch) receive(n int, look func([]byte)) error {
	for n > 0 {
		msgs, err := b.read(n)
		if err != nil {
			return err
		}
		for i := range msgs {
			look(b.buffers[i][:msgs[i].N])
		}
		n -= len(msgs)
	}
	return nil
}

func (b *udpBatch) send(n int, data []byte) error {
	for n > 0 {
		msgs := b.msgs[:min(n, burst)]
		for i := range msgs {
			msgs[i].Buffers[0], msgs[i].Addr = data, b.peer
		}
		if err := b.write(msgs); err != nil {
			return err
		}
		n -= len(msgs)
	}
	return nil
}

func (b *udpBatch) echo(n int) error {
	for n > 0 {
		msgs, err := b.read(n)
		if err != nil {
			return err
		}
		for i := range msgs {
			msgs[i].Buffers[0] = b.buffers[i][:msgs[i].N]
		}
		if err := b.write(msgs); err != nil {
			return err
		}
		n -= len(msgs)
	}
	return nil
}

func (b *udpBatch) close() error { return b.conn.Close() }
