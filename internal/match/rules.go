package match

import (
	"strings"

	"utkik/internal/call"
)

// codes find which of any number of rules fit a fact, without trying them one by one: a rule's pattern is
// looked at when the fact begins, ends or goes on as the pattern does.
type codes struct {
	fields map[string]*anchors // by the rule's word for a field
	globs  [][]string          // by number: a pattern in small letters, cut at the stars
}

// anchors are the longest fixed pieces that patterns of one field begin with, else end with, else hold.
type anchors struct {
	pieces patterns
	globs  [][]int32 // by symbol of the piece
}

// add puts a pattern that is not there yet in and gives its number.
func (c *codes) add(field, pattern string) int32 {
	if c.fields == nil {
		c.fields = map[string]*anchors{}
	}
	a := c.fields[field]
	if a == nil {
		a = &anchors{pieces: newPatterns()}
		c.fields[field] = a
	}
	parts := strings.Split(strings.ToLower(pattern), "*")
	n := int32(len(c.globs))
	c.globs = append(c.globs, parts)
	var s symbol
	switch last := len(parts) - 1; {
	case last == 0:
		s = a.pieces.add(parts[0], false, false)
	case parts[0] != "":
		s = a.pieces.add(parts[0], false, true)
	case parts[last] != "":
		s = a.pieces.add(parts[last], true, false)
	default:
		s = a.pieces.add(longestOf(parts), true, true)
	}
	if int(s) == len(a.globs) {
		a.globs = append(a.globs, nil)
	}
	a.globs[s] = append(a.globs[s], n)
	return n
}

func longestOf(parts []string) string {
	var l string
	for _, p := range parts {
		if len(p) > len(l) {
			l = p
		}
	}
	return l
}

// match appends the numbers of the patterns that f fits.
func (c *codes) match(f *fact, pieces []symbol, out []int32) ([]symbol, []int32) {
	a := c.fields[f.rule]
	if a == nil {
		return pieces, out
	}
	pieces = a.pieces.match(f.folded, pieces[:0])
	for _, s := range pieces {
		for _, n := range a.globs[s] {
			if glob(c.globs[n], f.folded) {
				out = append(out, n)
			}
		}
	}
	return pieces, out
}

// fact is a field of a call that rules look at.
type fact struct {
	rule, name, value, folded string // the rule's word for it and the exchange format's
}

func factsOf(c *call.Call, code string) []fact { return appendFacts(nil, c, code) }

func appendFacts(out []fact, c *call.Call, code string) []fact {
	add := func(rule, name, v string) {
		if v != "" {
			v = clip(v, maxField)
			out = append(out, fact{rule, name, v, strings.ToLower(v)})
		}
	}
	each := func(rule, name string, values []string) {
		for _, v := range values {
			add(rule, name, v)
		}
	}
	add("programme", "programme", c.Programme)
	if !hasPrefixFold(c.Identifier, code) { // the identifier says it already, and one code is one piece of evidence
		add("call", "call", code)
	}
	add("identifier", "identifier", c.Identifier)
	each("topic", "topics", c.Topics)
	add("source", "source", c.Source)
	add("kind", "kind", string(c.Kind))
	each("division", "divisions", c.Divisions)
	each("action_type", "action_types", c.ActionTypes)
	return out
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// glob tells whether s is the parts in order, with anything where they were cut.
func glob(parts []string, s string) bool {
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return s == first
	}
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return true
}
