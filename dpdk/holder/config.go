package holder

import (
	"log/slog"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/place"
)

// Config is what a holder makes and keeps. [Decode] reads it from JSON with the names of the tags. The
// objects are made in this order: pools, object pools, memzones, rings, ports, places. A zero value means the
// default of the package that makes the object. Names are the names for Lookup in the workers.
type Config struct {
	EAL         EAL          `json:"eal"`
	Pools       []Pool       `json:"pools"`       // of packets
	ObjectPools []ObjectPool `json:"objectPools"` // of other objects
	Memzones    []Memzone    `json:"memzones"`
	Rings       []Ring       `json:"rings"`
	Ports       []Port       `json:"ports"`
	Places      []Place      `json:"places"` // of workers

	// Logger receives the events of the processes, and DPDK's log. nil is slog.Default().
	Logger *slog.Logger `json:"-"`
}

// EAL is the configuration of EAL. Its fields have the meaning of those of eal.Config.
type EAL struct {
	FilePrefix     string   `json:"filePrefix"`
	Lcores         string   `json:"lcores"`
	MainLcore      int      `json:"mainLcore"`
	MemoryMB       int      `json:"memoryMB"`
	SocketMemoryMB []int    `json:"socketMemoryMB"`
	HugeDir        string   `json:"hugeDir"`
	IOVAMode       string   `json:"iovaMode"` // "auto" (or ""), "pa" or "va"
	NoPCI          bool     `json:"noPCI"`
	Allow          []string `json:"allow"`
	Block          []string `json:"block"`
	Vdevs          []string `json:"vdevs"`
	DriverPaths    []string `json:"driverPaths"`
	LogLevels      []string `json:"logLevels"`
	Extra          []string `json:"extra"`
}

// Pool is a pool of packets: see mbuf.CreatePool.
type Pool struct {
	Name        string `json:"name"`
	Count       int    `json:"count"`
	DataRoom    int    `json:"dataRoom"` // bytes, headroom included; 0 is 2,048 and the headroom
	PrivateSize int    `json:"privateSize"`
	CacheSize   int    `json:"cacheSize"` // of each lcore
	Ops         string `json:"ops"`
	Socket      *int   `json:"socket"` // NUMA socket; without it any
}

// ObjectPool is a pool of objects that are not packets: see mempool.Create.
type ObjectPool struct {
	Name      string `json:"name"`
	Count     int    `json:"count"`
	ElemSize  int    `json:"elemSize"` // bytes
	CacheSize int    `json:"cacheSize"`
	Ops       string `json:"ops"`
	Socket    *int   `json:"socket"`
}

// Memzone is a zone of memory, which the holder clears: see memzone.Reserve.
type Memzone struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`  // bytes
	Align  int    `json:"align"` // bytes; 0 is a cache line
	Socket *int   `json:"socket"`
}

// Ring is a ring: see ring.CreateUntyped.
type Ring struct {
	Name string `json:"name"`
	// Count is a power of two. The ring holds one element less, unless ExactSize is set.
	Count     int    `json:"count"`
	ElemSize  int    `json:"elemSize"` // bytes; 0 is 8, the size of a pointer to a packet
	Producer  string `json:"producer"` // "multi" (or ""), "single", "rts" or "hts"
	Consumer  string `json:"consumer"`
	ExactSize bool   `json:"exactSize"`
	Socket    *int   `json:"socket"`
}

// Port is a port, configured and started: see ethdev.Open.
type Port struct {
	// Device is the device of the port with its arguments, such as "net_null0,size=64" or
	// "0000:03:00.0". For a port that exists when EAL has started (EAL.Vdevs, EAL.Allow) it is the name
	// alone. For a port of rings it is the port's name, which starts with "net_ring_".
	Device string `json:"device"`
	// RxRings and TxRings make a port of rings (package netring) instead of a device. They name rings of
	// Config.Rings with elements of 8 bytes, one for each queue.
	RxRings       []string `json:"rxRings"`
	TxRings       []string `json:"txRings"`
	Pool          string   `json:"pool"`     // of Config.Pools, for the packets that the port receives
	RxQueues      int      `json:"rxQueues"` // 0 is 1; for a port of rings their number
	TxQueues      int      `json:"txQueues"`
	RxDescriptors int      `json:"rxDescriptors"`
	TxDescriptors int      `json:"txDescriptors"`
	MTU           int      `json:"mtu"`
	Promiscuous   bool     `json:"promiscuous"`
}

// Place is a place of a worker: see place.Declare. A port or ring belongs to this configuration.
type Place struct {
	Name     string   `json:"name"`
	Rx       []Queue  `json:"rx"` // queues of ports
	Tx       []Queue  `json:"tx"`
	Produces []string `json:"produces"` // rings of which only this place enqueues
	Consumes []string `json:"consumes"` // rings of which only this place dequeues
}

// Queue is a queue of a port.
type Queue struct {
	Port  string `json:"port"` // the device without its arguments
	Queue int    `json:"queue"`
}

// parts returns the parts of the place.
func (p *Place) parts() place.Parts {
	parts := place.Parts{Produces: p.Produces, Consumes: p.Consumes}
	for _, q := range p.Rx {
		parts.Rx = append(parts.Rx, place.Queue(q))
	}
	for _, q := range p.Tx {
		parts.Tx = append(parts.Tx, place.Queue(q))
	}
	return parts
}

// config returns the configuration of EAL.
func (e *EAL) config(logger *slog.Logger) eal.Config {
	return eal.Config{
		ProcessType: eal.Primary, FilePrefix: e.FilePrefix,
		Lcores: e.Lcores, MainLcore: e.MainLcore,
		MemoryMB: e.MemoryMB, SocketMemoryMB: e.SocketMemoryMB, HugeDir: e.HugeDir, IOVAMode: iovaModes[e.IOVAMode],
		NoPCI: e.NoPCI, Allow: e.Allow, Block: e.Block, Vdevs: e.Vdevs, DriverPaths: e.DriverPaths,
		LogLevels: e.LogLevels, Extra: e.Extra, Logger: logger,
	}
}

var iovaModes = map[string]eal.IOVAMode{"": eal.IOVAAuto, "auto": eal.IOVAAuto, "pa": eal.IOVAPhysical, "va": eal.IOVAVirtual}

// socket returns a NUMA socket of the configuration.
func socket(n *int) dpdk.SocketID {
	if n == nil {
		return dpdk.AnySocket
	}
	return dpdk.Socket(*n)
}
