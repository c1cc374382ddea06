package hashtable

import (
	"fmt"
	"time"
	"unsafe"

	chash "github.com/godpdk/godpdk/cgo/hash"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

const (
	opAdd    = "rte_hash_add_key_with_hash_data"
	opDelete = "rte_hash_del_key_with_hash"
)

// changeTimeout is the time for which a change waits for that of another thread.
var changeTimeout = time.Second

// Add adds a key with its value, or replaces its value.
//
// A change takes the table's lock, which the kernel releases if its owner dies. The next change then first repairs the table: see the
// documentation of the package.
//
// Errors: dpdk.ErrNoSpace if the table has as many keys as its capacity; dpdk.ErrAgain in a table with Config.RCU if readers may still use too many deleted keys: they must call Quiescent
// or Offline; dpdk.ErrBusy if another thread keeps the lock for a second, because it is stopped, repairs a large table or looks up a key in a long list; dpdk.ErrNoMemory if the process
// has no memory for a repair; dpdk.ErrNotFound after Free.
//
// Implements: rte_hash_add_key_with_hash_data
func (t *Table[K, V]) Add(key K, value V) error {
	_, err := t.change(opAdd, 1, func(int) (int, int) {
		return chash.Add(t.at, unsafe.Pointer(&key), unsafe.Pointer(&value), 1)
	})
	return err
}

// AddBulk adds keys in their order, as Add does, in one call of C for up to 64 of them. It returns the number of those before the first error. values has the
// length of keys, or the error is dpdk.ErrInvalid.
//
// Implements: rte_hash_add_key_with_hash_data
func (t *Table[K, V]) AddBulk(keys []K, values []V) (int, error) {
	if len(keys) != len(values) {
		return 0, &dpdk.Error{Op: opAdd, Name: t.name, Errno: dpdk.ErrInvalid, Detail: fmt.Sprintf("%d keys with %d values: use slices of one length", len(keys), len(values))}
	}
	return t.change(opAdd, len(keys), func(i int) (int, int) {
		return chash.Add(t.at, unsafe.Pointer(&keys[i]), unsafe.Pointer(&values[i]), min(len(keys)-i, chash.MaxChanges))
	})
}

// LookupOrAdd returns the value of the key, with loaded true, if the table has the key. Otherwise it adds the key with this value. If several
// processes call it with one key, exactly one of them adds it. Its errors are those of Add.
//
// Implements: rte_hash_add_key_with_hash_data
func (t *Table[K, V]) LookupOrAdd(key K, value V) (actual V, loaded bool, err error) {
	_, err = t.change(opAdd, 1, func(int) (n int, errno int) {
		if loaded, errno = chash.GetOrAdd(t.at, unsafe.Pointer(&key), unsafe.Pointer(&value)); errno == 0 {
			n = 1
		}
		return n, errno
	})
	if err != nil {
		return actual, false, err
	}
	return value, loaded, nil
}

// Delete deletes a key. In a table with Config.RCU its place is used again only after all readers have been quiescent;
// Delete does not wait for them.
//
// Errors: dpdk.ErrNotFound if the table does not have the key, and after Free; dpdk.ErrBusy and dpdk.ErrNoMemory as in Add.
//
// Implements: rte_hash_del_key_with_hash, rte_hash_free_key_with_position
func (t *Table[K, V]) Delete(key K) error {
	_, err := t.change(opDelete, 1, func(int) (int, int) { return chash.Delete(t.at, unsafe.Pointer(&key), 1) })
	return control.Explain(err, dpdk.ErrNotFound, "the table does not have the key")
}

// Reset deletes all keys that are in the table when it is called. Lookups may run meanwhile. It takes the table's lock for 64 keys at a time, so that other changes
// proceed. Errors: dpdk.ErrBusy and dpdk.ErrNoMemory as in Add; dpdk.ErrNotFound after Free.
//
// Implements: rte_hash_del_key_with_hash, rte_hash_free_key_with_position
func (t *Table[K, V]) Reset() error {
	next := uint32(0)
	for next != chash.ScanEnd {
		_, err := t.change(opDelete, 1, func(int) (n int, errno int) {
			if errno = chash.Clear(t.at, &next); errno == 0 {
				n = 1
			}
			return n, errno
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// change calls f until it has changed n keys. f gets the number of keys that are done, and returns how many more are, and an errno.
// Each call waits on its own: goroutines with one handle do not wait for the waits of each other.
func (t *Table[K, V]) change(op string, n int, f func(done int) (int, int)) (done int, err error) {
	if n == 0 {
		return 0, t.alive(op)
	}
	var turns wait.Backoff
	var until time.Time
	for done < n {
		last := !until.IsZero() && time.Now().After(until)
		k, busy, err := t.attempt(op, done, f, last)
		done += k
		switch {
		case err != nil:
			return done, err
		case !busy:
			turns, until = wait.Backoff{}, time.Time{}
			continue
		case until.IsZero():
			until = time.Now().Add(changeTimeout)
		}
		turns.Turn()
	}
	return done, nil
}

func (t *Table[K, V]) alive(op string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at == nil {
		return freed(op, t.name)
	}
	return nil
}

// attempt calls f once. It reports a lock that another thread has as busy, or as an error in the last attempt.
func (t *Table[K, V]) attempt(op string, done int, f func(done int) (int, int), last bool) (n int, busy bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at == nil {
		return 0, false, freed(op, t.name)
	}
	n, errno := f(done) // n may be positive with an error
	busy = errno == int(dpdk.ErrBusy)
	if busy && !last {
		return n, true, nil
	}
	if busy { // perhaps only a lookup was let in first
		n, errno = f(done)
	}
	if errno != 0 {
		err = changeError(op, t.name, t.at, errno)
	}
	return n, false, err
}

func changeError(op, name string, at unsafe.Pointer, errno int) error {
	e := &dpdk.Error{Op: op, Name: name, Errno: dpdk.Errno(errno)}
	switch dpdk.Errno(errno) {
	case dpdk.ErrNoSpace:
		e.Detail = fmt.Sprintf("no room for the key: the table has %d of %d keys: delete keys, or create it with more entries", chash.Len(at), chash.Capacity(at))
	case dpdk.ErrAgain:
		e.Detail = fmt.Sprintf("readers of %q may still use deleted keys: they must call Quiescent or Offline", chash.RCUName(at))
	case dpdk.ErrBusy:
		e.Detail = stoppedOwner(at)
	case dpdk.ErrNoMemory:
		e.Detail = "the table needs a repair, and this process has no memory for it: end other processes, or try again in another one"
	case dpdk.ErrStale:
		e.Errno, e.Detail = dpdk.ErrNotFound, control.Freed
	}
	return e
}

func stoppedOwner(at unsafe.Pointer) string {
	owner := chash.Owner(at)
	if owner == 0 { // it has left the lock since
		return fmt.Sprintf("other threads had the lock of the table at each attempt for %v: try again", changeTimeout)
	}
	return fmt.Sprintf("thread %d has kept the lock of the table for %v: it is stopped, repairs a large table or looks up a key in a long list: continue or kill it, or try again", owner, changeTimeout)
}
