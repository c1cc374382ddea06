package netring

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	netringcgo "github.com/godpdk/godpdk/cgo/netring"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/internal/inuse"
	"github.com/godpdk/godpdk/dpdk/internal/newport"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

const (
	op     = "rte_eth_from_rings"
	driver = "net_ring"
	prefix = driver + "_" // DPDK adds it to the name
)

// MaxName is the maximum length of a port's name, in bytes, including "net_ring_".
const MaxName = netringcgo.NameSize - 1

// MaxQueues is the maximum number of queues of a port in each direction.
const MaxQueues = min(netringcgo.MaxRx, netringcgo.MaxTx)

// Config configures a port made from rings.
type Config struct {
	// Name is the port's name, which must start with "net_ring_". "" is "net_ring_" and a free
	// number.
	Name string
	// Rx and Tx are the rings of the queues, from queue 0 on, at least one each. A ring may be
	// in both, and in several ports.
	Rx, Tx []*ring.Ring[*mbuf.Mbuf]
	Socket dpdk.SocketID // of the port's memory
}

// Attach makes a port without configuring it. End it with its Detach.
//
// Errors: dpdk.ErrInvalid for freed rings or too many of them, dpdk.ErrExist,
// dpdk.ErrUnsupported if this DPDK does not have the driver, dpdk.ErrNoSpace,
// dpdk.ErrNoMemory, dpdk.ErrSecondary.
//
// Implements: rte_eth_from_rings, rte_eth_from_ring
func Attach(c Config) (*ethdev.Port, error) {
	name := c.Name
	if name == "" {
		name = newport.Free(prefix)
	}
	if err := newport.Name(op, prefix, name, netringcgo.NameSize); err != nil {
		return nil, err
	}
	if name == prefix {
		return nil, check.Invalid(op, name, "the name ends after %s: add a number or a word", prefix)
	}
	if err := check.Socket(op, name, c.Socket); err != nil {
		return nil, err
	}
	rx, err := pointers(name, "Rx", c.Rx)
	if err != nil {
		return nil, err
	}
	tx, err := pointers(name, "Tx", c.Tx)
	if err != nil {
		return nil, err
	}
	control.Hotplug.Lock()
	defer control.Hotplug.Unlock()
	if err := newport.Ready(op, driver, name); err != nil {
		return nil, err
	}
	fastcall.SetWaits(name, slices.ContainsFunc(slices.Concat(c.Rx, c.Tx), waits))
	if err := create(name, c, rx, tx); err != nil {
		return nil, err
	}
	return ethdev.Lookup(name)
}

// waits reports whether a burst on the ring may wait for several threads in turn, or for a
// goroutine in the middle of a zero-copy operation, which HTS sides support.
func waits(r *ring.Ring[*mbuf.Mbuf]) bool {
	for _, side := range []ring.Sync{r.Producer(), r.Consumer()} {
		if side == ring.Multi || side == ring.HTS {
			return true
		}
	}
	return false
}

// create makes the port. The rings cannot be freed from before that until the port's end.
func create(name string, c Config, rx, tx []unsafe.Pointer) error {
	rings, handles := slices.Concat(rx, tx), slices.Concat(c.Rx, c.Tx)
	use(maker(name), rings)
	defer inuse.Release(maker(name))
	err := control.Call(op, name, func() error {
		for n, r := range handles { // any handle or process may have freed it until here
			if i, err := objects.RingLookup(r.Name()); err != nil || i.Ring != rings[n] {
				return check.Invalid(op, name, "the ring %s was freed: create or look up a ring", r.Name())
			}
		}
		defer cgo.EthProbing()()
		defer telserver.Enter()()
		return control.Errno(netringcgo.Create(strings.TrimPrefix(name, prefix), rx, tx, c.Socket.Int()))
	})
	if err == nil {
		inuse.Release(port(name)) // of that name before
		use(port(name), rings)
	}
	return err
}

func use(u inuse.User, rings []unsafe.Pointer) {
	for _, r := range rings {
		inuse.Use(u, r)
	}
}

// port is a port as the user of its rings.
type port string

func (p port) String() string {
	return fmt.Sprintf("port %s is made of it: detach the port first", string(p))
}

// Gone implements inuse.User.
func (p port) Gone() bool {
	_, errno := cgo.EthByName(string(p))
	return errno != 0
}

// maker is the user of the rings of a port in the making.
type maker string

func (m maker) String() string { return fmt.Sprintf("port %s is being made from it", string(m)) }

// Gone implements inuse.User.
func (m maker) Gone() bool { return false }

func pointers(name, field string, rings []*ring.Ring[*mbuf.Mbuf]) ([]unsafe.Pointer, error) {
	if len(rings) == 0 {
		return nil, check.Invalid(op, name, "%s is empty: the driver needs at least one ring in each direction", field)
	}
	if len(rings) > MaxQueues {
		return nil, check.Invalid(op, name, "%s has %d rings: the driver supports at most %d", field, len(rings), MaxQueues)
	}
	all := make([]unsafe.Pointer, len(rings))
	for i, r := range rings {
		if r == nil || r.Pointer() == nil {
			return nil, check.Invalid(op, name, "%s[%d] is nil, or was freed: create or look up a ring", field, i)
		}
		all[i] = r.Pointer()
	}
	return all, nil
}

// Open attaches, configures and starts a port. If a step fails, the earlier steps are undone.
// The default number of queues is the number of rings. DPDK requires a pool for each receive
// queue, although the port does not allocate from it.
//
// Implements: rte_eth_from_rings
func Open(c Config, cfg ethdev.Config) (*ethdev.Port, error) {
	p, err := Attach(c)
	if err != nil {
		return nil, err
	}
	if cfg.RxQueues == 0 {
		cfg.RxQueues = len(c.Rx)
	}
	if cfg.TxQueues == 0 {
		cfg.TxQueues = len(c.Tx)
	}
	return newport.Start(p, cfg)
}
