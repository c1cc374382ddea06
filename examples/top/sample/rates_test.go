package sample

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var began = time.Unix(1_800_000_000, 0)

// at returns a target with a PID that has received so many packets at a moment.
func at(after time.Duration, pid int, packets uint64) *Target {
	return &Target{Time: began.Add(after), Processes: []Process{{PID: pid, Role: "primary"}},
		Ports:  []Port{{Name: "p", RxPackets: Counter{Total: packets}, Queues: []Queue{{RxPackets: Counter{Total: packets}}}}},
		Lcores: []Lcore{{ID: 3, Cycles: Counter{Total: 1000 * uint64(after/time.Second)}, BusyCycles: Counter{Total: packets}, CPU: &Counter{Total: packets}}}}
}

func TestRatesAreOfTheTimeBetweenTwoReadings(t *testing.T) {
	before, now := at(time.Second, 1, 100), at(3*time.Second, 1, 600)
	Rates(before, now)
	require.NotNil(t, now.Ports[0].RxPackets.Rate)
	assert.Equal(t, 250.0, *now.Ports[0].RxPackets.Rate)
	assert.Equal(t, 250.0, *now.Ports[0].Queues[0].RxPackets.Rate)
	assert.Equal(t, 0.0, *now.Ports[0].TxPackets.Rate)
	assert.Equal(t, 0.25, *now.Lcores[0].Busy, "500 of 2000 cycles")
	assert.Equal(t, 250.0, *now.Lcores[0].CPU.Rate)
	assert.Equal(t, 0.0, *now.Ports[0].Drops().Rate)
}

func TestThereIsNoRateOf(t *testing.T) {
	none := &Target{}
	renamed := at(2*time.Second, 1, 200)
	renamed.Ports[0].Name = "other"
	for name, c := range map[string]struct{ before, now *Target }{
		"the first reading":             {none, at(time.Second, 1, 100)},
		"a counter that was reset":      {at(time.Second, 1, 100), at(2*time.Second, 1, 99)},
		"another process":               {at(time.Second, 1, 100), at(2*time.Second, 2, 200)},
		"another port of the same ID":   {at(time.Second, 1, 100), renamed},
		"two readings at the same time": {at(time.Second, 1, 100), at(time.Second, 1, 200)},
		"a clock that went back":        {at(2*time.Second, 1, 100), at(time.Second, 1, 200)},
	} {
		Rates(c.before, c.now)
		assert.Nil(t, c.now.Ports[0].RxPackets.Rate, name)
	}
}

func TestDropsAreTheSumOfAllLosses(t *testing.T) {
	one, two := 1.0, 2.0
	p := Port{Missed: Counter{5, &one}, NoMbuf: Counter{6, &two}, RxErrors: Counter{7, &one}, TxErrors: Counter{8, &one}}
	assert.EqualValues(t, 26, p.Drops().Total)
	assert.Equal(t, 5.0, *p.Drops().Rate)
	p.NoMbuf.Rate = nil
	assert.Nil(t, p.Drops().Rate)
}

func TestStaleKeepsNumbersWithoutRates(t *testing.T) {
	now := at(3*time.Second, 1, 600)
	Rates(at(time.Second, 1, 100), now)
	old := now.Stale()
	assert.EqualValues(t, 600, old.Ports[0].RxPackets.Total)
	assert.Nil(t, old.Ports[0].RxPackets.Rate)
	assert.Nil(t, old.Ports[0].Queues[0].RxPackets.Rate)
	assert.Nil(t, old.Lcores[0].Busy)
	assert.NotNil(t, now.Ports[0].RxPackets.Rate, "the original is unchanged")
	assert.NotNil(t, now.Ports[0].Queues[0].RxPackets.Rate)
	assert.NotNil(t, now.Lcores[0].Busy)
}
