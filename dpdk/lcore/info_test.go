package lcore

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/test/harness"
)

func TestListAndLookupDescribeEachLcore(t *testing.T) {
	asked, err := ParseLcores(harness.Lcores(0, 4))
	require.NoError(t, err)
	lcores, err := List()
	require.NoError(t, err)
	require.Len(t, lcores, len(asked))
	for i, l := range lcores {
		assert.Equal(t, asked[i].ID, l.ID)
		assert.Equal(t, asked[i].CPUs.String(), l.CPUs.String())
		assert.Equal(t, RoleEAL, l.Role)
		assert.Equal(t, l.ID == mainLcore, l.Main)
		assert.Equal(t, i, l.Index)
		got, err := Lookup(l.ID)
		require.NoError(t, err)
		assert.Equal(t, l, got)
	}
	assert.Equal(t, mainLcore, Main())
	assert.Equal(t, []int{1, 2, 3}, Workers())
	for _, id := range []int{-1, 4, Max, 1 << 40} {
		_, err := Lookup(id)
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.ErrorContains(t, err, "use one of [0 1 2 3]")
	}
}

func TestWorkersOnReturnsTheWorkersOfASocket(t *testing.T) {
	var on []int
	sockets := map[dpdk.SocketID]bool{}
	for _, id := range Workers() {
		l, err := Lookup(id)
		require.NoError(t, err)
		if !sockets[l.Socket] {
			sockets[l.Socket] = true
			on = append(on, WorkersOn(l.Socket)...)
		}
	}
	assert.ElementsMatch(t, Workers(), on, "each on one socket")
	assert.Equal(t, Workers(), WorkersOn(dpdk.AnySocket))
	assert.Empty(t, WorkersOn(dpdk.Socket(63)))
	assert.Empty(t, WorkersOn(dpdk.Socket(-1)))
}

func TestRoleString(t *testing.T) {
	for role, want := range map[Role]string{RoleEAL: "EAL", RoleOff: "off", RoleService: "service", RoleRegistered: "registered", 77: "Role(77)"} {
		assert.Equal(t, want, role.String())
	}
}
