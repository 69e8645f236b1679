package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"utkik/internal/call"
	"utkik/internal/digest"
	"utkik/internal/intake"
	"utkik/internal/report"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// Report makes the follow-up of a year, in a language.
func (a *App) Report(ctx context.Context, year int, language string) (report.Report, error) {
	if _, err := a.match(ctx); err != nil {
		return report.Report{}, err
	}
	if err := a.link(ctx); err != nil {
		return report.Report{}, err
	}
	from, until := time.Date(year, 1, 1, 0, 0, 0, 0, Stockholm()), time.Date(year+1, 1, 1, 0, 0, 0, 0, Stockholm())
	in := report.Input{Plan: a.Plan, Year: year, Now: a.now(), Language: language, New: map[call.Key]bool{}}
	var err error
	if in.Groups, err = a.Store.Groups(ctx); err != nil {
		return report.Report{}, err
	}
	if in.Decisions, err = a.everyDecision(ctx); err != nil {
		return report.Report{}, err
	}
	if err := a.reportItems(ctx, &in); err != nil {
		return report.Report{}, err
	}
	changes, err := a.Store.Changes(ctx, store.ChangeQuery{Since: from, Until: until})
	if err != nil {
		return report.Report{}, err
	}
	for _, c := range changes {
		if c.Event == call.EventNew && !c.Baseline && !c.Mended {
			in.New[c.Key()] = true
		}
	}
	if err := a.reportTold(ctx, &in, from, until); err != nil {
		return report.Report{}, err
	}
	for _, src := range a.Config.Sources() {
		runs, err := a.Store.Runs(ctx, src.ID, 0)
		if err != nil {
			return report.Report{}, err
		}
		reading := report.Reading{Source: src}
		for _, r := range runs {
			if r.Kind == string(intake.Crawl) && !r.Ended.Before(from) && r.Ended.Before(until) {
				reading.Held += r.Quarantined
			}
		}
		reading.Runs = watched(ended(runs, a.now()))
		in.Sources = append(in.Sources, reading)
	}
	return report.Build(in)
}

// everyDecision gives all decisions of the calls that any was ever made about, oldest first.
func (a *App) everyDecision(ctx context.Context) ([]subscription.Decision, error) {
	standing, err := a.Store.Decisions(ctx)
	if err != nil {
		return nil, err
	}
	var out []subscription.Decision
	var last call.Key
	for _, d := range standing { // by call
		if d.Key == last {
			continue
		}
		last = d.Key
		all, err := a.Store.DecisionsOf(ctx, d.Key)
		if err != nil {
			return nil, err
		}
		out = append(out, all...)
	}
	slices.SortStableFunc(out, func(x, y subscription.Decision) int { return x.At.Compare(y.At) })
	return out, nil
}

// reportItems gathers what the plan's matches include. Texts are not kept: a year's calls would fill the memory.
func (a *App) reportItems(ctx context.Context, in *report.Input) error {
	includes := map[call.Key][]string{}
	err := a.Store.EachMatched(ctx, a.Plan.ID, func(m store.Matched) error {
		if ids := included(m.Results); len(ids) > 0 {
			includes[m.Key] = ids
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.Store.EachRecord(ctx, func(r store.Record) error {
		ids := includes[r.Call.Key()]
		if len(ids) == 0 {
			return nil
		}
		r.Call.Text = ""
		in.Items = append(in.Items, report.Found{Call: r.Call, FirstSeen: r.FirstSeen, LastSeen: r.LastSeen, Priorities: ids})
		return nil
	})
}

// reportTold reads what digests and mails told of.
func (a *App) reportTold(ctx context.Context, in *report.Input, from, until time.Time) error {
	for _, d := range a.Plan.Departments {
		kept, err := a.Store.Digests(ctx, d.ID, 0)
		if err != nil {
			return err
		}
		for _, k := range kept {
			if k.Date < from.Format(time.DateOnly) || k.Date >= until.Format(time.DateOnly) {
				continue
			}
			keys, err := toldOf(k.Body)
			if err != nil {
				return fmt.Errorf("digest of %s for %s: %v", k.Department, k.Date, err)
			}
			in.Digests = append(in.Digests, report.Edition{Keys: keys})
		}
	}
	sent, err := a.Store.SentContents(ctx, from, until)
	if err != nil {
		return err
	}
	for _, s := range sent {
		if s.Kind == KindNotice { // to the operator
			continue
		}
		c, err := a.Store.Content(ctx, s.Content)
		if errors.Is(err, store.ErrWeeded) {
			in.Weeded += s.Mails
			continue
		}
		if err != nil {
			return err
		}
		keys, err := toldOf(c.Data)
		if err != nil {
			return fmt.Errorf("mail %q: %v", c.Subject, err)
		}
		in.Mails = append(in.Mails, report.Edition{Keys: keys, Mails: s.Mails})
	}
	return nil
}

// toldOf gives the items of a digest as it was kept, those that were folded too: their number and a way to them were told.
func toldOf(body []byte) ([]call.Key, error) {
	var d digest.Digest
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, fmt.Errorf("what was kept of it cannot be read: %v", err)
	}
	var out []call.Key
	for _, s := range d.Sections {
		for _, g := range s.Groups {
			for i := range g.Items {
				out = append(out, call.Key{Source: g.Items[i].Source, Ref: g.Items[i].Ref})
			}
		}
	}
	return out, nil
}
