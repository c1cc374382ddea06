package ipc

import (
	"context"
	"encoding/binary"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// raw sends bytes with descriptors.
func (f *fake) raw(b []byte, files ...*os.File) {
	f.t.Helper()
	eventually(f.t, func() bool {
		err := withRights(files, func(rights []byte) error { return f.send(primary(), b, rights) })
		return err == nil
	}, "room in the queue")
}

// For a message that announces descriptors and brings none, rte_mp returns the numbers of an
// earlier message's descriptors.
func TestMessageOwnsOnlyTheDescriptorsThatArrivedWithIt(t *testing.T) {
	const name = "owned"
	seen := make(chan int, 8)
	require.NoError(t, Register(name, func(_ context.Context, m *Message) (*Message, error) {
		seen <- len(m.Files)
		return &Message{Param: []byte("ok")}, m.Close()
	}, Config{}))
	defer func() { assert.NoError(t, Unregister(name)) }()
	f := stranger(t)
	files := make([]*os.File, 8)
	for i := range files {
		var err error
		files[i], err = os.Open("/dev/null")
		require.NoError(t, err)
		defer files[i].Close()
	}
	answer := f.ask(&Message{Name: name, Files: files})
	assert.Equal(t, "ok", string(answer.Param))
	assert.Equal(t, 8, <-seen)

	var mine []*os.File // the handler has closed its own: these have their numbers
	for range 16 {
		file, err := os.Open("/dev/zero")
		require.NoError(t, err)
		defer file.Close()
		mine = append(mine, file)
	}
	lie := (&Message{Name: name}).encode(cgo.MPReq)
	for _, came := range []int{0, 1} {
		binary.NativeEndian.PutUint32(lie[cgo.MPNumFDs:], 8)
		f.raw(lie, files[:came]...)
		kind, _, _ := f.get()
		assert.Equal(t, cgo.MPRep, kind)
		assert.Contains(t, f.text(), "descriptors of the message did not arrive")
		assert.Empty(t, seen, "the handler sees no such message")
	}
	for _, file := range mine {
		_, err := file.Read(make([]byte, 1))
		assert.NoError(t, err, "a file of the application was closed")
	}
	f.ask(&Message{Name: name, Files: files[:2]})
	assert.Equal(t, 2, <-seen, "a correct message is handled")
}

func TestMalformedMessageDoesNotEndDPDKsThread(t *testing.T) {
	const name = "hears on"
	require.NoError(t, Register(name, func(context.Context, *Message) (*Message, error) {
		return &Message{Param: []byte("yes")}, nil
	}, Config{}))
	defer func() { assert.NoError(t, Unregister(name)) }()
	f := stranger(t)
	message := func(at int, n uint32) []byte {
		b := (&Message{Name: name}).encode(cgo.MPReq)
		binary.NativeEndian.PutUint32(b[at:], n)
		return b
	}
	for what, b := range map[string][]byte{
		"empty":                    {},
		"one byte":                 {1},
		"too short":                make([]byte, cgo.MPWire-1),
		"too long":                 make([]byte, cgo.MPWire+1),
		"Param too long":           message(cgo.MPLenParam, MaxParam+1),
		"Param longer than 16 bit": message(cgo.MPLenParam, 1<<16),
		"Param negative":           message(cgo.MPLenParam, 1<<32-1),
		"too many descriptors":     message(cgo.MPNumFDs, MaxFiles+1),
		"negative descriptors":     message(cgo.MPNumFDs, 1<<31),
	} {
		f.raw(b)
		assert.Equal(t, "yes", string(f.ask(&Message{Name: name}).Param), what)
	}
	full := &Message{Name: name, Param: make([]byte, MaxParam)}
	assert.Equal(t, "yes", string(f.ask(full).Param), "the longest")
	assert.False(t, mpsocket.Deaf())
}

func TestDPDKsThreadForMessagesIsFound(t *testing.T) {
	assert.False(t, mpsocket.Deaf())
	assert.Positive(t, mpsocket.Thread(), "its name is another one in this DPDK")
	assert.True(t, linux.ThreadLives(mpsocket.Thread()))
	assert.False(t, linux.ThreadLives(1<<22+1))
}

func TestQuestionForAHandlerIsAnswered(t *testing.T) {
	const name = "asked for"
	f := stranger(t)
	has := func(name string) string {
		return string(f.ask(&Message{Name: cgo.MPHas, Param: []byte(name)}).Param)
	}
	assert.Equal(t, "n", has(name))
	require.NoError(t, Register(name, func(context.Context, *Message) (*Message, error) { return nil, nil }, Config{}))
	assert.Equal(t, "y", has(name))
	require.NoError(t, Unregister(name))
	assert.Equal(t, "n", has(name))
	assert.Equal(t, "y", has(cgo.MPHas), "an action in C")
	assert.Equal(t, "n", has(""))
	assert.Equal(t, "n", has(string(make([]byte, MaxParam))))
}
