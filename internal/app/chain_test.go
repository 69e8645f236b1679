package app_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"utkik/config"
	"utkik/index"
	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/demo"
	"utkik/internal/store"
)

// watching is a configuration that watches the demo's portals.
func watching(t *testing.T) (*demo.Portal, string) {
	t.Helper()
	portal := demo.New()
	server := httptest.NewServer(portal)
	t.Cleanup(server.Close)
	return portal, fmt.Sprintf("sources:\n  - {id: ft-portal, base: %[1]q, enabled: true, min_items: 20}\n  - {id: have-your-say, base: %[1]q, enabled: true, min_items: 5}\ncrawler: {only: \"ft-portal have-your-say\", allow_private: true, delay: 0s}\n", server.URL)
}

// crawl makes a pass and lets the others follow; every run must be a good one.
func crawl(t *testing.T, a *app.App) {
	t.Helper()
	runs, err := a.Crawl(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if !r.OK() {
			t.Fatalf("%s: %s %q", r.Source, r.Error, r.Notes)
		}
	}
	if err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func changes(t *testing.T, a *app.App) []call.Change {
	t.Helper()
	out, err := a.Store.Changes(t.Context(), store.ChangeQuery{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func export(t *testing.T, a *app.App) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := a.Export(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func closeApp(t *testing.T, a *app.App) {
	t.Helper()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// Sources are read side by side, so their lines come in any order.
var (
	noSeq = cmpopts.IgnoreFields(call.Change{}, "Seq")
	byKey = cmpopts.SortSlices(func(x, y call.Change) bool {
		return fmt.Sprint(x.Key(), x.Event, x.Field) < fmt.Sprint(y.Key(), y.Event, y.Field)
	})
)

// TestSourcesSideBySide reads both sources at once, again and again: it tells what reading them one after the other tells.
func TestSourcesSideBySide(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	together, apart := configure(t, text), configure(t, text)
	for n, day := range portal.Days() {
		portal.SetDay(n)
		a, b := installation(t, together, day), installation(t, apart, day)
		for range 3 {
			crawl(t, a)
		}
		for _, id := range []string{"have-your-say", "ft-portal"} {
			if _, err := b.Crawl(t.Context(), []string{id}); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(changes(t, b), changes(t, a), byKey, noSeq); d != "" {
			t.Errorf("day %d: change log (-apart +together):\n%s", n, d)
		}
		if export(t, a) != export(t, b) {
			t.Errorf("day %d: other calls are stored", n)
		}
		closeApp(t, a)
		closeApp(t, b)
	}
}

// TestExportComesBack imports what was exported: into its own store it changes nothing, and into another all is there.
func TestExportComesBack(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	day := portal.Days()[0]
	a := installation(t, configure(t, text), day)
	defer closeApp(t, a)
	crawl(t, a)
	// One call has been withdrawn: an export does not say so, and importing it must not bring the call back.
	records, err := a.Store.Records(t.Context(), "have-your-say")
	if err != nil {
		t.Fatal(err)
	}
	run, err := a.Store.BeginRun(t.Context(), "have-your-say", "crawl", day)
	if err != nil {
		t.Fatal(err)
	}
	gone := store.Save{Call: records[0].Call, Gone: day, Changes: []call.Change{{Event: call.EventWithdrawn, Old: "open"}}}
	if err := a.Store.Commit(t.Context(), run, store.Batch{Source: "have-your-say", At: day, Saves: []store.Save{gone}}); err != nil {
		t.Fatal(err)
	}
	before, file := changes(t, a), export(t, a)
	if _, err := a.Import(t.Context(), "export", strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, changes(t, a)); d != "" {
		t.Errorf("importing one's own export writes changes:\n%s", d)
	}
	if export(t, a) != file {
		t.Error("importing one's own export alters calls")
	}
	r, err := a.Store.Record(t.Context(), records[0].Call.Key())
	if err != nil || r.Gone.IsZero() {
		t.Errorf("a call that is gone came back by an import: %v, %v", r.Gone, err)
	}
	crawl(t, a) // a source may be imported and crawled

	b := installation(t, configure(t, text), day)
	defer closeApp(t, b)
	if _, err := b.Import(t.Context(), "export", strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if export(t, b) != file {
		t.Error("an export imported elsewhere is another")
	}
}

// TestAnotherPlan lets a department follow other priorities: no match becomes another by that, and searches of the
// department must find what its new priorities match all the same.
func TestAnotherPlan(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	day := portal.Days()[0]
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "plans"), 0o755); err != nil {
		t.Fatal(err)
	}
	text += fmt.Sprintf("files: {dir: %q}\nplan: other\n", dir)
	file := configure(t, text)
	cfg, err := config.Load(config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, plan, err := cfg.PlanData("rvn-2020")
	if err != nil {
		t.Fatal(err)
	}
	write := func(edit func(string) string) {
		t.Helper()
		s := edit(strings.Replace(string(plan), "id: rvn-2020", "id: other", 1))
		if err := os.WriteFile(filepath.Join(dir, "plans", "other.yaml"), []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	find := func(a *app.App, department string) []string {
		t.Helper()
		r, err := a.Search(t.Context(), index.Query{Departments: []string{department}, Limit: 200, Lang: "sv"})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, h := range r.Hits {
			out = append(out, h.Ref)
		}
		slices.Sort(out)
		return out
	}
	write(func(s string) string { return s })
	a := installation(t, file, day)
	crawl(t, a)
	had := find(a, "kultur")
	closeApp(t, a)

	// The department of culture now follows what the folk high schools follow.
	write(func(s string) string {
		from := strings.Index(s, "- id: kultur\n")
		line := strings.Index(s[from:], "priorities:") + from
		end := strings.Index(s[line:], "\n") + line
		return s[:line] + "priorities: [unga-folkhogskola]" + s[end:]
	})
	a = installation(t, file, day.Add(time.Hour))
	defer closeApp(t, a)
	got := find(a, "kultur")
	var want []string
	heads, err := a.Store.Heads(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range heads {
		results, err := a.Store.Matches(t.Context(), "other", h.Key)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Included && r.Priority == "unga-folkhogskola" {
				want = append(want, h.Key.Ref)
			}
		}
	}
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("calls of the department after its priorities changed (-matches +index):\n%s", d)
	}
	if slices.Equal(had, got) {
		t.Error("both plans give the department the same calls: the test proves nothing")
	}
}

// TestClockGoesBack crawls a day, then the day before: no call is new twice, and the next day goes on as if nothing was.
func TestClockGoesBack(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	days := portal.Days()
	file, calm := configure(t, text), configure(t, text)
	step := func(file string, n int, at time.Time) {
		t.Helper()
		portal.SetDay(n)
		a := installation(t, file, at)
		defer closeApp(t, a)
		crawl(t, a)
	}
	step(file, 0, days[0])
	step(file, 0, days[0].Add(-30*time.Hour))
	step(file, 1, days[1])
	step(calm, 0, days[0])
	step(calm, 1, days[1])
	a, b := installation(t, file, days[1]), installation(t, calm, days[1])
	defer closeApp(t, a)
	defer closeApp(t, b)
	if d := cmp.Diff(changes(t, b), changes(t, a), byKey, noSeq); d != "" {
		t.Errorf("change log (-calm +clock went back):\n%s", d)
	}
	if export(t, a) != export(t, b) {
		t.Error("other calls are stored")
	}
}

// TestDigestOfThePast asks for a day after more has happened: it must not know what came later.
func TestDigestOfThePast(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	days := portal.Days()
	file := configure(t, text)
	date := days[0].Format(time.DateOnly)
	refs := func(a *app.App) (out []string) {
		t.Helper()
		d, err := a.Digest(t.Context(), "regional-utveckling", date, "sv")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range d.Sections {
			for _, g := range s.Groups {
				for _, e := range g.Items {
					out = append(out, string(s.ID)+" "+e.Ref)
				}
			}
		}
		for _, h := range d.Proof.Held {
			out = append(out, "held "+h.Ref)
		}
		slices.Sort(out)
		return out
	}
	// As of the end of its day, so that both see the same hour.
	portal.SetDay(0)
	a := installation(t, file, days[0])
	crawl(t, a)
	closeApp(t, a)
	a = installation(t, file, time.Date(2026, 5, 12, 21, 59, 59, 0, time.UTC))
	want := refs(a)
	closeApp(t, a)
	portal.SetDay(1)
	a = installation(t, file, days[1])
	defer closeApp(t, a)
	crawl(t, a)
	got := refs(a)
	known := map[string]bool{}
	for _, w := range want {
		known[w] = true
	}
	for _, g := range got {
		if ref := g[strings.Index(g, " ")+1:]; !known[g] {
			t.Logf("the digest of %s now has %s", date, g)
			for _, c := range changes(t, a) {
				if c.Ref == ref && c.Event == call.EventNew && c.At.Format(time.DateOnly) > date {
					t.Errorf("%s was not there yet", ref)
				}
			}
		}
	}
	if len(want) == 0 {
		t.Error("the day's digest is empty: the test proves nothing")
	}
}
