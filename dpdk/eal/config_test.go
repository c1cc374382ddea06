package eal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

func TestConfigBecomesEALOptions(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  Config
		want []string // behind the process type
	}{
		{"zero value", Config{}, nil},
		{"FilePrefix", Config{FilePrefix: "demo"}, []string{"--file-prefix=demo"}},
		{"Lcores", Config{Lcores: "0-1,2@0"}, []string{"--lcores=0-1,2@0"}},
		{"MainLcore", Config{MainLcore: 3}, []string{"--main-lcore=3"}},
		{"MemoryMB", Config{MemoryMB: 64}, []string{"-m", "64"}},
		{"SocketMemoryMB of one socket", Config{SocketMemoryMB: []int{64}}, []string{"--socket-mem=64"}},
		{"SocketMemoryMB of several", Config{SocketMemoryMB: []int{64, 0, 128}}, []string{"--socket-mem=64,0,128"}},
		{"HugeDir", Config{HugeDir: "/mnt/huge pages"}, []string{"--huge-dir=/mnt/huge pages"}},
		{"NoHuge", Config{NoHuge: true}, []string{"--no-huge"}},
		{"InMemory", Config{InMemory: true}, []string{"--in-memory"}},
		{"BaseVirtAddr", Config{BaseVirtAddr: 0x10_0000_0000}, []string{"--base-virtaddr=0x1000000000"}},
		{"IOVAPhysical", Config{IOVAMode: IOVAPhysical}, []string{"--iova-mode=pa"}},
		{"IOVAVirtual", Config{IOVAMode: IOVAVirtual}, []string{"--iova-mode=va"}},
		{"VFIOLegacy", Config{VFIOInterrupts: VFIOLegacy}, []string{"--vfio-intr=legacy"}},
		{"VFIOMSI", Config{VFIOInterrupts: VFIOMSI}, []string{"--vfio-intr=msi"}},
		{"VFIOMSIX", Config{VFIOInterrupts: VFIOMSIX}, []string{"--vfio-intr=msix"}},
		{"Allow", Config{Allow: []string{"0000:01:00.0", "0000:01:00.1"}}, []string{"-a", "0000:01:00.0", "-a", "0000:01:00.1"}},
		{"Block", Config{Block: []string{"0000:01:00.0"}}, []string{"-b", "0000:01:00.0"}},
		{"NoPCI", Config{NoPCI: true}, []string{"--no-pci"}},
		{"Vdevs", Config{Vdevs: []string{"net_null0,size=64", "net_null1"}}, []string{"--vdev", "net_null0,size=64", "--vdev", "net_null1"}},
		{"DriverPaths", Config{DriverPaths: []string{"/a.so"}}, []string{"-d", "/a.so"}},
		{"LogLevels", Config{LogLevels: []string{"lib.eal:debug", "*:info"}}, []string{"--log-level", "lib.eal:debug", "--log-level", "*:info"}},
		{"Extra comes last", Config{NoPCI: true, Extra: []string{"-n", "4"}}, []string{"--no-pci", "-n", "4"}},
		{"everything, in order", Config{
			FilePrefix: "p", Lcores: "1", MainLcore: 1, MemoryMB: 8, SocketMemoryMB: []int{4, 4}, HugeDir: "/h", NoHuge: true,
			InMemory: true, BaseVirtAddr: 1, IOVAMode: IOVAVirtual, NoPCI: true, Allow: []string{"a"}, Block: []string{"b"},
			Vdevs: []string{"v"}, DriverPaths: []string{"d"}, LogLevels: []string{"l"}, Extra: []string{"x"},
		}, []string{
			"--file-prefix=p", "--lcores=1", "--main-lcore=1", "-m", "8", "--socket-mem=4,4", "--huge-dir=/h", "--no-huge",
			"--in-memory", "--base-virtaddr=0x1", "--iova-mode=va", "--no-pci", "-a", "a", "-b", "b", "--vdev", "v", "-d", "d",
			"--log-level", "l", "x",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.cfg.args()
			require.NoError(t, err)
			assert.Equal(t, append([]string{"--proc-type=primary"}, tc.want...), got)
		})
	}
	for role, word := range map[ProcessType]string{Primary: "primary", Secondary: "secondary", Auto: "auto"} {
		got, err := (&Config{ProcessType: role}).args()
		require.NoError(t, err)
		assert.Equal(t, []string{"--proc-type=" + word}, got)
	}
}

func TestConfigWithImpossibleValuesIsRefused(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  Config
		says string
	}{
		{"process type below", Config{ProcessType: -1}, "ProcessType -1"},
		{"process type above", Config{ProcessType: 3}, "ProcessType 3"},
		{"IOVA mode", Config{IOVAMode: 3}, "IOVAMode 3"},
		{"interrupts of vfio-pci", Config{VFIOInterrupts: 4}, "VFIOInterrupts 4"},
		{"negative main lcore", Config{MainLcore: -1}, "MainLcore -1"},
		{"negative memory", Config{MemoryMB: -8}, "MemoryMB -8"},
		{"negative memory of a socket", Config{SocketMemoryMB: []int{1, -8}}, "SocketMemoryMB[1] is -8"},
		{"main lcore that cannot be", Config{MainLcore: 4096}, "MainLcore 4096: lcores are 0 to"},
		{"negative timeout", Config{PrimaryTimeout: -time.Second}, "PrimaryTimeout -1s is negative"},
		{"empty allow", Config{Allow: []string{"a", ""}}, "Allow[1] is empty"},
		{"empty block", Config{Block: []string{""}}, "Block[0] is empty"},
		{"empty vdev", Config{Vdevs: []string{""}}, "Vdevs[0] is empty"},
		{"empty driver path", Config{DriverPaths: []string{""}}, "DriverPaths[0] is empty"},
		{"empty log level", Config{LogLevels: []string{""}}, "LogLevels[0] is empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Init(tc.cfg)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Contains(t, err.Error(), tc.says)
		})
	}
}

// make1023 is memory of the socket 1023 only.
func make1023(mb int) []int { return append(make([]int, 1023), mb) }

// plan is what a command line means, or the error that refuses it.
func planOf(args ...string) (plan, error) {
	o, _, err := parseOptions(args)
	if err != nil {
		return plan{}, err
	}
	return o.check()
}

// These fail inside Init, before C: this process never starts an EAL. A start would fail with
// ErrNoPrimary, or succeed.
func TestContradictionsAreRefusedBeforeC(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  Config
		want error
		says string
	}{
		{"no-huge secondary", Config{ProcessType: Secondary, NoHuge: true}, dpdk.ErrNotShared, "--no-huge excludes --proc-type=secondary"},
		{"no-huge auto", Config{ProcessType: Auto, NoHuge: true}, dpdk.ErrNotShared, "--no-huge excludes --proc-type=auto"},
		{"in-memory secondary", Config{ProcessType: Secondary, InMemory: true}, dpdk.ErrNotShared, "--in-memory"},
		{"in-memory auto", Config{ProcessType: Auto, InMemory: true}, dpdk.ErrNotShared, "--in-memory"},
		{"no-shconf secondary", Config{ProcessType: Secondary, Extra: []string{"--no-shconf"}}, dpdk.ErrNotShared, "--no-shconf"},
		{"no-shconf auto", Config{ProcessType: Auto, Extra: []string{"--no-shconf"}}, dpdk.ErrNotShared, "--no-shconf"},
		{"abbreviated", Config{ProcessType: Secondary, Extra: []string{"--in-mem"}}, dpdk.ErrNotShared, "--in-memory"},
		{"allow and block", Config{Allow: []string{"a"}, Block: []string{"b"}}, dpdk.ErrInvalid, "--allow and --block"},
		{"allow and -b", Config{Allow: []string{"a"}, Extra: []string{"-bb"}}, dpdk.ErrInvalid, "--allow and --block"},
		{"no-huge and socket-mem", Config{NoHuge: true, SocketMemoryMB: []int{8}}, dpdk.ErrInvalid, "--no-huge and --socket-mem"},
		{"no-huge and numa-mem", Config{NoHuge: true, Extra: []string{"--numa-mem=8"}}, dpdk.ErrInvalid, "--no-huge and --numa-mem"},
		{"no-huge and huge-dir", Config{NoHuge: true, HugeDir: "/h"}, dpdk.ErrInvalid, "--no-huge and --huge-dir"},
		{"no-huge and huge-worker-stack", Config{NoHuge: true, Extra: []string{"--huge-worker-stack"}}, dpdk.ErrInvalid, "--huge-worker-stack"},
		{"no-huge and huge-worker-stack of a size", Config{NoHuge: true, Extra: []string{"--huge-worker-stack=512"}}, dpdk.ErrInvalid, "--huge-worker-stack"},
		{"no-huge and pagesz-mem", Config{NoHuge: true, Extra: []string{"--pagesz-mem", "2M:64M"}}, dpdk.ErrInvalid, "--pagesz-mem"},
		{"lcores and coremask", Config{Lcores: "0", Extra: []string{"-c", "1"}}, dpdk.ErrInvalid, "--coremask and --lcores"},
		{"main lcore is not an lcore", Config{Lcores: "0", MainLcore: 1}, dpdk.ErrInvalid, "main lcore 1 is not among the lcores 0"},
		{"bad core list", Config{Lcores: "0-"}, dpdk.ErrInvalid, "expected a number"},
		{"bad core list in Extra", Config{Extra: []string{"-l", "a"}}, dpdk.ErrInvalid, "expected a number"},
		{"negative core", Config{Lcores: "-1"}, dpdk.ErrInvalid, "expected a number"},
		{"core as large as the limit", Config{Extra: []string{"-l128"}}, dpdk.ErrInvalid, "128 is too large: the limit is 127"},
		{"CPU that no machine has", Config{Lcores: "0@1023"}, dpdk.ErrInvalid, "CPU 1023 of lcore 0 is not available"},
		{"empty core list", Config{Extra: []string{"-l", ""}}, dpdk.ErrInvalid, "--lcores has an empty value"},
		{"empty file prefix", Config{Extra: []string{"--file-prefix="}}, dpdk.ErrInvalid, "--file-prefix has an empty value"},
		{"empty value among others", Config{FilePrefix: "a", Extra: []string{"--file-prefix", ""}}, dpdk.ErrInvalid, "--file-prefix has an empty value"},
		{"empty memory", Config{Extra: []string{"-m", ""}}, dpdk.ErrInvalid, "--memory-size has an empty value"},
		{"empty channels", Config{Extra: []string{"-n", ""}}, dpdk.ErrInvalid, "--memory-channels has an empty value"},
		{"prefix with a slash", Config{FilePrefix: "a/b"}, dpdk.ErrInvalid, "leave out / and %"},
		{"prefix with a percent sign", Config{FilePrefix: "%s"}, dpdk.ErrInvalid, "leave out / and %"},
		{"prefix is this folder", Config{FilePrefix: "."}, dpdk.ErrInvalid, "file prefix"},
		{"prefix is the folder above", Config{FilePrefix: ".."}, dpdk.ErrInvalid, "file prefix"},
		{"prefix with NUL", Config{FilePrefix: "a\x00b"}, dpdk.ErrInvalid, "NUL"},
		{"process type", Config{Extra: []string{"--proc-type=both"}}, dpdk.ErrInvalid, `process type "both"`},
		{"help", Config{Extra: []string{"--help"}}, dpdk.ErrInvalid, "--help makes EAL print and exit"},
		{"log levels' help", Config{LogLevels: []string{"help"}}, dpdk.ErrInvalid, "--log-level=help makes EAL print and exit"},
		{"driver path", Config{DriverPaths: []string{"/no/such/driver.so"}}, dpdk.ErrInvalid, "/no/such/driver.so"},
		{"unknown log level", Config{LogLevels: []string{"lib.eal:loud"}}, dpdk.ErrInvalid, `the level "loud" does not exist: use one of emergency, alert, critical, error, warning, notice, info, debug`},
		{"unknown log level of all", Config{LogLevels: []string{"debug", "loud"}}, dpdk.ErrInvalid, `"loud"`},
		{"unknown log level of a regular expression", Config{LogLevels: []string{"^lib,loud"}}, dpdk.ErrInvalid, `"loud"`},
		{"no log level", Config{LogLevels: []string{"lib.eal:"}}, dpdk.ErrInvalid, `level "" does not exist`},
		{"log level 0", Config{LogLevels: []string{"lib.eal:0"}}, dpdk.ErrInvalid, `level "0" does not exist`},
		{"log level 9", Config{LogLevels: []string{"lib.eal:9"}}, dpdk.ErrInvalid, `level "9" does not exist`},
		{"log level in Extra", Config{Extra: []string{"--log-level=loud"}}, dpdk.ErrInvalid, `level "loud" does not exist`},
		{"more memory than C's int", Config{MemoryMB: 1<<32 + 1}, dpdk.ErrInvalid, `"4294967297" is not a number of MiB`},
		{"more memory of a socket than 64 bits hold", Config{SocketMemoryMB: []int{1 << 44}}, dpdk.ErrInvalid, `"17592186044416" is not a number of MiB`},
		{"memory with a unit", Config{Extra: []string{"-m", "64G"}}, dpdk.ErrInvalid, `"64G" is not a number of MiB`},
		{"memory of a socket that does not exist", Config{SocketMemoryMB: make1023(8)}, dpdk.ErrInvalid, "this machine has no NUMA socket 1023"},
		{"memory in two ways", Config{MemoryMB: 8, SocketMemoryMB: []int{8}}, dpdk.ErrInvalid, "--memory-size and --socket-mem"},
		{"base address that no process has", Config{BaseVirtAddr: 1 << 63}, dpdk.ErrInvalid, "no process can map memory there"},
		{"Extra is not an option", Config{Extra: []string{"x"}}, dpdk.ErrInvalid, `"x" is not an EAL option`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// Not by Init alone: where EAL is reached after all, some of these exit.
			args, err := tc.cfg.args()
			require.NoError(t, err)
			_, err = planOf(args...)
			require.ErrorIs(t, err, tc.want)

			rt, err := Init(tc.cfg)
			require.Nil(t, rt)
			require.ErrorIs(t, err, tc.want)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Contains(t, err.Error(), tc.says)
			assert.Nil(t, process.log, "EAL was reached")
		})
	}
}

func TestValidCombinationsAreAccepted(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want plan
	}{
		{"nothing", nil, plan{Primary, "rte", true}},
		{"no-huge with -m", []string{"--no-huge", "-m", "64"}, plan{Primary, "rte", true}},
		{"in-memory primary", []string{"--in-memory"}, plan{Primary, "rte", false}},
		{"no-shconf primary", []string{"--no-shconf", "--proc-type=primary"}, plan{Primary, "rte", false}},
		{"secondary", []string{"--proc-type=secondary", "--file-prefix=x"}, plan{Secondary, "x", true}},
		{"auto", []string{"--proc-type", "auto"}, plan{Auto, "rte", true}},
		{"the last process type counts", []string{"--proc-type=auto", "--proc-type=secondary"}, plan{Secondary, "rte", true}},
		{"the last prefix counts", []string{"--file-prefix=a", "--file-prefix", "b"}, plan{Primary, "b", true}},
		{"main lcore among the lcores", []string{"-l", "0,1@0", "--main-lcore=1"}, plan{Primary, "rte", true}},
		{"log levels", []string{"--log-level=lib.eal:debug", "--log-level", "*:warn", "--log-level=7", "--log-level=^pmd\\.net,info", "--log-level=0x8"}, plan{Primary, "rte", true}},
		{"memory of socket 0", []string{"--socket-mem=8,0,0"}, plan{Primary, "rte", true}},
		{"allow alone, twice", []string{"-a", "x", "-a", "y"}, plan{Primary, "rte", true}},
		{"driver by name", []string{"-d", "librte_net_null.so"}, plan{Primary, "rte", true}},
		{"socket-mem without no-huge", []string{"--socket-mem=8", "--huge-dir=/h"}, plan{Primary, "rte", true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := planOf(tc.args...)
			require.NoError(t, err)
			assert.Equal(t, tc.want, got)
		})
	}
}

func TestWordsOfOptions(t *testing.T) {
	assert.Equal(t, "primary secondary auto ProcessType(9)", Primary.String()+" "+Secondary.String()+" "+Auto.String()+" "+ProcessType(9).String())
	assert.Equal(t, "auto pa va IOVAMode(9)", IOVAAuto.String()+" "+IOVAPhysical.String()+" "+IOVAVirtual.String()+" "+IOVAMode(9).String())
	assert.Equal(t, "auto legacy msi msix VFIOInterrupts(9)",
		VFIOAuto.String()+" "+VFIOLegacy.String()+" "+VFIOMSI.String()+" "+VFIOMSIX.String()+" "+VFIOInterrupts(9).String())
}

func TestInitArgsNeedsTheProgramName(t *testing.T) {
	_, _, err := InitArgs(nil)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "os.Args")
}
