package eal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDevicesOnUIOPCIGenericAreFound(t *testing.T) {
	defer func(before string) { uioDriver = before }(uioDriver)
	uioDriver = t.TempDir()
	const a, b = "0000:03:00.0", "0001:03:00.0"
	for _, entry := range []string{a, b, "bind", "module"} {
		require.NoError(t, os.Mkdir(filepath.Join(uioDriver, entry), 0o700))
	}
	for args, want := range map[string][]string{
		"":                              {a, b},
		"--no-pci":                      nil,
		"-a 03:00.0":                    {a},
		"-a 0001:03:00.0,x=1 -a net_x0": {b},
		"-b 0000:03:00.0":               {b},
		"-a 0000:04:00.0":               nil,
	} {
		o, _, err := parseOptions(strings.Fields(args))
		require.NoError(t, err)
		assert.Equal(t, want, o.uio(), args)
	}
	uioDriver = "/nosuch"
	assert.Empty(t, (&options{}).uio())
}
