package app

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/store"
)

// followBatch is how many calls a stage takes from the store at a time.
const followBatch = 500

// CatchUp brings matches, links and index to where the store is. The index comes last, since it holds priorities, and
// what a call is shown with.
func (a *App) CatchUp(ctx context.Context) error {
	if _, err := a.match(ctx); err != nil {
		return err
	}
	if err := a.link(ctx); err != nil {
		return err
	}
	x, err := a.Index(ctx)
	if err != nil {
		return err
	}
	_, err = x.Sync(ctx, feed{a})
	return err
}

// match weighs every call that changed since the last time. Another plan, or other rules of weighing, begin anew.
func (a *App) match(ctx context.Context) (int, error) {
	hash, cursor, err := a.Store.MatchState(ctx, a.Plan.ID)
	if err != nil {
		return 0, err
	}
	if hash != a.planHash {
		cursor = 0
	}
	n := 0
	for {
		records, err := a.Store.Changed(ctx, cursor, followBatch)
		if err != nil {
			return n, err
		}
		if len(records) == 0 && hash == a.planHash {
			return n, nil
		}
		matched := make([]store.Matched, len(records))
		for i := range records {
			matched[i] = store.Matched{Key: records[i].Call.Key(), Results: a.matcher.Match(&records[i].Call)}
			cursor = records[i].Rev
		}
		if err := a.Store.SaveMatches(ctx, a.Plan.ID, a.planHash, matched, cursor); err != nil {
			return n, err
		}
		n += len(records)
		hash = a.planHash
	}
}

// Match weighs a call without storing anything.
func (a *App) Match(c *call.Call) []match.Result { return a.matcher.Match(c) }

// Index opens the index, once. An index that was made under another plan, or other rules of weighing, is built anew:
// a call without any match under both changes nothing in the store, and its departments may be others all the same.
func (a *App) Index(ctx context.Context) (*index.Index, error) {
	if a.index == nil {
		x, err := index.Open(a.indexDir(), index.Options{
			Log: a.log, Now: a.now, Texts: a.Store.Texts, Timed: a.timed, Pairs: planPairs(a.Plan), Table: a.tablePairs,
		})
		if err != nil {
			return nil, err
		}
		a.index = x
	}
	if a.indexFits {
		return a.index, nil
	}
	if a.index.NeedsRebuild() || a.index.Mark() != a.planHash {
		if !a.adopt(ctx, a.index) {
			a.log.InfoContext(ctx, "index is built anew from the store", "folder", a.indexDir())
			if _, err := a.index.Rebuild(ctx, feed{a}); err != nil {
				return nil, err
			}
		}
		if err := a.index.SetMark(a.planHash); err != nil {
			return nil, err
		}
	}
	a.indexFits = true
	return a.index, nil
}

// Reindex builds the index anew from the store while the old one answers, and tells how many calls it holds.
func (a *App) Reindex(ctx context.Context) (int, error) {
	if _, err := a.match(ctx); err != nil {
		return 0, err
	}
	if err := a.link(ctx); err != nil {
		return 0, err
	}
	x, err := a.Index(ctx)
	if err != nil {
		return 0, err
	}
	return x.Rebuild(ctx, feed{a})
}

func (a *App) indexDir() string { return filepath.Join(a.Config.Data, "index") }

// feed hands the index what the store holds, with the priorities and departments that a call concerns.
type feed struct{ a *App }

// Touched gives the calls whose content or matches were written after a place in the store's feed.
func (f feed) Touched(ctx context.Context, after int64, limit int) ([]index.Entry, error) {
	records, err := f.a.Store.Touched(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	groups, err := f.a.groups(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]index.Entry, len(records))
	for i, r := range records {
		results, err := f.a.Store.Matches(ctx, f.a.Plan.ID, r.Call.Key())
		if err != nil {
			return nil, fmt.Errorf("matches of %s: %v", r.Call.Key(), err)
		}
		priorities := included(results)
		out[i] = index.Entry{
			Call: r.Call, Priorities: priorities, Departments: f.a.departments(priorities),
			FirstSeen: r.FirstSeen, Updated: r.LastSeen, Group: groups[r.Call.Key()], Gone: !r.Gone.IsZero(), Seq: r.Touched,
		}
	}
	return out, nil
}

func included(results []match.Result) []string {
	var out []string
	for _, r := range results {
		if r.Included {
			out = append(out, r.Priority)
		}
	}
	return out
}

// departments gives the departments that follow any of the priorities, in the plan's order.
func (a *App) departments(priorities []string) []string {
	var out []string
	for _, d := range a.Plan.Departments {
		for _, p := range priorities {
			if slices.Contains(d.Priorities, p) {
				out = append(out, d.ID)
				break
			}
		}
	}
	return out
}

// Stockholm is the zone of a digest's day.
func Stockholm() *time.Location { return call.Brussels() }

// Search finds calls. The index first follows the store; where another process holds the index, the error says so.
func (a *App) Search(ctx context.Context, q index.Query) (index.Result, error) {
	if err := a.CatchUp(ctx); err != nil {
		return index.Result{}, err
	}
	return a.index.Search(ctx, q)
}
