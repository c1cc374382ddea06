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

// NoQueues is a Config.RxQueues or TxQueues for a port that does not receive, or
// does not send.
const NoQueues = -1

// Config says how a port is configured and its queues set up. The zero value with
// a Pool is one queue in each direction, with all else as the driver likes it.
// Nothing is cut to size silently: what the port cannot do is an error, unless
// Clamp was called.
type Config struct {
	RxQueues, TxQueues int // 0 is 1; NoQueues is none
	// Pool is where mbufs for received packets come from, for queues whose
	// RxQueueConfig names no other. It must outlive the port's Close.
	Pool *mbuf.Pool
	// Rx and Tx are how each queue is set up. If queues differ, RxEach and TxEach
	// have one for each of them instead.
	Rx     RxQueueConfig
	Tx     TxQueueConfig
	RxEach []RxQueueConfig
	TxEach []TxQueueConfig

	RxOffloads RxOffload // for all queues
	TxOffloads TxOffload
	// RSS spreads packets over the receive queues by a hash of these headers; 0 is
	// no RSS.
	RSS RSSType
	// RSSKey is the hash's key, of Info.RSSKeySize bytes; nil is the driver's.
	RSSKey []byte

	MTU    int // bytes; 0 leaves the driver's
	MaxLRO int // bytes of a packet that LRO makes; 0 is the driver's

	Speeds        LinkSpeeds // to offer; 0 is all
	Loopback      uint32     // a mode of the driver's own; 0 is none
	LinkEvents    bool       // tell of link changes: see Events
	RemovalEvents bool       // tell of the device's removal
	RxInterrupts  bool       // see RxQueue.Wait
}

// RxQueueConfig says how a receive queue is set up. The zero value is what the
// driver likes.
type RxQueueConfig struct {
	Descriptors int // 0 is what the driver prefers
	Pool        *mbuf.Pool
	Socket      dpdk.SocketID // of its descriptors; AnySocket is the device's
	Offloads    RxOffload     // for this queue, beside those of Config
	// Thresholds in descriptors; 0 is the driver's. FreeThreshold is how many free
	// ones make it refill.
	FreeThreshold             int
	Prefetch, Host, WriteBack int
	DropWhenFull              bool // drop packets here rather than hold up other queues
	DeferredStart             bool // Start of the port leaves it stopped
}

// TxQueueConfig says how a transmit queue is set up. The zero value is what the
// driver likes.
type TxQueueConfig struct {
	Descriptors int           // 0 is what the driver prefers
	Socket      dpdk.SocketID // of its descriptors; AnySocket is the device's
	Offloads    TxOffload     // for this queue, beside those of Config
	// Thresholds in descriptors; 0 is the driver's. FreeThreshold is how few free
	// ones make it look for sent packets, ReportThreshold after how many it asks the
	// device to report.
	FreeThreshold, ReportThreshold int
	Prefetch, Host, WriteBack      int
	DeferredStart                  bool // Start of the port leaves it stopped
}

// fallbackDescriptors are taken if the driver prefers none, as DPDK does
// (RTE_ETH_DEV_FALLBACK_RX_RINGSIZE).
const fallbackDescriptors = 512

// normal is the configuration with its defaults written out: RxEach and TxEach
// hold all queues.
func (c Config) normal(i Info) Config {
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
		q.Descriptors = i.Rx.Descriptors.standard(q.Descriptors)
		if q.Pool == nil {
			q.Pool = c.Pool
		}
	}
	for n := range c.TxEach {
		q := &c.TxEach[n]
		q.Descriptors = i.Tx.Descriptors.standard(q.Descriptors)
	}
	return c
}

// clone shares nothing with c but the pools. What a port is configured with must stay
// as it is: DPDK keeps a pointer to the RSSKey.
func (c Config) clone() Config {
	c.RxEach, c.TxEach, c.RSSKey = slices.Clone(c.RxEach), slices.Clone(c.TxEach), slices.Clone(c.RSSKey)
	return c
}

func queues(n int) int {
	switch n {
	case 0:
		return 1
	case NoQueues:
		return 0
	}
	return n
}

// standard is n, or for 0 what the driver prefers, or else DPDK's own number.
func (l DescriptorLimits) standard(n int) int {
	switch {
	case n != 0:
		return n
	case l.Preferred != 0:
		return l.Preferred
	}
	return l.clamp(fallbackDescriptors)
}

// clamp is the nearest number that the limits allow.
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

// check says what of a normal configuration the port cannot do.
func (c *Config) check(p *Port, i Info) error {
	const op = "rte_eth_dev_configure"
	bad := func(format string, args ...any) error { return p.invalid(op, format, args...) }
	switch {
	case c.RxQueues < 0:
		return bad("RxQueues is %d: use 1 to %d, 0 for one, or NoQueues", c.RxQueues, i.MaxRxQueues)
	case c.TxQueues < 0:
		return bad("TxQueues is %d: use 1 to %d, 0 for one, or NoQueues", c.TxQueues, i.MaxTxQueues)
	case c.RxQueues > i.MaxRxQueues:
		return bad("RxQueues is %d: %s has at most %d; Config.Clamp fits it", c.RxQueues, i.Driver, i.MaxRxQueues)
	case c.TxQueues > i.MaxTxQueues:
		return bad("TxQueues is %d: %s has at most %d; Config.Clamp fits it", c.TxQueues, i.Driver, i.MaxTxQueues)
	case c.RxQueues == 0 && c.TxQueues == 0:
		return bad("a port needs a queue: RxQueues or TxQueues")
	case len(c.RxEach) != c.RxQueues:
		return bad("RxEach has %d queues, RxQueues is %d", len(c.RxEach), c.RxQueues)
	case len(c.TxEach) != c.TxQueues:
		return bad("TxEach has %d queues, TxQueues is %d", len(c.TxEach), c.TxQueues)
	case c.RxOffloads&^i.Rx.Offloads != 0:
		return bad("RxOffloads: %s cannot do %v; Config.Clamp leaves it out", i.Driver, c.RxOffloads&^i.Rx.Offloads)
	case c.TxOffloads&^i.Tx.Offloads != 0:
		return bad("TxOffloads: %s cannot do %v; Config.Clamp leaves it out", i.Driver, c.TxOffloads&^i.Tx.Offloads)
	case c.RSS&^i.RSS != 0:
		return bad("RSS: %s cannot hash %v; Config.Clamp leaves it out", i.Driver, c.RSS&^i.RSS)
	case len(c.RSSKey) != 0 && c.RSS == 0:
		return bad("RSSKey without RSS")
	case len(c.RSSKey) != 0 && len(c.RSSKey) != i.RSSKeySize:
		return bad("RSSKey has %d bytes: %s takes %d", len(c.RSSKey), i.Driver, i.RSSKeySize)
	case c.MTU != 0 && (c.MTU < i.MinMTU || c.MTU > i.MaxMTU):
		return bad("MTU is %d: %s takes %d to %d; Config.Clamp fits it", c.MTU, i.Driver, i.MinMTU, i.MaxMTU)
	case c.MaxLRO < 0 || c.MaxLRO > i.MaxLRO:
		return bad("MaxLRO is %d: %s has at most %d", c.MaxLRO, i.Driver, i.MaxLRO)
	case c.LinkEvents && !i.LinkEvents:
		return bad("LinkEvents: %s cannot tell of its link; Config.Clamp leaves it out", i.Driver)
	case c.RemovalEvents && !i.RemovalEvents:
		return bad("RemovalEvents: %s cannot tell of its removal; Config.Clamp leaves it out", i.Driver)
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
	const op = "rte_eth_rx_queue_setup"
	bad := func(format string, args ...any) error {
		return p.invalid(op, "receive queue %d: "+format, append([]any{n}, args...)...)
	}
	if q.Pool == nil || *q.Pool == (mbuf.Pool{}) {
		return bad("there is no Pool to receive into: set Config.Pool")
	}
	if q.Pool.Pointer() == nil {
		return bad("the pool %q was freed", q.Pool.Name())
	}
	if room := q.Pool.DataRoom() - mbuf.DefaultHeadroom; room < i.MinRxBuffer || room <= 0 {
		return bad("the mbufs of pool %q have %d bytes behind their headroom: %s needs %d", q.Pool.Name(), room, i.Driver, max(1, i.MinRxBuffer))
	}
	if extra := q.Offloads &^ i.Rx.QueueOffloads; extra != 0 {
		return bad("%s cannot do %v for a single queue: use Config.RxOffloads", i.Driver, extra)
	}
	if why := i.Rx.Descriptors.refuse(q.Descriptors, i.Driver); why != "" {
		return bad("%s", why)
	}
	if why := thresholds(q.FreeThreshold, 0, q.Prefetch, q.Host, q.WriteBack); why != "" {
		return bad("%s", why)
	}
	return check.Socket(op, p.name, q.Socket)
}

func (q *TxQueueConfig) check(p *Port, n int, i Info) error {
	const op = "rte_eth_tx_queue_setup"
	bad := func(format string, args ...any) error {
		return p.invalid(op, "transmit queue %d: "+format, append([]any{n}, args...)...)
	}
	if extra := q.Offloads &^ i.Tx.QueueOffloads; extra != 0 {
		return bad("%s cannot do %v for a single queue: use Config.TxOffloads", i.Driver, extra)
	}
	if why := i.Tx.Descriptors.refuse(q.Descriptors, i.Driver); why != "" {
		return bad("%s", why)
	}
	if why := thresholds(q.FreeThreshold, q.ReportThreshold, q.Prefetch, q.Host, q.WriteBack); why != "" {
		return bad("%s", why)
	}
	return check.Socket(op, p.name, q.Socket)
}

// refuse says what is wrong with n descriptors, or "".
func (l DescriptorLimits) refuse(n int, driver string) string {
	switch {
	case n < l.Min || n <= 0:
		return fmt.Sprintf("%d descriptors are too few: %s needs at least %d; Config.Clamp fits it", n, driver, max(1, l.Min))
	case l.Max > 0 && n > l.Max || n > math.MaxUint16:
		return fmt.Sprintf("%d descriptors are too many: %s takes at most %d; Config.Clamp fits it", n, driver, l.Max)
	case n%l.Multiple != 0:
		return fmt.Sprintf("%d descriptors: %s takes multiples of %d; Config.Clamp fits it", n, driver, l.Multiple)
	}
	return ""
}

// thresholds says which of a queue's thresholds C would cut off, or "".
func thresholds(free, report int, bytes ...int) string {
	if free < 0 || free > math.MaxUint16 || report < 0 || report > math.MaxUint16 {
		return fmt.Sprintf("the thresholds %d and %d: use 0 to %d", free, report, math.MaxUint16)
	}
	for _, b := range bytes {
		if b < 0 || b > math.MaxUint8 {
			return fmt.Sprintf("the threshold %d: Prefetch, Host and WriteBack are 0 to %d", b, math.MaxUint8)
		}
	}
	return ""
}

// Clamped is what Clamp changed: "RxQueues", 16, 8.
type Clamped struct {
	Field     string
	Asked, Is any
}

// String is a line for a log.
func (c Clamped) String() string { return fmt.Sprintf("%s: %v instead of %v", c.Field, c.Is, c.Asked) }

// Clamp makes of c what a port with that Info can do: fewer queues, other numbers of
// descriptors, fewer offloads, another MTU, no events that it does not tell of. It
// says what it changed. What it leaves alone, such as the pools, can still be
// refused.
func (c Config) Clamp(i Info) (Config, []Clamped) {
	var changed []Clamped
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
	for _, f := range []struct {
		field     string
		asked, is any
	}{
		{"RxQueues", asked.RxQueues, c.RxQueues}, {"TxQueues", asked.TxQueues, c.TxQueues},
		{"RxOffloads", asked.RxOffloads, c.RxOffloads}, {"TxOffloads", asked.TxOffloads, c.TxOffloads},
		{"RSS", asked.RSS, c.RSS}, {"MTU", asked.MTU, c.MTU}, {"MaxLRO", asked.MaxLRO, c.MaxLRO},
		{"LinkEvents", asked.LinkEvents, c.LinkEvents}, {"RemovalEvents", asked.RemovalEvents, c.RemovalEvents},
	} {
		if f.asked != f.is {
			changed = append(changed, Clamped{f.field, f.asked, f.is})
		}
	}
	note := func(field string, asked, is int) {
		if asked != is {
			changed = append(changed, Clamped{field, asked, is})
		}
	}
	rx := func(field string, q *RxQueueConfig) {
		if before := q.Descriptors; before != 0 {
			q.Descriptors = i.Rx.Descriptors.clamp(before)
			note(field+".Descriptors", before, q.Descriptors)
		}
		if before := q.Offloads; before&^i.Rx.QueueOffloads != 0 {
			q.Offloads &= i.Rx.QueueOffloads
			changed = append(changed, Clamped{field + ".Offloads", before, q.Offloads})
		}
	}
	tx := func(field string, q *TxQueueConfig) {
		if before := q.Descriptors; before != 0 {
			q.Descriptors = i.Tx.Descriptors.clamp(before)
			note(field+".Descriptors", before, q.Descriptors)
		}
		if before := q.Offloads; before&^i.Tx.QueueOffloads != 0 {
			q.Offloads &= i.Tx.QueueOffloads
			changed = append(changed, Clamped{field + ".Offloads", before, q.Offloads})
		}
	}
	rx("Rx", &c.Rx)
	tx("Tx", &c.Tx)
	for n := range c.RxEach {
		rx(fmt.Sprintf("RxEach[%d]", n), &c.RxEach[n])
	}
	for n := range c.TxEach {
		tx(fmt.Sprintf("TxEach[%d]", n), &c.TxEach[n])
	}
	return c, changed
}

// clampQueues is n, or the most there can be, of which 0 is written NoQueues.
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

// orDefault is -1, the driver's own, for 0.
func orDefault(n int) int {
	if n == 0 {
		return -1
	}
	return n
}
