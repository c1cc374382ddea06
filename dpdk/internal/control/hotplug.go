package control

import "sync"

// Hotplug is held by those who change which devices there are: DPDK's lists of
// devices and their arguments have no lock. It is taken before all other locks.
var Hotplug sync.Mutex
