package telemetry

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// node is a value in the types of rte_tel_data.
type node struct {
	kind  byte // one of cgo.Tel…
	name  string
	text  string // of a text
	bits  uint64 // of a number
	items []*node

	fraction bool // the text was a number
}

// fractions returns the number of texts that were numbers.
func (n *node) fractions() (all int) {
	if n.fraction {
		all = 1
	}
	for _, i := range n.items {
		all += i.fractions()
	}
	return all
}

// encode returns the form of a value that C makes rte_tel_data of.
func encode(command string, v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // as DPDK
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	size := text.Len()
	d := json.NewDecoder(&text)
	d.UseNumber()
	n, err := parse(d)
	if n == nil && err == nil { // a nil pointer
		return nil, nil
	}
	if err == nil {
		err = n.check(0)
	}
	const room = 16384 // MAX_OUTPUT_LEN of telemetry.c
	if err == nil {
		size += len(`""`) * n.fractions()
		if size+len(`{"":}`)+len(command) > room {
			return nil, &dpdk.Error{Op: opRegister, Name: command, Errno: dpdk.ErrMessageSize, Detail: fmt.Sprintf("the value has %d bytes as JSON: DPDK's replies have at most %d", size, room)}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the value of %s cannot be sent: %w", command, err)
	}
	return n.append(nil, false), nil
}

// parse reads one value; nil is null.
func parse(d *json.Decoder) (*node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		return parseContainer(d, t == '{')
	case string:
		return &node{kind: cgo.TelText, text: t}, nil
	case bool:
		n := &node{kind: cgo.TelUint}
		if t {
			n.bits = 1
		}
		return n, nil
	case json.Number:
		if u, err := strconv.ParseUint(t.String(), 10, 64); err == nil {
			return &node{kind: cgo.TelUint, bits: u}, nil
		}
		if i, err := strconv.ParseInt(t.String(), 10, cgo.TelIntBits); err == nil {
			return &node{kind: cgo.TelInt, bits: uint64(i)}, nil
		}
		return &node{kind: cgo.TelText, text: t.String(), fraction: true}, nil
	}
	return nil, nil
}

func parseContainer(d *json.Decoder, dict bool) (*node, error) {
	n := &node{kind: cgo.TelDict}
	for d.More() {
		name := ""
		if dict {
			t, err := d.Token()
			if err != nil {
				return nil, err
			}
			name = t.(string)
		}
		item, err := parse(d)
		if err != nil {
			return nil, err
		}
		if item == nil && dict {
			continue
		}
		if item == nil {
			return nil, fmt.Errorf("an array holds null")
		}
		item.name = name
		n.items = append(n.items, item)
	}
	_, err := d.Token() // the end
	if !dict && err == nil {
		n.kind, err = arrayKind(n.items)
	}
	return n, err
}

// arrayKind returns the kind of an array, and makes the kinds of its elements equal.
func arrayKind(items []*node) (byte, error) {
	has := map[byte]bool{}
	for _, i := range items {
		has[min(i.kind, cgo.TelDict)] = true // arrays are containers too
	}
	switch {
	case len(has) == 0 || len(has) == 1 && has[cgo.TelText]:
		return cgo.TelTexts, nil
	case len(has) == 1 && has[cgo.TelUint]:
		return cgo.TelUints, nil
	case len(has) == 1 && has[cgo.TelDict]:
		return cgo.TelContainers, nil
	case has[cgo.TelText] || has[cgo.TelDict]:
		return 0, fmt.Errorf("an array mixes types")
	}
	for _, i := range items {
		if i.kind == cgo.TelUint && i.bits >= 1<<(cgo.TelIntBits-1) {
			return 0, fmt.Errorf("an array holds %d beside a negative number", i.bits)
		}
		i.kind = cgo.TelInt
	}
	return cgo.TelInts, nil
}

// check refuses what DPDK would refuse or cut.
func (n *node) check(depth int) error {
	most := cgo.TelMaxArray
	switch n.kind {
	case cgo.TelInt, cgo.TelUint:
		if depth == 0 {
			return fmt.Errorf("it is a number: use an object that holds it")
		}
	case cgo.TelText:
		size := cgo.TelStringSize
		if depth == 0 {
			size = cgo.TelSingleStringSize
		}
		if len(n.text) >= size {
			return fmt.Errorf("the text %.20q… has %d bytes, and at most %d are possible", n.text, len(n.text), size-1)
		}
		if strings.IndexFunc(n.text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r >= 0x7f }) >= 0 {
			return fmt.Errorf("the text %q has other characters than ASCII", n.text)
		}
	case cgo.TelContainers:
		if depth > 0 {
			return fmt.Errorf("%q is an array of objects or arrays: only the value itself can be one", n.name)
		}
	case cgo.TelDict:
		most = cgo.TelMaxDict
	}
	if len(n.items) > most {
		return fmt.Errorf("%d entries, and at most %d are possible", len(n.items), most)
	}
	for _, i := range n.items {
		if n.kind == cgo.TelDict && (i.name == "" || !onlyLetters(i.name) || len(i.name) >= cgo.TelStringSize) {
			return fmt.Errorf("the name %q: names have only letters, digits, _ and /, and at most %d bytes", i.name, cgo.TelStringSize-1)
		}
		if n.kind == cgo.TelContainers && i.kind == cgo.TelDict && cgo.TelArrayOfDicts == 0 {
			return &dpdk.UnsupportedError{Feature: "an array of objects", Needs: "23.11.7, 24.11.5 or 25.11.1", Running: dpdk.Version()}
		}
		if err := i.check(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

// append appends the form that C reads.
func (n *node) append(b []byte, named bool) []byte {
	b = append(b, n.kind)
	if named {
		b = append(append(b, n.name...), 0)
	}
	switch n.kind {
	case cgo.TelText:
		return append(append(b, n.text...), 0)
	case cgo.TelInt, cgo.TelUint:
		return binary.NativeEndian.AppendUint64(b, n.bits)
	}
	for _, i := range n.items {
		b = i.append(b, n.kind == cgo.TelDict)
	}
	return append(b, cgo.TelEnd)
}
