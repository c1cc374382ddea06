//go:build linux

package examples

import (
	"encoding/json"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/hostcheck"
)

// unmounted runs a script in a mount namespace of its own without any hugetlbfs, and without the runtime directories of this
// host: doctor would remove those of dead processes.
func unmounted(t *testing.T, script string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", `set -e; mount --make-rprivate /; mount -t tmpfs tmpfs /run; [ ! -d /tmp/dpdk ] || mount -t tmpfs tmpfs /tmp/dpdk; for m in $(awk '$3 == "hugetlbfs" { print $2 }' /proc/self/mounts); do umount -l $m; done; set +e; `+script, built(t, "doctor"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func TestDoctorReportsJSON(t *testing.T) {
	out, err := exec.Command(built(t, "doctor"), "-json", "-memory", "8").Output()
	require.NoError(t, err, "%s", out)
	var report struct {
		Level    hostcheck.Level
		Findings []hostcheck.Finding
	}
	require.NoError(t, json.Unmarshal(out, &report))
	assert.Equal(t, hostcheck.Worst(report.Findings).Level, report.Level)
	assert.Greater(t, len(report.Findings), 15)
	assert.Contains(t, string(out), `"level": "ok"`)
}

func TestDoctorChangesNothingUnlessTheAnswerIsYes(t *testing.T) {
	out := unmounted(t, `$0; echo status $?; echo n | $0 -fix; grep hugetlbfs /proc/self/mounts || echo unchanged`)
	assert.Contains(t, out, "error    hugetlbfs")
	assert.Contains(t, out, "fix: as root: mkdir -p /dev/hugepages\n")
	assert.Contains(t, out, "and: mount -t hugetlbfs nodev /dev/hugepages\n")
	assert.Contains(t, out, "status 1\n")
	_, out, _ = strings.Cut(out, "status 1\n")
	assert.Contains(t, out, "run:   mount -t hugetlbfs nodev /dev/hugepages\n")
	assert.Contains(t, out, "undo:  umount /dev/hugepages\n")
	assert.Contains(t, out, "Run these commands? [y/N] doctor: nothing was changed\nunchanged")
}

func TestDoctorMends(t *testing.T) {
	for _, answer := range []string{"echo y | $0 -fix", "$0 -fix -yes </dev/null"} {
		out := unmounted(t, answer+`; echo status $?; grep hugetlbfs /proc/self/mounts`)
		assert.Contains(t, out, " 0 errors, ", answer)
		assert.Contains(t, out, "status 0\nnodev /dev/hugepages hugetlbfs", answer)
	}
}

func TestDoctorRefusesWrongFlags(t *testing.T) {
	for _, args := range []string{"-yes", "-fix -json", "-fix -root /tmp", "now"} {
		out, err := exec.Command(built(t, "doctor"), strings.Fields(args)...).CombinedOutput()
		assert.ErrorContains(t, err, "exit status 2", args)
		assert.Contains(t, string(out), "-yes needs -fix", args)
	}
}
