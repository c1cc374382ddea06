package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// patience limits a turn and the start of a contender.
const patience = 15 * time.Second

// process is a station that is this program, started as a contender.
type process struct {
	cmd *exec.Cmd
	in  *json.Encoder
	out *json.Decoder
	end func() error
}

func startProcess(p place) (station, error) {
	place, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), placeEnv+"="+string(place))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &process{cmd: cmd, in: json.NewEncoder(in), out: json.NewDecoder(out), end: in.Close}
	if _, err := s.reply(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *process) turn(r request) (outcome, error) {
	if err := s.in.Encode(r); err != nil {
		return outcome{}, err
	}
	a, err := s.reply()
	return outcome{r.Frames, float64(a.Nanos), float64(a.CPU), a.Sum}, err
}

func (s *process) reply() (a reply, err error) {
	stop := kill(s.cmd)
	defer stop()
	if err := s.out.Decode(&a); err != nil {
		return a, fmt.Errorf("no reply within %v: %w", patience, err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

func (s *process) close() error {
	stop := kill(s.cmd)
	defer stop()
	return errors.Join(s.end(), s.cmd.Wait())
}

// kill kills a process after some time, unless stop is called before.
func kill(cmd *exec.Cmd) (stop func() bool) {
	return time.AfterFunc(patience, func() { cmd.Process.Kill() }).Stop
}
