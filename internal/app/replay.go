package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"utkik/internal/call"
	"utkik/internal/digest"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// TooMany is how many items a day a reader is thought to read: teams were seen to read five to ten, and to ignore
// what is much more.
const TooMany = 10

// ReplayOptions say what is replayed for whom.
type ReplayOptions struct {
	From, To time.Time // local days, both included
	Plan     *plan.Plan
	Follows  []subscription.Subscription
	Language string
}

// Replay is what a reader would have been sent.
type Replay struct {
	From  string      `json:"from"`
	To    string      `json:"to"`
	Plan  string      `json:"plan"`
	Mails int         `json:"mails"`
	Items int         `json:"items"` // that something happened to, over all mails
	Days  []ReplayDay `json:"days"`  // with a mail
	Over  []string    `json:"over"`  // days with more than [TooMany] items
}

// ReplayDay is one mail that would have been sent.
type ReplayDay struct {
	Date    string       `json:"date"`
	Subject string       `json:"subject"`
	Items   int          `json:"items"`
	Told    []ReplayItem `json:"told"`
}

// ReplayItem is one item of such a mail.
type ReplayItem struct {
	Source   string           `json:"source"`
	Ref      string           `json:"ref"`
	Title    string           `json:"title"`
	Section  digest.SectionID `json:"section"`
	Priority string           `json:"priority,omitempty"`
	Follows  []string         `json:"follows"`
}

// Replay tells what a daily reader would have been sent at the end of each working day of a stretch of time: before a
// profile is put to use. Dates are those that were known then, words and matches those of today.
func (a *App) Replay(ctx context.Context, o ReplayOptions) (Replay, error) {
	out := Replay{From: o.From.Format(time.DateOnly), To: o.To.Format(time.DateOnly), Plan: o.Plan.ID, Days: []ReplayDay{}, Over: []string{}}
	end := o.To.AddDate(0, 0, 1)
	lines, err := a.Store.Changes(ctx, store.ChangeQuery{Since: o.From, Until: end})
	if err != nil {
		return out, err
	}
	if err := a.link(ctx); err != nil {
		return out, err
	}
	calls, err := a.replayCalls(ctx, o.Plan)
	if err != nil {
		return out, err
	}
	groups, err := a.Store.Groups(ctx)
	if err != nil {
		return out, err
	}
	readings, err := a.readings(ctx, end)
	if err != nil {
		return out, err
	}
	follower := subscription.Recipient{ID: "replay", Follows: o.Follows}
	found, failed := a.savedSearches(ctx, []due{{recipient: &follower}}, a.now())
	for _, err := range failed {
		return out, err
	}
	told, first := 0, true // lines that a mail has told, or that came before
	since := o.From
	for day := o.From; day.Before(end); day = day.AddDate(0, 0, 1) {
		next := day.AddDate(0, 0, 1)
		if !Works(day) {
			continue
		}
		now := next.Add(-time.Second)
		until := len(lines)
		if i := slices.IndexFunc(lines[told:], func(c call.Change) bool { return !c.At.Before(next) }); i >= 0 {
			until = told + i
		}
		in := digest.Input{Plan: o.Plan, Date: day.Format(time.DateOnly), Now: now, Calls: standing(calls, next), Groups: groups, More: a.whole(day.Format(time.DateOnly), true)}
		read, err := digest.NewDay(in)
		if err != nil {
			return out, err
		}
		r := digest.Reader{Name: "replay", Follows: o.Follows, Found: found, Since: since, Changes: lines[told:until], Sources: sourceStates(readings, since, now)}
		if first {
			r.Since = time.Time{}
		}
		d, err := read.Reader(&r, o.Language)
		if err != nil {
			return out, err
		}
		if !d.Worth() {
			continue
		}
		told, since, first = until, now, false
		x := ReplayDay{Date: in.Date, Subject: d.Subject, Items: d.News(), Told: []ReplayItem{}}
		for _, s := range d.Sections {
			if s.ID == digest.ClosingSoon || s.ID == digest.OpeningSoon {
				continue
			}
			for _, g := range s.Groups {
				for _, e := range g.Items {
					x.Told = append(x.Told, ReplayItem{e.Source, e.Ref, e.Title, s.ID, e.Priority, e.Follows})
				}
			}
		}
		out.Days = append(out.Days, x)
		out.Mails++
		out.Items += x.Items
		if x.Items > TooMany {
			out.Over = append(out.Over, x.Date)
		}
	}
	return out, nil
}

// replayCalls gives every call with its matches to a plan, without its text.
func (a *App) replayCalls(ctx context.Context, p *plan.Plan) ([]digest.Item, error) {
	var results func(*call.Call) []match.Result
	if p == a.Plan {
		if _, err := a.match(ctx); err != nil {
			return nil, err
		}
		matches, err := a.Store.AllMatches(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		results = func(c *call.Call) []match.Result { return matches[c.Key()] }
	} else {
		m, err := match.New(p)
		if err != nil {
			return nil, fmt.Errorf("plan %s: %w", p.ID, err)
		}
		results = m.Match
	}
	var out []digest.Item
	err := a.Store.EachRecord(ctx, func(r store.Record) error {
		it := digest.Item{Call: r.Call, FirstSeen: r.FirstSeen, Gone: r.Gone, Results: results(&r.Call)}
		it.Call.Text = ""
		out = append(out, it)
		return nil
	})
	return out, err
}

// standing gives the calls as far as they were known at the end of a day.
func standing(calls []digest.Item, end time.Time) []digest.Item {
	out := make([]digest.Item, 0, len(calls))
	for _, it := range calls {
		if !it.FirstSeen.Before(end) {
			continue
		}
		if !it.Gone.Before(end) {
			it.Gone = time.Time{}
		}
		out = append(out, it)
	}
	return out
}
