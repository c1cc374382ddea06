//go:build linux

package processes

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

// atOnce is the time that a call may take on a busy machine if it waits for nothing.
const atOnce = 5 * time.Second

// answer is the answer of a process to one request.
type answer struct {
	Result string
	Err    string        // the text of its error
	Is     []string      // the sentinels that error is
	Took   time.Duration // on the clock
	CPU    time.Duration // of the whole process
}

// peer is a process that answers requests.
type peer struct {
	*harness.Child
	t *testing.T
}

// lcores is the number of lcores given to processes so far: processes of one test need different ones.
var lcores atomic.Int32

func nextLcore() int { return int(lcores.Add(1) % 64) }

// goPeer is a process in Go, with EAL not started yet.
func goPeer(t *testing.T) *peer {
	t.Helper()
	return &peer{harness.Start(t, "node", strconv.Itoa(nextLcore())), t}
}

// started is a process in Go that has started EAL.
func started(t *testing.T, role, prefix string, options ...string) *peer {
	t.Helper()
	p := goPeer(t)
	p.do(append([]string{"init", role, prefix}, options...)...)
	return p
}

// cPeer is a process in C that has started EAL, or is about to: its first
// answer is its role.
func cPeer(t *testing.T, source, role, prefix string, options ...string) *peer {
	t.Helper()
	if role == "primary" { // rte_eal_cleanup leaves them to the prefix's next primary
		t.Cleanup(func() { removeAll(t, hugeFiles(t, prefix)) })
	}
	args := []string{"--proc-type=" + role, "--file-prefix=" + prefix, "--lcores=" + harness.Lcore(nextLcore()), "-m", "32", "--no-pci"}
	return &peer{harness.Command(t, compiled(t, source), append(args, options...)...), t}
}

// compiled is the program of a C file, compiled once for the suite.
func compiled(t *testing.T, source string) string {
	t.Helper()
	compiling.Lock()
	defer compiling.Unlock()
	kept := filepath.Join(filepath.Dir(harness.HugeDir()), source)
	if _, err := os.Stat(kept); err != nil {
		require.NoError(t, os.Rename(harness.CC(t, filepath.Join("testdata", source+".c")), kept))
	}
	return kept
}

var compiling sync.Mutex

// ask sends a request and does not wait for its answer, so that several processes work at once.
func (p *peer) ask(request ...string) { p.t.Helper(); p.Send(strings.Join(request, " ")) }

// answer waits for the answer to the oldest request.
func (p *peer) answer() (a answer) {
	p.t.Helper()
	require.NoError(p.t, json.Unmarshal([]byte(p.Expect("answer ")), &a))
	return a
}

// done waits for an answer that must be a success.
func (p *peer) done() string {
	p.t.Helper()
	a := p.answer()
	require.Empty(p.t, a.Err)
	return a.Result
}

// do sends a request that must succeed.
func (p *peer) do(request ...string) string {
	p.t.Helper()
	p.ask(request...)
	return p.done()
}

// refused sends a request that must fail at once, with the sentinel is unless it is "".
func (p *peer) refused(is string, request ...string) answer {
	p.t.Helper()
	p.ask(request...)
	a := p.answer()
	require.NotEmpty(p.t, a.Err, "%v succeeded: %s", request, a.Result)
	if is != "" {
		require.Contains(p.t, a.Is, is, a.Err)
	}
	assert.Less(p.t, a.Took, atOnce)
	return a
}

// quit closes EAL and ends the process.
func (p *peer) quit() {
	p.t.Helper()
	require.Empty(p.t, p.Wait(), "output that the test did not expect")
}

// newPrefix is a file prefix of the test's own. When the test has ended, after
// the ends of its processes, nothing of the prefix may be left.
func newPrefix(t *testing.T) string {
	t.Helper()
	harness.Need(t, harness.Root, harness.Hugepages)
	prefix := strings.ToLower(strings.NewReplacer("Test", "", "/", "_").Replace(t.Name()))
	if len(prefix) > 24 { // it becomes part of a socket's path, which is short
		prefix = fmt.Sprintf("%.20s%d", prefix, prefixes.Add(1))
	}
	t.Cleanup(func() {
		if t.Failed() { // its processes were killed; the other tests need the memory
			removeAll(t, hugeFiles(t, prefix))
			return
		}
		assert.Empty(t, hugeFiles(t, prefix), "hugepage files of finished processes")
		assert.Empty(t, processes(t), "processes that outlived the test")
	})
	return prefix
}

var prefixes atomic.Int32

// hugeFiles are the hugepage files of a prefix.
func hugeFiles(t *testing.T, prefix string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(harness.HugeDir(), prefix+"map_*"))
	require.NoError(t, err)
	return files
}

func removeAll(t *testing.T, files []string) {
	t.Helper()
	for _, f := range files {
		require.NoError(t, os.Remove(f))
	}
}

// sockets are the IPC sockets of a prefix's process.
func sockets(t *testing.T, prefix string, pid int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk", prefix, fmt.Sprintf("mp_socket_%d_*", pid)))
	require.NoError(t, err)
	return files
}

// processes are those that the test has started, and the ones that these have started.
func processes(t *testing.T) (found []string) {
	t.Helper()
	ofTest := regexp.MustCompile(`\b` + regexp.QuoteMeta("GODPDK_TEST="+t.Name()) + `[/\x00]`)
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, file := range all {
		env, err := os.ReadFile(file)
		if err != nil || !ofTest.Match(env) {
			continue
		}
		name, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		found = append(found, filepath.Base(filepath.Dir(file))+" "+strings.ReplaceAll(string(name), "\x00", " "))
	}
	return found
}
