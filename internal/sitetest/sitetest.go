// Package sitetest is what stands behind the tests of a surface (pages, programs, models): a store, and an index that follows it
// for one plan as app lets it.
package sitetest

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"utkik/index"
	"utkik/internal/plan"
	"utkik/internal/store"
)

// Store opens a store for the length of the test, by a clock that stands; without an address a new one on SQLite.
func Store(t testing.TB, url string, now time.Time) *store.Store {
	t.Helper()
	if url == "" {
		url = "sqlite:" + filepath.Join(t.TempDir(), "utkik.db")
	}
	s, err := store.Open(t.Context(), store.Options{URL: url, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Index opens a new index for the length of the test. It is empty until it has followed a [Feed].
func Index(t testing.TB, s *store.Store, now time.Time) *index.Index {
	t.Helper()
	x, err := index.Open(filepath.Join(t.TempDir(), "index"), index.Options{Now: func() time.Time { return now }, Texts: s.Texts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return x
}

// Feed hands an index what the store holds, with the priorities and departments of a plan that each call concerns.
type Feed struct {
	Store *store.Store
	Plan  *plan.Plan
}

// Touched implements what an index follows.
func (f Feed) Touched(ctx context.Context, after int64, limit int) ([]index.Entry, error) {
	records, err := f.Store.Touched(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]index.Entry, len(records))
	for i, r := range records {
		e := index.Entry{Call: r.Call, FirstSeen: r.FirstSeen, Updated: r.LastSeen, Gone: !r.Gone.IsZero(), Seq: r.Touched}
		if e.Group, err = f.Store.Group(ctx, r.Call.Key()); err != nil {
			return nil, err
		}
		results, err := f.Store.Matches(ctx, f.Plan.ID, r.Call.Key())
		if err != nil {
			return nil, err
		}
		for _, m := range results {
			if m.Included {
				e.Priorities = append(e.Priorities, m.Priority)
			}
		}
		for _, d := range f.Plan.Departments {
			if slices.ContainsFunc(d.Priorities, func(p string) bool { return slices.Contains(e.Priorities, p) }) {
				e.Departments = append(e.Departments, d.ID)
			}
		}
		out[i] = e
	}
	return out, nil
}
