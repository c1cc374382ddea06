package telemetry

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// Limits of DPDK's telemetry.c and rte_telemetry.h, which are the same from 22.11 to 25.11.
const (
	maxCommand  = 55      // bytes of a command
	maxRequest  = 1023    // bytes of a command with its parameters
	maxGreeting = 1024    // bytes of the first message of a connection
	maxOutput   = 1 << 24 // a process that announces longer replies is not DPDK

	maxArray = 512 // entries of an array: DPDK leaves out further ones without a sign
	maxDict  = 256 // entries of an object
	// maxEntry bounds the length of an entry of the typed replies. DPDK leaves out an entry for which the reply
	// has no room.
	maxEntry = 160
)

// encodeRequest refuses what DPDK would cut, or could not repeat in its reply as JSON.
func encodeRequest(command, params string) ([]byte, error) {
	if err := checkCommand(opCall, command); err != nil {
		return nil, err
	}
	request := command
	if params != "" {
		request += "," + params
	}
	switch {
	case strings.IndexByte(params, 0) >= 0:
		return nil, check.Invalid(opCall, command, "the parameters hold a NUL byte")
	case len(request) > maxRequest:
		return nil, check.Invalid(opCall, command, "the parameters have %d bytes: DPDK reads at most %d", len(params), maxRequest-len(command)-1)
	}
	return []byte(request), nil
}

// checkCommand refuses what DPDK does not accept as the name of a command.
func checkCommand(op, command string) error {
	if !strings.HasPrefix(command, "/") || !onlyLetters(command) {
		return check.Invalid(op, command, "a command starts with / and has only letters, digits, _ and /")
	}
	if len(command) > maxCommand {
		return &dpdk.Error{Op: op, Name: command, Errno: dpdk.ErrNameTooLong, Detail: fmt.Sprintf("%d bytes: use at most %d", len(command), maxCommand)}
	}
	return nil
}

// letters are the characters that DPDK accepts in commands and names of values.
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/"

func onlyLetters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(letters, r) }) < 0
}

// decodeGreeting decodes the first message of a connection.
func decodeGreeting(text []byte) (Info, error) {
	var i Info
	if err := json.Unmarshal(text, &i); err != nil {
		return Info{}, bad(text, err.Error())
	}
	if i.MaxOutput < maxGreeting || i.MaxOutput > maxOutput {
		return Info{}, bad(text, fmt.Sprintf("max_output_len is %d", i.MaxOutput))
	}
	return i, nil
}

// decodeReply returns the value of a reply, which is an object with the command as its only key.
func decodeReply(text []byte, command string) (json.RawMessage, error) {
	var r map[string]json.RawMessage
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, bad(text, err.Error())
	}
	value, ok := r[command]
	if !ok || len(r) != 1 {
		return nil, bad(text, "it is not the reply to "+command)
	}
	return value, nil
}

// bad is the error of a reply that is not as DPDK's.
func bad(text []byte, why string) error {
	const most = 200
	cut := ""
	if len(text) > most {
		text, cut = text[:most], "…"
	}
	return &dpdk.Error{Op: opCall, Errno: dpdk.ErrBadMessage, Detail: fmt.Sprintf("reply %q%s: %s", text, cut, why)}
}

// complete returns dpdk.ErrOverflow if DPDK may have left out entries.
func (r reply) complete(entries, most int) error {
	if entries < most && len(r.value)+maxEntry < r.from.MaxOutput {
		return nil
	}
	return &dpdk.Error{Op: opCall, Errno: dpdk.ErrOverflow,
		Detail: fmt.Sprintf("the reply has %d entries in %d bytes, and DPDK leaves out what has no room in %d bytes or %d entries", entries, len(r.value), r.from.MaxOutput, most)}
}
