//go:build linux

package wire

import (
	"errors"
	"fmt"
	"net"
	"runtime"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Host is a network namespace: it has its own interfaces, addresses and sockets, as another
// machine does. It has no name. The kernel removes it when the last process that uses it exits for
// any reason.
type Host struct {
	ns netns.NsHandle
	nl *netlink.Handle
}

// NewHost makes an empty network namespace.
func NewHost() (*Host, error) { return host(netns.New) }

// Here returns the network namespace of this process.
func Here() (*Host, error) { return host(netns.Get) }

// host returns the namespace that get returns. get may leave the thread in that namespace.
func host(get func() (netns.NsHandle, error)) (h *Host, err error) {
	err = apart(func() error {
		ns, err := get()
		if err != nil {
			return fmt.Errorf("network namespace: %w", err)
		}
		nl, err := netlink.NewHandleAt(ns)
		if err != nil {
			return errors.Join(fmt.Errorf("netlink: %w", err), ns.Close())
		}
		h = &Host{ns, nl}
		return h.Up("lo")
	})
	return h, err
}

// apart runs f, which may move its thread to another network namespace.
func apart(f func() error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	err = f()
	if back := netns.Set(home); back != nil {
		return errors.Join(err, back) // the thread is still locked, so it ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// Close releases the namespace.
func (h *Host) Close() error {
	h.nl.Close()
	return h.ns.Close()
}

// Do runs f in the namespace. Sockets and processes that f makes belong to it.
func (h *Host) Do(f func() error) error {
	return apart(func() error {
		if err := netns.Set(h.ns); err != nil {
			return err
		}
		return f()
	})
}

// Address gives an interface an address such as "10.0.0.1/24" or "fd00::1/64", which it can use at once.
func (h *Host) Address(iface, cidr string) error {
	link, err := h.nl.LinkByName(iface)
	if err != nil {
		return fmt.Errorf("%s: %w", iface, err)
	}
	addr, err := netlink.ParseAddr(cidr)
	if err == nil {
		if addr.IP.To4() == nil {
			addr.Flags = unix.IFA_F_NODAD // the kernel would look for a second host with the address first
		}
		err = h.nl.AddrReplace(link, addr)
	}
	if err != nil {
		return fmt.Errorf("address %s of %s: %w", cidr, iface, err)
	}
	return nil
}

// Route adds a route to a prefix such as "10.0.0.0/8" through a gateway.
func (h *Host) Route(cidr string, gateway net.IP) error {
	_, to, err := net.ParseCIDR(cidr)
	if err == nil {
		err = h.nl.RouteAdd(&netlink.Route{Dst: to, Gw: gateway})
	}
	if err != nil {
		return fmt.Errorf("route to %s through %v: %w", cidr, gateway, err)
	}
	return nil
}

// Neighbour adds the MAC address of ip to the host's neighbour table, so that it does not send ARP.
func (h *Host) Neighbour(iface string, ip net.IP, mac net.HardwareAddr) error {
	link, err := h.nl.LinkByName(iface)
	if err == nil {
		err = h.nl.NeighSet(&netlink.Neigh{LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT, IP: ip, HardwareAddr: mac})
	}
	if err != nil {
		return fmt.Errorf("neighbour %v of %s: %w", ip, iface, err)
	}
	return nil
}

// Gateway makes ip the next hop of all packets to other networks, through an interface.
func (h *Host) Gateway(iface string, ip net.IP) error {
	link, err := h.nl.LinkByName(iface)
	if err == nil {
		err = h.nl.RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: ip})
	}
	if err != nil {
		return fmt.Errorf("gateway %v of %s: %w", ip, iface, err)
	}
	return nil
}

// Link returns the current state of an interface, with the kernel's counters.
func (h *Host) Link(iface string) (*netlink.LinkAttrs, error) {
	link, err := h.nl.LinkByName(iface)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", iface, err)
	}
	return link.Attrs(), nil
}

// Quiet stops packets that the kernel itself sends through an interface: it turns off IPv6
// addresses. It also turns off checksum offload, so that the kernel computes all checksums.
func (h *Host) Quiet(iface string) error {
	link, err := h.nl.LinkByName(iface)
	if err != nil {
		return fmt.Errorf("%s: %w", iface, err)
	}
	const none = 1 // IN6_ADDR_GEN_MODE_NONE
	if err := h.nl.LinkSetIP6AddrGenMode(link, none); err != nil && !errors.Is(err, unix.EAFNOSUPPORT) {
		return fmt.Errorf("%s: IPv6: %w", iface, err)
	}
	return h.features(iface, map[string]bool{"tx-checksum-ip-generic": false})
}

// LeaveChecksums makes the kernel leave the checksums of TCP and UDP to an interface, as it does with network cards. A veth interface then delivers unfinished
// checksums. The kernel still makes all segments.
func (h *Host) LeaveChecksums(iface string) error {
	return h.features(iface, map[string]bool{"tx-checksum-ip-generic": true, "tx-tcp-segmentation": false, "tx-tcp-ecn-segmentation": false,
		"tx-tcp-mangleid-segmentation": false, "tx-tcp6-segmentation": false, "tx-udp-segmentation": false})
}

func (h *Host) features(iface string, on map[string]bool) error {
	return h.Do(func() error {
		e, err := ethtool.NewEthtool()
		if err != nil {
			return err
		}
		defer e.Close()
		if err := e.Change(iface, on); err != nil {
			return fmt.Errorf("%s: checksums: %w", iface, err)
		}
		return nil
	})
}

// Up brings an interface up.
func (h *Host) Up(iface string) error {
	link, err := h.nl.LinkByName(iface)
	if err == nil {
		err = h.nl.LinkSetUp(link)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", iface, err)
	}
	return nil
}
