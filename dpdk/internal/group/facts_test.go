//go:build linux

package group

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// optionsOf reads options as package eal does.
func optionsOf(line string) Options {
	long := map[string]string{"-a": "allow", "-b": "block", "-d": "driver-path", "-m": "memory-size", "--vdev": "vdev"}
	all := Options{}
	for words := strings.Fields(line); len(words) > 0; words = words[1:] {
		if words[0] == "--no-pci" {
			all["no-pci"] = append(all["no-pci"], "")
			continue
		}
		name := long[words[0]]
		words = words[1:]
		all[name] = append(all[name], words[0])
	}
	return all
}

func TestDevicesOfASecondaryAreThePrimarysOrFewer(t *testing.T) {
	for _, tc := range []struct {
		name, primary, secondary string
		gets                     string // "" is a refusal
	}{
		{"no choice takes all", "", "-m 8", "-m 8"},
		{"no choice takes no-pci", "--no-pci", "-m 8", "-m 8 --no-pci"},
		{"no choice takes allow", "-a 01:00.0 -a 02:00.0,x=1", "", "--allow=01:00.0 --allow=02:00.0,x=1"},
		{"no choice takes block", "-b 01:00.0", "", "--block=01:00.0"},
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
			warned := 0
			adopted, err := (&Facts{Options: optionsOf(tc.primary)}).checkDevices(optionsOf(tc.secondary), func(string, ...any) { warned++ })
			if tc.gets == "" {
				var a *Mismatch
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
			gets := strings.Fields(tc.secondary)
			for _, o := range adopted {
				gets = append(gets, strings.TrimSuffix("--"+o.Name+"="+o.Value, "="))
			}
			assert.Equal(t, tc.gets, strings.Join(gets, " "))
		})
	}
}

func TestCheckOpsRefusesOtherOps(t *testing.T) {
	f := &Facts{Ops: []string{"a", "b", "c"}}
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

// EAL itself cannot reach this here: this binary links all libraries, and so does its primary.
func TestMoreLibrariesNamesTheMissingTailQueue(t *testing.T) {
	there := func() []string { return []string{"RTE_RING", "RTE_HASH"} }
	assert.Nil(t, moreLibraries([]string{"EAL: something else"}, there))
	err := moreLibraries([]string{"EAL: x", "EAL: Cannot initialize tailq: RTE_LPM"}, there)
	require.ErrorIs(t, err, dpdk.ErrMismatch)
	assert.Contains(t, err.Error(), "primary has RTE_RING RTE_HASH, secondary has RTE_LPM too")
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
		var a *Mismatch
		require.ErrorAs(t, other.checkBuild(&f, func(string, ...any) {}), &a)
		assert.Equal(t, name, a.What)
		assert.Equal(t, fmt.Sprint(f.Build[name]), a.Secondary)
	}
}

func TestInvalidPublishedOptionsAreRefused(t *testing.T) {
	for _, text := range []string{`{"allow":[]}`, `{"allow":null}`, `{"vdev":[]}`, `{"no-pci":[]}`, `{"huge-dir":null}`, `{"base-virtaddr":[]}`,
		`{"block":["a\u0000b"]}`, `{"block":["a\nb"]}`, `{"allow":[""]}`} {
		dir, p := primaryTable(t)
		primaryFile(t, dir, magicWord(), true)
		f := buildFacts()
		head, err := json.Marshal(&f)
		require.NoError(t, err)
		line := strings.Replace(string(head), `"Options":null`, `"Options":`+text, 1)
		require.Contains(t, line, text)
		_, err = p.file.WriteAt([]byte(line+"\n"), 0)
		require.NoError(t, err)
		_, err = Look(context.Background(), rundir.Path("p"))
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), "restart the primary", text)
		p.close()
	}
}

func TestOtherMountOfHugepagesIsRefused(t *testing.T) {
	dir := t.TempDir()
	var st unix.Stat_t
	require.NoError(t, unix.Stat(dir, &st))
	f := &Facts{Mounts: map[string]mount{dir: {st.Dev, st.Ino}}}
	require.NoError(t, f.checkMounts())

	f.Mounts[dir] = mount{st.Dev, st.Ino + 1}
	err := f.checkMounts()
	require.ErrorIs(t, err, dpdk.ErrMismatch)
	for _, part := range []string{dir, fmt.Sprintf("inode %d", st.Ino), fmt.Sprintf("inode %d", st.Ino+1), "volume"} {
		assert.Contains(t, err.Error(), part)
	}
	require.NoError(t, os.Remove(dir))
	assert.ErrorContains(t, f.checkMounts(), "no such file")
}
