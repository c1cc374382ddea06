package udp

import (
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/lock"
)

const (
	sharedBuckets = 256
	sharedWays    = 8
	// bucketPatience is how long a host waits for a process that is in a bucket, before it does without the shared entry. Then it asks
	// the neighbor itself.
	bucketPatience = 20 * time.Millisecond
	// stuckFor is the time between two such waits for one bucket: a process that is stopped there costs the others one wait, not one for each
	// packet.
	stuckFor = time.Second
)

// sharedBucket is some entries of the shared neighbor cache. The writes of an entry are in an order in which each step is a correct entry,
// so nothing must be repaired after the death of a process in the middle.
type sharedBucket struct {
	lock    lock.OwnedSpin
	entries [sharedWays]sharedNeighbour
}

// sharedNeighbour is an entry. Times are those of time.Time.UnixNano; 0 is never.
type sharedNeighbour struct {
	addr      [16]byte // zero is a free entry
	mac       uint64   // as neighbour.mac
	confirmed int64    // the neighbor has answered with mac
	asked     int64    // a host has asked the neighbor
	changed   int64
}

// enter takes the lock of the bucket. It reports false if another process does not release it.
func (b *sharedBucket) enter() bool {
	var start time.Time
	for i := 0; ; i++ {
		switch {
		case take(&b.lock):
			return true
		case i == 100:
			start = time.Now()
		case i > 100 && time.Since(start) > bucketPatience:
			return false
		}
		if i < 100 {
			runtime.Gosched()
		} else {
			time.Sleep(20 * time.Microsecond)
		}
	}
}

func (b *sharedBucket) leave() { _ = b.lock.Unlock() }

// bucketOf returns the number of the bucket of an address.
func bucketOf(a [16]byte) int {
	h := (be.Uint64(a[:]) ^ be.Uint64(a[8:])) * 0x9e3779b97f4a7c15
	return int(h >> 56 % sharedBuckets)
}

// enterBucket takes the lock of the bucket of an address. It returns nil if another process does not release it, and at once if that was so not
// long ago.
func (s *member) enterBucket(a [16]byte) *sharedBucket {
	i := bucketOf(a)
	b, stuck := &s.neighbours[i], &s.stuck[i]
	at, ok := stuck.Load(), take(&b.lock)
	if !ok && at != 0 { // of several goroutines one waits
		now := int64(time.Since(epoch))
		if now-at < int64(stuckFor) || !stuck.CompareAndSwap(at, now) {
			return nil
		}
	}
	if !ok && !b.enter() {
		stuck.Store(max(int64(time.Since(epoch)), 1))
		return nil
	}
	if at != 0 {
		stuck.Store(0)
	}
	return b
}

// epoch is the start of monotonic times.
var epoch = time.Now()

func (b *sharedBucket) find(a [16]byte) *sharedNeighbour {
	for i := range b.entries {
		if b.entries[i].addr == a {
			return &b.entries[i]
		}
	}
	return nil
}

// clear makes a free entry. After a death in the middle no address has the Ethernet address of another one.
func (e *sharedNeighbour) clear() {
	atomic.StoreUint64(&e.mac, unknownMAC)
	*e = sharedNeighbour{}
}

// find returns a copy of the entry of an address that is not too old.
func (s *member) find(a netip.Addr, now time.Time) (n sharedNeighbour, ok bool) {
	key := a.As16()
	b := s.enterBucket(key)
	if b == nil {
		return n, false
	}
	if e := b.find(key); e != nil {
		n, ok = *e, now.UnixNano()-e.changed < int64(forgottenAfter)
	}
	b.leave()
	return n, ok
}

// update changes the entry of an address. It makes one if there is none, in place of one without an Ethernet address, or else of the oldest one.
func (s *member) update(a netip.Addr, f func(e *sharedNeighbour, now int64)) {
	key := a.As16()
	b := s.enterBucket(key)
	if b == nil {
		return
	}
	now := time.Now().UnixNano()
	e := b.find(key)
	if e == nil {
		e = &b.entries[0]
		for i := range b.entries {
			if x := &b.entries[i]; x.mac == unknownMAC && e.mac != unknownMAC || (x.mac == unknownMAC) == (e.mac == unknownMAC) && x.changed < e.changed {
				e = x
			}
		}
		e.clear()
		e.addr = key
	}
	f(e, now)
	e.changed = now
	b.leave()
}

// publish stores the Ethernet address of a neighbor for all hosts.
func (s *member) publish(a netip.Addr, mac uint64, confirmed bool) {
	s.update(a, func(e *sharedNeighbour, now int64) {
		if e.mac != mac {
			e.confirmed = 0
			e.mac = mac
		}
		if confirmed {
			e.confirmed, e.asked = now, 0
		}
	})
	s.call(s.others(), callNeighbours)
}

// ask notes that a host asks a neighbor. Its answer may reach another host.
func (s *member) ask(a netip.Addr) {
	s.update(a, func(e *sharedNeighbour, now int64) { e.asked = now })
}

// forget removes the Ethernet address of a neighbor that does not answer.
func (s *member) forget(a netip.Addr, mac uint64) {
	s.update(a, func(e *sharedNeighbour, _ int64) {
		if e.mac == mac {
			e.mac, e.confirmed = unknownMAC, 0
		}
	})
}

// asked reports whether a host has asked a neighbor and may get an answer.
func (s *member) asked(a netip.Addr) bool {
	if s == nil {
		return false
	}
	now := time.Now()
	e, ok := s.find(a, now)
	age := time.Duration(now.UnixNano() - e.asked) // negative after now was read, or if the clock was set back
	return ok && e.asked != 0 && age > -time.Second && age < (solicits+1)*retransTime
}

// forgetNeighbours removes all entries, as far as no process is stopped there.
func (st *sharedState) forgetNeighbours() {
	for i := range st.neighbours {
		if b := &st.neighbours[i]; b.enter() {
			for k := range b.entries {
				b.entries[k].clear()
			}
			b.leave()
		}
	}
}

func (st *sharedState) countNeighbours() (n int) {
	for i := range st.neighbours {
		b := &st.neighbours[i]
		if !b.enter() {
			continue
		}
		for _, e := range b.entries {
			if e.mac != unknownMAC {
				n++
			}
		}
		b.leave()
	}
	return n
}

// recall makes an entry what other hosts have found out, and returns the frames that waited for that. The caller holds mu.
func (n *neighbours) recall(e *neighbour, now time.Time) (waiting []pending) {
	s := n.host.shared
	if s == nil {
		return nil
	}
	found, ok := s.find(e.addr, now)
	if !ok || found.mac == unknownMAC {
		return nil
	}
	changed := e.mac.Load() != found.mac
	age := time.Duration(now.UnixNano() - found.confirmed)
	if age < 0 && age > -time.Second {
		age = 0 // confirmed since now was read
	}
	switch {
	case age >= 0 && age < reachableTime:
		due := now.Add(reachableTime - age)
		if e.state == reachable && !changed && !due.After(e.due) {
			return nil
		}
		e.state, e.asked, e.due = reachable, 0, due
		e.old.Store(false)
	case changed:
		e.state, e.asked, e.due = stale, 0, now.Add(forgottenAfter)
		e.old.Store(true)
	default:
		return nil
	}
	e.mac.Store(found.mac)
	return n.take(e)
}

// recallAll does that for all entries.
func (n *neighbours) recallAll() {
	type known struct {
		mac     uint64
		waiting []pending
	}
	var all []known
	now := time.Now()
	n.mu.Lock()
	for _, e := range n.all {
		if waiting := n.recall(e, now); len(waiting) > 0 {
			all = append(all, known{e.mac.Load(), waiting})
		}
	}
	n.mu.Unlock()
	for _, k := range all {
		n.flush(k.waiting, unpackMAC(k.mac))
	}
}
