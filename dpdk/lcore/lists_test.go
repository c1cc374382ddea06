//go:build linux

package lcore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// brief writes lcores as "id:cpu,cpu id:cpu".
func brief(lcores []Lcore) string {
	var items []string
	for _, l := range lcores {
		items = append(items, fmt.Sprintf("%d:%s", l.ID, strings.ReplaceAll(strings.Trim(fmt.Sprint([]int(l.CPUs)), "[]"), " ", ",")))
	}
	return strings.Join(items, " ")
}

func TestParseLcores(t *testing.T) {
	for _, tc := range []struct{ list, want string }{
		{"0", "0:0"},
		{"5", "5:5"},
		{"0,1", "0:0 1:1"},
		{"0-3", "0:0 1:1 2:2 3:3"},
		{"0-3,5", "0:0 1:1 2:2 3:3 5:5"},
		{"5,0-1", "0:0 1:1 5:5"},
		{"2-2", "2:2"},
		{"007", "7:7"},
		{"127", "127:127"},
		{"2@0", "2:0"},
		{"2@0,1@0", "1:0 2:0"},
		{"0@0-2", "0:0,1,2"},
		{"0@(0,2)", "0:0,2"},
		{"0@1023", "0:1023"},
		{"(0-1)@4", "0:4 1:4"},
		{"(0-1)@4-5", "0:4,5 1:4,5"},
		{"(2,3)", "2:2,3 3:2,3"},
		{"(1)", "1:1"},
		{"(0-1)@(4-7)", "0:4,5,6,7 1:4,5,6,7"},
		{"(0,2)@(1-3)", "0:1,2,3 2:1,2,3"},
		{"(0,2-3)@(1,5-6)", "0:1,5,6 2:1,5,6 3:1,5,6"},
		{"1@(3,2,3)", "1:2,3"}, // CPUs are a set
		{"(3,2)", "2:2,3 3:2,3"},
		// From EAL's own documentation of --lcores.
		{"1,2@(5-7),(3-5)@(0,2),(0,6),7-8", "0:0,6 1:1 2:5,6,7 3:0,2 4:0,2 5:0,2 6:0,6 7:7 8:8"},
	} {
		t.Run(tc.list, func(t *testing.T) {
			got, err := ParseLcores(tc.list)
			require.NoError(t, err)
			assert.Equal(t, tc.want, brief(got))
		})
	}
}

func TestParseLcoresRefusesBadLists(t *testing.T) {
	require.Equal(t, 128, cgo.MaxLcore, "the table below is for builds with this many")
	for _, tc := range []struct{ list, text string }{
		{"", "expected a number at the end"},
		{" ", `expected a number at " "`},
		{"a", `expected a number at "a"`},
		{"-1", `expected a number at "-1"`},
		{"0-", "expected a number at the end"},
		{"0-a", "expected a number"},
		{"-", "expected a number"},
		{",", "expected a number"},
		{"0,", "expected a number at the end"},
		{",0", "expected a number"},
		{"0,,1", "expected a number"},
		{"0 1", "expected a comma"},
		{"0-1-2", "expected a comma"},
		{"0@", "expected a number at the end"},
		{"@0", "expected a number"},
		{"0@@1", "expected a number"},
		{"0@1@2", "expected a comma"},
		{"0-1@4", "parentheses"},
		{"0-0@4", "parentheses"},
		{"(", "expected a number at the end"},
		{")", "expected a number"},
		{"()", "expected a number"},
		{"(0", "expected a comma or a closing parenthesis at the end"},
		{"(0,)", "expected a number"},
		{"((0))", "expected a number"},
		{"0)", "expected a comma"},
		{"(0)(1)", "expected a comma"},
		{"0x1", "expected a comma"},
		{"0.5", "expected a comma"},
		{"٣", "expected a number"},
		{"0\x00", "expected a comma"},
		{"3-1", "3-1 runs backwards"},
		{"0@3-1", "3-1 runs backwards"},
		{"128", "128 is too large: the limit is 127"},
		{"0-128", "128 is too large"},
		{"(0-128)", "128 is too large"},
		{"99999999999999999999", "is too large"},
		{"0@1024", "1024 is too large: the limit is 1023"},
		{"0,0", "lcore 0 is named twice"},
		{"0-3,2", "lcore 2 is named twice"},
		{"(1,1)", "lcore 1 is named twice"},
		{"0@1,0@2", "lcore 0 is named twice"},
		{"0@(" + strings.Repeat("0-1023,", 8) + "0)", "too many numbers in a group"},
	} {
		t.Run(tc.list, func(t *testing.T) {
			got, err := ParseLcores(tc.list)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Nil(t, got)
			assert.Contains(t, err.Error(), tc.text)
		})
	}
}

func TestLcoresStringIsShort(t *testing.T) {
	for _, tc := range []struct{ list, want string }{
		{"0", "0"},
		{"3,2,1,0", "0-3"},
		{"0,1", "0,1"},
		{"0,2,4-6", "0,2,4-6"},
		{"0-3,(4-7)@8", "0-3,(4-7)@8"},
		{"0-3,(4-7)@(8,10)", "0-3,(4-7)@(8,10)"},
		{"(0,2)@(1-3)", "(0,2)@1-3"},
		{"(2,3)", "(2,3)@(2,3)"},
		{"5@5", "5"},
		{"1@0,0@0", "0,1@0"},
		{"1-2,4@0", "1,2,4@0"},
		{"1@0,2@0,4@0", "(1,2,4)@0"},
		{"1,2@(5-7),(3-5)@(0,2),(0,6),7-8", "0@(0,6),1,2@5-7,(3-5)@(0,2),6@(0,6),7,8"},
	} {
		t.Run(tc.list, func(t *testing.T) {
			lcores, err := ParseLcores(tc.list)
			require.NoError(t, err)
			assert.Equal(t, tc.want, lcores.String())
			text, err := lcores.MarshalText()
			require.NoError(t, err)
			var again Lcores
			require.NoError(t, again.UnmarshalText(text))
			assert.Equal(t, lcores, again)
		})
	}
	assert.Empty(t, Lcores{}.String())
	none := Lcores{{ID: 1}}
	require.NoError(t, none.UnmarshalText(nil))
	assert.Empty(t, none)
	assert.ErrorIs(t, none.UnmarshalText([]byte("x")), dpdk.ErrInvalid)
}

func TestParseCPUs(t *testing.T) {
	for _, tc := range []struct {
		list string
		want CPUSet
		text string
	}{
		{"0", CPUSet{0}, "0"},
		{"3,1-2", CPUSet{1, 2, 3}, "1-3"},
		{"(1,0)", CPUSet{0, 1}, "0,1"},
		{"7,7", CPUSet{7}, "7"},
	} {
		t.Run(tc.list, func(t *testing.T) {
			got, err := ParseCPUs(tc.list)
			require.NoError(t, err)
			assert.Equal(t, tc.want, got)
			assert.Equal(t, tc.text, got.String())
		})
	}
	for _, tc := range []struct{ list, text string }{
		{"", "expected a number"}, {"()", "expected a number"}, {"0@1", "expected a comma"}, {"(0)1", "expected the end"}, {"(0", "at the end"},
		{"0)", `expected the end at ")"`}, {"1024", "the limit is 1023"}, {"2-1", "runs backwards"}, {"-1", "expected a number"},
	} {
		t.Run("refused: "+tc.list, func(t *testing.T) {
			got, err := ParseCPUs(tc.list)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Nil(t, got)
			assert.Contains(t, err.Error(), tc.text)
			assert.Contains(t, err.Error(), fmt.Sprintf("CPUs %q", tc.list))
		})
	}
	s := CPUs(5, 1, 5)
	assert.Equal(t, CPUSet{1, 5}, s)
	assert.True(t, s.Has(5))
	assert.False(t, s.Has(3))
	assert.Empty(t, CPUSet(nil).String())
}
