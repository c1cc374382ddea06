//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/godpdk/godpdk/dpdk/ipc"
)

// reloadName is the name of the message with a configuration. It has the open file: the primary may see another file by that name.
const reloadName = "loadbalancer reload"

// patience is how long the primary waits for the workers.
const patience = 3 * time.Second

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
		set, err := readConfig(m.Files[0])
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
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
	if err := b.readers.Synchronize(ctx); err != nil { // the reload before may have failed here
		return err
	}
	s, next := b.shared, 1-b.shared.Active.Load()
	s.Sets[next] = set
	wanted := set.addresses()
	b.wanted.Store(&wanted)
	s.Active.Store(next)
	return b.readers.Synchronize(ctx)
}
