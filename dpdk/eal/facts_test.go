//go:build linux

package eal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/internal/group"
)

func TestSecondaryConfigIsValid(t *testing.T) {
	primary, _, err := parseOptions(strings.Fields("-a 01:00.0 -d y.so --huge-dir /h --base-virtaddr=0x200000000 --vdev net_null0 " +
		"--legacy-mem --single-file-segments --match-allocations --vfio-intr msix --vfio-vf-token abc"))
	require.NoError(t, err)
	cfg := Config{ProcessType: Secondary, FilePrefix: "p"}
	cfg.fill(&group.Facts{IOVA: "pa", Options: primary.values})
	assert.Equal(t, Config{ProcessType: Secondary, FilePrefix: "p", Allow: []string{"01:00.0"}, DriverPaths: []string{"y.so"}, HugeDir: "/h",
		BaseVirtAddr: 0x200000000, IOVAMode: IOVAPhysical, VFIOInterrupts: VFIOMSIX,
		Extra: []string{"--legacy-mem", "--match-allocations", "--single-file-segments", "--vfio-vf-token=abc"}}, cfg)
	args, err := cfg.args()
	require.NoError(t, err)
	_, err = planOf(args...)
	require.NoError(t, err)
}

// FuzzFacts reads arbitrary text in place of what a primary has published.
func FuzzFacts(f *testing.F) {
	f.Add(`{"Options":{"allow":[]}}`)
	f.Add(`{"IOVA":"pa","Options":{"allow":["class=eth",""],"no-pci":[""],"huge-dir":["/"],"base-virtaddr":["0x1"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		facts, err := group.ParseFacts([]byte(text))
		if err != nil {
			return
		}
		var cfg Config
		cfg.fill(facts)
		if args, err := cfg.args(); err == nil {
			_, _, _ = parseOptions(args)
		}
	})
}
