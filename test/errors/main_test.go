//go:build linux

// Package errors provokes the errors of the public API and reads them as a user does: each
// names the function of DPDK and the object, errors.Is finds its sentinel, and the text says
// what to do.
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

// provoked is an error and what is to be in it.
type provoked struct {
	what string
	call func() error
	op   string // the function of DPDK or of the system
	name string // the object
	is   error
	says string // what is wrong, and the fix; "" where the error number says it all
}

// Pointers and Go's own words are nothing for a user.
var ugly = regexp.MustCompile(`0xc0|%!|<nil>|\*dpdk\.|interface \{`)

func check(t *testing.T, rows []provoked) {
	for _, p := range rows {
		t.Run(p.what, func(t *testing.T) {
			err := p.call()
			require.Error(t, err)
			t.Log(err)
			require.ErrorIs(t, err, p.is)
			assert.Contains(t, err.Error(), p.says)
			assert.NotRegexp(t, ugly, err.Error())
			var e *dpdk.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, p.op, e.Op)
			assert.Equal(t, p.name, e.Name)
		})
	}
}

// second is the error of a call with a result.
func second[T any](_ T, err error) error { return err }

// must is the result of a call that works.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// twice is the error of the second of two calls; the first must work.
func twice(f func() error) func() error {
	return func() error {
		if err := f(); err != nil {
			return errors.New("the first call fails: " + err.Error())
		}
		return f()
	}
}
