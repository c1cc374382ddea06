//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/godpdk/godpdk/dpdk/ipc"
)

// reloadName is the name of the message with a configuration. It has the open file: the primary may see another file by that name.
const reloadName = "loadbalancer reload"

// switchTimeout is how long the primary waits for the workers.
const switchTimeout = 3 * time.Second

// reload sends the configuration in a file to the primary. When it returns, all workers use it.
func reload(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	replies, err := ipc.Request(ctx, &ipc.Message{Name: reloadName, Files: []*os.File{f}})
	if err != nil {
		return err
	}
	for _, r := range replies {
		fmt.Printf("%s\n", r.Param)
	}
	return nil
}

// handleReload takes such messages in the primary, one at a time.
func (b *balancer) handleReload() error {
	return ipc.Register(reloadName, func(ctx context.Context, m *ipc.Message) (*ipc.Message, error) {
		defer m.Close()
		if len(m.Files) != 1 {
			return nil, errors.New("the message has no file")
		}
		if i, err := m.Files[0].Stat(); err != nil || !i.Mode().IsRegular() { // the writer of a pipe could make the primary wait
			return nil, errors.Join(err, errors.New("the configuration is not a regular file: write it to one"))
		}
		set, err := readConfig(m.Files[0])
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, switchTimeout)
		defer cancel()
		if err := b.use(ctx, set); err != nil {
			return nil, err
		}
		text := fmt.Sprintf("%d backends for new flows", set.N)
		fmt.Println("loadbalancer: reloaded:", text)
		return &ipc.Message{Param: []byte(text)}, nil
	}, ipc.Config{})
}

// use makes all workers use a set. Workers read the active one without a lock, so it writes the other one and switches. It returns when no worker uses the
// old one any more. If a worker is stopped, the error names its reader.
func (b *balancer) use(ctx context.Context, set Set) error {
	for _, a := range set.addresses() {
		if b.shared.vip(addrOf(a)) == (Addr{}) {
			return fmt.Errorf("backend %v: the service has no address of this family: remove it, or start the primary with another -vip", a)
		}
	}
	if err := b.readers.Synchronize(ctx); err != nil { // the reload before may have failed after the switch
		return fmt.Errorf("the backends were not changed: %w", err)
	}
	if err := b.activate(set); err != nil {
		return fmt.Errorf("the backends were not changed: %w", err)
	}
	if err := b.readers.Synchronize(ctx); err != nil {
		return fmt.Errorf("new flows get the new backends, but not those of all workers: %w", err)
	}
	return nil
}

// activate writes a set into the place of the one that is not in use, and switches. If it fails, it has changed nothing that is in use.
// A backend that comes back may have moved, so it must be asked for again: its old hop must not be there when it is wanted.
func (b *balancer) activate(set Set) error {
	b.learning.Lock()
	defer b.learning.Unlock()
	if err := b.forget(*b.wanted.Load()); err != nil { // hops that the clean-up of an earlier reload could not delete
		return err
	}
	next, wanted := 1-b.shared.Active.Load(), set.addresses()
	b.shared.Sets[next] = set
	b.wanted.Store(&wanted)
	b.shared.Active.Store(next)
	_ = b.forget(wanted) // no new flow uses these hops: if it fails, the next reload deletes them first
	return nil
}

// forget deletes the hops to all other addresses. The caller holds learning.
func (b *balancer) forget(except []netip.Addr) error {
	for a := range b.neighbours.All() {
		if slices.Contains(except, a.netip()) {
			continue
		}
		if err := b.neighbours.Delete(a); err != nil {
			return err
		}
	}
	return nil
}
