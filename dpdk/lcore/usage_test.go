//go:build linux

package lcore

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// telemetry sends a command to this process's EAL, as dpdk-telemetry.py does.
func telemetry(t *testing.T, command string, answer any) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.Connect(fd, &unix.SockaddrUnix{Name: filepath.Join(cgo.RuntimeDir(), "dpdk_telemetry.v2")}))
	buf := make([]byte, 1<<16)
	_, err = unix.Read(fd, buf) // the greeting
	require.NoError(t, err)
	_, err = unix.Write(fd, []byte(command))
	require.NoError(t, err)
	n, err := unix.Read(fd, buf)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(buf[:n], answer), "%s", buf[:n])
}

func TestTelemetryReturnsTheCountsOfMeters(t *testing.T) {
	ids := []int{mainLcore, 1, 3}
	busy, total := map[int]uint64{}, map[int]uint64{}
	for _, id := range ids {
		require.NoError(t, on(t, id, func() error {
			m, err := NewMeter(id)
			if err != nil {
				return err
			}
			begin := Cycles()
			for i := range 1000 {
				m.Round(i%4 == 0)
			}
			busy[id], total[id] = m.Busy(), m.Total()
			assert.Positive(t, m.Busy())
			assert.Less(t, m.Busy(), m.Total())
			assert.LessOrEqual(t, m.Total(), Cycles()-begin+ToCycles(1e6))
			assert.Zero(t, testing.AllocsPerRun(100, func() { m.last = Cycles(); m.Round(false) }))
			total[id] = m.Total()
			return nil
		}))
	}
	var answer struct {
		Usage struct {
			Lcores []int    `json:"lcore_ids"`
			Total  []uint64 `json:"total_cycles"`
			Busy   []uint64 `json:"busy_cycles"`
		} `json:"/eal/lcore/usage"`
	}
	telemetry(t, "/eal/lcore/usage", &answer)
	u := answer.Usage
	require.Equal(t, ids, u.Lcores, "those that have a Meter")
	for i, id := range ids {
		assert.Equal(t, total[id], u.Total[i])
		assert.Equal(t, busy[id], u.Busy[i])
	}
	_, err := NewMeter(77)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	m, err := NewMeter(3)
	require.NoError(t, err)
	assert.Equal(t, total[3], m.Total(), "continues the count of the last one")
}
