// Package wire joins two hosts on one machine, for tests and demonstrations with
// real network stacks: a veth pair between network namespaces that have no names,
// so that nothing can be left of them. It needs root.
package wire

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
)

// Wire is a veth pair: one end is here, where a DPDK port may take it, and the
// other at a host of its own.
type Wire struct {
	Near, Far End
	// Peer is the host at the far end.
	Peer *Host
	here *Host
}

// End is an interface at one end of a wire.
type End struct {
	Name string
	MAC  net.HardwareAddr
}

// New connects this process's network namespace with a new host. Both interfaces
// are up, Quiet and without addresses; their names begin with name.
func New(name string) (*Wire, error) {
	w := &Wire{Near: End{Name: name + "n"}, Far: End{Name: name + "f"}}
	if err := w.connect(name); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *Wire) connect(name string) (err error) {
	if w.here, err = Here(); err != nil {
		return err
	}
	if w.Peer, err = NewHost(); err != nil {
		return err
	}
	pair := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: w.Far.Name, PeerNamespace: netlink.NsFd(w.Peer.ns)}
	pair.Name = w.Near.Name
	if err := w.here.nl.LinkAdd(pair); err != nil {
		return fmt.Errorf("veth pair %s: %w", name, err)
	}
	if err := w.here.bring(&w.Near); err != nil {
		return err
	}
	return w.Peer.bring(&w.Far)
}

// bring makes an end ready.
func (h *Host) bring(e *End) error {
	if err := h.Quiet(e.Name); err != nil {
		return err
	}
	if err := h.up(e.Name); err != nil {
		return err
	}
	l, err := h.Link(e.Name)
	if err == nil {
		e.MAC = l.HardwareAddr
	}
	return err
}

// Close takes the wire away, and with it the host unless a process is still
// there.
func (w *Wire) Close() error {
	var errs []error
	if w.here != nil {
		if link, err := w.here.nl.LinkByName(w.Near.Name); err == nil {
			errs = append(errs, w.here.nl.LinkDel(link))
		}
		errs = append(errs, w.here.Close())
	}
	if w.Peer != nil {
		errs = append(errs, w.Peer.Close())
	}
	return errors.Join(errs...)
}
