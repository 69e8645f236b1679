package web

import (
	"net/http/httptest"
	"testing"

	"utkik/internal/token"
	"utkik/internal/web/browsertest"
)

// TestInBrowser looks at the pages in a real browser, in light and dark, in both languages, on a telephone, a tablet and a
// desk: axe-core finds nothing that stands in the way of a reader, nothing has to be scrolled sideways, and nothing is
// loaded from elsewhere.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	browser := browsertest.Needs(t, "the pages")
	server := httptest.NewServer(site(t))
	t.Cleanup(server.Close)
	widths := []int64{320, 768, 1280}
	addresses := []struct {
		name, address string
		languages     []string
		widths        []int64
	}{
		{"first page", "/", languages, widths},
		{"hits", query("q", "rail", "status", "open", "sort", "deadline"), languages, widths},
		{"no hits", query("q", "rail", "kind", "news"), languages, widths},
		{"wrong query", query("q", `"open quote`), languages, widths},
		{"call", "/call/ft-portal/RAIL-1", languages, widths},
		{"missing call", "/call/ft-portal/NO", languages, widths},
		{"a link to follow", act(token.Follow, "kultur", "RAIL-1"), languages[:1], widths[:1]},
		{"a link to decline, refused", act(token.NotRelevant, "kultur", "RAIL-1") + "?wrong=1", languages, widths[:2]},
		{"a link to pause", act(token.Pause, "kultur", ""), languages[:1], widths[:1]},
		{"a link that was followed", act(token.Take, "kultur", "BULK-00"), languages[:1], widths[:1]},
		{"a link to the choices", act(token.Answer, "kultur", "LONG"), languages[:1], widths},
		{"feeds", "/feeds", languages, widths},
		{"plan", "/plan", languages, append(widths, 1920)},
		{"priority", "/plan/miljo", languages, widths},
		{"about", "/about", languages, widths},
		{"digests", "/digests", languages, widths},
		{"digest", "/digests/mail/miljokontoret/2026-07-27", languages, append(widths, 1920)},
		{"own mail", viewed("miljokontoret", "miljo@example.org", "2026-07-27"), languages[:1], widths[:1]},
		{"sources", "/sources", languages, append(widths, 1920)},
		{"source", "/sources/cinea", languages, widths},
		{"deadlines", "/deadlines?for=all", languages, append(widths, 1920)},
		{"a damaged link", "/act/x", languages[:1], widths[:1]},
		{"hostile call", "/call/ft-portal/HOSTILE", languages[:1], widths[:1]},
		{"long call", "/call/ft-portal/LONG", languages[:1], widths[:1]},
	}
	for _, scheme := range browsertest.Schemes() {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			tab := browser.Open(t, scheme)
			for _, a := range addresses {
				for _, lang := range a.languages {
					tab.Look(t, browsertest.Page{Name: a.name + " " + lang, Address: server.URL + in(lang, a.address), Widths: a.widths})
				}
			}
		})
	}
}
