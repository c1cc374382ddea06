package lock_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/memzone"
)

// Accounts between which any process may move money, and die doing it.
type accounts struct {
	mu            lock.Mutex
	cash, savings int64
	total         int64 // which the repair needs
}

func (a *accounts) move(amount int64) error {
	err := a.mu.Lock()
	if errors.Is(err, dpdk.ErrOwnerDead) {
		a.savings = a.total - a.cash // what was half done is done
		err = a.mu.Consistent()
	}
	if err != nil {
		return err
	}
	a.cash -= amount
	a.savings += amount
	return a.mu.Unlock()
}

func ExampleMutex() {
	zone, err := memzone.CreateValue[accounts]("accounts", memzone.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer zone.Free()
	a := zone.Get()
	a.cash, a.total = 100, 100
	if err := a.mu.Init(); err != nil { // before other processes look for it
		log.Fatal(err)
	}
	if err := a.move(40); err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.cash, a.savings)
	// Output: 60 40
}
