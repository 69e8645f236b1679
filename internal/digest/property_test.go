package digest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"utkik/internal/call"
	"utkik/internal/match"
)

// TestNothingIsLost builds from arbitrary logs: each change is told on one item or counted under one reason,
// no item comes twice, nothing stale or held is new or soon, and every form can be made.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	events := []call.Event{call.EventNew, call.EventOpened, call.EventClosed, call.EventDeadlines, call.EventBudget, call.EventTitle,
		call.EventText, call.EventOpens, call.EventStatus, call.EventIdentifier, call.EventWithdrawn}
	fields := map[call.Event][]string{call.EventDeadlines: {"deadlines"}, call.EventBudget: {"budget_eur", "contribution_max_eur"}, call.EventTitle: {"title"},
		call.EventText: {"eligible", "text", "grants", "deadlines"}, call.EventOpens: {"opens"}, call.EventIdentifier: {"identifier"},
		call.EventOpened: {"status"}, call.EventClosed: {"status", ""}, call.EventStatus: {"status"}, call.EventNew: {""}, call.EventWithdrawn: {""}}
	dates := []string{"", "2026-04-01", "2026-04-23", "2026-05-01", "2026-09-16", "2026-04-23T17:00:00+02:00"}
	values := map[string][]string{"deadlines": {"", "2026-04-01", "2026-05-01", "2026-05-01, 2026-09-16", "2026-09-16", "x"}, "opens": dates,
		"status": {"", "open", "forthcoming", "closed", "odd"}}
	statuses := []call.Status{"", call.StatusOpen, call.StatusForthcoming, call.StatusClosed}
	kinds := []call.Kind{call.KindCall, call.KindConsultation, call.KindPlanned, call.KindNews}
	rapid.Check(t, func(rt *rapid.T) {
		in := normalDay()
		in.Calls, in.Changes, in.Held = nil, nil, nil
		in.Horizon.Fold = rapid.IntRange(1, 4).Draw(rt, "fold")
		in.Language = rapid.SampledFrom([]string{"sv", "en"}).Draw(rt, "language")
		n := rapid.IntRange(0, 12).Draw(rt, "calls")
		for i := range n {
			c := call.Call{Source: "ft-portal", Ref: fmt.Sprintf("r%02d", i), Title: fmt.Sprint("Title ", i),
				Kind: rapid.SampledFrom(kinds).Draw(rt, "kind"), Status: rapid.SampledFrom(statuses).Draw(rt, "status")}
			if s := rapid.SampledFrom(dates).Draw(rt, "opens"); s != "" {
				c.Opens = day(s)
			}
			c.Deadlines = moments(rapid.SampledFrom(values["deadlines"]).Draw(rt, "deadlines"))
			it := Item{Call: c}
			if rapid.Bool().Draw(rt, "gone") {
				it.Gone = now
			}
			for _, p := range in.Plan.Priorities {
				if rapid.IntRange(0, 3).Draw(rt, "match") == 0 {
					it.Results = append(it.Results, match.Result{Priority: p.ID, Score: float64(rapid.IntRange(0, 3).Draw(rt, "score")) / 4, Included: rapid.Bool().Draw(rt, "included"),
						Reasons: []match.Reason{reason("Plan.", "«Call»", "text", "t", 1), reason("Nej.", "«x»", "eligible", "only", -float64(rapid.IntRange(0, 2).Draw(rt, "against")))}})
				}
			}
			in.Calls = append(in.Calls, it)
			if rapid.IntRange(0, 9).Draw(rt, "held") == 0 {
				in.Held = append(in.Held, Held{Key: c.Key(), Reason: "odd"})
			}
		}
		for len(in.Calls) > 2 && rapid.Bool().Draw(rt, "linked") {
			k := rapid.IntRange(1, len(in.Calls)-1).Draw(rt, "first of a group")
			in.Groups = append(in.Groups, []call.Key{in.Calls[k-1].Call.Key(), in.Calls[k].Call.Key()})
			if len(in.Groups) > 1 && slices.ContainsFunc(in.Groups[:len(in.Groups)-1], func(g []call.Key) bool {
				return slices.Contains(g, in.Calls[k].Call.Key()) || slices.Contains(g, in.Calls[k-1].Call.Key())
			}) {
				in.Groups = in.Groups[:len(in.Groups)-1] // a call is in one group
				break
			}
		}
		for i := range rapid.IntRange(0, 40).Draw(rt, "changes") {
			e := rapid.SampledFrom(events).Draw(rt, "event")
			f := rapid.SampledFrom(fields[e]).Draw(rt, "field")
			vs := values[f]
			if vs == nil {
				vs = []string{"", "1", "2", "3000000"}
			}
			in.Changes = append(in.Changes, call.Change{Seq: int64(i + 1), At: now.Add(-time.Hour), Source: "ft-portal", Ref: fmt.Sprintf("r%02d", rapid.IntRange(0, n+1).Draw(rt, "ref")),
				Event: e, Field: f, Old: rapid.SampledFrom(vs).Draw(rt, "old"), New: rapid.SampledFrom(vs).Draw(rt, "new"),
				Material: rapid.IntRange(0, 4).Draw(rt, "material") > 0, Baseline: rapid.IntRange(0, 9).Draw(rt, "baseline") == 0, Mended: rapid.IntRange(0, 9).Draw(rt, "mended") == 0})
		}
		d, err := Build(in)
		if err != nil {
			rt.Fatal(err)
		}
		account(t, in, d)
		held := map[call.Key]bool{}
		for _, h := range in.Held {
			held[h.Key] = true
		}
		at := map[call.Key]*Item{}
		for i := range in.Calls {
			at[in.Calls[i].Call.Key()] = &in.Calls[i]
		}
		for _, s := range d.Sections {
			for _, g := range s.Groups {
				for _, e := range g.Items {
					it := at[call.Key{Source: e.Source, Ref: e.Ref}]
					if held[it.Call.Key()] {
						rt.Errorf("%s is held and told", e.Ref)
					}
					if s.ID != Changed && (it.Call.Stale(now) || it.Call.Status == call.StatusClosed || !it.Gone.IsZero()) {
						rt.Errorf("%s is stale, closed or gone, and stands under %s", e.Ref, s.ID)
					}
				}
			}
		}
		if Text(d) == "" {
			rt.Error("no text")
		}
		if _, err := HTML(d); err != nil {
			rt.Error(err)
		}
		if _, err := JSON(d); err != nil {
			rt.Error(err)
		}
	})
}
