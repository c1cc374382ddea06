// Package hash has tables in shared memory (rte_hash), and the hash functions of DPDK's tables and of NICs, in Go.
//
// # Hash functions
//
//	h := hash.CRC32C(key, 0)               // the default of rte_hash on amd64 and arm64
//	h = hash.Jenkins(key, 0)               // its other function
//	t, err := hash.NewToeplitz(rssKey)     // what a NIC with this RSS key computes
//	h = t.Flow(src, dst)
//
// They return the same values as the functions of DPDK, so that a Go program and a C program agree on
// the place of a key, and a program knows the queue of a packet before it arrives:
//
//	for port := range t.SourcePorts(local, remote, reta, queue) {
//		… // replies from remote to this port arrive on the queue
//	}
//
// The functions are safe for concurrent use, need no EAL, and build with CGO_ENABLED=0.
//
// # Tables
//
//	t, err := hash.CreateTable[Flow, Backend]("flows", 1_000_000, hash.TableConfig{})
//	err = t.Add(flow, backend)
//	backend, ok := t.Lookup(flow)
//	n := t.LookupBulk(backends, found, flows)   // many at once
//
// Another process finds the table with LookupTable[Flow, Backend]("flows"). Every process may look up and change keys.
//
// Lookups take no lock and write nothing. They return whole values: while another process replaces, deletes and adds keys, a lookup
// returns a value that its key had during the call. A value of at most 8 bytes is stored with the key and is replaced by one atomic
// store. A larger value has a place of its own in the table's memory. To replace it, a change writes the new value to a free place
// and then publishes that place. A lookup that may have been in a place while it was used again looks the key up
// again. So a lookup waits for no other process. It repeats only after changes that were completed meanwhile.
//
// A lookup is one fast call into C, without the cost of cgo, in builds that support it. A change is a call through cgo.
// AddBulk makes one for up to 64 keys.
//
// # Processes that are killed
//
// A change takes a robust lock in the table. Other changes wait for at most a second, and then return dpdk.ErrBusy with the thread that holds it.
// If the owner dies, the kernel releases the lock. The next change of any process, in Go or C, then finds the record of the change
// that was not completed, and repairs the table before its own change: a key that cuckoo hashing was moving may have two entries, and places may be neither
// used nor free. The change that was not completed has been made or not. [TableInfo] counts the repairs. Lookups do not need the repair: they find all other keys
// before it and during it. A repair takes time in proportion to the capacity, and usually some milliseconds more.
// In a table with more than 2^19 entries it may lose one place, if the process died between two certain instructions of Delete.
//
// Keys of a process that ends remain in the table. Only the end of all processes and [Table.Free] remove it.
// A secondary of a Go primary lets the primary create, find, list and free tables, so that no lock of DPDK stays taken if it is killed. The primary must
// import this package; otherwise a secondary that does cannot attach.
//
// # C programs
//
// A C program includes godpdk_table.h and compiles table.c of the module's folder cgo/hash into itself. Then it can do what Go
// can, with the same locks, also as primary. [LookupTable] checks only sizes for the tables that it creates.
//
// A C program without these files can look up keys in tables with values of at most 8 bytes: it calls rte_hash_find_existing and
// rte_hash_lookup_with_hash_data or rte_hash_lookup_with_hash_bulk_data, with rte_hash_crc or rte_jhash of the key and the table's seed. The data
// pointer contains the value. Nothing may be deleted from the table, or it must have TableConfig.RCU and the
// program must be a registered reader. It must not change the table, and must not call rte_hash_lookup and other functions that compute the
// hash: the address of the hash function in the shared rte_hash is valid only in the process that made the table.
//
// # Choices
//
// Tables do not use rte_hash_rcu_qsbr_add. It stores the address of a function in shared memory, which is wrong in other processes, and
// DPDK before 26.03 loses places when its defer queue is full. They keep deleted places themselves. They do not use RTE_HASH_EXTRA_FLAGS_MULTI_WRITER_ADD and
// _RW_CONCURRENCY: a process that dies with one of those locks stops all others. They do not use _EXT_TABLE: instead, the
// buckets have room for at least 8/7 of the entries. A key can be in two buckets of 8. Keys of large tables with a good spread find a
// place until the table is full. In a table of some hundred entries, and with keys that were chosen for it, Add may return
// dpdk.ErrNoSpace a little earlier: create such a table with twice the entries.
package hash
