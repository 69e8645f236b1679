package index

import (
	"math"
	"math/bits"
	"slices"
	"strings"
)

// timed are the columns of a segment that hang on the time of the search, as they are at one: status, and when the next
// deadline comes. Searches of the same minute share them.
type timed struct {
	now      int64
	horizon  horizon
	statuses statuses
	status   []uint32
	deadline []uint32 // a class: see deadlineClass
}

// timedAt gives the columns that hang on the time.
func (c *columns) timedAt(now int64, h horizon, s statuses) *timed {
	if t := c.latest.Load(); t != nil && t.now == now && t.horizon == h && t.statuses == s {
		return t
	}
	t := &timed{now: now, horizon: h, statuses: s, status: make([]uint32, c.count), deadline: make([]uint32, c.count)}
	for doc := range uint32(c.count) {
		t.status[doc] = c.statusAt(doc, now, s)
		t.deadline[doc] = c.deadlineClass(doc, now, &h)
	}
	c.latest.Store(t)
	return t
}

// oneColumn gives the column of a facet of which a document has one value or class; nil of one with several.
func (r *run) oneColumn(p *part, col int) []uint32 {
	switch col {
	case columnStatus:
		return p.cols.timedAt(r.now, r.horizon, r.statuses).status
	case columnDeadline:
		return p.cols.timedAt(r.now, r.horizon, r.statuses).deadline
	}
	return p.cols.facets[col].one
}

// filter is one of a query's filters: a facet has one of some values, or something holds of a document.
type filter struct {
	facet int // whose own filter it is; -1 for the days of deadlines
	want  []bool
	ok    columnMatcher
}

func (r *run) filters(q *Query) []filter {
	var out []filter
	for col, values := range map[int][]string{
		columnStatus: q.Status, columnKind: q.Kinds, columnProgramme: q.Programmes, columnSource: q.Sources,
		columnPriority: q.Priorities, columnDepartment: q.Departments, columnAction: q.Actions, columnBudget: q.Budgets,
		columnDeadline: q.Deadlines,
	} {
		if len(values) > 0 {
			out = append(out, filter{facet: col, want: r.wanted(col, func(name string) bool { return slices.Contains(values, name) })})
		}
	}
	if !q.DeadlineAfter.IsZero() || !q.DeadlineBefore.IsZero() {
		from, to := dayNumber(q.DeadlineAfter, noDay+1), dayNumber(q.DeadlineBefore, math.MaxInt32)
		out = append(out, filter{facet: -1, ok: func(c *columns, doc uint32) bool { return c.deadlineWithin(doc, from, to) }})
	}
	return out
}

// seen gives a value of a facet as whoever asks knows it, and whether it is theirs to see.
func (r *run) seen(col int, name string) (string, bool) {
	if col != columnPriority && col != columnDepartment {
		return name, true
	}
	if r.scope == "" {
		return name, !strings.Contains(name, "/")
	}
	return strings.CutPrefix(name, r.scope+"/")
}

// wanted tells of each value of a facet, or class of the deadlines, whether ok holds of it.
func (r *run) wanted(col int, ok func(name string) bool) []bool {
	list := r.names[col].all()
	want := make([]bool, len(list))
	for i, name := range list[1:] {
		if name, seen := r.seen(col, name); seen {
			want[i+1] = ok(name)
		}
	}
	if col != columnDeadline {
		return want
	}
	classes := make([]bool, deadlineClasses)
	for class := range classes {
		for _, v := range valuesOfClass(uint32(class)) {
			classes[class] = classes[class] || want[v]
		}
	}
	return classes
}

// with gives the documents of within that have a wanted value.
func (r *run) with(p *part, col int, want []bool, within set) set {
	out := newSet(p.n)
	if one := r.oneColumn(p, col); one != nil {
		for k, w := range within {
			found := uint64(0)
			for ; w != 0; w &= w - 1 {
				bit := bits.TrailingZeros64(w)
				if want[one[k<<6+bit]] {
					found |= 1 << bit
				}
			}
			out[k] = found
		}
		return out
	}
	f := &p.cols.facets[col]
	within.each(func(doc uint32) bool {
		for _, v := range f.all[f.off[doc]:f.off[doc+1]] {
			if want[v] {
				out.add(doc)
				break
			}
		}
		return true
	})
	return out
}

// filter gives what is left of matched and counts the facets. Sideways, a document that fails one facet's
// filter alone still counts for that facet.
func (r *run) filter(p *part, matched set, filters []filter, counts [][]int, sideways bool) (set, error) {
	out := matched
	passed := make([]set, len(filters))
	for i, f := range filters {
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
		// Whoever fails it may count all the same, so it is asked of everything that was matched.
		within := out
		if sideways {
			within = matched
		}
		if f.ok == nil {
			passed[i] = r.with(p, f.facet, f.want, within)
		} else {
			passed[i] = f.ok.of(p, within)
		}
		if i == 0 {
			out = out.clone()
		}
		out.intersect(passed[i])
	}
	for i, f := range filters {
		if !sideways || f.facet < 0 || counts[f.facet] == nil {
			continue
		}
		alone := matched.clone()
		alone.subtract(passed[i])
		for k := range filters {
			if k != i {
				alone.intersect(passed[k])
			}
		}
		r.count(p, alone, f.facet, counts[f.facet])
	}
	for col, c := range counts {
		if c == nil {
			continue
		}
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
		r.count(p, out, col, c)
	}
	return out, nil
}

// count adds the documents of s to the counts of a facet's values. A group counts once for a value.
func (r *run) count(p *part, s set, col int, counts []int) {
	if grouped := p.cols.grouped; grouped != nil {
		together := s.clone()
		together.intersect(grouped)
		for doc := range together.each {
			for _, v := range r.valuesOf(p, doc, col) {
				if !r.twice(p.cols.group[doc], col, v) {
					counts[v]++
				}
			}
		}
		s = s.clone()
		s.subtract(grouped)
	}
	one := r.oneColumn(p, col)
	if one == nil {
		f := &p.cols.facets[col]
		for doc := range s.each {
			for _, v := range f.all[f.off[doc]:f.off[doc+1]] {
				counts[v]++
			}
		}
		return
	}
	into := counts
	if col == columnDeadline {
		into = make([]int, deadlineClasses)
	}
	for k, w := range s {
		for ; w != 0; w &= w - 1 {
			into[one[k<<6+bits.TrailingZeros64(w)]]++
		}
	}
	if col == columnDeadline {
		for class, n := range into {
			for _, v := range valuesOfClass(uint32(class)) {
				counts[v] += n
			}
		}
	}
}

// valuesOf gives the values of a facet that a document has.
func (r *run) valuesOf(p *part, doc uint32, col int) []uint32 {
	one := r.oneColumn(p, col)
	switch {
	case col == columnDeadline:
		return valuesOfClass(one[doc])
	case one != nil:
		return one[doc : doc+1]
	}
	f := &p.cols.facets[col]
	return f.all[f.off[doc]:f.off[doc+1]]
}
