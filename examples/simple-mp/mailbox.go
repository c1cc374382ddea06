package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

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
	poolCache   = 32  // of each lcore of a program in C
	messageSize = 128 // what its command line takes for a word (STR_TOKEN_SIZE)
)

// mailbox is one process's side of the talk.
type mailbox struct {
	out, in *ring.Ring[mempool.Object]
	pool    *mempool.Pool
}

// create makes what the two processes share; it is the primary's.
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

// lookup finds what the primary has made.
func lookup() (*mailbox, error) {
	in, err1 := ring.Lookup[mempool.Object](toSecondary)
	out, err2 := ring.Lookup[mempool.Object](toPrimary)
	pool, err3 := mempool.Lookup(poolName)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("start the secondary when the primary has finished its init: %w", err)
	}
	return &mailbox{out, in, pool}, nil
}

// send copies the text into an object of the pool, ended by a zero as C wants it, and
// sends that.
func (b *mailbox) send(text string) error {
	if n := b.pool.ElemSize() - 1; len(text) > n || strings.Contains(text, "\x00") {
		return fmt.Errorf("a message of %d bytes: use at most %d, and no zeros", len(text), n)
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

// receive shows what comes, and puts the messages back, until ctx ends.
func (b *mailbox) receive(ctx context.Context) {
	for ctx.Err() == nil {
		o, ok := b.in.Dequeue()
		if !ok {
			time.Sleep(time.Millisecond)
			continue
		}
		text, _, _ := bytes.Cut(b.pool.Bytes(o), []byte{0})
		fmt.Printf("Received '%s'\n", text)
		b.pool.Put(o)
	}
}
