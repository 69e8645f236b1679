package digest

import (
	"slices"
	"strings"

	"utkik/internal/call"
	linked "utkik/internal/link" // link is what the digest makes of an address
	"utkik/internal/subscription"
)

// Elsewhere is another source that publishes the same call.
type Elsewhere struct {
	Source     string    `json:"source"`
	Ref        string    `json:"ref"`
	SourceName string    `json:"source_name"`
	Kind       call.Kind `json:"kind"`
	URL        string    `json:"url,omitempty"`
	Deadline   *Date     `json:"deadline,omitempty"` // the next one, as that source states it
}

// candidate is a call with what happened to it.
type candidate struct {
	it   *Item
	cs   []call.Change // its own changes, in order
	odds []int64       // seqs of changes, its own or of others in its group, by which sources state different last days
}

// group lays the groups over the items that were handed in and are still there.
func (d *Day) group() {
	d.groups = map[call.Key][]*Item{}
	for _, keys := range d.in.Groups {
		var members []*Item
		for _, k := range keys {
			if it := d.items[k]; it != nil && it.Gone.IsZero() && !d.held[k] {
				members = append(members, it)
			}
		}
		for _, it := range members {
			if len(members) > 1 {
				d.groups[it.Call.Key()] = members
			}
		}
	}
}

// decided gives what a reader decided about a call, be it under another source's item.
func (b *builder) decided(k call.Key) subscription.Choice {
	if c, ok := b.reader.Decided[k]; ok {
		return c
	}
	for _, m := range b.groups[k] {
		if c, ok := b.reader.Decided[m.Call.Key()]; ok {
			return c
		}
	}
	return ""
}

// stands gives the item under which its group is told: the first that concerns the reader and is not closed, else the
// first that concerns it. An item without a group stands for itself.
func (b *builder) stands(it *Item) *Item {
	var first *Item
	for _, m := range b.groups[it.Call.Key()] {
		if !b.concerns(m) {
			continue
		}
		if m.Call.StatusAt(b.in.Now) != call.StatusClosed {
			return m
		}
		if first == nil {
			first = m
		}
	}
	if first == nil {
		return it
	}
	return first
}

// toldBefore tells whether an earlier day had the chance to tell of the call through another source. A plan or a notice of
// it is not yet the call.
func (b *builder) toldBefore(it *Item) bool {
	asks := func(k call.Kind) bool { return k == call.KindCall || k == call.KindConsultation }
	return slices.ContainsFunc(b.groups[it.Call.Key()], func(m *Item) bool {
		return m != it && m.FirstSeen.Before(b.since()) && b.concerns(m) && (asks(m.Call.Kind) || !asks(it.Call.Kind))
	})
}

// gather brings the changes of a group to the item that stands for it. A call is news once; what other sources then
// say of it is counted as told, unless it sets them at odds about the last day.
func (b *builder) gather(perCall [][]call.Change, left map[Reason]int) []candidate {
	var out []candidate
	at := map[call.Key]int{}
	of := func(it *Item) *candidate {
		k := it.Call.Key()
		if _, ok := at[k]; !ok {
			at[k] = len(out)
			out = append(out, candidate{it: it})
		}
		return &out[at[k]]
	}
	for _, cs := range perCall {
		it := b.items[cs[0].Key()]
		stands := b.stands(it)
		told := stands != it || b.toldBefore(it)
		atOdds := told && b.odds(stands) != ""
		for _, c := range cs {
			switch {
			case stands == it && !(told && c.Event == call.EventNew):
				of(it).cs = append(of(it).cs, c)
			case atOdds && (c.Event == call.EventNew || c.Field == "deadlines"):
				of(stands).odds = append(of(stands).odds, c.Seq)
			default:
				left[ReasonLinked]++
			}
		}
	}
	slices.SortFunc(out, func(x, y candidate) int { return x.it.Call.Key().Compare(y.it.Call.Key()) })
	return out
}

// odds says which last days the sources of a group state when they differ from the item's own; empty when they do not.
func (b *builder) odds(it *Item) string {
	calls := []*call.Call{&it.Call}
	for _, o := range b.groups[it.Call.Key()] {
		if o != it {
			calls = append(calls, &o.Call)
		}
	}
	var parts []string
	for _, s := range linked.Odds(calls, b.in.Now) {
		names := make([]string, len(s.By))
		for i, k := range s.By {
			names[i] = b.sourceName(b.items[k])
		}
		parts = append(parts, b.w.f("odds.day", args{Date: b.w.near(s.Day, b.today.Year()), List: b.w.list(names)}))
	}
	if parts == nil {
		return ""
	}
	return b.w.f("odds", args{List: strings.Join(parts, ", ")})
}

// elsewhere lists the other sources of an item's call.
func (b *builder) elsewhere(it *Item) []Elsewhere {
	var out []Elsewhere
	for _, o := range b.groups[it.Call.Key()] {
		if o == it {
			continue
		}
		e := Elsewhere{Source: o.Call.Source, Ref: o.Call.Ref, SourceName: b.sourceName(o), Kind: o.Call.Kind, URL: link(o.Call.URL)}
		if next, ok := o.Call.NextDeadline(b.in.Now); ok {
			d := b.date(next)
			e.Deadline = &d
		}
		out = append(out, e)
	}
	return out
}
