package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"utkik/index"
)

// TestOneAddress: however a search was come by, its pages have one address, which leads to the same.
func TestOneAddress(t *testing.T) {
	t.Parallel()
	s := site(t)
	for want, others := range map[string][]string{
		"/":                                      {"/?page=1", "/?utm_source=mail", "/?lang=sv", "/?q=&status=open&status=forthcoming", "/?status=forthcoming&status=open&status=open&q=%20", "/?sort=", "/?sort=relevance", "/?cursor=abc"},
		"/?lang=en":                              {"/?lang=en&q=&status=open&status=forthcoming&page=-3", "/?lang=en&words=typed%20"},
		"/?q=":                                   {"/?q", "/?q=%00", "/?status=&q=+", "/?sort=deadline"},
		"/?q=rail":                               {"/?q=+rail++", "/?q=rail&sort=relevance&page=0", "/?words=&q=rail&x=y", "/?q=rail%00&lang=xx", "/?page=1000000000&q=rail"},
		"/?q=&sort=newest":                       {"/?sort=newest"},
		"/?page=2&q=&status=open":                {"/?status=open&page=2", "/?q=&status=open&page=02"},
		"/?kind=call&q=rail+freight&status=open": {"/?status=open&kind=call&q=rail%09freight", "/?q=rail%0Afreight&status=open&kind=call&kind=call&page=1"},
		"/?q=rail&words=typed":                   {"/?words=typed&q=rail&sort=bogus"},
		"/?lang=en&q=rail&sort=deadline":         {"/?sort=deadline&q=rail&lang=en&status="},
	} {
		for _, address := range append(others, want) {
			page := document(t, get(t, s, address).Body.String())
			got := page.Find("link[rel=canonical]").AttrOr("href", "")
			if got != "http://example.com"+want {
				t.Errorf("%s: the page's address is %s, want %s", address, got, want)
			}
		}
	}
	s.cfg.BaseURL = "https://utkik.example.org/"
	if got := document(t, get(t, s, "/?q=rail").Body.String()).Find("link[rel=canonical]").AttrOr("href", ""); got != "https://utkik.example.org/?q=rail" {
		t.Errorf("with an address of its own: %s", got)
	}
}

// TestLinksAreCanonical: every link of the page that leads to a search is written as that search's own address, so
// that one search has one address also where readers keep and send it.
func TestLinksAreCanonical(t *testing.T) {
	t.Parallel()
	s := site(t)
	for _, address := range []string{"/?x=y&status=open&q=rail&sort=relevance", "/?q=raiilway&page=7&status=open&kind=call", "/?utm=1", "/?q=glesbygd&status=closed&kind=consultation"} {
		page := document(t, get(t, s, address).Body.String())
		n := 0
		page.Find("a[href='/'], a[href^='/?']").Each(func(_ int, a *goquery.Selection) {
			n++
			href := a.AttrOr("href", "")
			u, err := url.Parse(href)
			if err != nil {
				t.Fatal(err)
			}
			f := s.frame(httptest.NewRequestWithContext(t.Context(), http.MethodGet, href, nil))
			if got := read(u.Query()).address(f); got != href {
				t.Errorf("%s: link %s is written otherwise than its search, %s", address, href, got)
			}
		})
		if n < 5 {
			t.Errorf("%s: %d links", address, n)
		}
	}
}

// TestFacetsCountWithoutThemselves: a tick says how many there are with it, whatever else is ticked in its own facet.
func TestFacetsCountWithoutThemselves(t *testing.T) {
	t.Parallel()
	s := site(t)
	for _, address := range []string{query("q", ""), query("q", "", "status", "open", "kind", "call"), query("q", "rail", "budget", "none", "deadline", "12m"), query("q", "", "programme", "PROG03", "programme", "PROG04")} {
		page := document(t, get(t, s, address).Body.String())
		u, _ := url.Parse(address)
		checked := 0
		page.Find(".choices input[type=checkbox]").Each(func(_ int, box *goquery.Selection) {
			name, value := box.AttrOr("name", ""), box.AttrOr("value", "")
			said := strings.Trim(box.Parent().Find(".count").Text(), "()")
			q := u.Query()
			q[name] = []string{value}
			a := read(q)
			res, err := s.cfg.Index.Search(t.Context(), a.filters(index.Query{Now: now}))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := strconv.Atoi(said); err != nil || got != res.Total {
				t.Errorf("%s: %s=%s says %q, and finds %d", address, name, value, said, res.Total)
			}
			checked++
		})
		if checked < 5 {
			t.Errorf("%s: %d boxes", address, checked)
		}
	}
}

// TestNoValueIsLost: what is folded away is on the page all the same, the most frequent first but for what lies on a scale.
func TestNoValueIsLost(t *testing.T) {
	t.Parallel()
	s := site(t)
	page := document(t, get(t, s, query("q", "")).Body.String())
	res, err := s.cfg.Index.Search(t.Context(), index.Query{Now: now, Facets: facetOrder, FacetValues: facetValues})
	if err != nil {
		t.Fatal(err)
	}
	for _, facet := range facetOrder {
		var got, want []string
		page.Find(".choices input[name='" + facet + "']").Each(func(_ int, box *goquery.Selection) { got = append(got, box.AttrOr("value", "")) })
		for _, c := range res.Facets[facet] {
			want = append(want, c.Value)
		}
		if scale := index.Scale(facet); scale != nil {
			slices.SortFunc(want, func(a, b string) int { return slices.Index(scale, a) - slices.Index(scale, b) })
		}
		if !slices.Equal(got, want) && len(want) > 1 {
			t.Errorf("%s: %v, want %v", facet, got, want)
		}
	}
	if n := page.Find("details.more input[name=programme]").Length(); n == 0 {
		t.Error("nothing is folded away: the test's site has too little")
	}
}
