package index

import (
	"errors"
	"strings"

	"utkik/internal/call"
)

// Calls of several sources that are shown as one are one hit: the first of them that the query finds, with what the others
// lend it: the best of their scores. They count once in the total, and once for each value of a facet, which is what is
// then shown when that value is chosen.

// Other is another source's item of the same call.
type Other struct {
	Source string `json:"source"`
	Ref    string `json:"ref"`
}

// Key gives the identity of the other call.
func (o Other) Key() call.Key { return call.Key{Source: o.Source, Ref: o.Ref} }

// lastPlace is where places in a group end to be told apart: nobody has so many sources.
const lastPlace = 25

func encodePlace(n int) string { return string(rune('a' + min(n, lastPlace))) }

func encodeAlso(group []call.Key, place int) []byte {
	var out []string
	for i, k := range group {
		if i != place {
			out = append(out, k.String())
		}
	}
	return []byte(strings.Join(out, "\n"))
}

func decodeAlso(b []byte) ([]Other, error) {
	var out []Other
	for s := range strings.SplitSeq(string(b), "\n") {
		k, err := call.ParseKey(s)
		if err != nil {
			return nil, err
		}
		out = append(out, Other{k.Source, k.Ref})
	}
	return out, nil
}

// member is the best of a group that a search has found so far.
type member struct {
	candidate
	place uint8
}

// members are those of the groups that a search has found, by the number of the group.
type members map[uint32]member

// take keeps the first of a group's documents, and the best of their scores.
func (ms members) take(group uint32, m member) {
	old, ok := ms[group]
	switch {
	case !ok:
	case old.place <= m.place:
		old.score = max(old.score, m.score)
		m = old
	default:
		m.score = max(old.score, m.score)
	}
	ms[group] = m
}

// tally is a value of a facet that a group was counted for.
type tally struct {
	col          int
	value, group uint32
}

// twice tells whether a group was counted for that value already, and notes that it is.
func (r *run) twice(group uint32, col int, value uint32) bool {
	t := tally{col, value, group}
	if r.tallies[t] {
		return true
	}
	if r.tallies == nil {
		r.tallies = map[tally]bool{}
	}
	r.tallies[t] = true
	return false
}

// readGroups reads the columns of the groups; both stay nil where no document of the segment has one.
func (c *columns) readGroups(seg postingsOf, groups *names) error {
	err := seg(fieldGroup, func(term string, doc uint32) error {
		if int(doc) >= c.count {
			return errors.New("field group names a document that is not there")
		}
		if c.group == nil {
			c.group, c.place, c.grouped = make([]uint32, c.count), make([]uint8, c.count), newSet(c.count)
		}
		c.grouped.add(doc)
		c.group[doc] = groups.number(strings.Clone(term))
		return nil
	})
	if err != nil || c.group == nil {
		return err
	}
	return seg(fieldPlace, func(term string, doc uint32) error {
		if int(doc) >= c.count || len(term) != 1 {
			return errors.New("field place cannot be read")
		}
		c.place[doc] = term[0] - 'a'
		return nil
	})
}

// postingsOf calls a function for every term of a field and every document of the term.
type postingsOf func(field string, fn func(term string, doc uint32) error) error
