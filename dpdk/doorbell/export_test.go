package doorbell

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// HalfRing is what a process has done that dies in Ring before it wakes the sleepers.
func (d *Doorbell) HalfRing() bool {
	word := atomic.LoadUint32(&d.word)
	return word&1 != 0 && atomic.CompareAndSwapUint32(&d.word, word, word+1)
}

// Armed reports whether the next Ring calls the kernel.
func (d *Doorbell) Armed() bool { return atomic.LoadUint32(&d.word)&1 != 0 }

// Sleepers returns the number of threads of this process that wait for the doorbell in the kernel.
func Sleepers(d *Doorbell) (n int) {
	calls, _ := filepath.Glob("/proc/self/task/*/syscall")
	for _, file := range calls {
		call, _ := os.ReadFile(file)
		if fields := strings.Fields(string(call)); len(fields) > 2 && fields[1] == fmt.Sprintf("%p", &d.word) {
			n++
		}
	}
	return n
}
