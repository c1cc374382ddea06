package ethdev_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// call calls a method with zero arguments, but for its packets, which it may take.
func call(t *testing.T, receiver reflect.Value, m int) {
	t.Helper()
	method := receiver.Method(m)
	args := make([]reflect.Value, method.Type().NumIn())
	for i := range args {
		args[i] = reflect.Zero(method.Type().In(i))
	}
	if method.Type().IsVariadic() {
		args = args[:len(args)-1]
	}
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%v.%s of %+v: %v", receiver.Type(), receiver.Type().Method(m).Name, receiver, r)
		}
	}()
	method.Call(args)
}

// forTests are the methods of export_test.go.
var forTests = []string{"ByCgo", "UsesFastcall", "Failed", "Enter", "Share", "Busy", "IsOpen", "End"}

func TestMethodsOfNilZeroAndEndedValuesDoNotPanic(t *testing.T) {
	pool := newPool(t)
	freed := open0(t, pool)
	x, err := freed.XStats()
	require.NoError(t, err)
	buffer, err := ethdev.NewTxBuffer(freed.TxQueue(0), ethdev.TxBufferConfig{})
	require.NoError(t, err)
	closed, err := freed.Subscribe(ethdev.EventAll)
	require.NoError(t, err)
	closed.Close()
	require.NoError(t, freed.Detach())
	for _, v := range []any{
		(*ethdev.Port)(nil), new(ethdev.Port), freed, ethdev.RxQueue{}, ethdev.TxQueue{}, freed.RxQueue(0), freed.TxQueue(0), freed.RxQueue(-1),
		(*ethdev.Subscription)(nil), new(ethdev.Subscription), closed, (*ethdev.TxBuffer)(nil), new(ethdev.TxBuffer), buffer,
		(*ethdev.XStats)(nil), new(ethdev.XStats), x, ethdev.Owner{}, ethdev.Config{}, ethdev.Clamped{}, ethdev.EventType(0), ethdev.EventType(1 << 31),
		ethdev.LinkSpeeds(0), ethdev.LinkSpeeds(1 << 31), ethdev.RSSType(0), ethdev.RSSType(1 << 63), ethdev.RxOffload(1 << 63), ethdev.TxOffload(1 << 63),
		ethdev.QueueState(-1), ethdev.Link{}, ethdev.RSSHash{}, ethdev.FlowControl{},
	} {
		r := reflect.ValueOf(v)
		for m := range r.NumMethod() {
			if !slices.Contains(forTests, r.Type().Method(m).Name) {
				call(t, r, m)
			}
		}
	}
}

func TestErrorsOfNilPortsMentionNil(t *testing.T) {
	var p *ethdev.Port
	for _, err := range []error{p.Start(), p.Detach(), p.Close(), second(p.Info()), second(p.Subscribe(ethdev.EventAll)), p.SetMAC(nil)} {
		assert.ErrorIs(t, err, dpdk.ErrInvalid)
	}
	assert.ErrorContains(t, p.Start(), "the port is nil: use Open")
	assert.Equal(t, -1, p.ID())
	assert.Equal(t, "port -1 ()", fmt.Sprint(p))
}

func TestZeroTxBufferFreesItsPackets(t *testing.T) {
	pool := newPool(t) // must be full at the end
	var b ethdev.TxBuffer
	for _, m := range numbered(t, pool, 0, 3) {
		assert.Zero(t, b.Add(m))
	}
	assert.EqualValues(t, 3, b.Refused())
	assert.Zero(t, (*ethdev.TxBuffer)(nil).Add(numbered(t, pool, 0, 1)[0]))
}

func TestErrorsOfZeroQueuesNameTheDirection(t *testing.T) {
	assert.ErrorContains(t, ethdev.RxQueue{}.Err(), "rte_eth_rx_burst: ")
	assert.ErrorContains(t, ethdev.TxQueue{}.Err(), "rte_eth_tx_burst: ")
	assert.ErrorContains(t, ethdev.TxQueue{}.Start(), "rte_eth_dev_tx_queue_start: ")
	_, err := ethdev.TxQueue{}.Info()
	assert.ErrorContains(t, err, "rte_eth_tx_queue_info_get: ")
}

func TestNegativeNumbersOfQueuesAreRefused(t *testing.T) {
	p, err := ethdev.Attach(null(""))
	require.NoError(t, err)
	pool := newPool(t)
	err = p.Configure(ethdev.Config{Pool: pool, RxQueues: -2})
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "RxQueues is -2: use 1 to ")
	err = p.Configure(ethdev.Config{Pool: pool, TxQueues: -7})
	assert.ErrorContains(t, err, "TxQueues is -7: use 1 to ")
	require.NoError(t, p.Detach())
}

func TestWaitBurstWithoutInterruptsReturnsErrUnsupported(t *testing.T) {
	pool := newPool(t)
	for _, devargs := range []string{null(""), loop()} {
		p, err := ethdev.Open(devargs, ethdev.Config{Pool: pool, RxInterrupts: true})
		require.NoError(t, err)
		var pkts [1]*mbuf.Mbuf
		q := p.RxQueue(0)
		n, err := q.WaitBurst(t.Context(), pkts[:])
		if n == 0 { // net_null has packets
			assert.ErrorIs(t, err, dpdk.ErrUnsupported)
			assert.ErrorContains(t, err, "poll the queue with Burst")
		}
		mbuf.FreeBulk(pkts[:n])
		require.NoError(t, p.Detach())
	}
}
