// Package inuse keeps objects of the shared memory from being freed under what uses
// them in this process: a pool under a port that receives into it, a ring under a port
// that is made of it. C knows of neither.
package inuse

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// User is what uses objects. Its values are compared: two that are equal are one user.
type User interface {
	fmt.Stringer
	// Gone is true if the user does not exist any more, without having released its
	// objects: another process can end a port. It must take no lock.
	Gone() bool
}

var users struct {
	sync.Mutex
	of map[unsafe.Pointer][]User
}

// Use registers a user of an object. After the call, check that the object was not
// freed before.
func Use(u User, object unsafe.Pointer) {
	users.Lock()
	defer users.Unlock()
	if users.of == nil {
		users.of = map[unsafe.Pointer][]User{}
	}
	if !slices.Contains(users.of[object], u) {
		users.of[object] = append(users.of[object], u)
	}
}

// Keep releases all objects of a user but those named.
func Keep(u User, objects ...unsafe.Pointer) {
	users.Lock()
	defer users.Unlock()
	for object, all := range users.of {
		if !slices.Contains(objects, object) {
			set(object, slices.DeleteFunc(all, func(x User) bool { return x == u }))
		}
	}
}

// Release releases all objects of a user.
func Release(u User) { Keep(u) }

func set(object unsafe.Pointer, all []User) {
	if len(all) == 0 {
		delete(users.of, object)
	} else {
		users.of[object] = all
	}
}

// Free runs f, which frees the object, unless a user other than self uses it. self may be nil.
// The error is dpdk.ErrBusy and names the user.
func Free(op, name string, object unsafe.Pointer, self User, f func() error) error {
	return control.Call(op, name, func() error {
		users.Lock()
		defer users.Unlock()
		all := slices.DeleteFunc(users.of[object], User.Gone)
		set(object, all)
		var others []string
		for _, u := range all {
			if u != self {
				others = append(others, u.String())
			}
		}
		if len(others) > 0 {
			return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrBusy, Detail: strings.Join(others, ", ")}
		}
		return f()
	})
}
