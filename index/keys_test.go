package index

import (
	"errors"
	"testing"
	"time"
)

// A saved search means all that it finds, not the first page of it.
func TestKeys(t *testing.T) {
	t.Parallel()
	const n = 2500
	ix := open(t, forests(n))
	now := time.Date(2026, 5, 12, 6, 0, 0, 0, time.UTC)
	all, err := ix.Keys(t.Context(), "", now)
	if err != nil || len(all) != n {
		t.Errorf("everything: %d, %v, want %d", len(all), err, n)
	}
	for _, text := range []string{"forest", "wood -status:closed", "deadline:>=2020 OR number42", "och"} {
		got, err := ix.Keys(t.Context(), text, now)
		if err != nil {
			t.Fatal(err)
		}
		want := search(t, ix, Query{Text: text, Now: now, Limit: maxLimit})
		if len(got) != want.Total {
			t.Errorf("%q: %d keys, a search finds %d", text, len(got), want.Total)
		}
		for _, h := range want.Hits {
			if !got[h.Key()] {
				t.Errorf("%q: a search finds %s", text, h.Key())
			}
		}
	}
	if got, err := ix.Keys(t.Context(), "ordsomintefinns", now); err != nil || got == nil || len(got) != 0 {
		t.Errorf("nothing: %v, %v; want an empty map, which is not the same as no search", got, err)
	}
	var wrong *QueryError
	if _, err := ix.Keys(t.Context(), `skog "trä`, now); !errors.As(err, &wrong) {
		t.Errorf("got %v, want a QueryError", err)
	}
}

// TestOrdered gives what no page reaches, in the page's order, and one of a group.
func TestOrdered(t *testing.T) {
	t.Parallel()
	ix := open(t, forests(12_000))
	for _, sort := range []string{SortRelevance, SortDeadline, SortNewest} {
		q := Query{Text: "forest", Sort: sort, Limit: 1000}
		all, err := ix.Ordered(t.Context(), q)
		if err != nil || len(all) != 12_000 {
			t.Fatalf("%s: %d calls, %v", sort, len(all), err)
		}
		for q.Offset = 0; q.Offset < 3000; q.Offset += q.Limit {
			for i, h := range search(t, ix, q).Hits {
				if h.Key() != all[q.Offset+i] {
					t.Fatalf("%s: place %d is %s, on the page %s", sort, q.Offset+i, all[q.Offset+i], h.Key())
				}
			}
		}
	}
	grouped := open(t, linked())
	all, err := grouped.Ordered(t.Context(), Query{Text: "trucks"})
	if err != nil || len(all) != 2 {
		t.Errorf("of two calls, one of them in three sources: %v, %v", all, err)
	}
	if _, err := grouped.Ordered(t.Context(), Query{Text: "("}); err == nil {
		t.Error("a wrong query is answered")
	}
	if _, err := grouped.Ordered(t.Context(), Query{Sort: "colour"}); err == nil {
		t.Error("a wrong order is taken")
	}
}
