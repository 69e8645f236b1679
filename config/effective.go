package config

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"utkik/crawler/kind"
)

// Effective gives the configuration in force as YAML, in the shape of the file, with every source as it
// is crawled. Secrets are redacted. A comment tells where a value was written; those without one are
// defaults, or the source's own.
func (c *Config) Effective() ([]byte, error) {
	shown := *c
	shown.Overrides = nil
	given := map[string]int{}
	for i, o := range c.Overrides {
		given[o.ID] = i
	}
	places := map[string]place{}
	for key, at := range c.places {
		if !strings.HasPrefix(key, "sources[") {
			places[key] = at
		}
	}
	for i, s := range c.sources {
		shown.Overrides = append(shown.Overrides, SourceOverride{ID: s.ID, Base: s.Base, Enabled: &s.Enabled, Every: &s.Every, Delay: &s.Delay, MinItems: &s.Expect.MinItems})
		if from, altered := given[s.ID]; altered {
			for _, key := range keysOf(reflect.TypeFor[SourceOverride]()) {
				if at, ok := c.places[fmt.Sprintf("sources[%d].%s", from, key)]; ok {
					places[fmt.Sprintf("sources[%d].%s", i, key)] = at
				}
			}
		}
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(shownNode(reflect.ValueOf(shown), places, "", "")); err != nil {
		return nil, fmt.Errorf("configuration: %v", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("configuration: %v", err)
	}
	return out.Bytes(), nil
}

// shownNode writes a value as YAML, without what is secret and without what is not set.
func shownNode(v reflect.Value, places map[string]place, key, secret string) *yaml.Node {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return shownNode(v.Elem(), places, key, secret)
	case reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, name := range keysOf(v.Type()) {
			field, _ := fieldOf(v.Type(), name)
			full := joined(key, name)
			value := shownNode(v.FieldByIndex(field.Index), places, full, field.Tag.Get("secret"))
			if value == nil {
				continue
			}
			if at, ok := places[full]; ok && value.Kind == yaml.ScalarNode {
				value.LineComment = at.comment()
			}
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, value)
		}
		return n
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			if entry := shownNode(v.Index(i), places, fmt.Sprintf("%s[%d]", key, i), secret); entry != nil {
				n.Content = append(n.Content, entry)
			}
		}
		if len(n.Content) == 0 {
			n.Style = yaml.FlowStyle
		}
		return n
	case reflect.String:
		return quoted(shownText(v.String(), secret))
	case reflect.Int64:
		if v.Type() == durationType {
			return &yaml.Node{Kind: yaml.ScalarNode, Value: shortDuration(time.Duration(v.Int()))}
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.FormatInt(v.Int(), 10)}
	default: // bool, int and float64: what else a field may be, the decoder does not read
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(v.Interface())}
	}
}

// quoted writes a string so that it is read back as one, quoted where YAML would take it for something else.
func quoted(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	if s == "" {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func shownText(s, secret string) string {
	switch {
	case s == "" || secret == "":
		return s
	case secret == "url":
		return withoutPassword(s)
	}
	return redacted
}

// comment names the place for a reader of the effective configuration.
func (at place) comment() string {
	if at.line > 0 {
		return fmt.Sprintf("%s:%d", at.file, at.line)
	}
	return at.key
}

// shortDuration writes 24h instead of 24h0m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

// Keys gives every key that a configuration file may hold, sorted; those of a list's entries with [].
func Keys() []string { return keysUnder(reflect.TypeFor[Config](), "") }

// SourceKeys gives every key that a source's file may hold, sorted.
func SourceKeys() []string { return keysUnder(reflect.TypeFor[sourceFile](), "") }

// keysUnder gives the keys of a struct and of those in it. A [kind.Find] is one key: what it may hold is told once,
// by the fields of a source's rules.
func keysUnder(t reflect.Type, section string) []string {
	var keys []string
	for _, key := range keysOf(t) {
		field, _ := fieldOf(t, key)
		full := joined(section, key)
		switch {
		case field.Type == reflect.TypeFor[kind.Find]():
			keys = append(keys, full)
		case field.Type.Kind() == reflect.Pointer && field.Type.Elem().Kind() == reflect.Struct:
			keys = append(keys, keysUnder(field.Type.Elem(), full)...)
		case field.Type.Kind() == reflect.Struct:
			keys = append(keys, keysUnder(field.Type, full)...)
		case full == "rules.detail.fields":
			keys = append(keys, full) // told once as well, by rules.fields
		case field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct:
			keys = append(keys, keysUnder(field.Type.Elem(), full+"[]")...)
		default:
			keys = append(keys, full)
		}
	}
	slices.Sort(keys)
	return keys
}
