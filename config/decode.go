package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"utkik/internal/text"
)

// place is where a value was written: a line of a file, a variable of the environment, or a flag.
type place struct {
	file string
	line int
	key  string // as it is called there
}

func (at place) problem(format string, args ...any) Problem {
	return Problem{File: at.file, Line: at.line, Key: at.key, Text: fmt.Sprintf(format, args...)}
}

// decoder reads one YAML file against the shape of a Go type. It keeps what it could read and gathers a
// problem for everything else, so that one mistake does not hide the next.
type decoder struct {
	file     string
	places   map[string]place
	problems Problems
}

// decodeFile reads data as the struct type shape, whose keys are its mapstructure tags. It gives the
// values that are right, typed as the fields are, and where each key stands.
func decodeFile(file string, data []byte, shape reflect.Type) (map[string]any, map[string]place, Problems) {
	d := &decoder{file: file, places: map[string]place{}}
	reader := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := reader.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, d.places, nil // an empty file decides nothing
	} else if err != nil {
		return nil, d.places, Problems{syntaxProblem(file, err)}
	}
	var second yaml.Node
	if err := reader.Decode(&second); err == nil {
		d.add(&second, "", "a second document begins here; write one only, without ---")
	} else if !errors.Is(err, io.EOF) {
		d.problems = append(d.problems, syntaxProblem(file, err))
	}
	var fields map[string]any
	if len(doc.Content) > 0 {
		values, _ := d.value(doc.Content[0], shape, "", false)
		fields, _ = values.(map[string]any)
	}
	return fields, d.places, d.problems
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntaxProblem takes the line out of the YAML reader's message, which has it in words only.
func syntaxProblem(file string, err error) Problem {
	p := Problem{File: file, Text: "not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		p.Line, _ = strconv.Atoi(m[1]) // unreachable error: digits, or empty for 0
		p.Text = "not YAML: " + err.Error()[len(m[0]):]
	}
	return p
}

func (d *decoder) add(n *yaml.Node, key, format string, args ...any) {
	d.problems = append(d.problems, place{d.file, n.Line, key}.problem(format, args...))
}

// value reads n as a t. It gives false where there is nothing to use: the key has no value, or a problem
// was noted.
func (d *decoder) value(n *yaml.Node, t reflect.Type, key string, secret bool) (any, bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.add(n, key, "anchors and aliases (& and *) are not read; write the value out")
		return nil, false
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil, false // a key without a value is as good as absent
	}
	switch {
	case t.Kind() == reflect.Struct:
		return d.fields(n, t, key)
	case t.Kind() == reflect.Map:
		return d.entries(n, t, key)
	case t.Kind() == reflect.Slice:
		return d.list(n, t, key)
	}
	if n.Kind != yaml.ScalarNode {
		d.add(n, key, "want %s, got %s", wanted(t), described(n))
		return nil, false
	}
	v, complaint := scalar(n.Value, t, secret)
	if complaint != "" {
		d.add(n, key, "%s", complaint)
		return nil, false
	}
	return v, true
}

// pairs calls f for each key of a mapping, once: a key that stands twice is a problem.
func (d *decoder) pairs(n *yaml.Node, key string, f func(name string, k, v *yaml.Node)) bool {
	if n.Kind != yaml.MappingNode {
		d.add(n, key, "want keys with values, got %s", described(n))
		return false
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			d.add(k, key, "want a word as key, got %s", described(k))
			continue
		}
		if first, twice := seen[k.Value]; twice {
			d.add(k, joined(key, k.Value), "stands twice; the first is in line %d", first)
			continue
		}
		seen[k.Value] = k.Line
		f(k.Value, k, n.Content[i+1])
	}
	return true
}

func (d *decoder) fields(n *yaml.Node, t reflect.Type, key string) (any, bool) {
	known := keysOf(t)
	out := map[string]any{}
	ok := d.pairs(n, key, func(name string, k, v *yaml.Node) {
		field, is := fieldOf(t, name)
		full := joined(key, name)
		if !is {
			d.add(k, full, "unknown key%s", hint(name, known, "known here"))
			return
		}
		d.places[full] = place{d.file, k.Line, full}
		if got, ok := d.value(v, field.Type, full, field.Tag.Get("secret") != ""); ok {
			out[name] = got
		}
	})
	return out, ok
}

func (d *decoder) entries(n *yaml.Node, t reflect.Type, key string) (any, bool) {
	out := map[string]any{}
	ok := d.pairs(n, key, func(name string, k, v *yaml.Node) {
		full := joined(key, name)
		d.places[full] = place{d.file, k.Line, full}
		if got, ok := d.value(v, t.Elem(), full, false); ok {
			out[name] = got
		}
	})
	return out, ok
}

func (d *decoder) list(n *yaml.Node, t reflect.Type, key string) (any, bool) {
	if n.Kind != yaml.SequenceNode {
		d.add(n, key, `want a list, each entry on a line that begins with "- ", got %s`, described(n))
		return nil, false
	}
	out := []any{}
	for _, entry := range n.Content {
		// Entries are counted as they are kept, so that a place is found by its index in the list.
		full := fmt.Sprintf("%s[%d]", key, len(out))
		d.places[full] = place{d.file, entry.Line, full}
		if got, ok := d.value(entry, t.Elem(), full, false); ok {
			out = append(out, got)
		}
	}
	return out, true
}

var durationType = reflect.TypeFor[time.Duration]()

// scalar reads one value as a t: from a file, the environment or a flag alike. The second result says
// what is wrong with it, without repeating a secret.
func scalar(text string, t reflect.Type, secret bool) (any, string) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	got := strconv.Quote(text)
	if secret {
		got = "something else"
	}
	switch {
	case t == durationType:
		v, err := time.ParseDuration(text)
		if err != nil {
			return nil, fmt.Sprintf("want %s, got %s", wanted(t), got)
		}
		return v, ""
	case t.Kind() == reflect.String:
		return text, ""
	case t.Kind() == reflect.Bool && (text == "true" || text == "false"):
		return text == "true", ""
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		v, err := strconv.ParseInt(text, 10, t.Bits())
		if err == nil {
			return v, ""
		}
	case t.Kind() == reflect.Float64:
		v, err := strconv.ParseFloat(text, 64)
		if err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v, ""
		}
	}
	return nil, fmt.Sprintf("want %s, got %s", wanted(t), got)
}

func wanted(t reflect.Type) string {
	switch {
	case t == durationType:
		return "a duration with its unit, such as 5s, 10m or 24h"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		return "a whole number"
	case t.Kind() == reflect.Float64:
		return "a number"
	}
	return "text"
}

func described(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value" // not quoted: it may be a secret in the wrong place
}

func joined(section, key string) string {
	if section == "" {
		return key
	}
	return section + "." + key
}

// squashed marks an embedded struct whose keys stand among those of the struct around it.
const squashed = ",squash"

// keysOf gives the keys of a struct, in the order of its fields.
func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		switch key := t.Field(i).Tag.Get("mapstructure"); key {
		case "", "-":
		case squashed:
			keys = append(keys, keysOf(t.Field(i).Type)...)
		default:
			keys = append(keys, key)
		}
	}
	return keys
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	if key == "" || key == "-" || key == squashed {
		return reflect.StructField{}, false
	}
	for i := range t.NumField() {
		f := t.Field(i)
		switch f.Tag.Get("mapstructure") {
		case key:
			return f, true
		case squashed:
			if inner, ok := fieldOf(f.Type, key); ok {
				return inner, true
			}
		}
	}
	return reflect.StructField{}, false
}

// hint ends a message about an unknown word: with the known word that was probably meant, or with all of
// them where none is near.
func hint(word string, known []string, called string) string {
	if near := text.Nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	if len(known) == 0 {
		return ""
	}
	return fmt.Sprintf("; %s: %s", called, strings.Join(known, ", "))
}
