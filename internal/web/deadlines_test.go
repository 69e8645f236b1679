package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// The calendar that a page of last days offers holds what the page shows, and the navigation says where one is.
func TestDeadlinesCalendar(t *testing.T) {
	t.Parallel()
	s := site(t)
	for address, want := range map[string]struct{ has, lacks string }{
		"/deadlines":                                  {"Railway links to the north", "Forest call"},
		"/deadlines?for=all&kind=call":                {"Forest call", "glesbygd"},
		"/deadlines?for=all&kind=consultation":        {"glesbygd", "Forest call"},
		"/deadlines?for=department:miljo":             {"Railway links to the north", "glesbygd"},
		"/deadlines?for=priority:arktis&from=2026-01": {"glesbygd", "Railway links"},
	} {
		page := document(t, get(t, s, address).Body.String())
		if here := page.Find("nav.sections [aria-current=page]"); here.Length() != 1 || here.Text() != "Sista dagar" {
			t.Errorf("%s: here is %q", address, here.Text())
		}
		page.Find(".bar-line use").Each(func(_ int, use *goquery.Selection) {
			if href := use.AttrOr("href", ""); page.Find(href).Length() != 1 {
				t.Errorf("%s: a row's line copies %q, which is not on the page", address, href)
			}
		})
		link := page.Find("a.go[download]").AttrOr("href", "")
		w := get(t, s, link)
		body := strings.ReplaceAll(w.Body.String(), "\r\n ", "")
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/calendar") {
			t.Errorf("%s leads to %s: %d", address, link, w.Code)
		}
		for name, text := range map[string]string{"page": plain(page.Find("main").Text()), "calendar": body} {
			if !strings.Contains(text, want.has) || strings.Contains(text, want.lacks) {
				t.Errorf("%s: the %s has not %q, or has %q", address, name, want.has, want.lacks)
			}
		}
	}
	if here := document(t, get(t, s, "/plan/miljo").Body.String()).Find("nav.sections [aria-current=true]"); here.Text() != "Planen" {
		t.Errorf("under the plan, here is %q", here.Text())
	}
	if n := document(t, get(t, s, "/call/ft-portal/RAIL-1").Body.String()).Find("nav.sections [aria-current]").Length(); n != 0 {
		t.Errorf("a call belongs to %d sections", n)
	}
}
