//go:build linux

package examples

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

// One command shows both modes, and that their answers are the same.
func TestDNSAsksItselfInBothModes(t *testing.T) {
	c := harness.Command(t, built(t, "dns"), "-count", "200")
	out := strings.Join(c.Wait(), "\n")
	assert.Regexp(t, `(?m)^blog\.example\.com\. +A +Success +\d+ bytes +CNAME www\.example\.com\., CNAME example\.com\., A 192\.0\.2\.80$`, out)
	assert.Contains(t, out, "truncated")
	assert.Len(t, regexp.MustCompile(`(?m)^dns: 217 questions, 217 answers, 0 ignored, 0 answers not sent, 0 mbufs lost$`).FindAllString(out, -1), 2, out)
	assert.Contains(t, out, "summary: 17 answers, the same bytes in both modes")
	clean(t)
}

// nameServer is the example in one mode at 10.6.0.2 and fd00:6::2, and a host that asks it.
type nameServer struct {
	*harness.Child
	asker wire.End
	t     *testing.T
	asked []string // its addresses
}

func startDNS(t *testing.T, mode, bin string) *nameServer {
	t.Helper()
	w := harness.Wire(t)
	s := &nameServer{asker: w.Far, t: t, asked: []string{"10.6.0.2", "fd00:6::2"}}
	require.NoError(t, w.Far.Do(func() error { // an address of IPv6 is ready at once
		return errors.Join(os.WriteFile("/proc/sys/net/ipv6/conf/all/accept_dad", []byte("0"), 0), os.WriteFile("/proc/sys/net/ipv6/conf/"+w.Far.Name+"/accept_dad", []byte("0"), 0))
	}))
	require.NoError(t, w.Far.Address(w.Far.Name, "10.6.0.1/24"))
	require.NoError(t, w.Far.Address(w.Far.Name, "fd00:6::1/64"))
	args := []string{"-mode", mode}
	for i, length := range []string{"/24", "/64"} {
		if mode == "dpdk" {
			args = append(args, "-addr", s.asked[i]+length)
		} else {
			require.NoError(t, w.Near.Address(w.Near.Name, s.asked[i]+length))
		}
	}
	if mode == "dpdk" {
		args = append(args, "-port", fmt.Sprintf("net_af_packet0,iface=%s,qpairs=2", w.Near.Name))
	} else {
		args = append(args, "-listen", ":53")
	}
	s.Child = harness.Command(t, bin, args...)
	s.Expect("dns: ready: example.com., mode " + mode)
	return s
}

// end ends the server, and returns its counters.
func (s *nameServer) end() (questions, answers, ignored int) {
	s.t.Helper()
	s.Signal(syscall.SIGTERM)
	line := last(s.Wait(), "questions")
	var unsent, lost int
	_, err := fmt.Sscanf(line, "dns: %d questions, %d answers, %d ignored, %d answers not sent, %d mbufs lost", &questions, &answers, &ignored, &unsent, &lost)
	require.NoError(s.t, err, line)
	assert.Zero(s.t, unsent, line)
	assert.Zero(s.t, lost, line)
	clean(s.t)
	return questions, answers, ignored
}

// conn returns a socket that asks the server.
func (s *nameServer) conn(ip string) (c net.Conn) {
	s.t.Helper()
	require.NoError(s.t, s.asker.Do(func() (err error) {
		c, err = net.Dial("udp", net.JoinHostPort(ip, "53"))
		return err
	}))
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// resolver is Go's resolver.
func (s *nameServer) resolver(ip string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (c net.Conn, err error) {
		err = s.asker.Do(func() error {
			c, err = new(net.Dialer).DialContext(ctx, strings.Replace(network, "tcp", "udp", 1), net.JoinHostPort(ip, "53"))
			return err
		})
		return c, err
	}}
}

// dig runs dig, and returns what it prints without what differs from run to run.
func (s *nameServer) dig(ip string, args ...string) string {
	s.t.Helper()
	var out []byte
	require.NoError(s.t, s.asker.Do(func() (err error) {
		out, err = exec.Command("dig", append([]string{"@" + ip, "+nostats", "+nocmd", "+notcp", "+ignore", "+tries=1", "+time=5"}, args...)...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	}))
	return regexp.MustCompile(`id: \d+`).ReplaceAllString(string(out), "id: N")
}

func inModes(t *testing.T, f func(t *testing.T, s *nameServer)) {
	bin := built(t, "dns")
	for _, mode := range []string{"dpdk", "kernel"} {
		t.Run(mode, func(t *testing.T) { f(t, startDNS(t, mode, bin)) })
	}
}

func TestDNSAnswersGoResolver(t *testing.T) {
	inModes(t, func(t *testing.T, s *nameServer) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, ip := range s.asked {
			r := s.resolver(ip)
			hosts, err := r.LookupHost(ctx, "blog.example.com.")
			require.NoError(t, err)
			assert.ElementsMatch(t, []string{"192.0.2.80", "2001:db8::80"}, hosts)
			name, err := r.LookupCNAME(ctx, "www.example.com.") // of two aliases in a row, Go returns either target
			require.NoError(t, err)
			assert.Equal(t, "example.com.", name)
			mx, err := r.LookupMX(ctx, "example.com.")
			require.NoError(t, err)
			require.Len(t, mx, 2)
			assert.Equal(t, net.MX{Host: "mail.example.com.", Pref: 10}, *mx[0])
			ns, err := r.LookupNS(ctx, "example.com.")
			require.NoError(t, err)
			assert.Len(t, ns, 2)
			txt, err := r.LookupTXT(ctx, "text.example.com.")
			require.NoError(t, err)
			assert.Equal(t, []string{`one stringand a "second" one; with a semicolon`}, txt)
			for _, missing := range []string{"none.example.com.", "deep.example.com."} {
				_, err = r.LookupHost(ctx, missing)
				var failed *net.DNSError
				require.ErrorAs(t, err, &failed)
				assert.True(t, failed.IsNotFound, "%v", err)
			}
		}
		questions, answers, ignored := s.end()
		assert.Greater(t, questions, 10)
		assert.Equal(t, questions, answers)
		assert.Zero(t, ignored)
	})
}

// dig prints the same about the answers of both modes.
func TestDNSAnswersDig(t *testing.T) {
	harness.Need(t, harness.Dig)
	var printed []string
	inModes(t, func(t *testing.T, s *nameServer) {
		var all strings.Builder
		for _, ip := range s.asked {
			for _, args := range []string{"example.com SOA", "example.com NS", "example.com MX", "example.com ANY", "blog.example.com A", "none.example.com A", "deep.example.com AAAA",
				"x.sub.example.com A", "example.net A", "long.example.com TXT", "+noedns long.example.com TXT", "longer.example.com TXT", "+edns=1 +noednsneg example.com A", "+dnssec example.com A",
				"-c CH version.bind TXT", "+opcode=2 example.com A"} {
				fmt.Fprintln(&all, args, s.dig(ip, strings.Fields(args)...))
			}
		}
		printed = append(printed, all.String())
		s.end()
	})
	require.Len(t, printed, 2)
	assert.Equal(t, printed[0], printed[1])
	for _, want := range []string{"status: NOERROR", "status: NXDOMAIN", "status: REFUSED", "status: BADVERS", "status: NOTIMP", "flags: qr aa rd;", "flags: qr aa tc rd;", "flags: qr rd;",
		"blog.example.com.\t60\tIN\tCNAME\twww.example.com.", "example.com.\t\t300\tIN\tSOA\tns1.example.com. hostmaster.example.com. 2026120101 7200 3600 1209600 300"} {
		assert.Contains(t, printed[0], want)
	}
	assert.NotContains(t, printed[0], "WARNING: Message parser")
	assert.NotContains(t, printed[0], "malformed")
}

// Garbage gets FORMERR or another error, an answer gets nothing, and the server goes on. Both modes answer the same bytes.
func TestDNSAnswersGarbageWithErrors(t *testing.T) {
	var all [2][][]byte
	mode, seed := 0, rand.Uint64()
	t.Log("seed", seed)
	inModes(t, func(t *testing.T, s *nameServer) {
		random, c := rand.New(rand.NewPCG(seed, 0)), s.conn(s.asked[0])
		good := []byte("\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01")
		buf, asked, expected := make([]byte, 4096), 0, 0
		for i := range 2000 {
			ask := make([]byte, random.IntN(80))
			if i%2 == 0 { // random bytes, or a question with some changes
				for j := range ask {
					ask[j] = byte(random.Uint32())
				}
			} else {
				ask = append(ask[:0], good...)
				for range 1 + random.IntN(4) {
					ask[2+random.IntN(len(ask)-2)] = byte(random.Uint32())
				}
				ask = ask[:len(ask)-max(0, random.IntN(20)-10)]
			}
			if len(ask) >= 2 {
				ask[0], ask[1] = byte(i>>8), byte(i)
			}
			require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
			_, err := c.Write(ask)
			require.NoError(t, err)
			asked++
			if len(ask) < 12 || ask[2]&0x80 != 0 {
				continue // no answer
			}
			expected++
			n, err := c.Read(buf)
			require.NoError(t, err, "%x", ask)
			require.Greater(t, n, 11)
			require.Equal(t, ask[:2], buf[:2], "the answer to %x", ask)
			if i%2 == 0 {
				assert.Contains(t, []byte{1, 4}, buf[3]&15, "FORMERR or NOTIMP: %x", ask)
			}
			all[mode] = append(all[mode], bytes.Clone(buf[:n]))
		}
		mode++
		hosts, err := s.resolver(s.asked[0]).LookupHost(t.Context(), "www.example.com.")
		require.NoError(t, err)
		assert.NotEmpty(t, hosts)
		questions, answers, ignored := s.end()
		assert.GreaterOrEqual(t, questions, asked+2)
		assert.Equal(t, asked-expected, ignored)
		assert.Equal(t, questions, answers+ignored)
	})
	assert.Equal(t, all[0], all[1])
}

// The program without DPDK answers in mode kernel, and names it in the error of the other one.
func TestDNSWithoutDPDK(t *testing.T) {
	harness.Need(t, harness.Root)
	bin := filepath.Join(t.TempDir(), "dns")
	build := exec.Command("go", "build", "-o", bin, "../../examples/dns")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	fails := harness.Command(t, bin, "-mode", "dpdk", "-port", "net_null0", "-addr", "10.0.0.2/24").Fail()
	assert.Contains(t, fails, "built without DPDK")
	assert.Contains(t, fails, "use -mode=kernel")
	s := startDNS(t, "kernel", bin)
	hosts, err := s.resolver(s.asked[1]).LookupHost(t.Context(), "mail.example.com.")
	require.NoError(t, err)
	assert.Equal(t, []string{"192.0.2.25"}, hosts)
	s.end()
	demo := harness.Command(t, bin, "-mode", "kernel", "-count", "50").Wait()
	assert.Contains(t, strings.Join(demo, "\n"), "dns: 67 questions, 67 answers, 0 ignored, 0 answers not sent, 0 mbufs lost")
}

// Another zone comes from a file.
func TestDNSReadsAZoneFile(t *testing.T) {
	bin, file := built(t, "dns"), filepath.Join(t.TempDir(), "zone")
	require.NoError(t, os.WriteFile(file, []byte("$ORIGIN example.org.\n@ IN SOA ns hostmaster 1 2 3 4 5\n@ NS ns\nns A 192.0.2.7\nbad A x\n"), 0o600))
	assert.Contains(t, harness.Command(t, bin, "-mode", "kernel", "-listen", "127.0.0.1:0", "-zone", file).Fail(), file+":5: bad.example.org. A: ")
	require.NoError(t, os.WriteFile(file, []byte("$ORIGIN example.org.\n@ IN SOA ns hostmaster 1 2 3 4 5\n@ NS ns\nns A 192.0.2.7\n"), 0o600))
	c := harness.Command(t, bin, "-mode", "kernel", "-listen", "127.0.0.1:5353", "-workers", "4", "-zone", file)
	c.Expect("dns: ready: example.org., mode kernel, 127.0.0.1:5353, 4 workers")
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", "127.0.0.1:5353")
	}}
	hosts, err := r.LookupHost(t.Context(), "ns.example.org.")
	require.NoError(t, err)
	assert.Equal(t, []string{"192.0.2.7"}, hosts)
	c.Signal(syscall.SIGINT)
	assert.Contains(t, last(c.Wait(), "questions"), "0 ignored, 0 answers not sent, 0 mbufs lost")
}
