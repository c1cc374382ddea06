package main

import (
	"errors"
	"net"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

// afxdp is an AF_XDP socket in Go: cilium/ebpf loads the XDP program, xsk is the socket.
type afxdp struct {
	sockets *ebpf.Map
	program *ebpf.Program
	link    link.Link
	xsk     *xsk
}

func openAFXDP(p place) (_ contender, err error) {
	iface, err := net.InterfaceByName(p.Interface)
	if err != nil {
		return nil, err
	}
	a := &afxdp{}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if a.sockets, err = ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.XSKMap, KeySize: 4, ValueSize: 4, MaxEntries: 1}); err != nil {
		return nil, err
	}
	// return bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_PASS)
	const rxQueueIndex, pass = 16, 2
	a.program, err = ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.XDP, License: "BSD", Instructions: asm.Instructions{
		asm.LoadMem(asm.R2, asm.R1, rxQueueIndex, asm.Word),
		asm.LoadMapPtr(asm.R1, a.sockets.FD()),
		asm.Mov.Imm(asm.R3, pass),
		asm.FnRedirectMap.Call(),
		asm.Return(),
	}})
	if err != nil {
		return nil, err
	}
	if a.xsk, err = newXSK(iface.Index, 0); err != nil {
		return nil, err
	}
	if err = a.sockets.Put(uint32(0), uint32(a.xsk.fd)); err != nil {
		return nil, err
	}
	a.link, err = link.AttachXDP(link.XDPOptions{Program: a.program, Interface: iface.Index, Flags: link.XDPDriverMode})
	return a, err
}

func (a *afxdp) receive(n int, look func([]byte)) error {
	for n > 0 {
		frames := a.xsk.receive()
		for _, d := range frames {
			look(a.xsk.frame(d))
		}
		a.xsk.refill(frames)
		n -= len(frames)
	}
	return nil
}

func (a *afxdp) send(n int, data []byte) error {
	for n > 0 {
		frames := a.xsk.alloc(min(n, burst))
		for i := range frames {
			frames[i].Len = uint32(len(data))
			copy(a.xsk.frame(frames[i]), data)
		}
		if err := a.xsk.send(frames); err != nil {
			return err
		}
		n -= len(frames)
	}
	return nil
}

func (a *afxdp) echo(n int) error {
	for n > 0 {
		frames := a.xsk.receive()
		for _, d := range frames {
			swapMAC(a.xsk.frame(d))
		}
		if err := a.xsk.send(frames); err != nil {
			return err
		}
		n -= len(frames)
	}
	return nil
}

func (a *afxdp) close() (err error) {
	if a.link != nil {
		err = a.link.Close()
	}
	if a.xsk != nil {
		err = errors.Join(err, a.xsk.close())
	}
	return errors.Join(err, a.program.Close(), a.sockets.Close())
}
