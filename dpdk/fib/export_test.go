package fib

// PretendLayout makes new tables as with a DPDK with another layout.
func PretendLayout(unknown bool) { unknownLayout = unknown }

// Direct reports whether lookups are Go's own.
func (t *Table4) Direct() bool { return t.reader.way == direct }

// Direct reports whether lookups are Go's own.
func (t *Table6) Direct() bool { return t.reader.way == direct }
