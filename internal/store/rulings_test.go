package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/crawler/kind"
	"utkik/internal/watch"
)

func TestRunKeepsItsFindings(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		run, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1))
		if err != nil {
			t.Fatal(err)
		}
		run.Ended, run.Error, run.Fault = day(1), "page 2: status 503", kind.FaultServer
		run.Findings = []kind.Finding{{Fault: kind.FaultServer, Text: "page 2: status 503"}, {Fault: kind.FaultVanished, Field: "deadlines", Text: "deadlines vanished"}}
		if err := s.Commit(t.Context(), run, Batch{Source: "ft-portal", At: day(1)}); err != nil {
			t.Fatal(err)
		}
		run.Judged = true
		got, err := s.Runs(t.Context(), "ft-portal", 0)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]Run{run}, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		cover := func(n int) watch.Coverage {
			return watch.Coverage{Items: n, Have: map[string]int{"deadlines": n - 1, "title": n}}
		}
		var want []Covered
		for n := 1; n <= 3; n++ {
			b := Batch{Source: "ft-portal", At: day(n), Cover: cover(10 * n)}
			run := saved(t, s, b)
			if err := s.Commit(t.Context(), run, b); err != nil { // again: nothing comes twice
				t.Fatal(err)
			}
			want = append([]Covered{{run.ID, day(n), cover(10 * n)}}, want...)
		}
		saved(t, s, Batch{Source: "have-your-say", At: day(3), Cover: cover(5)})
		got, err := s.Coverage(t.Context(), "ft-portal", day(2))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want[:2], got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

func TestRulings(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		one := Ruling{Ref: "1", Decision: Dropped, Reason: "stale: old", Why: "of an old year", Likeness: "a"}
		two := Ruling{Ref: "1", Decision: Released, Reason: "stale: old", Why: "it is open", Likeness: "b"}
		b := Batch{Source: "ft-portal", At: day(1), Rulings: []Ruling{one}}
		run := saved(t, s, b)
		if err := s.Commit(t.Context(), run, b); err != nil {
			t.Fatal(err)
		}
		saved(t, s, Batch{Source: "ft-portal", At: day(2), Rulings: []Ruling{two}})
		saved(t, s, Batch{Source: "have-your-say", At: day(2), Rulings: []Ruling{one}})
		got, err := s.Rulings(t.Context(), "ft-portal")
		if err != nil {
			t.Fatal(err)
		}
		one.ID, one.Source, one.At = got[0].ID, "ft-portal", day(1)
		two.ID, two.Source, two.At = got[1].ID, "ft-portal", day(2)
		if d := cmp.Diff([]Ruling{one, two}, got); d != "" || got[0].ID >= got[1].ID {
			t.Errorf("(-want +got):\n%s", d)
		}
		run, err = s.BeginRun(t.Context(), "ft-portal", "dropped", day(3))
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []Ruling{{Ref: "1", Decision: "forgotten", Why: "x"}, {Decision: Dropped, Why: "x"}, {Ref: "1", Decision: Dropped}} {
			if err := s.Commit(t.Context(), run, Batch{Source: "ft-portal", At: day(3), Rulings: []Ruling{bad}}); err == nil {
				t.Errorf("%+v is kept", bad)
			}
		}
		if err := s.EndRun(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	})
}

// What a run read that was killed before it was judged is left out until a later complete crawl was spared it.
func TestAnswersOfAnUnjudgedRun(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		const url = "https://example.eu/list"
		key := answer(url, "").Request.Key()
		keep := func(n int, body string) Run {
			t.Helper()
			run, err := s.BeginRun(ctx, "ft-portal", "crawl", day(n))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.KeepDocument(ctx, run, answer(url, body), ""); err != nil {
				t.Fatal(err)
			}
			return run
		}
		want := func(bodies ...string) {
			t.Helper()
			docs, err := s.Answers(ctx, "ft-portal", key, 9)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range docs {
				got = append(got, string(d.Body))
			}
			if d := cmp.Diff(bodies, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		run := keep(1, "judged")
		run.Ended, run.Complete = day(1), true
		if err := s.Commit(ctx, run, Batch{Source: "ft-portal", At: day(1)}); err != nil {
			t.Fatal(err)
		}
		killed := keep(2, "killed")
		s.letGo(killed.ID) // as its process did
		want("judged")
		reparse, err := s.BeginRun(ctx, "ft-portal", "reparse", day(3))
		if err != nil {
			t.Fatal(err)
		}
		reparse.Complete = true
		if err := s.Commit(ctx, reparse, Batch{Source: "ft-portal", At: day(3)}); err != nil {
			t.Fatal(err)
		}
		want("judged")
		saved(t, s, Batch{Source: "ft-portal", At: day(4)})
		want("killed", "judged")
	})
}
