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
	_, err = x.Sync(ctx, feed{a.root()})
	return err
}

// match weighs every call that changed since the last time, for all organisations.
func (a *App) match(ctx context.Context) (int, error) {
	if err := a.root().gather(); err != nil {
		return 0, err
	}
	return a.root().matchAll(ctx, a.all())
}

// Index opens the index, once. An index that was made under another plan, or other rules of weighing, is built anew:
// a call without any match under both changes nothing in the store, and its departments may be others all the same.
func (a *App) Index(ctx context.Context) (*index.Index, error) {
	if a.parent != nil {
		x, err := a.parent.Index(ctx)
		if err != nil {
			return nil, err
		}
		a.parent.opening.Lock()
		defer a.parent.opening.Unlock()
		if a.index == nil {
			p := a.Plan
			a.index = x.Of(a.ID, func() []index.Pair { return planPairs(p) })
		}
		return a.index, nil
	}
	if err := a.gather(); err != nil {
		return nil, err
	}
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
	if a.index.NeedsRebuild() || a.index.Mark() != a.mark() {
		if !a.adopt(ctx, a.index) {
			a.log.InfoContext(ctx, "index is built anew from the store", "folder", a.indexDir())
			if _, err := a.index.Rebuild(ctx, feed{a.root()}); err != nil {
				return nil, err
			}
		}
		if err := a.index.SetMark(a.mark()); err != nil {
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
	return x.Rebuild(ctx, feed{a.root()})
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
	keys := make([]call.Key, len(records))
	for i := range records {
		keys[i] = records[i].Call.Key()
	}
	groups, err := f.a.Store.GroupsOf(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make([]index.Entry, len(records))
	for i, r := range records {
		priorities, departments, err := f.a.concerns(ctx, r.Call.Key())
		if err != nil {
			return nil, fmt.Errorf("matches of %s: %v", r.Call.Key(), err)
		}
		out[i] = index.Entry{
			Call: r.Call, Priorities: priorities, Departments: departments,
			FirstSeen: r.FirstSeen, Updated: r.LastSeen, Group: groups[r.Call.Key()], Gone: !r.Gone.IsZero(), Seq: r.Touched,
		}
	}
	return out, nil
}

// concerns gives the priorities and departments that a call concerns; those of other organisations than the installation's own
// under their names, as the index keeps them apart.
func (a *App) concerns(ctx context.Context, key call.Key) (priorities, departments []string, err error) {
	if len(a.members) == 0 {
		results, err := a.Store.Matches(ctx, a.Plan.ID, key)
		priorities = included(results)
		return priorities, a.departments(priorities), err
	}
	results, err := a.Store.MatchesOf(ctx, key)
	if err != nil || len(results) == 0 {
		return nil, nil, err
	}
	for _, o := range a.all() {
		own := included(results[o.Plan.ID])
		under := ""
		if o.ID != "" {
			under = o.ID + "/"
		}
		for _, id := range own {
			priorities = append(priorities, under+id)
		}
		for _, id := range o.departments(own) {
			departments = append(departments, under+id)
		}
	}
	return priorities, departments, nil
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
	x, err := a.Index(ctx)
	if err != nil {
		return index.Result{}, err
	}
	return x.Search(ctx, q)
}
