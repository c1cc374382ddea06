package control

import "sync"

// Hotplug is held while devices are added or removed: DPDK's lists of devices and their
// arguments have no lock. It is taken before all other locks.
var Hotplug sync.Mutex
