// Package sample has the types of what top shows: a snapshot of all DPDK processes of a machine. Their JSON is what
// top -json prints, and what the web page gets.
package sample

import "time"

// Snapshot is what is known at one moment.
type Snapshot struct {
	Time    time.Time `json:"time"`
	Targets []Target  `json:"targets"`
	Notes   []string  `json:"notes,omitempty"` // such as folders that this user cannot read
}

// Target is a primary with its secondaries: the processes that share the objects below.
type Target struct {
	Name    string    `json:"name"` // file prefix, and the instance of a process that shares no memory
	Prefix  string    `json:"prefix"`
	Path    string    `json:"path"`              // runtime directory
	Via     string    `json:"via,omitempty"`     // "telemetry", "secondary" or both
	Version string    `json:"version,omitempty"` // "DPDK 22.11.11"
	Time    time.Time `json:"time"`              // of the last reading that succeeded
	Took    float64   `json:"tookMs"`            // milliseconds, of the last reading
	Error   string    `json:"error,omitempty"`   // why the last reading failed; the objects are those of the one before
	Notes   []string  `json:"notes,omitempty"`   // what this target does not provide, and how to see it

	Processes []Process `json:"processes"`
	Ports     []Port    `json:"ports,omitempty"`
	Rings     []Ring    `json:"rings,omitempty"`
	Pools     []Pool    `json:"pools,omitempty"`
	Heaps     []Heap    `json:"heaps,omitempty"`
	Lcores    []Lcore   `json:"lcores,omitempty"`
}

// State is what a process does.
type State string

const (
	Running  State = "running"
	Stopped  State = "stopped"   // by a signal or a debugger
	NoAnswer State = "no answer" // not stopped, as far as /proc shows
	Dead     State = "dead"      // it left a socket
	Unknown  State = "unknown"   // in another container, and not asked
)

// Process is an operating system process.
type Process struct {
	PID     int      `json:"pid"`  // 0: unknown
	Role    string   `json:"role"` // "primary" or "secondary"
	State   State    `json:"state"`
	Command string   `json:"command,omitempty"`
	CPU     Counter  `json:"cpu"` // in milliseconds; the rate is the number of CPUs that it uses times 1000
	Threads []Thread `json:"-"`
	Foreign bool     `json:"-"` // of another PID namespace: /proc does not have its PID
}

// Thread is a thread that EAL made for an lcore.
type Thread struct {
	Lcore int
	CPU   uint64 // milliseconds
}

// Counter is a number that only grows, until it is reset.
type Counter struct {
	Total uint64   `json:"total"`
	Rate  *float64 `json:"rate,omitempty"` // per second; nil: unknown
}

// Port is an Ethernet port.
type Port struct {
	ID      int    `json:"id"`
	Name    string `json:"name"`
	MAC     string `json:"mac,omitempty"`
	MTU     int    `json:"mtu,omitempty"`
	Started bool   `json:"started"`
	LinkUp  bool   `json:"linkUp"`
	Speed   uint32 `json:"speed,omitempty"` // Mbit/s; 0: unknown

	RxPackets Counter `json:"rxPackets"`
	TxPackets Counter `json:"txPackets"`
	RxBytes   Counter `json:"rxBytes"`
	TxBytes   Counter `json:"txBytes"`
	Missed    Counter `json:"missed"` // dropped by the device: the queue was full
	NoMbuf    Counter `json:"noMbuf"` // no mbuf to receive into
	RxErrors  Counter `json:"rxErrors"`
	TxErrors  Counter `json:"txErrors"`

	Queues []Queue `json:"queues,omitempty"` // none if the driver does not count by queue
}

// Drops returns the sum of what the port lost.
func (p *Port) Drops() Counter {
	sum := Counter{}
	rate, known := 0.0, true
	for _, c := range []Counter{p.Missed, p.NoMbuf, p.RxErrors, p.TxErrors} {
		sum.Total += c.Total
		if known = known && c.Rate != nil; known {
			rate += *c.Rate
		}
	}
	if known {
		sum.Rate = &rate
	}
	return sum
}

// Queue is a queue of a port, in both directions.
type Queue struct {
	ID        int     `json:"id"`
	RxPackets Counter `json:"rxPackets"`
	TxPackets Counter `json:"txPackets"`
	RxBytes   Counter `json:"rxBytes"`
	TxBytes   Counter `json:"txBytes"`
}

// Ring is a ring.
type Ring struct {
	Name     string `json:"name"`
	Used     uint64 `json:"used"`
	Capacity uint64 `json:"capacity"`
	Sync     string `json:"sync,omitempty"` // of producers and consumers: "MP/MC"
}

// Pool is a pool of objects.
type Pool struct {
	Name  string `json:"name"`
	Size  uint64 `json:"size"`  // objects
	Bytes uint64 `json:"bytes"` // of one object

	// These are nil if the target does not count them. Cached is also nil if only the sum of the free objects is known.
	InUse  *uint64 `json:"inUse,omitempty"`
	Cached *uint64 `json:"cached,omitempty"` // free objects in caches of lcores
}

// Heap is a heap of DPDK's memory, in bytes.
type Heap struct {
	Name string `json:"name"`
	Size uint64 `json:"size"`
	Used uint64 `json:"used"`
}

// Lcore is a logical core.
type Lcore struct {
	ID   int    `json:"id"`
	Role string `json:"role,omitempty"` // as DPDK calls it: "RTE", "SERVICE", "NON_EAL"
	CPUs []int  `json:"cpus,omitempty"`

	Cycles     Counter  `json:"cycles"` // counted by the program
	BusyCycles Counter  `json:"busyCycles"`
	Busy       *float64 `json:"busy,omitempty"` // share of the cycles with work, 0 to 1; nil: not counted
	CPU        *Counter `json:"cpu,omitempty"`  // time of the thread on a CPU in milliseconds; nil: unknown
}
