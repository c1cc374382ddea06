package eal

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

// lines makes arguments of a fuzzer's string, one a line; "" is none.
func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func FuzzParseOptions(f *testing.F) {
	for _, s := range []string{
		"", "-l0-1\n-n\n4\n--\nx\n-h", "--lcores=0@(0,1)\n--proc-type\nauto\n--file-prefix=x", "-vh", "-h", "--he", "--lo=help",
		"--log-level=help", "--log-level\nhelp", "--no-h", "--", "-", "x", "-m", "--proc-type=auto\n--pro=secondary\n-m8",
		"--huge-unlink=never\n--huge-unlink", "-d\n--help", "--vdev\n--\n--no-pci", "--=x", "--proc-type", "--file-prefix=\x00", "-a\nb\n-b\nc", "-R1\n-c1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		args := lines(s)
		before := slices.Clone(args)
		o, rest, err := parseOptions(args)
		require.Equal(t, before, args, "the caller's arguments are the caller's")
		if err != nil {
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			return
		}
		eal := args
		if rest != nil {
			end := len(args) - len(rest)
			require.Equal(t, "--", args[end-1])
			require.Equal(t, args[end:], rest, "the application's are kept as they are")
			eal = args[:end-1]
		}
		for _, arg := range eal {
			require.NotContains(t, arg, "\x00")
		}

		// Nothing makes --help behind it acceptable.
		for _, help := range []string{"-h", "--help", "--he", "-vh"} {
			_, err := planOf(append(slices.Clone(eal), help)...)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
		}
		p, err := o.check()
		if err != nil {
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			require.NotContains(t, err.Error(), "\x00")
			return
		}
		require.NotContains(t, o.values, "help")
		require.NotContains(t, o.values["log-level"], "help")
		require.NotEmpty(t, p.prefix)
		require.NotContains(t, p.prefix, "/")

		// What EAL gets means what was given, each option written out and, unless
		// EAL takes all of several, once.
		argv := o.argv()
		again, rest, err := parseOptions(argv)
		require.NoError(t, err)
		require.Nil(t, rest)
		require.Equal(t, argv, again.argv())
		require.NotContains(t, again.values, "proc-type")
		for name, values := range o.values {
			switch {
			case name == "proc-type":
			case repeatable[name]:
				require.Equal(t, values, again.values[name], name)
			default:
				require.Equal(t, values[len(values)-1:], again.values[name], name)
			}
		}
		for _, g := range again.given {
			long, _, _ := strings.Cut(strings.TrimPrefix(g.args[0], "--"), "=")
			require.Contains(t, known, g.name)
			require.True(t, long == g.name || short[g.args[0][1]] == g.name, "%q is not %q in full", g.args[0], g.name)
		}
	})
}

func FuzzConfig(f *testing.F) {
	f.Add(0, "demo", "0-1", 0, 64, 64, "0000:01:00.0", "net_null0,size=64", "*:debug", uint8(0), "-n\n4")
	f.Add(1, "", "", 1, 0, 0, "", "", "", uint8(1), "")
	f.Add(2, "a/b", "0@0", 0, -1, -1, "--", "--help", "help", uint8(2), "--help")
	f.Add(3, "\x00", "(0", -1, 1, 1, "-h", "", "", uint8(255), "--proc-type=secondary\n--")
	f.Add(2, "%n", "0", 0, 1, 0, "", "", "", uint8(4), "--file-prefix=x")
	f.Fuzz(func(t *testing.T, role int, prefix, lcores string, main, mb, socketMB int, allow, vdev, level string, bits uint8, extra string) {
		cfg := Config{
			ProcessType: ProcessType(role), FilePrefix: prefix, Lcores: lcores, MainLcore: main, MemoryMB: mb,
			NoHuge: bits&1 != 0, InMemory: bits&2 != 0, NoPCI: bits&4 != 0, IOVAMode: IOVAMode(bits >> 3 & 3),
			Allow: lines(allow), Vdevs: lines(vdev), LogLevels: lines(level), Extra: lines(extra),
		}
		if socketMB != 0 {
			cfg.SocketMemoryMB = []int{socketMB}
		}
		args, err := cfg.args()
		if err != nil {
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			return
		}
		if role < 0 || role > 2 || main < 0 || mb < 0 || socketMB < 0 {
			t.Fatalf("accepted: %+v", cfg)
		}
		o, rest, err := parseOptions(args)
		if err != nil {
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			return
		}
		p, checked := o.check()
		if checked != nil {
			require.ErrorIs(t, checked, dpdk.ErrInvalid)
		}

		// Values are values, whatever they look like: a field never becomes
		// another option, and only Extra can end the options.
		if len(cfg.Extra) > 0 {
			return
		}
		require.Nil(t, rest)
		require.Equal(t, cfg.Allow, o.values["allow"])
		require.Equal(t, cfg.Vdevs, o.values["vdev"])
		require.Equal(t, cfg.LogLevels, o.values["log-level"])
		require.Equal(t, cfg.FilePrefix, o.last("file-prefix"))
		require.Equal(t, cfg.Lcores, o.last("lcores"))
		require.Equal(t, cfg.NoHuge, o.has("no-huge"))
		require.Equal(t, cfg.InMemory, o.has("in-memory"))
		require.Equal(t, cfg.NoPCI, o.has("no-pci"))
		require.Equal(t, cfg.ProcessType.String(), o.last("proc-type"))
		require.False(t, o.has("help"))
		if checked == nil {
			require.Equal(t, cfg.ProcessType, p.role)
			require.Equal(t, !cfg.InMemory, p.shared)
			if cfg.FilePrefix != "" {
				require.Equal(t, cfg.FilePrefix, p.prefix)
			}
			if cfg.NoHuge || cfg.InMemory {
				require.Equal(t, Primary, p.role)
			}
		}
	})
}
