//go:build linux

package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/godpdk/godpdk/examples/top/sample"
)

//go:embed web
var files embed.FS

// kept is the number of snapshots that a new page gets, for its plots.
const kept = 120

// feed hands snapshots to all open pages.
type feed struct {
	mu    sync.Mutex
	next  int      // number of the next snapshot
	last  [][]byte // at most kept, as JSON
	fresh chan struct{}
}

func (f *feed) add(s sample.Snapshot) {
	text, err := json.Marshal(s)
	if err != nil { // JSON has all values in it
		panic(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = append(f.last, text)
	f.last = f.last[max(len(f.last)-kept, 0):]
	f.next++
	close(f.fresh)
	f.fresh = make(chan struct{})
}

// from returns the snapshots from a number on, the number after the last one, and a channel that is closed when there is more.
func (f *feed) from(n int) ([][]byte, int, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last[max(len(f.last)-(f.next-n), 0):], f.next, f.fresh
}

// ServeHTTP sends all snapshots as server-sent events until the page is closed.
func (f *feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	for n := 0; ; {
		texts, next, fresh := f.from(n)
		n = next
		// A page that does not read must not keep its connection.
		if out.SetWriteDeadline(time.Now().Add(10*time.Second)) != nil {
			return
		}
		for _, text := range texts {
			if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil {
				return
			}
		}
		if out.Flush() != nil {
			return
		}
		select {
		case <-fresh:
		case <-r.Context().Done():
			return
		}
	}
}

// serve serves the web page until the context ends.
func serve(ctx context.Context, l net.Listener, w *watch, interval time.Duration) error {
	pages, err := fs.Sub(files, "web")
	if err != nil {
		return err
	}
	f := &feed{fresh: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(pages))
	mux.Handle("GET /events", f)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	ended := make(chan struct{})
	reading, cancel := context.WithCancel(ctx)
	go func() {
		defer close(ended)
		w.run(reading, interval, f.add)
	}()
	err = server.Serve(l)
	cancel()
	<-ended
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
