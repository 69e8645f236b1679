package index

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
)

// someCalls makes entries of few words, common and rare ones, so that words have long lists and hits are near each other: in
// both languages, some with titles in the other, some in groups, with several priorities or none.
func someCalls(rnd *rand.Rand, first, n int) listFeed {
	vocabulary := map[string][]string{
		"en": strings.Fields("energy climate health forest water region innovation research school culture transport village hydrogen battery elk"),
		"sv": strings.Fields("energi klimat hälsa skog vatten region innovation forskning skola kultur transport by vätgas batteri älg"),
	}
	words := func(lang string, n int) string {
		out := make([]string, n)
		for i := range out {
			u := rnd.Float64()
			out[i] = vocabulary[lang][int(u*u*float64(len(vocabulary[lang])))]
		}
		return strings.Join(out, " ")
	}
	out := make(listFeed, n)
	for i := range out {
		lang := []string{"en", "en", "sv"}[rnd.IntN(3)]
		c := call.Call{
			Ref: fmt.Sprint(1 + rnd.IntN(first+n)), Language: lang, Title: words(lang, 1+rnd.IntN(4)), Text: words(lang, 1+rnd.IntN(60)),
			Programme: []string{"HORIZON", "LIFE", "", "CEF"}[rnd.IntN(4)], Status: []call.Status{call.StatusOpen, call.StatusForthcoming, call.StatusClosed}[rnd.IntN(3)],
			Source: []string{"a", "b"}[rnd.IntN(2)],
		}
		if rnd.IntN(4) == 0 {
			other := map[string]string{"en": "sv", "sv": "en"}[lang]
			c.Translations = []call.Translation{{Language: other, Title: words(other, 3)}}
		}
		for range rnd.IntN(3) {
			c.Deadlines = append(c.Deadlines, call.At(testNow.AddDate(0, 0, rnd.IntN(500)-200)))
		}
		slices.SortFunc(c.Deadlines, call.Moment.Compare)
		c.BudgetEUR = []int64{0, 0, 500_000, 3_000_000, 200_000_000}[rnd.IntN(5)]
		e := entry(first+i+1, c)
		e.FirstSeen = testNow.AddDate(0, 0, -rnd.IntN(3))
		for _, p := range []string{"kultur", "arktis", "miljo"} {
			if rnd.IntN(3) == 0 {
				e.Priorities = append(e.Priorities, p)
			}
		}
		if rnd.IntN(8) == 0 { // with the call of the same number of the other source, which may be there or not
			e.Group = []call.Key{{Source: "a", Ref: c.Ref}, {Source: "b", Ref: c.Ref}}
		}
		e.Removed = rnd.IntN(20) == 0
		out[i] = e
	}
	return out
}

// TestQuickAsPlain holds searches to those that read every list as Bleve gives it: the same hits with the same scores in the same
// order, totals and facets, over updates, removals, several segments and their merging, with readers side by side. What a
// facet counts is held to what choosing the value finds.
func TestQuickAsPlain(t *testing.T) {
	t.Parallel()
	ix, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	rnd := rand.New(rand.NewPCG(1, 1))
	var feed listFeed
	for _, n := range []int{6000, 700, 700, 3000, 50} {
		feed = append(feed, someCalls(rnd, len(feed), n)...)
		if _, err := ix.Sync(t.Context(), feed); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for reader := range uint64(3) {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(2, uint64(len(feed))<<8|reader))
				for range 25 {
					q := someQuery(rnd)
					got, err := ix.Search(t.Context(), q)
					if err != nil {
						t.Error(err)
						return
					}
					q.plain = true
					want, err := ix.Search(t.Context(), q)
					if err != nil {
						t.Error(err)
						return
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%+v (-plain +quick):\n%s", q, diff)
						return
					}
					facet := countable[rnd.IntN(len(countable))]
					if counts := got.Facets[facet]; len(counts) > 0 {
						c := counts[rnd.IntN(len(counts))]
						chosen := q
						values := chosen.of(facet)
						if !q.Sideways && len(*values) > 0 && !slices.Contains(*values, c.Value) {
							continue // a call with several values, of which others were asked for
						}
						*values = []string{c.Value}
						if res, err := ix.Search(t.Context(), chosen); err != nil || !q.Sideways && len(*q.of(facet)) > 0 && res.Total < c.Count || (q.Sideways || len(*q.of(facet)) == 0) && res.Total != c.Count {
							t.Errorf("%+v: %s counts %d of %s, and %d are found: %v", q, facet, c.Count, c.Value, res.Total, err)
							return
						}
					}
				}
			})
		}
		wg.Wait()
	}
	res, err := ix.Search(t.Context(), Query{Text: "energy OR climate", Limit: 5})
	if err != nil || res.Total < 3000 {
		t.Errorf("%d found, %v: too few for lists to be kept", res.Total, err)
	}
}

var countable = []string{FacetStatus, FacetProgramme, FacetSource, FacetPriority, FacetBudget, FacetDeadline}

// of gives a facet's own filter.
func (q *Query) of(facet string) *[]string {
	switch facet {
	case FacetStatus:
		return &q.Status
	case FacetProgramme:
		return &q.Programmes
	case FacetSource:
		return &q.Sources
	case FacetPriority:
		return &q.Priorities
	case FacetBudget:
		return &q.Budgets
	}
	return &q.Deadlines
}

func someQuery(rnd *rand.Rand) Query {
	words := append(strings.Fields("energy energi climate klimat health hälsa halsa forest skog water innovation region forskning kultur hydrogen elk regi* -skola title:energy"),
		`"water region"`, `"innovation energi"`)
	text := make([]string, 1+rnd.IntN(5))
	for i := range text {
		text[i] = words[rnd.IntN(len(words))]
	}
	q := Query{
		Text: strings.Join(text, []string{" ", " OR "}[rnd.IntN(2)]), Now: testNow, Limit: []int{1, 5, 20}[rnd.IntN(3)], Offset: []int{0, 0, 20, 300}[rnd.IntN(4)],
		Lang: []string{"", "sv", "en"}[rnd.IntN(3)], Sideways: rnd.IntN(2) == 0, AsWritten: rnd.IntN(3) == 0, Facets: slices.Clone(facets),
	}
	if rnd.IntN(4) == 0 {
		q.Status = []string{"open"}
	}
	if rnd.IntN(4) == 0 {
		q.Priorities = []string{"arktis", "kultur"}
	}
	if rnd.IntN(6) == 0 {
		q.Programmes = []string{"LIFE", "CEF"}
	}
	if rnd.IntN(6) == 0 {
		q.Deadlines = []string{Within3Months, DeadlineNone}
	}
	if rnd.IntN(6) == 0 {
		q.Sort = []string{SortNewest, SortDeadline}[rnd.IntN(2)]
	}
	if rnd.IntN(10) == 0 {
		q.DeadlineAfter = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return q
}
