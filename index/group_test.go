package index

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
)

// linked are a portal's topic, an agency's page and an authority's page on one call, and a call that stands alone.
func linked() listFeed {
	item := func(source, title, lang, programme string, status call.Status, deadline call.Moment) call.Call {
		return call.Call{Source: source, Ref: "1", Kind: call.KindCall, Title: title, Language: lang, Programme: programme, Status: status, Deadlines: []call.Moment{deadline}}
	}
	group := []call.Key{{Source: "ft-portal", Ref: "1"}, {Source: "cinea", Ref: "1"}, {Source: "energimyndigheten", Ref: "1"}}
	calls := []call.Call{
		item("energimyndigheten", "Laddning för tunga fordon i glesbygd", "sv", "CEF", call.StatusOpen, call.Day(2026, 9, 22)),
		item("ft-portal", "Alternative fuels infrastructure for trucks", "en", "CEF", call.StatusForthcoming, call.Day(2026, 10, 1)),
		item("alone", "Alternative energy for trucks", "en", "LIFE", call.StatusOpen, call.Day(2026, 9, 25)),
		item("cinea", "Alternative fuels infrastructure for trucks, trucks, trucks", "en", "CEF", call.StatusOpen, call.Day(2026, 9, 22)),
	}
	var out listFeed
	for i, c := range calls {
		e := Entry{Call: c, Seq: int64(i + 1)}
		if c.Source != "alone" {
			e.Group = group
		}
		out = append(out, e)
	}
	return out
}

func TestGroupsAreOneHit(t *testing.T) {
	t.Parallel()
	ix, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	feed := linked()
	// In several segments, as a running installation has them.
	for n := range feed {
		if _, err := ix.Sync(t.Context(), feed[:n+1]); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name  string
		q     Query
		total int
		want  []string // hits with the others
	}{
		{"the one that stands for all", Query{Text: "trucks"}, 2, []string{"ft-portal also cinea energimyndigheten", "alone"}},
		{"the only one that is found", Query{Text: "glesbygd"}, 1, []string{"energimyndigheten also ft-portal cinea"}},
		{"the first that passes the filters", Query{Status: []string{"open"}}, 2, []string{"cinea also ft-portal energimyndigheten", "alone"}},
		{"of a source", Query{Sources: []string{"energimyndigheten"}}, 1, []string{"energimyndigheten also ft-portal cinea"}},
		{"by its own last day", Query{Sort: SortDeadline}, 2, []string{"alone", "ft-portal also cinea energimyndigheten"}},
		{"a page of them", Query{Sort: SortDeadline, Limit: 1, Offset: 1}, 2, []string{"ft-portal also cinea energimyndigheten"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := ix.Search(t.Context(), tt.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, h := range res.Hits {
				line := h.Source
				if len(h.Also) > 0 {
					line += " also"
				}
				for _, o := range h.Also {
					line += " " + o.Source
				}
				got = append(got, line)
			}
			// Relevance is for other tests.
			if tt.q.Sort == "" && len(got) == 2 && strings.HasPrefix(got[0], "alone") {
				got[0], got[1] = got[1], got[0]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || res.Total != tt.total {
				t.Errorf("total %d, want %d (-want +got):\n%s", res.Total, tt.total, diff)
			}
		})
	}

	// A value counts what choosing it shows.
	for _, sideways := range []bool{false, true} {
		q := Query{Facets: []string{FacetStatus, FacetSource, FacetProgramme}, Sideways: sideways, Programmes: []string{"CEF"}}
		res, err := ix.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]Count{
			FacetStatus:    {{"forthcoming", 1}, {"open", 1}},
			FacetSource:    {{"cinea", 1}, {"energimyndigheten", 1}, {"ft-portal", 1}},
			FacetProgramme: {{"CEF", 1}},
		}
		if sideways {
			want[FacetProgramme] = []Count{{"CEF", 1}, {"LIFE", 1}}
		}
		if diff := cmp.Diff(want, res.Facets); diff != "" {
			t.Errorf("sideways %v (-want +got):\n%s", sideways, diff)
		}
	}

	// Cut apart, they are hits of their own again.
	for i := range feed {
		feed[i].Group, feed[i].Seq = nil, feed[i].Seq+10
	}
	if _, err := ix.Sync(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	res, err := ix.Search(t.Context(), Query{})
	if err != nil || res.Total != 4 || len(res.Hits) != 4 || len(res.Hits[0].Also) != 0 {
		t.Errorf("apart: %d of %d, %v", len(res.Hits), res.Total, err)
	}
}
