package dpdk_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/test/twin"
)

// rte_strerror gives libc's texts, which begin with a capital; Go's do not, as
// error texts should not. That is the only difference allowed.
func TestErrnoTextIsWhatRteStrerrorSays(t *testing.T) {
	numbers := []int{1001, 1002}
	for n := 1; n <= 133; n++ {
		numbers = append(numbers, n)
	}
	for _, n := range numbers {
		c := twin.Strerror(n)
		if strings.HasPrefix(c, "Unknown error") { // 41 and 58, which Linux does not use
			c = fmt.Sprint("errno ", n)
		}
		assert.Equal(t, strings.ToLower(c), strings.ToLower(dpdk.Errno(n).Error()), "errno %d", n)
	}
}

func TestErrnoOutsideTheTablesStillHasAText(t *testing.T) {
	for _, n := range []int{-1000, -1, 0, 1000, 1003, 1 << 40, -1 << 63} {
		assert.NotEmpty(t, dpdk.Errno(n).Error())
	}
	assert.Contains(t, dpdk.Errno(1003).Error(), "1003")
}

func TestErrnoIsTheSyscallErrnoOfTheSameNumberOnly(t *testing.T) {
	for n := 1; n <= 133; n++ {
		e := dpdk.Errno(n)
		assert.ErrorIs(t, e, syscall.Errno(n))
		assert.ErrorIs(t, e, dpdk.Errno(n))
		assert.NotErrorIs(t, e, syscall.Errno(n+1))
		assert.NotErrorIs(t, e, dpdk.Errno(n+1))
	}
	assert.NotErrorIs(t, dpdk.ESECONDARY, dpdk.ENOCONFIG)
}

func TestSentinels(t *testing.T) {
	for _, tc := range []struct {
		sentinel error
		errno    syscall.Errno
	}{
		{dpdk.ErrNotFound, syscall.ENOENT},
		{dpdk.ErrExist, syscall.EEXIST},
		{dpdk.ErrInvalid, syscall.EINVAL},
		{dpdk.ErrNameTooLong, syscall.ENAMETOOLONG},
		{dpdk.ErrNoMemory, syscall.ENOMEM},
		{dpdk.ErrNoSpace, syscall.ENOSPC},
		{dpdk.ErrBusy, syscall.EBUSY},
		{dpdk.ErrSecondary, syscall.Errno(1001)},
		{dpdk.ErrNoConfig, syscall.Errno(1002)},
	} {
		t.Run(tc.sentinel.Error(), func(t *testing.T) {
			assert.ErrorIs(t, tc.sentinel, tc.errno, "the sentinel is the kernel's number")
			err := fmt.Errorf("around: %w", &dpdk.Error{Op: "rte_x", Name: "n", Errno: dpdk.Errno(tc.errno)})
			assert.ErrorIs(t, err, tc.sentinel)
			assert.ErrorIs(t, err, tc.errno)
			assert.ErrorIs(t, err, dpdk.Errno(tc.errno))
			assert.NotErrorIs(t, err, syscall.EPIPE)
			assert.NotErrorIs(t, err, fs.ErrNotExist, "DPDK objects are not files")
		})
	}
	var e dpdk.Errno
	require.ErrorAs(t, &dpdk.Error{Op: "rte_x", Errno: dpdk.ENOCONFIG}, &e)
	assert.Equal(t, dpdk.Errno(1002), e)
}

func TestErrorCarriesCauseAndErrnoTogether(t *testing.T) {
	err := error(&dpdk.Error{Op: "rte_eal_init", Errno: dpdk.Errno(syscall.EALREADY), Cause: dpdk.ErrAlreadyRunning})
	assert.ErrorIs(t, err, dpdk.ErrAlreadyRunning)
	assert.ErrorIs(t, err, syscall.EALREADY)
	assert.NotErrorIs(t, err, dpdk.ErrNotRunning)

	bare := error(&dpdk.Error{Op: "rte_eal_init"})
	assert.NotErrorIs(t, bare, dpdk.Errno(0), "no error number is not error number 0")
	assert.NotErrorIs(t, bare, syscall.Errno(0))

	var e *dpdk.Error
	require.True(t, errors.As(fmt.Errorf("x: %w", err), &e))
	assert.Equal(t, "rte_eal_init", e.Op)
}

func TestErrorText(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  dpdk.Error
		want string
	}{
		{"operation only", dpdk.Error{Op: "rte_x"}, `rte_x`},
		{"object", dpdk.Error{Op: "rte_x", Name: "a b"}, `rte_x "a b"`},
		{"number", dpdk.Error{Op: "rte_x", Errno: 2}, `rte_x: no such file or directory`},
		{"cause before number", dpdk.Error{Op: "rte_x", Errno: 114, Cause: dpdk.ErrNoPrimary}, `rte_x: no primary process: operation already in progress`},
		{"everything", dpdk.Error{Op: "rte_x", Name: "n", Errno: 22, Detail: "use 2"}, `rte_x "n": invalid argument: use 2`},
		{"DPDK's own number", dpdk.Error{Op: "rte_x", Errno: 1001}, `rte_x: Invalid call in secondary process`},
		{"log lines are indented below", dpdk.Error{Op: "rte_x", Detail: "see", Log: []string{"EAL: a", "EAL: b"}}, "rte_x: see\n\tEAL: a\n\tEAL: b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			assert.Equal(t, tc.want, tc.err.Error())
			assert.Equal(t, len(tc.err.Log), strings.Count(tc.err.Error(), "\n"), "one line, but for the log")
		})
	}
}
