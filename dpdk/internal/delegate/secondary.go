package delegate

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
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
	if !utf8.ValidString(name) { // JSON would change it
		return check.Invalid(op, strings.ToValidUTF8(name, "?"), "the name is not valid UTF-8: use another one, or make the call in the primary")
	}
	raw, err := json.Marshal(arg)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(timeout)
	control.Started().LeaveLocks() // the primary takes them
	defer control.Started().EnterLocks()
	c.mu.Lock()
	defer c.mu.Unlock()
	var answer reply
	if err := c.exchange(deadline, &request{op, name, raw, deadline.UnixNano()}, &answer); err != nil {
		c.close()
		return unanswered(op, name, err)
	}
	Reach("after answer")
	switch e := answer.Error; {
	case e == nil:
	case e.Ending:
		return ending(op, name, errors.New(e.Detail))
	default:
		return e.decode()
	}
	return json.Unmarshal(answer.Result, result)
}

// exchange sends a request and receives its reply. The caller holds mu.
func (c *conn) exchange(deadline time.Time, r *request, answer *reply) error {
	if c.open == nil {
		open, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: c.path, Net: "unix"})
		if err != nil {
			return err
		}
		c.open, c.out, c.in = open, json.NewEncoder(open), json.NewDecoder(open)
		if err := c.send(deadline, c.owner); err != nil {
			return err
		}
	}
	Reach("before send")
	if err := c.send(deadline, r); err != nil {
		return err
	}
	Reach("after send")
	if err := c.open.SetReadDeadline(deadline); err != nil {
		return err
	}
	return c.in.Decode(answer)
}

func (c *conn) send(deadline time.Time, v any) error {
	if err := c.open.SetWriteDeadline(deadline); err != nil {
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
			Detail: "the primary did not answer within " + timeout.String() + " and may still complete a call that it has begun: look whether it is stopped or very busy"}
	}
	return ending(op, name, err)
}

// endTimeout is the time that a call waits for the end of a primary that has begun to end.
const endTimeout = 2 * time.Second

// ending is the error of a call that the primary did not make because it ends.
func ending(op, name string, err error) error {
	for over := time.Now().Add(endTimeout); time.Now().Before(over); time.Sleep(time.Millisecond) {
		if !control.Started().PrimaryAlive() {
			return &dpdk.Error{Op: op, Name: name, Cause: dpdk.ErrPrimaryGone}
		}
	}
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrAgain, Detail: "the primary ends, or does not accept calls: " + err.Error()}
}
