package holder

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

func TestErrorsNameTheFieldAndTheFix(t *testing.T) {
	const pool = `"pools": [{"name": "p", "count": 15}], `
	tests := []struct{ name, text, field, fix string }{
		{"not JSON", "{\n\"eal\": {,}}", "", "line 2 is not JSON"},
		{"text after the end", "{} {}", "", "line 1 is not JSON"},
		{"not an object", `[]`, "", "use an object with the fields eal, pools"},
		{"an unknown field", `{"ring": []}`, "ring", "use one of eal, pools, objectPools, memzones, rings, ports, places"},
		{"an unknown field in a list", `{"rings": [{}, {"prod": "single"}]}`, "rings[1].prod", "use one of name, count, elemSize"},
		{"another case", `{"EAL": {}}`, "EAL", "use one of eal"},
		{"the field that JSON leaves out", `{"Logger": {}}`, "Logger", "use one of eal"},
		{"twice", `{"eal": {"noPCI": true, "noPCI": false}}`, "eal.noPCI", "remove one"},
		{"text for a number", `{"eal": {"memoryMB": "64"}}`, "eal.memoryMB", "use a whole number"},
		{"a fraction", `{"pools": [{"count": 1.5}]}`, "pools[0].count", "use a whole number"},
		{"a number for text", `{"pools": [{"name": 1}]}`, "pools[0].name", "use a string"},
		{"text for a truth", `{"eal": {"noPCI": "yes"}}`, "eal.noPCI", "use true or false"},
		{"text for a list", `{"eal": {"vdevs": "net_null0"}}`, "eal.vdevs", "use a list of strings"},
		{"an object for a list", `{"rings": {}}`, "rings", "use a list of objects"},
		{"null for an object", `{"eal": null}`, "eal", "use an object"},
		{"null for text", `{"eal": {"filePrefix": null}}`, "eal.filePrefix", "use a string"},
		{"null for a number", `{"pools": [{"name": "p", "count": null}]}`, "pools[0].count", "use a whole number"},
		{"null for a truth", `{"eal": {"noPCI": null}}`, "eal.noPCI", "use true or false"},
		{"null in a list of texts", `{"eal": {"vdevs": ["net_null0", null]}}`, "eal.vdevs", "use a list of strings"},
		{"null in a list of numbers", `{"eal": {"socketMemoryMB": [null]}}`, "eal.socketMemoryMB", "use a list of whole numbers"},
		{"null in a list of objects", `{"rings": [null]}`, "rings[0]", "use an object"},
		{"a list for a number", `{"pools": [{"socket": [0]}]}`, "pools[0].socket", "use a whole number"},
		{"no name", `{"rings": [{"count": 8}]}`, "rings[0].name", "each needs one"},
		{"two of a name", `{"rings": [{"name": "a"}, {"name": "a"}]}`, "rings[1].name", "use different names"},
		{"two pools of a name", `{` + pool + `"objectPools": [{"name": "p"}]}`, "objectPools[0].name", "use different names"},
		{"two ports of a device", `{` + pool + `"ports": [{"device": "net_null0", "pool": "p"}, {"device": "net_null0,size=1", "pool": "p"}]}`, "ports[1].device", "use different names"},
		{"a mode", `{"rings": [{"name": "a", "consumer": "spsc"}]}`, "rings[0].consumer", "use multi, single, rts or hts"},
		{"an IOVA mode", `{"eal": {"iovaMode": "virtual"}}`, "eal.iovaMode", "use auto, pa or va"},
		{"no such pool", `{` + pool + `"ports": [{"device": "net_null0", "pool": "q"}]}`, "ports[0].pool", "use one of pools: p"},
		{"a pool of objects", `{"objectPools": [{"name": "q"}], "ports": [{"device": "net_null0", "pool": "q"}]}`, "ports[0].pool", "there are none"},
		{"a port of one ring", `{` + pool + `"rings": [{"name": "a"}], "ports": [{"device": "net_ring_0", "pool": "p", "rxRings": ["a"]}]}`, "ports[0].txRings", "name one"},
		{"a port of unknown rings", `{` + pool + `"rings": [{"name": "a"}], "ports": [{"device": "net_ring_0", "pool": "p", "rxRings": ["a"], "txRings": ["b"]}]}`, "ports[0].txRings[0]", "use one of rings: a"},
		{"a port of wide rings", `{` + pool + `"rings": [{"name": "a", "elemSize": 16}], "ports": [{"device": "net_ring_0", "pool": "p", "rxRings": ["a"], "txRings": ["a"]}]}`, "ports[0].rxRings[0]", "set its elemSize to 8"},
		{"more queues than rings", `{` + pool + `"rings": [{"name": "a"}], "ports": [{"device": "net_ring_0", "pool": "p", "rxRings": ["a"], "txRings": ["a"], "txQueues": 2}]}`, "ports[0].txQueues", "leave the field out"},
		{"a place of an unknown port", `{` + pool + `"ports": [{"device": "net_null0", "pool": "p"}], "places": [{"name": "w", "rx": [{"port": "net_null1"}]}]}`, "places[0].rx[0].port", "use one of ports: net_null0"},
		{"a place of a queue too many", `{` + pool + `"ports": [{"device": "net_null0,size=64", "pool": "p", "txQueues": 2}], "places": [{"name": "w", "tx": [{"port": "net_null0", "queue": 1}, {"port": "net_null0", "queue": 2}]}]}`, "places[0].tx[1].queue", "the queues 0 to 1"},
		{"a place of an unknown ring", `{"rings": [{"name": "a"}], "places": [{"name": "w", "produces": ["a"], "consumes": ["b"]}]}`, "places[0].consumes[0]", "use one of rings: a"},
		{"two places of a queue", `{` + pool + `"ports": [{"device": "net_null0", "pool": "p"}], "places": [{"name": "v", "rx": [{"port": "net_null0"}]}, {"name": "w", "tx": [{"port": "net_null0"}], "rx": [{"port": "net_null0"}]}]}`, "places[1].rx[0]", "belongs to places[0].rx[0] too"},
		{"two places at an end of a ring", `{"rings": [{"name": "a"}], "places": [{"name": "v", "produces": ["a"]}, {"name": "w", "consumes": ["a"], "produces": ["a"]}]}`, "places[1].produces[0]", "belongs to places[0].produces[0] too"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Decode([]byte(test.text))
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Contains(t, err.Error(), test.fix)
			var e *dpdk.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, test.field, e.Name)
		})
	}
}

// fill sets every field to a value that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.String:
		v.SetString("x")
	case reflect.Int:
		v.SetInt(8)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// What package json writes, decode reads: each field has a name in JSON.
func TestEveryFieldIsRead(t *testing.T) {
	var want, got Config
	fill(reflect.ValueOf(&want).Elem())
	text, err := json.Marshal(want)
	require.NoError(t, err)
	require.NoError(t, decode("", text, reflect.ValueOf(&got).Elem()))
	assert.Equal(t, want, got)
	assert.NotEmpty(t, got.Ports[0].RxRings)
	text, err = json.Marshal(Config{})
	require.NoError(t, err)
	got, err = Decode(text)
	assert.NoError(t, err)
	assert.Zero(t, got)
}

func TestLoadNamesTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "group.json")
	_, err := Load(file)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, file)
	require.NoError(t, os.WriteFile(file, []byte(`{"x": 1}`), 0o600))
	_, err = Load(file)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, file)
	require.NoError(t, os.WriteFile(file, []byte(`{"eal": {"filePrefix": "x"}}`), 0o600))
	cfg, err := Load(file)
	assert.NoError(t, err)
	assert.Equal(t, "x", cfg.EAL.FilePrefix)
}
