package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"utkik/internal/account"
	"utkik/internal/token"
	"utkik/internal/web/browsertest"
)

// looked are the addresses at which the site is looked at in a browser: one at least of every kind of page, and of each
// what makes it another page.
func looked() []struct{ name, address string } {
	return []struct{ name, address string }{
		{"first page", "/"},
		{"hits", query("q", "rail", "status", "open", "sort", "deadline")},
		{"no hits", query("q", "rail", "kind", "news")},
		{"wrong query", query("q", `"open quote`)},
		{"save", "/save?q=rail&status=open"},
		{"call", "/call/ft-portal/RAIL-1?wrong=1"},
		{"consultation", "/call/have-your-say/14000"},
		{"hostile call", "/call/ft-portal/HOSTILE"},
		{"long call", "/call/ft-portal/LONG"},
		{"missing call", "/call/ft-portal/NO"},
		{"deadlines", "/deadlines?for=all"},
		{"plan", "/plan"},
		{"priority", "/plan/miljo"},
		{"sources", "/sources"},
		{"source", "/sources/cinea"},
		{"digests", "/digests"},
		{"department's day", "/digests/department/miljo/2026-07-27"},
		{"mail", "/digests/mail/miljokontoret/2026-07-27"},
		{"weeded mail", "/digests/mail/miljokontoret/2026-07-24"},
		{"own mail", viewed("miljokontoret", "miljo@example.org", "2026-07-27")},
		{"about", "/about"},
		{"feeds", "/feeds"},
		{"link to follow", act(token.Follow, "kultur", "RAIL-1")},
		{"link to decline, refused", act(token.NotRelevant, "kultur", "RAIL-1") + "?wrong=1"},
		{"link to pause", act(token.Pause, "kultur", "")},
		{"link that was followed", act(token.Take, "kultur", "BULK-00")},
		{"link to the choices", act(token.Answer, "kultur", "LONG")},
		{"damaged link", "/act/x"},
	}
}

// TestLookedAtAll holds the addresses against the routes: a page that is added is looked at.
func TestLookedAtAll(t *testing.T) {
	t.Parallel()
	s := site(t)
	seen := map[string]bool{}
	for _, a := range looked() {
		_, pattern := s.mux.Handler(httptest.NewRequestWithContext(t.Context(), http.MethodGet, a.address, nil))
		seen[pattern] = true
	}
	for _, r := range s.Routes() {
		page := strings.HasPrefix(r.Pattern, "GET ")
		for _, other := range []string{"/feeds/", "/calendar/", "/original/", "/static/", "/healthz", "/export", "/suggest"} { // no pages
			page = page && !strings.HasPrefix(r.Pattern, "GET "+other)
		}
		if page && !seen[r.Pattern] {
			t.Errorf("%s is not looked at in a browser", r.Pattern)
		}
	}
}

// as serves as somebody who is known.
func as(who account.Actor, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(account.With(r.Context(), who)))
	})
}

// TestInBrowser looks at every page in a real browser as an editor, who is shown the most, in both languages and from a
// telephone to a wide screen; 320 pixels are also what a window of 1,280 has at 400 per cent. axe-core finds nothing that stands
// in the way of a reader, nothing has to be scrolled sideways, nothing is loaded from elsewhere, in the dark all can be read
// too, and the keyboard alone leads through.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	browser := browsertest.Needs(t, "the pages")
	server := httptest.NewServer(as(editor, site(t)))
	t.Cleanup(server.Close)
	t.Run("light", func(t *testing.T) {
		t.Parallel()
		tab := browser.Open(t, "light")
		for _, a := range looked() {
			for i, lang := range languages {
				p := browsertest.Page{Name: a.name + " " + lang, Address: server.URL + in(lang, a.address), Widths: []int64{320, 768, 1280, 1920}}
				if i > 0 { // other words, the same page
					p.Widths = []int64{320, 1280}
				}
				tab.Look(t, p)
			}
		}
	})
	t.Run("dark", func(t *testing.T) {
		t.Parallel()
		tab := browser.Open(t, "dark")
		for _, a := range looked() {
			tab.Look(t, browsertest.Page{Name: a.name, Address: server.URL + a.address, Widths: []int64{320, 1280}, Colours: true})
		}
	})
	t.Run("keyboard", func(t *testing.T) {
		t.Parallel()
		tab := browser.Open(t, "light")
		for _, a := range looked() {
			tab.Keys(t, browsertest.Page{Name: a.name, Address: server.URL + a.address})
		}
	})
}
