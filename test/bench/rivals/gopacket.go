package main

import (
	"time"

	"github.com/google/gopacket/afpacket"
)

// blockTimeout is the time after which the kernel delivers a block that is not full.
const blockTimeout = time.Millisecond

// gopacketRing is a packet socket of google/gopacket/afpacket: TPACKET_V3 receives without a
// system call for each frame, and a system call sends each frame.
type gopacketRing struct{ *afpacket.TPacket }

func openGopacket(p place) (contender, error) {
	t, err := afpacket.NewTPacket(afpacket.OptInterface(p.Interface), afpacket.TPacketVersion3,
		afpacket.OptNumBlocks(16), afpacket.OptBlockTimeout(blockTimeout))
	if err != nil {
		return nil, err
	}
	return gopacketRing{t}, nil
}

func (g gopacketRing) receive(n int, look func([]byte)) error {
	for range n {
		frame, _, err := g.ZeroCopyReadPacketData()
		if err != nil {
			return err
		}
		look(frame)
	}
	return nil
}

func (g gopacketRing) send(n int, data []byte) error {
	for range n {
		if err := g.WritePacketData(data); err != nil {
			return err
		}
	}
	return nil
}

func (g gopacketRing) echo(n int) error {
	for range n {
		frame, _, err := g.ZeroCopyReadPacketData()
		if err != nil {
			return err
		}
		swapMAC(frame)
		if err := g.WritePacketData(frame); err != nil {
			return err
		}
	}
	return nil
}

func (g gopacketRing) close() error {
	g.Close()
	return nil
}
