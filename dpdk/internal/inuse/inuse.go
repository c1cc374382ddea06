// Package inuse refuses to free objects in shared memory that this process uses: a pool of a port
// that receives into it, or a ring of a port made from it. DPDK does not check this.
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

// User is the user of an object. Two equal values are one user.
type User interface {
	fmt.Stringer
	// Gone reports whether the user has ended without releasing its objects: another process
	// can end a port. It must not take a lock.
	Gone() bool
}

var users struct {
	sync.Mutex
	of map[unsafe.Pointer][]User
}

// Use registers a user of an object. After the call, check that the object was not freed before.
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

// Keep releases all objects of a user except the given ones.
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
