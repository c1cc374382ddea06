// Package hashtable has tables in shared memory that map keys to values (rte_hash).
//
//	t, err := hashtable.Create[Flow, Backend]("flows", 1_000_000, hashtable.Config{})
//	err = t.Add(flow, backend)
//	backend, ok := t.Lookup(flow)
//	n := t.LookupBulk(backends, found, flows)   // many at once
//
// Another process finds the table with hashtable.Lookup[Flow, Backend]("flows"). Every process may look up and change keys.
//
// Lookups take no lock, unless changes interrupt them again and again (see below). They return whole values: while another process replaces, deletes and adds keys, a lookup
// returns a value that its key had during the call. A value of at most 8 bytes is stored with the key and is replaced by one atomic
// store. A larger value has a place of its own in the table's memory. To replace it, a change writes the new value to a free place
// and then publishes that place. A lookup that may have been in a place while it was used again looks the key up
// again. So a lookup waits for no other process. It repeats only after changes that were completed meanwhile.
//
// A lookup is one fast call into C, without the cost of cgo, in builds that support it. Go's scheduler cannot stop such a call, so
// its work has a limit: up to 64 repeats, and about 1000 keys of less than 64 bytes in a list (see Capacity), or fewer larger ones. Beyond the limit the lookup continues through cgo.
// There it also tries to take the lock that changes take, and the next change lets it go first. If a thread has the lock but makes no change,
// because it is stopped, the lookup does not need the lock. [Table.All] does the same. rte_hash itself also repeats a search, without a limit, if
// cuckoo hashing moved a key during it.
//
// A change is a call through cgo. AddBulk makes one for up to 64 keys.
//
// # Capacity
//
// A table for n entries holds any n keys. [Table.Add] returns dpdk.ErrNoSpace only if the table has n keys.
//
// An rte_hash alone does not guarantee that. A key can be in two buckets of 8. If they are full, and DPDK finds no key in them that it
// can move to another bucket, it refuses the new key, however empty the rest of the table is. This happens with few keys
// in small tables when they are nearly full, and with keys that were chosen to have the same buckets. The table then keeps the key in a list beside
// the buckets. [Info] has the number of such keys in Overflow. The buckets have room for at least 8/7 of the entries, so that few
// keys overflow if their hashes are well spread.
//
// A lookup of a key that has overflowed, and one of a key that the table does not have, searches one list. There are as many lists as
// buckets. Lookups take time in proportion to the length of the list, and adding n keys to one list takes time in proportion to n².
// Keys with the same CRC are easy to construct, and they are all in one list: if others choose the keys, use [ByJenkins] with a random seed.
//
// # Processes
//
// librte_hash registers three lists of DPDK (tail queues) when it is loaded: RTE_HASH, RTE_FBK_HASH and RTE_THASH. Only a primary can create a tail queue,
// and rte_eal_init of a secondary fails if the primary does not have one of its own. So a secondary that imports this package needs a primary that imports it too, or is a C program
// with librte_hash. Package hash, with the hash functions, does not link the library.
//
// A secondary of a Go primary lets the primary create, find, list and free tables, so that no lock of DPDK stays taken if it is killed.
// Keys of a process that ends remain in the table. Only the end of all processes and [Table.Free] remove it.
//
// # Processes that are killed
//
// A change takes a robust lock in the table. Other changes wait for at most a second, and then return dpdk.ErrBusy with the thread that holds it.
// If the owner dies, the kernel releases the lock. The next change of any process, in Go or C, then finds the record of the change
// that was not completed, and repairs the table before its own change: a key that cuckoo hashing was moving may have two entries, and places may be neither
// used nor free. The change that was not completed has been made or not. [Info] counts the repairs. Lookups do not need the repair: they find all other keys
// before it and during it. A repair takes time in proportion to the capacity. In a table with millions of
// entries it can take more than a second, and other changes return dpdk.ErrBusy until it is completed.
// In a table with more than 2^19 entries it may lose a place, if the process died between two certain instructions of Delete. Such a table has
// 64 places more than entries for that.
//
// # C programs
//
// A C program includes godpdk_table.h and compiles table.c of the module's folder cgo/hash into itself. Then it can do what Go
// can, with the same locks, also as primary. If it is killed while it creates a table, nobody can use or free the name until all
// processes end: let the primary create tables. [Lookup] checks only sizes for the tables that it creates.
//
// A C program without these files can look up keys in tables with values of at most 8 bytes: it calls rte_hash_find_existing and
// rte_hash_lookup_with_hash_data or rte_hash_lookup_with_hash_bulk_data, with rte_hash_crc or rte_jhash of the key and the table's seed. The data
// pointer contains the value. It does not find keys that have overflowed. Nothing may be deleted from the table, or it must have Config.RCU and the
// program must be a registered reader. It must not change the table, and must not call rte_hash_lookup and other functions that compute the
// hash: the address of the hash function in the shared rte_hash is valid only in the process that made the table.
//
// # Choices
//
// Tables do not use rte_hash_rcu_qsbr_add. It stores the address of a function in shared memory, which is wrong in other processes, and
// DPDK before 26.03 loses places when its defer queue is full. They keep deleted places themselves. They do not use RTE_HASH_EXTRA_FLAGS_MULTI_WRITER_ADD and
// _RW_CONCURRENCY: a process that dies with one of those locks stops all others, and each lcore keeps up to 64 free places for itself. They do not
// use _EXT_TABLE: a process that dies while it links or unlinks a bucket leaves one that no function of rte_hash can return. The lists of keys
// that have overflowed change by one atomic store each, which needs no repair.
package hashtable
