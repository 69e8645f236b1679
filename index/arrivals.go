package index

import (
	"context"
	"fmt"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"

	"utkik/internal/call"
)

// Arrivals counts by priority and month what came for it: calls and consultations that opened in the month, or, where no
// opening day is stated, were first seen in it. months are those from the one of from, in its own zone, and end with now. What
// several sources publish counts once.
func (ix *Index) Arrivals(ctx context.Context, from time.Time, months int, now time.Time) (map[string][]int, error) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.cur == nil {
		return nil, ErrClosed
	}
	out, err := guard(func() (out map[string][]int, err error) {
		err = ix.cur.read(func(snap *scorch.IndexSnapshot) error {
			out, err = ix.arrivals(ctx, snap, from, months, now)
			return err
		})
		return out, err
	})
	if err != nil {
		return nil, fmt.Errorf("what came by month: %w", err)
	}
	return out, nil
}

func (ix *Index) arrivals(ctx context.Context, snap *scorch.IndexSnapshot, from time.Time, months int, now time.Time) (map[string][]int, error) {
	r, err := newRun(ctx, ix.cur, snap, ix.analysers, now, nil)
	if err != nil {
		return nil, err
	}
	r.scope = ix.scope
	begins := make([]int32, months+1) // of each month, and of the one after
	for i := range begins {
		begins[i] = dayNumber(time.Date(from.Year(), from.Month()+time.Month(i), 1, 0, 0, 0, 0, from.Location()), noDay)
	}
	today := dayNumber(now.In(from.Location()), noDay)
	kinds := map[uint32]bool{}
	for i, name := range r.names[columnKind].all() {
		kinds[uint32(i)] = name == string(call.KindCall) || name == string(call.KindConsultation)
	}
	counts := make([][]int, len(r.names[columnPriority].all()))
	for _, p := range r.parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for doc := range p.live.each {
			if p.cols.group != nil && p.cols.group[doc] != 0 && p.cols.place[doc] != 0 {
				continue
			}
			if !anyOf(&p.cols.facets[columnKind], doc, kinds) {
				continue
			}
			day := p.cols.opens[doc]
			if day == noDay {
				day = p.cols.seen[doc]
			}
			if day < begins[0] || day >= begins[months] || day > today {
				continue
			}
			month := months - 1
			for day < begins[month] {
				month--
			}
			for _, v := range r.valuesOf(p, doc, columnPriority) {
				if counts[v] == nil {
					counts[v] = make([]int, months)
				}
				counts[v][month]++
			}
		}
	}
	out := map[string][]int{}
	for v, c := range counts {
		if c == nil || v == 0 {
			continue
		}
		if name, seen := r.seen(columnPriority, r.names[columnPriority].all()[v]); seen {
			out[name] = c
		}
	}
	return out, nil
}

func anyOf(c *column, doc uint32, want map[uint32]bool) bool {
	if c.one != nil {
		return want[c.one[doc]]
	}
	for _, v := range c.all[c.off[doc]:c.off[doc+1]] {
		if want[v] {
			return true
		}
	}
	return false
}
