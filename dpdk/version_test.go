package dpdk

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThisDPDKIsTheOneCompiledFor(t *testing.T) { assert.NoError(t, CheckVersion()) }

func TestVersionsThatDoNotGoTogether(t *testing.T) {
	for _, tc := range []struct {
		name           string
		built, running uint32
		want           string
	}{
		{"the same", 0x160B0B63, 0x160B0B63, ""},
		{"another stable release", 0x160B0063, 0x160B0B63, ""},
		{"a candidate of the release", 0x190B0003, 0x190B0063, ""},
		{"another month", 0x16070063, 0x160B0063, "compiled for DPDK 22.07.0, but running with DPDK 22.11.0"},
		{"another year", 0x160B0B63, 0x180B0363, "compiled for DPDK 22.11.11, but running with DPDK 24.11.3"},
		{"an older one", 0x190B0063, 0x160B0B63, "compiled for DPDK 25.11.0, but running with DPDK 22.11.11"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := checkVersion(tc.built, tc.running)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			var e *VersionError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tc.want, err.Error())
		})
	}
	assert.Equal(t, ErrNoDPDK, checkVersion(0, 0))
}
