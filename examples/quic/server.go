//go:build linux

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// hashTrailer is the SHA-256 sum of a body that the server has sent.
const hashTrailer = "X-Sha256"

// maxStreams is how many streams of a connection a client may use at once.
const maxStreams = 256

var quicConfig = &quic.Config{MaxIdleTimeout: 10 * time.Second, MaxIncomingStreams: maxStreams}

// serve answers requests until ctx ends.
func serve(ctx context.Context, conn net.PacketConn) error {
	cert, sum, err := certificate()
	if err != nil {
		return err
	}
	s := &http3.Server{
		Handler:    handler(),
		TLSConfig:  http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}}),
		QUICConfig: quicConfig,
	}
	transport := &quic.Transport{Conn: conn}
	listener, err := transport.ListenEarly(s.TLSConfig, s.QUICConfig)
	if err != nil {
		return err
	}
	fmt.Println("server: listening on", conn.LocalAddr(), "with the certificate", sum)
	failed := make(chan error, 1)
	go func() { failed <- s.ServeListener(listener) }()
	select {
	case err = <-failed: // the socket has ended
	case <-ctx.Done():
		// Clients get a GOAWAY, and have a second to finish.
		last, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err = s.Shutdown(last); errors.Is(err, context.DeadlineExceeded) {
			err = nil
		}
	}
	return errors.Join(err, listener.Close(), transport.Close())
}

// handler sends so many bytes for GET /get/N, and the hash of the body for POST /put.
func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /get/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
		if err != nil || n < 0 {
			http.Error(w, "use /get/ and a number of bytes", http.StatusBadRequest)
			return
		}
		w.Header().Set("Trailer", hashTrailer)
		hash := sha256.New()
		if _, err := io.CopyBuffer(onlyWriter{w}, io.TeeReader(newData(n), hash), make([]byte, chunk)); err != nil {
			return // the client has gone
		}
		w.Header().Set(hashTrailer, hex.EncodeToString(hash.Sum(nil)))
	})
	mux.HandleFunc("POST /put", func(w http.ResponseWriter, r *http.Request) {
		hash := sha256.New()
		if _, err := io.CopyBuffer(hash, r.Body, make([]byte, chunk)); err != nil {
			return
		}
		fmt.Fprint(w, hex.EncodeToString(hash.Sum(nil)))
	})
	return mux
}

const chunk = 64 << 10 // bytes of a call that reads or writes

// onlyWriter hides ReadFrom, which would use chunks of its own.
type onlyWriter struct{ io.Writer }

// block is random. Data repeats it from an odd place on, so that few chunks are the same.
var block = func() []byte {
	b := make([]byte, 1<<20-1)
	_, _ = rand.Read(b) // it does not fail
	return b
}()

// data is n bytes to send.
type data struct{ left, at int64 }

func newData(n int64) *data { return &data{left: n, at: n % int64(len(block))} }

func (d *data) Read(b []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(d.left, int64(len(b)))], block[d.at:])
	d.left -= int64(n)
	d.at = (d.at + int64(n)) % int64(len(block))
	return n, nil
}

// certificate makes a certificate that ends with this process, and returns its SHA-256 sum.
func certificate() (c tls.Certificate, sum string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, "", err
	}
	now := time.Now()
	t := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(30 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return c, "", err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, sumOf(der), nil
}

func sumOf(der []byte) string {
	s := sha256.Sum256(der)
	return hex.EncodeToString(s[:])
}
