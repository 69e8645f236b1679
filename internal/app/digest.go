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
	n, err := a.readDay(ctx, date)
	if err != nil {
		return nil, err
	}
	return a.digestsOf(ctx, n, departments, language)
}

// readDay reads what happened on a local day, and how all stood at its end.
func (a *App) readDay(ctx context.Context, date string) (*news, error) {
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
	n := &news{day: day, now: now, end: end}
	if n.changes, err = a.Store.Changes(ctx, store.ChangeQuery{Since: day, Until: end}); err != nil {
		return nil, err
	}
	return n, a.readStanding(ctx, n)
}

// digestsOf builds and keeps an organisation's digests of a day that was read.
func (a *App) digestsOf(ctx context.Context, n *news, departments []string, language string) ([]digest.Digest, error) {
	decisions, err := a.Store.Decisions(ctx)
	if err != nil {
		return nil, err
	}
	decisions = slices.DeleteFunc(decisions, func(d subscription.Decision) bool { return !d.At.Before(n.end) })
	reminders, err := a.departmentReminders(ctx, departments, decisions, n.day, n.now)
	if err != nil {
		return nil, err
	}
	day, err := a.ofNews(ctx, n, 0, dayExtras{decisions: decisions, reminders: reminders})
	if err != nil {
		return nil, err
	}
	out := make([]digest.Digest, 0, len(departments))
	for _, id := range departments {
		d, err := day.Department(id, language)
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
