package control

import "sync"

// Hotplug is held while devices are attached or detached: DPDK's lists of devices and their
// arguments have no lock. Take it before all other locks.
var Hotplug sync.Mutex
