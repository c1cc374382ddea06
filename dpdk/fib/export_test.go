package fib

import (
	"github.com/godpdk/godpdk/dpdk/internal/routetable"
	"github.com/godpdk/godpdk/dpdk/rcu"
)

// PretendRCU lets changes of a table wait for readers, also with a DPDK that does not.
func PretendRCU(six bool, name string, q *rcu.QSBR) error {
	k := kind4
	if six {
		k = kind6
	}
	return routetable.On(k.Kind, name, uintptr(k.C.Find(name)), func(t *table) error {
		*t.readers = *routetable.NewReaders(q.Name(), q.Pointer())
		return nil
	})
}

// PretendLayout makes new tables as with a DPDK with another layout.
func PretendLayout(unknown bool) { unknownLayout = unknown }

// Direct reports whether lookups are Go's own.
func (t *Table4) Direct() bool { return t.reader.way == direct }

// Direct reports whether lookups are Go's own.
func (t *Table6) Direct() bool { return t.reader.way == direct }
