package flow_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
	"github.com/godpdk/godpdk/test/flowfake"
)

// Drivers use the variables of DPDK.
func TestMetadataIsWhereDriversPutIt(t *testing.T) {
	d, err := flow.RegisterMetadata()
	require.NoError(t, err)
	again, err := flow.RegisterMetadata()
	require.NoError(t, err)
	assert.Equal(t, d, again)

	m, ok := newPool(t).Alloc()
	require.True(t, ok)
	defer m.Free()
	_, ok = d.Get(m)
	assert.False(t, ok)
	flowfake.SetMetadata(unsafe.Pointer(m), 0xcafe)
	value, ok := d.Get(m)
	assert.True(t, ok)
	assert.Equal(t, uint32(0xcafe), value)
	d.Set(m, 0xbeef)
	assert.Equal(t, uint32(0xbeef), flowfake.Metadata(unsafe.Pointer(m)))
}
