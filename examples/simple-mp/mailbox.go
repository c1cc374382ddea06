package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// As in the sample in C.
const (
	poolName    = "MSG_POOL"
	toSecondary = "PRI_2_SEC"
	toPrimary   = "SEC_2_PRI"
	ringSize    = 64
	poolSize    = 1024
	poolCache   = 32  // for each lcore of a program in C
	messageSize = 128 // STR_TOKEN_SIZE, the longest word on the command line of the sample in C
)

// mailbox holds the rings and the pool of one process.
type mailbox struct {
	out, in *ring.Ring[mempool.Object]
	pool    *mempool.Pool
}

// create creates the shared objects, in the primary.
func create() (*mailbox, error) {
	out, err := ring.Create[mempool.Object](toSecondary, ringSize, ring.Config{})
	if err != nil {
		return nil, err
	}
	in, err := ring.Create[mempool.Object](toPrimary, ringSize, ring.Config{})
	if err != nil {
		return nil, err
	}
	pool, err := mempool.Create(poolName, poolSize, messageSize, mempool.Config{CacheSize: poolCache})
	if err != nil {
		return nil, err
	}
	return &mailbox{out, in, pool}, nil
}

// lookup finds the shared objects, in the secondary.
func lookup() (*mailbox, error) {
	in, err1 := ring.Lookup[mempool.Object](toSecondary)
	out, err2 := ring.Lookup[mempool.Object](toPrimary)
	pool, err3 := mempool.Lookup(poolName)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("start the secondary after the primary has printed %q: %w", ready, err)
	}
	return &mailbox{out, in, pool}, nil
}

// send copies the text into an object of the pool, with a zero at its end for C, and sends
// the object.
func (b *mailbox) send(text string) error {
	if n := b.pool.ElemSize() - 1; len(text) > n || strings.Contains(text, "\x00") {
		return fmt.Errorf("the message has %d bytes: use at most %d, without zero bytes", len(text), n)
	}
	o, ok := b.pool.Get()
	if !ok {
		return errors.New("all messages of the pool are in use")
	}
	message := b.pool.Bytes(o)
	message[copy(message, text)] = 0
	if !b.out.Enqueue(o) {
		b.pool.Put(o)
		return fmt.Errorf("%d messages wait for the other process", b.out.Len())
	}
	return nil
}

// receive prints messages and puts them back into the pool, until ctx ends.
func (b *mailbox) receive(ctx context.Context) {
	var messages [32]mempool.Object
	idle := lcore.Idle{Sleep: time.Millisecond} // people type slowly
	for ctx.Err() == nil {
		n := b.in.DequeueBurst(messages[:])
		for _, o := range messages[:n] {
			text, _, _ := bytes.Cut(b.pool.Bytes(o), []byte{0})
			fmt.Printf("Received '%s'\n", text)
			b.pool.Put(o)
		}
		idle.After(n)
	}
}
