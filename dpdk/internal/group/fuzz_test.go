//go:build linux

package group

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzTable reads arbitrary bytes in place of the published file.
func FuzzTable(f *testing.F) {
	own := buildFacts()
	head, err := json.Marshal(&own)
	require.NoError(f, err)
	f.Add(string(head)+"\n", []byte{1, 0, 0, 0})
	f.Add(`{"Options":{"allow":[]}}`, []byte{2})
	f.Add(strings.Replace(string(head), `"Options":null`, `"Options":{"allow":["class=eth",""],"no-pci":[""],"huge-dir":["/"]}`, 1)+"\n", []byte{3, 1, 1, 1, 9, 9, 9, 9, 9, 9, 9, 9})
	base, err := os.MkdirTemp("/dev/shm", "g") // a disk would write each of the files
	require.NoError(f, err)
	f.Cleanup(func() { os.RemoveAll(base) })
	f.Fuzz(func(t *testing.T, text string, slots []byte) {
		t.Setenv("RUNTIME_DIRECTORY", base)
		dir := filepath.Join(base, "dpdk", "p")
		require.NoError(t, os.MkdirAll(dir, 0o700))
		facts := buildFacts()
		p, err := createTable(dir, &facts, lcoresOf(0))
		require.NoError(t, err)
		defer p.close()
		_, err = p.file.WriteAt([]byte(text)[:min(len(text), tableHead)], 0)
		require.NoError(t, err)
		copy(p.mem[tableHead:], slots)

		s, got, err := openTable(dir)
		if err == nil {
			require.NotNil(t, s)
			_ = got.checkBuild(&facts, func(string, ...any) {})
			_, _ = got.checkDevices(nil, func(string, ...any) {})
			_ = got.checkMounts()
			if s.mmap() == nil {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
				_, _ = (&Member{dir: dir, table: s}).Claim(ctx, nil)
				cancel()
			}
			s.close()
		}
		w := newWatcher(&Member{dir: dir, table: p})
		w.look()
		_ = p.processes()
		_ = ending(dir)
	})
}
