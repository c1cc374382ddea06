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
	const a, b, c = "0000:03:00.0", "0001:03:00.0", "0000:af:1d.1"
	for _, entry := range []string{a, b, c, "bind", "module"} {
		require.NoError(t, os.Mkdir(filepath.Join(uioDriver, entry), 0o700))
	}
	for args, want := range map[string][]string{
		"":                               {a, c, b},
		"--no-pci":                       nil,
		"-a 03:00.0":                     {a},
		"-a 0001:03:00.0,x=1 -a net_x0":  {b},
		"-b 0000:03:00.0 -b pci:AF:1D.1": {b},
		"-a pci:0000:03:00.0":            {a},
		"-a 0000:AF:1D.1,x=1":            {c},
		"-a 3:0.0":                       {a},
		"-a bus=pci,addr=0001:03:00.0":   {b},
		"-a vdev:net_null0":              nil,
		"-a 0000:04:00.0":                nil,
	} {
		o, _, err := parseOptions(strings.Fields(args))
		require.NoError(t, err)
		assert.Equal(t, want, o.uio(), args)
	}
	uioDriver = "/nosuch"
	assert.Empty(t, (&options{}).uio())
}
