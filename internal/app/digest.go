package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/digest"
	"utkik/internal/match"
	"utkik/internal/store"
	"utkik/internal/subscription"
	"utkik/internal/watch"
)

// Digest says what a department should know of one local day (2026-04-23): what changed on it, and what is near at
// its end. The digest is kept as it was said, so that it can be shown again.
func (a *App) Digest(ctx context.Context, department, date, language string) (digest.Digest, error) {
	ds, err := a.Digests(ctx, []string{department}, date, language)
	if err != nil {
		return digest.Digest{}, err
	}
	return ds[0], nil
}

// Digests says what several departments should know of a day, which is read once for all of them.
func (a *App) Digests(ctx context.Context, departments []string, date, language string) ([]digest.Digest, error) {
	for _, id := range departments {
		if _, ok := a.Plan.Department(id); !ok {
			return nil, &UnknownError{What: "department", Names: []string{fmt.Sprintf("%q", id)}, See: "utkik plan show"}
		}
	}
	day, err := time.ParseInLocation(time.DateOnly, date, Stockholm())
	if err != nil {
		return nil, fmt.Errorf("date %q: want a day such as 2026-04-23", date)
	}
	if _, err := a.match(ctx); err != nil {
		return nil, err
	}
	if err := a.link(ctx); err != nil {
		return nil, err
	}
	end := day.AddDate(0, 0, 1)
	now := a.now()
	if now.Before(day) {
		return nil, fmt.Errorf("date %s has not begun: the program's clock says %s", date, now.In(Stockholm()).Format("2006-01-02 15:04"))
	}
	if !now.Before(end) {
		now = end.Add(-time.Second)
	}
	changes, err := a.Store.Changes(ctx, store.ChangeQuery{Since: day, Until: end})
	if err != nil {
		return nil, err
	}
	decisions, err := a.Store.Decisions(ctx)
	if err != nil {
		return nil, err
	}
	decisions = slices.DeleteFunc(decisions, func(d subscription.Decision) bool { return !d.At.Before(end) })
	reminders, err := a.departmentReminders(ctx, departments, decisions, day, now)
	if err != nil {
		return nil, err
	}
	read, err := a.readDay(ctx, changes, dayExtras{decisions: decisions, reminders: reminders}, date, now, end)
	if err != nil {
		return nil, err
	}
	out := make([]digest.Digest, 0, len(departments))
	for _, id := range departments {
		d, err := read.Department(id, language)
		if err != nil {
			return nil, err
		}
		if err := a.keep(ctx, d); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// dayExtras is what a day's digests are built from beside what happened.
type dayExtras struct {
	decisions []subscription.Decision
	reminders map[string][]subscription.Reminder // by department
	acts      bool                               // its items can be acted upon
}

// readDay reads once what every digest of a day is built from: the changes, which are handed in, the calls that a digest
// may speak of, what is held, and how the sources stand.
func (a *App) readDay(ctx context.Context, changes []call.Change, x dayExtras, date string, now, end time.Time) (*digest.Day, error) {
	in := digest.Input{Plan: a.Plan, Date: date, Now: now, Changes: changes, More: a.whole(date, x.acts), Links: a.itemLinks(x.acts), Reminders: x.reminders}
	var err error
	if in.Groups, err = a.Store.Groups(ctx); err != nil {
		return nil, err
	}
	readings, err := a.readings(ctx, end)
	if err != nil {
		return nil, err
	}
	day, err := time.ParseInLocation(time.DateOnly, date, Stockholm())
	if err != nil {
		return nil, fmt.Errorf("date %q: want a day such as 2026-04-23", date)
	}
	if in.Calls, err = a.digestCalls(ctx, changes, x.decisions, in.Groups, end, firstReading(readings, changes, day)); err != nil {
		return nil, err
	}
	in.Sources = sourceStates(readings, day, now)
	if in.Held, err = a.heldBefore(ctx, end); err != nil {
		return nil, err
	}
	return digest.NewDay(in)
}

func (a *App) heldBefore(ctx context.Context, end time.Time) ([]digest.Held, error) {
	holds, err := a.Store.Holds(ctx, "")
	if err != nil {
		return nil, err
	}
	var out []digest.Held
	for _, h := range holds {
		if h.Since.Before(end) {
			out = append(out, digest.Held{Key: h.Call.Key(), Title: h.Call.Title, Reason: h.Reason, Since: h.Since})
		}
	}
	return out, nil
}

// firstReading tells whether a source was read completely for the first time since a day, or since the first of the changes.
func firstReading(readings []reading, changes []call.Change, since time.Time) bool {
	if slices.ContainsFunc(changes, func(c call.Change) bool { return c.Baseline }) {
		return true
	}
	if len(changes) > 0 && changes[0].At.Before(since) {
		since = changes[0].At
	}
	return slices.ContainsFunc(readings, func(r reading) bool {
		return slices.ContainsFunc(r.runs, func(r store.Run) bool { return r.Baseline && !r.Started.Before(since) })
	})
}

// digestCalls gives the calls that a digest may speak of, with the matches that count: those that changed, those whose
// dates draw near, and those that other sources publish too. Where a source was read for the first time, which is told by
// numbers, also all that stood at the end of the day and match.
func (a *App) digestCalls(ctx context.Context, changes []call.Change, decisions []subscription.Decision, groups [][]call.Key, end time.Time, first bool) ([]digest.Item, error) {
	wanted := map[call.Key]bool{} // also when they are gone
	for i := range changes {
		wanted[changes[i].Key()] = true
	}
	decided := map[call.Key]bool{}
	for _, d := range decisions {
		decided[d.Key] = true
	}
	grouped := map[call.Key]bool{}
	for _, g := range groups {
		for _, k := range g {
			grouped[k] = true
		}
	}
	soon := end.AddDate(0, 0, nearDays)
	var out []digest.Item
	at := map[call.Key]int{}
	err := a.Store.EachRecord(ctx, func(r store.Record) error {
		key := r.Call.Key()
		if !r.Gone.Before(end) {
			r.Gone = time.Time{} // it left later
		}
		standing := r.Gone.IsZero() && r.FirstSeen.Before(end)
		if standing && (near(&r.Call, end, soon) || grouped[key] || decided[key]) {
			wanted[key] = true
		}
		if wanted[key] || first && standing {
			r.Call.Text = "" // a digest quotes what the matches quoted; whole texts of thousands of calls would only be carried along
			at[key] = len(out)
			out = append(out, digest.Item{Call: r.Call, FirstSeen: r.FirstSeen, Gone: r.Gone})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = a.Store.EachMatched(ctx, a.Plan.ID, func(m store.Matched) error {
		if i, ok := at[m.Key]; ok {
			out[i].Results = slices.DeleteFunc(m.Results, func(r match.Result) bool { return !r.Included })
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(it digest.Item) bool { return !wanted[it.Call.Key()] && len(it.Results) == 0 }), nil
}

// nearDays is how far ahead of a day its digest looks; the digest's own horizon is no longer.
const nearDays = 14

func near(c *call.Call, now, soon time.Time) bool {
	next, ok := c.NextDeadline(now.AddDate(0, 0, -1))
	return ok && next.Time().Before(soon) || !c.Opens.IsZero() && !c.Opens.Passed(now.AddDate(0, 0, -1)) && c.Opens.Time().Before(soon)
}

// reading is a source with the crawls that had begun by a time, oldest first.
type reading struct {
	source kind.Source
	runs   []store.Run
}

func (a *App) readings(ctx context.Context, end time.Time) ([]reading, error) {
	var out []reading
	for _, s := range a.Config.Sources() {
		runs, err := a.crawls(ctx, s.ID, end.Add(-time.Millisecond))
		if err != nil {
			return nil, err
		}
		out = append(out, reading{s, runs})
	}
	return out, nil
}

// sourceStates gives how each source that is watched stood at now, and how it was read the last time. What was new and
// changed is that of all its runs since a time: a second crawl of a morning finds nothing, and the day was not quiet.
func sourceStates(readings []reading, since, now time.Time) []digest.SourceState {
	var out []digest.SourceState
	for _, read := range readings {
		s, runs := read.source, read.runs
		var r store.Run
		if n := len(runs); n > 0 {
			r = runs[n-1]
			r.Baseline = r.Baseline && !r.Started.Before(since) // told in its time
			for _, earlier := range runs[:n-1] {
				if !earlier.Started.Before(since) {
					r.Added += earlier.Added
					r.Changed += earlier.Changed
					r.Baseline = r.Baseline || earlier.Baseline
				}
			}
		}
		if !s.Enabled && r.Started.Before(since) {
			continue
		}
		s.Enabled = true // it was read in that time, whatever the configuration says by now
		out = append(out, digest.SourceState{
			ID: s.ID, Name: s.Name, NameEN: s.NameEN, State: watch.Judge(s, watched(runs), now).State, Started: r.Started, Ended: r.Ended, Complete: r.Complete,
			Baseline: r.Baseline, Seen: r.Seen, Added: r.Added, Changed: r.Changed, Quarantined: r.Quarantined, Error: r.Error,
		})
	}
	return out
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
