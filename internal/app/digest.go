package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"utkik/internal/call"
	"utkik/internal/digest"
	"utkik/internal/match"
	"utkik/internal/store"
	"utkik/internal/watch"
)

// Digest says what a department should know of one local day (2026-04-23): what changed on it, and what is near at
// its end. The digest is kept as it was said, so that it can be shown again.
func (a *App) Digest(ctx context.Context, department, date, language string) (digest.Digest, error) {
	var none digest.Digest
	if _, ok := a.Plan.Department(department); !ok {
		return none, &UnknownError{What: "department", Names: []string{fmt.Sprintf("%q", department)}, See: "utkik plan show"}
	}
	day, err := time.ParseInLocation(time.DateOnly, date, Stockholm())
	if err != nil {
		return none, fmt.Errorf("date %q: want a day such as 2026-04-23", date)
	}
	if _, err := a.match(ctx); err != nil {
		return none, err
	}
	end := day.AddDate(0, 0, 1)
	now := a.now()
	if now.Before(day) {
		return none, fmt.Errorf("date %s has not begun: the program's clock says %s", date, now.In(Stockholm()).Format("2006-01-02 15:04"))
	}
	if !now.Before(end) {
		now = end.Add(-time.Second)
	}
	changes, err := a.Store.Changes(ctx, store.ChangeQuery{Since: day, Until: end})
	if err != nil {
		return none, err
	}
	in := digest.Input{Plan: a.Plan, Department: department, Date: date, Now: now, Language: language, Changes: changes, More: a.Config.Web.BaseURL}
	if in.Calls, err = a.digestCalls(ctx, changes, end); err != nil {
		return none, err
	}
	if in.Sources, err = a.sourceStates(ctx, language, day, end, now); err != nil {
		return none, err
	}
	holds, err := a.Store.Holds(ctx, "")
	if err != nil {
		return none, err
	}
	for _, h := range holds {
		if !h.Since.Before(end) {
			continue
		}
		in.Held = append(in.Held, digest.Held{Key: h.Call.Key(), Title: h.Call.Title, Reason: h.Reason, Since: h.Since})
	}
	d, err := digest.Build(in)
	if err != nil {
		return none, err
	}
	return d, a.keep(ctx, d)
}

// digestCalls gives the calls that a digest may speak of: those of the plan's matches that stood at the end of its day,
// and those that changed.
func (a *App) digestCalls(ctx context.Context, changes []call.Change, end time.Time) ([]digest.Item, error) {
	matches, err := a.Store.AllMatches(ctx, a.Plan.ID)
	if err != nil {
		return nil, err
	}
	changed := map[call.Key]bool{}
	for i := range changes {
		changed[changes[i].Key()] = true
	}
	var out []digest.Item
	err = a.Store.EachRecord(ctx, func(r store.Record) error {
		key := r.Call.Key()
		results := matches[key]
		if !r.Gone.Before(end) {
			r.Gone = time.Time{} // it left later
		}
		standing := r.Gone.IsZero() && r.FirstSeen.Before(end) && slices.ContainsFunc(results, func(m match.Result) bool { return m.Included })
		if standing || changed[key] {
			out = append(out, digest.Item{Call: r.Call, FirstSeen: r.FirstSeen, Gone: r.Gone, Results: results})
		}
		return nil
	})
	return out, err
}

// sourceStates gives how each source that is watched stood at now, and how it was read the last time before the end of a day.
// What was new and changed is that of all its runs on the day: a second crawl of a morning finds nothing, and the day
// was not quiet.
func (a *App) sourceStates(ctx context.Context, language string, day, end, now time.Time) ([]digest.SourceState, error) {
	var out []digest.SourceState
	for _, s := range a.Config.Sources() {
		runs, err := a.crawls(ctx, s.ID, end.Add(-time.Millisecond))
		if err != nil {
			return nil, err
		}
		var r store.Run
		if n := len(runs); n > 0 {
			r = runs[n-1]
			r.Baseline = r.Baseline && !r.Started.Before(day) // told on its day
			for _, earlier := range runs[:n-1] {
				if !earlier.Started.Before(day) {
					r.Added += earlier.Added
					r.Changed += earlier.Changed
					r.Baseline = r.Baseline || earlier.Baseline
				}
			}
		}
		if !s.Enabled && r.Started.Before(day) {
			continue
		}
		s.Enabled = true // it was read on the day, whatever the configuration says by now
		name := s.Name
		if language == "en" {
			name = cmp.Or(s.NameEN, s.Name)
		}
		out = append(out, digest.SourceState{
			ID: s.ID, Name: name, State: watch.Judge(s, watched(runs), now).State, Started: r.Started, Ended: r.Ended, Complete: r.Complete,
			Baseline: r.Baseline, Seen: r.Seen, Added: r.Added, Changed: r.Changed, Quarantined: r.Quarantined, Error: r.Error,
		})
	}
	return out, nil
}

func (a *App) keep(ctx context.Context, d digest.Digest) error {
	body, err := digest.JSON(d)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	_, err = a.Store.KeepDigest(ctx, store.Digest{
		Department: d.Department, Date: d.Date, Language: d.Language, Hash: hex.EncodeToString(sum[:]), At: a.now(), Body: body,
	})
	if errors.Is(err, context.Canceled) {
		return err
	}
	if err != nil {
		return fmt.Errorf("keep digest of %s for %s: %w", d.Department, d.Date, err)
	}
	return nil
}
