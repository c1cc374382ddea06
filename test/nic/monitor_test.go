//go:build linux

package nic

import (
	"encoding/json"
	"fmt"
	"net"
	"time"
)

// monitor is QEMU's monitor, over its machine protocol.
type monitor struct {
	c   net.Conn
	in  *json.Decoder
	out *json.Encoder
}

func newMonitor(c net.Conn) (*monitor, error) {
	m := &monitor{c, json.NewDecoder(c), json.NewEncoder(c)}
	if err := m.in.Decode(&struct{}{}); err != nil { // the greeting
		return nil, err
	}
	_, err := m.call("qmp_capabilities", map[string]any{})
	return m, err
}

// call executes a command of the protocol.
func (m *monitor) call(command string, arguments map[string]any) (string, error) {
	_ = m.c.SetDeadline(time.Now().Add(10 * time.Second))
	if err := m.out.Encode(map[string]any{"execute": command, "arguments": arguments}); err != nil {
		return "", err
	}
	for {
		var r struct {
			Return any
			Error  *struct{ Desc string }
		}
		if err := m.in.Decode(&r); err != nil {
			return "", err
		}
		switch text, _ := r.Return.(string); {
		case r.Error != nil:
			return "", fmt.Errorf("%s: %s", command, r.Error.Desc)
		case r.Return != nil: // else an event
			return text, nil
		}
	}
}

// execute executes a line as the monitor for people does, and returns what it prints.
func (m *monitor) execute(line string) string {
	text, err := m.call("human-monitor-command", map[string]any{"command-line": line})
	if err != nil {
		return err.Error()
	}
	return text
}
