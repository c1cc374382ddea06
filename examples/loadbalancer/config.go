//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
)

// config is the file that reload reads.
type config struct {
	Backends []struct {
		Address netip.Addr `json:"address"`
		Weight  *uint32    `json:"weight"` // 1 if it is not there; 0 is for a backend that gets no new flows
	} `json:"backends"`
}

// readConfig reads the backends for new flows. JSON names a wrong field.
func readConfig(r io.Reader) (s Set, err error) {
	const most = 1 << 16 // bytes
	text, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return s, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var c config
	if err := d.Decode(&c); err != nil {
		return s, fmt.Errorf("configuration: %w", err)
	}
	if d.More() {
		return s, fmt.Errorf("configuration: there is more behind the end of the object, at byte %d", d.InputOffset())
	}
	if n := len(c.Backends); n < 1 || n > maxBackends {
		return s, fmt.Errorf("configuration: %d backends: use 1 to %d", n, maxBackends)
	}
	seen := map[netip.Addr]bool{}
	for i, b := range c.Backends {
		a := b.Address.Unmap()
		switch {
		case !a.IsGlobalUnicast() || a.Zone() != "":
			return s, fmt.Errorf("configuration: backends[%d]: address %q: use the global unicast address of a host", i, b.Address)
		case seen[a]:
			return s, fmt.Errorf("configuration: backends[%d]: address %v is there twice: give one of them a weight", i, a)
		}
		seen[a] = true
		weight := uint32(1)
		if b.Weight != nil {
			weight = *b.Weight
		}
		s.Backends[i] = Backend{addrOf(a), weight}
	}
	s.N = uint32(len(c.Backends))
	return s, nil
}

// addresses returns the addresses of the backends.
func (s *Set) addresses() (all []netip.Addr) {
	for _, b := range s.Backends[:s.N] {
		all = append(all, b.Addr.netip())
	}
	return all
}
