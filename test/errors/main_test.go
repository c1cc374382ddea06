//go:build linux

// Package errors provokes errors of the public API and checks each one: it names the function of
// DPDK and the object, errors.Is finds its sentinel, and the text has the fix.
package errors

import (
	"errors"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ealtest"
)

func TestMain(m *testing.M) { ealtest.Main(m, ealtest.Options{Lcores: 2}) }

// provoked is a call and the expected parts of its error.
type provoked struct {
	name   string // of the subtest
	call   func() error
	op     string // the function of DPDK or of the system
	object string
	is     error
	text   string // the problem and the fix; "" if the error number is enough
}

// A user must not see pointers and the names of Go types.
var ugly = regexp.MustCompile(`0xc0|%!|<nil>|\*dpdk\.|interface \{`)

func check(t *testing.T, rows []provoked) {
	for _, p := range rows {
		t.Run(p.name, func(t *testing.T) {
			err := p.call()
			require.Error(t, err)
			t.Log(err)
			require.ErrorIs(t, err, p.is)
			assert.Contains(t, err.Error(), p.text)
			assert.NotRegexp(t, ugly, err.Error())
			var e *dpdk.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, p.op, e.Op)
			assert.Equal(t, p.object, e.Name)
		})
	}
}

// second returns the error of a call that has a result.
func second[T any](_ T, err error) error { return err }

// must returns the result of a call that must succeed.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// twice returns the error of the second of two calls. The first call must succeed.
func twice(f func() error) func() error {
	return func() error {
		if err := f(); err != nil {
			return errors.New("the first call fails: " + err.Error())
		}
		return f()
	}
}
