package telemetry

import (
	"encoding/json"
	"testing"
)

// Whatever a process answers, the decoders return valid JSON or an error.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		`{"version":"DPDK 22.11.11","pid":1,"max_output_len":16384}`, `{"/a":{"x":[1,2,"3"],"y":{"z":18446744073709551615}}}`, `{"/a":null}`, `{"/a":"x"y"}`, `{"/a":"\u00`,
		`{"/a":1,"/a":2}`, "{\"/a\":\"\xff\"}", `[]`, ``, "\x00",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if i, err := decodeGreeting(text); err == nil && (i.MaxOutput < maxGreeting || i.MaxOutput > maxOutput) {
			t.Errorf("%q: %+v", text, i)
		}
		value, err := decodeReply(text, "/a")
		if err != nil {
			return
		}
		if !json.Valid(value) {
			t.Errorf("%q: value %q", text, value)
		}
		for _, v := range []any{new(PortInfo), new(PortStats), new(Link), new(Mempool), new(Ring), new(Heap), new(Memzone), new(Lcore), new([]string), new(map[string]uint64), new(Number), new(Flag)} {
			_ = json.Unmarshal(value, v) // an error is fine
		}
		if _, err := encodeRequest("/a", string(value)); err == nil && len(value) > maxRequest {
			t.Errorf("%d bytes of parameters", len(value))
		}
	})
}
