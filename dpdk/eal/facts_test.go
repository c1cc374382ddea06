package eal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

func TestDevicesOfASecondaryAreThePrimarysOrFewer(t *testing.T) {
	for _, tc := range []struct {
		name, primary, secondary string
		gets                     string // "" is a refusal
	}{
		{"nothing said takes all", "", "-m 8", "-m 8"},
		{"nothing said takes no-pci", "--no-pci", "-m 8", "-m 8 --no-pci"},
		{"nothing said takes allow", "-a 01:00.0 -a 02:00.0,x=1", "", "--allow=01:00.0 --allow=02:00.0,x=1"},
		{"nothing said takes block", "-b 01:00.0", "", "--block=01:00.0"},
		{"no-pci is always fine", "-a 01:00.0", "--no-pci", "--no-pci"},
		{"some of no devices", "--no-pci", "-a 01:00.0", ""},
		{"all but some of no devices", "--no-pci", "-b 01:00.0", ""},
		{"the same device in other words", "-a 01:00.0,x=1", "-a 0000:01:00.0", "-a 0000:01:00.0"},
		{"one of two", "-a 01:00.0 -a 02:00.0", "-a 02:00.0", "-a 02:00.0"},
		{"one more", "-a 01:00.0", "-a 01:00.0 -a 02:00.0", ""},
		{"all but one of some", "-a 01:00.0", "-b 02:00.0", ""},
		{"some of all", "", "-a 01:00.0", "-a 01:00.0"},
		{"one that is blocked", "-b 01:00.0", "-a 0000:01:00.0", ""},
		{"one that is not blocked", "-b 01:00.0", "-a 02:00.0", "-a 02:00.0"},
		{"more blocked", "-b 01:00.0", "-b 01:00.0 -b 02:00.0", "-b 01:00.0 -b 02:00.0"},
		{"less blocked", "-b 01:00.0 -b 02:00.0", "-b 01:00.0", ""},
		{"a virtual device of the primary's", "--no-pci --vdev net_null0", "--no-pci --vdev net_null0", "--no-pci --vdev net_null0"},
		{"a virtual device with other arguments", "--no-pci --vdev net_null0", "--no-pci --vdev net_null0,size=9", "warned"},
		{"a virtual device of its own", "--no-pci --vdev net_null0", "--no-pci --vdev net_null", ""},
		{"fewer drivers", "--no-pci -d x.so", "--no-pci", "warned"},
		{"the same drivers", "--no-pci -d x.so", "--no-pci -d x.so", "--no-pci -d x.so"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			primary, _, err := parseOptions(strings.Fields(tc.primary))
			require.NoError(t, err)
			o, _, err := parseOptions(strings.Fields(tc.secondary))
			require.NoError(t, err)
			warned := 0
			err = (&facts{Options: primary.values}).checkDevices(o, func(string, ...any) { warned++ })
			if tc.gets == "" {
				var a *AttachError
				require.ErrorAs(t, err, &a)
				require.ErrorIs(t, err, dpdk.ErrMismatch)
				assert.NotEmpty(t, a.Primary)
				assert.NotEmpty(t, a.Secondary)
				assert.NotEmpty(t, a.Fix)
				return
			}
			require.NoError(t, err)
			if tc.gets == "warned" {
				assert.Equal(t, 1, warned)
				return
			}
			assert.Zero(t, warned)
			assert.Equal(t, tc.gets, strings.Join(o.argv(), " "))
		})
	}
}

func TestOpsMayBeFewerOrMoreButNotOthers(t *testing.T) {
	f := &facts{Ops: []string{"a", "b", "c"}}
	for own, fits := range map[string]bool{"a b c": true, "a b": true, "": true, "a b c d": true, "b a c": false, "a c": false} {
		err := f.checkOps(strings.Fields(own))
		if fits {
			assert.NoError(t, err, own)
			continue
		}
		require.ErrorIs(t, err, dpdk.ErrMismatch, own)
		assert.Contains(t, err.Error(), "primary: a, b, c", own)
	}
}

// It cannot be had with libraries that are linked: all are, in primaries too.
func TestAStartThatMissesATailQueueNamesIt(t *testing.T) {
	there := func() []string { return []string{"RTE_RING", "RTE_HASH"} }
	assert.Nil(t, moreLibraries([]string{"EAL: something else"}, there))
	err := moreLibraries([]string{"EAL: x", "EAL: Cannot initialize tailq: RTE_LPM"}, there)
	require.ErrorIs(t, err, dpdk.ErrMismatch)
	assert.Contains(t, err.Error(), "primary has RTE_RING RTE_HASH, secondary has RTE_LPM too")
}

func TestASecondarysConfigIsOneThatEALTakes(t *testing.T) {
	primary, _, err := parseOptions(strings.Fields("-a 01:00.0 -d y.so --huge-dir /h --base-virtaddr=0x200000000 --vdev net_null0 " +
		"--legacy-mem --single-file-segments --match-allocations --vfio-intr msix --vfio-vf-token abc"))
	require.NoError(t, err)
	cfg := Config{ProcessType: Secondary, FilePrefix: "p"}
	cfg.fill(&facts{IOVA: "pa", Options: primary.values})
	assert.Equal(t, Config{ProcessType: Secondary, FilePrefix: "p", Allow: []string{"01:00.0"}, DriverPaths: []string{"y.so"}, HugeDir: "/h",
		BaseVirtAddr: 0x200000000, IOVAMode: IOVAPhysical,
		Extra: []string{"--legacy-mem", "--match-allocations", "--single-file-segments", "--vfio-intr=msix", "--vfio-vf-token=abc"}}, cfg)
	args, err := cfg.args()
	require.NoError(t, err)
	_, err = planOf(args...)
	require.NoError(t, err)
}

func TestBuildFactsTellBuildsApart(t *testing.T) {
	f := buildFacts()
	assert.Regexp(t, `^DPDK \d\d\.\d\d\.\d+`, f.DPDK)
	assert.True(t, strings.HasPrefix(f.DPDK, "DPDK "+f.Headers), f.Headers)
	for _, name := range []string{"RTE_MAX_LCORE", "RTE_CACHE_LINE_SIZE", "sizeof(struct rte_mbuf)", "sizeof(struct rte_ring)"} {
		assert.NotZero(t, f.Build[name], name)
	}
	for name := range f.Build {
		other := buildFacts()
		other.Build[name]++
		var a *AttachError
		require.ErrorAs(t, other.checkBuild(&f, func(string, ...any) {}), &a)
		assert.Equal(t, name, a.What)
		assert.Equal(t, fmt.Sprint(f.Build[name]), a.Secondary)
	}
}
