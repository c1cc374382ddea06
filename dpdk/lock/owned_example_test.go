package lock_test

import (
	"errors"
	"fmt"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/memzone"
)

// An owned lock goes to the next caller when the process that holds it is killed.
func ExampleOwnedSpin() {
	type account struct {
		lock        lock.OwnedSpin
		paid, total uint64
	}
	v, err := memzone.CreateValue[account]("account", memzone.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Free()
	a := v.Get()

	err = a.lock.Lock()
	if errors.Is(err, dpdk.ErrOwnerDead) {
		fmt.Println(err) // names the process
		a.total = a.paid // it may have died between the two stores below
		err = a.lock.Consistent()
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	a.paid += 5
	a.total += 5
	fmt.Println(a.total, a.lock.Unlock())
	// Output: 5 <nil>
}

// Readers of an OwnedRW are known, so a writer does not wait for a killed one.
func ExampleOwnedRW_NewReader() {
	v, err := memzone.CreateValue[lock.OwnedRW]("table lock", memzone.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Free()
	r, err := v.Get().NewReader()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	if err := r.RLock(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("reading")
	fmt.Println(r.RUnlock())
	// Output:
	// reading
	// <nil>
}
