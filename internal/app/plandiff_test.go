package app_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/plan"
	"utkik/internal/store"
)

var noon = time.Date(2026, 6, 28, 12, 0, 0, 0, time.UTC)

// stored gives a store of calls; those whose ref begins with "gone" are gone.
func stored(t *testing.T, calls ...call.Call) *store.Store {
	t.Helper()
	now := func() time.Time { return noon }
	st, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "utkik.db"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	run, err := st.BeginRun(t.Context(), "s", "crawl", noon)
	if err != nil {
		t.Fatal(err)
	}
	b := store.Batch{Source: "s", At: noon}
	for _, c := range calls {
		c.Source, c.Kind = "s", call.KindCall
		save := store.Save{Call: c, Version: true, Seen: true}
		if len(c.Ref) > 4 && c.Ref[:4] == "gone" {
			save.Gone = noon
		}
		b.Saves = append(b.Saves, save)
	}
	run.Complete = true
	if err := st.Commit(t.Context(), run, b); err != nil {
		t.Fatal(err)
	}
	return st
}

func planOf(id string, ps ...plan.Priority) *plan.Plan {
	for i := range ps {
		ps[i].Name = "name of " + ps[i].ID
	}
	return &plan.Plan{ID: id, Priorities: ps}
}

func about(id string, words ...string) plan.Priority {
	p := plan.Priority{ID: id}
	for _, w := range words {
		p.Vocabulary = append(p.Vocabulary, plan.Term{EN: []string{w}, Weight: 4})
	}
	return p
}

func TestDiffPlans(t *testing.T) {
	t.Parallel()
	st := stored(t,
		call.Call{Ref: "b", Title: "Harbour works", Status: call.StatusOpen, Language: "en"},
		call.Call{Ref: "a", Title: "Harbour dredging", Status: call.StatusForthcoming, Language: "en"},
		call.Call{Ref: "ferry", Title: "Ferry lines", Status: call.StatusOpen, Language: "en"},
		call.Call{Ref: "both", Title: "Railways in the city", Status: call.StatusOpen, Language: "en"},
		call.Call{Ref: "closed", Title: "Harbour walls", Status: call.StatusClosed, Language: "en"},
		call.Call{Ref: "stale", Title: "Harbour lights", Status: call.StatusOpen, Language: "en", Deadlines: []call.Moment{call.Day(2026, 6, 1)}},
		call.Call{Ref: "gone1", Title: "Harbour cranes", Status: call.StatusOpen, Language: "en"},
		call.Call{Ref: "dated", Title: "Harbour masters", Language: "en", Deadlines: []call.Moment{call.Day(2026, 9, 1)}},
		call.Call{Ref: "news", Title: "Harbour news", Language: "en"},
		call.Call{Ref: "book", Title: "Libraries", Status: call.StatusOpen, Language: "en"},
	)
	before := planOf("old", about("sea", "ferry", "railways"), about("books", "libraries"))
	after := planOf("new", about("sea", "harbour", "railways"), about("towns", "city"))
	type moved struct {
		Ref, Title, Term, Field string
	}
	type prio struct {
		ID, Name, In string
		Stay         int
		Enter, Leave []moved
	}
	for _, tt := range []struct {
		all   bool
		calls int
		enter []moved
	}{
		{false, 6, []moved{{"a", "Harbour dredging", "harbour", "title"}, {"b", "Harbour works", "harbour", "title"}, {"dated", "Harbour masters", "harbour", "title"}}},
		{true, 10, []moved{
			{"a", "Harbour dredging", "harbour", "title"}, {"b", "Harbour works", "harbour", "title"}, {"closed", "Harbour walls", "harbour", "title"},
			{"dated", "Harbour masters", "harbour", "title"}, {"gone1", "Harbour cranes", "harbour", "title"}, {"news", "Harbour news", "harbour", "title"},
			{"stale", "Harbour lights", "harbour", "title"},
		}},
	} {
		t.Run(fmt.Sprint("all ", tt.all), func(t *testing.T) {
			d, err := app.DiffPlans(t.Context(), st, before, after, noon, tt.all)
			if err != nil {
				t.Fatal(err)
			}
			if d.Old != "old" || d.New != "new" || d.Calls != tt.calls {
				t.Errorf("%s to %s over %d calls; want old to new over %d", d.Old, d.New, d.Calls, tt.calls)
			}
			if diff := cmp.Diff([][]string{{"towns"}, {"books"}}, [][]string{d.Added, d.Removed}); diff != "" {
				t.Errorf("added and removed (-want +got):\n%s", diff)
			}
			short := func(ms []app.Movement) (out []moved) {
				for _, m := range ms {
					out = append(out, moved{m.Ref, m.Title, m.Reason.Term, m.Reason.Field})
					if m.Source != "s" || m.Reason.Weight <= 0 {
						t.Errorf("%s: source %q, reason %+v", m.Ref, m.Source, m.Reason)
					}
				}
				return out
			}
			var got []prio
			for _, p := range d.Priorities {
				got = append(got, prio{p.Priority, p.Name, p.In, p.Stay, short(p.Enter), short(p.Leave)})
			}
			want := []prio{
				{"sea", "name of sea", "both", 1, tt.enter, []moved{{"ferry", "Ferry lines", "ferry", "title"}}},
				{"towns", "name of towns", "new", 0, []moved{{"both", "Railways in the city", "city", "title"}}, nil},
				{"books", "name of books", "old", 0, nil, []moved{{"book", "Libraries", "libraries", "title"}}},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	same, err := app.DiffPlans(t.Context(), st, before, before, noon, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range same.Priorities {
		if len(p.Enter)+len(p.Leave) > 0 || p.In != "both" {
			t.Errorf("a plan against itself: %+v", p)
		}
	}
}

func TestDiffPlansRefuses(t *testing.T) {
	t.Parallel()
	bad := planOf("bad", plan.Priority{ID: "x", Vocabulary: []plan.Term{{SV: "?", Weight: 1}}})
	if _, err := app.DiffPlans(t.Context(), stored(t), planOf("old"), bad, noon, false); err == nil {
		t.Error("a plan with a term of no word was taken")
	}
}
