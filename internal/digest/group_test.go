package digest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/subscription"
)

func keys(s ...string) []call.Key {
	var out []call.Key
	for _, k := range s {
		key, err := call.ParseKey(k)
		if err != nil {
			panic(err) // a fixture's own mistake
		}
		out = append(out, key)
	}
	return out
}

// linkedDay is a day on which other sources publish what the portal has: an agency the new call, an authority the one
// that closes soon, with another last day, and the news the one that was moved.
func linkedDay() Input {
	in := normalDay()
	seen, before := now.Add(-20*time.Minute), now.AddDate(0, -1, 0)
	cinea := in.Calls[0].Call
	cinea.Source, cinea.Ref, cinea.URL = "cinea", "enercom", "https://cinea.ec.europa.eu/calls/energy-communities_en"
	rail := call.Call{Source: "energimyndigheten", Ref: "jarnvag", Kind: call.KindCall, Title: "EU-medel för regional järnväg", Language: "sv", Status: call.StatusOpen,
		Deadlines: days("2026-05-05"), URL: "https://www.energimyndigheten.se/utlysningar/jarnvag/"}
	tourism := call.Call{Source: "nseo", Ref: "turism", Kind: call.KindNews, Title: "Mer tid för turismföretag", Language: "sv"}
	in.Calls = append(in.Calls,
		Item{Call: cinea, FirstSeen: seen, Results: in.Calls[0].Results},
		Item{Call: rail, FirstSeen: before},
		Item{Call: call.Call{Source: "nseo", Ref: "energi", Kind: call.KindNews, Title: "Pengar till byarnas energi", Language: "sv", URL: "https://www.northsweden.eu/nyheter/energi/"}, FirstSeen: before},
		Item{Call: tourism, FirstSeen: seen, Results: []match.Result{result("besoksnaring", .5, reason("Länet ska bli mer känt som resmål.", "Mer tid för «turismföretag»", "title", "turism", 2))}})
	in.Changes = append(in.Changes, change(120, "cinea/enercom", call.EventNew, "", "", ""), change(121, "nseo/turism", call.EventNew, "", "", ""))
	in.Sources = append(in.Sources, SourceState{ID: "cinea", Name: "CINEA", State: "ok", Started: seen, Ended: seen, Complete: true, Seen: 29, Added: 1})
	in.Groups = [][]call.Key{keys("ft-portal/51121646TOPICS", "cinea/enercom", "nseo/energi"), keys("ft-portal/50464110TOPICS", "energimyndigheten/jarnvag"),
		keys("ft-portal/50563532TOPICS", "nseo/turism")}
	return in
}

func TestLinked(t *testing.T) {
	t.Parallel()
	in := linkedDay()
	d := build(t, in)
	account(t, in, d)
	if diff := cmp.Diff(entries(build(t, normalDay())), entries(d)); diff != "" {
		t.Errorf("another source's page makes an entry of its own (-without +with):\n%s", diff)
	}
	got := strings.Join(strings.Fields(Text(d)), " ")
	for _, want := range []string{
		" Även hos CINEA: https://cinea.ec.europa.eu/calls/energy-communities_en Även hos nseo: https://www.northsweden.eu/nyheter/energi/ ",
		"Källorna anger olika sista dag: 7 maj enligt EU:s portal för finansiering, 5 maj enligt Energimyndigheten. ",
		" Även hos Energimyndigheten: ",
		" Även hos nseo ",
		"2 om sådant som en annan källa redan har berättat för er",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
}

// A call that several sources publish is news once, under the best of them; what comes later from another source is
// counted, unless it sets them at odds.
func TestToldOnce(t *testing.T) {
	t.Parallel()
	const portal, agency = "ft-portal/1", "cinea/1"
	before, seen := now.AddDate(0, 0, -3), now.Add(-time.Hour)
	item := func(key string, kind call.Kind, first time.Time, deadline string, concerns bool) Item {
		k := keys(key)[0]
		it := Item{Call: call.Call{Source: k.Source, Ref: k.Ref, Kind: kind, Title: "SME support", Status: call.StatusOpen}, FirstSeen: first}
		if deadline != "" {
			it.Call.Deadlines = days(deadline)
		}
		if concerns {
			it.Results = []match.Result{result("naringsliv", .7, reason("Små och medelstora företag ska kunna växa och nå nya marknader.", "«SME» support", "title", "företag", 3))}
		}
		return it
	}
	fresh := func(key string) call.Change { return change(1, key, call.EventNew, "", "", "") }
	moved := func(key string) call.Change {
		return change(2, key, call.EventDeadlines, "deadlines", "2026-09-01", "2026-10-01")
	}
	tests := []struct {
		name    string
		calls   []Item
		changes []call.Change
		want    []string // section and source of the entries, with the words of their notices
		linked  int      // counted as told by another source
	}{
		{"both are new", []Item{item(portal, call.KindCall, seen, "2026-09-01", true), item(agency, call.KindCall, seen, "2026-09-01", true)},
			[]call.Change{fresh(portal), fresh(agency)}, []string{"new ft-portal"}, 1},
		{"the portal comes after the agency", []Item{item(portal, call.KindCall, seen, "2026-09-01", true), item(agency, call.KindCall, before, "2026-09-01", true)},
			[]call.Change{fresh(portal)}, nil, 1},
		{"the portal comes after the news of it", []Item{item(portal, call.KindCall, seen, "2026-09-01", true), item(agency, call.KindNews, before, "", true)},
			[]call.Change{fresh(portal)}, []string{"new ft-portal"}, 0},
		{"the portal comes after an agency that did not concern us", []Item{item(portal, call.KindCall, seen, "2026-09-01", true), item(agency, call.KindCall, before, "2026-09-01", false)},
			[]call.Change{fresh(portal)}, []string{"new ft-portal"}, 0},
		{"only the agency's words concern us", []Item{item(portal, call.KindCall, before, "2026-09-01", false), item(agency, call.KindCall, seen, "2026-09-01", true)},
			[]call.Change{fresh(agency)}, []string{"new cinea"}, 0},
		{"the portal comes with another last day", []Item{item(portal, call.KindCall, seen, "2026-09-01", true), item(agency, call.KindCall, before, "2026-10-01", true)},
			[]call.Change{fresh(portal)}, []string{"changed ft-portal Källorna anger olika sista dag: 1 september enligt EU:s portal för finansiering, 1 oktober enligt cinea."}, 0},
		{"both moved", []Item{item(portal, call.KindCall, before, "2026-10-01", true), item(agency, call.KindCall, before, "2026-10-01", true)},
			[]call.Change{moved(portal), moved(agency)}, []string{"changed ft-portal Sista dagen är flyttad"}, 1},
		{"the agency moved alone", []Item{item(portal, call.KindCall, before, "2026-09-01", true), item(agency, call.KindCall, before, "2026-10-01", true)},
			[]call.Change{moved(agency)}, []string{"changed ft-portal Källorna anger olika sista dag"}, 0},
		{"the agency follows later", []Item{item(portal, call.KindCall, before, "2026-10-01", true), item(agency, call.KindCall, before, "2026-10-01", true)},
			[]call.Change{moved(agency)}, nil, 1},
		{"the agency's words changed", []Item{item(portal, call.KindCall, before, "2026-09-01", true), item(agency, call.KindCall, before, "2026-09-01", true)},
			[]call.Change{change(3, agency, call.EventTitle, "title", "Old", "New")}, nil, 1},
		{"one of several days is no odds", []Item{{Call: call.Call{Source: "ft-portal", Ref: "1", Kind: call.KindCall, Title: "SME support", Status: call.StatusOpen, Deadlines: days("2026-08-01", "2026-10-01")},
			FirstSeen: before, Results: item(portal, call.KindCall, seen, "", true).Results}, item(agency, call.KindCall, seen, "2026-10-01", true)},
			[]call.Change{fresh(agency)}, nil, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := normalDay()
			in.Calls, in.Changes, in.Groups = tt.calls, tt.changes, [][]call.Key{keys(portal, agency)}
			for i := range in.Changes {
				in.Changes[i].Seq = int64(i + 1)
			}
			d := build(t, in)
			account(t, in, d)
			var got []string
			for _, s := range d.Sections {
				for _, g := range s.Groups {
					for _, e := range g.Items {
						line := string(s.ID) + " " + e.Source
						for _, n := range e.Notices {
							line += " " + n.Words
						}
						got = append(got, line)
						if len(e.Elsewhere) != 1 {
							t.Errorf("elsewhere: %v", e.Elsewhere)
						}
					}
				}
			}
			if !slices.EqualFunc(tt.want, got, func(w, g string) bool { return strings.HasPrefix(g, w) }) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			linked := 0
			for _, l := range d.Proof.LeftOut {
				if l.Reason == ReasonLinked {
					linked = l.Count
				}
			}
			if linked != tt.linked {
				t.Errorf("%d counted as linked, want %d", linked, tt.linked)
			}
		})
	}
}

// What a reader decided about a call holds for every source's item of it.
func TestDecidedAsOne(t *testing.T) {
	t.Parallel()
	for choice, want := range map[subscription.Choice]int{subscription.NotRelevant: 0, subscription.Act: 1} {
		in := linkedDay()
		in.Changes = in.Changes[len(in.Changes)-2:] // of the other sources only
		in.Changes[0].Event, in.Changes[0].Field, in.Changes[0].Old, in.Changes[0].New = call.EventDeadlines, "deadlines", "2026-09-16", "2026-10-16"
		in.Calls[len(in.Calls)-4].Call.Deadlines = days("2026-10-16")
		in.Calls[len(in.Calls)-4].Results = nil
		day, err := NewDay(in)
		if err != nil {
			t.Fatal(err)
		}
		d, err := day.Reader(&Reader{Name: "Kansliet", Follows: []subscription.Subscription{{Priorities: []string{"miljo-klimat"}}}, Changes: in.Changes,
			Decided: map[call.Key]subscription.Choice{keys("ft-portal/51121646TOPICS")[0]: choice}}, "sv")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries(d) {
			if strings.HasSuffix(e, "51121646TOPICS") {
				got = append(got, e)
			}
		}
		if len(got) != want {
			t.Errorf("%s: %q, want %d", choice, got, want)
		}
	}
}
