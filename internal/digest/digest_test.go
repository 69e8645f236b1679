package digest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/watch"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); if it is meant, run go test -update and read the change:\n%s", file, diff)
	}
}

func build(t *testing.T, in Input) Digest {
	t.Helper()
	d, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func english() Input {
	in := normalDay()
	in.Language = "en"
	return in
}

func TestMails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		in      Input
		subject string
	}{
		{"normal", normalDay(), "3 nya utlysningar, 1 samråd att svara på, 1 flyttad sista dag, med mera – Regional utveckling, 23 april"},
		{"baseline", baselineDay(), "12 berör er efter första läsningen, 2 stänger snart, 1 öppnar snart – Regional utveckling, 23 april"},
		{"empty", emptyDay(), "Inget nytt – Regional utveckling, 23 april"},
		{"broken", brokenDay(), "1 ny utlysning – Regional utveckling, 23 april"},
		{"long", longDay(), "40 nya utlysningar – Regional utveckling, 23 april"},
		{"hostile", hostileDay(), "2 nya utlysningar – Regional utveckling, 23 april"},
		{"linked", linkedDay(), "3 nya utlysningar, 1 samråd att svara på, 1 flyttad sista dag, med mera – Regional utveckling, 23 april"},
		{"english", english(), "3 new calls, 1 consultation to answer, 1 deadline moved, and more – Regional development, 23 April"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := build(t, tt.in)
			if got := Subject(d); got != tt.subject {
				t.Errorf("subject %q, want %q", got, tt.subject)
			}
			html, err := HTML(d)
			if err != nil {
				t.Fatal(err)
			}
			js, err := JSON(d)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tt.name+".txt.golden", []byte(Text(d)))
			golden(t, tt.name+".html.golden", html)
			golden(t, tt.name+".json.golden", js)
			for _, line := range strings.Split(Text(d), "\n") {
				if utf8.RuneCountInString(line) > columns && strings.Contains(strings.TrimSpace(line), " ") && !strings.Contains(line, "://") {
					t.Errorf("line of %d characters: %q", utf8.RuneCountInString(line), line)
				}
			}
			// A stored digest lays out as it did when it was made.
			var again Digest
			if err := json.Unmarshal(js, &again); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Text(d), Text(again)); diff != "" {
				t.Errorf("text from JSON differs:\n%s", diff)
			}
			account(t, tt.in, d)
		})
	}
}

// account checks that nothing is lost: every change is told or counted, and a change that is told stands on
// exactly one item.
func account(t *testing.T, in Input, d Digest) {
	t.Helper()
	sum := d.Proof.Told
	for _, l := range d.Proof.LeftOut {
		sum += l.Count
	}
	if sum != len(in.Changes) || d.Proof.Changes != len(in.Changes) || d.Proof.Told < 0 {
		t.Errorf("%d changes came in, proof says %d, and accounts for %d (%d told)", len(in.Changes), d.Proof.Changes, sum, d.Proof.Told)
	}
	isNew := map[call.Key]int{}
	for _, c := range in.Changes {
		if c.Event == call.EventNew && c.Material && !c.Baseline && !c.Mended {
			isNew[c.Key()]++
		}
	}
	seen := map[call.Key]bool{}
	told := 0
	for _, s := range d.Sections {
		items := 0
		for _, g := range s.Groups {
			items += len(g.Items)
			if (g.Fold != "") != (g.Shown < len(g.Items)) {
				t.Errorf("%s, %s: shows %d of %d with fold line %q", s.ID, g.Name, g.Shown, len(g.Items), g.Fold)
			}
			for _, e := range g.Items {
				k := call.Key{Source: e.Source, Ref: e.Ref}
				if seen[k] {
					t.Errorf("%s appears twice", k)
				}
				seen[k] = true
				if s.ID == New || s.ID == Consultations {
					told += isNew[k]
				}
				for _, n := range e.Notices {
					told += len(n.Seqs)
				}
			}
		}
		if items != s.Count+s.Doubtful {
			t.Errorf("%s: %d items, counts say %d and %d", s.ID, items, s.Count, s.Doubtful)
		}
	}
	if told != d.Proof.Told {
		t.Errorf("items tell %d changes, proof says %d", told, d.Proof.Told)
	}
}

// entries lists section and ref in the digest's order.
func entries(d Digest) []string {
	var out []string
	for _, s := range d.Sections {
		for _, g := range s.Groups {
			for _, e := range g.Items {
				out = append(out, string(s.ID)+" "+e.Ref)
			}
		}
	}
	return out
}

func TestSections(t *testing.T) {
	t.Parallel()
	got := entries(build(t, normalDay()))
	want := []string{
		"changed 51121573TOPICS", "changed 51181644TOPICS", "changed 50563532TOPICS",
		"new 51121646TOPICS", "new 13881COMPETITIVE_CALL", "new 49669831TOPICS", "new 51454502TOPICS",
		"consultations 16238",
		"opened 50150091TOPICS",
		"closing_soon c6f00efcf1d1", "closing_soon 50464110TOPICS",
		"opening_soon 51160001TOPICS",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sections (-want +got):\n%s", diff)
	}
}

// TestOrder builds from every input turned around: the order of what comes in must not show.
func TestOrder(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]Input{"normal": normalDay(), "long": longDay(), "broken": brokenDay()} {
		want, err := JSON(build(t, in))
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(in.Calls)
		slices.Reverse(in.Sources)
		slices.Reverse(in.Held)
		slices.Reverse(in.Changes)
		for i := range in.Calls {
			slices.Reverse(in.Calls[i].Results)
		}
		got, err := JSON(build(t, in))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: order of the input shows:\n%s", name, diff)
		}
	}
}

// one is a digest of a single call with the given changes.
func one(t *testing.T, c call.Call, gone bool, changes ...call.Change) Digest {
	t.Helper()
	in := normalDay()
	in.Calls = []Item{{Call: c, Results: []match.Result{result("naringsliv", .7, reason("Små och medelstora företag ska kunna växa och nå nya marknader.", "«SME» support", "text", "företag", 3))}}}
	if gone {
		in.Calls[0].Gone = now
	}
	for i := range changes {
		changes[i].Source, changes[i].Ref, changes[i].At = c.Source, c.Ref, now.Add(-time.Hour)
		if changes[i].Seq == 0 {
			changes[i].Seq = int64(i + 1)
		}
	}
	in.Changes = changes
	d := build(t, in)
	account(t, in, d)
	return d
}

func event(e call.Event, field, old, new string) call.Change {
	return call.Change{Event: e, Field: field, Old: old, New: new, Material: true}
}

func TestNotices(t *testing.T) {
	t.Parallel()
	base := call.Call{Source: "ft-portal", Ref: "r", Kind: call.KindCall, Title: "T", Status: call.StatusOpen, Deadlines: days("2026-09-16")}
	with := func(f func(*call.Call)) call.Call {
		c := base
		f(&c)
		return c
	}
	twoStage := with(func(c *call.Call) { c.DeadlineModel = "two-stage"; c.Deadlines = days("2026-03-01", "2026-09-16") })
	closed := with(func(c *call.Call) { c.Status = call.StatusClosed })
	stale := with(func(c *call.Call) { c.Deadlines = days("2026-04-21") })
	forthcoming := with(func(c *call.Call) { c.Status = call.StatusForthcoming; c.Opens = day("2026-07-01") })
	consultation := with(func(c *call.Call) { c.Kind = call.KindConsultation })
	ch := func(cs ...call.Change) []call.Change { return cs }
	baseline := event(call.EventNew, "", "", "")
	baseline.Baseline = true
	mended := event(call.EventBudget, "budget_eur", "1", "2")
	mended.Mended = true
	for _, tt := range []struct {
		name    string
		call    call.Call
		gone    bool
		changes []call.Change
		section SectionID // empty: not told
		words   []string
		left    Reason
	}{
		{"moved later", base, false, ch(event(call.EventDeadlines, "deadlines", "2026-09-02", "2026-09-16")), Changed,
			[]string{"Sista dagen är flyttad från onsdag 2 september 2026 till onsdag 16 september 2026: 14 dagar mer tid."}, ""},
		{"moved earlier", base, false, ch(event(call.EventDeadlines, "deadlines", "2026-09-17", "2026-09-16")), Changed,
			[]string{"Sista dagen är flyttad från torsdag 17 september 2026 till onsdag 16 september 2026: 1 dag mindre tid."}, ""},
		{"moved twice", base, false, ch(event(call.EventDeadlines, "deadlines", "2026-09-01", "2026-09-09"), event(call.EventDeadlines, "deadlines", "2026-09-09", "2026-09-16")), Changed,
			[]string{"Sista dagen är flyttad från tisdag 1 september 2026 till onsdag 16 september 2026: 15 dagar mer tid."}, ""},
		{"moved and back", base, false, ch(event(call.EventDeadlines, "deadlines", "2026-09-16", "2026-09-09"), event(call.EventDeadlines, "deadlines", "2026-09-09", "2026-09-16")), "", nil, ReasonReverted},
		{"extended on its day", base, false, ch(event(call.EventDeadlines, "deadlines", "2026-04-23", "2026-09-16")), Changed,
			[]string{"Sista dagen är flyttad från torsdag 23 april 2026 till onsdag 16 september 2026: 146 dagar mer tid."}, ""},
		{"over the change of clocks", base, false, ch(event(call.EventDeadlines, "deadlines", "2026-10-24", "2026-10-26")), Changed,
			[]string{"Sista dagen är flyttad från lördag 24 oktober 2026 till måndag 26 oktober 2026: 2 dagar mer tid."}, ""},
		{"set", base, false, ch(event(call.EventDeadlines, "deadlines", "", "2026-09-16")), Changed, []string{"Sista dagen är satt: onsdag 16 september 2026."}, ""},
		{"unset", with(func(c *call.Call) { c.Deadlines = nil }), false, ch(event(call.EventDeadlines, "deadlines", "2026-09-16", "")), Changed, []string{"Sista dagen är struken; den var onsdag 16 september 2026."}, ""},
		{"added", base, false, ch(event(call.EventDeadlines, "deadlines", "2026-09-16", "2026-09-16, 2026-11-11")), Changed, []string{"Nytt datum: onsdag 11 november 2026."}, ""},
		{"removed", base, false, ch(event(call.EventDeadlines, "deadlines", "2026-09-16, 2026-11-11", "2026-09-16")), Changed, []string{"Datumet onsdag 11 november 2026 gäller inte längre."}, ""},
		{"stage", twoStage, false, ch(event(call.EventDeadlines, "deadlines", "2026-03-01", "2026-03-01, 2026-09-16")), Changed, []string{"Datum för steg 2 är satt: onsdag 16 september 2026."}, ""},
		{"many", base, false, ch(event(call.EventDeadlines, "deadlines", "2026-06-01, 2026-08-01", "2026-06-02, 2026-08-02")), Changed,
			[]string{"Sista dagarna är nu tisdag 2 juni 2026 och söndag 2 augusti 2026; de var måndag 1 juni 2026 och lördag 1 augusti 2026."}, ""},
		{"only a passed day went", base, false, ch(event(call.EventDeadlines, "deadlines", "2026-04-13, 2026-09-16", "2026-09-16")), "", nil, ReasonPassed},
		{"moved into the past", stale, false, ch(event(call.EventDeadlines, "deadlines", "2026-06-01", "2026-04-21")), Changed,
			[]string{"Sista dagen är flyttad från måndag 1 juni 2026 till tisdag 21 april 2026: 41 dagar mindre tid. Stängd: sista dagen flyttades till en dag som har passerat."}, ""},
		{"of a stale call", stale, false, ch(event(call.EventDeadlines, "deadlines", "2026-04-20", "2026-04-21")), "", nil, ReasonClosed},
		{"two things", base, false, ch(event(call.EventBudget, "budget_eur", "12500000", "3000000"), event(call.EventDeadlines, "deadlines", "2026-09-15", "2026-09-16")), Changed,
			[]string{"Sista dagen är flyttad från tisdag 15 september 2026 till onsdag 16 september 2026: 1 dag mer tid.", "Budgeten är sänkt från 12,5 miljoner euro till 3 miljoner euro."}, ""},
		{"budget set", base, false, ch(event(call.EventBudget, "budget_eur", "", "60273174")), Changed, []string{"Budgeten är satt: 60 273 174 euro."}, ""},
		{"budget unset", base, false, ch(event(call.EventBudget, "budget_eur", "1000000", "")), Changed, []string{"Budgeten är struken; den var 1 miljon euro."}, ""},
		{"opens later", forthcoming, false, ch(event(call.EventOpens, "opens", "2026-06-24", "2026-07-01")), Changed, []string{"Öppnar onsdag 1 juli 2026 i stället för onsdag 24 juni 2026: 7 dagar senare."}, ""},
		{"opens earlier", forthcoming, false, ch(event(call.EventOpens, "opens", "2026-07-02", "2026-07-01")), Changed, []string{"Öppnar onsdag 1 juli 2026 i stället för torsdag 2 juli 2026: 1 dag tidigare."}, ""},
		{"opens set", forthcoming, false, ch(event(call.EventOpens, "opens", "", "2026-07-01")), Changed, []string{"Öppningsdagen är satt: onsdag 1 juli 2026."}, ""},
		{"opens unset", forthcoming, false, ch(event(call.EventOpens, "opens", "2026-07-01", "")), Changed, []string{"Öppningsdagen är struken; den var onsdag 1 juli 2026."}, ""},
		{"who may apply", base, false, ch(event(call.EventText, "eligible", "Towns", "Towns and regions")), Changed, []string{"Vem som kan söka är ändrat. Nu: ”Towns and regions” Förut: ”Towns”"}, ""},
		{"who may apply is gone", base, false, ch(event(call.EventText, "eligible", "Towns", "")), Changed, []string{"Vem som kan söka står inte längre. Förut: ”Towns”"}, ""},
		{"title", base, false, ch(event(call.EventTitle, "title", "Old", "T")), Changed, []string{"Titeln är ny. Den gamla var ”Old”."}, ""},
		{"identifier", base, false, ch(event(call.EventIdentifier, "identifier", "A-1", "A-2")), Changed, []string{"Beteckningen är ändrad från A-1 till A-2."}, ""},
		{"text", base, false, ch(event(call.EventText, "text", "100", "900")), Changed, []string{"Texten är ändrad i sak."}, ""},
		{"contribution", base, false, ch(event(call.EventBudget, "contribution_max_eur", "200000", "250000")), Changed, []string{"Ändrat: högsta bidraget. Nu: 250 000 euro. Förut: 200 000 euro."}, ""},
		{"a new field", base, false, ch(event(call.EventText, "grants", "", "4")), Changed, []string{"Nytt: antalet bidrag är 4."}, ""},
		{"a lost field", base, false, ch(event(call.EventText, "wind", "west", "")), Changed, []string{"Struket: en uppgift var west."}, ""},
		{"opened", base, false, ch(event(call.EventOpened, "status", "forthcoming", "open")), Opened, []string{"Har öppnat."}, ""},
		{"opened without old", base, false, ch(event(call.EventOpened, "", "", "")), Opened, []string{"Har öppnat."}, ""},
		{"opened and moved", base, false, ch(event(call.EventOpened, "status", "forthcoming", "open"), event(call.EventDeadlines, "deadlines", "2026-09-15", "2026-09-16")), Changed,
			[]string{"Har öppnat.", "Sista dagen är flyttad från tisdag 15 september 2026 till onsdag 16 september 2026: 1 dag mer tid."}, ""},
		{"consultation opened", consultation, false, ch(event(call.EventOpened, "status", "forthcoming", "open")), Consultations, []string{"Har öppnat."}, ""},
		{"stale and opened", stale, false, ch(event(call.EventOpened, "status", "forthcoming", "open")), "", nil, ReasonClosed},
		{"reopened", base, false, ch(event(call.EventStatus, "status", "closed", "open")), Changed, []string{"Öppen igen."}, ""},
		{"back to forthcoming", forthcoming, false, ch(event(call.EventStatus, "status", "open", "forthcoming")), Changed, []string{"Läget är ändrat från öppen till kommande."}, ""},
		{"closed early", closed, false, ch(event(call.EventClosed, "status", "open", "closed")), Changed, []string{"Stängd i förtid."}, ""},
		{"closed in time", with(func(c *call.Call) { c.Status = call.StatusClosed; c.Deadlines = days("2026-04-22") }), true, ch(event(call.EventClosed, "status", "open", "closed")), "", nil, ReasonClosed},
		{"closed between stages", with(func(c *call.Call) {
			c.Status, c.DeadlineModel = call.StatusClosed, "two-stage"
			c.Deadlines = days("2026-04-22", "2026-09-16")
		}), false, ch(event(call.EventClosed, "status", "open", "closed")), "", nil, ReasonClosed},
		{"budget of a closed call", closed, false, ch(event(call.EventBudget, "budget_eur", "1", "2")), "", nil, ReasonClosed},
		{"withdrawn", base, true, ch(event(call.EventWithdrawn, "", "", "")), Changed, []string{"Tillbakadragen: den försvann från källan före sista dagen."}, ""},
		{"withdrawn twice", base, true, ch(event(call.EventWithdrawn, "", "", ""), event(call.EventWithdrawn, "", "", "")), Changed, []string{"Tillbakadragen: den försvann från källan före sista dagen."}, ""},
		{"withdrawn and back", base, false, ch(event(call.EventWithdrawn, "", "", ""), event(call.EventStatus, "listed", "gone", "listed")), "", nil, ReasonReverted},
		{"back again", base, false, ch(event(call.EventStatus, "listed", "gone", "listed")), Changed, []string{"Tillbaka: den finns hos källan igen."}, ""},
		{"withdrawn again", base, true, ch(event(call.EventStatus, "listed", "gone", "listed"), event(call.EventWithdrawn, "", "", "")), Changed, []string{"Tillbakadragen: den försvann från källan före sista dagen."}, ""},
		{"closing is history", base, true, ch(call.Change{Event: call.EventClosed, Field: "status", Old: "open", New: "closed"}), "", nil, ReasonClosed},
		{"withdrawn when closed", stale, true, ch(event(call.EventWithdrawn, "", "", "")), "", nil, ReasonClosed},
		{"came and went", base, true, ch(event(call.EventNew, "", "", ""), event(call.EventWithdrawn, "", "", "")), "", nil, ReasonFleeting},
		{"new", base, false, ch(event(call.EventNew, "", "", "")), New, nil, ""},
		{"new and changed", base, false, ch(event(call.EventNew, "", "", ""), event(call.EventBudget, "budget_eur", "1000000", "2000000")), New, []string{"Budgeten är höjd från 1 miljon euro till 2 miljoner euro."}, ""},
		{"new and stale", stale, false, ch(event(call.EventNew, "", "", "")), "", nil, ReasonClosed},
		{"new consultation", consultation, false, ch(event(call.EventNew, "", "", "")), Consultations, nil, ""},
		{"baseline", base, false, ch(baseline), "", nil, ReasonBaseline},
		{"mended", base, false, ch(mended), "", nil, ReasonMended},
		{"wording", base, false, ch(call.Change{Event: call.EventText, Field: "text", Old: "1", New: "2"}), "", nil, ReasonWording},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := one(t, tt.call, tt.gone, slices.Clone(tt.changes)...)
			var section SectionID
			var words []string
			for _, s := range d.Sections {
				for _, n := range s.Groups[0].Items[0].Notices {
					words = append(words, strings.ReplaceAll(n.Words, nbsp, " "))
				}
				section = s.ID
			}
			var left Reason
			for _, l := range d.Proof.LeftOut {
				left = l.Reason
			}
			if section != tt.section || left != tt.left {
				t.Errorf("section %q, left out for %q; want %q, %q", section, left, tt.section, tt.left)
			}
			if diff := cmp.Diff(tt.words, words); diff != "" {
				t.Errorf("words (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSoon(t *testing.T) {
	t.Parallel()
	base := call.Call{Source: "ft-portal", Ref: "r", Kind: call.KindCall, Title: "T", Status: call.StatusOpen}
	for _, tt := range []struct {
		name      string
		status    call.Status
		kind      call.Kind
		opens     string
		deadlines []string
		gone      bool
		want      SectionID
		left      string
	}{
		{"today", call.StatusOpen, call.KindCall, "", []string{"2026-04-23"}, false, ClosingSoon, "i dag"},
		{"earlier today", call.StatusOpen, call.KindCall, "", []string{"2026-04-23T06:00:00+02:00"}, false, "", ""},
		{"later today", call.StatusOpen, call.KindCall, "", []string{"2026-04-23T17:00:00+02:00"}, false, ClosingSoon, "i dag"},
		{"another zone's evening", call.StatusOpen, call.KindCall, "", []string{"2026-04-23T20:00:00-05:00"}, false, ClosingSoon, "i morgon"},
		{"tomorrow", call.StatusOpen, call.KindCall, "", []string{"2026-04-24"}, false, ClosingSoon, "i morgon"},
		{"14 days", call.StatusOpen, call.KindCall, "", []string{"2026-05-07"}, false, ClosingSoon, "om 14 dagar"},
		{"15 days", call.StatusOpen, call.KindCall, "", []string{"2026-05-08"}, false, "", ""},
		{"next cut-off", call.StatusOpen, call.KindCall, "", []string{"2026-04-01", "2026-04-26"}, false, ClosingSoon, "om 3 dagar"},
		{"no status", "", call.KindConsultation, "", []string{"2026-04-26"}, false, ClosingSoon, "om 3 dagar"},
		{"closed", call.StatusClosed, call.KindCall, "", []string{"2026-04-26"}, false, "", ""},
		{"gone", call.StatusOpen, call.KindCall, "", []string{"2026-04-26"}, true, "", ""},
		{"opens in 14 days", call.StatusForthcoming, call.KindCall, "2026-05-07", []string{"2026-09-16"}, false, OpeningSoon, "om 14 dagar"},
		{"opens in 15 days", call.StatusForthcoming, call.KindCall, "2026-05-08", []string{"2026-09-16"}, false, "", ""},
		{"opens today", call.StatusForthcoming, call.KindCall, "2026-04-23", nil, false, OpeningSoon, "i dag"},
		{"should have opened", call.StatusForthcoming, call.KindCall, "2026-04-22", nil, false, "", ""},
		{"planned", "", call.KindPlanned, "2026-05-01", nil, false, OpeningSoon, "om 8 dagar"},
		{"open already", call.StatusOpen, call.KindCall, "2026-05-01", nil, false, "", ""},
		{"opens and closes soon", call.StatusForthcoming, call.KindCall, "2026-05-01", []string{"2026-05-06"}, false, ClosingSoon, "om 13 dagar"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := base
			c.Status, c.Kind, c.Deadlines = tt.status, tt.kind, days(tt.deadlines...)
			if tt.opens != "" {
				c.Opens = day(tt.opens)
			}
			d := one(t, c, tt.gone)
			var got SectionID
			var left string
			for _, s := range d.Sections {
				got = s.ID
				e := s.Groups[0].Items[0]
				if got == OpeningSoon {
					left = e.Opens.Left
				} else {
					left = e.Deadline.Left
				}
			}
			if got != tt.want || left != tt.left {
				t.Errorf("section %q, %q; want %q, %q", got, left, tt.want, tt.left)
			}
			if d.Empty() != (got == "") || !d.Quiet() {
				t.Errorf("empty %v, quiet %v in section %q", d.Empty(), d.Quiet(), got)
			}
		})
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		eur    int64
		sv, en string
	}{
		{500, "500 euro", "EUR 500"},
		{200_000, "200 000 euro", "EUR 200,000"},
		{1_000_000, "1 miljon euro", "EUR 1 million"},
		{3_000_000, "3 miljoner euro", "EUR 3 million"},
		{12_500_000, "12,5 miljoner euro", "EUR 12.5 million"},
		{20_050_000, "20,05 miljoner euro", "EUR 20.05 million"},
		{60_273_174, "60 273 174 euro", "EUR 60,273,174"},
		{1_100_000_000, "1,1 miljarder euro", "EUR 1.1 billion"},
		{2_000_000_000, "2 miljarder euro", "EUR 2 billion"},
	} {
		for lang, want := range map[string]string{"sv": tt.sv, "en": tt.en} {
			w, err := newWords(lang)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.ReplaceAll(w.amount(tt.eur), nbsp, " "); got != want || w.err != nil {
				t.Errorf("%s %d: %q, want %q (%v)", lang, tt.eur, got, want, w.err)
			}
		}
	}
}

func TestBuildErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		mend func(*Input)
		want string
	}{
		{"plan", func(in *Input) { in.Plan = nil }, `digest for "regional-utveckling": no plan given`},
		{"department", func(in *Input) { in.Department = "parker" }, `digest: department "parker" is not in plan rvn-2020: it has regional-utveckling, tandvard`},
		{"date", func(in *Input) { in.Date = "23 april" }, `digest for "regional-utveckling": date "23 april": want a day such as 2026-04-23`},
		{"language", func(in *Input) { in.Language = "fi" }, `digest: language "fi": want sv or en`},
		{"priority", func(in *Input) { in.Plan.Departments[0].Priorities = []string{"fiske"} }, `digest: department regional-utveckling follows priority "fiske", which plan rvn-2020 does not have`},
	} {
		in := normalDay()
		tt.mend(&in)
		_, err := Build(in)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

// TestHostile looks for what must not reach a reader's program.
func TestHostile(t *testing.T) {
	t.Parallel()
	d := build(t, hostileDay())
	html, err := HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "javascript:", "losen@", "\u202e", "\u2066", "\u202b", "\x00", "<i>", "<b>Vem"} {
		if bytes.Contains(html, []byte(bad)) {
			t.Errorf("html holds %q", bad)
		}
	}
	plainText := Text(d)
	for _, bad := range []string{"javascript:", "losen@", "\u202e", "\u2066", "\u202b", "\x00", "\r", "\nSubject:", "\nBcc:"} {
		if strings.Contains(plainText, bad) {
			t.Errorf("text holds %q", bad)
		}
	}
	if strings.ContainsAny(Subject(d), "\r\n") {
		t.Errorf("subject %q holds a line end", Subject(d))
	}
	if n := utf8.RuneCountInString(d.Sections[0].Groups[0].Items[0].Title); n > maxTitle {
		t.Errorf("title of %d characters", n)
	}
}

// TestBrokenAndEmpty tells silence because nothing came from silence because nothing was read.
func TestBrokenAndEmpty(t *testing.T) {
	t.Parallel()
	in := emptyDay()
	in.Sources[1].State, in.Sources[1].Complete, in.Sources[1].Seen, in.Sources[1].Error = watch.Broken, false, 0, "status 503"
	d := build(t, in)
	if want := "Inget nytt, men 1 källa kunde inte läsas fullt ut – Regional utveckling, 23 april"; d.Subject != want {
		t.Errorf("subject %q, want %q", d.Subject, want)
	}
	txt := strings.Join(strings.Fields(Text(d)), " ")
	for _, want := range []string{"Tyst för att inget nytt kom.", "Tyst för att källan inte kunde läsas", "Inget nytt att berätta i dag, men allt kunde inte läsas."} {
		if !strings.Contains(txt, want) {
			t.Errorf("text lacks %q:\n%s", want, txt)
		}
	}
	if strings.Contains(txt, "503") {
		t.Error("the operator's error reached the reader")
	}
}

// What a mail folds, its page has; what is its reader's own, only that reader sees; and what is kept can be read again.
func TestWhole(t *testing.T) {
	t.Parallel()
	in := linkedTo(normalDay())
	in.More, in.Horizon = "https://utkik.example.org/all", Horizon{Fold: 1, Soon: 1}
	d := build(t, in)
	d.Foot = Foot{Unsubscribe: "https://utkik.example.org/u"}
	data, err := JSON(d)
	if err != nil {
		t.Fatal(err)
	}
	read, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	whole := read.Whole()
	if d.Proof.Folded == 0 || len(whole.Proof.Words) != len(d.Proof.Words)-1 {
		t.Errorf("%d folded; %q became %q", d.Proof.Folded, d.Proof.Words, whole.Proof.Words)
	}
	items := func(p Page) (n, own int) {
		for _, s := range p.Sections {
			for _, g := range s.Groups {
				if g.Fold != "" && len(g.Under) == 0 && g.Link == "" {
					t.Errorf("fold %q", g.Fold)
				}
				n += len(g.Items) + len(g.Under)
				for _, it := range g.Items {
					own += len(it.Links)
				}
			}
		}
		return n, own
	}
	all := 0
	for _, s := range d.Sections {
		for _, g := range s.Groups {
			all += len(g.Items)
		}
	}
	n, _ := items(whole.Page())
	if n != all {
		t.Errorf("%d items of %d are laid out", n, all)
	}
	public := whole.Public()
	if public.Foot != (Foot{}) || len(public.Proof.Words) != len(whole.Proof.Words) {
		t.Errorf("%+v, %q", public.Foot, public.Proof.Words)
	}
	for _, s := range public.Sections {
		for _, g := range s.Groups {
			for _, e := range g.Items {
				if e.Links.Read == "" || e.Links.Follow+e.Links.Act+e.Links.NotRelevant+e.Links.Answer != "" {
					t.Errorf("%+v", e.Links)
				}
			}
		}
	}
	if whole.Foot == (Foot{}) || read.Sections[0].Groups[0].Shown != 1 {
		t.Error("the digest itself became another")
	}
	for _, bad := range []string{"", "[]", `{"format":"utkik-digest/1"}`} {
		if _, err := Read([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}
