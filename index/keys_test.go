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
