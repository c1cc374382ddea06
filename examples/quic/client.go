//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"golang.org/x/sync/errgroup"
)

// work is what a client does.
type work struct {
	server      netip.AddrPort
	certificate string // its sum; "" accepts any
	streams     int
	get, put    int64 // bytes of each stream
	json        bool
}

// result is how long the work took.
type result struct {
	Handshake, Get, Put time.Duration
	GSO                 bool // several packets were handed over with one call
}

// do does the work and prints the result.
func (w work) do(ctx context.Context, conn net.PacketConn) error {
	r, err := w.run(ctx, conn)
	if err != nil {
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, context.Canceled): // Ctrl-C
			return nil
		case cause != nil: // the primary has gone
			return cause
		}
		return err
	}
	if w.json {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	if w.certificate == "" {
		fmt.Println("client: the certificate was not checked: add -certificate and the sum that the server has printed")
	}
	rate := func(bytes int64, d time.Duration) float64 { return float64(bytes*int64(w.streams)) / 1e6 / d.Seconds() }
	fmt.Printf("client: %d streams, %d bytes received and %d sent on each, all hashes are right: %.0f MB/s received, %.0f MB/s sent\n",
		w.streams, w.get, w.put, rate(w.get, r.Get), rate(w.put, r.Put))
	return nil
}

// run requests all streams at once, first to receive and then to send.
func (w work) run(ctx context.Context, conn net.PacketConn) (r result, err error) {
	transport := &quic.Transport{Conn: conn}
	defer func() { err = errors.Join(err, transport.Close()) }()
	var connection *quic.Conn
	h := &http3.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, VerifyConnection: w.verify}, // no authority has signed it
		QUICConfig:      quicConfig,
		Dial: func(ctx context.Context, _ string, t *tls.Config, c *quic.Config) (_ *quic.Conn, err error) {
			connection, err = transport.Dial(ctx, net.UDPAddrFromAddrPort(w.server), t, c)
			return connection, err
		},
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	start := time.Now()
	if err := w.receive(ctx, h, 0); err != nil {
		return r, fmt.Errorf("the server %v: %w", w.server, err)
	}
	r.Handshake = time.Since(start)
	if !w.json {
		fmt.Printf("client: connected to %v, the first answer came after %.1f ms\n", w.server, float64(r.Handshake.Microseconds())/1e3)
	}
	r.GSO = connection.ConnectionState().GSO
	if r.Get, err = w.each(ctx, func(ctx context.Context) error { return w.receive(ctx, h, w.get) }); err != nil {
		return r, err
	}
	r.Put, err = w.each(ctx, func(ctx context.Context) error { return w.send(ctx, h, w.put) })
	return r, err
}

// verify accepts the certificate with the sum only.
func (w work) verify(s tls.ConnectionState) error {
	if got := sumOf(s.PeerCertificates[0].Raw); w.certificate != "" && w.certificate != got {
		return fmt.Errorf("the server has another certificate, %s: use the sum that it has printed", got)
	}
	return nil
}

// each calls f for all streams at once, and returns how long it took.
func (w work) each(ctx context.Context, f func(context.Context) error) (time.Duration, error) {
	start := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	for range w.streams {
		g.Go(func() error { return f(ctx) })
	}
	err := g.Wait()
	return time.Since(start), err
}

// request does a request, and reads the answer into to.
func (w work) request(ctx context.Context, h *http3.Transport, method, path string, body io.Reader, to io.Writer) (n int64, trailer http.Header, err error) {
	r, err := http.NewRequestWithContext(ctx, method, "https://"+w.server.String()+path, body)
	if err != nil {
		return 0, nil, err
	}
	answer, err := h.RoundTrip(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, nil, fmt.Errorf("%s %s: %s", method, path, answer.Status)
	}
	n, err = io.CopyBuffer(onlyWriter{to}, answer.Body, make([]byte, chunk))
	return n, answer.Trailer, err
}

// receive receives n bytes and checks their hash.
func (w work) receive(ctx context.Context, h *http3.Transport, n int64) error {
	sum := sha256.New()
	got, trailer, err := w.request(ctx, h, http.MethodGet, fmt.Sprint("/get/", n), nil, sum)
	if err == nil && got != n {
		err = fmt.Errorf("%d bytes of %d came", got, n)
	}
	return errors.Join(err, compare(err, sum, trailer.Get(hashTrailer)))
}

// send sends n bytes and compares the hash that the server has computed.
func (w work) send(ctx context.Context, h *http3.Transport, n int64) error {
	sum := sha256.New()
	var answer strings.Builder
	_, _, err := w.request(ctx, h, http.MethodPost, "/put", io.TeeReader(newData(n), sum), &answer)
	return errors.Join(err, compare(err, sum, answer.String()))
}

// compare compares the hash of what this side has with that of the other side, unless the request has failed.
func compare(failed error, own hash.Hash, other string) error {
	if sum := hex.EncodeToString(own.Sum(nil)); failed == nil && sum != other {
		return fmt.Errorf("the data was damaged: its hash is %s on this side and %q on the other", sum, other)
	}
	return nil
}
