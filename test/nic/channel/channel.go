// Package channel is the protocol between the lab and the agent in the guest. Each side writes JSON
// messages, one a line, to a serial port.
package channel

import "time"

// Port is the name of the serial port.
const Port = "lab"

// Monitor is the socket in the guest where a test asks: it writes a command and reads the answer up to the end.
const Monitor = "/run/monitor"

// Request is a message to the agent. One of its fields after ID is set.
type Request struct {
	ID     int // of a command or a question
	Run    *Command
	Signal int     // for the command
	Answer *string // to the question
}

// Command is a program that the agent runs.
type Command struct {
	Args    []string
	Env     []string
	Timeout time.Duration // then the agent sends SIGABRT, and SIGKILL a moment later
}

// Report is a message of the agent. One of its fields after ID is set. The first message has NICs.
type Report struct {
	ID       int
	NICs     []string // PCI addresses, in the order of their slots
	Output   []byte   // of the command, standard output and standard error
	End      *End     // of the command
	Question string   // of a test: a command for QEMU's monitor
}

// End is the end of a command.
type End struct {
	State   string // "exit status 0"
	OK      bool
	Expired bool // the time was up
	Took    time.Duration
}
