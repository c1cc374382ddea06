package fib

import "github.com/godpdk/godpdk/dpdk/rcu"

// PretendRCU lets changes of a table wait for readers, also with a DPDK that does not.
func PretendRCU(six bool, name string, q *rcu.QSBR) {
	w := lock(key{six, name})
	defer w.mu.Unlock()
	w.rcu, w.v = q.Name(), q.Pointer()
}

// PretendLayout makes new tables as with a DPDK with another layout.
func PretendLayout(unknown bool) { unknownLayout = unknown }

// Direct reports whether lookups are Go's own.
func (t *Table4) Direct() bool { return t.reader.way == direct }

// Direct reports whether lookups are Go's own.
func (t *Table6) Direct() bool { return t.reader.way == direct }
