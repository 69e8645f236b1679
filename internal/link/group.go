package link

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"utkik/internal/call"
)

// State is whose word a link is.
type State string

// The states of a link.
const (
	Auto State = "auto" // found
	Hand State = "hand" // made by a person
	Cut  State = "cut"  // a person said that it is wrong; it stays so, whatever is found
)

// Validate tells whether s is one of the states.
func (s State) Validate() error {
	switch s {
	case Auto, Hand, Cut:
		return nil
	}
	return fmt.Errorf("state %q is none of auto, hand, cut", string(s))
}

// Stated is a link with whose word it is.
type Stated struct {
	Link
	State State
}

// Member is what a call brings to its group.
type Member struct {
	Key  call.Key
	Kind call.Kind
	Rich int
	Gone bool
}

// Compare orders the members of a group, the one that stands for all first: what is still there before what is gone, a
// portal before those who write about it, calls and consultations before plans and notices, then who states most.
func (m Member) Compare(o Member) int {
	return cmp.Or(
		cmp.Compare(bit(m.Gone), bit(o.Gone)),
		cmp.Compare(bit(portal(o.Key.Source)), bit(portal(m.Key.Source))),
		cmp.Compare(weight(m.Kind), weight(o.Kind)),
		cmp.Compare(o.Rich, m.Rich),
		m.Key.Compare(o.Key),
	)
}

func weight(k call.Kind) int {
	switch k {
	case call.KindCall, call.KindConsultation:
		return 0
	case call.KindPlanned:
		return 1
	}
	return 2
}

// Groups gives the calls that are shown as one: those that links join, however long the chain, strongest links first.
// No group holds two items of one source, nor two that a person cut apart, nor two that ask apart: a link that would
// bring such two together is passed over. Groups have two members at the least, their first stands for them; they come in the
// order of those.
func Groups(links []Stated, member func(call.Key) (Member, bool)) [][]Member {
	type pair struct{ a, b call.Key }
	cut := map[pair]bool{}
	var joins []Stated
	for _, l := range links {
		switch {
		case l.State == Cut:
			cut[pair{l.A, l.B}] = true
		case l.Relation == Same:
			joins = append(joins, l)
		}
	}
	slices.SortFunc(joins, func(a, b Stated) int {
		return cmp.Or(strings.Compare(string(b.State), string(a.State)), a.Link.Compare(b.Link)) // hand before auto
	})
	groups := map[call.Key]*[]Member{}
	of := func(k call.Key) (*[]Member, bool) {
		if g := groups[k]; g != nil {
			return g, true
		}
		m, ok := member(k)
		if !ok {
			return nil, false
		}
		g := &[]Member{m}
		groups[k] = g
		return g, true
	}
	for _, l := range joins {
		x, ok := of(l.A)
		y, ok2 := of(l.B)
		if !ok || !ok2 || x == y {
			continue
		}
		fits := true
		for _, a := range *x {
			for _, b := range *y {
				p, q := Pair(a.Key, b.Key)
				byHand := l.State == Hand && p == l.A && q == l.B
				asks := a.Kind == call.KindConsultation && b.Kind == call.KindConsultation
				direct := p == l.A && q == l.B
				if a.Key.Source == b.Key.Source || cut[pair{p, q}] || !byHand && (!compatible(a.Kind, b.Kind) || asks && !direct) {
					fits = false
				}
			}
		}
		if !fits {
			continue
		}
		*x = append(*x, *y...)
		for _, m := range *y {
			groups[m.Key] = x
		}
	}
	var out [][]Member
	for k, g := range groups {
		slices.SortFunc(*g, Member.Compare)
		if len(*g) > 1 && (*g)[0].Key == k {
			out = append(out, *g)
		}
	}
	slices.SortFunc(out, func(a, b []Member) int { return a[0].Key.Compare(b[0].Key) })
	return out
}
