// Package holder is a minimal primary process: it makes the memory, pools, rings, memzones and ports of a
// configuration, keeps them, and logs the processes that attach, leave and die. It moves no packets and
// contains no application code, so it has no reason to restart. Everything that changes runs in
// secondaries, which can be restarted and replaced while their rings and ports stay.
//
//	cfg, err := holder.Load("group.json")
//	h, err := holder.Start(cfg)
//	err = h.Run(ctx) // until ctx ends; then it closes everything
//
// A worker is an ordinary secondary: it calls eal.Init, and finds the objects by their names with
// ring.Lookup, mbuf.LookupPool, memzone.LookupValue and ethdev.Lookup. A secondary in Go attaches after
// Start has made all objects, also if it was started earlier (eal.WaitPrimary, and eal.Config.Prepare). The
// workers agree with the configuration on names and sizes; Lookup checks the sizes. A worker that is to be
// replaced claims its queues and rings as one of the places of the configuration: see package place.
//
// # If the holder ends
//
// A secondary never becomes the primary. DPDK has no such change of roles: only a primary can make the
// files in hugepages, and configure ports. If the holder dies, its memory, rings and packets are lost for
// the group. All workers must end (dpdk.ErrPrimaryGone is the cause of eal.Runtime.Context) and start
// again beside the next holder.
//
// To have the next holder at once, run two processes, an active and a standby one, which the lock of a file
// decides between: [TryLock] and [WaitLock]. The standby process waits without EAL. When the active process
// ends for any reason, the kernel releases the lock, and the standby process starts EAL as a new primary.
// Reserve hugepages for two groups: the old pages become free when the last old worker ends.
package holder
