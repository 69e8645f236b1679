package intake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/intake"
	"utkik/internal/store"
)

// world plays a source over days: each reading is judged, and the verdict becomes what is known the next day,
// as the store would have it.
type world struct {
	t     *testing.T
	day   time.Time
	known map[string]*store.Record
	held  map[string]store.Hold
	ruled []store.Ruling
	read  bool // a complete run came before
	jump  float64
}

func newWorld(t *testing.T) *world {
	return &world{t: t, day: time.Date(2026, 4, 21, 6, 0, 0, 0, time.UTC), known: map[string]*store.Record{}, held: map[string]store.Hold{}, jump: .25}
}

// reading is one crawl: what was listed, what was found one by one, and whether the listing was complete.
type reading struct {
	list    []call.Call
	recheck []call.Call
	cut     bool
	mode    intake.Mode
}

func (w *world) crawl(r reading) intake.Verdict {
	w.t.Helper()
	mode := r.mode
	if mode == "" {
		mode = intake.Crawl
	}
	in := intake.Reading{
		Mode: mode, Source: kind.Source{ID: "s", Expect: kind.Expect{MaxJump: w.jump}}, At: w.day, Listed: !r.cut,
		Baseline: !w.read, Rechecked: map[string]bool{},
	}
	for _, c := range r.list {
		in.Items = append(in.Items, kind.Item{Call: c})
	}
	for _, c := range r.recheck {
		in.Items = append(in.Items, kind.Item{Call: c})
		in.Rechecked[c.Ref] = true
	}
	for _, k := range w.known {
		in.Known = append(in.Known, *k)
	}
	for _, h := range w.held {
		in.Held = append(in.Held, h)
	}
	in.Rulings = w.ruled
	v := intake.Judge(in)
	w.carry(v)
	w.read = w.read || !r.cut
	w.day = w.day.AddDate(0, 0, 1)
	return v
}

// carry makes a verdict what is known, as the store would have it.
func (w *world) carry(v intake.Verdict) {
	for _, s := range v.Batch.Saves {
		rec := w.known[s.Call.Ref]
		if rec == nil {
			rec = &store.Record{FirstSeen: w.day}
			w.known[s.Call.Ref] = rec
		}
		rec.Call, rec.Gone, rec.Missed = s.Call, s.Gone, s.Missed
		if s.Seen {
			rec.LastSeen = w.day
		}
	}
	for _, ref := range v.Batch.Seen {
		w.known[ref].LastSeen = w.day
	}
	for _, ref := range v.Batch.Release {
		delete(w.held, ref)
	}
	for _, h := range v.Batch.Holds {
		w.held[h.Ref] = h
	}
	for _, r := range v.Batch.Rulings {
		r.At = w.day
		w.ruled = append(w.ruled, r)
	}
}

// log writes the changes of a verdict as lines.
func log(v intake.Verdict) string {
	var b strings.Builder
	for _, s := range v.Batch.Saves {
		for _, c := range s.Changes {
			fmt.Fprintf(&b, "%s %s %s: %s -> %s", c.Ref, c.Event, c.Field, c.Old, c.New)
			for _, m := range []struct {
				on   bool
				mark string
			}{{c.Material, " material"}, {c.Baseline, " baseline"}, {c.Mended, " mended"}} {
				if m.on {
					b.WriteString(m.mark)
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func open(ref string, deadlines ...string) call.Call {
	c := call.Call{Source: "s", Ref: ref, Kind: call.KindCall, Title: "Title of " + ref, Status: call.StatusOpen}
	for _, d := range deadlines {
		m, err := call.ParseMoment(d)
		if err != nil {
			panic(err)
		}
		c.Deadlines = append(c.Deadlines, m)
	}
	return c
}

func with(c call.Call, f func(*call.Call)) call.Call { f(&c); return c }

func many(prefix string, n int, deadline string) []call.Call {
	var out []call.Call
	for i := range n {
		out = append(out, open(fmt.Sprintf("%s%03d", prefix, i), deadline))
	}
	return out
}

func want(t *testing.T, got intake.Verdict, lines ...string) {
	t.Helper()
	w := strings.Join(lines, "\n")
	if w != "" {
		w += "\n"
	}
	if d := cmp.Diff(w, log(got)); d != "" {
		t.Errorf("change log (-want +got):\n%s", d)
	}
}

func TestNewAndUnchanged(t *testing.T) {
	w := newWorld(t)
	a := open("a", "2026-09-01")
	want(t, w.crawl(reading{list: []call.Call{a}}), "a new :  -> open material baseline")
	v := w.crawl(reading{list: []call.Call{a}})
	want(t, v)
	if len(v.Batch.Saves) != 0 || len(v.Batch.Seen) != 1 {
		t.Errorf("an unchanged call is saved: %+v", v.Batch)
	}
	want(t, w.crawl(reading{list: []call.Call{a, open("b", "2026-09-02")}}), "b new :  -> open material")
}

func TestIncompleteFirstRunIsStillBaseline(t *testing.T) {
	w := newWorld(t)
	want(t, w.crawl(reading{list: many("a", 1, "2026-09-01"), cut: true}), "a000 new :  -> open material baseline")
	want(t, w.crawl(reading{list: many("a", 2, "2026-09-01")}), "a001 new :  -> open material baseline")
}

func TestChanges(t *testing.T) {
	base := with(open("a", "2026-09-01T17:00:00+02:00"), func(c *call.Call) {
		c.BudgetEUR, c.Identifier, c.Text = 1000, "ID-1", "words"
	})
	for name, tc := range map[string]struct {
		change func(*call.Call)
		want   []string
	}{
		"moved":         {func(c *call.Call) { c.Deadlines = open("", "2026-09-15T17:00:00+02:00").Deadlines }, []string{"a deadlines deadlines: 2026-09-01 -> 2026-09-15 material"}},
		"clock only":    {func(c *call.Call) { c.Deadlines = open("", "2026-09-01T12:00:00+02:00").Deadlines }, []string{"a text deadlines: 2026-09-01T17:00:00+02:00 -> 2026-09-01T12:00:00+02:00"}},
		"seconds noise": {func(c *call.Call) { c.Deadlines = open("", "2026-09-01T16:59:00+02:00").Deadlines }, nil},
		"budget":        {func(c *call.Call) { c.BudgetEUR = 2000 }, []string{"a budget budget_eur: 1000 -> 2000 material"}},
		"columns gone":  {func(c *call.Call) { c.BudgetEUR, c.Text, c.Deadlines, c.Identifier = 0, "", nil, "" }, nil},
		"renamed":       {func(c *call.Call) { c.Identifier = "ID-2" }, []string{"a identifier identifier: ID-1 -> ID-2"}},
		"retitled":      {func(c *call.Call) { c.Title = "Other" }, []string{"a title title: Title of a -> Other"}},
		"reworded":      {func(c *call.Call) { c.Text = "other words" }, []string{"a text text: 5 -> 11"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.crawl(reading{list: []call.Call{base}})
			want(t, w.crawl(reading{list: []call.Call{with(base, tc.change)}}), tc.want...)
		})
	}
}

func TestOpened(t *testing.T) {
	w := newWorld(t)
	a := with(open("a", "2026-09-01"), func(c *call.Call) { c.Status = call.StatusForthcoming })
	w.crawl(reading{list: []call.Call{a}})
	a.Status = call.StatusOpen
	want(t, w.crawl(reading{list: []call.Call{a}}), "a opened status: forthcoming -> open material")
}

func TestAbsence(t *testing.T) {
	t.Run("one day is nothing", func(t *testing.T) {
		w := newWorld(t)
		a := open("a", "2026-09-01")
		w.crawl(reading{list: []call.Call{a}})
		want(t, w.crawl(reading{}))
		want(t, w.crawl(reading{list: []call.Call{a}}))
		if w.known["a"].Missed != 0 {
			t.Error("absence is still counted after the call returned")
		}
	})
	t.Run("five complete days before the deadline withdraw", func(t *testing.T) {
		w := newWorld(t)
		w.crawl(reading{list: many("a", 1, "2026-09-01")})
		for range 4 {
			want(t, w.crawl(reading{}))
		}
		want(t, w.crawl(reading{}), "a000 withdrawn : open ->  material")
		want(t, w.crawl(reading{}))
		want(t, w.crawl(reading{list: many("a", 1, "2026-09-01")}), "a000 status listed: gone -> listed material")
	})
	t.Run("an incomplete listing says nothing", func(t *testing.T) {
		w := newWorld(t)
		w.crawl(reading{list: many("a", 1, "2026-09-01")})
		for range 9 {
			want(t, w.crawl(reading{cut: true}))
		}
	})
	t.Run("two days after the deadline close", func(t *testing.T) {
		w := newWorld(t)
		w.crawl(reading{list: many("a", 1, "2026-04-21")})
		want(t, w.crawl(reading{}))
		want(t, w.crawl(reading{}), "a000 closed status: open -> closed")
	})
	t.Run("looked up and closed by its source", func(t *testing.T) {
		w := newWorld(t)
		a := open("a", "2026-09-01")
		w.crawl(reading{list: []call.Call{a}})
		a.Status = call.StatusClosed
		want(t, w.crawl(reading{recheck: []call.Call{a}}), "a closed status: open -> closed material")
		want(t, w.crawl(reading{}))
	})
	t.Run("between its stages a call is not closed", func(t *testing.T) {
		w := newWorld(t)
		a := open("a", "2026-04-21", "2026-11-01")
		w.crawl(reading{list: []call.Call{a}})
		closed := with(a, func(c *call.Call) { c.Status = call.StatusClosed })
		for range 8 {
			want(t, w.crawl(reading{recheck: []call.Call{closed}}))
		}
		want(t, w.crawl(reading{list: []call.Call{a}}))
	})
}

func TestStale(t *testing.T) {
	w := newWorld(t)
	old := open("old", "2024-02-07")
	v := w.crawl(reading{list: []call.Call{old, open("a", "2026-04-22")}})
	want(t, v, "a new :  -> open material baseline")
	if v.Quarantined != 1 || w.held["old"].Reason != "stale: listed as open although its last deadline was 2024-02-07" {
		t.Errorf("quarantine: %+v", w.held)
	}
	since := w.held["old"].Since
	// A known call that goes stale stays; an extension after its deadline is a moved deadline.
	want(t, w.crawl(reading{list: []call.Call{old, open("a", "2026-04-22")}}))
	want(t, w.crawl(reading{list: []call.Call{old, open("a", "2026-04-22")}}))
	want(t, w.crawl(reading{list: []call.Call{old, open("a", "2026-05-21")}}), "a deadlines deadlines: 2026-04-22 -> 2026-05-21 material")
	if !w.held["old"].Since.Equal(since) {
		t.Error("a held row forgets since when it is held")
	}
	// A stale row that is given a future is new.
	want(t, w.crawl(reading{list: []call.Call{open("old", "2026-10-01"), open("a", "2026-05-21")}}), "old new :  -> open material")
	if len(w.held) != 0 {
		t.Errorf("still held: %v", w.held)
	}
}

func TestHeldRowThatLeavesIsForgotten(t *testing.T) {
	w := newWorld(t)
	keep := many("a", 3, "2026-09-01")
	w.crawl(reading{list: append(many("old", 1, "2024-01-01"), keep...)})
	for range 2 {
		if w.crawl(reading{list: keep}); len(w.held) != 1 {
			t.Fatal("a held row is forgotten after a day's absence")
		}
	}
	if w.crawl(reading{list: keep}); len(w.held) != 0 {
		t.Errorf("still held: %v", w.held)
	}
}

func TestLostFutureIsHeldForAWeek(t *testing.T) {
	w := newWorld(t)
	w.crawl(reading{list: many("a", 1, "2026-09-01")})
	for day := range 7 {
		v := w.crawl(reading{list: many("a", 1, "2024-09-01")})
		if want(t, v); v.Quarantined != 1 {
			t.Fatalf("day %d: not held", day)
		}
	}
	want(t, w.crawl(reading{list: many("a", 1, "2024-09-01")}), "a000 deadlines deadlines: 2026-09-01 -> 2024-09-01 material")
}

// TestIndexIncident plays what the portal did on 2026-06-27: hundreds of stale rows came back as open, and known rows
// fell back to old values, for five days.
func TestIndexIncident(t *testing.T) {
	w := newWorld(t)
	base := many("a", 449, "2026-09-01")
	base = append(base, open("jtm", "2026-09-17", "2027-01-19"), open("eche", "2027-02-01"), open("ext", "2026-05-01"))
	w.crawl(reading{list: base})
	bad := append(many("a", 449, "2026-09-01"), many("z", 490, "2023-11-01")...)
	bad = append(bad, open("jtm", "2027-01-19"), open("eche", "2024-02-01"), open("ext", "2026-06-01"), open("fresh", "2026-12-01"))
	v := w.crawl(reading{list: bad})
	want(t, v, "ext deadlines deadlines: 2026-05-01 -> 2026-06-01 material", "fresh new :  -> open material")
	if !v.Suspect || v.Quarantined != 492 {
		t.Errorf("suspect %v, quarantined %d; want true, 492", v.Suspect, v.Quarantined)
	}
}

func TestCrowdWaitsForTwoMoreRuns(t *testing.T) {
	w := newWorld(t)
	w.crawl(reading{list: many("a", 100, "2026-09-01")})
	both := append(many("a", 100, "2026-09-01"), many("b", 40, "2026-10-01")...)
	v := w.crawl(reading{list: both})
	if want(t, v); !v.Suspect || v.Quarantined != 40 {
		t.Fatalf("suspect %v, quarantined %d; want true, 40", v.Suspect, v.Quarantined)
	}
	if v = w.crawl(reading{list: both}); v.Added != 0 || v.Suspect {
		t.Fatalf("second run: added %d, suspect %v", v.Added, v.Suspect)
	}
	if v = w.crawl(reading{list: both}); v.Added != 40 {
		t.Fatalf("third run: added %d, want 40", v.Added)
	}
}

func TestMassLossIsSuspect(t *testing.T) {
	w := newWorld(t)
	w.crawl(reading{list: many("a", 100, "2026-04-20T00:00:00+02:00")}) // held: stale
	w = newWorld(t)
	w.crawl(reading{list: many("a", 100, "2026-09-01")})
	for range 9 {
		v := w.crawl(reading{list: many("a", 50, "2026-09-01")})
		if want(t, v); !v.Suspect {
			t.Fatal("losing half of the calls is not suspect")
		}
	}
}

func TestReparseIsMended(t *testing.T) {
	w := newWorld(t)
	a := open("a", "2026-09-01")
	w.crawl(reading{list: []call.Call{a}})
	seen := w.known["a"].LastSeen
	a.Deadlines = open("", "2026-10-01").Deadlines
	want(t, w.crawl(reading{list: []call.Call{a}, mode: intake.Reparse}), "a deadlines deadlines: 2026-09-01 -> 2026-10-01 mended")
	if !w.known["a"].LastSeen.Equal(seen) {
		t.Error("reading old documents again counts as seeing the call")
	}
}

func TestImportTakesWhatItIsGiven(t *testing.T) {
	w := newWorld(t)
	v := w.crawl(reading{list: many("z", 3, "2023-01-01"), mode: intake.Import})
	if len(v.Batch.Saves) != 3 || !v.Batch.Saves[0].Changes[0].Baseline {
		t.Errorf("a first import is told as news: %s", log(v))
	}
	if v.Added != 3 || v.Quarantined != 0 {
		t.Errorf("added %d, quarantined %d", v.Added, v.Quarantined)
	}
}

func TestInvalidIsHeld(t *testing.T) {
	w := newWorld(t)
	v := w.crawl(reading{list: []call.Call{with(open("a"), func(c *call.Call) { c.Kind = "tender" })}})
	if v.Quarantined != 1 || v.Added != 0 {
		t.Errorf("verdict %+v", v)
	}
}

// rule decides on what is held, as the store would carry it out.
func (w *world) rule(decision store.Decision, refs ...string) intake.Verdict {
	w.t.Helper()
	var held []store.Hold
	for _, ref := range refs {
		h, ok := w.held[ref]
		if !ok {
			w.t.Fatalf("%s is not held", ref)
		}
		held = append(held, h)
	}
	var known []store.Record
	for _, k := range w.known {
		known = append(known, *k)
	}
	v := intake.Rule("s", decision, held, known, "looked at it", w.day)
	w.carry(v)
	return v
}

func TestRelease(t *testing.T) {
	stale := open("old", "2024-02-07")
	t.Run("a stale row", func(t *testing.T) {
		w := newWorld(t)
		list := append(many("a", 3, "2026-09-01"), stale)
		w.crawl(reading{list: list})
		want(t, w.rule(store.Released, "old"), "old new :  -> open material")
		for range 9 {
			if v := w.crawl(reading{list: list}); v.Quarantined != 0 || len(v.Batch.Saves) != 0 {
				t.Fatalf("held or saved again: %+v", v.Batch)
			}
		}
	})
	t.Run("a crowd", func(t *testing.T) {
		w := newWorld(t)
		w.crawl(reading{list: many("a", 100, "2026-09-01")})
		both := append(many("a", 100, "2026-09-01"), many("b", 40, "2026-10-01")...)
		w.crawl(reading{list: both})
		var refs []string
		for _, c := range many("b", 40, "2026-10-01") {
			refs = append(refs, c.Ref)
		}
		if v := w.rule(store.Released, refs...); v.Added != 40 {
			t.Fatalf("added %d, want 40", v.Added)
		}
		if v := w.crawl(reading{list: both}); v.Suspect || v.Quarantined != 0 || v.Added != 0 || len(v.Findings) != 0 {
			t.Errorf("after the release: %+v", v)
		}
	})
	t.Run("a deadline that moved back", func(t *testing.T) {
		w := newWorld(t)
		w.crawl(reading{list: many("a", 1, "2026-09-01")})
		back := many("a", 1, "2026-03-01")
		w.crawl(reading{list: back})
		want(t, w.rule(store.Released, "a000"), "a000 deadlines deadlines: 2026-09-01 -> 2026-03-01 material")
		v := w.crawl(reading{list: back})
		if want(t, v); v.Quarantined != 0 {
			t.Error("held again")
		}
		// The old value returns, and then the one that was released: a person has looked at it.
		want(t, w.crawl(reading{list: many("a", 1, "2026-09-01")}), "a000 deadlines deadlines: 2026-03-01 -> 2026-09-01 material")
		if v := w.crawl(reading{list: back}); v.Quarantined != 0 {
			t.Error("held again, although it was released")
		}
	})
	t.Run("what cannot be stored", func(t *testing.T) {
		w := newWorld(t)
		w.crawl(reading{list: []call.Call{with(open("a"), func(c *call.Call) { c.Kind = "tender" })}})
		v := w.rule(store.Released, "a")
		if v.Quarantined != 1 || v.Added != 0 || len(v.Batch.Rulings) != 0 || len(w.held) != 1 {
			t.Errorf("verdict %+v, held %v", v, w.held)
		}
	})
}

func TestDrop(t *testing.T) {
	t.Run("a stale row stays out until it changes", func(t *testing.T) {
		w := newWorld(t)
		list := append(many("a", 3, "2026-09-01"), open("old", "2024-02-07"))
		w.crawl(reading{list: list})
		want(t, w.rule(store.Dropped, "old"))
		for range 9 {
			if v := w.crawl(reading{list: list}); v.Quarantined != 0 || len(v.Batch.Saves) != 0 {
				t.Fatalf("held or saved again: %+v", v.Batch)
			}
		}
		list[3] = open("old", "2024-03-07") // another old day: held anew
		if v := w.crawl(reading{list: list}); v.Quarantined != 1 {
			t.Errorf("held %d, want 1", v.Quarantined)
		}
		list[3] = open("old", "2026-10-07")
		want(t, w.crawl(reading{list: list}), "old new :  -> open material")
	})
	t.Run("a crowd of stale rows", func(t *testing.T) {
		w := newWorld(t)
		base := many("a", 100, "2026-09-01")
		w.crawl(reading{list: base})
		list := append(base, many("z", 60, "2023-11-01")...)
		if v := w.crawl(reading{list: list}); !v.Suspect {
			t.Fatal("not suspect")
		}
		var refs []string
		for _, c := range many("z", 60, "2023-11-01") {
			refs = append(refs, c.Ref)
		}
		w.rule(store.Dropped, refs...)
		// What else such an index says is doubted for a week all the same.
		list[0] = open("a000", "2026-08-01")
		for day := range 7 {
			if v := w.crawl(reading{list: list}); !v.Suspect || v.Quarantined != 1 {
				t.Fatalf("day %d: suspect %v, held %d after they were dropped", day, v.Suspect, v.Quarantined)
			}
		}
		v := w.crawl(reading{list: list})
		if want(t, v, "a000 deadlines deadlines: 2026-09-01 -> 2026-08-01 material"); v.Suspect || v.Quarantined != 0 {
			t.Errorf("suspect %v, held %d", v.Suspect, v.Quarantined)
		}
	})
	t.Run("a deadline that moved back", func(t *testing.T) {
		w := newWorld(t)
		w.crawl(reading{list: many("a", 1, "2026-09-01")})
		back := many("a", 1, "2024-09-01")
		w.crawl(reading{list: back})
		w.rule(store.Dropped, "a000")
		for range 20 { // not after the week either, in which others are believed
			v := w.crawl(reading{list: back})
			if want(t, v); v.Quarantined != 0 {
				t.Fatal("held again")
			}
		}
		if w.known["a000"].Missed != 0 || w.known["a000"].LastSeen.Before(w.day.AddDate(0, 0, -1)) {
			t.Errorf("it is listed, and counts as missing: %+v", w.known["a000"])
		}
		want(t, w.crawl(reading{list: many("a", 1, "2026-10-01")}), "a000 deadlines deadlines: 2026-09-01 -> 2026-10-01 material")
	})
	t.Run("a call that is gone does not come back", func(t *testing.T) {
		w := newWorld(t)
		w.crawl(reading{list: append(many("b", 3, "2026-09-01"), open("a", "2026-04-21"))})
		for range 4 {
			w.crawl(reading{list: many("b", 3, "2026-09-01")})
		}
		if w.known["a"].Gone.IsZero() {
			t.Fatal("not gone")
		}
		list := append(many("b", 3, "2026-09-01"), open("a", "2026-04-21"))
		w.crawl(reading{list: list})
		w.rule(store.Dropped, "a")
		want(t, w.crawl(reading{list: list}))
		if w.known["a"].Gone.IsZero() || len(w.held) != 0 {
			t.Errorf("gone %v, held %v", w.known["a"].Gone, w.held)
		}
	})
}
