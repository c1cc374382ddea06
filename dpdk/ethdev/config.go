package ethdev

import (
	"fmt"
	"math"
	"slices"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// NoQueues is the value of Config.RxQueues or TxQueues for a port that does not receive, or
// does not send.
const NoQueues = -1

// Config is the configuration of a port and its queues. The zero value with a Pool is one queue
// in each direction, with driver defaults for everything else. Values are never clamped
// silently: a value that the port does not support is an error. [Config.Clamp] clamps them.
type Config struct {
	// 0 is 1; NoQueues is none. With net_virtio use as many receive as transmit queues: the device
	// also delivers to receive queues that are not set up, and such packets are lost.
	RxQueues, TxQueues int
	// Pool provides the mbufs for the packets of all queues without an RxQueueConfig.Pool.
	// It must not be freed before the port is closed.
	Pool *mbuf.Pool
	// Rx and Tx configure all queues. If the queues differ, RxEach and TxEach have an
	// element for each queue instead.
	Rx     RxQueueConfig
	Tx     TxQueueConfig
	RxEach []RxQueueConfig
	TxEach []TxQueueConfig

	RxOffloads RxOffload // for all queues
	TxOffloads TxOffload
	// RSS spreads packets over the receive queues by a hash of these headers. 0 disables
	// RSS.
	RSS RSSType
	// RSSKey is the key of the hash: Info.RSSKeySize bytes. nil is the driver's key.
	RSSKey []byte

	MTU    int // bytes; 0 is the driver's
	MaxLRO int // largest packet of LRO, in bytes; 0 is the driver's

	Speeds        LinkSpeeds // to advertise; 0 is all
	Loopback      uint32     // a mode that the driver defines; 0 is none
	LinkEvents    bool       // report changes of the link: see EventLink
	RemovalEvents bool       // report the removal of the device: see EventRemoval
	RxInterrupts  bool       // see RxQueue.WaitBurst
}

// RxQueueConfig is the configuration of a receive queue. The zero value has driver defaults.
type RxQueueConfig struct {
	// Descriptors is their number; 0 is the driver's preferred number. A driver may use fewer, as
	// net_virtio does: see RxQueue.Info.
	Descriptors int
	Pool        *mbuf.Pool
	Socket      dpdk.SocketID // of the descriptors; AnySocket is the device's
	Offloads    RxOffload     // of this queue, in addition to Config.RxOffloads
	// Thresholds are numbers of descriptors; 0 is the driver's. The driver refills the
	// queue at FreeThreshold free descriptors.
	FreeThreshold             int
	Prefetch, Host, WriteBack int
	DropWhenFull              bool // drop packets if this queue is full, so that it does not block others
	DeferredStart             bool // Port.Start does not start the queue
}

// TxQueueConfig is the configuration of a transmit queue. The zero value has driver defaults.
type TxQueueConfig struct {
	Descriptors int           // 0 is the driver's preferred number
	Socket      dpdk.SocketID // of the descriptors; AnySocket is the device's
	Offloads    TxOffload     // of this queue, in addition to Config.TxOffloads
	// Thresholds are numbers of descriptors; 0 is the driver's. The driver frees sent
	// packets if fewer than FreeThreshold descriptors are free. The device reports sent
	// packets after every ReportThreshold descriptors.
	FreeThreshold, ReportThreshold int
	Prefetch, Host, WriteBack      int
	DeferredStart                  bool // Port.Start does not start the queue
}

// fallbackDescriptors is used if the driver prefers no number, as in DPDK
// (RTE_ETH_DEV_FALLBACK_RX_RINGSIZE).
const fallbackDescriptors = 512

// withDefaults returns the configuration with its defaults filled in: RxEach and TxEach have
// all queues.
func (c Config) withDefaults(i Info) Config {
	c = c.clone()
	c.RxQueues, c.TxQueues = queues(c.RxQueues), queues(c.TxQueues)
	if c.RxEach == nil && c.RxQueues > 0 && c.RxQueues <= i.MaxRxQueues {
		c.RxEach = slices.Repeat([]RxQueueConfig{c.Rx}, c.RxQueues)
	}
	if c.TxEach == nil && c.TxQueues > 0 && c.TxQueues <= i.MaxTxQueues {
		c.TxEach = slices.Repeat([]TxQueueConfig{c.Tx}, c.TxQueues)
	}
	for n := range c.RxEach {
		q := &c.RxEach[n]
		q.Descriptors = i.Rx.Descriptors.orPreferred(q.Descriptors)
		if q.Pool == nil {
			q.Pool = c.Pool
		}
	}
	for n := range c.TxEach {
		q := &c.TxEach[n]
		q.Descriptors = i.Tx.Descriptors.orPreferred(q.Descriptors)
	}
	return c
}

// clone returns a copy that shares only the pools with c. The configuration of a port must not
// change: DPDK keeps a pointer to the RSSKey.
func (c Config) clone() Config {
	c.RxEach, c.TxEach, c.RSSKey = slices.Clone(c.RxEach), slices.Clone(c.TxEach), slices.Clone(c.RSSKey)
	return c
}

// queues returns the number of queues that a field of Config means.
func queues(n int) int {
	switch n {
	case 0:
		return 1
	case NoQueues:
		return 0
	}
	return n
}

// orPreferred returns n, or for 0 the driver's preferred number or DPDK's default.
func (l DescriptorLimits) orPreferred(n int) int {
	switch {
	case n != 0:
		return n
	case l.Preferred != 0:
		return l.Preferred
	}
	return l.clamp(fallbackDescriptors)
}

// clamp returns the nearest number that the limits allow.
func (l DescriptorLimits) clamp(n int) int {
	multiple, most := max(1, l.Multiple), math.MaxUint16
	if l.Max > 0 {
		most = min(l.Max, most)
	}
	n = (min(n, most) + multiple - 1) / multiple * multiple
	if n > most {
		n = most / multiple * multiple
	}
	return max(n, l.Min)
}

// check refuses a configuration with defaults that the port does not support.
func (c *Config) check(p *Port, i Info) error {
	bad := func(format string, args ...any) error { return p.invalid(opConfigure, format, args...) }
	switch {
	case c.RxQueues < 0:
		return bad("RxQueues is %d: use 1 to %d, 0 for one, or NoQueues", c.RxQueues, i.MaxRxQueues)
	case c.TxQueues < 0:
		return bad("TxQueues is %d: use 1 to %d, 0 for one, or NoQueues", c.TxQueues, i.MaxTxQueues)
	case c.RxQueues > i.MaxRxQueues:
		return bad("RxQueues is %d: %s has at most %d: use Config.Clamp", c.RxQueues, i.Driver, i.MaxRxQueues)
	case c.TxQueues > i.MaxTxQueues:
		return bad("TxQueues is %d: %s has at most %d: use Config.Clamp", c.TxQueues, i.Driver, i.MaxTxQueues)
	case c.RxQueues == 0 && c.TxQueues == 0:
		return bad("the port has no queues: set RxQueues or TxQueues")
	case len(c.RxEach) != c.RxQueues:
		return bad("RxEach has %d queues and RxQueues is %d: use the same number", len(c.RxEach), c.RxQueues)
	case len(c.TxEach) != c.TxQueues:
		return bad("TxEach has %d queues and TxQueues is %d: use the same number", len(c.TxEach), c.TxQueues)
	case c.RxOffloads&^i.Rx.Offloads != 0:
		return bad("RxOffloads: %s does not support %v: use Config.Clamp", i.Driver, c.RxOffloads&^i.Rx.Offloads)
	case c.TxOffloads&^i.Tx.Offloads != 0:
		return bad("TxOffloads: %s does not support %v: use Config.Clamp", i.Driver, c.TxOffloads&^i.Tx.Offloads)
	case c.RSS&^i.RSS != 0:
		return bad("RSS: %s cannot hash %v: use Config.Clamp", i.Driver, c.RSS&^i.RSS)
	case len(c.RSSKey) != 0 && c.RSS == 0:
		return bad("RSSKey is set and RSS is 0: set RSS")
	case len(c.RSSKey) != 0 && len(c.RSSKey) != i.RSSKeySize:
		return bad("RSSKey has %d bytes: %s needs %d", len(c.RSSKey), i.Driver, i.RSSKeySize)
	case c.MTU != 0 && (c.MTU < i.MinMTU || c.MTU > i.MaxMTU):
		return bad("MTU is %d: %s supports %d to %d: use Config.Clamp", c.MTU, i.Driver, i.MinMTU, i.MaxMTU)
	case c.MaxLRO < 0 || c.MaxLRO > i.MaxLRO:
		return bad("MaxLRO is %d: %s supports at most %d", c.MaxLRO, i.Driver, i.MaxLRO)
	case c.LinkEvents && !i.LinkEvents:
		return bad("LinkEvents: %s does not report its link: use Config.Clamp", i.Driver)
	case c.RemovalEvents && !i.RemovalEvents:
		return bad("RemovalEvents: %s does not report its removal: use Config.Clamp", i.Driver)
	}
	for n := range c.RxEach {
		if err := c.RxEach[n].check(p, n, i); err != nil {
			return err
		}
	}
	for n := range c.TxEach {
		if err := c.TxEach[n].check(p, n, i); err != nil {
			return err
		}
	}
	return nil
}

func (q *RxQueueConfig) check(p *Port, n int, i Info) error {
	bad := func(format string, args ...any) error {
		return p.invalid(opRxSetup, "receive queue %d: "+format, append([]any{n}, args...)...)
	}
	if q.Pool == nil || *q.Pool == (mbuf.Pool{}) {
		return bad("no Pool to receive into: set Config.Pool")
	}
	if q.Pool.Pointer() == nil {
		return bad("the pool %q was freed", q.Pool.Name())
	}
	if room := q.Pool.DataRoom() - mbuf.DefaultHeadroom; room < i.MinRxBuffer || room <= 0 {
		return bad("the mbufs of pool %q have %d bytes behind their headroom: %s needs %d", q.Pool.Name(), room, i.Driver, max(1, i.MinRxBuffer))
	}
	if extra := q.Offloads &^ i.Rx.QueueOffloads; extra != 0 {
		return bad("%s does not support %v for a single queue: use Config.RxOffloads", i.Driver, extra)
	}
	if why := i.Rx.Descriptors.refuse(q.Descriptors, i.Driver); why != "" {
		return bad("%s", why)
	}
	if why := thresholds(q.FreeThreshold, 0, q.Prefetch, q.Host, q.WriteBack); why != "" {
		return bad("%s", why)
	}
	return check.Socket(opRxSetup, p.name, q.Socket)
}

func (q *TxQueueConfig) check(p *Port, n int, i Info) error {
	bad := func(format string, args ...any) error {
		return p.invalid(opTxSetup, "transmit queue %d: "+format, append([]any{n}, args...)...)
	}
	if extra := q.Offloads &^ i.Tx.QueueOffloads; extra != 0 {
		return bad("%s does not support %v for a single queue: use Config.TxOffloads", i.Driver, extra)
	}
	if why := i.Tx.Descriptors.refuse(q.Descriptors, i.Driver); why != "" {
		return bad("%s", why)
	}
	if why := thresholds(q.FreeThreshold, q.ReportThreshold, q.Prefetch, q.Host, q.WriteBack); why != "" {
		return bad("%s", why)
	}
	return check.Socket(opTxSetup, p.name, q.Socket)
}

// refuse returns the reason to refuse n descriptors, or "".
func (l DescriptorLimits) refuse(n int, driver string) string {
	switch {
	case n < l.Min || n <= 0:
		return fmt.Sprintf("%d descriptors are too few: %s needs at least %d: use Config.Clamp", n, driver, max(1, l.Min))
	case l.Max > 0 && n > l.Max || n > math.MaxUint16:
		return fmt.Sprintf("%d descriptors are too many: %s supports at most %d: use Config.Clamp", n, driver, l.Max)
	case n%l.Multiple != 0:
		return fmt.Sprintf("%d descriptors: %s needs a multiple of %d: use Config.Clamp", n, driver, l.Multiple)
	}
	return ""
}

// thresholds returns which of a queue's thresholds does not fit into its C type, or "".
func thresholds(free, report int, bytes ...int) string {
	if free < 0 || free > math.MaxUint16 || report < 0 || report > math.MaxUint16 {
		return fmt.Sprintf("FreeThreshold is %d and ReportThreshold %d: use 0 to %d", free, report, math.MaxUint16)
	}
	for _, b := range bytes {
		if b < 0 || b > math.MaxUint8 {
			return fmt.Sprintf("Prefetch, Host or WriteBack is %d: use 0 to %d", b, math.MaxUint8)
		}
	}
	return ""
}

// Clamped is a change that [Config.Clamp] made: Clamped{"RxQueues", 16, 8}.
type Clamped struct {
	Field     string
	Asked, Is any
}

// String returns the change as a line for a log: "RxQueues: 8 instead of 16".
func (c Clamped) String() string { return fmt.Sprintf("%s: %v instead of %v", c.Field, c.Is, c.Asked) }

// Clamp changes c to a configuration that a port with this Info supports: fewer queues, other
// numbers of descriptors, fewer offloads, another MTU, fewer events. It returns the changes. It
// does not check other fields, such as the pools: Configure can still refuse them.
//
// Implements: rte_eth_dev_adjust_nb_rx_tx_desc
func (c Config) Clamp(i Info) (Config, []Clamped) {
	asked := c
	c = c.clone()
	if c.RxQueues = clampQueues(c.RxQueues, i.MaxRxQueues); len(c.RxEach) > i.MaxRxQueues {
		c.RxEach = c.RxEach[:max(i.MaxRxQueues, 0)]
	}
	if c.TxQueues = clampQueues(c.TxQueues, i.MaxTxQueues); len(c.TxEach) > i.MaxTxQueues {
		c.TxEach = c.TxEach[:max(i.MaxTxQueues, 0)]
	}
	c.RxOffloads &= i.Rx.Offloads
	c.TxOffloads &= i.Tx.Offloads
	c.RSS &= i.RSS
	if c.RSS == 0 {
		c.RSSKey = nil
	}
	if c.MTU != 0 && i.MaxMTU != 0 {
		c.MTU = min(max(c.MTU, i.MinMTU), i.MaxMTU)
	}
	c.MaxLRO = min(c.MaxLRO, i.MaxLRO)
	c.LinkEvents = c.LinkEvents && i.LinkEvents
	c.RemovalEvents = c.RemovalEvents && i.RemovalEvents

	var changed changes
	changed.add("RxQueues", asked.RxQueues, c.RxQueues)
	changed.add("TxQueues", asked.TxQueues, c.TxQueues)
	changed.add("RxOffloads", asked.RxOffloads, c.RxOffloads)
	changed.add("TxOffloads", asked.TxOffloads, c.TxOffloads)
	changed.add("RSS", asked.RSS, c.RSS)
	changed.add("MTU", asked.MTU, c.MTU)
	changed.add("MaxLRO", asked.MaxLRO, c.MaxLRO)
	changed.add("LinkEvents", asked.LinkEvents, c.LinkEvents)
	changed.add("RemovalEvents", asked.RemovalEvents, c.RemovalEvents)
	clampQueue(&changed, "Rx", &c.Rx.Descriptors, &c.Rx.Offloads, i.Rx.Descriptors, i.Rx.QueueOffloads)
	clampQueue(&changed, "Tx", &c.Tx.Descriptors, &c.Tx.Offloads, i.Tx.Descriptors, i.Tx.QueueOffloads)
	for n := range c.RxEach {
		q := &c.RxEach[n]
		clampQueue(&changed, fmt.Sprintf("RxEach[%d]", n), &q.Descriptors, &q.Offloads, i.Rx.Descriptors, i.Rx.QueueOffloads)
	}
	for n := range c.TxEach {
		q := &c.TxEach[n]
		clampQueue(&changed, fmt.Sprintf("TxEach[%d]", n), &q.Descriptors, &q.Offloads, i.Tx.Descriptors, i.Tx.QueueOffloads)
	}
	return c, changed
}

// changes collects the changes of Clamp.
type changes []Clamped

// add notes a field that was changed.
func (c *changes) add(field string, asked, is any) {
	if asked != is {
		*c = append(*c, Clamped{field, asked, is})
	}
}

// clampQueue clamps the configuration of a queue to what the port supports.
func clampQueue[O ~uint64](changed *changes, field string, descriptors *int, offloads *O, limits DescriptorLimits, supported O) {
	if asked := *descriptors; asked != 0 {
		*descriptors = limits.clamp(asked)
		changed.add(field+".Descriptors", asked, *descriptors)
	}
	asked := *offloads
	*offloads &= supported
	changed.add(field+".Offloads", asked, *offloads)
}

// clampQueues returns n, or the largest number of queues; NoQueues if that is 0.
func clampQueues(n, most int) int {
	if most == 0 {
		return NoQueues
	}
	return min(n, most)
}

func (c *Config) conf() cgo.EthConf {
	return cgo.EthConf{
		RxQueues: uint16(c.RxQueues), TxQueues: uint16(c.TxQueues),
		LinkSpeeds: uint32(c.Speeds), Loopback: c.Loopback, MTU: uint32(c.MTU), MaxLRO: uint32(c.MaxLRO),
		RxOffloads: uint64(c.RxOffloads), TxOffloads: uint64(c.TxOffloads), RSSTypes: uint64(c.RSS), RSSKey: c.RSSKey,
		LSC: c.LinkEvents, RxInterrupts: c.RxInterrupts, RMV: c.RemovalEvents,
	}
}

func (q *RxQueueConfig) conf() cgo.EthQueueConf {
	drop := -1
	if q.DropWhenFull {
		drop = 1
	}
	return cgo.EthQueueConf{
		Descriptors: uint16(q.Descriptors), Socket: q.Socket.Int(), Offloads: uint64(q.Offloads),
		FreeThreshold: orDefault(q.FreeThreshold), ReportThreshold: -1,
		Prefetch: orDefault(q.Prefetch), Host: orDefault(q.Host), WriteBack: orDefault(q.WriteBack),
		DropFull: drop, Deferred: q.DeferredStart,
	}
}

func (q *TxQueueConfig) conf() cgo.EthQueueConf {
	return cgo.EthQueueConf{
		Descriptors: uint16(q.Descriptors), Socket: q.Socket.Int(), Offloads: uint64(q.Offloads),
		FreeThreshold: orDefault(q.FreeThreshold), ReportThreshold: orDefault(q.ReportThreshold),
		Prefetch: orDefault(q.Prefetch), Host: orDefault(q.Host), WriteBack: orDefault(q.WriteBack),
		DropFull: -1, Deferred: q.DeferredStart,
	}
}

// orDefault returns n, or for 0 the value -1, which C replaces by the driver's default.
func orDefault(n int) int {
	if n == 0 {
		return -1
	}
	return n
}
