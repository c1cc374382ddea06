package holder

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/ring"
)

const op = "holder.Config"

var modes = map[string]ring.Sync{"": ring.Multi, "multi": ring.Multi, "single": ring.Single, "rts": ring.RTS, "hts": ring.HTS}

// Check refuses what contradicts itself: names that are empty or occur twice, references to objects that
// the configuration does not have, and modes that do not exist. [Start] and [Decode] call it. Only Start finds
// wrong sizes, missing devices and a lack of memory. The error is dpdk.ErrInvalid.
func (c *Config) Check() error {
	if _, ok := iovaModes[c.EAL.IOVAMode]; !ok {
		return check.Invalid(op, "eal.iovaMode", "%q: use auto, pa or va", c.EAL.IOVAMode)
	}
	pools := map[string]int{}
	for i, p := range c.Pools {
		if err := unique("pools", i, "name", p.Name, pools); err != nil {
			return err
		}
	}
	packets := maps.Clone(pools)
	for i, p := range c.ObjectPools { // the same namespace
		if err := unique("objectPools", i, "name", p.Name, pools); err != nil {
			return err
		}
	}
	zones := map[string]int{}
	for i, z := range c.Memzones {
		if err := unique("memzones", i, "name", z.Name, zones); err != nil {
			return err
		}
	}
	rings, err := c.checkRings()
	if err != nil {
		return err
	}
	devices := map[string]int{}
	for i := range c.Ports {
		p := &c.Ports[i]
		name, _, _ := strings.Cut(p.Device, ",")
		if err := unique("ports", i, "device", name, devices); err != nil {
			return err
		}
		if err := p.check(fmt.Sprintf("ports[%d]", i), packets, rings); err != nil {
			return err
		}
	}
	return c.checkPlaces(devices, rings)
}

// checkPlaces checks the places. Each part belongs to one place.
func (c *Config) checkPlaces(devices, rings map[string]int) error {
	names, taken := map[string]int{}, map[string]string{}
	once := func(path, part string) error {
		if other, found := taken[part]; found {
			return check.Invalid(op, path, "it belongs to %s too: remove one of them", other)
		}
		taken[part] = path
		return nil
	}
	for i, p := range c.Places {
		if err := unique("places", i, "name", p.Name, names); err != nil {
			return err
		}
		for _, side := range []struct {
			field  string
			queues []Queue
			count  func(*Port) int
		}{{"rx", p.Rx, (*Port).rxQueues}, {"tx", p.Tx, (*Port).txQueues}} {
			for n, q := range side.queues {
				path := fmt.Sprintf("places[%d].%s[%d]", i, side.field, n)
				at, ok := devices[q.Port]
				if !ok {
					return check.Invalid(op, path+".port", "the configuration has no port %q: use one of ports: %s", q.Port, list(devices))
				}
				if count := side.count(&c.Ports[at]); q.Queue < 0 || q.Queue >= count {
					return check.Invalid(op, path+".queue", "%d: the port has the queues 0 to %d", q.Queue, count-1)
				}
				if err := once(path, fmt.Sprint(side.field, q)); err != nil {
					return err
				}
			}
		}
		for _, end := range []struct {
			field string
			rings []string
		}{{"produces", p.Produces}, {"consumes", p.Consumes}} {
			for n, name := range end.rings {
				path := fmt.Sprintf("places[%d].%s[%d]", i, end.field, n)
				if _, ok := rings[name]; !ok {
					return check.Invalid(op, path, "the configuration has no ring %q: use one of rings: %s", name, list(rings))
				}
				if err := once(path, end.field+name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (p *Port) rxQueues() int { return max(p.RxQueues, len(p.RxRings), 1) }

func (p *Port) txQueues() int { return max(p.TxQueues, len(p.TxRings), 1) }

// checkRings checks the rings. It returns the sizes of their elements.
func (c *Config) checkRings() (sizes map[string]int, err error) {
	names, sizes := map[string]int{}, map[string]int{}
	for i := range c.Rings {
		r := &c.Rings[i]
		if err := unique("rings", i, "name", r.Name, names); err != nil {
			return nil, err
		}
		for _, side := range []struct{ field, mode string }{{"producer", r.Producer}, {"consumer", r.Consumer}} {
			if _, ok := modes[side.mode]; !ok {
				return nil, check.Invalid(op, fmt.Sprintf("rings[%d].%s", i, side.field), "the mode %q does not exist: use multi, single, rts or hts", side.mode)
			}
		}
		sizes[r.Name] = r.elemSize()
	}
	return sizes, nil
}

// elemSize returns the size of an element in bytes.
func (r *Ring) elemSize() int {
	if r.ElemSize == 0 {
		return 8
	}
	return r.ElemSize
}

// check checks the references of a port.
func (p *Port) check(path string, pools, rings map[string]int) error {
	if _, ok := pools[p.Pool]; !ok {
		return check.Invalid(op, path+".pool", "the configuration has no pool %q: use one of pools: %s", p.Pool, list(pools))
	}
	if len(p.RxRings) == 0 && len(p.TxRings) == 0 {
		return nil
	}
	for _, side := range []struct {
		field  string
		names  []string
		queues int
	}{{"rx", p.RxRings, p.RxQueues}, {"tx", p.TxRings, p.TxQueues}} {
		if len(side.names) == 0 {
			return check.Invalid(op, path+"."+side.field+"Rings", "a port of rings needs a ring in each direction: name one")
		}
		if side.queues != 0 && side.queues != len(side.names) {
			return check.Invalid(op, path+"."+side.field+"Queues", "%d queues of %d rings: leave the field out", side.queues, len(side.names))
		}
		for i, name := range side.names {
			switch size, ok := rings[name]; {
			case !ok:
				return check.Invalid(op, fmt.Sprintf("%s.%sRings[%d]", path, side.field, i), "the configuration has no ring %q: use one of rings: %s", name, list(rings))
			case size != 8:
				return check.Invalid(op, fmt.Sprintf("%s.%sRings[%d]", path, side.field, i), "the ring %q has elements of %d bytes, and packets are 8: set its elemSize to 8", name, size)
			}
		}
	}
	return nil
}

// unique refuses an empty name, and a name that an earlier object of that kind has.
func unique(kind string, i int, field, name string, seen map[string]int) error {
	path := fmt.Sprintf("%s[%d].%s", kind, i, field)
	if name == "" {
		return check.Invalid(op, path, "the %s is empty: each needs one", field)
	}
	if _, found := seen[name]; found {
		return check.Invalid(op, path, "%q occurs twice: use different names", name)
	}
	seen[name] = i
	return nil
}

// list returns the names of objects.
func list(names map[string]int) string {
	if len(names) == 0 {
		return "there are none"
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}
