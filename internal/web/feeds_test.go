package web

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	ics "github.com/arran4/golang-ical"
	"github.com/mmcdole/gofeed"

	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// privateFeeds gives the site secret addresses.
func privateFeeds(t *testing.T, s *Server, renew bool, secrets ...string) {
	t.Helper()
	var fs []store.Feed
	for i := 0; i < len(secrets); i += 2 {
		fs = append(fs, store.Feed{ID: secrets[i], Secret: secrets[i+1], Made: now})
	}
	if err := s.cfg.Store.SaveFeeds(t.Context(), fs, renew); err != nil {
		t.Fatal(err)
	}
}

func TestFeeds(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.cfg.BaseURL = "https://utkik.example.org:8443/"
	privateFeeds(t, s, false, "department:miljo", "secretd", "recipient:strategist", "secretr", "recipient:nobody", "secretn", "department:gone", "secretg")
	for _, tt := range []struct {
		name, address, title string
		has, not             []string // titles
	}{
		{"priority", "/feeds/priority/miljo", "Utkik: Miljö och klimat", []string{"Railway links to the north"}, []string{"Heat networks"}},
		{"priority in English", "/feeds/priority/miljo?lang=en", "Utkik – Environment and climate", []string{"Railway links to the north"}, nil},
		{"without an English name", "/feeds/priority/kultur?lang=en", "Utkik – Kultur", nil, []string{"Heat networks"}},
		{"search", "/feeds/search?q=rail", "Utkik: rail", []string{"Railway links to the north"}, []string{"Heat networks"}},
		{"search by filters", "/feeds/search?kind=consultation&status=open", "Utkik: Öppen, Samråd", []string{"Samråd om järnväg i glesbygd"}, []string{"Railway links to the north"}},
		{"one of several sources", "/feeds/search?q=planned+wind", "Utkik: planned wind", []string{"A planned call for wind"}, []string{"Vindkraft: sök stöd"}},
		{"everything that can be acted upon", "/feeds/search", "Utkik: Öppen, Kommande", []string{"Forest call 44", "Heat networks"}, []string{"Stale rail row"}},
		{"a department's", "/feeds/private/secretd", "Utkik: Miljökontoret", []string{"Railway links to the north"}, nil},
		{"a recipient's, in its language", "/feeds/private/secretr", "Utkik – Strategist", []string{"Railway links to the north", "Forest call 2"}, []string{"Forest call 1", "Samråd om järnväg i glesbygd", "Consultation on thin traffic"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, q, _ := strings.Cut(tt.address, "?")
			if q != "" {
				q = "?" + q
			}
			var ids []string
			for _, form := range []string{"atom", "json"} {
				w := get(t, s, path+"."+form+q)
				f, err := gofeed.NewParser().Parse(bytes.NewReader(w.Body.Bytes()))
				if w.Code != 200 || err != nil {
					t.Fatalf("%s: %d, %v: %s", form, w.Code, err, w.Body)
				}
				if f.Title != tt.title || !strings.HasPrefix(f.FeedLink, "https://utkik.example.org:8443"+path+"."+form) {
					t.Errorf("%s: title %q at %s, want %q", form, f.Title, f.FeedLink, tt.title)
				}
				var titles []string
				for i, it := range f.Items {
					titles = append(titles, it.Title)
					if !strings.HasPrefix(it.GUID, "tag:utkik.example.org,2026:call/") || !strings.HasPrefix(it.Link, "https://utkik.example.org:8443/call/") {
						t.Errorf("%s: entry %s at %s", form, it.GUID, it.Link)
					}
					if strings.Contains(it.Description+it.Content, " dagar") || strings.Contains(it.Description+it.Content, " days") {
						t.Errorf("%s: says how many days are left, which changes by itself: %s", form, it.Description+it.Content)
					}
					switch {
					case form == "atom":
						ids = append(ids, it.GUID)
					case ids[i] != it.GUID:
						t.Errorf("the forms differ at %d: %s, %s", i, ids[i], it.GUID)
					}
				}
				all := "\n" + strings.Join(titles, "\n") + "\n"
				for _, want := range tt.has {
					if strings.Count(all, "\n"+want+"\n") != 1 {
						t.Errorf("%s: no %q, or several, in %s", form, want, all)
					}
				}
				for _, not := range tt.not {
					if strings.Contains(all, "\n"+not+"\n") {
						t.Errorf("%s: has %q", form, not)
					}
				}
			}
			w := get(t, s, path+".ics"+q)
			cal, err := ics.ParseCalendar(bytes.NewReader(w.Body.Bytes()))
			if w.Code != 200 || err != nil || w.Header().Get("Content-Type") != "text/calendar; charset=utf-8" {
				t.Fatalf("calendar: %d, %v", w.Code, err)
			}
			if n := len(cal.Events()); n < len(tt.has) {
				t.Errorf("%d events", n)
			}
		})
	}
	for address, want := range map[string]string{
		"/feeds/private/secret.atom": "Under den här adressen finns inget flöde längre.", "/feeds/private/secretn.ics": "Under den här adressen", "/feeds/private/secretg.atom?lang=en": "There is no feed under this address",
		"/feeds/priority/none.atom": "Under den här adressen", "/feeds/other.atom": "Under den här adressen", "/feeds/search.rss": "Adresser slutar på .atom", "/feeds/search": "Adresser slutar på", "/feeds/private/.atom": "Under den här adressen",
		"/calendar/ft-portal/NO": "Sidan finns inte", "/calendar/have-your-say/14001": "Sidan finns inte",
	} {
		if w := get(t, s, address); w.Code != 404 || !strings.Contains(plain(w.Body.String()), want) {
			t.Errorf("%s: %d %s", address, w.Code, w.Body)
		}
	}
	if w := get(t, s, "/feeds/search.atom?q="+url.QueryEscape(`"open`)); w.Code != 400 || !strings.Contains(w.Body.String(), "Sökningen gick inte att förstå: ") {
		t.Errorf("a wrong query: %d %s", w.Code, w.Body)
	}
	// Renewed, the former address ends.
	privateFeeds(t, s, true, "department:miljo", "another")
	if a, b := get(t, s, "/feeds/private/secretd.atom").Code, get(t, s, "/feeds/private/another.atom").Code; a != 404 || b != 200 {
		t.Errorf("renewed: the old is %d, the new %d", a, b)
	}
}

// TestFeedUnchanged asks again as feed readers do.
func TestFeedUnchanged(t *testing.T) {
	t.Parallel()
	s := site(t)
	privateFeeds(t, s, false, "department:miljo", "secretd")
	for _, address := range []string{"/feeds/priority/miljo.atom", "/feeds/priority/miljo.json", "/feeds/priority/miljo.ics", "/feeds/private/secretd.ics", "/calendar/ft-portal/RAIL-1"} {
		first := get(t, s, address)
		tag, at := first.Header().Get("ETag"), first.Header().Get("Last-Modified")
		if first.Code != 200 || tag == "" || at == "" || first.Body.Len() == 0 {
			t.Fatalf("%s: %d, tag %q, at %q", address, first.Code, tag, at)
		}
		cache := "public, max-age=900"
		if strings.Contains(address, "private") {
			cache = "private, max-age=900"
		}
		if got := first.Header().Get("Cache-Control"); got != cache {
			t.Errorf("%s: %s", address, got)
		}
		ask := func(name, value string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
			r.Header.Set(name, value)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w
		}
		if w := ask("If-None-Match", tag); w.Code != 304 || w.Body.Len() > 0 {
			t.Errorf("%s: same tag: %d", address, w.Code)
		}
		if w := ask("If-Modified-Since", at); w.Code != 304 {
			t.Errorf("%s: same time: %d", address, w.Code)
		}
		if w := ask("If-None-Match", `"other"`); w.Code != 200 || !bytes.Equal(w.Body.Bytes(), first.Body.Bytes()) {
			t.Errorf("%s: another tag: %d", address, w.Code)
		}
	}
	// Wording alone changes the text, not when it was updated; a moved deadline does both, in its place.
	updated := func() (atom, sequence string) {
		f, err := gofeed.NewParser().Parse(get(t, s, "/feeds/priority/miljo.atom").Body)
		if err != nil || len(f.Items) != 1 {
			t.Fatal(err)
		}
		cal, err := ics.ParseCalendar(get(t, s, "/calendar/ft-portal/RAIL-1").Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range cal.Events() {
			sequence += e.Id() + " " + e.GetProperty("DTSTART").Value + " " + e.GetProperty("SEQUENCE").Value + " " + e.GetProperty("STATUS").Value + "; "
		}
		return f.Items[0].Updated, sequence
	}
	rail := calls()[0]
	save := func(minute int, changes ...call.Change) {
		t.Helper()
		run, err := s.cfg.Store.BeginRun(t.Context(), "ft-portal", "crawl", now)
		if err != nil {
			t.Fatal(err)
		}
		run.Ended, run.Complete = now, true
		at := now.Add(0)
		for i := range changes {
			changes[i].At = at.AddDate(0, 0, minute)
		}
		if err := s.cfg.Store.Commit(t.Context(), run, store.Batch{Source: "ft-portal", At: at, Saves: []store.Save{{Call: rail, Version: true, Seen: true, Changes: changes}}}); err != nil {
			t.Fatal(err)
		}
	}
	atom, events := updated()
	rail.Text += " More words."
	save(1, call.Change{Event: call.EventText, Field: "text", Old: "1", New: "2"})
	if a, e := updated(); a != atom || e != events {
		t.Errorf("wording: updated %s, was %s; %s, was %s", a, atom, e, events)
	}
	rail.Deadlines = []call.Moment{call.Day(2026, 8, 11), rail.Deadlines[1]}
	save(2, call.Change{Event: call.EventDeadlines, Field: "deadlines", Old: "2026-08-04, 2027-03-02", New: "2026-08-11, 2027-03-02", Material: true})
	a, moved := updated()
	if a == atom || moved == events {
		t.Errorf("moved: updated %s, %s", a, moved)
	}
	was, is := strings.Fields(events), strings.Fields(moved)
	if len(was) != len(is) || was[0] != is[0] || !strings.HasPrefix(is[1], "20260811") || was[2] >= is[2] || was[4] != is[4] || was[6] != is[6] {
		t.Errorf("the event has not moved in its place: %s, then %s", events, moved)
	}
}

// TestFeedOfDecisions: what a recipient decided is in its feed, or out of it.
func TestFeedOfDecisions(t *testing.T) {
	t.Parallel()
	s := site(t)
	privateFeeds(t, s, false, "recipient:kultur", "secretk")
	has := func(title string) bool {
		t.Helper()
		return strings.Contains(get(t, s, "/feeds/private/secretk.atom").Body.String(), title)
	}
	if !has("Railway links") || !has("Forest call 0<") || has("Heat networks") {
		t.Error("not what kultur follows, and its department takes")
	}
	for ref, c := range map[string]subscription.Choice{"RAIL-1": subscription.NotRelevant, "TOMORROW": subscription.Follow} {
		if err := s.cfg.Store.Decide(t.Context(), subscription.Decision{Key: call.Key{Source: "ft-portal", Ref: ref}, Recipient: "kultur", Choice: c, Why: "x", At: now}); err != nil {
			t.Fatal(err)
		}
	}
	if has("Railway links") || !has("Heat networks") {
		t.Error("decisions do not hold")
	}
}

// What is named for good is named by the host, and by the path where several stand under one.
func TestNamespace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ base, root, want string }{
		{"https://utkik.example.org", "", "utkik.example.org"},
		{"https://utkik.example.org:8443/", "", "utkik.example.org"},
		{"https://utkik.example.org/o/berg", "/o/berg", "berg.o.utkik.example.org"},
		{"", "", "localhost"},
	} {
		s := &Server{cfg: Config{BaseURL: tt.base, Root: tt.root}}
		origin := ""
		if tt.base != "" {
			origin = s.origin(nil)
		}
		if got := s.namespace(origin); got != tt.want {
			t.Errorf("%s is %q, want %q", tt.base, got, tt.want)
		}
	}
}
