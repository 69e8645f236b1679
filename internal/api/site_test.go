package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"utkik/index"
	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/link"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/sitetest"
	"utkik/internal/store"
	"utkik/internal/store/storetest"
	"utkik/internal/subscription"
)

// The tests ask a real server over a real store and index, on SQLite, and on a PostgreSQL of their own where the machine
// has the server.

var pg storetest.Server

func TestMain(m *testing.M) {
	code := m.Run()
	pg.Stop()
	os.Exit(code)
}

// now is when all tests play.
var now = time.Date(2026, 7, 28, 9, 0, 0, 0, call.Brussels())

var testPlan = plan.Plan{
	ID: "test", Name: "Vår plan", NameEN: "Our plan", Language: "sv",
	Departments: []plan.Department{
		{ID: "kultur", Name: "Kulturen", NameEN: "The culture department", Priorities: []string{"kultur"}},
		{ID: "miljo", Name: "Miljökontoret", Priorities: []string{"miljo"}},
	},
	Priorities: []plan.Priority{
		{ID: "miljo", Name: "Miljö och klimat", NameEN: "Environment and climate", Text: "Hit hör tåg. Räls och broar.", Activities: []plan.Activity{
			{Heading: "Vatten", Networks: []string{"EFNS", "BK"}}, {Heading: "Luft", Networks: []string{"BK"}},
		}},
		{ID: "kultur", Name: "Kultur", Text: "Konst och musik."},
	},
}

func day(m time.Month, d int) []call.Moment { return []call.Moment{call.Day(2026, m, d)} }

// rail is the call that most examples show, in its two versions.
func rail() (before, after call.Call) {
	after = call.Call{Source: "ft-portal", Ref: "RAIL-1", Kind: call.KindCall, Title: "Railway links to the north", Programme: "CEF", Call: "CEF-T-2026",
		Identifier: "CEF-T-2026-RAIL", Status: call.StatusOpen, Opens: call.Day(2026, 5, 1),
		Deadlines: []call.Moment{call.At(time.Date(2026, 8, 4, 17, 0, 0, 0, call.Brussels())), call.Day(2027, 3, 2)}, DeadlineModel: "two-stage", BudgetEUR: 4_500_000,
		Grants: 12, ActionTypes: []string{"Works"}, Eligible: "Public bodies.", Language: "en", URL: "https://www.example.eu/rail",
		Text: "Rail freight crosses borders badly.\n\nWe pay for tracks and bridges.", Topics: []string{"rail"},
		Translations: []call.Translation{{Language: "sv", Title: "Järnväg norrut"}}}
	before = after
	before.Deadlines = day(8, 1)
	before.BudgetEUR = 4_000_000
	before.Text = "Rail freight crosses borders badly.\n\nWe pay for tracks."
	return before, after
}

const hostile = `<script>alert("x")</script>`

func calls() []call.Call {
	first, _ := rail()
	out := []call.Call{
		first,
		{Source: "ft-portal", Ref: "a//b:c", Kind: call.KindPlanned, Title: "A planned call for wind", Status: call.StatusForthcoming, Opens: call.Day(2026, 9, 1), Deadlines: day(12, 1), Language: "en", Identifier: "WIND-1"},
		{Source: "ft-portal", Ref: "EuropeAid/1/DD", Kind: call.KindCall, Status: call.StatusOpen, Deadlines: day(7, 28)},
		{Source: "ft-portal", Ref: "OLD", Kind: call.KindCall, Title: "Stale rail row", Programme: "CEF", Status: call.StatusOpen, Deadlines: day(3, 1), Language: "en"},
		{Source: "ft-portal", Ref: "GONE", Kind: call.KindCall, Title: "Withdrawn rail call", Programme: "CEF", Status: call.StatusOpen, Deadlines: day(10, 1), Language: "en"},
		{Source: "ft-portal", Ref: "HOSTILE", Kind: call.KindCall, Title: hostile, Programme: hostile, Status: call.StatusOpen, Deadlines: day(11, 3), Language: "en", Text: "Rail " + hostile, URL: "javascript:alert(1)"},
		{Source: "have-your-say", Ref: "14000", Kind: call.KindConsultation, Title: "Samråd om järnväg i glesbygd", Status: call.StatusOpen, Deadlines: day(9, 9), Language: "sv", Text: "Kommissionen frågar om tåg.", URL: "https://example.eu/samrad"},
		{Source: "have-your-say", Ref: "14001", Kind: call.KindNews, Title: "Nyhet utan datum", Language: "sv"},
		{Source: "cinea", Ref: "alla", Kind: call.KindCall, Title: "Alla ämnen", Status: call.StatusForthcoming, Language: "sv"},
		{Source: "cinea", Ref: "vind", Kind: call.KindCall, Title: "Vindkraft: sök stöd", Status: call.StatusOpen, Deadlines: day(11, 20), Language: "sv", URL: "https://www.example.se/vind"},
	}
	for i := range 30 {
		out = append(out, call.Call{Source: "ft-portal", Ref: fmt.Sprintf("BULK-%02d", i), Kind: call.KindCall, Title: fmt.Sprintf("Forest call %d", i),
			Programme: fmt.Sprintf("PROG%02d", i%4), Status: call.StatusOpen, Deadlines: day(12, 1+i%28), Language: "en"})
	}
	return out
}

func reasons() []store.Matched {
	key := func(ref string) call.Key { return call.Key{Source: "ft-portal", Ref: ref} }
	return []store.Matched{
		{Key: key("RAIL-1"), Results: []match.Result{
			{Priority: "miljo", Score: 0.9, Included: true, Reasons: []match.Reason{
				{Kind: match.KindSentence, PriorityText: "Hit hör tåg.", CallText: "«Railway» links to the north", Field: "title", Term: "rail*", Weight: 3},
			}},
			{Priority: "kultur", Score: 0.3, Reasons: []match.Reason{{PriorityText: "Konst och musik.", CallText: "to the «north»", Field: "title", Term: "north", Weight: 1}}},
		}},
		{Key: key("a//b:c"), Results: []match.Result{
			{Priority: "miljo", Score: 0.7, Included: true, Reasons: []match.Reason{{PriorityText: "Räls och broar.", CallText: "A planned call for «wind»", Field: "title", Term: "wind", Weight: 2}}},
		}},
	}
}

// service is a real server with what stands behind it.
type service struct {
	*httptest.Server
	t     testing.TB
	api   *Server
	store *store.Store
	index *index.Index
	url   string // of the store
	actor account.Actor
}

var editor = account.Actor{ID: "key:tests", Name: "Provning", Role: account.Editor}

// engines runs a test on each engine that the machine has.
func engines(t *testing.T, test func(t *testing.T, s *service)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, onSQLite(t))
	})
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, serve(t, pg.URL(t))) })
}

func onSQLite(t testing.TB) *service {
	return serve(t, "sqlite:"+filepath.Join(t.TempDir(), "utkik.db"))
}

// serve starts a service over a new store that holds the test's calls.
func serve(t testing.TB, url string) *service {
	t.Helper()
	s := open(t, url)
	byRef := map[string][]store.Save{}
	for _, c := range calls() {
		save := store.Save{Call: c, Version: true, Seen: true, Changes: []call.Change{{Event: call.EventNew, Material: true}}}
		if c.Ref == "GONE" {
			save.Gone = now.Add(-40 * time.Hour)
		}
		byRef[c.Source] = append(byRef[c.Source], save)
	}
	for _, source := range []string{"cinea", "ft-portal", "have-your-say"} {
		s.commit(source, now.Add(-48*time.Hour), byRef[source]...)
	}
	_, after := rail()
	s.commit("ft-portal", now.Add(-24*time.Hour), store.Save{Call: after, Version: true, Seen: true, Changes: []call.Change{
		{Event: call.EventDeadlines, Field: "deadlines", Old: "2026-08-01", New: "2026-08-04, 2027-03-02", Material: true},
		{Event: call.EventBudget, Field: "budget_eur", Old: "4000000", New: "4500000", Material: true},
		{Event: call.EventText, Field: "text", Old: "53", New: "65"},
	}})
	ctx := t.Context()
	check(t, s.store.SaveMatches(ctx, testPlan.ID, "hash", reasons(), 1))
	s.link()
	check(t, s.store.SaveRecipients(ctx, []subscription.Recipient{
		{ID: "kultur", Address: "kultur@example.org", Name: "Kulturen", Department: "kultur", Language: "sv", Zone: "Europe/Stockholm", Hour: 7, Rhythm: subscription.Daily,
			Follows: []subscription.Subscription{{Departments: []string{"kultur"}}}},
		{ID: "vilar", Address: "vilar@example.org", Name: "Vilar", Language: "sv", Zone: "Europe/Stockholm", Hour: 0, Rhythm: subscription.Weekly, Weekday: "monday",
			Pause: subscription.Pause{Until: "2026-08-10", StandIn: "kultur@example.org"}, Follows: []subscription.Subscription{{Name: "tåg", Search: "järnväg", Kinds: []call.Kind{call.KindCall}}}},
	}, true))
	for i, period := range []string{"2026-07-26", "2026-07-27"} {
		c, err := store.PackContent(&store.Content{Subject: "Kulturen: 1 nytt", Text: "Järnväg norrut\n", HTML: "<p>Järnväg norrut</p>", Data: json.RawMessage(`{"items": 1}`)})
		check(t, err)
		_, err = s.store.Post(ctx, store.Mail{MailKey: store.MailKey{Recipient: "kultur", Period: period}, Kind: "digest", Items: 1 + i, Address: "kultur@example.org", Name: "Kulturen", Language: "sv",
			MessageID: period + ".kultur@example.org", Due: now}, c)
		check(t, err)
	}
	secret, err := store.PackContent(&store.Content{Subject: "Logga in"})
	check(t, err)
	_, err = s.store.Post(ctx, store.Mail{MailKey: store.MailKey{Recipient: "sign-in:x", Period: "once"}, Kind: "sign-in", Address: "anna@example.org", MessageID: "x@example.org", Due: now}, secret)
	check(t, err)
	check(t, s.store.Decide(ctx, subscription.Decision{Key: call.Key{Source: "ft-portal", Ref: "BULK-00"}, Department: "miljo", Choice: subscription.Follow, Who: "handläggare", At: now.Add(-time.Hour)}))
	s.sync()
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open starts a service over a store as it is.
func open(t testing.TB, url string) *service {
	t.Helper()
	s := &service{t: t, url: url, actor: editor}
	s.store = sitetest.Store(t, url, now)
	s.index = sitetest.Index(t, s.store, now)
	s.start(Config{Anyone: account.Reader})
	return s
}

// start serves under another configuration.
func (s *service) start(cfg Config) {
	s.t.Helper()
	cfg.Plan = func() *plan.Plan { return &testPlan }
	cfg.Store, cfg.Index, cfg.Now, cfg.Log = s.store, s.index, func() time.Time { return now }, slog.New(slog.NewTextHandler(s.t.Output(), nil))
	cfg.Unseen = "sign-in"
	cfg.SourceIDs = []string{"ft-portal", "have-your-say"}
	if cfg.BaseURL == "" {
		cfg.BaseURL = "https://utkik.example.org"
	}
	read := now.Add(-24 * time.Hour).UTC()
	cfg.Sources = func(context.Context) ([]Source, error) {
		return []Source{
			{ID: "ft-portal", Name: "EU:s portal", NameEN: "EU portal", Kind: "ftportal", Home: "https://www.example.eu", Enabled: true, EveryHours: 24, State: "ok", Since: &read, LastComplete: &read},
			{ID: "have-your-say", Name: "Tyck till", Kind: "haveyoursay", Home: "https://www.example.eu/tyck", Enabled: true, EveryHours: 24, State: "late", Since: &read, Reason: "not read since yesterday", Held: 1},
		}, nil
	}
	if cfg.Show == nil { // the frame is the pages'; TestPageInBrowser has it
		cfg.Show = func(w http.ResponseWriter, _ *http.Request, p Page) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Cache-Control", "no-cache")
			fmt.Fprintf(w, "<!doctype html><title>%s</title>%s", p.Title, p.Body)
		}
	}
	cfg.Save = func(ctx context.Context, r subscription.Recipient, fresh bool) error {
		return s.store.SaveRecipients(ctx, []subscription.Recipient{r}, fresh)
	}
	made, err := New(cfg)
	check(s.t, err)
	s.api = made
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		made.ServeHTTP(w, r.WithContext(account.With(r.Context(), s.actor)))
	}))
	s.t.Cleanup(s.Server.Close)
}

// commit saves calls as a run of their source would.
func (s *service) commit(source string, at time.Time, saves ...store.Save) {
	s.t.Helper()
	run, err := s.store.BeginRun(s.t.Context(), source, "crawl", at)
	for errors.Is(err, store.ErrRunning) { // a test beside this one starts a process, which holds the source's file until it has become curl
		run, err = s.store.BeginRun(s.t.Context(), source, "crawl", at)
	}
	check(s.t, err)
	run.Ended, run.Complete, run.Seen = at.Add(time.Minute), true, len(saves)
	check(s.t, s.store.Commit(s.t.Context(), run, store.Batch{Source: source, At: at, Saves: saves}))
}

func (s *service) sync() {
	s.t.Helper()
	_, err := s.index.Sync(s.t.Context(), sitetest.Feed{Store: s.store, Plan: &testPlan})
	check(s.t, err)
}

// link makes one call of the planned one for wind and another source's.
func (s *service) link() {
	s.t.Helper()
	wind, vind, alla := call.Key{Source: "ft-portal", Ref: "a//b:c"}, call.Key{Source: "cinea", Ref: "vind"}, call.Key{Source: "cinea", Ref: "alla"}
	var facts []link.Facts
	for _, c := range calls() {
		facts = append(facts, link.Read(&c))
	}
	_, err := s.store.SaveLinkFacts(s.t.Context(), facts, link.Version, 1, false)
	check(s.t, err)
	why := link.Reason{By: link.ByIdentifier, A: link.Quote{Field: "text", Text: "WIND-1"}, B: link.Quote{Field: "identifier", Text: "WIND-1"}}
	_, err = s.store.SaveLinks(s.t.Context(), nil, []link.Link{
		{A: vind, B: wind, Relation: link.Same, Strength: 900, Reason: why},
		{A: alla, B: wind, Relation: link.Whole, Strength: 500, Reason: why},
	}, 1)
	check(s.t, err)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask sends a request; header is name and value in turn.
func (s *service) ask(method, address, body string, header ...string) answer {
	s.t.Helper()
	var send io.Reader
	if body != "" {
		send = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+address, send)
	check(s.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := s.Client().Do(r)
	check(s.t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	check(s.t, err)
	return answer{resp.StatusCode, resp.Header, got}
}

// get asks for an operation's address and reads what comes back, which must be good.
func (s *service) get(address string, into any) answer {
	s.t.Helper()
	a := s.ask(http.MethodGet, Prefix+address, "")
	if a.status != http.StatusOK {
		s.t.Fatalf("%s: %d %s", address, a.status, a.body)
	}
	a.read(s.t, into)
	return a
}

func (a answer) read(t testing.TB, into any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(a.body))
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

// problem reads why a request was not answered.
func (a answer) problem(t testing.TB) Problem {
	t.Helper()
	var p Problem
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("a problem is of type %q: %d %s", got, a.status, a.body)
		return p
	}
	a.read(t, &p)
	if p.Status != a.status || p.Title == "" || p.Detail == "" || p.Mend == "" || !strings.HasPrefix(p.Type, problemType) {
		t.Errorf("a problem that says too little: %s", a.body)
	}
	return p
}
