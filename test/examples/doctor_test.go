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
	"github.com/godpdk/godpdk/test/harness"
)

// unmounted runs a script in a mount namespace of its own without any hugetlbfs, and without the runtime directories of this
// host: doctor would remove those of dead processes. With other namespaces of its own it is in a container.
func unmounted(t *testing.T, namespaces uintptr, script string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", `set -e; mount --make-rprivate /; mount -t tmpfs tmpfs /run; [ ! -d /tmp/dpdk ] || mount -t tmpfs tmpfs /tmp/dpdk; for m in $(awk '$3 == "hugetlbfs" { print $2 }' /proc/self/mounts); do umount -l $m; done; set +e; `+script, built(t, "doctor"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Unshareflags: syscall.CLONE_NEWNS}
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
	out := unmounted(t, 0, `$0; echo status $?; echo n | $0 -fix; grep hugetlbfs /proc/self/mounts || echo unchanged`)
	if harness.Container() {
		inContainer(t, out)
		return
	}
	assert.Contains(t, out, "error    hugetlbfs")
	assert.Contains(t, out, "fix: as root: mkdir -p /dev/hugepages\n")
	assert.Contains(t, out, "and: mount -t hugetlbfs nodev /dev/hugepages\n")
	assert.Contains(t, out, "status 1\n")
	_, out, _ = strings.Cut(out, "status 1\n")
	assert.Contains(t, out, "run:   mount -t hugetlbfs nodev /dev/hugepages\n")
	assert.Contains(t, out, "undo:  umount /dev/hugepages\n")
	assert.Contains(t, out, "Run these commands? [y/N] doctor: nothing was changed\nunchanged")
}

// A container gets its hugetlbfs from the host.
func TestDoctorMendsNothingInAContainer(t *testing.T) {
	inContainer(t, unmounted(t, syscall.CLONE_NEWPID, `$0; echo status $?; $0 -fix -yes; grep hugetlbfs /proc/self/mounts || echo unchanged`))
}

func inContainer(t *testing.T, out string) {
	t.Helper()
	assert.Contains(t, out, "error    hugetlbfs")
	assert.Contains(t, out, "fix: docker run: -v /dev/hugepages:/dev/hugepages\n")
	assert.Contains(t, out, "or: on the host, as root: mkdir -p /dev/hugepages\n")
	assert.Contains(t, out, "status 1\ndoctor: nothing here is safe for this user to run: see doctor without -fix\nunchanged")
}

func TestDoctorMends(t *testing.T) {
	for _, answer := range []string{"echo y | $0 -fix", "$0 -fix -yes </dev/null"} {
		out := unmounted(t, 0, answer+`; echo status $?; grep hugetlbfs /proc/self/mounts || echo unchanged`)
		if harness.Container() {
			assert.Contains(t, out, "nothing here is safe", answer)
			assert.Contains(t, out, "status 1\nunchanged", answer)
			continue
		}
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
