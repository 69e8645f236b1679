package web

import (
	"context"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/link"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/sitetest"
	"utkik/internal/store"
	"utkik/internal/watch"
)

// now is when all tests of pages play.
var now = time.Date(2026, 7, 28, 9, 0, 0, 0, call.Brussels())

var testPlan = plan.Plan{
	ID: "test", Name: "Vår plan", NameEN: "Our plan", Language: "sv",
	Goals: []plan.Goal{
		{ID: "g", Name: "Ett mål", NameEN: "A goal", Aims: []string{"Att nå dit"}, Activities: []plan.Activity{{Heading: "Möten", Text: "Träffas ofta", Networks: []string{"BK"}}}},
		{ID: "h", Name: "Ett mål till"},
	},
	Document: "Planen, beslutad 2026",
	Networks: []plan.Network{{ID: "EFNS", Name: "Europaforum", Note: "Politiskt forum."}, {ID: "BK", Name: "BK"}},
	Departments: []plan.Department{
		{ID: "kultur", Name: "Kulturen", NameEN: "The culture department", Priorities: []string{"kultur", "tandvard"}},
		{ID: "miljo", Name: "Miljökontoret", Priorities: []string{"miljo"}},
	},
	Priorities: []plan.Priority{
		{ID: "miljo", Name: "Miljö och klimat", NameEN: "Environment and climate", Text: "Hit hör vatten och luft.", TextEN: "Water and air.", Goals: []string{"g", "h"},
			Vocabulary: []plan.Term{{SV: "vatten*", EN: []string{"water", "waters"}, Weight: 3}, {EN: []string{"air"}, Weight: 1}, {SV: "vattenstämpel", EN: []string{"watermark"}, Weight: -1}, {SV: "luftslott", Weight: -1}},
			Activities: []plan.Activity{
				{Heading: "Vatten", Networks: []string{"EFNS", "BK"}}, {Heading: "Luft", Networks: []string{"BK"}},
			}},
		{ID: "kultur", Name: "Kultur"},
		{ID: "tandvard", Name: "Tandvård", Text: "Hit hör tänder."},
		{ID: "arktis", Name: "Arktis", Text: "Hit hör norr.", Goals: []string{"g"}, Activities: []plan.Activity{{Heading: "Norr", Networks: []string{"BK"}}}},
	},
}

const (
	script = `<script>alert("x")</script><img src=x onerror=alert(1)>`
	rtl    = "\u202eנגישות דיגיטלית\u202e"
)

// calls are what the test site knows: one of every kind and status, and what a hostile source could say.
func calls() []call.Call {
	day := func(m time.Month, d int) []call.Moment { return []call.Moment{call.Day(2026, m, d)} }
	out := []call.Call{
		{Source: "ft-portal", Ref: "RAIL-1", Kind: call.KindCall, Title: "Railway links to the north", Programme: "CEF", Call: "CEF-T-2026",
			Identifier: "CEF-T-2026-RAIL", Status: call.StatusOpen, Opens: call.Day(2026, 5, 1),
			Deadlines: []call.Moment{call.At(time.Date(2026, 8, 4, 17, 0, 0, 0, call.Brussels())), call.Day(2027, 3, 2)}, BudgetEUR: 4_500_000,
			MinEUR: 200_000, MaxEUR: 1_000_000, Grants: 12, ActionTypes: []string{"Works"}, Eligible: "Public bodies.", Language: "en",
			URL: "https://www.example.eu/rail", CallTitle: "Transport", Divisions: []string{"Transport"},
			Text: "Rail freight crosses borders badly.\n\nWe pay for:\ntracks\nbridges", Topics: []string{"rail"}},
		{Source: "ft-portal", Ref: "a//b:c", Kind: call.KindPlanned, Title: "A planned call for wind", Status: call.StatusForthcoming, Opens: call.Day(2026, 9, 1), Deadlines: day(12, 1), Language: "en"},
		{Source: "ft-portal", Ref: "EuropeAid/1/DD", Kind: call.KindCall, Status: call.StatusOpen, Deadlines: day(7, 28)},
		{Source: "ft-portal", Ref: "TOMORROW", Kind: call.KindCall, Title: "Heat networks", Status: call.StatusOpen, Deadlines: day(7, 29), MaxEUR: 70_000, URL: "javascript:alert(1)", Language: `en" onclick="x`},
		{Source: "ft-portal", Ref: "OLD", Kind: call.KindCall, Title: "Stale rail row", Programme: "CEF", Status: call.StatusOpen, Deadlines: day(3, 1), Language: "en"},
		{Source: "ft-portal", Ref: "GONE", Kind: call.KindCall, Title: "Withdrawn rail call", Programme: "CEF", Status: call.StatusOpen, Deadlines: day(10, 1), Language: "en"},
		{Source: "ft-portal", Ref: "HOSTILE", Kind: call.KindCall, Title: script, Identifier: script, Programme: script, Status: call.StatusOpen,
			Deadlines: day(11, 3), Language: "en", Text: "Rail " + script + "\n\n" + script, Eligible: script, URL: `https://example.eu/"><script>`},
		{Source: "ft-portal", Ref: "RTL", Kind: call.KindCall, Title: rtl, Status: call.StatusOpen, Deadlines: day(11, 4), Language: "he", Text: rtl},
		{Source: "ft-portal", Ref: "LONG", Kind: call.KindCall, Title: strings.Repeat("Järnväg", 500) + strings.Repeat(" lång", 100), Status: call.StatusOpen, Deadlines: day(11, 5),
			Language: "sv", Text: strings.Repeat("x", 4000)},
		{Source: "have-your-say", Ref: "14000", Kind: call.KindConsultation, Title: "Samråd om järnväg i glesbygd", Status: call.StatusOpen, Deadlines: day(9, 9), Language: "sv",
			Text: "Kommissionen frågar om tåg.", URL: "https://example.eu/samrad", Translations: []call.Translation{{Language: "en", Title: "Consultation on thin traffic"}},
			Stages: []call.Stage{{Name: "Call for evidence", Opens: call.Day(2025, 1, 7), Closes: call.Day(2025, 2, 4)}, {Name: "Public consultation", Opens: call.Day(2026, 6, 1)},
				{Name: "Draft act", Closes: call.Day(2027, 3, 1)}, {Name: "Commission adoption"}},
			Links: []call.Link{{Title: "Frågorna", URL: "https://example.eu/fragor.pdf"}, {URL: "https://www.example.eu/mer"}, {Title: "farlig", URL: "javascript:alert(1)"}}},
		{Source: "have-your-say", Ref: "14001", Kind: call.KindNews, Title: "Nyhet utan datum", Language: "sv"},
		{Source: "have-your-say", Ref: "14003", Kind: call.KindPlanned, Title: "Kommer med tiden", Expected: "Q1 2027", Language: "sv"},
		{Source: "have-your-say", Ref: "14002", Kind: call.KindConsultation, Title: "Early closed consultation", Status: call.StatusClosed, Deadlines: day(9, 10), Language: "en"},
	}
	for i := range 45 { // enough for three pages, and for facets with something to fold away
		out = append(out, call.Call{Source: "ft-portal", Ref: fmt.Sprintf("BULK-%02d", i), Kind: call.KindCall, Title: fmt.Sprintf("Forest call %d", i), Call: fmt.Sprintf("FOREST-%d", i%9), Topics: []string{"forests"},
			Programme: fmt.Sprintf("PROG%02d", i%12), Status: call.StatusOpen, Deadlines: day(12, 1+i%28), Language: "en"})
	}
	return out
}

// elsewhere are items of other sources on the planned call for wind: the same, in two sources, one of them with another last
// day, and the page of the whole call that it is a topic of.
func elsewhere() []call.Call {
	return []call.Call{
		{Source: "cinea", Ref: "vind", Kind: call.KindCall, Title: "Vindkraft: sök stöd", Status: call.StatusOpen, Deadlines: []call.Moment{call.Day(2026, 11, 20)}, Language: "sv", URL: "https://www.example.se/vind"},
		{Source: "cinea", Ref: "alla", Kind: call.KindCall, Title: "Alla ämnen", Status: call.StatusForthcoming, Language: "sv"},
		{Source: "nyheter", Ref: "vind", Kind: call.KindNews, Title: "Vind i seglen"},
	}
}

// linkedWind links them, as they are found, and by hand.
func linkedWind(ctx context.Context, st *store.Store) error {
	wind, vind, alla, news := call.Key{Source: "ft-portal", Ref: "a//b:c"}, call.Key{Source: "cinea", Ref: "vind"}, call.Key{Source: "cinea", Ref: "alla"}, call.Key{Source: "nyheter", Ref: "vind"}
	var facts []link.Facts
	for _, c := range append(elsewhere(), calls()[1]) {
		facts = append(facts, link.Read(&c))
	}
	if _, err := st.SaveLinkFacts(ctx, facts, link.Version, 1, false); err != nil {
		return err
	}
	quoted := link.Reason{By: link.ByIdentifier, A: link.Quote{Field: "text", Text: "Reference: " + script}, B: link.Quote{Field: "identifier", Text: "WIND-1"}}
	_, err := st.SaveLinks(ctx, nil, []link.Link{
		{A: vind, B: wind, Relation: link.Same, Strength: 900, Reason: quoted},
		{A: alla, B: wind, Relation: link.Whole, Strength: 500, Reason: quoted},
	}, 1)
	if err != nil {
		return err
	}
	return st.JudgeLink(ctx, wind, news, link.Hand, "kansliet", "läst på sidan")
}

// reread is a later run, in which the first call is changed, with the answers that it was read from: one that a browser
// may show, one that would run in it, and one that it should keep.
func reread(ctx context.Context, st *store.Store) error {
	changes := history()
	at := changes[slices.IndexFunc(changes, func(c call.Change) bool { return c.Field == "text" })].At
	run, err := st.BeginRun(ctx, "ft-portal", "crawl", at)
	if err != nil {
		return err
	}
	var from []string
	for i, media := range []string{"application/json", "text/html; charset=ISO-8859-1", "application/pdf", "nonsense;;"} {
		d := kind.Document{Request: kind.Request{URL: fmt.Sprintf("https://www.example.eu/data/%d", i)}, URL: fmt.Sprintf("https://www.example.eu/data/%d", i), Status: 200,
			Header: http.Header{"Content-Type": {media}}, Fetched: at, Body: []byte(script + media)}
		if err := st.KeepDocument(ctx, run, d, ""); err != nil {
			return err
		}
		from = append(from, d.Request.Key())
	}
	run.Ended, run.Complete = at.Add(time.Minute), true
	return st.Commit(ctx, run, store.Batch{Source: "ft-portal", At: at, Saves: []store.Save{{Call: calls()[0], Version: true, Seen: true, Changes: changes[1:], From: from}}})
}

// watched are the test site's sources as they are configured.
func watched() []kind.Source {
	return []kind.Source{
		{ID: "ft-portal", Enabled: true, Every: 24 * time.Hour, Home: "https://www.example.eu/"},
		{ID: "have-your-say", Enabled: true, Every: 7 * 24 * time.Hour},
		{ID: "cinea", Enabled: true, Every: 48 * time.Hour},
		{ID: "nyheter", Enabled: false, Every: 6 * time.Hour},
		{ID: "off", Every: 24 * time.Hour},
		{ID: "never", Enabled: true, Every: time.Hour},
	}
}

// troubled is a source's run that went wrong, with what is held back, and one that is going on.
func troubled(ctx context.Context, st *store.Store) error {
	at := now.Add(-20 * time.Hour)
	run, err := st.BeginRun(ctx, "cinea", "crawl", at)
	if err != nil {
		return err
	}
	run.Ended, run.Error, run.Fault, run.Seen, run.Quarantined = at.Add(time.Minute), "source cinea: GET https://www.example.se/: status 503", kind.FaultServer, 7, 2
	run.Findings = []kind.Finding{{Fault: kind.FaultVanished, Field: "deadlines", Text: "deadlines vanished"}, {Fault: kind.FaultFall, Text: "fall"}}
	b := store.Batch{Source: "cinea", At: at, Holds: []store.Hold{{Ref: "a", Reason: "stale: listed as open", Call: call.Call{Source: "cinea", Ref: "a", Kind: call.KindCall, Title: script, Language: "en"}}}}
	for i := range shownHeld {
		b.Holds = append(b.Holds, store.Hold{Ref: fmt.Sprint("held", i), Reason: "strange", Call: call.Call{Source: "cinea", Ref: fmt.Sprint("held", i), Kind: call.KindCall}})
	}
	if err := st.Commit(ctx, run, b); err != nil {
		return err
	}
	for i, what := range []string{"reparse", "crawl", "crawl"} {
		run, err := st.BeginRun(ctx, "have-your-say", what, at.Add(time.Duration(i)*time.Hour))
		if err != nil {
			return err
		}
		if i == 2 {
			return nil // it is going on
		}
		run.Ended, run.Complete, run.Suspect = run.Started.Add(time.Minute), true, what == "crawl"
		if err := st.Commit(ctx, run, store.Batch{Source: "have-your-say", At: run.Started}); err != nil {
			return err
		}
	}
	return nil
}

// standing is how the test site's sources stand, by their runs in the store.
func standing(st *store.Store) func(context.Context, string) ([]Standing, error) {
	return func(ctx context.Context, id string) ([]Standing, error) {
		var out []Standing
		for _, src := range watched() {
			if id != "" && src.ID != id {
				continue
			}
			runs, err := st.Runs(ctx, src.ID, 0)
			if err != nil {
				return nil, err
			}
			holds, err := st.Holds(ctx, src.ID)
			if err != nil {
				return nil, err
			}
			x := Standing{Source: src, Held: len(holds)}
			var crawls []watch.Run
			for _, r := range slices.Backward(runs) {
				if r.Kind == "crawl" && !r.Ended.IsZero() {
					x.Last = r
					crawls = append(crawls, watch.Run{Started: r.Started, Ended: r.Ended, Complete: r.Complete, Suspect: r.Suspect, Seen: r.Seen, Added: r.Added, Error: r.Error, Findings: r.Findings})
				}
			}
			x.Status = watch.Judge(src, crawls, now)
			if src.ID == "ft-portal" {
				x.Next = now.Add(3 * time.Hour)
			}
			out = append(out, x)
		}
		return out, nil
	}
}

// history is what happened to the first call: every event, and every field that the change log names.
func history() []call.Change {
	at := now.Add(-24 * time.Hour)
	out := []call.Change{
		{Event: call.EventNew, Baseline: true},
		{Event: call.EventOpened, Field: "status", Old: "forthcoming", New: "open"},
		{Event: call.EventClosed, Field: "status", Old: "open", New: "closed"},
		{Event: call.EventStatus, Field: "status", Old: "closed", New: "open"},
		{Event: call.EventStatus, Field: "listed", Old: "gone", New: "listed"},
		{Event: call.EventDeadlines, Field: "deadlines", Old: "2026-08-01, 2027-03-02", New: "2026-08-04, 2027-03-02"},
		{Event: call.EventOpens, Field: "opens", Old: "2026-04-01", New: "2026-05-01"},
		{Event: call.EventBudget, Field: "budget_eur", Old: "4000000", New: "4500000"},
		{Event: call.EventTitle, Field: "title", Old: "Railway", New: script, Mended: true},
		{Event: call.EventIdentifier, Field: "identifier", New: "CEF-T-2026-RAIL"},
		{Event: call.EventText, Field: "text", Old: "1200", New: "2345"},
		{Event: call.EventText, Field: "kind", Old: "planned", New: "call"},
		{Event: call.EventText, Field: "eligible", Old: strings.Repeat("long ", 300)},
		{Event: call.EventText, Field: "topics"},
		{Event: call.EventWithdrawn},
	}
	for i := range out {
		out[i].At = at.Add(time.Duration(i) * time.Minute)
	}
	return out
}

func reasons() []store.Matched {
	key := func(ref string) call.Key { return call.Key{Source: "ft-portal", Ref: ref} }
	return []store.Matched{
		{Key: key("RAIL-1"), Results: []match.Result{
			{Priority: "miljo", Score: 0.9, Included: true, Reasons: []match.Reason{
				{PriorityText: "Hit hör tåg.", CallText: "«Railway» links to the north", Field: "title", Term: "rail*", Weight: 3},
				{PriorityText: "Hit hör tåg.", CallText: "«Railway» links to the north", Field: "title", Term: "railway", Weight: 3},
				{PriorityText: "Räls och broar", CallText: "", Field: "programme", Term: "CEF", Weight: 1},
				{PriorityText: "Inte fartyg", CallText: "no «ships»", Field: "text", Term: "ship", Weight: -1},
				{PriorityText: "Tre", CallText: script + " «" + script, Field: "text", Term: "three", Weight: 1},
				{PriorityText: "Den fjärde visas inte", CallText: "fourth", Field: "text", Term: "four", Weight: 1},
			}},
			{Priority: "kultur", Score: 0.6, Included: true, Reasons: []match.Reason{{PriorityText: "Kultur", CallText: "«north»", Field: "title", Term: "north", Weight: 1}}},
			{Priority: "removed-since", Score: 0.5, Included: true, Reasons: []match.Reason{{PriorityText: "P", CallText: "C", Weight: 1}}},
		}},
		{Key: call.Key{Source: "have-your-say", Ref: "14000"}, Results: []match.Result{{Priority: "arktis", Score: 0.8, Included: true, Reasons: []match.Reason{{PriorityText: "Hit hör norr.", CallText: "«tåg»", Weight: 1}}}}},
		{Key: key("a//b:c"), Results: []match.Result{{Priority: "arktis", Score: 0.8, Included: true, Reasons: []match.Reason{{PriorityText: "Hit hör norr.", CallText: "«wind»", Weight: 1}}}}},
		{Key: key("TOMORROW"), Results: []match.Result{
			{Priority: "kultur", Score: 0.1, Included: false, Reasons: []match.Reason{{PriorityText: "Nej", CallText: "Heat", Weight: 1}}},
		}},
	}
}

// site is the pages over a real store and a real index.
func site(t testing.TB) *Server {
	t.Helper()
	ctx, st := t.Context(), sitetest.Store(t, "", now)
	at := now.Add(-48 * time.Hour)
	batches := map[string]*store.Batch{}
	for _, c := range append(calls(), elsewhere()...) {
		b := batches[c.Source]
		if b == nil {
			b = &store.Batch{Source: c.Source, At: at}
			batches[c.Source] = b
		}
		s := store.Save{Call: c, Version: true, Seen: true, Changes: []call.Change{{Event: call.EventNew, Material: true}}}
		switch c.Ref {
		case "RAIL-1":
			s.Changes = []call.Change{{At: at, Event: call.EventNew, Baseline: true}}
			s.Call.Text = strings.Replace(s.Call.Text, "tracks", "rails", 1)
		case "GONE":
			s.Gone = at
		case "RTL":
			s.Changes = nil
		}
		b.Saves = append(b.Saves, s)
	}
	for _, source := range []string{"ft-portal", "have-your-say", "cinea", "nyheter"} {
		run, err := st.BeginRun(ctx, source, "crawl", at)
		if err != nil {
			t.Fatal(err)
		}
		run.Ended, run.Complete = at.Add(time.Minute), true
		if err := st.Commit(ctx, run, *batches[source]); err != nil {
			t.Fatal(err)
		}
	}
	if err := reread(ctx, st); err != nil {
		t.Fatal(err)
	}
	if err := troubled(ctx, st); err != nil {
		t.Fatal(err)
	}
	if err := told(ctx, st); err != nil {
		t.Fatal(err)
	}
	if err := st.SaveMatches(ctx, testPlan.ID, "hash", reasons(), 1); err != nil {
		t.Fatal(err)
	}
	if err := linkedWind(ctx, st); err != nil {
		t.Fatal(err)
	}
	if err := readers(ctx, st); err != nil {
		t.Fatal(err)
	}
	ix := sitetest.Index(t, st, now)
	if _, err := ix.Sync(ctx, sitetest.Feed{Store: st, Plan: &testPlan}); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{
		Plan: &testPlan, Store: st, Index: ix, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Anyone: account.Reader, API: "/api", Standing: standing(st), Contact: "hjalp@example.org", Keeps: Keeps{Mails: 400 * 24 * time.Hour, Sessions: 12 * time.Hour},
		Sources: []Source{{ID: "ft-portal", Name: "EU:s portal", NameEN: "EU portal"}, {ID: "have-your-say", Name: "Tyck till"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// editor may decide, and is the recipient kultur.
var editor = account.Actor{ID: "eva", Name: "Eva", Mail: "Kultur@example.org", Role: account.Editor}

// get asks for an address and gives the answer.
func get(t testing.TB, s http.Handler, address string) *httptest.ResponseRecorder {
	t.Helper()
	return getAs(t, s, account.Actor{}, address)
}

// getAs asks as somebody.
func getAs(t testing.TB, s http.Handler, who account.Actor, address string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(account.With(t.Context(), who), http.MethodGet, address, nil))
	return w
}

func query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return "/?" + q.Encode()
}

// plain is a page's text without its tags, with one space between words and after what stands on lines of its own.
func plain(page string) string {
	var b strings.Builder
	for page != "" {
		text, rest, _ := strings.Cut(page, "<")
		b.WriteString(text)
		var name string
		name, page, _ = strings.Cut(rest, ">")
		switch name {
		case "br", "/dt", "/dd", "/li", "/p", "/h1", "/h2", "/h3", "/title":
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(html.UnescapeString(b.String())), " ")
}
