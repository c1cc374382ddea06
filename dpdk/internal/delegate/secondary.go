package delegate

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk"
)

// connection is the connection of a secondary; nil in other processes.
var connection atomic.Pointer[conn]

// conn is a connection to the primary at path. It is opened at the first call, and again after a
// call that got no answer.
type conn struct {
	path  string
	owner Owner

	mu   sync.Mutex
	open *net.UnixConn // guarded by mu
	out  *json.Encoder
	in   *json.Decoder
}

// Connect lets this secondary delegate calls to the primary that listens at path.
func Connect(path string, self Owner) { connection.Store(&conn{path: path, owner: self}) }

// Disconnect undoes Connect.
func Disconnect() {
	if c := connection.Swap(nil); c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.close()
	}
}

func (c *conn) call(op, name string, arg, result any) error {
	raw, err := json.Marshal(arg)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var answer reply
	if err := c.exchange(&request{op, name, raw}, &answer); err != nil {
		c.close()
		return unanswered(op, name, err)
	}
	if answer.Error != nil {
		return answer.Error.decode()
	}
	return json.Unmarshal(answer.Result, result)
}

// exchange sends a request and receives its reply. The caller holds mu.
func (c *conn) exchange(r *request, answer *reply) error {
	if c.open == nil {
		open, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: c.path, Net: "unix"})
		if err != nil {
			return err
		}
		c.open, c.out, c.in = open, json.NewEncoder(open), json.NewDecoder(open)
		if err := c.send(c.owner); err != nil {
			return err
		}
	}
	if err := c.send(r); err != nil {
		return err
	}
	if err := c.open.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	return c.in.Decode(answer)
}

func (c *conn) send(v any) error {
	if err := c.open.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	return c.out.Encode(v)
}

func (c *conn) close() {
	if c.open != nil {
		c.open.Close()
	}
	c.open = nil
}

// unanswered is the error of a call that got no reply.
func unanswered(op, name string, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrTimeout,
			Detail: "the primary did not answer within " + timeout.String() + " and may still complete the call: look whether it is stopped or very busy"}
	}
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrAgain,
		Detail: "no connection to the primary, which has ended or is ending (" + err.Error() + ")"}
}
