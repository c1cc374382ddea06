package lcore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/cpulist"
)

func FuzzParseLcores(f *testing.F) {
	for _, s := range []string{
		"", "0", "0-3,5", "2@0", "(0-1)@(4-7)", "(2,3)", "(0,2)@(1-3)", "1@(3,2,3)", "0,0", "3-1", "-1", "128", "0@1024", "((", "0@", "0-",
		"1,2@(5-7),(3-5)@(0,2),(0,6),7-8", "99999999999999999999", "0\x00", "(0-127)@(0-1023)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		lcores, err := ParseLcores(list)
		if err != nil {
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			require.Nil(t, lcores)
			return
		}
		require.NotEmpty(t, lcores)
		var again []string
		for i, l := range lcores {
			require.True(t, l.ID >= 0 && l.ID < cgo.MaxLcore, "lcore %d", l.ID)
			require.True(t, i == 0 || lcores[i-1].ID < l.ID, "sorted, each once: %v", lcores)
			require.NotEmpty(t, l.CPUs)
			for j, cpu := range l.CPUs {
				require.True(t, cpu >= 0 && cpu < cpulist.MaxCPU, "CPU %d", cpu)
				require.True(t, j == 0 || l.CPUs[j-1] < cpu, "sorted, each once: %v", l.CPUs)
			}
			cpus := strings.ReplaceAll(strings.Trim(fmt.Sprint([]int(l.CPUs)), "[]"), " ", ",")
			again = append(again, fmt.Sprintf("%d@(%s)", l.ID, cpus))
		}
		// Parsing the list written in full gives the same result.
		same, err := ParseLcores(strings.Join(again, ","))
		require.NoError(t, err)
		require.Equal(t, lcores, same)

		// Parsing the short form gives the same result too, and the short form is stable.
		short := lcores.String()
		same, err = ParseLcores(short)
		require.NoError(t, err, short)
		require.Equal(t, lcores, same, short)
		require.Equal(t, short, same.String())
		require.LessOrEqual(t, len(short), len(strings.Join(again, ",")))
	})
}

func FuzzParseCPUs(f *testing.F) {
	for _, s := range []string{"", "0", "0-3,5", "(2,3)", "1023", "1024", "3-1", "(0", "0)", "()", "0@1", "1,1,0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		cpus, err := ParseCPUs(list)
		if err != nil {
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			require.Nil(t, cpus)
			return
		}
		require.NotEmpty(t, cpus)
		require.Equal(t, CPUs(cpus...), cpus, "sorted, each once")
		again, err := ParseCPUs(cpus.String())
		require.NoError(t, err)
		require.Equal(t, cpus, again)
		// The set is the same after an @.
		if !strings.HasPrefix(list, "(") {
			list = "(" + list + ")"
		}
		lcores, err := ParseLcores("0@" + list)
		require.NoError(t, err)
		require.Equal(t, Lcores{{0, cpus}}, lcores)
	})
}
