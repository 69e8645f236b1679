package index

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
)

// An organisation sees every call, and of priorities and departments its own alone: by filters, in queries, with stars, in
// facets, in what a saved search means, and by month.
func TestOrganisationsApart(t *testing.T) {
	t.Parallel()
	seen := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	feed := listFeed{
		entry(1, call.Call{Title: "Forest one", Language: "en", Kind: call.KindCall}),
		entry(2, call.Call{Title: "Forest two", Language: "en", Kind: call.KindCall}),
		entry(3, call.Call{Title: "Forest three", Language: "en", Kind: call.KindCall}),
	}
	feed[0].Priorities, feed[0].Departments = []string{"culture", "a/culture"}, []string{"arts", "a/arts"}
	feed[1].Priorities, feed[1].Departments = []string{"a/culture", "a/climate", "b/culture"}, []string{"b/arts"}
	feed[2].Priorities = []string{"b/roads"}
	for i := range feed {
		feed[i].FirstSeen = seen
	}
	root := open(t, feed)
	if _, err := root.Sync(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		org, query, filter, want string
		priorities               []Count
	}{
		{"", "forest", "", "1 2 3", []Count{{"culture", 1}}},
		{"a", "forest", "", "1 2 3", []Count{{"culture", 2}, {"climate", 1}}},
		{"b", "forest", "", "1 2 3", []Count{{"culture", 1}, {"roads", 1}}},
		{"c", "forest", "", "1 2 3", []Count{}},
		{"", "", "culture", "1", []Count{{"culture", 1}}},
		{"a", "", "culture", "1 2", []Count{{"culture", 2}, {"climate", 1}}},
		{"b", "", "culture", "2", []Count{{"culture", 1}}},
		{"c", "", "culture", "", []Count{}},
		{"", "", "a/culture", "", []Count{}},
		{"a", "", "b/culture", "", []Count{}},
		{"a", "priority:cul*", "", "1 2", []Count{{"culture", 2}, {"climate", 1}}},
		{"b", "priority:cult*", "", "2", []Count{{"culture", 1}}},
		{"", "priority:b/cul*", "", "", []Count{}},
		{"", "priority:\"a/culture\"", "", "", []Count{}},
		{"b", "department:arts", "", "2", []Count{{"culture", 1}}},
		{"a", "department:arts", "", "1", []Count{{"culture", 1}}},
		{"a", "-priority:climate", "", "1 3", []Count{{"culture", 1}}},
	} {
		ix := root.Of(c.org, nil)
		q := Query{Text: c.query, Facets: []string{FacetPriority}, AsWritten: true}
		if c.filter != "" {
			q.Priorities = []string{c.filter}
		}
		res, err := ix.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got := refs(res.Hits)
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q asks %q with %q: found %q, want %q", c.org, c.query, c.filter, got, c.want)
		}
		if d := cmp.Diff(c.priorities, res.Facets[FacetPriority]); d != "" {
			t.Errorf("%q asks %q with %q: facets (-want +got):\n%s", c.org, c.query, c.filter, d)
		}
		if said := fmt.Sprintf("%+v", res); strings.Contains(said, "a/") || strings.Contains(said, "b/") {
			t.Errorf("%q asks %q with %q, and is told of others: %s", c.org, c.query, c.filter, said)
		}
		if c.filter == "" {
			keys, err := ix.Keys(t.Context(), c.query, seen)
			if err != nil || len(keys) != len(got) {
				t.Errorf("%q: %q means %d calls, %v, want %d", c.org, c.query, len(keys), err, len(got))
			}
		}
	}
	for org, want := range map[string]map[string][]int{"": {"culture": {1}}, "b": {"culture": {1}, "roads": {1}}, "c": {}} {
		got, err := root.Of(org, nil).Arrivals(t.Context(), seen, 1, seen.AddDate(0, 0, 3))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("by month for %q (-want +got):\n%s", org, d)
		}
	}
}

// A search is broadened by the words of the organisation that asks, and of no other; what the house knows, it knows for all.
func TestOrganisationsWords(t *testing.T) {
	t.Parallel()
	feed := listFeed{
		entry(1, call.Call{Title: "A modal shift for freight", Language: "en", Kind: call.KindCall}),
		entry(2, call.Call{Title: "Hydrogen valleys", Language: "en", Kind: call.KindCall}),
	}
	root := open(t, feed)
	if _, err := root.Sync(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	asked := 0
	pairs := func() []Pair {
		asked++
		return []Pair{{SV: "trafikslagsbyte", EN: "modal shift"}, {SV: "vätgas", EN: "freight"}}
	}
	a := root.Of("a", pairs)
	for _, c := range []struct {
		ix          *Index
		query, want string
	}{
		{root, "trafikslagsbyte", ""}, {root.Of("b", nil), "trafikslagsbyte", ""}, {a, "trafikslagsbyte", "1"}, {a, "trafikslagsbyte", "1"},
		{root, "vätgas", "2"}, {a, "vätgas", "2"}, {root.Of("b", nil), "vätgas", "2"},
	} {
		res, err := c.ix.Search(t.Context(), Query{Text: c.query})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(refs(res.Hits), " "); got != c.want {
			t.Errorf("%q asks %q: found %q, want %q", c.ix.scope, c.query, got, c.want)
		}
	}
	if asked != 1 {
		t.Errorf("a plan's words were asked for %d times", asked)
	}
}
