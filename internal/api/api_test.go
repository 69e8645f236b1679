package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/store"
)

// found is what the tests read of a search's answer.
type found struct {
	Total int
	Hits  []struct {
		Source, Ref, Title, Status, URL, Web string
		Priorities                           []string
		AlsoAt                               []struct{ Source, Ref string } `json:"also_at"`
	}
	Facets map[string][]struct {
		Value string
		Count int
	}
	Also []struct{ For string } `json:"also_searched"`
	Next string
}

func (f *found) refs() []string {
	var out []string
	for _, h := range f.Hits {
		out = append(out, h.Source+"/"+h.Ref)
	}
	return out
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	for _, tt := range []struct {
		address string
		total   int
		first   string // of the hits
	}{
		{"/search?q=glesbygd", 1, "have-your-say/14000"},
		{"/search?q=rail&status=open", 3, "ft-portal/RAIL-1"},
		{"/search?q=rail&status=closed", 2, ""},
		{"/search?q=rail&status=open&kind=consultation&as_written=true", 0, ""},
		{"/search?priority=miljo&sort=deadline", 2, "ft-portal/RAIL-1"},
		{"/search?department=kultur", 0, ""},
		{"/search?programme=PROG00&programme=PROG01", 16, ""},
		{"/search?source=cinea", 2, "cinea/alla"},
		{"/search?deadline_after=2026-07-28&deadline_before=2026-08-04&sort=deadline", 2, "ft-portal/EuropeAid/1/DD"},
		{"/search?budget=1m-5m", 1, "ft-portal/RAIL-1"},
		{"/search?deadline=1m&status=open&sort=deadline", 2, "ft-portal/EuropeAid/1/DD"},
		{"/search?action_type=infra", 1, "ft-portal/RAIL-1"},
		{"/search?q=", 39, ""},
		{"/search", 39, ""},
	} {
		var f found
		s.get(tt.address, &f)
		if f.Total != tt.total || tt.first != "" && (len(f.Hits) == 0 || f.refs()[0] != tt.first) {
			t.Errorf("%s: %d found, %q; want %d, %s first", tt.address, f.Total, f.refs(), tt.total, tt.first)
		}
	}
	var f found
	s.get("/search?q=rail&facet=status&facet=programme&lang=en&limit=1", &f)
	if len(f.Facets) != 2 || len(f.Facets["status"]) != 2 || f.Hits[0].Title != "Railway links to the north" || !slices.Equal(f.Hits[0].Priorities, []string{"miljo"}) {
		t.Errorf("facets %v, hits %+v", f.Facets, f.Hits)
	}
	if f.Hits[0].Web != "https://utkik.example.org/call/ft-portal/RAIL-1" || len(f.Also) == 0 {
		t.Errorf("hit %+v, also searched %v", f.Hits[0], f.Also)
	}
	f = found{}
	s.get("/search?q=wind", &f)
	if len(f.Hits) != 1 || len(f.Hits[0].AlsoAt) != 1 {
		t.Errorf("what two sources publish: %+v", f.Hits)
	}
	f = found{}
	s.get("/search?q=programme:%22script*%22", &f)
	f = found{}
	s.get("/search?programme="+url.QueryEscape(hostile), &f)
	if len(f.Hits) != 1 || f.Hits[0].URL != "" {
		t.Errorf("a script for an address is handed on: %+v", f.Hits)
	}
}

// Pages follow on each other also when calls come and go between them: none that was there all along is left out or comes
// twice.
func TestSearchPages(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	var all, got []string
	var f found
	s.get("/search?sort=deadline&status=open&limit=200", &f)
	all = f.refs()
	next := ""
	for n := 0; ; n++ {
		address := "/search?sort=deadline&status=open&limit=7"
		if next != "" {
			address += "&cursor=" + next
		}
		f = found{}
		s.get(address, &f)
		got = append(got, f.refs()...)
		if next = f.Next; next == "" {
			break
		}
		switch n {
		case 0: // three come that stand before everything
			for i := range 3 {
				s.commit("ft-portal", now.Add(-time.Hour), store.Save{Call: call.Call{Source: "ft-portal", Ref: fmt.Sprintf("FRESH-%d", i), Kind: call.KindCall, Title: "Fresh", Status: call.StatusOpen, Deadlines: day(7, 28)}, Version: true, Seen: true})
			}
			s.sync()
		case 1: // what was on the first page is gone
			c := call.Call{Source: "ft-portal", Ref: "EuropeAid/1/DD", Kind: call.KindCall, Status: call.StatusClosed, Deadlines: day(7, 28)}
			s.commit("ft-portal", now.Add(-time.Hour), store.Save{Call: c, Version: true, Seen: true})
			s.sync()
		}
	}
	if d := cmp.Diff(all, got); d != "" {
		t.Errorf("pages (-as one +page by page):\n%s", d)
	}
	// The very hit that a page ended with is gone: that is told.
	f = found{}
	s.get("/search?q=glesbygd+OR+forest&sort=deadline&limit=1", &f)
	c := call.Call{Source: "have-your-say", Ref: "14000", Kind: call.KindConsultation, Title: "Helt annat", Status: call.StatusOpen, Language: "sv"}
	s.commit("have-your-say", now.Add(-time.Hour), store.Save{Call: c, Version: true, Seen: true})
	s.sync()
	a := s.ask(http.MethodGet, Prefix+"/search?q=glesbygd+OR+forest&sort=deadline&limit=1&cursor="+f.Next, "")
	if p := a.problem(t); p.Status != http.StatusGone {
		t.Errorf("cursor at a hit that is gone: %d %s", a.status, a.body)
	}
}

// log is what the tests read of the change log.
type log struct {
	Changes []struct {
		Seq                       int64
		Source, Ref, Event, Field string
		Call                      *call.Call
	}
	Next string
	More bool
}

// follow reads the log from a cursor to its end.
func (s *service) follow(query, cursor string) (seqs []int64, next string) {
	s.t.Helper()
	for {
		var l log
		address := "/changes?" + query
		if cursor != "" {
			address += "&cursor=" + cursor
		}
		s.get(address, &l)
		for _, c := range l.Changes {
			seqs = append(seqs, c.Seq)
		}
		if cursor = l.Next; !l.More {
			return seqs, cursor
		}
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *service) {
		all, end := s.follow("limit=500", "")
		if len(all) != 43 || !slices.IsSorted(all) {
			t.Fatalf("the log: %v", all)
		}
		paged, _ := s.follow("limit=3", "")
		if d := cmp.Diff(all, paged); d != "" {
			t.Errorf("page by page (-as one +paged):\n%s", d)
		}
		if again, same := s.follow("limit=500", end); len(again) > 0 || same != end {
			t.Errorf("from the end: %v, cursor %s then %s", again, end, same)
		}
		budget, behind := s.follow("event=budget&limit=1", "")
		if len(budget) != 1 {
			t.Errorf("changes of a budget: %v", budget)
		}
		if again, _ := s.follow("event=budget&limit=1", behind); len(again) > 0 {
			t.Errorf("the filtered log again: %v", again)
		}
		material, _ := s.follow("material=true&limit=10", "")
		if len(material) != 42 {
			t.Errorf("%d material changes, want 42", len(material))
		}
		since, _ := s.follow("since=2026-07-27T00:00:00Z", "")
		if len(since) != 3 {
			t.Errorf("since yesterday: %v", since)
		}
		own, _ := s.follow("source=ft-portal&ref=a//b:c", "")
		if len(own) != 1 {
			t.Errorf("of one call: %v", own)
		}
		var l log
		s.get("/changes?source=have-your-say&include=call", &l)
		if len(l.Changes) != 2 || l.Changes[0].Call == nil || l.Changes[0].Call.Ref != "14000" {
			t.Errorf("with the call: %+v", l.Changes)
		}
		// What came later is found from where one stood, through every filter.
		s.commit("have-your-say", now, store.Save{Call: call.Call{Source: "have-your-say", Ref: "15000", Kind: call.KindNews, Title: "Ny"}, Version: true, Seen: true,
			Changes: []call.Change{{Event: call.EventNew, Material: true}, {Event: call.EventBudget, Field: "budget_eur"}}})
		if got, _ := s.follow("limit=1", end); len(got) != 2 {
			t.Errorf("what came since: %v", got)
		}
		if got, _ := s.follow("event=budget&limit=1", behind); len(got) != 1 {
			t.Errorf("what came since, filtered: %v", got)
		}
	})
}

// While several write, one who follows reads every row once, in order.
func TestChangesWhileWritten(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *service) {
		const each = 12
		var writers sync.WaitGroup
		for _, source := range []string{"a", "b", "c"} {
			writers.Go(func() {
				for i := range each {
					s.commit(source, now, store.Save{Call: call.Call{Source: source, Ref: fmt.Sprint(i), Kind: call.KindNews}, Version: true, Seen: true, Changes: []call.Change{{Event: call.EventNew}, {Event: call.EventTitle, Field: "title", New: fmt.Sprint(i)}}})
				}
			})
		}
		done := make(chan struct{})
		go func() { writers.Wait(); close(done) }()
		var got []int64
		cursor := ""
		for last := false; ; {
			var seqs []int64
			seqs, cursor = s.follow("limit=5", cursor)
			got = append(got, seqs...)
			if last {
				break
			}
			select {
			case <-done:
				last = true // once more
			default:
			}
		}
		rows, err := s.store.Changes(t.Context(), store.ChangeQuery{})
		check(t, err)
		var want []int64
		for _, r := range rows {
			want = append(want, r.Seq)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("followed (-log +read):\n%s", d)
		}
	})
}

// A copy of every call and then the log from its cursor hold everything, whatever comes meanwhile.
func TestCopyAndFollow(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *service) {
		type page struct {
			Calls []struct {
				Call call.Call
				Gone string
			}
			Next, Changes string
		}
		have := map[string]bool{}
		gone := ""
		cursor, changes := "", ""
		for n := 0; ; n++ {
			var p page
			address := "/calls?limit=9"
			if cursor != "" {
				address += "&cursor=" + cursor
			}
			s.get(address, &p)
			for _, c := range p.Calls {
				have[c.Call.Key().String()] = true
				if c.Gone != "" {
					gone = c.Call.Ref
				}
				if _, err := json.Marshal(c.Call); err != nil {
					t.Fatal(err)
				}
			}
			if n == 1 { // comes where the copy has been
				s.commit("aaa", now, store.Save{Call: call.Call{Source: "aaa", Ref: "first", Kind: call.KindNews}, Version: true, Seen: true, Changes: []call.Change{{Event: call.EventNew}}})
			}
			if changes != "" && p.Changes != changes {
				t.Errorf("the log's cursor is another on page %d", n)
			}
			changes = p.Changes
			if cursor = p.Next; cursor == "" {
				break
			}
		}
		var l log
		s.get("/changes?cursor="+changes, &l)
		for _, c := range l.Changes {
			have[c.Source+"/"+c.Ref] = true
		}
		recs, err := s.store.Records(t.Context(), "")
		check(t, err)
		for _, r := range recs {
			if !have[r.Call.Key().String()] {
				t.Errorf("%s is in neither", r.Call.Key())
			}
		}
		if len(have) != len(recs) || gone != "GONE" {
			t.Errorf("%d calls, want %d; gone %q", len(have), len(recs), gone)
		}
		var p page
		s.get("/calls?source=have-your-say", &p)
		if len(p.Calls) != 2 || p.Next != "" {
			t.Errorf("of one source: %d", len(p.Calls))
		}
		s.get("/changes?source=have-your-say&cursor="+p.Changes, &l)
	})
}

// A store that was set back gives numbers to other rows: whoever stood behind them is told, and not left with a gap.
func TestLogSetBack(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *service) {
		_, cursor := s.follow("limit=500", "")
		url := "sqlite:" + filepath.Join(t.TempDir(), "other.db")
		if !strings.HasPrefix(s.url, "sqlite") {
			url = pg.URL(t)
		}
		other := open(t, url)
		stale := func(name, address string) {
			t.Helper()
			a := other.ask(http.MethodGet, Prefix+address, "")
			if p := a.problem(t); p.Status != http.StatusGone || p.Type != problemType+"stale-cursor" {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		stale("ahead of an empty log", "/changes?cursor="+cursor)
		for i := range 60 {
			other.commit("ft-portal", now, store.Save{Call: call.Call{Source: "ft-portal", Ref: fmt.Sprint(i), Kind: call.KindNews}, Version: true, Seen: true, Changes: []call.Change{{Event: call.EventNew}}})
		}
		stale("at a row that says something else", "/changes?cursor="+cursor)
		var p struct{ Next string }
		s.get("/calls?limit=3", &p)
		stale("in the middle of a copy", "/calls?limit=3&cursor="+p.Next)
	})
}

func TestVersions(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *service) {
		var list struct {
			Versions []struct {
				Number int
				Fields []string
			}
		}
		s.get("/versions/ft-portal/RAIL-1", &list)
		if len(list.Versions) != 2 || list.Versions[0].Number != 2 || !slices.Equal(list.Versions[0].Fields, []string{"budget_eur", "deadlines", "text"}) {
			t.Errorf("versions %+v", list.Versions)
		}
		var one struct {
			Number int
			Call   json.RawMessage
		}
		a := s.get("/version/ft-portal/RAIL-1?number=1", &one)
		first, _ := rail()
		got, err := call.Decode(one.Call) // the exchange format, and nothing else
		check(t, err)
		if d := cmp.Diff(first, got); d != "" {
			t.Errorf("version 1 (-want +got):\n%s", d)
		}
		if !strings.Contains(a.header.Get("Cache-Control"), "immutable") {
			t.Errorf("a version may be kept for good: %v", a.header)
		}
		var diff struct {
			Changed []struct {
				Field string
				Words []struct{ Op, Text string }
			}
		}
		s.get("/diff/ft-portal/RAIL-1?from=2&to=1", &diff)
		if len(diff.Changed) != 3 || len(diff.Changed[2].Words) == 0 || diff.Changed[0].Field != "budget_eur" {
			t.Errorf("diff %+v", diff)
		}
		var slashes struct{ Versions []any }
		s.get("/versions/ft-portal/EuropeAid/1/DD", &slashes)
		s.get("/versions/ft-portal/EuropeAid%2F1%2FDD", &slashes)
		s.get("/calls/ft-portal/a%2F%2Fb:c", &slashes)
	})
}

func TestCall(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *service) {
		var w struct {
			Call   json.RawMessage
			Status string
			AlsoAt []struct{ Source, By, URL string } `json:"also_at"`
			PartOf []struct{ Source, Ref string }     `json:"part_of"`
			Odds   []struct{ Day string }
		}
		s.get("/calls/ft-portal/a%2F%2Fb:c", &w)
		if _, err := call.Decode(w.Call); err != nil {
			t.Error(err)
		}
		if w.Status != "forthcoming" || len(w.AlsoAt) != 1 || w.AlsoAt[0].URL != "https://www.example.se/vind" || w.AlsoAt[0].By == "" || len(w.PartOf) != 1 || w.PartOf[0].Ref != "alla" || len(w.Odds) != 2 {
			t.Errorf("%+v", w)
		}
		for ref, want := range map[string]string{"OLD": "closed", "GONE": "closed", "EuropeAid/1/DD": "open"} {
			s.get("/calls/ft-portal/"+ref, &w)
			if w.Status != want {
				t.Errorf("%s is %s, want %s", ref, w.Status, want)
			}
		}
		var m struct {
			Matches []struct {
				Priority string
				Included bool
				Reasons  []struct {
					PriorityText string `json:"priority_text"`
					CallText     string `json:"call_text"`
				}
			}
		}
		s.get("/matches/ft-portal/RAIL-1", &m)
		if len(m.Matches) != 2 || m.Matches[1].Included || m.Matches[0].Reasons[0].PriorityText != "Hit hör tåg." || m.Matches[0].Reasons[0].CallText != "«Railway» links to the north" {
			t.Errorf("matches %+v", m)
		}
		var l struct {
			Total int
			Calls []struct {
				Ref     string
				Matches []struct{ Priority string }
			}
			Next string
		}
		s.get("/matches?limit=1", &l)
		if l.Total != 2 || len(l.Calls) != 1 || l.Calls[0].Ref != "RAIL-1" || len(l.Calls[0].Matches) != 1 || l.Next == "" {
			t.Errorf("matches %+v", l)
		}
		s.get("/matches?limit=1&cursor="+l.Next, &l)
		if len(l.Calls) != 1 || l.Calls[0].Ref != "a//b:c" {
			t.Errorf("the second page of matches %+v", l)
		}
	})
}

// What cannot be answered says what was wrong and how to mend it.
func TestProblems(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	var f found
	s.get("/search?q=forest&limit=1", &f)
	var l log
	s.get("/changes?limit=1", &l)
	cut := l.Next[:len(l.Next)-3]
	turned := []byte(l.Next)
	turned[len(turned)/2] ^= 1
	for _, tt := range []struct {
		name, method, address, body string
		status                      int
		sort                        string
		says                        string // in detail or mend
	}{
		{"a mistyped parameter", get, "/search?stauts=open", "", 400, "unknown-parameter", `did you mean "status"?`},
		{"a parameter that is none", get, "/search?fbclid=x", "", 400, "unknown-parameter", "it knows action_type, as_written"},
		{"a parameter where there are none", get, "/priorities?limit=3", "", 400, "unknown-parameter", "it knows none"},
		{"one given twice", get, "/search?limit=1&limit=2", "", 400, "parameter", "more than once"},
		{"an empty one", get, "/search?status=", "", 400, "parameter", "leave it out"},
		{"a query string that is none", get, "/search?q=%zz", "", 400, "query-string", "urlencode"},
		{"a value that is none", get, "/search?status=opne", "", 422, "invalid", "query.status"},
		{"several joined by commas", get, "/search?source=ft-portal,cinea", "", 422, "invalid", "repeating the parameter"},
		{"a source that is none", get, "/search?source=ft-prtal", "", 422, "invalid", `did you mean "ft-portal"?`},
		{"a priority that is none", get, "/matches?priority=miljö", "", 422, "invalid", `did you mean "miljo"?`},
		{"a department that is none", get, "/search?department=zzzzzz", "", 422, "invalid", "there are kultur, miljo"},
		{"a day that is none", get, "/search?deadline_after=2026-13-01", "", 422, "invalid", "query.deadline_after"},
		{"days the wrong way round", get, "/search?deadline_after=2026-09-02&deadline_before=2026-09-01", "", 422, "invalid", "before deadline_after"},
		{"too much at a time", get, "/search?limit=100000", "", 422, "invalid", "200"},
		{"a number that is none", get, "/changes?limit=ten", "", 422, "invalid", "query.limit"},
		{"a query with an open quote", get, "/search?q=%22open", "", 400, "query", "quote is not closed"},
		{"a query of 6,000 letters", get, "/search?q=" + strings.Repeat("a", 6000), "", 422, "invalid", "query.q"},
		{"a zero byte", get, "/search?q=rail%00&source=%00", "", 422, "invalid", "no source"},
		{"an address that is none", get, "/serach", "", 404, "no-address", "/api/v1/search"},
		{"a call that is none", get, "/calls/ft-portal/NO", "", 404, "not-found", "search"},
		{"versions of none", get, "/versions/ft-portal/NO", "", 404, "not-found", "NO"},
		{"a version that is none", get, "/version/ft-portal/RAIL-1?number=7", "", 422, "invalid", "there are 1 to 2"},
		{"a version without its number", get, "/version/ft-portal/RAIL-1", "", 422, "invalid", "required"},
		{"a source that is not watched", get, "/sources/have-you-say", "", 404, "not-found", "have-your-say"},
		{"a mail that is none", get, "/digests/kultur/1999-01-01", "", 404, "not-found", "GET /api/v1/digests"},
		{"a mail to sign in by", get, "/digests/sign-in:x/once", "", 404, "not-found", "GET /api/v1/digests"},
		{"a ref alone", get, "/changes?ref=RAIL-1", "", 422, "invalid", "source"},
		{"a wrong method", "DELETE", "/search", "", 405, "method", "GET"},
		{"a cursor of nothing", get, "/search?cursor=abc", "", 400, "bad-cursor", "leave it out"},
		{"a cursor cut short", get, "/changes?cursor=" + cut, "", 400, "bad-cursor", "exactly"},
		{"a cursor with a letter turned", get, "/changes?cursor=" + string(turned), "", 400, "bad-cursor", ""},
		{"a cursor of another operation", get, "/changes?cursor=" + f.Next, "", 400, "foreign-cursor", "same filters"},
		{"a cursor of other filters", get, "/search?q=rail&cursor=" + f.Next, "", 400, "foreign-cursor", "same filters"},
		{"a cursor of a later form", get, "/changes?cursor=" + later(l.Next), "", 400, "bad-cursor", ""},
		{"a body that is no JSON", post, "/decisions", "{", 400, "", ""},
		{"a body with a field too many", post, "/decisions", `{"source":"ft-portal","ref":"RAIL-1","decision":"act","department":"kultur","colour":"red"}`, 422, "invalid", "body.colour"},
		{"a body that lacks one", post, "/decisions", `{"source":"ft-portal"}`, 422, "invalid", "ref"},
		{"a decision without a reason", post, "/decisions", `{"source":"ft-portal","ref":"RAIL-1","decision":"not-relevant","department":"kultur"}`, 422, "invalid", "reason"},
		{"a decision of nobody", post, "/decisions", `{"source":"ft-portal","ref":"RAIL-1","decision":"act"}`, 422, "invalid", "department or a recipient"},
		{"a decision of an unknown department", post, "/decisions", `{"source":"ft-portal","ref":"RAIL-1","decision":"act","department":"kultr"}`, 422, "invalid", `"kultur"`},
		{"a decision of an unknown recipient", post, "/decisions", `{"source":"ft-portal","ref":"RAIL-1","decision":"act","recipient":"x"}`, 404, "not-found", "recipients"},
		{"a decision about nothing", post, "/decisions", `{"source":"ft-portal","ref":"NO","decision":"act","department":"kultur"}`, 404, "not-found", "NO"},
		{"a body that is too large", post, "/decisions", `{"why":"` + strings.Repeat("x", maxBody) + `"}`, 413, "too-large", "65536"},
		{"a recipient unfit in several ways", post, "/recipients", `{"id":"Å","address":"x","name":"","follows":[{"priorities":["nej"],"search":"\"x"}]}`, 422, "invalid", "body.follows[0].search"},
		{"a recipient who is there", post, "/recipients", `{"id":"kultur","address":"a@example.org","name":"K","follows":[{"search":"x"}]}`, 409, "exists", "PUT /api/v1/recipients/kultur"},
		{"another id", put, "/recipients/kultur", `{"id":"kult","address":"a@example.org","name":"K","follows":[{"search":"x"}]}`, 422, "invalid", "for good"},
		{"to change nobody", put, "/recipients/nobody", `{"address":"a@example.org","name":"K","follows":[{"search":"x"}]}`, 404, "not-found", "nobody"},
		{"to remove nobody", del, "/recipients/nobody", "", 404, "not-found", "nobody"},
	} {
		a := s.ask(tt.method, Prefix+tt.address, tt.body)
		if a.status != tt.status {
			t.Errorf("%s: %d, want %d: %s", tt.name, a.status, tt.status, a.body)
			continue
		}
		p := a.problem(t)
		if tt.sort != "" && p.Type != problemType+tt.sort {
			t.Errorf("%s: %s, want %s: %s", tt.name, p.Type, tt.sort, a.body)
		}
		if all := string(a.body); !strings.Contains(strings.ReplaceAll(all, `\"`, `"`), tt.says) {
			t.Errorf("%s: no %q in %s", tt.name, tt.says, all)
		}
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("ETag") != "" {
			t.Errorf("%s: a mistake may be kept: %v", tt.name, a.header)
		}
	}
	a := s.ask(http.MethodGet, "/api/v2/search", "")
	if p := a.problem(t); p.Status != 404 || !strings.Contains(p.Mend, "/api/v1/search") {
		t.Errorf("of another version: %s", a.body)
	}
}

// later is a cursor of a form that is not known yet, sealed rightly or not.
func later(cursor string) string {
	b, _ := base64.RawURLEncoding.DecodeString(cursor)
	b[0]++
	return base64.RawURLEncoding.EncodeToString(b)
}

// An answer that is still the same is not sent again: not after a restart, and not by another machine.
func TestETags(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *service) {
		tags := map[string]string{}
		paths := []string{"/api", Prefix + "/openapi.json"}
		for _, op := range s.api.ops {
			if op.method == get && op.id != "get-recipient" {
				paths = append(paths, Prefix+op.example)
			}
		}
		for _, path := range paths {
			a := s.ask(http.MethodGet, path, "")
			tags[path] = a.header.Get("ETag")
			if a.status != 200 || tags[path] == "" {
				t.Errorf("%s: %d, ETag %q", path, a.status, tags[path])
			}
			if cache := a.header.Get("Cache-Control"); cache == "" || strings.HasPrefix(path, Prefix+"/search") && cache != "private, no-cache" {
				t.Errorf("%s: Cache-Control %q", path, cache)
			}
			for _, known := range []string{tags[path], "W/" + tags[path], `"x", ` + tags[path], "*"} {
				if a := s.ask(http.MethodGet, path, "", "If-None-Match", known); a.status != http.StatusNotModified || len(a.body) > 0 || a.header.Get("ETag") != tags[path] {
					t.Errorf("%s with %s: %d, %d bytes", path, known, a.status, len(a.body))
				}
			}
			if a := s.ask(http.MethodGet, path, "", "If-None-Match", `"other"`); a.status != 200 {
				t.Errorf("%s with another: %d", path, a.status)
			}
			if a := s.ask(http.MethodHead, path, ""); a.status != 200 || a.header.Get("ETag") != tags[path] || len(a.body) > 0 {
				t.Errorf("HEAD %s: %d, %q", path, a.status, a.header.Get("ETag"))
			}
		}
		again := open(t, s.url) // another program on the same store, with an index of its own
		again.sync()
		for _, path := range paths {
			if path == "/api" {
				continue // its examples name the host
			}
			if got := again.ask(http.MethodGet, path, "").header.Get("ETag"); got != tags[path] {
				t.Errorf("%s after a restart: %s, was %s", path, got, tags[path])
			}
		}
		before := tags[Prefix+"/changes?source=ft-portal&event=deadlines&limit=2"]
		s.commit("ft-portal", now, store.Save{Call: call.Call{Source: "ft-portal", Ref: "NEW", Kind: call.KindCall}, Version: true, Seen: true, Changes: []call.Change{{Event: call.EventDeadlines, Field: "deadlines"}}})
		if got := s.ask(http.MethodGet, Prefix+"/changes?source=ft-portal&event=deadlines&limit=2", "").header.Get("ETag"); got == before {
			t.Error("the same ETag for another answer")
		}
	})
}

func TestRecipients(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *service) {
		body := func(name string, hour int) string {
			return fmt.Sprintf(`{"id":"plan","address":"plan@example.org","name":%q,"hour":%d,"rhythm":"weekly","weekday":"friday","follows":[{"name":"a","priorities":["miljo"]},{"search":"tåg","kinds":["call"]}]}`, name, hour)
		}
		a := s.ask(post, Prefix+"/recipients", body("Planenheten", 0))
		var r Recipient
		a.read(t, &r)
		if a.status != http.StatusCreated || r.Name != "Planenheten" || *r.Hour != 0 || len(r.Follows) != 2 || r.Follows[1].Search != "tåg" || r.Language != "sv" || r.Zone != "Europe/Stockholm" {
			t.Fatalf("added: %d %s", a.status, a.body)
		}
		tag := s.get("/recipients/plan", &r).header.Get("ETag")
		if a := s.ask(put, Prefix+"/recipients/plan", body("Plan", 8), "If-Match", tag); a.status != 200 {
			t.Errorf("change: %d %s", a.status, a.body)
		}
		for _, method := range []string{put, del} {
			send := body("Annat", 9)
			if method == del {
				send = ""
			}
			if p := s.ask(method, Prefix+"/recipients/plan", send, "If-Match", tag).problem(t); p.Status != http.StatusPreconditionFailed {
				t.Errorf("%s of what another has altered: %+v", method, p)
			}
		}
		s.get("/recipients/plan", &r)
		if r.Name != "Plan" || *r.Hour != 8 {
			t.Errorf("after all that: %+v", r)
		}
		var list struct {
			Recipients []Recipient
			Next       string
		}
		var ids []string
		for cursor := ""; ; {
			list.Recipients, list.Next = nil, ""
			address := "/recipients?limit=1"
			if cursor != "" {
				address += "&cursor=" + cursor
			}
			s.get(address, &list)
			for _, r := range list.Recipients {
				ids = append(ids, r.ID)
			}
			if cursor = list.Next; cursor == "" {
				break
			}
		}
		if !slices.Equal(ids, []string{"kultur", "plan", "vilar"}) {
			t.Errorf("list %q", ids)
		}
		add := func(body string) answer { return s.ask(post, Prefix+"/recipients/plan/subscriptions", body) }
		for range 2 { // sent again after a lost answer
			if a := add(`{"name":"vind","search":"vind"}`); a.status != http.StatusCreated {
				t.Errorf("add a subscription: %d %s", a.status, a.body)
			}
		}
		if p := add(`{"name":"x","priorities":["nej"],"search":"\"x"}`).problem(t); p.Status != 422 || len(p.Errors) != 2 || p.Errors[0].Location != "body.priorities" {
			t.Errorf("an unfit subscription: %+v", p)
		}
		if s.get("/recipients/plan", &r); len(r.Follows) != 3 || r.Follows[2].Name != "vind" {
			t.Errorf("with a subscription more: %+v", r.Follows)
		}
		for name, want := range map[string]int{"vind": 200, "nosuch": 404} {
			if a := s.ask(del, Prefix+"/recipients/plan/subscriptions?name="+name, ""); a.status != want {
				t.Errorf("remove subscription %s: %d %s", name, a.status, a.body)
			}
		}
		if p := s.ask(del, Prefix+"/recipients/vilar/subscriptions?name="+url.QueryEscape("tåg"), "").problem(t); p.Status != 422 {
			t.Errorf("remove the last subscription: %+v", p)
		}
		if a := s.ask(del, Prefix+"/recipients/plan", ""); a.status != http.StatusNoContent {
			t.Errorf("remove: %d %s", a.status, a.body)
		}
		if a := s.ask(get, Prefix+"/recipients/plan", ""); a.status != http.StatusNotFound {
			t.Errorf("removed, and yet: %d", a.status)
		}
		entries, err := s.store.AuditLog(t.Context(), store.AuditFilter{})
		check(t, err)
		var did []string
		for _, e := range slices.Backward(entries) {
			did = append(did, e.Who+" "+e.Way+" "+e.What+" "+e.On)
		}
		if want := []string{"key:tests api recipient.add plan", "key:tests api recipient.change plan", "key:tests api subscription.add plan",
			"key:tests api subscription.remove plan", "key:tests api recipient.delete plan"}; !slices.Equal(did, want) {
			t.Errorf("audit log %q", did)
		}
	})
}

// Whoever reads a recipient and changes it with If-Match is overwritten by nobody, on whichever machine: of two that have read the
// same, one wins.
func TestIfMatchBetweenMachines(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *service) {
		machines := []*service{s, open(t, s.url)}
		for round := range 10 {
			var was Recipient
			tag := s.get("/recipients/vilar", &was).header.Get("ETag")
			var status [2]int
			var wait sync.WaitGroup
			for i, m := range machines {
				was.Name = fmt.Sprintf("round %d of machine %d", round, i)
				body, err := json.Marshal(was.RecipientBody)
				check(t, err)
				wait.Go(func() { status[i] = m.ask(put, Prefix+"/recipients/vilar", string(body), "If-Match", tag).status })
			}
			wait.Wait()
			won := slices.Index(status[:], http.StatusOK)
			if won < 0 || status[1-won] != http.StatusPreconditionFailed {
				t.Fatalf("round %d: %v", round, status)
			}
			if s.get("/recipients/vilar", &was); was.Name != fmt.Sprintf("round %d of machine %d", round, won) {
				t.Fatalf("round %d: %d won, and there is %q", round, won, was.Name)
			}
		}
	})
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *service) {
		decide := func(choice, why string) answer {
			return s.ask(post, Prefix+"/decisions", fmt.Sprintf(`{"source":"ft-portal","ref":"RAIL-1","department":"kultur","decision":%q,"why":%q}`, choice, why))
		}
		for range 3 { // sent again after a lost answer
			if a := decide("follow", ""); a.status != http.StatusCreated {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		decide("not-relevant", "för litet")
		var list struct {
			Decisions []struct{ Ref, Decision, Who, Why, Department string }
			Next      string
		}
		s.get("/decisions?source=ft-portal&ref=RAIL-1", &list)
		if len(list.Decisions) != 2 || list.Decisions[0].Who != "Provning" || list.Decisions[1].Why != "för litet" {
			t.Errorf("of one call %+v", list)
		}
		list.Decisions = nil
		s.get("/decisions?source=ft-portal&ref=RAIL-1&limit=1", &list)
		next := list.Next
		s.get("/decisions?source=ft-portal&ref=RAIL-1&limit=1&cursor="+next, &list)
		if len(list.Decisions) != 1 || list.Decisions[0].Decision != "not-relevant" {
			t.Errorf("the second page of one call %+v", list)
		}
		list.Next = ""
		s.get("/decisions?limit=1", &list)
		first := list.Decisions[0].Ref
		s.get("/decisions?limit=1&cursor="+list.Next, &list)
		if first != "BULK-00" || list.Decisions[0].Ref != "RAIL-1" || list.Decisions[0].Decision != "not-relevant" {
			t.Errorf("in force: %s, then %+v", first, list)
		}
		entries, err := s.store.AuditLog(t.Context(), store.AuditFilter{What: "decision.set"})
		check(t, err)
		if len(entries) != 2 || entries[0].On != "ft-portal/RAIL-1" || entries[0].Detail != "not-relevant for department kultur" {
			t.Errorf("audit log %+v", entries)
		}
	})
}

// Lists of runs and mails are paged by what their rows are, so none comes twice when more is written.
func TestRunsAndMails(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *service) {
		for address, want := range map[string]int{"/runs?limit=1": 4, "/runs?source=ft-portal&limit=1": 2, "/digests?limit=1": 2, "/digests?recipient=vilar&limit=1": 0, "/digests?kind=digest&limit=1": 2, "/digests?kind=sign-in": 0} {
			seen := map[string]bool{}
			n := 0
			for cursor := ""; ; n++ {
				var p map[string]json.RawMessage
				at := address
				if cursor != "" {
					at += "&cursor=" + cursor
				}
				s.get(at, &p)
				cursor = ""
				for _, key := range slices.Sorted(maps.Keys(p)) {
					if key == "next" {
						check(t, json.Unmarshal(p[key], &cursor))
						continue
					}
					var rows []json.RawMessage
					check(t, json.Unmarshal(p[key], &rows))
					for _, r := range rows {
						if seen[string(r)] {
							t.Errorf("%s: twice: %s", address, r)
						}
						seen[string(r)] = true
					}
				}
				if n == 0 && strings.HasPrefix(address, "/runs?limit") {
					s.commit("zzz", now)
				}
				if cursor == "" {
					break
				}
			}
			if len(seen) != want {
				t.Errorf("%s: %d rows, want %d", address, len(seen), want)
			}
		}
	})
}

func TestLimit(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	at := now
	s.start(Config{Anyone: account.Reader, Limiter: NewLimiter(2, 3, func() time.Time { return at })})
	s.actor = account.Actor{}
	asked := func(forwarded string, n int) (last answer) {
		for range n {
			last = s.ask(get, Prefix+"/priorities", "", "X-Forwarded-For", forwarded)
		}
		return last
	}
	if a := asked("", 3); a.status != 200 {
		t.Errorf("three at once: %d", a.status)
	}
	a := asked("", 1)
	if p := a.problem(t); p.Status != 429 || a.header.Get("Retry-After") != "1" || !strings.Contains(p.Mend, "wait 1 s") {
		t.Errorf("a fourth: %d %v %s", a.status, a.header, a.body)
	}
	if a := asked("192.0.2.7", 1); a.status != 429 {
		t.Errorf("an address that nobody vouches for: %d", a.status)
	}
	s.actor = account.Actor{ID: "key:a", Role: account.Reader}
	if a := asked("", 3); a.status != 200 {
		t.Errorf("somebody known is counted by himself: %d", a.status)
	}
	if a := asked("", 1); a.status != 429 {
		t.Errorf("and slowed down: %d", a.status)
	}

	l := NewLimiter(1, 1, func() time.Time { return at })
	for i := range 3 * maxKnown {
		if wait := l.Wait(fmt.Sprint(i)); wait != 0 {
			t.Fatalf("asker %d waits %s", i, wait)
		}
	}
	if len(l.known) != maxKnown || l.recent.Len() != maxKnown {
		t.Errorf("%d askers are remembered", len(l.known))
	}
	if wait := l.Wait(fmt.Sprint(3*maxKnown - 1)); wait != time.Second {
		t.Errorf("the latest waits %s", wait)
	}
	at = at.Add(time.Second)
	if wait := l.Wait(fmt.Sprint(3*maxKnown - 1)); wait != 0 {
		t.Errorf("a second later it waits %s: what was refused has counted", wait)
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for peer, want := range map[string]string{
		"192.0.2.1:5": "192.0.2.1", "[::ffff:10.0.0.1]:5": "10.0.0.1", "[2001:db8:1:2:3::4]:5": "2001:db8:1:2::/64", "[fe80::1%eth0]:5": "fe80::/64", "@": "@", "192.0.2.1": "192.0.2.1",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		if got := network(r); got != want {
			t.Errorf("%s: %s, want %s", peer, got, want)
		}
	}
}

// No other site's page may read with a reader's session.
func TestNoCORS(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	for _, method := range []string{"GET", "OPTIONS"} {
		a := s.ask(method, Prefix+"/priorities", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "GET")
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s", method, name)
			}
		}
	}
}

// FuzzQuery asks with whatever somebody may write behind the question mark: the answer is a good one, or a problem that
// lies with who asked.
func FuzzQuery(f *testing.F) {
	s := onSQLite(f)
	for _, op := range s.api.ops {
		if _, q, ok := strings.Cut(op.example, "?"); ok {
			f.Add(q)
		}
	}
	for _, q := range []string{"q=%22", "q=a*&sort=x", "limit=-1", "cursor=AQ", "status=open&status=open", "q=(((((", "deadline_after=0000-00-00", "since=x", "number=1&from=1&to=99", "q=a*+b*+c*", "a=1;b=2", "%", "q=%ff%fe"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		for _, op := range s.api.ops {
			if op.method != get {
				continue
			}
			path, _, _ := strings.Cut(op.example, "?")
			r := httptest.NewRequest(http.MethodGet, Prefix+path, nil)
			r.URL.RawQuery = q
			r = r.WithContext(account.With(r.Context(), editor))
			w := httptest.NewRecorder()
			s.api.ServeHTTP(w, r)
			if w.Code >= 500 || w.Code != 200 && w.Header().Get("Content-Type") != "application/problem+json" || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s?%s: %d %s", path, q, w.Code, w.Body)
			}
		}
	})
}
