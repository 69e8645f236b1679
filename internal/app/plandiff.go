package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/store"
)

// PlanDiff is what would become another when one plan took the place of the other.
type PlanDiff struct {
	Old        string         `json:"old"` // ids of the plans
	New        string         `json:"new"`
	Calls      int            `json:"calls"`      // that were matched
	Added      []string       `json:"added"`      // priorities of the new plan alone, in its order
	Removed    []string       `json:"removed"`    // of the old plan alone, in its order
	Priorities []PriorityDiff `json:"priorities"` // in the new plan's order, then those of the old one alone
}

// PriorityDiff is what would enter and leave the digests of one priority.
type PriorityDiff struct {
	Priority string     `json:"priority"`
	Name     string     `json:"name"` // in the new plan, or in the old one if it is there alone
	In       string     `json:"in"`   // both, old or new
	Stay     int        `json:"stay"`
	Enter    []Movement `json:"enter"` // by score, best first
	Leave    []Movement `json:"leave"`
}

// Movement is a call that enters or leaves.
type Movement struct {
	Source   string       `json:"source"`
	Ref      string       `json:"ref"`
	Title    string       `json:"title"`
	Status   call.Status  `json:"status"`
	OldScore float64      `json:"old_score"` // 0 where nothing spoke for it
	NewScore float64      `json:"new_score"`
	Reason   match.Reason `json:"reason"` // entering: the strongest for it, leaving: the strongest that held it, by the old plan
}

// DiffPlans matches the stored calls with both plans and tells, priority by priority, which calls would enter and
// leave a digest. It takes those that readers can still act on at now: open or forthcoming, or without a status
// but with a deadline ahead; with all, every stored one. Nothing is stored. Priorities are the same when their
// ids are.
func DiffPlans(ctx context.Context, st *store.Store, before, after *plan.Plan, now time.Time, all bool) (PlanDiff, error) {
	d := PlanDiff{Old: before.ID, New: after.ID, Added: []string{}, Removed: []string{}, Priorities: []PriorityDiff{}}
	old, err := match.New(before)
	if err != nil {
		return d, fmt.Errorf("the old plan: %w", err)
	}
	changed, err := match.New(after)
	if err != nil {
		return d, fmt.Errorf("the new plan: %w", err)
	}
	at := map[string]int{}
	list := func(p *plan.Priority, in string) {
		at[p.ID] = len(d.Priorities)
		d.Priorities = append(d.Priorities, PriorityDiff{Priority: p.ID, Name: p.Name, In: in, Enter: []Movement{}, Leave: []Movement{}})
	}
	for i := range after.Priorities {
		p := &after.Priorities[i]
		if _, both := before.Priority(p.ID); both {
			list(p, "both")
			continue
		}
		list(p, "new")
		d.Added = append(d.Added, p.ID)
	}
	for i := range before.Priorities {
		if p := &before.Priorities[i]; !slices.Contains(planIDs(after), p.ID) {
			list(p, "old")
			d.Removed = append(d.Removed, p.ID)
		}
	}
	err = st.EachRecord(ctx, func(r store.Record) error {
		c := &r.Call
		if !all && !actionable(r, now) {
			return nil
		}
		d.Calls++
		was, is := byPriority(old.Match(c)), byPriority(changed.Match(c))
		for id, i := range at {
			w, n := was[id], is[id]
			p := &d.Priorities[i]
			m := Movement{Source: c.Source, Ref: c.Ref, Title: c.Title, Status: c.StatusAt(now), OldScore: w.Score, NewScore: n.Score}
			switch {
			case w.Included && n.Included:
				p.Stay++
			case n.Included:
				m.Reason = strongest(n)
				p.Enter = append(p.Enter, m)
			case w.Included:
				m.Reason = strongest(w)
				p.Leave = append(p.Leave, m)
			}
		}
		return nil
	})
	if err != nil {
		return d, err
	}
	for i := range d.Priorities {
		p := &d.Priorities[i]
		order(p.Enter, func(m Movement) float64 { return m.NewScore })
		order(p.Leave, func(m Movement) float64 { return m.OldScore })
	}
	return d, nil
}

func order(ms []Movement, score func(Movement) float64) {
	slices.SortFunc(ms, func(a, b Movement) int {
		return cmp.Or(cmp.Compare(score(b), score(a)), call.Key{Source: a.Source, Ref: a.Ref}.Compare(call.Key{Source: b.Source, Ref: b.Ref}))
	})
}

func planIDs(p *plan.Plan) []string {
	ids := make([]string, len(p.Priorities))
	for i := range p.Priorities {
		ids[i] = p.Priorities[i].ID
	}
	return ids
}

// actionable tells whether a reader can still do something about the call.
func actionable(r store.Record, now time.Time) bool {
	if !r.Gone.IsZero() {
		return false
	}
	switch r.Call.StatusAt(now) {
	case call.StatusOpen, call.StatusForthcoming:
		return true
	case "":
		_, ahead := r.Call.NextDeadline(now)
		return ahead
	}
	return false
}

func byPriority(rs []match.Result) map[string]match.Result {
	m := make(map[string]match.Result, len(rs))
	for _, r := range rs {
		m[r.Priority] = r
	}
	return m
}

// strongest gives the first reason that speaks for the match. There is one: something included it.
func strongest(r match.Result) match.Reason {
	for _, why := range r.Reasons {
		if why.Weight > 0 {
			return why
		}
	}
	return match.Reason{} // unreachable: without a point nothing is included
}
