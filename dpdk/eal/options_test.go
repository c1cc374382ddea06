package eal

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

func TestOptionsAreTakenApartAsGetoptDoes(t *testing.T) {
	type values = map[string][]string
	for _, tc := range []struct {
		name   string
		args   []string
		values values
		eal    []string // what EAL gets; nil for all of args
		rest   []string
	}{
		{"nothing", nil, values{}, nil, nil},
		{"short with its value", []string{"-l0-1"}, values{"lcores": {"0-1"}}, nil, nil},
		{"short, value behind", []string{"-l", "0-1"}, values{"lcores": {"0-1"}}, nil, nil},
		{"short with =", []string{"-l=0"}, values{"lcores": {"0"}}, nil, nil},
		{"long with =", []string{"--lcores=0@(0,1)"}, values{"lcores": {"0@(0,1)"}}, nil, nil},
		{"long, value behind", []string{"--lcores", "0-1"}, values{"lcores": {"0-1"}}, nil, nil},
		{"value with = in it", []string{"--vdev=net_null0,size=64"}, values{"vdev": {"net_null0,size=64"}}, nil, nil},
		{"value that looks like an option", []string{"-d", "-h"}, values{"driver-path": {"-h"}}, nil, nil},
		{"value that looks like the end", []string{"--vdev", "--", "--no-pci"}, values{"vdev": {"--"}, "no-pci": {""}}, nil, nil},
		{"several short ones", []string{"-vA"}, values{"version": {""}, "no-auto-probing": {""}}, []string{"-v", "-A"}, nil},
		{"several short ones, the last with a value", []string{"-vl0"}, values{"version": {""}, "lcores": {"0"}}, []string{"-v", "-l0"}, nil},
		{"several short ones, the value behind", []string{"-vl", "0"}, values{"version": {""}, "lcores": {"0"}}, []string{"-v", "-l", "0"}, nil},
		{"help among short ones", []string{"-vh"}, values{"version": {""}, "help": {""}}, []string{"-v", "-h"}, nil},
		{"a value ends short ones", []string{"-lh"}, values{"lcores": {"h"}}, nil, nil},
		{"abbreviation", []string{"--file-p=x", "--no-hu"}, values{"file-prefix": {"x"}, "no-huge": {""}}, []string{"--file-prefix=x", "--no-huge"}, nil},
		{"abbreviation, value behind", []string{"--file-p", "x"}, values{"file-prefix": {"x"}}, []string{"--file-prefix", "x"}, nil},
		{"the whole name of which another begins", []string{"--trace", "lib.eal.*", "--lcores", "0"}, values{"trace": {"lib.eal.*"}, "lcores": {"0"}}, nil, nil},
		{"optional value", []string{"--huge-unlink=never", "--huge-unlink"}, values{"huge-unlink": {"never", ""}}, []string{"--huge-unlink"}, nil},
		{"twice", []string{"-a", "x", "--allow=y"}, values{"allow": {"x", "y"}}, nil, nil},
		{"twice, of which the last counts", []string{"-m", "8", "--no-pci", "-m9", "--no-pci"}, values{"memory-size": {"8", "9"}, "no-pci": {"", ""}}, []string{"-m9", "--no-pci"}, nil},
		{"twice under two names", []string{"-m", "8", "--memory-size=9"}, values{"memory-size": {"8", "9"}}, []string{"--memory-size=9"}, nil},
		{"lcores go last", []string{"-l", "0", "-n", "4", "--lcores=1", "-v"}, values{"lcores": {"0", "1"}, "memory-channels": {"4"}, "version": {""}}, []string{"-n", "4", "-v", "--lcores=1"}, nil},
		{"unknown long", []string{"--new-in-27=5"}, values{"new-in-27": {"5"}}, nil, nil},
		{"unknown short", []string{"-Z"}, values{"-Z": {""}}, nil, nil},
		{"process type is left out", []string{"--no-pci", "--proc-type=auto", "-m", "8"}, values{"no-pci": {""}, "proc-type": {"auto"}, "memory-size": {"8"}}, []string{"--no-pci", "-m", "8"}, nil},
		{"process type, value behind", []string{"--proc-type", "auto", "-m", "8"}, values{"proc-type": {"auto"}, "memory-size": {"8"}}, []string{"-m", "8"}, nil},
		{"process type, abbreviated", []string{"--pro=auto"}, values{"proc-type": {"auto"}}, []string{}, nil},
		{"application arguments", []string{"-m8", "--", "-h", "--", "a\x00"}, values{"memory-size": {"8"}}, []string{"-m8"}, []string{"-h", "--", "a\x00"}},
		{"no application arguments behind --", []string{"--"}, values{}, []string{}, []string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o, rest, err := parseOptions(tc.args)
			require.NoError(t, err)
			if tc.eal == nil {
				tc.eal = tc.args
			}
			assert.Equal(t, tc.values, o.values)
			assert.Equal(t, append([]string{}, tc.eal...), append([]string{}, o.argv()...))
			assert.Equal(t, tc.rest, rest)
		})
	}
}

func TestCommandLinesThatAreRefused(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		says string
	}{
		{"stray argument", []string{"-m", "8", "x"}, `"x" is not an EAL option: put arguments of the application after --`},
		{"empty argument", []string{""}, "is not an EAL option"},
		{"single dash", []string{"-"}, "is not an EAL option"},
		{"stray behind an optional value", []string{"--huge-unlink", "never"}, `"never" is not an EAL option`},
		{"long without its value", []string{"--file-prefix"}, "--file-prefix needs a value"},
		{"short without its value", []string{"-l"}, "-l needs a value"},
		{"several short ones without the value", []string{"-vl"}, "-vl needs a value"},
		{"NUL", []string{"--file-prefix=a\x00b"}, "NUL"},
		{"NUL in the value behind", []string{"--file-prefix", "a\x00b"}, "NUL"},
		{"value for an option that takes none", []string{"--no-pci=1"}, "--no-pci takes no value"},
		{"empty value for an option that takes none", []string{"--in-memory="}, "--in-memory takes no value"},
		{"unknown", []string{"--no-such-option"}, "EAL has no option --no-such-option"},
		{"unknown letter", []string{"-Z"}, "EAL has no option -Z"},
		{"unknown letter among known ones", []string{"-vZ"}, "EAL has no option -Z"},
		{"ambiguous", []string{"--no-h"}, "--no-h may mean --no-hpet or --no-huge"},
		// Only 24.07 and newer have --log-color; to older ones this is
		// --log-level=help, on which they exit.
		{"ambiguous to some DPDK", []string{"--lo=help"}, "--lo may mean --log-color or --log-level or --log-timestamp"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := planOf(tc.args...)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Contains(t, err.Error(), tc.says)
			assert.NotContains(t, err.Error(), "\x00")
		})
	}
}

func TestWhatMakesEALExitIsRefused(t *testing.T) {
	for _, args := range [][]string{
		{"-h"}, {"--help"}, {"--help=x"}, {"--he"}, {"-vh"}, {"-hv"}, {"-h", "--"}, {"-m", "8", "--no-pci", "-h"}, {"-hl0"},
		{"--log-level=help"}, {"--log-level", "help"}, {"--log-l=help"}, {"--log-level=debug", "--log-level=help", "--log-level=info"},
	} {
		_, err := planOf(args...)
		require.ErrorIs(t, err, dpdk.ErrInvalid, "%q", args)
		assert.Contains(t, err.Error(), "print and exit", "%q", args)
	}
	for _, args := range [][]string{{"--", "-h"}, {"-d", "help"}, {"--vdev", "--help"}} {
		_, err := planOf(args...)
		assert.NoError(t, err, "%q", args)
	}
}

// getopt's own table must not disagree with ours on a letter.
func TestShortOptionsStandForKnownOnes(t *testing.T) {
	for letter, name := range short {
		_, ok := known[name]
		assert.True(t, ok, "-%c is --%s, which is not known", letter, name)
	}
}
