//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/godpdk/godpdk/examples/internal/app"
	"github.com/godpdk/godpdk/test/wire"
)

const (
	askedAt, askerAt = "10.0.0.2", "10.0.0.1"
	patience         = 5 * time.Second
)

// demonstrate connects two network namespaces with a veth pair, runs this program as a server at one end and asks it from the other, on kernel
// sockets. It does so in each mode, and compares the answers. The namespaces have no names: they end with this process.
func demonstrate(ctx context.Context, s settings, z *zone) (err error) {
	if os.Geteuid() != 0 {
		return errors.New("only root can make the veth pair: run dns as root, or use -mode=kernel -listen=127.0.0.1:5353")
	}
	w, err := wire.New("dns")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.Far.Address(w.Far.Name, askerAt+"/24"); err != nil {
		return err
	}
	runtime.LockOSThread() // the servers get a signal when the thread that started them ends
	modes := []string{"dpdk", "kernel"}
	if s.mode != "" {
		modes = []string{s.mode}
	}
	var all [][][]byte
	for _, mode := range modes {
		answers, err := ask(ctx, w, s, mode, len(all) == 0)
		if ctx.Err() != nil {
			return nil // Ctrl-C
		}
		if err != nil {
			return fmt.Errorf("mode %s: %w", mode, err)
		}
		all = append(all, answers)
	}
	if len(all) < 2 {
		return nil
	}
	for i, q := range questions {
		if !bytes.Equal(all[0][i], all[1][i]) {
			return fmt.Errorf("the answers to %s %v differ:\n%x\n%x", q.name, q.kind, all[0][i], all[1][i])
		}
	}
	fmt.Printf("summary: %d answers, the same bytes in both modes\n", len(questions))
	return nil
}

// ask runs a server in a mode, asks it, and returns its answers to the questions.
func ask(ctx context.Context, w *wire.Wire, s settings, mode string, show bool) (answers [][]byte, err error) {
	args := []string{"-mode", mode, "-listen", ":53", "-workers", fmt.Sprint(s.workers)}
	if mode == "dpdk" {
		args = append(args, "-port", fmt.Sprintf("net_af_packet0,iface=%s,qpairs=%d", w.Near.Name, s.workers), "-addr", askedAt+"/24")
	} else if err := w.Near.Address(w.Near.Name, askedAt+"/24"); err != nil {
		return nil, err
	}
	var server *app.Program
	if err := w.Near.Do(func() (err error) {
		server, err = app.StartProgram(os.Stderr, "the server", "/proc/self/exe", args...)
		return err
	}); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Wait()) }()
	defer server.End()
	ready, err := server.Expect("dns: ready: ")
	if err != nil {
		return nil, err
	}
	fmt.Println("dns: ready:", ready)
	var conn net.Conn
	if err := w.Far.Do(func() (err error) {
		conn, err = net.Dial("udp4", net.JoinHostPort(askedAt, "53"))
		return err
	}); err != nil {
		return nil, err
	}
	defer conn.Close()
	for i, q := range questions {
		answer, err := exchange(conn, q.message(uint16(i)))
		if err != nil {
			return nil, fmt.Errorf("%s %v: %w", q.name, q.kind, err)
		}
		if answers = append(answers, answer); show {
			fmt.Println(describe(q, answer))
		}
	}
	start := time.Now()
	for i := range s.count {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if _, err := exchange(conn, questions[i%len(questions)].message(uint16(i))); err != nil {
			return nil, fmt.Errorf("question %d: %w", i, err)
		}
	}
	fmt.Printf("%d questions answered, %.0f µs a round trip\n", s.count, float64(time.Since(start).Microseconds())/float64(s.count))
	server.End()
	counts, err := server.Expect("dns: ")
	fmt.Println("dns:", counts)
	return answers, err
}

// question is a question of the demonstration.
type question struct {
	name string
	kind dnsmessage.Type
	edns int // the size of answers; 0 is without EDNS
}

var questions = []question{
	{"example.com.", dnsmessage.TypeSOA, 1232},
	{"example.com.", dnsmessage.TypeNS, 1232},
	{"Example.COM.", dnsmessage.TypeA, 0},
	{"example.com.", dnsmessage.TypeAAAA, 0},
	{"example.com.", dnsmessage.TypeMX, 0},
	{"text.example.com.", dnsmessage.TypeTXT, 0},
	{"blog.example.com.", dnsmessage.TypeA, 0},
	{"shop.example.com.", dnsmessage.TypeA, 0},
	{"lost.example.com.", dnsmessage.TypeA, 0},
	{"ns2.example.com.", dnsmessage.TypeAAAA, 0},
	{"b.deep.example.com.", dnsmessage.TypeA, 0},
	{"missing.example.com.", dnsmessage.TypeA, 0},
	{"www.sub.example.com.", dnsmessage.TypeA, 0},
	{"example.net.", dnsmessage.TypeA, 0},
	{"long.example.com.", dnsmessage.TypeTXT, 0},
	{"long.example.com.", dnsmessage.TypeTXT, 1232},
	{"longer.example.com.", dnsmessage.TypeTXT, 4096},
}

// message makes the message of a question.
func (q question) message(id uint16) []byte {
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(q.name), Type: q.kind, Class: dnsmessage.ClassINET}}}
	if q.edns != 0 {
		o := dnsmessage.Resource{Body: &dnsmessage.OPTResource{}}
		_ = o.Header.SetEDNS0(q.edns, 0, false) // it cannot fail
		m.Additionals = append(m.Additionals, o)
	}
	b, err := m.Pack()
	if err != nil {
		panic(err) // the questions are constant
	}
	return b
}

// exchange asks, and returns the answer.
func exchange(conn net.Conn, message []byte) ([]byte, error) {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(message); err != nil {
		return nil, err
	}
	buf := make([]byte, 1<<16)
	n, err := conn.Read(buf)
	if err != nil {
		return nil, err
	}
	if n < 2 || !bytes.Equal(buf[:2], message[:2]) {
		return nil, errors.New("the answer is to another question")
	}
	return buf[:n:n], nil
}

// describe returns an answer in a line.
func describe(q question, answer []byte) string {
	var m dnsmessage.Message
	if err := m.Unpack(answer); err != nil {
		return fmt.Sprintf("%s: %v", q.name, err)
	}
	var parts []string
	for _, r := range m.Answers {
		parts = append(parts, strings.TrimPrefix(r.Header.Type.String(), "Type")+" "+value(r.Body))
	}
	if m.Truncated {
		parts = append(parts, "truncated")
	}
	if len(m.Answers) == 0 {
		for _, r := range m.Authorities {
			parts = append(parts, "authority "+r.Header.Name.String()+" "+strings.TrimPrefix(r.Header.Type.String(), "Type"))
		}
	}
	return fmt.Sprintf("%-22s %-5s %-9s %4d bytes  %s", q.name, strings.TrimPrefix(q.kind.String(), "Type"),
		strings.TrimPrefix(m.RCode.String(), "RCode"), len(answer), strings.Join(parts, ", "))
}

// value returns the value of a record, short.
func value(body dnsmessage.ResourceBody) string {
	switch b := body.(type) {
	case *dnsmessage.AResource:
		return net.IP(b.A[:]).String()
	case *dnsmessage.AAAAResource:
		return net.IP(b.AAAA[:]).String()
	case *dnsmessage.NSResource:
		return b.NS.String()
	case *dnsmessage.CNAMEResource:
		return b.CNAME.String()
	case *dnsmessage.MXResource:
		return fmt.Sprint(b.Pref, " ", b.MX)
	case *dnsmessage.SOAResource:
		return fmt.Sprint(b.NS, " ", b.Serial)
	case *dnsmessage.TXTResource:
		text := strings.Join(b.TXT, "|")
		return fmt.Sprintf("%.40q", text)
	}
	return ""
}
