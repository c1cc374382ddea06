package main

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// testpmd is a station that is dpdk-testpmd. Between turns it does not poll. It reports the cycles of the
// polls that moved packets.
type testpmd struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.Reader
	set string // the last commands that set a mode
}

const prompt = "testpmd> "

// modes are testpmd's names of the works.
var modes = map[string]string{receive: "rxonly", send: "txonly", echo: "mac", echoIO: "io"}

func startTestpmd(vdev string, c cpus) (station, error) {
	// stdbuf makes it write each line at once: it writes to a pipe.
	cmd := exec.Command("stdbuf", "-oL", "dpdk-testpmd", "--lcores", fmt.Sprintf("0@%d,1@%d", c.generator, c.contender),
		"--no-pci", "--in-memory", "--no-telemetry", "-m", "64", "--vdev", vdev,
		"--", "--interactive", "--total-num-mbufs=8192", "--record-core-cycles", "--no-flush-rx", "--no-mlockall")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &testpmd{cmd: cmd, in: in, out: out}
	stop := kill(cmd)
	defer stop()
	text, err := p.read()
	if err == nil && !strings.Contains(text, "Port 0: ") {
		err = errors.New("dpdk-testpmd has no port")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", err, text), p.close())
	}
	return p, nil
}

// read returns what testpmd prints up to its next prompt.
func (p *testpmd) read() (string, error) {
	var text strings.Builder
	buf := make([]byte, 4096)
	for !strings.HasSuffix(text.String(), prompt) {
		n, err := p.out.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			return text.String(), fmt.Errorf("dpdk-testpmd: %w", err)
		}
	}
	return text.String(), nil
}

// command runs a command and returns what it prints.
func (p *testpmd) command(text string) (string, error) {
	if _, err := fmt.Fprintln(p.in, text); err != nil {
		return "", err
	}
	return p.read()
}

var (
	received = regexp.MustCompile(`RX-packets: (\d+)`)
	sent     = regexp.MustCompile(`TX-packets: (\d+)`)
	cycles   = regexp.MustCompile(`\(total cycles=(\d+) / total .*packets=(\d+)\) at (\d+) MHz`)
)

// number returns the last number that the expression finds.
func number(e *regexp.Regexp, text string) (n int) {
	if all := e.FindAllStringSubmatch(text, -1); all != nil {
		n, _ = strconv.Atoi(all[len(all)-1][1])
	}
	return n
}

func (p *testpmd) turn(r request) (o outcome, err error) {
	stop := kill(p.cmd)
	defer stop()
	set := "set fwd " + modes[r.Work]
	if r.Work == send {
		set += fmt.Sprintf("\nset txpkts %d", len(r.Data))
	}
	if set != p.set {
		for _, c := range strings.Split(set, "\n") {
			if _, err := p.command(c); err != nil {
				return o, err
			}
		}
		p.set = set
	}
	if _, err := p.command("start"); err != nil {
		return o, err
	}
	counter := received
	if r.Work == send {
		counter = sent
	}
	for n := 0; n < r.Frames; {
		text, err := p.command("show fwd stats all")
		if err != nil {
			return o, err
		}
		n = number(counter, text)
	}
	text, err := p.command("stop")
	if err != nil {
		return o, err
	}
	m := cycles.FindStringSubmatch(text)
	if m == nil {
		return o, fmt.Errorf("testpmd reports no cycles: %s", text)
	}
	var v [3]float64
	for i := range v {
		v[i], _ = strconv.ParseFloat(m[i+1], 64)
	}
	return outcome{frames: number(counter, text), nanos: v[0] / v[2] * 1000}, nil
}

func (p *testpmd) close() error {
	stop := kill(p.cmd)
	defer stop()
	_, err := io.WriteString(p.in, "quit\n")
	io.Copy(io.Discard, p.out)
	return errors.Join(err, p.cmd.Wait())
}
