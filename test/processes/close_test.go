//go:build linux

package processes

import (
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

func init() { sentinels["ErrBusy"] = dpdk.ErrBusy }

var (
	// "close-among-calls" closes EAL while others go on making control calls.
	_ = verb("close-among-calls", func([]string) (string, error) {
		over := make(chan struct{})
		var wg, began sync.WaitGroup
		for range 16 {
			wg.Add(1)
			began.Add(1)
			go func() {
				defer wg.Done()
				first := began.Done
				for {
					select {
					case <-over:
						return
					default:
						_, _ = ring.Lookup[uint64]("no such ring")
						_, _ = rt.Memory()
						if first != nil {
							first()
							first = nil
						}
					}
				}
			}()
		}
		began.Wait()
		closed := make(chan error, 1)
		go func() { closed <- rt.Close() }()
		var err error
		select {
		case err = <-closed:
		case <-time.After(20 * time.Second):
			err = fmt.Errorf("Close starves")
		}
		close(over)
		wg.Wait()
		return "", err
	})
	// "close-under-call" closes EAL while it waits for another process.
	_ = verb("close-under-call", func([]string) (string, error) {
		before, ended := runtime.NumCgoCall(), make(chan error, 1)
		go func() {
			_, err := memzone.Reserve("hangs", 64<<20, memzone.Config{})
			ended <- err
		}()
		for runtime.NumCgoCall() < before+4 { // three about growth and the log, and the call itself
			runtime.Gosched()
		}
		err := rt.Close()
		<-ended // it has its memory still
		return "", err
	})
)

func TestCloseIsNotStarvedByControlCalls(t *testing.T) {
	p := started(t, "primary", newPrefix(t))
	p.ask("close-among-calls")
	a := p.answer()
	assert.Empty(t, a.Err)
	assert.Less(t, a.Took, atOnce)
	p.quit()
}

func TestCloseDoesNotWaitForAControlCallThatHangs(t *testing.T) {
	t.Parallel() // Close gives the call 10 s
	prefix := newPrefix(t)
	primary := started(t, "primary", prefix)
	// In another pid namespace, where the primary does not see that the process is stopped.
	secondary := &peer{harness.StartWith(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}, "node", strconv.Itoa(nextLcore())), t}
	secondary.do("init", "secondary", prefix)
	secondary.Stop()
	primary.ask("close-under-call")
	a := primary.answer()
	assert.Contains(t, a.Is, "ErrBusy", a.Err)
	assert.Contains(t, a.Err, `rte_memzone_reserve_bounded "hangs", which has run for `)
	secondary.Kill()
	primary.quit()
}
