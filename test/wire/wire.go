//go:build linux

// Package wire connects two hosts on one machine, for tests and demonstrations with real network
// stacks. It uses a veth pair between two network namespaces without names, so that nothing is
// left behind. It needs root.
package wire

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
)

// Wire is a veth pair.
type Wire struct {
	Near, Far End
}

// End is an interface at one end of a wire, and its host.
type End struct {
	*Host
	Name string
	MAC  net.HardwareAddr
}

// New connects two new hosts. Both interfaces are up and quiet (see [Host.Quiet]), and have no
// addresses. Their names begin with name.
func New(name string) (*Wire, error) {
	near, err := NewHost()
	if err != nil {
		return nil, err
	}
	return toNew(name, near)
}

// FromHere connects the network namespace of this process, at the near end, to a new host.
func FromHere(name string) (*Wire, error) {
	here, err := Here()
	if err != nil {
		return nil, err
	}
	return toNew(name, here)
}

func toNew(name string, near *Host) (*Wire, error) {
	far, err := NewHost()
	if err != nil {
		return nil, errors.Join(err, near.Close())
	}
	w := &Wire{Near: End{Host: near, Name: name + "n"}, Far: End{Host: far, Name: name + "f"}}
	if err := w.connect(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *Wire) connect() error {
	pair := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: w.Far.Name, PeerNamespace: netlink.NsFd(w.Far.ns)}
	pair.Name = w.Near.Name
	if err := w.Near.nl.LinkAdd(pair); err != nil {
		return fmt.Errorf("veth pair %s and %s: %w", w.Near.Name, w.Far.Name, err)
	}
	if err := w.Near.bring(); err != nil {
		return err
	}
	return w.Far.bring()
}

// bring sets the interface up and quiet, and reads its address.
func (e *End) bring() error {
	if err := e.Quiet(e.Name); err != nil {
		return err
	}
	if err := e.Up(e.Name); err != nil {
		return err
	}
	l, err := e.Link(e.Name)
	if err == nil {
		e.MAC = l.HardwareAddr
	}
	return err
}

// Close removes the wire and releases its hosts.
func (w *Wire) Close() error {
	var errs []error
	if link, err := w.Near.nl.LinkByName(w.Near.Name); err == nil {
		errs = append(errs, w.Near.nl.LinkDel(link))
	}
	return errors.Join(append(errs, w.Near.Host.Close(), w.Far.Host.Close())...)
}
