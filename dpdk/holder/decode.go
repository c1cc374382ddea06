package holder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// Load reads a configuration from a file: see [Decode].
func Load(file string) (Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("holder.Load: %w", err)
	}
	cfg, err := Decode(text)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", file, err)
	}
	return cfg, nil
}

// Decode reads a configuration from JSON, and checks it as far as that is possible without EAL. It refuses
// fields that [Config] does not have, fields that occur twice, and references to objects that the
// configuration does not have. The error is dpdk.ErrInvalid, and names the field and the fix.
func Decode(text []byte) (Config, error) {
	var cfg Config
	var syntax *json.SyntaxError
	if err := json.Unmarshal(text, new(any)); errors.As(err, &syntax) {
		line := 1 + bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n"))
		return Config{}, check.Invalid(op, "", "line %d is not JSON: %v", line, err)
	} else if err != nil {
		return Config{}, check.Invalid(op, "", "%v", err)
	}
	if err := decode("", text, reflect.ValueOf(&cfg).Elem()); err != nil {
		return Config{}, err
	}
	return cfg, cfg.Check()
}

// decode reads valid JSON into v, which path names. Package json itself names neither an unknown field's
// place nor the fields that exist.
func decode(path string, text json.RawMessage, v reflect.Value) error {
	text = bytes.TrimSpace(text)
	list := v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct
	switch {
	case v.Kind() == reflect.Struct:
		return decodeFields(path, text, v)
	case list && text[0] == '[':
		var all []json.RawMessage
		if err := json.Unmarshal(text, &all); err != nil {
			return check.Invalid(op, path, "%v", err)
		}
		v.Set(reflect.MakeSlice(v.Type(), len(all), len(all)))
		for i, one := range all {
			if err := decode(fmt.Sprintf("%s[%d]", path, i), one, v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	case list && string(text) == "null": // as package json writes an empty list
		return nil
	// Package json takes null for an empty list and an absent pointer, and ignores it elsewhere.
	case v.Kind() != reflect.Slice && v.Kind() != reflect.Pointer && string(text) == "null", hasNull(v, text),
		list || json.Unmarshal(text, v.Addr().Interface()) != nil:
		return check.Invalid(op, path, "%s does not fit: use %s", text, wanted(v.Type()))
	}
	return nil
}

// hasNull reports whether the text of a list of values contains null.
func hasNull(v reflect.Value, text json.RawMessage) bool {
	var all []any
	return v.Kind() == reflect.Slice && json.Unmarshal(text, &all) == nil && slices.Contains(all, nil)
}

// decodeFields reads an object.
func decodeFields(path string, text json.RawMessage, v reflect.Value) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return check.Invalid(op, path, "%s does not fit: use an object with the fields %s", text, strings.Join(fields(v.Type()), ", "))
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return check.Invalid(op, path, "%v", err)
		}
		name := key.(string) // the text is valid JSON
		at := strings.TrimPrefix(path+"."+name, ".")
		if seen[name] {
			return check.Invalid(op, at, "the field occurs twice: remove one of them")
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return check.Invalid(op, at, "%v", err)
		}
		i := fieldNamed(v.Type(), name)
		if i < 0 {
			return check.Invalid(op, at, "there the configuration has no such field: use one of %s", strings.Join(fields(v.Type()), ", "))
		}
		if err := decode(at, value, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

// fields returns the names of a struct's fields in JSON.
func fields(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("json"); name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// fieldNamed returns the index of the field with a name in JSON, or -1.
func fieldNamed(t reflect.Type, name string) int {
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("json") == name && name != "-" {
			return i
		}
	}
	return -1
}

// wanted describes the JSON of a type.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		switch t.Elem().Kind() {
		case reflect.String:
			return "a list of strings"
		case reflect.Struct:
			return "a list of objects"
		}
		return "a list of whole numbers"
	}
	return "a whole number"
}
