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

func TestActionTypes(t *testing.T) {
	t.Parallel()
	for types, want := range map[string]string{
		"HORIZON-RIA": "ria",
		"HORIZON  Research and Innovation Actions":                 "ria",
		"HORIZON-RIA HORIZON Research and Innovation Actions":      "ria",
		"RIA Research and Innovation action":                       "ria",
		"HORIZON JU Innovation Actions":                            "ia",
		"IA Innovation action":                                     "ia",
		"HORIZON-RIA|HORIZON-IA":                                   "ria ia",
		"Coordination and support action":                          "csa",
		"HORIZON TMA MSCA Cofund Doctoral programme":               "cofund msca",
		"ERASMUS-LS ERASMUS Lump Sum Grants":                       "lumpsum",
		"CEF ERTMS Unit Grants":                                    "unit",
		"Works":                                                    "infra",
		"CEF-INFRA CEF Infrastructure Projects":                    "infra",
		"LIFE-FPA-OG LIFE Operating Grants Framework Partnerships": "fpa operating",
		"HORIZON-RPr HORIZON Recognition Prize":                    "prize",
		"HORIZON Public Procurement of Innovative Solutions":       "procurement",
		"Grant":                            "project",
		"DIGITAL JU Simple Grants":         "project",
		"DIGITAL JU SME Support Actions":   "sme",
		"SMP Grants for Financial Support": "gfs",
		"6":                                "",
		"Delegated  regulation":            "Delegated regulation",
		"Delegated regulation|Delegated regulation": "Delegated regulation",
	} {
		if got := strings.Join(actionsOf(strings.Split(types, "|")), " "); got != want {
			t.Errorf("%s: %q, want %q", types, got, want)
		}
	}
	if got := Actions(); len(got) != len(actionRules) || !slices.IsSorted(got) {
		t.Errorf("codes %v", got)
	}
}

// TestActionsAreWords: what a tick finds, a query with the same code finds too.
func TestActionsAreWords(t *testing.T) {
	t.Parallel()
	ix := open(t, listFeed{
		entry(1, call.Call{Title: "a", ActionTypes: []string{"HORIZON Research and Innovation Actions"}}),
		entry(2, call.Call{Title: "b", ActionTypes: []string{"Delegated regulation"}}),
		entry(3, call.Call{Title: "c"}),
	})
	for query, q := range map[string]Query{
		"action:ria": {Actions: []string{"ria"}}, `action:"Delegated regulation"`: {Actions: []string{"Delegated regulation"}},
	} {
		ticked, typed := search(t, ix, q), search(t, ix, Query{Text: query})
		if diff := cmp.Diff(refs(typed.Hits), refs(ticked.Hits)); diff != "" || ticked.Total != 1 {
			t.Errorf("%s: %d (-typed +ticked):\n%s", query, ticked.Total, diff)
		}
	}
}

func TestHorizon(t *testing.T) {
	t.Parallel()
	day := func(s string) int32 {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return dayNumber(at, 0)
	}
	for now, want := range map[string]string{
		"2026-01-31T12:00:00Z": "2026-02-28 2026-04-30 2026-07-31 2027-01-31",
		"2026-01-31T23:30:00Z": "2026-03-01 2026-05-01 2026-08-01 2027-02-01", // it is February in Brussels
		"2026-11-27T08:00:00Z": "2026-12-27 2027-02-27 2027-05-27 2027-11-27",
		"2027-11-30T08:00:00Z": "2027-12-30 2028-02-29 2028-05-30 2028-11-30",
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		var h horizon
		for i, s := range strings.Fields(want) {
			h[i] = day(s)
		}
		if got := horizonAt(at); got != h {
			t.Errorf("%s: %v, want %v", now, got, h)
		}
	}
}

// TestScales: a facet with a fixed list has no value beside it, and counts under the names of the list.
func TestScales(t *testing.T) {
	t.Parallel()
	var feed listFeed
	for i, budget := range []int64{0, 1, 999_999, 1_000_000, 4_999_999, 5_000_000, 20_000_000, 100_000_000, 5_000_000_000} {
		feed = append(feed, entry(i+1, call.Call{Title: "x", BudgetEUR: budget, Status: call.StatusOpen, Deadlines: []call.Moment{call.Day(2026, 6+time.Month(2*i), 20)}}))
	}
	feed = append(feed, entry(100, call.Call{Title: "x", Kind: call.KindConsultation}), entry(101, call.Call{Title: "x", Deadlines: []call.Moment{call.Day(2026, 6, 1)}}))
	ix := open(t, feed)
	res := search(t, ix, Query{Facets: []string{FacetBudget, FacetDeadline, FacetStatus}, Now: testNow})
	got := map[string]string{}
	for facet, counts := range res.Facets {
		for _, v := range Scale(facet) {
			for _, c := range counts {
				if c.Value == v {
					got[facet] += fmt.Sprintf("%s %d, ", v, c.Count)
				}
			}
		}
		for _, c := range counts {
			if !slices.Contains(Scale(facet), c.Value) {
				t.Errorf("%s has a value %q", facet, c.Value)
			}
		}
	}
	want := map[string]string{
		FacetBudget:   "under-1m 2, 1m-5m 2, 5m-20m 1, 20m-100m 1, over-100m 2, none 2, ",
		FacetDeadline: "1m 1, 3m 2, 6m 3, 12m 6, later 3, none 1, ",
		FacetStatus:   "open 9, closed 1, ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if Scale(FacetProgramme) != nil {
		t.Error("programmes have no fixed list")
	}
}

func TestFacetValues(t *testing.T) {
	t.Parallel()
	var feed listFeed
	for i := range 40 {
		feed = append(feed, entry(i+1, call.Call{Title: "x", Programme: fmt.Sprintf("P%02d", i)}))
	}
	ix := open(t, feed)
	for limit, want := range map[int]int{0: 30, 35: 35, 1000: 40} {
		if got := len(search(t, ix, Query{Facets: []string{FacetProgramme}, FacetValues: limit}).Facets[FacetProgramme]); got != want {
			t.Errorf("at most %d values: %d, want %d", limit, got, want)
		}
	}
}

// TestStarsAreBounded: a star that stands for very many words is refused by its own name, and harms nothing.
func TestStarsAreBounded(t *testing.T) {
	t.Parallel()
	var feed listFeed
	for i := range 60 {
		var text strings.Builder
		for k := range 500 {
			fmt.Fprintf(&text, "abc%dx%d ", i, k)
		}
		feed = append(feed, entry(i+1, call.Call{Title: "skog", Text: text.String(), Language: "en"}))
	}
	ix := open(t, feed)
	for query, pos := range map[string]int{"abc*": 1, "skog Abc*": 6, "skog OR abc* OR def*": 9} {
		_, err := ix.Search(t.Context(), Query{Text: query})
		wrong, ok := err.(*QueryError)
		if !ok || wrong.Code != ErrWideStar || wrong.Pos != pos {
			t.Errorf("%s: %v, want a star too wide at letter %d", query, err, pos)
		}
		if _, err := ix.Keys(t.Context(), query, testNow); err == nil {
			t.Errorf("%s: a saved search goes on", query)
		}
	}
	if res := search(t, ix, Query{Text: "abc1x*"}); res.Total != 1 || ix.NeedsRebuild() {
		t.Errorf("%d found, rebuild %v", res.Total, ix.NeedsRebuild())
	}
}
