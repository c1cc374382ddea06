//go:build linux

package processes

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

// at once: what does not wait for anything may take this long on a busy machine.
const atOnce = 5 * time.Second

// answer is what a process says to one request.
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

// lcores gives each process of the suite other lcores than those beside it.
var lcores int

func nextLcore() int {
	lcores++
	return lcores % 64
}

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
	kept := filepath.Join(filepath.Dir(harness.HugeDir()), source)
	if _, err := os.Stat(kept); err != nil {
		require.NoError(t, os.Rename(harness.CC(t, filepath.Join("testdata", source+".c")), kept))
	}
	return kept
}

// ask sends a request whose answer is awaited later, so that several processes
// work at once.
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

// do asks for what must succeed.
func (p *peer) do(request ...string) string {
	p.t.Helper()
	p.ask(request...)
	return p.done()
}

// refused asks for what must fail at once, with the sentinel is unless it is "".
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
	require.Empty(p.t, p.Wait(), "output that nobody waited for")
}

// newPrefix is a file prefix of the test's own. When the test has ended, after
// the ends of its processes, nothing of the prefix may be left.
func newPrefix(t *testing.T) string {
	t.Helper()
	harness.Need(t, harness.Root, harness.Hugepages)
	prefix := strings.ToLower(strings.NewReplacer("Test", "", "/", "_").Replace(t.Name()))
	if len(prefix) > 24 { // it becomes part of a socket's path, which is short
		prefix = fmt.Sprintf("%.20s%d", prefix, nextPrefix())
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

var prefixes int

func nextPrefix() int {
	prefixes++
	return prefixes
}

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

// processes are those, other than this one, that were started in this sandbox.
func processes(t *testing.T) (found []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, file := range all {
		env, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(env), filepath.Dir(harness.HugeDir())+"\x00") {
			continue
		}
		if pid := filepath.Base(filepath.Dir(file)); pid != strconv.Itoa(os.Getpid()) {
			name, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
			found = append(found, pid+" "+strings.ReplaceAll(string(name), "\x00", " "))
		}
	}
	return found
}
