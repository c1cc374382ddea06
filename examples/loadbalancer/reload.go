//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
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
	s, next, wanted := b.shared, 1-b.shared.Active.Load(), set.addresses()
	for _, a := range wanted {
		if s.vip(addrOf(a)) == (Addr{}) {
			return fmt.Errorf("backend %v: the service has no address of this family: remove it, or start the primary with another -vip", a)
		}
	}
	if err := b.readers.Synchronize(ctx); err != nil { // the reload before may have failed after the switch
		return fmt.Errorf("the backends were not changed: %w", err)
	}
	s.Sets[next] = set
	b.wanted.Store(&wanted)
	for a := range b.neighbours.All() {
		if !slices.Contains(wanted, a.netip()) { // if it comes back, it may have moved: it is asked for again
			if err := b.neighbours.Delete(a); err != nil {
				return err
			}
		}
	}
	s.Active.Store(next)
	if err := b.readers.Synchronize(ctx); err != nil {
		return fmt.Errorf("new flows get the new backends, but not those of all workers: %w", err)
	}
	return nil
}
